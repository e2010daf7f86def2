//! What verification says, as people and programs read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attestation::Judgement;

/// The whole answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Is the model what its signer signed?
    pub status: Status,
    /// Why not.
    pub reason: Option<Reason>,
    /// SHA-256 over all signed digests, in hexadecimal digits: the model's identity. Absent when the signature could
    /// not be trusted so far.
    pub root_digest: Option<String>,
    /// Who signed. Absent when that could not be established.
    pub signer: Option<Signer>,
    /// Files or shards that the signature lists.
    pub resources: u64,
    /// Everything that is wrong, the worst first.
    pub problems: Vec<Problem>,
    /// What to know although it is not wrong; `notes` says where and why.
    pub warnings: Vec<Warning>,
    /// One line for each warning and place.
    pub notes: Vec<Note>,
    /// Paths of files that the signature does not cover, and that nothing was checked of.
    pub unsigned: Vec<String>,
    /// The files that were checked, when only a part of the model was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub checked: Option<Vec<String>>,
    /// What a policy or deny list demanded of the verified model, and whether it was there. Absent without one, and when
    /// the model failed before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<Judgement>,
}

impl Verdict {
    /// An answer without problems so far.
    pub const fn clean() -> Self {
        Self {
            status: Status::Verified,
            reason: None,
            root_digest: None,
            signer: None,
            resources: 0,
            problems: Vec::new(),
            warnings: Vec::new(),
            notes: Vec::new(),
            unsigned: Vec::new(),
            checked: None,
            policy: None,
        }
    }

    /// Adds a problem; the first one is the reason.
    pub fn fail(&mut self, problem: Problem) {
        self.status = Status::Failed;
        self.reason.get_or_insert(problem.kind);
        self.problems.push(problem);
    }

    /// Adds a note and its warning.
    pub fn warn(&mut self, note: Note) {
        if let Err(place) = self.warnings.binary_search(&note.warning) {
            self.warnings.insert(place, note.warning);
        }
        self.notes.push(note);
    }
}

/// Verified or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Signed by the expected signer, and unchanged.
    Verified,
    /// Not.
    Failed,
}

/// Why a model is not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A file is not what was signed.
    Modified,
    /// A signed file is not there.
    Missing,
    /// A file is there that was not signed.
    Extra,
    /// Another key signed.
    Key,
    /// The certificates lead to no trusted root.
    Chain,
    /// The certificate is not for signing.
    Usage,
    /// The signature does not hold for the statement.
    Signature,
    /// The bundle or statement is not of the documented form.
    Format,
    /// The root digest is not that of the listed digests.
    Inconsistent,
    /// A listed name leads out of the model.
    UnsafePath,
    /// A name is listed twice.
    Duplicate,
    /// Nothing is listed.
    Empty,
    /// Someone else signed.
    Identity,
    /// A deny list names the signer, the model or a file of it.
    Revoked,
    /// The policy demands something that is not there.
    Policy,
}

impl Reason {
    /// As it is written in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Modified => "modified",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Key => "key",
            Self::Chain => "chain",
            Self::Usage => "usage",
            Self::Signature => "signature",
            Self::Format => "format",
            Self::Inconsistent => "inconsistent",
            Self::UnsafePath => "unsafe-path",
            Self::Duplicate => "duplicate",
            Self::Empty => "empty",
            Self::Identity => "identity",
            Self::Revoked => "revoked",
            Self::Policy => "policy",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What kind of thing.
    pub kind: Reason,
    /// The file that it is about, relative to the model; a name as the signature has it when that is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// The signed digest, or what else was expected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected: Option<String>,
    /// What is there instead.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actual: Option<String>,
    /// The same for people.
    pub detail: String,
}

impl Problem {
    /// One that is about no file.
    pub fn new(kind: Reason, detail: impl Into<String>) -> Self {
        Self { kind, path: None, expected: None, actual: None, detail: detail.into() }
    }

    /// One that is about a file or a name.
    pub fn at(kind: Reason, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(kind, detail) }
    }

    /// Says which file or name it is about.
    #[must_use]
    pub fn about(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds what was expected and what is there.
    #[must_use]
    pub fn between(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.actual = Some(actual.into());
        self
    }
}

/// What to know about a verified model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Warning {
    /// The certificate has expired, and no timestamp proves that it had not when it signed.
    ExpiredNoTimestamp,
    /// The bundle does not say which key signed.
    HintAbsent,
    /// The signature is over the faulty encoding of model-signing 0.2 and 0.3.
    CompatibilityEncoding,
    /// The statement is of the form before 1.0, which has no root digest.
    OldStatement,
    /// A link to a folder was not followed, and nothing in it was checked.
    SymlinkedDirectory,
    /// A link leads out of the model, and its target was read.
    SymlinkOutside,
    /// Files are there that the signature does not cover.
    UnsignedContent,
    /// A folder is there that holds nothing and that the signature cannot cover.
    EmptyDirectory,
    /// Only a part of the model was checked.
    Partial,
}

impl Warning {
    /// Is it about the signature, rather than about what is around the signed files?
    pub const fn weakens_the_signature(self) -> bool {
        matches!(
            self,
            Self::ExpiredNoTimestamp | Self::HintAbsent | Self::CompatibilityEncoding | Self::OldStatement
        )
    }
}

/// A warning in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Which one.
    pub warning: Warning,
    /// The file or folder that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// What there is to know.
    pub detail: String,
}

impl Note {
    /// One that is about no file.
    pub fn new(warning: Warning, detail: impl Into<String>) -> Self {
        Self { warning, path: None, detail: detail.into() }
    }

    /// One that is about a file or folder.
    pub fn at(warning: Warning, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(warning, detail) }
    }
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signer {
    /// How the signer is known.
    pub kind: SignerKind,
    /// SHA-256 of the public key's PEM text, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key_sha256: Option<String>,
    /// The certificate's subject (RFC 4514).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// The address or workflow that the identity provider vouched for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identity: Option<String>,
    /// The certificate's issuer, or the identity provider.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issuer: Option<String>,
    /// When it was signed, as a transparency log or a timestamp authority proves (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_at: Option<String>,
}

/// How a signer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignerKind {
    /// By a public key.
    Key,
    /// By a certificate under a trusted root.
    Certificate,
    /// By an identity that Sigstore certified for a few minutes.
    Keyless,
}
