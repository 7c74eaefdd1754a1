//! When a run counts as stuck, as a project says it: `stuck: off`, or the thresholds that differ.

use std::fmt;
use std::time::Duration;

use domain::stuck::Thresholds;
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// `off`, or the thresholds that differ from the defaults.
#[derive(Debug)]
pub(super) enum StuckFile {
    /// Never.
    Off,
    /// Then.
    Thresholds(ThresholdsFile),
}

// By hand, because a union of both would hide the line of a mistake.
impl<'de> Deserialize<'de> for StuckFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = StuckFile;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("`off`, or thresholds like `{repeats: 6}`")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<StuckFile, E> {
                if word == "off" {
                    Ok(StuckFile::Off)
                } else {
                    Err(E::invalid_value(Unexpected::Str(word), &self))
                }
            }

            // What older YAML makes of `off`.
            fn visit_bool<E: de::Error>(self, word: bool) -> Result<StuckFile, E> {
                if word { Err(E::invalid_value(Unexpected::Bool(word), &self)) } else { Ok(StuckFile::Off) }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<StuckFile, A::Error> {
                ThresholdsFile::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(StuckFile::Thresholds)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// See [`Thresholds`].
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ThresholdsFile {
    repeats: Option<u32>,
    returns: Option<u32>,
    flips: Option<u32>,
    errors: Option<u32>,
    unchanged_minutes: Option<f64>,
    silent_minutes: Option<f64>,
}

impl StuckFile {
    /// What it means; `None` is off.
    pub(super) fn thresholds(self) -> Result<Option<Thresholds>, String> {
        let Self::Thresholds(file) = self else { return Ok(None) };
        let known = Thresholds::default();
        let counts = [file.repeats, file.returns, file.flips, file.errors];
        if counts.into_iter().flatten().any(|count| count < 2) {
            return Err("the counts of `stuck` are at least 2: once is no pattern".into());
        }
        let minutes = |given: Option<f64>, default: Duration| match given {
            None => Ok(default),
            Some(minutes) => Duration::try_from_secs_f64(minutes * 60.0)
                .map_err(|_| "the minutes of `stuck` are a number from 0 on".to_owned()),
        };
        Ok(Some(Thresholds {
            repeats: file.repeats.unwrap_or(known.repeats),
            returns: file.returns.unwrap_or(known.returns),
            flips: file.flips.unwrap_or(known.flips),
            errors: file.errors.unwrap_or(known.errors),
            unchanged: minutes(file.unchanged_minutes, known.unchanged)?,
            silent: minutes(file.silent_minutes, known.silent)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn read(stuck: &str) -> Result<Option<Thresholds>, String> {
        let text = format!("projects:\n  shop:\n    repo: /srv/shop\n    stuck: {stuck}\n");
        let mut file = parse(&text)?;
        file.projects.remove("shop").unwrap().stuck.unwrap().thresholds()
    }

    #[test]
    fn off_or_what_differs() {
        assert_eq!(read("off"), Ok(None));
        let some = read("{repeats: 4, silent_minutes: 0.5}").unwrap().unwrap();
        assert_eq!((some.repeats, some.silent, some.errors), (4, Duration::from_secs(30), 8));
        for wrong in ["on", "{repeat: 3}", "{repeats: many}"] {
            let said = read(wrong).unwrap_err();
            assert!(said.contains("line 4"), "{wrong}: {said}");
        }
        assert!(read("{repeats: 1}").is_err());
    }
}
