//! Walking over the text: white space, comments, names.

use super::{Comment, MOST_NESTING, Name, Span, SyntaxError};

pub(super) type Parsed<T> = Result<T, SyntaxError>;

/// A position in the text.
pub(super) struct Cursor<'s> {
    pub(super) text: &'s str,
    pub(super) at: usize,
    /// Do line ends count as white space here? They do inside of brackets and parentheses.
    pub(super) lines_are_space: bool,
    pub(super) depth: u32,
    pub(super) comments: Vec<Comment>,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(text: &'s str) -> Self {
        Self { text, at: 0, lines_are_space: false, depth: 0, comments: Vec::new() }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    pub(super) fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    /// Takes this text if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(SyntaxError { offset: self.at as u32, message: message.into() })
    }

    pub(super) fn expect(&mut self, text: &str, after: &str) -> Parsed<()> {
        if self.take(text) { Ok(()) } else { self.error(format!("`{text}` is missing after {after}")) }
    }

    pub(super) fn span(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }

    /// Goes one level deeper, or refuses to.
    pub(super) fn enter(&mut self) -> Parsed<()> {
        if self.depth >= MOST_NESTING {
            return self.error(format!("nested more than {MOST_NESTING} levels deep"));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Skips white space and comments, and line ends where they count as white space.
    pub(super) fn space(&mut self) {
        self.skip(self.lines_are_space);
    }

    /// Skips white space, comments and line ends.
    pub(super) fn lines(&mut self) {
        self.skip(true);
    }

    fn skip(&mut self, lines: bool) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' if lines => self.at += 1,
                b'#' => self.comment(1),
                b'/' if self.peek_at(1) == Some(b'/') => self.comment(2),
                b'/' if self.peek_at(1) == Some(b'*') => self.long_comment(),
                0xef if self.starts_with("\u{feff}") => self.at += 3,
                _ => break,
            }
        }
    }

    /// A comment up to the end of the line; the line's end is left.
    fn comment(&mut self, sign: usize) {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find('\n').unwrap_or(rest.len());
        self.at += length;
        self.note(start, rest.get(sign..length).unwrap_or_default());
    }

    fn long_comment(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
        self.at += length;
        self.note(start, rest.get(2..length).unwrap_or_default().trim_end_matches("*/"));
    }

    /// Keeps a comment that looks as if it spoke to a scanner.
    fn note(&mut self, start: usize, text: &str) {
        if text.contains(":ignore") || text.contains(":skip") {
            let span = self.span(start);
            // An operator may be looked for twice across a comment.
            if self.comments.last().is_none_or(|last| last.span.start < span.start) {
                self.comments.push(Comment { text: text.trim().into(), span });
            }
        }
    }

    /// A name: letters, digits, `_` and `-`, not beginning with a digit or `-`.
    pub(super) fn name(&mut self) -> Option<Name> {
        let rest = self.rest();
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let fits = match c {
                'a'..='z' | 'A'..='Z' | '_' => true,
                '0'..='9' | '-' => at > 0,
                c if c.is_ascii() => false,
                c => c.is_alphabetic() || (at > 0 && c.is_alphanumeric()),
            };
            if !fits {
                break;
            }
            end = at + c.len_utf8();
        }
        let name = rest.get(..end).filter(|name| !name.is_empty())?;
        self.at += end;
        Some(name.into())
    }
}
