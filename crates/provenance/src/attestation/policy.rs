//! What a model needs before it may be used.

use std::{collections::BTreeMap, path::PathBuf};

use bartizan_core::Verdict;
use serde::Deserialize;

use super::{Expected, Kind, predicate::version};
use crate::oms::Signer;

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
        identity: Expected,
        /// The identity provider.
        issuer: Expected,
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
    identity_regex: Option<String>,
    issuer: Option<String>,
    issuer_regex: Option<String>,
}

impl TryFrom<WrittenSigner> for SignerRule {
    type Error = String;

    fn try_from(written: WrittenSigner) -> Result<Self, String> {
        let WrittenSigner { key, key_sha256, root, subject, identity, identity_regex, issuer, issuer_regex } =
            written;
        let identity = Expected::one_of("identity", identity, identity_regex)?;
        let issuer = Expected::one_of("issuer", issuer, issuer_regex)?;
        match (key, key_sha256, root, subject, identity, issuer) {
            (Some(key), None, None, None, None, None) => Ok(Self::Key(key)),
            (None, Some(digest), None, None, None, None) => digest_text(&digest).map(Self::KeyDigest),
            (None, None, Some(root), subject, None, None) => Ok(Self::Certificate { root, subject }),
            (None, None, None, None, Some(identity), Some(issuer)) => Ok(Self::Keyless { identity, issuer }),
            _ => Err("a signer is one of: key; key-sha256; root, with or without subject; identity or identity-regex, \
                      with issuer or issuer-regex"
                .to_owned()),
        }
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// When it is not TOML, has fields that are not known, names signers that it does not define, or demands nothing.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policy: Self = read(text)?;
        policy.normalise(text)?;
        Ok(policy)
    }

    fn normalise(&mut self, text: &str) -> Result<(), PolicyError> {
        if self.require.is_empty() && self.model.signed_by.is_empty() && self.deny.is_empty() {
            let reason =
                "the policy demands nothing: it has no [[require]], no [model] signed-by and no [deny]";
            return Err(PolicyError { line: 1, reason: reason.to_owned() });
        }
        self.deny.normalise(text)?;
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

impl Deny {
    /// Reads a deny list that is a file of its own: the `[deny]` section of a policy, which may be empty there.
    ///
    /// # Errors
    /// When it is not TOML, or holds anything else.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            deny: Deny,
        }
        let mut file: File = read(text)?;
        file.deny.normalise(text)?;
        Ok(file.deny)
    }

    fn normalise(&mut self, text: &str) -> Result<(), PolicyError> {
        for digest in self.keys.iter_mut().chain(&mut self.digests) {
            *digest = digest_text(digest)
                .map_err(|reason| PolicyError { line: line_of(text, "deny", 0, digest), reason })?;
        }
        Ok(())
    }

    /// Why a signer is refused; `None` when they are not.
    pub fn signer(&self, signer: &Signer) -> Option<String> {
        let listed = |list: &[String], found: &Option<String>| {
            found.as_ref().filter(|found| list.contains(found)).cloned()
        };
        if let Some(key) = listed(&self.keys, &signer.key_sha256) {
            return Some(format!("the key {key} is on the deny list"));
        }
        listed(&self.identities, &signer.identity)
            .map(|identity| format!("the identity {identity} is on the deny list"))
    }

    /// Why a model with this root digest is refused; `None` when it is not.
    pub fn model(&self, root_digest: &str) -> Option<String> {
        let is_listed = self.digests.iter().any(|digest| digest == root_digest);
        is_listed.then(|| format!("the root digest {root_digest} of the model is on the deny list"))
    }

    /// Does it deny nothing?
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.digests.is_empty() && self.identities.is_empty()
    }

    /// Denies what another list denies, too.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.digests.extend(other.digests);
        self.identities.extend(other.identities);
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

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, PolicyError> {
    toml::from_str(text).map_err(|error| PolicyError {
        line: line(text, error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })
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
