//! Keys, and what they mean where.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;

use super::{Asking, Effect, Opened, Section, Top};
use crate::ui::plain;

/// The longest line that can be written.
const MOST_WRITTEN: usize = 4000;

impl Top {
    /// Takes a key.
    pub(crate) fn take_key(&mut self, key: KeyEvent) -> Option<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && matches!(key.code, KeyCode::Char('c')) {
            return Some(Effect::Quit);
        }
        self.notice = None;
        match self.asking.take() {
            Some(Asking::Sure { words, effect }) => self.answer(key.code, words, effect),
            Some(Asking::Line { label, task, text, answers }) => {
                self.write(key, control, Written { label, task, text, answers })
            }
            None => self.command(key.code),
        }
    }

    /// Takes pasted text: only where a line is written.
    pub(crate) fn take_paste(&mut self, pasted: &str) {
        if let Some(Asking::Line { text, .. }) = &mut self.asking {
            let room = MOST_WRITTEN.saturating_sub(text.len());
            text.extend(plain(pasted).replace(['\n', '\t'], " ").chars().take(room));
        }
    }

    fn answer(&mut self, code: KeyCode, words: String, effect: Effect) -> Option<Effect> {
        match code {
            KeyCode::Char('y' | 'Y') => Some(effect),
            KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => None,
            _ => {
                self.asking = Some(Asking::Sure { words, effect });
                None
            }
        }
    }

    fn write(&mut self, key: KeyEvent, control: bool, mut line: Written) -> Option<Effect> {
        match key.code {
            KeyCode::Esc => return None,
            KeyCode::Enter if !line.text.trim().is_empty() => return Some(line.effect()),
            KeyCode::Backspace => drop(line.text.pop()),
            KeyCode::Char('u') if control => line.text.clear(),
            KeyCode::Char('w') if control => {
                let kept = line.text.trim_end().rfind(' ').map_or(0, |at| at + 1);
                line.text.truncate(kept);
            }
            KeyCode::Char(char) if !control && line.text.len() < MOST_WRITTEN => line.text.push(char),
            _ => {}
        }
        let Written { label, task, text, answers } = line;
        self.asking = Some(Asking::Line { label, task, text, answers });
        None
    }

    fn command(&mut self, code: KeyCode) -> Option<Effect> {
        match code {
            KeyCode::Char('q') | KeyCode::Esc if self.opened.is_some() => self.opened = None,
            KeyCode::Char('q') => return Some(Effect::Quit),
            KeyCode::Down | KeyCode::Char('j') => self.go(1),
            KeyCode::Up | KeyCode::Char('k') => self.go(-1),
            KeyCode::PageDown => self.go(10),
            KeyCode::PageUp => self.go(-10),
            KeyCode::Home | KeyCode::Char('g') => self.go(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.go(isize::MAX),
            KeyCode::Tab => self.next_section(),
            KeyCode::Enter if self.opened.is_none() => return self.open(),
            KeyCode::Char('a') => self.approve(),
            KeyCode::Char('r') => self.send_back(),
            KeyCode::Char('s') => self.stop(),
            KeyCode::Char(digit @ '1'..='9') if self.opened.is_some() => return self.choose(digit),
            _ => {}
        }
        None
    }

    fn go(&mut self, by: isize) {
        if let Some(opened) = &mut self.opened {
            // Up in the list is back in the log.
            opened.up = opened.up.saturating_add_signed(by.saturating_neg()).min(opened.lines.len());
            return;
        }
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// To the first row of the next section that has any.
    fn next_section(&mut self) {
        let Some(now) = self.rows.get(self.selected).map(|row| row.section) else { return };
        let after = self.rows.iter().skip(self.selected).position(|row| row.section != now);
        self.selected = after.map_or(0, |at| self.selected + at);
    }

    fn open(&mut self) -> Option<Effect> {
        let id = self.rows.get(self.selected)?.id.clone();
        self.opened = Some(Opened { id: id.clone(), lines: Vec::new(), up: 0 });
        Some(Effect::Open(id))
    }

    fn approve(&mut self) {
        let Some(task) = self.task().filter(|task| task.state == "review") else {
            return self.say("Only work that waits for review can be approved.");
        };
        let title = plain(&task.title);
        let into = task.base.as_deref().map(|base| format!(" into {}", plain(base))).unwrap_or_default();
        let effect = Effect::Post {
            path: format!("/api/tasks/{}/approve", task.id),
            body: json!({}),
            said: format!("Approved: {title}. It is merged{into} when its turn comes."),
        };
        self.asking = Some(Asking::Sure { words: format!("Merge `{title}`{into}? y, n"), effect });
    }

    fn send_back(&mut self) {
        let Some(task) = self.task() else { return };
        let asks = task.state == "waiting" && task.questions.iter().any(|one| one.answer.is_none());
        let label = match task.state.as_str() {
            "review" => "What should change",
            _ if asks => "Your answer",
            _ => return self.say("Only work that waits for review can be sent back."),
        };
        let task = task.id.clone();
        self.asking = Some(Asking::Line { label, task, text: String::new(), answers: asks });
    }

    fn stop(&mut self) {
        let ended = |state: &str| matches!(state, "completed" | "failed" | "cancelled");
        // What is queued is known from the plan alone.
        let row = self.rows.get(self.selected).filter(|_| self.opened.is_none());
        let known = self.task().map(|task| (task.id.clone(), plain(&task.title), ended(&task.state)));
        let queued = row.filter(|row| row.section == Section::Queue);
        let known = known.or_else(|| queued.map(|row| (row.id.clone(), row.title.clone(), false)));
        let Some((id, title, false)) = known else {
            return self.say("It has ended already.");
        };
        let effect = Effect::Post {
            path: format!("/api/tasks/{id}/stop"),
            body: json!({}),
            said: format!("Stopped: {title}."),
        };
        self.asking = Some(Asking::Sure { words: format!("Stop `{title}`? y, n"), effect });
    }

    /// Answers an open question with one of its choices.
    fn choose(&mut self, digit: char) -> Option<Effect> {
        let task = self.task()?;
        let question = task.questions.iter().find(|question| question.answer.is_none())?;
        let n = usize::try_from(digit.to_digit(10)?).ok()?;
        let choice = question.choices.get(n - 1)?;
        Some(Effect::Post {
            path: format!("/api/tasks/{}/answer", task.id),
            body: json!({ "text": choice, "question": question.id }),
            said: format!("Answered: {}.", plain(choice)),
        })
    }
}

/// A line that is being written.
struct Written {
    label: &'static str,
    task: String,
    text: String,
    answers: bool,
}

impl Written {
    fn effect(self) -> Effect {
        let Self { task, text, answers, .. } = self;
        let text = text.trim().to_owned();
        if answers {
            let path = format!("/api/tasks/{task}/answer");
            return Effect::Post { path, body: json!({ "text": text }), said: "Answered.".into() };
        }
        let path = format!("/api/tasks/{task}/send-back");
        let said = "Sent back: its agent goes on with your comment.".into();
        Effect::Post { path, body: json!({ "comment": text }), said }
    }
}
