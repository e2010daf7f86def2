//! Hydra and NeMo configurations: YAML or JSON whose mappings name a Python object under `_target_`
//! (<https://hydra.cc/docs/advanced/instantiate_objects/overview/>).
//!
//! `hydra.utils.instantiate` imports the named object and calls it with the other keys of the mapping. NVIDIA NeMo does so
//! with the `model_config.yaml` inside a `.nemo` archive when the model is restored, so that the archive decides what runs.
//! YAML tags of PyYAML (`!!python/object/apply:`) ask an unsafe loader for the same.

use bartizan_core::{
    Asset, Category, Cell, Claim, Confidence, Context, Description, Fact, Finding, Import, Inspection,
    Inspector, Kind, Metadata, Model, Probe, Rule, Section, Severity, Taxonomy, UseKind,
};

use crate::document::{self, Node, Value};
use crate::yaml;

#[cfg(test)]
mod tests;

use crate::callables::{Standing, standing};

const CODE: Taxonomy = Taxonomy { cwe: &["CWE-470", "CWE-94"], ..Taxonomy::UNSAFE_ARTEFACT };

static TARGET: Rule = Rule {
    id: "hydra/dangerous-target",
    title: "The configuration names a function that runs commands or code",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "Whoever instantiates this configuration imports the object under `_target_` and calls it with the arguments \
          beside it. This one runs commands or code, or reaches files and network.",
    fix: "Do not load the model with this configuration; restore it from a trusted source and compare.",
    references: &[
        "https://hydra.cc/docs/advanced/instantiate_objects/overview/",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-23304",
    ],
    taxonomy: CODE,
};

static UNKNOWN: Rule = Rule {
    id: "hydra/unknown-target",
    title: "The configuration names code that is not part of a known framework",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "Instantiating the configuration imports this module, whatever it is on the machine that loads the model.",
    fix: "Find out which package the name belongs to, and install exactly that one from a trusted source.",
    references: &["https://hydra.cc/docs/advanced/instantiate_objects/overview/"],
    taxonomy: CODE,
};

/// Reads configurations with `_target_`, and YAML with Python tags.
#[derive(Debug)]
pub(crate) struct HydraInspector;

/// How far a file is searched for `_target_` when it is identified.
const SEARCHED: u64 = 1 << 20;
/// Larger configurations are not read.
const LARGEST: u64 = 16 << 20;

impl Inspector for HydraInspector {
    fn kind(&self) -> Kind {
        Kind::new("hydra-config")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: &[&Rule] = &[&TARGET, &UNKNOWN, &yaml::OBJECT];
        ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let yaml = probe.extension_is(&["yaml", "yml"]);
        let json = probe.extension_is(&["json"]);
        if !(yaml || json) || !probe.is_text() {
            return Claim::No;
        }
        let mut searched = probe.head.clone();
        if yaml && probe.len() > searched.len() as u64 {
            searched = probe.content().head(SEARCHED).unwrap_or(searched);
        }
        let says = |text: &[u8]| memchr::memmem::find(&searched, text).is_some();
        if says(b"_target_") { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let (documents, bytes) = match read(asset, context) {
            Ok(read) => read,
            Err(reason) => {
                inspection.coverage.miss(reason);
                return inspection;
            }
        };
        let restored = is_restored(asset);
        let mut targets = Vec::new();
        for document in &documents {
            document.each(&mut |node| {
                targets.extend(target(node));
                if let Some(tag) = &node.tag {
                    yaml::object(tag, node.line, asset, &mut inspection);
                }
            });
            if restored {
                note_model(document, &mut inspection);
            }
        }
        for found in targets {
            inspection.know(Fact::Import(import(&found.name)));
            if let Some(finding) = judge(&found, asset, restored) {
                let line =
                    if found.line == 0 { document::line_of(&bytes, &found.name) } else { Some(found.line) };
                inspection.find(match line {
                    Some(line) => finding.line(line),
                    None => finding,
                });
            }
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("targets", &["line", "target", "arguments"]);
        let Ok((documents, _)) = read(asset, context) else { return Description::default() };
        for document in &documents {
            document.each(&mut |node| {
                if let Some(found) = target(node) {
                    section.push(
                        context.limits.rows,
                        vec![
                            Cell::Number(u64::from(found.line)),
                            Cell::Text(bartizan_core::redacted(&found.name)),
                            Cell::List(
                                found
                                    .arguments
                                    .iter()
                                    .map(|argument| bartizan_core::redacted(argument))
                                    .collect(),
                            ),
                        ],
                    );
                }
            });
        }
        Description { sections: vec![section] }
    }
}

fn read(asset: &Asset, context: &Context<'_>) -> Result<(Vec<Node>, bytes::Bytes), String> {
    let bytes = asset
        .content
        .whole(LARGEST.min(context.limits.held))
        .map_err(|error| format!("the configuration could not be read: {error}"))?;
    if asset.path.extension() == "json" {
        return Ok((vec![document::json(&bytes, context.limits.depth)?], bytes));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| "the configuration is not valid UTF-8".to_owned())?;
    Ok((document::yaml(text, context.limits.depth)?, bytes))
}

/// Is this the configuration that a loader instantiates by itself?
fn is_restored(asset: &Asset) -> bool {
    let path = asset.path.as_str().to_ascii_lowercase();
    path.contains(".nemo!") || asset.path.name() == "model_config.yaml"
}

/// An object that the configuration asks for.
struct Target {
    name: String,
    arguments: Vec<String>,
    line: u32,
}

fn target(node: &Node) -> Option<Target> {
    // `_target_` is Hydra's; NeMo's older configurations wrote `target` beside `params` or `cls`.
    let named = node.get("_target_")?;
    let mut arguments = Vec::new();
    for (key, value) in node.entries() {
        match &value.value {
            _ if key == "_target_" => {}
            Value::Scalar(text) => arguments.push(format!("{key}={text}")),
            Value::Sequence(items) => {
                let texts: Vec<_> = items.iter().filter_map(Node::text).take(8).collect();
                arguments.push(format!("{key}=[{}]", texts.join(", ")));
            }
            _ => {}
        }
        if arguments.len() >= 8 {
            break;
        }
    }
    Some(Target { name: named.text()?.to_owned(), arguments, line: named.line })
}

fn judge(found: &Target, asset: &Asset, restored: bool) -> Option<Finding> {
    let when = if restored { "when the model is restored" } else { "when it is instantiated" };
    let called = bartizan_core::truncated(&format!("{}({})", found.name, found.arguments.join(", ")), 160);
    let finding = match standing(&found.name) {
        Standing::Dangerous => {
            Finding::new(&TARGET, asset, format!("{when}, this configuration calls `{called}`"))
        }
        Standing::Indirect => {
            let reaches = found.arguments.iter().any(|argument| {
                argument.split_once('=').is_some_and(|(_, name)| standing(name) == Standing::Dangerous)
            });
            if !reaches {
                return None;
            }
            Finding::new(
                &TARGET,
                asset,
                format!("{when}, this configuration reaches a dangerous function through `{called}`"),
            )
        }
        // `${…}` is filled in from elsewhere in the configuration.
        Standing::Unknown if found.name.contains("${") || found.name.is_empty() => return None,
        Standing::Unknown => {
            let severity = if restored { Severity::Medium } else { Severity::Info };
            Finding::new(
                &UNKNOWN,
                asset,
                format!("{when}, this configuration imports and calls `{}`", found.name),
            )
            .severity(severity)
            .confidence(Confidence::Medium)
        }
        Standing::Framework => return None,
    };
    let finding = finding.evidence("target", &found.name);
    Some(
        found
            .arguments
            .iter()
            .take(4)
            .fold(finding, |finding, argument| finding.evidence("argument", argument)),
    )
}

fn import(dotted: &str) -> Import {
    let (module, name) = dotted.rsplit_once('.').unwrap_or(("", dotted));
    Import {
        module: module.to_owned(),
        name: name.to_owned(),
        uses: vec![UseKind::Plugin],
        offset: None,
        count: 1,
    }
}

fn note_model(document: &Node, inspection: &mut Inspection) {
    let mut model = Model::of("nemo");
    model.framework = Some("nemo".to_owned());
    model.framework_version = document.text_at("nemo_version").map(str::to_owned);
    model.architecture =
        document.text_at("target").map(|name| name.rsplit('.').next().unwrap_or(name).to_owned());
    model.name = document.text_at("name").map(str::to_owned);
    inspection.know(Fact::Model(model));
    if let Some(target) = document.text_at("target") {
        inspection.know(Fact::Import(import(target)));
        inspection.know(Fact::Metadata(Metadata::new("target", target)));
    }
}
