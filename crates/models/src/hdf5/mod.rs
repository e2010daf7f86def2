//! HDF5: the container of Keras models before version 3, of Keras weights since, and of scientific data.
//!
//! A file is a tree of groups and datasets, each with an object header of messages
//! (<https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>). Keras writes the model's configuration as the
//! JSON attribute `model_config` of the root group; its loader builds every layer that is named there, and until Keras
//! 3.11.3 ran the bytecode of Lambda layers even in safe mode (CVE-2025-9905). Links and datasets can also lead to other
//! files.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::LazyLock,
};

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Metadata, Model, Probe,
    Rule, Section, Tensor, redacted,
};

mod rules;
mod storage;
#[cfg(test)]
mod tests;
mod walk;

use walk::{Contents, Outside};

use crate::{
    jinja,
    json::{self, Reading},
    keras::{self, Loader},
};

/// The first bytes, at 0 or, behind a user block, at 512, 1024, 2048, …
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// How much of a file that cannot be read is searched for a configuration.
const SEARCHED: u64 = 8 << 20;

/// Reads HDF5 files.
#[derive(Debug)]
pub(crate) struct Hdf5;

fn contents(asset: &Asset, context: &Context<'_>) -> Contents {
    // The library checks what it reads; should it fail all the same, the file counts as unread.
    catch_unwind(AssertUnwindSafe(|| walk::read(&asset.content, context))).unwrap_or_else(|_| Contents {
        gaps: vec!["the file broke the HDF5 reader".to_owned()],
        ..Contents::default()
    })
}

impl Inspector for Hdf5 {
    fn kind(&self) -> Kind {
        Kind::new("hdf5")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: LazyLock<Vec<&'static Rule>> =
            LazyLock::new(|| [rules::ALL, keras::RULES, jinja::rules::ALL].concat());
        &ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let at = [0usize, 512, 1024, 2048];
        if at.iter().any(|offset| probe.has_at(*offset, MAGIC)) { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let contents = contents(asset, context);
        for gap in &contents.gaps {
            inspection.coverage.miss(gap.clone());
        }
        for outside in contents.outside.iter().take(context.limits.findings) {
            inspection.find(leads_outside(outside, asset));
        }
        let mut configured = false;
        for (name, text) in &contents.attributes {
            if name == "model_config" || name == "training_config" {
                configured |= name == "model_config";
                configuration(name, text, asset, context, &mut inspection);
            } else if text.len() < 200 {
                inspection.know(Fact::Metadata(Metadata::new(name, text)));
            }
        }
        if !configured && !contents.gaps.is_empty() {
            for text in searched(asset) {
                configured = true;
                configuration("model_config", &text, asset, context, &mut inspection);
            }
        }
        if configured {
            inspection.kind = Some(Kind::new("keras-h5"));
        }
        know(&contents, configured, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let contents = contents(asset, context);
        let mut attributes = Section::new("attributes", &["name", "value"]);
        let mut sections = Vec::new();
        for (name, text) in &contents.attributes {
            attributes.push(context.limits.rows, vec![redacted(name).into(), redacted(text).into()]);
            let reading = Reading { depth: context.limits.depth, values: 200_000, skip: &[] };
            if name == "model_config"
                && let Ok(document) = json::parse(text.as_bytes(), reading)
            {
                sections.push(keras::layers(&document.root, context.limits.rows));
            }
        }
        let mut tensors = Section::new("tensors", &["name", "dtype", "shape"]);
        for tensor in &contents.tensors {
            let shape = tensor.shape.iter().map(u64::to_string).collect::<Vec<_>>();
            let row = vec![tensor.name.clone().into(), tensor.dtype.clone().into(), shape.into()];
            tensors.push(context.limits.rows, row);
        }
        sections.extend([attributes, tensors]);
        Description { sections }
    }
}

fn leads_outside(outside: &Outside, asset: &Asset) -> Finding {
    match outside {
        Outside::Link { name, file, object } => {
            let message = format!(
                "the link `{}` leads to `{}` in the file `{}`",
                redacted(name),
                redacted(object),
                redacted(file)
            );
            Finding::new(&rules::EXTERNAL_LINK, asset, message).evidence("link", name).evidence("file", file)
        }
        Outside::Data { name, file } => {
            let message =
                format!("the values of `{}` are read from the file `{}`", redacted(name), redacted(file));
            Finding::new(&rules::EXTERNAL_DATA, asset, message)
                .evidence("dataset", name)
                .evidence("file", file)
        }
        Outside::Virtual { name } => {
            let message = format!("the dataset `{}` is put together from others", redacted(name));
            Finding::new(&rules::VIRTUAL, asset, message).evidence("dataset", name)
        }
    }
}

fn configuration(name: &str, text: &str, asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) {
    let reading = Reading { depth: context.limits.depth, values: json::MOST_VALUES, skip: &[] };
    match json::parse(text.as_bytes(), reading) {
        Ok(document) => {
            inspection.merge(keras::judge(&document.root, asset, Loader::Hdf5, context));
            if name == "model_config" {
                inspection.know(Fact::Model(keras::model(&document.root, "keras-h5")));
            }
        }
        Err(error) => inspection.coverage.miss(format!("the attribute `{name}` could not be read: {error}")),
    }
}

/// Configurations in the bytes of a file whose structure is broken.
fn searched(asset: &Asset) -> Vec<String> {
    let bytes = asset.content.head(SEARCHED).unwrap_or_default();
    let marks = memchr::memmem::find_iter(&bytes, b"{\"class_name\"")
        .chain(memchr::memmem::find_iter(&bytes, b"{\"module\""));
    let text = |at: usize| {
        let rest = bytes.get(at..)?;
        let end = memchr::memchr(0, rest).unwrap_or(rest.len());
        let text = String::from_utf8_lossy(rest.get(..end)?).into_owned();
        let cut = text.rfind('}')?;
        text.get(..=cut).map(str::to_owned)
    };
    // Objects inside the first one are part of it.
    marks.take(1).filter_map(text).collect()
}

fn know(contents: &Contents, configured: bool, inspection: &mut Inspection) {
    let attribute =
        |name: &str| contents.attributes.iter().find(|(key, _)| key == name).map(|(_, text)| redacted(text));
    let parameters =
        contents.tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?));
    if !configured {
        inspection.know(Fact::Model(Model {
            framework: attribute("keras_version").map(|_| "keras".to_owned()),
            framework_version: attribute("keras_version"),
            parameters,
            ..Model::of("hdf5")
        }));
    }
    if !contents.tensors.is_empty() {
        let tensors: Vec<Tensor> = contents.tensors.clone();
        inspection.know(Fact::Tensors { tensors, omitted: contents.omitted });
    }
}
