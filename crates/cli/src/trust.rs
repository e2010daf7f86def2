//! Who has to have signed: the options of `verify` and `verify-attestation`.

use std::{path::PathBuf, sync::Arc};

use bartizan_engine::{
    keyless::{Expectation, Expected, ExpectedError, TrustRoot},
    signing::{self, PublicKey, SigningError, Trust, Trusted},
};
use clap::{ArgGroup, Args};

#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("who").args(["identity", "identity_regex"])),
    group(ArgGroup::new("vouching").args(["issuer", "issuer_regex"])),
)]
pub(crate) struct TrustArguments {
    /// The signer's public key (PEM)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root", "who", "vouching"])]
    key: Option<PathBuf>,
    /// Root certificates that the signer's certificate has to lead to (PEM)
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["who", "vouching"])]
    root: Vec<PathBuf>,
    /// Who signed keyless: an e-mail address, or the URL of a workflow
    #[arg(long, value_name = "ID", requires = "vouching")]
    identity: Option<String>,
    /// The same as a regular expression for the whole of it
    #[arg(long, value_name = "REGEX", requires = "vouching")]
    identity_regex: Option<String>,
    /// Who vouches for the identity: the URL of an OpenID Connect issuer
    #[arg(long, value_name = "URL", requires = "who")]
    issuer: Option<String>,
    /// The same as a regular expression for the whole of it
    #[arg(long, value_name = "REGEX", requires = "who")]
    issuer_regex: Option<String>,
    /// A Sigstore trusted_root.json, instead of the one that is built in
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
}

impl TrustArguments {
    /// Who is trusted; `None` when nobody is named.
    pub(crate) fn trusted(&self) -> Result<Option<Trusted>, SigningError> {
        if let Some(key) = self.keys()?.pop() {
            return Ok(Some(Trust::Key(key).into()));
        }
        if !self.root.is_empty() {
            let mut roots = Vec::new();
            for file in &self.root {
                roots.extend(signing::certificates(file)?);
            }
            return Ok(Some(Trust::Roots(roots).into()));
        }
        let identity = one_of(self.identity.as_deref(), self.identity_regex.as_deref())?;
        let issuer = one_of(self.issuer.as_deref(), self.issuer_regex.as_deref())?;
        let (Some(identity), Some(issuer)) = (identity, issuer) else { return Ok(None) };
        let root = self.trusted_root.as_deref().map_or_else(TrustRoot::shipped, TrustRoot::read)?;
        Ok(Some(Trusted::Keyless { root: Arc::new(root), expected: Expectation { identity, issuer } }))
    }

    /// The public key, if there is one.
    pub(crate) fn keys(&self) -> Result<Vec<PublicKey>, SigningError> {
        self.key.iter().map(|file| signing::public_key(file)).collect()
    }
}

fn one_of(exact: Option<&str>, pattern: Option<&str>) -> Result<Option<Expected>, SigningError> {
    let wrong = |error: ExpectedError| SigningError::Usage(error.to_string());
    match (exact, pattern) {
        (Some(text), _) => Expected::exactly(text).map(Some).map_err(wrong),
        (None, Some(pattern)) => Expected::matching(pattern).map(Some).map_err(wrong),
        (None, None) => Ok(None),
    }
}
