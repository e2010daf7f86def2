//! The model of SPDX 3.0.1, from `spdx.layout`. Its notation is explained at its top.

use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("spdx.layout");
/// Inheritance is no deeper.
const DEEPEST: usize = 16;

/// Every class, list of values and individual.
#[derive(Debug, Default)]
pub(super) struct Model {
    classes: BTreeMap<&'static str, Class>,
    enums: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// The class of an individual, by its name and by its IRI.
    individuals: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug)]
struct Class {
    parent: Option<&'static str>,
    is_abstract: bool,
    fields: Vec<Field>,
}

/// A field of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// How often it must occur.
    pub(super) least: usize,
    /// May it occur more than once?
    pub(super) many: bool,
}

impl Model {
    /// # Errors
    /// The first line of the table that cannot be understood; a test reads all of it.
    pub(super) fn read() -> Result<Self, String> {
        let mut model = Self::default();
        let mut open = "";
        let mut is_enum = false;
        for (index, text) in TABLE.lines().enumerate() {
            let wrong =
                |reason: &str| format!("line {} of the layout of SPDX: {reason}", index.saturating_add(1));
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let words: Vec<&'static str> = text.split_whitespace().collect();
            if text.starts_with(' ') {
                if is_enum {
                    model.enums.entry(open).or_default().extend(words);
                    continue;
                }
                let [name, kind] = words.as_slice() else { return Err(wrong("no field")) };
                let class = model.classes.get_mut(open).ok_or_else(|| wrong("no class"))?;
                class.fields.push(field(name, kind));
                continue;
            }
            match words.as_slice() {
                ["class", name, rest @ ..] => {
                    let parent = match rest {
                        ["<", parent, ..] => Some(*parent),
                        _ => None,
                    };
                    let is_abstract = rest.last() == Some(&"abstract");
                    model.classes.insert(name, Class { parent, is_abstract, fields: Vec::new() });
                    (open, is_enum) = (name, false);
                }
                ["enum", name] => (open, is_enum) = (name, true),
                ["individual", name, class, iri] => {
                    model.individuals.insert(name, class);
                    model.individuals.insert(iri, class);
                }
                _ => return Err(wrong("neither class, enum nor individual")),
            }
        }
        Ok(model)
    }

    /// May an object say that it is of this class?
    pub(super) fn has_instances(&self, class: &str) -> bool {
        self.classes.get(class).is_some_and(|class| !class.is_abstract)
    }

    pub(super) fn is_class(&self, name: &str) -> bool {
        self.classes.contains_key(name)
    }

    pub(super) fn values(&self, name: &str) -> Option<&BTreeSet<&'static str>> {
        self.enums.get(name)
    }

    /// The class of an element that the standard defines.
    pub(super) fn individual(&self, name: &str) -> Option<&'static str> {
        self.individuals.get(name).copied()
    }

    /// Is a class another one, or does it descend from it?
    pub(super) fn is_a(&self, class: &str, wanted: &str) -> bool {
        self.line(class).any(|(name, _)| name == wanted)
    }

    /// The fields of a class, with those that it inherits. A class may ask more of a field than its parent does.
    pub(super) fn fields(&self, class: &str) -> BTreeMap<&'static str, Field> {
        let mut fields = BTreeMap::new();
        for (_, class) in self.line(class) {
            for field in &class.fields {
                fields.entry(field.name).or_insert(*field);
            }
        }
        fields
    }

    /// A class and its ancestors.
    fn line<'a>(&'a self, class: &'a str) -> impl Iterator<Item = (&'a str, &'a Class)> {
        let first = self.classes.get_key_value(class).map(|(name, class)| (*name, class));
        std::iter::successors(first, |(_, class)| {
            class
                .parent
                .and_then(|parent| self.classes.get_key_value(parent))
                .map(|(name, class)| (*name, class))
        })
        .take(DEEPEST)
    }
}

fn field(text: &'static str, kind: &'static str) -> Field {
    let name = text.trim_end_matches(|c: char| matches!(c, '!' | '*' | '+') || c.is_ascii_digit());
    let mark = text.get(name.len()..).unwrap_or_default();
    let (least, many) = match mark {
        "!" => (1, false),
        "*" => (0, true),
        "+" => (1, true),
        "+2" => (2, true),
        _ => (0, false),
    };
    Field { name, kind, least, many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_table_is_defined_there() {
        const PLAIN: &[&str] = &[
            "string",
            "boolean",
            "decimal",
            "positiveInteger",
            "nonNegativeInteger",
            "anyURI",
            "dateTimeStamp",
            "semver",
            "mediaType",
        ];
        let model = Model::read().unwrap();
        for (name, class) in &model.classes {
            assert!(class.parent.is_none_or(|parent| model.is_class(parent)), "{name}");
            for field in &class.fields {
                let kind = field.kind;
                assert!(
                    PLAIN.contains(&kind) || model.is_class(kind) || model.values(kind).is_some(),
                    "{name} {kind}"
                );
            }
        }
        assert!(model.individuals.values().all(|class| model.has_instances(class)));
        assert!(model.is_a("ai_AIPackage", "Element") && !model.is_a("Element", "ai_AIPackage"));
        assert_eq!(model.fields("dataset_DatasetPackage")["dataset_datasetType"].least, 1);
        assert_eq!((model.classes.len(), model.enums.len()), (67, 23));
    }
}
