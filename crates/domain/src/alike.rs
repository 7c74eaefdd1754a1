//! Alike questions: several tasks of a project that ask the same are shown as one, and a person may answer them as one. The
//! same is: the same project, the same asker (the agent, or the same rules of the policy), the same words but for their
//! spelling, and the same choices in the same order. Not here: answering them (`engine::alike`).

use std::collections::BTreeMap;

use crate::ids::TaskId;
use crate::question::Question;

/// A question with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its task.
    pub task: TaskId,
    /// The task's title.
    pub title: String,
    /// Its project.
    pub project: String,
    /// The project's repository: two may have the same name.
    pub repo: String,
    /// What is asked.
    pub question: Question,
}

impl Asked {
    /// Whether an answer to the one is an answer to the other.
    pub fn is_like(&self, other: &Self) -> bool {
        self.likeness() == other.likeness()
    }

    fn likeness(&self) -> (&str, &str, Vec<&str>, String, &[String], Option<&str>) {
        let mut rules: Vec<_> = self.question.rules.iter().map(String::as_str).collect();
        rules.sort_unstable();
        let question = &self.question;
        (
            &self.project,
            &self.repo,
            rules,
            normal(&question.text),
            &question.choices,
            question.default.as_deref(),
        )
    }
}

/// Groups of alike questions, each and all in the order they came: a group stands where its first question does.
pub fn groups(asked: Vec<Asked>) -> Vec<Vec<Asked>> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Vec<Asked>> = Vec::new();
    for one in asked {
        let (project, repo, rules, text, choices, default) = one.likeness();
        let rules: Vec<_> = rules.into_iter().map(ToOwned::to_owned).collect();
        let key = (
            project.to_owned(),
            repo.to_owned(),
            rules,
            text,
            choices.to_vec(),
            default.map(ToOwned::to_owned),
        );
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            // One task asks the same twice: that is two questions of one task, and each is answered by itself.
            Some(group) if group.iter().any(|other| other.task == one.task) => groups.push(vec![one]),
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

/// A text without what two who ask the same spell differently: case, spaces, the mark at the end. Numbers and names stay, and
/// so does every other mark: what differs in them is another question.
pub fn normal(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    words.trim_end_matches(['?', '.', '!', ':', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn asked(n: u8, project: &str, text: &str, rules: &[&str], choices: &[&str]) -> Asked {
        let strings = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Asked {
            task: TaskId::new(Timestamp::from_millis(i64::from(n))),
            title: format!("t{n}"),
            project: project.into(),
            repo: "/srv/x".into(),
            question: Question {
                id: "1.1".into(),
                text: text.into(),
                rules: strings(rules),
                choices: strings(choices),
                ..Question::default()
            },
        }
    }

    fn titles(groups: &[Vec<Asked>]) -> Vec<Vec<&str>> {
        groups.iter().map(|group| group.iter().map(|one| one.title.as_str()).collect()).collect()
    }

    #[test]
    fn the_same_is_the_same_words_of_the_same_asker() {
        let all = vec![
            asked(1, "shop", "Which database?", &[], &["a", "b"]),
            asked(2, "shop", "May it change  Cargo.lock", &["risky_path", "scope"], &[]),
            asked(3, "shop", " which DATABASE", &[], &["a", "b"]),
            asked(4, "radio", "Which database?", &[], &["a", "b"]),
            asked(5, "shop", "Which database?", &["scope"], &["a", "b"]),
            asked(6, "shop", "Which database?", &[], &["b", "a"]),
            asked(7, "shop", "may it change Cargo.lock?", &["scope", "risky_path"], &[]),
            asked(8, "shop", "Which database 2?", &[], &["a", "b"]),
            asked(9, "shop", "Which -database?", &[], &["a", "b"]),
        ];
        assert_eq!(
            titles(&groups(all)),
            [vec!["t1", "t3"], vec!["t2", "t7"], vec!["t4"], vec!["t5"], vec!["t6"], vec!["t8"], vec!["t9"]]
        );
    }

    #[test]
    fn one_task_is_in_a_group_once() {
        let one = asked(1, "shop", "Which?", &[], &[]);
        let again = Asked { question: Question { id: "1.2".into(), ..one.question.clone() }, ..one.clone() };
        let other = asked(2, "shop", "Which?", &[], &[]);
        assert_eq!(titles(&groups(vec![one, again, other])), [vec!["t1", "t2"], vec!["t1"]]);
    }

    fn any() -> impl Strategy<Value = Asked> {
        let word = || prop::sample::select(vec!["shop", "radio", "Which?", "which", "Which 2"]);
        let list = || prop::collection::vec(prop::sample::select(vec!["a", "b"]), 0..3);
        (any_task(), prop::sample::select(vec!["shop", "radio"]), word(), list(), list())
            .prop_map(|(n, project, text, rules, choices)| asked(n, project, text, &rules, &choices))
    }

    fn any_task() -> impl Strategy<Value = u8> {
        0u8..50
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_merged_that_is_not_alike(all in prop::collection::vec(any(), 0..40)) {
            let found = groups(all.clone());
            let mut flat: Vec<_> = found.iter().flatten().cloned().collect();
            let (mut before, sort) = (all, |one: &Asked| (one.task, format!("{one:?}")));
            flat.sort_by_key(sort);
            before.sort_by_key(sort);
            prop_assert_eq!(flat, before);
            for group in &found {
                for one in group {
                    prop_assert!(one.is_like(&group[0]) && one.project == group[0].project);
                    prop_assert_eq!(normal(&one.question.text), normal(&group[0].question.text));
                    prop_assert_eq!(&one.question.choices, &group[0].question.choices);
                }
            }
        }

        #[test]
        fn alike_is_the_same_from_both_sides(one in any(), other in any()) {
            prop_assert_eq!(one.is_like(&other), other.is_like(&one));
            let apart = one.task == other.task || !one.is_like(&other);
            prop_assert_eq!(groups(vec![one, other]).len() == 2, apart);
        }

        #[test]
        fn normal_stays_normal(text in ".{0,80}") {
            prop_assert_eq!(normal(&normal(&text)), normal(&text));
        }
    }
}
