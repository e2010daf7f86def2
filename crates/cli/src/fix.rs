//! `bartizan fix`.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use anyhow::{Context as _, Result, bail};
use bartizan_engine::{
    ScanRequest, Target, config,
    fix::{self, FixRequest, Fixes, Told},
    policy::Baseline,
};
use clap::Args;

use crate::{interrupt, output};

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  everything that has a patch is mended, or there was nothing to do
  1  findings that have a patch remain: shown but not written, or refused
  2  usage or configuration error
  3  nothing remains, but some input could not be read or understood")]
pub(crate) struct FixArguments {
    /// A folder with Terraform or OpenTofu configuration, or one file, which is then read alone
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Mend what this rule finds only: its id, or the id of the same control elsewhere (may be repeated)
    #[arg(long, value_name = "ID")]
    rule: Vec<String>,
    /// Print what would change as a unified diff and write nothing; this is what happens without --write
    #[arg(long, conflicts_with = "write")]
    diff: bool,
    /// Write the changed files
    #[arg(long)]
    write: bool,
    /// Take the variables that this file sets, as terraform's own option does; later ones win
    #[arg(long, value_name = "FILE")]
    var_file: Vec<PathBuf>,
    /// Leave the findings alone that this file lists
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Use this manifest instead of the bartizan.toml found above the target
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Use no manifest
    #[arg(long)]
    no_config: bool,
}

pub(crate) fn run(arguments: &FixArguments) -> Result<u8> {
    let (request, notes) = request(arguments)?;
    let fixes = fix::fix(&request)?;
    if request.cancel.load(Ordering::Relaxed) {
        let _ = writeln!(io::stderr(), "bartizan: interrupted, nothing was written");
        return Ok(interrupt::INTERRUPTED);
    }
    let mut failed = Vec::new();
    if arguments.write {
        for file in &fixes.files {
            if let Err(error) = fixes.write(file) {
                failed.push((fixes.shown(file), error.to_string()));
            }
        }
    } else {
        show(&fixes)?;
    }
    tell(&fixes, arguments.write, &failed, &notes)?;
    if !failed.is_empty() {
        return Ok(1);
    }
    Ok(fixes.exit_code(arguments.write))
}

/// The request, and what the user should know about the policy that it follows.
fn request(arguments: &FixArguments) -> Result<(FixRequest, Vec<String>)> {
    if let Err(error) = std::fs::metadata(&arguments.path) {
        if error.kind() == io::ErrorKind::NotFound {
            bail!("no such file or folder: {}", arguments.path.display());
        }
        return Err(error).with_context(|| format!("cannot open {}", arguments.path.display()));
    }
    // A manifest means the same here as when the target is scanned.
    let mut scan = ScanRequest::new(vec![Target::Path(arguments.path.clone())]);
    if let Some(manifest) = manifest(arguments, &arguments.path)? {
        manifest.apply(&mut scan);
    }
    let mut policy = scan.policy;
    if let Some(file) = &arguments.baseline {
        policy.baseline = Some(Baseline::read(file)?);
    }
    let request = FixRequest {
        target: arguments.path.clone(),
        rules: arguments.rule.clone(),
        variable_files: arguments.var_file.clone(),
        policy,
        cancel: interrupt::flag(),
    };
    Ok((request, scan.notes))
}

fn manifest(arguments: &FixArguments, target: &Path) -> Result<Option<config::Loaded>> {
    if arguments.no_config {
        return Ok(None);
    }
    let file = arguments.config.clone().or_else(|| config::find(target));
    Ok(file.map(|file| config::load(&file)).transpose()?)
}

/// The diff on standard output: every byte as it is for a program, without control characters for a person.
fn show(fixes: &Fixes) -> Result<()> {
    let terminal = io::stdout().is_terminal();
    output::write(None, &mut |out| {
        for file in &fixes.files {
            let diff = fix::unified(&fixes.shown(file), &file.before, &file.after);
            let diff = if terminal { output::harmless(&diff.replace("\r\n", "\n")) } else { diff };
            out.write_all(diff.as_bytes())?;
        }
        Ok(())
    })
}

/// What was done and what was not, on standard error: standard output holds the diff.
fn tell(fixes: &Fixes, written: bool, failed: &[(String, String)], notes: &[String]) -> Result<()> {
    let mut out = anstream::stderr();
    let mut line = |text: String| writeln!(out, "{}", output::harmless(&text));
    for note in notes {
        line(format!("note     {note}"))?;
    }
    for reason in &fixes.unread {
        line(format!("unread   {reason}"))?;
    }
    let failed_for = |told: &Told| {
        let mut changed = told.outcome.split(", ");
        changed.find_map(|path| failed.iter().find(|(file, _)| file == path))
    };
    let mut done = 0usize;
    for told in &fixes.fixed {
        let Told { rule, place, message, outcome } = told;
        match failed_for(told) {
            Some((file, reason)) => {
                line(format!("failed   {place}  {message} ({rule})\n         {file}: {reason}"))?
            }
            None => {
                done = done.saturating_add(1);
                let elsewhere = if place.starts_with(outcome.as_str()) {
                    String::new()
                } else {
                    format!(", in {outcome}")
                };
                let word = if written { "fixed    " } else { "fixable  " };
                line(format!("{word}{place}  {message} ({rule}){elsewhere}"))?;
            }
        }
    }
    for Told { rule, place, message, outcome } in &fixes.refused {
        line(format!("refused  {place}  {message} ({rule})\n         {outcome}"))?;
    }
    let remaining = fixes.refused.len().saturating_add(fixes.fixed.len().saturating_sub(done));
    line(summary(fixes, written, done, remaining))?;
    Ok(())
}

fn summary(fixes: &Fixes, written: bool, done: usize, remaining: usize) -> String {
    let findings =
        |count: usize| if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") };
    let files = match fixes.files.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    let stay = match remaining {
        0 => String::new(),
        count => format!(", {} not mended: see above", findings(count)),
    };
    match (done, written) {
        (0, _) if remaining == 0 => "nothing to do: no finding has a patch".to_owned(),
        (0, _) => format!("nothing was mended{stay}"),
        (_, true) => format!("{} mended in {files}{stay}", findings(done)),
        (_, false) => format!("{} can be mended in {files}{stay}; --write does it", findings(done)),
    }
}
