//! How new lines look between those that are there: indentation, line ends, aligned signs.

use std::sync::Arc;

use super::splice::{Edit, line_end, line_start};
use crate::syntax::{Attribute, Block, Body, Span};

/// A file that is changed.
#[derive(Clone, Copy)]
pub(super) struct Page<'t> {
    pub(super) path: &'t Arc<str>,
    pub(super) text: &'t str,
}

impl<'t> Page<'t> {
    /// An edit of this file.
    pub(super) fn edit(self, start: usize, end: usize, text: String) -> Edit {
        Edit { path: Arc::clone(self.path), start, end, text }
    }

    /// Another expression.
    pub(super) fn replace(self, span: Span, text: &str) -> Edit {
        self.edit(span.start as usize, span.end as usize, text.to_owned())
    }

    /// Adds an attribute to a block: behind the last one that has a line of its own, or before the closing brace.
    pub(super) fn add_attribute(self, block: &Block, name: &str, to: &str) -> Option<Edit> {
        let last = block.body.attributes.iter().max_by_key(|attribute| attribute.span.start);
        let Some(last) = last.filter(|last| self.has_own_line(last)) else {
            return self.add_lines(block, &format!("{name} = {to}"));
        };
        let start = line_start(self.text, last.span.start as usize);
        let end = line_end(self.text, last.span.end as usize);
        let indent = self.indent_at(last.span.start);
        let eol = self.eol(start);
        // The sign stands below that of the neighbour where the name leaves room for that.
        let head = self.text.get(last.span.start as usize..last.span.end as usize)?;
        let column = head.find('=').unwrap_or_default();
        let width = column.saturating_sub(1).max(name.len());
        Some(self.edit(end, end, format!("{indent}{name:width$} = {to}{eol}")))
    }

    /// Is it written on one line, with nothing but a comment behind it?
    fn has_own_line(self, attribute: &Attribute) -> bool {
        let (start, end) = (attribute.span.start as usize, attribute.span.end as usize);
        let (before, behind) = (line_start(self.text, start), line_end(self.text, end));
        let own = self.text.get(start..end).is_some_and(|own| !own.contains('\n'));
        let alone = self.text.get(before..start).is_some_and(|text| text.trim().is_empty());
        let rest = self.text.get(end..behind).unwrap_or_default();
        own && alone && rest.ends_with('\n') && is_blank_or_comment(rest)
    }

    /// Adds lines before the closing brace of a block.
    pub(super) fn add_lines(self, block: &Block, lines: &str) -> Option<Edit> {
        let close = (block.span.end as usize).checked_sub(1)?;
        let open = block.header.end as usize + self.text.get(block.header.end as usize..close)?.find('{')?;
        let outer = self.indent_at(block.span.start);
        let inner = self.inner_indent(&block.body, block.span, outer);
        let eol = self.eol(block.span.start as usize);
        let new = indented(lines, &inner, eol);
        let content = self.text.get(open + 1..close)?;
        let line = line_start(self.text, close);
        if self.text.get(line..close)?.trim().is_empty() && content.contains('\n') {
            // A nested block is set off by an empty line, as the language's own formatter likes it.
            let before = self.text.get(open + 1..line)?.trim_end_matches([' ', '\t', '\r']);
            let before = before.strip_suffix('\n').unwrap_or(before);
            let last = before.rsplit('\n').next().unwrap_or_default();
            let gap = if lines.contains('{') && !last.trim().is_empty() { eol } else { "" };
            return Some(self.edit(line, line, format!("{gap}{new}")));
        }
        if content.contains('\n') {
            let kept = content.trim_end().len();
            return Some(self.edit(open + 1 + kept, close, format!("{eol}{new}{outer}")));
        }
        let kept = match content.trim() {
            "" => String::new(),
            kept => format!("{inner}{kept}{eol}"),
        };
        Some(self.edit(open + 1, close, format!("{eol}{kept}{new}{outer}")))
    }

    /// Takes an attribute or a nested block away, with its lines when nothing else stands on them.
    pub(super) fn delete(self, span: Span) -> Edit {
        let (start, end) = (span.start as usize, span.end as usize);
        let (first, behind) = (line_start(self.text, start), line_end(self.text, end));
        let alone = self.text.get(first..start).is_some_and(|text| text.trim().is_empty())
            && self.text.get(end..behind).is_some_and(is_blank_or_comment);
        if alone { self.edit(first, behind, String::new()) } else { self.edit(start, end, String::new()) }
    }

    /// The white space before what begins at this byte, if it begins its line.
    fn indent_at(self, at: u32) -> &'t str {
        let at = at as usize;
        let line = self.text.get(line_start(self.text, at)..at).unwrap_or_default();
        let width = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.get(..width).unwrap_or_default()
    }

    fn inner_indent(self, body: &Body, block: Span, outer: &str) -> String {
        let starts =
            body.attributes.iter().map(|a| a.span.start).chain(body.blocks.iter().map(|b| b.span.start));
        let opening = line_end(self.text, block.start as usize);
        match starts.filter(|start| *start as usize >= opening).min() {
            Some(start) => self.indent_at(start).to_owned(),
            None if outer.contains('\t') || self.text.contains("\n\t") => format!("{outer}\t"),
            None => format!("{outer}  "),
        }
    }

    /// How the line of this byte ends; how the first one does, when it is the last of the file.
    fn eol(self, at: usize) -> &'static str {
        let line = self.text.get(line_start(self.text, at)..line_end(self.text, at)).unwrap_or_default();
        let line =
            if line.ends_with('\n') { line } else { self.text.split_inclusive('\n').next().unwrap_or("") };
        if line.ends_with("\r\n") { "\r\n" } else { "\n" }
    }
}

fn is_blank_or_comment(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")
}

/// Lines with an indentation before each that is not empty.
fn indented(lines: &str, indent: &str, eol: &str) -> String {
    let line = |line: &str| if line.is_empty() { eol.to_owned() } else { format!("{indent}{line}{eol}") };
    lines.trim_end().lines().map(line).collect()
}

/// An attribute in nested blocks that are not there yet.
pub(super) fn nested(missing: &[Arc<str>], name: &str, to: &str) -> String {
    let mut text = String::new();
    for (depth, block) in missing.iter().enumerate() {
        text.push_str(&format!("{}{block} {{\n", "  ".repeat(depth)));
    }
    text.push_str(&format!("{}{name} = {to}\n", "  ".repeat(missing.len())));
    for depth in (0..missing.len()).rev() {
        text.push_str(&format!("{}}}\n", "  ".repeat(depth)));
    }
    text
}
