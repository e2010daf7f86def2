//! What a condition concludes, and from what.

use std::sync::Arc;

use crate::{
    source::Place,
    value::{Unresolved, Value},
};

/// Three truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// What is unknown decides.
    Unknown,
}

impl Truth {
    /// Of a value that may be missing.
    pub fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }

    /// The contrary.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// The value that decided.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// The path that leads to it, with indexes: `ingress[1].cidr_blocks`.
    pub path: String,
    /// Where it is, or the block that lacks it. The resource itself when `None`.
    pub at: Option<Place>,
    /// The value; absent when `None`.
    pub value: Option<Value>,
    /// What nobody can resolve here.
    pub unresolved: Option<Arc<Unresolved>>,
}

/// What a condition concludes.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Does it hold?
    pub truth: Truth,
    /// The value that decided.
    pub witness: Witness,
}

impl Outcome {
    pub(super) fn new(truth: Truth, witness: Witness) -> Self {
        Self { truth, witness }
    }

    pub(super) fn known(truth: bool) -> Self {
        Self::new(Truth::of(Some(truth)), Witness::default())
    }

    #[must_use]
    pub(super) fn negated(self) -> Self {
        Self { truth: self.truth.negated(), ..self }
    }

    /// One outcome of several, any of which makes it `decisive`. Of those that agree, the first that has a place tells why.
    pub(super) fn fold(outcomes: impl Iterator<Item = Self>, decisive: Truth) -> Self {
        let mut result: Option<Self> = None;
        for outcome in outcomes {
            if outcome.truth == decisive {
                return outcome;
            }
            result = Some(match result {
                None => outcome,
                Some(known) if known.truth == Truth::Unknown => known,
                Some(_) if outcome.truth == Truth::Unknown => outcome,
                Some(known) if known.witness.at.is_none() && outcome.witness.at.is_some() => outcome,
                Some(known) => known,
            });
        }
        result.unwrap_or_else(|| Self::new(decisive.negated(), Witness::default()))
    }
}
