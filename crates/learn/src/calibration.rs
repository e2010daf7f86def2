//! Logits into probabilities.

use serde::{Deserialize, Serialize};

/// A line through the logits: `probability = sigmoid(slope × logit + offset)` (Platt 1999).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Never negative: calibration does not change the order.
    pub slope: f64,
    /// The log-odds at logit 0.
    pub offset: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { slope: 1.0, offset: 0.0 }
    }
}

impl Calibration {
    /// Fits the line to logits of texts that were not trained on, by Newton's method with Platt's smoothed targets
    /// and a little ridge. With fewer than one text of each label there is nothing to fit, and the default comes back.
    pub fn fit(logits: &[f32], labels: &[bool]) -> Self {
        let positives = count(labels.iter().filter(|label| **label).count());
        let negatives = count(labels.len()) - positives;
        if positives == 0.0 || negatives == 0.0 {
            return Self::default();
        }
        let high = (positives + 1.0) / (positives + 2.0);
        let low = 1.0 / (negatives + 2.0);
        let mut line = Self { slope: 0.5, offset: 0.0 };
        for _ in 0..50 {
            // Gradient and Hessian of the log loss, with a ridge of one pseudo-observation on the slope.
            let (mut ga, mut gb) = (line.slope - 0.5, 0.0);
            let (mut haa, mut hab, mut hbb) = (1.0, 0.0, 1e-9);
            for (logit, label) in logits.iter().zip(labels) {
                let x = f64::from(*logit);
                let p = line.probability(*logit);
                let error = p - if *label { high } else { low };
                let weight = p * (1.0 - p);
                ga += error * x;
                gb += error;
                haa += weight * x * x;
                hab += weight * x;
                hbb += weight;
            }
            let determinant = haa * hbb - hab * hab;
            if determinant.abs() < 1e-12 {
                break;
            }
            let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
            line.slope = (line.slope - da).clamp(0.0, 100.0);
            line.offset = (line.offset - db).clamp(-100.0, 100.0);
            if da.abs() + db.abs() < 1e-10 {
                break;
            }
        }
        line
    }

    /// The probability that a logit stands for.
    pub fn probability(self, logit: f32) -> f64 {
        sigmoid(self.slope * f64::from(logit) + self.offset)
    }
}

/// `1 / (1 + exp(-x))`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[expect(clippy::cast_precision_loss, reason = "numbers of texts are far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn the_line_that_made_the_labels_is_found_again() {
        let mut random = Random::new(5);
        let logits: Vec<f32> = (0..20_000).map(|_| random.symmetric(4.0)).collect();
        let labels: Vec<bool> =
            logits.iter().map(|x| f64::from(random.uniform()) < sigmoid(0.7 * f64::from(*x) - 0.4)).collect();
        let line = Calibration::fit(&logits, &labels);
        assert!((line.slope - 0.7).abs() < 0.05 && (line.offset + 0.4).abs() < 0.05, "{line:?}");
    }

    #[test]
    fn one_label_alone_separated_labels_and_no_labels_give_finite_lines() {
        assert_eq!(Calibration::fit(&[], &[]), Calibration::default());
        assert_eq!(Calibration::fit(&[1.0, 2.0], &[true, true]), Calibration::default());
        let line = Calibration::fit(&[-1.0, -2.0, 1.0, 2.0], &[false, false, true, true]);
        assert!(line.slope > 0.0 && line.slope.is_finite() && line.offset.is_finite());
        let reversed = Calibration::fit(&[-1.0, -2.0, 1.0, 2.0], &[true, true, false, false]);
        assert!(reversed.slope >= 0.0);
    }
}
