//! `bartizan bom merge`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use bartizan_provenance::bom;
use clap::Args;

use super::make;

#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// The documents
    #[arg(required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    /// What the merged bill is about
    #[arg(long, default_value = "merged")]
    name: String,
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
    let merged = bom::merge(&documents, &arguments.name, &make::stamp(arguments.reproducible))?;
    super::write(&merged, arguments.output.as_ref())?;
    Ok(0)
}
