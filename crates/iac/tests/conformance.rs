//! Compares with what others wrote: an independent reader of HCL, over a corpus of public configurations.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{env, fs, path::Path};

use bartizan_iac::syntax;

fn corpus() -> std::path::PathBuf {
    Path::new(&env::var("BARTIZAN_CORPUS").expect("BARTIZAN_CORPUS names the corpus")).join("iac")
}

fn files(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            out.push(path);
        }
    }
}

fn ours(body: &syntax::Body, out: &mut Vec<String>) {
    for attribute in &body.attributes {
        let (name, span) = (&attribute.name, attribute.span);
        out.push(format!("{name} {}..{}", span.start, span.end));
    }
    for block in &body.blocks {
        out.push(format!("{} {:?} {}..{}", block.kind, block.labels, block.span.start, block.span.end));
        ours(&block.body, out);
    }
}

fn theirs(body: &hcl_edit::structure::Body, out: &mut Vec<String>) {
    use hcl_edit::Span as _;
    for attribute in body.attributes() {
        let span = attribute.span().unwrap();
        out.push(format!("{} {}..{}", attribute.key.as_str(), span.start, span.end));
    }
    for block in body.blocks() {
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        let span = block.span().unwrap();
        out.push(format!("{} {labels:?} {}..{}", block.ident.as_str(), span.start, span.end));
        theirs(&block.body, out);
    }
}

#[test]
#[ignore = "needs the corpus"]
fn public_configurations_are_read_as_an_independent_reader_reads_them() {
    let mut paths = Vec::new();
    files(&corpus(), &mut paths);
    assert!(paths.len() > 1000);
    let (mut both, mut only_ours, mut neither, mut wrong) = (0, 0, 0, Vec::new());
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        let document = syntax::parse(&text);
        match hcl_edit::parser::parse_body(&text) {
            Ok(body) => {
                let (mut own, mut other) = (Vec::new(), Vec::new());
                ours(&document.body, &mut own);
                theirs(&body, &mut other);
                if !document.errors.is_empty() || own != other {
                    let first = own.iter().zip(&other).find(|(one, other)| one != other);
                    wrong.push(format!("{}: {:?} {first:?}", path.display(), document.errors.first()));
                }
                both += 1;
            }
            Err(_) if document.errors.is_empty() => {
                println!("only ours: {}", path.display());
                only_ours += 1;
            }
            Err(_) => neither += 1,
        }
    }
    println!("{both} read by both, {only_ours} by ours alone, {neither} by neither");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
