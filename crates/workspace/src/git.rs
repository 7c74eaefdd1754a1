//! The one door to the git program: always on a directory the host owns, in an environment of ours.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::{Error, Person};

/// A git to be run.
pub(crate) struct Git {
    command: Command,
    words: String,
}

impl Git {
    /// On the git directory `dir`; nothing is discovered, no configuration but that directory's is read.
    #[expect(clippy::disallowed_methods, reason = "this is git's one door")]
    pub(crate) fn at(dir: &Path) -> Self {
        let mut command = Command::new("git");
        command.env_clear().current_dir("/").stdin(Stdio::null());
        for (name, value) in [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", "/nonexistent"),
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ALLOW_PROTOCOL", "file"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_TEMPLATE_DIR", ""),
            ("GIT_AUTHOR_NAME", "Sidekick"),
            ("GIT_AUTHOR_EMAIL", "sidekick@localhost"),
            ("GIT_COMMITTER_NAME", "Sidekick"),
            ("GIT_COMMITTER_EMAIL", "sidekick@localhost"),
        ] {
            command.env(name, value);
        }
        // The repositories are the person's; whose files they are on disk is not the question here.
        for (n, (key, value)) in [
            ("safe.directory", "*"),
            ("core.hooksPath", "/dev/null"),
            ("core.fsmonitor", "false"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
            ("core.quotePath", "false"),
            ("protocol.version", "2"),
        ]
        .iter()
        .enumerate()
        {
            command.env(format!("GIT_CONFIG_KEY_{n}"), key).env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        command.env("GIT_CONFIG_COUNT", "7");
        command.arg("--git-dir").arg(dir);
        Self { command, words: String::new() }
    }

    /// With what talking to a server needs: the person's own configuration, keys and helpers.
    pub(crate) fn with_person(mut self, person: &Person) -> Self {
        self.command.env_remove("GIT_CONFIG_GLOBAL").env("GIT_ALLOW_PROTOCOL", "https:ssh:git:http:file");
        self.command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        if let Some(home) = &person.home {
            self.command.env("HOME", home);
        }
        if let Some(agent) = &person.ssh_agent {
            self.command.env("SSH_AUTH_SOCK", agent);
        }
        if let Some(file) = &person.certificates {
            self.command.env("SSL_CERT_FILE", file).env("GIT_SSL_CAINFO", file);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Self {
        let word = word.as_ref();
        if !self.words.is_empty() {
            self.words.push(' ');
        }
        self.words.push_str(&word.to_string_lossy());
        self.command.arg(word);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(self, words: impl IntoIterator<Item = S>) -> Self {
        words.into_iter().fold(self, Self::arg)
    }

    /// Runs it; whatever its exit code.
    pub(crate) fn output(mut self) -> Result<Output, Error> {
        self.command.output().map_err(|error| self.could_not_run(&error))
    }

    /// Runs it; its output when it ends well.
    pub(crate) fn run(self) -> Result<Vec<u8>, Error> {
        let words = self.words.clone();
        succeeded(words, self.output()?)
    }

    /// Its output as one trimmed line.
    pub(crate) fn line(self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.run()?).trim().to_owned())
    }

    /// Whether it ends with 0; 1 is `false`, anything else an error.
    pub(crate) fn holds(self) -> Result<bool, Error> {
        let words = self.words.clone();
        let output = self.output()?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(words, &output)),
        }
    }

    /// Its standard output as another git's standard input.
    pub(crate) fn pipe_into(mut self, mut other: Self, input: &[u8]) -> Result<(), Error> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut from = self.command.spawn().map_err(|error| self.could_not_run(&error))?;
        let (stdin, stdout) = (from.stdin.take(), from.stdout.take());
        other.command.stdin(stdout.map_or_else(Stdio::null, Stdio::from));
        other.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let to = other.command.spawn().map_err(|error| other.could_not_run(&error))?;
        if let Some(mut stdin) = stdin {
            stdin.write_all(input).map_err(|error| self.could_not_run(&error))?;
        }
        let to = to.wait_with_output().map_err(|error| other.could_not_run(&error))?;
        let from = from.wait_with_output().map_err(|error| self.could_not_run(&error))?;
        succeeded(self.words, from)?;
        succeeded(other.words, to).map(drop)
    }

    fn could_not_run(&self, error: &std::io::Error) -> Error {
        Error::Git {
            command: self.words.clone(),
            said: format!("could not be run: {error}; is git installed?"),
        }
    }
}

fn succeeded(words: String, output: Output) -> Result<Vec<u8>, Error> {
    if output.status.success() { Ok(output.stdout) } else { Err(failed(words, &output)) }
}

fn failed(words: String, output: &Output) -> Error {
    let said = String::from_utf8_lossy(&output.stderr).trim().chars().take(2000).collect::<String>();
    let said = if said.is_empty() { output.status.to_string() } else { said };
    Error::Git { command: words, said }
}

/// Makes a bare repository that is ours alone.
pub(crate) fn init_bare(dir: &Path) -> Result<PathBuf, Error> {
    Git::at(dir).args(["init", "--quiet", "--bare", "--initial-branch=none"]).run()?;
    Ok(dir.to_owned())
}
