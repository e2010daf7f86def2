//! `bartizan bom vex`.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use bartizan_core::printable;
use bartizan_provenance::bom::{self, vex};
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::make;
use crate::interrupt;

#[derive(Debug, Args)]
pub(super) struct VexArguments {
    /// A folder or file whose findings are written as VEX; with --apply, a CycloneDX document too
    target: PathBuf,
    /// Apply this VEX document (CycloneDX or OpenVEX) to the findings or the bill; may stand several times, later ones
    /// win
    #[arg(long, value_name = "FILE")]
    apply: Vec<PathBuf>,
    /// The kind of document
    #[arg(long, value_enum, default_value_t, conflicts_with = "apply")]
    format: Format,
    #[command(flatten)]
    reading: make::Reading,
    /// Write the same bytes for the same files
    #[arg(long)]
    reproducible: bool,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The kind of document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CycloneDX 1.7 in JSON
    #[default]
    Cyclonedx,
    /// OpenVEX 0.2 in JSON-LD
    Openvex,
}

pub(super) fn run(arguments: &VexArguments) -> Result<u8> {
    let bill = match (&arguments.apply[..], arguments.target.is_dir()) {
        ([_, ..], false) => {
            let bill = super::read(&arguments.target)?;
            bom::spec_version(&bill).with_context(|| arguments.target.display().to_string())?;
            bill
        }
        _ => match findings(arguments)? {
            Some(document) => document,
            None => return Ok(interrupt::INTERRUPTED),
        },
    };
    let (document, notes) = apply(bill, &arguments.apply)?;
    super::write(&document, arguments.output.as_ref())?;
    let mut out = io::stderr();
    for note in notes {
        writeln!(out, "bartizan: {}", printable(&note))?;
    }
    Ok(0)
}

/// What a scan finds, as VEX.
fn findings(arguments: &VexArguments) -> Result<Option<Value>> {
    let stamp = make::stamp(arguments.reproducible)?;
    let Some((graph, report)) = make::graph(&arguments.target.to_string_lossy(), arguments.reading)? else {
        return Ok(None);
    };
    let claims = bartizan_engine::bom::claims(&report);
    Ok(Some(match arguments.format {
        Format::Cyclonedx => vex::document(&graph, &claims, &stamp)?,
        Format::Openvex => vex::openvex(&graph, &claims, &stamp),
    }))
}

/// Applies documents one after the other, and tells what came of each.
fn apply(mut bill: Value, files: &[PathBuf]) -> Result<(Value, Vec<String>)> {
    let mut notes = Vec::new();
    for file in files {
        let document = super::read(file)?;
        if document.get("@context").is_none() && document.get("bomFormat").is_none() {
            bail!("{} is neither a CycloneDX nor an OpenVEX document", file.display());
        }
        let (next, applied) = vex::apply(&bill, &document).with_context(|| file.display().to_string())?;
        bill = next;
        notes.push(format!("{}: {} added, {} updated", file.display(), applied.added, applied.updated));
        notes.extend(applied.unmatched.iter().map(|missing| format!("  the bill does not have {missing}")));
    }
    Ok((bill, notes))
}
