//! What attestations say, by kind.

use bartizan_core::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Kind;

/// Why a predicate is not what its kind demands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the predicate is no {kind} predicate: {reason}")]
pub struct PredicateError {
    /// What it should be.
    pub kind: Kind,
    /// What is wrong with it.
    pub reason: String,
}

/// A predicate, as far as policies ask.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// SLSA provenance; when the build ended, in seconds since 1970.
    Slsa(Option<i64>),
    /// A bill of materials: its predicate type, and when it was made, in seconds since 1970.
    Bom(&'static str, Option<i64>),
    /// A scan.
    Scan(ScanSummary),
    /// An evaluation.
    Eval(Evaluation),
    /// An approval.
    Approval(Approval),
}

/// What a scan found, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanSummary {
    /// The worst verdict of all assets.
    pub verdict: Verdict,
    /// Version of the rules: numbers between dots, later ones compare greater.
    pub rules_version: String,
    /// When, as RFC 3339 says it.
    pub scanned_at: String,
    /// How many findings there are, by severity.
    pub findings: FindingCounts,
    /// What scanned.
    pub tool: ToolName,
}

/// Findings by severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingCounts {
    /// Runs an attacker's code, or as bad.
    pub critical: u64,
    /// Dangerous.
    pub high: u64,
    /// Suspicious.
    pub medium: u64,
    /// A weakness that needs something else to hurt.
    pub low: u64,
    /// Worth knowing.
    pub info: u64,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolName {
    /// What it is called.
    pub name: String,
    /// Which version of it.
    pub version: String,
}

/// How well a model does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// When, as RFC 3339 says it.
    pub evaluated_at: String,
    /// Did it reach what was asked of it?
    pub passed: bool,
    /// What was measured.
    pub results: Vec<Measurement>,
    /// What measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool: Option<ToolName>,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement {
    /// What was measured.
    pub metric: String,
    /// The result.
    pub value: f64,
    /// On which data.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dataset: Option<String>,
}

/// Somebody's word on a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// Yes or no.
    pub decision: Decision,
    /// Who decided.
    pub approver: String,
    /// When, as RFC 3339 says it.
    pub approved_at: String,
    /// Until when it holds, as RFC 3339 says it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<String>,
    /// For what, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<String>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

impl Predicate {
    /// Reads a predicate of a kind. Fields that are not known are left alone.
    ///
    /// # Errors
    /// When a field that the kind demands is absent or of another type.
    pub fn read(kind: Kind, predicate: &Value) -> Result<Self, PredicateError> {
        let wrong = |reason: String| PredicateError { kind, reason };
        match kind {
            Kind::Slsa => slsa(predicate).map(Self::Slsa).map_err(wrong),
            Kind::Bom => bom(predicate).map(|(of, time)| Self::Bom(of, time)).map_err(wrong),
            Kind::Scan => {
                let scan: ScanSummary = typed(predicate).map_err(wrong)?;
                time("scanned_at", &scan.scanned_at).map_err(wrong)?;
                version(&scan.rules_version).ok_or_else(|| {
                    wrong(format!("rules_version {:?} is not numbers between dots", scan.rules_version))
                })?;
                let FindingCounts { critical, high, medium, .. } = scan.findings;
                if scan.verdict == Verdict::Clean && (critical, high, medium) != (0, 0, 0) {
                    return Err(wrong("its verdict is clean, and yet it counts severe findings".to_owned()));
                }
                Ok(Self::Scan(scan))
            }
            Kind::Eval => {
                let evaluation: Evaluation = typed(predicate).map_err(wrong)?;
                time("evaluated_at", &evaluation.evaluated_at).map_err(wrong)?;
                if evaluation.results.is_empty() {
                    return Err(wrong("results is empty, so that nothing was measured".to_owned()));
                }
                Ok(Self::Eval(evaluation))
            }
            Kind::Approval => {
                let approval: Approval = typed(predicate).map_err(wrong)?;
                time("approved_at", &approval.approved_at).map_err(wrong)?;
                approval
                    .expires_at
                    .as_deref()
                    .map_or(Ok(0), |text| time("expires_at", text))
                    .map_err(wrong)?;
                if approval.approver.trim().is_empty() {
                    return Err(wrong("approver is empty".to_owned()));
                }
                Ok(Self::Approval(approval))
            }
        }
    }

    /// The predicate type that goes with it.
    pub fn predicate_type(&self) -> &'static str {
        let kind = match self {
            Self::Bom(predicate_type, _) => return predicate_type,
            Self::Slsa(_) => Kind::Slsa,
            Self::Scan(_) => Kind::Scan,
            Self::Eval(_) => Kind::Eval,
            Self::Approval(_) => Kind::Approval,
        };
        kind.predicate_types().first().copied().unwrap_or_default()
    }

    /// When it was said, in seconds since 1970, if it tells.
    pub fn time(&self) -> Option<i64> {
        match self {
            Self::Slsa(time) | Self::Bom(_, time) => *time,
            Self::Scan(scan) => time("scanned_at", &scan.scanned_at).ok(),
            Self::Eval(evaluation) => time("evaluated_at", &evaluation.evaluated_at).ok(),
            Self::Approval(approval) => time("approved_at", &approval.approved_at).ok(),
        }
    }
}

impl Approval {
    /// Until when it holds, in seconds since 1970.
    pub fn expires(&self) -> Option<i64> {
        self.expires_at.as_deref().and_then(|text| time("expires_at", text).ok())
    }
}

fn typed<T: DeserializeOwned>(predicate: &Value) -> Result<T, String> {
    T::deserialize(predicate).map_err(|error| error.to_string())
}

fn time(field: &str, text: &str) -> Result<i64, String> {
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_second)
        .map_err(|_| format!("{field} is {text:?}, no time as RFC 3339 has it, such as 2026-01-31T12:00:00Z"))
}

/// Numbers between dots, to compare.
pub(super) fn version(text: &str) -> Option<Vec<u64>> {
    let number =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten();
    text.split('.').map(number).collect()
}

/// The text at a path of fields.
fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str, String> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| format!("{} is absent or no text", pointer.trim_start_matches('/').replace('/', ".")))
}

fn optional_time(value: &Value, pointer: &str) -> Result<Option<i64>, String> {
    match value.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => text(value, pointer).and_then(|found| time(pointer, found)).map(Some),
    }
}

/// <https://slsa.dev/spec/v1.1/provenance>
fn slsa(predicate: &Value) -> Result<Option<i64>, String> {
    text(predicate, "/buildDefinition/buildType")?;
    text(predicate, "/runDetails/builder/id")?;
    if !predicate.pointer("/buildDefinition/externalParameters").is_some_and(Value::is_object) {
        return Err("buildDefinition.externalParameters is absent or no object".to_owned());
    }
    optional_time(predicate, "/runDetails/metadata/finishedOn")
}

fn bom(predicate: &Value) -> Result<(&'static str, Option<i64>), String> {
    let [cyclonedx, spdx] = Kind::Bom.predicate_types() else { return Err("no type".to_owned()) };
    if predicate.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        text(predicate, "/specVersion")?;
        return Ok((cyclonedx, optional_time(predicate, "/metadata/timestamp")?));
    }
    if predicate.get("spdxVersion").is_some() {
        text(predicate, "/spdxVersion")?;
        return Ok((spdx, optional_time(predicate, "/creationInfo/created")?));
    }
    if let Some(Value::Array(graph)) = predicate.get("@graph") {
        text(predicate, "/@context")?;
        let created = graph.iter().find_map(|node| node.get("created").map(|_| node));
        return Ok((spdx, created.map_or(Ok(None), |node| optional_time(node, "/created"))?));
    }
    Err("it is neither CycloneDX (bomFormat) nor SPDX (spdxVersion, or @context and @graph) in JSON"
        .to_owned())
}
