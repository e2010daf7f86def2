//! Attestations: signed in-toto statements about a model, and the policy that demands them.
//!
//! A *statement* says something (its predicate) about a subject, which here is the root digest that the model's
//! signature covers. A *policy* names which statements a model needs, by whom, how old they may be, and which keys and
//! digests are revoked. [`judge`] compares the two; it believes nothing that was not authenticated before, and takes
//! today's date as an argument.
//!
//! Statement: <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.

mod expected;
mod judge;
mod kind;
mod policy;
mod predicate;
mod statement;

pub use expected::{Expected, ExpectedError};
pub use judge::{Attested, Demand, Judgement, ModelSignature, judge};
pub use kind::Kind;
pub use policy::{Deny, ModelDemand, Policy, PolicyError, Requirement, SignerRule};
pub use predicate::{
    Approval, Decision, Evaluation, FindingCounts, Measurement, Predicate, PredicateError, ScanSummary,
    ToolName,
};
pub use statement::{LARGEST_STATEMENT, Statement, StatementError, Subject};

#[cfg(test)]
mod tests;
