//! Identifiers: UUIDv7 newtypes, so ids sort by creation and cannot be mistaken for each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use crate::time::Timestamp;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id whose time part is `now`; the rest is random.
            pub fn new(now: Timestamp) -> Self {
                let ms = now.as_millis();
                let seconds = u64::try_from(ms.div_euclid(1000)).unwrap_or(0);
                let nanos = u32::try_from(ms.rem_euclid(1000)).unwrap_or(0) * 1_000_000;
                Self(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)))
            }

            /// When it was made; the beginning of time for an id that is not of ours.
            pub fn created_at(&self) -> Timestamp {
                let seconds = self.0.get_timestamp().map_or((0, 0), |at| at.to_unix());
                let ms = seconds.0.saturating_mul(1000).saturating_add(u64::from(seconds.1 / 1_000_000));
                Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
            }

            /// The last eight characters: what people see. The random part, because the first
            /// characters of ids made in the same minute are all alike.
            pub fn short(&self) -> String {
                let text = self.0.as_simple().to_string();
                text[text.len() - 8..].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id_type! {
    /// Identifier of a [task](crate::Task).
    TaskId
}
id_type! {
    /// Identifier of a [run](crate::Run).
    RunId
}
id_type! {
    /// Identifier of a [conversation](crate::conversation).
    ConversationId
}
id_type! {
    /// Identifier of a [message](crate::conversation::Message).
    MessageId
}

impl ConversationId {
    /// The name of its own part of the log: events belong to a task or to a conversation, and no id is both.
    pub fn stream(self) -> TaskId {
        TaskId(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_text() {
        let early = TaskId::new(Timestamp::from_millis(1_000));
        let late = TaskId::new(Timestamp::from_millis(2_000));
        assert!(early < late);
        assert_eq!(early.to_string().parse::<TaskId>().unwrap(), early);
        assert_eq!(late.created_at(), Timestamp::from_millis(2_000));
        assert!(early.to_string().ends_with(&early.short()[..]));
    }
}
