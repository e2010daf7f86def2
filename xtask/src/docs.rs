//! What is generated in docs/: a page per rule and their index, the schemas, the manual page.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

/// Writes the documents, or, with `check`, fails when one of them is not what would be written.
pub(crate) fn run(check: bool) -> Result<()> {
    let documents = documents()?;
    let mut stale = Vec::new();
    for (path, text) in &documents {
        let path = Path::new(path);
        if fs::read_to_string(path).is_ok_and(|old| old == *text) {
            continue;
        }
        if check {
            stale.push(path.display().to_string());
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for path in orphans(&documents)? {
        if check {
            stale.push(format!("{path} (no such rule)"));
        } else {
            fs::remove_file(path)?;
        }
    }
    if !stale.is_empty() {
        bail!("`cargo xtask docs` would change:\n  {}", stale.join("\n  "));
    }
    Ok(())
}

/// Paths and texts.
fn documents() -> Result<BTreeMap<String, String>> {
    let mut documents = BTreeMap::new();
    let mut index =
        "# Rules\n\nWhat bartizan can find. Made from the rules themselves by `cargo xtask docs`.\n"
            .to_owned();
    let mut domain = String::new();
    for line in bartizan(&["rules"])?.lines() {
        let mut words = line.split_whitespace();
        let (Some(id), Some(severity)) = (words.next(), words.next()) else { continue };
        let title = words.collect::<Vec<_>>().join(" ");
        let (group, name) = id.split_once('/').unwrap_or((id, id));
        if group != domain {
            index.push_str(&format!("\n## {group}\n\n| rule | severity | what |\n|---|---|---|\n"));
            group.clone_into(&mut domain);
        }
        index.push_str(&format!("| [{id}]({group}/{name}.md) | {severity} | {title} |\n"));
    }
    // One run for all pages: each begins with its id as a heading.
    let pages = bartizan(&["rules", "--format", "markdown"])?;
    for page in pages.split("\n# ").map(|page| page.trim_start_matches("# ")) {
        let id = page.lines().next().unwrap_or_default();
        documents.insert(format!("docs/rules/{id}.md"), format!("# {}\n", page.trim_end()));
    }
    documents.insert("docs/rules/README.md".to_owned(), index);
    for (name, of) in [
        ("report", "report"),
        ("inventory", "inventory"),
        ("verdict", "verdict"),
        ("attestations", "attestations"),
        ("bartizan-toml", "config"),
    ] {
        documents.insert(format!("docs/schemas/{name}-1.json"), bartizan(&["schema", of])?);
    }
    documents.insert("docs/bartizan.1".to_owned(), bartizan(&["man"])?);
    Ok(documents)
}

/// Pages of rules that are gone.
fn orphans(documents: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut orphans = Vec::new();
    for domain in fs::read_dir("docs/rules").into_iter().flatten() {
        let domain = domain?.path();
        for page in fs::read_dir(&domain).into_iter().flatten() {
            let path = page?.path().to_string_lossy().replace('\\', "/");
            if !documents.contains_key(&path) {
                orphans.push(path);
            }
        }
    }
    Ok(orphans)
}

fn bartizan(arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo")
        .args(["run", "--quiet", "--package", "bartizan", "--"])
        .args(arguments)
        .output()?;
    if !output.status.success() {
        bail!("bartizan {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("bartizan printed something else than UTF-8")
}
