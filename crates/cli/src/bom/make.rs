//! `bartizan bom PATH`: from files to a document.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{self, Write as _},
    path::PathBuf,
    sync::atomic::Ordering,
};

use anyhow::{Result, bail};
use bartizan_engine::{
    ScanRequest, Target, config,
    report::{AssetReport, Report},
};
use bartizan_provenance::bom::{self, Graph, SpecVersion, Stamp};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{interrupt, progress::Meter};

/// A store of broken files fills no terminal.
const MOST_TOLD: usize = 10;

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
    /// What the bill is about [default: the system's name in bartizan.toml, or the folder's]
    #[arg(long)]
    name: Option<String>,
    /// Write the same bytes for the same files: a serial number made from the content, and no time but that of
    /// SOURCE_DATE_EPOCH
    #[arg(long)]
    reproducible: bool,
    /// Judge the written bytes once more as `bom validate` would, and say so
    #[arg(long)]
    validate: bool,
    #[command(flatten)]
    reading: Reading,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How the target is read.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Reading {
    /// Describe files that .gitignore leaves out too (models are never left out)
    #[arg(long)]
    no_ignore: bool,
    /// Use no manifest
    #[arg(long)]
    no_config: bool,
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
    let stamp = stamp(arguments.reproducible)?;
    let Some((mut graph, report)) = graph(&arguments.target, arguments.reading)? else {
        return Ok(interrupt::INTERRUPTED);
    };
    if let Some(name) = &arguments.name {
        graph.name.clone_from(name);
    }
    let document = match version {
        Some(version) => bom::cyclonedx(&graph, version, &stamp)?,
        None => bom::spdx(&graph, &stamp)?,
    };
    super::write(&document, arguments.output.as_ref())?;
    if arguments.validate {
        judge(&document)?;
    }
    let unread: Vec<&AssetReport> = report.assets.iter().filter(|asset| !asset.coverage.complete).collect();
    tell(&unread)?;
    Ok(if unread.is_empty() { 0 } else { 3 })
}

/// Which inputs the bill says less of than there is, and why.
fn tell(unread: &[&AssetReport]) -> Result<()> {
    let mut out = io::stderr();
    for asset in unread.iter().take(MOST_TOLD) {
        let reason = asset.coverage.gaps.first().map_or("not understood", |gap| gap.reason.as_str());
        let line = format!("{} was not read to its end: {reason}", asset.path);
        writeln!(out, "bartizan: {}", bartizan_core::printable(&line))?;
    }
    if unread.len() > MOST_TOLD {
        let more = unread.len() - MOST_TOLD;
        writeln!(out, "bartizan: and {more} more; `bartizan scan` lists them all")?;
    }
    Ok(())
}

/// Reads what was written as a stranger would.
fn judge(document: &Value) -> Result<()> {
    let read = bom::parse(&serde_json::to_vec_pretty(document)?)?;
    let (what, problems) = bom::judge(&read, 1)?;
    if let Some(problem) = problems.first() {
        bail!("the document is not valid {what}, which is a defect of bartizan; please report it: {problem}");
    }
    writeln!(io::stderr(), "bartizan: valid {what}")?;
    Ok(())
}

/// What the target is made of, with what the scan said; `None` when the user stopped it.
pub(super) fn graph(target: &str, reading: Reading) -> Result<Option<(Graph, Report)>> {
    let target = Target::parse(target);
    let manifest = match &target {
        Target::Path(path) if !reading.no_config => config::find(path),
        _ => None,
    };
    let manifest = manifest.map(|file| config::load(&file)).transpose()?;
    // What a manifest says of its own folder is true of that folder, not of a part of it.
    let whole = match &target {
        Target::Path(path) => path.canonicalize().ok(),
        _ => None,
    };
    let is_about = |loaded: &&config::Loaded| whole.is_some() && loaded.path.parent() == whole.as_deref();
    let name = match &target {
        Target::Path(path) if !path.exists() => bail!("no such file or folder: {}", path.display()),
        Target::Path(path) => bartizan_engine::bom::subject(path),
        Target::Stdin => "standard input".to_owned(),
        Target::Uri(uri) => bartizan_core::redacted(uri),
    };
    let mut request = ScanRequest::new(vec![target]);
    if let Some(manifest) = &manifest {
        manifest.apply(&mut request);
    }
    request.no_ignore = reading.no_ignore;
    request.cancel = interrupt::flag();
    let meter = Meter::new();
    let report = bartizan_engine::scan(&request, &meter);
    meter.clear();
    let report = report?;
    if request.cancel.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let mut inventory = bartizan_engine::bom::inventory(&report, &name);
    if let Some(loaded) = manifest.as_ref().filter(is_about) {
        bartizan_engine::bom::add_manifest(&mut inventory, &loaded.manifest);
    }
    Ok(Some((Graph::of(&inventory), report)))
}

/// When and by what the document is made.
pub(super) fn stamp(reproducible: bool) -> Result<Stamp> {
    let tool_version = bartizan_engine::VERSION;
    let source_date = bartizan_engine::bom::source_date().map_err(|text| {
        anyhow::anyhow!(
            "SOURCE_DATE_EPOCH is `{}`, which is no number of seconds since 1970",
            bartizan_core::printable(&text)
        )
    })?;
    if reproducible {
        return Ok(Stamp { random: None, timestamp: source_date, tool_version });
    }
    let mut random = [0; 16];
    for part in random.chunks_mut(8) {
        // Serial numbers are to differ, not to be secret.
        let bytes = RandomState::new().build_hasher().finish().to_le_bytes();
        for (byte, from) in part.iter_mut().zip(bytes) {
            *byte = from;
        }
    }
    let timestamp = source_date.unwrap_or_else(bartizan_engine::bom::now);
    Ok(Stamp { random: Some(random), timestamp: Some(timestamp), tool_version })
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
