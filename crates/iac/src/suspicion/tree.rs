//! A block of configuration as the network sees it: keys, values, lines, and nothing of layout or comments.

/// A resource, data source or module call.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `resource`, `data` or `module`.
    pub kind: String,
    /// The type; of a module call, what its source is called.
    pub of: String,
    /// What it is called, to name it in a report. The network does not see it.
    pub name: String,
    /// First and last line, counted from 1.
    pub lines: (usize, usize),
    /// Attributes and nested blocks in their order.
    pub nodes: Vec<Node>,
}

/// An attribute, an entry of an object, or a nested block.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The key, or the type of the block.
    pub key: String,
    /// First and last line, counted from 1.
    pub lines: (usize, usize),
    /// What is under the key.
    pub content: Content,
}

/// What is under a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// An attribute's or entry's value.
    Value(Value),
    /// A nested block's body.
    Block(Vec<Node>),
}

/// A value, as far as it can be known from the text of the block.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string without interpolation.
    Text(String),
    /// A string with interpolation: its literal parts, and what it refers to.
    Template(String, Vec<Value>),
    /// `var.x`, `aws_kms_key.y.arn`: the names on the way, the root first.
    Reference(Vec<String>),
    /// A function call that is not seen through.
    Call(String, Vec<Value>),
    /// A list.
    List(Vec<Value>),
    /// An object, or JSON in a string.
    Object(Vec<Node>),
    /// Several values of which one will be taken.
    Either(Vec<Value>),
    /// Anything else.
    Unknown,
}
