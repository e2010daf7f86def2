//! Files of keys and certificates.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use bartizan_provenance::{
    certificates::Certificate,
    keys::{PrivateKey, PublicKey},
};

use super::error::SigningError;

/// No such file is larger; more is refused when it is read as PEM.
const LARGEST: u64 = (4 << 20) + 1;

/// Reads a private key that only its owner can read.
///
/// # Errors
/// When others can read it, or it is none, or the password does not open it.
pub fn private_key(path: &Path, password: Option<&[u8]>) -> Result<PrivateKey, SigningError> {
    let file = open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = file.metadata().map_err(|error| SigningError::read(path, error))?;
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_file() && mode & 0o077 != 0 {
            return Err(SigningError::Permissions { path: path.to_owned(), mode });
        }
    }
    let text = read(path, file)?;
    PrivateKey::from_pem(&text, password)
        .map_err(|source| SigningError::Key { path: path.to_owned(), source })
}

/// Reads a public key.
///
/// # Errors
/// When it is none.
pub fn public_key(path: &Path) -> Result<PublicKey, SigningError> {
    let text = read(path, open(path)?)?;
    PublicKey::from_pem(&text).map_err(|source| SigningError::Key { path: path.to_owned(), source })
}

/// Reads every certificate of a PEM file.
///
/// # Errors
/// When there is none.
pub fn certificates(path: &Path) -> Result<Vec<Certificate>, SigningError> {
    let text = read(path, open(path)?)?;
    Certificate::all_from_pem(&text)
        .map_err(|source| SigningError::Certificate { path: path.to_owned(), source })
}

fn open(path: &Path) -> Result<File, SigningError> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SigningError::Usage(format!("no such file: {}", path.display())),
        _ => SigningError::read(path, error),
    })
}

fn read(path: &Path, file: File) -> Result<Vec<u8>, SigningError> {
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(|error| SigningError::read(path, error))?;
    Ok(bytes)
}
