//! LightGBM's text model: lines of `key=value`, a block for each tree
//! (<https://lightgbm.readthedocs.io/en/stable/Advanced-Topics.html>).
//!
//! It is data, but the reader trusts the numbers: child indices outside a tree are followed. Nothing binary has a place in
//! it, and nothing but the importance table, parameters and pandas' categories follows the trees.

use std::io::{BufRead, BufReader, Read};

use bartizan_core::{
    Asset, Category, Cell, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Metadata,
    Model, Probe, Reference, Rule, Section, Severity, Taxonomy,
};

static TREE: Rule = Rule {
    id: "lightgbm/inconsistent-tree",
    title: "A tree points outside itself",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "LightGBM follows the child indices of a tree without checking them; indices outside the tree make it read memory \
          that is not the model's.",
    fix: "Train or export the model again; do not use this file.",
    references: &["https://lightgbm.readthedocs.io/en/stable/Advanced-Topics.html"],
    taxonomy: Taxonomy { cwe: &["CWE-125", "CWE-129"], ..Taxonomy::TAMPERED_ARTEFACT },
};

static HIDDEN: Rule = Rule {
    id: "lightgbm/hidden-data",
    title: "The text model carries something that is no model",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "The format is text from the first line to the last. Binary data or a file written as text inside it waits for a \
          script to unpack it.",
    fix: "Find out who added it; export the model again.",
    references: &[],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

/// Reads LightGBM's text models.
#[derive(Debug)]
pub(crate) struct LightgbmInspector;

/// The longest line: a tree with 131,072 leaves in 25 digits each.
const LONGEST_LINE: u64 = 16 << 20;

impl Inspector for LightgbmInspector {
    fn kind(&self) -> Kind {
        Kind::new("lightgbm")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&TREE, &HIDDEN] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let unix = probe.starts_with(b"tree\nversion=");
        let windows = probe.starts_with(b"tree\r\nversion=");
        if unix || windows { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let read = read(asset, context);
        let mut model = Model::of("lightgbm");
        model.framework = Some("lightgbm".to_owned());
        model.format_version = read.value("version").map(str::to_owned);
        model.task = read.value("objective").map(str::to_owned);
        inspection.know(Fact::Model(model));
        inspection.know(Fact::Metadata(Metadata::new("trees", read.trees.len().to_string())));
        for (key, value) in &read.header {
            if matches!(key.as_str(), "num_class" | "max_feature_idx" | "feature_names" | "objective") {
                inspection.know(Fact::Metadata(Metadata::new(key, value)));
            }
        }
        for (key, value) in &read.files {
            inspection.know(Fact::Reference(Reference {
                role: "parameter-file",
                target: bartizan_core::redacted(value),
            }));
            inspection.know(Fact::Metadata(Metadata::new(key, value)));
        }
        if let Some((number, line, what)) = &read.broken_tree {
            let message = format!("tree {number} {what}");
            inspection
                .find(Finding::new(&TREE, asset, message).line(*line).evidence("tree", number.to_string()));
        }
        if let Some((line, what)) = &read.hidden {
            let message = format!("the model text holds {what}");
            inspection.find(Finding::new(&HIDDEN, asset, message).line(*line).evidence("content", what));
        }
        if let Some(reason) = read.broken {
            inspection.coverage.miss(reason);
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let read = read(asset, context);
        let mut header = Section::new("header", &["key", "value"]);
        for (key, value) in &read.header {
            header.push(
                context.limits.rows,
                vec![bartizan_core::redacted(key).into(), bartizan_core::redacted(value).into()],
            );
        }
        let mut trees = Section::new("trees", &["tree", "leaves"]);
        for (number, leaves) in read.trees.iter().enumerate() {
            trees.push(context.limits.rows, vec![Cell::Number(number as u64), Cell::Number(*leaves)]);
        }
        Description { sections: vec![header, trees] }
    }
}

/// What one pass over the lines found.
#[derive(Default)]
struct Lines {
    header: Vec<(String, String)>,
    /// Leaves of each tree.
    trees: Vec<u64>,
    files: Vec<(String, String)>,
    broken_tree: Option<(usize, u32, String)>,
    hidden: Option<(u32, String)>,
    broken: Option<String>,
}

impl Lines {
    fn value(&self, key: &str) -> Option<&str> {
        self.header.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

fn read(asset: &Asset, context: &Context<'_>) -> Lines {
    let mut lines = Lines::default();
    let mut reader = BufReader::new(asset.content.reader());
    let (mut number, mut ended) = (0u32, false);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                lines.broken = Some(format!("the model could not be read: {error}"));
                break;
            }
        }
        number = number.saturating_add(1);
        if number % 1024 == 0 && context.interrupted() {
            lines.broken = Some("the time allowed ran out".to_owned());
            break;
        }
        if line.contains(&0) {
            lines.hidden.get_or_insert((number, "binary data".to_owned()));
            continue;
        }
        let text = String::from_utf8_lossy(&line);
        note(text.trim(), number, &mut ended, &mut lines);
    }
    let last = lines.trees.len();
    if lines.broken.is_none() && !ended {
        lines.broken = Some(format!("the model ends early, in or after tree {last}"));
    }
    lines
}

fn note(line: &str, number: u32, ended: &mut bool, lines: &mut Lines) {
    if line == "end of trees" {
        *ended = true;
        return;
    }
    if let Some((what, _)) = line.rsplit(['=', ' ', ':']).find_map(crate::embedded::payload) {
        lines.hidden.get_or_insert((number, format!("{what} written as text")));
    }
    if let Some(parameter) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
        if let Some((key, value)) = parameter.split_once(": ")
            && key.ends_with("filename")
            && !value.trim().is_empty()
        {
            lines.files.push((key.to_owned(), value.trim().to_owned()));
        }
        return;
    }
    let Some((key, value)) = line.split_once('=') else { return };
    if key == "Tree" {
        lines.trees.push(0);
        return;
    }
    if lines.trees.is_empty() {
        if lines.header.len() < 64 {
            lines.header.push((key.to_owned(), value.to_owned()));
        }
        return;
    }
    let tree = lines.trees.len() - 1;
    match key {
        "num_leaves" => match value.parse() {
            Ok(leaves) => {
                if let Some(last) = lines.trees.last_mut() {
                    *last = leaves;
                }
            }
            Err(_) => {
                lines.broken_tree.get_or_insert((tree, number, format!("has `{value}` leaves")));
            }
        },
        "left_child" | "right_child" => {
            let leaves = i64::try_from(lines.trees.last().copied().unwrap_or(0)).unwrap_or(i64::MAX);
            // Inner nodes are 0 to leaves-2, leaves are -1 to -leaves.
            let outside = value.split_whitespace().find(|child| {
                !child.parse::<i64>().is_ok_and(|child| child < leaves.max(1) && child >= -leaves)
            });
            if let Some(child) = outside.filter(|_| !*ended) {
                lines.broken_tree.get_or_insert((
                    tree,
                    number,
                    format!("has the child {child} outside itself"),
                ));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    const MODEL: &str = "tree\nversion=v4\nnum_class=1\nobjective=binary sigmoid:1\nfeature_names=a b\ntree_sizes=100\n\nTree=0\nnum_leaves=3\nsplit_feature=0 1\nleft_child=1 -1\nright_child=-2 -3\nleaf_value=0.1 0.2 0.3\n\n\nend of trees\n\nfeature_importances:\na=1\n\nparameters:\n[boosting: gbdt]\n[forcedsplits_filename: ]\nend of parameters\n\npandas_categorical:null\n";

    #[test]
    fn an_ordinary_model_is_described_without_a_finding() {
        let outcome = testing::inspect(&LightgbmInspector, "m.txt", MODEL.as_bytes());
        assert_eq!((outcome.claim, outcome.worst()), (Claim::Certain, None));
        assert!(outcome.inspection.coverage.is_complete());
    }

    #[test]
    fn trees_and_foreign_content_are_checked() {
        let rules = |text: String| testing::inspect(&LightgbmInspector, "m.txt", text.into_bytes()).rules();
        assert_eq!(
            rules(MODEL.replace("left_child=1 -1", "left_child=4096 -1")),
            ["lightgbm/inconsistent-tree"]
        );
        assert_eq!(rules(format!("{MODEL}\u{0}\u{1}binary")), ["lightgbm/hidden-data"]);
        assert_eq!(rules(format!("{MODEL}note=gASVBQAAAAAAAACMAWGULg==\n")), ["lightgbm/hidden-data"]);
    }

    #[test]
    fn a_model_that_ends_early_is_incomplete() {
        let outcome = testing::inspect(&LightgbmInspector, "m.txt", MODEL.as_bytes()[..150].to_vec());
        assert!(!outcome.inspection.coverage.is_complete());
    }

    proptest! {
        #[test]
        fn damaged_models_never_panic(cut in 0usize..500, at in 0usize..500, byte in any::<u8>()) {
            let mut bytes = MODEL.as_bytes().to_vec();
            if let Some(one) = bytes.get_mut(at) { *one = byte; }
            bytes.truncate(bytes.len().saturating_sub(cut));
            testing::inspect(&LightgbmInspector, "m.txt", bytes);
        }
    }
}
