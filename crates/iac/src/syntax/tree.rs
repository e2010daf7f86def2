//! The syntax tree of HCL: bodies, blocks, attributes and expressions, each with its place in the file.

use std::sync::Arc;

use crate::source::{FileId, Place};

/// A name or literal text.
pub type Name = Arc<str>;

/// Some bytes of the file that is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte behind the last.
    pub end: u32,
}

impl Span {
    /// The same bytes, of a named file.
    pub fn of(self, file: FileId) -> Place {
        Place { file, start: self.start, end: self.end }
    }
}

/// What stands between braces, or in a whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// `name = expression`, in order.
    pub attributes: Vec<Attribute>,
    /// `type "label" { … }`, in order.
    pub blocks: Vec<Block>,
}

impl Body {
    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name == name)
    }

    /// The blocks of this type.
    pub fn blocks<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| &*block.kind == kind)
    }
}

/// `name = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: Name,
    /// Name, sign and expression.
    pub span: Span,
    /// The value.
    pub value: Expression,
}

/// `type "label" "label" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The type: `resource`, `ingress`, …
    pub kind: Name,
    /// The labels.
    pub labels: Vec<Name>,
    /// The content.
    pub body: Body,
    /// From the type to the closing brace.
    pub span: Span,
    /// From the type to the last label, without the brace.
    pub header: Span,
}

impl Block {
    /// A label by its position; empty when there is none.
    pub fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("", |label| label)
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where it is.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text without anything to evaluate.
    String(Name),
    /// Text with parts to evaluate.
    Template(Vec<Part>),
    /// `[a, b]`.
    Tuple(Vec<Expression>),
    /// `{ a = b }`.
    Object(Vec<(Key, Expression)>),
    /// The first name of a reference.
    Variable(Name),
    /// `base.name`.
    Member(Box<Expression>, Name),
    /// `base[index]`, and `base.0`.
    Index(Box<Expression>, Box<Expression>),
    /// `base[*].rest` and `base.*.rest`; the rest is applied to every element.
    Splat(Box<Expression>, Vec<Step>),
    /// `name(arguments…)`.
    Call(Box<Call>),
    /// `!a`, `-a`.
    Unary(Unary, Box<Expression>),
    /// `a + b`.
    Binary(Binary, Box<Expression>, Box<Expression>),
    /// `a ? b : c`.
    Conditional(Box<[Expression; 3]>),
    /// `[for …]`, `{for …}`.
    For(Box<For>),
    /// `(a)`.
    Group(Box<Expression>),
}

/// A key of an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A bare name.
    Name(Name, Span),
    /// Anything to evaluate.
    Expression(Expression),
}

impl Key {
    /// Where the key is.
    pub fn span(&self) -> Span {
        match self {
            Self::Name(_, span) => *span,
            Self::Expression(expression) => expression.span,
        }
    }
}

/// One step behind a splat.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`.
    Member(Name),
    /// `[index]`.
    Index(Expression),
}

/// A function call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Name, with its namespace.
    pub name: Name,
    /// Arguments.
    pub arguments: Vec<Expression>,
    /// Is the last argument expanded (`f(list...)`)?
    pub expands: bool,
}

/// A `for` expression.
#[derive(Clone, Debug, PartialEq)]
pub struct For {
    /// Name for the key or index.
    pub key: Option<Name>,
    /// Name for the element.
    pub element: Name,
    /// What is gone through.
    pub collection: Expression,
    /// For an object: the key of each result.
    pub result_key: Option<Expression>,
    /// Each result.
    pub result: Expression,
    /// Are results with the same key gathered in lists?
    pub groups: bool,
    /// Which elements are taken.
    pub condition: Option<Expression>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Literal(Name),
    /// `${ … }`.
    Expression(Expression),
    /// `%{ if } … %{ else } … %{ endif }`.
    If(Box<(Expression, Vec<Part>, Vec<Part>)>),
    /// `%{ for k, v in c } … %{ endfor }`.
    For(Box<TemplateFor>),
}

/// A loop in a template.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateFor {
    /// Name for the key or index.
    pub key: Option<Name>,
    /// Name for the element.
    pub element: Name,
    /// What is gone through.
    pub collection: Expression,
    /// What is repeated.
    pub body: Vec<Part>,
}

/// Operators on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the operations")]
pub enum Unary {
    Not,
    Negate,
}

/// Operators on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the operations")]
pub enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A comment that may say something to a scanner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its text, without the signs that make it a comment.
    pub text: Name,
    /// Where it is.
    pub span: Span,
}

/// What is wrong with the text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// Byte.
    pub offset: u32,
    /// In words.
    pub message: String,
}

/// A file's content: what could be read, and what could not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// What could be read.
    pub body: Body,
    /// What could not.
    pub errors: Vec<SyntaxError>,
    /// Comments that address a scanner.
    pub comments: Vec<Comment>,
}
