//! How often the rules are right, on texts they were not written for; and what is taken of a model's answer.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Labelled {
    split: String,
    kind: Kind,
    complexity: Complexity,
    gpu: bool,
    text: String,
}

fn set(split: &str) -> Vec<Labelled> {
    let all: Vec<Labelled> = serde_saphyr::from_str(include_str!("../../data/tasks.yaml")).unwrap();
    assert!(all.len() >= 150, "{} are too few", all.len());
    all.into_iter().filter(|one| one.split == split).collect()
}

/// A confusion table: a row for what it is, a column for what was found.
fn table<'a>(names: &[&'a str], pairs: &[(&'a str, &'a str)]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for pair in pairs {
        *counts.entry(*pair).or_default() += 1;
    }
    let short = |name: &str| name.chars().take(5).collect::<String>();
    let mut lines = vec![format!("{:<16}{}", "is \\ found", names.iter().map(|name| format!("{:>7}", short(name))).collect::<String>())];
    for is in names {
        let cells = names.iter().map(|found| match counts.get(&(*is, *found)) {
            Some(n) => format!("{n:>7}"),
            None => format!("{:>7}", "."),
        });
        lines.push(format!("{is:<16}{}", cells.collect::<String>()));
    }
    lines.join("\n")
}

/// The tables and the shares of a half of the set.
fn report(split: &str) -> (String, f64, f64) {
    let set = set(split);
    let found: Vec<_> = set.iter().map(|one| by_rules(&one.text)).collect();
    let pairs = || set.iter().zip(&found);
    let kinds: Vec<_> = pairs().map(|(is, found)| (is.kind.as_str(), found.nature.kind.as_str())).collect();
    let hard: Vec<_> =
        pairs().map(|(is, found)| (is.complexity.as_str(), found.nature.complexity.as_str())).collect();
    let right = |pairs: &[(&str, &str)]| pairs.iter().filter(|(is, found)| is == found).count();
    let gpu = pairs().filter(|(is, found)| is.gpu == found.nature.gpu).count();
    let sure = pairs().filter(|(_, found)| found.sure).count();
    let sure_right = pairs().filter(|(is, found)| found.sure && is.kind == found.nature.kind).count();
    let n = set.len();
    let text = format!(
        "{}\nkind: {} of {n}; where the rules are sure: {sure_right} of {sure}\n\n{}\ncomplexity: {} of {n}\ngraphics processor: {gpu} of {n}",
        table(&Kind::ALL.map(Kind::as_str), &kinds),
        right(&kinds),
        table(&Complexity::ALL.map(Complexity::as_str), &hard),
        right(&hard),
    );
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let share = |right: usize| right as f64 / n as f64;
    (text, share(right(&kinds)), share(right(&hard)))
}

/// For whoever writes rules: `cargo test -p domain classify::tests::train -- --ignored --nocapture`.
#[test]
#[ignore = "for whoever writes rules"]
#[expect(clippy::print_stderr, reason = "it is there to be read")]
fn train() {
    for one in set("train") {
        let found = by_rules(&one.text);
        if (found.nature.kind, found.nature.complexity, found.nature.gpu) != (one.kind, one.complexity, one.gpu) {
            eprintln!(
                "{} {} {} is {} {} {}: {}\n    {}",
                if found.nature.kind == one.kind { " " } else { "KIND" },
                found.nature.kind.as_str(),
                found.nature.complexity.as_str(),
                one.kind.as_str(),
                one.complexity.as_str(),
                one.gpu,
                one.text.lines().next().unwrap_or_default(),
                found.reason
            );
        }
    }
    eprintln!("{}", report("train").0);
}
