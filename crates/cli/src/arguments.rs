//! The grammar of the command line.

use std::path::PathBuf;

use bartizan_core::Severity;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Finds, proves, watches and fixes the security of AI and ML systems.
#[derive(Debug, Parser)]
#[command(name = "bartizan", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find what is dangerous in AI repositories, model files and model stores, without loading anything
    Scan(Box<ScanArguments>),
    /// Mend what is insecure in infrastructure as code: a diff first, files with --write
    Fix(Box<crate::fix::FixArguments>),
    /// Look inside one file safely: opcodes with what they call, tensors, graph operators, headers
    Inspect(InspectArguments),
    /// Tell from weights and declarations which model descends from which
    Lineage(crate::lineage::LineageArguments),
    /// Look into, judge and train the networks that this program ships
    Learn(crate::learn::LearnArguments),
    /// List what can be found, or explain one rule
    Rules(RulesArguments),
    /// Keep one list of AI assets over folders, git, object stores, registries, MLflow and model hubs
    Inventory(crate::inventory::InventoryArguments),
    /// Write, judge, compare and merge bills of materials
    Bom(Box<crate::bom::BomArguments>),
    /// Write a bartizan.toml from what a folder holds
    Init(InitArguments),
    /// Sign a model, so that others can tell whether it is still what you published
    Sign(Box<crate::sign::SignArguments>),
    /// Check that a model is what its publisher signed, and say what is not
    Verify(Box<crate::verify::VerifyArguments>),
    /// Sign a statement about a model: what a scan found, what it is made of, how it was built, how well it does, who approves it
    Attest(Box<crate::attest::AttestArguments>),
    /// Check that an expected signer attested something of a model as it is now
    VerifyAttestation(Box<crate::verify_attestation::VerifyAttestationArguments>),
    /// Print the root digest of a model, which identifies it
    Digest(crate::sign::DigestArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page (troff)
    #[command(hide = true)]
    Man,
    /// Print the JSON schema of what a command prints, or of bartizan.toml
    Schema {
        /// Which
        of: Schema,
    },
}

/// A published schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Schema {
    /// What `scan --format json` prints
    Report,
    /// What `inventory list --format json` prints
    Inventory,
    /// `bartizan.toml`
    Config,
    /// What `verify --format json` prints
    Verdict,
    /// What `verify-attestation --format json` prints
    Attestations,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON object; `bartizan schema report` describes it
    Json,
    /// One JSON object per line
    Jsonl,
    /// SARIF 2.1.0, for code scanning services
    Sarif,
    /// JUnit XML, for build servers
    Junit,
    /// A self-contained page
    Html,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  nothing at or above --fail-on
  1  findings at or above --fail-on
  2  usage or configuration error
  3  nothing at or above --fail-on, but some input could not be read or understood")]
pub(crate) struct ScanArguments {
    /// Files, folders, URIs (s3:// gs:// az:// https:// hf://), or - for standard input
    #[arg(value_name = "PATH|URI", default_value = ".")]
    pub(crate) targets: Vec<String>,
    /// Read the weights themselves too, and report statistical oddities
    #[arg(long)]
    pub(crate) deep: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Write the report to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 1 when a finding is at least this severe [default: high, or the manifest's]
    #[arg(long, value_name = "LEVEL", value_parser = severity())]
    pub(crate) fail_on: Option<Severity>,
    /// Ignore the findings that this file lists
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write today's findings to a file, for --baseline
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// Use this manifest instead of the bartizan.toml found above the target
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub(crate) config: Option<PathBuf>,
    /// Use no manifest
    #[arg(long)]
    pub(crate) no_config: bool,
    /// Scan files that .gitignore leaves out like all others (models are never left out)
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// Terraform: take the variables that this file sets, as terraform's own option does; later ones win
    #[arg(long, value_name = "FILE")]
    pub(crate) var_file: Vec<PathBuf>,
    /// Infrastructure: judge by the rules in this folder too: bartizan's format, or Checkov's YAML policies
    #[arg(long, value_name = "DIR")]
    pub(crate) policy: Option<PathBuf>,
    /// Do not compute SHA-256 digests
    #[arg(long)]
    pub(crate) no_digest: bool,
    /// Bytes that decompression may produce from one input
    #[arg(long, value_name = "N")]
    pub(crate) max_bytes: Option<u64>,
    /// Seconds that one input may take
    #[arg(long, value_name = "S")]
    pub(crate) timeout: Option<u64>,
    /// Threads [default: all cores]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) jobs: Option<u32>,
    /// Print the summary line only
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// List clean assets, mild findings and what was skipped too
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// A file; a member of an archive after `!`, as in reports: model.pt!archive/data.pkl
    pub(crate) file: String,
    /// How it is shown
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: InspectFormat,
    /// Rows of each table
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Show this table only
    #[arg(long, value_name = "NAME")]
    pub(crate) section: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The folder of the system
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Overwrite the manifest that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print it instead of writing it
    #[arg(long, conflicts_with = "force")]
    pub(crate) stdout: bool,
}

/// How `inspect` shows a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object, each table a list of objects
    Json,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RulesArguments {
    #[command(subcommand)]
    pub(crate) action: Option<crate::rules_test::RulesAction>,
    /// Id of one rule, such as pickle/code-execution, or the part before the slash
    pub(crate) rule: Option<String>,
    /// How they are shown
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RulesFormat,
}

/// How `rules` shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RulesFormat {
    /// For people
    #[default]
    Table,
    /// A JSON list
    Json,
    /// Documentation pages
    Markdown,
}

fn severity() -> impl clap::builder::TypedValueParser<Value = Severity> {
    use clap::builder::TypedValueParser as _;
    clap::builder::PossibleValuesParser::new(Severity::ALL.map(Severity::name))
        .try_map(|name| name.parse::<Severity>())
}
