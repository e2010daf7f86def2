use super::*;
use crate::testing::{describe, inspect, survives};

fn text(out: &mut Vec<u8>, value: &str) {
    out.extend((value.len() as u64).to_le_bytes());
    out.extend(value.as_bytes());
}

/// A file of text pairs and one-dimensional `f32` tensors `(name, elements, offset)`.
fn file(pairs: &[(&str, &str)], tensors: &[(&str, u64, u64)], data: usize) -> Vec<u8> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((pairs.len() as u64).to_le_bytes());
    for (key, value) in pairs {
        text(&mut out, key);
        out.extend(8u32.to_le_bytes());
        text(&mut out, value);
    }
    for (name, elements, offset) in tensors {
        text(&mut out, name);
        out.extend(1u32.to_le_bytes());
        out.extend(elements.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(offset.to_le_bytes());
    }
    out.resize(out.len().next_multiple_of(32) + data, 0);
    out
}

#[test]
fn a_plain_file_is_clean_and_its_template_is_handed_on() {
    let pairs = [
        ("general.architecture", "llama"),
        ("general.license", "apache-2.0"),
        ("tokenizer.chat_template", "{{ messages }}"),
        ("tokenizer.chat_template.tool_use", "{{ tools }}"),
    ];
    let bytes = file(&pairs, &[("a", 8, 0), ("b", 4, 32)], 48);
    let outcome = inspect(&Gguf, "m.gguf", bytes.clone());
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec![]));
    assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
    let children: Vec<_> = outcome.children.iter().map(|child| child.path.as_str()).collect();
    assert_eq!(
        children,
        ["m.gguf!tokenizer.chat_template.jinja", "m.gguf!tokenizer.chat_template.tool_use.jinja"]
    );
    let Some(Fact::Model(model)) =
        outcome.inspection.facts.iter().find(|fact| matches!(fact, Fact::Model(_)))
    else {
        panic!()
    };
    assert_eq!((model.architecture.as_deref(), model.parameters), (Some("llama"), Some(12)));
    assert_eq!(describe(&Gguf, "m", bytes).sections[0].rows.len(), 2);
}

#[test]
fn lies_about_counts_and_sizes_are_found() {
    let plain = file(&[("k", "v")], &[("a", 8, 0)], 32);
    let with = |at: usize, value: u64| {
        let mut bytes = plain.clone();
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    for (what, bytes) in [
        ("tensor count", with(8, u64::MAX)),
        ("pair count", with(16, 1 << 60)),
        ("key length", with(24, u64::MAX - 3)),
        ("overflowing size", file(&[], &[("a", 1 << 62, 0)], 32)),
        ("overflowing end", file(&[], &[("a", 8, u64::MAX - 31)], 32)),
        ("far away", file(&[], &[("a", 1 << 50, 0)], 32)),
        ("unaligned", file(&[], &[("a", 8, 4)], 64)),
        ("overlap", file(&[], &[("a", 16, 0), ("b", 8, 32)], 64)),
    ] {
        let outcome = inspect(&Gguf, "m.gguf", bytes);
        assert!(outcome.rules().contains(&"gguf/malformed-header"), "{what}: {:?}", outcome.inspection);
    }
    let twice = file(&[("k", "v"), ("k", "w")], &[], 0);
    assert_eq!(inspect(&Gguf, "m.gguf", twice).rules(), ["gguf/duplicate-key"]);
}

#[test]
fn a_broken_download_is_incomplete_and_no_more() {
    let plain = file(&[("general.name", "x")], &[("a", 1000, 0)], 4000);
    for length in [30, 90, 2000] {
        let outcome = inspect(&Gguf, "m.gguf", plain[..length].to_vec());
        assert!(!outcome.inspection.coverage.is_complete());
        assert_eq!(outcome.worst(), None, "{length}");
    }
}

#[test]
fn a_pickle_behind_the_tensors_is_high() {
    let mut bytes = file(&[], &[("a", 8, 0)], 32);
    bytes.extend_from_slice(b"cos\nsystem\n(S'echo harmless'\ntR.");
    let outcome = inspect(&Gguf, "m.gguf", bytes);
    assert_eq!((outcome.worst(), outcome.children.len()), (Some(Severity::High), 1));
}

#[test]
fn predecessors_are_recognised() {
    let outcome = inspect(&Gguf, "m.bin", &b"tjgg\x03\0\0\0"[..]);
    assert_eq!((outcome.claim, outcome.worst()), (Claim::Certain, Some(Severity::Info)));
}

#[test]
fn damage_never_panics() {
    survives(&Gguf, "m.gguf", &file(&[("general.name", "x"), ("k", "v")], &[("a", 8, 0), ("b", 8, 32)], 64));
}
