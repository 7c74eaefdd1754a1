//! The gateway's sockets: requests taken from the agent, sent on with the key, answers passed back piece by
//! piece while they are metered.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use domain::Timestamp;
use domain::price::Prices;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::timeout;

use crate::dialect::{Call, DROPPED, query_without_credentials};
use crate::limits::{self, Seen};
use crate::meter::Meter;
use crate::upstream::{self, HttpClient};
use crate::{Config, Note};

/// The largest request.
const MOST_REQUEST: usize = 64 << 20;
/// Connections at once.
const MOST_CONNECTIONS: usize = 64;
/// Until the first byte of an answer; the agents' own clocks are shorter.
const ANSWER_TIME: Duration = Duration::from_mins(15);

type Answer = Response<Either<Metered, Full<Bytes>>>;

/// Serves until it is dropped. Each connection holds a sender of notes until it is over, so that whoever reads
/// them knows when the last was told.
pub async fn serve(listener: TcpListener, config: Value, key: Vec<u8>, notes: Sender<String>) {
    let Ok(config) = serde_json::from_value::<Config>(config) else { return };
    let Ok(upstream) = config.upstream.parse::<Uri>() else { return };
    let client = upstream::client(upstream.scheme_str() == Some("https"), config.certificates.as_deref());
    let gateway = Rc::new(Gateway {
        prices: Prices::with(config.prices.clone()),
        key: String::from_utf8(key).unwrap_or_default(),
        config,
        upstream,
        client,
        ledger: RefCell::default(),
    });
    notes.send(text(&Note::Metered {})).await.ok();
    let places = Arc::new(tokio::sync::Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (gateway, notes) = (Rc::clone(&gateway), notes.clone());
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| {
                let (gateway, notes) = (Rc::clone(&gateway), notes.clone());
                async move { Ok::<_, Infallible>(gateway.answer(request, notes).await) }
            });
            // A broken connection is the agent's own affair.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
            drop(place);
        });
    }
}

struct Gateway {
    config: Config,
    upstream: Uri,
    /// Empty where the provider asks for none.
    key: String,
    prices: Prices,
    /// Or why the provider cannot be called.
    client: Result<HttpClient, String>,
    ledger: RefCell<Ledger>,
}

#[derive(Default)]
struct Ledger {
    /// US dollars.
    spent: f64,
    /// The budget is used up, and that was told.
    refused: bool,
    /// The windows as last told.
    seen: Vec<Seen>,
}

/// A request that is let through.
struct Asked {
    call: Call,
    model: Option<String>,
    request: Request<Full<Bytes>>,
    bytes: usize,
}

impl Gateway {
    async fn answer(self: Rc<Self>, request: Request<Incoming>, notes: Sender<String>) -> Answer {
        let asked = match self.admit(request, &notes).await {
            Ok(asked) => asked,
            Err((status, why)) => return self.refusal(status, &why),
        };
        let Asked { call, model, request, bytes } = asked;
        let client = match &self.client {
            Ok(client) => client,
            Err(why) => return self.refusal(StatusCode::BAD_GATEWAY, why),
        };
        let answer = match timeout(ANSWER_TIME, client.request(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let authority = self.upstream.authority().map_or("?", |authority| authority.as_str());
                let why = format!("the model's endpoint {authority} cannot be reached: {}", root(&error));
                return self.refusal(StatusCode::BAD_GATEWAY, &why);
            }
            Err(_) => {
                let why = "the model's endpoint did not begin to answer in time";
                return self.refusal(StatusCode::GATEWAY_TIMEOUT, why);
            }
        };
        let (mut head, body) = answer.into_parts();
        self.limits(&head.headers, &notes);
        for name in ["connection", "transfer-encoding", "keep-alive"] {
            head.headers.remove(name);
        }
        let kind = head.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let streamed = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        // What failed is not charged.
        let call = if head.status.is_success() { call } else { Call::Free };
        let meter = Meter::new(call, streamed, bytes);
        let metered = Metered { body, meter: Some(meter), model, gateway: self, notes };
        Response::from_parts(head, Either::Left(metered))
    }

    /// Whether a request may pass, and what is sent on then.
    async fn admit(
        &self,
        request: Request<Incoming>,
        notes: &Sender<String>,
    ) -> Result<Asked, (StatusCode, String)> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        let below = path.starts_with(self.upstream.path().trim_end_matches('/'));
        let call = self.config.dialect.call(head.method.as_str(), path).filter(|_| below);
        let call = call.ok_or_else(|| {
            let why = format!("only model calls go through the gateway, and {} {path} is none", head.method);
            (StatusCode::FORBIDDEN, why)
        })?;
        let body = Limited::new(body, MOST_REQUEST)
            .collect()
            .await
            .map_err(|error| (StatusCode::PAYLOAD_TOO_LARGE, format!("the request was not read: {error}")))?;
        let mut bytes = body.to_bytes();
        let mut model = path.rsplit_once("/models/").and_then(|(_, rest)| rest.split(':').next());
        let mut content = None;
        if call != Call::Free
            && let Ok(mut json) = serde_json::from_slice::<Value>(&bytes)
        {
            if call == Call::Chat && ask_for_usage(&mut json) {
                bytes = json.to_string().into();
            }
            content = Some(json);
        }
        model = content.as_ref().and_then(|json| json["model"].as_str()).or(model);
        if call != Call::Free {
            self.within_budget(model, notes)?;
        }
        let model = model.map(ToOwned::to_owned);
        let asked = bytes.len();
        Ok(Asked { call, model, request: self.sent_on(head, bytes)?, bytes: asked })
    }

    /// The request as the provider gets it: our credential, none of the agent's.
    fn sent_on(&self, head: Parts, bytes: Bytes) -> Result<Request<Full<Bytes>>, (StatusCode, String)> {
        let bad = |error: hyper::http::Error| (StatusCode::BAD_REQUEST, error.to_string());
        let mut path = head.uri.path().to_owned();
        let query = query_without_credentials(head.uri.query().unwrap_or_default());
        if !query.is_empty() {
            path += &format!("?{query}");
        }
        let mut uri = self.upstream.clone().into_parts();
        uri.path_and_query = Some(path.parse().map_err(|_| (StatusCode::BAD_REQUEST, "a bad path".into()))?);
        let mut request = Request::builder().method(head.method);
        for (name, value) in &head.headers {
            if !DROPPED.contains(&name.as_str()) {
                request = request.header(name, value);
            }
        }
        if !self.key.is_empty() {
            let (name, value) = self.config.dialect.credential(&self.key);
            let mut value = HeaderValue::try_from(value).map_err(|error| bad(error.into()))?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_static(name), value);
        }
        let uri = Uri::from_parts(uri).map_err(|error| bad(error.into()))?;
        request.uri(uri).body(Full::new(bytes)).map_err(bad)
    }

    fn within_budget(&self, model: Option<&str>, notes: &Sender<String>) -> Result<(), (StatusCode, String)> {
        let Some(budget) = self.config.budget_usd.filter(|_| !self.config.free) else { return Ok(()) };
        let mut ledger = self.ledger.borrow_mut();
        let model = model.unwrap_or("(none named)");
        let reason = if ledger.spent >= budget {
            spent(ledger.spent, budget)
        } else if self.prices.of(model).is_none() {
            format!(
                "the run has a budget and the price of the model {model} is not known: add it to `prices` in sidekick.yaml"
            )
        } else {
            return Ok(());
        };
        if !std::mem::replace(&mut ledger.refused, true) {
            tell(notes, &Note::Budget { reason: reason.clone() });
        }
        Err((StatusCode::PAYMENT_REQUIRED, reason))
    }

    /// Books an answer that passed, whole or cut.
    fn book(&self, meter: Meter, asked: Option<String>, notes: &Sender<String>) {
        let Some(reading) = meter.finish() else { return };
        let model = reading.model.or_else(|| asked.clone()).unwrap_or_else(|| "unknown".into());
        // A name of the provider's own may be missing in the table where the asked one is not.
        let price = self.prices.of(&model).or_else(|| self.prices.of(asked.as_deref()?));
        let tokens = reading.tokens;
        let cost = if self.config.free { 0.0 } else { price.map_or(0.0, |price| price.cost(tokens)) };
        tell(
            notes,
            &Note::Used {
                model,
                asked,
                input: tokens.input + tokens.cache_write,
                output: tokens.output,
                cached: tokens.cached,
                cost_usd: cost,
                priced: price.is_some() || self.config.free,
                estimate: reading.estimate,
            },
        );
        let mut ledger = self.ledger.borrow_mut();
        ledger.spent += cost;
        let over = self.config.budget_usd.filter(|budget| ledger.spent >= *budget && !self.config.free);
        if let Some(budget) = over
            && !std::mem::replace(&mut ledger.refused, true)
        {
            tell(notes, &Note::Budget { reason: spent(ledger.spent, budget) });
        }
    }

    /// Tells of windows that are another than before.
    fn limits(&self, headers: &hyper::HeaderMap, notes: &Sender<String>) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut ledger = self.ledger.borrow_mut();
        for seen in limits::windows(header, now()) {
            if ledger.seen.contains(&seen) {
                continue;
            }
            ledger.seen.retain(|known| known.window != seen.window);
            ledger.seen.push(seen.clone());
            tell(notes, &Note::Limit(seen));
        }
    }

    fn refusal(&self, status: StatusCode, why: &str) -> Answer {
        let body = self.config.dialect.error(status.as_u16(), &format!("sidekick: {why}"));
        let mut answer = Response::new(Either::Right(Full::new(Bytes::from(body.to_string()))));
        *answer.status_mut() = status;
        answer.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        answer
    }
}

fn spent(spent: f64, budget: f64) -> String {
    format!("the run has cost ${spent:.4}, and its budget is ${budget:.2}")
}

/// A streamed chat tells its tokens only when asked to; whether that had to be added.
fn ask_for_usage(request: &mut Value) -> bool {
    if request["stream"] != true || request["stream_options"]["include_usage"] == true {
        return false;
    }
    if !request["stream_options"].is_object() {
        request["stream_options"] = Value::Object(serde_json::Map::new());
    }
    request["stream_options"]["include_usage"] = Value::Bool(true);
    true
}

/// An answer on its way to the agent.
struct Metered {
    body: Incoming,
    meter: Option<Meter>,
    model: Option<String>,
    gateway: Rc<Gateway>,
    notes: Sender<String>,
}

impl Metered {
    fn book(&mut self) {
        if let Some(meter) = self.meter.take() {
            self.gateway.book(meter, self.model.take(), &self.notes);
        }
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let piece = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        match &piece {
            Some(Ok(frame)) => {
                if let (Some(data), Some(meter)) = (frame.data_ref(), self.meter.as_mut()) {
                    meter.feed(data);
                }
            }
            Some(Err(_)) | None => self.book(),
        }
        Poll::Ready(piece)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Metered {
    /// The agent was ended, or did not want the rest: what passed was charged all the same.
    fn drop(&mut self) {
        self.book();
    }
}

fn tell(notes: &Sender<String>, note: &Note) {
    // Many answers at once could fill the queue for an instant; what was charged is not lost for that.
    if let Err(TrySendError::Full(note)) = notes.try_send(text(note)) {
        let notes = notes.clone();
        tokio::task::spawn_local(async move { notes.send(note).await });
    }
}

fn text(note: &Note) -> String {
    serde_json::to_string(note).unwrap_or_default()
}

/// What is behind an error, which is what helps.
fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[expect(clippy::disallowed_methods, reason = "headers tell some resets as a time from now")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
