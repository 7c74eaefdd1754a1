//! Making a text fit: its sections are ranked by how much they have to do with a subject, and those that matter least are
//! left out, visibly. Nothing is invented and no sentence is changed.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;

use crate::tokens::Count;

/// The shortest word that says something.
const SHORTEST_WORD: usize = 4;
/// Headings of left-out sections that are named.
const MOST_NAMED: usize = 12;

/// The words of a text that say something, in lower case.
fn words(text: &str) -> HashSet<String> {
    let words =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= SHORTEST_WORD);
    words.map(str::to_lowercase).collect()
}

/// How much `text` has to do with `subject`: the words they share, and those of a short text weigh more.
pub fn relevance(subject: &str, text: &str) -> usize {
    let (subject, text) = (words(subject), words(text));
    let shared = subject.intersection(&text).count();
    1000 * shared * shared / text.len().max(1)
}

/// A text's parts at its Markdown headings; the first may have none.
fn sections(text: &str) -> Vec<&str> {
    let mut begins = vec![0];
    let (mut at, mut in_code) = (0, false);
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if at > 0 && !in_code && line.starts_with('#') {
            begins.push(at);
        }
        at += line.len();
    }
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    begins.iter().zip(ends).map(|(begin, end)| &text[*begin..end]).collect()
}

/// Sections that are tried once more when all others have their place.
const MOST_TRIED: usize = 8;

/// `text` in at most `most` tokens, as `by` counts them: whole when it fits, else its first section and those that
/// have most to do with `subject`, in their order, with a line that names what is left out.
pub fn shorten<'a>(text: &'a str, subject: &str, most: u64, by: &dyn Count) -> Cow<'a, str> {
    if by.count(text) <= most {
        return Cow::Borrowed(text);
    }
    let sections = sections(text);
    let mut ranked: Vec<usize> = (0..sections.len()).collect();
    // What is said first is said to everybody.
    ranked.sort_by_cached_key(|n| {
        let rank = if *n == 0 { usize::MAX } else { relevance(subject, sections[*n]) };
        (Reverse(rank), *n)
    });
    // Counted one by one first: what they have together is next to that, and is counted only around the end.
    let (mut kept, mut later): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut taken = 0;
    for n in ranked {
        let tokens = by.count(sections[n]);
        if taken + tokens <= most {
            taken += tokens;
            kept.push(n);
        } else {
            later.push(n);
        }
    }
    let together = |kept: &[usize]| {
        let text = joined(&sections, kept);
        (by.count(&text) <= most).then_some(text)
    };
    let mut result = together(&kept);
    while result.is_none()
        && let Some(last) = kept.pop()
    {
        later.insert(0, last);
        result = together(&kept);
    }
    for n in later.into_iter().take(MOST_TRIED) {
        kept.push(n);
        match together(&kept) {
            Some(wider) => result = Some(wider),
            None => drop(kept.pop()),
        }
    }
    match result.filter(|_| !kept.is_empty()) {
        Some(text) => Cow::Owned(text),
        None => Cow::Owned(begin_of(text, most, by)),
    }
}

/// The sections `kept`, and the names of the others.
fn joined(sections: &[&str], kept: &[usize]) -> String {
    let mut is_kept = vec![false; sections.len()];
    for n in kept {
        is_kept[*n] = true;
    }
    let kept: Vec<usize> = (0..sections.len()).filter(|n| is_kept[*n]).collect();
    let mut text: String = kept.iter().map(|n| sections[*n]).collect();
    let left: Vec<_> = (0..sections.len()).filter(|n| !is_kept[*n]).collect();
    if left.is_empty() {
        return text;
    }
    let name =
        |n: &usize| sections[*n].lines().next().unwrap_or_default().trim_start_matches('#').trim().to_owned();
    let names: Vec<_> = left.iter().take(MOST_NAMED).map(name).collect();
    let more = if left.len() > MOST_NAMED { ", …" } else { "" };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text += &format!("[left out for length: {}{more}]\n", names.join(", "));
    text
}

/// The first lines of a text without sections small enough.
fn begin_of(text: &str, most: u64, by: &dyn Count) -> String {
    const CUT: &str = "[the rest is left out for length]\n";
    let (mut begin, mut taken) = (String::new(), by.count(CUT));
    for line in text.split_inclusive('\n') {
        taken += by.count(line);
        if taken > most {
            break;
        }
        begin += line;
    }
    loop {
        if !begin.is_empty() && !begin.ends_with('\n') {
            begin.push('\n');
        }
        let whole = begin.clone() + CUT;
        if by.count(&whole) <= most {
            return whole;
        }
        let Some(shorter) = begin.trim_end_matches('\n').rfind('\n') else { break };
        begin.truncate(shorter + 1);
    }
    if by.count(CUT) <= most { CUT.into() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokens::{Estimated, estimate};

    const TEXT: &str = "Be brief.\n\n# Building\nmake all, then make install; see the makefile for every target there is.\n\n\
        # Database\nMigrations are never edited; add a new migration file instead and test it.\n\n\
        ```sh\n# no heading\nmigrate up\n```\n\n# Style\nTabs.\n";

    #[test]
    fn what_matters_for_the_task_is_kept() {
        assert_eq!(shorten(TEXT, "anything", 1000, &Estimated), TEXT);
        insta::assert_snapshot!(shorten(TEXT, "write a migration for the orders table", 52, &Estimated), @r"
        Be brief.

        # Database
        Migrations are never edited; add a new migration file instead and test it.

        ```sh
        # no heading
        migrate up
        ```

        # Style
        Tabs.
        [left out for length: Building]
        ");
        insta::assert_snapshot!(shorten(TEXT, "make the build faster", 45, &Estimated), @r"
        Be brief.

        # Building
        make all, then make install; see the makefile for every target there is.

        # Style
        Tabs.
        [left out for length: Database]
        ");
        assert_eq!(shorten(&"word ".repeat(500), "", 20, &Estimated), "[the rest is left out for length]\n");
    }

    proptest! {
        #[test]
        fn it_fits_and_only_leaves_out(text in "(#? ?[a-z]{1,9}[ \n]){0,80}", subject in "[a-z ]{0,40}", most in 0u64..120) {
            let short = shorten(&text, &subject, most, &Estimated);
            prop_assert!(estimate(&short) <= most, "{short:?}");
            for line in short.lines().filter(|line| !line.starts_with('[')) {
                prop_assert!(text.contains(line), "{line:?}");
            }
        }
    }
}
