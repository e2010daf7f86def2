//! `bartizan bom score`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use bartizan_core::printable;
use bartizan_provenance::bom::{self, Profile, Score, SpecVersion, Status};
use clap::{Args, builder::PossibleValuesParser};

use super::{Answer, make};
use crate::{interrupt, output};

#[derive(Debug, Args)]
pub(super) struct ScoreArguments {
    /// A CycloneDX document, - for standard input, or a folder whose bill is made first
    file: PathBuf,
    /// What is asked: OWASP's fields of AI BOMs, or what the EU AI Act wants documented
    #[arg(long, default_value = "owasp", value_parser = PossibleValuesParser::new(Profile::names()))]
    profile: String,
    /// Exit with 1 when the score is below this
    #[arg(long, value_name = "POINTS", value_parser = clap::value_parser!(u8).range(0..=100))]
    fail_under: Option<u8>,
    #[command(flatten)]
    reading: make::Reading,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(arguments: &ScoreArguments) -> Result<u8> {
    let profile = Profile::named(&arguments.profile)?;
    let document = if arguments.file.is_dir() {
        let Some((graph, _)) = make::graph(&arguments.file.to_string_lossy(), arguments.reading)? else {
            return Ok(interrupt::INTERRUPTED);
        };
        bom::cyclonedx(&graph, SpecVersion::V1_7, &make::stamp(false)?)?
    } else {
        let document = super::read(&arguments.file)?;
        bom::spec_version(&document).with_context(|| arguments.file.display().to_string())?;
        document
    };
    let score = bom::score(&document, &profile);
    output::write_styled(None, &mut |out| match arguments.format {
        Answer::Json => {
            serde_json::to_writer_pretty(&mut *out, &score)?;
            writeln!(out)
        }
        Answer::Table => table(&score, out),
    })?;
    Ok(u8::from(arguments.fail_under.is_some_and(|least| score.score < f64::from(least))))
}

fn table(score: &Score, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let level = score.level.as_ref().map(|level| format!(", level {level}")).unwrap_or_default();
    writeln!(out, "{bold}{}: {} of 100{level}{bold:#}", score.title, score.score)?;
    writeln!(out, "asked of {} components\n", score.components)?;
    for category in &score.categories {
        writeln!(out, "  {:20} {:>5} of {}", category.name, category.score, category.weight)?;
    }
    for (status, title) in [(Status::Missing, "Missing"), (Status::Partial, "Missing in some components")] {
        let fields: Vec<_> = score.fields.iter().filter(|field| field.status == status).collect();
        if fields.is_empty() {
            continue;
        }
        writeln!(out, "\n{bold}{title}{bold:#}")?;
        for field in fields {
            writeln!(out, "  {} ({}, {})", field.title, field.field, field.tier)?;
            writeln!(out, "    {}", field.remedy)?;
            if status == Status::Partial {
                writeln!(out, "    in {}", printable(&field.evidence.join(", ")))?;
            }
        }
    }
    Ok(())
}
