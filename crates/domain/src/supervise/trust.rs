//! How far an agent is trusted in a project: rises with work that people approved, falls at once.

use serde::{Deserialize, Serialize};

use super::outcome::Settled;

/// How far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Nothing is known of it here, or its work was discarded.
    #[default]
    New,
    /// People approved some of its work.
    Known,
    /// People approved much of its work.
    Trusted,
}

/// Approved work that makes an agent known.
pub const KNOWN: usize = 3;
/// Approved work that makes it trusted.
pub const TRUSTED: usize = 10;

impl Tier {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::New, Self::Known, Self::Trusted];

    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Trusted => "trusted",
        }
    }

    /// The reverse of [`as_str`](Self::as_str).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}

/// The tier that a record makes, given newest first. Only what people approved counts, and only since they last
/// discarded something or took it back: what the policy approved by itself is no reason to let it approve more.
pub fn tier(newest_first: impl IntoIterator<Item = Settled>) -> Tier {
    let since = newest_first.into_iter().take_while(|settled| !settled.is_fall());
    match since.filter(|settled| *settled == Settled::Approved).count() {
        TRUSTED.. => Tier::Trusted,
        KNOWN.. => Tier::Known,
        _ => Tier::New,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_rises_with_approved_work_and_falls_at_once(record in proptest::collection::vec(0usize..6, 0..40)) {
            let record: Vec<_> = record.into_iter().map(|n| Settled::ALL[n]).collect();
            let now = tier(record.iter().copied());
            let with = |next: Settled| tier([next].into_iter().chain(record.iter().copied()));
            prop_assert!(with(Settled::Approved) >= now);
            prop_assert_eq!(with(Settled::Discarded), Tier::New);
            prop_assert_eq!(with(Settled::Reverted), Tier::New);
            prop_assert_eq!(with(Settled::ByPolicy), now, "the policy does not feed itself");
        }
    }

    #[test]
    fn how_many_it_takes() {
        let approved = |n| tier(std::iter::repeat_n(Settled::Approved, n));
        assert_eq!([2, 3, 9, 10].map(approved), [Tier::New, Tier::Known, Tier::Known, Tier::Trusted]);
    }
}
