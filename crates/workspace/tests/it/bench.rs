//! A data directory, a repository, workspaces on it.

use std::path::Path;
use std::process::Command;

use testkit::repo::Repo;
use workspace::{Base, Kind, Person, Workspace, Workspaces};

pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) repo: Repo,
    pub(crate) spaces: Workspaces,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("sk-ws-").tempdir().unwrap();
        let repo = Repo::new(dir.path().join("shop"));
        std::fs::create_dir(dir.path().join("data")).unwrap();
        let spaces = Workspaces::open(&dir.path().join("data"), Person::default()).unwrap();
        Self { dir, repo, spaces }
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn source(&self) -> &str {
        self.repo.path().to_str().unwrap()
    }

    pub(crate) fn workspace(&self, kind: Kind) -> (Base, Workspace) {
        let base = self.spaces.sync(self.source(), None).unwrap();
        let made = self.spaces.create("w1", &base, "sidekick/abc", kind, self.source(), &[]).unwrap();
        (base, made)
    }

    /// Runs a program in the workspace as an agent would: where the overlay and the store's objects are.
    pub(crate) fn inside(&self, workspace: &Workspace, argv: &[&str], stdin: &[u8]) -> Vec<u8> {
        let tree = self.dir.path().join("mnt");
        std::fs::create_dir_all(&tree).unwrap();
        let overlay = format!(
            "lowerdir={},upperdir={},workdir={},userxattr",
            workspace.lower.display(),
            workspace.upper().display(),
            workspace.work().display()
        );
        let mount = match workspace.kind {
            Kind::Overlay => format!("mount -t overlay -o '{overlay}' overlay '{}'", tree.display()),
            Kind::Copy => format!("mount --bind '{}' '{}'", workspace.upper().display(), tree.display()),
        };
        let script = format!(
            "{mount} && exec bwrap --ro-bind / / --dev /dev --tmpfs /run --tmpfs /tmp --tmpfs /mnt \
             --bind '{tree}' /mnt/workspace --ro-bind '{objects}' {at} --chdir /mnt/workspace -- \"$@\"",
            tree = tree.display(),
            objects = workspace.objects.display(),
            at = workspace::OBJECTS
        );
        let scratch = self.dir.path().join("stdin");
        std::fs::write(&scratch, stdin).unwrap();
        let output = Command::new("unshare")
            .args(["-Urm", "sh", "-c", &script, "sh"])
            .args(argv)
            .stdin(std::fs::File::open(scratch).unwrap())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "{argv:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    pub(crate) fn sh(&self, workspace: &Workspace, script: &str) -> String {
        String::from_utf8(self.inside(workspace, &["sh", "-ec", script], b"")).unwrap()
    }

    /// Brings the work into the store; its commit.
    pub(crate) fn collect(&self, workspace: &Workspace) -> String {
        let job = self
            .spaces
            .collect_job(
                workspace,
                Path::new("/mnt/workspace"),
                Path::new(workspace::OBJECTS),
                "Leftovers",
                None,
            )
            .unwrap();
        let argv: Vec<&str> = job.argv.iter().map(String::as_str).collect();
        let bundle = self.dir.path().join("bundle");
        std::fs::write(&bundle, self.inside(workspace, &argv, &job.stdin)).unwrap();
        self.spaces.import(workspace, &bundle, "task/abc/1").unwrap().commit
    }

    pub(crate) fn diff(&self, base: &Base, commit: &str) -> Vec<String> {
        let diff = self.spaces.diff(&base.repo, &base.commit, commit).unwrap();
        diff.files
            .iter()
            .map(|file| {
                format!("{} {} +{} -{}", file.status.as_str(), file.path, file.insertions, file.deletions)
            })
            .collect()
    }
}
