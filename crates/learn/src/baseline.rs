//! Logistic regression on the bag of a sequence's tokens: what a network must beat to be worth its size.

use crate::{Error, Sequence, calibration::sigmoid};

/// A labelled text for the baseline.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The text.
    pub sequence: &'a Sequence,
    /// The category that the label is about.
    pub category: usize,
    /// Does the text belong to the category?
    pub label: bool,
}

/// How the baseline sees categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// A model of its own for each category.
    Apart,
    /// One weight per token for all categories, plus one per token and category.
    Shared,
}

/// A trained logistic regression. Weights are kept per token and category, bias last.
#[derive(Clone, Debug)]
pub struct Baseline {
    buckets: usize,
    shared: Vec<f64>,
    apart: Vec<Vec<f64>>,
}

/// Steps of full-batch descent. The loss is convex and flat by then on samples of a few thousand texts.
const STEPS: u32 = 250;

impl Baseline {
    /// Trains on tokens that occur or do not occur, with a penalty of `ridge × weight² / 2` per text (Adam on the whole
    /// batch, hence deterministic).
    pub fn train(
        examples: &[Example<'_>],
        buckets: usize,
        categories: usize,
        sharing: Sharing,
        ridge: f64,
    ) -> Result<Self, Error> {
        if examples.is_empty() {
            return Err(Error::Empty("no example"));
        }
        let bags: Vec<Vec<usize>> = examples.iter().map(|example| bag(example.sequence, buckets)).collect();
        let mut model =
            Self { buckets, shared: vec![0.0; buckets + 1], apart: vec![vec![0.0; buckets + 1]; categories] };
        let mut shared = Adam::new(buckets + 1);
        let mut apart: Vec<Adam> = (0..categories).map(|_| Adam::new(buckets + 1)).collect();
        for step in 1..=STEPS {
            let mut shared_gradient: Vec<f64> = model.shared.iter().map(|weight| ridge * weight).collect();
            let mut gradients: Vec<Vec<f64>> =
                model.apart.iter().map(|row| row.iter().map(|weight| ridge * weight).collect()).collect();
            for (example, bag) in examples.iter().zip(&bags) {
                let p = sigmoid(model.margin(bag, example.category));
                let error = p - if example.label { 1.0 } else { 0.0 };
                add(&mut shared_gradient, bag, error);
                if let Some(gradient) = gradients.get_mut(example.category) {
                    add(gradient, bag, error);
                }
            }
            if sharing == Sharing::Shared {
                shared.step(&mut model.shared, &shared_gradient, step);
            }
            for ((adam, row), gradient) in apart.iter_mut().zip(&mut model.apart).zip(&gradients) {
                adam.step(row, gradient, step);
            }
        }
        Ok(model)
    }

    /// The log-odds that a text belongs to a category.
    pub fn score(&self, sequence: &Sequence, category: usize) -> f64 {
        self.margin(&bag(sequence, self.buckets), category)
    }

    fn margin(&self, bag: &[usize], category: usize) -> f64 {
        let sum = |row: &[f64]| bag.iter().filter_map(|id| row.get(*id)).sum::<f64>();
        sum(&self.shared) + self.apart.get(category).map_or(0.0, |row| sum(row))
    }
}

/// The tokens of a text and the bias.
fn bag(sequence: &Sequence, buckets: usize) -> Vec<usize> {
    sequence.bag().into_iter().map(|id| id as usize).chain([buckets]).collect()
}

fn add(gradient: &mut [f64], bag: &[usize], error: f64) {
    for id in bag {
        if let Some(value) = gradient.get_mut(*id) {
            *value += error;
        }
    }
}

/// Kingma and Ba 2015.
struct Adam {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Adam {
    fn new(size: usize) -> Self {
        Self { first: vec![0.0; size], second: vec![0.0; size] }
    }

    fn step(&mut self, weights: &mut [f64], gradient: &[f64], step: u32) {
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let (debias_1, debias_2) = (1.0 - 0.9_f64.powi(power), 1.0 - 0.999_f64.powi(power));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((weight, gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
            *first = 0.9 * *first + 0.1 * gradient;
            *second = 0.999 * *second + 0.001 * gradient * gradient;
            *weight -= 0.05 * (*first / debias_1) / ((*second / debias_2).sqrt() + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn texts(count: usize) -> Vec<(Sequence, usize, bool)> {
        let mut random = Random::new(9);
        (0..count)
            .map(|_| {
                let ids: Vec<u32> = (0..6).map(|_| u32::try_from(1 + random.below(40)).unwrap()).collect();
                let category = random.below(2);
                // Token 3 means yes in category 0 and no in category 1.
                let label = ids.contains(&3) == (category == 0);
                (Sequence { positions: vec![ids] }, category, label)
            })
            .collect()
    }

    #[test]
    fn a_token_that_decides_is_learnt_in_each_category() {
        let texts = texts(600);
        let examples: Vec<Example<'_>> = texts
            .iter()
            .map(|(sequence, category, label)| Example { sequence, category: *category, label: *label })
            .collect();
        for sharing in [Sharing::Apart, Sharing::Shared] {
            let model = Baseline::train(&examples, 64, 2, sharing, 0.1).unwrap();
            let scores: Vec<_> =
                examples.iter().map(|e| (model.score(e.sequence, e.category), e.label)).collect();
            assert!(crate::evaluation::auc(&scores).unwrap() > 0.99);
        }
    }

    #[test]
    fn no_examples_are_an_error() {
        assert!(Baseline::train(&[], 8, 1, Sharing::Apart, 1.0).is_err());
    }
}
