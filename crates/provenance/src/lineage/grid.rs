//! Do values lie on a coarse grid, as quantisation leaves them even after they were turned back into floats?

/// Steps of a grid that are still called quantised: 8 bits.
const STEPS: f64 = 256.5;
/// Values below which nothing is said.
const FEWEST: usize = 24;
/// Mean distance to the grid, in steps; 0.25 is what chance gives.
const CLOSE: f64 = 0.04;

/// Do most of these stretches, each from one row, lie on a grid of their own, or all values on a common one?
pub(super) fn is_quantised(samples: &[f32], rows: &[Vec<f32>]) -> bool {
    if lies_on_grid(samples) {
        return true;
    }
    let mut votes = 0usize;
    let mut asked = 0usize;
    for row in rows {
        if row.len() < FEWEST {
            continue;
        }
        asked += 1;
        // Groups of 128 or 32 share a scale in most formats; a whole row in the others.
        let grouped = |size: usize| {
            let (mut on, mut of) = (0usize, 0usize);
            for group in row.chunks_exact(size) {
                of += 1;
                on += usize::from(repeats(group, 0.75) || lies_on_grid(group));
            }
            of > 0 && on * 10 >= of * 8
        };
        votes += usize::from(lies_on_grid(row) || grouped(128) || grouped(64) || grouped(32));
    }
    asked > 0 && votes * 10 >= asked * 7
}

/// Are there far fewer values than elements? Zeros do not count: pruning makes those.
fn repeats(values: &[f32], most: f64) -> bool {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|value| *value != 0.0).collect();
    let count = sorted.len();
    sorted.sort_by(f32::total_cmp);
    sorted.dedup();
    // 4 bits have 16 levels: 32 elements repeat most of them.
    count >= FEWEST && sorted.len() <= 16 && sorted.len() as f64 <= most * count as f64
}

fn lies_on_grid(values: &[f32]) -> bool {
    let mut distinct: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
    distinct.sort_by(f64::total_cmp);
    let nonzero = distinct.iter().filter(|value| **value != 0.0).count();
    distinct.dedup();
    let (Some(low), Some(high)) = (distinct.first().copied(), distinct.last().copied()) else { return false };
    let (range, most) = (high - low, high.abs().max(low.abs()));
    if nonzero < FEWEST || range <= 0.0 {
        return false;
    }
    // Half precision repeats values too, but not eight times each.
    if distinct.len() <= 256 && distinct.len() * 8 <= nonzero {
        return true;
    }
    if distinct.len() < FEWEST {
        return false;
    }
    let gap = distinct.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?)).fold(range, f64::min);
    let steps =
        [gap, gap / 2.0, gap / 3.0, most / 127.0, most / 128.0, most / 7.0, most / 8.0, range / 255.0];
    steps.into_iter().any(|step| {
        let distance = |value: &f64| {
            let place = (value - low) / step;
            (place - place.round()).abs()
        };
        let mean = distinct.iter().map(distance).sum::<f64>() / distinct.len() as f64;
        step > 0.0 && range / step <= STEPS && mean < CLOSE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize, seed: u64) -> Vec<f32> {
        let mut random = super::super::view::Random::keyed(seed, 0, 0);
        let mut uniform = || (random.below(1 << 24) as f32 + 0.5) / (1 << 24) as f32;
        (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect()
    }

    fn rounded(values: &[f32], levels: f32) -> Vec<f32> {
        let scale = values.iter().fold(0.0f32, |most, value| most.max(value.abs())) / levels;
        values.iter().map(|value| (value / scale).round() * scale).collect()
    }

    #[test]
    fn integers_times_a_scale_are_recognised_per_tensor_per_row_and_per_group() {
        for levels in [7.0, 127.0] {
            let tensor = rounded(&noise(2048, 1), levels);
            assert!(is_quantised(&tensor, &[]), "per tensor, {levels}");
            let rows: Vec<Vec<f32>> = (0..4).map(|row| rounded(&noise(768, row), levels)).collect();
            assert!(is_quantised(&rows.concat(), &rows), "per row, {levels}");
            let short: Vec<Vec<f32>> = (0..8).map(|row| rounded(&noise(48, row), levels)).collect();
            assert!(is_quantised(&short.concat(), &short), "short rows, {levels}");
        }
        let grouped: Vec<f32> = (0..24).flat_map(|group| rounded(&noise(32, group), 7.0)).collect();
        assert!(is_quantised(&noise(2048, 9), &[grouped]), "per group");
    }

    #[test]
    fn weights_of_every_precision_and_pruned_ones_are_not() {
        for seed in 0..20 {
            let values = noise(2048, seed);
            let half: Vec<f32> = values.iter().map(|v| half::f16::from_f32(*v).to_f32()).collect();
            let bf16: Vec<f32> = values.iter().map(|v| half::bf16::from_f32(*v).to_f32()).collect();
            let pruned: Vec<f32> = values.iter().map(|v| if v.abs() < 1.5 { 0.0 } else { *v }).collect();
            for kind in [values, half, bf16, pruned] {
                let rows: Vec<Vec<f32>> = kind.chunks(512).map(<[f32]>::to_vec).collect();
                assert!(!is_quantised(&kind, &rows));
                let short: Vec<Vec<f32>> = kind.chunks(48).map(<[f32]>::to_vec).collect();
                assert!(!is_quantised(&kind, &short));
            }
        }
    }
}
