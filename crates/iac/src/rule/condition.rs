//! What makes a resource insecure.

use std::sync::Arc;

use super::{Path, StatementTest, Test};
use crate::value::Value;

/// A condition. It is true, false, or undecided because of a value that is unknown.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All of them.
    All(Vec<Condition>),
    /// Any of them.
    Any(Vec<Condition>),
    /// Not this one.
    Not(Box<Condition>),
    /// An attribute passes tests.
    Attribute {
        /// Which.
        path: Path,
        /// What the provider takes when it is not set.
        default: Option<Value>,
        /// Must every value that the path leads to pass, instead of some?
        every: bool,
        /// All must hold for one and the same value.
        tests: Vec<Test>,
    },
    /// Elements of a list or nested blocks satisfy a condition, whose paths begin at the element.
    Elements {
        /// Which.
        path: Path,
        /// How many.
        quantifier: Quantifier,
        /// What they satisfy.
        condition: Box<Condition>,
    },
    /// A range of ports includes one of these.
    Ports {
        /// The attribute with the first port.
        from: Path,
        /// The attribute with the last port.
        to: Path,
        /// The ports.
        includes: Vec<u32>,
    },
    /// A policy (JSON text, object, or policy document) has a statement like this.
    Policy {
        /// The attribute.
        path: Path,
        /// The statement.
        statement: Box<StatementTest>,
    },
    /// Another resource refers to this one.
    Connected {
        /// Types of the other.
        kinds: Vec<Arc<str>>,
        /// The other's attribute that refers to this one.
        by: Path,
        /// This one's attributes that the other may name instead of referring to it.
        to: Vec<Arc<str>>,
        /// What the other satisfies.
        condition: Option<Box<Condition>>,
    },
    /// This resource refers to another one.
    Refers {
        /// This one's attribute.
        path: Path,
        /// Types of the other.
        kinds: Vec<Arc<str>>,
        /// What the other satisfies.
        condition: Option<Box<Condition>>,
    },
    /// The resource is of one of these types.
    Kind(Vec<Arc<str>>),
    /// There is a resource like this anywhere in the configuration.
    Present {
        /// Types.
        kinds: Vec<Arc<str>>,
        /// What it satisfies.
        condition: Option<Box<Condition>>,
    },
}

/// How many elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Some,
    /// All; also when there are none.
    Every,
    /// None; also when there are none.
    None,
}
