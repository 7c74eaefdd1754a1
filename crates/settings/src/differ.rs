//! What differs between two texts, in lines.

/// A line of the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// ` ` of both, `-` of the one before, `+` of the one after.
    pub mark: char,
    /// Its text.
    pub text: String,
}

/// The longest stretch that is compared line by line; beyond it all is said to be new.
const MOST: usize = 2000;

/// Every line of both texts, those of the one before ahead of those that replace them.
pub fn differ(before: &str, after: &str) -> Vec<Line> {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let line = |mark: char| move |text: &&str| Line { mark, text: (*text).to_owned() };
    let mut lines: Vec<_> = old[..start].iter().map(line(' ')).collect();
    lines.extend(middle(&old[start..old.len() - end], &new[start..new.len() - end]));
    lines.extend(old[old.len() - end..].iter().map(line(' ')));
    lines
}

/// By the longest common sequence.
fn middle(old: &[&str], new: &[&str]) -> Vec<Line> {
    let line = |mark: char, text: &str| Line { mark, text: text.to_owned() };
    if old.len() > MOST || new.len() > MOST {
        let gone = old.iter().map(|text| line('-', text));
        return gone.chain(new.iter().map(|text| line('+', text))).collect();
    }
    let mut common = vec![vec![0u16; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(line(' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(line('-', old[i]));
            i += 1;
        } else {
            lines.push(line('+', new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let lines = differ("a\nb\nc\nd\ne\n", "a\nx\nc\ne\nf\n");
        let shown: Vec<_> = lines.iter().map(|line| format!("{}{}", line.mark, line.text)).collect();
        assert_eq!(shown, [" a", "-b", "+x", " c", "-d", " e", "+f"]);
        assert!(differ("a\n", "a\n").iter().all(|line| line.mark == ' '));
        assert_eq!(differ("", "a\na\n").len(), 2);
    }
}
