//! Git repositories for tests: fixed identity, no configuration of the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository with a working tree, on branch `main`.
pub struct Repo {
    path: PathBuf,
}

impl Repo {
    /// A repository with one commit.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let repo = Self { path: path.into() };
        std::fs::create_dir_all(&repo.path).unwrap();
        repo.git(&["init", "-q", "-b", "main"]);
        repo.write("README.md", "# Sample\n");
        repo.commit("Start");
        repo
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs git there as a person would; its output.
    pub fn git(&self, words: &[&str]) -> String {
        let output = Command::new("git")
            .args(words)
            .current_dir(&self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Test")
            .env("GIT_AUTHOR_EMAIL", "test@example.org")
            .env("GIT_COMMITTER_NAME", "Test")
            .env("GIT_COMMITTER_EMAIL", "test@example.org")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path.join(path)).unwrap_or_default()
    }

    /// Commits everything; the new commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.head()
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Adds `files` small files in directories of fifty, in one commit.
    pub fn fill(&self, files: usize) {
        for n in 0..files {
            self.write(&format!("src/d{}/file{n}.txt", n / 50), &format!("line one of {n}\nline two\n"));
        }
        self.commit("Fill");
    }
}
