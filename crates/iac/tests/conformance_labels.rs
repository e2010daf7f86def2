//! Measures controls against blocks that others labelled insecure or secure for one rule of theirs.
//!
//! A label counts for the controls that have its rule as an alias: `KICS:folder_name` or `AVD-AWS-0001`. Every label is
//! judged in its whole file where the corpus has it, otherwise in what the corpus has of its example. Set
//! `BARTIZAN_LABELS` to a prefix of types (`aws_`) to see one provider, and `BARTIZAN_LABELS_SHOW=1` for every miss.

#![allow(
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use bartizan_core::{Asset, Content, Files, Finding, Severity, State};
use bartizan_iac::{rule::builtin, terraform};
use serde_json::Value as Json;

const FILE: &str = "main.tf";

/// All texts of a folder, with paths from there.
fn load(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            load(root, &path, texts);
        } else if let Ok(text) = fs::read_to_string(&path) {
            texts.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text);
        }
    }
}

struct Label {
    rule: String,
    insecure: bool,
    file: Option<String>,
    origin: String,
    start: u32,
    end: u32,
    kind: String,
    address: String,
    text: String,
}

fn corpus() -> PathBuf {
    Path::new(&env::var("BARTIZAN_CORPUS").expect("BARTIZAN_CORPUS names the corpus")).join("iac")
}

fn labels() -> Vec<Label> {
    let text = fs::read_to_string(corpus().join("labels.jsonl")).unwrap();
    let label = |line: &str| {
        let json: Json = serde_json::from_str(line).unwrap();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let line = |key: &str| u32::try_from(json[key].as_u64().unwrap()).unwrap();
        Label {
            rule: text("rule"),
            insecure: json["label"] == "insecure",
            file: json["file"].as_str().map(str::to_owned),
            origin: text("origin"),
            start: line("start"),
            end: line("end"),
            kind: text("kind"),
            address: format!("{}.{}", text("type"), text("name")),
            text: text("text"),
        }
    };
    text.lines().map(label).collect()
}

fn findings(texts: BTreeMap<String, String>) -> Vec<Finding> {
    let files = Files::of(texts.into_iter().map(|(path, text)| (path, Content::from_bytes(text))));
    let reading = terraform::read(&files, &terraform::Settings::default(), &|| false);
    reading.findings(&[builtin()], &Asset::new(".", Content::from_bytes(&b""[..])), &|| false)
}

/// The text that a label is judged in, and the lines of its block there.
///
/// Of some examples the corpus has the labelled blocks alone. Those of one example follow each other by their lines.
fn contexts(labels: &[Label]) -> Vec<(String, u32, u32)> {
    let mut out: Vec<(String, u32, u32)> = Vec::new();
    let mut begin = 0;
    while begin < labels.len() {
        let first = &labels[begin];
        if let Some(file) = &first.file {
            let text = fs::read_to_string(corpus().join(file)).unwrap();
            out.push((text, first.start, first.end));
            begin += 1;
            continue;
        }
        let same = |one: &Label, other: &Label| {
            one.file.is_none()
                && other.file.is_none()
                && one.origin == other.origin
                && one.insecure == other.insecure
                && one.rule == other.rule
                && other.start > one.end
        };
        let mut end = begin + 1;
        while end < labels.len() && same(&labels[end - 1], &labels[end]) {
            end += 1;
        }
        let mut lines: Vec<String> = Vec::new();
        for label in &labels[begin..end] {
            lines.resize((label.start - 1) as usize, String::new());
            lines.extend(label.text.lines().map(str::to_owned));
        }
        let text = lines.join("\n") + "\n";
        for label in &labels[begin..end] {
            out.push((text.clone(), label.start, label.end));
        }
        begin = end;
    }
    out
}

/// The provider of a type of resource, or of a data source.
fn provider(kind: &str) -> Option<&str> {
    kind.strip_prefix("data.").unwrap_or(kind).split('_').next()
}

#[derive(Default)]
struct Score {
    found: usize,
    missed: usize,
    undecided: usize,
    wrong: usize,
    right: usize,
    on_line: usize,
}

/// Does a control look at more than the resource itself? Then an example of which the corpus has but some blocks proves
/// nothing.
fn looks_around() -> BTreeSet<String> {
    fn names(json: &Json) -> bool {
        match json {
            Json::Object(map) => {
                map.keys().any(|key| ["connected", "refers", "present"].contains(&key.as_str()))
                    || map.values().any(names)
            }
            Json::Array(list) => list.iter().any(names),
            _ => false,
        }
    }
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut out = BTreeSet::new();
    for folder in fs::read_dir(rules).unwrap().flatten() {
        for file in fs::read_dir(folder.path()).unwrap().flatten() {
            let text = fs::read_to_string(file.path()).unwrap();
            if let Ok(rule) = yaml::to_json(&text)
                && (names(&rule["fails"]) || names(&rule["when"]))
            {
                out.insert(rule["id"].as_str().unwrap().to_owned());
            }
        }
    }
    out
}

#[path = "../src/yaml.rs"]
mod yaml;

#[test]
#[ignore = "needs the corpus"]
fn controls_decide_as_the_labels_of_others_say() {
    let prefix = env::var("BARTIZAN_LABELS").unwrap_or_default();
    let show = env::var("BARTIZAN_LABELS_SHOW").is_ok();
    let mut controls: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for control in builtin().controls() {
        for alias in &control.aliases {
            // Folders of one name lie below several providers.
            for provider in control.resources.iter().filter_map(|kind| provider(kind)) {
                let ids = controls.entry((provider.to_owned(), alias.to_string())).or_default();
                if ids.last() != Some(&control.rule.id) {
                    ids.push(control.rule.id);
                }
            }
        }
    }
    let around = looks_around();
    let labels = labels();
    let contexts = contexts(&labels);
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    let mut cache: BTreeMap<&str, Vec<Finding>> = BTreeMap::new();
    let (mut modules, mut partial, mut without) = (0, 0, BTreeSet::new());
    for (label, (text, start, end)) in labels.iter().zip(&contexts) {
        if !label.address.starts_with(&prefix) {
            continue;
        }
        let key = (provider(&label.address).unwrap_or_default().to_owned(), label.rule.clone());
        let Some(ids) = controls.get(&key) else {
            without.insert(&label.rule);
            continue;
        };
        // What is inside of a module of a registry, nobody has here.
        if label.kind == "module" {
            modules += 1;
            continue;
        }
        if label.file.is_none() && ids.iter().any(|id| around.contains(*id)) {
            partial += 1;
            continue;
        }
        let findings =
            cache.entry(text).or_insert_with(|| findings([(FILE.to_owned(), text.clone())].into()));
        let about: Vec<&Finding> = findings
            .iter()
            .filter(|finding| ids.contains(&finding.rule.id))
            .filter(|finding| {
                let address = finding.infrastructure.as_ref().map(|about| about.resource.as_str());
                let address = address.unwrap_or_default().split('[').next().unwrap_or_default();
                address == label.address || address == format!("data.{}", label.address)
            })
            .collect();
        let state = |state: State| {
            about.iter().filter(move |finding| finding.infrastructure.as_ref().unwrap().state == state)
        };
        let score = scores.entry(&label.rule).or_default();
        let fails = state(State::Fail).count();
        let inside = state(State::Fail)
            .any(|finding| finding.at.line.is_some_and(|line| (*start..=*end).contains(&line)));
        let told = match (label.insecure, fails > 0) {
            (true, true) => {
                score.found += 1;
                score.on_line += usize::from(inside);
                (!inside).then_some("other line")
            }
            // The reference that cannot be resolved leads to what the corpus does not have.
            (true, false) if label.file.is_none() && state(State::Unknown).count() > 0 => {
                partial += 1;
                None
            }
            (true, false) => {
                score.missed += 1;
                let unknown = state(State::Unknown).count() > 0;
                score.undecided += usize::from(unknown);
                Some(if unknown { "undecided" } else { "missed" })
            }
            (false, true) => {
                score.wrong += 1;
                Some("wrong")
            }
            (false, false) => {
                score.right += 1;
                None
            }
        };
        if let (Some(told), true) = (told, show) {
            let shown = label.file.as_deref().unwrap_or(&label.origin);
            println!("--- {told}: {} {shown}:{start} {}\n{}", label.rule, ids.join(" "), label.text);
        }
    }
    let mut all = Score::default();
    println!("{:<72} TP  FN (undecided)  TN  FP", "rule of the label");
    for (rule, score) in &scores {
        println!(
            "{rule:<72} {:>2}  {:>2} ({:>2})         {:>2}  {:>2}{}",
            score.found,
            score.missed,
            score.undecided,
            score.right,
            score.wrong,
            if score.missed + score.wrong > 0 { "  <" } else { "" }
        );
        all.found += score.found;
        all.missed += score.missed;
        all.undecided += score.undecided;
        all.right += score.right;
        all.wrong += score.wrong;
        all.on_line += score.on_line;
    }
    let share = |part: usize, rest: usize| part as f64 / (part + rest).max(1) as f64;
    let (recall, precision) = (share(all.found, all.missed), share(all.found, all.wrong));
    let line = share(all.on_line, all.found - all.on_line);
    println!(
        "{} rules of {} controls: {} found, {} missed ({} undecided), {} right, {} wrong; recall {recall:.4}, precision \
         {precision:.4}, line {line:.4}",
        scores.len(),
        builtin().controls().len(),
        all.found,
        all.missed,
        all.undecided,
        all.right,
        all.wrong,
    );
    println!(
        "not judged: {modules} modules of registries, {partial} blocks without the rest of their example, labels of {} rules \
         that no control has as an alias",
        without.len()
    );
    assert!(all.found > 0);
    assert!(recall >= 0.95 && precision >= 0.97 && line >= 0.95);
}

/// What a reviewer agrees with, at medium or above, in two modules that are kept well. Their examples make databases that
/// live for a test: without encryption, backups or logs, as they say themselves. Everything else there would be noise.
const AGREED: &[(&str, &str)] = &[
    ("iac/kms-key-without-rotation", "examples/"),
    ("iac/rds-backups-off", "modules/db_instance/main.tf"),
    ("iac/rds-storage-unencrypted", "modules/db_instance/main.tf"),
    ("iac/rds-without-logs", "modules/db_instance/main.tf"),
];

#[test]
#[ignore = "needs the corpus"]
fn well_kept_modules_give_no_finding_that_a_reviewer_does_not_agree_with() {
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for module in fs::read_dir(corpus().join("clean")).unwrap().flatten() {
        let mut texts = BTreeMap::new();
        load(&module.path(), &module.path(), &mut texts);
        for finding in findings(texts) {
            let about = finding.infrastructure.as_ref().unwrap();
            if about.state == State::Fail && finding.severity >= Severity::Medium {
                let place =
                    format!("{}:{} {}", finding.at.path, finding.at.line.unwrap_or_default(), about.resource);
                *told.entry((finding.rule.id.to_owned(), place)).or_default() += 1;
            }
        }
    }
    for ((rule, place), count) in &told {
        println!("{rule:<50} {place} {count}");
    }
    let unseen: Vec<_> = told
        .keys()
        .filter(|(rule, place)| !AGREED.iter().any(|(agreed, at)| rule == agreed && place.contains(at)))
        .collect();
    assert!(unseen.is_empty(), "{unseen:#?}");
}
