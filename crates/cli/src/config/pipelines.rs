//! Pipelines in the configuration: lists of steps; every mistake with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::pipeline::{self, Does, ROUNDS, Reviewing, Split, Step};
use domain::supervise::Rung;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::error::{Error, Result};

/// A step: exactly one of `plan`, `work` and `review` says what it does and who does it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StepFile {
    /// `AGENT`, `AGENT/MODEL`, or `any`: then the router chooses.
    plan: Option<Spanned<String>>,
    work: Option<Spanned<String>>,
    /// Of the `work` before it.
    review: Option<Spanned<String>>,
    name: Option<String>,
    /// A template in place of the project's.
    prompt: Option<PathBuf>,
    /// A person is asked before the next step.
    ask: bool,
    split: Split,
    rounds: Option<u32>,
    fix: Vec<Spanned<String>>,
}

/// What stands for whomever the router chooses.
const ANY: &str = "any";

/// All pipelines there are, by name.
pub(super) fn pipelines(
    files: BTreeMap<String, Vec<StepFile>>,
    dir: &Path,
    is_agent: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<Step>>> {
    let mut known = BTreeMap::from([(pipeline::DEFAULT.to_owned(), pipeline::default())]);
    for (name, files) in files {
        let mut steps: Vec<Step> = Vec::new();
        for file in files {
            add(&name, &mut steps, file, dir, is_agent)?;
        }
        if let Some(what) = pipeline::complaint(&steps) {
            return Err(Error::usage(format!("pipeline `{name}`: {what}")));
        }
        known.insert(name, steps);
    }
    Ok(known)
}

fn add(
    pipeline: &str,
    steps: &mut Vec<Step>,
    file: StepFile,
    dir: &Path,
    is_agent: &dyn Fn(&str) -> bool,
) -> Result<()> {
    let wrong = |at: &Spanned<String>, what: &str| {
        Error::usage(format!("line {}: pipeline `{pipeline}`: {what}", at.referenced.line()))
    };
    let rung = |text: &Spanned<String>| {
        let rung = Rung::parse(&text.value).filter(|rung| is_agent(&rung.agent));
        rung.ok_or_else(|| wrong(text, &format!("`{}` is no AGENT, AGENT/MODEL or `{ANY}`", text.value)))
    };
    let who = |text: &Spanned<String>| if text.value == ANY { Ok(None) } else { rung(text).map(Some) };
    let (kind, by) = match (&file.plan, &file.work, &file.review) {
        (Some(by), None, None) => ("plan", by),
        (None, Some(by), None) => ("work", by),
        (None, None, Some(by)) => ("review", by),
        _ => {
            let n = steps.len() + 1;
            let what = format!("pipeline `{pipeline}`, step {n}: give one of `plan`, `work` and `review`");
            return Err(Error::usage(what));
        }
    };
    if kind != "plan" && file.split != Split::Never {
        return Err(wrong(by, "only a `plan` can `split`"));
    }
    if kind != "review" && (file.rounds.is_some() || !file.fix.is_empty()) {
        return Err(wrong(by, "`rounds` and `fix` are for a `review`"));
    }
    if kind == "review" {
        if file.prompt.is_some() || file.ask || file.name.is_some() {
            return Err(wrong(
                by,
                "a `review` has no `name`, `prompt` or `ask`: it belongs to the `work` before it",
            ));
        }
        let fix = file.fix.iter().map(rung).collect::<Result<_>>()?;
        let review = Reviewing { by: who(by)?, rounds: file.rounds.unwrap_or(ROUNDS), fix };
        return match steps.last_mut().map(|last| &mut last.does) {
            Some(Does::Work { review: none @ None }) => {
                *none = Some(review);
                Ok(())
            }
            _ => Err(wrong(by, "a `review` comes right after the `work` that it reviews")),
        };
    }
    let does = if kind == "plan" { Does::Plan { split: file.split } } else { Does::Work { review: None } };
    let name = file.name.unwrap_or_else(|| if kind == "plan" { "plan" } else { "implement" }.into());
    let prompt = file.prompt.map(|path| template(kind, &dir.join(path)));
    let prompt = prompt.transpose().map_err(|what| wrong(by, &what))?;
    steps.push(Step { name, does, by: who(by)?, prompt, ask: file.ask });
    Ok(())
}

/// A step's own template, tried once.
fn template(kind: &str, path: &Path) -> std::result::Result<String, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("the prompt {} cannot be read: {error}", path.display()))?;
    let name = if kind == "plan" { "plan" } else { "task" };
    match engine::prompt::complaint(&BTreeMap::from([(name.to_owned(), text.clone())])) {
        Some(what) => Err(what),
        None => Ok(text),
    }
}

/// The steps that a project names; none when it names none.
pub(super) fn of_project(
    project: &str,
    name: Option<&Spanned<String>>,
    known: &BTreeMap<String, Vec<Step>>,
) -> Result<Vec<Step>> {
    let Some(name) = name else { return Ok(Vec::new()) };
    known.get(&name.value).cloned().ok_or_else(|| {
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        Error::usage(format!(
            "line {}: project `{project}`: there is no pipeline `{}`; there are {}",
            name.referenced.line(),
            name.value,
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, Vec<Step>>> {
        let files = serde_saphyr::from_str(text).map_err(|error| Error::usage(error.to_string()))?;
        pipelines(files, Path::new("/nowhere"), &|name| ["claude", "qwen", "gemini"].contains(&name))
    }

    #[test]
    fn steps_are_read_and_a_review_belongs_to_the_work_before_it() {
        let known = read(
            "careful:\n  - plan: claude/opus\n    split: ask\n  - work: qwen\n  - review: gemini\n    rounds: 1\n    fix: [claude]\n",
        )
        .unwrap();
        insta::assert_snapshot!(serde_json::to_string(&known["careful"]).unwrap(), @r#"[{"name":"plan","does":"plan","split":"ask","by":{"agent":"claude","model":"opus"}},{"name":"implement","does":"work","review":{"by":{"agent":"gemini"},"rounds":1,"fix":[{"agent":"claude"}]},"by":{"agent":"qwen"}}]"#);
        assert_eq!(known["default"], pipeline::default());
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let told: Vec<_> = [
            "a:\n  - plan: claude\n    work: qwen\n",
            "a:\n  - work: quen\n",
            "a:\n  - review: gemini\n",
            "a:\n  - work: qwen\n    split: ask\n",
            "a:\n  - work: qwen\n    rounds: 3\n",
            "a:\n  - plan: claude\n",
            "a:\n  - work: any\n    prompt: nowhere.md\n",
            "a:\n  - work: any\n  - review: any\n    name: r\n",
        ]
        .into_iter()
        .map(|text| read(text).unwrap_err().message)
        .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        pipeline `a`, step 1: give one of `plan`, `work` and `review`
        line 2: pipeline `a`: `quen` is no AGENT, AGENT/MODEL or `any`
        line 2: pipeline `a`: a `review` comes right after the `work` that it reviews
        line 2: pipeline `a`: only a `plan` can `split`
        line 2: pipeline `a`: `rounds` and `fix` are for a `review`
        pipeline `a`: the last step of a pipeline is `work`, or the `review` of it: there is nothing to land else
        line 2: pipeline `a`: the prompt /nowhere/nowhere.md cannot be read: No such file or directory (os error 2)
        line 3: pipeline `a`: a `review` has no `name`, `prompt` or `ask`: it belongs to the `work` before it
        ");
    }
}
