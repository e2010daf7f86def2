//! Stage two: the same rows and columns in another order, by their sorted norms.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    compare::median,
    profile::Profile,
    sketch::{Sketch, TensorSketch},
    view::{Canonical, View},
};

/// Profiles that are this close belong to permuted models. Unrelated models of one family lie about 1 apart.
pub(super) const PERMUTED: f64 = 0.25;

/// How far apart two whole models are; `None` when too little can be compared.
pub(super) fn distance(a: &Sketch, b: &Sketch) -> Option<f64> {
    of_tensors(&a.tensors.iter().collect::<Vec<_>>(), &b.tensors.iter().collect::<Vec<_>>(), false)
}

/// The median distance of the profiles of tensors of the same shape, nearest pairs first. Vectors do not count beside
/// matrices: any order of their values has one profile. With `scattered`, the same values in any order are at distance
/// 0, which is evidence only for a few tensors of models that are otherwise alike.
pub(super) fn of_tensors(a: &[&TensorSketch], b: &[&TensorSketch], scattered: bool) -> Option<f64> {
    let (ours, theirs) = (profiled(a), profiled(b));
    for vectors in [false, true] {
        let (ours, theirs) = (of_shape(&ours, vectors), of_shape(&theirs, vectors));
        let smaller: f64 = weight(&ours).min(weight(&theirs));
        let mut distances = Vec::new();
        for (canonical, group) in &ours {
            if let Some(other) = theirs.get(canonical) {
                nearest(*canonical, group, other, scattered, &mut distances);
            }
        }
        let compared: f64 = distances.iter().map(|(_, weight)| weight).sum();
        if compared > 0.0 && compared * 2.0 >= smaller {
            return Some(median(distances.into_iter()));
        }
        if smaller > 0.0 {
            return None;
        }
    }
    None
}

type Groups<'a> = BTreeMap<Canonical, Vec<&'a Profile>>;

fn of_shape<'a>(tensors: &[(Canonical, &'a Profile)], vectors: bool) -> Groups<'a> {
    let mut groups = Groups::new();
    for (canonical, profile) in tensors.iter().filter(|(canonical, _)| canonical.is_vector() == vectors) {
        groups.entry(*canonical).or_default().push(*profile);
    }
    groups
}

fn weight(groups: &Groups<'_>) -> f64 {
    groups.iter().map(|(canonical, group)| counted(*canonical) * group.len() as f64).sum()
}

/// Profiles of many lines tell more.
fn counted(canonical: Canonical) -> f64 {
    (canonical.short.saturating_add(canonical.long) as f64).sqrt()
}

fn profiled<'a>(tensors: &[&'a TensorSketch]) -> Vec<(Canonical, &'a Profile)> {
    let usable = |tensor: &&'a TensorSketch| {
        let canonical = View::of(&tensor.shape)?.canonical();
        Some((canonical, tensor.profile.as_ref().filter(|_| !tensor.regular)?))
    };
    tensors.iter().filter_map(usable).collect()
}

/// Of one shape; more would take long and tell nothing new.
const MOST: usize = 512;

/// Pairs up the tensors of one shape, the nearest first.
fn nearest(
    canonical: Canonical,
    a: &[&Profile],
    b: &[&Profile],
    scattered: bool,
    distances: &mut Vec<(f64, f64)>,
) {
    let mut pairs = Vec::new();
    for (i, one) in a.iter().take(MOST).enumerate() {
        for (j, other) in b.iter().take(MOST).enumerate() {
            let distance = match scattered && one.values == other.values {
                true => Some(0.0),
                false => one.distance(other, canonical.is_square()),
            };
            pairs.extend(distance.map(|distance| (distance, i, j)));
        }
    }
    pairs.sort_by(|one, other| one.0.total_cmp(&other.0).then((one.1, one.2).cmp(&(other.1, other.2))));
    let (mut left, mut right) = (BTreeSet::new(), BTreeSet::new());
    for (distance, i, j) in pairs {
        if !left.contains(&i) && !right.contains(&j) {
            left.insert(i);
            right.insert(j);
            distances.push((distance, counted(canonical)));
        }
    }
}
