//! `sidekick takeover`: a person goes on with a task in its agent's own interactive UI, and hands it back.

use std::process::ExitCode;

use api::TaskView;

use super::{decide, logs, run};
use crate::args::{Args, Takeover};
use crate::config;
use crate::connect::{Connection, Purpose};
use crate::error::{Error, Result};
use crate::places::Places;
use crate::show;
use crate::terminal::{self, Left};
use crate::tmux;
use crate::ui::{Tone, Ui};

pub(crate) fn takeover(args: &Args, takeover: &Takeover, ui: &Ui) -> Result<ExitCode> {
    let id = &takeover.id;
    let places = Places::open(args.data_dir.as_deref())?;
    if takeover.tmux || (!takeover.here && config::in_windows(args.config.as_deref(), &places.data)?) {
        return in_a_window(args, id, ui);
    }
    terminal::needed()?;
    let connection = Connection::open(args, Purpose::Work)?;
    let task: TaskView = connection.client.get(&format!("/api/tasks/{}", api::escaped(id)))?;
    let last = logs::last_event(&connection, &task.id)?;
    let path = format!("/api/tasks/{}/takeover", task.id);
    let task: TaskView = connection.client.post(&path, &serde_json::json!({}), None)?;
    if task.stopping {
        ui.say(ui.tone(Tone::Dim, format!("{} is stopped first", task.agent)));
    }
    let ready = |task: &TaskView| task.hands_on && task.stage.as_deref() == Some("agent");
    let task = decide::until(&connection, task, |task| ready(task) || run::is_over(task))?;
    let (true, Some(of)) = (ready(&task), &task.run) else {
        let reason = task.reason.clone().unwrap_or_else(|| format!("it is {}", task.state));
        return Err(Error::failed(format!("task {} could not be taken over: {reason}", task.short)));
    };
    ui.say(ui.tone(
        Tone::Dim,
        format!("{} in the workspace of task {}; leave it to hand back", task.agent, task.short),
    ));
    let dir = places.data.join("runs").join(of).join("agent");
    match terminal::attach(&dir)? {
        Left::Ended => {}
        Left::Detached => {
            ui.say(format!("It goes on without you. Back to it: sidekick takeover {}", task.short));
            return Ok(ExitCode::SUCCESS);
        }
    }
    let task = run::watch(&connection, &task.id, last, ui)?;
    if ui.json {
        ui.json(&task.result());
    } else if let Some(next) = show::next_steps(&task) {
        ui.out(format!("\n{next}"));
    }
    Ok(run::code(&task))
}

fn in_a_window(args: &Args, id: &str, ui: &Ui) -> Result<ExitCode> {
    let task: TaskView = super::look(args)?.client.get(&format!("/api/tasks/{}", api::escaped(id)))?;
    let name = format!("{} by hand", task.short);
    tmux::open(&name, &tmux::program(args, &["takeover", "--here", &task.id])?)?;
    ui.say(format!("In a window of tmux: tmux attach -t {}", tmux::SESSION));
    Ok(ExitCode::SUCCESS)
}
