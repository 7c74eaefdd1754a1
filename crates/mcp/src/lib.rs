//! What agents may ask of us, over the Model Context Protocol: the tools with their words and schemas, and the two
//! ways to serve them ([`answer`] over HTTP, [`on_stdio`]).
//!
//! Who asks, and what a call does, is behind a [`Desk`]. Not here: access, HTTP routes, the engine. The only crate that
//! knows the protocol's library.

mod handler;
mod tools;

use std::sync::Arc;

use http::{Request, Response};
use rmcp::ServiceExt;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

use handler::Handler;
pub use tools::{Call, Name};

/// The name our server has in the configurations of agents; tools are seen below it.
pub const SERVER: &str = "sidekick";
/// The largest request.
const MOST_BODY: usize = 256 * 1024;

/// Somebody's way to the tools: whoever it is for is known already.
pub trait Desk: Send + Sync + 'static {
    /// The tools it offers.
    fn offers(&self) -> Vec<Name>;
    /// Carries a call out. The answer, or why not, is text for the model.
    fn call(&self, call: Call) -> impl Future<Output = Result<String, String>> + Send;
}

/// Answers one HTTP request at this desk. Stateless, each answer one JSON document: the form that every agent
/// understands.
pub async fn answer<D, B>(
    desk: Arc<D>,
    request: Request<B>,
) -> Response<impl http_body::Body<Data = bytes::Bytes, Error = std::convert::Infallible> + Send + use<D, B>>
where
    D: Desk,
    B: http_body::Body + Send + 'static,
    B::Error: std::fmt::Display,
{
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MOST_BODY);
    let sessions = Arc::new(NeverSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(Handler(Arc::clone(&desk))), sessions, config);
    service.handle(request).await
}

/// Serves on standard input and output until the other side closes them.
pub async fn on_stdio(desk: impl Desk) -> Result<(), String> {
    let serving = Handler(Arc::new(desk)).serve(rmcp::transport::stdio()).await;
    serving.map_err(|error| error.to_string())?.waiting().await.map(drop).map_err(|error| error.to_string())
}
