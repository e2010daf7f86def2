//! `bartizan lineage`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Result;
use bartizan_core::{Limits, printable};
use bartizan_engine::lineage::{LineageError, Opening, Store, compare_members, graph, models, open};
use bartizan_provenance::lineage::{Comparison, Graph, Member, dot, tree};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::{interrupt, output};

/// Something could not be read.
const UNREAD: u8 = 3;
/// There are findings.
const FOUND: u8 = 1;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "\
Exit codes:
  0  done, nothing to object to
  1  declared and observed lineage disagree, or a licence is looser than its ancestor's
  2  usage error
  3  some input could not be read or understood; the rest is answered"
)]
pub(crate) struct LineageArguments {
    #[command(subcommand)]
    command: Option<LineageCommand>,
    /// Model files, folders with one or more models, or sketches
    #[arg(value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// How the graph is written
    #[arg(long, value_enum, default_value_t)]
    format: GraphFormat,
    /// Keep a sketch of each model in this folder, and show what is related there too
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Compute SHA-256 of every file of weights too, which reads all of them to their end
    #[arg(long)]
    digests: bool,
}

#[derive(Debug, Subcommand)]
enum LineageCommand {
    /// Tell from their weights whether two models are related, and how
    Compare {
        /// A model file, a folder with one model, or a sketch
        a: PathBuf,
        /// Another
        b: PathBuf,
        /// How the answer is written
        #[arg(long, value_enum, default_value_t)]
        format: AnswerFormat,
    },
    /// Keep a model's sketch: samples of its weights, about 5 KB for each tensor
    Sketch {
        /// A model file, or a folder with one model
        model: PathBuf,
        /// Where to
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Find sketches in a folder that a model is related to
    Search {
        /// A model file, a folder with one model, or a sketch
        model: PathBuf,
        /// The folder with sketches
        #[arg(long, value_name = "DIR")]
        store: PathBuf,
        /// How the answer is written
        #[arg(long, value_enum, default_value_t)]
        format: AnswerFormat,
    },
}

/// How the graph is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    /// For people: descendants, with what they come from beneath
    #[default]
    Tree,
    /// For Graphviz
    Dot,
    /// One JSON object: nodes, edges, findings
    Json,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum AnswerFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
}

pub(crate) fn run(arguments: &LineageArguments) -> Result<u8> {
    let limits = Limits::default();
    let cancel = interrupt::flag();
    let opening = Opening { limits: &limits, digests: arguments.digests, cancel: &cancel };
    match &arguments.command {
        None => whole(arguments, &opening),
        Some(LineageCommand::Compare { a, b, format }) => {
            let members = open_all(&[a.clone(), b.clone()], &opening);
            let [a, b] = members.opened.as_slice() else { return Ok(UNREAD) };
            let comparison = compare_members(a, b);
            match format {
                AnswerFormat::Json => write_json(&json_of(&comparison, &members.gaps()))?,
                AnswerFormat::Table => output::write_styled(None, &mut |out| table(a, b, &comparison, out))?,
            }
            Ok(members.exit_code())
        }
        Some(LineageCommand::Sketch { model, output }) => {
            let members = open_all(std::slice::from_ref(model), &opening);
            let [member] = members.opened.as_slice() else { return Ok(UNREAD) };
            let bytes = member.sketch.to_bytes();
            output::write(Some(output), &mut |out| out.write_all(&bytes))?;
            note(&format!(
                "{}: {} tensors sketched in {} bytes; {} of {} bytes were read",
                member.path,
                member.sketch.tensors(),
                bytes.len(),
                member.sketch.read,
                member.sketch.size
            ));
            Ok(members.exit_code())
        }
        Some(LineageCommand::Search { model, store, format }) => search(model, store, *format, &opening),
    }
}

/// The graph of all models named.
fn whole(arguments: &LineageArguments, opening: &Opening<'_>) -> Result<u8> {
    let found: Vec<PathBuf> = arguments.models.iter().flat_map(|path| models(path)).collect();
    let members = open_all(&found, opening);
    if members.opened.is_empty() {
        return Ok(UNREAD);
    }
    let graph = graph(&members.opened);
    let related = match &arguments.store {
        Some(folder) => keep(folder, &members.opened)?,
        None => Vec::new(),
    };
    match arguments.format {
        GraphFormat::Json => write_json(&graph_json(&graph, &members.gaps(), &related))?,
        GraphFormat::Dot => output::write(None, &mut |out| out.write_all(dot(&graph).as_bytes()))?,
        GraphFormat::Tree => output::write_styled(None, &mut |out| {
            out.write_all(tree(&graph).as_bytes())?;
            for (member, label, comparison) in &related {
                let (member, label) = (printable(member), printable(label));
                let relation = comparison.relation.name();
                writeln!(out, "{member}: {relation} of stored {label} (score {:.2})", comparison.score)?;
            }
            for finding in graph.findings() {
                let bold = anstyle::Style::new().bold();
                writeln!(
                    out,
                    "\n{bold}{}{bold:#} {}\n  {}: {}",
                    finding.severity.name(),
                    finding.rule.id,
                    printable(finding.at.path.as_str()),
                    printable(&finding.message)
                )?;
            }
            Ok(())
        })?,
    }
    Ok(if graph.findings().is_empty() { members.exit_code() } else { FOUND })
}

/// Keeps the sketches, after looking for what is related among those that were there.
fn keep(folder: &Path, members: &[Member]) -> Result<Vec<(String, String, Comparison)>> {
    let store = Store::new(folder);
    let mut related = Vec::new();
    if folder.is_dir() {
        for member in members {
            let (hits, failures) = store.search(&member.sketch)?;
            failures.iter().for_each(|failure| note(&failure.to_string()));
            related.extend(hits.into_iter().map(|hit| (member.path.clone(), hit.label, hit.comparison)));
        }
    }
    for member in members {
        store.save(&member.sketch)?;
    }
    Ok(related)
}

fn search(model: &Path, folder: &Path, format: AnswerFormat, opening: &Opening<'_>) -> Result<u8> {
    let members = open_all(&[model.to_owned()], opening);
    let [member] = members.opened.as_slice() else { return Ok(UNREAD) };
    let (hits, failures) = match Store::new(folder).search(&member.sketch) {
        Ok(found) => found,
        Err(error) => {
            note(&error.to_string());
            return Ok(UNREAD);
        }
    };
    failures.iter().for_each(|failure| note(&failure.to_string()));
    match format {
        AnswerFormat::Json => {
            let hits: Vec<Value> = hits
                .iter()
                .map(|hit| {
                    json!({
                        "label": hit.label,
                        "sketch": hit.file.display().to_string(),
                        "relation": hit.comparison.relation,
                        "score": hit.comparison.score,
                        "descent": hit.comparison.descent,
                    })
                })
                .collect();
            write_json(&json!({ "model": member.path, "related": hits, "gaps": members.gaps() }))?;
        }
        AnswerFormat::Table => output::write_styled(None, &mut |out| {
            for hit in &hits {
                let relation = hit.comparison.relation.name();
                writeln!(out, "{:.2}  {relation:17} {}", hit.comparison.score, printable(&hit.label))?;
            }
            if hits.is_empty() {
                writeln!(out, "nothing in {} is related", printable(&folder.display().to_string()))?;
            }
            Ok(())
        })?,
    }
    Ok(if failures.is_empty() { members.exit_code() } else { UNREAD })
}

/// Models that were opened; what could not be is on standard error already.
struct Opened {
    opened: Vec<Member>,
    failed: usize,
}

impl Opened {
    /// What was not read of those that were opened.
    fn gaps(&self) -> Vec<String> {
        self.opened
            .iter()
            .flat_map(|member| member.sketch.gaps.iter().map(|gap| format!("{}: {gap}", member.path)))
            .collect()
    }

    fn exit_code(&self) -> u8 {
        let complete = self.failed == 0 && self.opened.iter().all(|member| member.sketch.gaps.is_empty());
        if complete { 0 } else { UNREAD }
    }
}

fn open_all(paths: &[PathBuf], opening: &Opening<'_>) -> Opened {
    let mut all = Opened { opened: Vec::new(), failed: 0 };
    for path in paths {
        let opened: Result<Member, LineageError> = open(path, opening);
        match opened {
            Ok(member) => {
                for gap in &member.sketch.gaps {
                    note(&format!("{}: not read: {gap}", member.path));
                }
                all.opened.push(member);
            }
            Err(error) => {
                all.failed += 1;
                note(&error.to_string());
            }
        }
    }
    all
}

/// A line on standard error. Nobody can be told when that is closed.
fn note(message: &str) {
    let _ = writeln!(anstream::stderr(), "{}", output::harmless(message));
}

fn write_json(value: &Value) -> Result<()> {
    output::write(None, &mut |out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        writeln!(out)
    })
}

fn json_of(comparison: &Comparison, gaps: &[String]) -> Value {
    let mut value = json!(comparison);
    if let Value::Object(object) = &mut value {
        object.insert("gaps".to_owned(), json!(gaps));
    }
    value
}

fn graph_json(graph: &Graph, gaps: &[String], stored: &[(String, String, Comparison)]) -> Value {
    let findings: Vec<Value> = graph
        .findings()
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule.id,
                "severity": finding.severity,
                "confidence": finding.confidence,
                "path": finding.at.path,
                "message": finding.message,
                "evidence": finding.evidence,
                "fix": finding.rule.fix,
                "fingerprint": finding.fingerprint(""),
            })
        })
        .collect();
    let stored: Vec<Value> = stored
        .iter()
        .map(|(model, label, comparison)| {
            json!({
                "model": model,
                "label": label,
                "relation": comparison.relation,
                "score": comparison.score,
            })
        })
        .collect();
    json!({ "nodes": graph.nodes, "edges": graph.edges, "findings": findings, "stored": stored, "gaps": gaps })
}

fn table(a: &Member, b: &Member, comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    const SHOWN: usize = 20;
    writeln!(out, "a         {} ({} parameters)", printable(&a.path), a.sketch.parameters())?;
    writeln!(out, "b         {} ({} parameters)", printable(&b.path), b.sketch.parameters())?;
    writeln!(out, "related   {}", if comparison.related { "yes" } else { "no" })?;
    writeln!(out, "relation  {}", comparison.relation.name())?;
    writeln!(out, "score     {:.3}", comparison.score)?;
    for note in &comparison.notes {
        writeln!(out, "note      {}", printable(note))?;
    }
    if comparison.related && !comparison.tensors.is_empty() {
        let bold = anstyle::Style::new().bold();
        writeln!(out, "\n{bold}tensors{bold:#}")?;
        for pair in comparison.tensors.iter().take(SHOWN) {
            let (a, b) = (printable(&pair.a), printable(&pair.b));
            let other = if a == b { String::new() } else { format!(" = {b}") };
            writeln!(out, "  {:.3}  {:?}  {a}{other}", pair.correlation, pair.shape)?;
        }
        if let Some(more) = comparison.tensors.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            writeln!(out, "  … and {more} more; --format json lists all")?;
        }
    }
    Ok(())
}
