//! The pieces that a tokenizer looks at one by one: words with the blank before them, numbers, rows of marks, white space.
//! What OpenAI and Qwen publish as a regular expression is written out here, alternative by alternative, because an engine
//! that looks ahead would weigh more than the vocabularies.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The way of one family of tokenizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `o200k_base`: words are cut where capitals begin, numbers have three digits.
    O200k,
    /// Qwen 2 and 3: words are whole, numbers have one digit.
    Qwen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Upper,
    Lower,
    /// A letter of neither case.
    Letter,
    /// A mark on a letter.
    Accent,
    Number,
    Blank,
    LineEnd,
    Other,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            'a'..='z' => return Self::Lower,
            'A'..='Z' => return Self::Upper,
            '0'..='9' => return Self::Number,
            '\r' | '\n' => return Self::LineEnd,
            c if c.is_whitespace() => return Self::Blank,
            c if c.is_ascii() => return Self::Other,
            _ => {}
        }
        match c.general_category() {
            GeneralCategory::UppercaseLetter | GeneralCategory::TitlecaseLetter => Self::Upper,
            GeneralCategory::LowercaseLetter => Self::Lower,
            GeneralCategory::ModifierLetter | GeneralCategory::OtherLetter => Self::Letter,
            GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark => Self::Accent,
            GeneralCategory::DecimalNumber | GeneralCategory::LetterNumber | GeneralCategory::OtherNumber => {
                Self::Number
            }
            _ => Self::Other,
        }
    }

    fn is_letter(self) -> bool {
        matches!(self, Self::Upper | Self::Lower | Self::Letter)
    }

    fn is_space(self) -> bool {
        matches!(self, Self::Blank | Self::LineEnd)
    }

    /// May begin a word of `o200k_base`.
    fn begins(self) -> bool {
        matches!(self, Self::Upper | Self::Letter | Self::Accent)
    }

    /// May end one.
    fn ends(self) -> bool {
        matches!(self, Self::Lower | Self::Letter | Self::Accent)
    }

    /// May stand before a word and be part of it.
    fn leads(self) -> bool {
        !matches!(self, Self::LineEnd | Self::Number) && !self.is_letter()
    }

    /// Neither space, letter nor number.
    fn is_mark(self) -> bool {
        matches!(self, Self::Accent | Self::Other)
    }
}

/// The pieces of a text, in order; together they are the text.
pub(super) struct Pieces<'a> {
    left: &'a str,
    way: Way,
}

impl<'a> Pieces<'a> {
    pub(super) fn of(text: &'a str, way: Way) -> Self {
        Self { left: text, way }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (first, length) = at(self.left, 0)?;
        let word = match self.way {
            Way::O200k => cased(self.left),
            Way::Qwen => whole(self.left),
        };
        let end = word
            .or_else(|| (first == Class::Number).then(|| number(self.left, self.way)))
            .or_else(|| marks(self.left, self.way))
            .or_else(|| space(self.left))
            .unwrap_or(length);
        let (piece, left) = self.left.split_at(end);
        self.left = left;
        Some(piece)
    }
}

/// The class of the character at a place, and the place behind it.
fn at(text: &str, place: usize) -> Option<(Class, usize)> {
    let c = text[place..].chars().next()?;
    Some((Class::of(c), place + c.len_utf8()))
}

/// The end of the row of such characters that begins at a place.
fn row(text: &str, from: usize, is: impl Fn(Class) -> bool) -> usize {
    let mut end = from;
    while let Some((_, next)) = at(text, end).filter(|(class, _)| is(*class)) {
        end = next;
    }
    end
}

/// Where a word may begin: behind what leads it, or at once.
fn beginnings(text: &str) -> impl Iterator<Item = usize> + use<> {
    let behind = at(text, 0).filter(|(class, _)| class.leads()).map(|(_, next)| next);
    behind.into_iter().chain([0])
}

/// `[^\r\n\p{L}\p{N}]?[begins]*[ends]+` or else `[^\r\n\p{L}\p{N}]?[begins]+[ends]*`, each with what is cut off by an
/// apostrophe.
fn cased(text: &str) -> Option<usize> {
    let ended = |start: usize| {
        let top = row(text, start, Class::begins);
        let end = row(text, top, Class::ends);
        if end > top {
            return Some(end);
        }
        // What ends a word may also begin it: then the last such character is its end.
        let (mut place, mut last) = (start, None);
        while place < top {
            let Some((class, next)) = at(text, place) else { break };
            if class.ends() {
                last = Some(next);
            }
            place = next;
        }
        last
    };
    let begun = |start: usize| {
        let top = row(text, start, Class::begins);
        (top > start).then(|| row(text, top, Class::ends))
    };
    let end = beginnings(text).find_map(ended).or_else(|| beginnings(text).find_map(begun))?;
    Some(end + cut_off(&text[end..]))
}

/// `'s` and the like, or else `[^\r\n\p{L}\p{N}]?\p{L}+`.
fn whole(text: &str) -> Option<usize> {
    match cut_off(text) {
        0 => beginnings(text).find_map(|start| {
            let end = row(text, start, Class::is_letter);
            (end > start).then_some(end)
        }),
        length => Some(length),
    }
}

/// The length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll`, `'d` at the beginning.
fn cut_off(text: &str) -> usize {
    let bytes = text.as_bytes();
    let letter = |n: usize| bytes.get(n).map(u8::to_ascii_lowercase);
    match (bytes.first(), letter(1), letter(2)) {
        (Some(b'\''), Some(b's' | b't' | b'm' | b'd'), _) => 2,
        (Some(b'\''), Some(b'r' | b'v'), Some(b'e')) | (Some(b'\''), Some(b'l'), Some(b'l')) => 3,
        _ => 0,
    }
}

fn number(text: &str, way: Way) -> usize {
    let most = if way == Way::O200k { 3 } else { 1 };
    let mut end = 0;
    for _ in 0..most {
        let Some((Class::Number, next)) = at(text, end) else { break };
        end = next;
    }
    end
}

/// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, with slashes among the line ends where words are cut at capitals.
fn marks(text: &str, way: Way) -> Option<usize> {
    let start = usize::from(text.starts_with(' '));
    let end = row(text, start, Class::is_mark);
    (end > start).then(|| {
        let rest = &text[end..];
        let goes_on = |c: char| c == '\r' || c == '\n' || (c == '/' && way == Way::O200k);
        end + rest.len() - rest.trim_start_matches(goes_on).len()
    })
}

/// `\s*[\r\n]+`, or else `\s+(?!\S)`, or else `\s+`.
fn space(text: &str) -> Option<usize> {
    let end = row(text, 0, Class::is_space);
    if let Some(last) = text[..end].rfind(['\r', '\n']) {
        return Some(last + 1);
    }
    if end == text.len() {
        return (end > 0).then_some(end);
    }
    let last = text[..end].char_indices().next_back().map_or(0, |(place, _)| place);
    (end > 0).then_some(if last > 0 { last } else { end })
}
