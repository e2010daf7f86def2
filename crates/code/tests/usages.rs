//! Programs as people write them, each line marked with what it uses: `#> gpt-4o; dataset data/train.csv`. What is found
//! must be what is marked, no less and no more.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that meets something unexpected ends there")]

use std::{collections::BTreeSet, fs, path::Path};

use bartizan_code::{javascript::JavascriptInspector, python::PythonInspector};
use bartizan_core::{
    Asset, Budget, Content, Context, Fact, Inspection, Inspector, Limits, Options, UsageKind,
};

fn inspect(inspector: &dyn Inspector, name: &str, source: Vec<u8>) -> Inspection {
    let context = Context {
        limits: &Limits::default(),
        options: Options::default(),
        budget: &Budget::default(),
        outlet: &|_| {},
        interrupt: &|| false,
    };
    inspector.inspect(&Asset::new(name, Content::from_bytes(source)), &context)
}

fn kind_name(kind: UsageKind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}

/// `line: name` for models, `line: kind name` for everything else.
fn found(inspection: &Inspection) -> BTreeSet<(u64, String)> {
    let usages = inspection.facts.iter().filter_map(|fact| match fact {
        Fact::Usage(usage) => Some(usage),
        _ => None,
    });
    usages
        .map(|usage| {
            let name = match usage.kind {
                UsageKind::Model => usage.name.clone(),
                kind => format!("{} {}", kind_name(kind), usage.name),
            };
            (usage.line.unwrap(), name)
        })
        .collect()
}

fn marked(source: &str) -> BTreeSet<(u64, String)> {
    let mut marks = BTreeSet::new();
    for (line, text) in (1..).zip(source.lines()) {
        if let Some((_, names)) = text.rsplit_once("#> ").or_else(|| text.rsplit_once("//> ")) {
            marks.extend(names.split(';').map(|name| (line, name.trim().to_owned())));
        }
    }
    marks
}

fn check(file: &Path, inspector: &dyn Inspector, problems: &mut Vec<String>) {
    let source = fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let inspection = inspect(inspector, name, source.clone().into_bytes());
    let (found, marked) = (found(&inspection), marked(&source));
    problems.extend(marked.difference(&found).map(|(line, what)| format!("{name}:{line}: missed {what}")));
    problems.extend(found.difference(&marked).map(|(line, what)| format!("{name}:{line}: invented {what}")));
    if !inspection.coverage.is_complete() {
        problems.push(format!("{name}: {:?}", inspection.coverage));
    }
}

#[test]
fn what_programs_use_is_found_where_they_use_it_and_nothing_else_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/usages");
    let (mut problems, mut files) = (Vec::new(), 0);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let extension = path.extension().unwrap().to_str().unwrap();
        let inspector: &dyn Inspector =
            if extension == "py" { &PythonInspector } else { &JavascriptInspector };
        check(&path, inspector, &mut problems);
        files += 1;
    }
    assert!(files > 8, "only {files} programs");
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
