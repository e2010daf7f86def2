//! Who may have signed, with or without a key of their own.

use bartizan_provenance::oms::{self, Authenticated, Bundle, Problem};

#[cfg(feature = "keyless")]
use crate::keyless;

/// Who may have signed.
#[derive(Clone, Debug)]
pub enum Trusted {
    /// The owner of a key, or of a certificate.
    Known(oms::Trust),
    /// Whoever an identity provider vouched for.
    #[cfg(feature = "keyless")]
    Keyless {
        /// The authorities and logs to believe.
        root: std::sync::Arc<keyless::TrustRoot>,
        /// Who it has to be.
        expected: keyless::Expectation,
    },
}

impl From<oms::Trust> for Trusted {
    fn from(trust: oms::Trust) -> Self {
        Self::Known(trust)
    }
}

impl Trusted {
    /// Who signed a bundle, and the statement that they signed. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// When the bundle cannot be read, or somebody else signed it.
    pub fn authenticate(&self, bundle: &[u8], now: u64) -> Result<(Authenticated, Vec<u8>), Problem> {
        match self {
            Self::Known(trust) => {
                let bundle = Bundle::parse(bundle)?;
                let authenticated = oms::authenticate(&bundle, trust, now)?;
                Ok((authenticated, bundle.envelope.payload))
            }
            #[cfg(feature = "keyless")]
            Self::Keyless { root, expected } => {
                let verified = keyless::verify(bundle, root, expected).map_err(Problem::from)?;
                let signer = oms::Signer {
                    kind: oms::SignerKind::Keyless,
                    key_sha256: None,
                    subject: None,
                    identity: Some(verified.signer.identity),
                    issuer: Some(verified.signer.issuer),
                };
                Ok((Authenticated { signer, notes: Vec::new() }, verified.payload))
            }
        }
    }
}

#[cfg(feature = "keyless")]
impl From<keyless::Rejected> for Problem {
    fn from(rejected: keyless::Rejected) -> Self {
        let reason = match rejected.reason {
            keyless::Reason::Format => oms::Reason::Format,
            keyless::Reason::Signature => oms::Reason::Signature,
            keyless::Reason::Chain => oms::Reason::Chain,
            keyless::Reason::Identity => oms::Reason::Identity,
        };
        Self::new(reason, rejected.message)
    }
}
