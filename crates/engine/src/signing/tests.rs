//! Folders as they are found, against what is signed and verified.

#![cfg(unix)]

use std::{
    fs,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _, fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use tempfile::TempDir;

use super::*;

struct Sandbox {
    folder: TempDir,
    key: String,
}

impl Sandbox {
    fn new() -> Self {
        let sandbox = Self {
            folder: TempDir::new().unwrap(),
            key: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem(),
        };
        for (path, content) in [("config.json", "{}"), ("weights/a.bin", "aaaa"), ("weights-b.bin", "bb")] {
            sandbox.write(path, content);
        }
        sandbox
    }

    fn model(&self) -> PathBuf {
        self.folder.path().join("model")
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.model().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn key(&self) -> PrivateKey {
        PrivateKey::from_pem(self.key.as_bytes(), None).unwrap()
    }

    fn request(&self) -> SignRequest {
        SignRequest {
            model: self.model(),
            output: None,
            hashing: Hashing {
                algorithm: HashAlgorithm::Sha256,
                method: Method::Files,
                ignore: vec![],
                git_paths: false,
                allow_symlinks: false,
                paranoid: true,
                cancel: Arc::default(),
            },
            credential: Credential::Key(self.key()),
        }
    }

    fn sign(&self) -> Signed {
        sign(&self.request(), &()).unwrap()
    }

    fn check(&self) -> VerifyRequest {
        VerifyRequest {
            model: self.model(),
            signature: self.folder.path().join("model.sig"),
            trust: Trust::Key(self.key().public().unwrap()).into(),
            ignore: vec![],
            ignore_unsigned: false,
            partial: vec![],
            strict: false,
            allow_symlinks: false,
            cancel: Arc::default(),
        }
    }

    /// The kinds and paths of all problems.
    fn problems(&self) -> Vec<(Reason, String)> {
        problems(&self.check())
    }
}

fn problems(request: &VerifyRequest) -> Vec<(Reason, String)> {
    let verdict = verify(request, &()).unwrap();
    verdict.problems.into_iter().map(|problem| (problem.kind, problem.path.unwrap_or_default())).collect()
}

fn refusals(request: &SignRequest) -> Vec<(String, String)> {
    match sign(request, &()).unwrap_err() {
        SigningError::Refused { refused } => refused,
        error => panic!("{error}"),
    }
}

#[test]
fn what_was_signed_verifies_until_it_changes() {
    let sandbox = Sandbox::new();
    let signed = sandbox.sign();
    assert_eq!((signed.files, signed.resources, signed.bytes, signed.cached), (3, 3, 8, 0));
    let verdict = verify(&sandbox.check(), &()).unwrap();
    assert_eq!(verdict.status, Status::Verified);
    assert_eq!(verdict.root_digest, Some(signed.root_digest.clone()));
    assert_eq!(digest(&sandbox.model(), &sandbox.request().hashing, &()).unwrap(), signed.root_digest);

    sandbox.write("weights/a.bin", "aaab");
    sandbox.write("evil.py", "import os");
    fs::remove_file(sandbox.model().join("config.json")).unwrap();
    let expected = [
        (Reason::Modified, "weights/a.bin".to_owned()),
        (Reason::Missing, "config.json".to_owned()),
        (Reason::Extra, "evil.py".to_owned()),
    ];
    assert_eq!(sandbox.problems(), expected);
    let tolerant = VerifyRequest { ignore_unsigned: true, ..sandbox.check() };
    assert_eq!(problems(&tolerant), expected[..2]);
}

#[test]
fn a_model_may_be_a_single_file_and_its_signature_beside_it() {
    let sandbox = Sandbox::new();
    let model = sandbox.model().join("weights-b.bin");
    let signed = sign(&SignRequest { model: model.clone(), ..sandbox.request() }, &()).unwrap();
    assert_eq!(signed.signature, sandbox.model().join("weights-b.bin.sig"));
    let check = VerifyRequest { model, signature: signed.signature, ..sandbox.check() };
    assert_eq!(problems(&check), []);
    sandbox.write("weights-b.bin", "bc");
    assert_eq!(problems(&check), [(Reason::Modified, ".".to_owned())]);
}

#[test]
fn a_signature_inside_the_model_does_not_disturb_it() {
    let sandbox = Sandbox::new();
    let inside = sandbox.model().join("model.sig");
    let request = SignRequest { output: Some(inside.clone()), ..sandbox.request() };
    let first = sign(&request, &()).unwrap();
    assert_eq!(sign(&request, &()).unwrap().root_digest, first.root_digest, "signing again covers the same");
    let verdict = verify(&VerifyRequest { signature: inside, ..sandbox.check() }, &()).unwrap();
    assert_eq!((verdict.status, verdict.unsigned), (Status::Verified, vec![]));
}

#[test]
fn what_no_signature_covers_is_refused_by_name() {
    let sandbox = Sandbox::new();
    sandbox.sign();
    let model = sandbox.model();
    symlink("nowhere", model.join("broken")).unwrap();
    symlink("config.json", model.join("link")).unwrap();
    let _listener = UnixListener::bind(model.join("socket")).unwrap();
    fs::write(model.join(std::ffi::OsStr::from_bytes(b"latin-\xe9")), "x").unwrap();
    let mut refused = refusals(&sandbox.request());
    refused.sort();
    let short: Vec<_> = refused.iter().map(|(path, why)| format!("{path}: {why}")).collect();
    insta::assert_snapshot!(short.join("\n"), @r"
    broken: it is a symbolic link that leads nowhere
    latin-\xe9: its name is not UTF-8
    link: it is a symbolic link; --allow-symlinks reads what such links lead to
    socket: it is a socket, which is never opened
    ");
    let found = sandbox.problems();
    assert!(found.iter().all(|(kind, _)| *kind == Reason::Extra) && found.len() == 4, "{found:?}");
}

#[test]
fn a_signed_file_that_became_a_link_is_no_longer_what_was_signed() {
    let sandbox = Sandbox::new();
    sandbox.sign();
    let (config, elsewhere) = (sandbox.model().join("config.json"), sandbox.folder.path().join("elsewhere"));
    fs::rename(&config, &elsewhere).unwrap();
    symlink(&elsewhere, &config).unwrap();
    assert_eq!(sandbox.problems(), [(Reason::Modified, "config.json".to_owned())]);
    let allowed = verify(&VerifyRequest { allow_symlinks: true, ..sandbox.check() }, &()).unwrap();
    assert_eq!((allowed.status, allowed.warnings), (Status::Verified, vec![Warning::SymlinkOutside]));
    let partial = VerifyRequest { partial: vec!["config.json".into()], ..sandbox.check() };
    assert_eq!(problems(&partial), [(Reason::Modified, "config.json".to_owned())]);
}

#[test]
fn a_link_to_a_folder_is_not_followed_and_said() {
    let sandbox = Sandbox::new();
    symlink("weights", sandbox.model().join("again")).unwrap();
    let mut request = sandbox.request();
    request.hashing.allow_symlinks = true;
    let signed = sign(&request, &()).unwrap();
    assert_eq!((signed.files, signed.notes[0].warning), (3, Warning::SymlinkedDirectory));
    let verdict = verify(&VerifyRequest { allow_symlinks: true, ..sandbox.check() }, &()).unwrap();
    assert_eq!((verdict.status, verdict.warnings), (Status::Verified, vec![Warning::SymlinkedDirectory]));
}

#[test]
fn content_under_ignored_paths_is_listed_and_empty_folders_are_noted() {
    let sandbox = Sandbox::new();
    sandbox.write(".github/workflows/a.yml", "x");
    let mut request = sandbox.request();
    request.hashing.ignore = vec!["weights".into()];
    assert_eq!(sign(&request, &()).unwrap().files, 2);
    fs::create_dir(sandbox.model().join("hollow")).unwrap();
    let verdict = verify(&sandbox.check(), &()).unwrap();
    assert_eq!(verdict.status, Status::Verified);
    assert_eq!(verdict.unsigned, [".github/workflows/a.yml", "weights/a.bin"]);
    assert_eq!(verdict.warnings, [Warning::UnsignedContent, Warning::EmptyDirectory]);

    request.hashing.git_paths = true;
    request.hashing.ignore = vec![];
    assert_eq!(sign(&request, &()).unwrap().files, 4);
    assert_eq!(verify(&sandbox.check(), &()).unwrap().unsigned, [""; 0]);
}

#[test]
fn paths_of_the_user_are_taken_from_the_model() {
    let sandbox = Sandbox::new();
    sandbox.sign();
    sandbox.write("notes/own.txt", "x");
    assert_eq!(sandbox.problems(), [(Reason::Extra, "notes/own.txt".to_owned())]);
    for ignore in [PathBuf::from("notes"), "./notes/".into(), sandbox.model().join("notes/own.txt")] {
        let verdict = verify(&VerifyRequest { ignore: vec![ignore], ..sandbox.check() }, &()).unwrap();
        assert_eq!((verdict.status, verdict.unsigned), (Status::Verified, vec!["notes/own.txt".to_owned()]));
    }
    for outside in ["../x", "/etc/passwd"] {
        let request = VerifyRequest { ignore: vec![outside.into()], ..sandbox.check() };
        let error = verify(&request, &()).unwrap_err();
        assert!(error.to_string().contains("is not below the model"), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
}

#[test]
fn a_part_is_checked_without_a_look_at_the_rest() {
    let sandbox = Sandbox::new();
    sandbox.sign();
    sandbox.write("weights-b.bin", "changed");
    let part =
        |paths: &[&str]| VerifyRequest { partial: paths.iter().map(Into::into).collect(), ..sandbox.check() };
    let verdict = verify(&part(&["config.json", "weights/a.bin"]), &()).unwrap();
    assert_eq!((verdict.status, verdict.warnings), (Status::Verified, vec![Warning::Partial]));
    assert_eq!(verdict.checked.unwrap(), ["config.json", "weights/a.bin"]);
    assert_eq!(problems(&part(&["weights-b.bin"])), [(Reason::Modified, "weights-b.bin".to_owned())]);
    assert_eq!(problems(&part(&["config.json", "other"])), [(Reason::Extra, "other".to_owned())]);
}

#[test]
fn every_way_of_hashing_is_told_from_the_signature() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.bin", "");
    let shards = Method::Shards(3.try_into().unwrap());
    for (algorithm, method) in [
        (HashAlgorithm::Blake2b, Method::Files),
        (HashAlgorithm::Blake3, Method::Files),
        (HashAlgorithm::Sha256, shards),
        (HashAlgorithm::Blake2b, shards),
    ] {
        let mut request = sandbox.request();
        (request.hashing.algorithm, request.hashing.method) = (algorithm, method);
        sign(&request, &()).unwrap();
        assert_eq!(sandbox.problems(), [], "{algorithm} {method:?}");
        sandbox.write("weights/a.bin", "aaaA");
        assert_eq!(sandbox.problems(), [(Reason::Modified, "weights/a.bin".to_owned())]);
        sandbox.write("weights/a.bin", "aaaaa");
        assert_eq!(sandbox.problems(), [(Reason::Modified, "weights/a.bin".to_owned())]);
        sandbox.write("weights/a.bin", "aaaa");
    }
    let mut request = sandbox.request();
    (request.hashing.algorithm, request.hashing.method) = (HashAlgorithm::Blake3, shards);
    assert_eq!(sign(&request, &()).unwrap_err().exit_code(), 2);
}

#[test]
fn shards_refuse_empty_code_and_names_with_a_colon() {
    let sandbox = Sandbox::new();
    sandbox.write("__init__.py", "");
    sandbox.write("a:b", "x");
    let mut request = sandbox.request();
    request.hashing.method = Method::Shards(SHARD_SIZE);
    let mut paths: Vec<String> = refusals(&request).into_iter().map(|(path, _)| path).collect();
    paths.sort();
    assert_eq!(paths, ["__init__.py", "a:b"]);
}

#[test]
fn nothing_is_signed_for_a_model_without_files() {
    let sandbox = Sandbox::new();
    let empty = sandbox.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let error = sign(&SignRequest { model: empty, ..sandbox.request() }, &()).unwrap_err();
    assert_eq!(error.to_string(), "there is nothing to sign: the model holds no files");
    let error = sign(&SignRequest { model: "missing".into(), ..sandbox.request() }, &()).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.exit_code()), ("no such file or folder: missing", 2));
}

/// Grows a file when it is about to be read.
struct Meddler<'a>(&'a Path);

impl crate::Progress for Meddler<'_> {
    fn started(&self, path: &str) {
        if path == "weights/a.bin" {
            fs::write(self.0.join(path), "aaaa, and more").unwrap();
        }
    }
}

#[test]
fn a_file_that_changes_meanwhile_is_neither_signed_nor_verified() {
    let sandbox = Sandbox::new();
    let model = sandbox.model();
    let refused = match sign(&sandbox.request(), &Meddler(&model)).unwrap_err() {
        SigningError::Refused { refused } => refused,
        error => panic!("{error}"),
    };
    assert_eq!(refused[0].0, "weights/a.bin");
    assert!(refused[0].1.contains("changed while it was read"), "{}", refused[0].1);
    assert!(!sandbox.folder.path().join("model.sig").exists(), "no signature is better than a wrong one");

    sandbox.write("weights/a.bin", "aaaa");
    sandbox.sign();
    let verdict = verify(&sandbox.check(), &Meddler(&model)).unwrap();
    assert_eq!(verdict.reason, Some(Reason::Modified));
    assert!(verdict.problems[0].detail.contains("changed while it was read"));
}

#[test]
fn a_folder_that_became_a_link_leads_to_another_file() {
    let sandbox = Sandbox::new();
    sandbox.sign();
    let (weights, moved) = (sandbox.model().join("weights"), sandbox.folder.path().join("moved"));
    fs::rename(&weights, &moved).unwrap();
    symlink(&moved, &weights).unwrap();
    let expected = [(Reason::Missing, "weights/a.bin".to_owned()), (Reason::Extra, "weights".to_owned())];
    assert_eq!(sandbox.problems(), expected);
    let partial = VerifyRequest { partial: vec!["weights/a.bin".into()], ..sandbox.check() };
    assert_eq!(problems(&partial), [(Reason::Modified, "weights/a.bin".to_owned())]);
}

#[test]
fn ctrl_c_leaves_no_verdict_and_no_signature() {
    let sandbox = Sandbox::new();
    sandbox.sign();
    let cancel = Arc::new(AtomicBool::new(true));
    let request = VerifyRequest { cancel: Arc::clone(&cancel), ..sandbox.check() };
    assert_eq!(verify(&request, &()).unwrap_err().exit_code(), 130);
    let mut request =
        SignRequest { output: Some(sandbox.folder.path().join("other.sig")), ..sandbox.request() };
    request.hashing.cancel = cancel;
    assert_eq!(sign(&request, &()).unwrap_err().exit_code(), 130);
    assert!(!sandbox.folder.path().join("other.sig").exists());
}

#[test]
fn a_private_key_that_others_can_read_is_refused() {
    let sandbox = Sandbox::new();
    let path = sandbox.folder.path().join("key.pem");
    fs::write(&path, &sandbox.key).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = private_key(&path, None).unwrap_err();
        assert!(error.to_string().contains(&format!("run `chmod 600 {}`", path.display())), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(private_key(&path, None).is_ok());
}

#[test]
fn a_bundle_that_cannot_be_read_is_no_verdict_and_one_that_is_none_is() {
    let sandbox = Sandbox::new();
    let error = verify(&sandbox.check(), &()).unwrap_err();
    assert!(error.to_string().starts_with("no such signature: "), "{error}");
    fs::write(&sandbox.check().signature, "not a bundle").unwrap();
    let verdict = verify(&sandbox.check(), &()).unwrap();
    assert_eq!((verdict.reason, verdict.root_digest, verdict.signer), (Some(Reason::Format), None, None));
}
