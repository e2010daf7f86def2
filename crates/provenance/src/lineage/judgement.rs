//! What is wrong with a graph: declarations that the weights contradict, licences that ask less than an ancestor's.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use bartizan_core::{Asset, Confidence, Content, Finding};

use super::{
    compare::{Comparison, Descent, Relation},
    graph::{Declared, Edge, EdgeKind, Graph, Member, Node, between},
    licence,
    rules::{LICENCE_LOOSER, LINEAGE_DISAGREES},
};

impl Graph {
    /// Compares what is declared with what the weights show.
    pub(super) fn judge_declarations(
        &mut self,
        members: &[Member],
        ids: &[String],
        observed: &BTreeMap<(usize, usize), Comparison>,
        resolved: &[Vec<(Declared, Vec<usize>)>],
    ) {
        for (at, (member, bases)) in members.iter().zip(resolved).enumerate() {
            for (declared, candidates) in bases {
                // An adapter's weights say nothing about its base.
                if declared.kind == EdgeKind::AdapterOf
                    || member.sketch.is_adapter()
                    || member.sketch.tensors() == 0
                {
                    continue;
                }
                let unrelated = |other: &usize| {
                    let tells = members.get(*other).is_some_and(|other| other.sketch.tensors() > 0);
                    tells && between(observed, at, *other).is_some_and(|comparison| !comparison.related)
                };
                if candidates.is_empty() || !candidates.iter().all(unrelated) {
                    continue;
                }
                let pairs = candidates.iter().filter_map(|other| ids.get(at).zip(ids.get(*other)));
                self.refuted.extend(pairs.map(|(child, base)| (child.clone(), base.clone())));
                let base = candidates.first().and_then(|other| members.get(*other));
                let base = base.map_or(declared.target.as_str(), |base| base.path.as_str());
                let score = candidates
                    .iter()
                    .filter_map(|other| between(observed, at, *other))
                    .map(|comparison| comparison.score)
                    .fold(0.0, f64::max);
                let message = format!(
                    "The {} says that it was made from `{}`, but its weights have nothing in common with those of \
                     `{base}` (score {score:.2}).",
                    declared.source.name(),
                    declared.target
                );
                self.findings.push(
                    Finding::new(&LINEAGE_DISAGREES, &asset(member), message)
                        .confidence(Confidence::Medium)
                        .evidence("declared", &declared.target)
                        .evidence("base", base),
                );
            }
            if member.has_card && bases.is_empty() {
                self.judge_silence(members, at, observed, resolved);
            }
        }
    }

    /// A model with a card that names no base: does it descend from another one? The nearest is named.
    fn judge_silence(
        &mut self,
        members: &[Member],
        at: usize,
        observed: &BTreeMap<(usize, usize), Comparison>,
        resolved: &[Vec<(Declared, Vec<usize>)>],
    ) {
        let Some(member) = members.get(at) else { return };
        let silent = |one: usize| resolved.get(one).is_none_or(Vec::is_empty);
        let declares = |one: usize, base: usize| {
            resolved.get(one).is_some_and(|b| b.iter().any(|(_, of)| of.contains(&base)))
        };
        let judged = |(other, parent): (usize, &'_ Member)| {
            let comparison = between(observed, at, other).filter(|comparison| comparison.related)?;
            let same = matches!(comparison.relation, Relation::SameWeights | Relation::SameWeightsCast);
            if other == at || same || declares(other, at) {
                return None;
            }
            let confidence = match comparison.descent {
                Descent::BFromA if at > other => Confidence::High,
                Descent::AFromB if at < other => Confidence::High,
                // Without a direction, one of two silent cards is wrong; the later one is named.
                Descent::Unknown if at > other && silent(other) => Confidence::Low,
                _ => return None,
            };
            Some((confidence, comparison, parent.path.clone()))
        };
        let nearest = members.iter().enumerate().filter_map(judged).max_by(|one, other| {
            (one.0, one.1.score).partial_cmp(&(other.0, other.1.score)).unwrap_or(Ordering::Equal)
        });
        let Some((confidence, comparison, parent)) = nearest else { return };
        let relation = comparison.relation.name();
        let message = format!(
            "The card names no base model, but the weights are related to those of `{parent}` ({relation}, score {:.2}).",
            comparison.score
        );
        self.findings.push(
            Finding::new(&LINEAGE_DISAGREES, &asset(member), message)
                .confidence(confidence)
                .evidence("base", &parent)
                .evidence("relation", relation),
        );
    }

    /// Compares every model's licence with those of all its ancestors.
    pub(super) fn judge_licences(&mut self) {
        let mut found = Vec::new();
        for node in self.nodes.iter().filter(|node| !node.licences.is_empty()) {
            for ancestor in self.ancestors(&node.id) {
                let Some(missing) = licence::is_looser(&node.licences, &ancestor.licences) else { continue };
                let words: Vec<&str> = missing.iter().map(|term| term.words()).collect();
                let (ours, theirs) = (node.licences.join(" or "), ancestor.licences.join(" or "));
                let message = format!(
                    "Its licence is `{ours}`; `{}`, from which it was made, is under `{theirs}`, which asks {}.",
                    ancestor.name,
                    words.join(" and ")
                );
                let path = node.paths.first().map_or(node.name.as_str(), String::as_str);
                let asset = Asset::new(path, Content::from_bytes(Vec::new()));
                found.push(
                    Finding::new(&LICENCE_LOOSER, &asset, message)
                        .confidence(Confidence::Medium)
                        .evidence("licence", &ours)
                        .evidence("ancestor", &ancestor.name)
                        .evidence("ancestor's licence", &theirs),
                );
            }
        }
        self.findings.extend(found);
    }

    /// Every model that this one descends from, by edges whose direction is known and that the weights do not refute.
    fn ancestors(&self, id: &str) -> Vec<&Node> {
        let mut seen = BTreeSet::from([id]);
        let mut queue = VecDeque::from([id]);
        let mut found = Vec::new();
        while let Some(here) = queue.pop_front() {
            let counts = |edge: &&Edge| {
                edge.from == here
                    && edge.directed
                    && edge.kind.is_descent()
                    && !self.refuted.contains(&(edge.from.clone(), edge.to.clone()))
            };
            let up = self.edges.iter().filter(counts);
            for edge in up {
                if seen.insert(&edge.to) {
                    queue.push_back(&edge.to);
                    found.extend(self.node(&edge.to));
                }
            }
        }
        found
    }
}

fn asset(member: &Member) -> Asset {
    Asset::new(&member.path, Content::from_bytes(Vec::new()))
}
