//! What the user calls a source: a place that holds AI assets, and how to reach it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::InventoryError;

/// The kind of system that a source is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum SourceKind {
    /// A folder of this machine.
    #[serde(rename = "dir")]
    Directory,
    /// A git repository: a clone on this machine, or an address.
    #[serde(rename = "git")]
    Git,
    /// A bucket or prefix of Amazon S3, Google Cloud Storage, Azure Blob Storage, or what speaks their language.
    #[serde(rename = "s3")]
    ObjectStore,
    /// A registry of the Open Container Initiative's distribution specification.
    #[serde(rename = "oci")]
    Oci,
    /// An MLflow tracking server.
    #[serde(rename = "mlflow")]
    Mlflow,
    /// A model hub that speaks Hugging Face's API.
    #[serde(rename = "hf")]
    Hub,
    /// A Hugging Face cache folder.
    #[serde(rename = "hfcache")]
    HubCache,
}

impl SourceKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Directory, Self::Git, Self::ObjectStore, Self::Oci, Self::Mlflow, Self::Hub, Self::HubCache];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Directory => "dir",
            Self::Git => "git",
            Self::ObjectStore => "s3",
            Self::Oci => "oci",
            Self::Mlflow => "mlflow",
            Self::Hub => "hf",
            Self::HubCache => "hfcache",
        }
    }
}

/// A source that the user added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What the user calls it; unique in an inventory.
    pub name: String,
    /// What kind of system it is.
    #[serde(rename = "type")]
    pub kind: SourceKind,
    /// Folder, address or id, without credentials.
    pub location: String,
    /// Repositories of a registry that does not list them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// Address of the service, where it is not the provider's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The environment variable that holds the token, never the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// May it be reached without encryption though it is not on this machine?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain_http: bool,
    /// When it was added (RFC 3339).
    pub added: String,
    /// When it was last read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<String>,
    /// Why it could not be read the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl Source {
    /// A source as the user names it, checked. Local folders become absolute, so that an inventory means the same
    /// wherever it is read.
    ///
    /// # Errors
    /// When the location cannot be one of this kind, or holds credentials.
    pub fn new(kind: SourceKind, location: &str, now: &str) -> Result<Self, InventoryError> {
        let usage = |reason: String| InventoryError::Usage(reason);
        let shown = bartizan_core::redacted(location);
        if location.is_empty() || location.starts_with('-') || location.chars().any(char::is_control) {
            return Err(usage(format!("`{shown}` is no location")));
        }
        if let Some((_, rest)) = location.split_once("://") {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let user = authority.rsplit_once('@').map(|(user, _)| user);
            // `ssh://git@host/…` names a user; a colon before the @ comes with a password.
            let ssh_user = location.starts_with("ssh://") && user.is_some_and(|user| !user.contains(':'));
            if user.is_some() && !ssh_user && kind != SourceKind::Hub {
                return Err(usage(format!(
                    "`{shown}` holds credentials, which an inventory never stores: put them into an environment \
                     variable and name it with --token-env"
                )));
            }
            if rest.contains(['?', '#']) {
                return Err(usage(format!("`{shown}`: a location has no `?` and no `#`")));
            }
        }
        let location = match kind {
            SourceKind::Directory | SourceKind::HubCache => absolute(location)?,
            SourceKind::Git if is_local_git(location) => absolute(location)?,
            SourceKind::ObjectStore if !location.contains("://") => {
                format!("s3://{}", location.trim_start_matches('/'))
            }
            SourceKind::Mlflow if !location.starts_with("http://") && !location.starts_with("https://") => {
                return Err(usage(format!("`{shown}`: an MLflow server is named by its http(s) address")));
            }
            _ => location.to_owned(),
        };
        let name = default_name(kind, &location);
        Ok(Self {
            name,
            kind,
            location,
            repositories: Vec::new(),
            endpoint: None,
            token_env: None,
            plain_http: false,
            added: now.to_owned(),
            last_sync: None,
            last_error: None,
        })
    }

    /// Gives it the user's name.
    ///
    /// # Errors
    /// When the name would not stand in a table or on a command line.
    pub fn named(mut self, name: &str) -> Result<Self, InventoryError> {
        let fits = !name.is_empty()
            && name.chars().count() <= 100
            && !name.starts_with('-')
            && !name.chars().any(|c| c.is_control() || c.is_whitespace());
        if !fits {
            return Err(InventoryError::Usage(
                "a source's name has 1 to 100 characters, no spaces, and does not start with a dash"
                    .to_owned(),
            ));
        }
        name.clone_into(&mut self.name);
        Ok(self)
    }
}

/// A path, not an address: `https://…`, `ssh://…` and `git@host:path` are elsewhere.
pub(crate) fn is_local_git(location: &str) -> bool {
    if location.starts_with("file://") {
        return true;
    }
    let remote_shell = location
        .split_once(':')
        .is_some_and(|(host, _)| !host.contains('/') && host.len() > 1 && !Path::new(location).exists());
    !location.contains("://") && !remote_shell
}

fn absolute(location: &str) -> Result<String, InventoryError> {
    let plain = location.strip_prefix("file://").unwrap_or(location);
    let canonical = Path::new(plain).canonicalize().map_err(|error| {
        InventoryError::Usage(format!("`{}` cannot be opened: {error}", bartizan_core::printable(plain)))
    })?;
    if !canonical.is_dir() {
        return Err(InventoryError::Usage(format!("`{}` is no folder", bartizan_core::printable(plain))));
    }
    canonical
        .into_os_string()
        .into_string()
        .map_err(|_| InventoryError::Usage("the folder's path is not UTF-8".to_owned()))
}

/// The last part of the location that says something.
fn default_name(kind: SourceKind, location: &str) -> String {
    let plain = location.split_once("://").map_or(location, |(_, rest)| rest);
    let part = match kind {
        SourceKind::Mlflow | SourceKind::Hub | SourceKind::Oci | SourceKind::ObjectStore => plain,
        _ => plain.trim_end_matches('/').trim_end_matches(".git").rsplit(['/', ':']).next().unwrap_or(plain),
    };
    let name: String =
        part.trim_matches('/').chars().map(|c| if c.is_whitespace() { '-' } else { c }).take(90).collect();
    if name.is_empty() { kind.name().to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: SourceKind, location: &str) -> Result<Source, InventoryError> {
        Source::new(kind, location, "2026-01-01T00:00:00Z")
    }

    #[test]
    fn credentials_in_a_location_are_refused() {
        for location in ["https://user:pw@host/repo.git", "https://token@host/x", "ssh://a:b@host/x"] {
            let error = made(SourceKind::Git, location).unwrap_err().to_string();
            assert!(error.contains("--token-env") && !error.contains("pw"), "{error}");
        }
        assert!(made(SourceKind::Git, "ssh://git@host/x.git").is_ok());
        assert!(made(SourceKind::Mlflow, "http://host?token=1").is_err());
        assert!(made(SourceKind::Git, "--upload-pack=x").is_err());
    }

    #[test]
    fn a_location_becomes_absolute_and_gets_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("models");
        std::fs::create_dir(&path).unwrap();
        let source = made(SourceKind::Directory, path.to_str().unwrap()).unwrap();
        assert_eq!(source.name, "models");
        assert!(Path::new(&source.location).is_absolute());
        assert_eq!(made(SourceKind::Git, "git@host:team/zoo.git").unwrap().name, "zoo");
        assert_eq!(made(SourceKind::ObjectStore, "bucket/prefix").unwrap().location, "s3://bucket/prefix");
        assert!(made(SourceKind::Directory, "/no/such/folder").is_err());
        assert!(source.named("two words").is_err());
    }
}
