//! Model cards: the README of a model repository, with YAML between two lines of `---` at its start.
//!
//! The front matter says licence, base model, datasets and task
//! (<https://huggingface.co/docs/hub/model-cards#model-card-metadata>). A card is read for what it tells; it is not code.

use bartizan_core::{
    Asset, Claim, Context, Dataset, Dependency, Description, Fact, Inspection, Inspector, Kind, Licence,
    Metadata, Model, Probe, Rule, redacted,
};

use crate::{
    json::{self, Node},
    yaml,
};

/// How much of a card is read.
const LONGEST: u64 = 1 << 20;

/// Reads model cards.
#[derive(Debug)]
pub(crate) struct Card;

fn front_matter(text: &str, context: &Context<'_>) -> Option<yaml::Stream> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text.strip_prefix("---")?.trim_start_matches([' ', '\t', '\r']).strip_prefix('\n')?;
    let end = rest.find("\n---").map_or(rest.len(), |end| end + 1);
    Some(yaml::parse(rest.get(..end)?, context.limits.depth, 20_000))
}

fn read(asset: &Asset, context: &Context<'_>) -> Option<yaml::Stream> {
    let bytes = asset.content.head(LONGEST).ok()?;
    front_matter(&String::from_utf8_lossy(&bytes), context)
}

impl Inspector for Card {
    fn kind(&self) -> Kind {
        Kind::new("model-card")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension_is(&["md"]);
        if named && probe.starts_with(b"---") && probe.is_text() { Claim::Shape } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some(stream) = read(asset, context) else { return inspection };
        for document in stream.documents.iter().take(1) {
            facts(document, &mut inspection);
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let stream = read(asset, context).unwrap_or_default();
        stream.documents.first().map(|document| json::table(document, context)).unwrap_or_default()
    }
}

fn texts<'a>(card: &'a Node, key: &str) -> Vec<&'a str> {
    card.get(key).map(Node::texts).unwrap_or_default()
}

fn facts(card: &Node, inspection: &mut Inspection) {
    let licences = ["license", "license_name"];
    for declared in licences.iter().flat_map(|key| texts(card, key)) {
        inspection.know(Fact::Licence(Licence { declared: redacted(declared), source: "model-card" }));
    }
    for name in texts(card, "base_model") {
        inspection.know(Fact::Dependency(Dependency {
            role: "base-model",
            name: redacted(name),
            version: None,
            relation: None,
        }));
    }
    for name in texts(card, "datasets") {
        inspection.know(Fact::Dataset(Dataset { name: redacted(name), role: Some("train".to_owned()) }));
    }
    let task = card.text_of("pipeline_tag").map(redacted);
    let framework = card.text_of("library_name").map(redacted);
    if task.is_some() || framework.is_some() {
        inspection.know(Fact::Model(Model { task, framework, ..Model::of("model-card") }));
    }
    for key in ["tags", "language"] {
        let all = texts(card, key);
        if !all.is_empty() {
            inspection.know(Fact::Metadata(Metadata::new(key, all.join(", "))));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::inspect;

    #[test]
    fn a_card_tells_licence_base_model_datasets_and_task() {
        let text = "---\nlicense: apache-2.0\nbase_model: org/base\ndatasets:\n- org/data\npipeline_tag: text-generation\ntags: [a, b]\n---\n# Title\n";
        let outcome = inspect(&Card, "README.md", text);
        assert_eq!(outcome.claim, Claim::Shape);
        let facts = format!("{:?}", outcome.inspection.facts);
        for told in ["apache-2.0", "org/base", "org/data", "text-generation", "a, b"] {
            assert!(facts.contains(told), "{told}: {facts}");
        }
        assert!(inspect(&Card, "README.md", "# plain").claim == Claim::No);
    }

    proptest! {
        #[test]
        fn arbitrary_front_matter_never_panics(text in "[-a-z:\\[\\]{}&*! \n]{0,120}") {
            let _ = inspect(&Card, "README.md", format!("---\n{text}\n---\n"));
        }
    }
}
