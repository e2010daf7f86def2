//! The models whose files are here.

use bartizan_core::Fact;

use super::{Component, Metric, Origin, Part, Port, Relation, Role, build::Builder, names};
use crate::bom::Asset;

/// A header may hold ten thousand keys; a bill of materials is no dump of it.
const MOST_METADATA: usize = 100;

impl Builder<'_> {
    /// One component per model; shards of one model are one.
    pub(super) fn models(&mut self, assets: &[&Asset]) {
        for asset in assets.iter().filter(|asset| asset.model) {
            let container = asset.path.split_once('!').map(|(container, _)| container);
            if let Some(container) = container {
                // What a model file is packed into is no model beside it.
                let of_model = |path: &str| self.assets.get(path).is_some_and(|other| other.model);
                let enclosing = asset.path.match_indices('!').filter_map(|(at, _)| asset.path.get(..at));
                if enclosing.clone().any(of_model) {
                    continue;
                }
                let holder = self.holder(container);
                let at = self.model(asset);
                if let Some(component) = self.component(at) {
                    component.within = Some(holder);
                }
                continue;
            }
            self.model(asset);
        }
    }

    fn holder(&mut self, path: &str) -> usize {
        if let Some(at) = self.by_path.get(path) {
            return *at;
        }
        let mut component = Component::new(Role::File, path);
        component.origin = Origin::Local;
        if let Some(asset) = self.assets.get(path) {
            component.sha256.clone_from(&asset.sha256);
            component.size = Some(asset.size);
        }
        let at = self.add(component);
        self.by_path.insert(path.to_owned(), at);
        at
    }

    fn model(&mut self, asset: &Asset) -> usize {
        let shared = names::without_shard(&asset.path);
        let name = shared.clone().unwrap_or_else(|| asset.path.clone());
        let at = match self.by_path.get(&name) {
            Some(at) => *at,
            None => {
                let mut component = Component::new(Role::Model, name.clone());
                component.origin = Origin::Local;
                let at = self.add(component);
                self.by_path.insert(name, at);
                at
            }
        };
        if let Some(component) = self.component(at) {
            let size = component.size.unwrap_or(0).saturating_add(asset.size);
            component.size = Some(size);
            if shared.is_some() {
                component.parts.insert(Part {
                    name: asset.path.clone(),
                    sha256: asset.sha256.clone(),
                    ..Part::default()
                });
            } else {
                component.sha256.clone_from(&asset.sha256);
            }
        }
        self.by_path.insert(asset.path.clone(), at);
        self.occurs(at, &asset.path, None);
        self.absorb(at, asset);
        at
    }

    /// Takes what an asset tells about a component: its own file, or a card or configuration beside it.
    pub(super) fn absorb(&mut self, at: usize, asset: &Asset) {
        let mut metadata = 0;
        for fact in &asset.facts {
            let Some(component) = self.components.get_mut(at) else { return };
            match fact {
                Fact::Model(model) => describe(component, model, &asset.path),
                Fact::Licence(licence) => {
                    component.licences.insert(licence.declared.clone());
                }
                Fact::Reference(reference)
                    if matches!(reference.role, "homepage" | "licence" | "paper" | "vcs") =>
                {
                    component.addresses.insert((reference.role.to_owned(), reference.target.clone()));
                }
                Fact::Statement(statement) => {
                    component.statements.push((statement.about, statement.text.clone()))
                }
                Fact::Prompt(prompt) => {
                    let text = format!("{} ({} bytes, blake3 {})", prompt.name, prompt.length, prompt.blake3);
                    component.properties.insert(("chat-template".to_owned(), text));
                }
                Fact::Port(port) => {
                    let shape = port.shape.join("×");
                    let parts = [Some(port.name.as_str()), port.dtype.as_deref(), Some(shape.as_str())];
                    let format: Vec<&str> =
                        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
                    component.ports.push(Port { direction: port.direction, format: format.join(" ") });
                }
                Fact::Metadata(pair)
                    if metadata < MOST_METADATA && !pair.key.starts_with("tokenizer.ggml.") =>
                {
                    metadata += 1;
                    component.properties.insert((format!("metadata:{}", pair.key), pair.value.clone()));
                }
                Fact::Evaluation(evaluation) => {
                    let slice = [evaluation.dataset.as_deref(), evaluation.split.as_deref()];
                    let slice: Vec<&str> = slice.into_iter().flatten().collect();
                    component.metrics.insert(Metric {
                        name: evaluation.metric.clone(),
                        value: evaluation.value.clone(),
                        slice: (!slice.is_empty()).then(|| slice.join("/")),
                    });
                    if let Some(name) =
                        evaluation.dataset.as_deref().filter(|name| names::hub_id(name).is_some())
                    {
                        self.uses_dataset(at, Relation::EvaluatedOn, name, &asset.path);
                    }
                }
                Fact::Dataset(dataset) => {
                    let child = component.role;
                    let relation = match dataset.role.as_deref() {
                        _ if child == Role::Dataset => Relation::DerivedFrom,
                        Some("test" | "eval" | "evaluation" | "validation") => Relation::EvaluatedOn,
                        _ => Relation::TrainedOn,
                    };
                    self.uses_dataset(at, relation, &dataset.name, &asset.path);
                }
                Fact::Dependency(dependency) => self.depends(at, dependency, &asset.path),
                _ => {}
            }
        }
    }

    fn uses_dataset(&mut self, at: usize, relation: Relation, name: &str, source: &str) {
        let parent = self.named(Role::Dataset, name, None, names::folder(source));
        self.occurs(parent, source, None);
        self.descends(at, relation, parent, source);
    }

    fn depends(&mut self, at: usize, dependency: &bartizan_core::Dependency, source: &str) {
        let folder = names::folder(source);
        match dependency.role {
            "base-model" => {
                let relation = match dependency.relation {
                    Some("adapter") => Relation::Adapter,
                    Some("quantized") => Relation::Quantized,
                    Some("merge") => Relation::Merge,
                    Some("finetune") => Relation::Finetune,
                    // An adapter's configuration says so by its very name.
                    _ if names::file(source) == "adapter_config.json" => Relation::Adapter,
                    _ => Relation::Base,
                };
                let parent = self.named(Role::Model, &dependency.name, dependency.version.as_deref(), folder);
                self.occurs(parent, source, None);
                self.descends(at, relation, parent, source);
            }
            "package" => {
                let version = dependency.version.as_deref();
                let parent = self.find_or_add(Role::Library, &dependency.name, version);
                if let Some(component) = self.component(parent) {
                    component.provider.get_or_insert_with(|| "pypi".to_owned());
                }
                self.occurs(parent, source, None);
                self.needs.insert((at, parent));
            }
            role => {
                let version =
                    dependency.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
                if let Some(component) = self.component(at) {
                    component.properties.insert((role.to_owned(), format!("{}{version}", dependency.name)));
                }
            }
        }
    }
}

/// Takes what a model says of itself; the first to say something is believed, its own file before its card.
fn describe(component: &mut Component, model: &bartizan_core::Model, source: &str) {
    let parameters = model.parameters.map(|count| count.to_string());
    let told = [
        ("format", (!is_description(model.format)).then(|| model.format.to_owned())),
        ("format-version", model.format_version.clone()),
        ("framework", model.framework.clone()),
        ("framework-version", model.framework_version.clone()),
        ("producer", model.producer.clone()),
        ("architecture", model.architecture.clone()),
        ("task", model.task.clone()),
        ("quantisation", model.quantisation.clone()),
    ];
    for (key, value) in told {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            component.model.entry(key).or_insert(value);
        }
    }
    if let Some(count) = parameters {
        // The shards of one model each count their own.
        let sum = component
            .model
            .get("parameters")
            .filter(|_| names::without_shard(source).is_some())
            .and_then(|known| known.parse::<u64>().ok()?.checked_add(model.parameters?))
            .map(|sum| sum.to_string());
        match sum {
            Some(sum) => {
                component.model.insert("parameters", sum);
            }
            None => {
                component.model.entry("parameters").or_insert(count);
            }
        }
    }
    if component.title.is_none() {
        component.title.clone_from(&model.name);
    }
    if component.version.is_none() && component.origin == Origin::Local {
        component.version.clone_from(&model.version);
    }
}

/// Does this format describe a model rather than hold one?
pub(super) fn is_description(format: &str) -> bool {
    matches!(format, "model-card" | "dataset-card" | "huggingface" | "mlflow" | "keras-metadata")
}
