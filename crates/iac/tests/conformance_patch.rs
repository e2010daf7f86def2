//! Mends a corpus of public configurations, and has an independent reader of HCL and a rescan judge what comes out.

#![allow(
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

use bartizan_core::{Content, Files};
use bartizan_iac::{patch, rule::builtin, terraform::Settings};
use hcl_edit::Span as _;

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            out.push(path);
        }
    }
}

/// Every attribute by its path, with its expression as it is written, as the other reader sees them.
fn attributes(body: &hcl_edit::structure::Body, text: &str, at: &str, out: &mut BTreeMap<String, String>) {
    for attribute in body.attributes() {
        let value = attribute.value.span().and_then(|span| text.get(span)).unwrap_or_default();
        out.insert(format!("{at}/{}", attribute.key.as_str()), value.trim().to_owned());
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for block in body.blocks() {
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        let name = format!("{at}/{}{labels:?}", block.ident.as_str());
        let count = counts.entry(name.clone()).or_default();
        attributes(&block.body, text, &format!("{name}#{count}"), out);
        *count += 1;
    }
}

fn mended(text: &str) -> patch::Mended {
    patch::mend(&patch::Request {
        tree: &Files::of([("main.tf", Content::from_bytes(text.to_owned()))]),
        settings: &Settings::default(),
        catalogue: builtin(),
        wanted: &|_| true,
        interrupted: &|| false,
    })
}

#[test]
#[ignore = "needs the corpus"]
fn every_written_patch_of_public_configurations_parses_clears_its_finding_and_changes_nothing_else() {
    let corpus =
        Path::new(&env::var("BARTIZAN_CORPUS").expect("BARTIZAN_CORPUS names the corpus")).join("iac");
    let mut paths = Vec::new();
    files(&corpus, &mut paths);
    assert!(paths.len() > 1000);
    let (mut changed, mut fixed, mut reasons) = (0, 0, BTreeMap::<String, usize>::new());
    let mut wrong = Vec::new();
    for path in &paths {
        let Ok(text) = fs::read_to_string(path) else { continue };
        let result = mended(&text);
        for refused in &result.refused {
            let words: Vec<&str> =
                refused.reason.split_whitespace().filter(|w| !w.contains('`')).take(6).collect();
            *reasons.entry(words.join(" ")).or_default() += 1;
        }
        fixed += result.fixed.len();
        let Some(file) = result.files.first() else { continue };
        changed += 1;
        let again = mended(&file.after);
        if !again.fixed.is_empty() {
            wrong.push(format!("{}: a second run finds more: {:?}", path.display(), again.fixed.first()));
        }
        let before = hcl_edit::parser::parse_body(&text);
        let (Ok(before), after) = (before, hcl_edit::parser::parse_body(&file.after)) else { continue };
        let Ok(after) = after else {
            wrong.push(format!("{}: another reader cannot read it: {}", path.display(), file.after));
            continue;
        };
        let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
        attributes(&before, &text, "", &mut old);
        attributes(&after, &file.after, "", &mut new);
        let touched = old.keys().chain(new.keys()).collect::<BTreeSet<_>>().into_iter();
        let touched = touched.filter(|name| old.get(*name) != new.get(*name)).count();
        // One attribute for each finding, or some where several blocks failed; nothing is lost.
        if old.keys().any(|name| !new.contains_key(name)) || touched < result.fixed.len().min(1) {
            wrong.push(format!(
                "{}: {touched} attributes for {} findings",
                path.display(),
                result.fixed.len()
            ));
        }
    }
    println!("{} files, {changed} changed, {fixed} findings mended", paths.len());
    for (reason, count) in &reasons {
        println!("refused {count}: {reason}");
    }
    assert!(wrong.is_empty(), "{} files are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(fixed > 0);
}
