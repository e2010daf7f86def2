//! What one pass over a tensor's values tells.

/// Buckets of |w|: the exponent and three bits of the fraction of its `f32`, so a quantile is right within 13 %.
const BUCKETS: usize = 1 << 11;

/// Running statistics of one tensor.
#[derive(Clone, Debug)]
pub(super) struct Statistics {
    pub(super) nans: u64,
    pub(super) infinities: u64,
    /// Largest finite |w|, and which element it is.
    pub(super) largest: (f32, u64),
    count: u64,
    zeros: u64,
    histogram: Vec<u64>,
    /// Sum of squares per row.
    rows: Vec<f64>,
    columns: u64,
}

/// Rows that stand out of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spike {
    /// Index of the strongest row.
    pub(super) row: usize,
    /// Its norm over the median norm.
    pub(super) ratio: f64,
    /// Its distance from the median in robust standard deviations (1.4826 × MAD).
    pub(super) z: f64,
    /// How many rows stand out as far as that.
    pub(super) rows: usize,
    /// Of how many.
    pub(super) of: usize,
}

/// Row norms are only kept for matrices of this many rows.
const ROWS: std::ops::RangeInclusive<u64> = 8..=4_000_000;

impl Statistics {
    /// For a tensor of this shape, outermost dimension first.
    pub(super) fn of(shape: &[u64]) -> Self {
        let columns = shape.iter().skip(1).try_fold(1u64, |product, size| product.checked_mul(*size));
        let rows = match (shape.first(), columns) {
            (Some(rows), Some(columns)) if shape.len() >= 2 && columns >= 16 && ROWS.contains(rows) => {
                vec![0.0; usize::try_from(*rows).unwrap_or(0)]
            }
            _ => Vec::new(),
        };
        Self {
            nans: 0,
            infinities: 0,
            largest: (0.0, 0),
            count: 0,
            zeros: 0,
            histogram: vec![0; BUCKETS],
            rows,
            columns: columns.unwrap_or(0).max(1),
        }
    }

    /// Takes the next values in order.
    pub(super) fn take(&mut self, values: &[f32]) {
        for value in values {
            let index = self.count;
            self.count += 1;
            if !value.is_finite() {
                if value.is_nan() {
                    self.nans += 1;
                } else {
                    self.infinities += 1;
                }
                continue;
            }
            let size = value.abs();
            if size == 0.0 {
                self.zeros += 1;
                continue;
            }
            if size > self.largest.0 {
                self.largest = (size, index);
            }
            if let Some(bucket) = self.histogram.get_mut((size.to_bits() >> 20) as usize) {
                *bucket += 1;
            }
            if let Some(row) = self.rows.get_mut((index / self.columns) as usize) {
                *row += f64::from(size) * f64::from(size);
            }
        }
    }

    /// Median of |w| over the finite values that are not zero.
    fn median_magnitude(&self) -> Option<f64> {
        let total: u64 = self.histogram.iter().sum();
        let mut below = 0;
        for (bucket, count) in self.histogram.iter().enumerate() {
            below += count;
            if total > 0 && below * 2 >= total {
                return Some(f64::from(f32::from_bits((bucket as u32) << 20 | 1 << 19)));
            }
        }
        None
    }

    /// Largest |w| over the median |w|, for tensors with enough values to speak of a distribution.
    pub(super) fn extremity(&self) -> Option<f64> {
        let dense = self.count >= 1024 && self.zeros < self.count / 2;
        let median = self.median_magnitude().filter(|median| dense && *median > 0.0)?;
        Some(f64::from(self.largest.0) / median)
    }

    /// The rows that stand out, if any do.
    pub(super) fn spike(&self) -> Option<Spike> {
        if self.rows.len() < 8 || self.zeros > self.count / 2 {
            return None;
        }
        let norms: Vec<f64> = self.rows.iter().map(|square| square.sqrt()).collect();
        let middle = median(&norms)?;
        let deviations: Vec<f64> = norms.iter().map(|norm| (norm - middle).abs()).collect();
        // Rows may be normalised to equal norms; one percent of the norm is then the scale.
        let deviation = (1.4826 * median(&deviations)?).max(middle * 0.01);
        if middle <= 0.0 {
            return None;
        }
        let stands_out = |norm: f64| norm / middle > 4.0 && (norm - middle) / deviation > 20.0;
        let (row, norm) = norms.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let rows = norms.iter().filter(|norm| stands_out(**norm)).count();
        (rows > 0).then(|| Spike {
            row,
            ratio: norm / middle,
            z: (norm - middle) / deviation,
            rows,
            of: norms.len(),
        })
    }
}

/// The middle value.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let middle = sorted.len() / 2;
    if sorted.is_empty() {
        return None;
    }
    let (_, value, _) = sorted.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*value)
}
