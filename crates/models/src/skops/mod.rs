//! skops files: a ZIP with a `schema.json` and the arrays it refers to (<https://skops.readthedocs.io/en/stable/persistence.html>).
//!
//! Each node of the schema names a Python type by `__module__` and `__class__` and says by `__loader__` how to rebuild it.
//! skops refuses types that the user did not trust, but users copy the list that it prints; and older versions could be
//! deceived (CVE-2025-54412, CVE-2025-54413). The schema is judged here, the members on their own.

use bartizan_core::{
    Asset, Category, Cell, Claim, Confidence, Context, Description, Fact, Finding, Import, Inspection,
    Inspector, Kind, Metadata, Model, Probe, Rule, Section, Severity, Taxonomy, UseKind,
};
use std::collections::BTreeMap;

use crate::callables::{Standing, standing};
use crate::document::{self, Node};

static DANGEROUS: Rule = Rule {
    id: "skops/dangerous-type",
    title: "The model names a function that runs commands or code",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "Once its types are trusted, skops imports what the schema names and puts it where the model calls it.",
    fix: "Do not trust the type; do not load the file.",
    references: &["https://skops.readthedocs.io/en/stable/persistence.html"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static UNKNOWN: Rule = Rule {
    id: "skops/unknown-type",
    title: "The model is made of types outside the known libraries",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "Loading imports the named module and builds its class. skops asks for trust in it, and so should you.",
    fix: "Trust the type only after reading where it comes from.",
    references: &["https://skops.readthedocs.io/en/stable/persistence.html"],
    taxonomy: Taxonomy { cwe: &["CWE-470", "CWE-502"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static OPERATOR: Rule = Rule {
    id: "skops/operator",
    title: "An operator node names something else than it should",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "skops before 0.12 looked the operator up by a name that it had not checked, so that `operator.call` could call \
          anything although only harmless types were shown (CVE-2025-54412).",
    fix: "Do not load the file; update skops to 0.12 or later.",
    references: &["https://nvd.nist.gov/vuln/detail/CVE-2025-54412"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static METHOD: Rule = Rule {
    id: "skops/method",
    title: "A method node reaches for something else than a method of its object",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "skops before 0.12 took any attribute name here, also dunder and dotted ones, and did not compare the object with \
          the type it had shown (CVE-2025-54413).",
    fix: "Do not load the file; update skops to 0.12 or later.",
    references: &["https://nvd.nist.gov/vuln/detail/CVE-2025-54413"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Reads the schema of skops files.
#[derive(Debug)]
pub(crate) struct SkopsInspector;

impl Inspector for SkopsInspector {
    fn kind(&self) -> Kind {
        Kind::new("skops-schema")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&DANGEROUS, &UNKNOWN, &OPERATOR, &METHOD] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.first_visible() != Some(b'{') {
            return Claim::No;
        }
        let says = |text: &[u8]| memchr::memmem::find(&probe.head, text).is_some();
        let shaped = says(b"\"__loader__\"") && says(b"\"__module__\"");
        let inside = probe.asset.path.as_str().to_ascii_lowercase().ends_with(".skops!schema.json");
        if shaped || inside { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let schema = match read(asset, context) {
            Ok(schema) => schema,
            Err(reason) => {
                inspection.coverage.miss(reason);
                return inspection;
            }
        };
        let mut model = Model::of("skops");
        model.framework = Some("scikit-learn".to_owned());
        model.architecture = schema.text_at("__class__").map(str::to_owned);
        model.producer = schema.text_at("_skops_version").map(|version| format!("skops {version}"));
        model.format_version = schema.text_at("protocol").map(str::to_owned);
        inspection.know(Fact::Model(model));
        if let Some(version) = schema.text_at("_skops_version") {
            inspection.know(Fact::Metadata(Metadata::new("skops_version", version)));
        }
        let mut types: BTreeMap<(String, String), u64> = BTreeMap::new();
        schema.each(&mut |node| {
            let Some(named) = named(node) else { return };
            let count = types.entry((named.module.to_owned(), named.class.to_owned())).or_default();
            *count += 1;
            if *count == 1 || matches!(named.loader, "OperatorFuncNode" | "MethodNode") {
                judge(&named, node, asset, &mut inspection);
            }
        });
        for ((module, name), count) in types {
            inspection.know(Fact::Import(Import {
                module,
                name,
                uses: vec![UseKind::Reference],
                offset: None,
                count,
            }));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("types", &["loader", "type"]);
        let Ok(schema) = read(asset, context) else { return Description::default() };
        schema.each(&mut |node| {
            if let Some(named) = named(node) {
                let dotted = bartizan_core::redacted(&named.dotted());
                section.push(
                    context.limits.rows,
                    vec![bartizan_core::redacted(named.loader).into(), Cell::Text(dotted)],
                );
            }
        });
        Description { sections: vec![section] }
    }
}

fn read(asset: &Asset, context: &Context<'_>) -> Result<Node, String> {
    let bytes = asset
        .content
        .whole(context.limits.held)
        .map_err(|error| format!("the schema could not be read: {error}"))?;
    document::json(&bytes, context.limits.depth.max(128))
}

struct Named<'a> {
    module: &'a str,
    class: &'a str,
    loader: &'a str,
}

impl Named<'_> {
    fn dotted(&self) -> String {
        format!("{}.{}", self.module, self.class)
    }
}

fn named(node: &Node) -> Option<Named<'_>> {
    // A FunctionNode of older files names its function in `content`.
    let content = node.get("content");
    let within = |key: &str| content.and_then(|content| content.text_at(key));
    let loader = node.text_at("__loader__")?;
    let (module, class) = match loader {
        "FunctionNode" | "TypeNode" if within("module_path").is_some() => {
            (within("module_path")?, within("function")?)
        }
        _ => (node.text_at("__module__")?, node.text_at("__class__")?),
    };
    Some(Named { module, class, loader })
}

fn judge(named: &Named<'_>, node: &Node, asset: &Asset, inspection: &mut Inspection) {
    let dotted = named.dotted();
    let finding = |rule: &'static Rule, message: String| {
        Finding::new(rule, asset, message).evidence("type", &dotted).evidence("loader", named.loader)
    };
    match named.loader {
        "OperatorFuncNode" => {
            let harmless = matches!(named.class, "attrgetter" | "itemgetter") && named.module == "operator";
            if !harmless {
                let severity =
                    if named.class == "methodcaller" { Severity::High } else { Severity::Critical };
                inspection.find(
                    finding(&OPERATOR, format!("loading the file calls `operator.{}`", named.class))
                        .severity(severity),
                );
            }
            let mut reaches = false;
            node.each(&mut |inner| {
                reaches |= inner
                    .text()
                    .is_some_and(|text| text.contains("__") && text.split(['.', '"']).any(is_dunder))
            });
            let own = node.get("attrs").is_some() && reaches && named.class == "attrgetter";
            if own
                && attribute_texts(node).iter().any(|text| text.trim_matches('"').split('.').any(is_dunder))
            {
                inspection.find(
                    finding(&OPERATOR, "an attribute getter reaches for a dunder attribute".to_owned())
                        .severity(Severity::High),
                );
            }
            return;
        }
        "MethodNode" => {
            let content = node.get("content");
            let function = content.and_then(|content| content.text_at("func")).unwrap_or_default();
            let object = content.and_then(|content| content.get("obj")).and_then(self::named);
            let other = object
                .as_ref()
                .is_some_and(|object| object.module != named.module || object.class != named.class);
            if function.contains('.') || is_dunder(function) || other {
                let message = format!("a method node of `{dotted}` reaches for `{function}`");
                inspection.find(finding(&METHOD, message).evidence("method", function));
            }
        }
        _ => {}
    }
    match standing(&dotted) {
        Standing::Dangerous => {
            inspection.find(finding(&DANGEROUS, format!("once trusted, loading the file uses `{dotted}`")))
        }
        Standing::Unknown if !named.module.is_empty() => {
            let message = format!("loading the file imports `{dotted}`");
            inspection.find(finding(&UNKNOWN, message).confidence(Confidence::Medium));
        }
        _ => {}
    }
}

/// The texts that an operator node is given.
fn attribute_texts(node: &Node) -> Vec<String> {
    let mut texts = Vec::new();
    if let Some(attributes) = node.get("attrs") {
        attributes.each(&mut |inner| {
            texts.extend(inner.text_at("content").map(str::to_owned));
        });
    }
    texts
}

fn is_dunder(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn findings(schema: &str) -> Vec<(&'static str, Severity)> {
        let outcome = testing::inspect(&SkopsInspector, "m.skops!schema.json", schema.as_bytes().to_vec());
        assert_eq!(outcome.claim, Claim::Certain);
        outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    fn node(module: &str, class: &str, loader: &str, rest: &str) -> String {
        format!(r#"{{"__class__": "{class}", "__module__": "{module}", "__loader__": "{loader}"{rest}}}"#)
    }

    #[test]
    fn a_scikit_learn_model_is_fine_and_described() {
        let inner = node("numpy", "ndarray", "NdArrayNode", r#", "type": "numpy", "file": "1.npy""#);
        let schema = node(
            "sklearn.linear_model._base",
            "LinearRegression",
            "ObjectNode",
            &format!(r#", "content": {{"coef_": {inner}}}, "protocol": 2, "_skops_version": "0.14.0""#),
        );
        assert_eq!(findings(&schema), []);
    }

    #[test]
    fn types_are_judged_by_what_they_name() {
        for (module, class, rule) in [
            ("os", "system", "skops/dangerous-type"),
            ("builtins", "eval", "skops/dangerous-type"),
            ("posix", "system", "skops/dangerous-type"),
            ("evil", "Model", "skops/unknown-type"),
        ] {
            let inner = node(module, class, "FunctionNode", "");
            let schema = node(
                "sklearn.pipeline",
                "Pipeline",
                "ObjectNode",
                &format!(r#", "content": {{"f": {inner}}}"#),
            );
            assert_eq!(findings(&schema).first().map(|found| found.0), Some(rule), "{module}.{class}");
        }
    }

    #[test]
    fn operators_and_methods_must_be_what_they_claim() {
        let call = node("operator", "call", "OperatorFuncNode", r#", "attrs": {}"#);
        assert_eq!(findings(&call), [("skops/operator", Severity::Critical)]);
        let getter = node("operator", "itemgetter", "OperatorFuncNode", r#", "attrs": {}"#);
        assert_eq!(findings(&getter), []);
        let object = node("sklearn.svm", "SVC", "ObjectNode", "");
        let method = node(
            "sklearn.svm",
            "SVC",
            "MethodNode",
            &format!(r#", "content": {{"func": "predict", "obj": {object}}}"#),
        );
        assert_eq!(findings(&method), []);
        let reach = node(
            "sklearn.svm",
            "SVC",
            "MethodNode",
            &format!(r#", "content": {{"func": "__init__.__globals__", "obj": {object}}}"#),
        );
        assert_eq!(findings(&reach), [("skops/method", Severity::High)]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            testing::inspect(&SkopsInspector, "m.skops!schema.json", bytes);
        }
    }
}
