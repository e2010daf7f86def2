//! `sign`, `verify` and `digest`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, date_time_ymd,
};
use serde_json::Value;

use crate::sandbox::{Outcome, Sandbox};

/// A model, a private key `key.pem` and its public key `pub.pem`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with(&[
        ("model/config.json", b"{}"),
        ("model/model.safetensors", b"weights"),
        ("model/sub/vocabulary.txt", b"a b c"),
        ("model/.github/workflow.yml", b"on: push"),
    ]);
    keys(&sandbox, "");
    sandbox
}

pub(crate) fn keys(sandbox: &Sandbox, prefix: &str) {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    secret(sandbox, &format!("{prefix}key.pem"), &pair.serialize_pem());
    sandbox.put(&format!("{prefix}pub.pem"), pair.public_key_pem().as_bytes());
}

pub(crate) fn secret(sandbox: &Sandbox, name: &str, text: &str) {
    sandbox.put(name, text.as_bytes());
    fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(0o600)).unwrap();
}

fn signed() -> Sandbox {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["sign", "model", "--key", "key.pem"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    sandbox
}

fn verify(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    let mut arguments = vec!["verify", "model", "--signature", "model.sig"];
    arguments.extend(more);
    sandbox.run(&arguments)
}

#[test]
fn a_signed_model_verifies_and_says_what_nobody_signed() {
    let sandbox = sandbox();
    let signing = sandbox.run(&["sign", "model", "--key", "key.pem"]);
    let digest = sandbox.run(&["digest", "model"]).stdout;
    insta::assert_snapshot!(signing.stdout, @r"
    signed model: 3 files, 14 bytes
      root digest  f309929e3721fe08a2dcb01fd6ee831b2d16603bde9822bbf8728dd4ade2efae
      signature    model.sig
    ");
    assert!(signing.stdout.contains(digest.trim()));
    assert_eq!(
        sandbox.run(&["verify", "model", "--key", "pub.pem"]).code,
        0,
        "the signature is looked for beside it"
    );
    let outcome = verify(&sandbox, &["--key", "pub.pem"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert!(outcome.stdout.starts_with("verified model is what its signer signed\n"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("not signed   1 file, which anyone may have changed:\n"),
        "{}",
        outcome.stdout
    );
    let verdict = verify(&sandbox, &["--key", "pub.pem", "--format", "json"]).json();
    assert_eq!(verdict["status"], "verified");
    assert_eq!(verdict["reason"], Value::Null);
    assert_eq!(verdict["root_digest"], digest.trim());
    assert_eq!((&verdict["resources"], &verdict["signer"]["kind"]), (&3.into(), &"key".into()));
    assert_eq!(verdict["unsigned"], serde_json::json!([".github/workflow.yml"]));
}

#[test]
fn a_newcomer_understands_what_was_tampered_with() {
    let sandbox = signed();
    sandbox.put("model/model.safetensors", b"Weights");
    sandbox.put("model/evil\u{1b}[2J.py", b"import os");
    fs::remove_file(sandbox.path("model/config.json")).unwrap();
    let outcome = verify(&sandbox, &["--key", "pub.pem"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    let text: Vec<&str> = outcome.stdout.lines().filter(|line| !line.starts_with("  signed by")).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_json_verdict_is_of_the_published_schema() {
    let sandbox = signed();
    let schema = sandbox.run(&["schema", "verdict"]).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let judge = |more: &[&str]| {
        let mut arguments = vec!["--key", "pub.pem", "--format", "json"];
        arguments.extend(more);
        let verdict = verify(&sandbox, &arguments).json();
        let errors: Vec<String> = validator.iter_errors(&verdict).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{verdict}");
        verdict
    };
    judge(&[]);
    assert_eq!(judge(&["--partial", "config.json"])["checked"], serde_json::json!(["config.json"]));
    sandbox.put("model/config.json", b"[]");
    assert_eq!(judge(&[])["reason"], "modified");
    sandbox.put("model.sig", b"{}");
    assert_eq!(judge(&[])["reason"], "format");
    assert!(!validator.is_valid(&serde_json::json!({"status": "perhaps"})), "the schema refuses something");
}

#[test]
fn another_key_and_a_damaged_signature_fail_with_their_reasons() {
    let sandbox = signed();
    keys(&sandbox, "other-");
    let reason = |more: &[&str]| {
        let outcome = verify(&sandbox, &[more, &["--format", "json"]].concat());
        assert_eq!(outcome.code, 1);
        outcome.json()["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(&["--key", "other-pub.pem"]), "key");
    let text = sandbox.text("model.sig");
    sandbox.put("model.sig", text.replace("\"payload\":\"ewog", "\"payload\":\"ewoh").as_bytes());
    assert_eq!(reason(&["--key", "pub.pem"]), "signature");
    sandbox.put("model.sig", &text.as_bytes()[..text.len() / 2]);
    assert_eq!(reason(&["--key", "pub.pem"]), "format");
}

/// A certificate `leaf.pem` of a name, with its `leaf-key.pem`, which expired under `root.pem`.
pub(crate) fn certified(sandbox: &Sandbox, name: &str) {
    let params = |name: &str| {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        params
    };
    let (mut root, mut leaf) = (params("root"), params(name));
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let root_key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let leaf_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    sandbox.put("root.pem", root.self_signed(&root_key).unwrap().pem().as_bytes());
    let certificate = leaf.signed_by(&leaf_key, &Issuer::new(root, root_key)).unwrap();
    sandbox.put("leaf.pem", certificate.pem().as_bytes());
    secret(sandbox, "leaf-key.pem", &leaf_key.serialize_pem());
}

#[test]
fn a_certificate_is_verified_by_its_root_and_an_expired_one_is_warned_of() {
    let sandbox = sandbox();
    certified(&sandbox, "publisher");
    let signing = sandbox.run(&["sign", "model", "--key", "leaf-key.pem", "--cert", "leaf.pem"]);
    assert_eq!(signing.code, 0, "{}", signing.stderr);
    let outcome = verify(&sandbox, &["--root", "root.pem"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("signed by    CN=publisher, certified by CN=root\n"),
        "{}",
        outcome.stdout
    );
    let verdict = verify(&sandbox, &["--root", "root.pem", "--format", "json"]).json();
    assert_eq!(verdict["warnings"], serde_json::json!(["expired-no-timestamp", "unsigned-content"]));
    let strict = verify(&sandbox, &["--root", "root.pem", "--strict", "--format", "json"]);
    assert_eq!((strict.code, &strict.json()["reason"]), (1, &"chain".into()));
    assert_eq!(verify(&sandbox, &["--root", "leaf.pem", "--format", "json"]).json()["reason"], "chain");

    let other = sandbox.run(&["sign", "model", "--key", "key.pem", "--cert", "leaf.pem"]);
    assert_eq!((other.code, other.stdout.as_str()), (2, ""));
    assert_eq!(other.stderr, "error: cannot sign: the certificate is that of another key\n");
}

#[test]
fn keys_are_refused_with_what_to_do_and_never_shown() {
    let sandbox = sandbox();
    let key = sandbox.text("key.pem");
    fs::set_permissions(sandbox.path("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    let open = sandbox.run(&["sign", "model", "--key", "key.pem"]);
    insta::assert_snapshot!(open.stderr, @"error: the private key key.pem can be read by other users (mode 0644); run `chmod 600 key.pem` and consider making a new key");
    secret(&sandbox, "sealed.pem", &key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"));
    let sealed = sandbox.run(&["sign", "model", "--key", "sealed.pem"]);
    insta::assert_snapshot!(sealed.stderr, @"error: sealed.pem: the private key is encrypted, and no password was given; put it into an environment variable, and name that with --password-env");
    let unset = sandbox.run(&["sign", "model", "--key", "sealed.pem", "--password-env", "NO_SUCH_VARIABLE"]);
    insta::assert_snapshot!(unset.stderr, @"error: the environment variable NO_SUCH_VARIABLE, named by --password-env, is not set");
    secret(&sandbox, "public.pem", &sandbox.text("pub.pem"));
    let public = sandbox.run(&["sign", "model", "--key", "public.pem"]);
    insta::assert_snapshot!(public.stderr, @"error: public.pem: the file holds PUBLIC KEY, where a PRIVATE KEY is needed");
    let secret_line = key.lines().nth(1).unwrap();
    for outcome in [open, sealed, unset, public] {
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
        assert!(!outcome.stderr.contains(secret_line));
    }
    assert!(!sandbox.path("model.sig").exists());
}

#[test]
fn usage_errors_exit_with_2_and_unreadable_models_with_3() {
    let sandbox = signed();
    for arguments in [
        &["verify", "model", "--signature", "model.sig"][..],
        &["verify", "model", "--signature", "model.sig", "--key", "pub.pem", "--root", "pub.pem"],
        &["verify", "model", "--signature", "missing.sig", "--key", "pub.pem"],
        &["verify", "missing", "--signature", "model.sig", "--key", "pub.pem"],
        &["verify", "model", "--signature", "model.sig", "--root", "pub.pem"],
        &["sign", "model", "--key", "missing.pem"],
        &["sign", "model", "--key", "key.pem", "--shard-size", "10"],
        &["sign", "model", "--key", "key.pem", "--method", "shards", "--shard-size", "0"],
        &["sign", "model", "--key", "key.pem", "--output", "no/such/folder/x.sig"],
        &["digest", "missing"],
    ] {
        let outcome = sandbox.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("error:"), "{}", outcome.stderr);
    }
    std::os::unix::fs::symlink("nowhere", sandbox.path("model/broken")).unwrap();
    let refused = sandbox.run(&["sign", "model", "--key", "key.pem"]);
    assert_eq!(refused.code, 3);
    insta::assert_snapshot!(refused.stderr, @r"
    error: the model holds what cannot be signed:
      broken: it is a symbolic link that leads nowhere
    ");
}

#[test]
fn a_signature_by_shards_lists_a_digest_for_each() {
    let sandbox = sandbox();
    let shards = ["--method", "shards", "--shard-size", "4", "--hash", "blake2b"];
    let signing =
        sandbox.run(&[&["sign", "model", "--key", "key.pem", "--output", "model.sig"], &shards[..]].concat());
    assert_eq!(signing.code, 0, "{}", signing.stderr);
    let verdict = verify(&sandbox, &["--key", "pub.pem", "--format", "json"]).json();
    assert_eq!((&verdict["status"], &verdict["resources"]), (&"verified".into(), &5.into()));
    let digest = sandbox.run(&[&["digest", "model"], &shards[..]].concat()).stdout;
    assert_eq!(verdict["root_digest"], digest.trim());
}
