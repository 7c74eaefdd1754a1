//! TLS before another server: a certificate that nobody trusts but who is told to.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Speaks TLS as `localhost` before the server at `port`, for as long as the test's process lives. Writes its certificate to
/// `certificate` as PEM; its own port.
pub fn before(port: u16, certificate: &Path) -> u16 {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    std::fs::write(certificate, made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(serve(listener, TlsAcceptor::from(Arc::new(config)), port));
    });
    own
}

async fn serve(listener: std::net::TcpListener, acceptor: TlsAcceptor, port: u16) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Who does not trust the certificate ends it here.
            let Ok(mut inner) = acceptor.accept(stream).await else { return };
            let behind = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await;
            if let Ok(mut behind) = behind {
                tokio::io::copy_bidirectional(&mut inner, &mut behind).await.ok();
            }
        });
    }
}
