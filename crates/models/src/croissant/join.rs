//! Record sets that take their fields from several files or record sets have to say how these belong together.

use std::collections::HashMap;

use super::{
    check::TARGETS,
    graph::{Graph, Item, Thing},
};

/// The most sources of a record set that are compared.
const MOST: usize = 1000;

/// The record sets with sources that nothing joins: line and message.
pub(super) fn missing<'g>(sets: &[&'g Thing<'_>], graph: &Graph<'g, '_>) -> Vec<(u32, String)> {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for set in sets {
        for field in graph.things(set, &["cr:field"]) {
            if let (Some(field), Some(set)) = (field.id, set.id) {
                owners.insert(field, set);
            }
        }
    }
    sets.iter().filter_map(|set| unjoined(set, graph, &owners)).collect()
}

fn unjoined<'g>(
    set: &'g Thing<'_>,
    graph: &Graph<'g, '_>,
    owners: &HashMap<&str, &str>,
) -> Option<(u32, String)> {
    let mut groups = Groups::default();
    let mut sources: Vec<usize> = Vec::new();
    for field in graph.things(set, &["cr:field"]) {
        let source = origin(field, "cr:source", owners).map(|name| groups.number(&name));
        if let Some(source) = source.filter(|source| !sources.contains(source) && sources.len() < MOST) {
            sources.push(source);
        }
        groups.join(field, owners);
        for parent in graph.things(field, &["cr:parentField"]) {
            groups.join(parent, owners);
        }
        for inner in graph.things(field, &["cr:subField"]) {
            groups.join(inner, owners);
        }
    }
    let (first, rest) = sources.split_first()?;
    let root = groups.root(*first);
    let apart = rest.iter().find(|source| groups.root(**source) != root)?;
    let (one, other) = (groups.names.get(*first)?, groups.names.get(*apart)?);
    let label = set.label();
    Some((
        set.line,
        format!(
            "the record set `{label}` takes fields from `{one}` and `{other}`, and no `cr:references` joins them"
        ),
    ))
}

/// What holds the values of a field: a file, a set of files, or a record set.
fn origin(field: &Thing<'_>, property: &str, owners: &HashMap<&str, &str>) -> Option<String> {
    let Some(Item::Thing(source)) = field.all(&[property]).first() else { return None };
    let id = TARGETS
        .iter()
        .find_map(|name| source.all(&[name]).first().and_then(Item::target))
        .or_else(|| source.id.filter(|_| source.is_reference()))?;
    Some(owners.get(id).copied().unwrap_or(id).to_owned())
}

/// Names that were joined with each other.
#[derive(Default)]
struct Groups {
    numbers: HashMap<String, usize>,
    names: Vec<String>,
    parents: Vec<usize>,
}

impl Groups {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        self.parents.push(number);
        number
    }

    fn root(&mut self, mut number: usize) -> usize {
        while let Some(parent) = self.parents.get(number).copied().filter(|parent| *parent != number) {
            // Halve the path for the next one who asks.
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(number) {
                *slot = above;
            }
            number = above;
        }
        number
    }

    /// A field with a source and a reference joins the two.
    fn join(&mut self, field: &Thing<'_>, owners: &HashMap<&str, &str>) {
        let ends = origin(field, "cr:source", owners).zip(origin(field, "cr:references", owners));
        let Some((source, reference)) = ends else { return };
        let (source, reference) = (self.number(&source), self.number(&reference));
        let (source, reference) = (self.root(source), self.root(reference));
        if let Some(slot) = self.parents.get_mut(source) {
            *slot = reference;
        }
    }
}
