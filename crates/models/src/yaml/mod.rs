//! YAML, read into the same tree as JSON (<https://yaml.org/spec/1.2.2/>).

mod inspector;
mod parser;

pub(crate) use inspector::{OBJECT, Yaml, object};
pub(crate) use parser::{Stream, parse, parse_expanding};
