//! `bartizan sign` and `bartizan digest`.

use std::{
    io::{self, Write},
    num::NonZeroU64,
    path::PathBuf,
};

use anyhow::{Result, bail};
use bartizan_core::printable;
use bartizan_engine::signing::{
    self, HashAlgorithm, Hashing, KeyError, Method, SHARD_SIZE, SignRequest, Signed, SigningError,
};
use clap::{Args, ValueEnum};

use crate::{interrupt, output, progress::Meter, signer::SignerArguments};

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0  signed
  2  usage error, or a key that cannot be used
  3  the model cannot be read, or holds what no signature covers; or a keyless service did not do its part")]
pub(crate) struct SignArguments {
    /// The model: a folder, or a single file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) signer: SignerArguments,
    /// Where the signature goes [default: MODEL.sig beside the model]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) hashing: HashingArguments,
    /// Read every file again, whatever the hash cache knows
    #[arg(long)]
    pub(crate) paranoid: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The root digest identifies the model: whoever signs it in the same way signs this digest.

Exit codes:
  0  printed
  2  usage error
  3  the model cannot be read, or holds what no signature covers")]
pub(crate) struct DigestArguments {
    /// The model: a folder, or a single file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) hashing: HashingArguments,
}

/// How a model becomes a list of digests.
#[derive(Debug, Args)]
pub(crate) struct HashingArguments {
    /// Hash whole files, or each shard of them, so that one large file is hashed by several cores
    #[arg(long, value_enum, default_value_t)]
    method: MethodName,
    /// Bytes of a shard [default: 1000000000]
    #[arg(long, value_name = "N")]
    shard_size: Option<NonZeroU64>,
    /// The hash function
    #[arg(long, value_enum, default_value_t)]
    hash: HashName,
    /// Leave out a file or folder, relative to the model; anything may be put there later
    #[arg(long, value_name = "PATH")]
    ignore: Vec<PathBuf>,
    /// Include .git, .gitattributes, .github and .gitignore, which are left out otherwise
    #[arg(long)]
    no_ignore_git_paths: bool,
    /// Read the files that symbolic links lead to
    #[arg(long)]
    allow_symlinks: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MethodName {
    /// One digest per file
    #[default]
    Files,
    /// One digest per shard of a file
    Shards,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum HashName {
    /// SHA-256, which every verifier knows
    #[default]
    Sha256,
    /// BLAKE3, which is the fastest
    Blake3,
    /// BLAKE2b with 64 bytes
    Blake2b,
}

impl HashingArguments {
    pub(crate) fn hashing(&self, paranoid: bool) -> Result<Hashing> {
        let method = match (self.method, self.shard_size) {
            (MethodName::Files, None) => Method::Files,
            (MethodName::Files, Some(_)) => bail!("--shard-size needs --method shards"),
            (MethodName::Shards, size) => Method::Shards(size.unwrap_or(SHARD_SIZE)),
        };
        let algorithm = match self.hash {
            HashName::Sha256 => HashAlgorithm::Sha256,
            HashName::Blake3 => HashAlgorithm::Blake3,
            HashName::Blake2b => HashAlgorithm::Blake2b,
        };
        Ok(Hashing {
            algorithm,
            method,
            ignore: self.ignore.clone(),
            git_paths: self.no_ignore_git_paths,
            allow_symlinks: self.allow_symlinks,
            paranoid,
            cancel: interrupt::flag(),
        })
    }
}

pub(crate) fn run(arguments: &SignArguments) -> Result<u8> {
    let hashing = arguments.hashing.hashing(arguments.paranoid)?;
    let credential = match arguments.signer.credential() {
        Ok(credential) => credential,
        Err(error) => return refused(&error),
    };
    let request =
        SignRequest { model: arguments.model.clone(), output: arguments.output.clone(), hashing, credential };
    let meter = Meter::new();
    let signed = signing::sign(&request, &meter);
    meter.clear();
    match signed {
        Ok(signed) => {
            output::write_styled(None, &mut |out| show(arguments, &signed, out))?;
            Ok(0)
        }
        Err(error) => refused(&error),
    }
}

pub(crate) fn digest(arguments: &DigestArguments) -> Result<u8> {
    let hashing = arguments.hashing.hashing(true)?;
    let meter = Meter::new();
    let digest = signing::digest(&arguments.model, &hashing, &meter);
    meter.clear();
    match digest {
        Ok(digest) => {
            output::write(None, &mut |out| writeln!(out, "{digest}"))?;
            Ok(0)
        }
        Err(error) => refused(&error),
    }
}

/// Says what went wrong, and with which exit code.
pub(crate) fn refused(error: &SigningError) -> Result<u8> {
    let next = match error {
        SigningError::Key { source: KeyError::PasswordNeeded, .. } => {
            "; put it into an environment variable, and name that with --password-env"
        }
        _ => "",
    };
    report(&format!("{error}{next}"), error.exit_code())
}

/// Says what went wrong, and ends with an exit code.
pub(crate) fn report(message: &str, code: u8) -> Result<u8> {
    let message = output::harmless(message);
    writeln!(anstream::stderr(), "{}error:{:#} {message}", output::ERROR, output::ERROR)?;
    Ok(code)
}

fn show(arguments: &SignArguments, signed: &Signed, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let model = printable(&arguments.model.display().to_string());
    writeln!(out, "{bold}signed{bold:#} {model}: {}, {} bytes", count(signed.files, "file"), signed.bytes)?;
    writeln!(out, "  root digest  {}", signed.root_digest)?;
    writeln!(out, "  signature    {}", printable(&signed.signature.display().to_string()))?;
    if signed.cached > 0 {
        writeln!(out, "  unchanged    {} (--paranoid reads them again)", count(signed.cached, "file"))?;
    }
    for note in &signed.notes {
        let path = note.path.as_deref().map(|path| format!("{}: ", printable(path))).unwrap_or_default();
        writeln!(out, "  note         {path}{}", printable(&note.detail))?;
    }
    Ok(())
}

pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
