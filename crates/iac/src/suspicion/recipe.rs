//! How the network is trained, and how honestly that is judged.

use std::collections::HashSet;

use bartizan_learn::{
    Architecture, Error, Hashing, Network, Sequence,
    baseline::{self, Baseline, Sharing},
    evaluation::Scored,
    train::{self, Example, Options, Pair},
    weights::Ensemble,
};

use super::{
    Category,
    labels::{self, Labelled, Labels},
    mutation::{self, Change},
    reader, tokens,
    tree::Resource,
};

/// How blocks become sequences, how large the network is, and how it is trained.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Sizes of each network.
    pub architecture: Architecture,
    /// Training of each network; the seed is that of the first.
    pub options: Options,
    /// Networks whose logits are averaged.
    pub members: usize,
    /// Weight of a mutation as an example of its own; 0 leaves mutations to the pairs.
    pub mutation_weight: f32,
    /// Are mutations of secure training blocks used?
    pub mutate_labels: bool,
    /// Penalty of the baseline's weights.
    pub ridge: f64,
}

impl Recipe {
    /// The recipe of the shipped weights, chosen by cross-validation over the rules of each project alone.
    pub fn shipped() -> Self {
        Self {
            architecture: Architecture {
                buckets: 8192,
                embedding: 24,
                widths: vec![1, 3, 5],
                channels: 64,
                hidden: 64,
                categories: Category::ALL.len(),
                context: true,
            },
            options: Options {
                epochs: 20,
                batch: 32,
                pairs: 4,
                pair_weight: 0.3,
                learning_rate: 3e-3,
                weight_decay: 0.01,
                dropout: 0.2,
                token_dropout: 0.2,
                smoothing: 0.1,
                seed: 1,
            },
            members: 3,
            mutation_weight: 0.1,
            mutate_labels: true,
            ridge: 1.0,
        }
    }
}

/// What there is to learn from.
#[derive(Clone, Debug, Default)]
pub struct Material {
    /// Labelled blocks.
    pub labels: Labels,
    /// Clean blocks to weaken.
    pub clean: Vec<Resource>,
}

/// Clean configuration of our own, to weaken.
const CLEAN: [&str; 4] = [
    include_str!("clean/aws.tf"),
    include_str!("clean/azure.tf"),
    include_str!("clean/google.tf"),
    include_str!("clean/others.tf"),
];

impl Material {
    /// Reads lines of labels and texts of clean configuration; our own clean configuration is added. The second value
    /// says which of the texts are no HCL: they are left out.
    pub fn new<'a>(
        labels: &str,
        clean: impl IntoIterator<Item = &'a str>,
    ) -> (Self, Vec<reader::SyntaxError>) {
        let mut material = Self { labels: labels::read(labels), clean: Vec::new() };
        let mut errors = Vec::new();
        for text in CLEAN.into_iter().chain(clean) {
            match reader::read(text) {
                Ok(blocks) => material.clean.extend(blocks),
                Err(error) => errors.push(error),
            }
        }
        (material, errors)
    }

    /// The blocks to weaken when some labels are trained on: clean ones, and those that are labelled secure.
    pub fn clean_with<'a>(&'a self, recipe: &Recipe, labels: &[&'a Labelled]) -> Vec<&'a Resource> {
        let secure = labels.iter().filter(|block| recipe.mutate_labels && !block.insecure);
        self.clean.iter().chain(secure.map(|block| &block.resource)).collect()
    }
}

/// A labelled sequence.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What the network sees.
    pub sequence: Sequence,
    /// What the label is about.
    pub category: Category,
    /// The label.
    pub insecure: bool,
    /// The rule that the label is relative to.
    pub rule: String,
    /// The project that the label comes from.
    pub project: String,
    /// The type of the block.
    pub of: String,
}

/// Two sequences of which the second has one protection less.
#[derive(Clone, Debug)]
pub struct Contrast {
    /// The clean block.
    pub clean: Sequence,
    /// The weakened one.
    pub weakened: Sequence,
    /// What it is weaker in.
    pub category: Category,
    /// How it was weakened.
    pub change: Change,
}

/// A sequence of a block.
pub fn sequence(resource: &Resource, buckets: usize) -> Sequence {
    let hashing = Hashing::new(u32::try_from(buckets).unwrap_or(u32::MAX));
    Sequence::new(
        tokens::positions(resource).into_iter().map(|position| position.tokens),
        hashing,
        super::BOUNDS,
    )
}

/// The samples of labelled blocks.
pub fn samples(blocks: &[Labelled], buckets: usize) -> Vec<Sample> {
    blocks
        .iter()
        .map(|block| Sample {
            sequence: sequence(&block.resource, buckets),
            category: block.category,
            insecure: block.insecure,
            rule: block.rule.clone(),
            project: block.project.clone(),
            of: block.resource.of.clone(),
        })
        .collect()
}

/// The contrasts that mutation makes of clean blocks; those that the network could not see are left out.
pub fn contrasts<'a>(clean: impl IntoIterator<Item = &'a Resource>, buckets: usize) -> Vec<Contrast> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for resource in clean {
        let before = sequence(resource, buckets);
        if !seen.insert(before.clone()) {
            continue;
        }
        for mutation in mutation::mutations(resource) {
            let after = sequence(&mutation.resource, buckets);
            if after != before {
                found.push(Contrast {
                    clean: before.clone(),
                    weakened: after,
                    category: mutation.category,
                    change: mutation.change,
                });
            }
        }
    }
    found
}

/// Trains an ensemble.
pub fn fit(
    recipe: &Recipe,
    samples: &[&Sample],
    contrasts: &[Contrast],
    progress: &mut dyn FnMut(usize, usize, f32) -> bool,
) -> Result<Ensemble, Error> {
    let mut examples: Vec<Example<'_>> = samples
        .iter()
        .map(|sample| Example {
            sequence: &sample.sequence,
            category: sample.category.index(),
            label: sample.insecure,
            weight: 1.0,
        })
        .collect();
    if recipe.mutation_weight > 0.0 {
        for contrast in contrasts {
            for (sequence, label) in [(&contrast.clean, false), (&contrast.weakened, true)] {
                let category = contrast.category.index();
                examples.push(Example { sequence, category, label, weight: recipe.mutation_weight });
            }
        }
    }
    let pairs: Vec<Pair<'_>> = contrasts
        .iter()
        .map(|contrast| Pair {
            lower: &contrast.clean,
            higher: &contrast.weakened,
            category: contrast.category.index(),
        })
        .collect();
    let members = (0..recipe.members).map(|member| {
        let seed = recipe.options.seed + member as u64;
        let options = Options { seed, ..recipe.options.clone() };
        train::train(&recipe.architecture, &options, &examples, &pairs, &mut |epoch, loss| {
            progress(member, epoch, loss)
        })
    });
    Ensemble::new(members.collect::<Result<Vec<Network>, Error>>()?)
}

/// Trains the baseline on the same samples.
pub fn fit_baseline(recipe: &Recipe, samples: &[&Sample], sharing: Sharing) -> Result<Baseline, Error> {
    let examples: Vec<baseline::Example<'_>> = samples
        .iter()
        .map(|sample| baseline::Example {
            sequence: &sample.sequence,
            category: sample.category.index(),
            label: sample.insecure,
        })
        .collect();
    let categories = Category::ALL.len();
    Baseline::train(&examples, recipe.architecture.buckets, categories, sharing, recipe.ridge)
}

/// The samples to train on, without those that are also tested on once names are masked.
pub fn apart<'a>(train: &[&'a Sample], test: &[&Sample]) -> Vec<&'a Sample> {
    let known: HashSet<&Sequence> = test.iter().map(|sample| &sample.sequence).collect();
    train.iter().copied().filter(|sample| !known.contains(&sample.sequence)).collect()
}

/// The contrasts to train on, without those of which a side is tested on.
pub fn contrasts_apart(contrasts: Vec<Contrast>, test: &[&Sample]) -> Vec<Contrast> {
    let known: HashSet<&Sequence> = test.iter().map(|sample| &sample.sequence).collect();
    let unknown =
        |contrast: &Contrast| !known.contains(&contrast.clean) && !known.contains(&contrast.weakened);
    contrasts.into_iter().filter(unknown).collect()
}

/// The score of each sample in its own category.
pub fn scores(ensemble: &Ensemble, samples: &[&Sample]) -> Vec<Scored> {
    samples
        .iter()
        .map(|sample| {
            let logits = ensemble.logits(&sample.sequence);
            (logits.get(sample.category.index()).copied().map_or(0.0, f64::from), sample.insecure)
        })
        .collect()
}
