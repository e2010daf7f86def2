//! Objects elsewhere: object stores, plain HTTP, and model hubs. Only what the user named is contacted.
//!
//! Everything is read in ranges, block by block, so that looking at the header of a checkpoint costs one block. The
//! runtime that talks to the network is made when the first remote target is listed and shared by all of them.

mod blocks;
pub(crate) mod http;
pub(crate) mod hub;
pub(crate) mod store;
mod tree;

use std::{
    io,
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bartizan_core::{Content, Kind, Tree};
use bytes::Bytes;
use futures_util::future::{Either, select};
use url::Url;

use super::{Item, Listing, Opening};
use crate::EngineError;

/// Remote objects up to this size are digested; larger ones would have to be fetched whole for it.
const DIGEST: u64 = 16 << 20;

/// An object that ranges can be fetched from.
pub(crate) trait Ranges: Send + Sync {
    /// Bytes `start..end`; fewer when the object ends sooner.
    fn fetch(&self, start: u64, end: u64) -> io::Result<Bytes>;
}

/// One object of a remote listing.
#[derive(Clone)]
pub(crate) struct Object {
    /// Relative to what the user named.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) ranges: Arc<dyn Ranges>,
    /// Changes when the object does, where the server tells.
    pub(crate) token: Option<String>,
    /// SHA-256 of the object, where the server tells.
    pub(crate) sha256: Option<String>,
}

impl Object {
    pub(crate) fn content(&self) -> Content {
        Content::from_source(Arc::new(blocks::Blocks::new(self.size, Arc::clone(&self.ranges))))
    }
}

/// Why a remote target cannot be listed.
#[derive(Debug)]
pub(crate) enum ListError {
    /// It cannot be what the user meant.
    Usage(String),
    /// It could not be read.
    Failed(String),
}

impl From<reqwest::Error> for ListError {
    fn from(error: reqwest::Error) -> Self {
        Self::Failed(http::explain(&error))
    }
}

impl From<io::Error> for ListError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Lists a remote target. What cannot be read is noted in the listing.
pub(crate) fn list(
    uri: &str,
    prefix: bool,
    cancel: &Arc<AtomicBool>,
    listing: &mut Listing,
) -> Result<(), EngineError> {
    list_from(uri, prefix, &hub::Hub::from_environment(), cancel, listing)
}

fn list_from(
    uri: &str,
    prefix: bool,
    hub: &hub::Hub,
    cancel: &Arc<AtomicBool>,
    listing: &mut Listing,
) -> Result<(), EngineError> {
    let shown = bartizan_core::redacted(uri);
    let network = Network { cancel: Arc::clone(cancel), until: None };
    let objects = match uri.split_once("://").map(|(scheme, _)| scheme) {
        Some("hf") => hub.list(uri, &network),
        Some("http" | "https") => parse(uri).and_then(|url| http::list(&url, &network)),
        Some("s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss") => {
            parse(uri).and_then(|url| store::list(&url, &network))
        }
        _ => Err(ListError::Usage(format!(
            "`{shown}`: the scheme is not known; s3, gs, az, https, http and hf are"
        ))),
    };
    let objects = match objects {
        Ok(objects) => objects,
        Err(ListError::Usage(message)) => return Err(EngineError::Usage(message)),
        Err(ListError::Failed(reason)) => {
            listing.unreadable(shown.clone(), Kind::UNKNOWN, format!("it cannot be read: {reason}"));
            listing.notes.push(format!("{shown}: {reason}"));
            return Ok(());
        }
    };
    if uri.starts_with("http://") {
        listing
            .notes
            .push(format!("{shown} was read without encryption: it may have been changed on the way"));
    }
    if objects.is_empty() {
        listing.notes.push(format!("{shown}: there is nothing there"));
    }
    add(&shown, prefix, &objects, listing);
    Ok(())
}

fn add(shown: &str, prefix: bool, objects: &[Object], listing: &mut Listing) {
    let path = |inner: &str| match (prefix, inner) {
        (true, "") => shown.to_owned(),
        (true, _) => format!("{}/{inner}", shown.trim_end_matches('/')),
        (false, "") => ".".to_owned(),
        (false, _) => inner.to_owned(),
    };
    let folders = tree::folders(objects);
    for (folder, tree) in &folders {
        listing.items.push(Item {
            path: path(folder),
            opening: Opening::Folder(Arc::clone(tree)),
            siblings: folder
                .rsplit_once('/')
                .map(|(parent, _)| parent)
                .or(if folder.is_empty() { None } else { Some("") })
                .and_then(|parent| folders.get(parent))
                .map(|tree| Arc::clone(tree) as Arc<dyn Tree>),
            ignored_in: None,
        });
    }
    for object in objects {
        let folder = object.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        listing.items.push(Item {
            path: path(&object.path),
            opening: Opening::Content { content: object.content(), digest_up_to: Some(DIGEST) },
            siblings: folders.get(folder).map(|tree| Arc::clone(tree) as Arc<dyn Tree>),
            ignored_in: None,
        });
    }
}

fn parse(uri: &str) -> Result<Url, ListError> {
    Url::parse(uri).map_err(|error| ListError::Usage(format!("`{}`: {error}", bartizan_core::redacted(uri))))
}

/// The way to the network, closed when the user stops the scan.
#[derive(Clone)]
pub(crate) struct Network {
    cancel: Arc<AtomicBool>,
    /// Closed after this, too.
    until: Option<Instant>,
}

impl Network {
    /// A way that is closed at a certain time.
    pub(crate) fn until(cancel: &Arc<AtomicBool>, until: Instant) -> Self {
        Self { cancel: Arc::clone(cancel), until: Some(until) }
    }

    /// Waits for an answer, or until the user stops the scan. Several threads may wait at once; one does the talking.
    pub(crate) fn wait<T: Send>(&self, future: impl Future<Output = io::Result<T>> + Send) -> io::Result<T> {
        static RUNTIME: OnceLock<Option<tokio::runtime::Runtime>> = OnceLock::new();
        let runtime = RUNTIME
            .get_or_init(|| {
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok()
            })
            .as_ref()
            .ok_or_else(|| io::Error::other("the network runtime cannot be started"))?;
        let stopped = async {
            while !self.cancelled() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        runtime.block_on(async {
            match select(pin!(future), pin!(stopped)).await {
                Either::Left((answer, _)) => answer,
                Either::Right(_) if self.cancel.load(Ordering::Relaxed) => {
                    Err(io::Error::other("the scan was interrupted"))
                }
                Either::Right(_) => Err(io::Error::other("the time for this source ran out")),
            }
        })
    }

    fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() > until)
    }
}
