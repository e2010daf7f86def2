//! `bartizan scan`.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::atomic::Ordering,
};

use anyhow::{Result, bail};
use bartizan_core::{Options, Severity};
use bartizan_engine::{
    ScanRequest, Target, config,
    policy::Baseline,
    report::{self, Appearance, Report},
};

use crate::{
    arguments::{Format, ScanArguments},
    interrupt, output,
    progress::Meter,
};

pub(crate) fn run(arguments: &ScanArguments) -> Result<u8> {
    let request = request(arguments)?;
    let meter = Meter::new();
    let report = bartizan_engine::scan(&request, &meter);
    meter.clear();
    let report = report?;
    if request.cancel.load(Ordering::Relaxed) {
        // What was not looked at might be what matters: half a report is none.
        let _ = writeln!(io::stderr(), "bartizan: interrupted, no report was written");
        return Ok(interrupt::INTERRUPTED);
    }
    let fail_on = request.policy.fail_on;
    if let Some(file) = &arguments.write_baseline {
        Baseline::of(&report).write(file)?;
    }
    let write = if arguments.format == Format::Table { output::write_styled } else { output::write };
    match write(arguments.output.as_deref(), &mut |out| render(&report, arguments, fail_on, out)) {
        // `head` has seen enough; what was found stays found.
        Err(error) if output::is_broken_pipe(&error) => {}
        done => done?,
    }
    if arguments.output.is_some() && arguments.format != Format::Table && !arguments.quiet {
        let appearance = Appearance { quiet: true, ..Appearance::default() };
        let mut stderr = anstream::stderr();
        report::table(&report, appearance, &mut stderr)?;
    }
    Ok(report.exit_code(fail_on))
}

fn request(arguments: &ScanArguments) -> Result<ScanRequest> {
    let mut targets = Vec::new();
    for text in &arguments.targets {
        let target = Target::parse(text);
        if let Target::Path(path) = &target
            && std::fs::symlink_metadata(path).is_err()
        {
            bail!("no such file or folder: {}{}", path.display(), suggestion(path));
        }
        targets.push(target);
    }
    let manifest = manifest(arguments, &targets)?;
    let mut request = ScanRequest::new(targets);
    if let Some(manifest) = manifest {
        manifest.apply(&mut request);
    }
    // What stands on the command line wins over the manifest.
    if let Some(level) = arguments.fail_on {
        request.policy.fail_on = level;
    }
    if let Some(bytes) = arguments.max_bytes {
        request.limits.expanded = bytes;
    }
    if let Some(seconds) = arguments.timeout {
        request.limits.seconds = seconds;
    }
    if let Some(file) = &arguments.baseline {
        request.policy.baseline = Some(Baseline::read(file)?);
    }
    request.options = Options { deep: arguments.deep };
    request.digests = !arguments.no_digest;
    request.jobs = arguments.jobs.and_then(|jobs| usize::try_from(jobs).ok());
    request.no_ignore = arguments.no_ignore;
    request.cancel = interrupt::flag();
    Ok(request)
}

/// The manifest that the user names, or the one that governs the targets. Two targets under different manifests have
/// no common policy.
fn manifest(arguments: &ScanArguments, targets: &[Target]) -> Result<Option<config::Loaded>> {
    if arguments.no_config {
        return Ok(None);
    }
    if let Some(file) = &arguments.config {
        return Ok(Some(config::load(file)?));
    }
    let mut found: Vec<PathBuf> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Path(path) => config::find(path),
            _ => None,
        })
        .collect();
    found.sort();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [file] => Ok(Some(config::load(file)?)),
        [one, other, ..] => bail!(
            "the targets have different manifests, {} and {}: scan them one by one, or name one with --config",
            one.display(),
            other.display()
        ),
    }
}

/// The neighbour whose name is most like the one that is not there.
fn suggestion(path: &std::path::Path) -> String {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => std::path::Path::new("."),
    };
    let wanted = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let neighbours = std::fs::read_dir(folder).into_iter().flatten().flatten().take(10_000);
    neighbours
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .map(|name| (distance(&name.to_lowercase(), &wanted), name))
        .filter(|(distance, _)| *distance <= wanted.chars().count() / 3)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean {}?", folder.join(name).display()))
}

/// Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let substituted = row.get(j).copied().unwrap_or(0) + usize::from(a != *b);
            let deleted = row.get(j + 1).copied().unwrap_or(0) + 1;
            let inserted = next.last().copied().unwrap_or(0) + 1;
            next.push(substituted.min(deleted).min(inserted));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

fn render(
    report: &Report,
    arguments: &ScanArguments,
    fail_on: Severity,
    out: &mut dyn Write,
) -> io::Result<()> {
    match arguments.format {
        Format::Json => report::json(report, out),
        Format::Jsonl => report::jsonl(report, out),
        Format::Sarif => report::sarif(report, out),
        Format::Junit => report::junit(report, fail_on, out),
        Format::Html => report::html(report, out),
        Format::Table => {
            let appearance = Appearance {
                width: output::width(),
                unicode: output::is_unicode(),
                verbose: arguments.verbose,
                quiet: arguments.quiet,
            };
            report::table(report, appearance, out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn a_slip_of_the_finger_is_near() {
        assert_eq!(distance("model.pkl", "modle.pkl"), 2);
        assert_eq!(distance("", "abc"), 3);
    }
}
