//! A one-dimensional convolutional network for text (after Kim 2014), and inference with it in plain Rust.
//!
//! ```text
//! tokens of a position ── embed, sum ──> x[position]        (+ x[0], the context, where the architecture says so)
//! x ── convolutions of several widths ── ReLU ── maximum over the positions ──> pooled
//! pooled, x[0] ── dense ── ReLU ──> hidden ── dense ──> one logit per category
//! ```
//!
//! The position that won each maximum is known, so a logit can be traced back to the positions that caused it.

use serde::{Deserialize, Serialize};

use crate::{Error, Sequence, tokens::PADDING};

/// Sizes of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Rows of the embedding, that of padding included.
    pub buckets: usize,
    /// Columns of the embedding.
    pub embedding: usize,
    /// Widths of the convolutions, in positions; odd.
    pub widths: Vec<usize>,
    /// Channels of each convolution.
    pub channels: usize,
    /// Units of the dense layer.
    pub hidden: usize,
    /// Categories.
    pub categories: usize,
    /// Is the first position added to every other, as their context?
    pub context: bool,
}

impl Architecture {
    /// An architecture that cannot be built is an error.
    pub fn check(&self) -> Result<(), Error> {
        let sizes = [self.embedding, self.channels, self.hidden, self.categories, self.widths.len()];
        if self.buckets < 2 || sizes.contains(&0) {
            return Err(Error::Architecture("a size is zero"));
        }
        if self.buckets > 1 << 20 || sizes.iter().any(|size| *size > 1 << 12) {
            return Err(Error::Architecture("a size is far beyond a small classifier"));
        }
        if self.widths.iter().any(|width| width % 2 == 0 || *width > 63) {
            return Err(Error::Architecture("a convolution's width is even or above 63"));
        }
        Ok(())
    }

    /// Values that the dense layer reads.
    pub fn pooled(&self) -> usize {
        self.widths.len() * self.channels + self.embedding
    }
}

/// One convolution: `weight[offset][input][channel]`, `bias[channel]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// Positions that it sees at once; odd.
    pub width: usize,
    /// `width × embedding × channels` values, channels fastest.
    pub weight: Vec<f32>,
    /// One value per channel.
    pub bias: Vec<f32>,
}

/// A dense layer: `weight[input][output]`, `bias[output]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// `inputs × outputs` values, outputs fastest.
    pub weight: Vec<f32>,
    /// One value per output.
    pub bias: Vec<f32>,
}

impl Dense {
    fn apply(&self, input: &[f32]) -> Vec<f32> {
        let mut output = self.bias.clone();
        for (value, row) in input.iter().zip(self.weight.chunks_exact(self.bias.len().max(1))) {
            add_scaled(&mut output, row, *value);
        }
        output
    }
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Sizes.
    pub architecture: Architecture,
    /// `buckets × embedding` values; the first row, that of padding, is zero.
    pub embedding: Vec<f32>,
    /// One for each width.
    pub convolutions: Vec<Convolution>,
    /// From the pooled values to the hidden ones.
    pub hidden: Dense,
    /// From the hidden values to the logits.
    pub heads: Dense,
}

/// What a network says about one sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// One logit per category.
    pub logits: Vec<f32>,
    /// For each category, how much each position raised (or lowered) its logit.
    pub causes: Vec<Vec<f32>>,
}

/// What the layers hold for one sequence.
struct Pass {
    pooled: Vec<f32>,
    /// The position that won, for each pooled value of a convolution.
    winners: Vec<usize>,
    hidden: Vec<f32>,
    logits: Vec<f32>,
}

impl Network {
    /// One logit per category.
    pub fn logits(&self, sequence: &Sequence) -> Vec<f32> {
        self.pass(sequence).logits
    }

    /// Logits, and the positions that caused them.
    ///
    /// The network is piecewise linear, so a logit is its biases plus the sum over the pooled values of value times
    /// slope; each term belongs to the position that won the maximum.
    pub fn judge(&self, sequence: &Sequence) -> Verdict {
        let pass = self.pass(sequence);
        let categories = self.architecture.categories;
        let mut causes = vec![vec![0.0; sequence.positions.len()]; categories];
        let rows = self.hidden.weight.chunks_exact(self.architecture.hidden.max(1));
        for ((value, row), winner) in pass.pooled.iter().zip(rows).zip(&pass.winners) {
            if *value == 0.0 {
                continue;
            }
            let mut slopes = vec![0.0; categories];
            let active = row.iter().zip(&pass.hidden).zip(self.heads.weight.chunks_exact(categories.max(1)));
            for ((weight, _), head) in active.filter(|((_, hidden), _)| **hidden > 0.0) {
                add_scaled(&mut slopes, head, *weight);
            }
            for (cause, slope) in causes.iter_mut().zip(&slopes) {
                if let Some(cause) = cause.get_mut(*winner) {
                    *cause += slope * value;
                }
            }
        }
        Verdict { logits: pass.logits, causes }
    }

    fn pass(&self, sequence: &Sequence) -> Pass {
        let inputs = self.embed(sequence);
        let mut pooled = Vec::with_capacity(self.architecture.pooled());
        let mut winners = Vec::with_capacity(self.architecture.pooled());
        for convolution in &self.convolutions {
            let (values, positions) = self.convolve(convolution, &inputs);
            pooled.extend(values);
            winners.extend(positions);
        }
        // The context is the first position itself, without what was added to it.
        let first = sequence.positions.first().map_or_else(Vec::new, |ids| self.embed_position(ids));
        pooled.extend(first.iter().copied().chain(std::iter::repeat(0.0)).take(self.architecture.embedding));
        winners.extend(std::iter::repeat_n(0, self.architecture.embedding));
        let mut hidden = self.hidden.apply(&pooled);
        hidden.iter_mut().for_each(|value| *value = value.max(0.0));
        let logits = self.heads.apply(&hidden);
        Pass { pooled, winners, hidden, logits }
    }

    fn embed_position(&self, ids: &[u32]) -> Vec<f32> {
        let columns = self.architecture.embedding;
        let mut sum = vec![0.0; columns];
        for id in ids.iter().filter(|id| **id != PADDING) {
            let start = *id as usize * columns;
            if let Some(row) = self.embedding.get(start..start + columns) {
                add_scaled(&mut sum, row, 1.0);
            }
        }
        sum
    }

    fn embed(&self, sequence: &Sequence) -> Vec<Vec<f32>> {
        let mut inputs: Vec<Vec<f32>> =
            sequence.positions.iter().map(|ids| self.embed_position(ids)).collect();
        if self.architecture.context
            && let Some((first, others)) = inputs.split_first_mut()
        {
            others.iter_mut().for_each(|input| add_scaled(input, first, 1.0));
        }
        inputs
    }

    /// The maximum of each channel over the positions after ReLU, and where it was reached first.
    fn convolve(&self, convolution: &Convolution, inputs: &[Vec<f32>]) -> (Vec<f32>, Vec<usize>) {
        let channels = self.architecture.channels;
        let half = convolution.width / 2;
        let mut best = vec![0.0_f32; channels];
        let mut winners = vec![0; channels];
        for position in 0..inputs.len() {
            let mut sum = convolution.bias.clone();
            let kernel = convolution.weight.chunks_exact((self.architecture.embedding * channels).max(1));
            for (offset, matrix) in kernel.enumerate() {
                let Some(input) = (position + offset).checked_sub(half).and_then(|at| inputs.get(at)) else {
                    continue;
                };
                for (value, row) in input.iter().zip(matrix.chunks_exact(channels.max(1))) {
                    add_scaled(&mut sum, row, *value);
                }
            }
            for ((value, best), winner) in sum.iter().zip(&mut best).zip(&mut winners) {
                if *value > *best {
                    *best = *value;
                    *winner = position;
                }
            }
        }
        (best, winners)
    }
}

fn add_scaled(sum: &mut [f32], row: &[f32], scale: f32) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += scale * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::Random, weights};

    fn network() -> Network {
        let architecture = Architecture {
            buckets: 50,
            embedding: 5,
            widths: vec![1, 3],
            channels: 4,
            hidden: 6,
            categories: 3,
            context: true,
        };
        weights::random(&architecture, &mut Random::new(3)).unwrap()
    }

    fn sequence(seed: u64, positions: usize) -> Sequence {
        let mut random = Random::new(seed);
        let positions = (0..positions)
            .map(|_| (0..3).map(|_| u32::try_from(1 + random.below(49)).unwrap()).collect())
            .collect();
        Sequence { positions }
    }

    #[test]
    fn causes_and_biases_add_up_to_the_logit_when_no_convolution_has_a_bias() {
        let mut network = network();
        network.hidden.bias.fill(0.0);
        for seed in 0..20 {
            let verdict = network.judge(&sequence(seed, 7));
            for ((logit, causes), bias) in verdict.logits.iter().zip(&verdict.causes).zip(&network.heads.bias)
            {
                let sum: f32 = causes.iter().sum::<f32>() + bias;
                assert!((logit - sum).abs() < 1e-5, "{logit} {sum}");
            }
        }
    }

    #[test]
    fn a_position_that_matters_is_named_as_the_cause() {
        // Only token 7 moves anything: its embedding alone is not zero.
        let mut network = network();
        network.embedding.fill(0.0);
        network.embedding[7 * 5..8 * 5].fill(1.0);
        network.convolutions.iter_mut().for_each(|c| c.weight.fill(0.5));
        network.convolutions.iter_mut().for_each(|c| c.bias.fill(0.0));
        network.hidden.weight.fill(0.1);
        network.heads.weight.fill(1.0);
        let mut text = sequence(1, 9);
        text.positions.iter_mut().flatten().for_each(|id| *id = 8);
        text.positions[5] = vec![7];
        let verdict = network.judge(&text);
        let causes = &verdict.causes[1];
        let top = (0..9).max_by(|a, b| causes[*a].total_cmp(&causes[*b])).unwrap();
        assert!(top.abs_diff(5) <= 1, "{causes:?}");
    }

    #[test]
    fn empty_texts_and_ids_out_of_range_are_judged_without_panic() {
        let network = network();
        assert_eq!(network.logits(&Sequence::default()).len(), 3);
        let wild = Sequence { positions: vec![vec![u32::MAX, 0, 49], vec![]] };
        assert!(network.logits(&wild).iter().all(|logit| logit.is_finite()));
    }

    #[test]
    fn architectures_that_cannot_be_built_are_refused() {
        let good = network().architecture;
        for bad in [
            Architecture { buckets: 1, ..good.clone() },
            Architecture { widths: vec![2], ..good.clone() },
            Architecture { widths: vec![], ..good.clone() },
            Architecture { hidden: usize::MAX, ..good.clone() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
        assert!(good.check().is_ok());
    }
}
