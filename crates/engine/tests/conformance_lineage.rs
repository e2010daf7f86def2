//! Lineage against the labelled pairs of models of the corpus.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use bartizan_core::Limits;
use bartizan_engine::lineage::{Opening, compare_members, open};
use bartizan_provenance::lineage::Member;
use serde_json::Value;

fn opened(path: &Path) -> Member {
    let (limits, cancel) = (Limits::default(), AtomicBool::new(false));
    open(path, &Opening { limits: &limits, digests: false, cancel: &cancel }).unwrap()
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS; cargo xtask conformance"]
fn every_labelled_pair_is_told_apart() {
    let corpus = env::var_os("BARTIZAN_CORPUS").unwrap_or_else(|| panic!("BARTIZAN_CORPUS is not set"));
    let corpus = PathBuf::from(corpus).join("provenance");
    let labels: Value = serde_json::from_slice(&fs::read(corpus.join("labels.json")).unwrap()).unwrap();
    let (mut pairs, mut wrong) = (0, Vec::new());
    let (mut lowest, mut highest) = ((f64::INFINITY, String::new()), (f64::NEG_INFINITY, String::new()));
    for (case, label) in labels.as_object().unwrap().iter().filter(|(_, label)| label["kind"] == "lineage") {
        let member = |side: &str| opened(&corpus.join(label[side].as_str().unwrap()));
        let comparison = compare_members(&member("a"), &member("b"));
        let (related, relation) = (label["related"].as_bool().unwrap(), label["relation"].as_str().unwrap());
        pairs += 1;
        let answer = (comparison.related, comparison.relation.name());
        if answer != (related, relation) {
            wrong.push(format!("{case}: {answer:?} instead of {:?}", (related, relation)));
        }
        println!("{case:20} {:.3}  {}", comparison.score, answer.1);
        if related && comparison.score < lowest.0 {
            lowest = (comparison.score, case.clone());
        } else if !related && comparison.score > highest.0 {
            highest = (comparison.score, case.clone());
        }
    }
    println!(
        "{pairs} pairs; lowest score of a related pair {lowest:.3?}, highest of an unrelated one {highest:.3?}"
    );
    assert!(pairs > 0);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(lowest.0 > highest.0);
}
