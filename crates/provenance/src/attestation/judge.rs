//! Whether a policy is met.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Decision, Kind, Policy, Predicate, Requirement, Statement, predicate::version};
use crate::oms::Signer;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Seconds by which clocks may differ before a time counts as lying in the future.
const DRIFT: i64 = 300;

/// The model's signature, verified.
#[derive(Clone, Debug)]
pub struct ModelSignature<'a> {
    /// Who signed.
    pub signer: &'a Signer,
    /// Names of the policy's signers that it is by.
    pub names: BTreeSet<String>,
    /// The root digest.
    pub root_digest: &'a str,
    /// Digests of files, as hexadecimal digits.
    pub digests: BTreeSet<String>,
}

/// An attestation, authenticated.
#[derive(Clone, Debug)]
pub struct Attested {
    /// Where it comes from, for messages.
    pub source: String,
    /// Who signed; more than one when the policy knows the signer under several names.
    pub signers: Vec<Signer>,
    /// Names of the policy's signers that it is by.
    pub names: BTreeSet<String>,
    /// What they said.
    pub statement: Statement,
}

/// Whether a policy is met, demand by demand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// Are all demands met?
    pub met: bool,
    /// What was demanded.
    pub demands: Vec<Demand>,
}

/// One thing that a policy demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Demand {
    /// In words.
    pub demand: String,
    /// Is it met?
    pub met: bool,
    /// Is it about what is revoked, rather than about what is needed?
    #[serde(skip)]
    pub is_denial: bool,
    /// The attestation or signer that met it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// Why it is not met: one line for each attestation that came near, or for what is revoked.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reasons: Vec<String>,
}

impl Demand {
    fn new(demand: String, outcome: Result<Option<String>, Vec<String>>) -> Self {
        let met = outcome.is_ok();
        let (by, reasons) = match outcome {
            Ok(by) => (by, Vec::new()),
            Err(reasons) => (None, reasons),
        };
        Self { demand, met, is_denial: false, by, reasons }
    }
}

impl Judgement {
    /// The demands that are not met.
    pub fn unmet(&self) -> impl Iterator<Item = &Demand> {
        self.demands.iter().filter(|demand| !demand.met)
    }
}

/// Judges a verified model and its attestations as of `now` (seconds since 1970). What is revoked is refused whoever
/// vouches for it; an attestation by a revoked signer counts as absent.
pub fn judge(policy: &Policy, model: &ModelSignature<'_>, attestations: &[Attested], now: i64) -> Judgement {
    let mut demands = Vec::new();
    if !policy.deny.is_empty() {
        let revoked = revoked_model(policy, model);
        let outcome = if revoked.is_empty() { Ok(None) } else { Err(revoked) };
        let demand = "neither the model nor its signer is on the deny list".to_owned();
        demands.push(Demand { is_denial: true, ..Demand::new(demand, outcome) });
    }
    let wanted = &policy.model.signed_by;
    if !wanted.is_empty() {
        let outcome = match wanted.iter().find(|name| model.names.contains(*name)) {
            // Of one there is nothing to add.
            Some(name) => Ok((wanted.len() > 1).then(|| name.clone())),
            None => Err(vec![format!("it is signed by {}", describe(model.signer))]),
        };
        demands.push(Demand::new(format!("the model is signed by {}", either(wanted)), outcome));
    }
    for requirement in &policy.require {
        let outcome = meets(policy, requirement, model.root_digest, attestations, now);
        demands.push(Demand::new(demand(requirement), outcome.map(|source| Some(source.to_owned()))));
    }
    Judgement { met: demands.iter().all(|demand| demand.met), demands }
}

fn revoked_model(policy: &Policy, model: &ModelSignature<'_>) -> Vec<String> {
    let mut reasons: Vec<String> = policy.deny.signer(model.signer).into_iter().collect();
    reasons.extend(policy.deny.model(model.root_digest));
    reasons.extend(
        policy
            .deny
            .digests
            .iter()
            .filter(|digest| model.digests.contains(*digest))
            .map(|digest| format!("the model holds a file whose digest {digest} is on the deny list")),
    );
    reasons
}

/// The attestation that meets a requirement, or why none does. The newest word of those who may give it counts: an older
/// clean scan does not outweigh a newer one that found something.
fn meets<'a>(
    policy: &Policy,
    requirement: &Requirement,
    root_digest: &str,
    attestations: &'a [Attested],
    now: i64,
) -> Result<&'a str, Vec<String>> {
    let mut reasons = Vec::new();
    let mut newest: Option<(Option<i64>, bool, &Attested, Vec<String>)> = None;
    for attested in attestations {
        if attested.statement.kind() != Some(requirement.kind) {
            continue;
        }
        let mut objections = standing(policy, requirement, root_digest, attested);
        let predicate = match Predicate::read(requirement.kind, &attested.statement.predicate) {
            Ok(predicate) if objections.is_empty() => predicate,
            read => {
                objections.extend(read.err().map(|error| error.to_string()));
                reasons.push(format!("{}: {}", attested.source, objections.join("; ")));
                continue;
            }
        };
        objections.extend(age(requirement, predicate.time(), now));
        objections.extend(content(requirement, &predicate, now));
        let rank = (predicate.time(), !objections.is_empty());
        if newest.as_ref().is_none_or(|(time, objects, ..)| rank > (*time, *objects)) {
            newest = Some((rank.0, rank.1, attested, objections));
        }
    }
    match newest {
        Some((_, false, attested, _)) => return Ok(&attested.source),
        Some((_, true, attested, objections)) => {
            reasons.insert(0, format!("{}: {}", attested.source, objections.join("; ")));
        }
        None if reasons.is_empty() => reasons.push(format!("there is no {} attestation", requirement.kind)),
        None => {}
    }
    Err(reasons)
}

/// Why an attestation is none that a requirement would listen to; nothing when it is one.
fn standing(
    policy: &Policy,
    requirement: &Requirement,
    root_digest: &str,
    attested: &Attested,
) -> Vec<String> {
    let mut objections = Vec::new();
    if !attested.statement.is_about(root_digest) {
        objections.push(format!("it is not about this model ({root_digest})"));
    }
    if !requirement.signed_by.iter().any(|name| attested.names.contains(name)) {
        let by = if attested.names.is_empty() {
            "by nobody whom the policy knows".to_owned()
        } else {
            format!("by {}", attested.names.iter().cloned().collect::<Vec<_>>().join(", "))
        };
        objections.push(format!("it is signed {by}, not by {}", either(&requirement.signed_by)));
    }
    objections.extend(attested.signers.iter().filter_map(|signer| policy.deny.signer(signer)));
    objections
}

fn age(requirement: &Requirement, time: Option<i64>, now: i64) -> Option<String> {
    // What claims to come from the future would never grow old.
    if time.is_some_and(|time| time > now.saturating_add(DRIFT)) {
        return Some("it is dated in the future".to_owned());
    }
    let days = requirement.max_age_days?;
    let Some(time) = time else {
        return Some("it does not say when it was made, and max-age-days asks".to_owned());
    };
    let seconds = now.saturating_sub(time);
    (seconds > i64::from(days).saturating_mul(DAY))
        .then(|| format!("it is {} days old, more than {days}", seconds / DAY))
}

fn content(requirement: &Requirement, predicate: &Predicate, now: i64) -> Vec<String> {
    let mut objections = Vec::new();
    match predicate {
        Predicate::Scan(scan) => {
            if let Some(wanted) = requirement.verdict.filter(|wanted| *wanted != scan.verdict) {
                objections.push(format!("its verdict is {}, not {}", scan.verdict.name(), wanted.name()));
            }
            if let Some(least) = &requirement.min_rules_version
                && version(&scan.rules_version) < version(least)
            {
                objections.push(format!("its rules are of version {}, before {least}", scan.rules_version));
            }
        }
        Predicate::Eval(evaluation) if requirement.passed && !evaluation.passed => {
            objections.push("the model did not pass".to_owned());
        }
        Predicate::Approval(approval) => {
            if approval.decision == Decision::Rejected {
                objections.push(format!("{} rejected the model", approval.approver));
            }
            if approval.expires().is_some_and(|expires| expires < now) {
                objections.push("the approval has expired".to_owned());
            }
        }
        _ => {}
    }
    objections
}

fn demand(requirement: &Requirement) -> String {
    let article = if matches!(requirement.kind, Kind::Eval | Kind::Approval) { "an" } else { "a" };
    let mut text =
        format!("{article} {} attestation signed by {}", requirement.kind, either(&requirement.signed_by));
    if let Some(days) = requirement.max_age_days {
        text.push_str(&format!(", at most {days} days old"));
    }
    if let Some(verdict) = requirement.verdict {
        text.push_str(&format!(", with verdict {}", verdict.name()));
    }
    if let Some(version) = &requirement.min_rules_version {
        text.push_str(&format!(", by rules of version {version} or later"));
    }
    if requirement.passed {
        text.push_str(", passed");
    }
    text
}

fn either(names: &[String]) -> String {
    names.join(" or ")
}

fn describe(signer: &Signer) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    match (&signer.identity, &signer.subject) {
        (Some(identity), _) => format!("{identity} ({})", text(&signer.issuer)),
        (None, Some(subject)) => format!("the certificate of {subject}"),
        (None, None) => format!("the key {}", text(&signer.key_sha256)),
    }
}
