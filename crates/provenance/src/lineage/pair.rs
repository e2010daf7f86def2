//! What the samples of two tensors say about each other.

use super::sketch::{Precision, TensorSketch};

/// Samples of one tensor, standardised.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    /// Clipped at four standard deviations, then with mean zero and length one: a few outliers decide nothing.
    pub(super) unit: Vec<f32>,
}

/// Clip at this many standard deviations.
const CLIP: f64 = 4.0;

impl Samples {
    pub(super) fn of(values: &[f32]) -> Self {
        let (mean, deviation) = moments(values);
        let clipped: Vec<f64> = values
            .iter()
            .map(|value| (f64::from(*value) - mean).clamp(-CLIP * deviation, CLIP * deviation))
            .collect();
        let centre = clipped.iter().sum::<f64>() / clipped.len().max(1) as f64;
        let length = clipped.iter().map(|value| (value - centre).powi(2)).sum::<f64>().sqrt();
        let unit = clipped
            .iter()
            .map(|value| if length > 0.0 { ((value - centre) / length) as f32 } else { 0.0 })
            .collect();
        Self { unit }
    }

    /// Does every value equal every other?
    pub(super) fn is_constant(&self) -> bool {
        self.unit.iter().all(|value| *value == 0.0)
    }

    /// The same in another order.
    pub(super) fn reordered(&self, places: &[usize]) -> Self {
        Self { unit: reordered(&self.unit, places) }
    }

    /// Pearson's r of the clipped values.
    pub(super) fn correlation(&self, other: &Self) -> f64 {
        // Eight sums, so that the compiler may use eight lanes.
        let mut sums = [0.0f32; 8];
        let (ours, ours_left) = self.unit.as_chunks::<8>();
        let (others, others_left) = other.unit.as_chunks::<8>();
        for (one, two) in ours.iter().zip(others) {
            for ((sum, x), y) in sums.iter_mut().zip(one).zip(two) {
                *sum += x * y;
            }
        }
        let rest: f32 = ours_left.iter().zip(others_left).map(|(x, y)| x * y).sum();
        f64::from(sums.iter().sum::<f32>() + rest)
    }
}

fn reordered(values: &[f32], places: &[usize]) -> Vec<f32> {
    places.iter().map(|place| values.get(*place).copied().unwrap_or(0.0)).collect()
}

/// Mean and standard deviation.
fn moments(values: &[f32]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// How the values of `b` follow those of `a`, tensor by tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Traits {
    /// Pearson's r of the unclipped values.
    pub(super) correlation: f64,
    /// Slope of the regression of `b` on `a`.
    pub(super) slope: f64,
    /// Every sampled value is the same.
    pub(super) identical: bool,
    /// Every sampled value is the same but for one common factor.
    pub(super) scaled: bool,
    /// Every value is that of the other, rounded to half precision or bfloat16.
    pub(super) rounded: bool,
    /// Share of `a`'s values that are zero in `b` alone, and the reverse.
    pub(super) zeroed: [f64; 2],
    /// Slope of `b` on `a` where neither is zero.
    pub(super) kept_slope: f64,
    /// Correlation where neither is zero.
    pub(super) kept_correlation: f64,
}

impl Traits {
    /// Do the values differ by a factor alone?
    pub(super) fn is_proportional(&self) -> bool {
        is_proportional(self.correlation)
    }

    /// With `mirror`, the places at which `b`'s samples stand in the order of `a`'s.
    pub(super) fn of(a: &TensorSketch, b: &TensorSketch, mirror: Option<&[usize]>) -> Self {
        let read = |tensor: &TensorSketch| {
            tensor.samples.values().into_iter().map(|value| value * tensor.scale).collect::<Vec<f32>>()
        };
        let (ours, theirs) = (read(a), read(b));
        let theirs = mirror.map_or(theirs.clone(), |places| reordered(&theirs, places));
        let pairs = || ours.iter().zip(&theirs).map(|(x, y)| (f64::from(*x), f64::from(*y)));
        let (correlation, slope) = regression(pairs());
        let (kept_correlation, kept_slope) = regression(pairs().filter(|(x, y)| *x != 0.0 && *y != 0.0));
        let count = ours.len().max(1) as f64;
        let zeroed = [
            pairs().filter(|(x, y)| *x != 0.0 && *y == 0.0).count() as f64 / count,
            pairs().filter(|(x, y)| *x == 0.0 && *y != 0.0).count() as f64 / count,
        ];
        let close = |(x, y): &(f64, f64)| (x - y).abs() <= 0.0045 * x.abs().max(y.abs());
        let near = pairs().filter(close).count() as f64 / count;
        // The standard error of the slope.
        let uncertain = ((1.0 - correlation * correlation).max(0.0) / count).sqrt();
        let narrower = a.precision != b.precision && a.precision.min(b.precision) < Precision::Wide;
        Self {
            correlation,
            slope,
            identical: a.fingerprint == b.fingerprint,
            scaled: is_proportional(correlation) && (slope.abs() - 1.0).abs() > 2e-3,
            rounded: near >= 0.98 && narrower && (slope - 1.0).abs() < 2e-3 + 3.0 * uncertain,
            zeroed,
            kept_slope,
            kept_correlation,
        }
    }
}

/// Do the values differ by a factor alone, as far as kept samples (rounded at 2^-11) can tell?
fn is_proportional(correlation: f64) -> bool {
    1.0 - correlation * correlation < 2e-6
}

/// Correlation, and slope of the second on the first.
fn regression(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, f64) {
    let (count, sum_x, sum_y) =
        pairs.clone().fold((0.0, 0.0, 0.0), |(n, sx, sy), (x, y)| (n + 1.0, sx + x, sy + y));
    if count < 2.0 {
        return (0.0, 0.0);
    }
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (x - mean_x, y - mean_y);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    if xx <= 0.0 || yy <= 0.0 { (0.0, 0.0) } else { (xy / (xx * yy).sqrt(), xy / xx) }
}
