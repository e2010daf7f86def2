//! Measured results: the `model-index` of a card.

use bartizan_core::{Asset, Evaluation, Fact, Finding, Inspection, redacted};

use super::rules;
use crate::json::{Node, Value};

/// The most results of one card.
const MOST: usize = 1000;

/// Adds every result as a fact, and says what incomplete ones lack.
pub(super) fn results(card: &Node, before: u32, asset: &Asset, inspection: &mut Inspection) {
    let Some(index) = card.get("model-index") else { return };
    let mut reader = Reader { asset, inspection, before, left: MOST };
    if !matches!(index.value, Value::List(_)) {
        reader.lacks(index, "`model-index` is not a list of models");
        return;
    }
    for model in index.items() {
        if model.text_of("name").is_none() {
            reader.lacks(model, "an entry of `model-index` has no name");
        }
        match model.get("results") {
            Some(results) if matches!(results.value, Value::List(_)) => {
                results.items().iter().for_each(|result| reader.result(result));
            }
            _ => reader.lacks(model, "an entry of `model-index` has no list of results"),
        }
    }
}

struct Reader<'a> {
    asset: &'a Asset,
    inspection: &'a mut Inspection,
    before: u32,
    left: usize,
}

impl Reader<'_> {
    fn lacks(&mut self, node: &Node, what: &str) {
        if self.inspection.findings.len() < 100 {
            let line = node.line.saturating_add(self.before);
            self.inspection.find(Finding::new(&rules::RESULT, self.asset, what).line(line));
        }
    }

    fn result(&mut self, result: &Node) {
        let named = |part: &str| {
            let part = result.get(part)?;
            ["type", "name"].iter().find_map(|key| part.text_of(key)).or_else(|| part.text()).map(redacted)
        };
        let (task, dataset) = (named("task"), named("dataset"));
        if task.is_none() {
            self.lacks(result, "a result of `model-index` has no task");
        }
        if dataset.is_none() {
            self.lacks(
                result,
                "a result of `model-index` has no dataset: nobody knows what it was measured on",
            );
        }
        let split = result.get("dataset").and_then(|dataset| dataset.text_of("split")).map(redacted);
        let metrics = result.get("metrics").map(Node::items).unwrap_or_default();
        if metrics.is_empty() {
            self.lacks(result, "a result of `model-index` has no metrics");
        }
        for metric in metrics {
            let name = ["type", "name"].iter().find_map(|key| metric.text_of(key)).map(redacted);
            let value = metric.get("value").and_then(written);
            let (Some(name), Some(value)) = (name, value) else {
                self.lacks(metric, "a metric of `model-index` has no type or no value");
                continue;
            };
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            self.inspection.know(Fact::Evaluation(Evaluation {
                task: task.clone(),
                dataset: dataset.clone(),
                split: split.clone(),
                metric: name,
                value,
            }));
        }
    }
}

/// A value in one line: `0.9`, or `0.5, 0.6` for several.
fn written(value: &Node) -> Option<String> {
    match &value.value {
        Value::List(items) => {
            let parts: Vec<_> = items.iter().take(64).filter_map(Node::scalar).collect();
            (!parts.is_empty()).then(|| redacted(&parts.join(", ")))
        }
        Value::Object(pairs) => {
            let part = |(key, value): &(String, Node)| Some(format!("{key}: {}", value.scalar()?));
            let parts: Vec<_> = pairs.iter().take(64).filter_map(part).collect();
            (!parts.is_empty()).then(|| redacted(&parts.join(", ")))
        }
        _ => value.scalar().map(|value| redacted(&value)),
    }
}
