//! `bartizan rules test`: a folder of policies against its own examples.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::atomic::Ordering,
};

use anyhow::Result;
use bartizan_engine::policies::{self, Proof, Trial};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::{interrupt, output};

/// Examples that are decided otherwise than they say.
const FAILED: u8 = 1;
/// Policies that did not load.
const UNREAD: u8 = 3;

#[derive(Debug, Subcommand)]
pub(crate) enum RulesAction {
    /// Try the rules that you bring on the examples that they give
    Test(TestArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  every example is decided as it says
  1  some example is decided otherwise
  2  usage error
  3  no example is decided otherwise, but some policy did not load")]
pub(crate) struct TestArguments {
    /// The folder of policies
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// How the outcome is shown
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TestFormat,
}

/// How `rules test` shows the outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
}

pub(crate) fn run(arguments: &TestArguments) -> Result<u8> {
    let cancel = interrupt::flag();
    let trial = policies::test(&arguments.folder, &|| cancel.load(Ordering::Relaxed))?;
    if cancel.load(Ordering::Relaxed) {
        return Ok(interrupt::INTERRUPTED);
    }
    output::write_styled(None, &mut |out| match arguments.format {
        TestFormat::Table => table(&trial, out),
        TestFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(&trial))?;
            writeln!(out)
        }
    })?;
    Ok(match &trial {
        trial if trial.has_failed() => FAILED,
        trial if !trial.unloaded.is_empty() => UNREAD,
        _ => 0,
    })
}

fn table(trial: &Trial, out: &mut dyn Write) -> io::Result<()> {
    let width = trial.proofs.iter().map(|proof| proof.rule.len()).max().unwrap_or(0).max(4);
    writeln!(out, "{:width$}  examples  right  wrong  file", "rule")?;
    for proof in &trial.proofs {
        let (all, wrong) = counts(proof);
        let (right, path) = (all.saturating_sub(wrong), output::harmless(&proof.path));
        writeln!(out, "{:width$}  {all:8}  {right:5}  {wrong:5}  {path}", proof.rule)?;
        if let Some(reason) = proof.untried {
            writeln!(out, "  not tried: {reason}")?;
        }
        for example in &proof.examples {
            if let Some(wrong) = &example.wrong {
                let wrong = output::harmless(wrong);
                writeln!(out, "  {} example {}: {wrong}", example.kind, example.number)?;
            }
        }
    }
    for (path, reason) in &trial.unloaded {
        writeln!(out, "not loaded: {}: {}", output::harmless(path), output::harmless(reason))?;
    }
    let (all, wrong) =
        trial.proofs.iter().map(counts).fold((0usize, 0usize), |sum, proof| {
            (sum.0.saturating_add(proof.0), sum.1.saturating_add(proof.1))
        });
    let (policies, unloaded) = (trial.proofs.len(), trial.unloaded.len());
    writeln!(
        out,
        "\n{policies} loaded, {unloaded} not loaded; {all} examples, {wrong} of them decided wrongly"
    )
}

fn counts(proof: &Proof) -> (usize, usize) {
    (proof.examples.len(), proof.examples.iter().filter(|example| example.wrong.is_some()).count())
}

fn json(trial: &Trial) -> serde_json::Value {
    let proofs: Vec<_> = trial
        .proofs
        .iter()
        .map(|proof| {
            let examples: Vec<_> = proof
                .examples
                .iter()
                .map(|example| json!({ "kind": example.kind, "number": example.number, "wrong": example.wrong }))
                .collect();
            json!({ "rule": proof.rule, "file": proof.path, "examples": examples, "untried": proof.untried })
        })
        .collect();
    let unloaded: Vec<_> =
        trial.unloaded.iter().map(|(path, reason)| json!({ "file": path, "reason": reason })).collect();
    json!({ "policies": proofs, "unloaded": unloaded })
}
