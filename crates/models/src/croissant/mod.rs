//! Croissant: the description of a dataset as JSON-LD, for machines.
//!
//! Files (`distribution`) and the records in them (`recordSet`), with licence, creators and citation; an extension for
//! responsible AI says what the data may be used for. Specification:
//! <https://docs.mlcommons.org/croissant/docs/croissant-spec.html>. Nothing that the description points to is fetched.

use bartizan_core::{Asset, Claim, Context, Description, Inspection, Inspector, Kind, Probe, Rule};

mod check;
mod context;
mod graph;
mod join;
mod read;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use graph::{Graph, Thing};

use crate::json::{self, Node, Value};

/// How much of a file is searched for the vocabulary: the context may follow long descriptions.
const SEARCHED: u64 = 256 << 10;

/// Reads Croissant descriptions.
#[derive(Debug)]
pub(crate) struct Croissant;

impl Inspector for Croissant {
    fn kind(&self) -> Kind {
        Kind::new("croissant")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: LazyLock<Vec<&'static Rule>> =
            LazyLock::new(|| [rules::ALL, json::SHARED_RULES.as_slice()].concat());
        &ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension_is(&["json", "jsonld", "json-ld", "croissant", ""]);
        if !named || !matches!(probe.first_visible(), Some(b'{' | b'[')) || !probe.is_text() {
            return Claim::No;
        }
        let says = |bytes: &[u8], text: &str| memchr::memmem::find(bytes, text.as_bytes()).is_some();
        if !says(&probe.head, "\"@") {
            return Claim::No;
        }
        let vocabulary =
            |bytes: &[u8]| says(bytes, "mlcommons.org/croissant") || says(bytes, "mlcommons.org/schema");
        let found = vocabulary(&probe.head)
            || probe.len() > Probe::HEAD
                && probe.content().head(SEARCHED).is_ok_and(|head| vocabulary(&head));
        if found { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some(document) = json::read(asset, context, &mut inspection) else { return inspection };
        json::duplicates(&document, asset, &mut inspection);
        // Whatever else the document pretends to be is judged too.
        inspection.merge(json::judge(&document.root, asset, context));
        let meanings = context::Context::new(context_of(&document.root));
        let things = things(&document.root, &meanings);
        let graph = Graph::new(&things);
        match dataset(&things) {
            Some(dataset) => {
                read::facts(dataset, &graph, &mut inspection);
                inspection.merge(check::check(dataset, &graph, meanings.is_old, asset));
            }
            None => inspection.coverage.miss("the description holds no dataset"),
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let document = json::read(asset, context, &mut Inspection::new());
        document.map(|document| json::table(&document.root, context)).unwrap_or_default()
    }
}

/// The context: of the document, or of the first of its things that has one.
fn context_of(root: &Node) -> Option<&Node> {
    root.get("@context").or_else(|| root.items().iter().find_map(|item| item.get("@context")))
}

/// The things at the top: the document itself, the items of a list, or those of `@graph`.
fn things<'a>(root: &'a Node, meanings: &context::Context) -> Vec<Thing<'a>> {
    let mut tops = Vec::new();
    let mut add = |node: &'a Node| match (&node.value, node.get("@graph")) {
        (_, Some(graph)) if !graph.items().is_empty() => tops.extend(graph.items()),
        (_, Some(graph)) if graph.is_object() => tops.push(graph),
        (Value::Object(_), _) => tops.push(node),
        _ => {}
    };
    match &root.value {
        Value::List(items) => items.iter().for_each(add),
        _ => add(root),
    }
    tops.into_iter().map(|node| Thing::new(node, meanings)).collect()
}

/// The dataset: by its type, or by what only datasets have.
fn dataset<'g, 'a>(things: &'g [Thing<'a>]) -> Option<&'g Thing<'a>> {
    let typed = things.iter().find(|thing| thing.is_a(&["sc:Dataset"]));
    typed.or_else(|| {
        let shaped = ["sc:distribution", "cr:distribution", "cr:recordSet", "dct:conformsTo"];
        things.iter().find(|thing| shaped.iter().any(|name| thing.has(&[name])))
    })
}
