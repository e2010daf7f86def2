//! What a model needs before it may be used.

use std::{collections::BTreeMap, path::PathBuf};

use bartizan_core::Verdict;
use serde::Deserialize;

use super::{Kind, predicate::version};

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct PolicyError {
    /// Where, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Which signatures and attestations a model needs, and what is revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Who may sign, by a name that the other sections use.
    #[serde(default)]
    pub signers: BTreeMap<String, SignerRule>,
    /// What the model's own signature needs.
    #[serde(default)]
    pub model: ModelDemand,
    /// Attestations that are needed.
    #[serde(default)]
    pub require: Vec<Requirement>,
    /// What is revoked.
    #[serde(default)]
    pub deny: Deny,
}

/// Somebody who may sign. Exactly one way of knowing them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenSigner")]
pub enum SignerRule {
    /// The owner of the key in this file.
    Key(PathBuf),
    /// The owner of the key with this digest; the key itself comes from elsewhere.
    KeyDigest(String),
    /// Whoever has a certificate with this subject (RFC 4514) under a root in this file.
    Certificate {
        /// A PEM file.
        root: PathBuf,
        /// The subject; absent for everybody under the root.
        subject: Option<String>,
    },
    /// Whoever an identity provider vouched for.
    Keyless {
        /// The identity.
        identity: String,
        /// The identity provider.
        issuer: String,
    },
}

/// What the model's own signature needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelDemand {
    /// It must be by one of these; empty for anybody whom the command line trusts.
    #[serde(default)]
    pub signed_by: Vec<String>,
}

/// An attestation that is needed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Requirement {
    /// Of which kind.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// By one of these.
    pub signed_by: Vec<String>,
    /// Not older than this.
    pub max_age_days: Option<u32>,
    /// For scans: with this verdict.
    pub verdict: Option<Verdict>,
    /// For scans: by rules of this version or a later one.
    pub min_rules_version: Option<String>,
    /// For evaluations: passed.
    #[serde(default)]
    pub passed: bool,
}

/// What is revoked, whoever vouches for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Deny {
    /// Keys, by SHA-256 of their PEM text in hexadecimal digits.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Models and files, by SHA-256 in hexadecimal digits: the root digest, or that of one file.
    #[serde(default)]
    pub digests: Vec<String>,
    /// Identities of keyless signers.
    #[serde(default)]
    pub identities: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenSigner {
    key: Option<PathBuf>,
    key_sha256: Option<String>,
    root: Option<PathBuf>,
    subject: Option<String>,
    identity: Option<String>,
    issuer: Option<String>,
}

impl TryFrom<WrittenSigner> for SignerRule {
    type Error = String;

    fn try_from(written: WrittenSigner) -> Result<Self, String> {
        match written {
            WrittenSigner {
                key: Some(key),
                key_sha256: None,
                root: None,
                subject: None,
                identity: None,
                issuer: None,
            } => Ok(Self::Key(key)),
            WrittenSigner {
                key: None,
                key_sha256: Some(digest),
                root: None,
                subject: None,
                identity: None,
                issuer: None,
            } => digest_text(&digest).map(Self::KeyDigest),
            WrittenSigner {
                key: None,
                key_sha256: None,
                root: Some(root),
                subject,
                identity: None,
                issuer: None,
            } => Ok(Self::Certificate { root, subject }),
            WrittenSigner {
                key: None,
                key_sha256: None,
                root: None,
                subject: None,
                identity: Some(identity),
                issuer: Some(issuer),
            } if !identity.is_empty() && !issuer.is_empty() => Ok(Self::Keyless { identity, issuer }),
            _ => {
                Err("a signer is one of: key; key-sha256; root, with or without subject; identity and issuer"
                    .to_owned())
            }
        }
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// When it is not TOML, has fields that are not known, names signers that it does not define, or demands nothing.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policy: Self = toml::from_str(text).map_err(|error| PolicyError {
            line: line(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;
        policy.normalise(text)?;
        Ok(policy)
    }

    fn normalise(&mut self, text: &str) -> Result<(), PolicyError> {
        let denies =
            !(self.deny.keys.is_empty() && self.deny.digests.is_empty() && self.deny.identities.is_empty());
        if self.require.is_empty() && self.model.signed_by.is_empty() && !denies {
            let reason =
                "the policy demands nothing: it has no [[require]], no [model] signed-by and no [deny]";
            return Err(PolicyError { line: 1, reason: reason.to_owned() });
        }
        for digest in self.deny.keys.iter_mut().chain(&mut self.deny.digests) {
            *digest = digest_text(digest)
                .map_err(|reason| PolicyError { line: line_of(text, "deny", 0, digest), reason })?;
        }
        let unknown = |name: &String| !self.signers.contains_key(name);
        if let Some(name) = self.model.signed_by.iter().find(|name| unknown(name)) {
            return Err(undefined(name, line_of(text, "model", 0, name)));
        }
        for (index, requirement) in self.require.iter().enumerate() {
            let at = |needle: &str| line_of(text, "require", index, needle);
            if let Some(name) = requirement.signed_by.iter().find(|name| unknown(name)) {
                return Err(undefined(name, at(name)));
            }
            requirement.check().map_err(|(field, reason)| PolicyError { line: at(field), reason })?;
        }
        Ok(())
    }
}

impl Requirement {
    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.signed_by.is_empty() {
            return Err(("signed-by", "signed-by is empty, so that nobody could satisfy this".to_owned()));
        }
        let misplaced = |field: &'static str, kind: Kind| {
            Err((field, format!("{field} makes sense for type = \"{kind}\" only, not for \"{}\"", self.kind)))
        };
        if self.verdict.is_some() && self.kind != Kind::Scan {
            return misplaced("verdict", Kind::Scan);
        }
        if self.min_rules_version.is_some() && self.kind != Kind::Scan {
            return misplaced("min-rules-version", Kind::Scan);
        }
        if self.passed && self.kind != Kind::Eval {
            return misplaced("passed", Kind::Eval);
        }
        match &self.min_rules_version {
            Some(text) if version(text).is_none() => {
                Err(("min-rules-version", format!("min-rules-version {text:?} is not numbers between dots")))
            }
            _ => Ok(()),
        }
    }
}

fn undefined(name: &str, line: usize) -> PolicyError {
    PolicyError {
        line,
        reason: format!("the signer {name:?} is not defined; [signers.{name}] would define it"),
    }
}

/// A SHA-256 digest in lower case.
fn digest_text(text: &str) -> Result<String, String> {
    let digest = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digest)
    } else {
        Err(format!("{text:?} is no SHA-256 digest of 64 hexadecimal digits"))
    }
}

/// The line of an offset, from 1.
fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count().saturating_add(1)
}

/// The line in the `index`-th section of a name on which something stands; the section's first line when it stands
/// nowhere there. The parser gives no places for what it accepted.
fn line_of(text: &str, section: &str, index: usize, needle: &str) -> usize {
    let header = |line: &str| line.trim_start().trim_start_matches('[').trim_start().starts_with(section);
    let mut starts =
        text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with('[') && header(line));
    let start = starts.nth(index).map_or(0, |(line, _)| line);
    text.lines()
        .enumerate()
        .skip(start)
        .find(|(_, line)| line.contains(needle))
        .map_or(start, |(line, _)| line)
        .saturating_add(1)
}
