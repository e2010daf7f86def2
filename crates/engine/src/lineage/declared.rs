//! What a model's files declare about where it comes from.

use std::collections::BTreeSet;

use bartizan_core::Fact;
use bartizan_provenance::lineage::{Declared, EdgeKind, Source};

use super::gather::Told;

/// What the facts say.
#[derive(Default)]
pub(super) struct Declarations {
    pub(super) declared: Vec<Declared>,
    pub(super) licences: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) has_card: bool,
}

/// Reads the facts of all files of one model.
pub(super) fn of(told: &[Told], adapter: bool) -> Declarations {
    let mut found = Declarations::default();
    for file in told {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let Some(source) = source(name, file.kind.name()) else { continue };
        found.has_card |= source == Source::Card;
        for fact in &file.facts {
            one(fact, source, name, adapter, &mut found);
        }
    }
    let mut seen = BTreeSet::new();
    found.declared.retain(|declared| seen.insert((declared.kind, declared.target.clone(), declared.source)));
    let mut seen = BTreeSet::new();
    found.licences.retain(|licence| seen.insert(licence.to_ascii_lowercase()));
    found
}

/// `None` for files whose words about a base are not about descent: `_name_or_path` in a `config.json` says where the
/// configuration was loaded from, which is the model's own name as often as not.
fn source(name: &str, kind: &str) -> Option<Source> {
    match (name, kind) {
        ("adapter_config.json", _) => Some(Source::AdapterConfig),
        ("config.json" | "model_index.json", _) => None,
        (_, "model-card") => Some(Source::Card),
        (_, "gguf") => Some(Source::Gguf),
        ("MLmodel", _) => Some(Source::Mlflow),
        _ => Some(Source::Metadata),
    }
}

fn one(fact: &Fact, source: Source, file: &str, adapter: bool, found: &mut Declarations) {
    let mut declare = |kind, target: &str| {
        found.declared.push(Declared { kind, target: target.to_owned(), source });
    };
    match fact {
        Fact::Dependency(dependency) if dependency.role == "base-model" => {
            let kind = match dependency.relation {
                Some("finetune") => EdgeKind::FineTunedFrom,
                Some("adapter") => EdgeKind::AdapterOf,
                Some("quantized") => EdgeKind::QuantisedFrom,
                Some("merge") => EdgeKind::MergedFrom,
                _ if adapter || file == "adapter_config.json" => EdgeKind::AdapterOf,
                _ => EdgeKind::DerivedFrom,
            };
            declare(kind, &dependency.name);
        }
        Fact::Dataset(dataset) => {
            let measured =
                matches!(dataset.role.as_deref(), Some("test" | "eval" | "evaluation" | "validation"));
            declare(if measured { EdgeKind::EvaluatedOn } else { EdgeKind::TrainedOn }, &dataset.name);
        }
        Fact::Evaluation(evaluation) => {
            if let Some(dataset) = &evaluation.dataset {
                declare(EdgeKind::EvaluatedOn, dataset);
            }
        }
        Fact::Metadata(metadata) if source == Source::Mlflow && metadata.key == "run_id" => {
            declare(EdgeKind::ProducedByRun, &metadata.value);
        }
        // `other` only says that the name beside it counts.
        Fact::Licence(licence) if !licence.declared.eq_ignore_ascii_case("other") => {
            found.licences.push(licence.declared.clone());
        }
        Fact::Model(model) => found.names.extend(model.name.clone()),
        _ => {}
    }
}
