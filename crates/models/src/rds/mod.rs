//! R's serialised objects: `.rds`, and `.RData`/`.rda` workspaces (R Internals, "Serialization Formats",
//! <https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats>).
//!
//! A file is a walk over R's own objects, code included. A *promise* is an expression that R evaluates when the value is
//! first looked at: before R 4.4.0 a promise in a file ran in that moment (CVE-2024-27322). Models legitimately hold
//! functions, calls and formulas, so only promises, and bytecode or calls that reach for the system, are told.
//!
//! Files are usually compressed; the compression is opened by its own inspector.

use bartizan_core::{
    Asset, Category, Claim, Context, Fact, Finding, Import, Inspection, Inspector, Kind, Metadata, Model,
    Probe, Rule, Severity, Taxonomy, UseKind,
};

mod parser;
#[cfg(test)]
mod tests;

use parser::{Found, parse};

static PROMISE: Rule = Rule {
    id: "rds/promise",
    title: "The file holds an expression that R evaluates when it is looked at",
    severity: Severity::Medium,
    category: Category::CodeExecution,
    why: "R before 4.4.0 evaluates a promise of a loaded file as soon as its value is used, even by printing it. Files that \
          R writes itself do not hold unevaluated promises outside environments.",
    fix: "Update R to 4.4.0 or later, and do not load the file.",
    references: &["https://nvd.nist.gov/vuln/detail/CVE-2024-27322"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static CALL: Rule = Rule {
    id: "rds/dangerous-call",
    title: "Code inside the file runs commands or code",
    severity: Severity::Low,
    category: Category::CodeExecution,
    why: "Functions and calls inside R objects run when they are used. This one names a function that runs system commands, \
          evaluates text, or loads other code.",
    fix: "Read the code (`bartizan inspect`) before using the object.",
    references: &["https://cran.r-project.org/doc/manuals/r-release/R-ints.html#Serialization-Formats"],
    taxonomy: Taxonomy { cwe: &["CWE-502", "CWE-94"], ..Taxonomy::UNSAFE_ARTEFACT },
};

/// Reads R's serialisation.
#[derive(Debug)]
pub(crate) struct RdsInspector;

impl Inspector for RdsInspector {
    fn kind(&self) -> Kind {
        Kind::new("rds")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&PROMISE, &CALL] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match parser::header(&probe.head) {
            Some(_) => Claim::Certain,
            None => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let bytes = match asset.content.whole(context.limits.held) {
            Ok(bytes) => bytes,
            Err(error) => {
                inspection.coverage.miss(format!("the object could not be read: {error}"));
                return inspection;
            }
        };
        let mut model = Model::of("rds");
        model.framework = Some("r".to_owned());
        let found = parse(&bytes, context);
        if let Some(version) = &found.r_version {
            model.producer = Some(format!("R {version}"));
        }
        model.architecture = found.classes.first().cloned();
        model.format_version = found.version.map(|version| version.to_string());
        inspection.know(Fact::Model(model));
        for class in found.classes.iter().take(16) {
            inspection.know(Fact::Metadata(Metadata::new("class", class)));
        }
        if let Some(reason) = &found.broken {
            inspection.coverage.miss_at(found.end as u64, reason.clone());
        }
        judge(&found, asset, &mut inspection);
        inspection
    }
}

/// Functions of R that run commands, evaluate text, load code or reach the network.
const DANGEROUS: &[&str] = &[
    "system",
    "system2",
    "shell",
    "shell.exec",
    "pipe",
    "eval",
    "evalq",
    "parse",
    "source",
    "sys.source",
    "dyn.load",
    "library.dynam",
    "download.file",
    "url",
    "socketConnection",
    "socketSelect",
    "unlink",
    "file.remove",
    ".Call",
    ".External",
    ".C",
    "Sys.setenv",
    "install.packages",
    "loadNamespace",
    "requireNamespace",
    "writeLines",
    "cat",
    "do.call",
    "match.fun",
    "get",
    "readLines",
    "file",
];
/// Those of them that ordinary modelling code has no use for.
const COMMANDS: &[&str] = &[
    "system",
    "system2",
    "shell",
    "shell.exec",
    "pipe",
    "socketConnection",
    "dyn.load",
    "download.file",
    "install.packages",
    "unlink",
    "source",
];

fn judge(found: &Found, asset: &Asset, inspection: &mut Inspection) {
    for name in &found.symbols {
        if DANGEROUS.contains(&name.as_str()) {
            let import = Import {
                module: "base".to_owned(),
                name: name.clone(),
                uses: vec![UseKind::Reference],
                offset: None,
                count: 1,
            };
            inspection.know(Fact::Import(import));
        }
    }
    for promise in &found.promises {
        let telling = if promise.in_environment { COMMANDS } else { DANGEROUS };
        let called: Vec<&str> =
            promise.names.iter().map(String::as_str).filter(|name| telling.contains(name)).collect();
        let severity = match (called.is_empty(), promise.in_environment) {
            (false, _) => Severity::High,
            (true, false) => Severity::Medium,
            // The arguments of the function that built the model, seen in its environment: ordinary.
            (true, true) => Severity::Info,
        };
        let what =
            if called.is_empty() { "an expression".to_owned() } else { format!("`{}`", called.join("`, `")) };
        let message = format!("when the loaded value is looked at, R evaluates {what}");
        let finding = Finding::new(&PROMISE, asset, message).severity(severity).offset(promise.offset as u64);
        let finding =
            promise.names.iter().take(8).fold(finding, |finding, name| finding.evidence("name", name));
        inspection
            .find(promise.texts.iter().take(4).fold(finding, |finding, text| finding.evidence("text", text)));
    }
    let commands: Vec<&String> =
        found.called.iter().map(|(name, _)| name).filter(|name| COMMANDS.contains(&name.as_str())).collect();
    if let Some(first) = commands.first() {
        let offset = found.called.iter().find(|(name, _)| name == *first).map(|(_, offset)| *offset as u64);
        let message = format!("code inside the object calls `{first}`");
        let finding = Finding::new(&CALL, asset, message).offset(offset.unwrap_or(0));
        // A call that is an attribute (`formula`, `call`) is data; a function body runs when the model is used.
        let severity = if found.expression_at_top { Severity::Medium } else { Severity::Low };
        inspection.find(
            commands
                .iter()
                .take(8)
                .fold(finding.severity(severity), |finding, name| finding.evidence("function", name)),
        );
    }
}
