//! Files, bodies, blocks and attributes.

use super::{
    Attribute, Block, Body, Document, Span, SyntaxError,
    cursor::{Cursor, Parsed},
};

/// Types of the blocks that stand at the top of a Terraform file. After an error, reading goes on at the next line that
/// begins with one of them.
const TOP_LEVEL: &[&str] = &[
    "check",
    "data",
    "ephemeral",
    "import",
    "locals",
    "module",
    "moved",
    "output",
    "provider",
    "removed",
    "resource",
    "terraform",
    "variable",
];

/// How many errors of one file are kept.
const MOST_ERRORS: usize = 20;

/// Reads a file. What cannot be read is left out and listed in the errors; the rest is there.
pub fn parse(text: &str) -> Document {
    let mut cursor = Cursor::new(text);
    let mut document = Document::default();
    loop {
        cursor.lines();
        if cursor.peek().is_none() {
            break;
        }
        let start = cursor.at;
        cursor.depth = 0;
        cursor.lines_are_space = false;
        let before = document.errors.len();
        if let Err(error) = item(&mut cursor, &mut document.body, &mut document.errors) {
            document.errors.truncate(before.saturating_add(1));
            document.errors.push(error);
            resynchronise(&mut cursor, start);
        }
        document.errors.truncate(MOST_ERRORS);
    }
    document.comments = std::mem::take(&mut cursor.comments);
    document
}

/// Moves to the next line that begins a block at the top of the file.
fn resynchronise(cursor: &mut Cursor<'_>, start: usize) {
    let mut at = cursor.at.max(start);
    loop {
        let rest = cursor.text.get(at..).unwrap_or_default();
        let Some(line) = rest.find('\n') else {
            cursor.at = cursor.text.len();
            return;
        };
        at += line + 1;
        let rest = cursor.text.get(at..).unwrap_or_default();
        let begins = TOP_LEVEL.iter().any(|kind| {
            rest.strip_prefix(kind).is_some_and(|behind| {
                let behind = behind.trim_start_matches([' ', '\t']);
                behind.starts_with('"') || behind.starts_with('{')
            })
        });
        if begins {
            cursor.at = at;
            return;
        }
    }
}

/// An attribute or a block, into `body`.
fn item(cursor: &mut Cursor<'_>, body: &mut Body, errors: &mut Vec<SyntaxError>) -> Parsed<()> {
    let start = cursor.at;
    let Some(name) = cursor.name() else {
        // JSON-like keys appear in files of variables.
        if cursor.peek() == Some(b'"') {
            let name = super::template::quoted_literal(cursor)?;
            cursor.space();
            if matches!(cursor.peek(), Some(b'=' | b':')) {
                return attribute(cursor, body, errors, name, start);
            }
        }
        return cursor.error("a name is missing: an attribute or a block begins with one");
    };
    cursor.space();
    if cursor.peek() == Some(b'=') && cursor.peek_at(1) != Some(b'=') {
        return attribute(cursor, body, errors, name, start);
    }
    let mut labels = Vec::new();
    let mut header = cursor.span(start);
    header.end = header.start + name.len() as u32;
    loop {
        match cursor.peek() {
            Some(b'{') => break,
            Some(b'"') => labels.push(super::template::quoted_literal(cursor)?),
            _ => match cursor.name() {
                Some(label) => labels.push(label),
                None => return cursor.error(format!("`=` or `{{` is missing after `{name}`")),
            },
        }
        header = cursor.span(start);
        cursor.space();
    }
    cursor.at += 1;
    cursor.enter()?;
    let content = braced(cursor, errors)?;
    cursor.leave();
    let span = cursor.span(start);
    body.blocks.push(Block { kind: name, labels, body: content, span, header });
    end_of_line(cursor)
}

fn attribute(
    cursor: &mut Cursor<'_>,
    body: &mut Body,
    errors: &mut Vec<SyntaxError>,
    name: super::Name,
    start: usize,
) -> Parsed<()> {
    cursor.at += 1;
    cursor.space();
    let value = cursor.expression()?;
    let span = Span { start: start as u32, end: value.span.end };
    if body.attribute(&name).is_some() {
        // The block stays, with the value that stands first.
        errors.push(SyntaxError {
            offset: start as u32,
            message: format!("the attribute `{name}` is given twice; remove one of them"),
        });
    } else {
        body.attributes.push(Attribute { name, span, value });
    }
    end_of_line(cursor)
}

/// What stands between braces, up to and with the closing one.
fn braced(cursor: &mut Cursor<'_>, errors: &mut Vec<SyntaxError>) -> Parsed<Body> {
    let mut body = Body::default();
    let opened = cursor.at.saturating_sub(1);
    loop {
        cursor.lines();
        match cursor.peek() {
            Some(b'}') => {
                cursor.at += 1;
                return Ok(body);
            }
            None => {
                return Err(SyntaxError {
                    offset: opened as u32,
                    message: "this `{` is never closed".to_owned(),
                });
            }
            _ => item(cursor, &mut body, errors)?,
        }
    }
}

fn end_of_line(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.space();
    match cursor.peek() {
        None | Some(b'\n' | b'}') => Ok(()),
        Some(_) => cursor.error("a new line is missing: each attribute and block has lines of its own"),
    }
}
