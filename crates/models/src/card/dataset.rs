//! What the metadata of a dataset card declares (<https://huggingface.co/docs/hub/datasets-cards>).

use bartizan_core::{
    Asset, Collection, Dataset, Distribution, Fact, Inspection, RecordSet, redacted, redacted_within,
};

use super::{declared_texts, model, scalar_texts};
use crate::{
    huggingface,
    json::{Node, Value},
};

/// Keys that only dataset cards have.
const KEYS: &[&str] = &[
    "annotations_creators",
    "configs",
    "dataset_info",
    "language_creators",
    "multilinguality",
    "pretty_name",
    "size_categories",
    "source_datasets",
    "task_categories",
    "task_ids",
];

/// Keys that only model cards have.
const MODEL_KEYS: &[&str] =
    &["base_model", "co2_eq_emissions", "datasets", "library_name", "model-index", "pipeline_tag", "widget"];

/// Keys whose values are told as they stand.
const TOLD: &[&str] = &[
    "tags",
    "language",
    "size_categories",
    "task_categories",
    "task_ids",
    "annotations_creators",
    "language_creators",
    "multilinguality",
    "paperswithcode_id",
];

/// The most files or columns of one card.
const MOST: usize = 10_000;

/// Is it the card of a dataset? Its keys decide, then its heading, then its name and what lies beside it.
pub(super) fn is_one(card: Option<&Node>, heading: Option<bool>, asset: &Asset) -> bool {
    let has = |keys: &[&str]| card.is_some_and(|card| keys.iter().any(|key| card.get(key).is_some()));
    match (has(KEYS), has(MODEL_KEYS)) {
        (true, false) => true,
        (false, true) => false,
        _ => heading.unwrap_or_else(|| {
            let name = asset.path.name().to_ascii_lowercase();
            let named = ["dataset_card", "dataset-card", "datasetcard", "datasheet"];
            let beside = |file: &str| asset.siblings.as_ref().is_some_and(|tree| tree.entry(file).is_some());
            named.iter().any(|word| name.contains(word))
                || beside("dataset_infos.json")
                || beside("dataset_info.json")
                || beside("croissant.json")
        }),
    }
}

/// Adds everything that the metadata declares.
pub(super) fn facts(
    card: &Node,
    title: Option<&str>,
    description: Option<&str>,
    inspection: &mut Inspection,
) {
    model::licences(card, "dataset-card", inspection);
    model::told(card, TOLD, inspection);
    for source in declared_texts(card, "source_datasets") {
        // `original`, or `extended|imagenet-1k`, or an id.
        let name = source.rsplit('|').next().unwrap_or(source);
        if !matches!(name, "original" | "extended") {
            let name = redacted(huggingface::hub_id(name));
            inspection.know(Fact::Dataset(Dataset { name, role: Some("source".to_owned()) }));
        }
    }
    let name = card.text_of("pretty_name").or(title).map(redacted).unwrap_or_default();
    let url = ["homepage", "url"].iter().find_map(|key| card.text_of(key)).map(redacted);
    let version = scalar_texts(card, "version").into_iter().next().map(|version| redacted(&version));
    inspection.know(Fact::Collection(Collection {
        name,
        version,
        url,
        description: description.map(|text| redacted_within(text, 1000)),
        creators: scalar_texts(card, "authors").iter().map(|name| redacted(name)).collect(),
        distribution: distribution(card),
        record_sets: record_sets(card),
    }));
}

/// One node, or the items of a list.
fn each(node: Option<&Node>) -> Vec<&Node> {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().collect(),
        Some(Value::Object(_) | Value::Text(_)) => node.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `configs`: each with `data_files`, a path, a list of paths, or a list of splits with a path or paths.
fn distribution(card: &Node) -> Vec<Distribution> {
    let mut files = Vec::new();
    for config in each(card.get("configs")) {
        let of = config.text_of("config_name").unwrap_or("default");
        for data in each(config.get("data_files")) {
            let split = data.text_of("split");
            let paths = if data.is_object() { each(data.get("path")) } else { vec![data] };
            for path in paths.into_iter().filter_map(Node::text) {
                let name = split.map_or_else(|| of.to_owned(), |split| format!("{of}/{split}"));
                let url = Some(redacted(path));
                files.push(Distribution { name: redacted(&name), url, ..Distribution::default() });
                if files.len() >= MOST {
                    return files;
                }
            }
        }
    }
    files
}

/// `dataset_info`: each with `features`; else the names of `configs`.
fn record_sets(card: &Node) -> Vec<RecordSet> {
    let named = |node: &Node| redacted(node.text_of("config_name").unwrap_or("default"));
    let infos: Vec<RecordSet> = each(card.get("dataset_info"))
        .into_iter()
        .filter(|info| info.is_object())
        .take(MOST)
        .map(|info| {
            let features = each(info.get("features")).into_iter().take(1000);
            let fields = features.filter_map(|feature| feature.text_of("name")).map(redacted).collect();
            RecordSet { name: named(info), fields }
        })
        .collect();
    if !infos.is_empty() {
        return infos;
    }
    let configs = each(card.get("configs")).into_iter().filter(|config| config.is_object());
    configs.take(MOST).map(|config| RecordSet { name: named(config), fields: Vec::new() }).collect()
}
