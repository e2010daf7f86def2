//! Spectra of low-rank adapters.
//!
//! An adapter changes a layer's weights by `B·A`, with `A` of shape r×in and `B` of shape out×r. The squares of its
//! singular values are the eigenvalues of the r×r matrix `(A·Aᵀ)(Bᵀ·B)`, so the strongest one and the Frobenius norm
//! cost little: no out×in matrix is ever made.

use std::collections::BTreeMap;

use bartizan_core::Tensor;

use super::statistics::median;

/// The spectrum of one layer's update.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spectrum {
    /// The layer: what the names of its two tensors share.
    pub(super) layer: String,
    /// Strongest singular value.
    pub(super) strongest: f64,
    /// Share of the squared Frobenius norm that it carries, 0 to 1.
    pub(super) share: f64,
    /// Rank of the adapter.
    pub(super) rank: usize,
}

/// Spellings of the two halves: PEFT, Kohya's scripts, Diffusers.
const HALVES: [(&str, &str); 4] =
    [("lora_A", "lora_B"), ("lora_down", "lora_up"), ("lora.down", "lora.up"), ("lora_a", "lora_b")];

/// Highest rank that is computed.
const RANK: u64 = 512;

/// The pairs of tensors that are adapters: layer, `A`, `B`.
pub(super) fn pairs(tensors: &[Tensor]) -> Vec<(String, &Tensor, &Tensor)> {
    let by_name: BTreeMap<&str, &Tensor> =
        tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut pairs = Vec::new();
    for (down, up) in HALVES {
        for (name, a) in by_name.iter().filter(|(name, _)| name.contains(down)) {
            let layer = name.split(down).next().unwrap_or_default().trim_end_matches(['.', '_']);
            if let Some(b) = by_name.get(name.replace(down, up).as_str()) {
                let fits = matches!((a.shape.as_slice(), b.shape.as_slice()), ([r, _], [_, s]) if r == s && *r <= RANK);
                if fits {
                    pairs.push((layer.to_owned(), *a, *b));
                }
            }
        }
    }
    pairs
}

/// The spectrum of `B·A`, both row-major; `None` for an update that is zero or not finite.
pub(super) fn spectrum(layer: String, rank: usize, a: &[f32], b: &[f32]) -> Option<Spectrum> {
    let width = a.len().checked_div(rank)?;
    let mut gram_a = vec![0.0; rank * rank];
    let rows: Vec<&[f32]> = a.chunks_exact(width.max(1)).take(rank).collect();
    for (i, left) in rows.iter().enumerate() {
        for (j, right) in rows.iter().enumerate().take(i + 1) {
            let dot: f64 = left.iter().zip(*right).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
            for at in [i * rank + j, j * rank + i] {
                if let Some(cell) = gram_a.get_mut(at) {
                    *cell = dot;
                }
            }
        }
    }
    let mut gram_b = vec![0.0; rank * rank];
    for row in b.chunks_exact(rank) {
        for (x, line) in row.iter().zip(gram_b.chunks_exact_mut(rank)) {
            for (y, cell) in row.iter().zip(line) {
                *cell += f64::from(*x) * f64::from(*y);
            }
        }
    }
    // tr(Gb·Ga): both are symmetric, so it is the sum of the products of their cells.
    let square: f64 = gram_a.iter().zip(&gram_b).map(|(x, y)| x * y).sum();
    let strongest = dominant(&gram_a, &gram_b, rank);
    let finite = square.is_finite() && square > 0.0 && strongest.is_finite();
    finite.then(|| Spectrum {
        layer,
        strongest: strongest.max(0.0).sqrt(),
        share: (strongest / square).clamp(0.0, 1.0),
        rank,
    })
}

/// Largest eigenvalue of `Ga·Gb` by power iteration.
fn dominant(gram_a: &[f64], gram_b: &[f64], rank: usize) -> f64 {
    // A start that is not orthogonal to anything in particular.
    let mut vector: Vec<f64> = (0..rank).map(|i| 1.0 + (i as f64 * 0.618).fract()).collect();
    let mut value = 0.0;
    for _ in 0..100 {
        let next = times(gram_a, &times(gram_b, &vector, rank), rank);
        let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        let before = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm <= 0.0 || !norm.is_finite() {
            return value;
        }
        value = norm / before.max(f64::MIN_POSITIVE);
        vector = next.into_iter().map(|x| x / norm).collect();
    }
    value
}

fn times(matrix: &[f64], vector: &[f64], rank: usize) -> Vec<f64> {
    matrix.chunks_exact(rank.max(1)).map(|row| row.iter().zip(vector).map(|(x, y)| x * y).sum()).collect()
}

/// Layers whose update is one direction, far stronger than the other layers'.
pub(super) fn outliers(spectra: &[Spectrum]) -> Vec<(&Spectrum, f64)> {
    if spectra.len() < 4 {
        return Vec::new();
    }
    let strengths: Vec<f64> = spectra.iter().map(|spectrum| spectrum.strongest).collect();
    let Some(usual) = median(&strengths).filter(|usual| *usual > 0.0) else { return Vec::new() };
    let ratio = |spectrum: &Spectrum| spectrum.strongest / usual;
    let lone = |spectrum: &&Spectrum| spectrum.rank >= 2 && spectrum.share > 0.95 && ratio(spectrum) > 10.0;
    let found: Vec<_> = spectra.iter().filter(lone).map(|spectrum| (spectrum, ratio(spectrum))).collect();
    // Where many layers are like that, it is how the adapter was trained.
    if found.len() * 8 > spectra.len() { Vec::new() } else { found }
}
