//! The way out of a sandbox: an HTTP proxy with an allowlist, in the shim, on a listener that exists
//! only inside the job's network namespace; and forwards to ports of the host's loopback and to its sockets.
//!
//! One parser makes a typed [`Target`]; that value is judged and that value is dialled. The name is
//! judged before it is resolved, so a denied name is never asked for. Every address it resolves to is
//! checked, and the checked address is the one connected to.

mod target;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::shim::Service;
use crate::spec::{Forward, Network};
use target::{Rule, Target};

/// The longest request head.
const MOST_HEAD: usize = 32 * 1024;
/// Connections at once.
const MOST_CONNECTIONS: usize = 128;
const HEAD_TIME: Duration = Duration::from_secs(10);
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Serves on what `enter` handed out: the proxy's listener first, then one for each forward. The service's own
/// task is returned; what it says goes to `service_notes`.
pub(crate) fn serve(
    listeners: Vec<OwnedFd>,
    network: &Network,
    notes: mpsc::Sender<String>,
    mut service: Option<(Service, Vec<u8>, mpsc::Sender<String>)>,
) -> Option<JoinHandle<()>> {
    let mut playing = None;
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let rules: Rc<Vec<Rule>> = Rc::new(network.allow.iter().filter_map(|text| Rule::parse(text)).collect());
    let mut listeners = listeners.into_iter().map(listener);
    if let Some(Ok(proxy)) = listeners.next() {
        tokio::task::spawn_local(accept(proxy, Arc::clone(&places), move |stream| {
            let (rules, notes) = (Rc::clone(&rules), notes.clone());
            async move { through(stream, &rules, &notes).await }
        }));
    }
    for (listener, forward) in listeners.zip(network.forwards.clone()) {
        let Ok(listener) = listener else { continue };
        if let Forward::Service { service: told, .. } = forward {
            if let Some((play, secret, notes)) = service.take() {
                playing = Some(tokio::task::spawn_local(play(listener, told, secret, notes)));
            }
            continue;
        }
        tokio::task::spawn_local(accept(listener, Arc::clone(&places), move |stream| {
            let forward = forward.clone();
            async move { along(stream, &forward).await }
        }));
    }
    playing
}

/// Joins a connection with what its port leads to.
async fn along(mut stream: TcpStream, forward: &Forward) -> io::Result<()> {
    match forward {
        Forward::Loopback(port) => {
            let mut host = TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).await?;
            copy_bidirectional(&mut stream, &mut host).await.map(drop)
        }
        Forward::Service { .. } => Ok(()),
        Forward::Socket { socket, .. } => {
            let mut host = socket_of_the_host(socket).await?;
            copy_bidirectional(&mut stream, &mut host).await.map(drop)
        }
    }
}

/// Connects to a socket; a path too long for a socket's name is reached through a descriptor.
async fn socket_of_the_host(path: &Path) -> io::Result<UnixStream> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let dir = std::fs::File::open(dir)?;
    UnixStream::connect(Path::new(&format!("/proc/self/fd/{}", dir.as_raw_fd())).join(name)).await
}

fn listener(fd: OwnedFd) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::from(fd);
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn accept<F, Fut>(listener: TcpListener, places: Arc<Semaphore>, handle: F)
where
    F: Fn(TcpStream) -> Fut,
    Fut: Future<Output = io::Result<()>> + 'static,
{
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        let handled = handle(stream);
        tokio::task::spawn_local(async move {
            // A broken connection is the job's own affair.
            handled.await.ok();
            drop(place);
        });
    }
}

async fn through(mut stream: TcpStream, rules: &[Rule], notes: &mpsc::Sender<String>) -> io::Result<()> {
    let Ok(Ok(head)) = timeout(HEAD_TIME, head(&mut stream)).await else {
        return refuse(&mut stream, "400 Bad Request", "the request head was not understood in time").await;
    };
    let Some((target, opening)) = target::parse(&head) else {
        return refuse(
            &mut stream,
            "400 Bad Request",
            "only CONNECT host:port and plain http:// are understood",
        )
        .await;
    };
    if !rules.iter().any(|rule| rule.admits(&target)) {
        let note = format!(r#"{{"note":"egress_denied","host":"{}","port":{}}}"#, target.host, target.port);
        // Denials that come faster than they can be noted are not worth a note each.
        notes.try_send(note).ok();
        let why = format!("{}:{} is not on this run's network allowlist", target.host, target.port);
        return refuse(&mut stream, "403 Forbidden", &why).await;
    }
    let literal = rules.iter().any(|rule| rule.names_address(&target));
    let mut remote = match timeout(CONNECT_TIME, dial(&target, literal)).await {
        Ok(Ok(remote)) => remote,
        Ok(Err(error)) => return refuse(&mut stream, "502 Bad Gateway", &error.to_string()).await,
        Err(_) => return refuse(&mut stream, "504 Gateway Timeout", "no connection in time").await,
    };
    match opening {
        Some(opening) => remote.write_all(&opening).await?,
        None => stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
    }
    copy_bidirectional(&mut stream, &mut remote).await.map(drop)
}

/// The bytes up to and with the empty line; nothing after it is read for CONNECT, because a client
/// waits for the answer.
async fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= MOST_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(head)
}

async fn refuse(stream: &mut TcpStream, status: &str, why: &str) -> io::Result<()> {
    let body = format!("sidekick: {why}\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// Connects to the first address that may be connected to. An address that a rule names literally is
/// the configuration's explicit wish; any other must be public.
async fn dial(target: &Target, literal: bool) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((target.host.as_str(), target.port)).await?.collect();
    let mut last = io::Error::other(format!("{} has no public address", target.host));
    for address in addresses.into_iter().filter(|address| literal || is_public(address.ip())) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether an address is one of the public internet (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is given out; inside it, documentation, 6to4, Teredo and other transition ranges
    // lead elsewhere.
    (0x2000..0x4000).contains(&first)
        && first != 0x2002
        && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for special in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "2002:7f00:1::",
            "64:ff9b::7f00:1",
            "2001:db8::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for public in ["1.1.1.1", "140.82.121.4", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
