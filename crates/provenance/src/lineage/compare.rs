//! Is one model a descendant of the other, and how?

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    matching::{self, Informative, Match},
    pair::Traits,
    permuted,
    sketch::{Sketch, TensorSketch},
};

/// How the second model relates to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// The same values, whatever the tensors are called; single tensors may be scaled by a factor.
    SameWeights,
    /// The same values in another floating-point precision.
    SameWeightsCast,
    /// One of them has its values on a coarse grid: integers, 8-bit floats, blocks.
    Quantised,
    /// The same model trained further, with or without other heads and layers.
    Finetuned,
    /// Values or layers were taken out.
    Pruned,
    /// A weighted mean with weights of another origin.
    Merge,
    /// The same rows and columns in another order.
    Permuted,
    /// A low-rank update of the other.
    Adapter,
    /// Nothing in common.
    Unrelated,
}

impl Relation {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameWeights => "same-weights",
            Self::SameWeightsCast => "same-weights-cast",
            Self::Quantised => "quantised",
            Self::Finetuned => "finetuned",
            Self::Pruned => "pruned",
            Self::Merge => "merge",
            Self::Permuted => "permuted",
            Self::Adapter => "adapter",
            Self::Unrelated => "unrelated",
        }
    }
}

/// Which of two related models descends from the other, when the weights tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Descent {
    /// The second from the first.
    BFromA,
    /// The first from the second.
    AFromB,
    /// Either, or both from a third.
    Unknown,
}

/// Two tensors that were found to belong together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TensorMatch {
    /// Name in the first model.
    pub a: String,
    /// Name in the second.
    pub b: String,
    /// Shape in the first model, outermost size first.
    pub shape: Vec<u64>,
    /// |Pearson's r| over the sampled positions, 0 to 1.
    pub correlation: f64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Is one a descendant of the other, or both of a third?
    pub related: bool,
    /// How.
    pub relation: Relation,
    /// 0 for what chance gives, 1 for equal weights: the weighted median of the tensors' correlations, less what
    /// unrelated tensors may reach by chance. For permuted models, one less the distance of the norm profiles.
    pub score: f64,
    /// Which descends from which.
    pub descent: Descent,
    /// Share of the first model's weight, by samples, that has a counterpart in the second.
    pub shared_a: f64,
    /// The reverse.
    pub shared_b: f64,
    /// Tensors that belong together, those that decide first.
    pub tensors: Vec<TensorMatch>,
    /// What to know about this answer.
    pub notes: Vec<String>,
}

impl Comparison {
    /// What is known of two models whose sketches are the same.
    pub(super) fn of_copies() -> Self {
        Self {
            related: true,
            relation: Relation::SameWeights,
            score: 1.0,
            descent: Descent::Unknown,
            shared_a: 1.0,
            shared_b: 1.0,
            tensors: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// The score from which two models are related. Unrelated pairs of `bench/provenance/lineage.py` stay below 0.02.
pub const RELATED: f64 = 0.12;
/// An adjusted correlation from which a single tensor counts as shared.
const SHARED: f64 = 0.3;
/// Share of the smaller model that must be shared when the median says no.
const SHARE: f64 = 0.4;

/// Compares two sketches.
pub fn compare(a: &Sketch, b: &Sketch) -> Comparison {
    let (ours, theirs) = (matching::informative(a), matching::informative(b));
    let mut pairs = matching::matches(&ours, &theirs);
    pairs.sort_by(|one, other| {
        other
            .weight
            .total_cmp(&one.weight)
            .then(other.correlation.total_cmp(&one.correlation))
            .then(one.a.cmp(&other.a))
    });
    let mut notes = Vec::new();
    if a.is_adapter() != b.is_adapter() {
        notes.push(
            "one of them is a low-rank adapter: its weights do not tell which model it belongs to".to_owned(),
        );
    }
    for (name, tensors) in [("first", &ours), ("second", &theirs)] {
        if tensors.is_empty() {
            notes.push(format!("the {name} model has no tensor that tells anything"));
        }
    }
    let score = median(pairs.iter().map(|pair| (pair.adjusted(), pair.weight)));
    let shared: Vec<&Match> = pairs.iter().filter(|pair| pair.adjusted() >= SHARED).collect();
    let share = |tensors: &[Informative<'_>], of: &dyn Fn(&Match) -> usize| {
        let used: BTreeSet<usize> = shared.iter().map(|pair| of(pair)).collect();
        let weight = |kept: &dyn Fn(usize) -> bool| {
            tensors.iter().filter(|tensor| kept(tensor.index)).map(|tensor| tensor.weight).sum::<f64>()
        };
        let all = weight(&|_| true);
        if all > 0.0 { weight(&|index| used.contains(&index)) / all } else { 0.0 }
    };
    let (shared_a, shared_b) = (share(&ours, &|pair| pair.a), share(&theirs, &|pair| pair.b));
    let mostly = shared.len() >= 2 && shared_a.max(shared_b) >= SHARE;
    let tensors = listed(a, b, &pairs);
    let answer = |related, relation, score, descent, notes| Comparison {
        related,
        relation,
        score,
        descent,
        shared_a,
        shared_b,
        tensors,
        notes,
    };
    if score < RELATED && !mostly {
        if let Some(distance) = permuted::distance(a, b).filter(|distance| *distance < permuted::PERMUTED) {
            let score = (1.0 - distance).clamp(0.0, 1.0);
            return answer(true, Relation::Permuted, score, Descent::Unknown, notes);
        }
        return answer(false, Relation::Unrelated, score, Descent::Unknown, notes);
    }
    let score = if score < RELATED {
        median(shared.iter().map(|pair| (pair.adjusted(), pair.weight)))
    } else {
        score
    };
    let evidence = Evidence::of(&ours, &theirs, &pairs);
    let (relation, descent) = evidence.relation(shared_a, shared_b);
    answer(true, relation, score, descent, notes)
}

/// The weighted median; zero of nothing.
pub(super) fn median(values: impl Iterator<Item = (f64, f64)>) -> f64 {
    let mut values: Vec<(f64, f64)> = values.collect();
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let half = values.iter().map(|value| value.1).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (value, weight) in values {
        sum += weight;
        if sum >= half {
            return value;
        }
    }
    0.0
}

fn listed(a: &Sketch, b: &Sketch, pairs: &[Match]) -> Vec<TensorMatch> {
    let one = |pair: &Match| {
        let (a, b) = (a.tensors.get(pair.a)?, b.tensors.get(pair.b)?);
        Some(TensorMatch {
            a: a.name.clone(),
            b: b.name.clone(),
            shape: a.shape.clone(),
            correlation: (pair.correlation.min(1.0) * 1e6).round() / 1e6,
        })
    };
    pairs.iter().filter_map(one).collect()
}

/// What the matched tensors show together.
struct Evidence {
    /// Traits, weight, and whether either is quantised.
    traits: Vec<(Traits, f64, [bool; 2])>,
    /// A tensor that is surely shared, of which some values differ and not by a factor.
    changed: bool,
    /// One of those differs by more than rounding does.
    tuned: bool,
    /// Matched over the first rows alone.
    resized: bool,
    /// Matched tensors whose element types differ.
    other_types: bool,
    /// Matrices without a counterpart, in each model.
    alone: [usize; 2],
    /// Are those without one the same in another order?
    reordered: bool,
}

/// Share of the weight that must show a trait.
const MOST: f64 = 0.6;
/// Correlation below which equally large weights are a mean rather than trained apart.
const SPHERICAL: f64 = 0.93;

/// Rounding leaves a higher correlation, even where half precision runs out of exponents.
const ROUNDED: f64 = 0.999_95;

/// Of tensors that were read whole, are all values the same, whatever their order?
fn may_hold_the_same(a: &TensorSketch, b: &TensorSketch) -> bool {
    a.profile.as_ref().zip(b.profile.as_ref()).is_none_or(|(a, b)| a.values == b.values)
}

impl Evidence {
    fn of<'a>(ours: &[Informative<'a>], theirs: &[Informative<'a>], pairs: &[Match]) -> Self {
        let mut evidence = Self {
            traits: Vec::new(),
            changed: false,
            tuned: false,
            resized: false,
            other_types: false,
            alone: [0, 0],
            reordered: false,
        };
        let mut used = (BTreeSet::new(), BTreeSet::new());
        let by_index = |tensors: &'_ [Informative<'a>]| {
            tensors
                .iter()
                .map(|tensor| (tensor.index, (tensor.tensor, tensor.canonical)))
                .collect::<BTreeMap<_, _>>()
        };
        let (of_a, of_b) = (by_index(ours), by_index(theirs));
        for pair in pairs.iter().filter(|pair| pair.adjusted() > 0.0) {
            used.0.insert(pair.a);
            used.1.insert(pair.b);
            let (Some((one, _)), Some((other, canonical))) = (of_a.get(&pair.a), of_b.get(&pair.b)) else {
                continue;
            };
            if pair.resized {
                evidence.resized = true;
                continue;
            }
            let mirror = pair.mirrored.then(|| canonical.mirror());
            let mut traits = Traits::of(one, other, mirror.as_deref());
            // Mirrored samples stand in another order, so their fingerprint is another one.
            traits.identical |= pair.mirrored && traits.is_proportional() && !traits.scaled;
            traits.identical &= may_hold_the_same(one, other);
            let changed = pair.adjusted() >= SHARED && !traits.identical && !traits.scaled;
            evidence.changed |= changed;
            evidence.tuned |= changed && !traits.rounded && traits.correlation.abs() < ROUNDED;
            evidence.other_types |= one.kind() != other.kind();
            evidence.traits.push((traits, pair.weight, [one.quantised, other.quantised]));
        }
        // Vectors that stay where they began are alike in no model; they do not make a model another one.
        let alone = |tensors: &[Informative<'a>], used: &BTreeSet<usize>| {
            let left =
                |tensor: &&Informative<'a>| !tensor.canonical.is_vector() && !used.contains(&tensor.index);
            tensors.iter().filter(left).map(|tensor| tensor.tensor).collect::<Vec<_>>()
        };
        let left = [alone(ours, &used.0), alone(theirs, &used.1)];
        let [left_a, left_b] = &left;
        evidence.alone = [left_a.len(), left_b.len()];
        evidence.reordered =
            permuted::of_tensors(left_a, left_b, true).is_some_and(|distance| distance < permuted::PERMUTED);
        evidence
    }

    /// The share of the weight for which something holds.
    fn share(&self, holds: impl Fn(&Traits, [bool; 2]) -> bool) -> f64 {
        let all: f64 = self.traits.iter().map(|entry| entry.1).sum();
        let kept: f64 =
            self.traits.iter().filter(|entry| holds(&entry.0, entry.2)).map(|entry| entry.1).sum();
        if all > 0.0 { kept / all } else { 0.0 }
    }

    fn middle(&self, of: impl Fn(&Traits) -> f64) -> f64 {
        median(self.traits.iter().map(|entry| (of(&entry.0), entry.1)))
    }

    fn relation(&self, shared_a: f64, shared_b: f64) -> (Relation, Descent) {
        if self.reordered {
            return (Relation::Permuted, Descent::Unknown);
        }
        let same = |traits: &Traits, _: [bool; 2]| traits.identical || traits.scaled;
        if self.share(same) > 0.999 && !self.changed {
            return self.of_equal_values(Relation::SameWeights);
        }
        if let Some(descent) = self.quantised() {
            return (Relation::Quantised, descent);
        }
        let rounded = |traits: &Traits, _: [bool; 2]| traits.identical || traits.rounded || traits.scaled;
        if self.share(rounded) > 0.95 && !self.tuned {
            return self.of_equal_values(Relation::SameWeightsCast);
        }
        if let Some(descent) = self.pruned() {
            return (Relation::Pruned, descent);
        }
        if let Some(descent) = self.merged() {
            return (Relation::Merge, descent);
        }
        let descent = if shared_a > 0.999 && shared_b < 0.999 && self.alone[1] > 0 && self.alone[0] == 0 {
            Descent::BFromA
        } else if shared_b > 0.999 && shared_a < 0.999 && self.alone[0] > 0 && self.alone[1] == 0 {
            Descent::AFromB
        } else {
            Descent::Unknown
        };
        (Relation::Finetuned, descent)
    }

    /// The values that both have are equal: what of those that only one has?
    fn of_equal_values(&self, equal: Relation) -> (Relation, Descent) {
        match self.alone {
            [0, 0] if self.resized => (Relation::Finetuned, Descent::Unknown),
            [0, 0] if equal == Relation::SameWeights && self.other_types => {
                (Relation::SameWeightsCast, Descent::Unknown)
            }
            [0, 0] => (equal, Descent::Unknown),
            // Layers are missing and nothing was added.
            [_, 0] => (Relation::Pruned, Descent::BFromA),
            [0, _] => (Relation::Finetuned, Descent::BFromA),
            _ => (Relation::Finetuned, Descent::Unknown),
        }
    }

    /// Is one of them quantised and the other not?
    fn quantised(&self) -> Option<Descent> {
        let b = self.share(|_, quantised| quantised[1] && !quantised[0]);
        let a = self.share(|_, quantised| quantised[0] && !quantised[1]);
        let both = self.share(|traits, quantised| quantised[0] && quantised[1] && !traits.identical);
        match () {
            () if b >= MOST => Some(Descent::BFromA),
            () if a >= MOST => Some(Descent::AFromB),
            () if both >= MOST => Some(Descent::Unknown),
            () => None,
        }
    }

    /// Are many values zero in one of them alone, and the others where they were?
    fn pruned(&self) -> Option<Descent> {
        let zeroed = |side: usize| {
            self.share(move |traits, _| traits.zeroed.get(side).is_some_and(|share| *share > 0.02))
        };
        let kept = self.middle(|traits| traits.kept_correlation.abs()) > 0.9;
        match (zeroed(0) >= 0.5, zeroed(1) >= 0.5) {
            (true, false) if kept => Some(Descent::BFromA),
            (false, true) if kept => Some(Descent::AFromB),
            _ => None,
        }
    }

    /// Do values shrink as those of a mean of unrelated weights do? For `b = α·a + (1-α)·c` the regression of `b` on
    /// `a` has slope α, and what it leaves has the size of `(1-α)·c`, with `c` about as large as `a`. Training further
    /// adds to `a` instead: slope 1.
    fn merged(&self) -> Option<Descent> {
        let correlation = self.middle(|traits| traits.correlation.abs());
        let slope = self.middle(|traits| traits.slope.abs());
        let back = self.middle(|traits| traits.correlation.abs().powi(2) / traits.slope.abs().max(1e-9));
        let other =
            |slope: f64| slope * (1.0 / (correlation * correlation) - 1.0).max(0.0).sqrt() / (1.0 - slope);
        let fits = |slope: f64, from: f64, to: f64| slope < 0.95 && (from..to).contains(&other(slope));
        if correlation >= 0.985 {
            return None;
        }
        // A spherical mean is as large as its parents, which look the same from it as it does from them. So do two
        // models that were trained apart, but these stay closer to each other.
        if correlation < SPHERICAL && (slope / correlation - 1.0).abs() < 0.03 {
            return Some(Descent::Unknown);
        }
        if fits(slope, 0.4, 2.5) {
            return Some(Descent::BFromA);
        }
        (fits(back, 0.6, 1.6) && correlation < 0.75).then_some(Descent::AFromB)
    }
}
