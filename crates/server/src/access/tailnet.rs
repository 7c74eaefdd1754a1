//! Identities of a tailnet: asked of tailscaled on this machine about the peer of the connection itself. A header that
//! claims one is not read. When tailscaled does not answer, nobody is known.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::Role;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// How long an answer holds, and a failure.
const KNOWN: Duration = Duration::from_mins(1);
const UNKNOWN: Duration = Duration::from_secs(5);
/// How long tailscaled is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST_BYTES: u64 = 256 * 1024;
const MOST_PEERS: usize = 1000;

/// The tailnet whose identities are known, and what they may do.
#[derive(Clone, Debug)]
pub struct Tailnet {
    /// tailscaled's socket.
    pub socket: PathBuf,
    /// Roles by login (`anna@example.org`) or tag (`tag:ci`).
    pub roles: BTreeMap<String, Role>,
}

/// Answers, for a while.
#[derive(Default)]
pub(crate) struct Whois(Mutex<HashMap<IpAddr, (Instant, Option<Identity>)>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    /// The login; of a tagged node its tags, for it is nobody's.
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    node: Node,
    user_profile: Profile,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Profile {
    login_name: String,
}

impl Whois {
    /// Name and role of a peer, if it is one of the tailnet with a role here.
    pub(crate) async fn role_of(&self, tailnet: &Tailnet, peer: SocketAddr) -> Option<(String, Role)> {
        if !is_of_tailnet(peer.ip()) {
            return None;
        }
        let names = self.identity(&tailnet.socket, peer).await?.names;
        let roles = names.into_iter().filter_map(|name| Some((tailnet.roles.get(&name).copied()?, name)));
        roles.max().map(|(role, name)| (name, role))
    }

    async fn identity(&self, socket: &Path, peer: SocketAddr) -> Option<Identity> {
        let now = Instant::now();
        if let Some((until, identity)) = self.lock().get(&peer.ip())
            && now < *until
        {
            return identity.clone();
        }
        let asked = tokio::time::timeout(PATIENCE, ask(socket, peer)).await.ok().flatten();
        let mut known = self.lock();
        known.retain(|_, (until, _)| now < *until);
        if known.len() < MOST_PEERS {
            let holds = if asked.is_some() { KNOWN } else { UNKNOWN };
            known.insert(peer.ip(), (now + holds, asked.clone()));
        }
        asked
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, (Instant, Option<Identity>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an address is one that only a tailnet gives: `100.64.0.0/10`, `fd7a:115c:a1e0::/48`.
fn is_of_tailnet(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            first == 100 && (64..128).contains(&second)
        }
        IpAddr::V6(ip) => ip.segments()[..3] == [0xfd7a, 0x115c, 0xa1e0],
    }
}

/// One question to tailscaled's local API.
async fn ask(socket: &Path, peer: SocketAddr) -> Option<Identity> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string();
    let addr = peer.replace('[', "%5B").replace(']', "%5D");
    // HTTP/1.0: the answer ends with the connection, and is in one piece.
    let request = format!(
        "GET /localapi/v0/whois?addr={addr} HTTP/1.0\r\nHost: local-tailscaled.sock\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    if head.split(' ').nth(1) != Some("200") {
        return None;
    }
    let answer: Answer = serde_json::from_str(body).ok()?;
    let tags = answer.node.tags.unwrap_or_default();
    Some(Identity { names: if tags.is_empty() { vec![answer.user_profile.login_name] } else { tags } })
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    /// A stand-in for tailscaled that knows one peer; counts what it is asked.
    fn tailscaled(dir: &Path, tags: &'static str) -> (PathBuf, std::sync::Arc<Mutex<Vec<String>>>) {
        let socket = dir.join("tailscaled.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
        let heard = std::sync::Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = [0; 1024];
                let read = stream.read(&mut bytes).await.unwrap();
                let request = String::from_utf8_lossy(&bytes[..read]).into_owned();
                let known = request.contains("whois?addr=100.101.102.103:5555 ")
                    && request.contains("Host: local-tailscaled.sock");
                heard.lock().unwrap().push(request);
                let answer = if known {
                    format!(
                        "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{{\"Node\":{{\"Name\":\"phone\",\
                         \"Tags\":{tags}}},\"UserProfile\":{{\"ID\":1,\"LoginName\":\"anna@example.org\"}}}}"
                    )
                } else {
                    "HTTP/1.0 404 Not Found\r\n\r\nno match for IP:port".to_owned()
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (socket, asked)
    }

    fn tailnet(socket: PathBuf) -> Tailnet {
        let roles = [("anna@example.org", Role::Reviewer), ("tag:ci", Role::Viewer)];
        Tailnet { socket, roles: roles.map(|(name, role)| (name.to_owned(), role)).into() }
    }

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("sk-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[tokio::test]
    async fn who_a_peer_is_is_asked_of_tailscaled_once_a_minute() {
        let dir = dir("tailnet");
        let (socket, asked) = tailscaled(&dir, "null");
        let (tailnet, whois) = (tailnet(socket), Whois::default());
        let anna = Some(("anna@example.org".to_owned(), Role::Reviewer));
        for _ in 0..3 {
            assert_eq!(whois.role_of(&tailnet, "100.101.102.103:5555".parse().unwrap()).await, anna);
        }
        assert_eq!(asked.lock().unwrap().len(), 1, "remembered");
        assert_eq!(whois.role_of(&tailnet, "100.64.0.1:1".parse().unwrap()).await, None, "not known to it");
        // Whoever is not of a tailnet is not even asked about: a proxy on this machine, the network next to it.
        for peer in ["127.0.0.1:5555", "192.168.1.2:5555", "100.128.0.1:5555", "[::1]:5555", "[fd00::1]:5555"]
        {
            assert_eq!(whois.role_of(&tailnet, peer.parse().unwrap()).await, None, "{peer}");
        }
        assert_eq!(asked.lock().unwrap().len(), 2);
        assert!(is_of_tailnet("fd7a:115c:a1e0::1".parse().unwrap()));
        assert!(is_of_tailnet("::ffff:100.64.0.1".parse().unwrap()));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_tagged_node_is_its_tags_and_not_whoever_made_it() {
        let dir = dir("tagged");
        let (socket, _) = tailscaled(&dir, "[\"tag:ci\"]");
        let role = Whois::default().role_of(&tailnet(socket), "100.101.102.103:5555".parse().unwrap()).await;
        assert_eq!(role, Some(("tag:ci".to_owned(), Role::Viewer)));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn without_tailscaled_nobody_is_known() {
        let nowhere = tailnet(PathBuf::from("/nonexistent/tailscaled.sock"));
        let peer = "100.101.102.103:5555".parse().unwrap();
        assert_eq!(Whois::default().role_of(&nowhere, peer).await, None);
    }
}
