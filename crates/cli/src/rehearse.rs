//! The rehearsal agent's player: a real child process that does what the script says, in the workspace,
//! inside whatever contains the run. It calls no model.
//!
//! Its script and its place in it are below its home, so that a resumed session goes on with the next part.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use agents::rehearsal::{Ask, SCRIPT, Said, Script, Step, fill};
use domain::Event;
use domain::event::LimitStatus;

/// The role `sidekick rehearse`.
#[expect(clippy::disallowed_methods, reason = "an agent's process: its home is in its environment")]
pub(crate) fn main(_: impl Iterator<Item = OsString>) -> ExitCode {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    match Player::open(&home).and_then(|mut player| player.play()) {
        Ok(code) => code,
        Err(error) => {
            writeln!(io::stderr(), "rehearsal: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

struct Player {
    script: Script,
    part: usize,
    tools: u32,
    summary: Option<String>,
}

/// How a step leaves the rest of the script.
enum Then {
    GoOn,
    End(ExitCode),
}

impl Player {
    fn open(home: &Path) -> io::Result<Self> {
        let script: Script = serde_json::from_slice(&fs::read(home.join(SCRIPT))?)?;
        let place = home.join(".rehearsal").join(format!("part-{}", script.session));
        let before: usize =
            fs::read_to_string(&place).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let part = if script.resumed { before + 1 } else { 1 };
        fs::write(place, part.to_string())?;
        Ok(Self { script, part, tools: 0, summary: None })
    }

    fn play(&mut self) -> io::Result<ExitCode> {
        let session = self.script.session.clone();
        event(Event::RunSession { session, model: Some("rehearsal".into()) })?;
        let Some(steps) = self.script.scenario.parts.get(self.part - 1).cloned() else {
            tell(&Said::Done { summary: "The script has no further part.".into() })?;
            return Ok(ExitCode::SUCCESS);
        };
        for step in steps {
            if let Then::End(code) = self.step(&step)? {
                return Ok(code);
            }
        }
        let summary = self.summary.take().unwrap_or_else(|| "The rehearsal is over.".into());
        tell(&Said::Done { summary })?;
        Ok(ExitCode::SUCCESS)
    }

    fn fill(&self, text: &str) -> String {
        fill(text, &self.script.task, &self.script.feedback, self.part)
    }

    fn step(&mut self, step: &Step) -> io::Result<Then> {
        match step {
            Step::Say(text) => {
                let text = self.fill(text);
                self.summary = Some(text.clone());
                event(Event::AgentText { text })?;
            }
            Step::Think(text) => event(Event::AgentThinking { text: self.fill(text) })?,
            Step::Write(file) => {
                Self::tool("Write", &file.path, || {
                    fs::write(in_place(&file.path)?, self.fill(&file.content))
                })?;
            }
            Step::Append(file) => Self::tool("Append", &file.path, || {
                let open = fs::OpenOptions::new().create(true).append(true).open(in_place(&file.path)?);
                open?.write_all(self.fill(&file.content).as_bytes())
            })?,
            Step::Delete(path) => Self::tool("Delete", path, || {
                if Path::new(path).is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
            })?,
            Step::Shell(command) => self.shell(&self.fill(command))?,
            Step::Sleep(_) => std::thread::sleep(step.duration()),
            Step::Plan(items) => event(Event::PlanUpdated { items: items.clone() })?,
            Step::Usage(used) => event(Event::UsageRecorded {
                input: used.input,
                output: used.output,
                cached: used.cached,
                cost_usd: used.cost_usd,
            })?,
            Step::Limit(limit) => return Self::limit(&limit.window, step.duration()),
            Step::Ask(ask) => {
                let (text, choices) = match ask {
                    Ask::Text(text) => (text, Vec::new()),
                    Ask::Choices { question, choices } => (question, choices.clone()),
                };
                event(domain::Question { text: self.fill(text), choices, ..Default::default() }.asked())?;
            }
            Step::Fail(reason) => {
                tell(&Said::Failed { reason: self.fill(reason) })?;
                return Ok(Then::End(ExitCode::FAILURE));
            }
            Step::Exit(code) => return Ok(Then::End(ExitCode::from(u8::try_from(*code).unwrap_or(1)))),
            Step::Crash(_) | Step::Hang(_) | Step::Flood(_) | Step::Fork(_) | Step::Garbage(_) => {
                fault(step)?;
            }
        }
        Ok(Then::GoOn)
    }

    fn limit(window: &str, resets_in: Duration) -> io::Result<Then> {
        let until = engine::clock::now().plus(resets_in);
        event(Event::LimitSeen {
            window: window.to_owned(),
            status: LimitStatus::Rejected,
            utilization: Some(1.0),
            resets_at: Some(until),
            text: "a rehearsed limit".into(),
        })?;
        tell(&Said::Limited { until, window: window.to_owned() })?;
        Ok(Then::End(ExitCode::FAILURE))
    }

    /// Shows a step as a tool's call and answer.
    fn tool(name: &str, path: &str, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let id = format!("{name}-{path}");
        let input = serde_json::json!({ "path": path });
        event(Event::ToolStarted { id: id.clone(), name: name.into(), summary: path.into(), input })?;
        let done = act();
        let output = done.as_ref().err().map_or_else(|| "done".to_owned(), ToString::to_string);
        event(Event::ToolFinished { id, ok: done.is_ok(), output })
    }

    fn shell(&mut self, command: &str) -> io::Result<()> {
        self.tools += 1;
        let id = format!("shell-{}", self.tools);
        let input = serde_json::json!({ "command": command });
        event(Event::ToolStarted { id: id.clone(), name: "Shell".into(), summary: command.into(), input })?;
        let output = sh(command).stdin(Stdio::null()).output()?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text += &String::from_utf8_lossy(&output.stderr);
        event(Event::ToolFinished {
            id,
            ok: output.status.success(),
            output: text.chars().take(20_000).collect(),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "an agent's process: it runs what its script says")]
fn sh(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}

/// Makes the directories of a path.
fn in_place(path: &str) -> io::Result<&Path> {
    let path = Path::new(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(path)
}

/// The faults that tests and load need.
fn fault(step: &Step) -> io::Result<()> {
    match step {
        Step::Crash(_) => {
            sh("kill -KILL $PPID").status()?;
        }
        Step::Hang(_) => loop {
            std::thread::sleep(Duration::from_hours(1));
        },
        Step::Flood(flood) => {
            let mut line = vec![b'x'; flood.line.max(1)];
            if flood.line > 0 {
                line.push(b'\n');
            } else {
                line.resize(65_536, b'x');
            }
            let mut out = io::stdout().lock();
            let mut left = flood.bytes;
            while left > 0 {
                out.write_all(&line)?;
                left = left.saturating_sub(line.len() as u64);
            }
            out.write_all(b"\n")?;
        }
        Step::Fork(count) => {
            for _ in 0..*count {
                sh("setsid sh -c 'trap \"\" TERM INT HUP; sleep 86400' >/dev/null 2>&1 &").status()?;
            }
        }
        Step::Garbage(bytes) => {
            let mut out = io::stdout().lock();
            out.write_all(b"\xff\xfe\x00 no text \xc3\x28\n{\"rehearsal\":\"event\",\n")?;
            out.write_all(&vec![b'y'; *bytes])?;
            out.write_all(b"\n")?;
        }
        _ => {}
    }
    Ok(())
}

fn event(event: Event) -> io::Result<()> {
    tell(&Said::Event { event: Box::new(event) })
}

fn tell(said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}
