//! Our tools, in every agent's own form.

use agents::{Assignment, Driver, McpServer};

fn launch(driver: &dyn Driver, mcp: Option<McpServer>) -> agents::Launch {
    let assignment =
        Assignment { home: "/home/agent".into(), new_session: "s".into(), mcp, ..Assignment::default() };
    driver.launch(&assignment).unwrap()
}

/// All that the agent reads of our server, wherever it reads it.
fn written(launch: &agents::Launch) -> String {
    let files = launch.files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
    files.chain(launch.args.iter().cloned()).collect()
}

#[test]
fn the_token_is_never_in_the_arguments() {
    let drivers = agents::builtin();
    let taking: Vec<_> = drivers.iter().filter(|driver| driver.takes_tools()).collect();
    assert_eq!(
        taking.iter().map(|driver| driver.name()).collect::<Vec<_>>(),
        ["claude", "codex", "gemini", "qwen"]
    );
    for driver in taking {
        let server = McpServer { url: "http://127.0.0.1:31290/mcp".into(), token: "pass-4711".into() };
        assert!(!format!("{server:?}").contains("4711"));
        let with = launch(driver.as_ref(), Some(server));
        assert!(!with.args.concat().contains("4711"), "{}", driver.name());
        assert!(written(&with).contains("http://127.0.0.1:31290/mcp"), "{}", driver.name());
        let shown = written(&with).contains("Bearer pass-4711")
            || with.env.values().any(|value| value == "pass-4711");
        assert!(shown, "{} is not given the token", driver.name());
        let without = launch(driver.as_ref(), None);
        assert!(!written(&without).contains("31290") && !without.env.contains_key(agents::MCP_TOKEN));
    }
}
