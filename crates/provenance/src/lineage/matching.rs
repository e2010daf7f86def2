//! Which tensor of one model is which of the other, whatever they are called and in whichever order they stand.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    pair::Samples,
    sketch::{Sketch, TensorSketch},
    view::{Canonical, View},
};

/// A correlation that settles at once that two tensors of the same name are each other's.
const SETTLED: f64 = 0.5;
/// How many pairs are compared at most, besides those of one name; mixtures of hundreds of experts have more.
const MOST_PAIRS: usize = 4_000_000;
/// The same for tensors that were resized.
const MOST_RESIZED: usize = 100_000;

/// Two tensors that belong together, as places in the sketches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Match {
    pub(super) a: usize,
    pub(super) b: usize,
    /// |r| over the sampled positions.
    pub(super) correlation: f64,
    /// What unrelated tensors may reach, given how many were to choose from.
    pub(super) noise: f64,
    /// How much it counts.
    pub(super) weight: f64,
    /// Are rows of the one columns of the other (squares only: other shapes tell by themselves)?
    pub(super) mirrored: bool,
    /// Compared over their first rows only, because one has more rows.
    pub(super) resized: bool,
}

impl Match {
    /// The correlation above what chance gives: 0 for unrelated tensors, 1 for equal ones.
    pub(super) fn adjusted(&self) -> f64 {
        ((self.correlation - self.noise) / (1.0 - self.noise).max(f64::EPSILON)).clamp(0.0, 1.0)
    }
}

/// A tensor that can tell something.
pub(super) struct Informative<'a> {
    pub(super) index: usize,
    pub(super) tensor: &'a TensorSketch,
    pub(super) canonical: Canonical,
    pub(super) samples: Samples,
    pub(super) weight: f64,
}

/// Samples that a tensor must have to tell anything.
const FEWEST: usize = 16;

/// The tensors that no formula makes, with their samples.
pub(super) fn informative(sketch: &Sketch) -> Vec<Informative<'_>> {
    let usable = |(index, tensor)| {
        let tensor: &TensorSketch = tensor;
        let canonical = View::of(&tensor.shape)?.canonical();
        if tensor.regular || tensor.samples.len() < FEWEST {
            return None;
        }
        let samples = Samples::of(&tensor.samples.values());
        if samples.is_constant() {
            return None;
        }
        Some(Informative { index, tensor, canonical, weight: weight(tensor, canonical), samples })
    };
    sketch.tensors.iter().enumerate().filter_map(usable).collect()
}

/// Matrices count by their samples; vectors (biases, norms) less, for they stay near where they began in every model.
fn weight(tensor: &TensorSketch, canonical: Canonical) -> f64 {
    let samples = tensor.samples.len() as f64;
    if canonical.is_vector() { samples / 8.0 } else { samples }
}

/// Pairs up the tensors of two models, each at most once.
pub(super) fn matches(a: &[Informative<'_>], b: &[Informative<'_>]) -> Vec<Match> {
    let mut groups: BTreeMap<Canonical, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (place, tensor) in a.iter().enumerate() {
        groups.entry(tensor.canonical).or_default().0.push(place);
    }
    for (place, tensor) in b.iter().enumerate() {
        if let Some(group) = groups.get_mut(&tensor.canonical) {
            group.1.push(place);
        }
    }
    let mut found = Vec::new();
    let mut budget = MOST_PAIRS;
    for (ours, theirs) in groups.into_values().filter(|(_, theirs)| !theirs.is_empty()) {
        let ours: Vec<&Informative<'_>> = ours.iter().filter_map(|place| a.get(*place)).collect();
        let theirs: Vec<&Informative<'_>> = theirs.iter().filter_map(|place| b.get(*place)).collect();
        group(&ours, &theirs, &mut budget, &mut found);
    }
    resized(a, b, &mut found);
    found
}

/// One shape: names are tried first, for they are mostly right, then everything with everything.
fn group(a: &[&Informative<'_>], b: &[&Informative<'_>], budget: &mut usize, found: &mut Vec<Match>) {
    let Some(first) = a.first() else { return };
    let mirror = (first.canonical.is_square() && first.canonical.short > 1).then(|| first.canonical.mirror());
    let mirrored: Option<Vec<Samples>> =
        mirror.as_ref().map(|places| b.iter().map(|tensor| tensor.samples.reordered(places)).collect());
    let compare = |one: &Informative<'_>, at: usize, other: &Informative<'_>| {
        let straight = one.samples.correlation(&other.samples).abs();
        let crossed =
            mirrored.as_ref().and_then(|all| all.get(at)).map(|other| one.samples.correlation(other).abs());
        match crossed {
            Some(crossed) if crossed > straight => (crossed, true),
            _ => (straight, false),
        }
    };
    let by_name: BTreeMap<&str, usize> =
        b.iter().enumerate().map(|(at, tensor)| (tensor.tensor.name.as_str(), at)).collect();
    let (mut taken, mut settled) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (i, one) in a.iter().enumerate() {
        let Some((at, other)) =
            by_name.get(one.tensor.name.as_str()).and_then(|at| Some((*at, *b.get(*at)?)))
        else {
            continue;
        };
        let (correlation, crossed) = compare(one, at, other);
        if correlation >= SETTLED && taken.insert(at) {
            settled.insert(i);
            pairs.push((correlation, i, at, crossed));
        }
    }
    let left =
        |count: usize, gone: &BTreeSet<usize>| (0..count).filter(|at| !gone.contains(at)).collect::<Vec<_>>();
    let (ours, theirs) = (left(a.len(), &settled), left(b.len(), &taken));
    let mut open = Vec::new();
    'all: for i in &ours {
        for at in &theirs {
            let Some(left) = budget.checked_sub(1) else { break 'all };
            *budget = left;
            if let (Some(one), Some(other)) = (a.get(*i), b.get(*at)) {
                let (correlation, crossed) = compare(one, *at, other);
                open.push((correlation, *i, *at, crossed));
            }
        }
    }
    let choices = open.len();
    // Best first; ties by place, so that the result does not depend on anything else.
    open.sort_by(|one, other| other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2))));
    for pair in open {
        if !settled.contains(&pair.1) && !taken.contains(&pair.2) {
            settled.insert(pair.1);
            taken.insert(pair.2);
            pairs.push(pair);
        }
    }
    for (correlation, i, at, crossed) in pairs {
        let (Some(one), Some(other)) = (a.get(i), b.get(at)) else { continue };
        found.push(Match {
            a: one.index,
            b: other.index,
            correlation,
            noise: noise(one.samples.unit.len(), choices * if mirror.is_some() { 2 } else { 1 }),
            weight: one.weight,
            mirrored: crossed,
            resized: false,
        });
    }
}

/// What the largest of so many |r| of unrelated tensors stays below, 999 times in 1000: `P(max |r| > t)` is at most
/// `2·choices·exp(-n·t²/2)`.
fn noise(samples: usize, choices: usize) -> f64 {
    let choices = choices.max(1) as f64;
    (2.0 * ((2.0 * choices).ln() + 1000f64.ln()) / samples.max(1) as f64).sqrt().min(0.95)
}

/// Tensors whose shapes differ in the number of rows alone, by their first rows.
fn resized(a: &[Informative<'_>], b: &[Informative<'_>], found: &mut Vec<Match>) {
    let (used_a, used_b): (BTreeSet<usize>, BTreeSet<usize>) =
        found.iter().map(|pair| (pair.a, pair.b)).unzip();
    let mut taken = BTreeSet::new();
    let mut budget = MOST_RESIZED;
    let left = |tensors: &'_ [Informative<'_>], used: &BTreeSet<usize>| {
        let open =
            |tensor: &Informative<'_>| !tensor.tensor.anchors.is_empty() && !used.contains(&tensor.index);
        (0..tensors.len()).filter(|at| tensors.get(*at).is_some_and(open)).collect::<Vec<_>>()
    };
    let (ours, theirs) = (left(a, &used_a), left(b, &used_b));
    for one in ours.iter().filter_map(|at| a.get(*at)) {
        let mut best: Option<(f64, usize, f64, usize)> = None;
        for other in theirs.iter().filter_map(|at| b.get(*at)) {
            if taken.contains(&other.index) {
                continue;
            }
            let Some(left) = budget.checked_sub(1) else { return };
            budget = left;
            if let Some((correlation, samples)) = anchored(one.tensor, other.tensor)
                && best.is_none_or(|best| correlation > best.0)
            {
                best = Some((correlation, other.index, one.weight.min(other.weight), samples));
            }
        }
        if let Some((correlation, b, weight, samples)) = best {
            taken.insert(b);
            found.push(Match {
                a: one.index,
                b,
                correlation,
                noise: noise(samples, 4),
                weight,
                mirrored: false,
                resized: true,
            });
        }
    }
}

/// |r| over the first rows of two tensors with the same columns, and how many samples it rests on.
fn anchored(a: &TensorSketch, b: &TensorSketch) -> Option<(f64, usize)> {
    let (of_a, of_b) = (View::of(&a.shape)?, View::of(&b.shape)?);
    if of_a.columns != of_b.columns || of_a.rows == of_b.rows {
        return None;
    }
    a.anchors.iter().rev().find_map(|anchor| {
        let other = b.anchors.iter().find(|other| other.octave == anchor.octave)?;
        let (one, other) = (Samples::of(&anchor.samples.values()), Samples::of(&other.samples.values()));
        (one.unit.len() == other.unit.len() && one.unit.len() >= FEWEST)
            .then(|| (one.correlation(&other).abs(), one.unit.len()))
    })
}
