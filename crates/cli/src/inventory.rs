//! `bartizan inventory`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::{Result, bail};
use bartizan_core::printable;
use bartizan_engine::inventory::{
    self, Asset, Filter, InventoryError, Problem, Source, SourceKind, Store, SyncReport, SyncRequest,
    VerifyReport,
};
use clap::{Args, Subcommand, ValueEnum};

use crate::{interrupt, output, progress::Meter};

/// Most locations of one asset that the table shows.
const SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct InventoryArguments {
    /// The file that the inventory is kept in [default: bartizan/inventory.json in the user's data folder]
    #[arg(long, value_name = "FILE", global = true)]
    store: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a place that holds AI assets
    Add(AddArguments),
    /// Remove a place and what was found in it
    Remove {
        /// Name of the source
        name: String,
    },
    /// Read the sources, and remember what they hold
    #[command(after_help = "\
Exit codes:
  0  every source was read
  1  content does not have the digest that its place states
  2  usage error, or the inventory's file cannot be used
  3  some source, or something in it, could not be read; the rest was")]
    Sync(SyncArguments),
    /// Read every content again, and compare it with the inventory and with what its place states
    #[command(after_help = "\
Exit codes:
  0  verified
  1  content is not what it was, or is gone
  2  usage error, or the inventory's file cannot be used
  3  some content could not be read")]
    Verify(SyncArguments),
    /// List the assets, each with all its locations
    List(ListArguments),
    /// List the sources
    Sources {
        /// How they are shown
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

/// A kind of source.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// A folder of this machine
    Dir,
    /// A git repository: a clone on this machine, or an https or ssh address
    Git,
    /// A bucket or prefix: s3://, gs:// or az://
    #[value(alias = "gs", alias = "az")]
    S3,
    /// An OCI registry, or one of its repositories
    Oci,
    /// An MLflow tracking server
    Mlflow,
    /// A repository of a model hub (org/model, datasets/org/name), or all models of an owner
    Hf,
    /// A Hugging Face cache folder
    Hfcache,
}

impl From<Kind> for SourceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Dir => Self::Directory,
            Kind::Git => Self::Git,
            Kind::S3 => Self::ObjectStore,
            Kind::Oci => Self::Oci,
            Kind::Mlflow => Self::Mlflow,
            Kind::Hf => Self::Hub,
            Kind::Hfcache => Self::HubCache,
        }
    }
}

#[derive(Debug, Args)]
struct AddArguments {
    /// What kind of system it is
    #[arg(value_enum)]
    kind: Kind,
    /// Folder, address or id; without credentials
    location: String,
    /// What to call it [default: made from the location]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A repository of a registry that does not list them; may be given several times
    #[arg(long = "repository", value_name = "NAME")]
    repositories: Vec<String>,
    /// Address of the service, for s3 and hf
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The environment variable that holds a token, or USER:PASSWORD, for oci, mlflow and hf
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
    /// Read it without encryption though it is not on this machine; tokens are never sent so
    #[arg(long)]
    plain_http: bool,
}

#[derive(Debug, Args)]
struct SyncArguments {
    /// Names of sources [default: all]
    names: Vec<String>,
    /// How the result is shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Read headers only: content whose digest no place states stays without one
    #[arg(long)]
    no_digest: bool,
    /// Seconds that one source may take
    #[arg(long, value_name = "S", default_value_t = 3600)]
    timeout: u64,
    /// Threads [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    jobs: Option<u32>,
}

#[derive(Debug, Args)]
struct ListArguments {
    /// How they are shown
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
    /// Only assets of this kind or format: model, dataset, configuration, safetensors, gguf, …
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only assets that are at several places
    #[arg(long)]
    duplicates: bool,
    /// Write the list to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// JSON
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people
    #[default]
    Table,
    /// A JSON list, one object per asset
    Json,
    /// One JSON object per asset and line
    Jsonl,
}

pub(crate) fn run(arguments: &InventoryArguments) -> Result<u8> {
    let store = match &arguments.store {
        Some(file) => Store::at(file),
        None => Store::of_user()?,
    };
    match &arguments.verb {
        Verb::Add(arguments) => add(&store, arguments),
        Verb::Remove { name } => {
            let locations = inventory::remove(&store, name)?;
            writeln!(io::stderr(), "removed {} and {locations} locations", printable(name))?;
            Ok(0)
        }
        Verb::Sync(arguments) => sync(&store, arguments),
        Verb::Verify(arguments) => verify(&store, arguments),
        Verb::List(arguments) => list(&store, arguments),
        Verb::Sources { format } => sources(&store, *format),
    }
}

fn add(store: &Store, arguments: &AddArguments) -> Result<u8> {
    let kind = SourceKind::from(arguments.kind);
    let mut source = Source::new(kind, &arguments.location, &inventory::now())?;
    if let Some(name) = &arguments.name {
        source = source.named(name)?;
    }
    let takes = |option: &str, kinds: &[SourceKind], given: bool| {
        if given && !kinds.contains(&kind) {
            bail!("{option} means nothing for {}", kind.name());
        }
        Ok(())
    };
    takes("--repository", &[SourceKind::Oci], !arguments.repositories.is_empty())?;
    takes("--endpoint", &[SourceKind::ObjectStore, SourceKind::Hub], arguments.endpoint.is_some())?;
    let tokens = [SourceKind::Oci, SourceKind::Mlflow, SourceKind::Hub];
    takes("--token-env", &tokens, arguments.token_env.is_some())?;
    let networks =
        [SourceKind::Git, SourceKind::ObjectStore, SourceKind::Oci, SourceKind::Mlflow, SourceKind::Hub];
    takes("--plain-http", &networks, arguments.plain_http)?;
    source.repositories.clone_from(&arguments.repositories);
    source.endpoint.clone_from(&arguments.endpoint);
    source.token_env.clone_from(&arguments.token_env);
    source.plain_http = arguments.plain_http;
    let name = inventory::add(store, source, arguments.name.is_none())?;
    writeln!(io::stderr(), "added {}; `bartizan inventory sync` reads it", printable(&name))?;
    Ok(0)
}

fn request(arguments: &SyncArguments) -> SyncRequest {
    SyncRequest {
        names: arguments.names.clone(),
        digests: !arguments.no_digest,
        seconds: arguments.timeout,
        jobs: arguments.jobs.and_then(|jobs| usize::try_from(jobs).ok()),
        cancel: interrupt::flag(),
        ..SyncRequest::default()
    }
}

fn sync(store: &Store, arguments: &SyncArguments) -> Result<u8> {
    let meter = Meter::new();
    let report = inventory::sync(store, &request(arguments), &meter);
    meter.clear();
    let report = match report {
        Err(InventoryError::Interrupted) => return interrupted(),
        report => report?,
    };
    output::write_styled(None, &mut |out| match arguments.format {
        Format::Json => json(&report, out),
        Format::Table => synced(&report, out),
    })?;
    Ok(report.exit_code())
}

fn verify(store: &Store, arguments: &SyncArguments) -> Result<u8> {
    if arguments.no_digest {
        bail!("there is nothing to verify without digests: leave out --no-digest");
    }
    let meter = Meter::new();
    let report = inventory::verify(store, &request(arguments), &meter);
    meter.clear();
    let report = match report {
        Err(InventoryError::Interrupted) => return interrupted(),
        report => report?,
    };
    output::write_styled(None, &mut |out| match arguments.format {
        Format::Json => json(&report, out),
        Format::Table => verified(&report, out),
    })?;
    Ok(report.exit_code())
}

fn interrupted() -> Result<u8> {
    writeln!(io::stderr(), "bartizan: {}", InventoryError::Interrupted)?;
    Ok(interrupt::INTERRUPTED)
}

fn list(store: &Store, arguments: &ListArguments) -> Result<u8> {
    let filter = Filter { kind: arguments.kind.clone(), duplicates: arguments.duplicates };
    let assets = inventory::list(store, &filter)?;
    let write = if arguments.format == ListFormat::Table { output::write_styled } else { output::write };
    write(arguments.output.as_deref(), &mut |out| match arguments.format {
        ListFormat::Json => json(&assets, out),
        ListFormat::Jsonl => assets.iter().try_for_each(|asset| {
            serde_json::to_writer(&mut *out, asset)?;
            writeln!(out)
        }),
        ListFormat::Table => table(&assets, out),
    })?;
    Ok(0)
}

fn sources(store: &Store, format: Format) -> Result<u8> {
    let sources = inventory::sources(store)?;
    output::write_styled(None, &mut |out| {
        if format == Format::Json {
            return json(&sources, out);
        }
        let width = sources.iter().map(|source| source.name.chars().count()).max().unwrap_or(0);
        for source in &sources {
            let state = match (&source.last_error, &source.last_sync) {
                (Some(error), _) => format!("failed: {}", printable(error)),
                (None, Some(time)) => format!("read {}", printable(time)),
                (None, None) => "never read to its end".to_owned(),
            };
            let name = printable(&source.name);
            writeln!(
                out,
                "{name:width$}  {:8} {}  {state}",
                source.kind.name(),
                printable(&source.location)
            )?;
        }
        Ok(())
    })?;
    Ok(0)
}

fn json(value: &impl serde::Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn synced(report: &SyncReport, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    for source in &report.sources {
        writeln!(
            out,
            "{bold}{}{bold:#}: {} assets ({} new, {} changed, {} unchanged), {} missing, {} other files, {:.1} s{}",
            printable(&source.name),
            source.assets,
            source.new,
            source.changed,
            source.unchanged,
            source.missing,
            source.others,
            source.seconds,
            if source.complete { "" } else { "; not read to its end" }
        )?;
        problems(&source.problems, out)?;
        for note in &source.notes {
            writeln!(out, "  note: {}", printable(note))?;
        }
    }
    Ok(())
}

fn verified(report: &VerifyReport, out: &mut dyn Write) -> io::Result<()> {
    problems(&report.problems, out)?;
    writeln!(
        out,
        "{}: {} locations have the content that the inventory knows, {} cannot be read there, {} problems",
        report.status,
        report.verified,
        report.unread,
        report.problems.len()
    )
}

fn problems(problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    let style = output::ERROR;
    for problem in problems {
        let place = if problem.uri.is_empty() { &problem.source } else { &problem.uri };
        let kind = serde_json::to_value(problem.kind)?;
        let kind = kind.as_str().unwrap_or_default();
        writeln!(out, "  {style}{kind}{style:#} {}: {}", printable(place), printable(&problem.message))?;
    }
    Ok(())
}

fn table(assets: &[Asset], out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    for asset in assets {
        let digest = match (&asset.sha256, &asset.digest) {
            (Some(sha256), _) => format!("sha256:{}", sha256.get(..16).unwrap_or(sha256)),
            (None, Some(digest)) => format!("{}:{}", printable(&digest.algorithm), printable(&digest.value)),
            (None, None) => "no digest".to_owned(),
        };
        let facts = &asset.facts;
        let mut details = vec![asset.kind.name().to_owned()];
        details.extend(facts.format.as_deref().map(printable));
        details.extend(facts.architecture.as_deref().map(printable));
        details.extend(facts.parameters.map(|count| format!("{count} parameters")));
        details.extend(facts.licence.as_deref().map(printable));
        details.extend(asset.size.map(|size| format!("{size} bytes")));
        writeln!(out, "{bold}{}{bold:#}  {}  {digest}", printable(&asset.name), details.join(", "))?;
        for location in asset.locations.iter().take(SHOWN) {
            let mut text = format!("  {:8} {}", location.kind.name(), printable(&location.uri));
            if let Some(version) = &location.version {
                text.push_str(&format!(" ({})", printable(version)));
            }
            if location.pointer {
                text.push_str(" [LFS pointer]");
            }
            if let Some(missing) = &location.missing {
                text.push_str(&format!(" [missing since {}]", printable(missing)));
            }
            if let Some(problem) = &location.problem {
                text.push_str(&format!(" [{}]", printable(problem)));
            }
            writeln!(out, "{text}")?;
        }
        let more = asset.locations.len().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(out, "  … and {more} more; --format json has all")?;
        }
    }
    if assets.is_empty() {
        writeln!(out, "no assets; `bartizan inventory sync` reads the sources")?;
    }
    Ok(())
}
