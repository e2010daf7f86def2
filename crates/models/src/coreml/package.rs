//! What lies around the message: the manifest of a `.mlpackage`, and the files of a compiled `.mlmodelc`.

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Model, Probe, Reference,
    Rule, Section, redacted,
};

use super::{escapes, rules};
use crate::json;

/// Reads the manifest of a package.
#[derive(Debug)]
pub(crate) struct Manifest;

fn items(root: &json::Node) -> impl Iterator<Item = (&str, u32)> {
    let entries = root.get("itemInfoEntries").map(json::Node::pairs).unwrap_or_default();
    entries.iter().filter_map(|(_, item)| Some((item.text_of("path")?, item.line)))
}

impl Inspector for Manifest {
    fn kind(&self) -> Kind {
        Kind::new("coreml-package")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: std::sync::LazyLock<Vec<&'static Rule>> = std::sync::LazyLock::new(|| {
            let own: &[&Rule] = &[&rules::OUTSIDE, &rules::PACKAGE];
            [own, &json::SHARED_RULES].concat()
        });
        &RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let manifest = probe.name().eq_ignore_ascii_case("manifest.json")
            && memchr::memmem::find(&probe.head, b"\"itemInfoEntries\"").is_some();
        if manifest { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some(document) = json::read(asset, context, &mut inspection) else { return inspection };
        json::duplicates(&document, asset, &mut inspection);
        inspection.merge(json::judge(&document.root, asset, context));
        inspection.know(Fact::Model(Model {
            format_version: document.root.text_of("fileFormatVersion").map(redacted),
            framework: Some("coreml".to_owned()),
            ..Model::of("coreml-package")
        }));
        for (path, line) in items(&document.root).take(context.limits.findings) {
            inspection.know(Fact::Reference(Reference { role: "member", target: redacted(path) }));
            let finding =
                |rule, message| Finding::new(rule, asset, message).line(line).evidence("path", path);
            if let Some(words) = escapes(path) {
                let message = format!("the package names `{}`, which {words}", redacted(path));
                inspection.find(finding(&rules::OUTSIDE, message));
            } else if let Some(siblings) = &asset.siblings
                && siblings.entry(&format!("Data/{path}")).is_none()
            {
                let message = format!("`Data/{}` is not in the package", redacted(path));
                inspection.find(finding(&rules::PACKAGE, message));
            }
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("items", &["line", "path"]);
        if let Some(document) = json::read(asset, context, &mut Inspection::new()) {
            for (path, line) in items(&document.root) {
                section.push(context.limits.rows, vec![u64::from(line).into(), redacted(path).into()]);
            }
        }
        Description { sections: vec![section] }
    }
}

/// Names the files of a compiled model, and reads those that are text.
#[derive(Debug)]
pub(crate) struct Compiled;

/// How much of a program is read.
const LONGEST: u64 = 64 << 20;

impl Inspector for Compiled {
    fn kind(&self) -> Kind {
        Kind::new("coreml-compiled")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&rules::OUTSIDE, &rules::CUSTOM_LAYER] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = [
            "coremldata.bin",
            "model.mil",
            "model.espresso.net",
            "model.espresso.weights",
            "model.espresso.shape",
        ]
        .contains(&probe.name());
        let inside = probe.asset.path.as_str().contains(".mlmodelc/") && probe.extension_is(&["bin"]);
        if (named || inside) && !probe.is_empty() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        inspection.know(Fact::Model(Model {
            framework: Some("coreml".to_owned()),
            ..Model::of("coreml-compiled")
        }));
        if !matches!(asset.path.extension().as_str(), "mil" | "net") {
            return inspection;
        }
        let bytes = match asset.content.whole(LONGEST.min(context.limits.held)) {
            Ok(bytes) => bytes,
            Err(error) => {
                inspection.coverage.miss(format!("the program could not be read: {error}"));
                return inspection;
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        // `BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = …)`
        let mut seen = std::collections::BTreeSet::new();
        for after in text.split("path = ").skip(1) {
            let Some(path) = after.split('"').nth(1) else { continue };
            if let Some(words) = escapes(path)
                && seen.len() < context.limits.findings
                && seen.insert(path)
            {
                let message = format!("the weights are `{}`, which {words}", redacted(path));
                inspection.find(Finding::new(&rules::OUTSIDE, asset, message).evidence("path", path));
            }
        }
        if text
            .split("\"type\"")
            .skip(1)
            .any(|after| after.trim_start_matches([' ', ':', '\t']).starts_with("\"custom\""))
        {
            let message = "a layer is a class of the app that loads it";
            inspection.find(Finding::new(&rules::CUSTOM_LAYER, asset, message));
        }
        inspection
    }
}
