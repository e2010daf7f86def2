//! `bartizan verify`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use bartizan_core::printable;
use bartizan_engine::{
    attestation::{self, AttestationError, DemandSources, Demands, Judgement},
    signing::{self, Problem, Reason, Signer, SignerKind, Status, Verdict, VerifyRequest, Warning},
};
use clap::{ArgGroup, Args, ValueEnum};

use crate::{
    interrupt, output,
    progress::Meter,
    sign::{count, refused, report},
    trust::TrustArguments,
};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const BOLD: Style = Style::new().bold();
/// Problems and paths that the table shows; JSON has them all.
pub(crate) const SHOWN: usize = 20;

#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("trust").args(["key", "root", "identity", "identity_regex", "policy"]).required(true).multiple(true)),
    after_help = "\
Exit codes:
  0  verified
  1  failed: the model or its signature is not what it should be, or a policy or deny list is against it
  2  usage error
  3  the model or the signature cannot be read"
)]
pub(crate) struct VerifyArguments {
    /// The model: a folder, or a single file
    pub(crate) model: PathBuf,
    /// The signature [default: MODEL.sig beside the model]
    #[arg(long, value_name = "FILE")]
    pub(crate) signature: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: TrustArguments,
    /// Demand what this policy demands, such as attestations; it may say who has to have signed, too (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Attestations for the policy [default: MODEL.attestations.jsonl beside the model]
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "policy")]
    pub(crate) attestation: Vec<PathBuf>,
    /// Refuse the keys, identities and digests in this deny list (TOML)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) deny: Vec<PathBuf>,
    /// Accept what lies at or under a path relative to the model, signed or not
    #[arg(long, value_name = "PATH")]
    pub(crate) ignore: Vec<PathBuf>,
    /// Accept files that the signature does not cover, and list them
    #[arg(long)]
    pub(crate) ignore_unsigned: bool,
    /// Check these files only, relative to the model
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) partial: Vec<PathBuf>,
    /// Fail where the signature holds with a reservation: an expired certificate, or a form that is outdated
    #[arg(long)]
    pub(crate) strict: bool,
    /// Read the files that symbolic links lead to
    #[arg(long)]
    pub(crate) allow_symlinks: bool,
    /// How the verdict is shown
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: VerifyFormat,
}

/// How `verify` shows its verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object; `bartizan schema verdict` describes it
    Json,
}

pub(crate) fn run(arguments: &VerifyArguments) -> Result<u8> {
    let meter = Meter::new();
    let verdict = verdict(arguments, &meter);
    meter.clear();
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(error) => return unusable(&error),
    };
    let shown = match arguments.format {
        VerifyFormat::Json => output::write(None, &mut |out| {
            serde_json::to_writer_pretty(&mut *out, &verdict)?;
            writeln!(out)
        }),
        VerifyFormat::Table => output::write_styled(None, &mut |out| show(arguments, &verdict, out)),
    };
    match shown {
        // `head` has seen enough; the verdict stays what it is.
        Err(error) if output::is_broken_pipe(&error) => {}
        done => done?,
    }
    Ok(u8::from(verdict.status == Status::Failed))
}

/// Says what went wrong, and with which exit code.
pub(crate) fn unusable(error: &AttestationError) -> Result<u8> {
    match error {
        AttestationError::Signing(error) => refused(error),
        other => report(&other.to_string(), other.exit_code()),
    }
}

fn verdict(arguments: &VerifyArguments, meter: &Meter) -> Result<Verdict, AttestationError> {
    let named = arguments.trust.trusted()?;
    let demands = match (&arguments.policy, arguments.deny.as_slice()) {
        (None, []) => None,
        (policy, deny) => Some(Demands::read(&DemandSources {
            policy: policy.as_deref(),
            deny,
            keys: &arguments.trust.keys()?,
            trusted_root: arguments.trust.trusted_root.as_deref(),
        })?),
    };
    let trust = named.or_else(|| demands.as_ref().and_then(Demands::model_signers)).ok_or_else(|| {
        AttestationError::Usage(
            "the policy does not say who has to have signed the model; add signed-by to its [model], or give --key, \
             --root, or --identity and --issuer"
                .to_owned(),
        )
    })?;
    let request = VerifyRequest {
        model: arguments.model.clone(),
        signature: match &arguments.signature {
            Some(file) => file.clone(),
            None => signing::signature_of(&arguments.model)?,
        },
        trust,
        ignore: arguments.ignore.clone(),
        ignore_unsigned: arguments.ignore_unsigned,
        partial: arguments.partial.clone(),
        strict: arguments.strict,
        allow_symlinks: arguments.allow_symlinks,
        cancel: interrupt::flag(),
    };
    let Some(demands) = demands else { return Ok(signing::verify(&request, meter)?) };
    let mut attestations = arguments.attestation.clone();
    if attestations.is_empty() && demands.needs_attestations() {
        // A demand without a file to meet it fails, and says so.
        attestations.extend(attestation::kept(&arguments.model));
    }
    attestation::verify_with_demands(&request, &demands, &attestations, meter)
}

fn show(arguments: &VerifyArguments, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let model = printable(&arguments.model.display().to_string());
    match verdict.reason {
        None => writeln!(out, "{GOOD}verified{GOOD:#} {model} is what its signer signed")?,
        Some(reason) => {
            writeln!(out, "{BAD}FAILED{BAD:#} {model} must not be trusted ({})", reason.name())?;
            problems(&verdict.problems, out)?;
        }
    }
    if let Some(signer) = &verdict.signer {
        writeln!(out, "  signed by    {}", signed_by(signer))?;
    }
    if let Some(digest) = &verdict.root_digest {
        writeln!(out, "  root digest  {digest}")?;
        let what = match &verdict.checked {
            Some(checked) => format!("{} of {} checked", checked.len(), count(verdict.resources, "digest")),
            None => count(verdict.resources, "digest"),
        };
        writeln!(out, "  signed       {what}")?;
    }
    for note in verdict.notes.iter().filter(|note| note.warning != Warning::UnsignedContent) {
        let path = note.path.as_deref().map(|path| format!("{}: ", printable(path))).unwrap_or_default();
        writeln!(out, "  note         {path}{}", printable(&note.detail))?;
    }
    if let Some(judgement) = &verdict.policy {
        demands(judgement, out)?;
    }
    unsigned(&verdict.unsigned, out)?;
    if let Some(reason) = verdict.reason {
        writeln!(out, "\n{BOLD}What to do:{BOLD:#} {}", advice(reason))?;
    }
    Ok(())
}

/// What is demanded and met; what is not is among the problems.
fn demands(judgement: &Judgement, out: &mut dyn Write) -> io::Result<()> {
    let (met, all) = (judgement.demands.iter().filter(|demand| demand.met), judgement.demands.len());
    writeln!(out, "  policy       {} of {} met", met.clone().count(), count(all as u64, "demand"))?;
    for demand in met {
        let by = demand.by.as_ref().map(|by| format!(" ({})", printable(by))).unwrap_or_default();
        writeln!(out, "               {}{by}", printable(&demand.demand))?;
    }
    Ok(())
}

fn problems(problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    for problem in problems.iter().take(SHOWN) {
        let path = problem.path.as_deref().map(|path| format!(" {}", printable(path))).unwrap_or_default();
        writeln!(out, "\n  {BOLD}{}{path}{BOLD:#}", problem.kind.name())?;
        writeln!(out, "    {}", printable(&problem.detail))?;
        if let Some(expected) = &problem.expected {
            writeln!(out, "    expected  {}", printable(expected))?;
        }
        if let Some(actual) = &problem.actual {
            writeln!(out, "    actual    {}", printable(actual))?;
        }
    }
    if problems.len() > SHOWN {
        writeln!(out, "\n  and {} more; --format json lists them all", problems.len().saturating_sub(SHOWN))?;
    }
    writeln!(out)
}

fn unsigned(paths: &[String], out: &mut dyn Write) -> io::Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    writeln!(out, "  not signed   {}, which anyone may have changed:", count(paths.len() as u64, "file"))?;
    for path in paths.iter().take(SHOWN) {
        writeln!(out, "               {}", printable(path))?;
    }
    if paths.len() > SHOWN {
        let more = paths.len().saturating_sub(SHOWN);
        writeln!(out, "               and {more} more; --format json lists them all")?;
    }
    Ok(())
}

pub(crate) fn signed_by(signer: &Signer) -> String {
    let known = |text: &Option<String>| printable(text.as_deref().unwrap_or("?"));
    match signer.kind {
        SignerKind::Key => format!("the key {}", known(&signer.key_sha256)),
        SignerKind::Certificate => {
            format!("{}, certified by {}", known(&signer.subject), known(&signer.issuer))
        }
        SignerKind::Keyless => {
            let when = signer.signed_at.as_ref().map(|at| format!(" on {at}")).unwrap_or_default();
            format!("{}, as {} says{when}", known(&signer.identity), known(&signer.issuer))
        }
    }
}

const fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::Modified | Reason::Missing => {
            "do not load the model. Get it again from where it was published, and verify it again. If you changed it \
             yourself, sign it again with `bartizan sign`."
        }
        Reason::Extra => {
            "do not load the model. Remove what was not signed, or get the model again. If you put it there yourself, \
             sign the model again, or accept it with --ignore or --ignore-unsigned."
        }
        Reason::Key => {
            "make sure that the public key is that of the publisher, and came from a place that you trust. If it is, \
             someone else signed this model."
        }
        Reason::Chain => {
            "ask the publisher for the root certificate, and make sure that it is a self-signed one. If it is the one \
             that you gave, someone else signed this model."
        }
        Reason::Usage => "ask the publisher to sign with a certificate that is made for signing.",
        Reason::Signature => {
            "do not load the model. The signature was altered: get it again from the publisher."
        }
        Reason::Format => {
            "get the signature again from the publisher; this one is damaged, or not an OpenSSF model signature."
        }
        Reason::Inconsistent | Reason::UnsafePath | Reason::Duplicate | Reason::Empty => {
            "do not use this signature: no honest tool makes such a one. Ask the publisher for another, and how it was \
             made."
        }
        Reason::Identity => {
            "make sure that --identity and --issuer are those of the publisher. If they are, someone else signed this \
             model."
        }
        Reason::Revoked => {
            "do not load the model. Whoever keeps the deny list knows why it is on it; get another version of the model."
        }
        Reason::Policy => {
            "ask whoever releases the model for what is missing (`bartizan attest` makes it), and verify again."
        }
    }
}
