//! What is found in archives, honest and lying.

use bartizan_core::{Asset, Claim, Content, Limits, Options, Severity};
use proptest::prelude::*;

use super::{
    Zip,
    writer::{Entry, zip, zip_after},
};
use crate::testing::{Outcome, describe, inspect, inspect_asset};

const PICKLE: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00echo\x85R.";

fn names(outcome: &Outcome) -> Vec<String> {
    outcome.children.iter().map(|child| child.path.as_str().split_once('!').unwrap().1.to_owned()).collect()
}

fn bytes(outcome: &Outcome, index: usize) -> Vec<u8> {
    outcome.children[index].content.whole(1 << 20).unwrap().to_vec()
}

fn assert_harmless(outcome: &Outcome) {
    assert!(outcome.worst() < Some(Severity::Medium), "{:?}", outcome.inspection.findings);
    assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
}

fn torch(extra: Vec<Entry>) -> Vec<u8> {
    let padded = |entry: Entry| {
        entry.with(|e| {
            e.described_after = true;
            e.padding = 40
        })
    };
    let mut entries = vec![
        padded(Entry::stored("m/data.pkl", b"\x80\x02}q\x00.")),
        padded(Entry::stored("m/byteorder", b"little")),
        padded(Entry::stored("m/data/0", &[7; 4096])),
        padded(Entry::stored("m/data/1", &[0; 64])),
        padded(Entry::stored("m/version", b"3\n")),
    ];
    entries.extend(extra);
    zip(&entries)
}

#[test]
fn an_honest_archive_yields_its_members_and_no_finding() {
    let outcome = inspect(
        &Zip,
        "a.zip",
        zip(&[
            Entry::stored("a.txt", b"hello"),
            Entry::deflated("b/c.pkl", PICKLE),
            Entry::deflated("b/d.txt", b"text").with(|e| e.described_after = true),
            Entry::stored("folder/", b""),
        ]),
    );
    assert_eq!(outcome.claim, Claim::Certain);
    assert_harmless(&outcome);
    assert_eq!(outcome.rules(), [""; 0]);
    assert_eq!(names(&outcome), ["a.txt", "b/c.pkl", "b/d.txt"]);
    assert_eq!(bytes(&outcome, 1), PICKLE);
}

#[test]
fn a_checkpoint_hands_on_its_pickle_and_keeps_its_tensors() {
    let outcome = inspect(&Zip, "m.pt", torch(vec![]));
    assert_harmless(&outcome);
    assert_eq!(outcome.rules(), [""; 0]);
    assert_eq!(outcome.inspection.kind.unwrap().name(), "torch-zip");
    assert_eq!(names(&outcome), ["m/data.pkl"]);
}

#[test]
fn a_checkpoint_hands_on_its_tensors_as_they_lie_when_they_are_asked_for() {
    let asset = Asset::new("m.pt", Content::from_bytes(torch(vec![])));
    let options = Options { storages: true, ..Options::default() };
    let outcome = inspect_asset(&Zip, asset, &Limits::default(), options);
    assert_eq!(names(&outcome), ["m/data.pkl", "m/data/0", "m/data/1"]);
    assert_eq!(bytes(&outcome, 1), [7; 4096]);
}

#[test]
fn a_program_among_the_tensors_is_handed_on() {
    let outcome = inspect(
        &Zip,
        "m.pt",
        torch(vec![
            Entry::stored("m/data/2", b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
            Entry::stored("m/data/3", PICKLE),
        ]),
    );
    assert_eq!(names(&outcome), ["m/data.pkl", "m/data/2", "m/data/3"]);
}

#[test]
fn kinds_are_told_by_the_members() {
    let kind = |names: &[&str]| {
        let entries: Vec<_> = names.iter().map(|name| Entry::stored(name, b"x")).collect();
        inspect(&Zip, "x", zip(&entries)).inspection.kind.unwrap().name()
    };
    assert_eq!(kind(&["arr_0.npy", "b.npy"]), "npz");
    assert_eq!(kind(&["config.json", "metadata.json", "model.weights.h5"]), "keras");
    assert_eq!(kind(&["schema.json", "1.npy"]), "skops");
    assert_eq!(kind(&["MAR-INF/MANIFEST.json", "h.py"]), "mar");
    assert_eq!(kind(&["META-INF/MANIFEST.MF"]), "jar");
    assert_eq!(kind(&["[Content_Types].xml", "word/document.xml"]), "ooxml");
    assert_eq!(kind(&["x/data.pkl", "x/constants.pkl", "x/code/__torch__.py"]), "torchscript");
    assert_eq!(kind(&["x/.data/extern_modules", "x/a.py"]), "torch-package");
    assert_eq!(kind(&["folder/data.pkl", "readme"]), "zip");
}

#[test]
fn each_lie_is_found_and_the_member_is_read_all_the_same() {
    type Lie = fn(&mut Entry);
    let cases: &[(&str, Lie, &[&str])] = &[
        ("name", |e| e.local_name = b"x.txt".to_vec(), &["zip/name-mismatch"]),
        (
            "encrypted",
            |e| {
                e.flags |= 1;
                e.local_flags |= 1
            },
            &["zip/false-flag"],
        ),
        (
            "patched",
            |e| {
                e.flags |= 0x20;
                e.local_flags |= 0x20
            },
            &["zip/false-flag"],
        ),
        ("encrypted in one", |e| e.flags |= 1, &["zip/flag-mismatch", "zip/false-flag"]),
        ("crc", |e| e.crc ^= 1, &["zip/wrong-crc"]),
        ("size", |e| e.size = 3, &["zip/size-mismatch"]),
    ];
    for (what, lie, rules) in cases {
        for entry in [Entry::stored("a.pkl", PICKLE), Entry::deflated("a.pkl", PICKLE)] {
            let packed = entry.method;
            let outcome = inspect(&Zip, "a.zip", zip(&[entry.with(lie)]));
            if *what == "size" && packed == 0 {
                // Also overlaps nothing, and is no encryption.
                assert!(outcome.rules().contains(&"zip/size-mismatch"), "{what}");
            } else {
                assert_eq!(outcome.rules(), *rules, "{what} {packed}");
            }
            assert_eq!(outcome.worst(), Some(Severity::Medium), "{what}");
            assert_eq!(bytes(&outcome, 0), PICKLE, "{what}");
        }
    }
}

#[test]
fn a_false_method_is_seen_through() {
    let stored_as_deflate = Entry::stored("a.pkl", PICKLE).with(|e| {
        e.method = 8;
        e.local_method = 8
    });
    let deflated_as_unknown = Entry::deflated("a.pkl", PICKLE).with(|e| {
        e.method = 77;
        e.local_method = 77
    });
    let deflated_for_one = Entry::deflated("a.pkl", PICKLE).with(|e| e.method = 77);
    for entry in [stored_as_deflate, deflated_as_unknown, deflated_for_one] {
        let outcome = inspect(&Zip, "a.zip", zip(&[entry]));
        assert!(outcome.rules().contains(&"zip/method-mismatch"));
        assert_eq!(bytes(&outcome, 0), PICKLE);
    }
}

#[test]
fn what_is_really_encrypted_or_unsupported_is_incomplete_and_not_accused() {
    let encrypted = Entry::stored("a", &[0x5a; 40]).with(|e| {
        e.flags = 1;
        e.local_flags = 1;
        e.size = 28
    });
    let aes = Entry::stored("a", &[0x5a; 40]).with(|e| {
        e.method = 99;
        e.local_method = 99;
        e.crc = 0
    });
    let deflate64 = Entry::stored("a", &[0xfe; 40]).with(|e| {
        e.method = 9;
        e.local_method = 9;
        e.crc = 1
    });
    for entry in [encrypted, aes, deflate64] {
        let outcome = inspect(&Zip, "a.zip", zip(&[entry]));
        assert!(!outcome.inspection.coverage.is_complete());
        assert!(outcome.worst() < Some(Severity::Medium), "{:?}", outcome.inspection.findings);
        assert!(outcome.children.is_empty());
    }
}

#[test]
fn members_of_one_view_only_are_found() {
    let outcome = inspect(
        &Zip,
        "a.zip",
        zip(&[
            Entry::stored("a.txt", b"hello"),
            Entry::stored("hidden.pkl", PICKLE).with(|e| e.listed = false),
        ]),
    );
    assert_eq!(outcome.rules(), ["zip/hidden-member"]);
    assert_eq!(names(&outcome), ["a.txt", "hidden.pkl"]);

    let outcome = inspect(
        &Zip,
        "a.zip",
        zip(&[
            Entry::stored("a.txt", b"hello"),
            Entry::stored("ghost.pkl", PICKLE).with(|e| e.present = false),
        ]),
    );
    assert_eq!(outcome.rules(), ["zip/missing-header"]);
    assert!(!outcome.inspection.coverage.is_complete());
}

#[test]
fn an_archive_cut_off_before_its_directory_is_still_read() {
    let mut archive = zip(&[Entry::stored("a.pkl", PICKLE), Entry::deflated("b.pkl", PICKLE)]);
    let directory = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
    archive.truncate(directory);
    let outcome = inspect(&Zip, "a.zip", archive);
    assert_eq!(names(&outcome), ["a.pkl", "b.pkl"]);
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(outcome.rules(), ["zip/no-central-directory"]);
}

#[test]
fn two_archives_in_one_file_are_both_read() {
    let mut archive = zip(&[Entry::stored("first.pkl", PICKLE)]);
    archive.extend(zip(&[Entry::stored("second.txt", b"hello")]));
    let outcome = inspect(&Zip, "a.zip", archive);
    assert!(outcome.rules().contains(&"zip/several-directories"), "{:?}", outcome.rules());
    let mut names = names(&outcome);
    names.sort();
    assert_eq!(names, ["first.pkl", "second.txt"]);
}

#[test]
fn a_stored_archive_in_an_archive_is_a_member_and_no_second_directory() {
    let inner = zip(&[Entry::stored("x.pkl", PICKLE)]);
    let outcome = inspect(&Zip, "a.zip", zip(&[Entry::stored("inner.zip", &inner)]));
    assert_eq!(outcome.rules(), [""; 0]);
    assert_eq!(names(&outcome), ["inner.zip"]);
}

#[test]
fn archives_behind_other_data_are_found() {
    let entries = [Entry::stored("x.pkl", PICKLE)];
    let outcome = inspect(&Zip, "a.pkl", zip_after(b"\x80\x04N.", &entries));
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec!["zip/polyglot"]));
    assert_eq!(names(&outcome), ["x.pkl"]);

    let outcome = inspect(&Zip, "a.pyz", zip_after(b"#!/usr/bin/env python3\n", &entries));
    assert_eq!(outcome.claim, Claim::Certain);
    assert_harmless(&outcome);

    let mut spanned = b"PK\x07\x08".to_vec();
    spanned.extend(zip(&entries));
    let outcome = inspect(&Zip, "a.zip", spanned);
    assert_eq!((outcome.claim, names(&outcome)), (Claim::Certain, vec!["x.pkl".to_owned()]));
    assert!(outcome.rules().contains(&"zip/split-marker"));
}

#[test]
fn what_follows_the_archive_is_read_when_it_is_something() {
    let mut archive = zip(&[Entry::stored("x.txt", b"hello")]);
    let length = archive.len();
    archive.extend(PICKLE);
    let outcome = inspect(&Zip, "a.zip", archive.clone());
    assert_eq!(outcome.rules(), ["zip/trailing-content"]);
    assert_eq!(bytes(&outcome, 0), PICKLE);
    archive.truncate(length);
    archive.extend([0; 100]);
    assert_harmless(&inspect(&Zip, "a.zip", archive));
}

#[test]
fn names_and_links_that_leave_the_folder_are_high() {
    for name in ["../x", "/etc/x", "C:\\x", "a\\..\\..\\x"] {
        let outcome = inspect(&Zip, "a.zip", zip(&[Entry::stored(name, b"x")]));
        assert_eq!(
            (outcome.rules(), outcome.worst()),
            (vec!["archive/path-traversal"], Some(Severity::High))
        );
    }
    let link = |target: &str| {
        let entry = Entry::stored("a/link", target.as_bytes()).with(|e| e.mode = 0o120_777);
        inspect(&Zip, "a.zip", zip(&[entry])).rules()
    };
    assert_eq!(link("../../etc"), ["archive/link-outside"]);
    assert_eq!(link("../b"), ["archive/link-inside"]);
    let device = inspect(&Zip, "a.zip", zip(&[Entry::stored("d", b"x").with(|e| e.mode = 0o020_666)]));
    assert_eq!(device.rules(), ["archive/special-member"]);
}

#[test]
fn duplicates_count_when_their_content_differs() {
    let outcome = inspect(&Zip, "a.zip", zip(&[Entry::stored("a", b"1"), Entry::stored("a", b"2")]));
    assert_eq!(
        (outcome.rules(), outcome.worst()),
        (vec!["archive/duplicate-member"], Some(Severity::Medium))
    );
    assert_eq!(names(&outcome), ["a", "a#2"]);
    let outcome = inspect(&Zip, "a.zip", zip(&[Entry::stored("a", b"1"), Entry::stored("a", b"1")]));
    assert_eq!(outcome.worst(), Some(Severity::Low));
}

#[test]
fn bombs_are_found_and_arrays_of_zeros_are_not() {
    let zeros = vec![0; 16 << 20];
    let outcome = inspect(&Zip, "a.zip", zip(&[Entry::deflated("a", &zeros)]));
    assert_eq!(outcome.rules(), ["archive/decompression-bomb"]);
    let mut array = b"\x93NUMPY\x01\0".to_vec();
    array.extend(&zeros);
    assert_harmless(&inspect(&Zip, "a.npz", zip(&[Entry::deflated("a.npy", &array)])));
    // Announced far beyond the limit: only the beginning is unpacked.
    let huge = Entry::deflated("a", &zeros).with(|e| e.size = 4_000_000_000);
    let outcome = inspect(&Zip, "a.zip", zip(&[huge]));
    assert_eq!(outcome.rules(), ["archive/decompression-bomb"]);
    assert!(!outcome.inspection.coverage.is_complete());
}

#[test]
fn overlapping_members_are_found() {
    let mut archive = zip(&[Entry::stored("a", b"0123456789"), Entry::stored("b", b"x")]);
    let directory = memchr::memmem::find(&archive, b"PK\x01\x02").unwrap();
    archive[directory + 20] += 5;
    let outcome = inspect(&Zip, "a.zip", archive);
    assert!(outcome.rules().contains(&"zip/overlapping-members"), "{:?}", outcome.rules());
}

#[test]
fn more_members_than_allowed_are_incomplete() {
    let entries: Vec<_> = (0..20).map(|i| Entry::stored(&format!("m{i}"), b"x")).collect();
    let asset = bartizan_core::Asset::new("a.zip", bartizan_core::Content::from_bytes(zip(&entries)));
    let limits = Limits { members: 10, ..Limits::default() };
    let outcome = inspect_asset(&Zip, asset, &limits, Options::default());
    assert!(!outcome.inspection.coverage.is_complete());
    assert!(outcome.children.len() <= 10);
}

#[test]
fn torchscript_that_maps_a_file_is_high() {
    let script = b"def forward(self, x):\n  return torch.from_file(\"/etc/passwd\", True, 8)\n";
    let outcome = inspect(
        &Zip,
        "m.pt",
        zip(&[
            Entry::stored("m/data.pkl", b"\x80\x02}q\x00."),
            Entry::stored("m/constants.pkl", b"\x80\x02)."),
            Entry::deflated("m/code/__torch__.py", script),
        ]),
    );
    assert_eq!(
        (outcome.rules(), outcome.worst()),
        (vec!["torchscript/dangerous-operator"], Some(Severity::High))
    );
    assert_eq!(outcome.inspection.findings[0].at.line, Some(2));
    assert_eq!(outcome.inspection.findings[0].at.path.as_str(), "m.pt!m/code/__torch__.py");
}

#[test]
fn the_description_lists_both_views() {
    let archive =
        zip(&[Entry::deflated("a.pkl", PICKLE), Entry::stored("hidden", b"x").with(|e| e.listed = false)]);
    let description = describe(&Zip, "a.zip", archive);
    let rows: Vec<String> = description.sections[0]
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| serde_json::to_string(cell).unwrap()).collect::<Vec<_>>().join(" "))
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn other_files_are_not_claimed() {
    for bytes in [&b""[..], b"PK", b"hello world", b"PK\x05", &[0; 100]] {
        assert_eq!(inspect(&Zip, "a.zip", bytes.to_vec()).claim, Claim::No);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let mut archive = b"PK\x03\x04".to_vec();
        archive.extend(bytes);
        inspect(&Zip, "a.zip", archive);
    }

    #[test]
    fn damaged_archives_never_panic(cut in 0usize..900, flips in proptest::collection::vec((0usize..900, any::<u8>()), 0..8)) {
        let mut archive = torch(vec![Entry::deflated("m/x.pkl", PICKLE)]);
        for (at, value) in flips {
            let at = at % archive.len();
            archive[at] ^= value;
        }
        let from = archive.len().saturating_sub(cut);
        inspect(&Zip, "a.zip", archive[..archive.len() - cut.min(archive.len())].to_vec());
        inspect(&Zip, "a.zip", archive[from..].to_vec());
    }
}
