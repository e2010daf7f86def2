//! `bartizan bom diff`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use bartizan_core::printable;
use bartizan_provenance::bom::{self, Difference};
use clap::Args;

use super::Answer;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct DiffArguments {
    /// The earlier document
    before: PathBuf,
    /// The later document
    after: PathBuf,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(arguments: &DiffArguments) -> Result<u8> {
    let (before, after) = (super::read(&arguments.before)?, super::read(&arguments.after)?);
    for (file, document) in [(&arguments.before, &before), (&arguments.after, &after)] {
        bom::spec_version(document).with_context(|| file.display().to_string())?;
    }
    let difference = bom::diff(&before, &after);
    output::write(None, &mut |out| match arguments.format {
        Answer::Json => {
            serde_json::to_writer_pretty(&mut *out, &difference)?;
            writeln!(out)
        }
        Answer::Table => table(&difference, out),
    })?;
    Ok(u8::from(!difference.is_empty()))
}

fn table(difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
    if difference.is_empty() {
        return writeln!(out, "no difference");
    }
    for name in &difference.removed {
        writeln!(out, "- {}", printable(name))?;
    }
    for name in &difference.added {
        writeln!(out, "+ {}", printable(name))?;
    }
    let shown = |text: &str| if text.is_empty() { "nothing".to_owned() } else { printable(text) };
    for change in &difference.changed {
        let (before, after) = (shown(&change.before), shown(&change.after));
        writeln!(out, "~ {}: {} was {before}, is {after}", printable(&change.component), change.what)?;
    }
    for gone in difference.lineage_removed.iter().chain(&difference.vulnerabilities_removed) {
        writeln!(out, "- {}", printable(gone))?;
    }
    for new in difference.lineage_added.iter().chain(&difference.vulnerabilities_added) {
        writeln!(out, "+ {}", printable(new))?;
    }
    Ok(())
}
