//! What is found in tar archives, honest and lying.

use bartizan_core::{Claim, Severity};
use proptest::prelude::*;

use super::Tar;
use crate::testing::{Outcome, describe, inspect};

fn header(name: &str, type_flag: u8, size: u64, link: &str) -> Vec<u8> {
    let mut block = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(148, b"        ");
    put(156, &[type_flag]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn member(name: &str, type_flag: u8, data: &[u8], link: &str) -> Vec<u8> {
    let mut out = header(name, type_flag, data.len() as u64, link);
    out.extend(data);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    member(name, b'0', data, "")
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = String::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 1;
        length = rest.len() + length.to_string().len();
        length = rest.len() + length.to_string().len();
        body.push_str(&format!("{length}{rest}"));
    }
    member("pax", b'x', body.as_bytes(), "")
}

fn tar(members: &[Vec<u8>]) -> Vec<u8> {
    let mut out = members.concat();
    out.extend([0; 1024]);
    out
}

fn scan(members: &[Vec<u8>]) -> Outcome {
    inspect(&Tar, "a.tar", tar(members))
}

fn names(outcome: &Outcome) -> Vec<String> {
    outcome.children.iter().map(|child| child.path.as_str().split_once('!').unwrap().1.to_owned()).collect()
}

#[test]
fn an_honest_archive_yields_its_members_and_no_finding() {
    let outcome = scan(&[
        file("./a.txt", b"hello"),
        member("folder/", b'5', b"", ""),
        file("folder/b.pkl", &[1; 1000]),
        member("long", b'L', &[b'n'; 200], ""),
        file("short", b"x"),
        pax(&[("path", "être/c"), ("mtime", "1.5")]),
        file("other", b"y"),
    ]);
    assert_eq!(outcome.claim, Claim::Certain);
    assert_eq!(outcome.rules(), [""; 0]);
    assert!(outcome.inspection.coverage.is_complete());
    assert_eq!(names(&outcome), ["a.txt", "folder/b.pkl", &"n".repeat(200), "être/c"]);
    assert_eq!(outcome.children[1].content.whole(2000).unwrap().as_ref(), &[1; 1000]);
}

#[test]
fn kinds_are_told_by_the_members() {
    let kind = |names: &[&str]| {
        let members: Vec<_> = names.iter().map(|name| file(name, b"x")).collect();
        scan(&members).inspection.kind.unwrap().name()
    };
    assert_eq!(kind(&["sys_info", "pickle", "storages", "tensors"]), "torch-tar");
    assert_eq!(kind(&["./model_config.yaml", "./model_weights.ckpt"]), "nemo");
    assert_eq!(kind(&["MAR-INF/MANIFEST.json"]), "mar");
    assert_eq!(kind(&["x"]), "tar");
}

#[test]
fn names_links_and_devices_that_leave_the_folder_are_found() {
    let cases: &[(Vec<u8>, &str)] = &[
        (file("../x", b"x"), "archive/path-traversal"),
        (file("/etc/x", b"x"), "archive/path-traversal"),
        (member("l", b'2', b"", "/etc/passwd"), "archive/link-outside"),
        (member("a/l", b'2', b"", "../../x"), "archive/link-outside"),
        (member("a/l", b'1', b"", "../x"), "archive/link-outside"),
        (member("a/l", b'2', b"", "../x"), "archive/link-inside"),
        (member("d", b'4', b"", ""), "archive/special-member"),
        (member("p", b'6', b"", ""), "archive/special-member"),
        ([pax(&[("path", "../../x")]), file("harmless", b"x")].concat(), "archive/path-traversal"),
    ];
    for (member, rule) in cases {
        assert_eq!(scan(std::slice::from_ref(member)).rules(), [*rule]);
    }
    let outcome = scan(&[member("l", b'2', b"", "folder"), file("l/x", b"x")]);
    assert_eq!(outcome.rules(), ["archive/link-inside", "tar/member-through-link"]);
}

#[test]
fn two_sizes_for_one_member_are_found() {
    let outcome = scan(&[pax(&[("size", "512")]), header("a", b'0', 0, ""), vec![7; 512], file("b", b"x")]);
    assert_eq!(outcome.rules(), ["tar/size-mismatch"]);
    assert_eq!(names(&outcome), ["a", "b"]);
}

#[test]
fn members_behind_the_end_are_found() {
    let outcome = scan(&[file("a", b"x"), vec![0; 1024], file("b.pkl", b"y")]);
    assert_eq!(
        (outcome.rules(), names(&outcome)),
        (vec!["tar/hidden-member"], vec!["a".into(), "b.pkl".into()])
    );
    let mut padded = tar(&[file("a", b"x")]);
    padded.extend([0; 9000]);
    assert_eq!(inspect(&Tar, "a.tar", padded.clone()).rules(), [""; 0]);
    padded.extend(b"words");
    assert_eq!(inspect(&Tar, "a.tar", padded).worst(), Some(Severity::Low));
}

#[test]
fn duplicates_count_when_their_content_differs() {
    let outcome = scan(&[file("a", b"1"), file("a", b"2")]);
    assert_eq!(
        (outcome.rules(), outcome.worst()),
        (vec!["archive/duplicate-member"], Some(Severity::Medium))
    );
    assert_eq!(scan(&[file("a", b"1"), file("a", b"1")]).worst(), Some(Severity::Low));
}

#[test]
fn a_truncated_archive_is_incomplete_and_not_accused() {
    let archive = tar(&[file("a", &[1; 2000]), file("b", &[2; 2000])]);
    for length in [600, 2500, 3000, 3500] {
        let outcome = inspect(&Tar, "a.tar", archive[..length].to_vec());
        assert!(outcome.worst().is_none());
        assert!(!outcome.children.is_empty());
        assert!(!outcome.inspection.coverage.is_complete(), "{length}");
    }
}

#[test]
fn a_damaged_header_is_incomplete() {
    let mut archive = tar(&[file("a", b"x"), file("b", b"x")]);
    archive[1024] ^= 1;
    let outcome = inspect(&Tar, "a.tar", archive);
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(names(&outcome), ["a"]);
}

#[test]
fn the_description_lists_the_members() {
    let description = describe(&Tar, "a.tar", tar(&[file("a", b"x"), member("l", b'2', b"", "a")]));
    let rows: Vec<_> =
        description.sections[0].rows.iter().map(|row| serde_json::to_string(row).unwrap()).collect();
    assert_eq!(rows, [r#"["a","file",1,0,512,""]"#, r#"["l","symbolic-link",0,1024,1536,"a"]"#]);
}

proptest! {
    #[test]
    fn damaged_archives_never_panic(cut in 0usize..4000, flips in proptest::collection::vec((0usize..4000, any::<u8>()), 0..6)) {
        let mut archive = tar(&[pax(&[("path", "a"), ("size", "3")]), file("b", b"abc"), member("S", b'S', b"x", "")]);
        for (at, value) in flips {
            let at = at % archive.len();
            archive[at] ^= value;
        }
        archive.truncate(archive.len() - cut % archive.len());
        inspect(&Tar, "a.tar", archive);
    }

    #[test]
    fn pax_headers_never_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        super::header::Pax::parse(&body);
    }
}
