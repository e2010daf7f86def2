//! Is a document valid SPDX 3.0.1? By the model: types, fields, how often they occur, values, and what references mean.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    CONTEXT,
    model::{Field, Model},
};
use crate::bom::{BomError, Problem};

/// Does the document say that it is SPDX 3?
pub(in crate::bom) fn is_spdx(document: &Value) -> bool {
    context(document).is_some_and(|context| context.starts_with("https://spdx.org/rdf/3"))
}

fn context(document: &Value) -> Option<&str> {
    document.get("@context")?.as_str()
}

/// What is wrong with the document, at most `most` things, in order of their place.
///
/// # Errors
/// When it is of another version.
pub(in crate::bom) fn problems(document: &Value, most: usize) -> Result<Vec<Problem>, BomError> {
    if context(document) != Some(CONTEXT) {
        let context = bartizan_core::redacted(context(document).unwrap_or_default());
        return Err(BomError::Unsupported(format!(
            "SPDX is judged in version 3.0.1, and its context is {context}"
        )));
    }
    let model = Model::read().map_err(BomError::Schema)?;
    let mut judge = Judge {
        model: &model,
        kinds: BTreeMap::new(),
        imported: BTreeSet::new(),
        problems: Vec::new(),
        most,
    };
    match document.get("@graph") {
        Some(Value::Array(elements)) => {
            let elements: Vec<(String, &Value)> =
                elements.iter().enumerate().map(|(at, element)| (format!("/@graph/{at}"), element)).collect();
            judge.all(&elements);
        }
        Some(_) => judge.find("/@graph", "it is no list"),
        None => judge.all(&[(String::new(), document)]),
    }
    let mut problems = judge.problems;
    problems.sort();
    Ok(problems)
}

struct Judge<'a> {
    model: &'a Model,
    /// The type of everything that has an identifier.
    kinds: BTreeMap<&'a str, &'a str>,
    /// Identifiers of elements that the document says to be elsewhere.
    imported: BTreeSet<&'a str>,
    problems: Vec<Problem>,
    most: usize,
}

impl<'a> Judge<'a> {
    fn find(&mut self, path: &str, reason: impl Into<String>) {
        if self.problems.len() < self.most {
            self.problems.push(Problem { path: path.to_owned(), reason: reason.into() });
        }
    }

    fn is_done(&self) -> bool {
        self.problems.len() >= self.most
    }

    fn all(&mut self, elements: &[(String, &'a Value)]) {
        for (path, element) in elements {
            self.register(path, element);
        }
        for (path, element) in elements {
            self.object(path, element, None);
        }
    }

    /// Notes the identifiers of an object and of all in it.
    fn register(&mut self, path: &str, value: &'a Value) {
        match value {
            Value::Object(fields) => {
                let kind = fields.get("type").and_then(Value::as_str);
                if let (Some(kind), Some(id)) = (kind, identifier(fields))
                    && self.kinds.insert(id, kind).is_some()
                {
                    self.find(path, format!("the identifier `{}` is used twice", shown(id)));
                }
                if kind == Some("ExternalMap") {
                    self.imported.extend(fields.get("externalSpdxId").and_then(Value::as_str));
                }
                for (key, value) in fields {
                    if value.is_object() || value.is_array() {
                        self.register(&format!("{path}/{}", pointer(key)), value);
                    }
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate().filter(|(_, item)| item.is_object()) {
                    self.register(&format!("{path}/{at}"), item);
                }
            }
            _ => {}
        }
    }

    /// An object with its fields. `wanted` is the class that its place asks for.
    fn object(&mut self, path: &str, value: &'a Value, wanted: Option<&str>) {
        if self.is_done() {
            return;
        }
        let Some(fields) = value.as_object() else { return self.find(path, "it is no object") };
        let Some(kind) = fields.get("type").and_then(Value::as_str) else {
            return self.find(path, "it has no type");
        };
        // Extensions are whatever their makers define, under names of their own.
        if kind.contains(':') && wanted.is_none_or(|wanted| wanted == "extension_Extension") {
            return;
        }
        if !self.model.has_instances(kind) {
            let reason =
                if self.model.is_class(kind) { "is abstract: use a class below it" } else { "is no class" };
            return self.find(&format!("{path}/type"), format!("`{}` {reason}", shown(kind)));
        }
        if let Some(wanted) = wanted.filter(|wanted| !self.model.is_a(kind, wanted)) {
            return self.find(path, format!("a {wanted} is asked for, and this is a {kind}"));
        }
        self.identity(path, kind, fields);
        let known = self.model.fields(kind);
        for field in known.values().filter(|field| field.least > 0) {
            let count = match fields.get(field.name) {
                None | Some(Value::Null) => 0,
                Some(Value::Array(items)) => items.len(),
                Some(_) => 1,
            };
            if count < field.least {
                let least =
                    if field.least > 1 { format!("at least {} ", field.least) } else { String::new() };
                self.find(path, format!("a {kind} needs {least}{}", field.name));
            }
        }
        for (name, value) in fields {
            if matches!(name.as_str(), "type" | "spdxId" | "@id" | "@context") {
                continue;
            }
            let path = format!("{path}/{}", pointer(name));
            match known.get(name.as_str()) {
                Some(field) => self.field(&path, *field, value),
                // Fields of other vocabularies have names with a prefix.
                None if name.contains(':') => {}
                None => self.find(&path, format!("a {kind} has no such field")),
            }
        }
    }

    fn identity(&mut self, path: &str, kind: &str, fields: &Map<String, Value>) {
        let is_element = self.model.is_a(kind, "Element");
        match identifier(fields) {
            None if is_element => self.find(path, format!("a {kind} needs an spdxId")),
            Some(id) if is_element && (id.starts_with("_:") || !is_absolute(id)) => {
                self.find(path, format!("the spdxId `{}` is no IRI", shown(id)));
            }
            _ => {}
        }
    }

    fn field(&mut self, path: &str, field: Field, value: &'a Value) {
        match value {
            Value::Array(items) if !field.many && items.len() > 1 => {
                self.find(path, "it may occur once only")
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(&format!("{path}/{at}"), field.kind, item);
                }
            }
            value => self.value(path, field.kind, value),
        }
    }

    fn value(&mut self, path: &str, kind: &'static str, value: &'a Value) {
        if self.is_done() {
            return;
        }
        let model = self.model;
        if let Some(values) = model.values(kind) {
            if !value.as_str().is_some_and(|text| values.contains(text)) {
                self.find(path, format!("{} is no {kind}", shown(&value.to_string())));
            }
        } else if model.is_class(kind) {
            match value {
                Value::String(id) => self.reference(path, kind, id),
                value => self.object(path, value, Some(kind)),
            }
        } else if !is_plain(kind, value) {
            self.find(path, format!("{} is no {kind}", shown(&value.to_string())));
        }
    }

    /// A reference, to something of a class.
    fn reference(&mut self, path: &str, wanted: &str, id: &str) {
        let found = self.kinds.get(id).copied().or_else(|| self.model.individual(id));
        match found {
            Some(kind) if self.model.is_a(kind, wanted) => {}
            // A type that is wrong by itself is told at its own place.
            Some(kind) if !self.model.is_class(kind) => {}
            Some(kind) => {
                self.find(path, format!("a {wanted} is asked for, and `{}` is a {kind}", shown(id)))
            }
            None if self.imported.contains(id) => {}
            None => self.find(path, format!("`{}` is neither here nor imported", shown(id))),
        }
    }
}

fn identifier(fields: &Map<String, Value>) -> Option<&str> {
    fields.get("spdxId").or_else(|| fields.get("@id")).and_then(Value::as_str)
}

/// A name as a part of a JSON pointer (RFC 6901).
fn pointer(name: &str) -> String {
    bartizan_core::truncated(&name.replace('~', "~0").replace('/', "~1"), 100)
}

fn shown(text: &str) -> String {
    bartizan_core::redacted(text)
}

fn is_plain(kind: &str, value: &Value) -> bool {
    match (kind, value) {
        ("string", Value::String(_)) | ("boolean", Value::Bool(_)) => true,
        ("positiveInteger", value) => value.as_u64().is_some_and(|number| number > 0),
        ("nonNegativeInteger", value) => value.as_u64().is_some(),
        ("decimal", Value::Number(_)) => true,
        ("decimal", Value::String(text)) => text.parse::<f64>().is_ok_and(f64::is_finite),
        ("anyURI", Value::String(text)) => is_uri(text),
        ("dateTimeStamp", Value::String(text)) => is_time(text),
        ("semver", Value::String(text)) => is_semver(text),
        ("mediaType", Value::String(text)) => text
            .split_once('/')
            .is_some_and(|(one, other)| !one.is_empty() && !other.is_empty() && !other.contains('/')),
        _ => false,
    }
}

/// What may stand in an IRI: hardly anything is forbidden (RFC 3987).
fn is_uri(text: &str) -> bool {
    let is_forbidden = |c: char| c.is_control() || c.is_whitespace() || "<>\"{}|\\^`".contains(c);
    !text.is_empty() && !text.chars().any(is_forbidden)
}

fn is_absolute(text: &str) -> bool {
    let scheme = text.split_once(':').filter(|(_, rest)| !rest.is_empty()).map(|(scheme, _)| scheme);
    is_uri(text) && scheme.is_some_and(|scheme| scheme.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// `2026-01-31T23:59:59Z`: SPDX knows no other form, and the calendar decides.
fn is_time(text: &str) -> bool {
    let shape = text.bytes().map(|b| if b.is_ascii_digit() { b'0' } else { b }).collect::<Vec<u8>>();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u32>().ok());
    let in_range = |from, to, most| number(from, to).is_some_and(|value| value <= most);
    let is_part = |from, to, most| number(from, to).is_some_and(|value| value >= 1 && value <= most);
    shape == b"0000-00-00T00:00:00Z"
        && is_part(5, 7, 12)
        && is_part(8, 10, 31)
        && in_range(11, 13, 23)
        && in_range(14, 16, 59)
        && in_range(17, 19, 59)
}

/// Three numbers without leading zeros, and what Semantic Versioning 2.0.0 allows after them.
fn is_semver(text: &str) -> bool {
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, before) = rest.split_once('-').map_or((rest, None), |(core, before)| (core, Some(before)));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_before =
        |part: &str| is_word(part) && (!part.bytes().all(|b| b.is_ascii_digit()) || is_number(part));
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && before.is_none_or(|before| before.split('.').all(is_before))
        && build.is_none_or(|build| build.split('.').all(is_word))
}

#[cfg(test)]
mod tests;
