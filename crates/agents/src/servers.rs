//! Our server of tools in the settings of Gemini CLI and of Qwen Code, which took them over from it.

use serde_json::{Value, json};

use crate::{MCP_NAME, McpServer};

/// The flag that lets our server be spoken to and no other, whatever settings name more.
pub(crate) fn allowed() -> String {
    format!("--allowed-mcp-server-names={MCP_NAME}")
}

/// What stands under `mcpServers`. The file is one of the agent's private home.
pub(crate) fn entry(server: &McpServer) -> Value {
    let headers = json!({ "Authorization": format!("Bearer {}", server.token) });
    json!({ MCP_NAME: { "httpUrl": server.url, "headers": headers, "trust": true, "timeout": 180_000 } })
}
