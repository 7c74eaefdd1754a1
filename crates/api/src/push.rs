//! Browsers that are told, and alerts, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What browsers subscribe with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PushKeyView {
    /// The `applicationServerKey`, base64url.
    pub key: String,
}

/// A browser that wants to be told: what `PushSubscription.toJSON()` gives.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SubscribePush {
    /// Where its push service takes messages for it.
    pub endpoint: String,
    /// Its keys.
    pub keys: PushKeys,
}

/// The keys of a browser.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PushKeys {
    /// Its public key.
    pub p256dh: String,
    /// Its secret.
    pub auth: String,
}

/// A browser that is not to be told any more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribePush {
    /// The address it was told at.
    pub endpoint: String,
}

/// What became of a trial.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PushTried {
    /// How many browsers' services took it.
    pub told: usize,
    /// Why the others did not.
    pub failed: Vec<String>,
}

/// Something that is about to stop work, or does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AlertView {
    /// Another for each occurrence.
    pub id: String,
    /// `budget` or `credits`.
    pub kind: String,
    /// The project or the account.
    pub of: String,
    /// Whether it stops work already.
    pub stops: bool,
    /// One sentence.
    pub text: String,
    /// The share that is used, 0 to 1 and more.
    pub used: f64,
    /// When it is over by itself.
    pub until: String,
}

impl From<&domain::alert::Alert> for AlertView {
    fn from(alert: &domain::alert::Alert) -> Self {
        Self {
            id: alert.id.clone(),
            kind: alert.kind.into(),
            of: alert.of.clone(),
            stops: alert.stops,
            text: alert.text.clone(),
            used: alert.used,
            until: alert.until.to_string(),
        }
    }
}

/// An alert that is not to be shown any more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissAlert {
    /// Its id.
    pub id: String,
}
