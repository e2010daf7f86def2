//! Judging the recipe honestly: trained on one project's labels, tested on another's.
//!
//! A random split would put fixtures of one author on both sides, and a model that knows the author would look like one
//! that knows security. Nothing of the tested project is used, not even for calibration.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bartizan_learn::{
    Calibration, Error,
    baseline::Sharing,
    evaluation::{
        CalibrationError, Decision, Interval, Scored, auc, bootstrap, calibration_error, decide, precision_at,
    },
};
use serde::Serialize;

use super::{
    Category, judgement,
    labels::Labelled,
    recipe::{self, Material, Recipe, Sample},
};

/// Draws of a bootstrap interval.
const RESAMPLES: usize = 1000;

/// What came of training on one project and testing on another.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// Project that was trained on.
    pub train: String,
    /// Project that was tested on.
    pub test: String,
    /// Labelled blocks that were trained on, without those that the tested project has too.
    pub trained_on: usize,
    /// Pairs of clean and weakened blocks that were trained on.
    pub contrasts: usize,
    /// Labelled blocks that were tested on.
    pub tested_on: usize,
    /// Share of insecure ones among them.
    pub base_rate: f64,
    /// The network.
    pub network: Figures,
    /// Logistic regression with weights for each category apart.
    pub logistic_apart: Figures,
    /// Logistic regression with weights that all categories share, and some apart.
    pub logistic_shared: Figures,
    /// What the network's area is above the better logistic regression's.
    pub above_logistic: Interval,
    /// What calling every block insecure would score.
    pub flag_everything: Decision,
    /// The network's area on types of block that it was not trained on.
    pub unseen_types: Option<Interval>,
    /// The network's area by category.
    pub categories: BTreeMap<&'static str, Option<Interval>>,
    /// Every tested block. For calibration, not for reports.
    #[serde(skip)]
    pub scored: Vec<Tested>,
}

/// What the network said of a block that it was not trained on.
#[derive(Clone, Debug)]
pub struct Tested {
    /// What the label is about.
    pub category: Category,
    /// The rule that the label is relative to.
    pub rule: String,
    /// What the network said.
    pub logit: f32,
    /// The label.
    pub insecure: bool,
}

/// Figures of one model.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Area under the curve over all categories together.
    pub auc: Interval,
    /// Share of insecure blocks among the 50, 100 and 200 most suspicious.
    pub precision_at: BTreeMap<usize, Interval>,
    /// Calling everything with a logit of at least zero insecure.
    pub decision: Decision,
    /// How far the probabilities are from what happened, before any calibration.
    pub calibration: CalibrationError,
}

/// Trains on each project alone and tests on all others.
pub fn across_projects(
    recipe: &Recipe,
    material: &Material,
    progress: &mut dyn FnMut(&str) -> bool,
) -> Result<Vec<Trial>, Error> {
    let projects: BTreeSet<&str> =
        material.labels.blocks.iter().map(|block| block.project.as_str()).collect();
    if projects.len() < 2 {
        return Err(Error::Empty("a trial needs labels of two projects at least"));
    }
    let pairs = projects.iter().flat_map(|train| projects.iter().map(move |test| (*train, *test)));
    pairs
        .filter(|(train, test)| train != test)
        .map(|(a, b)| trial(recipe, material, a, b, progress))
        .collect()
}

fn trial(
    recipe: &Recipe,
    material: &Material,
    train: &str,
    test: &str,
    progress: &mut dyn FnMut(&str) -> bool,
) -> Result<Trial, Error> {
    let buckets = recipe.architecture.buckets;
    let samples = recipe::samples(&material.labels.blocks, buckets);
    let tested: Vec<&Sample> = samples.iter().filter(|sample| sample.project == test).collect();
    let known: Vec<&Sample> = samples.iter().filter(|sample| sample.project == train).collect();
    let fitted_on = recipe::apart(&known, &tested);
    let labels: Vec<&Labelled> =
        material.labels.blocks.iter().filter(|block| block.project == train).collect();
    let contrasts = recipe::contrasts(material.clean_with(recipe, &labels), buckets);
    let contrasts = recipe::contrasts_apart(contrasts, &tested);
    let mut say = |member: usize, epoch: usize, loss: f32| {
        progress(&format!("{train} → {test}: network {}, epoch {}, loss {loss:.4}", member + 1, epoch + 1))
    };
    let ensemble = recipe::fit(recipe, &fitted_on, &contrasts, &mut say)?;
    let network: Vec<Scored> = recipe::scores(&ensemble, &tested);
    let apart = recipe::fit_baseline(recipe, &fitted_on, Sharing::Apart)?;
    let shared = recipe::fit_baseline(recipe, &fitted_on, Sharing::Shared)?;
    let of = |model: &bartizan_learn::baseline::Baseline| -> Vec<Scored> {
        tested.iter().map(|s| (model.score(&s.sequence, s.category.index()), s.insecure)).collect()
    };
    let (apart, shared) = (of(&apart), of(&shared));
    let groups = judgement::groups(tested.iter().map(|sample| sample.rule.as_str()));
    let better = if auc(&apart) > auc(&shared) { &apart } else { &shared };
    let joined: Vec<(Scored, Scored)> = network.iter().copied().zip(better.iter().copied()).collect();
    let above = |sample: &[(Scored, Scored)]| {
        let (ours, theirs): (Vec<Scored>, Vec<Scored>) = sample.iter().copied().unzip();
        Some(auc(&ours)? - auc(&theirs)?)
    };
    let types: HashSet<&str> = fitted_on.iter().map(|sample| sample.of.as_str()).collect();
    let select = |keep: &dyn Fn(&Sample) -> bool| {
        let chosen: Vec<usize> =
            (0..tested.len()).filter(|i| tested.get(*i).is_some_and(|s| keep(s))).collect();
        let scores: Vec<Scored> = chosen.iter().filter_map(|i| network.get(*i)).copied().collect();
        let groups: Vec<usize> = chosen.iter().filter_map(|i| groups.get(*i)).copied().collect();
        bootstrap(&scores, &groups, RESAMPLES, 1, auc)
    };
    let nothing = || Error::Empty("the tested project has labels of one kind only");
    Ok(Trial {
        train: train.to_owned(),
        test: test.to_owned(),
        trained_on: fitted_on.len(),
        contrasts: contrasts.len(),
        tested_on: tested.len(),
        base_rate: decide(&network, f64::NEG_INFINITY).precision,
        above_logistic: bootstrap(&joined, &groups, RESAMPLES, 1, above).ok_or_else(nothing)?,
        network: figures(&network, &groups).ok_or_else(nothing)?,
        logistic_apart: figures(&apart, &groups).ok_or_else(nothing)?,
        logistic_shared: figures(&shared, &groups).ok_or_else(nothing)?,
        flag_everything: decide(&network, f64::NEG_INFINITY),
        unseen_types: select(&|sample| !types.contains(sample.of.as_str())),
        categories: Category::ALL
            .into_iter()
            .map(|category| (category.name(), select(&|sample| sample.category == category)))
            .collect(),
        scored: tested
            .iter()
            .zip(&network)
            .map(|(sample, score)| Tested {
                category: sample.category,
                rule: sample.rule.clone(),
                logit: narrow(score.0),
                insecure: sample.insecure,
            })
            .collect(),
    })
}

fn figures(scores: &[Scored], groups: &[usize]) -> Option<Figures> {
    let probabilities: Vec<Scored> =
        scores.iter().map(|(score, label)| (bartizan_learn::calibration::sigmoid(*score), *label)).collect();
    let at = |k: usize| Some((k, bootstrap(scores, groups, RESAMPLES, 1, |sample| precision_at(sample, k))?));
    Some(Figures {
        auc: bootstrap(scores, groups, RESAMPLES, 1, auc)?,
        precision_at: [50, 100, 200].into_iter().map(at).collect::<Option<_>>()?,
        decision: decide(&probabilities, 0.5),
        calibration: calibration_error(&probabilities),
    })
}

/// The calibration of each category, from blocks that were tested without being trained on.
pub fn calibrations(tested: &[&Tested]) -> Vec<Calibration> {
    Category::ALL
        .into_iter()
        .map(|category| {
            let own = tested.iter().filter(|tested| tested.category == category);
            let (logits, labels): (Vec<f32>, Vec<bool>) =
                own.map(|tested| (tested.logit, tested.insecure)).unzip();
            Calibration::fit(&logits, &labels)
        })
        .collect()
}

/// How far calibrated probabilities are from what happened: the lines are fitted on one half of the rules and measured
/// on the other, and the reverse.
pub fn calibrated(trials: &[Trial]) -> CalibrationError {
    let all: Vec<&Tested> = trials.iter().flat_map(|trial| &trial.scored).collect();
    let groups = judgement::groups(all.iter().map(|tested| tested.rule.as_str()));
    let half = |odd: usize| -> Vec<&Tested> {
        all.iter().zip(&groups).filter(|(_, group)| *group % 2 == odd).map(|(tested, _)| *tested).collect()
    };
    let halves = [half(0), half(1)];
    let probabilities: Vec<Scored> = halves
        .iter()
        .zip(halves.iter().rev())
        .flat_map(|(fitted, measured)| {
            let lines = calibrations(fitted);
            measured.iter().map(move |tested| {
                let line = lines.get(tested.category.index()).copied().unwrap_or_default();
                (line.probability(tested.logit), tested.insecure)
            })
        })
        .collect();
    calibration_error(&probabilities)
}

#[expect(clippy::cast_possible_truncation, reason = "logits were single precision before")]
fn narrow(score: f64) -> f32 {
    score as f32
}
