//! Counting exactly, as published tokenizers of the byte-pair kind do: of a piece's bytes the two neighbours that were
//! joined first when the vocabulary was made are joined first. A vocabulary is kept as the list of its joins alone
//! (`scripts/tokenizers` makes it), since how a token is written is not needed to count it.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::Tokenizer;
use super::pieces::{Pieces, Way};

/// The longest row of bytes that is joined at once: longer ones are cut, which costs a token at most, so that hostile
/// texts take no longer than others.
const MOST_BYTES: usize = 256;
/// Bits of a token in the file.
const BITS: usize = 18;

/// A tokenizer's vocabulary, ready to count: some 4 MB while it lives.
pub struct Bpe {
    way: Way,
    /// What is joined; the n-th becomes token 256 + n.
    joins: Vec<(u32, u32)>,
    /// Places in `joins` by the hash of a join, plus one; 0 is free.
    slots: Vec<u32>,
}

impl Bpe {
    /// Unpacks a vocabulary: some milliseconds.
    pub fn load(tokenizer: Tokenizer) -> Self {
        let (way, packed): (Way, &[u8]) = match tokenizer {
            Tokenizer::O200k => (Way::O200k, include_bytes!("o200k.merges")),
            Tokenizer::Qwen => (Way::Qwen, include_bytes!("qwen.merges")),
        };
        let joins: Vec<_> = (0..packed.len() * 8 / (2 * BITS))
            .map(|n| (unpack(packed, 2 * n), unpack(packed, 2 * n + 1)))
            .collect();
        let mut slots = vec![0u32; (joins.len() * 2).next_power_of_two()];
        for (n, join) in (1u32..).zip(&joins) {
            let mut slot = place(*join, slots.len());
            while slots[slot] != 0 {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = n;
        }
        Self { way, joins, slots }
    }

    /// How many tokens a text has.
    pub fn count(&self, text: &str) -> u64 {
        let text = match self.way {
            Way::Qwen if is_nfc_quick(text.chars()) != IsNormalized::Yes => Cow::Owned(text.nfc().collect()),
            _ => Cow::Borrowed(text),
        };
        let mut row = Vec::new();
        Pieces::of(&text, self.way)
            .flat_map(|piece| piece.as_bytes().chunks(MOST_BYTES))
            .map(|bytes| self.joined(bytes, &mut row))
            .sum()
    }

    /// How many tokens are left of a piece when nothing can be joined any more.
    fn joined(&self, bytes: &[u8], row: &mut Vec<(u32, Option<u32>)>) -> u64 {
        // Each token, with what it and the next one become.
        row.clear();
        row.extend(bytes.iter().map(|byte| (u32::from(*byte), None)));
        for n in 1..row.len() {
            row[n - 1].1 = self.join(row[n - 1].0, row[n].0);
        }
        loop {
            let joins = row.iter().enumerate().filter_map(|(n, (_, join))| Some(((*join)?, n)));
            let Some((token, n)) = joins.min() else { return row.len() as u64 };
            row.remove(n + 1);
            row[n] = (token, row.get(n + 1).and_then(|(next, _)| self.join(token, *next)));
            if n > 0 {
                row[n - 1].1 = self.join(row[n - 1].0, token);
            }
        }
    }

    fn join(&self, left: u32, right: u32) -> Option<u32> {
        let mut slot = place((left, right), self.slots.len());
        loop {
            let n = self.slots[slot].checked_sub(1)?;
            if self.joins.get(n as usize) == Some(&(left, right)) {
                return Some(256 + n);
            }
            slot = (slot + 1) % self.slots.len();
        }
    }
}

impl std::fmt::Debug for Bpe {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Bpe").field("joins", &self.joins.len()).finish_non_exhaustive()
    }
}

fn unpack(packed: &[u8], n: usize) -> u32 {
    let bit = n * BITS;
    let byte = |k: usize| u32::from(packed.get(bit / 8 + k).copied().unwrap_or(0)) << (8 * k);
    ((byte(0) | byte(1) | byte(2) | byte(3)) >> (bit % 8)) & ((1 << BITS) - 1)
}

/// Where a join is looked for first among a power of two of slots.
fn place((left, right): (u32, u32), slots: usize) -> usize {
    let both = u64::from(left) << 32 | u64::from(right);
    let mixed = both.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 40).unwrap_or(0) & (slots - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// A text with what the published tokenizers count: `scripts/tokenizers` asked them.
    #[derive(Deserialize)]
    struct Counted {
        name: String,
        text: String,
        o200k: u64,
        qwen: u64,
    }

    #[test]
    fn as_the_published_tokenizers_count() {
        let counted: Vec<Counted> = serde_json::from_str(include_str!("counted.json")).unwrap();
        assert!(counted.len() > 150);
        let (o200k, qwen) = (Bpe::load(Tokenizer::O200k), Bpe::load(Tokenizer::Qwen));
        for Counted { name, text, o200k: first, qwen: second } in counted {
            for (bpe, real) in [(&o200k, first), (&qwen, second)] {
                let told = bpe.count(&text);
                // Within 1%, which for a short text is exactly.
                assert!(told.abs_diff(real) * 100 <= real, "{name}: {told} for {real} by {bpe:?}: {text}");
            }
        }
    }

    #[test]
    fn pieces_are_cut_as_published() {
        let cut = |text, way| Pieces::of(text, way).collect::<Vec<_>>().join("|");
        let text = "I'LL  say HTTPServer2Go, 12345 times!\n\n  漢字ABCdé // x\t\t";
        assert_eq!(
            cut(text, Way::O200k),
            "I'LL| | say| HTTPServer|2|Go|,| |123|45| times|!\n\n| | 漢字ABCdé| //| x|\t\t"
        );
        assert_eq!(
            cut(text, Way::Qwen),
            "I|'LL| | say| HTTPServer|2|Go|,| |1|2|3|4|5| times|!\n\n| | 漢字ABCdé| //| x|\t\t"
        );
    }

    #[test]
    fn hostile_texts_end_in_time() {
        let bpe = Bpe::load(Tokenizer::O200k);
        for text in ["a".repeat(20_000), "\u{301}".repeat(5_000), " ".repeat(20_000), "\n ".repeat(10_000)] {
            assert!(bpe.count(&text) > 0);
        }
        assert_eq!(bpe.count(""), 0);
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "(\\PC|[ \t\r\n'/a-zA-Z0-9\u{300}\u{a0}])*") {
            for way in [Way::O200k, Way::Qwen] {
                let pieces: Vec<_> = Pieces::of(&text, way).collect();
                prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
                prop_assert_eq!(pieces.concat(), text.clone());
            }
        }
    }
}
