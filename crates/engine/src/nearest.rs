//! What somebody may have meant.

/// The name that is most like the wanted one, if one is like it at all: at most every third letter may differ.
pub fn nearest<T: AsRef<str>>(wanted: &str, names: impl IntoIterator<Item = T>) -> Option<T> {
    let wanted = wanted.to_lowercase();
    names
        .into_iter()
        .map(|name| (distance(&name.as_ref().to_lowercase(), &wanted), name))
        .filter(|(distance, name)| *distance <= name.as_ref().chars().count().max(3) / 3)
        .min_by(|(one, first), (other, second)| {
            one.cmp(other).then_with(|| first.as_ref().cmp(second.as_ref()))
        })
        .map(|(_, name)| name)
}

/// Levenshtein's distance: how many letters differ.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for ((b, above), diagonal) in other.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            let change = diagonal.saturating_add(usize::from(a != *b));
            next.push(change.min(above.saturating_add(1)).min(left.saturating_add(1)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_another_word_is_not() {
        assert_eq!(nearest("modle.pkl", ["data.csv", "Model.pkl"]), Some("Model.pkl"));
        assert_eq!(nearest("fail_on", ["fail-on", "rules"]), Some("fail-on"));
        assert_eq!(nearest("weights", ["data.csv", "README.md"]), None);
        assert_eq!(distance("", "abc"), 3);
    }
}
