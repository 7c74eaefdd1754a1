//! Pipelines: a task done in steps, each by runs of its own, the later ones fed with what the earlier ones said.
//!
//! A `plan` step ends with words: its tree is dropped. A `work` step changes the tree and is judged as any work; a review
//! belongs to the work before it, sends it back for so many rounds, and then to who `fix`es it. A plan may propose to split
//! the task (see [`split`]). Not here: the moves from step to step (`work::stepping`).

pub mod split;

use serde::{Deserialize, Serialize};

pub use self::split::{Part, Split};
use crate::nature::Kind;
use crate::supervise::Rung;
use crate::supervise::decide::MOST_RETRIES;
use crate::task::{ChosenBy, Task};

/// Steps of a pipeline.
pub const MOST_STEPS: usize = 8;
/// Characters of a step's words that are kept for those after it.
pub const MOST_WORDS: usize = 20_000;
/// Bytes of a step's own template.
pub const MOST_PROMPT: usize = 32 * 1024;
/// How often a review sends work back when nothing else is said.
pub const ROUNDS: u32 = 2;
/// The name of the pipeline that is there without a configuration.
pub const DEFAULT: &str = "default";

/// One stage of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the pipeline.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub does: Does,
    /// Who does it; the router chooses when nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Rung>,
    /// Its template in place of the project's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// A person is asked before what comes after it begins.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ask: bool,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Does {
    /// It looks and says what is to be done.
    Plan {
        /// Whether the task may become several.
        #[serde(default)]
        split: Split,
    },
    /// It changes the tree.
    Work {
        /// Who looks at what it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        review: Option<Reviewing>,
    },
}

/// A review of a work step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewing {
    /// Who; when nobody is named, one who did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Rung>,
    /// How often it sends the work back.
    pub rounds: u32,
    /// Who goes on with work that was sent back so often, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Rung>,
}

/// How far a task is in its pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The step that is next, or live.
    pub at: usize,
    /// What the steps before it said.
    pub done: Vec<Done>,
    /// What was asked for, where a step asks for something else.
    pub own: Option<Own>,
    /// What the plan proposes to split it into, until that is decided.
    pub proposed: Vec<Part>,
    /// How many tasks it was split into: they do its work.
    pub parts: usize,
}

/// A step that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Its name.
    pub step: String,
    /// Who did it.
    pub agent: String,
    /// The agent's closing words, shortened.
    pub words: String,
}

/// What a task's own wishes are, whatever its steps want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// The agent.
    pub agent: String,
    /// Who chose it.
    pub agent_by: ChosenBy,
    /// The model.
    pub model: Option<String>,
    /// What sort of work it is.
    pub kind: Kind,
}

impl Step {
    /// A step that only thinks.
    pub fn is_plan(&self) -> bool {
        matches!(self.does, Does::Plan { .. })
    }

    /// A plan of what was too much for one run.
    pub(crate) fn splitting(how: Split) -> Self {
        Self { name: SPLITTING.into(), does: Does::Plan { split: how }, by: None, prompt: None, ask: false }
    }

    /// The work, by whoever does it.
    pub(crate) fn working() -> Self {
        Self {
            name: "implement".into(),
            does: Does::Work { review: None },
            by: None,
            prompt: None,
            ask: false,
        }
    }

    /// Whether the task may become several in it.
    pub fn split(&self) -> Split {
        match self.does {
            Does::Plan { split } => split,
            Does::Work { .. } => Split::Never,
        }
    }
}

/// The name of the step that plans what was too much for one run.
const SPLITTING: &str = "split";

/// Whether a task may be planned anew in parts: it was not, and is no part itself.
pub fn may_split(task: &Task) -> bool {
    let planned =
        task.asked.pipeline.iter().any(|step| step.name == SPLITTING || step.split() != Split::Never);
    !planned && task.asked.parent.is_none() && !task.asked.once && task.asked.pipeline.len() < MOST_STEPS - 1
}

/// The pipeline that everybody has: who is best at it plans, the model of this machine works where there is one, and one
/// who did not write it reviews.
pub fn default() -> Vec<Step> {
    let step = |name: &str, does| Step { name: name.into(), does, by: None, prompt: None, ask: false };
    let review = Some(Reviewing { by: None, rounds: ROUNDS, fix: Vec::new() });
    vec![step("plan", Does::Plan { split: Split::Never }), step("implement", Does::Work { review })]
}

/// Why these cannot be the steps of a pipeline, if they cannot; for people.
pub fn complaint(steps: &[Step]) -> Option<String> {
    if steps.len() > MOST_STEPS {
        return Some(format!("a pipeline has at most {MOST_STEPS} steps"));
    }
    if steps.last().is_none_or(Step::is_plan) {
        return Some(
            "the last step of a pipeline is `work`, or the `review` of it: there is nothing to land else"
                .into(),
        );
    }
    for (n, step) in steps.iter().enumerate() {
        let named = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        if step.name.is_empty() || step.name.len() > 30 || !step.name.chars().all(named) {
            return Some(format!("`{}` is no name of a step: 1 to 30 letters, digits, - and _", step.name));
        }
        if steps[..n].iter().any(|before| before.name == step.name) {
            return Some(format!("two steps are called `{}`: give one of them a `name`", step.name));
        }
        if step.prompt.as_ref().is_some_and(|prompt| prompt.len() > MOST_PROMPT) {
            return Some(format!("the prompt of `{}` is longer than {MOST_PROMPT} bytes", step.name));
        }
        if let Does::Work { review: Some(review) } = &step.does {
            if review.rounds > MOST_RETRIES {
                return Some(format!("a review has at most {MOST_RETRIES} rounds"));
            }
            let writes = step.by.as_ref().is_some_and(|by| review.by.as_ref() == Some(by));
            if writes {
                return Some(format!(
                    "`{}` is reviewed by who does it, and nobody reviews their own work",
                    step.name
                ));
            }
        }
    }
    None
}

/// The step a task is in, if it has steps.
pub fn current(task: &Task) -> Option<&Step> {
    task.asked.pipeline.get(task.progress.at)
}

/// Makes what the step asks for what the task asks for.
pub(crate) fn enter(task: &mut Task) {
    let Some(step) = task.asked.pipeline.get(task.progress.at).cloned() else { return };
    let asked = &mut task.asked;
    let own = task.progress.own.get_or_insert_with(|| Own {
        agent: asked.agent.clone(),
        agent_by: asked.agent_by,
        model: asked.model.clone(),
        kind: asked.nature.kind,
    });
    asked.nature.kind = if step.is_plan() { Kind::Planning } else { own.kind };
    match &step.by {
        Some(by) => {
            // As a project's agent: who may take over when it rests is the project's to say.
            (asked.agent, asked.model) = (by.agent.clone(), by.model.clone());
            asked.agent_by = ChosenBy::Project;
        }
        // Who does the work is not who is best at planning it, unless a person said so.
        None if step.is_plan() && !own.agent_by.is_fixed() => {
            (asked.agent, asked.model) = (own.agent.clone(), None);
            asked.agent_by = ChosenBy::Router;
        }
        None => {
            (asked.agent, asked.model) = (own.agent.clone(), own.model.clone());
            asked.agent_by = own.agent_by;
        }
    }
}

/// What of a step's words is kept.
pub fn kept(words: &str) -> String {
    let words = words.trim();
    match words.char_indices().nth(MOST_WORDS) {
        None => words.to_owned(),
        Some((end, _)) => format!("{}\n\n(the rest is left out)", words[..end].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(name: &str) -> Step {
        Step { name: name.into(), does: Does::Work { review: None }, by: None, prompt: None, ask: false }
    }

    #[test]
    fn what_is_no_pipeline_is_told() {
        assert_eq!(complaint(&default()), None);
        let plan = default().remove(0);
        let own = Step {
            by: Rung::parse("qwen"),
            does: Does::Work {
                review: Some(Reviewing { by: Rung::parse("qwen"), rounds: 1, fix: Vec::new() }),
            },
            ..work("own")
        };
        let told: Vec<_> = [
            vec![],
            vec![plan],
            vec![work("a"), work("a")],
            vec![work("a b")],
            (0..9).map(|n| work(&n.to_string())).collect(),
            vec![own],
        ]
        .iter()
        .map(|steps| complaint(steps).unwrap_or_default())
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        the last step of a pipeline is `work`, or the `review` of it: there is nothing to land else
        the last step of a pipeline is `work`, or the `review` of it: there is nothing to land else
        two steps are called `a`: give one of them a `name`
        `a b` is no name of a step: 1 to 30 letters, digits, - and _
        a pipeline has at most 8 steps
        `own` is reviewed by who does it, and nobody reviews their own work
        ");
    }

    #[test]
    fn steps_are_kept_as_they_are() {
        let text = serde_json::to_string(&default()).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Step>>(&text).unwrap(), default());
        insta::assert_snapshot!(text, @r#"[{"name":"plan","does":"plan","split":"never"},{"name":"implement","does":"work","review":{"rounds":2}}]"#);
    }

    #[test]
    fn words_are_bounded_by_characters() {
        assert_eq!(kept(" a plan \n"), "a plan");
        assert!(kept(&"é".repeat(MOST_WORDS + 1)).ends_with("é\n\n(the rest is left out)"));
    }
}
