//! Making a text fit: its sections are ranked by how much they have to do with a subject, and those that matter least are
//! left out, visibly. Nothing is invented and no sentence is changed.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;

use crate::tokens::estimate;

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

/// `text` in at most `most` tokens, as [`estimate`] counts them: whole when it fits, else its first section and those that
/// have most to do with `subject`, in their order, with a line that names what is left out.
pub fn shorten<'a>(text: &'a str, subject: &str, most: u64) -> Cow<'a, str> {
    if estimate(text) <= most {
        return Cow::Borrowed(text);
    }
    let sections = sections(text);
    let mut ranked: Vec<usize> = (0..sections.len()).collect();
    // What is said first is said to everybody.
    ranked.sort_by_cached_key(|n| {
        let rank = if *n == 0 { usize::MAX } else { relevance(subject, sections[*n]) };
        (Reverse(rank), *n)
    });
    let mut kept: Vec<usize> = Vec::new();
    let mut result = String::new();
    for n in ranked {
        let mut wider = kept.clone();
        wider.insert(wider.partition_point(|before| *before < n), n);
        let text = joined(&sections, &wider);
        if estimate(&text) <= most {
            (kept, result) = (wider, text);
        }
    }
    if kept.is_empty() { Cow::Owned(begin_of(text, most)) } else { Cow::Owned(result) }
}

/// The sections `kept`, and the names of the others.
fn joined(sections: &[&str], kept: &[usize]) -> String {
    let mut text: String = kept.iter().map(|n| sections[*n]).collect();
    let left: Vec<_> = (0..sections.len()).filter(|n| !kept.contains(n)).collect();
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
fn begin_of(text: &str, most: u64) -> String {
    const CUT: &str = "[the rest is left out for length]\n";
    let mut begin = String::new();
    for line in text.split_inclusive('\n') {
        if estimate(&format!("{begin}{line}{CUT}")) > most {
            break;
        }
        begin += line;
    }
    if !begin.is_empty() && !begin.ends_with('\n') {
        begin.push('\n');
    }
    if estimate(CUT) <= most { begin + CUT } else { String::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "Be brief.\n\n# Building\nmake all, then make install; see the makefile for every target there is.\n\n\
        # Database\nMigrations are never edited; add a new migration file instead and test it.\n\n\
        ```sh\n# no heading\nmigrate up\n```\n\n# Style\nTabs.\n";

    #[test]
    fn what_matters_for_the_task_is_kept() {
        assert_eq!(shorten(TEXT, "anything", 1000), TEXT);
        insta::assert_snapshot!(shorten(TEXT, "write a migration for the orders table", 52), @r"
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
        insta::assert_snapshot!(shorten(TEXT, "make the build faster", 45), @r"
        Be brief.

        # Building
        make all, then make install; see the makefile for every target there is.

        # Style
        Tabs.
        [left out for length: Database]
        ");
        assert_eq!(shorten(&"word ".repeat(500), "", 20), "[the rest is left out for length]\n");
    }

    proptest! {
        #[test]
        fn it_fits_and_only_leaves_out(text in "(#? ?[a-z]{1,9}[ \n]){0,80}", subject in "[a-z ]{0,40}", most in 0u64..120) {
            let short = shorten(&text, &subject, most);
            prop_assert!(estimate(&short) <= most, "{short:?}");
            for line in short.lines().filter(|line| !line.starts_with('[')) {
                prop_assert!(text.contains(line), "{line:?}");
            }
        }
    }
}
