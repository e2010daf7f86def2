//! `bartizan bom merge`.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use bartizan_provenance::bom::{self, Conflict};
use clap::Args;

use super::make;

/// More conflicts than these are for a program to read, in the document.
const MOST: usize = 50;

#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// The documents
    #[arg(required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    /// What the merged bill is about
    #[arg(long, default_value = "merged")]
    name: String,
    /// Exit with 1 when documents disagree on a component
    #[arg(long)]
    strict: bool,
    /// Write the same bytes for the same documents
    #[arg(long)]
    reproducible: bool,
    /// Write to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &MergeArguments) -> Result<u8> {
    let mut documents = Vec::new();
    for file in &arguments.files {
        let document = super::read(file)?;
        bom::spec_version(&document).with_context(|| file.display().to_string())?;
        documents.push(document);
    }
    let merged = bom::merge(&documents, &arguments.name, &make::stamp(arguments.reproducible)?)?;
    super::write(&merged.document, arguments.output.as_ref())?;
    let mut out = io::stderr();
    for Conflict { component, field, kept, dropped } in merged.conflicts.iter().take(MOST) {
        writeln!(out, "bartizan: {component}: {field} is {kept}, another document says {dropped}")?;
    }
    if merged.conflicts.len() > MOST {
        writeln!(out, "bartizan: and {} more conflicts", merged.conflicts.len() - MOST)?;
    }
    Ok(u8::from(arguments.strict && !merged.conflicts.is_empty()))
}
