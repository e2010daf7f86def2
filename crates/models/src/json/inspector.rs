//! Takes JSON that no other inspector knows, and offers the others what they share.

use std::sync::LazyLock;

use bartizan_core::{
    Asset, Category, Claim, Context, Description, Finding, Inspection, Inspector, Kind, Probe, Rule, Section,
    Severity, Taxonomy, redacted,
};

use super::{Document, Node, Reading, TOO_DEEP, Value, parse, templates};
use crate::{huggingface, jinja, keras};

/// Longest document that is read.
pub(crate) const LONGEST: u64 = 64 << 20;

/// Most values that are kept of one document.
pub(crate) const MOST_VALUES: usize = 1_000_000;

/// Large parts of tokenizers and indexes that are data and nothing else.
const DATA: &[&str] = &["vocab", "merges"];

static DUPLICATE_KEY: Rule = Rule {
    id: "json/duplicate-key",
    title: "A key is given twice",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "Programs differ in which of the two values they take, so that what was reviewed may not be what is used.",
    fix: "Remove one of the two.",
    references: &["https://www.rfc-editor.org/rfc/rfc8259#section-4"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

static NESTING: Rule = Rule {
    id: "json/excessive-nesting",
    title: "Nested deeper than any real document",
    severity: Severity::Medium,
    category: Category::ResourceExhaustion,
    why: "Readers that call themselves for each level run out of stack and crash. No library writes such documents.",
    fix: "Do not use it. Get the file again from its author.",
    references: &["https://cwe.mitre.org/data/definitions/674.html"],
    taxonomy: Taxonomy { cwe: &["CWE-674"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// Rules of what stands in any document.
pub(crate) static RULES: &[&Rule] = &[&DUPLICATE_KEY, &NESTING];

/// Every rule that [`judge`] and [`duplicates`] may name.
pub(crate) static SHARED_RULES: LazyLock<Vec<&'static Rule>> =
    LazyLock::new(|| [RULES, jinja::rules::ALL, keras::RULES, huggingface::RULES].concat());

/// Reads JSON that no other inspector claims.
#[derive(Debug)]
pub(crate) struct Json;

/// Reads the asset as JSON, or says in the inspection why not.
pub(crate) fn read(asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) -> Option<Document> {
    let bytes = match asset.content.whole(LONGEST.min(context.limits.held)) {
        Ok(bytes) => bytes,
        Err(error) => {
            inspection.coverage.miss(format!("the document could not be read: {error}"));
            return None;
        }
    };
    let reading = Reading { depth: context.limits.depth, values: MOST_VALUES, skip: DATA };
    match parse(&bytes, reading) {
        Ok(document) => Some(document),
        Err(error) => {
            inspection.coverage.miss(format!("the document could not be read: {error}"));
            if error.reason == TOO_DEEP {
                let message = format!("it nests deeper than {} levels", context.limits.depth);
                inspection.find(Finding::new(&NESTING, asset, message).line(error.line));
            }
            None
        }
    }
}

/// Judges a document by everything that model configurations are known for, whatever the file calls itself: a Keras
/// model with a key of another library is still loaded by Keras.
pub(crate) fn judge(root: &Node, asset: &Asset, context: &Context<'_>) -> Inspection {
    let mut inspection = templates(root, asset, context);
    inspection.merge(keras::judge(root, asset, keras::Loader::V3, context));
    inspection.merge(huggingface::judge(root, asset));
    inspection
}

/// Reports keys that are given twice.
pub(crate) fn duplicates(document: &Document, asset: &Asset, inspection: &mut Inspection) {
    for (key, line) in &document.duplicates {
        let message = format!("the key `{}` is given twice in one object", redacted(key));
        inspection.find(Finding::new(&DUPLICATE_KEY, asset, message).line(*line).evidence("key", key));
    }
    if let Some(line) = document.trailing {
        inspection.coverage.miss(format!("line {line}: something follows the document"));
    }
}

/// A table of the values nearest the root.
pub(crate) fn table(root: &Node, context: &Context<'_>) -> Description {
    let mut section = Section::new("values", &["line", "key", "value"]);
    for (key, node) in root.pairs() {
        let value = match &node.value {
            Value::List(items) => format!("[{} items]", items.len()),
            Value::Object(pairs) => format!("{{{} keys}}", pairs.len()),
            Value::Skipped => "…".to_owned(),
            Value::Null => "null".to_owned(),
            _ => node.scalar().unwrap_or_default(),
        };
        section.push(
            context.limits.rows,
            vec![u64::from(node.line).into(), redacted(key).into(), redacted(&value).into()],
        );
    }
    Description { sections: vec![section] }
}

impl Inspector for Json {
    fn kind(&self) -> Kind {
        Kind::new("json")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &SHARED_RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let shaped = matches!(probe.first_visible(), Some(b'{' | b'['));
        if probe.extension_is(&["json"]) && shaped && probe.is_text() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        if let Some(document) = read(asset, context, &mut inspection) {
            duplicates(&document, asset, &mut inspection);
            inspection.merge(judge(&document.root, asset, context));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        read(asset, context, &mut Inspection::new())
            .map(|document| table(&document.root, context))
            .unwrap_or_default()
    }
}
