//! Keyless signing against a double of Sigstore, and verifying without it.

use serde_json::{Value, json};

#[allow(dead_code, reason = "other tests use the rest of the double")]
#[path = "../../../engine/tests/sigstore/mod.rs"]
mod sigstore;

use self::sigstore::Sigstore;
use crate::sandbox::{GOOD, Outcome, Sandbox, outcome};

const WHO: &str = "ada@example.com";

fn sandbox(sigstore: &Sigstore) -> Sandbox {
    let sandbox = Sandbox::with(&[("model/config.json", b"{}"), ("model/weights.pkl", GOOD)]);
    sandbox.put("root.json", sigstore.trusted_root().to_string().as_bytes());
    sandbox
}

/// The program with no token of the surroundings.
fn command(sandbox: &Sandbox, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = sandbox.command(arguments);
    for name in ["SIGSTORE_ID_TOKEN", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"] {
        command.env_remove(name);
    }
    command
}

fn keyless<'a>(verb: &[&'a str], sigstore: &'a Sigstore) -> Vec<&'a str> {
    [verb, &["--keyless", "--fulcio-url", &sigstore.url, "--rekor-url", &sigstore.url]].concat()
}

fn sign(sandbox: &Sandbox, sigstore: &Sigstore, token: &str) -> Outcome {
    let mut command = command(sandbox, &keyless(&["sign", "model"], sigstore));
    outcome(command.env("SIGSTORE_ID_TOKEN", token))
}

fn verify(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    sandbox.run(
        &[&["verify", "model", "--signature", "model.sig", "--trusted-root", "root.json"], more].concat(),
    )
}

fn signed() -> (Sigstore, Sandbox) {
    let sigstore = Sigstore::start();
    let sandbox = sandbox(&sigstore);
    let outcome = sign(&sandbox, &sigstore, &sigstore.token(WHO));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    (sigstore, sandbox)
}

#[test]
fn what_was_signed_keyless_verifies_for_its_identity_alone() {
    let (sigstore, sandbox) = signed();
    let outcome = verify(&sandbox, &["--identity", WHO, "--issuer", &sigstore.url]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
    let signer = format!("signed by    {WHO}, as {} says on 20", sigstore.url);
    assert!(outcome.stdout.contains(&signer), "{}", outcome.stdout);
    let pattern = ["--identity-regex", r".*@example\.com", "--issuer-regex", r"http://127\.0\.0\.1:\d+"];
    assert_eq!(verify(&sandbox, &pattern).code, 0);
    for wrong in [
        ["--identity", "mallory@example.com", "--issuer", &sigstore.url],
        ["--identity", WHO, "--issuer", "https://accounts.example.com"],
        ["--identity-regex", "ada", "--issuer", &sigstore.url],
    ] {
        let outcome = verify(&sandbox, &[&wrong[..], &["--format", "json"]].concat());
        let verdict = outcome.json();
        assert_eq!((outcome.code, &verdict["reason"]), (1, &"identity".into()), "{verdict}");
        assert_eq!(verdict["root_digest"], Value::Null, "nothing of it is believed");
    }
    assert_eq!(sigstore.requests().len(), 2, "verification asks nobody");
    sandbox.put("model/config.json", b"[]");
    let outcome = verify(&sandbox, &["--identity", WHO, "--issuer", &sigstore.url, "--format", "json"]);
    assert_eq!((outcome.code, &outcome.json()["reason"]), (1, &"modified".into()));
}

#[test]
fn the_shipped_root_another_root_and_a_key_do_not_accept_it() {
    let (sigstore, sandbox) = signed();
    sandbox.put("root.json", Sigstore::start().trusted_root().to_string().as_bytes());
    let who = ["--identity", WHO, "--issuer", &sigstore.url, "--format", "json"];
    let reason = verify(&sandbox, &who).json()["reason"].clone();
    assert!(reason == "chain" || reason == "signature", "{reason}");
    let shipped = sandbox.run(&[&["verify", "model", "--signature", "model.sig"], &who[..]].concat());
    assert_eq!(shipped.code, 1);
    crate::signing::keys(&sandbox, "");
    let key =
        sandbox.run(&["verify", "model", "--signature", "model.sig", "--key", "pub.pem", "--format", "json"]);
    assert_eq!((key.code, &key.json()["reason"]), (1, &"key".into()));
    assert_eq!(sandbox.run(&["sign", "model", "--key", "key.pem"]).code, 0);
    let other = verify(&sandbox, &who).json();
    assert_eq!(other["reason"], "identity", "{other}");
}

#[test]
fn identity_and_issuer_are_mandatory_and_patterns_are_checked() {
    let (sigstore, sandbox) = signed();
    for wrong in [
        &["--identity", WHO][..],
        &["--issuer", &sigstore.url],
        &["--identity", WHO, "--identity-regex", "a", "--issuer", "b"],
        &["--identity", "", "--issuer", &sigstore.url],
        &["--identity-regex", "(", "--issuer", &sigstore.url],
        &[],
    ] {
        let outcome = verify(&sandbox, wrong);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{wrong:?}: {}", outcome.stderr);
    }
    sandbox.put("root.json", b"{}");
    let outcome = verify(&sandbox, &["--identity", WHO, "--issuer", &sigstore.url]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("root.json is no Sigstore trusted root"), "{}", outcome.stderr);
}

#[test]
fn tokens_come_from_files_standard_input_and_github_and_are_never_shown() {
    let sigstore = Sigstore::start();
    let sandbox = sandbox(&sigstore);
    let token = sigstore.token(WHO);
    sandbox.put("token", format!("{token}\n").as_bytes());
    let arguments = keyless(&["sign", "model"], &sigstore);
    let with = |more: &[&str]| command(&sandbox, &[&arguments[..], more].concat());
    assert_eq!(outcome(&mut with(&["--identity-token", "token"])).code, 0);
    let stamps = format!("{}/timestamp", sigstore.url);
    assert_eq!(outcome(&mut with(&["--identity-token", "token", "--tsa-url", &stamps])).code, 0);
    assert!(sandbox.text("model.sig").contains("\"rfc3161Timestamps\":[{"));
    assert_eq!(verify(&sandbox, &["--identity", WHO, "--issuer", &sigstore.url]).code, 0);
    assert_eq!(outcome(with(&["--identity-token", "-"]).write_stdin(token.clone())).code, 0);
    sigstore.let_github_give("secret of the job", &token);
    let mut github = with(&[]);
    github.env("GITHUB_ACTIONS", "true").env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret of the job");
    let url = format!("{}/github", sigstore.url);
    let made = outcome(github.env("ACTIONS_ID_TOKEN_REQUEST_URL", &url));
    assert_eq!((made.code, made.stderr.as_str()), (0, ""));
    assert!(sigstore.requests().contains(&"GET /github?audience=sigstore".to_owned()));
    assert_eq!(verify(&sandbox, &["--identity", WHO, "--issuer", &sigstore.url]).code, 0);

    let before = sandbox.text("model.sig");
    let none = outcome(&mut with(&[]));
    assert!(none.code == 2 && none.stderr.contains("SIGSTORE_ID_TOKEN"), "{}", none.stderr);
    let shown = outcome(&mut with(&["--identity-token", &token]));
    assert!(shown.code == 2 && shown.stderr.contains("takes the name of a file"), "{}", shown.stderr);
    let missing = outcome(&mut with(&["--identity-token", "gone"]));
    assert!(missing.code == 2 && missing.stderr.contains("gone cannot be read"), "{}", missing.stderr);
    sigstore.let_fulcio_say(500, format!("I do not like {token}"));
    let refused = outcome(&mut with(&["--identity-token", "token"]));
    assert!(refused.code == 3 && refused.stderr.contains("I do not like [token]"), "{}", refused.stderr);
    for outcome in [none, shown, missing, refused] {
        assert!(!outcome.stderr.contains(&token) && outcome.stdout.is_empty());
    }
    assert_eq!(sandbox.text("model.sig"), before, "nothing is half written");
}

#[test]
fn endpoints_are_encrypted_or_local_and_options_belong_to_keyless() {
    let sigstore = Sigstore::start();
    let sandbox = sandbox(&sigstore);
    let token = sigstore.token(WHO);
    let sign = |more: &[&str]| {
        let mut command = command(&sandbox, &[&["sign", "model"], more].concat());
        outcome(command.env("SIGSTORE_ID_TOKEN", &token))
    };
    for (wrong, expected) in [
        (&["--keyless", "--fulcio-url", "http://fulcio.example.com"][..], "needs https"),
        (&["--keyless", "--rekor-url", "rekor"], "no URL"),
        (&["--keyless", "--tsa-url", "ftp://localhost"], "needs https"),
        (&["--key", "key.pem", "--fulcio-url", "https://fulcio.example.com"], "cannot be used with"),
        (&["--key", "key.pem", "--keyless"], "cannot be used with"),
    ] {
        let outcome = sign(wrong);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{wrong:?}");
        assert!(outcome.stderr.contains(expected), "{wrong:?}: {}", outcome.stderr);
    }
    assert!(sigstore.requests().is_empty());
}

#[test]
fn a_workflow_attests_keyless_and_a_policy_knows_it_by_pattern() {
    let (sigstore, sandbox) = signed();
    let mut attest = command(&sandbox, &keyless(&["attest", "model", "--type", "scan"], &sigstore));
    let made = outcome(attest.env("SIGSTORE_ID_TOKEN", sigstore.token("ci@example.com")));
    assert_eq!((made.code, made.stderr.as_str()), (0, ""));
    let policy = |ci: &str| {
        let text = format!(
            "[signers.ada]\nidentity = \"{WHO}\"\nissuer = \"{0}\"\n[signers.ci]\n{ci}\nissuer = \"{0}\"\n\
             [model]\nsigned-by = [\"ada\"]\n[[require]]\ntype = \"scan\"\nsigned-by = [\"ci\"]\nverdict = \"clean\"\n",
            sigstore.url
        );
        sandbox.put("policy.toml", text.as_bytes());
        verify(&sandbox, &["--policy", "policy.toml", "--format", "json"])
    };
    for ci in ["identity = \"ci@example.com\"", r"identity-regex = 'c.@example\.com'"] {
        let outcome = policy(ci);
        assert_eq!((outcome.code, &outcome.json()["policy"]["met"]), (0, &true.into()), "{}", outcome.stdout);
    }
    for ci in ["identity = \"ci@example.org\"", "identity-regex = 'ci'"] {
        assert_eq!(policy(ci).json()["reason"], "policy", "{ci}");
    }
    sandbox.put("deny.toml", b"[deny]\nidentities = [\"ada@example.com\"]");
    let who = ["--identity", WHO, "--issuer", &sigstore.url, "--deny", "deny.toml", "--format", "json"];
    assert_eq!(verify(&sandbox, &who).json()["reason"], "revoked");
    let alone = ["verify-attestation", "model", "--trusted-root", "root.json", "--issuer", &sigstore.url];
    let identity = |who: &str| sandbox.run(&[&alone[..], &["--identity", who, "--format", "json"]].concat());
    let report = identity("ci@example.com").json();
    assert_eq!(report["attestations"][0]["signer"]["identity"], "ci@example.com");
    assert_eq!(report["missing"], json!([]));
    let wrong = identity(WHO);
    assert_eq!((wrong.code, &wrong.json()["attestations"][0]["reason"]), (1, &"identity".into()));
}

#[test]
#[ignore = "bench/provenance/attestation.py runs it, to see what others say"]
fn signatures_for_other_verifiers_are_left_in_a_folder() {
    let folder = std::path::PathBuf::from(std::env::var_os("BARTIZAN_KEYLESS").expect("a folder"));
    let (sigstore, sandbox) = signed();
    let mut attest = command(&sandbox, &keyless(&["attest", "model", "--type", "scan"], &sigstore));
    assert_eq!(outcome(attest.env("SIGSTORE_ID_TOKEN", sigstore.token(WHO))).code, 0);
    let configuration = sigstore.trust_configuration().to_string();
    sandbox.put("trust.json", configuration.as_bytes());
    sandbox.put("issuer", sigstore.url.as_bytes());
    sandbox.put("identity", WHO.as_bytes());
    std::fs::create_dir_all(folder.join("model")).unwrap();
    for name in [
        "model/config.json",
        "model/weights.pkl",
        "model.sig",
        "model.attestations.jsonl",
        "trust.json",
        "issuer",
        "identity",
    ] {
        std::fs::copy(sandbox.path(name), folder.join(name)).unwrap();
    }
}
