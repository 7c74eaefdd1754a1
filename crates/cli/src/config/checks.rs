//! A project's checks, as the file says them: a command, or a command with the coverage report that it writes.

use std::fmt;
use std::path::{Component, Path};

use domain::project::Check;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// See above.
#[derive(Debug, PartialEq)]
pub(super) struct CheckFile {
    command: String,
    coverage: Option<String>,
}

impl CheckFile {
    pub(super) fn named(self, name: String) -> Check {
        Check { name, command: self.command, coverage: self.coverage }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    run: String,
    coverage: Option<String>,
}

// By hand, because a union of both would hide the line of a mistake.
impl<'de> Deserialize<'de> for CheckFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = CheckFile;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a command, or `{run: command, coverage: path of the report it writes}`")
            }

            fn visit_str<E: de::Error>(self, command: &str) -> Result<CheckFile, E> {
                Ok(CheckFile { command: command.to_owned(), coverage: None })
            }

            // `true` is a command, too.
            fn visit_bool<E: de::Error>(self, word: bool) -> Result<CheckFile, E> {
                Ok(CheckFile { command: word.to_string(), coverage: None })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<CheckFile, A::Error> {
                let Whole { run, coverage } = Whole::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let inside = |path: &String| {
                    let mut parts = Path::new(path).components().peekable();
                    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
                };
                if let Some(path) = coverage.as_ref().filter(|path| !inside(path)) {
                    return Err(de::Error::custom(format!(
                        "coverage: `{path}` is no path inside the repository, as coverage/lcov.info is"
                    )));
                }
                Ok(CheckFile { command: run, coverage })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, CheckFile>, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn both_forms() {
        let read =
            read("lint: make lint\ntest: {run: npm test, coverage: coverage/lcov.info}\nok: true\n").unwrap();
        assert_eq!(read["lint"], CheckFile { command: "make lint".into(), coverage: None });
        let coverage = Some("coverage/lcov.info".into());
        assert_eq!(read["test"], CheckFile { command: "npm test".into(), coverage });
        assert_eq!(read["ok"].command, "true");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, said) in [
            ("a: make\ntest: {run: x, coverage: /etc/passwd}", "is no path inside the repository"),
            ("a: make\ntest: {run: x, coverage: ../x}", "is no path inside the repository"),
            ("a: make\ntest: {run: x, coverage: ''}", "is no path inside the repository"),
            ("a: make\ntest: {coverage: x}", "run"),
            ("a: make\ntest: {run: x, cover: y}", "cover"),
            ("a: make\ntest: [x]", "a command, or"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said) && error.contains('2'), "{text}: {error}");
        }
    }
}
