//! `bartizan attest`.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::Result;
use bartizan_core::printable;
use bartizan_engine::attestation::{
    self, Approval, AttestRequest, AttestationError, AttestationMade, Content, Decision, Kind, Predicate,
};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{
    output,
    progress::Meter,
    sign::{HashingArguments, count},
    signer::SignerArguments,
    verify::unusable,
};

/// A century; what holds longer does not expire.
const LONGEST: u32 = 36_500;

#[derive(Debug, Args)]
#[command(after_help = "\
The statement is about the root digest of the model, as `bartizan digest` prints it. It is added to the attestations beside
the model, one Sigstore bundle on each line, where `verify --policy` and `verify-attestation` look for it.

Exit codes:
  0  attested, whatever the attestation says
  2  usage error, a predicate that is not what its type demands, or a key that cannot be used
  3  the model cannot be read or changes meanwhile; or a keyless service did not do its part")]
pub(crate) struct AttestArguments {
    /// The model: a folder, or a single file
    model: PathBuf,
    /// What is attested
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: KindName,
    /// A JSON file that says it; for a scan, a report of `scan --format json` will do [default for scan: scan now]
    #[arg(long, value_name = "FILE")]
    predicate: Option<PathBuf>,
    /// Who approves the model
    #[arg(long, value_name = "NAME", conflicts_with = "predicate")]
    approver: Option<String>,
    /// They reject it
    #[arg(long, requires = "approver")]
    reject: bool,
    /// What the approval is for, in words
    #[arg(long, value_name = "TEXT", requires = "approver")]
    scope: Option<String>,
    /// The approval holds for so many days
    #[arg(long, value_name = "N", requires = "approver", value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST)))]
    expires_days: Option<u32>,
    #[command(flatten)]
    signer: SignerArguments,
    /// Write the attestation to a file of its own
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    hashing: HashingArguments,
    /// Read every file again, whatever the hash cache knows
    #[arg(long)]
    paranoid: bool,
}

/// What is attested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindName {
    /// What a scan of the model found
    Scan,
    /// What it is made of: CycloneDX or SPDX in JSON
    Bom,
    /// How it was built: SLSA provenance, version 1
    Slsa,
    /// How well it does
    Eval,
    /// Who approves it
    Approval,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Scan => Self::Scan,
            KindName::Bom => Self::Bom,
            KindName::Slsa => Self::Slsa,
            KindName::Eval => Self::Eval,
            KindName::Approval => Self::Approval,
        }
    }
}

pub(crate) fn run(arguments: &AttestArguments) -> Result<u8> {
    let hashing = arguments.hashing.hashing(arguments.paranoid)?;
    let content = match content(arguments) {
        Ok(content) => content,
        Err(error) => return unusable(&error),
    };
    let credential = match arguments.signer.credential() {
        Ok(credential) => credential,
        Err(error) => return unusable(&error.into()),
    };
    let request = AttestRequest {
        model: arguments.model.clone(),
        content,
        hashing,
        credential,
        output: arguments.output.clone(),
    };
    let meter = Meter::new();
    let made = attestation::attest(&request, &meter);
    meter.clear();
    match made {
        Ok(made) => {
            output::write_styled(None, &mut |out| show(arguments, &made, out))?;
            Ok(0)
        }
        Err(error) => unusable(&error),
    }
}

fn content(arguments: &AttestArguments) -> Result<Content, AttestationError> {
    let kind = Kind::from(arguments.kind);
    let usage = |text: String| Err(AttestationError::Usage(text));
    if let Some(approver) = &arguments.approver {
        if kind != Kind::Approval {
            return usage(format!("--approver makes an approval, not a {kind}; say --type approval"));
        }
        return Ok(Content::Approval(approval(arguments, approver.clone())));
    }
    match (&arguments.predicate, kind) {
        (Some(file), _) => Ok(Content::File(kind, file.clone())),
        (None, Kind::Scan) => Ok(Content::Scan),
        (None, Kind::Bom) => usage(
            "a bom attestation needs --predicate FILE; `bartizan bom MODEL --output bom.json` writes one"
                .to_owned(),
        ),
        (None, Kind::Approval) => usage("an approval needs --approver NAME, or --predicate FILE".to_owned()),
        (None, _) => usage(format!("the type {kind} needs --predicate FILE, which says what is attested")),
    }
}

fn approval(arguments: &AttestArguments, approver: String) -> Approval {
    let now = SystemTime::now();
    let until = |days: u32| {
        now.checked_add(Duration::from_secs(u64::from(days).saturating_mul(86_400)))
            .and_then(attestation::time)
    };
    Approval {
        decision: if arguments.reject { Decision::Rejected } else { Decision::Approved },
        approver,
        approved_at: attestation::time(now).unwrap_or_default(),
        expires_at: arguments.expires_days.and_then(until),
        scope: arguments.scope.clone(),
    }
}

fn show(arguments: &AttestArguments, made: &AttestationMade, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let statement = &made.statement;
    writeln!(out, "{bold}attested{bold:#} {}", printable(&arguments.model.display().to_string()))?;
    writeln!(
        out,
        "  says         {}",
        says(statement.kind(), &statement.predicate_type, &statement.predicate)
    )?;
    writeln!(out, "  root digest  {}", made.root_digest)?;
    let file = printable(&made.file.display().to_string());
    writeln!(out, "  kept in      {file}, {}", count(made.count as u64, "attestation"))
}

/// What an attestation says, on one line.
pub(crate) fn says(kind: Option<Kind>, predicate_type: &str, predicate: &Value) -> String {
    let Some(kind) = kind else { return format!("something of type {}", printable(predicate_type)) };
    let text = match Predicate::read(kind, predicate) {
        Ok(Predicate::Scan(scan)) => {
            format!("scan: {}, by rules {}, on {}", scan.verdict.name(), scan.rules_version, scan.scanned_at)
        }
        Ok(Predicate::Eval(evaluation)) => {
            let passed = if evaluation.passed { "passed" } else { "not passed" };
            let results = count(evaluation.results.len() as u64, "result");
            format!("evaluation: {passed}, {results}, on {}", evaluation.evaluated_at)
        }
        Ok(Predicate::Approval(approval)) => {
            let decision = match approval.decision {
                Decision::Approved => "approved",
                Decision::Rejected => "rejected",
            };
            let until = approval.expires_at.map(|at| format!(", until {at}")).unwrap_or_default();
            format!("approval: {decision} by {} on {}{until}", approval.approver, approval.approved_at)
        }
        Ok(Predicate::Bom(..)) => format!("bill of materials ({predicate_type})"),
        Ok(Predicate::Slsa(_)) => {
            let builder = predicate.pointer("/runDetails/builder/id").and_then(Value::as_str);
            format!("built by {}", builder.unwrap_or_default())
        }
        Err(error) => error.to_string(),
    };
    printable(&text)
}
