//! Who a keyless signer has to be.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take; patterns of identities take some kilobytes.
const LARGEST: usize = 1 << 20;

/// An identity or an issuer, as it is or as a pattern.
#[derive(Clone, Debug)]
pub enum Expected {
    /// This text.
    Exactly(String),
    /// A text that this pattern matches from its beginning to its end.
    Matching(Pattern),
}

/// A regular expression that matches whole texts alone.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: String,
    compiled: Regex,
}

/// Why something can be nobody's identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpectedError {
    /// Nobody has an empty one.
    #[error("an empty identity or issuer matches nobody")]
    Empty,
    /// Not a regular expression.
    #[error("the pattern {written:?} cannot be used: {reason}")]
    Pattern {
        /// As it was given.
        written: String,
        /// What is wrong.
        reason: String,
    },
}

impl Expected {
    /// This text and no other.
    ///
    /// # Errors
    /// When it is empty.
    pub fn exactly(text: &str) -> Result<Self, ExpectedError> {
        if text.is_empty() { Err(ExpectedError::Empty) } else { Ok(Self::Exactly(text.to_owned())) }
    }

    /// Whatever a regular expression matches as a whole.
    ///
    /// # Errors
    /// When it is none, or one that would take very much memory.
    pub fn matching(pattern: &str) -> Result<Self, ExpectedError> {
        if pattern.is_empty() {
            return Err(ExpectedError::Empty);
        }
        let wrong = |error: regex::Error| ExpectedError::Pattern {
            written: pattern.to_owned(),
            // The message shows the pattern on lines of its own.
            reason: error
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned(),
        };
        // By itself first: a pattern such as `a)|(b` would be another one between brackets.
        RegexBuilder::new(pattern).size_limit(LARGEST).build().map_err(wrong)?;
        let whole = format!("\\A(?:{pattern})\\z");
        let compiled = RegexBuilder::new(&whole).size_limit(LARGEST).build().map_err(wrong)?;
        Ok(Self::Matching(Pattern { written: pattern.to_owned(), compiled }))
    }

    /// Is it this one?
    pub fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Exactly(expected) => !text.is_empty() && expected == text,
            Self::Matching(pattern) => !text.is_empty() && pattern.compiled.is_match(text),
        }
    }

    /// The one that was written of the two ways.
    pub(super) fn one_of(
        field: &str,
        exact: Option<String>,
        pattern: Option<String>,
    ) -> Result<Option<Self>, String> {
        match (exact, pattern) {
            (None, None) => Ok(None),
            (Some(text), None) => Self::exactly(&text).map(Some).map_err(|error| error.to_string()),
            (None, Some(pattern)) => Self::matching(&pattern).map(Some).map_err(|error| error.to_string()),
            (Some(_), Some(_)) => Err(format!("{field} and {field}-regex exclude each other")),
        }
    }
}

impl PartialEq for Expected {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exactly(one), Self::Exactly(other)) => one == other,
            (Self::Matching(one), Self::Matching(other)) => one.written == other.written,
            _ => false,
        }
    }
}

impl Eq for Expected {}

impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(text) => formatter.write_str(text),
            Self::Matching(pattern) => write!(formatter, "/{}/", pattern.written),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts_alone() {
        let workflow = r"https://github\.com/acme/models/\.github/workflows/release\.yml@refs/tags/v\d+";
        let expected = Expected::matching(workflow).unwrap();
        let right = "https://github.com/acme/models/.github/workflows/release.yml@refs/tags/v12";
        assert!(expected.accepts(right));
        for wrong in [format!("{right}x"), format!("x{right}"), format!("{right}\n"), right.replace('.', "x")]
        {
            assert!(!expected.accepts(&wrong), "{wrong}");
        }
        let either = Expected::matching("ada|bob").unwrap();
        assert!(
            either.accepts("ada")
                && either.accepts("bob")
                && !either.accepts("adab")
                && !either.accepts("xbob")
        );
        assert!(!Expected::matching(".*").unwrap().accepts(""));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in ["", "(", "a)|(b", "[", "(?:a{1000}){1000}{1000}"] {
            assert!(Expected::matching(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Expected::exactly(""), Err(ExpectedError::Empty));
        assert!(Expected::exactly("a.c").unwrap().accepts("a.c"));
        assert!(!Expected::exactly("a.c").unwrap().accepts("abc"));
    }
}
