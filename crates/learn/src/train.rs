//! Training by gradient descent, on `burn`'s CPU backend with automatic differentiation.
//!
//! Everything that is drawn (first weights, order, dropout) comes from the seed through [`Random`], never from the
//! backend's own generator, so the same seed and data give the same weights.

mod graph;

use std::collections::HashSet;

use burn::{
    optim::{AdamW, AdamWConfig, AdamWState, Optimizer as _},
    tensor::{Device, Tensor, TensorData},
};

use crate::{
    Architecture, Error, Network, Sequence,
    random::Random,
    tokens::PADDING,
    train::graph::{Batch, Leaves},
    weights,
};

/// A labelled text. Its label is about one category; nothing is said about the others.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// The text.
    pub sequence: &'a Sequence,
    /// The category that the label is about.
    pub category: usize,
    /// Does the text belong to the category?
    pub label: bool,
    /// How much the example counts; usually 1.
    pub weight: f32,
}

/// Two texts of which one belongs more to a category than the other.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The text that belongs less.
    pub lower: &'a Sequence,
    /// The text that belongs more.
    pub higher: &'a Sequence,
    /// The category.
    pub category: usize,
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Passes over the examples.
    pub epochs: usize,
    /// Examples of one step.
    pub batch: usize,
    /// Pairs of one step, beside the examples.
    pub pairs: usize,
    /// The loss of pairs counts so much beside that of examples.
    pub pair_weight: f32,
    /// First step size; it falls to zero along a half cosine.
    pub learning_rate: f64,
    /// Pull of the weights towards zero (decoupled, Loshchilov and Hutter 2019).
    pub weight_decay: f32,
    /// Share of pooled and of hidden values that are left out in a step.
    pub dropout: f32,
    /// Share of tokens that are left out in a step.
    pub token_dropout: f32,
    /// Labels are 1 − s/2 and s/2 in place of 1 and 0.
    pub smoothing: f32,
    /// Seed of everything that is drawn.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 32,
            pairs: 16,
            pair_weight: 0.5,
            learning_rate: 3e-3,
            weight_decay: 1e-2,
            dropout: 0.3,
            token_dropout: 0.1,
            smoothing: 0.1,
            seed: 1,
        }
    }
}

/// Runs training on one thread. The matrices of a small network are so small that waiting for a second thread costs far
/// more than it gives, above all on a busy machine.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.map_err(|error| Error::Training(error.to_string()))?.install(work)
}

/// Trains a network; `progress` hears the mean loss after each epoch and stops the training by answering `false`.
pub fn train(
    architecture: &Architecture,
    options: &Options,
    examples: &[Example<'_>],
    pairs: &[Pair<'_>],
    progress: &mut dyn FnMut(usize, f32) -> bool,
) -> Result<Network, Error> {
    if examples.is_empty() {
        return Err(Error::Empty("no example"));
    }
    let mut random = Random::new(options.seed);
    let network = weights::random(architecture, &mut random)?;
    let mut trainer = Trainer::new(&network, options, random);
    let batches = examples.len().div_ceil(options.batch.max(1));
    let total = batches * options.epochs;
    let mut queue = Queue { pairs, order: Vec::new() };
    for epoch in 0..options.epochs {
        let mut sum = 0.0;
        for (index, batch) in trainer.batches(examples).iter().enumerate() {
            let chosen = queue.take(options.pairs, &mut trainer.random);
            let done = ratio(epoch * batches + index, total);
            let rate = options.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
            sum += trainer.step(batch, &chosen, rate)?;
        }
        let mean = sum / small(batches.max(1));
        if !mean.is_finite() {
            return Err(Error::Training(format!("the loss is {mean} after epoch {}", epoch + 1)));
        }
        if !progress(epoch, mean) {
            return Err(Error::Training("stopped".to_owned()));
        }
    }
    let mut network = trainer.leaves.to_network(architecture)?;
    let texts = examples.iter().map(|example| example.sequence);
    let texts = texts.chain(pairs.iter().flat_map(|pair| [pair.lower, pair.higher]));
    silence(&mut network, texts);
    Ok(network)
}

/// Sets the embedding of every token that was never seen to zero: what was drawn for it is noise.
fn silence<'a>(network: &mut Network, texts: impl Iterator<Item = &'a Sequence>) {
    let seen: HashSet<u32> = texts.flat_map(|text| &text.positions).flatten().copied().collect();
    let rows = network.embedding.chunks_exact_mut(network.architecture.embedding.max(1));
    for (_, row) in (0_u32..).zip(rows).filter(|(id, _)| !seen.contains(id)) {
        row.fill(0.0);
    }
}

/// The logits that the training graph computes, without dropout: what inference must agree with.
pub fn logits(network: &Network, sequences: &[&Sequence]) -> Result<Vec<Vec<f32>>, Error> {
    let device = Device::flex();
    let leaves = Leaves::new(network, &device);
    let batch = Batch::new(sequences, &device);
    let values = floats(leaves.forward(&network.architecture, &batch, None))?;
    Ok(values.chunks(network.architecture.categories.max(1)).map(<[f32]>::to_vec).collect())
}

/// The loss of examples and pairs without dropout, and its gradient by each tensor in the order of
/// [`Network::tensors`].
pub fn loss_and_gradients(
    network: &Network,
    options: &Options,
    examples: &[Example<'_>],
    pairs: &[Pair<'_>],
) -> Result<(f32, Vec<Vec<f32>>), Error> {
    let quiet = Options { dropout: 0.0, token_dropout: 0.0, ..options.clone() };
    let mut trainer = Trainer::new(network, &quiet, Random::new(0));
    let (loss, gradients) = trainer.gradients(examples, pairs)?;
    // The head that all categories share is a part of training only.
    let own = gradients.len().saturating_sub(1);
    let gradients = gradients.into_iter().take(own).map(floats).collect::<Result<_, _>>()?;
    Ok((loss, gradients))
}

/// Pairs in an order that is drawn anew each time all were seen.
struct Queue<'a, 'b> {
    pairs: &'b [Pair<'a>],
    order: Vec<usize>,
}

impl<'a> Queue<'a, '_> {
    fn take(&mut self, count: usize, random: &mut Random) -> Vec<Pair<'a>> {
        let mut chosen = Vec::with_capacity(count);
        for _ in 0..count.min(self.pairs.len()) {
            if self.order.is_empty() {
                self.order = (0..self.pairs.len()).collect();
                random.shuffle(&mut self.order);
            }
            chosen.extend(self.order.pop().and_then(|index| self.pairs.get(index)).copied());
        }
        chosen
    }
}

struct Trainer<'o> {
    architecture: Architecture,
    options: &'o Options,
    device: Device,
    leaves: Leaves,
    optimizer: AdamW,
    states: Vec<Option<AdamWState<1>>>,
    random: Random,
}

impl<'o> Trainer<'o> {
    fn new(network: &Network, options: &'o Options, random: Random) -> Self {
        let device = Device::flex().autodiff();
        let leaves = Leaves::new(network, &device);
        let optimizer = AdamWConfig::new().with_weight_decay(options.weight_decay).with_epsilon(1e-8).build();
        let states = vec![None; leaves.flat.len()];
        let architecture = network.architecture.clone();
        Self { architecture, options, device, leaves, optimizer, states, random }
    }

    /// Examples in a drawn order, texts of like length together, so that little is padded.
    fn batches<'a>(&mut self, examples: &[Example<'a>]) -> Vec<Vec<Example<'a>>> {
        let size = self.options.batch.max(1);
        let mut order: Vec<Example<'a>> = examples.to_vec();
        self.random.shuffle(&mut order);
        let mut batches = Vec::with_capacity(examples.len().div_ceil(size));
        for group in order.chunks_mut(size * 8) {
            group.sort_by_key(|example| example.sequence.positions.len());
            batches.extend(group.chunks(size).map(<[Example<'_>]>::to_vec));
        }
        self.random.shuffle(&mut batches);
        batches
    }

    fn step(&mut self, examples: &[Example<'_>], pairs: &[Pair<'_>], rate: f64) -> Result<f32, Error> {
        let (loss, gradients) = self.gradients(examples, pairs)?;
        let leaves = self.leaves.flat.iter_mut().zip(&mut self.states).zip(gradients);
        for ((leaf, state), gradient) in leaves {
            let plain = leaf.clone().inner();
            let (next, moved) = self.optimizer.step(rate, plain, gradient, state.take());
            *state = moved;
            *leaf = Tensor::from_inner(next).require_grad();
        }
        Ok(loss)
    }

    /// The loss and its gradient by each leaf.
    fn gradients(
        &mut self,
        examples: &[Example<'_>],
        pairs: &[Pair<'_>],
    ) -> Result<(f32, Vec<Tensor<1>>), Error> {
        let texts = examples.iter().map(|example| example.sequence);
        let texts =
            texts.chain(pairs.iter().map(|pair| pair.lower)).chain(pairs.iter().map(|pair| pair.higher));
        let thinned: Vec<Sequence> = texts.map(|text| self.thin(text)).collect();
        let batch = Batch::new(&thinned.iter().collect::<Vec<_>>(), &self.device);
        let dropout = (self.options.dropout > 0.0).then_some((self.options.dropout, &mut self.random));
        let logits = self.leaves.forward(&self.architecture, &batch, dropout);
        let loss = self.loss(logits, examples, pairs);
        let gradients = loss.backward();
        let value = floats(loss)?.first().copied().unwrap_or(f32::NAN);
        let gradients = self.leaves.flat.iter().map(|leaf| {
            leaf.grad(&gradients).ok_or_else(|| Error::Training("a tensor has no gradient".to_owned()))
        });
        Ok((value, gradients.collect::<Result<_, _>>()?))
    }

    /// The mean cross entropy of the examples plus that of the pairs' order. Categories that a label says nothing
    /// about are masked.
    fn loss(&self, logits: Tensor<2>, examples: &[Example<'_>], pairs: &[Pair<'_>]) -> Tensor<1> {
        let categories = examples.iter().map(|example| example.category);
        let categories = categories.chain(pairs.iter().chain(pairs).map(|pair| pair.category));
        let chosen = self.choose(logits, categories);
        let (count, paired) = (examples.len(), pairs.len());
        let smoothing = self.options.smoothing;
        let targets = examples.iter().map(|e| if e.label { 1.0 - smoothing / 2.0 } else { smoothing / 2.0 });
        let targets = self.vector(targets.collect());
        let weights: Vec<f32> = examples.iter().map(|example| example.weight).collect();
        let sum: f32 = weights.iter().sum();
        let own = chosen.clone().narrow(0, 0, count);
        // −y ln σ(z) − (1 − y) ln(1 − σ(z)) = softplus(z) − y z
        let entropy = softplus(own.clone()) - own * targets;
        let loss = (entropy * self.vector(weights)).sum().div_scalar(sum.max(1e-6));
        if paired == 0 {
            return loss;
        }
        let lower = chosen.clone().narrow(0, count, paired);
        let higher = chosen.narrow(0, count + paired, paired);
        loss + softplus(lower - higher).mean().mul_scalar(self.options.pair_weight)
    }

    /// From each row of logits the one of its category.
    fn choose(&self, logits: Tensor<2>, categories: impl Iterator<Item = usize>) -> Tensor<1> {
        let [rows, columns] = logits.dims();
        let mask: Vec<f32> = categories
            .flat_map(|category| (0..columns).map(move |column| if column == category { 1.0 } else { 0.0 }))
            .collect();
        let mask = Tensor::<2>::from_data(TensorData::new(mask, [rows, columns]), &self.device);
        (logits * mask).sum_dim(1).reshape([rows])
    }

    fn vector(&self, values: Vec<f32>) -> Tensor<1> {
        let length = values.len();
        Tensor::from_data(TensorData::new(values, [length]), &self.device)
    }

    /// The text without a drawn share of its tokens.
    fn thin(&mut self, text: &Sequence) -> Sequence {
        let mut text = text.clone();
        if self.options.token_dropout > 0.0 {
            for id in text.positions.iter_mut().flatten() {
                if self.random.uniform() < self.options.token_dropout {
                    *id = PADDING;
                }
            }
        }
        text
    }
}

/// `ln(1 + exp(x))` without overflow.
fn softplus(x: Tensor<1>) -> Tensor<1> {
    x.clone().clamp_min(0.0) + x.abs().neg().exp().log1p()
}

fn floats<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    tensor.try_into_vec_as::<f32>().map_err(|error| Error::Training(error.to_string()))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of steps are far below 2^52")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "numbers of steps are far below 2^24")]
fn small(count: usize) -> f32 {
    count as f32
}
