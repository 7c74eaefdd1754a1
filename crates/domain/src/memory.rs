//! The project's memory: notes in Markdown that agents and people leave for later runs. Bounded, so that it can be
//! put before every agent; versioned, so that nobody overwrites what they have not read.

/// Entries of a project.
pub const MOST_ENTRIES: usize = 64;
/// Bytes of one entry.
pub const MOST_BYTES: usize = 8 * 1024;
/// Versions kept of an entry.
pub const MOST_VERSIONS: u32 = 20;

/// Why a name is none, if it is none: lower-case words joined by hyphens.
pub fn complaint(name: &str, text: &str) -> Option<&'static str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        Some("the name of an entry is 1 to 64 of a-z, 0-9 and hyphens")
    } else if text.len() > MOST_BYTES {
        Some("an entry has at most 8 KiB: say it shorter, or make two of it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_words() {
        for name in ["", "A", "a b", "../x", "a/b", "gr\u{fc}n", &"x".repeat(65)] {
            assert!(complaint(name, "").is_some(), "{name}");
        }
        assert_eq!(complaint("build-notes-2", "x"), None);
        assert!(complaint("x", &"x".repeat(MOST_BYTES + 1)).is_some());
    }
}
