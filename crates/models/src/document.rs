//! YAML and JSON as a tree with line numbers, aliases unexpanded and tags kept: what configuration inspectors walk.
//!
//! YAML: <https://yaml.org/spec/1.2.2/>. An alias is not followed (its anchor is walked where it stands), so that a few
//! nested aliases cannot make a huge tree; an alias of a scalar is that scalar.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, Tag};

/// The most nodes of one document.
const MOST_NODES: usize = 1_000_000;

/// One value of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Counted from 1; 0 when not known.
    pub(crate) line: u32,
    /// `tag:yaml.org,2002:python/object:…`, when written.
    pub(crate) tag: Option<String>,
    pub(crate) value: Value,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>),
    /// An alias of a sequence or mapping.
    Alias,
}

impl Node {
    /// The value of a key: the last one where it is given twice, as Python's readers have it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Mapping(entries) => {
                entries.iter().rev().find(|(name, _)| name == key).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    pub(crate) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            _ => &[],
        }
    }

    #[cfg(test)]
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Calls `visit` on this node and on every node below it. The tree is at most as deep as the limit it was read with.
    pub(crate) fn each(&self, visit: &mut dyn FnMut(&Node)) {
        visit(self);
        match &self.value {
            Value::Sequence(items) => items.iter().for_each(|item| item.each(visit)),
            Value::Mapping(entries) => entries.iter().for_each(|(_, item)| item.each(visit)),
            Value::Scalar(_) | Value::Alias => {}
        }
    }
}

/// Reads every document of a YAML stream.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn yaml(text: &str, depth: usize) -> Result<Vec<Node>, String> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder { depth, ..Builder::default() };
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| format!("the YAML is not valid: {error}"))?;
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        match event {
            Event::Scalar(text, _, anchor, tag) => {
                if anchor != 0 {
                    builder.scalars.insert(anchor, text.to_string());
                }
                builder.add(Node {
                    line,
                    tag: tag.map(|tag| spelled(&tag)),
                    value: Value::Scalar(text.into_owned()),
                })?;
            }
            Event::Alias(anchor) => {
                let value = builder.scalars.get(&anchor).cloned().map_or(Value::Alias, Value::Scalar);
                builder.add(Node { line, tag: None, value })?;
            }
            Event::SequenceStart(_, tag) => builder.open(line, tag.map(|tag| spelled(&tag)), false)?,
            Event::MappingStart(_, tag) => builder.open(line, tag.map(|tag| spelled(&tag)), true)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::StreamEnd => break,
            _ => {}
        }
    }
    Ok(builder.documents)
}

/// Reads JSON. Lines are not known.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn json(bytes: &[u8], depth: usize) -> Result<Node, String> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| format!("the JSON is not valid: {error}"))?;
    from_json(value, depth).ok_or_else(|| format!("the JSON nests deeper than {depth}"))
}

fn from_json(value: serde_json::Value, depth: usize) -> Option<Node> {
    let depth = depth.checked_sub(1)?;
    let value = match value {
        serde_json::Value::Array(items) => {
            Value::Sequence(items.into_iter().map(|item| from_json(item, depth)).collect::<Option<_>>()?)
        }
        serde_json::Value::Object(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|(key, item)| from_json(item, depth).map(|node| (key, node)))
                .collect::<Option<_>>()?,
        ),
        serde_json::Value::String(text) => Value::Scalar(text),
        serde_json::Value::Null => Value::Scalar(String::new()),
        other => Value::Scalar(other.to_string()),
    };
    Some(Node { line: 0, tag: None, value })
}

/// The line of the first place where a JSON text has this string as a value or key.
pub(crate) fn line_of(bytes: &[u8], text: &str) -> Option<u32> {
    let at = memchr::memmem::find(bytes, format!("\"{text}\"").as_bytes())?;
    let lines = memchr::memchr_iter(b'\n', bytes.get(..at)?).count();
    u32::try_from(lines).ok()?.checked_add(1)
}

fn spelled(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Node>,
    /// Keys of open mappings that wait for their value.
    keys: Vec<Option<String>>,
    scalars: HashMap<usize, String>,
    nodes: usize,
    depth: usize,
}

impl Builder {
    fn open(&mut self, line: u32, tag: Option<String>, mapping: bool) -> Result<(), String> {
        if self.open.len() >= self.depth {
            return Err(format!("the document nests deeper than {}", self.depth));
        }
        let value = if mapping { Value::Mapping(Vec::new()) } else { Value::Sequence(Vec::new()) };
        self.open.push(Node { line, tag, value });
        self.keys.push(None);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        self.keys.pop();
        match self.open.pop() {
            Some(node) => self.add(node),
            None => Ok(()),
        }
    }

    fn add(&mut self, node: Node) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(format!("the document has more than {MOST_NODES} values"));
        }
        match self.open.last_mut().map(|parent| &mut parent.value) {
            None => self.documents.push(node),
            Some(Value::Sequence(items)) => items.push(node),
            Some(Value::Mapping(entries)) => {
                if let Some(key) = self.keys.last_mut() {
                    match key.take() {
                        Some(key) => entries.push((key, node)),
                        None => *key = Some(node.text().unwrap_or_default().to_owned()),
                    }
                }
            }
            Some(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn yaml_keeps_lines_tags_and_scalar_aliases() {
        let documents = yaml("a: &x os.system\nb:\n  - *x\n  - !!python/name:os.system {}\n", 64).unwrap();
        let node = &documents[0];
        let items = node.get("b").unwrap().items();
        assert_eq!(items[0].text(), Some("os.system"));
        assert_eq!(
            (items[1].line, items[1].tag.as_deref()),
            (4, Some("tag:yaml.org,2002:python/name:os.system"))
        );
    }

    #[test]
    fn nested_aliases_stay_small_and_depth_is_bounded() {
        let bomb = "a: &a [x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\n";
        let mut count = 0;
        yaml(bomb, 64).unwrap()[0].each(&mut |_| count += 1);
        assert!(count < 20);
        assert!(yaml(&"[".repeat(1000), 64).is_err());
        assert!(json("[".repeat(100).as_bytes(), 64).is_err());
        assert!(json(format!("{}{}", "[".repeat(80), "]".repeat(80)).as_bytes(), 64).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[a-z:\\-\\[\\]{}&*!|>'\"#\\n ,?%@]{0,200}") {
            let _ = yaml(&text, 64);
            let _ = json(text.as_bytes(), 64);
        }
    }
}
