//! Names of files in a model.

use std::{cmp::Ordering, fmt};

use super::verdict::{Problem, Reason};

/// A relative path with `/` between its parts, which leads nowhere but below the model. `.` is the model itself, when
/// that is a single file.
///
/// Names are ordered part by part, so that `sub/b` comes before `sub-a`; the root digest depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceName(String);

impl ResourceName {
    /// The model that is a single file.
    pub fn itself() -> Self {
        Self(".".to_owned())
    }

    /// Reads a name, and drops what does not change where it leads: `./`, doubled and trailing slashes.
    ///
    /// # Errors
    /// When it is absolute, climbs with `..`, names a drive, or holds a NUL.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let objection = if text.is_empty() {
            Some("is empty")
        } else if text.contains('\0') {
            Some("holds a NUL")
        } else if text.starts_with(['/', '\\']) {
            Some("is absolute")
        } else if has_drive(text) {
            Some("names a drive")
        } else if text.split(['/', '\\']).any(|part| part == "..") {
            Some("climbs out with `..`")
        } else {
            None
        };
        if let Some(objection) = objection {
            return Err(Problem::at(
                Reason::UnsafePath,
                text,
                format!("the signature lists a name that {objection}; nothing was opened"),
            ));
        }
        let matters = |part: &&str| !matches!(*part, "" | ".");
        if text.split('/').all(|part| matters(&part)) {
            return Ok(Self(text.to_owned()));
        }
        let parts: Vec<&str> = text.split('/').filter(matters).collect();
        Ok(if parts.is_empty() { Self::itself() } else { Self(parts.join("/")) })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Itself, and every folder above it.
    pub(super) fn and_above(&self) -> impl Iterator<Item = &str> {
        let ends = self.0.match_indices('/').map(|(end, _)| end).chain([self.0.len()]);
        ends.filter_map(|end| self.0.get(..end))
    }

    /// Its parts.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

/// `C:\` and `C:/`. A colon elsewhere is a character like others.
fn has_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

impl Ord for ResourceName {
    fn cmp(&self, other: &Self) -> Ordering {
        // No name holds a NUL, so that a part sorts before those that it begins.
        let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
        self.0.bytes().map(rank).cmp(other.0.bytes().map(rank))
    }
}

impl PartialOrd for ResourceName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
