//! Stage two: the same rows and columns in another order, by their sorted norms.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    compare::median,
    sketch::{Sketch, TensorSketch},
    view::{Canonical, View},
};

/// Profiles that are this close belong to permuted models. Unrelated models of one family lie about 1 apart.
pub(super) const PERMUTED: f64 = 0.25;

/// The median distance of the profiles of tensors of the same shape, best pairs first; `None` when too little can be
/// compared. Vectors do not count beside matrices: any order of their values has one profile.
pub(super) fn distance(a: &Sketch, b: &Sketch) -> Option<f64> {
    let (ours, theirs) = (profiled(a), profiled(b));
    let of_shape = |tensors: &[(Canonical, &TensorSketch)], vectors: bool| {
        let mut groups: BTreeMap<Canonical, Vec<TensorSketch>> = BTreeMap::new();
        for (canonical, tensor) in tensors.iter().filter(|(canonical, _)| canonical.is_vector() == vectors) {
            groups.entry(*canonical).or_default().push((*tensor).clone());
        }
        groups
    };
    for vectors in [false, true] {
        let (ours, theirs) = (of_shape(&ours, vectors), of_shape(&theirs, vectors));
        let smaller: f64 = weight(&ours).min(weight(&theirs));
        let mut distances = Vec::new();
        for (canonical, group) in &ours {
            if let Some(other) = theirs.get(canonical) {
                nearest(*canonical, group, other, &mut distances);
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

fn weight(groups: &BTreeMap<Canonical, Vec<TensorSketch>>) -> f64 {
    groups.iter().map(|(canonical, group)| counted(*canonical) * group.len() as f64).sum()
}

/// Profiles of many lines tell more.
fn counted(canonical: Canonical) -> f64 {
    (canonical.short.saturating_add(canonical.long) as f64).sqrt()
}

fn profiled(sketch: &Sketch) -> Vec<(Canonical, &TensorSketch)> {
    let usable = |tensor| {
        let tensor: &TensorSketch = tensor;
        let canonical = View::of(&tensor.shape)?.canonical();
        (!tensor.regular && tensor.profile.is_some()).then_some((canonical, tensor))
    };
    sketch.tensors.iter().filter_map(usable).collect()
}

/// Pairs up the tensors of one shape, the nearest first.
fn nearest(canonical: Canonical, a: &[TensorSketch], b: &[TensorSketch], distances: &mut Vec<(f64, f64)>) {
    /// Of one shape; more would take long and tell nothing new.
    const MOST: usize = 512;
    let mut pairs = Vec::new();
    for (i, one) in a.iter().take(MOST).enumerate() {
        for (j, other) in b.iter().take(MOST).enumerate() {
            if let (Some(one), Some(other)) = (&one.profile, &other.profile)
                && let Some(distance) = one.distance(other, canonical.is_square())
            {
                pairs.push((distance, i, j));
            }
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
