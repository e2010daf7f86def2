//! Paths of the user's in terms of the model.

use std::path::{Component, Path, PathBuf};

use bartizan_provenance::oms::ResourceName;

use super::error::SigningError;

/// The name of a path below the model: relative ones are taken from the model, or from the current folder when they
/// name something below the model only there.
///
/// # Errors
/// When the path leads elsewhere, or its name is not UTF-8.
pub(super) fn below(model: &Path, path: &Path) -> Result<ResourceName, SigningError> {
    let outside = || {
        SigningError::Usage(format!(
            "{} is not below the model {}; paths are relative to the model",
            path.display(),
            model.display()
        ))
    };
    let plain = |path: &Path| {
        let climbs = path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
        (!climbs).then(|| path.to_str().and_then(|text| ResourceName::parse(text).ok())).flatten()
    };
    let here = place(path).filter(|_| path.is_absolute() || !exists(&model.join(path)));
    let elsewhere = here.and_then(|here| Some((here, model.canonicalize().ok()?)));
    let by_place = elsewhere.and_then(|(here, root)| plain(here.strip_prefix(root).ok()?));
    match by_place {
        Some(name) if name.as_str() != "." => Ok(name),
        _ => plain(path).ok_or_else(outside),
    }
}

/// The name of a file below the model, if that is where it lies; the file need not be there yet.
pub(crate) fn inside(model: &Path, file: &Path) -> Option<ResourceName> {
    let root = model.canonicalize().ok()?;
    ResourceName::parse(place(file)?.strip_prefix(root).ok()?.to_str()?).ok()
}

/// Where a path leads, without following it when it is a link itself.
fn place(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// What a model is called: the last part of its path.
pub(crate) fn name(model: &Path) -> Result<String, SigningError> {
    let named = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    named(model).or_else(|| named(&model.canonicalize().ok()?)).ok_or_else(|| {
        SigningError::Usage(format!("the model {} has no name that can be signed", model.display()))
    })
}

/// Where something about a model goes unless told otherwise: beside it, with an extension behind its name.
pub(crate) fn beside(model: &Path, extension: &str) -> Result<PathBuf, SigningError> {
    let name = format!("{}.{extension}", name(model)?);
    if model.file_name().is_some() {
        return Ok(model.with_file_name(name));
    }
    let root = model.canonicalize().map_err(|error| SigningError::read(model, error))?;
    Ok(root.with_file_name(name))
}

/// Where a model's signature is unless told otherwise: beside it.
///
/// # Errors
/// When the model has no name.
pub fn signature_of(model: &Path) -> Result<PathBuf, SigningError> {
    beside(model, "sig")
}
