//! `bartizan learn train` and `evaluate --across-projects`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use anyhow::{Context as _, Result, bail};
use bartizan_iac::suspicion::{
    model::Model,
    recipe::{Material, Recipe},
    shipping,
    trial::{self, Figures, Trial},
};
use bartizan_learn::train::on_one_thread;
use clap::Args;

use super::{Shipped, interval, json, left_out, note};
use crate::{interrupt, output};

/// Files of clean configuration are small; a larger one is not what is looked for.
const MAX_FILE: u64 = 8 << 20;
/// Clean files that are read.
const MAX_FILES: usize = 10_000;
/// Folders within folders that are looked into.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Args)]
pub(super) struct TrainArguments {
    /// Which network
    #[arg(value_enum)]
    model: Shipped,
    /// A folder with labels.jsonl and, under clean/, configuration to weaken (docs/learned-tier.md)
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Write the weights here and the model card beside them (FILE with the ending .json); without it the new weights
    /// are compared with those that this program ships
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn train(arguments: &TrainArguments) -> Result<u8> {
    let Shipped::Iac = arguments.model;
    let card = match &arguments.output {
        Some(file) => Some(card_file(file)?),
        None => None,
    };
    let (material, mut code) = material(&arguments.data)?;
    let cancel = interrupt::flag();
    let trained = on_one_thread(|| {
        shipping::train(&Recipe::shipped(), &material, &mut |what| {
            note(what);
            !cancel.load(Ordering::Relaxed)
        })
    });
    if cancel.load(Ordering::Relaxed) {
        return Ok(interrupt::INTERRUPTED);
    }
    let trained = trained.context("the network could not be trained")?;
    match (&arguments.output, card) {
        (Some(file), Some(card)) => {
            output::write(Some(file), &mut |out| out.write_all(&trained.weights))?;
            let text = serde_json::to_string_pretty(&trained.card)?;
            output::write(Some(&card), &mut |out| writeln!(out, "{text}"))?;
            note(&format!("wrote {} and {}", file.display(), card.display()));
        }
        _ => {
            let shipped = Model::shipped().context("the shipped network cannot be used")?;
            let same = shipped.card().digest == trained.card.digest;
            let verdict = if same { "the shipped weights" } else { "other weights than the shipped ones" };
            let digest = trained.card.digest;
            output::write(None, &mut |out| writeln!(out, "{digest}  {verdict}"))?;
            code = if same { code } else { 1 };
        }
    }
    Ok(code)
}

fn card_file(weights: &Path) -> Result<PathBuf> {
    let card = weights.with_extension("json");
    if card == weights {
        bail!("{} would be weights and model card at once: give it another ending", weights.display());
    }
    Ok(card)
}

pub(super) fn across_projects(data: &Path, as_json: bool) -> Result<u8> {
    let (material, code) = material(data)?;
    let cancel = interrupt::flag();
    let trials = on_one_thread(|| {
        trial::across_projects(&Recipe::shipped(), &material, &mut |what| {
            note(what);
            !cancel.load(Ordering::Relaxed)
        })
    });
    if cancel.load(Ordering::Relaxed) {
        return Ok(interrupt::INTERRUPTED);
    }
    let trials = trials.context("the recipe cannot be judged by these labels")?;
    if as_json {
        json(&serde_json::json!({ "trials": trials, "leftOut": material.labels.left_out }))?;
    } else {
        output::write(None, &mut |out| trials.iter().try_for_each(|trial| table(trial, out)))?;
    }
    Ok(code)
}

fn table(trial: &Trial, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Trained on {} ({} blocks, {} weakened pairs), tested on {} ({} blocks, {:.3} insecure)\n",
        output::harmless(&trial.train),
        trial.trained_on,
        trial.contrasts,
        output::harmless(&trial.test),
        trial.tested_on,
        trial.base_rate
    )?;
    writeln!(
        out,
        "{:<22} {:<24} {:<24} {:>6} {:>7} {:>6}",
        "model", "area (95 %)", "precision at 100", "F1", "Brier", "ECE"
    )?;
    let models = [
        ("network", &trial.network),
        ("logistic, apart", &trial.logistic_apart),
        ("logistic, shared", &trial.logistic_shared),
    ];
    for (name, figures) in models {
        row(name, figures, out)?;
    }
    writeln!(
        out,
        "{:<22} {:<24} {:<24.3} {:>6.3}",
        "flag everything", "0.500", trial.base_rate, trial.flag_everything.f1
    )?;
    writeln!(out, "\nabove the better logistic regression  {}", interval(Some(&trial.above_logistic)))?;
    writeln!(out, "types of block not trained on          {}", interval(trial.unseen_types.as_ref()))?;
    for (category, auc) in &trial.categories {
        writeln!(out, "{category:<38} {}", interval(auc.as_ref()))?;
    }
    writeln!(out)
}

fn row(name: &str, figures: &Figures, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{name:<22} {:<24} {:<24} {:>6.3} {:>7.3} {:>6.3}",
        interval(Some(&figures.auc)),
        interval(figures.precision_at.get(&100)),
        figures.decision.f1,
        figures.calibration.brier,
        figures.calibration.expected
    )
}

/// Labels and clean files of a folder, and the exit code that says whether all could be read.
fn material(data: &Path) -> Result<(Material, u8)> {
    let file = data.join("labels.jsonl");
    let labels = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut files = Vec::new();
    let clean = data.join("clean");
    if clean.is_dir() {
        find(&clean, 0, &mut files)?;
    }
    // The order decides what the seed draws, so it must not be that of the file system.
    files.sort();
    let mut texts = Vec::with_capacity(files.len());
    for file in &files {
        texts.push(std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    let (material, errors) = Material::new(&labels, texts.iter().map(String::as_str));
    if material.labels.blocks.is_empty() {
        bail!("{} has no label that can be used", file.display());
    }
    for error in &errors {
        note(&format!("left out a clean file that is no HCL: {error}"));
    }
    let code = left_out(&material.labels.left_out);
    Ok((material, if errors.is_empty() { code } else { 3 }))
}

fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let context = || format!("cannot read {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        // The type of the entry itself: links are not followed.
        let kind = entry.file_type().with_context(context)?;
        let path = entry.path();
        if kind.is_dir() && depth < MAX_DEPTH {
            find(&path, depth + 1, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "tf") {
            let size = entry.metadata().with_context(context)?.len();
            if size > MAX_FILE || files.len() >= MAX_FILES {
                bail!("{}: too large or one too many for clean configuration", path.display());
            }
            files.push(path);
        }
    }
    Ok(())
}
