//! Who signs: the options of `sign` and `attest`.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use bartizan_engine::{
    keyless::{self, Endpoints, SignError},
    signing::{self, Credential, SigningError},
};
use clap::Args;

/// A token has some thousand bytes.
const LARGEST_TOKEN: u64 = 64 << 10;

#[derive(Debug, Args)]
pub(crate) struct SignerArguments {
    /// The private key (PEM: PKCS#8, encrypted or not, or SEC 1; P-256, P-384 or P-521), readable by you alone
    #[arg(long, value_name = "FILE", required_unless_present = "keyless", conflicts_with = "keyless")]
    key: Option<PathBuf>,
    /// The environment variable that holds the password of the key
    #[arg(long, value_name = "VAR", requires = "key")]
    password_env: Option<String>,
    /// Sign with this certificate of the key (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Certificates between that one and its root, for those who verify (PEM)
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "cert")]
    chain: Vec<PathBuf>,
    /// Sign without a key of your own: Sigstore certifies who you are, and logs in public that you signed
    #[arg(long)]
    keyless: bool,
    /// A file with the identity token; - for standard input [default: SIGSTORE_ID_TOKEN, or the build service's]
    #[arg(long, value_name = "FILE", requires = "keyless", conflicts_with = "key")]
    identity_token: Option<PathBuf>,
    /// The certificate authority [default: https://fulcio.sigstore.dev]
    #[arg(long, value_name = "URL", requires = "keyless", conflicts_with = "key")]
    fulcio_url: Option<String>,
    /// The transparency log, of API version 1 [default: https://rekor.sigstore.dev]
    #[arg(long, value_name = "URL", requires = "keyless", conflicts_with = "key")]
    rekor_url: Option<String>,
    /// A timestamp authority (RFC 3161), too
    #[arg(long, value_name = "URL", requires = "keyless", conflicts_with = "key")]
    tsa_url: Option<String>,
}

impl SignerArguments {
    /// Who signs, read and checked before any long work.
    pub(crate) fn credential(&self) -> Result<Credential, SigningError> {
        match &self.key {
            Some(key) => self.with_key(key),
            None => self.without_key(),
        }
    }

    fn with_key(&self, key: &Path) -> Result<Credential, SigningError> {
        let password = match &self.password_env {
            None => None,
            Some(name) => Some(std::env::var_os(name).ok_or_else(|| {
                SigningError::Usage(format!(
                    "the environment variable {name}, named by --password-env, is not set"
                ))
            })?),
        };
        let password = password.as_ref().map(|password| password.as_encoded_bytes());
        let key = signing::private_key(key, password)?;
        let Some(file) = &self.cert else {
            return Ok(Credential::Key(key));
        };
        let mut found = signing::certificates(file)?.into_iter();
        // A file with the whole chain is a common thing; the signer's own certificate is the first.
        let Some(certificate) = found.next() else {
            return Err(SigningError::Usage(format!("{} holds no certificate", file.display())));
        };
        let mut chain: Vec<_> = found.collect();
        for file in &self.chain {
            chain.extend(signing::certificates(file)?);
        }
        Ok(Credential::Certificate { key, certificate: Box::new(certificate), chain })
    }

    fn without_key(&self) -> Result<Credential, SigningError> {
        let public = Endpoints::default();
        let endpoints = Endpoints {
            fulcio: self.fulcio_url.clone().unwrap_or(public.fulcio),
            rekor: self.rekor_url.clone().unwrap_or(public.rekor),
            timestamps: self.tsa_url.clone(),
        };
        endpoints.check()?;
        let token = match &self.identity_token {
            Some(file) => Some(token(file)?),
            None => {
                // Asked for again when it is used, because it does not outlive the hashing of a large model.
                keyless::ambient_token()?;
                None
            }
        };
        Ok(Credential::Keyless { endpoints, token })
    }
}

fn token(file: &Path) -> Result<String, SigningError> {
    let is_token = file.to_str().is_some_and(|text| text.starts_with("ey") && text.matches('.').count() == 2);
    if is_token {
        // Whoever lists processes sees it already; no message repeats it.
        return Err(SigningError::Usage(
            "--identity-token takes the name of a file, since other users can read command lines; put the token into \
             SIGSTORE_ID_TOKEN, or write it to standard input and say --identity-token -"
                .to_owned(),
        ));
    }
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().lock().take(LARGEST_TOKEN).read_to_string(&mut text)
    } else {
        File::open(file).and_then(|file| file.take(LARGEST_TOKEN).read_to_string(&mut text))
    };
    match read {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(error) => {
            let reason = format!("{} cannot be read: {error}", file.display());
            Err(SignError::Token(reason).into())
        }
    }
}
