//! `bartizan bom`.

mod diff;
mod make;
mod merge;
mod score;
mod validate;
mod vex;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use bartizan_provenance::bom;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Exit codes:
  0  written; valid; the same; complete enough
  1  not valid; different; not complete enough
  2  usage or configuration error
  3  written, but some input could not be read or understood"
)]
pub(crate) struct BomArguments {
    #[command(subcommand)]
    command: Option<BomCommand>,
    #[command(flatten)]
    make: make::MakeArguments,
}

#[derive(Debug, Subcommand)]
enum BomCommand {
    /// Judge a CycloneDX or SPDX 3.0.1 document by the layout of its spec version
    Validate(validate::ValidateArguments),
    /// Tell how complete a document is, and where to get what is missing
    Score(score::ScoreArguments),
    /// Tell what changed between two documents
    Diff(diff::DiffArguments),
    /// Make one document of several
    Merge(merge::MergeArguments),
    /// Write findings as VEX, or apply VEX documents to a bill
    Vex(vex::VexArguments),
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
}

pub(crate) fn run(arguments: &BomArguments) -> Result<u8> {
    match &arguments.command {
        None => make::run(&arguments.make),
        Some(BomCommand::Validate(arguments)) => validate::run(arguments),
        Some(BomCommand::Score(arguments)) => score::run(arguments),
        Some(BomCommand::Diff(arguments)) => diff::run(arguments),
        Some(BomCommand::Merge(arguments)) => merge::run(arguments),
        Some(BomCommand::Vex(arguments)) => vex::run(arguments),
    }
}

/// Reads a document; `-` is standard input.
fn read(file: &Path) -> Result<Value> {
    bom::parse(&read_bytes(file)?).with_context(|| format!("{} is no bill of materials", file.display()))
}

fn read_bytes(file: &Path) -> Result<Vec<u8>> {
    let context = || format!("cannot read {}", file.display());
    let mut bytes = Vec::new();
    let most = bom::LARGEST.saturating_add(1);
    if file == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).with_context(context)?;
    } else {
        let opened = std::fs::File::open(file).with_context(context)?;
        opened.take(most).read_to_end(&mut bytes).with_context(context)?;
    }
    if bytes.len() as u64 > bom::LARGEST {
        bail!("{} is larger than {} MiB, which no bill of materials is", file.display(), bom::LARGEST >> 20);
    }
    Ok(bytes)
}

/// The document as it is written: indented, with a last line end.
fn write(document: &Value, output: Option<&PathBuf>) -> Result<()> {
    crate::output::write(output.map(PathBuf::as_path), &mut |out| {
        serde_json::to_writer_pretty(&mut *out, document)?;
        writeln!(out)
    })
}
