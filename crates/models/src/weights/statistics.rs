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
            columns: if rows.is_empty() { u64::MAX } else { columns.unwrap_or(0).max(1) },
            rows,
        }
    }

    /// Takes the next values in order, a row or the rest of one at a time.
    pub(super) fn take(&mut self, mut values: &[f32]) {
        while !values.is_empty() {
            let left = self.columns - self.count % self.columns;
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(values.len());
            let (part, rest) = values.split_at(length);
            let squares = self.part(part);
            if let Some(row) = self.rows.get_mut((self.count / self.columns) as usize) {
                *row += squares;
            }
            self.count += length as u64;
            values = rest;
        }
    }

    /// Counts values of one row, and says what the squares of the finite ones add up to.
    fn part(&mut self, values: &[f32]) -> f64 {
        const INFINITE: u32 = 0x7f80_0000;
        let mut squares = 0.0;
        for (index, value) in values.iter().enumerate() {
            let bits = value.to_bits() & 0x7fff_ffff;
            match bits {
                0 => self.zeros += 1,
                INFINITE => self.infinities += 1,
                _ if bits > INFINITE => self.nans += 1,
                _ => {
                    let size = f32::from_bits(bits);
                    if size > self.largest.0 {
                        self.largest = (size, self.count + index as u64);
                    }
                    if let Some(bucket) = self.histogram.get_mut((bits >> 20) as usize) {
                        *bucket += 1;
                    }
                    squares += f64::from(size) * f64::from(size);
                }
            }
        }
        squares
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
