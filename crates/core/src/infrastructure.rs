//! What a finding about infrastructure as code says besides.

use serde::Serialize;

/// Which source of knowledge a finding rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A rule of bartizan.
    Rule,
    /// A rule that the user or a community brought.
    Community,
    /// A learned model: a suspicion, which never blocks.
    Suspected,
}

/// What became of a rule's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The resource fails.
    Fail,
    /// Nobody can tell without running it; it counts towards nothing.
    Unknown,
    /// A comment in the configuration takes the finding back.
    Suppressed,
}

/// What a finding about infrastructure as code says besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Infrastructure {
    /// The resource's address, with its instance: `module.data.aws_s3_bucket.raw["eu"]`.
    pub resource: String,
    /// What it rests on.
    pub tier: Tier,
    /// Ids of the same control elsewhere.
    pub aliases: Vec<String>,
    /// The value that decides, as evaluated, without secrets. `None` when the attribute is not set.
    pub value: Option<String>,
    /// Where the value comes from: "`public = var.open`, set in `prod.tfvars:3`".
    pub provenance: Option<String>,
    /// The reference that cannot be resolved, when the state is unknown.
    pub unresolved: Option<String>,
    /// What became of the question.
    pub state: State,
    /// The reason that the comment gives, when the state is suppressed.
    pub suppressed: Option<String>,
}
