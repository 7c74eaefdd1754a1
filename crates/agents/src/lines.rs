//! From pieces of bytes to lines, with bounded memory whatever comes.

/// The longest line; what is beyond it is dropped up to the line's end.
pub const MOST_LINE: usize = 1 << 20;

/// Puts pieces of one stream together into lines.
#[derive(Debug, Default)]
pub struct LineSplitter {
    open: Vec<u8>,
    dropped: usize,
}

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its bytes, at most [`MOST_LINE`].
    pub bytes: Vec<u8>,
    /// How many bytes of it were dropped.
    pub dropped: usize,
}

impl LineSplitter {
    /// Takes a piece; the lines it completes.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut parts = piece.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let room = MOST_LINE.saturating_sub(self.open.len());
            let kept = part.len().min(room);
            self.open.extend_from_slice(&part[..kept]);
            self.dropped += part.len() - kept;
            if parts.peek().is_some() {
                lines.push(self.take());
            }
        }
        lines
    }

    /// What is left without an end.
    pub fn finish(&mut self) -> Option<Line> {
        if self.open.is_empty() && self.dropped == 0 { None } else { Some(self.take()) }
    }

    fn take(&mut self) -> Line {
        let mut bytes = std::mem::take(&mut self.open);
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Line { bytes, dropped: std::mem::take(&mut self.dropped) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn how_it_is_cut_into_pieces_does_not_matter(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..400),
            cuts in proptest::collection::vec(1usize..50, 1..20),
        ) {
            let mut whole = LineSplitter::default();
            let mut expected = whole.push(&text);
            expected.extend(whole.finish());
            let mut splitter = LineSplitter::default();
            let (mut found, mut rest) = (Vec::new(), text.as_slice());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                found.extend(splitter.push(piece));
                rest = after;
            }
            found.extend(splitter.finish());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_giant_line_costs_its_bound() {
        let mut splitter = LineSplitter::default();
        for _ in 0..50 {
            assert!(splitter.push(&vec![b'x'; MOST_LINE / 4]).is_empty());
            assert!(splitter.open.len() <= MOST_LINE);
        }
        let lines = splitter.push(b"\nnext\n");
        assert_eq!(lines[0].bytes.len() + lines[0].dropped, 50 * (MOST_LINE / 4));
        assert_eq!(lines[1].bytes, b"next");
    }
}
