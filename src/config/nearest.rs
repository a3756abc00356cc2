//! Finds the known word that a mistyped one was probably meant to be.

/// The closest known word, if it is close enough to be worth suggesting.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nothing anybody mistypes is this long, and the distance costs the product of the lengths.
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|known| (score(&word, known), known))
        .filter(|(score, known)| *score <= tolerance(known))
        .min_by_key(|(score, _)| *score)
        .map(|(_, known)| known)
}

/// A beginning of at least four letters (`grace` for `grace-period`) counts as one slip.
fn score(word: &str, known: &str) -> usize {
    match word.len() >= 4 && known.starts_with(word) {
        true => 1,
        false => distance(word, known),
    }
}

fn tolerance(known: &str) -> usize {
    (known.len() / 3).clamp(1, 4)
}

/// Insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_a_finger_are_recognised() {
        let known = ["grace-period", "quiet-period", "quiet-h2", "ports", "off"];
        assert_eq!(nearest("grace-perdio", known), Some("grace-period"));
        assert_eq!(nearest("graceperiod", known), Some("grace-period"));
        assert_eq!(nearest("grace", known), Some("grace-period"));
        assert_eq!(nearest("port", known), Some("ports"));
        assert_eq!(nearest("OFF", known), Some("off"));
        assert_eq!(nearest("of", known), Some("off"));
    }

    #[test]
    fn a_far_word_suggests_nothing() {
        assert_eq!(nearest("banana", ["grace-period", "ports"]), None);
        assert_eq!(nearest("", ["x"]), None);
        assert_eq!(nearest(&"a".repeat(10_000), ["ports"]), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_slip() {
        assert_eq!(distance("portocol", "protocol"), 1);
        assert_eq!(distance("porst", "ports"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
