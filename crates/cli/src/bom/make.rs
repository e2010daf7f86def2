//! `bartizan bom PATH`: from files to a document.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::PathBuf,
    sync::atomic::Ordering,
};

use anyhow::{Result, bail};
use bartizan_engine::{ScanRequest, Target, report::Report};
use bartizan_provenance::bom::{self, Graph, SpecVersion, Stamp};
use clap::{Args, ValueEnum};

use crate::{interrupt, progress::Meter};

#[derive(Debug, Args)]
pub(crate) struct MakeArguments {
    /// A folder, file or URI to describe
    #[arg(value_name = "PATH|URI", default_value = ".")]
    target: String,
    /// The kind of document
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Version of the specification: 1.7 or 1.6 of CycloneDX, 3.0.1 of SPDX [default: the newest]
    #[arg(long, value_name = "VERSION")]
    spec_version: Option<String>,
    /// Write the same bytes for the same files: no time, and a serial number made from the content
    #[arg(long)]
    reproducible: bool,
    /// Describe files that .gitignore leaves out too (models are never left out)
    #[arg(long)]
    no_ignore: bool,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The kind of document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CycloneDX in JSON, an ML-BOM
    #[default]
    Cyclonedx,
    /// SPDX 3.0.1 in JSON-LD, with the AI and Dataset profiles
    Spdx,
}

pub(crate) fn run(arguments: &MakeArguments) -> Result<u8> {
    let version = spec_version(arguments)?;
    let Some((graph, report)) = graph(&arguments.target, arguments.no_ignore)? else {
        return Ok(interrupt::INTERRUPTED);
    };
    let stamp = stamp(arguments.reproducible);
    let document = match version {
        Some(version) => bom::cyclonedx(&graph, version, &stamp)?,
        None => bom::spdx(&graph, &stamp)?,
    };
    super::write(&document, arguments.output.as_ref())?;
    Ok(if report.assets.iter().all(|asset| asset.coverage.complete) { 0 } else { 3 })
}

/// What the target is made of, with what the scan said; `None` when the user stopped it.
pub(super) fn graph(target: &str, no_ignore: bool) -> Result<Option<(Graph, Report)>> {
    let target = Target::parse(target);
    let name = match &target {
        Target::Path(path) if !path.exists() => bail!("no such file or folder: {}", path.display()),
        Target::Path(path) => bartizan_engine::bom::subject(path),
        Target::Stdin => "standard input".to_owned(),
        Target::Uri(uri) => bartizan_core::redacted(uri),
    };
    let mut request = ScanRequest::new(vec![target]);
    request.no_ignore = no_ignore;
    request.cancel = interrupt::flag();
    let meter = Meter::new();
    let report = bartizan_engine::scan(&request, &meter);
    meter.clear();
    let report = report?;
    if request.cancel.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let graph = Graph::of(&bartizan_engine::bom::inventory(&report, &name));
    Ok(Some((graph, report)))
}

/// When and by what the document is made.
pub(super) fn stamp(reproducible: bool) -> Stamp {
    let tool_version = bartizan_engine::VERSION;
    if reproducible {
        return Stamp { random: None, timestamp: None, tool_version };
    }
    let mut random = [0; 16];
    for part in random.chunks_mut(8) {
        // Serial numbers are to differ, not to be secret.
        let bytes = RandomState::new().build_hasher().finish().to_le_bytes();
        for (byte, from) in part.iter_mut().zip(bytes) {
            *byte = from;
        }
    }
    Stamp { random: Some(random), timestamp: Some(bartizan_engine::bom::now()), tool_version }
}

/// `None` is SPDX, which has one version.
fn spec_version(arguments: &MakeArguments) -> Result<Option<SpecVersion>> {
    let text = arguments.spec_version.as_deref();
    match (arguments.format, text) {
        (Format::Cyclonedx, None | Some("1.7")) => Ok(Some(SpecVersion::V1_7)),
        (Format::Cyclonedx, Some("1.6")) => Ok(Some(SpecVersion::V1_6)),
        (Format::Cyclonedx, Some(other)) => {
            bail!("CycloneDX is written in spec version 1.7 or 1.6, not {other}")
        }
        (Format::Spdx, None | Some("3.0.1")) => Ok(None),
        (Format::Spdx, Some(other)) => bail!("SPDX is written in spec version 3.0.1, not {other}"),
    }
}
