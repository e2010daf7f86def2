//! Identification by content.

use std::cell::OnceCell;

use bytes::Bytes;

use crate::{Asset, Content};

/// How sure an inspector is that an asset is of its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// It is not.
    #[default]
    No,
    /// Only the name says so; the bytes do not contradict.
    Name,
    /// The bytes have the shape, but the format has no magic number.
    Shape,
    /// A magic number or an equally telling structure. Several inspectors may be certain about one file: it is a
    /// polyglot then, and each of them reads it.
    Certain,
}

/// What identification may look at: the name, the first bytes, the last bytes, and if need be more.
#[derive(Debug)]
pub struct Probe<'a> {
    /// The asset in question.
    pub asset: &'a Asset,
    /// The first bytes, at most [`Probe::HEAD`].
    pub head: Bytes,
    /// Extension in lower case, without the dot.
    pub extension: String,
    tail: OnceCell<Bytes>,
}

impl<'a> Probe<'a> {
    /// How many of the first bytes a probe holds.
    pub const HEAD: u64 = 4096;
    /// How many of the last bytes [`Probe::tail`] gives: a ZIP end record with the longest comment.
    pub const TAIL: u64 = 65_557;

    /// Reads the head.
    ///
    /// # Errors
    /// When the content cannot be read at all.
    pub fn new(asset: &'a Asset) -> Result<Self, crate::ReadError> {
        let head =
            if asset.content.tree().is_some() { Bytes::new() } else { asset.content.head(Self::HEAD)? };
        Ok(Self { asset, head, extension: asset.path.extension(), tail: OnceCell::new() })
    }

    /// The content.
    pub fn content(&self) -> &Content {
        &self.asset.content
    }

    /// The last name of the path.
    pub fn name(&self) -> &str {
        self.asset.path.name()
    }

    /// Size in bytes.
    pub fn len(&self) -> u64 {
        self.asset.content.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Do the first bytes equal `magic`?
    pub fn starts_with(&self, magic: &[u8]) -> bool {
        self.head.starts_with(magic)
    }

    /// Do the bytes at `offset` of the head equal `magic`?
    pub fn has_at(&self, offset: usize, magic: &[u8]) -> bool {
        self.head.get(offset..).is_some_and(|rest| rest.starts_with(magic))
    }

    /// Is the extension one of these (lower case, no dot)?
    pub fn extension_is(&self, extensions: &[&str]) -> bool {
        extensions.contains(&self.extension.as_str())
    }

    /// The last bytes, at most [`Probe::TAIL`]; read when first asked for. Empty when they cannot be read.
    pub fn tail(&self) -> &[u8] {
        self.tail.get_or_init(|| {
            let len = self.len().min(Self::TAIL);
            self.content().read(self.len() - len, len, Self::TAIL).unwrap_or_default()
        })
    }

    /// Does the head look like text: valid UTF-8 so far, and no control characters but white space?
    pub fn is_text(&self) -> bool {
        let valid = match std::str::from_utf8(&self.head) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => self
                .head
                .get(..error.valid_up_to())
                .and_then(|head| std::str::from_utf8(head).ok())
                .unwrap_or(""),
            Err(_) => return false,
        };
        !self.head.is_empty()
            && !valid.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
    }

    /// The first byte that is not white space, after a byte order mark.
    pub fn first_visible(&self) -> Option<u8> {
        let head = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.head);
        head.iter().copied().find(|byte| !byte.is_ascii_whitespace())
    }
}
