//! One request to an address that a person's browser gave: only to public addresses, judged where they are dialled, so
//! that no name leads into this machine or its network.

use std::collections::HashSet;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;

use crate::upstream;

/// The longest a request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends to public addresses, and to hosts that the person allowed by name.
#[derive(Clone)]
pub struct Outward {
    client: Client<HttpsConnector<HttpConnector<Public>>, Full<Bytes>>,
    allowed: HashSet<String>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// How long to wait before trying again, when that was said.
    pub retry_after: Option<Duration>,
}

impl Outward {
    /// With the hosts (`name` or `address`) that may be private and unencrypted.
    pub fn new(allowed: &[String], certificates: Option<&Path>) -> Result<Self, String> {
        let allowed: HashSet<String> = allowed.iter().cloned().collect();
        let encrypted = allowed.is_empty();
        let client = upstream::client_with(Public { allowed: allowed.clone() }, encrypted, certificates)?;
        Ok(Self { client, allowed })
    }

    /// Why nothing is sent to an address, if so: by what it says, before anybody is asked for it.
    pub fn complaint(&self, address: &str) -> Option<&'static str> {
        let Ok(uri) = address.parse::<Uri>() else { return Some("it is no address") };
        let Some(host) = uri.host() else { return Some("it names no host") };
        if self.allowed.contains(host) {
            return None;
        }
        if uri.scheme_str() != Some("https") {
            return Some("it is not encrypted (https)");
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Some("it has a password in it");
        }
        let bare = host.trim_matches(['[', ']']);
        (bare.parse::<IpAddr>().is_ok() || !host.contains('.'))
            .then_some("it is not the name of a public host")
    }

    /// Posts a body.
    pub async fn post(
        &self,
        address: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Answered, String> {
        if let Some(why) = self.complaint(address) {
            return Err(format!("the address is refused: {why}"));
        }
        let mut request = Request::builder().method(Method::POST).uri(address);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        let answer = answer.map_err(|_| "there was no answer in time".to_owned())?;
        let answer = answer.map_err(|error| {
            let mut said = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(inner) = cause {
                said += &format!(": {inner}");
                cause = inner.source();
            }
            said
        })?;
        let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Answered { status: answer.status().as_u16(), retry_after: wait.map(Duration::from_secs) })
    }
}

/// Resolves names to public addresses alone.
#[derive(Clone)]
pub(crate) struct Public {
    allowed: HashSet<String>,
}

impl tower_service::Service<Name> for Public {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allowed = self.allowed.contains(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may: Vec<_> = found.filter(|at| allowed || is_public(at.ip())).collect();
            if may.is_empty() {
                return Err(std::io::Error::other(format!("{name} has no public address")));
            }
            Ok(may.into_iter())
        })
    }
}

/// Whether an address belongs to the public internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(ip) => {
            if let Some(four) = ip.to_ipv4_mapped() {
                return is_public(four.into());
            }
            let first = ip.segments()[0];
            // Global unicast is 2000::/3; of it not what stands for other networks or documents.
            (0x2000..0x4000).contains(&first)
                && first != 0x2002
                && !(first == 0x2001 && matches!(ip.segments()[1], 0 | 0xdb8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_dialled() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "2001:db8::1",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed_unless_it_is_allowed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let closed = Outward::new(&[], None).unwrap();
        for address in [
            "http://push.example/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://localhost/x",
            "https://me:pw@push.example/",
            "file:///etc/passwd",
            "x",
        ] {
            assert!(closed.complaint(address).is_some(), "{address}");
        }
        assert_eq!(closed.complaint("https://push.example/x"), None);
        let name: Name = "localhost".parse().unwrap();
        let refused =
            tower_service::Service::call(&mut Public { allowed: HashSet::new() }, name.clone()).await;
        assert!(refused.unwrap_err().to_string().contains("no public address"));
        // The control: allowed by name, the same address is reached.
        let open = Outward::new(&["localhost".into()], None).unwrap();
        let accepting = tokio::spawn(async move { listener.accept().await.is_ok() });
        let address = format!("http://localhost:{port}/");
        let posting = tokio::spawn(async move { open.post(&address, &[], Vec::new()).await });
        assert!(accepting.await.unwrap());
        posting.abort();
    }
}
