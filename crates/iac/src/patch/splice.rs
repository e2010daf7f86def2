//! Changes of a text, and the proof that they change nothing else.

use std::sync::Arc;

/// One replacement in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edit {
    /// The file, as in [`crate::source::SourceFile::path`].
    pub(super) path: Arc<str>,
    /// First byte.
    pub(super) start: usize,
    /// Byte behind the last; the same as `start` where something is inserted.
    pub(super) end: usize,
    /// What stands there instead.
    pub(super) text: String,
}

/// The text with all edits of this file; `None` when they overlap or lie outside of it.
pub(super) fn apply(text: &str, edits: &[&Edit]) -> Option<String> {
    let mut sorted: Vec<&&Edit> = edits.iter().collect();
    sorted.sort();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in sorted {
        out.push_str(text.get(at..edit.start)?);
        out.push_str(&edit.text);
        text.get(edit.start..edit.end)?;
        at = edit.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// Is every line the same that no edit is about?
pub(super) fn keeps_other_lines(old: &str, new: &str, edits: &[&Edit]) -> bool {
    let mut sorted: Vec<&&Edit> = edits.iter().collect();
    sorted.sort();
    // Lines are compared from the end of one edit's lines to the beginning of the next one's.
    let (mut from, mut shift) = (0usize, 0isize);
    for edit in sorted {
        let whole = starts_line(old, edit.start)
            && starts_line(old, edit.end)
            && (edit.text.is_empty() || edit.text.ends_with('\n'));
        let first = line_start(old, edit.start);
        let behind = if whole { edit.end } else { line_end(old, edit.end) };
        if first > from && !same(old, new, from, first, shift) {
            return false;
        }
        shift += edit.text.len() as isize - (edit.end as isize - edit.start as isize);
        from = from.max(behind);
    }
    same(old, new, from, old.len(), shift) && old.len().checked_add_signed(shift) == Some(new.len())
}

/// Are these bytes of the old text the same whole lines in the new one?
fn same(old: &str, new: &str, from: usize, to: usize, shift: isize) -> bool {
    let moved = from.checked_add_signed(shift).zip(to.checked_add_signed(shift));
    let Some((start, end)) = moved else { return false };
    old.get(from..to) == new.get(start..end)
        && (from == to || !starts_line(old, from) || starts_line(new, start))
}

/// Does a line begin at this byte?
pub(super) fn starts_line(text: &str, at: usize) -> bool {
    line_start(text, at) == at
}

/// The byte at which the line begins that this byte is in.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// The byte behind the line that this byte is in, behind its line end.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |newline| at + newline + 1)
}
