//! Tensors that a formula makes rather than training: they say nothing about descent.
//!
//! Constants, counters, geometric series (rotary frequencies), sines and cosines (position tables, Fourier bases, with
//! or without a window) all obey `v[k+1] + v[k-1] = c·v[k] + d` along one direction, with constants of their own for
//! each line. Trained weights do not.

/// Lines shorter than this fit the recurrence by chance.
const SHORTEST: usize = 8;
/// Share of the variance that the recurrence may leave unexplained.
const UNEXPLAINED: f64 = 1e-4;

/// Does a formula explain the samples? `tiles` are rectangles of given width, row by row.
pub(super) fn is_regular(tiles: &[(&[f32], usize)]) -> bool {
    let values = || tiles.iter().flat_map(|(tile, _)| tile.iter().copied());
    if has_two_values(values()) {
        return true;
    }
    let along_rows = tiles.iter().flat_map(|(tile, width)| {
        tile.chunks((*width).max(1))
            .map(|line| line.iter().map(|value| f64::from(*value)).collect::<Vec<_>>())
    });
    let along_columns = tiles.iter().flat_map(|(tile, width)| {
        (0..*width).map(move |column| {
            tile.iter()
                .skip(column)
                .step_by((*width).max(1))
                .map(|value| f64::from(*value))
                .collect::<Vec<_>>()
        })
    });
    explained(along_rows) || explained(along_columns)
}

/// At most two values, other than one and its opposite (binary networks have those): masks, ones, zeros.
fn has_two_values(mut values: impl Iterator<Item = f32>) -> bool {
    let Some(first) = values.next() else { return true };
    let mut second = None;
    for value in values {
        match second {
            _ if value == first => {}
            None => second = Some(value),
            Some(known) if known == value => {}
            Some(_) => return false,
        }
    }
    second.is_none_or(|second| second != -first)
}

fn explained(lines: impl Iterator<Item = Vec<f64>>) -> bool {
    let (mut left, mut total, mut counted) = (0.0, 0.0, 0usize);
    for line in lines {
        if line.len() < SHORTEST {
            return false;
        }
        let (unexplained, variance) = fit(&line);
        left += unexplained;
        total += variance;
        counted += 1;
    }
    counted > 0 && left <= UNEXPLAINED * total
}

/// Least squares of `v[k+1] + v[k-1]` on `v[k]` and one: the sum of squares left, and the sum there was.
fn fit(line: &[f64]) -> (f64, f64) {
    let triples = || {
        line.windows(3).filter_map(|triple| match triple {
            [before, here, after] => Some((*here, before + after)),
            _ => None,
        })
    };
    let count = line.len().saturating_sub(2) as f64;
    let (sum_x, sum_y) = triples().fold((0.0, 0.0), |(x, y), (here, both)| (x + here, y + both));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (here, both) in triples() {
        let (x, y) = (here - mean_x, both - mean_y);
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    let explained = if xx > 0.0 { xy * xy / xx } else { 0.0 };
    ((yy - explained).max(0.0), yy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: usize, columns: usize, of: impl Fn(f64, f64) -> f64) -> Vec<f32> {
        (0..rows * columns).map(|at| of((at / columns) as f64, (at % columns) as f64) as f32).collect()
    }

    #[test]
    fn tables_that_a_formula_makes_are_recognised() {
        let tau = std::f64::consts::TAU;
        let cases: [(&str, Vec<f32>, usize); 7] = [
            ("ones", vec![1.0; 256], 256),
            ("mask", table(16, 16, |row, column| f64::from(u8::from(row >= column))), 16),
            ("counter", table(1, 256, |_, column| column), 256),
            ("rotary", table(1, 64, |_, column| 10_000f64.powf(-column / 64.0)), 64),
            ("positions", table(16, 16, |row, column| (row / 10_000f64.powf(column / 16.0)).sin()), 16),
            ("fourier", table(16, 16, |row, column| (tau * row * column / 256.0).cos()), 16),
            ("window", table(1, 256, |_, column| 0.5 - 0.5 * (tau * column / 256.0).cos()), 256),
        ];
        for (name, values, width) in cases {
            assert!(is_regular(&[(&values, width)]), "{name}");
        }
        let windowed = table(16, 16, |row, column| {
            (0.5 - 0.5 * (tau * column / 256.0).cos()) * (tau * row * column / 256.0).cos()
        });
        let halved: Vec<f32> = windowed.iter().map(|value| half::f16::from_f32(*value).to_f32()).collect();
        assert!(is_regular(&[(&windowed, 16)]) && is_regular(&[(&halved, 16)]));
    }

    #[test]
    fn weights_are_not_regular() {
        let mut random = super::super::view::Random::keyed(1, 2, 3);
        let mut noise = || random.below(1 << 20) as f32 / (1 << 20) as f32 - 0.5;
        let values: Vec<f32> = (0..256).map(|_| noise()).collect();
        assert!(!is_regular(&[(&values, 16)]));
        // Norms stay close to one when little was trained.
        let norms: Vec<f32> = (0..256).map(|_| 1.0 + 1e-3 * noise()).collect();
        assert!(!is_regular(&[(&norms, 256)]));
        let signs: Vec<f32> = (0..256).map(|_| if noise() > 0.0 { 0.3 } else { -0.3 }).collect();
        assert!(!is_regular(&[(&signs, 16)]));
    }
}
