//! Labelled blocks: what the network learns from and is judged by.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Category, reader, tree::Resource};

/// One line of `labels.jsonl`.
#[derive(Clone, Debug, Deserialize)]
struct Line {
    source: String,
    label: String,
    category: Category,
    rule: String,
    text: String,
}

/// A labelled block. The label is relative to a rule, hence to one category.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// The project that the label comes from.
    pub project: String,
    /// The rule that the label is relative to.
    pub rule: String,
    /// What the rule is about.
    pub category: Category,
    /// Is it insecure by that rule?
    pub insecure: bool,
    /// The block.
    pub resource: Resource,
}

/// Labels, and how many could not be used, by reason.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// What could be read.
    pub blocks: Vec<Labelled>,
    /// Reason and number of the others.
    pub left_out: BTreeMap<String, usize>,
}

/// Reads lines of JSON with the fields `source`, `label` (`insecure` or `secure`), `category`, `rule` and `text`.
pub fn read(text: &str) -> Labels {
    let mut labels = Labels::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match labelled(line) {
            Ok(block) => labels.blocks.push(block),
            Err(reason) => *labels.left_out.entry(reason.to_owned()).or_default() += 1,
        }
    }
    labels
}

fn labelled(line: &str) -> Result<Labelled, &'static str> {
    let line: Line = serde_json::from_str(line).map_err(|_| "no line of labels")?;
    let insecure = match line.label.as_str() {
        "insecure" => true,
        "secure" => false,
        _ => return Err("a label that is neither secure nor insecure"),
    };
    let resource = reader::read(&line.text)
        .map_err(|_| "text that is no HCL")?
        .into_iter()
        .next()
        .ok_or("text without a block")?;
    Ok(Labelled { project: line.source, rule: line.rule, category: line.category, insecure, resource })
}
