use super::*;
use crate::testing::{inspect, survives};

fn elf(machine: u16) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
    bytes.extend(machine.to_le_bytes());
    bytes
}

fn pe() -> Vec<u8> {
    let mut bytes = b"MZ".to_vec();
    bytes.resize(0x3c, 0);
    bytes.extend(64u32.to_le_bytes());
    bytes.extend(b"PE\0\0\x64\x86");
    bytes
}

fn engine(parts: &[&[u8]]) -> Vec<u8> {
    [b"ftrt\0\0\0\0", &[7; 100][..], &parts.concat(), &[9; 100]].concat()
}

fn found(parts: &[&[u8]]) -> Vec<(&'static str, Severity)> {
    let outcome = inspect(&Tensorrt, "m.engine", engine(parts));
    assert_eq!(outcome.claim, Claim::Certain);
    let all = outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity));
    all.filter(|(rule, _)| *rule != "tensorrt/opaque-engine").collect()
}

#[test]
fn an_engine_is_named_and_said_to_be_opaque() {
    let outcome = inspect(&Tensorrt, "m.bin", engine(&[b"EvilPlugin_TRT\0"]));
    assert_eq!((outcome.rules(), outcome.worst()), (vec!["tensorrt/opaque-engine"], Some(Severity::Info)));
    assert_eq!(inspect(&Tensorrt, "m.engine", &b"\x01\x02\x03"[..]).claim, Claim::Name);
    assert_eq!(inspect(&Tensorrt, "train.plan", &b"a plan in words"[..]).claim, Claim::No);
}

#[test]
fn libraries_for_the_host_are_high_and_code_for_the_processor_is_not() {
    assert_eq!(found(&[&elf(62)]), [("tensorrt/embedded-library", Severity::High)]);
    assert_eq!(found(&[&pe()]), [("tensorrt/embedded-library", Severity::High)]);
    assert_eq!(found(&[&elf(190)]), []);
    assert_eq!(found(&[b"\x7fELF", b"MZ PE\0\0"]), []);
}

#[test]
fn a_library_across_two_windows_is_found_once() {
    for before in [WINDOW - 6, WINDOW - OVERLAP - 6] {
        let mut bytes = b"ptrt".to_vec();
        bytes.resize(usize::try_from(before).unwrap(), 1);
        bytes.extend(elf(62));
        bytes.extend([0; 9000]);
        let outcome = inspect(&Tensorrt, "m.trt", bytes);
        assert_eq!(outcome.rules(), ["tensorrt/opaque-engine", "tensorrt/embedded-library"]);
        assert_eq!(outcome.inspection.findings.len(), 2);
    }
}

#[test]
fn names_of_libraries_are_mentioned() {
    for name in ["/opt/plugins/mine.so", "libmine_plugin.so.1", "C:\\x\\plugin.dll"] {
        assert_eq!(
            found(&[b"\0", name.as_bytes(), b"\0"]),
            [("tensorrt/plugin-library", Severity::Low)],
            "{name}"
        );
    }
    for none in ["x.so", ".social", "a sentence that ends.so"] {
        assert_eq!(found(&[b"\0", none.as_bytes(), b"\0"]), [], "{none}");
    }
}

#[test]
fn damage_is_survived() {
    survives(&Tensorrt, "m.engine", &engine(&[&elf(62), &pe(), b"\0libmine.so\0"]));
}
