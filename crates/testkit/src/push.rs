//! A push service with one browser behind it: takes messages as RFC 8030, 8188, 8291 and 8292 say, or refuses them.
//!
//! Written from the documents, apart from the code it tests: it verifies who sends, and decrypts with the browser's key.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aes_gcm::aead::Aead;
use aes_gcm::{Aes128Gcm, KeyInit};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use serde_json::{Value, json};
use sha2::Sha256;

#[derive(Default)]
struct Inner {
    /// What is answered next, before 201.
    statuses: VecDeque<u16>,
    messages: Vec<Value>,
    refused: Vec<String>,
    requests: usize,
}

struct Shared {
    inner: Mutex<Inner>,
    browser: SecretKey,
    secret: [u8; 16],
    port: u16,
}

/// A running service; ends with the process of the test.
pub struct PushService {
    shared: Arc<Shared>,
}

impl PushService {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let browser = SecretKey::from_slice(&[9; 32]).unwrap();
        let shared = Arc::new(Shared { inner: Mutex::default(), browser, secret: [5; 16], port });
        let state = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let router = Router::new().route("/push/{id}", axum::routing::post(take)).with_state(state);
                axum::serve(listener, router).await.unwrap();
            });
        });
        Self { shared }
    }

    /// What the browser would hand to a page.
    pub fn subscription(&self) -> Value {
        let key = self.shared.browser.public_key().to_sec1_point(false);
        json!({
            "endpoint": format!("http://localhost:{}/push/browser", self.shared.port),
            "keys": { "p256dh": URL_SAFE_NO_PAD.encode(key.as_bytes()), "auth": URL_SAFE_NO_PAD.encode(self.shared.secret) },
        })
    }

    /// What the next messages are answered, before they are taken again.
    pub fn answer(&self, statuses: &[u16]) {
        self.shared.inner.lock().unwrap().statuses.extend(statuses);
    }

    /// What the browser was shown: each message with its `headers`.
    pub fn messages(&self) -> Vec<Value> {
        self.shared.inner.lock().unwrap().messages.clone()
    }

    /// Why others were refused.
    pub fn refused(&self) -> Vec<String> {
        self.shared.inner.lock().unwrap().refused.clone()
    }

    /// How many came.
    pub fn requests(&self) -> usize {
        self.shared.inner.lock().unwrap().requests
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut inner = shared.inner.lock().unwrap();
    inner.requests += 1;
    if let Some(status) = inner.statuses.pop_front() {
        return StatusCode::from_u16(status).unwrap();
    }
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let taken = sender(&header("authorization"), shared.port)
        .and_then(|()| if header("content-encoding") == "aes128gcm" { Ok(()) } else { Err("its encoding") })
        .and_then(|()| header("ttl").parse::<u32>().map(drop).map_err(|_| "no time to live"))
        .and_then(|()| if header("topic").len() <= 32 { Ok(()) } else { Err("its topic is too long") })
        .and_then(|()| open(&shared, &body));
    match taken {
        Ok(text) => {
            let mut message: Value = serde_json::from_slice(&text).unwrap();
            message["headers"] = json!({ "urgency": header("urgency"), "topic": header("topic") });
            inner.messages.push(message);
            StatusCode::CREATED
        }
        Err(why) => {
            inner.refused.push(why.to_owned());
            StatusCode::FORBIDDEN
        }
    }
}

/// RFC 8292: a signed claim for this service, not for longer than a day.
fn sender(authorization: &str, port: u16) -> Result<(), &'static str> {
    let (token, key) =
        authorization.strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).ok_or("no vapid")?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "no base64url");
    let key = VerifyingKey::from_sec1_bytes(&decode(key)?).map_err(|_| "no key")?;
    let (said, signature) = token.rsplit_once('.').ok_or("no token")?;
    let signature = Signature::from_slice(&decode(signature)?).map_err(|_| "no signature")?;
    key.verify(said.as_bytes(), &signature).map_err(|_| "a signature of somebody else")?;
    let claims = said.split('.').nth(1).ok_or("no claims")?;
    let claims: Value = serde_json::from_slice(&decode(claims)?).map_err(|_| "no claims")?;
    if claims["aud"] != format!("http://localhost:{port}") {
        return Err("meant for another service");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    match claims["exp"].as_u64() {
        Some(until) if until > now && until <= now + 24 * 3600 => Ok(()),
        _ => Err("expired, or for too long"),
    }
}

/// RFC 8188 and 8291: one record, opened with the browser's key.
fn open(shared: &Shared, body: &[u8]) -> Result<Vec<u8>, &'static str> {
    let (salt, rest) = body.split_at_checked(16).ok_or("too short")?;
    let (_, rest) = rest.split_at_checked(4).ok_or("too short")?;
    let (length, rest) = rest.split_first().ok_or("too short")?;
    let (id, sealed) = rest.split_at_checked(usize::from(*length)).ok_or("too short")?;
    let theirs = PublicKey::from_sec1_bytes(id).map_err(|_| "no key")?;
    let shared_secret = p256::ecdh::diffie_hellman(shared.browser.to_nonzero_scalar(), theirs.as_affine());
    let own = shared.browser.public_key().to_sec1_point(false);
    let mut info = b"WebPush: info\0".to_vec();
    info.extend(own.as_bytes());
    info.extend(id);
    let derive = |salt: &[u8], secret: &[u8], info: &[u8], length: usize| {
        let mut out = vec![0; length];
        Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut out).unwrap();
        out
    };
    let between = derive(&shared.secret, shared_secret.raw_secret_bytes(), &info, 32);
    let key: [u8; 16] = derive(salt, &between, b"Content-Encoding: aes128gcm\0", 16).try_into().unwrap();
    let nonce: [u8; 12] = derive(salt, &between, b"Content-Encoding: nonce\0", 12).try_into().unwrap();
    let mut text =
        Aes128Gcm::new(&key.into()).decrypt(&nonce.into(), sealed).map_err(|_| "not for this browser")?;
    while text.last() == Some(&0) {
        text.pop();
    }
    if text.pop() != Some(2) {
        return Err("not the last record");
    }
    Ok(text)
}
