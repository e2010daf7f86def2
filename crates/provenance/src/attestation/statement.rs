//! in-toto statements, version 1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, Predicate, PredicateError};
use crate::dsse::{JsonError, parse, unique_names};

/// Bills of materials of large systems have some ten megabytes.
pub const LARGEST_STATEMENT: usize = 64 << 20;
/// Subjects of one statement. One is what is written here; other tools attest to all files of a release at once.
const MOST_SUBJECTS: usize = 100_000;
const VERSION: &str = "https://in-toto.io/Statement/v1";
/// Older tools write this; the fields are the same.
const OLD_VERSION: &str = "https://in-toto.io/Statement/v0.1";

/// Why bytes are no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not JSON, too large, too deep, or of another shape.
    #[error("no in-toto statement: {0}")]
    Json(#[from] JsonError),
    /// Another version of statements.
    #[error("a statement of type {0:?}, where {VERSION} is understood")]
    Version(String),
    /// A statement about nothing, or about too much.
    #[error("a statement about {0} subjects, where 1 to {MOST_SUBJECTS} make sense")]
    Subjects(usize),
    /// A digest that is none.
    #[error("the subject {name:?} has a SHA-256 digest that is not 64 lower-case hexadecimal digits")]
    Digest {
        /// Which subject.
        name: String,
    },
    /// A predicate that is not what its type says.
    #[error(transparent)]
    Predicate(#[from] PredicateError),
}

/// Something said about something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    version: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// What kind of thing is said.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    #[serde(default, deserialize_with = "unique_names::deserialize")]
    pub predicate: Value,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What it is called, for people.
    #[serde(default)]
    pub name: String,
    /// Digests by algorithm.
    pub digest: BTreeMap<String, String>,
}

impl Statement {
    /// A statement about the model with a root digest (64 lower-case hexadecimal digits).
    ///
    /// # Errors
    /// When the predicate is not what its kind demands.
    pub fn about(
        name: &str,
        root_digest: &str,
        kind: Kind,
        predicate: Value,
    ) -> Result<Self, StatementError> {
        let read = Predicate::read(kind, &predicate)?;
        let digest = BTreeMap::from([("sha256".to_owned(), root_digest.to_owned())]);
        let statement = Self {
            version: VERSION.to_owned(),
            subject: vec![Subject { name: name.to_owned(), digest }],
            predicate_type: read.predicate_type().to_owned(),
            predicate,
        };
        statement.check()?;
        Ok(statement)
    }

    /// Reads a statement, and checks the predicate when it is of a kind that is known.
    ///
    /// # Errors
    /// When the bytes are no statement, or the predicate is not what its type says.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let statement: Self = parse(bytes, LARGEST_STATEMENT)?;
        if ![VERSION, OLD_VERSION].contains(&statement.version.as_str()) {
            return Err(StatementError::Version(statement.version));
        }
        statement.check()?;
        if let Some(kind) = statement.kind() {
            Predicate::read(kind, &statement.predicate)?;
        }
        Ok(statement)
    }

    /// The bytes that are signed.
    ///
    /// # Errors
    /// Never for a statement that was made or read here; the encoder's signature allows for it.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Its kind, when it is one that is known.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of_type(&self.predicate_type)
    }

    /// Is it about this SHA-256 digest?
    pub fn is_about(&self, digest: &str) -> bool {
        self.subject
            .iter()
            .any(|subject| subject.digest.get("sha256").is_some_and(|found| found.as_str() == digest))
    }

    fn check(&self) -> Result<(), StatementError> {
        if self.subject.is_empty() || self.subject.len() > MOST_SUBJECTS {
            return Err(StatementError::Subjects(self.subject.len()));
        }
        let is_digest = |text: &str| {
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let wrong = self
            .subject
            .iter()
            .find(|subject| subject.digest.get("sha256").is_some_and(|digest| !is_digest(digest)));
        wrong.map_or(Ok(()), |subject| Err(StatementError::Digest { name: subject.name.clone() }))
    }
}
