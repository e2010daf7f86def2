//! `bartizan bom validate`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use bartizan_core::printable;
use bartizan_provenance::bom::{self, BomError, Problem, SpecVersion, Validator};
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
    /// Judge CycloneDX by the schema files in this folder (bom-1.7.schema.json and those it refers to) instead of the layout
    /// that is part of bartizan
    #[arg(long, value_name = "FOLDER")]
    schema: Option<PathBuf>,
    /// How the answer is written
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(arguments: &ValidateArguments) -> Result<u8> {
    let bytes = super::read_bytes(&arguments.file)?;
    let refused = |error: BomError| (None, vec![Problem { path: String::new(), reason: error.to_string() }]);
    let (what, problems) = match (bom::parse(&bytes), &arguments.schema) {
        (Err(error), _) => refused(error),
        (Ok(document), None) => match bom::judge(&document, MOST) {
            Ok((what, problems)) => (Some(what), problems),
            Err(error) => refused(error),
        },
        (Ok(document), Some(folder)) => match bom::spec_version(&document) {
            Ok(version) => (
                Some(format!("CycloneDX {}", version.name())),
                official(folder, version)?.problems(&document, MOST),
            ),
            Err(error) => refused(error),
        },
    };
    let (format, version) = match what.as_deref().and_then(|what| what.split_once(' ')) {
        Some((format, version)) => (Some(format.to_ascii_lowercase()), Some(version)),
        None => (None, None),
    };
    output::write(None, &mut |out| match arguments.format {
        Answer::Json => {
            let answer = json!({
                "valid": problems.is_empty(),
                "format": format,
                "spec_version": version,
                "problems": problems,
            });
            serde_json::to_writer_pretty(&mut *out, &answer)?;
            writeln!(out)
        }
        Answer::Table if problems.is_empty() => {
            writeln!(out, "valid {}", what.as_deref().unwrap_or_default())
        }
        Answer::Table => {
            for problem in &problems {
                writeln!(out, "{}", printable(&problem.to_string()))?;
            }
            let more = if problems.len() == MOST { ", or more" } else { "" };
            let what = what.as_deref().unwrap_or("any standard that is known");
            writeln!(out, "not valid by {what}: {}{more}", counted(problems.len()))
        }
    })?;
    Ok(u8::from(!problems.is_empty()))
}

fn counted(problems: usize) -> String {
    if problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") }
}

fn official(folder: &Path, version: SpecVersion) -> Result<Validator> {
    let files = schemas(folder).with_context(|| format!("cannot read schemas in {}", folder.display()))?;
    Validator::from_files(version, &files).with_context(|| format!("in {}", folder.display()))
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
