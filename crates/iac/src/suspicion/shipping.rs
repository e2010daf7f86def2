//! Making the weights and the card that are part of the program.

use std::collections::BTreeMap;

use bartizan_learn::{
    Error, ModelCard,
    card::Category as Entry,
    evaluation::{Interval, Scored, auc, bootstrap, precision_at},
    weights::{self, Ensemble},
};

use super::{
    Category, judgement,
    labels::Labelled,
    recipe::{self, Material, Recipe, Sample},
    trial::{self, Tested, Trial},
};

/// Draws of a bootstrap interval.
const RESAMPLES: usize = 1000;
/// A suspicion is worth a look where at least this share of what scored so high was insecure in projects that were not
/// trained on.
const WORTH: f64 = 0.75;
/// Fewer blocks than this above a score say nothing about it.
const ENOUGH: usize = 20;

/// Nor is it where more than this share of clean blocks scores as high.
const NOISE: f64 = 0.01;

/// Weights and their card.
#[derive(Clone, Debug)]
pub struct Trained {
    /// A safetensors file.
    pub weights: Vec<u8>,
    /// What they are.
    pub card: ModelCard,
}

/// Trains on everything, after trials across projects have shown what may be said of it.
pub fn train(
    recipe: &Recipe,
    material: &Material,
    progress: &mut dyn FnMut(&str) -> bool,
) -> Result<Trained, Error> {
    let trials = trial::across_projects(recipe, material, progress)?;
    let buckets = recipe.architecture.buckets;
    let samples = recipe::samples(&material.labels.blocks, buckets);
    let all: Vec<&Sample> = samples.iter().collect();
    let labels: Vec<&Labelled> = material.labels.blocks.iter().collect();
    let contrasts = recipe::contrasts(material.clean_with(recipe, &labels), buckets);
    let ensemble = recipe::fit(recipe, &all, &contrasts, &mut |member, epoch, loss| {
        progress(&format!("everything: network {}, epoch {}, loss {loss:.4}", member + 1, epoch + 1))
    })?;
    let weights = ensemble.to_bytes()?;
    let mut data: BTreeMap<String, usize> = BTreeMap::new();
    for sample in &samples {
        *data.entry(sample.project.clone()).or_default() += 1;
    }
    data.insert("pairs of clean and weakened blocks".to_owned(), contrasts.len());
    let parameters =
        ensemble.members().iter().flat_map(|m| m.tensors()).map(|(_, _, values)| values.len()).sum();
    let card = ModelCard {
        name: "bartizan iac suspicion".to_owned(),
        purpose:
            "Ranks blocks of Terraform configuration by how weak they look, by category. It proves nothing."
                .to_owned(),
        architecture: recipe.architecture.clone(),
        members: ensemble.members().len(),
        parameters,
        digest: weights::digest(&weights),
        bytes: weights.len(),
        command: "bartizan learn train iac --data DIR --output weights.safetensors".to_owned(),
        reproduced_on: format!(
            "{}-{}; other processors may round differently",
            std::env::consts::ARCH,
            std::env::consts::OS
        ),
        data,
        categories: quiet(entries(&trials), &ensemble, material, buckets),
        figures: figures(&trials),
        limits: LIMITS.iter().map(|limit| (*limit).to_owned()).collect(),
    };
    Ok(Trained { weights, card })
}

const LIMITS: [&str; 6] = [
    "It sees one block at a time: what another resource or a module adds is unknown to it.",
    "Labels are relative to a rule. A block that is secure by one rule may be insecure by another of the same category, and labels of two projects often contradict each other.",
    "It was trained on fixtures of scanners, half of which are insecure. In kept configuration far fewer blocks are, so its scores are too high there: use them as a ranking.",
    "Names, comments and most free strings are masked; a weakness that shows only there is not seen.",
    "Types of block that are in no label rest on the names of their settings alone.",
    "It is no evidence that a block is secure when nothing is suspected.",
];

/// Calibration, switch and threshold of each category, from blocks that were tested without being trained on.
fn entries(trials: &[Trial]) -> Vec<Entry> {
    let tested: Vec<&Tested> = trials.iter().flat_map(|trial| &trial.scored).collect();
    let calibrations = trial::calibrations(&tested);
    let categories = Category::ALL.into_iter().zip(calibrations);
    categories
        .map(|(category, calibration)| {
            let own = tested.iter().filter(|scored| scored.category == category);
            let scores: Vec<Scored> =
                own.clone().map(|scored| (calibration.probability(scored.logit), scored.insecure)).collect();
            let groups = judgement::groups(own.map(|scored| scored.rule.as_str()));
            let area = bootstrap(&scores, &groups, RESAMPLES, 1, auc);
            let report_from = worth(&scores);
            // On only where chance is outside the interval.
            let on = area.is_some_and(|area| area.low > 0.5) && report_from.is_some();
            Entry {
                name: category.name().to_owned(),
                on,
                calibration,
                report_from: report_from.unwrap_or(1.0),
                auc: area,
            }
        })
        .collect()
}

/// Raises the score from which a category is reported until hardly any clean block reaches it: half of all fixtures are
/// insecure, but few blocks of kept configuration are.
fn quiet(mut entries: Vec<Entry>, ensemble: &Ensemble, material: &Material, buckets: usize) -> Vec<Entry> {
    let logits: Vec<Vec<f32>> =
        material.clean.iter().map(|block| ensemble.logits(&recipe::sequence(block, buckets))).collect();
    for (index, entry) in entries.iter_mut().enumerate() {
        let mut scores: Vec<f64> = logits
            .iter()
            .filter_map(|row| row.get(index))
            .map(|logit| entry.calibration.probability(*logit))
            .collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let allowed = scores.iter().enumerate().find(|(rank, _)| share(*rank, logits.len()) >= NOISE);
        if let Some((_, first_silent)) = allowed {
            entry.report_from = entry.report_from.max(first_silent.next_up());
        }
    }
    entries
}

#[expect(clippy::cast_precision_loss, reason = "numbers of blocks are far below 2^52")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The lowest score above which enough was insecure.
fn worth(scores: &[Scored]) -> Option<f64> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut hits, mut seen, mut lowest) = (0_u32, 0_u32, None);
    for (score, insecure) in &sorted {
        seen += 1;
        hits += u32::from(*insecure);
        let enough = usize::try_from(seen).is_ok_and(|seen| seen >= ENOUGH);
        if enough && f64::from(hits) >= WORTH * f64::from(seen) {
            lowest = Some(*score);
        }
    }
    lowest
}

fn figures(trials: &[Trial]) -> BTreeMap<String, Interval> {
    let mut figures = BTreeMap::new();
    let point = |value: f64| Interval { value, low: value, high: value };
    figures.insert(
        "expected calibration error, calibrated on other rules".to_owned(),
        point(trial::calibrated(trials).expected),
    );
    for trial in trials {
        let name = |what: &str| format!("{} → {}: {what}", trial.train, trial.test);
        figures.insert(name("area under the curve"), trial.network.auc);
        figures.insert(name("area of logistic regression, apart"), trial.logistic_apart.auc);
        figures.insert(name("area of logistic regression, shared"), trial.logistic_shared.auc);
        figures.insert(name("area above the better logistic regression"), trial.above_logistic);
        if let Some(unseen) = trial.unseen_types {
            figures.insert(name("area on types of block not trained on"), unseen);
        }
        figures.insert(name("F1"), point(trial.network.decision.f1));
        figures.insert(name("F1 of flagging everything"), point(trial.flag_everything.f1));
        figures.insert(
            name("expected calibration error before calibration"),
            point(trial.network.calibration.expected),
        );
        let scores: Vec<Scored> = trial.scored.iter().map(|s| (f64::from(s.logit), s.insecure)).collect();
        let groups = judgement::groups(trial.scored.iter().map(|scored| scored.rule.as_str()));
        if let Some(figure) = bootstrap(&scores, &groups, RESAMPLES, 1, |sample| precision_at(sample, 100)) {
            figures.insert(name("precision at 100"), figure);
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_worth_a_look_where_enough_above_it_was_insecure() {
        let scores: Vec<Scored> = (0..100).map(|i| (f64::from(100 - i) / 100.0, i < 30)).collect();
        // 30 of the first 40 are insecure: exactly three quarters.
        assert_eq!(worth(&scores), Some(0.61));
        assert_eq!(worth(&[(0.9, true); 5]), None);
    }
}
