//! Core ML: models of Apple's platforms as one protocol buffer message, `Model`
//! (<https://apple.github.io/coremltools/mlmodel/Format/Model.html>).
//!
//! A `.mlmodel` is the message; a `.mlpackage` is a folder with a manifest, the message and weights; a `.mlmodelc` is what
//! the compiler makes of either. There is no magic number. A model runs no code of its own, but it names classes of the app.

mod package;
mod rules;
mod schema;
mod walk;

use std::collections::BTreeMap;

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Finding, Import, Inspection, Inspector, Kind, Licence,
    Metadata, Model, Probe, Reference, Rule, Section, UseKind, redacted,
};
pub(crate) use package::{Compiled, Manifest};
use walk::{Custom, Found, Walk};

use crate::{
    location,
    protobuf::{Message, Window, conforms},
};

/// Reads the message.
#[derive(Debug)]
pub(crate) struct Coreml;

impl Inspector for Coreml {
    fn kind(&self) -> Kind {
        Kind::new("coreml")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&rules::CUSTOM_LAYER, &rules::CUSTOM_MODEL, &rules::OUTSIDE] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let window = Window::new(probe.content());
        // The specification version comes first, as a rule; else the description, or whether it is updatable.
        let first = probe.head.first().is_some_and(|key| matches!(key, 0x08 | 0x12 | 0x50));
        if first && conforms(&Message::whole(&window), &schema::MODEL) {
            return Claim::Shape;
        }
        if probe.extension_is(&["mlmodel"]) && !probe.is_empty() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let window = Window::new(&asset.content);
        let found = Walk::over(Message::whole(&window), context);
        inspection.coverage.merge(found.coverage.clone());
        if found.types.is_empty() {
            inspection.coverage.miss("no model could be found in it");
        }
        let most = context.limits.findings;
        classes(asset, &rules::CUSTOM_LAYER, "a layer", &found.layers, most, &mut inspection);
        classes(asset, &rules::CUSTOM_MODEL, "the model", &found.models, most, &mut inspection);
        for (path, (what, offset)) in &found.paths {
            inspection.know(Fact::Reference(Reference { role: "external-data", target: redacted(path) }));
            if let Some(words) = escapes(path)
                && inspection.findings.len() < most
            {
                let message = format!("the {what} is `{}`, which {words}", redacted(path));
                inspection.find(
                    Finding::new(&rules::OUTSIDE, asset, message).offset(*offset).evidence("path", path),
                );
            }
        }
        facts(&found, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let window = Window::new(&asset.content);
        let found = Walk::over(Message::whole(&window), context);
        let mut header = Section::new("header", &["field", "value"]);
        header.push(context.limits.rows, vec!["version".into(), found.version.into()]);
        for name in &found.types {
            header.push(context.limits.rows, vec!["type".into(), (*name).into()]);
        }
        for (key, value) in &found.metadata {
            header.push(context.limits.rows, vec![redacted(key).into(), redacted(value).into()]);
        }
        let mut operations = Section::new("operations", &["operation", "count", "offset"]);
        for (name, (count, offset)) in &found.operations {
            operations
                .push(context.limits.rows, vec![redacted(name).into(), (*count).into(), (*offset).into()]);
        }
        Description { sections: vec![header, operations] }
    }
}

/// How a path leaves the folder, in words. `@model_path` is the folder; search paths are separated by colons.
fn escapes(path: &str) -> Option<&'static str> {
    let inside = path.strip_prefix("@model_path/").unwrap_or(path);
    let escape = location::escape(inside).or_else(|| inside.split(':').find_map(location::escape));
    match escape {
        Some(escape) => Some(escape.words()),
        None => inside.starts_with('~').then_some("begins in the user's home"),
    }
}

fn classes(
    asset: &Asset,
    rule: &'static Rule,
    what: &str,
    classes: &BTreeMap<String, Custom>,
    most: usize,
    inspection: &mut Inspection,
) {
    for custom in classes.values().take(most) {
        let message = format!("{what} is the class `{}` of the app that loads it", redacted(&custom.class));
        let finding =
            Finding::new(rule, asset, message).offset(custom.offset).evidence("class", &custom.class);
        inspection.find(match custom.description.as_str() {
            "" => finding,
            description => finding.evidence("description", description),
        });
        inspection.know(Fact::Import(Import {
            module: String::new(),
            name: redacted(&custom.class),
            uses: vec![UseKind::Plugin],
            offset: Some(custom.offset),
            count: custom.count,
        }));
    }
}

fn facts(found: &Found, inspection: &mut Inspection) {
    let text =
        |key: &str| found.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| redacted(value));
    inspection.know(Fact::Model(Model {
        format_version: Some(found.version.to_string()),
        framework: Some("coreml".to_owned()),
        framework_version: text("com.github.apple.coremltools.version"),
        producer: text("author"),
        version: text("version"),
        architecture: found.types.first().map(|name| (*name).to_owned()),
        ..Model::of("coreml")
    }));
    inspection.facts.extend(found.ports.iter().cloned().map(Fact::Port));
    if found.updatable {
        inspection.know(Fact::Metadata(Metadata::new("updatable", "true")));
    }
    for (key, value) in &found.metadata {
        inspection.know(Fact::Metadata(Metadata::new(key, value)));
        if key == "license" {
            inspection.know(Fact::Licence(Licence { declared: redacted(value), source: "coreml-metadata" }));
        }
    }
    for (name, (count, offset)) in &found.operations {
        inspection.know(Fact::Import(Import {
            module: "coreml".to_owned(),
            name: redacted(name),
            uses: vec![UseKind::Plugin],
            offset: Some(*offset),
            count: *count,
        }));
    }
}

#[cfg(test)]
mod tests;
