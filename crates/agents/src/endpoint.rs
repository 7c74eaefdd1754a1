//! Where an agent's model is: what a base URL means for the sandbox's network.

use std::collections::BTreeMap;

/// What must be let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A port of this machine.
    Loopback(u16),
    /// A host of the network, with its port.
    Host(String),
}

impl Endpoint {
    /// Of a base URL.
    pub(crate) fn of(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(443)),
            None => (authority, if scheme == "http" { 80 } else { 443 }),
        };
        if ["127.0.0.1", "localhost"].contains(&host) {
            Self::Loopback(port)
        } else {
            Self::Host(format!("{host}:{port}"))
        }
    }

    /// As [`network`](Self::network), of an agent that is only known by its configuration: its account's
    /// variables that end in `BASE_URL`, and `hosts`.
    pub(crate) fn configured(
        account: &BTreeMap<String, String>,
        hosts: &[String],
    ) -> (Vec<u16>, Vec<String>) {
        let (mut forwards, mut allowed) = (Vec::new(), hosts.to_vec());
        for (_, url) in account.iter().filter(|(name, _)| name.ends_with("BASE_URL")) {
            let (ports, hosts) = Self::network(Some(url), &[]);
            forwards.extend(ports);
            allowed.extend(hosts);
        }
        forwards.dedup();
        (forwards, allowed)
    }

    /// The forwards and hosts a run needs: those of `url`, or `hosts` when there is none.
    pub(crate) fn network(url: Option<&String>, hosts: &[&str]) -> (Vec<u16>, Vec<String>) {
        match url.map(|url| Self::of(url)) {
            None => (Vec::new(), hosts.iter().map(|host| (*host).to_owned()).collect()),
            Some(Self::Loopback(port)) => (vec![port], Vec::new()),
            Some(Self::Host(host)) => (Vec::new(), vec![host]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/v1", Endpoint::Loopback(8080)),
            ("http://localhost/", Endpoint::Loopback(80)),
            ("https://proxy.example.org/x", Endpoint::Host("proxy.example.org:443".into())),
            ("https://models.example.org:8443", Endpoint::Host("models.example.org:8443".into())),
        ] {
            assert_eq!(Endpoint::of(url), expected, "{url}");
        }
    }
}
