//! `bartizan scan`.

use std::{
    io::{self, Write},
    sync::atomic::Ordering,
};

use anyhow::{Result, bail};
use bartizan_core::{Limits, Options, Severity};
use bartizan_engine::{
    Policy, ScanRequest, Target,
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
    output::write(arguments.output.as_deref(), &mut |out| render(&report, arguments, fail_on, out))?;
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
    let mut policy = Policy::default();
    if let Some(level) = arguments.fail_on {
        policy.fail_on = level;
    }
    let mut limits = Limits::default();
    if let Some(bytes) = arguments.max_bytes {
        limits.expanded = bytes;
    }
    if let Some(seconds) = arguments.timeout {
        limits.seconds = seconds;
    }
    Ok(ScanRequest {
        targets,
        policy,
        limits,
        options: Options { deep: arguments.deep },
        digests: !arguments.no_digest,
        jobs: arguments.jobs.and_then(|jobs| usize::try_from(jobs).ok()),
        no_ignore: arguments.no_ignore,
        cancel: interrupt::flag(),
    })
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
