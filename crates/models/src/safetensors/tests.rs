use bartizan_core::Severity;

use super::*;
use crate::testing::{describe, inspect, survives};

/// A file with the given header and `data` zero bytes behind it.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(vec![0; data]);
    bytes
}

const PLAIN: &str = r#"{"__metadata__":{"format":"pt","license":"MIT"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}"#;

#[test]
fn a_plain_file_is_clean_and_its_facts_are_complete() {
    let outcome = inspect(&Safetensors, "model.safetensors", file(PLAIN, 32));
    assert_eq!(outcome.claim, Claim::Certain);
    assert_eq!(outcome.rules(), Vec::<&str>::new());
    assert!(outcome.inspection.coverage.is_complete());
    let Some(Fact::Model(model)) = outcome.inspection.facts.first() else { panic!() };
    assert_eq!((model.framework.as_deref(), model.parameters), (Some("pytorch"), Some(10)));
    let licences = outcome.inspection.facts.iter().filter(|fact| matches!(fact, Fact::Licence(_)));
    assert_eq!(licences.count(), 1);
    assert_eq!(describe(&Safetensors, "m", file(PLAIN, 32)).sections[0].rows.len(), 2);
}

#[test]
fn every_lie_about_the_layout_is_found() {
    for (what, header, data, rule) in [
        (
            "overlap",
            r#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[4,12]}}"#,
            12,
            "safetensors/malformed-header",
        ),
        (
            "hole",
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[8,12]}}"#,
            12,
            "safetensors/hidden-data",
        ),
        (
            "first hole",
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            8,
            "safetensors/hidden-data",
        ),
        (
            "trailing",
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#,
            9,
            "safetensors/hidden-data",
        ),
        (
            "size",
            r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}}"#,
            4,
            "safetensors/malformed-header",
        ),
        (
            "backwards",
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}"#,
            4,
            "safetensors/malformed-header",
        ),
        (
            "overflow",
            r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#,
            0,
            "safetensors/malformed-header",
        ),
        (
            "far end",
            r#"{"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}"#,
            8,
            "safetensors/malformed-header",
        ),
        (
            "offset end",
            r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615]}}"#,
            8,
            "safetensors/malformed-header",
        ),
        (
            "negative",
            r#"{"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}"#,
            4,
            "safetensors/malformed-header",
        ),
        ("no dtype", r#"{"a":{"shape":[4],"data_offsets":[0,4]}}"#, 4, "safetensors/malformed-header"),
        ("not JSON", r#"{"a":{"dtype":"U8","shape":[4"#, 4, "safetensors/malformed-header"),
        (
            "twice",
            r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            8,
            "safetensors/duplicate-key",
        ),
        (
            "twice inside",
            r#"{"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}"#,
            4,
            "safetensors/duplicate-key",
        ),
    ] {
        let outcome = inspect(&Safetensors, "m.safetensors", file(header, data));
        assert!(outcome.rules().contains(&rule), "{what}: {:?}", outcome.rules());
        assert!(outcome.worst() >= Some(Severity::Medium), "{what}");
    }
}

#[test]
fn a_nest_of_a_thousand_arrays_is_refused_without_overflowing_the_stack() {
    let header = format!(r#"{{"a":{{"dtype":"U8","x":{}{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let outcome = inspect(&Safetensors, "m.safetensors", file(&header, 0));
    assert_eq!(outcome.rules(), ["safetensors/malformed-header"]);
}

#[test]
fn a_header_longer_than_any_loader_accepts_is_a_lie_and_a_broken_download_is_incomplete() {
    let outcome = inspect(&Safetensors, "m.safetensors", [&[0xff; 8][..], b"{\"a\":{\"dtype\""].concat());
    assert_eq!(outcome.rules(), ["safetensors/malformed-header"]);
    let mut cut = file(PLAIN, 32);
    cut.truncate(cut.len() - 20);
    let outcome = inspect(&Safetensors, "m.safetensors", cut);
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(outcome.worst(), None);
}

#[test]
fn a_pickle_in_metadata_is_decoded_and_handed_on_and_words_are_not_evidence() {
    // base64 of `cos\nsystem\n(S'echo harmless'\ntR.`
    let header = r#"{"__metadata__":{"k":"Y29zCnN5c3RlbQooUydlY2hvIGhhcm1sZXNzJwp0Ui4="},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
    let outcome = inspect(&Safetensors, "m.safetensors", file(header, 4));
    assert_eq!(outcome.rules(), ["safetensors/encoded-payload"]);
    assert_eq!(outcome.children[0].path.as_str(), "m.safetensors!__metadata__/k.pkl");
    let header = r#"{"__metadata__":{"code":"import os; os.system('x'); exec(base64.b64decode('cHJpbnQoKQ=='))"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
    assert_eq!(inspect(&Safetensors, "m.safetensors", file(header, 4)).worst(), None);
}

#[test]
fn a_program_behind_the_tensors_is_high_and_handed_on() {
    let mut bytes = file(PLAIN, 32);
    bytes.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0");
    let outcome = inspect(&Safetensors, "m.bin", bytes);
    assert_eq!(outcome.worst(), Some(Severity::High));
    assert_eq!(outcome.children.len(), 1);
}

#[test]
fn other_files_are_not_claimed() {
    for bytes in [&b""[..], b"{\"a\": 1}", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00{", &[0; 64]] {
        let asset = Asset::new("x.bin", Content::from_bytes(bytes.to_vec()));
        assert_eq!(Safetensors.accepts(&Probe::new(&asset).unwrap()), Claim::No, "{bytes:?}");
    }
}

#[test]
fn damage_never_panics() {
    survives(&Safetensors, "m.safetensors", &file(PLAIN, 32));
}
