use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, atomic::AtomicBool, atomic::Ordering},
};

use bartizan_core::{EntryKind, Verdict};

use super::tree;
use crate::{Progress, ScanRequest, Target, report::Report, scan};

fn put(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn scanned(path: &Path) -> Report {
    scan(&ScanRequest::new(vec![Target::Path(path.to_owned())]), &()).unwrap()
}

fn paths(report: &Report) -> Vec<&str> {
    report.assets.iter().map(|asset| asset.path.as_str()).collect()
}

fn skipped(report: &Report) -> Vec<(&str, &str, u64)> {
    report.summary.skipped.iter().map(|s| (s.path.as_str(), s.reason.as_str(), s.count)).collect()
}

#[test]
fn every_file_is_listed_in_order_with_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[("b/x.txt", "abc"), ("a.txt", ""), ("b.txt", "1")]);
    let report = scanned(folder.path());
    assert_eq!(paths(&report), ["a.txt", "b.txt", "b/x.txt"]);
    assert_eq!(
        report.assets[2].sha256.as_deref(),
        Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
    assert_eq!(report.assets[0].kind, "empty");
    assert_eq!((report.verdict, report.summary.assets, report.summary.bytes), (Verdict::Clean, 3, 4));
    assert_eq!(report.exit_code(bartizan_core::Severity::High), 0);
}

#[test]
fn a_root_may_be_a_file_and_several_roots_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[("a/x.txt", "1"), ("b/x.txt", "2")]);
    assert_eq!(paths(&scanned(&folder.path().join("a/x.txt"))), ["x.txt"]);
    let targets = ["a", "b"].map(|name| Target::Path(folder.path().join(name))).to_vec();
    let report = scan(&ScanRequest::new(targets), &()).unwrap();
    let expected = ["a/x.txt", "b/x.txt"].map(|name| folder.path().join(name).display().to_string());
    assert_eq!(paths(&report), expected);
}

#[test]
fn what_is_not_there_is_reported_and_the_rest_is_scanned() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[("x.txt", "1")]);
    let targets = vec![Target::Path("/no/such/place".into()), Target::Path(folder.path().join("x.txt"))];
    let report = scan(&ScanRequest::new(targets), &()).unwrap();
    assert_eq!(report.assets.len(), 2);
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert_eq!(report.exit_code(bartizan_core::Severity::High), 3);
    assert!(report.findings[0].message.contains("No such file"), "{:?}", report.findings[0].message);
}

#[cfg(unix)]
#[test]
fn links_are_never_followed_out_of_the_root_or_in_circles() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    put(folder.path(), &[("secret.txt", "s"), ("root/a.txt", "a"), ("root/sub/b.txt", "b")]);
    symlink("../secret.txt", root.join("out")).unwrap();
    symlink("/", root.join("slash")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("..", root.join("sub/up")).unwrap();
    symlink("a.txt", root.join("same")).unwrap();
    let report = scanned(&root);
    assert_eq!(paths(&report), ["a.txt", "sub/b.txt"]);
    assert_eq!(
        skipped(&report),
        [
            (".", "links to what is scanned at its own place", 1),
            ("dangling", "a link that leads nowhere", 1),
            ("loop", "a link that leads in a circle", 1),
            ("out", "a link that leaves the scanned folder", 1),
            ("slash", "a link that leaves the scanned folder", 1),
            ("sub", "links to what is scanned at its own place", 1),
        ]
    );
    let rules: Vec<_> = report.findings.iter().map(|finding| (finding.rule, finding.path.as_str())).collect();
    assert_eq!(rules.len(), 4);
    assert!(rules.iter().all(|(rule, _)| *rule == "scan/link-outside"));
    assert_eq!(report.exit_code(bartizan_core::Severity::High), 0);
}

#[cfg(unix)]
#[test]
fn a_fifo_and_a_socket_are_never_opened() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[("a.txt", "a")]);
    let fifo = folder.path().join("pipe.pkl");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let report = scanned(folder.path());
    let kinds: Vec<_> = report.assets.iter().map(|asset| (asset.path.as_str(), asset.kind)).collect();
    assert_eq!(kinds, [("a.txt", "text"), ("pipe.pkl", "fifo"), ("socket", "socket")]);
    assert_eq!(report.summary.verdicts.incomplete, 2);
    assert_eq!(report.exit_code(bartizan_core::Severity::High), 3);
    assert_eq!(scanned(&fifo).verdict, Verdict::Incomplete);
    assert!(super::LocalFile::open(&fifo).is_err(), "a FIFO that took a file's place must not block");
}

#[test]
fn an_ignore_file_hides_no_model_and_what_it_hides_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        &[
            (".gitignore", "*.log\nbuild/\n*.pt\n"),
            (".git/HEAD", "ref"),
            (".git/objects/aa/bb", "x"),
            ("a.log", "text"),
            ("build/c.o", "text"),
            ("build/d.o", "text"),
            ("build/model.onnx", "text"),
            ("kept.txt", "text"),
            ("weights.pt", "text"),
        ],
    );
    let report = scanned(folder.path());
    assert_eq!(paths(&report), [".gitignore", "build/model.onnx", "kept.txt", "weights.pt"]);
    assert_eq!(
        skipped(&report),
        [
            (".", "left out by .gitignore, and no model", 1),
            (".git", "git's own folder", 2),
            ("build", "left out by .gitignore, and no model", 2),
        ]
    );
    let mut request = ScanRequest::new(vec![Target::Path(folder.path().to_owned())]);
    request.no_ignore = true;
    assert_eq!(scan(&request, &()).unwrap().assets.len(), 7);

    fs::remove_dir_all(folder.path().join(".git")).unwrap();
    assert_eq!(scanned(folder.path()).assets.len(), 7, "outside of a work tree ignore files mean nothing");
}

#[cfg(unix)]
#[test]
fn a_link_into_gits_own_folder_is_scanned_because_nothing_else_scans_its_target() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[(".git/payload", "x")]);
    std::os::unix::fs::symlink(".git/payload", folder.path().join("model.pkl")).unwrap();
    assert_eq!(paths(&scanned(folder.path())), ["model.pkl"]);
}

#[cfg(unix)]
#[test]
fn a_hub_cache_is_read_by_the_names_of_its_snapshots() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("models--org--name");
    put(&repository, &[("blobs/aaa", "1"), ("blobs/bbb", "2"), ("blobs/ccc", "3"), ("refs/main", "r2")]);
    for (revision, blob) in [("r1", "aaa"), ("r2", "bbb")] {
        let snapshot = repository.join("snapshots").join(revision);
        fs::create_dir_all(&snapshot).unwrap();
        symlink(format!("../../blobs/{blob}"), snapshot.join("config.json")).unwrap();
        symlink("../../blobs/aaa", snapshot.join("model.safetensors")).unwrap();
    }
    let report = scanned(folder.path());
    assert_eq!(
        paths(&report),
        [
            "models--org--name/blobs/ccc",
            "models--org--name/refs/main",
            "models--org--name/snapshots/r1/config.json",
            "models--org--name/snapshots/r2/config.json",
        ],
        "each blob once, under a snapshot's name where it has one"
    );
    let snapshot = repository.join("snapshots/r2");
    let alone = scanned(&snapshot);
    assert_eq!(paths(&alone), ["config.json", "model.safetensors"]);
    assert!(alone.findings.iter().all(|finding| finding.rule != "scan/link-outside"));
    let tree = tree(&snapshot.canonicalize().unwrap());
    assert_eq!(tree.entry("config.json").unwrap().kind, EntryKind::LinkInside);
    assert_eq!(tree.open("config.json").unwrap().whole(9).unwrap().as_ref(), b"2");
}

#[cfg(unix)]
#[test]
fn a_tree_never_opens_what_lies_outside() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &[("secret", "s"), ("root/a/b.txt", "text")]);
    let root = folder.path().join("root");
    std::os::unix::fs::symlink("../secret", root.join("out")).unwrap();
    std::os::unix::fs::symlink("..", root.join("up")).unwrap();
    let tree = tree(&root.canonicalize().unwrap());
    for path in ["../secret", "/etc/passwd", "out", "up/secret", "a", "a/../../secret", "missing"] {
        assert!(tree.open(path).is_err(), "{path}");
    }
    assert_eq!(tree.open("a/b.txt").unwrap().len(), 4);
    assert_eq!(tree.entry("out").unwrap().kind, EntryKind::LinkOutside);
    assert!(tree.entry("up/secret").is_none());
    assert!(tree.list("up").is_empty());
    let listed: Vec<_> = tree.list("").into_iter().map(|entry| entry.path).collect();
    assert_eq!(listed, ["a", "out", "up"]);
    assert_eq!(tree.list("a")[0].path, "a/b.txt");
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_text_are_scanned_and_told_apart() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    for name in [&b"\xff.pkl"[..], b"\xfe.pkl", b"\\xff.pkl", b"a!b.txt"] {
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    assert_eq!(paths(&scanned(folder.path())), ["\\x5cxff.pkl", "\\xfe.pkl", "\\xff.pkl", "a\\x21b.txt"]);
}

#[test]
fn a_scan_that_is_stopped_says_what_it_did_not_see() {
    struct StopAtFirst(Arc<AtomicBool>, Mutex<u64>);
    impl Progress for StopAtFirst {
        fn started(&self, _: &str) {
            *self.1.lock().unwrap() += 1;
        }
        fn finished(&self, _: &str, _: u64) {
            if *self.1.lock().unwrap() > 1 {
                self.0.store(true, Ordering::Relaxed);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for number in 0..50 {
        fs::write(folder.path().join(format!("{number:02}")), "x").unwrap();
    }
    let mut request = ScanRequest::new(vec![Target::Path(folder.path().to_owned())]);
    request.jobs = Some(1);
    let progress = StopAtFirst(Arc::clone(&request.cancel), Mutex::new(0));
    let report = scan(&request, &progress).unwrap();
    assert_eq!(report.verdict, Verdict::Incomplete);
    assert_eq!(report.summary.notes, ["the scan was interrupted before 49 assets were looked at"]);
}
