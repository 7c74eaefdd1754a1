//! A desk as the protocol's library wants it.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use crate::Desk;
use crate::tools::{self, Name};

pub(crate) struct Handler<D>(pub(crate) Arc<D>);

impl<D: Desk> ServerHandler for Handler<D> {
    fn get_info(&self) -> ServerConfig {
        let who = Implementation::new(crate::SERVER, env!("CARGO_PKG_VERSION"));
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_server_info(who)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = self.0.offers().into_iter().map(described).collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let offered = Name::parse(&request.name).filter(|name| self.0.offers().contains(name));
        let name = offered
            .ok_or_else(|| ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None))?;
        let arguments = request.arguments.unwrap_or_default();
        let said = match tools::read(name, &arguments) {
            Ok(call) => self.0.call(call).await,
            Err(complaint) => Err(complaint),
        };
        // A model mends what it is told went wrong; an error of the protocol it may never see.
        let result = match said {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(text) => CallToolResult::error(vec![ContentBlock::text(text)]),
        };
        Ok(CallToolResponse::Complete(result))
    }
}

fn described(name: Name) -> Tool {
    let (words, schema) = tools::described(name);
    Tool::new(name.as_str(), words, schema)
}
