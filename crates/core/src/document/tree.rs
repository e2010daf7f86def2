//! A parsed document: what JSON and YAML have in common, with line numbers and without losing duplicate keys.

/// One value and the line it begins on.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// From 1.
    pub line: u32,
    /// What it is.
    pub value: Value,
}

/// What a value is. Objects keep every pair in file order, so that a key given twice shows both values: readers
/// differ in which one they take.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// As written, because 64 bits of either kind lose some.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object or mapping.
    Object(Vec<(String, Node)>),
    /// Passed over on request, see [`super::Reading::skip`].
    Skipped,
}

impl Node {
    /// The pairs of an object; empty for anything else.
    pub fn pairs(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Object(pairs) => pairs,
            _ => &[],
        }
    }

    /// The items of a list; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key: the last one, as Python's and most other readers have it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.pairs().iter().rev().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The text of a key.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text, number or truth value as text.
    pub fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(truth) => Some(truth.to_string()),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn truth(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// Is it an object?
    pub fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// One text, or the texts of a list of them.
    pub fn texts(&self) -> Vec<&str> {
        match &self.value {
            Value::Text(text) => vec![text],
            Value::List(items) => items.iter().filter_map(Node::text).collect(),
            _ => Vec::new(),
        }
    }
}
