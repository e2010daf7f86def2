//! Words of identifiers, reduced to what they have in common.

/// The words of an identifier, in lower case: `blockPublicAcls` and `block_public_acls` are the same three.
pub(super) fn split(identifier: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    for letter in identifier.chars() {
        let starts = letter.is_uppercase() && before.is_lowercase();
        if (starts || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The stem of a word: `encryption`, `encrypted` and `encrypt` have one, `logging`, `logs` and `log` another.
pub(super) fn stem(word: &str) -> String {
    const ENDINGS: [(&str, usize); 12] = [
        ("ations", 4),
        ("ation", 4),
        ("ions", 4),
        ("ion", 4),
        ("ings", 3),
        ("ing", 3),
        ("able", 4),
        ("ies", 3),
        ("ed", 4),
        ("ly", 4),
        ("es", 4),
        ("s", 3),
    ];
    let mut stem = word;
    if !word.ends_with("ss") {
        let ending = ENDINGS.iter().find(|(ending, least)| {
            word.strip_suffix(ending).is_some_and(|rest| rest.chars().count() >= *least)
        });
        stem = ending.and_then(|(ending, _)| word.strip_suffix(ending)).unwrap_or(word);
    }
    let letters: Vec<char> = stem.chars().collect();
    if let [.., before, last] = letters.as_slice() {
        let doubled = before == last && stem != word && !matches!(last, 's' | 'l');
        let silent = letters.len() > 3 && matches!(last, 'e' | 'y');
        if doubled || silent {
            return letters.iter().take(letters.len() - 1).collect();
        }
    }
    stem.to_owned()
}

/// The stems of an identifier's words.
pub(super) fn stems(identifier: &str) -> Vec<String> {
    split(identifier).iter().map(|word| stem(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [
            &["encrypt", "encrypted", "encryption"][..],
            &["log", "logs", "logging"],
            &["enable", "enabled", "enabling"],
            &["public", "publicly"],
            &["policy", "policies"],
            &["rotate", "rotation"],
        ] {
            let stems: Vec<_> = forms.iter().map(|word| stem(word)).collect();
            assert!(stems.iter().all(|stem| *stem == stems[0]), "{stems:?}");
        }
        assert_eq!(stem("access"), "access");
    }

    #[test]
    fn identifiers_are_split_at_signs_and_at_capitals() {
        assert_eq!(split("blockPublicAcls"), ["block", "public", "acls"]);
        assert_eq!(split("block_public-acls"), ["block", "public", "acls"]);
        assert_eq!(split("__"), Vec::<String>::new());
    }
}
