//! Model and dataset cards: the README of a repository, with YAML between two lines of `---` at its start.
//!
//! The metadata says licence, base model, datasets, task and results
//! (<https://huggingface.co/docs/hub/model-cards#model-card-metadata>), the prose what the author thinks of use and limits.
//! A card is read for what it tells; it is not code.

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Probe, Rule, Statement,
};

mod dataset;
mod evaluation;
mod front_matter;
mod model;
mod prose;
mod rules;
#[cfg(test)]
mod tests;

use front_matter::{Metadata, Parts, split};

use crate::{
    json::{self, Node, Value},
    yaml,
};

/// How much of a card is read.
const LONGEST: u64 = 4 << 20;
/// The most values of its metadata. Datasets with thousands of configurations list them all.
const MOST_VALUES: usize = 200_000;
/// How many values its aliases may stand for.
const MOST_ALIASED: usize = 10_000;

/// Reads model and dataset cards.
#[derive(Debug)]
pub(crate) struct Card;

/// A card's metadata: `None` when it is not there or empty, an error when it is no metadata.
fn metadata(parts: &Parts<'_>, context: &Context<'_>) -> Result<Option<Node>, String> {
    let Metadata::Yaml(text, before) = parts.metadata else { return Ok(None) };
    let mut stream = yaml::parse_expanding(text, context.limits.depth, MOST_VALUES, MOST_ALIASED);
    if let Some(broken) = stream.broken {
        let line = broken.line.saturating_add(before);
        return Err(format!("line {line}: the card's metadata could not be read: {}", broken.reason));
    }
    let first = (!stream.documents.is_empty()).then(|| stream.documents.swap_remove(0));
    match first {
        Some(root) if root.is_object() => Ok(Some(root)),
        Some(Node { value: Value::Null, .. }) | None => Ok(None),
        Some(root) => {
            let line = root.line.saturating_add(before);
            Err(format!("line {line}: the card's metadata is not a mapping of keys to values"))
        }
    }
}

impl Inspector for Card {
    fn kind(&self) -> Kind {
        Kind::new("model-card")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if !probe.extension_is(&["md", "markdown"]) || !probe.is_text() || is_instruction(probe) {
            return Claim::No;
        }
        let head = String::from_utf8_lossy(&probe.head);
        match split(&head).metadata {
            Metadata::Yaml(..) | Metadata::Unclosed => Claim::Shape,
            Metadata::Absent if prose::title(&head).is_some() => Claim::Name,
            Metadata::Absent => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let bytes = match asset.content.head(LONGEST) {
            Ok(bytes) => bytes,
            Err(error) => {
                inspection.coverage.miss(format!("the card could not be read: {error}"));
                return inspection;
            }
        };
        let cut = asset.content.len() > bytes.len() as u64;
        if cut {
            inspection.coverage.miss(format!("only the first {LONGEST} bytes of the card were read"));
        }
        let text = String::from_utf8_lossy(&bytes);
        let parts = split(&text);
        if parts.metadata == Metadata::Unclosed {
            if !cut {
                let message =
                    "the metadata that opens on the first line does not end: there is no second `---`";
                inspection.find(Finding::new(&rules::UNCLOSED, asset, message).line(1));
            }
            return inspection;
        }
        match metadata(&parts, context) {
            Ok(card) => read(card.as_ref(), &parts, asset, &mut inspection),
            Err(reason) => inspection.coverage.miss(reason),
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let bytes = asset.content.head(LONGEST).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let card = metadata(&split(&text), context).unwrap_or_default();
        card.map(|card| json::table(&card, context)).unwrap_or_default()
    }
}

/// Files for agents and code forges begin as cards do and are none: `SKILL.md`, `.github/…`, `.claude/agents/….md`.
fn is_instruction(probe: &Probe<'_>) -> bool {
    let path = probe.asset.path.as_str();
    let hidden = |part: &str| part.len() > 1 && part.starts_with('.') && part != "..";
    probe.name().eq_ignore_ascii_case("skill.md")
        || path.rsplit_once(['/', '!']).is_some_and(|(folders, _)| folders.split(['/', '!']).any(hidden))
}

fn read(card: Option<&Node>, parts: &Parts<'_>, asset: &Asset, inspection: &mut Inspection) {
    let title = prose::title(parts.prose);
    let is_dataset = dataset::is_one(card, title.map(|(_, dataset)| dataset), asset);
    let title = title.map(|(name, _)| name);
    prose::statements(parts.prose, inspection);
    if is_dataset {
        inspection.kind = Some(Kind::new("dataset-card"));
    }
    let Some(card) = card else { return };
    if is_dataset {
        let described = inspection.facts.iter().find_map(|fact| match fact {
            Fact::Statement(Statement { about: "description", text }) => Some(text.clone()),
            _ => None,
        });
        dataset::facts(card, title, described.as_deref(), inspection);
    } else {
        model::facts(card, title, asset, inspection);
        let Metadata::Yaml(_, before) = parts.metadata else { return };
        evaluation::results(card, before, asset, inspection);
    }
}

/// The text of a key, or the texts of a list, each once, without blanks around and without empty ones.
fn declared_texts<'a>(card: &'a Node, key: &str) -> Vec<&'a str> {
    let mut seen = std::collections::HashSet::new();
    let all = card.get(key).map(Node::texts).unwrap_or_default().into_iter().map(str::trim);
    all.filter(|text| !text.is_empty() && seen.insert(*text)).take(1000).collect()
}

/// The scalars of a key: texts, numbers, truth values.
fn scalar_texts(card: &Node, key: &str) -> Vec<String> {
    match card.get(key) {
        Some(Node { value: Value::List(items), .. }) => {
            items.iter().filter_map(Node::scalar).take(1000).collect()
        }
        Some(node) => node.scalar().into_iter().collect(),
        None => Vec::new(),
    }
}
