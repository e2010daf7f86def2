//! `bartizan bom vex`.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result, bail};
use bartizan_core::printable;
use bartizan_provenance::bom::vex;
use clap::Args;

use super::make;
use crate::interrupt;

#[derive(Debug, Args)]
pub(super) struct VexArguments {
    /// A folder or file whose findings are written as CycloneDX VEX; with --apply, a CycloneDX document
    target: PathBuf,
    /// Apply this VEX document (CycloneDX or OpenVEX) to the bill; may stand several times, later ones win
    #[arg(long, value_name = "FILE")]
    apply: Vec<PathBuf>,
    /// Write the same bytes for the same files
    #[arg(long)]
    reproducible: bool,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &VexArguments) -> Result<u8> {
    if arguments.apply.is_empty() { write(arguments) } else { apply(arguments) }
}

fn write(arguments: &VexArguments) -> Result<u8> {
    let Some((graph, report)) = make::graph(&arguments.target.to_string_lossy(), false)? else {
        return Ok(interrupt::INTERRUPTED);
    };
    let claims = bartizan_engine::bom::claims(&report);
    let document = vex::document(&graph, &claims, &make::stamp(arguments.reproducible))?;
    super::write(&document, arguments.output.as_ref())?;
    Ok(0)
}

fn apply(arguments: &VexArguments) -> Result<u8> {
    if arguments.target.is_dir() {
        bail!("--apply needs a CycloneDX document, and {} is a folder", arguments.target.display());
    }
    let mut bill = super::read(&arguments.target)?;
    let mut notes = Vec::new();
    for file in &arguments.apply {
        let document = super::read(file)?;
        let (next, applied) = vex::apply(&bill, &document).with_context(|| file.display().to_string())?;
        bill = next;
        notes.push(format!("{}: {} added, {} updated", file.display(), applied.added, applied.updated));
        notes.extend(applied.unmatched.iter().map(|missing| format!("  the bill does not have {missing}")));
    }
    super::write(&bill, arguments.output.as_ref())?;
    let mut out = io::stderr();
    for note in notes {
        writeln!(out, "bartizan: {}", printable(&note))?;
    }
    Ok(0)
}
