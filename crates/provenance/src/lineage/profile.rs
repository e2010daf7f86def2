//! Sorted norms of rows and columns: what stays of a matrix whose rows or columns were put in another order.

use bartizan_core::ReadError;
use serde::{Deserialize, Serialize};

use super::{elements::Elements, view::View};

/// How many order statistics of the norms are kept.
pub(super) const QUANTILES: usize = 64;
/// Elements that are decoded at once.
const STEP: u64 = 1 << 16;

/// Norms of one side, divided by their mean and sorted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Norms {
    /// How many rows (or columns) there are.
    pub(super) count: u64,
    /// Standard deviation, with a mean of one.
    pub(super) deviation: f32,
    /// Evenly spaced order statistics, least first.
    pub(super) quantiles: Vec<f32>,
}

/// Norms of both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    /// Of the shorter side's lines.
    pub(super) short: Norms,
    /// Of the longer side's lines.
    pub(super) long: Norms,
    /// The same for the same values in any order: the sum of a hash of each.
    pub(super) values: u64,
}

impl Profile {
    /// Reads every element once; memory grows with rows plus columns.
    pub(super) fn of(elements: &mut Elements, view: View) -> Result<Option<Self>, ReadError> {
        let (Ok(rows), Ok(columns)) = (usize::try_from(view.rows), usize::try_from(view.columns)) else {
            return Ok(None);
        };
        let mut by_row = vec![0.0f64; rows];
        let mut by_column = vec![0.0f64; columns];
        let mut buffer = Vec::new();
        let mut values = 0u64;
        let (mut start, mut column) = (0, 0);
        let mut row_sums = by_row.iter_mut();
        let mut row_sum = row_sums.next();
        while start < view.elements() {
            buffer.clear();
            let take = STEP.min(view.elements() - start);
            elements.append(start, take, &mut buffer)?;
            for value in &buffer {
                values = values.wrapping_add(mixed(*value));
                let square = f64::from(*value) * f64::from(*value);
                if let (Some(row), Some(sum)) = (row_sum.as_deref_mut(), by_column.get_mut(column)) {
                    *row += square;
                    *sum += square;
                }
                column += 1;
                if column == columns {
                    column = 0;
                    row_sum = row_sums.next();
                }
            }
            start += take;
        }
        let (rows, columns) = (Norms::of(by_row), Norms::of(by_column));
        let (short, long) = if view.is_transposed() { (columns, rows) } else { (rows, columns) };
        Ok(short.zip(long).map(|(short, long)| Self { short, long, values }))
    }

    /// How far apart two profiles are, in units of what two unrelated matrices of the same kind give: near 0 for the
    /// same rows and columns in another order, about 1 for others. The larger of the two sides counts; `None` when
    /// neither side can tell anything apart.
    pub(super) fn distance(&self, other: &Self, square: bool) -> Option<f64> {
        let larger = |one: Option<f64>, other: Option<f64>| one.into_iter().chain(other).reduce(f64::max);
        let straight = larger(self.short.distance(&other.short), self.long.distance(&other.long));
        if !square {
            return straight;
        }
        let crossed = larger(self.short.distance(&other.long), self.long.distance(&other.short));
        straight.into_iter().chain(crossed).reduce(f64::min)
    }
}

/// A hash of one value (the finaliser of SplitMix64); zero has one hash, whatever its sign.
fn mixed(value: f32) -> u64 {
    let mut bits =
        u64::from(if value == 0.0 { 0 } else { value.to_bits() }).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

impl Norms {
    /// From sums of squares; `None` when all are zero.
    fn of(squares: Vec<f64>) -> Option<Self> {
        let mut norms: Vec<f64> = squares.into_iter().map(f64::sqrt).collect();
        let count = norms.len();
        let mean = norms.iter().sum::<f64>() / count.max(1) as f64;
        if mean <= 0.0 || !mean.is_finite() {
            return None;
        }
        norms.sort_by(f64::total_cmp);
        let deviation =
            (norms.iter().map(|norm| (norm / mean - 1.0).powi(2)).sum::<f64>() / count as f64).sqrt();
        let quantile = |at: usize| {
            let place = at as f64 / (QUANTILES - 1) as f64 * (count - 1) as f64;
            let (low, part) = (place.floor() as usize, place.fract());
            let value = |index: usize| norms.get(index.min(count - 1)).copied().unwrap_or(0.0);
            ((value(low) * (1.0 - part) + value(low + 1) * part) / mean) as f32
        };
        Some(Self {
            count: count as u64,
            deviation: deviation as f32,
            quantiles: (0..QUANTILES).map(quantile).collect(),
        })
    }

    /// `None` for few lines, and for lines of one norm: these are alike everywhere.
    fn distance(&self, other: &Self) -> Option<f64> {
        let deviation = f64::from(self.deviation.max(other.deviation));
        if self.count < 8 || deviation <= 1e-5 {
            return None;
        }
        let square: f64 = self
            .quantiles
            .iter()
            .zip(&other.quantiles)
            .map(|(one, other)| (f64::from(*one) - f64::from(*other)).powi(2))
            .sum();
        let root = (square / QUANTILES as f64).sqrt();
        Some(root / deviation * (self.count.min(other.count) as f64).sqrt())
    }

    /// Do the numbers make sense?
    pub(super) fn is_sound(&self) -> bool {
        self.quantiles.len() == QUANTILES
            && self.deviation.is_finite()
            && self.quantiles.iter().all(|quantile| quantile.is_finite())
    }
}
