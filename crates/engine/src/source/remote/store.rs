//! Amazon S3, Google Cloud Storage, Azure Blob Storage, and what is compatible with them. Credentials come from the
//! environment, as each provider documents them; `AWS_SKIP_SIGNATURE`, `GOOGLE_SKIP_SIGNATURE` and
//! `AZURE_SKIP_SIGNATURE` read public buckets.

use std::{io, sync::Arc};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt as _, aws::AmazonS3Builder, azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder, path::Path,
};
use url::Url;

use super::{ListError, Network, Object, Ranges};

/// Most objects below one prefix.
const MOST: usize = 1_000_000;

struct StoredObject {
    store: Arc<dyn ObjectStore>,
    path: Path,
    network: Network,
}

impl Ranges for StoredObject {
    fn fetch(&self, start: u64, end: u64) -> io::Result<Bytes> {
        self.network.wait(async {
            self.store.get_range(&self.path, start..end).await.map_err(|error| failed(&error))
        })
    }
}

/// The object, or every object below the prefix.
pub(crate) fn list(url: &Url, network: &Network) -> Result<Vec<Object>, ListError> {
    let store = open(url).map_err(|error| ListError::from(failed(&error)))?;
    let path = Path::from_url_path(url.path())
        .map_err(|error| ListError::Usage(format!("`{}`: {error}", url.path())))?;
    list_in(&store, &path, network)
}

pub(crate) fn list_in(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    network: &Network,
) -> Result<Vec<Object>, ListError> {
    let object = |relative: String, found: ObjectMeta| Object {
        path: relative,
        size: found.size,
        token: Some(token(&found)),
        sha256: None,
        ranges: Arc::new(StoredObject {
            store: Arc::clone(store),
            path: found.location,
            network: network.clone(),
        }),
    };
    let objects = network.wait(async {
        if path.parts().next().is_some() {
            match store.head(path).await {
                Ok(found) => {
                    let name = path.filename().unwrap_or_default().to_owned();
                    return Ok(vec![object(name, found)]);
                }
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        let mut objects = Vec::new();
        let mut listed = store.list(Some(path));
        while let Some(found) = listed.try_next().await.map_err(|error| failed(&error))? {
            if objects.len() >= MOST {
                return Err(io::Error::other(format!("there are more than {MOST} objects")));
            }
            let relative: Vec<_> = match found.location.prefix_match(path) {
                Some(parts) => parts.map(|part| part.as_ref().to_owned()).collect(),
                None => continue,
            };
            objects.push(object(relative.join("/"), found));
        }
        if objects.is_empty() {
            return Err(io::Error::other("there is no object and no prefix of this name"));
        }
        Ok(objects)
    })?;
    Ok(objects)
}

/// What changes when the object does.
fn token(object: &ObjectMeta) -> String {
    format!(
        "{}-{}-{}-{}",
        object.e_tag.as_deref().unwrap_or_default(),
        object.version.as_deref().unwrap_or_default(),
        object.last_modified.timestamp_micros(),
        object.size
    )
}

/// Objects of a store that is not at its provider's own address.
pub(crate) fn list_at(
    url: &Url,
    endpoint: &Url,
    plain_http: bool,
    network: &Network,
) -> Result<Vec<Object>, ListError> {
    if !matches!(url.scheme(), "s3" | "s3a") {
        return Err(ListError::Usage("only s3:// has an endpoint of its own".to_owned()));
    }
    let store = AmazonS3Builder::from_env()
        .with_url(url.as_str())
        .with_endpoint(endpoint.as_str().trim_end_matches('/'))
        .with_allow_http(plain_http || super::http::is_loopback(endpoint))
        .build()
        .map_err(|error| ListError::from(failed(&error)))?;
    let path = Path::from_url_path(url.path())
        .map_err(|error| ListError::Usage(format!("`{}`: {error}", url.path())))?;
    list_in(&(Arc::new(store) as Arc<dyn ObjectStore>), &path, network)
}

fn open(url: &Url) -> object_store::Result<Arc<dyn ObjectStore>> {
    let text = url.as_str();
    Ok(match url.scheme() {
        "s3" | "s3a" => Arc::new(AmazonS3Builder::from_env().with_url(text).build()?),
        "gs" => Arc::new(GoogleCloudStorageBuilder::from_env().with_url(text).build()?),
        _ => Arc::new(MicrosoftAzureBuilder::from_env().with_url(text).build()?),
    })
}

/// The error and its causes, without credentials.
fn failed(error: &object_store::Error) -> io::Error {
    io::Error::other(bartizan_core::redacted(&error.to_string()))
}
