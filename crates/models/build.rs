//! Turns the knowledge about names (TOML) into sorted tables, so that looking a name up costs no start-up time.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
};

use toml::{Table, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("src/pickle");
    let read = |name: &str| -> Result<Table, Box<dyn Error>> {
        let path = folder.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        Ok(fs::read_to_string(&path)?
            .parse::<Table>()
            .map_err(|error| format!("{}: {error}", path.display()))?)
    };
    let knowledge = read("knowledge.toml")?;
    let census = read("census.toml")?;
    let python2 = read("python2.toml")?;
    let stdlib = read("stdlib.toml")?;

    let mut out = String::new();
    deny(&mut out, &knowledge)?;
    let safe = strings(&knowledge, &["safe", "calls"])?;
    set(&mut out, "SAFE", &safe)?;
    set(&mut out, "FRAMEWORKS", &strings(&knowledge, &["frameworks", "prefixes"])?)?;
    set(&mut out, "HARMLESS", &strings(&knowledge, &["harmless", "modules"])?)?;
    set(&mut out, "CLASSES", &strings(&knowledge, &["harmless", "classes"])?)?;
    set(&mut out, "STDLIB", &strings(&stdlib, &["modules"])?)?;
    for (constant, key) in [("PYTHON2_MODULES", "modules"), ("PYTHON2_NAMES", "names")] {
        let pairs = python2.get(key).and_then(Value::as_table).ok_or("python2.toml lacks a table")?;
        let pairs: BTreeMap<&str, &str> =
            pairs.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect();
        writeln!(
            out,
            "pub(super) static {constant}: &[(&str, &str)] = &{:?};",
            pairs.iter().collect::<Vec<_>>()
        )?;
    }
    seen(&mut out, &census)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("pickle_knowledge.rs"), out)?;
    Ok(())
}

fn deny(out: &mut String, knowledge: &Table) -> Result<(), Box<dyn Error>> {
    let entries = knowledge.get("deny").and_then(Value::as_array).ok_or("no deny entries")?;
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    writeln!(out, "pub(super) static DENY_ENTRIES: &[(Effect, &str)] = &[")?;
    for (index, entry) in entries.iter().enumerate() {
        let table = entry.as_table().ok_or("a deny entry is no table")?;
        let text =
            |key: &str| table.get(key).and_then(Value::as_str).ok_or(format!("deny entry without {key}"));
        let effect = text("effect")?;
        let (first, rest) = effect.split_at(1);
        writeln!(out, "    (Effect::{}{rest}, {:?}),", first.to_uppercase(), text("does")?)?;
        for name in strings(table, &["names"])? {
            names.entry(name).or_insert(index);
        }
    }
    writeln!(out, "];")?;
    writeln!(out, "pub(super) static DENY: &[(&str, u8)] = &{:?};", names.iter().collect::<Vec<_>>())?;
    Ok(())
}

/// Census entries: qualified name and the ways it was seen in use, as a bit set in the order of `UseKind`.
fn seen(out: &mut String, census: &Table) -> Result<(), Box<dyn Error>> {
    const KINDS: [&str; 7] = ["ref", "reduce", "newobj", "inst", "build", "assign", "insert"];
    let mut names: BTreeMap<String, u8> = BTreeMap::new();
    for entry in census.get("use").and_then(Value::as_array).into_iter().flatten() {
        let table = entry.as_table().ok_or("a census entry is no table")?;
        let text =
            |key: &str| table.get(key).and_then(Value::as_str).ok_or(format!("census entry without {key}"));
        let mut bits = 1;
        for kind in strings(table, &["kinds"])? {
            let kind = match kind.as_str() {
                "newobj_ex" => "newobj",
                "obj" => "inst",
                other => other,
            };
            if let Some(bit) = KINDS.iter().position(|known| *known == kind) {
                bits |= 1 << bit;
            }
        }
        *names.entry(format!("{}.{}", text("module")?, text("name")?)).or_default() |= bits;
    }
    writeln!(out, "pub(super) static CENSUS: &[(&str, u8)] = &{:?};", names.iter().collect::<Vec<_>>())?;
    Ok(())
}

fn strings(table: &Table, path: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let (last, parents) = path.split_last().ok_or("an empty path")?;
    let mut table = table;
    for parent in parents {
        table = table.get(*parent).and_then(Value::as_table).ok_or(format!("no table {parent}"))?;
    }
    let list = table.get(*last).and_then(Value::as_array).ok_or(format!("no list {last}"))?;
    Ok(list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
}

fn set(out: &mut String, constant: &str, names: &[String]) -> Result<(), Box<dyn Error>> {
    let sorted: BTreeSet<&String> = names.iter().collect();
    writeln!(out, "pub(super) static {constant}: &[&str] = &{:?};", sorted.iter().collect::<Vec<_>>())?;
    Ok(())
}
