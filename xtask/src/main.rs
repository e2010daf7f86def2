//! Chores of this repository: `cargo xtask NAME`.

mod docs;
mod example;
mod layers;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

const USAGE: &str = "\
cargo xtask test                    format, lints, layers, all tests, generated documents are current
cargo xtask check-layers            crates depend on lower floors only
cargo xtask example                 build the models of examples/ai-repo
cargo xtask demo                    build them and scan examples/ai-repo
cargo xtask docs [--check]          write (or check) what is generated in docs/
cargo xtask fuzz [KIND] [SECONDS] [JOBS]   fuzz one inspector, or all, for so much CPU time each (cargo-fuzz)
cargo xtask conformance             official schemas and labelled corpora, where BARTIZAN_SHARED or ../shared has them
cargo xtask bench NAME [ARGUMENT…]  run bench/NAME/run
";

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    env::set_current_dir(root())?;
    match chore.as_str() {
        "test" => test(),
        "check-layers" => layers::check(),
        "example" => build_example(),
        "demo" => demo(),
        "docs" => docs::run(rest.iter().any(|argument| argument == "--check")),
        "fuzz" => fuzz(&rest),
        "conformance" => conformance(),
        "bench" => bench(&rest),
        _ => bail!("{USAGE}"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Runs a command and fails when it does.
fn run(program: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("$ {program} {}", arguments.join(" "));
    let status =
        Command::new(program).args(arguments).status().with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program} {}: {status}", arguments.join(" "));
    }
    Ok(())
}

fn test() -> Result<()> {
    run("cargo", &["fmt", "--all", "--check"])?;
    layers::check()?;
    run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    run("cargo", &["test", "--workspace"])?;
    // Training is not part of the default build; its gradients and its convergence are tested all the same.
    run(
        "cargo",
        &[
            "clippy",
            "-p",
            "bartizan",
            "-p",
            "bartizan-iac",
            "-p",
            "bartizan-learn",
            "--all-targets",
            "--features",
            "bartizan/train",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    run(
        "cargo",
        &["test", "-p", "bartizan-iac", "-p", "bartizan-learn", "--features", "bartizan-iac/train"],
    )?;
    docs::run(true)
}

fn build_example() -> Result<()> {
    let folder = root().join("examples/ai-repo/models");
    example::build(&folder).with_context(|| format!("cannot write {}", folder.display()))
}

/// The main job on the example: findings are expected, so exit code 1 is right and anything else is not.
fn demo() -> Result<()> {
    build_example()?;
    let arguments =
        ["run", "--quiet", "--release", "--package", "bartizan", "--", "scan", "examples/ai-repo"];
    eprintln!("$ cargo {}", arguments.join(" "));
    let status = Command::new("cargo").args(arguments).status()?;
    match status.code() {
        Some(1) => Ok(()),
        other => bail!("scan of the example ended with {other:?}; 1 (findings) was expected"),
    }
}

/// Fuzzes the inspector of one kind, or of every kind, for so many seconds of CPU time each.
///
/// The compiler's coverage counters need no nightly toolchain, only its consent. Address sanitising is off: our code
/// forbids `unsafe`, and what is looked for is panics, hangs and memory.
fn fuzz(arguments: &[String]) -> Result<()> {
    let seconds = arguments.get(1).map_or("600", String::as_str);
    let jobs = arguments.get(2).map_or("1", String::as_str);
    let kinds = match arguments.first() {
        Some(kind) if kind != "all" => vec![kind.clone()],
        _ => inspected_kinds()?,
    };
    let target = fuzz_target()?;
    let mut command = Command::new("fuzz/run.py");
    let status = command.args(["--seconds", seconds, "--jobs", jobs]).arg(target).args(kinds).status()?;
    if !status.success() {
        bail!("fuzzing: {status}");
    }
    Ok(())
}

/// Builds the fuzz target and says where it is.
fn fuzz_target() -> Result<PathBuf> {
    let folder = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("fuzz/target"), PathBuf::from);
    let folder = folder.join("fuzz");
    let status = Command::new("cargo")
        .args(["fuzz", "build", "--sanitizer", "none", "--target-dir"])
        .arg(&folder)
        .arg("inspector")
        .env("RUSTC_BOOTSTRAP", "1")
        .status()?;
    if !status.success() {
        bail!("building the fuzz target (cargo install cargo-fuzz): {status}");
    }
    let triple = Command::new("rustc").args(["--print", "host-tuple"]).output()?;
    Ok(folder.join(String::from_utf8_lossy(&triple.stdout).trim()).join("release/inspector"))
}

/// Kinds that a parser of ours reads; those that are only named have nothing to fuzz.
fn inspected_kinds() -> Result<Vec<String>> {
    let output = Command::new("cargo")
        .args(["run", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--bin", "kinds"])
        .output()?;
    if !output.status.success() {
        bail!("listing the kinds: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// Where official schemas and labelled corpora are, if they are on this machine.
fn shared() -> Option<PathBuf> {
    let folder = env::var_os("BARTIZAN_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    folder.is_dir().then(|| folder.canonicalize().unwrap_or(folder))
}

fn conformance() -> Result<()> {
    let Some(shared) = shared() else {
        eprintln!("no schemas and corpora on this machine: conformance is not checked");
        return Ok(());
    };
    let arguments = [
        "test",
        "--release",
        "--workspace",
        "--exclude",
        "xtask",
        "--test",
        "conformance*",
        "--",
        "--ignored",
    ];
    eprintln!("$ cargo {}", arguments.join(" "));
    let status = Command::new("cargo")
        .args(arguments)
        .env("BARTIZAN_SCHEMAS", shared.join("schemas"))
        .env("BARTIZAN_CORPUS", shared.join("corpus"))
        .status()?;
    if !status.success() {
        bail!("conformance: {status}");
    }
    Ok(())
}

fn bench(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else { bail!("{USAGE}") };
    run("cargo", &["build", "--release", "--package", "bartizan"])?;
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    run(&format!("bench/{name}/run"), &rest)
}
