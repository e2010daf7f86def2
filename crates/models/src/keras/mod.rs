//! Keras models: the configuration inside a `.keras` archive, and model configurations saved by themselves.
//!
//! Keras 3 saves a model as a ZIP of `config.json`, `metadata.json` and `model.weights.h5`
//! (<https://keras.io/api/models/model_saving_apis/model_saving_and_loading/>). `config.json` is a tree of serialised
//! objects, each `{module, class_name, config, registered_name}`; loading imports the module and calls the class with
//! the configuration. Older versions saved the same tree without modules, as JSON, as YAML, or as an attribute of an
//! HDF5 file.

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Inspection, Inspector, Kind, Model, Probe, Rule, Section,
    redacted,
};

mod marshal;
mod names;
mod rules;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use rules::ALL as RULES;
pub(crate) use walk::judge;

use crate::json::{self, Node, Value};

/// Which loader reads the configuration: they guard differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loader {
    /// The `.keras` archive, with safe mode.
    V3,
    /// HDF5, whose loader ignored safe mode (CVE-2025-9905).
    Hdf5,
    /// The metadata beside or inside a SavedModel, of Keras 2.
    SavedModel,
}

/// Reads model configurations in JSON.
#[derive(Debug)]
pub(crate) struct Config;

/// What the configuration tells about the model.
pub(crate) fn model(root: &Node, format: &'static str) -> Model {
    let config = root.get("config");
    Model {
        framework: Some("keras".to_owned()),
        framework_version: root.text_of("keras_version").map(redacted),
        architecture: root.text_of("class_name").map(redacted),
        name: config.and_then(|config| config.text_of("name")).map(redacted),
        ..Model::of(format)
    }
}

/// A table of the model's layers.
pub(crate) fn layers(root: &Node, limit: usize) -> Section {
    fn go(node: &Node, depth: u64, section: &mut Section, limit: usize) {
        if let (Some(class), Some(config)) = (node.text_of("class_name"), node.get("config")) {
            let name = config.text_of("name").or(node.text_of("name")).unwrap_or_default();
            let module = node.text_of("module").unwrap_or_default();
            let row =
                vec![depth.into(), redacted(name).into(), redacted(class).into(), redacted(module).into()];
            section.push(limit, row);
        }
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| go(item, depth, section, limit)),
            Value::Object(pairs) => pairs.iter().for_each(|(_, value)| go(value, depth + 1, section, limit)),
            _ => {}
        }
    }
    let mut section = Section::new("layers", &["depth", "name", "class", "module"]);
    go(root, 0, &mut section, limit);
    section
}

impl Inspector for Config {
    fn kind(&self) -> Kind {
        Kind::new("keras-config")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &json::SHARED_RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.first_visible() != Some(b'{') || !probe.is_text() {
            return Claim::No;
        }
        let head = String::from_utf8_lossy(&probe.head);
        let object = head.contains("\"class_name\"") && head.contains("\"config\"");
        let metadata = head.contains("\"keras_version\"") && head.contains("\"date_saved\"");
        match (object || metadata, head.contains("\"keras")) {
            (true, true) => Claim::Certain,
            (true, false) => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some(document) = json::read(asset, context, &mut inspection) else { return inspection };
        json::duplicates(&document, asset, &mut inspection);
        inspection.know(Fact::Model(model(&document.root, "keras")));
        inspection.merge(json::judge(&document.root, asset, context));
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let document = json::read(asset, context, &mut Inspection::new());
        let sections = document.map(|document| vec![layers(&document.root, context.limits.rows)]);
        Description { sections: sections.unwrap_or_default() }
    }
}
