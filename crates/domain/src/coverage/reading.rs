//! Reading coverage reports: lcov, Cobertura's XML, Go's cover profile, told apart by what they say. A report is written by
//! code that an agent may have written: nothing in it is believed to be well-formed, small, or about this repository.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Reported, Seen, Unnamed, count, spans};
use crate::supervise::Change;

/// The largest report that is read.
pub const MOST_BYTES: u64 = 32 << 20;
/// Spans that are kept of a report.
const MOST_SPANS: usize = 2000;
/// Times that a line of the change may be spoken of.
const MOST_WORDS: usize = 3_000_000;
/// Directories that a report may say its files are in.
const MOST_SOURCES: usize = 50;

/// Where a report was found, for finding the files that it names.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Where the check saw the repository, absolute; several names of one place.
    pub roots: Vec<String>,
    /// The report's path in the repository.
    pub report: String,
    /// The repository's files.
    pub files: BTreeSet<String>,
    /// Go's modules: their names and the directories they are in.
    pub modules: Vec<(String, String)>,
}

/// What a report says of the change.
pub fn read(bytes: &[u8], place: &Place, change: &Change) -> Reported {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let mut lines = Lines::of(place, change);
    let read = if text.is_empty() {
        Err("is empty".into())
    } else if text.starts_with("mode:") {
        go(text, &mut lines)
    } else if text.starts_with('<') {
        cobertura(text, &mut lines)
    } else if text.lines().any(|line| line.starts_with("SF:")) {
        lcov(text, &mut lines)
    } else {
        Err("is neither lcov, nor Cobertura XML, nor a Go cover profile".into())
    };
    match read.and_then(|()| lines.end(change)) {
        Ok(reported) => reported,
        Err(reason) => Reported::Without { reason },
    }
}

/// What was read so far of the changed lines.
struct Lines<'a> {
    place: &'a Place,
    /// The lines that came, of the changed files that are no tests.
    came: BTreeMap<&'a str, BTreeSet<u32>>,
    seen: BTreeMap<&'a str, (BTreeSet<u32>, BTreeSet<u32>)>,
    /// The endings of the files that the report names.
    endings: BTreeSet<String>,
    left: usize,
}

/// A file of the report; nothing when none of its lines came with the change.
type At<'a> = Option<&'a str>;

impl<'a> Lines<'a> {
    fn of(place: &'a Place, change: &'a Change) -> Self {
        let came = change.files.iter().filter(|file| !file.is_test()).map(|file| {
            let added = file.added().map(|line| line.number).collect();
            (file.path.as_str(), added)
        });
        Self {
            place,
            came: came.collect(),
            seen: BTreeMap::new(),
            endings: BTreeSet::new(),
            left: MOST_WORDS,
        }
    }

    /// What follows is about a file, as the report names it.
    fn enter(&mut self, named: &str, sources: &[String]) -> At<'a> {
        let path = self.place.locate(named, sources)?;
        if let Some(ending) = ending(&path) {
            self.endings.insert(ending.to_owned());
        }
        let (path, _) = self.came.get_key_value(path.as_str())?;
        self.seen.entry(path).or_default();
        Some(path)
    }

    fn tell(&mut self, at: At<'a>, from: u32, to: u32, ran: bool) -> Result<(), String> {
        let Some(path) = at.filter(|_| from <= to) else { return Ok(()) };
        let (Some(came), Some((yes, no))) = (self.came.get(path), self.seen.get_mut(path)) else {
            return Ok(());
        };
        let into = if ran { yes } else { no };
        let known = into.len();
        let mut told = 0;
        into.extend(came.range(from..=to).inspect(|_| told += 1));
        debug_assert!(into.len() <= known + told);
        self.left = self.left.checked_sub(told).ok_or("says too much to be read")?;
        Ok(())
    }

    fn end(self, change: &Change) -> Result<Reported, String> {
        if self.endings.is_empty() && self.seen.is_empty() {
            return Err("names no file of the repository".into());
        }
        let files: Vec<_> = self
            .seen
            .iter()
            .map(|(path, (ran, missed))| Seen {
                path: (*path).to_owned(),
                ran: spans(ran),
                missed: spans(&missed.difference(ran).copied().collect()),
            })
            .collect();
        if files.iter().map(|file| file.ran.len() + file.missed.len()).sum::<usize>() > MOST_SPANS {
            return Err(format!("speaks of more than {MOST_SPANS} places of the change"));
        }
        let spoken = |path: &str| ending(path).is_some_and(|ending| self.endings.contains(ending));
        let unnamed = change.files.iter().filter(|file| {
            let unread = file.patch.is_empty() || !self.seen.contains_key(file.path.as_str());
            file.insertions > 0 && file.is_code() && unread && spoken(&file.path)
        });
        let unnamed =
            unnamed.map(|file| Unnamed { path: file.path.clone(), lines: file.insertions }).collect();
        Ok(Reported::Read { files, unnamed })
    }
}

fn ending(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').map(|(_, ending)| ending)
}

impl Place {
    /// The repository's file that a report means.
    fn locate(&self, named: &str, sources: &[String]) -> Option<String> {
        let under = sources.iter().map(|source| format!("{}/{named}", source.trim_end_matches('/')));
        under.chain([named.to_owned()]).find_map(|path| {
            if path.starts_with('/') {
                let inside = |root: &String| path.strip_prefix(root.as_str())?.strip_prefix('/');
                return self.known(self.roots.iter().find_map(inside)?);
            }
            self.module(&path).or_else(|| self.beside(&path))
        })
    }

    /// By the name of a Go module.
    fn module(&self, path: &str) -> Option<String> {
        self.modules.iter().find_map(|(module, dir)| {
            let rest = path.strip_prefix(module.as_str())?.strip_prefix('/')?;
            self.known(&format!("{dir}/{rest}"))
        })
    }

    /// By a path from a directory that the report is in: the nearest one first.
    fn beside(&self, path: &str) -> Option<String> {
        let mut dir = self.report.as_str();
        while let Some((above, _)) = dir.rsplit_once('/') {
            if let Some(known) = self.known(&format!("{above}/{path}")) {
                return Some(known);
            }
            dir = above;
        }
        self.known(path)
    }

    fn known(&self, path: &str) -> Option<String> {
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        self.files.contains(&path).then_some(path)
    }
}

/// `SF:path`, `DA:line,hits`, `end_of_record`.
fn lcov(text: &str, lines: &mut Lines<'_>) -> Result<(), String> {
    let mut at = None;
    let mut open = false;
    for (n, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if let Some(path) = line.strip_prefix("SF:") {
            at = lines.enter(path, &[]);
            open = true;
        } else if line == "end_of_record" {
            (at, open) = (None, false);
        } else if let Some(data) = line.strip_prefix("DA:") {
            let mut fields = data.split(',');
            let number = fields.next().and_then(|number| number.trim().parse().ok());
            let (Some(number), Some(ran)) = (number, fields.next().and_then(hits)) else {
                return Err(broken(n));
            };
            lines.tell(at, number, number, ran)?;
        }
    }
    if open { Err("ends in the middle".into()) } else { Ok(()) }
}

/// `mode: set`, then `module/path/file.go:1.2,3.4 statements hits`.
fn go(text: &str, lines: &mut Lines<'_>) -> Result<(), String> {
    let mut known: BTreeMap<&str, At<'_>> = BTreeMap::new();
    // Of profiles that were put one behind the other, each begins with its mode.
    let blocks = text.lines().enumerate().filter(|(_, line)| !line.starts_with("mode:") && !line.is_empty());
    for (n, line) in blocks {
        let Some((path, from, to, ran)) = block(line) else { return Err(broken(n)) };
        let at = *known.entry(path).or_insert_with(|| lines.enter(path, &[]));
        lines.tell(at, from, to, ran)?;
    }
    Ok(())
}

fn block(line: &str) -> Option<(&str, u32, u32, bool)> {
    let (path, rest) = line.rsplit_once(':')?;
    let mut fields = rest.split_whitespace();
    let (from, to) = fields.next()?.split_once(',')?;
    let line = |place: &str| place.split('.').next()?.parse().ok();
    Some((path, line(from)?, line(to)?, hits(fields.nth(1)?)?))
}

/// `<sources><source>`, `<class filename>`, `<line number hits/>`.
fn cobertura(text: &str, lines: &mut Lines<'_>) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let (mut sources, mut at) = (Vec::new(), None);
    let (mut depth, mut in_source, mut is_coverage) = (0usize, false, false);
    loop {
        let wrong = |error: String| format!("is broken: {error}");
        match reader.read_event().map_err(|error| wrong(error.to_string()))? {
            Event::Start(tag) => {
                depth += 1;
                in_source = tag.name().as_ref() == "source";
                is_coverage |= tag.name().as_ref() == "coverage";
                element(&tag, &sources, &mut at, lines)?;
            }
            Event::Empty(tag) => element(&tag, &sources, &mut at, lines)?,
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                in_source = false;
                if tag.name().as_ref() == "class" {
                    at = None;
                }
            }
            Event::Text(said) if in_source && sources.len() < MOST_SOURCES => {
                sources.push(said.trim().to_owned());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match (depth, is_coverage) {
        (0, true) => Ok(()),
        (0, false) => Err("is XML, but not Cobertura's".into()),
        _ => Err("ends in the middle".into()),
    }
}

fn element<'a>(
    tag: &BytesStart<'_>,
    sources: &[String],
    at: &mut At<'a>,
    lines: &mut Lines<'a>,
) -> Result<(), String> {
    let value = |wanted: &str| {
        let found = tag.try_get_attribute(wanted).ok().flatten()?;
        quick_xml::escape::unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
    };
    match tag.name().as_ref() {
        "class" => *at = value("filename").and_then(|path| lines.enter(&path, sources)),
        "line" => {
            let number = value("number").and_then(|number| number.parse().ok());
            let (Some(number), Some(ran)) = (number, value("hits").as_deref().and_then(hits)) else {
                return Err("is broken: a line without its number or hits".into());
            };
            lines.tell(*at, number, number, ran)?;
        }
        _ => {}
    }
    Ok(())
}

/// Whether a count of hits, however large, is more than none; tools that overflow write negative ones.
fn hits(text: &str) -> Option<bool> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| !negative && digits.bytes().any(|byte| byte != b'0'))
}

fn broken(line: usize) -> String {
    format!("is broken in line {}", count(line).saturating_add(1))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
