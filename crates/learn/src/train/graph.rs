//! The network as a graph of tensors.

use burn::tensor::{Device, Int, Tensor, TensorData, activation::relu, module::conv1d, ops::ConvOptions};

use crate::{
    Architecture, Error, Network, Sequence,
    network::{Convolution, Dense},
    random::Random,
    tokens::PADDING,
};

/// Texts of one step, padded to the longest.
pub(super) struct Batch {
    /// Texts × (positions × tokens).
    ids: Tensor<2, Int>,
    /// Texts × positions × 1: 1 where the text has a position.
    mask: Tensor<3>,
    texts: usize,
    positions: usize,
    tokens: usize,
}

impl Batch {
    pub(super) fn new(sequences: &[&Sequence], device: &Device) -> Self {
        let positions = sequences.iter().map(|text| text.positions.len()).max().unwrap_or(0).max(1);
        let lengths = sequences.iter().flat_map(|text| &text.positions).map(Vec::len);
        let tokens = lengths.max().unwrap_or(0).max(1);
        let mut ids: Vec<i32> = Vec::with_capacity(sequences.len() * positions * tokens);
        let mut mask: Vec<f32> = Vec::with_capacity(sequences.len() * positions);
        for text in sequences {
            for position in 0..positions {
                let known = text.positions.get(position);
                mask.push(if known.is_some() { 1.0 } else { 0.0 });
                let row = known.map_or(&[][..], Vec::as_slice);
                let row = row.iter().copied().chain(std::iter::repeat(PADDING)).take(tokens);
                ids.extend(row.map(|id| i32::try_from(id).unwrap_or(0)));
            }
        }
        let texts = sequences.len();
        Self {
            ids: Tensor::from_data(TensorData::new(ids, [texts, positions * tokens]), device),
            mask: Tensor::from_data(TensorData::new(mask, [texts, positions, 1]), device),
            texts,
            positions,
            tokens,
        }
    }
}

/// The tensors that training moves, each as one row of values, in the order of [`Network::tensors`], and last the head
/// that all categories share.
pub(super) struct Leaves {
    pub(super) flat: Vec<Tensor<1>>,
    device: Device,
}

impl Leaves {
    pub(super) fn new(network: &Network, device: &Device) -> Self {
        let leaf = |values: &[f32]| {
            let tensor = Tensor::<1>::from_data(TensorData::new(values.to_vec(), [values.len()]), device);
            if tensor.is_autodiff() { tensor.require_grad() } else { tensor }
        };
        let mut flat: Vec<Tensor<1>> =
            network.tensors().into_iter().map(|(_, _, values)| leaf(values)).collect();
        flat.push(leaf(&vec![0.0; network.architecture.hidden]));
        Self { flat, device: device.clone() }
    }

    /// Texts × categories. Dropout is `(share, generator)`.
    pub(super) fn forward(
        &self,
        architecture: &Architecture,
        batch: &Batch,
        dropout: Option<(f32, &mut Random)>,
    ) -> Tensor<2> {
        let Architecture { buckets, embedding, channels, hidden, categories, .. } = *architecture;
        let mut leaves = self.flat.iter().cloned();
        // There are as many leaves as `Leaves::new` made from the same architecture; an empty tensor would only show
        // that this is no longer so.
        let mut next = || leaves.next().unwrap_or_else(|| Tensor::zeros([0], &self.device));
        let table = next().reshape([buckets, embedding]);
        let inputs = self.embed(table, batch, embedding);
        let first = inputs.clone().slice([0..batch.texts, 0..1, 0..embedding]);
        let mut seen = inputs;
        if architecture.context && batch.positions > 1 {
            let others = seen.slice([0..batch.texts, 1..batch.positions, 0..embedding]);
            seen = Tensor::cat(vec![first.clone(), others + first.clone()], 1);
        }
        let seen = (seen * batch.mask.clone()).swap_dims(1, 2);
        let mut pooled = Vec::with_capacity(architecture.widths.len() + 1);
        for width in &architecture.widths {
            // Stored as width × inputs × channels, which inference reads row by row.
            let weight = next().reshape([*width, embedding, channels]).permute([2, 1, 0]);
            let half = width / 2;
            let options = ConvOptions { stride: [1], padding: [(half, half)], dilation: [1], groups: 1 };
            let values = relu(conv1d(seen.clone(), weight, Some(next()), options));
            let values = values * batch.mask.clone().swap_dims(1, 2);
            pooled.push(values.max_dim(2).reshape([batch.texts, channels]));
        }
        pooled.push(first.reshape([batch.texts, embedding]));
        let mut pooled = Tensor::cat(pooled, 1);
        let mut masks = dropout.map(|(share, random)| {
            (self.keep(&pooled.dims(), share, random), self.keep(&[batch.texts, hidden], share, random))
        });
        if let Some((mask, _)) = &masks {
            pooled = pooled * mask.clone();
        }
        let weight = next().reshape([architecture.pooled(), hidden]);
        let mut dense = relu(pooled.matmul(weight) + next().reshape([1, hidden]));
        if let Some((_, mask)) = masks.take() {
            dense = dense * mask;
        }
        let heads = next().reshape([hidden, categories]);
        let bias = next().reshape([1, categories]);
        dense.matmul(heads + next().reshape([hidden, 1])) + bias
    }

    /// Texts × positions × columns: the sum of each position's tokens.
    fn embed(&self, table: Tensor<2>, batch: &Batch, columns: usize) -> Tensor<3> {
        let known = batch.ids.clone().not_equal_elem(i64::from(PADDING)).float();
        let rows = burn::tensor::module::embedding(table, batch.ids.clone());
        let rows = rows * known.reshape([batch.texts, batch.positions * batch.tokens, 1]);
        rows.reshape([batch.texts, batch.positions, batch.tokens, columns]).sum_dim(2).reshape([
            batch.texts,
            batch.positions,
            columns,
        ])
    }

    /// Zero for the drawn share, else what keeps the mean.
    fn keep(&self, shape: &[usize; 2], share: f32, random: &mut Random) -> Tensor<2> {
        let scale = 1.0 / (1.0 - share).max(1e-3);
        let values: Vec<f32> =
            (0..shape.iter().product()).map(|_| if random.uniform() < share { 0.0 } else { scale }).collect();
        Tensor::from_data(TensorData::new(values, *shape), &self.device)
    }

    /// The trained network; the shared head becomes a part of each category's own.
    pub(super) fn to_network(&self, architecture: &Architecture) -> Result<Network, Error> {
        let mut values = Vec::with_capacity(self.flat.len());
        for leaf in &self.flat {
            values.push(super::floats(leaf.clone().inner())?);
        }
        let mut values = values.into_iter();
        let mut next = || values.next().ok_or(Error::Architecture("a tensor is missing"));
        let mut embedding = next()?;
        embedding.iter_mut().take(architecture.embedding).for_each(|value| *value = 0.0);
        let mut convolutions = Vec::with_capacity(architecture.widths.len());
        for width in &architecture.widths {
            convolutions.push(Convolution { width: *width, weight: next()?, bias: next()? });
        }
        let hidden = Dense { weight: next()?, bias: next()? };
        let mut heads = Dense { weight: next()?, bias: next()? };
        let rows = heads.weight.chunks_exact_mut(architecture.categories.max(1));
        for (row, shared) in rows.zip(next()?) {
            row.iter_mut().for_each(|weight| *weight += shared);
        }
        Ok(Network { architecture: architecture.clone(), embedding, convolutions, hidden, heads })
    }
}
