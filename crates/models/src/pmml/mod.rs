//! PMML: models as XML, by the Data Mining Group (<https://dmg.org/pmml/v4-4-1/GeneralStructure.html>).
//!
//! A model is data, but it is read by XML parsers, whose entities open files, and by evaluators that load the Java class
//! that a function is named after. `Extension` elements hold whatever a vendor wants, code as well.

use std::collections::{BTreeMap, BTreeSet};

use bartizan_core::{
    Asset, Category, Claim, Content, Context, Description, Fact, Finding, Import, Inspection, Inspector,
    Kind, Metadata, Model, Probe, Rule, Section, Severity, Taxonomy, UseKind, redacted,
};

use crate::{
    embedded,
    xml::{self, Element, Part},
};

const STRUCTURE: &str = "https://dmg.org/pmml/v4-4-1/GeneralStructure.html";

static CODE: Rule = Rule {
    id: "pmml/code-in-extension",
    title: "An extension of the PMML model holds code",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "`Extension` elements are for vendors, and a consumer that knows them may run what they hold. This one holds \
          program text, or names a library to be loaded.",
    fix: "Find out which program writes and reads this extension; remove it if you do not need it.",
    references: &[STRUCTURE],
    taxonomy: Taxonomy { cwe: &["CWE-94"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static FUNCTION: Rule = Rule {
    id: "pmml/java-function",
    title: "The PMML model calls a function by the name of a Java class",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "Evaluators written in Java load the class that such a function is named after, and make an instance of it: the \
          model decides which code of the class path runs.",
    fix: "Define the function in the model, or allow only classes that you know.",
    references: &["https://github.com/jpmml/jpmml-evaluator", "https://dmg.org/pmml/v4-4-1/Functions.html"],
    taxonomy: Taxonomy { cwe: &["CWE-470"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static HIDDEN: Rule = Rule {
    id: "pmml/hidden-payload",
    title: "The PMML model carries a file that is no model",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "A pickle, archive or program written as text inside a model waits for a script to unpack it.",
    fix: "Find out who added it; export the model again.",
    references: &[],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

/// Reads PMML.
#[derive(Debug)]
pub(crate) struct Pmml;

/// Is an element of this name below the root a model?
fn is_model(name: &str) -> bool {
    name.ends_with("Model") || matches!(name, "NeuralNetwork" | "Scorecard")
}

/// What program text says, and the description of a model does not. In lower case.
const CODE_MARKS: &[&str] = &[
    "javascript:",
    "<script",
    "__import__",
    "os.system",
    "subprocess.",
    "eval(",
    "exec(",
    "execfile(",
    "getruntime(",
    "processbuilder",
    "scriptengine",
    "system.load",
    "powershell",
    "cmd.exe",
    "/bin/sh",
    "/bin/bash",
    "import os",
    "system2(",
    "shell(",
];

/// The most fields and functions that are kept.
const MOST: usize = 10_000;

/// What one pass gathers.
#[derive(Default)]
struct Found {
    version: Option<String>,
    application: Option<String>,
    name: Option<String>,
    task: Option<String>,
    models: BTreeMap<String, u64>,
    fields: Vec<String>,
    /// Functions called: line of the first call and how often.
    called: BTreeMap<String, (u32, u64)>,
    defined: BTreeSet<String>,
    /// Depth of the extension that encloses the place at hand.
    extension: Option<usize>,
    /// Line, words, evidence.
    code: Vec<(u32, &'static str, String)>,
    hidden: Vec<(u32, &'static str, Vec<u8>)>,
}

impl Found {
    fn start(&mut self, element: &Element<'_>, most: usize) {
        let get = |key| element.get(key).map(str::to_owned);
        match (element.depth, element.name) {
            (0, _) => self.version = get("version"),
            (_, "Application") => {
                let version = element.get("version").unwrap_or_default();
                let name = element.get("name").unwrap_or_default();
                self.application = Some(format!("{name} {version}").trim().to_owned());
            }
            (_, "DataField") if self.fields.len() < MOST => self.fields.extend(get("name")),
            (_, "DefineFunction") if self.defined.len() < MOST => self.defined.extend(get("name")),
            (_, "Apply") => {
                if let Some(function) = element.get("function").filter(|name| name.contains('.'))
                    && (self.called.len() < MOST || self.called.contains_key(function))
                {
                    self.called.entry(function.to_owned()).or_insert((element.line, 0)).1 += 1;
                }
            }
            (1, name) if is_model(name) && self.models.len() < MOST => {
                *self.models.entry(name.to_owned()).or_default() += 1;
                self.name = self.name.take().or_else(|| get("modelName"));
                self.task = self.task.take().or_else(|| get("functionName"));
            }
            _ => {}
        }
        if element.name == "Extension" && self.extension.is_none() {
            self.extension = Some(element.depth);
        }
        for (key, value) in element.attributes {
            let local = key.rsplit(':').next().unwrap_or(key);
            if matches!(local, "library" | "implementation") && !value.is_empty() {
                self.note(element.line, "names code to be loaded", value, most);
            }
            self.look(value, element.line, most);
        }
        if self.extension.is_some() && element.name.eq_ignore_ascii_case("script") {
            self.note(element.line, "holds a script", element.name, most);
        }
    }

    fn note(&mut self, line: u32, words: &'static str, evidence: &str, most: usize) {
        if self.code.len() < most {
            self.code.push((line, words, bartizan_core::truncated(evidence, 200)));
        }
    }

    /// Looks into a text: for files anywhere, for code inside extensions.
    fn look(&mut self, text: &str, line: u32, most: usize) {
        if let Some((what, bytes)) = embedded::payload(text)
            && self.hidden.len() < most.min(16)
        {
            self.hidden.push((line, what, bytes));
        }
        if self.extension.is_none() {
            return;
        }
        let lower = text.to_ascii_lowercase();
        if let Some(mark) = CODE_MARKS.iter().find(|mark| lower.contains(**mark)) {
            let at = lower.find(mark).unwrap_or(0);
            let shown = text.get(at..).unwrap_or(text);
            self.note(line, "holds code", shown, most);
        }
    }
}

fn read(asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) -> Found {
    let mut found = Found::default();
    let most = context.limits.findings;
    xml::read(asset, context, true, inspection, &mut |part| match part {
        Part::Start(element) => found.start(element, most),
        Part::End(depth) => {
            if found.extension == Some(*depth) {
                found.extension = None;
            }
        }
        Part::Text(text, line) => found.look(text, *line, most),
    });
    found
}

impl Inspector for Pmml {
    fn kind(&self) -> Kind {
        Kind::new("pmml")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: std::sync::LazyLock<Vec<&'static Rule>> =
            std::sync::LazyLock::new(|| [xml::RULES, &[&CODE, &FUNCTION, &HIDDEN]].concat());
        &RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match xml::root(probe) {
            Some((root, _)) if root == "PMML" => Claim::Certain,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let found = read(asset, context, &mut inspection);
        for (line, words, evidence) in &found.code {
            let message = format!("it {words}: `{}`", redacted(evidence));
            inspection.find(Finding::new(&CODE, asset, message).line(*line).evidence("text", evidence));
        }
        for (function, (line, count)) in &found.called {
            if found.defined.contains(function) {
                continue;
            }
            let (module, name) = function.rsplit_once('.').unwrap_or(("", function));
            inspection.know(Fact::Import(Import {
                module: redacted(module),
                name: redacted(name),
                uses: vec![UseKind::Plugin],
                offset: None,
                count: *count,
            }));
            // The evaluator's own.
            if !function.starts_with("org.jpmml.") && inspection.findings.len() < context.limits.findings {
                let message = format!("when it is evaluated, it asks for the class `{}`", redacted(function));
                inspection
                    .find(Finding::new(&FUNCTION, asset, message).line(*line).evidence("function", function));
            }
        }
        for (line, what, bytes) in &found.hidden {
            let message = format!("the model holds {what} as text");
            inspection.find(Finding::new(&HIDDEN, asset, message).line(*line).evidence("content", what));
            let child = asset.child(&format!("line-{line}"), Content::from_bytes(bytes.clone()));
            if let Err(limit) = context.emit(child) {
                inspection.coverage.miss(limit.to_string());
            }
        }
        facts(&found, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let found = read(asset, context, &mut Inspection::new());
        let mut models = Section::new("models", &["element", "count"]);
        for (name, count) in &found.models {
            models.push(context.limits.rows, vec![redacted(name).into(), (*count).into()]);
        }
        let mut fields = Section::new("fields", &["field"]);
        for field in &found.fields {
            fields.push(context.limits.rows, vec![redacted(field).into()]);
        }
        Description { sections: vec![models, fields] }
    }
}

fn facts(found: &Found, inspection: &mut Inspection) {
    let text = |value: &Option<String>| value.as_deref().filter(|v| !v.is_empty()).map(redacted);
    inspection.know(Fact::Model(Model {
        format_version: text(&found.version),
        framework: Some("pmml".to_owned()),
        producer: text(&found.application),
        name: text(&found.name),
        task: text(&found.task),
        architecture: found.models.keys().next().map(|name| redacted(name)),
        ..Model::of("pmml")
    }));
    inspection.know(Fact::Metadata(Metadata::new("fields", found.fields.len().to_string())));
    for field in found.fields.iter().take(1000) {
        inspection.know(Fact::Metadata(Metadata::new("field", field)));
    }
}

#[cfg(test)]
mod tests;
