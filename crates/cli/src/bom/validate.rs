//! `bartizan bom validate`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use bartizan_core::printable;
use bartizan_provenance::bom::{self, Problem, SpecVersion, Validator};
use clap::Args;
use serde_json::json;

use super::Answer;
use crate::output;

/// More problems than these tell nobody anything.
const MOST: usize = 100;

#[derive(Debug, Args)]
pub(super) struct ValidateArguments {
    /// The document, or - for standard input
    file: PathBuf,
    /// Judge by the schema files in this folder (bom-1.7.schema.json and those it refers to) instead of the layout
    /// that is part of bartizan
    #[arg(long, value_name = "FOLDER")]
    schema: Option<PathBuf>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(arguments: &ValidateArguments) -> Result<u8> {
    let bytes = super::read_bytes(&arguments.file)?;
    let document = bom::parse(&bytes).and_then(|document| Ok((bom::spec_version(&document)?, document)));
    let (version, problems) = match document {
        Ok((version, document)) => (version.name(), validator(arguments, version)?.problems(&document, MOST)),
        Err(error) => ("(unknown version)", vec![Problem { path: String::new(), reason: error.to_string() }]),
    };
    output::write(None, &mut |out| match arguments.format {
        Answer::Json => {
            let answer = json!({
                "valid": problems.is_empty(),
                "format": "cyclonedx",
                "spec_version": Some(version).filter(|version| !version.starts_with('(')),
                "problems": problems,
            });
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)
        }
        Answer::Table if problems.is_empty() => writeln!(out, "valid CycloneDX {version}"),
        Answer::Table => {
            for problem in &problems {
                writeln!(out, "{}", printable(&problem.to_string()))?;
            }
            let more = if problems.len() == MOST { ", or more" } else { "" };
            writeln!(out, "not valid by CycloneDX {version}: {} problems{more}", problems.len())
        }
    })?;
    Ok(u8::from(!problems.is_empty()))
}

fn validator(arguments: &ValidateArguments, version: SpecVersion) -> Result<Validator> {
    match &arguments.schema {
        None => Ok(Validator::of(version)?),
        Some(folder) => {
            let files =
                schemas(folder).with_context(|| format!("cannot read schemas in {}", folder.display()))?;
            Validator::from_files(version, &files).with_context(|| format!("in {}", folder.display()))
        }
    }
}

/// The JSON files of a folder.
fn schemas(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_schema = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".schema.json"));
        if is_schema && path.metadata()?.len() <= bom::LARGEST {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, std::fs::read(&path)?);
        }
    }
    Ok(files)
}
