//! Which programs are reported, and where.

use bartizan_core::{Claim, Severity};
use proptest::prelude::*;

use super::Executable;
use crate::testing::{describe, inspect};

fn elf(kind: u16, interpreter: bool) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(kind.to_le_bytes());
    file.extend(62u16.to_le_bytes());
    file.extend(1u32.to_le_bytes());
    file.extend(0x1000u64.to_le_bytes());
    file.extend(64u64.to_le_bytes());
    file.extend([0; 12]);
    file.extend(64u16.to_le_bytes());
    file.extend(56u16.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.resize(64, 0);
    file.extend(if interpreter { 3u32 } else { 1 }.to_le_bytes());
    file.resize(64 + 56, 0);
    file
}

fn pe(flags: u16) -> Vec<u8> {
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend(0x80u32.to_le_bytes());
    file.resize(0x80, 0);
    file.extend(b"PE\0\0\x64\x86\x03\0");
    file.extend([0; 12]);
    file.extend([0xf0, 0]);
    file.extend(flags.to_le_bytes());
    file.resize(0x200, 0);
    file
}

const MACH: &[u8] = b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0\x10\0\0\0";

fn worst(name: &str, bytes: &[u8]) -> Option<Severity> {
    inspect(&Executable, name, bytes.to_vec()).worst()
}

#[test]
fn a_program_behind_a_models_name_is_high() {
    for bytes in [
        elf(2, false),
        elf(3, true),
        elf(3, false),
        pe(2),
        pe(0x2000),
        MACH.to_vec(),
        b"#!/bin/sh\necho".to_vec(),
    ] {
        for name in ["pytorch_model.bin", "a.safetensors", "m.pt!archive/data/3"] {
            let outcome = inspect(&Executable, name, bytes.clone());
            assert_eq!(
                (outcome.rules(), outcome.worst()),
                (vec!["executable/disguised-as-model"], Some(Severity::High)),
                "{name}"
            );
        }
    }
}

#[test]
fn a_program_under_its_own_name_is_low() {
    assert_eq!(worst("tools/server", &elf(3, true)), Some(Severity::Low));
    assert_eq!(worst("setup.exe", &pe(2)), Some(Severity::Low));
    assert_eq!(worst("libx.so", &elf(3, false)), Some(Severity::Low));
    assert_eq!(worst("x.dll", &pe(0x2000)), Some(Severity::Low));
    assert_eq!(worst("x.o", &elf(1, false)), None);
    assert_eq!(worst("run.sh", b"#!/bin/sh\necho"), None);
    assert_eq!(worst("README.md", b"#! /usr/bin/env x\n"), None);
}

#[test]
fn a_program_that_a_model_carries_is_high() {
    assert_eq!(worst("m.pt!archive/extra/helper", &elf(2, false)), Some(Severity::High));
    assert_eq!(worst("x.whl!pkg/lib.so", &elf(3, false)), Some(Severity::Low));
}

#[test]
fn a_llamafile_is_medium() {
    assert_eq!(worst("m.llamafile", &pe(2)), Some(Severity::Medium));
    let mut file = b"MZqFpD='\n".to_vec();
    file.resize(4096, 0);
    file.extend(b"PK\x01\x02 model.gguf");
    let outcome = inspect(&Executable, "model", file);
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec!["executable/llamafile"]));
    assert_eq!(outcome.inspection.kind.unwrap().name(), "llamafile");
}

#[test]
fn java_and_fat_binaries_are_told_apart() {
    let name =
        |bytes: &[u8]| inspect(&Executable, "a", bytes.to_vec()).inspection.kind.map(|kind| kind.name());
    assert_eq!(name(b"\xca\xfe\xba\xbe\0\0\0\x34\0\0\0\0"), Some("java-class"));
    let mut fat = b"\xca\xfe\xba\xbe\0\0\0\x01\x01\0\0\x07\0\0\0\x03".to_vec();
    fat.extend([0; 12]);
    assert_eq!(name(&fat), Some("mach-o"));
}

#[test]
fn data_is_not_claimed() {
    for bytes in [
        &b"MZ"[..],
        b"MZ and some words that go on for a while, more than sixty-four bytes of them, in fact",
        b"\x7fELF",
        b"#! words",
        b"",
        b"\xca\xfe\xba\xbe\0\0\0\0",
    ] {
        assert_eq!(inspect(&Executable, "a.bin", bytes.to_vec()).claim, Claim::No, "{bytes:?}");
    }
}

#[test]
fn the_description_shows_the_header() {
    let description = describe(&Executable, "a", elf(3, true));
    let rows: Vec<_> =
        description.sections[0].rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    assert_eq!(
        rows[..4],
        [r#"["format","Elf"]"#, r#"["role","Program"]"#, r#"["machine","X86_64"]"#, r#"["type","DYN"]"#]
    );
}

proptest! {
    #[test]
    fn arbitrary_headers_never_panic(which in 0usize..6, rest in proptest::collection::vec(any::<u8>(), 0..200)) {
        let magics: [&[u8]; 6] = [b"\x7fELF\x02\x01\x01", b"\x7fELF\x01\x02\x01", b"MZ", MACH, b"\xca\xfe\xba\xbe", b"#!"];
        let mut file = magics[which].to_vec();
        file.extend(rest);
        inspect(&Executable, "a.bin", file.clone());
        describe(&Executable, "a.bin", file);
    }
}
