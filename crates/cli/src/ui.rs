//! The terminal's one door: what is printed, in which colours, and the spinner.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::error::Error;

/// How to talk to whoever started us.
pub(crate) struct Ui {
    /// JSON on standard output, words on standard error.
    pub(crate) json: bool,
    colour: bool,
    terminal: bool,
}

/// A meaning that has a colour; the words say the same without it.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    Busy,
    Dim,
    Strong,
}

#[expect(clippy::unused_self, reason = "who may print is who was given the door")]
impl Ui {
    #[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
    pub(crate) fn new(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, colour: terminal && !plain && !json, terminal: terminal && !json }
    }

    /// The same door with standard output kept for the result: all that is said goes to standard error.
    pub(crate) fn aside(&self) -> Self {
        Self { json: true, colour: false, terminal: false }
    }

    /// Whether a person watches.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// What was asked for, on standard output.
    pub(crate) fn out(&self, text: impl Display) {
        // Whoever reads us may have seen enough and gone; that is no failure of ours.
        writeln!(std::io::stdout().lock(), "{text}").ok();
    }

    /// The same without a line's end.
    pub(crate) fn out_raw(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).ok();
    }

    /// One JSON document.
    pub(crate) fn json<T: serde::Serialize>(&self, value: &T) {
        self.out(serde_json::to_string(value).unwrap_or_default());
    }

    /// What people should know besides, on standard error when standard output is for programs.
    pub(crate) fn say(&self, text: impl Display) {
        if self.json {
            writeln!(std::io::stderr().lock(), "{text}").ok();
        } else {
            self.out(text);
        }
    }

    /// Something odd, on standard error.
    pub(crate) fn warn(&self, text: impl Display) {
        writeln!(std::io::stderr().lock(), "warning: {text}").ok();
    }

    /// Why the command ends.
    pub(crate) fn error(&self, error: &Error) {
        let mut stderr = std::io::stderr().lock();
        writeln!(stderr, "error: {}", error.message).ok();
        if let Some(hint) = &error.hint {
            writeln!(stderr, "hint: {hint}").ok();
        }
    }

    /// `text` in the colour of its meaning, where colours are seen.
    pub(crate) fn tone(&self, tone: Tone, text: impl Display) -> String {
        if !self.colour {
            return text.to_string();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Busy => "36",
            Tone::Dim => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A spinner with a line beside it; nothing where nobody watches.
    pub(crate) fn spinner(&self, text: &str) -> ProgressBar {
        if !self.terminal {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style).with_message(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// Columns, as wide as their widest cell; the last is cut to the terminal.
    pub(crate) fn table(&self, rows: &[Vec<(Tone, String)>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|(_, text)| text.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for row in rows {
            let mut line = String::new();
            for (column, (tone, text)) in row.iter().enumerate() {
                line += &self.tone(*tone, text);
                if column + 1 < row.len() {
                    line += &" ".repeat(widths[column] - text.chars().count() + 2);
                }
            }
            self.out(line.trim_end());
        }
    }
}

/// Text from an agent or a repository with everything taken out that could steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => skip_sequence(&mut chars),
            '\n' | '\t' => out.push(char),
            '\r' => {}
            char if char.is_control() || ('\u{80}'..='\u{9f}').contains(&char) => {}
            // Overrides of the writing direction can make a line read as another.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            char => out.push(char),
        }
    }
    out
}

/// Drops the rest of an escape sequence: CSI up to its final byte, strings (OSC, DCS …) up to their end.
fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => while chars.next().is_some_and(|char| !('\u{40}'..='\u{7e}').contains(&char)) {},
        Some(']' | 'P' | '^' | '_' | 'X') => {
            while let Some(char) = chars.next() {
                if char == '\u{7}' || (char == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        Some('\u{20}'..='\u{2f}') => drop(chars.next()),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        for (wild, tame) in [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]52;c;ZXZpbA==\x1b\\copy", "copy"),
            ("\x1bP+q544e\x1b\\x", "x"),
            ("a\u{9b}31mb\u{8}\u{7f}c\r\n", "a31mbc\n"),
            ("\x1b(Bok\x1b", "ok"),
            ("evil\u{202e}txt", "eviltxt"),
            ("é🦀\tok", "é🦀\tok"),
        ] {
            assert_eq!(plain(wild), tame, "{wild:?}");
        }
    }
}
