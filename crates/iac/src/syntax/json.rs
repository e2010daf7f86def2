//! Configuration written as JSON: `.tf.json` and `.tfvars.json`.
//!
//! Every JSON value is an expression of HCL as well, so that the same reader gives the same places.
//! <https://developer.hashicorp.com/terraform/language/syntax/json>

use super::{
    Attribute, Block, Body, Document, Expression, ExpressionKind as Kind, Key, Name, Span, SyntaxError,
    cursor::Cursor,
};

/// Blocks with two labels.
const TWO_LABELS: &[&str] = &["data", "ephemeral", "resource"];
/// Blocks with one label.
const ONE_LABEL: &[&str] = &["check", "module", "output", "provider", "variable"];
/// Blocks without labels.
const NO_LABEL: &[&str] = &["import", "locals", "moved", "removed", "terraform"];

/// Reads a file of configuration.
pub fn parse_json(text: &str) -> Document {
    document(text, |entries, document| {
        for (name, value) in entries {
            let labels = match &*name {
                kind if TWO_LABELS.contains(&kind) => 2,
                kind if ONE_LABEL.contains(&kind) => 1,
                kind if NO_LABEL.contains(&kind) => 0,
                // Comments.
                "//" => continue,
                _ => {
                    let message = format!("`{name}` is no block of a configuration");
                    document.errors.push(SyntaxError { offset: value.span.start, message });
                    continue;
                }
            };
            blocks(&name, value, labels, &mut Vec::new(), document);
        }
    })
}

/// Reads a file of variables.
pub fn parse_json_variables(text: &str) -> Document {
    document(text, |entries, document| document.body = body(entries))
}

fn document(text: &str, fill: impl FnOnce(Vec<(Name, Expression)>, &mut Document)) -> Document {
    let mut cursor = Cursor::new(text);
    let mut document = Document::default();
    cursor.lines();
    match cursor.expression() {
        Ok(whole) => {
            cursor.lines();
            if cursor.peek().is_some() {
                let message = "something stands behind the end of the JSON object".to_owned();
                document.errors.push(SyntaxError { offset: cursor.at as u32, message });
            }
            match whole.kind {
                Kind::Object(entries) => fill(named(entries), &mut document),
                _ => document.errors.push(SyntaxError {
                    offset: whole.span.start,
                    message: "a JSON object is expected".to_owned(),
                }),
            }
        }
        Err(error) => document.errors.push(error),
    }
    document
}

/// Entries whose keys are plain texts: JSON has no others.
fn named(entries: Vec<(Key, Expression)>) -> Vec<(Name, Expression)> {
    let name = |key: Key| match key {
        Key::Name(name, _) => Some(name),
        Key::Expression(Expression { kind: Kind::String(name), .. }) => Some(name),
        Key::Expression(_) => None,
    };
    entries.into_iter().filter_map(|(key, value)| Some((name(key)?, value))).collect()
}

/// The blocks that a value stands for: labels are keys, and several blocks of one name are a list.
fn blocks(kind: &Name, value: Expression, labels: usize, known: &mut Vec<Name>, document: &mut Document) {
    let span = value.span;
    match value.kind {
        Kind::Tuple(elements) => {
            for element in elements {
                blocks(kind, element, labels, known, document);
            }
        }
        Kind::Object(entries) if labels == known.len() => {
            let header = Span { start: span.start, end: span.start.saturating_add(1) };
            let content = body(named(entries));
            document.body.blocks.push(Block {
                kind: kind.clone(),
                labels: known.clone(),
                body: content,
                span,
                header,
            });
        }
        Kind::Object(entries) => {
            for (label, value) in named(entries) {
                known.push(label);
                blocks(kind, value, labels, known, document);
                known.pop();
            }
        }
        _ => document
            .errors
            .push(SyntaxError { offset: span.start, message: format!("a `{kind}` block is a JSON object") }),
    }
}

/// Which attributes are nested blocks, only the provider knows; rules read both alike.
fn body(entries: Vec<(Name, Expression)>) -> Body {
    let attributes = entries.into_iter().filter(|(name, _)| &**name != "//");
    let attributes = attributes.map(|(name, value)| Attribute { name, span: value.span, value });
    Body { attributes: attributes.collect(), blocks: Vec::new() }
}
