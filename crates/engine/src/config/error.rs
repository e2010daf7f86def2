//! What is wrong with a manifest, and where.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use crate::nearest;

/// A manifest that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Something in it is not as it should be.
    #[error("{text}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// `file:line:column: message`, the line itself, and a marker under the place.
        text: String,
    },
    /// There is one already.
    #[error("{} exists already; --force overwrites it", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
}

impl ConfigError {
    pub(crate) fn invalid(path: &Path, source: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let before = source.get(..span.start).unwrap_or(source);
        let line = before.matches('\n').count().saturating_add(1);
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let column = before.get(start..).unwrap_or_default().chars().count().saturating_add(1);
        let shown = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let width = source.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
        let marks = "^".repeat(width.chars().count().max(1));
        let message = error.message().trim_end();
        let mut text = format!("{}:{line}:{column}: {message}", path.display());
        let gutter = line.to_string();
        let pad = " ".repeat(gutter.len());
        let indent: String = shown
            .chars()
            .take(column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        let _ = write!(text, "\n{pad} |\n{gutter} | {shown}\n{pad} | {indent}{marks}");
        if let Some(suggestion) = suggestion(message) {
            let _ = write!(text, "\n{pad} = did you mean `{suggestion}`?");
        }
        Self::Invalid { path: path.to_owned(), line, column, text }
    }
}

/// The expected name that is most like the one found, in a message such as
/// "unknown field `fail_on`, expected one of `fail-on`, `rules`".
fn suggestion(message: &str) -> Option<&str> {
    let (found, expected) = message.strip_prefix("unknown ")?.split_once(", expected")?;
    let found = found.split('`').nth(1)?;
    nearest(found, expected.split('`').skip(1).step_by(2))
}
