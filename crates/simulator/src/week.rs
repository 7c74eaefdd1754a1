//! What is simulated, as a file says it: projects, agents with their accounts, the person, the tasks that come. Every
//! mistake is named with its line.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use domain::account::Hours;
use domain::route::Use;
use domain::supervise::{Policy, Rung, Tier};
use domain::{Complexity, Kind, Nature, Timestamp};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, de};
use serde_saphyr::Spanned;

/// Tasks of a file, rounds counted.
const MOST_TASKS: usize = 10_000;
/// The longest that is simulated.
const MOST_LENGTH: Duration = Duration::from_hours(24 * 100);

/// A span of simulated time with all that happens in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Week {
    /// How long it is.
    #[serde(default = "a_week", deserialize_with = "span")]
    pub length: Duration,
    /// When it begins, as RFC 3339.
    #[serde(default = "a_sunday", deserialize_with = "moment")]
    pub begins: Timestamp,
    /// The zone of all hours of the day.
    #[serde(default = "utc", deserialize_with = "zone")]
    pub zone: TimeZone,
    /// Runs at once.
    #[serde(default = "four")]
    pub concurrency: usize,
    /// Nothing new starts in a project while so many of its tasks wait for review.
    pub review_limit: Option<usize>,
    /// The share of tasks that may try another agent than their like.
    #[serde(default)]
    pub explore: f64,
    /// The person.
    #[serde(default)]
    pub person: Person,
    /// What may happen without one, in all projects.
    #[serde(default)]
    pub policy: PolicyFile,
    /// The agent that gives a second opinion.
    pub review: Option<Spanned<String>>,
    /// The projects, by name.
    pub projects: BTreeMap<String, Project>,
    /// The agents, by name, in no order.
    pub agents: BTreeMap<String, Agent>,
    /// Who does what, before the table: as in `sidekick.yaml`.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// The tasks that come.
    pub tasks: Vec<Tasks>,
}

/// What may happen without a person: as in `sidekick.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyFile {
    /// The expression that approves.
    pub approve: Option<Spanned<String>>,
    /// From this tier on.
    pub trust: Option<Tier>,
    /// Below this confidence a person is asked.
    pub threshold: Option<f64>,
    /// How often work is sent back by itself.
    pub retries: Option<u32>,
    /// Who is called then, in this order.
    pub escalate: Vec<Spanned<String>>,
}

impl PolicyFile {
    /// The policy as supervision has it.
    pub(crate) fn policy(&self) -> Policy {
        let default = Policy::default();
        Policy {
            acts: true,
            approve: self.approve.as_ref().map(|text| text.value.clone()),
            trust: self.trust.unwrap_or(default.trust),
            threshold: self.threshold.unwrap_or(default.threshold),
            retries: self.retries.unwrap_or(default.retries),
            escalate: self.escalate.iter().filter_map(|text| Rung::parse(&text.value)).collect(),
            ..default
        }
    }
}

/// Whoever looks at what is done.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// When they look, as `09:00-18:00`, every day.
    #[serde(deserialize_with = "hours")]
    pub hours: Vec<Hours>,
    /// How long a look takes.
    #[serde(deserialize_with = "span")]
    pub look: Duration,
    /// How often they see that work is bad.
    pub sees: f64,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            hours: Hours::parse("09:00-18:00").into_iter().collect(),
            look: Duration::from_mins(5),
            sees: 0.9,
        }
    }
}

/// A project.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Project {
    /// 1 (most urgent) to 9.
    pub priority: u8,
    /// Runs at once.
    pub concurrency: usize,
    /// Whether only models of this machine may see it.
    pub sensitive: bool,
    /// Who may take over, best first.
    pub fallback: Vec<Spanned<String>>,
}

impl Default for Project {
    fn default() -> Self {
        let priority = domain::project::DEFAULT_PRIORITY;
        Self { priority, concurrency: 4, sensitive: false, fallback: Vec::new() }
    }
}

/// An agent: what it is good at, how fast it is, what it may use.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Tokens it writes in a second.
    pub tokens_per_second: f64,
    /// The share of runs whose work is good at once, by complexity; of those not named, what is said of the next harder
    /// one.
    pub good: BTreeMap<Complexity, f64>,
    /// Whether its model is on this machine.
    #[serde(default)]
    pub local: bool,
    /// Whether it changes files: a model without a harness does not.
    #[serde(default = "yes")]
    pub changes: bool,
    /// US dollars for a million tokens, where it is charged by use.
    pub usd_per_million: Option<f64>,
    /// Its accounts, by name; without any it has one that nobody counts.
    #[serde(default)]
    pub accounts: BTreeMap<String, Account>,
}

impl Agent {
    /// How likely a run's work is good.
    pub(crate) fn good_at(&self, complexity: Complexity) -> f64 {
        let harder = self.good.iter().find(|(known, _)| **known >= complexity);
        harder.or_else(|| self.good.iter().next_back()).map_or(0.5, |(_, share)| share.clamp(0.0, 1.0))
    }
}

/// An account of an agent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Tokens in each window: `five_hour`, `daily`, `seven_day`.
    pub windows: BTreeMap<String, u64>,
    /// Percent of each window that is kept for the person.
    pub reserve: f64,
    /// Hours that are kept for the person.
    #[serde(deserialize_with = "hours")]
    pub quiet: Vec<Hours>,
    /// Runs at once.
    pub concurrency: Option<usize>,
}

/// A rule of routing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Tasks it is for.
    #[serde(default)]
    pub when: When,
    /// Who does them, best first.
    #[serde(rename = "use")]
    pub uses: Vec<Spanned<String>>,
}

/// Tasks a rule is for; what is left out asks nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// One of these kinds.
    pub kind: Vec<Kind>,
    /// One of these complexities.
    pub complexity: Vec<Complexity>,
    /// This project.
    pub project: Option<Spanned<String>>,
}

/// A task that comes, or several alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tasks {
    /// What others call it that come after it.
    pub name: Option<String>,
    /// Its project.
    pub project: Spanned<String>,
    /// What is to be done.
    #[serde(default)]
    pub kind: Kind,
    /// How hard it is.
    #[serde(default)]
    pub complexity: Complexity,
    /// 1 to 9; the project's when left out.
    pub priority: Option<Spanned<u8>>,
    /// When it comes, from the beginning.
    #[serde(default, deserialize_with = "span")]
    pub at: Duration,
    /// When it is to be done, from then.
    #[serde(default, deserialize_with = "maybe_span")]
    pub deadline: Option<Duration>,
    /// It comes again after each such span.
    #[serde(default, deserialize_with = "maybe_span")]
    pub every: Option<Duration>,
    /// How many of them, one after another or at once.
    #[serde(default = "one")]
    pub count: u32,
    /// Names of those it comes after; of the same round where those come again, too.
    #[serde(default)]
    pub after: Vec<Spanned<String>>,
}

impl Tasks {
    /// What sort of work it is.
    pub(crate) fn nature(&self) -> Nature {
        Nature { kind: self.kind, complexity: self.complexity, gpu: false }
    }
}

impl Week {
    /// The week of a file; `approves` says what is wrong with an expression of the policy.
    pub fn read(text: &str, approves: impl Fn(&str) -> Result<(), String>) -> Result<Self, String> {
        let week: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if let Some(rule) = &week.policy.approve {
            approves(&rule.value).map_err(|said| at(rule, &format!("`approve` is no rule: {said}")))?;
        }
        week.check()?;
        Ok(week)
    }

    /// Names that are none, and numbers out of their bounds.
    fn check(&self) -> Result<(), String> {
        let agent = |text: &Spanned<String>| match Use::parse(&text.value) {
            Some(one) if self.agents.contains_key(&one.agent) => Ok(()),
            Some(one) => Err(at(text, &format!("there is no agent `{}`", one.agent))),
            None => Err(at(text, &format!("`{}` is not AGENT or AGENT/MODEL", text.value))),
        };
        let project = |text: &Spanned<String>| {
            let known = self.projects.contains_key(&text.value);
            if known { Ok(()) } else { Err(at(text, &format!("there is no project `{}`", text.value))) }
        };
        let fallbacks = self.projects.values().flat_map(|project| &project.fallback);
        let named = self.review.iter().chain(&self.policy.escalate).chain(fallbacks);
        named.chain(self.routes.iter().flat_map(|route| &route.uses)).try_for_each(agent)?;
        self.routes.iter().filter_map(|route| route.when.project.as_ref()).try_for_each(project)?;
        let (mut names, mut count) = (HashSet::new(), 0usize);
        for task in &self.tasks {
            project(&task.project)?;
            if let Some(priority) = task.priority.as_ref().filter(|one| !(1..=9).contains(&one.value)) {
                return Err(at(priority, "the priority is from 1 (most urgent) to 9"));
            }
            if let Some(unknown) = task.after.iter().find(|name| !names.contains(name.value.as_str())) {
                return Err(at(unknown, &format!("there is no task `{}` above this one", unknown.value)));
            }
            count = count.saturating_add(usize::try_from(task.count).unwrap_or(usize::MAX));
            if count > MOST_TASKS {
                return Err(at(&task.project, &format!("there are more than {MOST_TASKS} tasks")));
            }
            names.extend(task.name.as_deref());
        }
        if self.length > MOST_LENGTH {
            return Err("`length` is at most 100 days".into());
        }
        Ok(())
    }
}

fn at<T>(what: &Spanned<T>, wrong: &str) -> String {
    format!("line {}: {wrong}", what.referenced.line())
}

fn a_week() -> Duration {
    Duration::from_hours(7 * 24)
}

/// A Sunday evening.
fn a_sunday() -> Timestamp {
    Timestamp::from_seconds(1_767_549_600)
}

fn utc() -> TimeZone {
    TimeZone::UTC
}

fn four() -> usize {
    4
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// `2d 6h`, `30m`.
fn parse_span(text: &str) -> Option<Duration> {
    let span: jiff::Span = text.parse().ok()?;
    let whole = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(whole).ok()
}

fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse_span(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no span of time: 2d 6h, 30m")))
}

fn maybe_span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    span(from).map(Some)
}

fn hours<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Hours>, D::Error> {
    let hour = |text: String| {
        let wrong = || de::Error::custom(format!("`{text}` is no span of hours: 09:00-18:00"));
        Hours::parse(&text).ok_or_else(wrong)
    };
    Vec::<String>::deserialize(from)?.into_iter().map(hour).collect()
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || de::Error::custom(format!("`{text}` is no time in the form of RFC 3339"));
    Timestamp::parse(&text).ok_or_else(wrong)
}

fn zone<'de, D: Deserializer<'de>>(from: D) -> Result<TimeZone, D::Error> {
    let text = String::deserialize(from)?;
    TimeZone::get(&text).map_err(|_| de::Error::custom(format!("there is no time zone `{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str =
        "projects: {shop: {}}\nagents:\n  qwen: {tokens_per_second: 13, good: {high: 0.5}}\ntasks:\n";

    fn wrong(tail: &str) -> String {
        let read =
            |text: &str| Week::read(text, |rule| if rule == "x <" { Err("odd".into()) } else { Ok(()) });
        read(&format!("{SMALL}{tail}")).unwrap_err()
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (tail, line, said) in [
            ("  - {project: blog}\n", 5, "there is no project `blog`"),
            ("  - {project: shop}\n  - {project: shop, after: [plan]}\n", 6, "there is no task `plan` above"),
            ("  - {project: shop, priority: 12}\n", 5, "the priority is from 1"),
            ("  - {project: shop, deadline: soon}\n", 5, "`soon` is no span of time"),
            ("  - {project: shop, kindd: testing}\n", 5, "kindd"),
            ("  - {project: shop}\nreview: gemini\n", 6, "there is no agent `gemini`"),
            ("  - {project: shop}\nroutes:\n  - use: [qwen/]\n", 7, "is not AGENT or AGENT/MODEL"),
            ("  - {project: shop}\npolicy: {approve: 'x <'}\n", 6, "`approve` is no rule: odd"),
            ("  - {project: shop}\nperson: {hours: [9-5]}\n", 6, "`9-5` is no span of hours"),
            ("  - {project: shop, count: 20000}\n", 5, "more than 10000 tasks"),
        ] {
            let found = wrong(tail);
            assert!(found.contains(&format!("line {line}")) && found.contains(said), "{tail}: {found}");
        }
    }

    #[test]
    fn spans_and_shares() {
        assert_eq!(parse_span("2d 6h"), Some(Duration::from_hours(54)));
        let week = Week::read(&format!("{SMALL}  - {{project: shop}}\n"), |_| Ok(())).unwrap();
        assert_eq!(week.length, Duration::from_hours(168));
        assert_eq!(week.begins.to_string(), "2026-01-04T18:00:00Z");
        let qwen = &week.agents["qwen"];
        assert_eq!(
            [Complexity::Low, Complexity::Critical].map(|one| qwen.good_at(one).to_bits()),
            [0.5f64.to_bits(); 2]
        );
    }
}
