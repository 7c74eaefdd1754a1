//! The gateway in front of a run's provider: what it is told, and what its notes mean for the run. And the run's
//! budget, which it enforces.

use agents::{Driver, Readiness, Speaks};
use domain::{Event, Isolation, Timestamp};
use gateway::{Config, Dialect, Note};
use runner::Forward;

use super::{Broken, Drive};
use crate::clock;

/// Where it listens, inside.
const PORT: u16 = 3130;
/// What the agent is given instead of a key.
const NO_KEY: &str = "held-by-the-gateway";

/// A gateway for one run.
pub(super) struct Gateway {
    /// The account's variables as the agent gets them: the gateway's address, and no key.
    pub(super) account: std::collections::BTreeMap<String, String>,
    /// The port that leads to it.
    pub(super) forward: Forward,
    /// The key.
    pub(super) secret: Vec<u8>,
}

impl Gateway {
    /// Whether a forward that the driver asks for is the gateway's own port.
    pub(super) fn is_port(port: u16) -> bool {
        port == PORT
    }
}

impl Drive {
    /// The gateway of this run. There is none without a sandbox, where the agent could read the shim's memory as
    /// well as its own, and none for a subscription, whose login is the agent's own.
    pub(super) fn gateway(
        &self,
        driver: &dyn Driver,
        account: &std::collections::BTreeMap<String, String>,
        budget_usd: Option<f64>,
    ) -> Result<Option<Gateway>, Broken> {
        if self.run()?.isolation == Isolation::None {
            return Ok(None);
        }
        let Some(provider) = driver.provider(account) else { return Ok(None) };
        let path = provider.url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        let mut given = account.clone();
        given.insert(
            provider.url_variable.into(),
            format!("http://127.0.0.1:{PORT}{}", path.unwrap_or_default()),
        );
        given.insert(provider.key_variable.into(), NO_KEY.into());
        let config = Config {
            dialect: match provider.speaks {
                Speaks::Anthropic => Dialect::Anthropic,
                Speaks::Openai => Dialect::Openai,
                Speaks::Gemini => Dialect::Gemini,
            },
            upstream: provider.url,
            budget_usd,
            prices: self.context.options().prices.clone(),
            free: driver.readiness(account) == Readiness::Ready("local"),
            certificates: self.context.options().person.certificates.clone(),
        };
        let service = serde_json::to_value(config).map_err(|error| Broken::Failed {
            reason: format!("the gateway cannot be set up: {error}"),
            retryable: false,
        })?;
        Ok(Some(Gateway {
            account: given,
            forward: Forward::Service { port: PORT, service },
            secret: provider.key.unwrap_or_default().into_bytes(),
        }))
    }

    /// What this run may cost, if anything bounds it, and when a budget that is used up renews. Subscriptions
    /// are not charged by use.
    pub(super) async fn budget(&self) -> Result<Option<(f64, Option<Timestamp>)>, Broken> {
        let budget = self.project.budget;
        if self.run()?.billing.as_deref() != Some("key") {
            return Ok(None);
        }
        let run = budget.run_usd.map(|most| (most, None));
        let Some(month) = budget.month_usd else { return Ok(run) };
        let (begin, end) = clock::now().month(&self.context.options().zone);
        let project = self.project.name.clone();
        let cost = self.context.store.read(move |tx| store::runs::cost_since(tx, &project, begin)).await?;
        // What this run cost before a restart of the daemon is in both.
        let left = month - cost + self.run()?.usage.cost_usd;
        Ok(Some(match run {
            Some((most, _)) if most <= left => (most, None),
            _ => (left.max(0.0), Some(end)),
        }))
    }
}

/// What the gateway's notes tell.
#[derive(Default)]
pub(super) struct Notes {
    /// It is in front of this run, so what the agent tells of its consumption is told twice.
    pub(super) metered: bool,
    /// The budget is used up, and why.
    pub(super) budget: Option<String>,
    /// What was warned of, once each.
    warned: Vec<String>,
}

impl Notes {
    /// The events of a note; `None` when it is none of the gateway's.
    pub(super) fn take(&mut self, payload: &[u8]) -> Option<Vec<Event>> {
        let note: Note = serde_json::from_slice(payload).ok()?;
        Some(match note {
            Note::Metered {} => {
                self.metered = true;
                Vec::new()
            }
            Note::Used { model, asked, input, output, cached, cost_usd, priced, estimate } => {
                let mut events = vec![Event::UsageRecorded { input, output, cached, cost_usd }];
                if !priced {
                    let text = format!(
                        "the price of the model {model} is not known, so it counts as nothing: add it to `prices` in sidekick.yaml"
                    );
                    events.extend(self.warn(text));
                }
                if let Some(asked) = asked.filter(|asked| is_another(asked, &model)) {
                    events.extend(
                        self.warn(format!("the endpoint was asked for {asked} and answered with {model}")),
                    );
                }
                if estimate {
                    let text = "the provider did not tell what an answer cost; it is counted from its length";
                    events.extend(self.warn(text.into()));
                }
                events
            }
            Note::Limit(seen) => vec![Event::LimitSeen {
                text: domain::account::window_label(&seen.window),
                window: seen.window,
                status: seen.status,
                utilization: seen.utilization,
                resets_at: seen.resets_at,
            }],
            Note::Budget { reason } => {
                self.budget = Some(reason);
                Vec::new()
            }
        })
    }

    fn warn(&mut self, text: String) -> Option<Event> {
        if self.warned.contains(&text) {
            return None;
        }
        self.warned.push(text.clone());
        Some(Event::RunWarning { text })
    }
}

/// Whether a model that answered is not the one that was asked for, or a version of it.
fn is_another(asked: &str, answered: &str) -> bool {
    let bare = |name: &str| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let (asked, answered) = (bare(asked), bare(answered));
    !(answered.starts_with(&asked) || asked.starts_with(&answered)) && answered != "unknown"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(asked: &str, model: &str, priced: bool) -> Vec<u8> {
        let note = Note::Used {
            model: model.into(),
            asked: Some(asked.into()),
            input: 1,
            output: 2,
            cached: 3,
            cost_usd: 0.5,
            priced,
            estimate: false,
        };
        serde_json::to_vec(&note).unwrap()
    }

    #[test]
    fn an_endpoint_that_answers_with_another_model_is_told_once() {
        let mut notes = Notes::default();
        for version in ["qwen3-coder-plus-2025-07-22", "qwen/qwen3-coder-plus", "Qwen3-Coder-Plus"] {
            assert_eq!(notes.take(&used("qwen3-coder-plus", version, true)).unwrap().len(), 1, "{version}");
        }
        let events = notes.take(&used("qwen3-coder-plus", "llama3:8b", true)).unwrap();
        let text = "the endpoint was asked for qwen3-coder-plus and answered with llama3:8b";
        assert_eq!(events[1], Event::RunWarning { text: text.into() });
        assert_eq!(notes.take(&used("qwen3-coder-plus", "llama3:8b", true)).unwrap().len(), 1, "once");
        assert_eq!(notes.take(&used("x", "x", false)).unwrap().len(), 2, "an unknown price is told, too");
        assert!(notes.take(b"{\"note\":\"egress_denied\"}").is_none(), "not its note");
    }
}
