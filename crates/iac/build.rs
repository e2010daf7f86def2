//! Turns the rules (YAML, one file each) into static metadata and one JSON text of conditions, so that starting costs
//! nothing and no YAML is read at run time.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

#[path = "src/yaml.rs"]
#[allow(dead_code)]
mod yaml;

/// Keys that are documentation: they do not go into the conditions.
const DOCUMENTATION: &[&str] = &["title", "why", "fix", "references", "cwe", "severity", "examples"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/yaml.rs");
    let mut files = Vec::new();
    collect(Path::new("rules"), &mut files)?;
    files.sort();
    let mut rules = String::from("/// Metadata of every control, by id.\npub static RULES: &[&Rule] = &[\n");
    let mut examples = Vec::new();
    let mut controls = Vec::new();
    let mut read = Vec::new();
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let text = fs::read_to_string(file)?;
        let rule = yaml::to_json(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let id =
            rule.get("id").and_then(Value::as_str).ok_or(format!("{}: no id", file.display()))?.to_owned();
        read.push((id, file.clone(), rule));
    }
    read.sort_by(|one, other| one.0.cmp(&other.0));
    for (id, file, mut rule) in read {
        metadata(&mut rules, &rule).map_err(|error| format!("{}: {error}", file.display()))?;
        let map = rule.as_object_mut().ok_or("a rule is a mapping")?;
        let mut shown = serde_json::Map::new();
        shown.insert("id".to_owned(), id.into());
        shown.insert("file".to_owned(), file.display().to_string().into());
        shown.insert("examples".to_owned(), map.get("examples").cloned().unwrap_or(Value::Null));
        examples.push(Value::Object(shown));
        for key in DOCUMENTATION {
            map.remove(*key);
        }
        controls.push(rule);
    }
    rules.push_str("];\n");
    let controls = serde_json::to_string(&controls)?;
    writeln!(rules, "static CONTROLS: &str = {controls:?};")?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("rules.rs"), rules)?;
    fs::write(out.join("examples.json"), serde_json::to_string(&examples)?)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}

/// One `Rule` as Rust text.
fn metadata(out: &mut String, rule: &Value) -> Result<(), Box<dyn Error>> {
    let text = |key: &str| -> Result<String, Box<dyn Error>> {
        let text = rule.get(key).and_then(Value::as_str).ok_or(format!("`{key}` is missing"))?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let list = |key: &str| -> Vec<String> {
        match rule.get(key) {
            Some(Value::Array(elements)) => {
                elements.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Value::String(one)) => vec![one.clone()],
            _ => Vec::new(),
        }
    };
    let capital = |text: &str| {
        let mut chars = text.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
    };
    let severity = text("severity")?;
    if !["critical", "high", "medium", "low", "info"].contains(&severity.as_str()) {
        return Err(format!("`{severity}` is no severity").into());
    }
    let category = text("category")?;
    let (cwe, nist) = taxonomy(&category).ok_or(format!("`{category}` is no category"))?;
    let mut weaknesses = list("cwe");
    if weaknesses.is_empty() {
        weaknesses.push(cwe.to_owned());
    }
    writeln!(
        out,
        "&Rule {{ id: {:?}, title: {:?}, severity: bartizan_core::Severity::{}, category: \
         bartizan_core::Category::{}, why: {:?}, fix: {:?}, references: &{:?}, taxonomy: \
         bartizan_core::Taxonomy {{ cwe: &{weaknesses:?}, nist_ai_rmf: &[{nist:?}], \
         ..bartizan_core::Taxonomy::NONE }} }},",
        text("id")?,
        text("title")?,
        capital(&severity),
        capital(&category),
        text("why")?,
        text("fix")?,
        list("references"),
    )?;
    Ok(())
}

/// Where a category stands in the field's classifications, unless a rule says it better.
fn taxonomy(category: &str) -> Option<(&'static str, &'static str)> {
    Some(match category {
        "encryption" => ("CWE-311", "MEASURE 2.7"),
        "authentication" => ("CWE-306", "MEASURE 2.7"),
        "network" => ("CWE-284", "MEASURE 2.7"),
        "logging" => ("CWE-778", "MEASURE 2.7"),
        "iam" => ("CWE-269", "MEASURE 2.7"),
        "secrets" => ("CWE-798", "MEASURE 2.7"),
        "other" => ("CWE-1188", "MEASURE 2.7"),
        _ => return None,
    })
}
