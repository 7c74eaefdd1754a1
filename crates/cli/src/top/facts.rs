//! What is known of the daemon's work, and the rows and sentences made of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use api::{AccountView, EventView, PlanView, PlannedView, ProjectView, TaskView, WindowView};
use domain::plan::told;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Row, Section};
use crate::show::{self, ago};
use crate::ui::{Ui, plain};

/// Failures older than this are no news any more.
const FAILED_WITHIN: i64 = 24 * 3600;

/// What the daemon answered at a time.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) at: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) limit: u64,
    pub(crate) projects: Vec<ProjectView>,
    pub(crate) accounts: Vec<AccountView>,
    pub(crate) plan: Option<PlanView>,
    /// Those that run, wait, are to be reviewed, or failed.
    pub(crate) tasks: Vec<TaskView>,
    /// Whether there are more than were asked for.
    pub(crate) cut: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            at: Timestamp::UNIX_EPOCH,
            zone: TimeZone::UTC,
            limit: 0,
            projects: Vec::new(),
            accounts: Vec::new(),
            plan: None,
            tasks: Vec::new(),
            cut: false,
        }
    }
}

/// What an event says in one line, for the task's row.
pub(crate) fn line_of(ui: &Ui, event: &EventView) -> Option<String> {
    let text = show::event(ui, event)?;
    text.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| line.chars().take(200).collect())
}

impl Facts {
    /// All rows, in the order in which they are shown.
    pub(super) fn rows(&self, progress: &HashMap<String, String>) -> Vec<Row> {
        let mut rows = self.for_you();
        let running = self.tasks.iter().filter(|task| task.state == "running");
        rows.extend(running.map(|task| {
            let stage = || show::detail(task, self.at);
            // While checks run, the stage says more than the agent's last word.
            let line = match task.stage.as_deref() {
                Some("agent") if !task.stopping => progress.get(&task.id).cloned().unwrap_or_else(stage),
                _ => stage(),
            };
            row(Section::Running, task, show::with(&task.agent, task.model.as_deref()), &line)
        }));
        let later = self.planned().filter(|planned| match planned.state.as_str() {
            "queued" | "landing" => true,
            "waiting" => !rows.iter().any(|row| row.id == planned.id),
            _ => false,
        });
        let later: Vec<_> = later.map(|planned| self.queued(planned)).collect();
        rows.extend(later);
        rows
    }

    /// What waits for a person: the most urgent first, questions before work to review before failures.
    fn for_you(&self) -> Vec<Row> {
        let rank = |task: &TaskView| match task.state.as_str() {
            "waiting" if task.questions.iter().any(|question| question.answer.is_none()) => Some(0),
            "review" => Some(1),
            "failed" => {
                let at = task.ended_at.as_deref().unwrap_or(&task.updated_at).parse::<Timestamp>().ok()?;
                (self.at.as_second() - at.as_second() < FAILED_WITHIN).then_some(2)
            }
            _ => None,
        };
        let mut tasks: Vec<_> = self.tasks.iter().filter_map(|task| Some((rank(task)?, task))).collect();
        tasks.sort_by_key(|(rank, task)| (task.priority, *rank, task.updated_at.clone()));
        let rows = tasks.into_iter().map(|(rank, task)| match rank {
            0 => {
                let open = task.questions.iter().find(|question| question.answer.is_none());
                let text = open.map(|question| plain(&question.text)).unwrap_or_default();
                row(Section::You, task, "asks".into(), &text)
            }
            1 => row(Section::You, task, "review".into(), &reviewed(task)),
            _ => row(Section::You, task, "failed".into(), &show::detail(task, self.at)),
        });
        rows.collect()
    }

    fn queued(&self, planned: &PlannedView) -> Row {
        Row {
            section: Section::Queue,
            id: planned.id.clone(),
            short: planned.short.clone(),
            project: planned.project.clone(),
            what: self.start(planned),
            title: plain(&planned.title),
            detail: plain(&planned.reason),
        }
    }

    fn start(&self, planned: &PlannedView) -> String {
        if planned.state == "landing" {
            return "landing".into();
        }
        match planned.start_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok()) {
            None => "held".into(),
            Some(at) if at <= self.at => "now".into(),
            Some(at) => self.clock(at),
        }
    }

    /// A time on the person's clock, with its day when that is another.
    fn clock(&self, at: Timestamp) -> String {
        let (at, today) = (at.to_zoned(self.zone.clone()), self.at.to_zoned(self.zone.clone()).date());
        at.strftime(if at.date() == today { "%H:%M" } else { "%a %-d %b %H:%M" }).to_string()
    }

    fn planned(&self) -> impl Iterator<Item = &PlannedView> {
        self.plan.iter().flat_map(|plan| &plan.tasks)
    }

    /// Each project: its name, its priority, how much there is, what becomes of it.
    pub(super) fn projects(&self) -> Vec<[String; 4]> {
        let mut projects: BTreeMap<&str, (Option<u8>, Vec<&PlannedView>)> = self
            .projects
            .iter()
            .map(|project| (project.name.as_str(), (Some(project.priority), Vec::new())))
            .collect();
        for planned in self.planned() {
            projects.entry(&planned.project).or_default().1.push(planned);
        }
        let mut rows: Vec<_> = projects.into_iter().collect();
        rows.sort_by_key(|(name, (priority, tasks))| (tasks.is_empty(), priority.unwrap_or(9), *name));
        let told = rows.into_iter().map(|(name, (priority, tasks))| {
            let priority = priority.map(|n| format!("p{n}")).unwrap_or_default();
            [plain(name), priority, amount(&tasks), self.forecast(&tasks)]
        });
        told.collect()
    }

    /// Whether a project's work is on time, and what is not.
    fn forecast(&self, tasks: &[&PlannedView]) -> String {
        if tasks.is_empty() {
            return "nothing to do".into();
        }
        let of = |verdict: &'static str| tasks.iter().filter(move |task| task.verdict == verdict);
        let more = |n: usize| if n > 1 { format!(", and {} more", n - 1) } else { String::new() };
        if let Some(late) = of("late").max_by_key(|task| task.late_seconds) {
            let by = told(Duration::from_secs(late.late_seconds.unwrap_or(0)));
            let save = late.save.as_ref().map(|save| format!("; {}", plain(save))).unwrap_or_default();
            let (title, more) = (plain(&late.title), more(of("late").count()));
            return format!("will miss: {title}, {by} late{more}{save}");
        }
        if let Some(tight) = of("tight").next() {
            return format!("tight: {}{}", plain(&tight.title), more(of("tight").count()));
        }
        if let Some(unknown) = of("unknown").next() {
            return format!("cannot be told: {}", plain(&unknown.title));
        }
        let end = tasks.iter().filter_map(|task| task.surely_at.as_deref().or(task.end_at.as_deref()));
        let end = end.filter_map(|at| at.parse::<Timestamp>().ok()).max();
        let word = if of("makes").next().is_some() { "on time" } else { "no deadline" };
        match end.filter(|end| *end > self.at) {
            Some(end) => format!("{word}; done by {}", self.clock(end)),
            None => word.into(),
        }
    }

    /// Each account that is used: its name, its state, what is left and when it renews.
    pub(super) fn credits(&self) -> Vec<[String; 3]> {
        let used = self.accounts.iter().filter(|account| {
            account.state != "logged_out" || account.running > 0 || account.last_seven_days.runs > 0
        });
        used.map(|account| [plain(&account.name), account.state.replace('_', " "), self.left(account)])
            .collect()
    }

    fn left(&self, account: &AccountView) -> String {
        let windows = account.windows.iter().map(|known| self.window(known));
        let mut parts: Vec<_> = windows.collect();
        if parts.is_empty() {
            let used = &account.last_five_hours;
            parts.push(match used.runs {
                0 => "not used in the last 5 hours".into(),
                1 => format!("1 run in the last 5 hours, {} tokens out", used.tokens.output),
                n => format!("{n} runs in the last 5 hours, {} tokens out", used.tokens.output),
            });
        }
        if let Some(reason) = account.reason.as_ref().filter(|_| account.state != "ready") {
            parts.insert(0, plain(reason));
        }
        parts.join("; ")
    }

    fn window(&self, window: &WindowView) -> String {
        let label = window.label.trim_end_matches(" window");
        if window.stale {
            return format!("{label} renewed");
        }
        let left = match window.used {
            Some(used) => format!("{:.0}% left", (1.0 - used.clamp(0.0, 1.0)) * 100.0),
            None => window.status.clone(),
        };
        let renews = window.resets_at.as_deref().map(|at| format!(", renews {}", ago(at, self.at)));
        format!("{label} {left}{}", renews.unwrap_or_default())
    }
}

fn row(section: Section, task: &TaskView, what: String, detail: &str) -> Row {
    Row {
        section,
        id: task.id.clone(),
        short: task.short.clone(),
        project: plain(&task.project),
        what,
        title: plain(&task.title),
        detail: plain(detail).replace('\n', " "),
    }
}

/// How much there is of a project's work.
fn amount(tasks: &[&PlannedView]) -> String {
    let of = |state: &str| tasks.iter().filter(|task| task.state == state).count();
    let counts = [(of("running"), "run"), (of("review"), "review"), (of("queued") + of("waiting"), "wait")];
    let told: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    told.join(", ")
}

/// What a person should know before reading a change.
fn reviewed(task: &TaskView) -> String {
    let mut parts: Vec<String> = task.diff.iter().map(show::size).collect();
    let failed = task.checks.iter().filter(|check| check.status != "passed").count();
    match (task.checks.len(), failed) {
        (0, _) => {}
        (_, 0) => parts.push("checks passed".into()),
        (_, n) => parts.push(format!("{n} of {} checks failed", task.checks.len())),
    }
    if let Some(verdict) = &task.verdict {
        parts.push(verdict.confidence_words.clone());
    }
    parts.join("; ")
}
