//! Do values lie on a coarse grid, as quantisation leaves them even after they were turned back into floats?

/// Steps of a grid that are still called quantised: 8 bits.
const STEPS: f64 = 256.5;
/// Values below which nothing is said.
const FEWEST: usize = 24;
/// Mean distance to the grid, in steps; 0.25 is what chance gives.
const CLOSE: f64 = 0.04;

/// Values of one tensor that may share a scale.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Rows and columns, or parts of them: scales of layers and channels.
    pub(super) whole: Vec<Vec<Vec<f32>>>,
    /// Stretches in the order of storage, from multiples of 256: scales of groups of 32 to 256.
    pub(super) stretches: Vec<Vec<f32>>,
}

/// Groups that share a scale in one format or another.
const GROUPS: [usize; 4] = [32, 64, 128, 256];
/// Share of lines or groups that must lie on grids of their own.
const VOTES: f64 = 0.7;

/// Do the values lie on a common grid, or most lines or groups each on its own?
pub(super) fn is_quantised(samples: &[f32], lines: &Lines) -> bool {
    lies_on_grid(samples)
        || lines.whole.iter().any(|lines| mostly(lines.iter().map(Vec::as_slice)))
        || GROUPS
            .into_iter()
            .any(|size| mostly(lines.stretches.iter().flat_map(|line| line.chunks_exact(size))))
}

/// Do most of those lie on a grid that can be judged? Few values that do not repeat each other tell nothing.
fn mostly<'a>(lines: impl Iterator<Item = &'a [f32]>) -> bool {
    let (mut asked, mut on) = (0usize, 0usize);
    for line in lines {
        if lies_on_grid(line) {
            asked += 1;
            on += 1;
        } else if line.iter().filter(|value| **value != 0.0).count() >= FEWEST {
            asked += 1;
        }
    }
    asked > 0 && on as f64 >= VOTES * asked as f64
}

/// Are there far fewer magnitudes than elements? 4 bits leave at most 16. Zeros do not count: pruning makes those.
fn repeats(values: &[f32]) -> bool {
    let mut magnitudes: Vec<f32> =
        values.iter().map(|value| value.abs()).filter(|value| *value > 0.0).collect();
    let count = magnitudes.len();
    magnitudes.sort_by(f32::total_cmp);
    magnitudes.dedup();
    count >= 8 && magnitudes.len() <= 16 && magnitudes.len() * 3 <= count * 2
}

fn lies_on_grid(values: &[f32]) -> bool {
    if repeats(values) {
        return true;
    }
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
            assert!(is_quantised(&tensor, &Lines::default()), "per tensor, {levels}");
            let lines = |lines: &[Vec<f32>]| Lines { whole: vec![lines.to_vec()], stretches: Vec::new() };
            let rows: Vec<Vec<f32>> = (0..4).map(|row| rounded(&noise(768, row), levels)).collect();
            assert!(is_quantised(&rows.concat(), &lines(&rows)), "per row, {levels}");
            let short: Vec<Vec<f32>> = (0..8).map(|row| rounded(&noise(48, row), levels)).collect();
            assert!(is_quantised(&short.concat(), &lines(&short)), "short rows, {levels}");
        }
        for (size, levels) in [(32, 7.0), (32, 127.0), (64, 7.0), (128, 127.0)] {
            let stretch: Vec<f32> = (0..8).flat_map(|group| rounded(&noise(size, group), levels)).collect();
            let lines = Lines { whole: Vec::new(), stretches: vec![stretch.clone()] };
            assert!(is_quantised(&stretch, &lines), "groups of {size}, {levels}");
        }
    }

    #[test]
    fn weights_of_every_precision_and_pruned_ones_are_not() {
        for seed in 0..20 {
            let values = noise(2048, seed);
            let half: Vec<f32> = values.iter().map(|v| half::f16::from_f32(*v).to_f32()).collect();
            let bf16: Vec<f32> = values.iter().map(|v| half::bf16::from_f32(*v).to_f32()).collect();
            let pruned: Vec<f32> = values.iter().map(|v| if v.abs() < 1.5 { 0.0 } else { *v }).collect();
            for kind in [values, half, bf16, pruned] {
                let cut = |size: usize| kind.chunks(size).map(<[f32]>::to_vec).collect::<Vec<_>>();
                let lines = Lines { whole: vec![cut(512), cut(48), cut(64)], stretches: cut(1024) };
                assert!(!is_quantised(&kind, &lines));
            }
        }
    }
}
