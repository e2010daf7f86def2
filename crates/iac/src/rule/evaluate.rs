//! Deciding a condition about a resource.

use std::sync::Arc;

use super::{Condition, Graph, Hit, Outcome, Path, Quantifier, Truth, Witness, graph};
use crate::{
    resource::Resource,
    value::{Data, Value},
};

/// What a condition is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The resource.
    pub resource: &'a Resource,
    /// The resource's body, or an element of it.
    pub value: &'a Value,
    /// The other resources.
    pub graph: &'a Graph<'a>,
}

impl<'a> Subject<'a> {
    /// A whole resource.
    pub fn new(resource: &'a Resource, graph: &'a Graph<'a>) -> Self {
        Self { resource, value: &resource.body, graph }
    }

    fn hits(&self, path: &Path) -> Vec<Hit> {
        path.hits(if path.from_resource { &self.resource.body } else { self.value })
    }
}

/// Decides a condition.
pub fn evaluate(condition: &Condition, subject: Subject<'_>) -> Outcome {
    match condition {
        Condition::All(conditions) => {
            Outcome::fold(conditions.iter().map(|condition| evaluate(condition, subject)), Truth::False)
        }
        Condition::Any(conditions) => {
            Outcome::fold(conditions.iter().map(|condition| evaluate(condition, subject)), Truth::True)
        }
        Condition::Not(condition) => evaluate(condition, subject).negated(),
        Condition::Attribute { path, default, every, tests } => {
            let outcomes = subject.hits(path).into_iter().map(|hit| attribute(&hit, default.as_ref(), tests));
            Outcome::fold(outcomes, if *every { Truth::False } else { Truth::True })
        }
        Condition::Elements { path, quantifier, condition } => {
            elements(path, *quantifier, condition, subject)
        }
        Condition::Ports { from, to, includes } => ports(from, to, includes, subject),
        Condition::Policy { path, statement } => {
            Outcome::fold(subject.hits(path).iter().map(|hit| statement.of(hit)), Truth::True)
        }
        Condition::Connected { kinds, by, to, condition } => {
            let mut outcomes = Vec::new();
            for kind in kinds {
                let referring = subject.graph.referring(subject.resource, kind, by, to);
                outcomes
                    .extend(referring.certain.iter().map(|other| other_satisfies(other, condition, subject)));
                for other in referring.possible {
                    let outcome = other_satisfies(other, condition, subject);
                    let undecided = outcome.truth != Truth::False;
                    let unresolved =
                        by.hits(&other.body).iter().find_map(|hit| hit.value.as_ref()?.unresolved());
                    let witness = Witness { unresolved, ..Witness::default() };
                    let truth = if undecided { Truth::Unknown } else { Truth::False };
                    outcomes.push(Outcome::new(truth, witness));
                }
            }
            Outcome::fold(outcomes.into_iter(), Truth::True)
        }
        Condition::Refers { path, kinds, condition } => refers(path, kinds, condition.as_deref(), subject),
        Condition::Kind(kinds) => Outcome::known(kinds.contains(&subject.resource.kind)),
        Condition::Present { kinds, condition } => {
            let found = kinds.iter().flat_map(|kind| subject.graph.of_kind(kind));
            Outcome::fold(found.map(|other| other_satisfies(other, condition, subject)), Truth::True)
        }
    }
}

/// What another resource satisfies. What decides about this resource lies elsewhere, so that no place is given.
fn other_satisfies(other: &Resource, condition: &Option<Box<Condition>>, subject: Subject<'_>) -> Outcome {
    match condition {
        None => Outcome::known(true),
        Some(condition) => {
            evaluate(condition, Subject { resource: other, value: &other.body, graph: subject.graph })
        }
    }
}

fn attribute(hit: &Hit, default: Option<&Value>, tests: &[super::Test]) -> Outcome {
    let value = hit.value.as_ref().or(default);
    let mut truth = Truth::True;
    for test in tests {
        match test.holds(value) {
            Truth::False => {
                truth = Truth::False;
                break;
            }
            Truth::Unknown => truth = Truth::Unknown,
            Truth::True => {}
        }
    }
    let unresolved = hit.value.as_ref().filter(|_| truth == Truth::Unknown).and_then(Value::unresolved);
    Outcome::new(truth, Witness { path: hit.path.clone(), at: hit.at, value: hit.value.clone(), unresolved })
}

fn elements(path: &Path, quantifier: Quantifier, condition: &Condition, subject: Subject<'_>) -> Outcome {
    let mut outcomes = Vec::new();
    for hit in subject.hits(path) {
        let Some(value) = &hit.value else { continue };
        match &value.data {
            Data::List(list) => {
                for (index, element) in list.iter().enumerate() {
                    let path = format!("{}[{index}]", hit.path);
                    outcomes.push(element_satisfies(
                        element.clone().inherit(value),
                        path,
                        hit.at,
                        condition,
                        subject,
                    ));
                }
            }
            _ => {
                outcomes.push(element_satisfies(value.clone(), hit.path.clone(), hit.at, condition, subject))
            }
        }
    }
    let outcomes = outcomes.into_iter();
    match quantifier {
        Quantifier::Some => Outcome::fold(outcomes, Truth::True),
        Quantifier::Every => Outcome::fold(outcomes, Truth::False),
        Quantifier::None => Outcome::fold(outcomes, Truth::True).negated(),
    }
}

fn element_satisfies(
    element: Value,
    path: String,
    at: Option<crate::source::Place>,
    condition: &Condition,
    subject: Subject<'_>,
) -> Outcome {
    let at = element.at.or(at);
    if element.is_unknown() {
        let unresolved = element.unresolved();
        return Outcome::new(Truth::Unknown, Witness { path, at, value: Some(element), unresolved });
    }
    let mut outcome = evaluate(condition, Subject { value: &element, ..subject });
    let witness = &mut outcome.witness;
    witness.at = witness.at.or(at);
    witness.path = match witness.path.as_str() {
        "" => path,
        inner => format!("{path}.{inner}"),
    };
    outcome
}

fn ports(from: &Path, to: &Path, includes: &[u32], subject: Subject<'_>) -> Outcome {
    let first = |path: &Path| subject.hits(path).into_iter().next();
    let (Some(from), Some(to)) = (first(from), first(to)) else { return Outcome::known(false) };
    let number = |hit: &Hit| hit.value.as_ref().and_then(Value::as_number);
    let unresolved = [&from, &to].into_iter().find_map(|hit| hit.value.as_ref().and_then(Value::unresolved));
    let truth = match (number(&from), number(&to)) {
        (Some(first), Some(last)) => {
            // -1 and 0 to 0 without a protocol's ports stand for all of them.
            let all = first < 0.0 || (first == 0.0 && last == 0.0);
            Truth::of(Some(
                all || includes.iter().any(|port| {
                    let port = f64::from(*port);
                    first <= port && port <= last
                }),
            ))
        }
        _ if unresolved.is_some() => Truth::Unknown,
        _ => Truth::False,
    };
    Outcome::new(truth, Witness { path: from.path, at: from.at, value: from.value, unresolved })
}

fn refers(path: &Path, kinds: &[Arc<str>], condition: Option<&Condition>, subject: Subject<'_>) -> Outcome {
    let outcomes = subject.hits(path).into_iter().map(|hit| {
        let Some(value) = hit.value else {
            return Outcome::new(Truth::False, Witness { path: hit.path, at: hit.at, ..Witness::default() });
        };
        let targets = graph::targets(&value);
        let mut truth = match value.unresolved() {
            Some(unresolved) if unresolved.target.is_none() && targets.is_empty() => Truth::Unknown,
            _ => Truth::False,
        };
        let mut unresolved = value.unresolved().filter(|_| truth == Truth::Unknown);
        for target in targets.iter().filter(|target| kinds.contains(&target.rule_kind())) {
            let outcome = match (subject.graph.find(target), condition) {
                (Some(other), Some(condition)) => {
                    evaluate(condition, Subject { resource: other, value: &other.body, graph: subject.graph })
                }
                (Some(_), None) => Outcome::known(true),
                (None, _) => continue,
            };
            match outcome.truth {
                Truth::True => {
                    truth = Truth::True;
                    break;
                }
                Truth::Unknown => {
                    truth = Truth::Unknown;
                    unresolved = outcome.witness.unresolved;
                }
                Truth::False => {}
            }
        }
        Outcome::new(truth, Witness { path: hit.path, at: hit.at, value: Some(value), unresolved })
    });
    Outcome::fold(outcomes, Truth::True)
}
