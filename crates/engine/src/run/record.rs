//! What an agent wrote down about its account and did not say: the end of its session's own log. The log is the agent's to
//! write, as is its stream; it is opened without following links, and read in bounds.

use std::path::{Path, PathBuf};

use domain::Event;
use workspace::files;

/// Entries looked at in one directory.
const MOST_ENTRIES: usize = 1000;
/// Bytes read of the log's end.
const MOST_READ: u64 = 256 * 1024;
/// Directories above a log: year, month, day.
const DEPTH: usize = 3;

/// Where logs are.
pub(super) struct Record {
    /// The run's home, on the host.
    pub(super) home: PathBuf,
    /// The directory of logs below it.
    pub(super) logs: &'static str,
}

impl Record {
    /// The windows of the account, as the log of a session tells them last.
    pub(super) fn limits(&self, session: &str) -> Vec<Event> {
        let log = self.find(Path::new(self.logs), session, DEPTH);
        let end = log.and_then(|path| files::read_end(&self.home, &path, MOST_READ).ok().flatten());
        end.map_or_else(Vec::new, |end| agents::logs::limits(&end))
    }

    fn find(&self, dir: &Path, session: &str, depth: usize) -> Option<PathBuf> {
        let mut names = files::names(&self.home, dir, MOST_ENTRIES).ok()?;
        // The latest day first.
        names.sort_unstable_by(|a, b| b.cmp(a));
        if depth == 0 {
            let end = format!("-{session}.jsonl");
            return names.into_iter().find(|name| name.ends_with(&end)).map(|name| dir.join(name));
        }
        names.into_iter().find_map(|name| self.find(&dir.join(name), session, depth - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_log_and_no_other_file() {
        let home = tempfile::tempdir().unwrap();
        let day = home.path().join("logs/2026/11/21");
        std::fs::create_dir_all(&day).unwrap();
        let line = |percent: u8| {
            format!(
                r#"{{"type":"event_msg","payload":{{"type":"token_count","rate_limits":{{"primary":{{"used_percent":{percent},"window_minutes":300,"resets_at":1795284555}}}}}}}}"#
            )
        };
        std::fs::write(day.join("rollout-1-abc.jsonl"), format!("{}\n{}\n", line(10), line(100))).unwrap();
        std::fs::write(day.join("rollout-2-other.jsonl"), line(50)).unwrap();
        std::os::unix::fs::symlink(day.join("rollout-2-other.jsonl"), day.join("rollout-3-link.jsonl"))
            .unwrap();
        let record = Record { home: home.path().to_owned(), logs: "logs" };
        let used = |session: &str| match record.limits(session).as_slice() {
            [Event::LimitSeen { utilization, resets_at, .. }] => (*utilization, *resets_at),
            other => panic!("{other:?}"),
        };
        let renewal = Some(domain::Timestamp::from_seconds(1_795_284_555));
        assert_eq!(used("abc"), (Some(1.0), renewal), "what it told last");
        assert_eq!(used("other"), (Some(0.5), renewal));
        assert!(record.limits("link").is_empty() && record.limits("nobody").is_empty());
    }
}
