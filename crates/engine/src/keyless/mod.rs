//! Keyless (Sigstore) signatures: a certificate that lives for minutes binds a throwaway key to an identity, and a
//! public log proves when it was used.
//!
//! Verification needs no network: a *trusted root* holds the certificates and log keys to trust, either the public
//! good instance's that the library ships or a file. Whoever verifies says which identity they expect and who must
//! have vouched for it; "signed by somebody" is no answer here.
//!
//! Format: sigstore bundles v0.1 to v0.3 that hold a DSSE envelope
//! (<https://docs.sigstore.dev/about/bundle/>). The client specification that verification follows is
//! <https://docs.sigstore.dev/about/security/>.

mod root;
mod sign;
mod token;
mod verify;

pub use bartizan_provenance::attestation::{Expected, ExpectedError};
pub use root::{RootError, TrustRoot};
pub use sign::{Endpoints, SignError, sign};
pub use token::ambient_token;
pub use verify::{Expectation, Verified, verify};
