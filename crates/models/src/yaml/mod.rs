//! YAML, read into the same tree as JSON (<https://yaml.org/spec/1.2.2/>).

pub(crate) use bartizan_core::document::yaml::{Stream, parse, parse_expanding};

mod inspector;

pub(crate) use inspector::{OBJECT, Yaml, object};
