//! The layout of CycloneDX documents, from `cyclonedx.layout` to a JSON schema.
//!
//! One table holds all spec versions; what differs between them stands beside each line. Its notation is explained
//! at its top.

mod shape;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Map, Value, json};

use super::SpecVersion;

const TABLE: &str = include_str!("cyclonedx.layout");

/// A line of the table that cannot be understood. The table is part of the program, and a test reads all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayoutError {
    line: usize,
    reason: String,
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the layout: {}", self.line, self.reason)
    }
}

/// What a name stands for in one spec version.
#[derive(Clone, Debug)]
enum Entry<'a> {
    Object { closed: bool, fields: Vec<Field<'a>>, conditions: Vec<(usize, &'a str)> },
    Values(Vec<String>),
    Alias(usize, &'a str),
}

#[derive(Clone, Debug)]
struct Field<'a> {
    line: usize,
    name: &'a str,
    required: bool,
    shape: &'a str,
}

/// The JSON schema (draft 7) of one spec version. Formats are part of it.
pub(crate) fn schema(version: SpecVersion) -> Result<Value, LayoutError> {
    let entries = entries(TABLE, version)?;
    let mut definitions = Map::new();
    let mut waiting = vec!["bom".to_owned()];
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    while let Some(name) = waiting.pop() {
        let mut used = Vec::new();
        let definition = match entries.get(name.as_str()) {
            Some(entry) => definition(entry, &mut used)?,
            None if name == "spdxId" => json!({ "enum": licence_ids() }),
            None => return Err(LayoutError { line: 0, reason: format!("`{name}` is not defined") }),
        };
        definitions.insert(name, definition);
        for name in used {
            if seen.insert(name.clone()) {
                waiting.push(name);
            }
        }
    }
    Ok(json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": "#/definitions/bom",
        "definitions": definitions,
    }))
}

/// Every identifier of the SPDX list that stands for a licence or an exception.
fn licence_ids() -> Vec<&'static str> {
    let licences = spdx::identifiers::LICENSES.iter().map(|licence| licence.name);
    licences.chain(spdx::identifiers::EXCEPTIONS.iter().map(|exception| exception.name)).collect()
}

/// Everything that the table defines for a spec version.
fn entries(table: &str, version: SpecVersion) -> Result<BTreeMap<&str, Entry<'_>>, LayoutError> {
    let mut entries = BTreeMap::new();
    // The name whose indented lines follow; none where the name means nothing in this version.
    let mut open: Option<&str> = None;
    for (index, text) in table.lines().enumerate() {
        let line = index + 1;
        let wrong = |reason: &str| LayoutError { line, reason: reason.to_owned() };
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        if let Some(body) = text.strip_prefix("  ") {
            if let Some(entry) = open.and_then(|name| entries.get_mut(name)) {
                extend(entry, body, version).map_err(|reason| LayoutError { line, reason })?;
            }
            continue;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let (kind, name, rest) = match words.as_slice() {
            [kind, name, rest @ ..] => (*kind, *name, rest),
            _ => return Err(wrong("a name is missing")),
        };
        let holds = match rest.iter().find_map(|word| word.strip_prefix('@')) {
            Some(range) => within(range, version).ok_or_else(|| wrong("not a range of versions"))?,
            None => true,
        };
        let closed = rest.iter().find_map(|word| word.strip_prefix("closed"));
        let entry = match kind {
            "type" => Entry::Object {
                closed: match closed.map(|range| range.strip_prefix('@')) {
                    Some(Some(range)) => {
                        within(range, version).ok_or_else(|| wrong("not a range of versions"))?
                    }
                    Some(None) => true,
                    None => false,
                },
                fields: Vec::new(),
                conditions: Vec::new(),
            },
            "enum" => Entry::Values(Vec::new()),
            "alias" => Entry::Alias(line, rest.first().copied().ok_or_else(|| wrong("no shape"))?),
            _ => return Err(wrong("neither type, enum nor alias")),
        };
        open = holds.then_some(name);
        if holds && entries.insert(name, entry).is_some() {
            return Err(wrong("defined twice"));
        }
    }
    Ok(entries)
}

/// Adds one indented line.
fn extend<'a>(entry: &mut Entry<'a>, body: &'a str, version: SpecVersion) -> Result<(), String> {
    let range_error = || "not a range of versions".to_owned();
    match entry {
        Entry::Values(values) => {
            for word in body.split_whitespace() {
                let (value, holds) = match word.split_once('@') {
                    Some((value, range)) => (value, within(range, version).ok_or_else(range_error)?),
                    None => (word, true),
                };
                if holds {
                    values.push(value.replace('~', " "));
                }
            }
        }
        Entry::Object { fields, conditions, .. } => {
            let (body, holds) = match body.rsplit_once(" @") {
                Some((body, range)) => (body, within(range, version).ok_or_else(range_error)?),
                None => (body, true),
            };
            if !holds {
                return Ok(());
            }
            if let Some(condition) = body.strip_prefix("= ") {
                conditions.push((0, condition));
                return Ok(());
            }
            let (name, shape) = body.split_once(' ').ok_or("a field needs a shape")?;
            let (name, required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
            fields.push(Field { line: 0, name, required, shape });
        }
        Entry::Alias(..) => return Err("an alias has no lines".to_owned()),
    }
    Ok(())
}

/// Does `1.5`, `1.5-` or `1.2-1.4` include the version?
fn within(range: &str, version: SpecVersion) -> Option<bool> {
    let parse = |text: &str| text.parse::<SpecVersion>().ok();
    Some(match range.split_once('-') {
        None => parse(range)? == version,
        Some((first, "")) => parse(first)? <= version,
        Some((first, last)) => parse(first)? <= version && version <= parse(last)?,
    })
}

fn definition(entry: &Entry<'_>, used: &mut Vec<String>) -> Result<Value, LayoutError> {
    match entry {
        Entry::Values(values) => Ok(json!({ "type": "string", "enum": values })),
        Entry::Alias(line, shape) => {
            shape::schema(shape, used).map_err(|reason| LayoutError { line: *line, reason })
        }
        Entry::Object { closed, fields, conditions } => {
            let mut properties = Map::new();
            for field in fields {
                let schema = shape::schema(field.shape, used)
                    .map_err(|reason| LayoutError { line: field.line, reason })?;
                properties.insert(field.name.to_owned(), schema);
            }
            let required: Vec<&str> =
                fields.iter().filter(|field| field.required).map(|field| field.name).collect();
            let mut schema = json!({ "type": "object", "properties": properties, "required": required });
            let mut all = Vec::new();
            for (line, text) in conditions {
                all.push(condition(text).map_err(|reason| LayoutError { line: *line, reason })?);
            }
            if let Some(schema) = schema.as_object_mut() {
                if *closed {
                    schema.insert("additionalProperties".to_owned(), Value::Bool(false));
                }
                if !all.is_empty() {
                    schema.insert("allOf".to_owned(), Value::Array(all));
                }
            }
            Ok(schema)
        }
    }
}

/// `one-of A B+C`, `any-of A B`, `never A+B`, `only-if A B`.
fn condition(text: &str) -> Result<Value, String> {
    let mut words = text.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let sets: Vec<Value> =
        words.clone().map(|set| json!({ "required": set.split('+').collect::<Vec<_>>() })).collect();
    Ok(match kind {
        "one-of" => json!({ "oneOf": sets }),
        "any-of" => json!({ "anyOf": sets }),
        "never" => json!({ "not": { "anyOf": sets } }),
        "only-if" => {
            let field = words.next().ok_or("only-if needs two fields")?;
            let flag = words.next().ok_or("only-if needs two fields")?;
            json!({
                "if": { "required": [field] },
                "then": { "required": [flag], "properties": { flag: { "const": true } } },
            })
        }
        _ => return Err(format!("`{kind}` is no condition")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_of_every_spec_version_is_a_schema_that_refuses_something() {
        for version in SpecVersion::ALL {
            let schema = schema(version).unwrap();
            let validator =
                jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap();
            let mut document =
                json!({ "bomFormat": "CycloneDX", "specVersion": version.name(), "version": 1 });
            assert!(validator.is_valid(&document), "{version:?}");
            document["bomFormat"] = "CycloneDy".into();
            assert!(!validator.is_valid(&document), "{version:?}");
        }
    }

    #[test]
    fn what_a_version_does_not_know_is_refused_there_and_taken_later() {
        let card = json!([{ "type": "machine-learning-model", "name": "m", "modelCard": { "modelParameters": {} } }]);
        for (version, valid) in
            [(SpecVersion::V1_4, false), (SpecVersion::V1_5, true), (SpecVersion::V1_7, true)]
        {
            let schema = schema(version).unwrap();
            let document = json!({ "bomFormat": "CycloneDX", "specVersion": version.name(), "version": 1, "components": card });
            assert_eq!(jsonschema::draft7::is_valid(&schema, &document), valid, "{version:?}");
        }
    }

    #[test]
    fn a_broken_table_is_told_with_its_line() {
        for (table, line) in
            [("type a\n  b", 2), ("thing a", 1), ("enum", 1), ("type a\ntype a", 2), ("alias a", 1)]
        {
            assert_eq!(entries(table, SpecVersion::V1_7).unwrap_err().line, line, "{table}");
        }
    }
}
