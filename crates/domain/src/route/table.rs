//! The table: who does what when no rule says so. Planning and what is critical go to the strongest model; what makes up
//! most of the work goes to the model of this machine; reading and judging go to a third that wrote none of it.

use super::{Known, Wish};
use crate::nature::{Complexity, Kind, Nature};

/// Strong first: plans, what is critical, hard bugs.
const STRONG: [&str; 6] = ["claude", "codex", "gemini", "qwen", "opencode", "aider"];
/// For plans: the second opinion before the second coder.
const PLANS: [&str; 6] = ["claude", "gemini", "codex", "qwen", "opencode", "aider"];
/// Local first: the bulk of the work.
const LOCAL: [&str; 6] = ["qwen", "opencode", "aider", "codex", "claude", "gemini"];
/// Fresh eyes, which read much.
pub(super) const READERS: [&str; 6] = ["gemini", "claude", "codex", "qwen", "opencode", "aider"];

/// What stands in when no agent is installed and logged in.
const REHEARSAL: &str = "rehearsal";

/// The row of the table for this sort of work, and what it is called.
pub(super) fn row(nature: Nature) -> (&'static [&'static str], String) {
    let hard = matches!(nature.complexity, Complexity::High | Complexity::Critical);
    let kind = nature.kind.as_str();
    match nature.kind {
        _ if nature.complexity == Complexity::Critical => (&STRONG, "critical work".into()),
        Kind::Planning => (&PLANS, kind.into()),
        Kind::Research | Kind::Review => (&READERS, kind.into()),
        _ if nature.gpu => (&LOCAL, "work that needs a graphics processor".into()),
        Kind::Debugging | Kind::Refactoring if hard => (&STRONG, format!("hard {kind}")),
        _ => (&LOCAL, kind.into()),
    }
}

/// Those of the table that could be used at all; without any the rehearsal, which says so wherever it appears. Agents of
/// the configuration are taken only where it names them: nobody said what they are good for.
pub(super) fn wishes(nature: Nature, known: &[Known<'_>]) -> Vec<Wish> {
    let (row, name) = row(nature);
    let here = |agent: &str| known.iter().any(|one| one.name == agent && one.missing.is_none());
    let wish = |(n, agent): (usize, &&str)| Wish {
        free: true,
        table: true,
        ..Wish::fixed(
            agent,
            None,
            match n {
                0 => format!("{name} goes to it first, by the table"),
                n => format!("number {} for {name}, by the table", n + 1),
            },
        )
    };
    if row.iter().any(|agent| here(agent)) {
        return row.iter().enumerate().map(wish).collect();
    }
    vec![Wish::fixed(REHEARSAL, None, "no agent is installed and logged in; it calls no model")]
}
