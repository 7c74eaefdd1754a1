//! The way to a provider: one HTTP client a run, over TLS unless the provider is on this machine.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

const CONNECT_TIME: Duration = Duration::from_secs(10);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The client, or why there is none, for people. Servers are trusted that the system trusts, or that the file
/// `certificates` (PEM) names instead.
pub(crate) fn client(encrypted: bool, certificates: Option<&Path>) -> Result<HttpClient, String> {
    client_with(GaiResolver::new(), encrypted, certificates)
}

/// The same, with what makes addresses of names.
pub(crate) fn client_with<R>(
    resolver: R,
    encrypted: bool,
    certificates: Option<&Path>,
) -> Result<Client<HttpsConnector<HttpConnector<R>>, Full<Bytes>>, String>
where
    R: Service<Name, Response: Iterator<Item = SocketAddr> + Send, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let mut http = HttpConnector::new_with_resolver(resolver);
    http.enforce_http(false);
    http.set_connect_timeout(Some(CONNECT_TIME));
    http.set_nodelay(true);
    let provider = rustls::crypto::ring::default_provider();
    let builder = HttpsConnectorBuilder::new();
    let connector = match (encrypted, certificates) {
        (true, None) => builder
            .with_provider_and_native_roots(provider)
            .map_err(|error| format!("the certificates of this system cannot be read: {error}"))?
            .https_only()
            .enable_http1()
            .wrap_connector(http),
        (true, Some(file)) => builder
            .with_tls_config(trusting(provider, roots(file)?)?)
            .https_only()
            .enable_http1()
            .wrap_connector(http),
        // Nothing is ever verified with it, so no certificates are read.
        (false, _) => {
            let config = trusting(provider, RootCertStore::empty())?;
            builder.with_tls_config(config).https_or_http().enable_http1().wrap_connector(http)
        }
    };
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

fn trusting(provider: rustls::crypto::CryptoProvider, roots: RootCertStore) -> Result<ClientConfig, String> {
    let builder =
        ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let bad = |error: &dyn std::fmt::Display| {
        format!("the certificates in {} (SSL_CERT_FILE) cannot be used: {error}", file.display())
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))? {
        roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
    }
    if roots.is_empty() {
        return Err(bad(&"there are none"));
    }
    Ok(roots)
}
