//! Crates may depend on crates of lower floors only; see docs/architecture.md.

use std::fs;

use anyhow::{Context as _, Result, bail};

const FLOORS: [&[&str]; 5] = [
    &["core"],
    &["learn", "tables"],
    &["models", "code", "iac", "data", "provenance", "trust", "adversarial", "guard", "monitor", "intel"],
    &["engine", "ledger", "gateway", "respond", "assess"],
    &["cli", "server", "python"],
];

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|crates| crates.contains(&name))
}

pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    for entry in fs::read_dir("crates")? {
        let folder = entry?.path();
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let manifest =
            fs::read_to_string(folder.join("Cargo.toml")).with_context(|| format!("crates/{name}"))?;
        let manifest: toml::Table = manifest.parse().with_context(|| format!("crates/{name}/Cargo.toml"))?;
        let Some(own) = floor(&name) else {
            wrong.push(format!("crates/{name} is on no floor"));
            continue;
        };
        for section in ["dependencies", "build-dependencies"] {
            let Some(table) = manifest.get(section).and_then(toml::Value::as_table) else { continue };
            for dependency in table.keys().filter_map(|key| key.strip_prefix("bartizan-")) {
                if floor(dependency).is_none_or(|other| other >= own) {
                    wrong.push(format!("{name} must not depend on {dependency}"));
                }
            }
        }
    }
    if !wrong.is_empty() {
        bail!("layers:\n  {}", wrong.join("\n  "));
    }
    Ok(())
}
