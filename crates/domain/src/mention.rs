//! Which project a text is about, when nobody named one: by its name, another word for it, or a file that only it has.

use crate::project::Project;

/// The most words of a text that are taken for files.
const MOST_FILES: usize = 16;

/// What a text says of its project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// It is this one, for this reason.
    One(String, String),
    /// It could be any of these.
    Several(Vec<String>),
    /// Nothing.
    None,
}

/// The project that a text names. `has` tells whether a project's repository has a file, where that can be told at once.
/// A name counts more than a file: who names a project and quotes a path of another means the named one.
pub fn mentioned(text: &str, projects: &[Project], has: impl Fn(&Project, &str) -> bool) -> Mention {
    let words = words(text);
    let mut named: Vec<(&Project, &str)> = Vec::new();
    for project in projects {
        let names = std::iter::once(&project.name).chain(&project.aliases);
        if let Some(name) = names.into_iter().find(|name| says(&words, name)) {
            named.push((project, name));
        }
    }
    match named.as_slice() {
        [(project, name)] => {
            return Mention::One(project.name.clone(), format!("the text names {name}"));
        }
        [] => {}
        several => {
            return Mention::Several(several.iter().map(|(project, _)| project.name.clone()).collect());
        }
    }
    let mut owners: Vec<(&Project, &str)> = Vec::new();
    for file in files(text) {
        let with: Vec<_> = projects.iter().filter(|project| has(project, file)).collect();
        // A file that several have says nothing.
        if let [only] = with.as_slice()
            && !owners.iter().any(|(project, _)| project.name == only.name)
        {
            owners.push((only, file));
        }
    }
    match owners.as_slice() {
        [(project, file)] => Mention::One(project.name.clone(), format!("no other project has {file}")),
        [] => Mention::None,
        several => Mention::Several(several.iter().map(|(project, _)| project.name.clone()).collect()),
    }
}

/// Lowercase words; `web-shop` is two, wherever it stands.
fn words(text: &str) -> Vec<String> {
    let split = text.split(|char: char| !char.is_alphanumeric());
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn says(text: &[String], name: &str) -> bool {
    let name = words(name);
    !name.is_empty() && text.windows(name.len()).any(|part| part == name.as_slice())
}

/// What looks like a file inside a repository: no address, nothing that leads out of it.
fn files(text: &str) -> impl Iterator<Item = &str> {
    let bare = |word: &'_ str| {
        word.trim_matches(|char: char| !char.is_alphanumeric() && !matches!(char, '_' | '.' | '/'))
            .trim_end_matches(['.', '/'])
            .len()
    };
    text.split(|char: char| char.is_whitespace() || matches!(char, '`' | '"' | '\'' | '(' | ')' | ',' | ':'))
        .filter(move |word| bare(word) > 2)
        .map(|word| {
            word.trim_matches(|char: char| !char.is_alphanumeric() && !matches!(char, '_' | '.' | '/'))
        })
        .map(|word| word.trim_start_matches("./").trim_end_matches(['.', '/']))
        .filter(|word| !word.starts_with('/') && !word.contains("..") && !word.contains("//"))
        .filter(|word| word.contains('/') || word.contains('.'))
        .take(MOST_FILES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projects() -> [Project; 3] {
        let web = Project { aliases: vec!["storefront".into()], ..Project::new("web-shop", "/srv/web") };
        [web, Project::new("billing", "/srv/billing"), Project::new("radio", "/srv/radio")]
    }

    fn said(text: &str) -> Mention {
        let has = |project: &Project, file: &str| {
            matches!(
                (project.name.as_str(), file),
                ("billing", "src/invoice.rs") | ("radio", "decode/fsk.py") | (_, "README.md")
            )
        };
        mentioned(text, &projects(), has)
    }

    fn one(name: &str, why: &str) -> Mention {
        Mention::One(name.into(), why.into())
    }

    #[test]
    fn a_name_an_alias_or_a_file_of_its_own() {
        assert_eq!(said("fix the login of Web-Shop"), one("web-shop", "the text names web-shop"));
        assert_eq!(said("the storefront is slow"), one("web-shop", "the text names storefront"));
        assert_eq!(said("see `src/invoice.rs:17`."), one("billing", "no other project has src/invoice.rs"));
        assert_eq!(said("billing: as in decode/fsk.py"), one("billing", "the text names billing"));
    }

    #[test]
    fn what_says_nothing_and_what_says_too_much() {
        assert_eq!(said("fix the typo in README.md"), Mention::None);
        assert_eq!(said("radios and webshops, /etc/passwd, ../../src/invoice.rs"), Mention::None);
        assert_eq!(said("port radio to billing"), Mention::Several(vec!["billing".into(), "radio".into()]));
        assert_eq!(
            said("compare src/invoice.rs with decode/fsk.py"),
            Mention::Several(vec!["billing".into(), "radio".into()])
        );
    }
}
