//! `bartizan verify-attestation`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Result;
use bartizan_core::printable;
use bartizan_engine::{
    attestation::{
        self, AttestationError, AttestationReport, AttestationVerdict, DemandSources, Demands,
        VerifyAttestationRequest,
    },
    signing::Status,
};
use clap::{ArgGroup, Args};

use crate::{
    attest::{KindName, says},
    output,
    progress::Meter,
    sign::{HashingArguments, count},
    trust::TrustArguments,
    verify::{BAD, BOLD, GOOD, SHOWN, VerifyFormat, signed_by, unusable},
};

#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("trust").args(["key", "root", "identity", "identity_regex"]).required(true)),
    after_help = "\
An attestation is verified when the expected signer made it, for this model as it is now. What it says may still be bad:
`verify --policy` judges that.

Exit codes:
  0  each file holds an attestation that is verified
  1  one does not
  2  usage error
  3  the model or a file of attestations cannot be read"
)]
pub(crate) struct VerifyAttestationArguments {
    /// The model: a folder, or a single file
    model: PathBuf,
    /// Files of attestations: bundles or DSSE envelopes [default: MODEL.attestations.jsonl beside the model]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    attestation: Vec<PathBuf>,
    /// Only those that say this
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: Option<KindName>,
    #[command(flatten)]
    trust: TrustArguments,
    /// Refuse the keys, identities and digests in this deny list (TOML)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    deny: Vec<PathBuf>,
    #[command(flatten)]
    hashing: HashingArguments,
    /// How the answer is shown
    #[arg(long, value_enum, default_value_t)]
    format: VerifyFormat,
}

pub(crate) fn run(arguments: &VerifyAttestationArguments) -> Result<u8> {
    let hashing = arguments.hashing.hashing(true)?;
    let meter = Meter::new();
    let report =
        request(arguments, hashing).and_then(|request| attestation::verify_attestations(&request, &meter));
    meter.clear();
    let report = match report {
        Ok(report) => report,
        Err(error) => return unusable(&error),
    };
    let shown = match arguments.format {
        VerifyFormat::Json => output::write(None, &mut |out| {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            writeln!(out)
        }),
        VerifyFormat::Table => output::write_styled(None, &mut |out| show(arguments, &report, out)),
    };
    match shown {
        // `head` has seen enough; the verdict stays what it is.
        Err(error) if output::is_broken_pipe(&error) => {}
        done => done?,
    }
    Ok(u8::from(report.status == Status::Failed))
}

fn request(
    arguments: &VerifyAttestationArguments,
    hashing: bartizan_engine::signing::Hashing,
) -> Result<VerifyAttestationRequest, AttestationError> {
    let trust = arguments.trust.trusted()?;
    let trust = trust.ok_or_else(|| AttestationError::Usage("nobody is trusted".to_owned()))?;
    let sources = DemandSources { policy: None, deny: &arguments.deny, keys: &[], trusted_root: None };
    let mut attestations = arguments.attestation.clone();
    if attestations.is_empty() {
        let kept = attestation::kept(&arguments.model).ok_or_else(|| {
            AttestationError::Usage(
                "there are no attestations beside the model; name their file with --attestation".to_owned(),
            )
        })?;
        attestations.push(kept);
    }
    Ok(VerifyAttestationRequest {
        model: arguments.model.clone(),
        attestations,
        kind: arguments.kind.map(Into::into),
        trust,
        deny: Demands::read(&sources)?.deny().clone(),
        hashing,
    })
}

fn show(
    arguments: &VerifyAttestationArguments,
    report: &AttestationReport,
    out: &mut dyn Write,
) -> io::Result<()> {
    let model = printable(&arguments.model.display().to_string());
    match report.status {
        Status::Verified => writeln!(out, "{GOOD}verified{GOOD:#} what was attested of {model}")?,
        Status::Failed => {
            writeln!(out, "{BAD}FAILED{BAD:#} what was attested of {model} must not be believed")?
        }
    }
    writeln!(out, "  root digest  {}", report.root_digest)?;
    for one in report.attestations.iter().take(SHOWN) {
        attestation(one, report.status, out)?;
    }
    let more = report.attestations.len().saturating_sub(SHOWN);
    if more > 0 {
        writeln!(out, "\n  and {} more; --format json lists them all", count(more as u64, "attestation"))?;
    }
    for file in &report.missing {
        writeln!(out, "\n{BOLD}Nothing to believe in {}{BOLD:#}", printable(file))?;
    }
    Ok(())
}

fn attestation(one: &AttestationVerdict, all: Status, out: &mut dyn Write) -> io::Result<()> {
    let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
    let (style, word) = match (one.status, all) {
        (Status::Verified, _) => (GOOD, "verified"),
        // Whatever others left there, what was asked for is there, too.
        (Status::Failed, Status::Verified) => (BOLD, "ignored"),
        (Status::Failed, Status::Failed) => (BAD, "failed"),
    };
    writeln!(out, "\n  {style}{word}{style:#} {}{line}", printable(&one.file))?;
    if let (Some(predicate_type), Some(predicate)) = (&one.predicate_type, &one.predicate) {
        writeln!(out, "    says       {}", says(one.kind, predicate_type, predicate))?;
    }
    if let Some(signer) = &one.signer {
        writeln!(out, "    signed by  {}", signed_by(signer))?;
    }
    if let Some(problem) = &one.problem {
        writeln!(out, "    {:9}  {}", problem.kind.name(), printable(&problem.detail))?;
        for (name, value) in [("expected", &problem.expected), ("actual", &problem.actual)] {
            if let Some(value) = value {
                writeln!(out, "    {name:9}  {}", printable(value))?;
            }
        }
    }
    for note in &one.notes {
        writeln!(out, "    note       {}", printable(&note.detail))?;
    }
    Ok(())
}
