//! Identity tokens that the surroundings give.

use sigstore_sign::oidc::IdentityToken;

use super::SignError;

/// What Sigstore's clients agreed on for handing over a token.
const VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// The identity token in `SIGSTORE_ID_TOKEN`, or the one that the build service gives to its jobs: GitHub Actions,
/// GitLab CI, Buildkite and CircleCI.
///
/// # Errors
/// When there is none, or the service does not give it.
pub fn ambient_token() -> Result<String, SignError> {
    match std::env::var(VARIABLE) {
        Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
        Err(std::env::VarError::NotUnicode(_)) => {
            return Err(SignError::Token(format!("{VARIABLE} holds no text")));
        }
        _ => {}
    }
    let runtime = super::sign::runtime()?;
    match runtime.block_on(IdentityToken::detect_ambient()) {
        Ok(Some(token)) => Ok(token.expose_secret().to_owned()),
        Ok(None) => Err(SignError::Token(format!(
            "there is none: put it into {VARIABLE}, name its file with --identity-token, or sign in a job of GitHub \
             Actions (with `permissions: id-token: write`), GitLab CI, Buildkite or CircleCI"
        ))),
        Err(error) => Err(SignError::Token(error.to_string())),
    }
}
