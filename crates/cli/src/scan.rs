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
    request.options = Options { deep: arguments.deep, ..Options::default() };
    request.digests = !arguments.no_digest;
    request.jobs = arguments.jobs.and_then(|jobs| usize::try_from(jobs).ok());
    request.no_ignore = arguments.no_ignore;
    request.policies.clone_from(&arguments.policy);
    request.variable_files.clone_from(&arguments.var_file);
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
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    let neighbours = std::fs::read_dir(folder).into_iter().flatten().flatten().take(10_000);
    let names = neighbours.map(|entry| entry.file_name().to_string_lossy().into_owned());
    match bartizan_engine::nearest(&wanted, names) {
        Some(name) => format!("; did you mean {}?", path.with_file_name(name).display()),
        None => String::new(),
    }
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
