//! Where the metadata of a card ends and its prose begins.

/// The two parts of a card.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    pub(super) metadata: Metadata<'a>,
    /// Everything behind the metadata.
    pub(super) prose: &'a str,
    /// How many lines come before the prose.
    pub(super) before: u32,
}

/// What stands between the two lines of `---`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Metadata<'a> {
    /// The card does not begin with `---`.
    Absent,
    /// No second line of `---`.
    Unclosed,
    /// YAML, and the number of lines before it.
    Yaml(&'a str, u32),
}

/// Takes a card apart. A byte order mark, blank lines before the first `---`, blanks behind the dashes and the line ends
/// of every system are accepted, as the hub does.
pub(super) fn split(text: &str) -> Parts<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let absent = Parts { metadata: Metadata::Absent, prose: text, before: 0 };
    let mut at = 0;
    let mut number = 0;
    let mut opened: Option<(usize, u32)> = None;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (line, length) = line(rest);
        number += 1;
        let fence = line.trim_end_matches([' ', '\t']) == "---";
        match opened {
            None if fence => opened = Some((at.saturating_add(length), number)),
            None if line.trim().is_empty() => {}
            None => return absent,
            Some((start, before)) if fence => {
                return Parts {
                    metadata: Metadata::Yaml(text.get(start..at).unwrap_or_default(), before),
                    prose: text.get(at.saturating_add(length)..).unwrap_or_default(),
                    before: number,
                };
            }
            Some(_) => {}
        }
        at = at.saturating_add(length);
    }
    match opened {
        Some(_) => Parts { metadata: Metadata::Unclosed, prose: "", before: number },
        None => absent,
    }
}

/// The first line, and its length with the line end: `\n`, `\r\n` or `\r`.
fn line(text: &str) -> (&str, usize) {
    let Some(end) = memchr::memchr2(b'\n', b'\r', text.as_bytes()) else { return (text, text.len()) };
    let both = text.get(end..).is_some_and(|rest| rest.starts_with("\r\n"));
    (text.get(..end).unwrap_or_default(), end.saturating_add(if both { 2 } else { 1 }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn metadata_lies_between_two_lines_of_dashes_whatever_ends_the_lines() {
        for (text, yaml, prose) in [
            ("---\na: 1\n---\n# x\n", "a: 1\n", "# x\n"),
            ("\u{feff}---\r\na: 1\r\n---\r\n# x", "a: 1\r\n", "# x"),
            ("\n ---\n", "", ""),
            ("---\ra: 1\r---\r# x", "a: 1\r", "# x"),
            ("--- \n---", "", ""),
            ("\n\n---\na: '---x'\n---", "a: '---x'\n", ""),
        ] {
            let parts = split(text);
            if text.starts_with("\n ") {
                assert_eq!(parts.metadata, Metadata::Absent);
                continue;
            }
            let Metadata::Yaml(found, _) = parts.metadata else { panic!("{text:?}: {parts:?}") };
            assert_eq!((found, parts.prose), (yaml, prose), "{text:?}");
        }
    }

    #[test]
    fn metadata_that_does_not_end_is_told_from_none() {
        assert_eq!(split("---\nlicense: mit\n# x\n----\n").metadata, Metadata::Unclosed);
        assert_eq!(split("# x\n---\na: 1\n---\n").metadata, Metadata::Absent);
        assert_eq!(split("").metadata, Metadata::Absent);
    }

    proptest! {
        #[test]
        fn any_text_is_split_without_loss_of_order(text in "[-a\r\n \u{feff}é]{0,60}") {
            let parts = split(&text);
            prop_assert!(text.ends_with(parts.prose));
        }
    }
}
