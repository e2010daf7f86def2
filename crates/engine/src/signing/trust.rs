//! Who may have signed, with or without a key of their own.

use bartizan_provenance::oms::{self, Authenticated, Bundle, Problem, Reason};

#[cfg(feature = "keyless")]
use crate::keyless;

/// Who may have signed.
#[derive(Clone, Debug)]
pub enum Trusted {
    /// The owner of a key, or of a certificate.
    Known {
        /// Whose key, or under which roots.
        trust: oms::Trust,
        /// The subject that the certificate has to have.
        subject: Option<String>,
    },
    /// Whoever an identity provider vouched for.
    #[cfg(feature = "keyless")]
    Keyless {
        /// The authorities and logs to believe.
        root: std::sync::Arc<keyless::TrustRoot>,
        /// Who it has to be.
        expected: keyless::Expectation,
    },
    /// One of these.
    Either(Vec<Self>),
}

impl From<oms::Trust> for Trusted {
    fn from(trust: oms::Trust) -> Self {
        Self::Known { trust, subject: None }
    }
}

impl Trusted {
    /// Who signed a bundle, and the statement that they signed. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// When the bundle cannot be read, or somebody else signed it.
    pub fn authenticate(&self, bundle: &[u8], now: u64) -> Result<(Authenticated, Vec<u8>), Problem> {
        match self {
            Self::Known { trust, subject } => {
                let bundle = Bundle::parse(bundle)?;
                let authenticated = oms::authenticate(&bundle, trust, now)?;
                let signer = &authenticated.signer;
                match subject {
                    Some(wanted) if signer.subject.as_ref() != Some(wanted) => {
                        let detail = "a certificate of another subject signed than the one that was expected";
                        let found = signer.subject.clone().unwrap_or_default();
                        Err(Problem::new(Reason::Identity, detail).between(wanted, found))
                    }
                    _ => Ok((authenticated, bundle.envelope.payload)),
                }
            }
            #[cfg(feature = "keyless")]
            Self::Keyless { root, expected } => {
                let keyless::Verified { signer, payload } = keyless::verify(bundle, root, expected)?;
                Ok((Authenticated { signer, notes: Vec::new() }, payload))
            }
            Self::Either(all) => either(all, bundle, now),
        }
    }
}

/// The answer of the first one who signed. When nobody did, what is wrong with the bundle itself matters more than that
/// it is by somebody else.
fn either(all: &[Trusted], bundle: &[u8], now: u64) -> Result<(Authenticated, Vec<u8>), Problem> {
    let mut problems = Vec::new();
    for one in all {
        match one.authenticate(bundle, now) {
            Ok(found) => return Ok(found),
            Err(problem) => problems.push(problem),
        }
    }
    let is_other = |problem: &Problem| matches!(problem.kind, Reason::Key | Reason::Chain | Reason::Identity);
    let place = problems.iter().position(|problem| !is_other(problem)).unwrap_or_default();
    if problems.is_empty() {
        return Err(Problem::new(Reason::Identity, "nobody is trusted to sign this"));
    }
    Err(problems.swap_remove(place))
}
