//! What cards and configurations say, and which components they mean.

use std::collections::BTreeSet;

use bartizan_core::{Collection, Fact};

use super::{Component, Origin, Part, Role, build::Builder, models::is_description, names};
use crate::bom::Asset;

impl Builder<'_> {
    /// Configurations first: what they say helps to find out which model a card means.
    pub(super) fn descriptions(&mut self, assets: &[&Asset]) {
        let (cards, settings): (Vec<&Asset>, Vec<&Asset>) = assets
            .iter()
            .filter(|asset| !asset.model && !asset.path.contains('!') && describes(asset))
            .partition(|asset| is_card(asset));
        for asset in &settings {
            self.settings(asset);
        }
        for asset in cards {
            if is_of_dataset(asset)
                || !is_of_model(asset) && self.models_in(names::folder(&asset.path)).is_empty()
            {
                self.dataset_card(asset);
            } else {
                self.model_card(asset, &settings);
            }
        }
    }

    fn settings(&mut self, asset: &Asset) {
        if let Some(collection) = collection(asset) {
            self.collection(asset, collection);
            return;
        }
        let folder = folder_of(asset);
        let mut targets = self.models_in(folder);
        if names::file(&asset.path).starts_with("adapter_") {
            let adapters: Vec<usize> =
                targets.iter().copied().filter(|at| self.file_starts_with(*at, "adapter_")).collect();
            if !adapters.is_empty() {
                targets = adapters;
            }
        } else {
            // An adapter beside the configuration of its base is not that base.
            targets.retain(|at| !self.file_starts_with(*at, "adapter_"));
        }
        for at in targets {
            self.absorb(at, asset);
            self.occurs(at, &asset.path, None);
        }
    }

    fn model_card(&mut self, card: &Asset, settings: &[&Asset]) {
        let folder = names::folder(&card.path);
        let mut targets = self.meant_by(card, folder);
        if targets.is_empty() && is_of_model(card) {
            let name = if folder.is_empty() { self.inventory.name.clone() } else { folder.to_owned() };
            let title = title(card).map(str::to_owned);
            let name = if name.is_empty() { title.unwrap_or_else(|| card.path.clone()) } else { name };
            let mut component = Component::new(Role::Model, name);
            component.origin = Origin::Missing;
            let at = self.add(component);
            // The weights are not here, but what configures them may be.
            for asset in settings.iter().filter(|asset| folder_of(asset) == folder) {
                if collection(asset).is_none() {
                    self.absorb(at, asset);
                    self.occurs(at, &asset.path, None);
                }
            }
            targets.push(at);
        }
        for at in targets {
            self.absorb(at, card);
            self.occurs(at, &card.path, None);
        }
    }

    /// The models that a card in this folder is about. One that it names, or that names the same base as the card;
    /// else those in the folder; else those below it.
    fn meant_by(&self, card: &Asset, folder: &str) -> Vec<usize> {
        let below: Vec<usize> =
            self.below(Role::Model, folder).collect::<BTreeSet<usize>>().into_iter().collect();
        let path = |at: &usize| self.components.get(*at).map_or("", |component| component.name.as_str());
        if let Some(title) = title(card) {
            let last = names::file(title);
            let named = |at: &&usize| {
                let (stem, parent) = (names::stem(path(at)), names::file(names::folder(path(at))));
                stem.eq_ignore_ascii_case(last)
                    || parent.eq_ignore_ascii_case(last) && names::folder(path(at)) != folder
            };
            let named: Vec<usize> = below.iter().filter(named).copied().collect();
            if !named.is_empty() {
                return named;
            }
        }
        let bases: Vec<&str> = card
            .facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Dependency(dependency) if dependency.role == "base-model" => Some(&*dependency.name),
                _ => None,
            })
            .collect();
        let kin: Vec<usize> = below
            .iter()
            .filter(|at| {
                self.parents(**at).any(|parent| bases.iter().any(|base| self.is_called(parent, base)))
            })
            .copied()
            .collect();
        if !kin.is_empty() {
            return kin;
        }
        let beside = self.models_in(folder);
        let all = if beside.is_empty() { below } else { beside };
        // A card of a network is not about the forest that lies among the networks.
        let library = card.facts.iter().find_map(|fact| match fact {
            Fact::Model(model) => model.framework.as_deref(),
            _ => None,
        });
        let Some(is_of_trees) = library.map(is_classic) else { return all };
        let fits = |at: &&usize| {
            let told = |key| self.components.get(**at).and_then(|component| component.model.get(key));
            match (told("framework"), told("format").map(String::as_str)) {
                (Some(framework), _) => is_classic(framework) == is_of_trees,
                (None, Some("safetensors" | "gguf")) => !is_of_trees,
                (None, Some("pickle" | "joblib" | "skops")) => is_of_trees,
                _ => true,
            }
        };
        let fitting: Vec<usize> = all.iter().filter(fits).copied().collect();
        if fitting.is_empty() { all } else { fitting }
    }

    fn parents(&self, child: usize) -> impl Iterator<Item = usize> {
        self.ancestors(child).filter(|(relation, _)| relation.is_of_weights()).map(|(_, parent)| parent)
    }

    fn is_called(&self, at: usize, name: &str) -> bool {
        let name = names::hub_id(name).unwrap_or(name);
        self.components.get(at).is_some_and(|component| component.name.eq_ignore_ascii_case(name))
    }

    /// The models whose files lie directly in a folder.
    fn models_in(&self, folder: &str) -> Vec<usize> {
        self.beside(Role::Model, folder).into_iter().collect()
    }

    fn file_starts_with(&self, at: usize, prefix: &str) -> bool {
        self.components.get(at).is_some_and(|component| names::file(&component.name).starts_with(prefix))
    }

    /// A dataset card is about the data in its folder, or about the folder.
    fn dataset_card(&mut self, card: &Asset) {
        let folder = names::folder(&card.path);
        let mut targets = self.beside(Role::Dataset, folder);
        targets.extend(self.local_named(Role::Dataset, folder));
        if targets.is_empty() {
            if !is_of_dataset(card) {
                return;
            }
            let name = if folder.is_empty() { &self.inventory.name } else { folder };
            let name = if name.is_empty() { card.path.clone() } else { name.to_owned() };
            let mut component = Component::new(Role::Dataset, name);
            component.origin = Origin::Local;
            targets.insert(self.add(component));
        }
        for at in targets {
            if let Some(collection) = collection(card) {
                self.fill(at, collection);
            }
            self.absorb(at, card);
            self.occurs(at, &card.path, None);
        }
    }

    /// A dataset's own metadata, such as Croissant.
    fn collection(&mut self, asset: &Asset, collection: &Collection) {
        let name = if collection.name.is_empty() { names::stem(&asset.path) } else { &collection.name };
        let at = self.find_or_add(Role::Dataset, name, collection.version.as_deref());
        self.fill(at, collection);
        self.absorb(at, asset);
        self.occurs(at, &asset.path, None);
    }

    fn fill(&mut self, at: usize, collection: &Collection) {
        let Some(component) = self.component(at) else { return };
        if component.title.is_none() && !collection.name.is_empty() {
            component.title = Some(collection.name.clone());
        }
        if component.version.is_none() {
            component.version.clone_from(&collection.version);
        }
        if let Some(description) = &collection.description {
            component.statements.push(("description", description.clone()));
        }
        if let Some(url) = &collection.url {
            component.addresses.insert(("homepage".to_owned(), url.clone()));
        }
        component.creators.extend(collection.creators.iter().cloned());
        for file in &collection.distribution {
            component.parts.insert(Part {
                name: file.name.clone(),
                sha256: file.sha256.clone(),
                url: file.url.clone(),
                media_type: file.media_type.clone(),
            });
        }
        for records in &collection.record_sets {
            let text = format!("{}: {}", records.name, records.fields.join(", "));
            component.properties.insert(("record-set".to_owned(), text));
        }
    }
}

/// Is it a library of estimators rather than of networks?
fn is_classic(library: &str) -> bool {
    let library = library.to_ascii_lowercase();
    ["scikit-learn", "sklearn", "xgboost", "lightgbm", "catboost", "skops"].contains(&library.as_str())
}

/// Does the asset describe something beside it?
fn describes(asset: &Asset) -> bool {
    asset.facts.iter().any(|fact| match fact {
        Fact::Licence(_)
        | Fact::Dataset(_)
        | Fact::Evaluation(_)
        | Fact::Statement(_)
        | Fact::Collection(_) => true,
        Fact::Model(model) => is_description(model.format),
        Fact::Dependency(dependency) => dependency.role == "base-model",
        Fact::Prompt(_) => {
            asset.kind == "huggingface-settings" || names::file(&asset.path).starts_with("chat_template")
        }
        _ => false,
    })
}

fn is_card(asset: &Asset) -> bool {
    asset.path.to_ascii_lowercase().ends_with(".md")
}

fn is_of_dataset(card: &Asset) -> bool {
    card.facts.iter().any(|fact| match fact {
        Fact::Collection(_) => true,
        Fact::Licence(licence) => licence.source == "dataset-card",
        Fact::Model(model) => model.format == "dataset-card",
        _ => false,
    })
}

fn is_of_model(card: &Asset) -> bool {
    card.facts.iter().any(|fact| match fact {
        Fact::Model(model) => model.format != "dataset-card",
        Fact::Dependency(dependency) => dependency.role == "base-model",
        Fact::Evaluation(_) => true,
        _ => false,
    })
}

fn collection(asset: &Asset) -> Option<&Collection> {
    asset.facts.iter().find_map(|fact| match fact {
        Fact::Collection(collection) => Some(collection),
        _ => None,
    })
}

/// What the card calls its model.
fn title(card: &Asset) -> Option<&str> {
    card.facts.iter().find_map(|fact| match fact {
        Fact::Model(model) => model.name.as_deref().filter(|name| !name.is_empty()),
        _ => None,
    })
}

/// The folder that a configuration is about: its own, or itself where a folder is the asset.
fn folder_of(asset: &Asset) -> &str {
    let is_folder = matches!(asset.kind.as_str(), "huggingface" | "mlflow") && asset.sha256.is_none();
    if is_folder && names::stem(&asset.path) == names::file(&asset.path) {
        if asset.path == "." { "" } else { &asset.path }
    } else {
        names::folder(&asset.path)
    }
}
