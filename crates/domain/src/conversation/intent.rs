//! What plain words mean, without a model: a few forms that are certain, nothing else. Used first, because it costs nothing
//! and takes no time, and alone where there is no model or it does not answer.

use super::brain::{Scene, Seen};
use super::deed::Deed;

/// How urgent "prioritise" makes a task.
const URGENT: u8 = 1;

/// What was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Do this.
    Do(Vec<Deed>),
    /// Say why these wait, or how they stand.
    Explain(Vec<String>),
    /// Say what happened today.
    Day,
    /// Say what is going on now.
    Now,
    /// The words could mean several tasks.
    Which {
        /// What was said.
        what: String,
        /// What it could mean.
        could_be: Vec<String>,
    },
    /// Nothing is called so.
    Nothing(String),
}

/// What is understood without a model, for people.
pub const FORMS: &str = "prioritise X · why does X wait · stop X · retry X · add TEXT (to PROJECT) · what happened today · what is going on";

/// What the words mean, where that is certain.
pub fn read(said: &str, scene: &Scene) -> Option<Intent> {
    let text = normal(said);
    if [
        "what happened today",
        "summarise my day",
        "summarize my day",
        "summarise the day",
        "summarize the day",
        "what happened",
    ]
    .contains(&text.as_str())
    {
        return Some(Intent::Day);
    }
    if ["what is going on", "what's going on", "status", "how is it going", "what is running"]
        .contains(&text.as_str())
    {
        return Some(Intent::Now);
    }
    let after = |starts: &[&str]| starts.iter().find_map(|start| text.strip_prefix(start)).map(str::trim);
    if let Some(what) = after(&["prioritise ", "prioritize ", "prioritise: ", "make urgent "]) {
        return Some(about(what, scene, true, |task| Deed::Adjust {
            task: task.short.clone(),
            priority: Some(URGENT),
            deadline: None,
        }));
    }
    if let Some(what) = after(&["stop ", "cancel "]) {
        return Some(about(what, scene, false, |task| Deed::Stop { task: task.short.clone() }));
    }
    if let Some(what) = after(&["retry ", "try again "]) {
        return Some(about(what, scene, false, |task| Deed::Retry { task: task.short.clone(), agent: None }));
    }
    if let Some(what) = after(&["why does ", "why is ", "why isn't ", "explain "]) {
        let ends =
            [" wait", " waiting", " waits", " not running", " queued", " not start", " stuck", " failed"];
        let what = ends.iter().find_map(|end| what.strip_suffix(end)).unwrap_or(what);
        return Some(match found(what, scene) {
            Found::Some(tasks) => Intent::Explain(tasks.iter().map(|task| task.short.clone()).collect()),
            Found::Several(could_be) => Intent::Which { what: what.into(), could_be },
            Found::None => Intent::Nothing(what.into()),
        });
    }
    create(said)
}

/// `add TEXT`, `add TEXT to PROJECT`; as it was written, not as it was normalised.
fn create(said: &str) -> Option<Intent> {
    let said = said.trim();
    let lower = said.to_lowercase();
    let start = ["add a task: ", "add task: ", "new task: ", "add a task to ", "todo: "]
        .iter()
        .find(|start| lower.starts_with(**start))?;
    let text = said.get(start.len()..)?.trim().to_owned();
    (!text.is_empty()).then(|| {
        Intent::Do(vec![Deed::Create {
            text,
            project: None,
            priority: None,
            deadline: None,
            agent: None,
            after: Vec::new(),
        }])
    })
}

/// Without the greeting, the courtesies, the mark at the end, and case.
fn normal(said: &str) -> String {
    let text = said.trim().to_lowercase();
    let text = text.trim_end_matches(['.', '!', '?', ' ']);
    let mut text = text;
    for start in ["hey sidekick", "ok sidekick", "hi sidekick", "sidekick", "please", "could you", "can you"]
    {
        if let Some(rest) = text.strip_prefix(start)
            && rest.starts_with([',', ' ', ':'])
        {
            text = rest.trim_start_matches([',', ' ', ':']);
        }
    }
    text.strip_suffix(" please").or_else(|| text.strip_suffix(", please")).unwrap_or(text).trim().to_owned()
}

enum Found<'a> {
    Some(Vec<&'a Seen>),
    Several(Vec<String>),
    None,
}

fn about(what: &str, scene: &Scene, whole_projects: bool, deed: impl Fn(&Seen) -> Deed) -> Intent {
    match found(what, scene) {
        Found::Some(tasks) if tasks.len() > 1 && !whole_projects => Intent::Which {
            what: what.into(),
            could_be: tasks.iter().map(|task| format!("{} {}", task.short, task.title)).collect(),
        },
        Found::Some(tasks) => Intent::Do(tasks.into_iter().take(super::MOST_DEEDS).map(deed).collect()),
        Found::Several(could_be) => Intent::Which { what: what.into(), could_be },
        Found::None => Intent::Nothing(what.into()),
    }
}

/// What a name means: a task by its id, a project's open tasks, or the one task with those words in its title.
fn found<'a>(what: &str, scene: &'a Scene) -> Found<'a> {
    let what = what.trim_start_matches("task ").trim_start_matches("the ").trim();
    let hex = what.len() >= 3 && what.chars().all(|char| char.is_ascii_hexdigit() || char == '-');
    if hex && let Some(task) = scene.task(what) {
        return Found::Some(vec![task]);
    }
    let is_open =
        |task: &&Seen| matches!(task.state.as_str(), "queued" | "running" | "waiting" | "review" | "failed");
    let project = scene
        .projects
        .iter()
        .find(|(name, aliases)| std::iter::once(name).chain(aliases).any(|name| name.to_lowercase() == what));
    if let Some((name, _)) = project {
        let tasks: Vec<_> = scene.tasks.iter().filter(is_open).filter(|task| &task.project == name).collect();
        let moving = tasks
            .iter()
            .copied()
            .filter(|task| matches!(task.state.as_str(), "queued" | "waiting" | "running"));
        let moving: Vec<_> = moving.collect();
        return if moving.is_empty() { Found::None } else { Found::Some(moving) };
    }
    let fit: Vec<_> = scene.tasks.iter().filter(is_open).filter(|task| says(&task.title, what)).collect();
    match fit.as_slice() {
        [] => Found::None,
        [one] => Found::Some(vec![one]),
        several => Found::Several(
            several.iter().take(9).map(|task| format!("{} {}", task.short, task.title)).collect(),
        ),
    }
}

/// Whether every word stands in the title.
fn says(title: &str, what: &str) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split(|char: char| !char.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let (title, what) = (split(title), split(what));
    !what.is_empty() && what.iter().all(|word| title.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::brain::tests::scene;
    use super::*;

    fn tasks(intent: Option<Intent>) -> Vec<String> {
        match intent {
            Some(Intent::Do(deeds)) => {
                deeds.iter().filter_map(|deed| deed.task().map(str::to_owned)).collect()
            }
            Some(Intent::Explain(tasks)) => tasks,
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn plain_words_are_understood() {
        let scene = scene();
        assert_eq!(tasks(read("Hey Sidekick, prioritise Antenna.", &scene)), ["cccc3333"]);
        assert_eq!(tasks(read("prioritize storefront", &scene)), ["aaaa1111", "bbbb2222"]);
        assert_eq!(tasks(read("stop the login page please", &scene)), ["aaaa1111"]);
        assert_eq!(tasks(read("why does the export wait?", &scene)), ["bbbb2222"]);
        assert_eq!(tasks(read("Why is bbbb queued?", &scene)), ["bbbb2222"]);
        assert_eq!(read("What happened today?", &scene), Some(Intent::Day));
        let Some(Intent::Do(deeds)) = read("New task: Fix the README of Antenna", &scene) else {
            panic!("no task")
        };
        assert!(matches!(&deeds[0], Deed::Create { text, .. } if text == "Fix the README of Antenna"));
    }

    #[test]
    fn what_is_not_certain_is_left_to_a_model_or_asked() {
        let mut scene = scene();
        assert_eq!(read("could we make the login nicer somehow?", &scene), None);
        assert_eq!(read("prioritise the moon", &scene), Some(Intent::Nothing("the moon".into())));
        scene.tasks[1].title = "Login by mail".into();
        assert!(
            matches!(read("stop login", &scene), Some(Intent::Which { could_be, .. }) if could_be.len() == 2)
        );
        assert!(
            matches!(read("stop shop", &scene), Some(Intent::Which { .. })),
            "one word stops one task at most"
        );
    }
}
