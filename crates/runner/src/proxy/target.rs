//! Where a request wants to go, and whether the allowlist lets it. One strict parser: what it returns is
//! what is judged and dialled, so no second reading can differ.

/// A host and a port, in one spelling only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Lower case letters, digits, hyphens and dots; or an IPv4 address in its usual form.
    pub(super) host: String,
    pub(super) port: u16,
}

/// An entry of the allowlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The name, without the star.
    name: String,
    /// Whether names below it are meant.
    below: bool,
    port: u16,
}

impl Rule {
    /// `name`, `*.name`, each with `:port`; port 443 without.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok()?),
            None => (text, 443),
        };
        let below = name.starts_with("*.");
        let name = host(name.strip_prefix("*.").unwrap_or(name))?;
        Some(Self { name, below, port })
    }

    pub(super) fn admits(&self, target: &Target) -> bool {
        let named = if self.below {
            target.host.strip_suffix(&self.name).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
        } else {
            target.host == self.name
        };
        named && target.port == self.port
    }

    /// Whether it names this very address, which then need not be public.
    pub(super) fn names_address(&self, target: &Target) -> bool {
        !self.below && self.admits(target) && self.name.parse::<std::net::IpAddr>().is_ok()
    }
}

/// A request head's target; with what is to be sent on for plain HTTP.
pub(super) fn parse(head: &[u8]) -> Option<(Target, Option<Vec<u8>>)> {
    let end = head.windows(4).position(|end| end == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&head[..end]).ok()?;
    if text.bytes().any(|byte| byte == 0 || (byte < 0x20 && !matches!(byte, b'\r' | b'\n' | b'\t'))) {
        return None;
    }
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, uri, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return None;
    }
    if method == "CONNECT" {
        // Nothing may come before our answer: it would be a second message in disguise.
        return (head.len() == end + 4).then(|| authority(uri, None)).flatten().map(|target| (target, None));
    }
    let (name, path) = match uri.strip_prefix("http://")?.split_once('/') {
        Some((name, path)) => (name, path),
        None => (uri.strip_prefix("http://")?, ""),
    };
    let target = authority(name, Some(80))?;
    let mut request = format!("{method} /{path} {version}\r\nHost: {name}\r\nConnection: close\r\n");
    for line in lines {
        let (header, value) = line.split_once(':')?;
        match header.to_ascii_lowercase().as_str() {
            // The one that counts is made from what was judged.
            "host" if !value.trim().eq_ignore_ascii_case(name) => return None,
            "host" | "connection" | "proxy-connection" | "proxy-authorization" | "keep-alive" => {}
            _ => request += &format!("{line}\r\n"),
        }
    }
    let mut opening = format!("{request}\r\n").into_bytes();
    opening.extend_from_slice(&head[end + 4..]);
    Some((target, Some(opening)))
}

fn authority(text: &str, port: Option<u16>) -> Option<Target> {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            (name, digits.parse().ok()?)
        }
        Some(_) => return None,
        None => (text, port?),
    };
    Some(Target { host: host(name)?, port })
}

/// A host name in its one spelling, or an IPv4 address as four plain decimal numbers.
fn host(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
            })
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() > 253 || !text.split('.').all(label) {
        return None;
    }
    // Resolvers read `127.1`, `0x7f.1` or `2130706433` as addresses; here only the full form is one.
    let last = text.rsplit('.').next()?;
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if numeric && text.parse::<std::net::Ipv4Addr>().ok()?.to_string() != text {
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn admits(rule: &str, request: &str) -> bool {
        let head = format!("CONNECT {request} HTTP/1.1\r\n\r\n");
        parse(head.as_bytes()).is_some_and(|(target, _)| Rule::parse(rule).unwrap().admits(&target))
    }

    #[test]
    fn rules_mean_what_they_say() {
        assert!(admits("example.org", "example.org:443"));
        assert!(admits("example.org", "EXAMPLE.org:443"));
        assert!(admits("*.example.org", "a.b.example.org:443"));
        assert!(admits("example.org:8443", "example.org:8443"));
        for (rule, request) in [
            ("example.org", "example.org:22"),
            ("example.org", "evil.example.org:443"),
            ("*.example.org", "example.org:443"),
            ("*.example.org", "evilexample.org:443"),
            ("*.example.org", ".example.org:443"),
            ("example.org", "example.org"),
        ] {
            assert!(!admits(rule, request), "{rule} {request}");
        }
    }

    #[test]
    fn odd_spellings_are_no_targets() {
        for odd in [
            "example.org\0.evil.net:443",
            "example.org%00:443",
            "evil.net@example.org:443",
            "example.org.:443",
            "example.org\\evil.net:443",
            "exämple.org:443",
            "127.1:443",
            "0x7f.0.0.1:443",
            "2130706433:443",
            "017700000001:443",
            "[::1]:443",
            "[::ffff:127.0.0.1]:443",
            "example.org:0443x",
            "example.org: 443",
            "-a.org:443",
            "a..b:443",
            ":443",
            "example.org:99999",
        ] {
            let head = format!("CONNECT {odd} HTTP/1.1\r\n\r\n");
            assert_eq!(parse(head.as_bytes()).map(|found| found.0), None, "{odd}");
        }
    }

    #[test]
    fn plain_http_is_rewritten_from_what_was_judged() {
        let head = b"GET http://example.org/x?y HTTP/1.1\r\nHost: example.org\r\nProxy-Connection: keep-alive\r\nA: b\r\n\r\nbody";
        let (target, opening) = parse(head).unwrap();
        assert_eq!(target, Target { host: "example.org".into(), port: 80 });
        assert_eq!(
            String::from_utf8(opening.unwrap()).unwrap(),
            "GET /x?y HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\nA: b\r\n\r\nbody"
        );
        assert_eq!(parse(b"GET http://example.org/ HTTP/1.1\r\nHost: evil.net\r\n\r\n"), None, "two hosts");
        assert_eq!(parse(b"CONNECT a.org:443 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"), None, "smuggled");
    }

    proptest! {
        #[test]
        fn whatever_is_parsed_has_one_spelling(text in "\\PC{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            drop(parse(&bytes));
            let head = format!("CONNECT {text}:443 HTTP/1.1\r\n\r\n");
            if let Some((target, _)) = parse(head.as_bytes()) {
                prop_assert_eq!(host(&target.host), Some(target.host.clone()));
                prop_assert_eq!(target.host, text.to_ascii_lowercase());
            }
        }
    }
}
