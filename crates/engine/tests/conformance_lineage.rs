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
    let (mut pairs, mut named) = (0, 0);
    for (case, label) in labels.as_object().unwrap().iter().filter(|(_, label)| label["kind"] == "lineage") {
        let member = |side: &str| opened(&corpus.join(label[side].as_str().unwrap()));
        let comparison = compare_members(&member("a"), &member("b"));
        assert_eq!(comparison.related, label["related"].as_bool().unwrap(), "{case}");
        pairs += 1;
        let relation = label["relation"].as_str().unwrap();
        if comparison.relation.name() == relation {
            named += 1;
        } else {
            println!("{case}: {} instead of {relation}", comparison.relation.name());
        }
    }
    println!("{pairs} pairs, all told apart; {named} relations named as labelled");
    assert!(pairs > 0);
    assert!(named * 10 >= pairs * 9, "{named} of {pairs} relations");
}
