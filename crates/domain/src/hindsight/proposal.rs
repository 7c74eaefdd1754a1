//! Lines for a project's `AGENTS.md` as a change that a person can read: always an addition at the file's end, so that
//! nothing that people wrote is touched.

/// The file.
pub const FILE: &str = "AGENTS.md";
/// The most of it that is looked at.
pub const MOST_BYTES: u64 = 256 * 1024;
/// What the lines stand under.
const HEADING: &str = "## Learned in hindsight";
/// Lines of the file that are shown before a change.
const CONTEXT: usize = 3;

/// What is to be added to the end of the file; `None` when there is nothing that it does not say already.
pub fn addition(before: Option<&str>, lines: &[String]) -> Option<String> {
    let before = before.unwrap_or_default();
    let known: Vec<String> = before.lines().map(bare).collect();
    let mut new: Vec<&str> = Vec::new();
    for line in lines {
        if !known.contains(&bare(line)) && !new.iter().any(|other| bare(other) == bare(line)) {
            new.push(line);
        }
    }
    if new.is_empty() {
        return None;
    }
    let mut text = String::new();
    if !before.is_empty() && !before.ends_with('\n') {
        text.push('\n');
    }
    let last_heading = before.lines().rfind(|line| line.starts_with('#'));
    if last_heading.map(str::trim_end) != Some(HEADING) {
        if !before.is_empty() {
            text.push('\n');
        }
        text += &format!("{HEADING}\n\n");
    }
    for line in new {
        text += &format!("- {line}\n");
    }
    Some(text)
}

/// A line without its bullet and without what two writers do differently.
fn bare(line: &str) -> String {
    let words = line.trim().trim_start_matches(['-', '*', ' ']);
    words.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_lowercase()
}

/// The addition as a unified diff, as git writes and takes it.
pub fn diff(before: Option<&str>, addition: &str) -> String {
    let Some(before) = before else {
        let (n, added) = plus(addition);
        return format!(
            "diff --git a/{FILE} b/{FILE}\nnew file mode 100644\n--- /dev/null\n+++ b/{FILE}\n@@ -0,0 +1,{n} @@\n{added}"
        );
    };
    let head = format!("diff --git a/{FILE} b/{FILE}\n--- a/{FILE}\n+++ b/{FILE}\n");
    if before.is_empty() {
        let (n, added) = plus(addition);
        return format!("{head}@@ -0,0 +1,{n} @@\n{added}");
    }
    let lines: Vec<&str> = before.strip_suffix('\n').unwrap_or(before).split('\n').collect();
    let ends = before.ends_with('\n');
    // A last line without an end is changed by what follows it.
    let (kept, addition) = if ends { (lines.len(), addition) } else { (lines.len() - 1, rest(addition)) };
    let from = kept.saturating_sub(CONTEXT);
    let (n, added) = plus(addition);
    let mut body = lines[from..kept].iter().fold(String::new(), |body, line| body + " " + line + "\n");
    if let Some(last) = lines.get(kept) {
        body += &format!("-{last}\n\\ No newline at end of file\n+{last}\n");
    }
    let old = lines.len() - from;
    format!("{head}@@ -{},{old} +{},{} @@\n{body}{added}", from + 1, from + 1, old + n)
}

/// What follows the end of the line that had none.
fn rest(addition: &str) -> &str {
    addition.strip_prefix('\n').unwrap_or(addition)
}

fn plus(addition: &str) -> (usize, String) {
    let lines: Vec<&str> = addition.lines().collect();
    (lines.len(), lines.iter().fold(String::new(), |added, line| added + "+" + line + "\n"))
}
