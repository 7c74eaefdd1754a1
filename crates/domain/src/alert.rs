//! What a person should know of money and credits before it stops work: derived from what is there, not stored.

use crate::account::{Alert as Left, Window};
use crate::{Account, Timestamp};

/// From this share of a budget on it is said.
const NEAR: f64 = 0.8;

/// Something that is about to stop work, or does.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Another for each occurrence: the same budget next month, or at its end, is another.
    pub id: String,
    /// `budget` or `credits`.
    pub kind: &'static str,
    /// The project or the account.
    pub of: String,
    /// Whether it stops work already.
    pub stops: bool,
    /// One sentence.
    pub text: String,
    /// The share that is used, 0 to 1 and more.
    pub used: f64,
    /// When it is over by itself.
    pub until: Timestamp,
}

/// Of a project's budget of a month.
pub fn budget(project: &str, spent: f64, most: f64, until: Timestamp) -> Option<Alert> {
    let used = if most > 0.0 { spent / most } else { 1.0 };
    if used.is_nan() || used < NEAR {
        return None;
    }
    let stops = used >= 1.0;
    let text = if stops {
        format!(
            "{project} has spent ${spent:.2} of the month's ${most:.2}: what is charged by use waits until it renews"
        )
    } else {
        format!("{project} has spent ${spent:.2} of the month's ${most:.2}")
    };
    let step = if stops { 100 } else { 80 };
    let id = format!("budget:{project}:{until}:{step}");
    Some(Alert { id, kind: "budget", of: project.to_owned(), stops, text, used, until })
}

/// Of a window of an account.
pub fn credits(account: &Account, window: &Window, now: Timestamp) -> Option<Alert> {
    let left = window.alerted.filter(|_| window.is_current(now))?;
    let used = window.utilization?;
    let (name, until) = (&account.name, window.renews_at());
    let percent = ((1.0 - used).clamp(0.0, 1.0) * 100.0).round();
    let stops = left == Left::Threshold;
    let mut text = format!("{percent}% of the {} of {name} is left", window.label());
    if stops {
        let kept = (account.reserve * 100.0).round();
        text += &if kept > 0.0 {
            format!("; {kept}% is kept for you, so nothing new starts on it until it renews")
        } else {
            "; nothing new starts on it until it renews".into()
        };
    }
    let id = format!("credits:{name}:{}:{until}:{}", window.name, left.as_str());
    Some(Alert { id, kind: "credits", of: name.clone(), stops, text, used, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_told_at_four_fifths_and_at_its_end_each_as_another() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let told = |spent| budget("shop", spent, 10.0, at);
        assert_eq!(told(7.99), None);
        let (near, over) = (told(8.0).unwrap(), told(10.5).unwrap());
        assert!(!near.stops && over.stops);
        assert_ne!(near.id, over.id);
        assert_eq!(told(9.9).unwrap().id, near.id, "dismissed once is dismissed");
        assert_eq!(near.text, "shop has spent $8.00 of the month's $10.00");
        assert!(budget("shop", 0.0, 0.0, at).unwrap().stops, "a budget of nothing is used up");
    }
}
