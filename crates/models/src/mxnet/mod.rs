//! MXNet: a symbol file in JSON (`NAME-symbol.json`) and its arrays (`NAME-0000.params`).
//!
//! <https://mxnet.apache.org/versions/1.9.1/api/architecture/overview>. A symbol is a list of nodes, each an operator. Most
//! compute; `Custom` calls a Python class, others take addresses of functions or source code from their attributes.

mod params;

use std::collections::BTreeMap;

use bartizan_core::{
    Asset, Category, Claim, Context, Description, Fact, Finding, Import, Inspection, Inspector, Kind,
    Metadata, Model, Probe, Rule, Section, Severity, Taxonomy, UseKind, redacted,
};
pub(crate) use params::Params;

use crate::{json, location};

const OPERATORS: &str = "https://mxnet.apache.org/versions/1.9.1/api/faq/new_op";

static CUSTOM: Rule = Rule {
    id: "mxnet/custom-operator",
    title: "MXNet model needs code of its own",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "`Custom` makes an instance of a Python class that is registered under the name the model gives, and calls it. \
          Fused operators are compiled from source code in the model.",
    fix: "Run it only with an operator that you wrote or trust, or export the model with standard operators.",
    references: &[OPERATORS],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static NATIVE: Rule = Rule {
    id: "mxnet/native-pointer",
    title: "MXNet model calls an address of memory",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "`_Native` and `_NDArray` take the address of a table of functions from their attributes and call them. In a file, \
          such an address is either meaningless or an attack.",
    fix: "Do not load it. Export the model again with standard operators.",
    references: &[OPERATORS],
    taxonomy: Taxonomy { cwe: &["CWE-822"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static LIBRARY: Rule = Rule {
    id: "mxnet/library",
    title: "MXNet model names a library to be loaded",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "An attribute names a native library. Whoever ships the model chooses what code is loaded into the process.",
    fix: "Load only a library that you built or trust.",
    references: &["https://mxnet.apache.org/versions/1.9.1/api/faq/new_op"],
    taxonomy: Taxonomy { cwe: &["CWE-114"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static FILE: Rule = Rule {
    id: "mxnet/file-operator",
    title: "MXNet model reads a file",
    severity: Severity::Medium,
    category: Category::FileAccess,
    why: "When the model runs, this operator reads a file whose name the model gives.",
    fix: "Do not run it. Export the model without operators that read files.",
    references: &[OPERATORS],
    taxonomy: Taxonomy { cwe: &["CWE-73"], ..Taxonomy::UNSAFE_ARTEFACT },
};

/// Reads symbol files.
#[derive(Debug)]
pub(crate) struct Symbol;

/// The most kinds of operator, and of harmful uses of them.
const MOST: usize = 10_000;
/// How many nodes are visited between two looks at the clock.
const PACE: u64 = 4096;

struct Bad {
    rule: &'static Rule,
    severity: Severity,
    message: String,
    evidence: (&'static str, String),
    line: u32,
}

#[derive(Default)]
struct Found {
    version: Option<String>,
    operators: BTreeMap<String, u64>,
    /// By rule and evidence, so that repetition is one finding.
    bad: BTreeMap<(&'static str, String), Bad>,
}

/// Attributes of a node: their key changed with the versions.
fn attributes(node: &json::Node) -> impl Iterator<Item = (&str, &str)> {
    ["attrs", "attr", "param"]
        .into_iter()
        .filter_map(|key| node.get(key))
        .flat_map(json::Node::pairs)
        .filter_map(|(key, value)| Some((key.as_str(), value.text()?)))
}

fn is_library(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    [".so", ".dll", ".dylib"].iter().any(|end| lower.ends_with(end)) || lower.contains(".so.")
}

impl Found {
    fn read(asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) -> Self {
        let mut found = Self::default();
        let Some(document) = json::read(asset, context, inspection) else { return found };
        json::duplicates(&document, asset, inspection);
        inspection.merge(json::judge(&document.root, asset, context));
        found.version = document
            .root
            .get("attrs")
            .and_then(|attributes| attributes.get("mxnet_version"))
            .and_then(|version| version.items().get(1)?.scalar());
        let mut waiting = vec![&document.root];
        let mut visited = 0u64;
        while let Some(graph) = waiting.pop() {
            for node in graph.get("nodes").map(json::Node::items).unwrap_or_default() {
                visited = visited.saturating_add(1);
                if visited.is_multiple_of(PACE) && context.interrupted() {
                    inspection.coverage.miss("the time allowed ran out");
                    return found;
                }
                found.node(node);
                waiting.extend(node.get("subgraphs").map(json::Node::items).unwrap_or_default());
            }
        }
        found
    }

    fn node(&mut self, node: &json::Node) {
        let operator = node.text_of("op").unwrap_or_default();
        if operator != "null" && (self.operators.len() < MOST || self.operators.contains_key(operator)) {
            *self.operators.entry(operator.to_owned()).or_default() += 1;
        }
        let value =
            |wanted: &str| attributes(node).find(|(key, _)| *key == wanted).map_or("", |(_, value)| value);
        let shown = redacted(operator);
        match operator {
            "Custom" | "_CustomFunction" => {
                let class = value("op_type");
                let message =
                    format!("when it runs, this model calls the Python operator `{}`", redacted(class));
                self.note(node, &CUSTOM, CUSTOM.severity, message, ("op_type", class));
            }
            "_FusedOp" | "_FusedOpHelper" | "_FusedOpOutHelper" | "_TensorRT" | "_rtc" => {
                let message = format!("`{shown}` holds a part that is compiled when it is loaded");
                self.note(node, &CUSTOM, CUSTOM.severity, message, ("operator", operator));
            }
            "_Native" | "_NDArray" => {
                let address = value("info");
                let message = format!("when it runs, `{shown}` calls functions at `{}`", redacted(address));
                self.note(node, &NATIVE, NATIVE.severity, message, ("info", address));
            }
            "_cvimread" | "_npi_cvimread" | "_image_imread" => {
                let file = value("filename");
                let severity = if location::escape(file).is_some() { Severity::High } else { FILE.severity };
                let message = format!("when it runs, this model reads `{}`", redacted(file));
                self.note(node, &FILE, severity, message, ("filename", file));
            }
            _ => {}
        }
        for (key, value) in attributes(node) {
            let named = matches!(key.trim_matches('_'), "library" | "lib" | "lib_path" | "library_path");
            if (named || is_library(value)) && !value.is_empty() {
                let message = format!("the attribute `{}` names `{}`", redacted(key), redacted(value));
                self.note(node, &LIBRARY, LIBRARY.severity, message, ("library", value));
            }
        }
    }

    fn note(
        &mut self,
        node: &json::Node,
        rule: &'static Rule,
        severity: Severity,
        message: String,
        evidence: (&'static str, &str),
    ) {
        if self.bad.len() < MOST {
            let key = (rule.id, evidence.1.to_owned());
            let evidence = (evidence.0, evidence.1.to_owned());
            self.bad.entry(key).or_insert(Bad { rule, severity, message, evidence, line: node.line });
        }
    }
}

impl Inspector for Symbol {
    fn kind(&self) -> Kind {
        Kind::new("mxnet")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: std::sync::LazyLock<Vec<&'static Rule>> = std::sync::LazyLock::new(|| {
            let own: &[&Rule] = &[&CUSTOM, &NATIVE, &LIBRARY, &FILE];
            [own, &json::SHARED_RULES].concat()
        });
        &RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.first_visible() != Some(b'{') {
            return Claim::No;
        }
        let says = |text: &[u8]| {
            memchr::memmem::find(&probe.head, text).is_some()
                || memchr::memmem::find(probe.tail(), text).is_some()
        };
        let symbol = probe.name().ends_with("-symbol.json");
        if says(b"\"nodes\"") && ((says(b"\"arg_nodes\"") && says(b"\"heads\"")) || symbol) {
            return Claim::Certain;
        }
        if symbol { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let found = Found::read(asset, context, &mut inspection);
        for bad in found.bad.into_values().take(context.limits.findings) {
            inspection.find(
                Finding::new(bad.rule, asset, bad.message)
                    .severity(bad.severity)
                    .line(bad.line)
                    .evidence(bad.evidence.0, bad.evidence.1),
            );
        }
        inspection.know(Fact::Model(Model {
            framework: Some("mxnet".to_owned()),
            framework_version: found.version,
            ..Model::of("mxnet")
        }));
        let count: u64 = found.operators.values().sum();
        inspection.know(Fact::Metadata(Metadata::new("operators", count.to_string())));
        for (name, count) in &found.operators {
            inspection.know(Fact::Import(Import {
                module: "mxnet".to_owned(),
                name: redacted(name),
                uses: vec![UseKind::Plugin],
                offset: None,
                count: *count,
            }));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let found = Found::read(asset, context, &mut Inspection::new());
        let mut section = Section::new("operations", &["operator", "count"]);
        for (name, count) in &found.operators {
            section.push(context.limits.rows, vec![redacted(name).into(), (*count).into()]);
        }
        Description { sections: vec![section] }
    }
}

#[cfg(test)]
mod tests;
