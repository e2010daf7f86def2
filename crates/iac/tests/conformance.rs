//! Compares with what others wrote: an independent reader of HCL, over a corpus of public configurations.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{env, fs, path::Path};

use bartizan_core::{Asset, Budget, Content, Context, Inspector as _, Limits, Options};
use bartizan_iac::{syntax, terraform::TerraformFileInspector};

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

/// Numbers that look random and are the same every time (Numerical Recipes, section 7.1).
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// A text with a part cut out, copied elsewhere, or overwritten by a sign that means something.
fn damaged(text: &str, draw: &mut Draw) -> String {
    let bytes = text.as_bytes();
    let (from, length) = (draw.below(bytes.len()), draw.below(40));
    let part: Vec<u8> = bytes.iter().skip(from).take(length).copied().collect();
    let mut out = bytes.to_vec();
    match draw.below(3) {
        0 => out.drain(from..(from + length).min(bytes.len())).for_each(drop),
        1 => {
            let at = draw.below(bytes.len());
            out.splice(at..at, part);
        }
        _ => {
            let signs = b"{}[]()\"$%~=,.:?!*<>-+/\\#\n0";
            let sign = signs.iter().copied().nth(draw.below(signs.len())).unwrap();
            out.splice(from..from, [sign]);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
#[ignore = "needs the corpus"]
fn damaged_configurations_are_inspected_without_panic() {
    let mut paths = Vec::new();
    files(&corpus(), &mut paths);
    let mut draw = Draw(1);
    let (limits, inspected) = (Limits::default(), std::cell::Cell::new(0u32));
    for path in &paths {
        let mut text = fs::read_to_string(path).unwrap();
        for _ in 0..6 {
            text = damaged(&text, &mut draw);
            let asset = Asset::new("main.tf", Content::from_bytes(text.clone()));
            let context = Context {
                limits: &limits,
                options: Options::default(),
                budget: &Budget::default(),
                outlet: &|_| {},
                interrupt: &|| false,
            };
            let inspection = TerraformFileInspector::default().inspect(&asset, &context);
            // What does not follow the language is said.
            let errors = !syntax::parse(&text).errors.is_empty();
            assert!(!errors || !inspection.coverage.is_complete(), "{}: {text}", path.display());
            inspected.set(inspected.get() + 1);
        }
    }
    println!("{} damaged files inspected", inspected.get());
}
