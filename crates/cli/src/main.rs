//! The `bartizan` command: argument parsing, output and exit codes. No security logic lives here.

mod arguments;
mod attest;
mod bom;
mod fix;
mod inspect;
mod interrupt;
mod inventory;
mod learn;
mod lineage;
mod output;
mod progress;
mod rules;
mod rules_test;
mod scan;
mod sign;
mod signer;
mod tools;
mod trust;
mod verify;
mod verify_attestation;

use std::{io::Write as _, process::ExitCode};

use clap::Parser as _;

use crate::arguments::{Arguments, Command};

/// Usage or configuration error.
pub(crate) const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Fix(arguments) => fix::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Lineage(arguments) => lineage::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Learn(arguments) => learn::run(&arguments),
        Command::Inventory(arguments) => inventory::run(&arguments),
        Command::Bom(arguments) => bom::run(&arguments),
        Command::Init(arguments) => tools::init(&arguments),
        Command::Sign(arguments) => sign::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Attest(arguments) => attest::run(&arguments),
        Command::VerifyAttestation(arguments) => verify_attestation::run(&arguments),
        Command::Digest(arguments) => sign::digest(&arguments),
        Command::Completions { shell } => tools::completions(shell),
        Command::Man => tools::man(),
        Command::Schema { of } => tools::schema(of),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed too; there is nobody left to tell then.
            let message = output::harmless(&format!("{error:#}"));
            let _ = writeln!(anstream::stderr(), "{}error:{:#} {message}", output::ERROR, output::ERROR);
            ExitCode::from(USAGE)
        }
    }
}
