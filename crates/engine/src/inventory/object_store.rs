//! Buckets and prefixes of object stores. Credentials come from the environment, as each provider documents them.

use url::Url;

use super::{
    Found, Source,
    found::{Harvest, Reach, SourceError},
};
use crate::source::remote::{ListError, Object, store};

/// Every object below what the user named.
pub(crate) fn harvest(source: &Source, reach: &Reach) -> Result<Harvest, SourceError> {
    let shown = bartizan_core::redacted(&source.location);
    let wrong = |error: url::ParseError| SourceError::Unreachable(format!("`{shown}`: {error}"));
    let url = Url::parse(&source.location).map_err(wrong)?;
    if !matches!(url.scheme(), "s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss") {
        return Err(SourceError::Unreachable(format!("`{shown}`: s3://, gs:// and az:// are object stores")));
    }
    let network = reach.network();
    let objects = match &source.endpoint {
        Some(endpoint) => {
            let endpoint = Url::parse(endpoint).map_err(wrong)?;
            store::list_at(&url, &endpoint, source.plain_http, &network)
        }
        None => store::list(&url, &network),
    };
    let objects = objects.map_err(failed)?;
    let mut harvest = Harvest::default();
    let single = objects.len() == 1
        && objects.first().is_some_and(|object| url.path().ends_with(&format!("/{}", object.path)));
    for object in objects {
        let base = source.location.trim_end_matches('/');
        let uri = if single { base.to_owned() } else { format!("{base}/{}", object.path) };
        harvest.found.push(found(uri, object));
    }
    Ok(harvest)
}

/// An object of a remote listing.
pub(crate) fn found(uri: String, object: Object) -> Found {
    let mut found = Found::at(uri, object.path.clone());
    found.size = Some(object.size);
    found.token.clone_from(&object.token);
    found.declared = object.sha256.as_deref().and_then(super::ContentDigest::sha256);
    found.open = Some(Box::new(move || Ok(object.content().into())));
    found
}

/// Why a listing failed, in the inventory's words.
pub(crate) fn failed(error: ListError) -> SourceError {
    match error {
        ListError::Usage(reason) | ListError::Failed(reason) => SourceError::Unreachable(reason),
    }
}
