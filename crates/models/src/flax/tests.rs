use bartizan_core::{Claim, Fact, Severity};
use proptest::prelude::*;

use super::Checkpoint;
use crate::testing::{Outcome, inspect};

fn text(text: &str) -> Vec<u8> {
    [&[0xa0 | text.len() as u8], text.as_bytes()].concat()
}

fn array(number: u8, dtype: &str) -> Vec<u8> {
    let body = [vec![0x93, 0x92, 2, 3], text(dtype), vec![0xc4, 24], vec![0; 24]].concat();
    [vec![0xc7, body.len() as u8, number], body].concat()
}

fn checkpoint(value: Vec<u8>) -> Vec<u8> {
    [vec![0x81], text("params"), vec![0x82], text("kernel"), array(1, "float32"), text("other"), value]
        .concat()
}

fn scan(bytes: Vec<u8>) -> Outcome {
    inspect(&Checkpoint, "flax_model.msgpack", bytes)
}

#[test]
fn a_checkpoint_tells_its_tensors_and_is_clean() {
    let outcome = scan(checkpoint(array(3, "int32")));
    assert_eq!(outcome.claim, Claim::Shape);
    assert!(outcome.inspection.findings.is_empty() && outcome.inspection.coverage.is_complete());
    let Some(Fact::Tensors { tensors, .. }) = outcome.inspection.facts.last() else { panic!() };
    assert_eq!((tensors[0].name.as_str(), tensors[0].dtype.as_str()), ("params/kernel", "float32"));
    assert_eq!(tensors[0].shape, [2, 3]);
}

#[test]
fn foreign_extensions_objects_and_leftovers_are_told() {
    for (value, rule, severity) in [
        (array(42, "float32"), "flax/unknown-extension", Severity::Medium),
        (array(1, "object"), "flax/object-array", Severity::Medium),
        ([array(1, "int8"), vec![1, 2, 3]].concat(), "flax/trailing-data", Severity::Low),
    ] {
        let outcome = scan(checkpoint(value));
        assert_eq!(outcome.rules(), [rule]);
        assert_eq!(outcome.worst(), Some(severity));
    }
}

#[test]
fn lies_about_sizes_and_depth_are_gaps() {
    for bytes in [
        vec![0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, b'a'],
        vec![0x91; 10_000],
        vec![0x81, 0xa1, b'a', 0xc6, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(!scan(bytes).inspection.coverage.is_complete());
    }
}

#[test]
fn extensions_in_the_place_of_a_type_are_not_read_again_and_again() {
    // Each says that it ends where the next one begins, and has the next one for its type.
    let unit = [0xc7, 6, 1, 0xdc, 0, 3, 0xdc, 0, 0];
    let bytes = [vec![0xdc, 0, 60], unit.repeat(60)].concat();
    assert_eq!(scan(bytes).rules(), ["flax/unknown-extension"]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = scan(bytes);
    }

    #[test]
    fn damaged_checkpoints_never_panic(cut in 0usize..200, at in 0usize..200, flip in any::<u8>()) {
        let mut bytes = checkpoint(array(3, "int32"));
        if let Some(byte) = bytes.get_mut(at) { *byte = flip; }
        bytes.truncate(cut);
        let _ = scan(bytes);
    }
}
