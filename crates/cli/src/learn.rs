//! `bartizan learn`.

#[cfg(feature = "train")]
mod training;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use bartizan_iac::suspicion::{
    Category,
    judgement::{self, Judgement},
    labels,
    model::Model,
};
use bartizan_learn::evaluation::Interval;
use clap::{Args, Subcommand, ValueEnum};

use crate::output;

/// Labels are a few megabytes; a file of more than this is something else.
const MAX_LABELS: u64 = 256 << 20;

#[cfg(feature = "train")]
const EXIT_CODES: &str = "\
Exit codes:
  0  done; `train` without --output: the weights are those that this program ships
  1  `train` without --output: they are not
  2  usage error, or the data cannot be used
  3  some labels or files could not be read; the rest is used";
#[cfg(not(feature = "train"))]
const EXIT_CODES: &str = "\
Training is not part of this build: `cargo install --features train` makes a bartizan that has `learn train`.

Exit codes:
  0  done
  2  usage error, or the data cannot be used
  3  some labels could not be read; the rest is used";

#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct LearnArguments {
    #[command(subcommand)]
    command: LearnCommand,
}

#[derive(Debug, Subcommand)]
enum LearnCommand {
    /// Show what a shipped network is, how it was made, how good it is and what it cannot do
    Info {
        /// Which network
        #[arg(value_enum)]
        model: Shipped,
        /// How it is shown
        #[arg(long, value_enum, default_value_t)]
        format: InfoFormat,
    },
    /// Judge a network by labelled data
    Evaluate(EvaluateArguments),
    /// Train a network again from its data
    #[cfg(feature = "train")]
    Train(training::TrainArguments),
}

#[derive(Debug, Args)]
struct EvaluateArguments {
    /// Which network
    #[arg(value_enum)]
    model: Shipped,
    /// A folder with labels.jsonl (docs/learned-tier.md says what is in it)
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Judge the recipe instead of the shipped weights: train on each project alone, test on the others
    #[cfg(feature = "train")]
    #[arg(long)]
    across_projects: bool,
    /// How the figures are shown
    #[arg(long, value_enum, default_value_t)]
    format: EvaluateFormat,
}

/// A network that is part of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shipped {
    /// Suspicions about infrastructure as code
    Iac,
}

/// How `info` shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum InfoFormat {
    /// The model card, for people
    #[default]
    Markdown,
    /// The model card as one JSON object
    Json,
}

/// How figures are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum EvaluateFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
}

pub(crate) fn run(arguments: &LearnArguments) -> Result<u8> {
    match &arguments.command {
        LearnCommand::Info { model: Shipped::Iac, format } => info(*format),
        LearnCommand::Evaluate(arguments) => evaluate(arguments),
        #[cfg(feature = "train")]
        LearnCommand::Train(arguments) => training::train(arguments),
    }
}

fn info(format: InfoFormat) -> Result<u8> {
    let model = Model::shipped().context("the shipped network cannot be used")?;
    let text = match format {
        InfoFormat::Markdown => model.card().to_markdown(),
        InfoFormat::Json => format!("{}\n", serde_json::to_string_pretty(model.card())?),
    };
    output::write(None, &mut |out| out.write_all(text.as_bytes()))?;
    Ok(0)
}

fn evaluate(arguments: &EvaluateArguments) -> Result<u8> {
    let Shipped::Iac = arguments.model;
    #[cfg(feature = "train")]
    if arguments.across_projects {
        return training::across_projects(&arguments.data, arguments.format == EvaluateFormat::Json);
    }
    let labels = read_labels(&arguments.data)?;
    let model = Model::shipped().context("the shipped network cannot be used")?;
    let judgement = judgement::judge(&model, &labels.blocks);
    match arguments.format {
        EvaluateFormat::Json => json(&serde_json::json!({
            "judgement": judgement,
            "leftOut": labels.left_out,
        }))?,
        EvaluateFormat::Table => output::write(None, &mut |out| table(&judgement, out))?,
    }
    Ok(left_out(&labels.left_out))
}

fn read_labels(data: &Path) -> Result<labels::Labels> {
    let file = data.join("labels.jsonl");
    let size = std::fs::metadata(&file).with_context(|| format!("cannot read {}", file.display()))?.len();
    if size > MAX_LABELS {
        bail!("{} has {size} bytes, more than the {MAX_LABELS} that labels may have", file.display());
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let labels = labels::read(&text);
    if labels.blocks.is_empty() {
        bail!("{} has no label that can be used", file.display());
    }
    Ok(labels)
}

/// Says what was not used; the exit code tells it too.
fn left_out(reasons: &BTreeMap<String, usize>) -> u8 {
    for (reason, number) in reasons {
        note(&format!("left out {number}: {reason}"));
    }
    if reasons.is_empty() { 0 } else { 3 }
}

fn note(text: &str) {
    let _ = writeln!(anstream::stderr(), "bartizan: {}", output::harmless(text));
}

fn json(value: &serde_json::Value) -> Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    output::write(None, &mut |out| writeln!(out, "{text}"))
}

fn table(judgement: &Judgement, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "The shipped network on labels by project. Projects marked * were trained on: their figures flatter."
    )?;
    writeln!(
        out,
        "\n{:<16} {:>6} {:>6}  {:<22} {:>7} {:>6} {:>9}",
        "project", "blocks", "base", "area (95 %)", "p@100", "F1", "F1 of all"
    )?;
    for (name, project) in &judgement.projects {
        let name = format!("{}{}", output::harmless(name), if project.trained_on { " *" } else { "" });
        writeln!(
            out,
            "{name:<16} {:>6} {:>6.3}  {:<22} {:>7.3} {:>6.3} {:>9.3}",
            project.blocks,
            project.base_rate,
            interval(project.auc.as_ref()),
            project.precision_at_100,
            project.decision.f1,
            project.flag_everything.f1
        )?;
        for category in Category::ALL {
            let auc = project.categories.get(category.name());
            if let Some(auc) = auc {
                writeln!(out, "    {:<14} {:>12}  {}", category.name(), "", interval(auc.as_ref()))?;
            }
        }
    }
    Ok(())
}

fn interval(figure: Option<&Interval>) -> String {
    figure.map_or_else(
        || "one label only".to_owned(),
        |figure| format!("{:.3} ({:.3} to {:.3})", figure.value, figure.low, figure.high),
    )
}
