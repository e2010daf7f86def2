//! How good a ranking is, and how sure we may be of that.

use serde::{Deserialize, Serialize};

use crate::random::Random;

/// A score and whether it should be high.
pub type Scored = (f64, bool);

/// Area under the receiver operating characteristic: the chance that a positive scores above a negative, ties counted
/// half (Mann and Whitney). `None` when one of the labels does not occur.
pub fn auc(scores: &[Scored]) -> Option<f64> {
    let mut sorted: Vec<&Scored> = scores.iter().collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut positives, mut negatives, mut wins) = (0.0, 0.0, 0.0);
    for tie in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let up = number(tie.iter().filter(|score| score.1).count());
        let down = number(tie.len()) - up;
        wins += up * (negatives + down / 2.0);
        positives += up;
        negatives += down;
    }
    (positives > 0.0 && negatives > 0.0).then(|| wins / (positives * negatives))
}

/// The share of positives among the `k` highest scores (all, when there are fewer). Ties at the border count by their
/// own share, so that the order of the input does not matter. `None` without scores.
pub fn precision_at(scores: &[Scored], k: usize) -> Option<f64> {
    let k = k.min(scores.len());
    if k == 0 {
        return None;
    }
    let mut sorted: Vec<&Scored> = scores.iter().collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut left, mut hits) = (k, 0.0);
    for tie in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let taken = left.min(tie.len());
        let share = number(tie.iter().filter(|score| score.1).count()) / number(tie.len());
        hits += share * number(taken);
        left -= taken;
        if left == 0 {
            break;
        }
    }
    Some(hits / number(k))
}

/// Precision, recall and their harmonic mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Of what was flagged, the share that is positive.
    pub precision: f64,
    /// Of what is positive, the share that was flagged.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

/// What flagging every score at or above a threshold gives. A threshold of minus infinity flags everything.
pub fn decide(scores: &[Scored], threshold: f64) -> Decision {
    let flagged = scores.iter().filter(|score| score.0 >= threshold);
    let (mut hits, mut all) = (0, 0);
    for score in flagged {
        all += 1;
        hits += usize::from(score.1);
    }
    let positives = scores.iter().filter(|score| score.1).count();
    let precision = ratio(hits, all);
    let recall = ratio(hits, positives);
    let f1 = if hits == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
    Decision { precision, recall, f1 }
}

/// How well probabilities match what happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationError {
    /// Mean squared distance between probability and label (Brier 1950).
    pub brier: f64,
    /// Expected calibration error over ten bins of equal width (Naeini et al. 2015).
    pub expected: f64,
}

/// Measures probabilities against labels.
pub fn calibration_error(probabilities: &[Scored]) -> CalibrationError {
    let total = number(probabilities.len()).max(1.0);
    let truth = |label: bool| if label { 1.0 } else { 0.0 };
    let brier = probabilities.iter().map(|(p, label)| (p - truth(*label)).powi(2)).sum::<f64>() / total;
    let mut expected = 0.0;
    for bin in 0..10 {
        let (low, high) = (number(bin) / 10.0, number(bin + 1) / 10.0);
        let inside = probabilities.iter().filter(|(p, _)| *p >= low && (*p < high || bin == 9));
        let (mut gap, mut count) = (0.0, 0);
        for (p, label) in inside {
            gap += p - truth(*label);
            count += 1;
        }
        if count > 0 {
            expected += gap.abs() / total;
        }
    }
    CalibrationError { brier, expected }
}

/// A figure with the interval in which it lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The figure on the whole sample.
    pub value: f64,
    /// 2.5th percentile of the resamples.
    pub low: f64,
    /// 97.5th percentile of the resamples.
    pub high: f64,
}

/// Bootstrap interval (Efron 1979) of a figure over groups that are drawn whole: texts of one group resemble each
/// other, and drawing them one by one would feign more evidence than there is. `None` when the figure cannot be
/// computed on the whole sample.
pub fn bootstrap<T: Clone>(
    items: &[T],
    groups: &[usize],
    resamples: usize,
    seed: u64,
    figure: impl Fn(&[T]) -> Option<f64>,
) -> Option<Interval> {
    let value = figure(items)?;
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let mut members: Vec<Vec<&T>> = vec![Vec::new(); count];
    for (item, group) in items.iter().zip(groups) {
        if let Some(group) = members.get_mut(*group) {
            group.push(item);
        }
    }
    let mut random = Random::new(seed);
    let mut figures: Vec<f64> = (0..resamples)
        .filter_map(|_| {
            let drawn = (0..count).filter_map(|_| members.get(random.below(count)));
            let sample: Vec<T> = drawn.flatten().map(|item| (*item).clone()).collect();
            figure(&sample)
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    let at = |per_mille: usize| figures.get(figures.len().saturating_sub(1) * per_mille / 1000).copied();
    Some(Interval { value, low: at(25).unwrap_or(value), high: at(975).unwrap_or(value) })
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { number(part) / number(whole) }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of texts are far below 2^52")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_area_is_that_of_the_textbook_example() {
        // Fawcett 2006, "An introduction to ROC analysis", figure 3: 20 scored instances, area 0.68.
        let labels = "1101110010101000101 0".replace(' ', "");
        let scores: Vec<Scored> =
            labels.bytes().enumerate().map(|(rank, label)| (-number(rank), label == b'1')).collect();
        let pairs: f64 = scores
            .iter()
            .filter(|a| a.1)
            .flat_map(|a| scores.iter().filter(|b| !b.1).map(move |b| f64::from(u8::from(a.0 > b.0))))
            .sum();
        assert!((auc(&scores).unwrap() - pairs / 100.0).abs() < 1e-12);
        assert!((auc(&scores).unwrap() - 0.68).abs() < 0.011);
    }

    proptest! {
        #[test]
        fn the_area_equals_the_count_of_pairs(scores in prop::collection::vec((0_u8..6, any::<bool>()), 2..40)) {
            let scores: Vec<Scored> = scores.into_iter().map(|(s, l)| (f64::from(s), l)).collect();
            let (mut wins, mut pairs) = (0.0, 0.0);
            for up in scores.iter().filter(|s| s.1) {
                for down in scores.iter().filter(|s| !s.1) {
                    pairs += 1.0;
                    wins += if up.0 > down.0 { 1.0 } else if up.0 == down.0 { 0.5 } else { 0.0 };
                }
            }
            match auc(&scores) {
                Some(area) => prop_assert!((area - wins / pairs).abs() < 1e-9),
                None => prop_assert!(pairs == 0.0),
            }
        }
    }

    #[test]
    fn precision_at_k_does_not_depend_on_the_order_of_ties() {
        let mut scores = vec![(1.0, true), (0.5, true), (0.5, false), (0.5, false), (0.1, true)];
        let expected = (1.0 + 2.0 / 3.0) / 3.0;
        for _ in 0..5 {
            scores.rotate_left(1);
            assert!((precision_at(&scores, 3).unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!(precision_at(&scores, 100), Some(0.6));
        assert_eq!(precision_at(&[], 3), None);
    }

    #[test]
    fn flagging_everything_has_full_recall_and_the_base_rate_as_precision() {
        let scores = [(0.1, true), (0.2, false), (0.3, false), (0.4, true)];
        let all = decide(&scores, f64::NEG_INFINITY);
        assert_eq!((all.precision, all.recall), (0.5, 1.0));
        assert!((all.f1 - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(decide(&scores, 9.0), Decision::default());
    }

    #[test]
    fn perfect_probabilities_have_no_error_and_the_reverse_has_all() {
        let right = calibration_error(&[(1.0, true), (0.0, false)]);
        assert!(right.brier == 0.0 && right.expected == 0.0);
        let wrong = calibration_error(&[(0.0, true), (1.0, false)]);
        assert!(wrong.brier == 1.0 && wrong.expected == 1.0);
    }

    #[test]
    fn the_interval_covers_the_figure_and_narrows_with_more_groups() {
        let interval = |groups: usize| {
            let items: Vec<Scored> =
                (0..groups * 4).map(|i| (number((i * 7919) % 101), (i * 31) % 3 == 0)).collect();
            let groups: Vec<usize> = (0..items.len()).map(|i| i / 4).collect();
            bootstrap(&items, &groups, 300, 1, auc).unwrap()
        };
        let (few, many) = (interval(10), interval(250));
        assert!(few.low <= few.value && few.value <= few.high);
        assert!(many.high - many.low < few.high - few.low);
        assert_eq!(few, interval(10));
    }
}
