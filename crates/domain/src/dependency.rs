//! What a task comes after: whether that is done, the sentence that says what is not, and circles.
//!
//! Only work that has landed counts: a task may start when all it comes after are completed. What failed or was
//! cancelled holds back what comes after it until a person decides. Not here: the moves themselves (`work`).

use std::collections::HashMap;

use crate::ids::TaskId;

/// The most tasks that one may come after.
pub const MOST_BEFORE: usize = 50;
/// The most tasks that may wait for the same one.
pub const MOST_BEHIND: usize = 1000;
/// Named in a reason; the rest is counted.
const MOST_NAMED: usize = 3;

/// A task that another comes after, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The task.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// The name of its state.
    pub state: String,
}

impl Earlier {
    fn is_done(&self) -> bool {
        self.state == "completed"
    }

    fn has_ended_badly(&self) -> bool {
        matches!(self.state.as_str(), "failed" | "cancelled")
    }

    fn clause(&self) -> String {
        let stands = match self.state.as_str() {
            "failed" => "which failed",
            "cancelled" => "which was cancelled",
            "review" => "which waits for your review",
            "waiting" => "which waits itself",
            "running" => "which is running",
            _ => "which is queued",
        };
        format!("{}, {stands}", named(&self.title, self.id))
    }
}

/// A task's title and id, as sentences name it.
pub fn named(title: &str, id: TaskId) -> String {
    format!("`{title}` ({})", id.short())
}

/// Why `task` may not start yet; `None` when all it comes after are completed.
pub fn hold(task: TaskId, before: &[Earlier]) -> Option<String> {
    // What ended badly comes first: only there a person has to do something.
    let mut open: Vec<_> = before.iter().filter(|earlier| !earlier.is_done()).collect();
    open.sort_by_key(|earlier| (!earlier.has_ended_badly(), earlier.id));
    let first = open.first()?;
    let clauses: Vec<_> = open.iter().take(MOST_NAMED).map(|earlier| earlier.clause()).collect();
    let more = match open.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    let advice = if first.has_ended_badly() {
        let (first, own) = (first.id.short(), task.short());
        format!(
            ": try that again with `sidekick retry {first}`, or start this one anyway with `sidekick retry {own}`"
        )
    } else {
        String::new()
    };
    Some(format!("waits for {}{more}{advice}", clauses.join(", and for ")))
}

/// The circle that `task` coming after `after` would close: the way from `task` back to itself. `edges` says what
/// each task that can be reached comes after.
pub fn circle(task: TaskId, after: &[TaskId], edges: &HashMap<TaskId, Vec<TaskId>>) -> Option<Vec<TaskId>> {
    let mut came_from: HashMap<TaskId, TaskId> = HashMap::new();
    let mut open: Vec<TaskId> = Vec::new();
    for next in after {
        if came_from.insert(*next, task).is_none() {
            open.push(*next);
        }
    }
    while let Some(at) = open.pop() {
        if at == task {
            let mut path = vec![task];
            let mut back = came_from.get(&task).copied();
            while let Some(id) = back.filter(|id| *id != task) {
                path.push(id);
                back = came_from.get(&id).copied();
            }
            path.push(task);
            path.reverse();
            return Some(path);
        }
        for next in edges.get(&at).into_iter().flatten() {
            came_from.entry(*next).or_insert_with(|| {
                open.push(*next);
                at
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn ids(n: usize) -> Vec<TaskId> {
        let uuid = |n: usize| format!("01900000-0000-7000-8000-{n:012}").parse().unwrap();
        (0..n).map(uuid).collect()
    }

    fn earlier(id: TaskId, title: &str, state: &str) -> Earlier {
        Earlier { id, title: title.into(), state: state.into() }
    }

    #[test]
    fn reasons_name_what_is_waited_for_and_what_to_do() {
        let ids = ids(6);
        let said = |before: &[Earlier]| hold(ids[5], before).unwrap_or_else(|| "starts".into());
        let parser = |state| earlier(ids[0], "fix the parser", state);
        let lexer = |state| earlier(ids[1], "fix the lexer", state);
        insta::assert_snapshot!(said(&[]), @"starts");
        insta::assert_snapshot!(said(&[parser("completed")]), @"starts");
        insta::assert_snapshot!(said(&[parser("running"), lexer("completed")]), @"waits for `fix the parser` (00000000), which is running");
        insta::assert_snapshot!(said(&[parser("review"), lexer("failed")]), @"waits for `fix the lexer` (00000001), which failed, and for `fix the parser` (00000000), which waits for your review: try that again with `sidekick retry 00000001`, or start this one anyway with `sidekick retry 00000005`");
        let many: Vec<_> = ids.iter().take(5).map(|id| earlier(*id, "x", "queued")).collect();
        insta::assert_snapshot!(said(&many), @"waits for `x` (00000000), which is queued, and for `x` (00000001), which is queued, and for `x` (00000002), which is queued, and 2 more");
    }

    #[test]
    fn a_circle_is_told_as_the_way_around() {
        let ids = ids(4);
        let edges = HashMap::from([(ids[1], vec![ids[2], ids[3]]), (ids[2], vec![ids[0]])]);
        assert_eq!(circle(ids[0], &[ids[1]], &edges), Some(vec![ids[0], ids[1], ids[2], ids[0]]));
        assert_eq!(circle(ids[0], &[ids[3]], &edges), None);
        assert_eq!(circle(ids[0], &[ids[0]], &edges), Some(vec![ids[0], ids[0]]));
    }

    proptest! {
        /// Edges are taken one by one, each unless it closes a circle: there is an order of all tasks then, and
        /// what was refused has none.
        #[test]
        fn what_is_taken_can_be_done_in_some_order(pairs in proptest::collection::vec((0usize..8, 0usize..8), 0..40)) {
            let ids = ids(8);
            let mut edges: HashMap<TaskId, Vec<TaskId>> = HashMap::new();
            for (task, after) in pairs {
                match circle(ids[task], &[ids[after]], &edges) {
                    None => edges.entry(ids[task]).or_default().push(ids[after]),
                    Some(path) => {
                        prop_assert_eq!((path[0], path[1], path[path.len() - 1]), (ids[task], ids[after], ids[task]));
                        for step in path[1..].windows(2) {
                            prop_assert!(edges[&step[0]].contains(&step[1]));
                        }
                    }
                }
            }
            let mut done: Vec<TaskId> = Vec::new();
            for _ in &ids {
                let free = |id: &TaskId| edges.get(id).is_none_or(|after| after.iter().all(|id| done.contains(id)));
                let next = ids.iter().find(|id| !done.contains(id) && free(id)).copied();
                prop_assert!(next.is_some());
                done.extend(next);
            }
        }
    }

    #[test]
    fn ids_of_now_are_named_by_their_end() {
        let id = TaskId::new(Timestamp::from_millis(1));
        assert_eq!(named("x", id), format!("`x` ({})", id.short()));
    }
}
