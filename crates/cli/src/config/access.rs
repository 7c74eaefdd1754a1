//! `access:` of the configuration: a proxy that encrypts before the daemon, and the identities of a tailnet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use server::{Tailnet, Ways};

use crate::error::{Error, Result};

/// Where tailscaled answers.
const SOCKET: &str = "/var/run/tailscale/tailscaled.sock";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AccessFile {
    /// The address of a proxy that encrypts.
    public_url: Option<String>,
    tailscale: Option<TailscaleFile>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TailscaleFile {
    /// tailscaled's socket.
    socket: Option<PathBuf>,
    /// Roles by login or tag.
    roles: BTreeMap<String, String>,
}

impl AccessFile {
    pub(super) fn ways(self) -> Result<Ways> {
        if let Some(url) = self.public_url.as_ref().filter(|url| !is_address(url)) {
            return Err(Error::usage(format!(
                "access: `public_url: {url}` is not the address of a proxy that encrypts: https://HOST or \
                 https://HOST:PORT"
            )));
        }
        let tailnet = self.tailscale.map(TailscaleFile::tailnet).transpose()?;
        Ok(Ways { public_url: self.public_url, tailnet })
    }
}

impl TailscaleFile {
    fn tailnet(self) -> Result<Tailnet> {
        let role = |(name, role): (String, String)| match role.parse() {
            Ok(role) => Ok((name, role)),
            Err(error) => Err(Error::usage(format!("access: tailscale: roles: `{name}`: {error}"))),
        };
        let roles = self.roles.into_iter().map(role).collect::<Result<_>>()?;
        Ok(Tailnet { socket: self.socket.unwrap_or_else(|| SOCKET.into()), roles })
    }
}

fn is_address(url: &str) -> bool {
    let fits =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | ':' | '[' | ']');
    url.strip_prefix("https://").is_some_and(|host| !host.is_empty() && host.chars().all(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_encrypts_is_a_public_address() {
        for good in ["https://sidekick.example", "https://sidekick.example:8443", "https://[::1]:1"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["http://sidekick.example", "https://", "https://a/b", "https://a@b", "sidekick.example"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
