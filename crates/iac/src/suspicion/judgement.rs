//! The shipped network against labelled blocks.

use std::collections::BTreeMap;

use bartizan_learn::evaluation::{
    CalibrationError, Decision, Interval, Scored, auc, bootstrap, calibration_error, decide, precision_at,
};
use serde::Serialize;

use super::{Category, labels::Labelled, model::Model};

/// Draws of a bootstrap interval.
const RESAMPLES: usize = 1000;

/// How the network does on labelled blocks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// SHA-256 of the weights that were judged.
    pub digest: String,
    /// By project.
    pub projects: BTreeMap<String, Project>,
}

/// How the network does on one project.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Was the network trained on it? Then these figures say little.
    pub trained_on: bool,
    /// Labelled blocks.
    pub blocks: usize,
    /// Share of insecure ones.
    pub base_rate: f64,
    /// Area under the curve over all categories together.
    pub auc: Option<Interval>,
    /// Share of insecure blocks among the hundred most suspicious.
    pub precision_at_100: f64,
    /// Calling everything with a probability of at least one half insecure.
    pub decision: Decision,
    /// What calling every block insecure would score.
    pub flag_everything: Decision,
    /// How far the probabilities are from what happened.
    pub calibration: CalibrationError,
    /// Area by category; without a value where one of the two labels does not occur.
    pub categories: BTreeMap<&'static str, Option<Interval>>,
}

/// Scores each block in the category that its label is about.
pub fn judge(model: &Model, blocks: &[Labelled]) -> Judgement {
    let mut by_project: BTreeMap<&str, Vec<&Labelled>> = BTreeMap::new();
    for block in blocks {
        by_project.entry(block.project.as_str()).or_default().push(block);
    }
    let projects = by_project
        .into_iter()
        .map(|(name, blocks)| (name.to_owned(), project(model, name, &blocks)))
        .collect();
    Judgement { digest: model.card().digest.clone(), projects }
}

fn project(model: &Model, name: &str, blocks: &[&Labelled]) -> Project {
    let scores: Vec<Scored> = blocks
        .iter()
        .map(|block| {
            let probabilities = model.probabilities(&block.resource);
            (probabilities.get(block.category.index()).copied().unwrap_or(0.0), block.insecure)
        })
        .collect();
    let groups = groups(blocks.iter().map(|block| block.rule.as_str()));
    let category = |category: Category| {
        let mut chosen =
            blocks.iter().zip(&scores).zip(&groups).filter(|((b, _), _)| b.category == category).peekable();
        chosen.peek()?;
        let (scores, groups): (Vec<Scored>, Vec<usize>) =
            chosen.map(|((_, score), group)| (*score, *group)).unzip();
        Some((category.name(), bootstrap(&scores, &groups, RESAMPLES, 1, auc)))
    };
    let all = decide(&scores, f64::NEG_INFINITY);
    Project {
        trained_on: model.card().data.contains_key(name),
        blocks: blocks.len(),
        base_rate: all.precision,
        auc: bootstrap(&scores, &groups, RESAMPLES, 1, auc),
        precision_at_100: precision_at(&scores, 100).unwrap_or(0.0),
        decision: decide(&scores, 0.5),
        flag_everything: all,
        calibration: calibration_error(&scores),
        categories: Category::ALL.into_iter().filter_map(category).collect(),
    }
}

/// Numbers for names, in the order in which they occur: blocks of one rule resemble each other and are drawn together.
pub(super) fn groups<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    names
        .map(|name| {
            let next = known.len();
            *known.entry(name).or_insert(next)
        })
        .collect()
}
