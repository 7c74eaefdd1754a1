//! `sidekick demo`: the whole main job on a sample repository, played by the rehearsal agent.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use api::{CreateTask, DiffView, TaskView};

use super::run;
use crate::args::{Args, Demo};
use crate::connect::{Connection, Purpose};
use crate::error::{Error, Result};
use crate::places::Places;
use crate::show;
use crate::ui::{Tone, Ui};

const TASK: &str =
    "Greet people by name, and mend the test\n\ngreet.sh always says \"Hello\". Let it take a name.";

const SCENARIO: &str = r#"
- say: "This is a rehearsal: no model is called. I look at the code first."
- plan:
    - {text: Look at the code, status: in_progress}
    - {text: Let greet.sh take a name, status: pending}
    - {text: Run the test, status: pending}
- shell: cat greet.sh test.sh
- write:
    path: greet.sh
    content: |
      #!/bin/sh
      # Greets whoever is named, or everybody.
      echo "Hello, ${1:-everybody}."
- plan:
    - {text: Look at the code, status: completed}
    - {text: Let greet.sh take a name, status: completed}
    - {text: Run the test, status: in_progress}
- shell: sh test.sh
- plan:
    - {text: Look at the code, status: completed}
    - {text: Let greet.sh take a name, status: completed}
    - {text: Run the test, status: completed}
- usage: {input: 1200, output: 150, cost_usd: 0}
- say: "greet.sh greets by name now, and the test passes."
"#;

pub(crate) fn demo(args: &Args, demo: &Demo, ui: &Ui) -> Result<ExitCode> {
    let places = Places::open(args.data_dir.as_deref())?;
    let dir = demo.dir.clone().unwrap_or_else(|| {
        let id = uuid::Uuid::now_v7().simple().to_string();
        places.data.join("demo").join(&id[id.len() - 8..]).join("greeter")
    });
    sample(&dir)?;
    ui.say(format!("A sample repository is in {}.", dir.display()));
    let connection = Connection::open(args, Purpose::Work)?;
    let body = CreateTask {
        text: TASK.into(),
        repo: Some(dir.display().to_string()),
        agent: Some("rehearsal".into()),
        scenario: Some(SCENARIO.into()),
        ..CreateTask::default()
    };
    let task: TaskView = connection.client.post("/api/tasks", &body, None)?;
    ui.say(ui.tone(Tone::Dim, format!("task {}: queued → workspace → sandbox → agent → review", task.short)));
    let task = run::watch(&connection, &task.id, 0, ui)?;
    if ui.json {
        ui.json(&task.result());
    } else {
        let diff: DiffView = connection.client.get(&format!("/api/tasks/{}/diff", task.id))?;
        ui.out("");
        for file in diff.files {
            ui.out_raw(&crate::ui::plain(&file.patch));
        }
        if let Some(next) = show::next_steps(&task) {
            ui.out(format!("\n{next}"));
        }
    }
    Ok(if task.state == "review" { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn sample(dir: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Error::failed(format!("the sample in {}: {error}", dir.display()));
    if dir.join(".git").exists() {
        return Err(Error::usage(format!("{} is a repository already; name a new directory", dir.display())));
    }
    fs::create_dir_all(dir).map_err(failed)?;
    fs::write(dir.join("greet.sh"), "#!/bin/sh\necho \"Hello\"\n").map_err(failed)?;
    fs::write(dir.join("test.sh"), "test \"$(sh greet.sh Ada)\" = \"Hello, Ada.\" && echo passed\n")
        .map_err(failed)?;
    fs::write(dir.join("AGENTS.md"), "Keep scripts POSIX. Run `sh test.sh`.\n").map_err(failed)?;
    for words in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &[
            "-c",
            "user.name=Sidekick demo",
            "-c",
            "user.email=demo@sidekick.invalid",
            "commit",
            "-q",
            "-m",
            "A sample",
        ],
    ] {
        git(dir, words)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "makes a repository of ours, as a person would")]
pub(super) fn git(dir: &Path, words: &[&str]) -> Result<()> {
    let status = Command::new("git").args(words).current_dir(dir).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Error::failed("git could not make a repository").hint("Is git installed?")),
    }
}
