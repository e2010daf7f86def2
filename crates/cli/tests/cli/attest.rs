//! `attest`, `verify-attestation`, and `verify` with policies and deny lists.

use std::fs;

use serde_json::{Value, json};

use crate::{
    sandbox::{EVIL, GOOD, Outcome, Sandbox},
    signing::{certified, keys},
};

const POLICY: &str = r#"
[signers.release]
key = "release-pub.pem"

[signers.ci]
key = "ci-pub.pem"

[signers.board]
key = "board-pub.pem"

[model]
signed-by = ["release"]

[[require]]
type = "scan"
signed-by = ["ci"]
verdict = "clean"
max-age-days = 30
min-rules-version = "2026.1.1"

[[require]]
type = "approval"
signed-by = ["board"]
"#;

/// A model that `release` signed, and the keys of three people.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with(&[
        ("model/config.json", b"{}"),
        ("model/weights.pkl", GOOD),
        ("policy.toml", POLICY.as_bytes()),
    ]);
    for name in ["release-", "ci-", "board-"] {
        keys(&sandbox, name);
    }
    good(&sandbox.run(&["sign", "model", "--key", "release-key.pem"]));
    sandbox
}

fn good(outcome: &Outcome) {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}", outcome.stdout);
}

fn attest(sandbox: &Sandbox, kind: &str, who: &str, more: &[&str]) -> Outcome {
    let key = format!("{who}-key.pem");
    sandbox.run(&[&["attest", "model", "--type", kind, "--key", &key], more].concat())
}

/// The same with a scan and an approval.
fn attested() -> Sandbox {
    let sandbox = sandbox();
    good(&attest(&sandbox, "scan", "ci", &[]));
    good(&attest(&sandbox, "approval", "board", &["--approver", "Model Board"]));
    sandbox
}

const VERIFY: [&str; 6] = ["verify", "model", "--signature", "model.sig", "--policy", "policy.toml"];

fn verify(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    sandbox.run(&[&VERIFY, more].concat())
}

/// The verdict of a failed verification.
fn failed(sandbox: &Sandbox, more: &[&str]) -> Value {
    let outcome = verify(sandbox, &[more, &["--format", "json"]].concat());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{}", outcome.stdout);
    outcome.json()
}

/// What the policy found missing.
fn missing(sandbox: &Sandbox) -> String {
    let verdict = failed(sandbox, &[]);
    assert_eq!(verdict["reason"], "policy", "{verdict}");
    let demands = verdict["policy"]["demands"].as_array().unwrap();
    let unmet = demands.iter().filter(|demand| demand["met"] == false);
    unmet.map(|demand| demand["reasons"].to_string()).collect()
}

/// The report of `verify-attestation`, and its exit code.
fn report(sandbox: &Sandbox, more: &[&str]) -> (i32, Value) {
    let outcome = sandbox.run(&[&["verify-attestation", "model", "--format", "json"], more].concat());
    assert_eq!(outcome.stderr, "");
    (outcome.code, outcome.json())
}

fn digest_of(sandbox: &Sandbox, name: &str) -> String {
    let bytes = fs::read(sandbox.path(name)).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn scan_of(at: &str, verdict: &str) -> String {
    json!({
        "verdict": verdict, "rules_version": "2026.11.24", "scanned_at": at,
        "findings": { "critical": 0, "high": 0, "medium": 0, "low": 0, "info": 0 },
        "tool": { "name": "bartizan", "version": "0.1.0" },
    })
    .to_string()
}

#[test]
fn a_newcomer_signs_scans_approves_and_verifies() {
    let sandbox = sandbox();
    let scan = attest(&sandbox, "scan", "ci", &[]);
    good(&scan);
    assert!(
        scan.stdout.starts_with("attested model\n  says         scan: clean, by rules 20"),
        "{}",
        scan.stdout
    );
    assert!(
        scan.stdout.contains("kept in      model.attestations.jsonl, 1 attestation\n"),
        "{}",
        scan.stdout
    );
    assert!(missing(&sandbox).contains("there is no approval attestation"));
    let approval = attest(&sandbox, "approval", "board", &["--approver", "Model Board", "--scope", "chat"]);
    good(&approval);
    assert!(
        approval.stdout.contains("says         approval: approved by Model Board on "),
        "{}",
        approval.stdout
    );
    assert!(approval.stdout.contains("2 attestations\n"), "{}", approval.stdout);

    let outcome = verify(&sandbox, &[]);
    good(&outcome);
    let text: Vec<&str> = outcome.stdout.lines().filter(|line| !line.contains("signed by    ")).collect();
    insta::assert_snapshot!(text.join("\n"));
    let verdict = verify(&sandbox, &["--format", "json"]).json();
    assert_eq!(verdict["policy"]["met"], true);
    assert_eq!(verdict["policy"]["demands"][1]["by"], "model.attestations.jsonl:1");
    let schema = sandbox.run(&["schema", "verdict"]).json();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&verdict));
}

#[test]
fn what_a_policy_misses_is_said_in_plain_words() {
    let sandbox = sandbox();
    sandbox.put("old.json", scan_of("2026-01-01T00:00:00Z", "clean").as_bytes());
    good(&attest(&sandbox, "scan", "ci", &["--predicate", "old.json"]));
    let outcome = verify(&sandbox, &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    assert!(outcome.stdout.starts_with("FAILED model must not be trusted (policy)\n"), "{}", outcome.stdout);
    let expected = "the policy demands: a scan attestation signed by ci, at most 30 days old, with verdict clean, by rules of version \
         2026.1.1 or later; but model.attestations.jsonl: it is ";
    assert!(outcome.stdout.contains(expected), "{}", outcome.stdout);
    assert!(outcome.stdout.contains(" days old, more than 30"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("but there is no approval attestation"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("policy       1 of 3 demands met\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("What to do: ask whoever releases the model"), "{}", outcome.stdout);
    let verdict = failed(&sandbox, &[]);
    assert_eq!(verdict["policy"]["met"], false);
    assert_eq!(verdict["policy"]["demands"].as_array().unwrap().len(), 3);
}

#[test]
fn an_expired_scan_and_one_by_old_rules_count_for_nothing() {
    for (at, rules, expected) in [
        ("2026-01-01T00:00:00Z", "2026.11.24", "days old, more than 30"),
        ("2999-01-01T00:00:00Z", "2026.11.24", "dated in the future"),
        ("", "2025.12.31", "before 2026.1.1"),
    ] {
        let sandbox = sandbox();
        good(&attest(&sandbox, "approval", "board", &["--approver", "Model Board"]));
        let now = bartizan_engine::attestation::time(
            std::time::SystemTime::now() - std::time::Duration::from_secs(60),
        )
        .unwrap();
        let scan = scan_of(if at.is_empty() { &now } else { at }, "clean").replace("2026.11.24", rules);
        sandbox.put("scan.json", scan.as_bytes());
        good(&attest(&sandbox, "scan", "ci", &["--predicate", "scan.json"]));
        assert!(missing(&sandbox).contains(expected), "{}", missing(&sandbox));
        // A fresh scan heals it.
        if at != "2999-01-01T00:00:00Z" {
            good(&attest(&sandbox, "scan", "ci", &[]));
            good(&verify(&sandbox, &[]));
        }
    }
}

#[test]
fn a_tampered_model_fails_before_its_policy_and_its_attestations_are_about_another() {
    let sandbox = attested();
    sandbox.put("model/config.json", b"[]");
    let verdict = failed(&sandbox, &[]);
    assert_eq!((&verdict["reason"], &verdict["policy"]), (&"modified".into(), &Value::Null));
    let (code, report) = report(&sandbox, &["--key", "ci-pub.pem"]);
    assert_eq!((code, &report["status"]), (1, &"failed".into()));
    let scan = &report["attestations"][0];
    assert_eq!((&scan["reason"], &scan["type"]), (&"inconsistent".into(), &"scan".into()), "{report}");
    assert_eq!(scan["problem"]["actual"], report["root_digest"]);
    assert_eq!(report["missing"], json!(["model.attestations.jsonl"]));
}

#[test]
fn an_attestation_of_another_model_counts_for_nothing() {
    let sandbox = sandbox();
    sandbox.put("other/config.json", b"[1]");
    let scan = ["attest", "other", "--type", "scan", "--key", "ci-key.pem", "--output", "scan.jsonl"];
    good(&sandbox.run(&scan));
    good(&attest(&sandbox, "approval", "board", &["--approver", "Model Board"]));
    let verdict = failed(&sandbox, &["--attestation", "scan.jsonl", "model.attestations.jsonl"]);
    assert!(
        verdict["problems"][0]["detail"].as_str().unwrap().contains("it is not about this model"),
        "{verdict}"
    );
    let (code, report) = report(&sandbox, &["--key", "ci-pub.pem", "--attestation", "scan.jsonl"]);
    assert_eq!((code, &report["attestations"][0]["reason"]), (1, &"inconsistent".into()));
}

#[test]
fn strangers_neither_vouch_nor_spoil() {
    let sandbox = attested();
    keys(&sandbox, "eve-");
    sandbox.put("bad.json", scan_of("2026-11-25T00:00:00Z", "malicious").as_bytes());
    good(&attest(&sandbox, "scan", "eve", &["--predicate", "bad.json"]));
    let text = sandbox.text("model.attestations.jsonl");
    sandbox.put("model.attestations.jsonl", format!("{text}junk\n\n{{}}\n").as_bytes());
    good(&verify(&sandbox, &[]));
    let (code, report) = report(&sandbox, &["--key", "ci-pub.pem"]);
    let statuses: Vec<&Value> =
        report["attestations"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!((code, statuses.len(), statuses[0]), (0, 5, &"verified".into()), "{report}");
    assert!(statuses[1..].iter().all(|status| **status == "failed"), "{report}");
    let shown = sandbox.run(&["verify-attestation", "model", "--key", "ci-pub.pem"]).stdout;
    assert!(
        shown.contains("ignored model.attestations.jsonl:4\n    format     it is neither a bundle nor"),
        "{shown}"
    );
    // By Eve alone, it would not do.
    let line = text.lines().last().unwrap().to_owned();
    sandbox.put("model.attestations.jsonl", line.as_bytes());
    assert!(missing(&sandbox).contains("signed by nobody whom the policy knows"));
}

#[test]
fn a_newer_bad_scan_by_the_same_signer_outweighs_a_clean_one() {
    let sandbox = attested();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let later = bartizan_engine::attestation::time(later).unwrap();
    sandbox.put("bad.json", scan_of(&later, "suspicious").as_bytes());
    good(&attest(&sandbox, "scan", "ci", &["--predicate", "bad.json"]));
    assert!(missing(&sandbox).contains("its verdict is suspicious, not clean"));
}

#[test]
fn a_model_that_is_malicious_is_attested_as_such() {
    let sandbox = sandbox();
    sandbox.put("model/weights.pkl", EVIL);
    good(&sandbox.run(&["sign", "model", "--key", "release-key.pem"]));
    let scan = attest(&sandbox, "scan", "ci", &[]);
    good(&scan);
    assert!(scan.stdout.contains("scan: malicious"), "{}", scan.stdout);
    good(&attest(&sandbox, "approval", "board", &["--approver", "Model Board"]));
    assert!(missing(&sandbox).contains("its verdict is malicious, not clean"));
    good(&attest(&sandbox, "approval", "board", &["--approver", "Model Board", "--reject"]));
    assert!(missing(&sandbox).contains("Model Board rejected the model"));
}

#[test]
fn what_a_deny_list_names_is_refused_whoever_vouches_for_it() {
    let sandbox = attested();
    let key = |name: &str| digest_of(&sandbox, &format!("{name}-pub.pem"));
    let root = sandbox.run(&["digest", "model"]).stdout;
    let deny = |list: String| {
        sandbox.put("deny.toml", format!("[deny]\n{list}\n").as_bytes());
        failed(&sandbox, &["--deny", "deny.toml"])
    };
    for (list, expected) in [
        (format!("keys = [\"{}\"]", key("release")), "the key "),
        (format!("keys = [\"sha256:{}\"]", key("release").to_uppercase()), "the key "),
        (format!("digests = [\"{}\"]", root.trim()), "the root digest "),
        (format!("digests = [\"{}\"]", digest_of(&sandbox, "model/weights.pkl")), "the model holds a file "),
    ] {
        let verdict = deny(list);
        let detail = verdict["problems"][0]["detail"].as_str().unwrap();
        assert_eq!(verdict["reason"], "revoked", "{verdict}");
        assert!(detail.starts_with(expected) && detail.ends_with(" is on the deny list"), "{detail}");
    }
    let verdict = deny(format!("keys = [\"{}\"]", key("ci")));
    assert_eq!(verdict["reason"], "policy", "the scan is void: {verdict}");
    // Without a policy, too, and for attestations alone.
    let ci = ["--key", "ci-pub.pem", "--deny", "deny.toml"];
    let (code, report) = report(&sandbox, &ci);
    assert_eq!((code, &report["attestations"][0]["reason"]), (1, &"revoked".into()));
    deny(format!("keys = [\"{}\"]", key("release")));
    let arguments =
        ["verify", "model", "--signature", "model.sig", "--key", "release-pub.pem", "--deny", "deny.toml"];
    let outcome = sandbox.run(&arguments);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(outcome.stdout.starts_with("FAILED model must not be trusted (revoked)\n"), "{}", outcome.stdout);
    sandbox.put("deny.toml", b"[deny]");
    good(&verify(&sandbox, &["--deny", "deny.toml"]));
}

#[test]
fn a_denied_file_is_found_when_the_signature_lists_shards() {
    let sandbox = sandbox();
    let shards = ["--method", "shards", "--shard-size", "2", "--hash", "blake2b", "--output", "model.sig"];
    good(&sandbox.run(&[&["sign", "model", "--key", "release-key.pem"], &shards[..]].concat()));
    let weights = digest_of(&sandbox, "model/weights.pkl");
    sandbox.put("deny.toml", format!("[deny]\ndigests = [\"{weights}\"]").as_bytes());
    let key = ["verify", "model", "--signature", "model.sig", "--key", "release-pub.pem"];
    good(&sandbox.run(&key));
    let outcome = sandbox.run(&[&key[..], &["--deny", "deny.toml", "--format", "json"]].concat());
    assert_eq!((outcome.code, &outcome.json()["reason"]), (1, &"revoked".into()));
}

#[test]
fn the_model_has_to_be_signed_by_whom_the_policy_names() {
    let sandbox = attested();
    good(&sandbox.run(&["sign", "model", "--key", "ci-key.pem"]));
    assert_eq!(failed(&sandbox, &[])["reason"], "key");
    // Whom the command line trusts need not be whom the policy wants.
    let verdict = failed(&sandbox, &["--key", "ci-pub.pem"]);
    assert_eq!(verdict["reason"], "policy");
    let detail = verdict["problems"][0]["detail"].as_str().unwrap();
    assert!(
        detail
            .starts_with("the policy demands: the model is signed by release; but it is signed by the key ")
    );
}

#[test]
fn signers_are_known_by_certificate_and_by_the_digest_of_their_key() {
    let sandbox = sandbox();
    certified(&sandbox, "ci");
    good(&attest(&sandbox, "scan", "leaf", &["--cert", "leaf.pem"]));
    let policy = |subject: &str, digest: &str| {
        let text = format!(
            "[signers.ci]\nroot = \"root.pem\"\n{subject}\n[signers.release]\nkey-sha256 = \"{digest}\"\n\
             [model]\nsigned-by = [\"release\", \"ci\"]\n[[require]]\ntype = \"scan\"\nsigned-by = [\"ci\"]\n"
        );
        sandbox.put("policy.toml", text.as_bytes());
    };
    let release = digest_of(&sandbox, "release-pub.pem");
    for subject in ["", "subject = \"CN=ci\""] {
        policy(subject, &release);
        good(&verify(&sandbox, &["--key", "release-pub.pem"]));
    }
    policy("subject = \"CN=board\"", &release);
    let verdict = failed(&sandbox, &["--key", "release-pub.pem"]);
    let demands = verdict["policy"]["demands"].to_string();
    assert!(demands.contains("signed by nobody whom the policy knows"), "{demands}");
    assert_eq!(verdict["policy"]["demands"][0]["by"], "release");
    policy("", &digest_of(&sandbox, "board-pub.pem"));
    let unknown = verify(&sandbox, &["--key", "release-pub.pem"]);
    assert!(
        unknown.code == 2 && unknown.stderr.contains("by the digest of a key alone"),
        "{}",
        unknown.stderr
    );
    let root = ["verify-attestation", "model", "--root", "root.pem"];
    let shown = sandbox.run(&root);
    good(&shown);
    assert!(shown.stdout.contains("signed by  CN=ci, certified by CN=root\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("note       the certificate of `CN=ci` has expired"), "{}", shown.stdout);
}

#[test]
fn the_report_of_a_scan_is_attested_when_it_is_about_this_model() {
    let sandbox = sandbox();
    let scan = ["scan", "model", "--no-ignore", "--format", "json", "--output", "report.json"];
    assert_eq!(sandbox.run(&scan).code, 0);
    let made = attest(&sandbox, "scan", "ci", &["--predicate", "report.json"]);
    good(&made);
    assert!(made.stdout.contains("scan: clean, by rules 20"), "{}", made.stdout);
    sandbox.put("model/config.json", b"[]");
    let stale = attest(&sandbox, "scan", "ci", &["--predicate", "report.json"]);
    assert_eq!((stale.code, stale.stdout.as_str()), (2, ""));
    assert_eq!(
        stale.stderr,
        "error: report.json: the report is not about this model as it is now: it does not cover config.json; scan again \
         with --no-ignore\n"
    );
    let bare = ["scan", "model", "--no-digest", "--format", "json", "--output", "report.json"];
    sandbox.run(&bare);
    let bare = attest(&sandbox, "scan", "ci", &["--predicate", "report.json"]);
    assert!(bare.code == 2 && bare.stderr.contains("scan without --no-digest"), "{}", bare.stderr);
}

#[test]
fn every_type_is_attested_verified_and_told_apart() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run(&["bom", "model", "--output", "bom.json"]).code, 0);
    let slsa = json!({
        "buildDefinition": { "buildType": "https://example.com/train/v1", "externalParameters": { "epochs": 3 } },
        "runDetails": { "builder": { "id": "https://example.com/builder" } },
    });
    let eval = json!({
        "evaluated_at": "2026-11-20T00:00:00Z", "passed": true, "results": [{ "metric": "accuracy", "value": 0.93 }],
    });
    sandbox.put("slsa.json", slsa.to_string().as_bytes());
    sandbox.put("eval.json", eval.to_string().as_bytes());
    for kind in ["bom", "slsa", "eval"] {
        good(&attest(&sandbox, kind, "ci", &["--predicate", &format!("{kind}.json")]));
    }
    good(&attest(&sandbox, "scan", "ci", &[]));
    good(&attest(&sandbox, "approval", "ci", &["--approver", "CI", "--expires-days", "30"]));
    let all = report(&sandbox, &["--key", "ci-pub.pem"]).1;
    let kinds: Vec<&str> =
        all["attestations"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["bom", "slsa", "eval", "scan", "approval"]);
    assert_eq!(all["attestations"][0]["predicate"]["bomFormat"], "CycloneDX");
    assert_eq!(all["attestations"][1]["predicate_type"], "https://slsa.dev/provenance/v1");
    let (code, only) = report(&sandbox, &["--key", "ci-pub.pem", "--type", "eval"]);
    assert_eq!((code, only["attestations"].as_array().unwrap().len()), (0, 1));
    let shown = sandbox.run(&["verify-attestation", "model", "--key", "ci-pub.pem"]);
    good(&shown);
    assert!(shown.stdout.contains("says       evaluation: passed, 1 result, on 2026-11-20T00:00:00Z\n"));
    assert!(shown.stdout.contains("says       built by https://example.com/builder\n"), "{}", shown.stdout);
    let schema = sandbox.run(&["schema", "attestations"]).json();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&all));

    let policy = "[signers.ci]\nkey = \"ci-pub.pem\"\n[model]\nsigned-by = [\"release\"]\n\
                  [signers.release]\nkey = \"release-pub.pem\"\n";
    let demands: String = ["bom", "slsa", "eval", "scan", "approval"]
        .iter()
        .map(|kind| format!("[[require]]\ntype = \"{kind}\"\nsigned-by = [\"ci\"]\n"))
        .collect();
    sandbox.put(
        "policy.toml",
        format!("{policy}{demands}").replace("\"eval\"\n", "\"eval\"\npassed = true\n").as_bytes(),
    );
    good(&verify(&sandbox, &[]));
}

#[test]
fn bare_dsse_envelopes_are_read_one_in_a_file_or_on_each_line() {
    let sandbox = attested();
    let envelopes: Vec<String> = sandbox
        .text("model.attestations.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["dsseEnvelope"].to_string())
        .collect();
    sandbox.put("model.attestations.jsonl", envelopes.join("\n").as_bytes());
    good(&verify(&sandbox, &[]));
    let one: Value = serde_json::from_str(&envelopes[0]).unwrap();
    sandbox.put("one.json", serde_json::to_string_pretty(&one).unwrap().as_bytes());
    let (code, report) = report(&sandbox, &["--key", "ci-pub.pem", "--attestation", "one.json"]);
    assert_eq!((code, &report["attestations"][0]["notes"]), (0, &json!([])), "{report}");
}

#[test]
fn hostile_attestations_fail_with_a_reason_and_nothing_else_happens() {
    let sandbox = attested();
    let text = sandbox.text("model.attestations.jsonl");
    let bundle: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let envelope = &bundle["dsseEnvelope"];
    let changed = |pointer: &str, to: Value| {
        let mut bundle = bundle.clone();
        *bundle.pointer_mut(pointer).unwrap() = to;
        bundle.to_string()
    };
    let signatures = |count: usize| {
        let mut envelope = envelope.clone();
        envelope["signatures"] = Value::Array(vec![envelope["signatures"][0].clone(); count]);
        envelope.to_string()
    };
    let payload = envelope["payload"].as_str().unwrap();
    let doubled = envelope.to_string().replacen('{', "{\"payload\":\"e30=\",", 1);
    let deep = format!("{{\"mediaType\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: [(&str, String, &str); 14] = [
        ("nothing", String::new(), "format"),
        ("NUL", "\0\0".to_owned(), "format"),
        ("no object", "[1]".to_owned(), "format"),
        ("neither", "{}".to_owned(), "format"),
        ("cut", text[..400].to_owned(), "format"),
        ("deep", deep, "format"),
        ("no signature", signatures(0), "format"),
        ("many signatures", signatures(17), "format"),
        ("a field twice", doubled, "format"),
        ("no statement", changed("/dsseEnvelope/payloadType", json!("text/plain")), "signature"),
        ("an edited payload", changed("/dsseEnvelope/payload", json!(format!("AAAA{payload}"))), "signature"),
        ("another signature", changed("/dsseEnvelope/signatures/0/sig", json!("MAYCAQECAQE=")), "signature"),
        ("no base64", changed("/dsseEnvelope/payload", json!("!")), "format"),
        ("the model's signature", sandbox.text("model.sig"), "key"),
    ];
    for (what, text, reason) in cases {
        sandbox.put("hostile.json", text.as_bytes());
        let (code, report) = report(&sandbox, &["--key", "ci-pub.pem", "--attestation", "hostile.json"]);
        let one = &report["attestations"][0];
        assert_eq!((code, &one["reason"]), (1, &reason.into()), "{what}: {report}");
        let verdict = failed(&sandbox, &["--attestation", "hostile.json"]);
        assert_eq!(verdict["reason"], "policy", "{what}");
    }
    let huge = fs::File::create(sandbox.path("hostile.json")).unwrap();
    huge.set_len((64 << 20) + 1).unwrap();
    let (code, report) = report(&sandbox, &["--key", "ci-pub.pem", "--attestation", "hostile.json"]);
    let detail = report["attestations"][0]["problem"]["detail"].as_str().unwrap();
    assert_eq!((code, detail), (1, "it is larger than 67108864 bytes"));
}

#[test]
fn a_signed_statement_that_is_no_attestation_is_refused() {
    let sandbox = sandbox();
    // The model's own signature is a statement about the root digest, and says nothing of the kinds known here.
    let (code, report) = report(&sandbox, &["--key", "release-pub.pem", "--attestation", "model.sig"]);
    assert_eq!((code, &report["attestations"][0]["type"]), (0, &Value::Null), "{report}");
    let only = ["--key", "release-pub.pem", "--attestation", "model.sig", "--type", "scan"];
    let outcome = sandbox.run(&[&["verify-attestation", "model", "--format", "json"], &only[..]].concat());
    assert_eq!((outcome.code, &outcome.json()["status"]), (1, &"failed".into()));
    for (predicate, expected) in [
        ("{}", "the predicate is no scan predicate: missing field `verdict`"),
        ("[", "EOF while parsing"),
        ("{\"verdict\": \"malicious\", \"verdict\": \"clean\"}", "duplicate field `verdict`"),
        ("{\"verdict\": \"clean\"", "EOF while parsing"),
        (&scan_of("yesterday", "clean"), "no time as RFC 3339 has it"),
        (&scan_of("2026-01-01T00:00:00Z", "fine"), "unknown variant `fine`"),
    ] {
        sandbox.put("scan.json", predicate.as_bytes());
        let outcome = attest(&sandbox, "scan", "ci", &["--predicate", "scan.json"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
        assert!(
            outcome.stderr.contains("scan.json: ") && outcome.stderr.contains(expected),
            "{}",
            outcome.stderr
        );
    }
    assert!(!sandbox.path("model.attestations.jsonl").exists());
}

#[test]
fn a_pipe_in_the_place_of_attestations_is_not_waited_for() {
    let sandbox = sandbox();
    let pipe = sandbox.path("model.attestations.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let scan = attest(&sandbox, "scan", "ci", &[]);
    assert_eq!((scan.code, scan.stderr.as_str()), (2, "error: model.attestations.jsonl: it is no file\n"));
    assert!(missing(&sandbox).contains("there is no scan attestation"));
    let alone = sandbox.run(&["verify-attestation", "model", "--key", "ci-pub.pem"]);
    assert_eq!((alone.code, alone.stdout.as_str()), (2, ""));
}

#[test]
fn usage_errors_exit_with_2_and_say_what_to_do() {
    let sandbox = attested();
    sandbox.put("open.toml", POLICY.replace("signed-by = [\"release\"]", "").as_bytes());
    sandbox.put("typo.toml", POLICY.replace("\"board\"", "\"bored\"").as_bytes());
    sandbox.put("key.toml", POLICY.replace("ci-pub.pem", "gone.pem").as_bytes());
    sandbox.put("broken.toml", b"[signers");
    let key = "ci-key.pem";
    for (arguments, expected) in [
        (
            &["attest", "model", "--type", "bom", "--key", key][..],
            "`bartizan bom MODEL --output bom.json` writes one",
        ),
        (&["attest", "model", "--type", "approval", "--key", key], "an approval needs --approver NAME"),
        (&["attest", "model", "--type", "slsa", "--key", key], "needs --predicate FILE"),
        (&["attest", "model", "--type", "scan", "--key", key, "--approver", "me"], "say --type approval"),
        (&["attest", "model", "--type", "guess", "--key", key], "invalid value 'guess'"),
        (&["attest", "model", "--type", "scan"], "--key"),
        (&["attest", "gone", "--type", "scan", "--key", key], "gone"),
        (
            &["attest", "model", "--type", "scan", "--key", key, "--output", "model/scan.json"],
            "would lie in the model",
        ),
        (&["verify-attestation", "policy.toml", "--key", "ci-pub.pem"], "no attestations beside the model"),
        (&["verify-attestation", "model"], "required"),
        (
            &["verify-attestation", "model", "--key", "ci-pub.pem", "--attestation", "gone"],
            "no such file: gone",
        ),
        (
            &["verify", "model", "--signature", "model.sig", "--policy", "open.toml"],
            "add signed-by to its [model]",
        ),
        (
            &["verify", "model", "--signature", "model.sig", "--policy", "typo.toml"],
            "typo.toml: line 23: the signer \"bored\"",
        ),
        (&["verify", "model", "--signature", "model.sig", "--policy", "key.toml"], "no such file: gone.pem"),
        (
            &["verify", "model", "--signature", "model.sig", "--policy", "broken.toml"],
            "broken.toml: line 1: ",
        ),
        (
            &["verify", "model", "--signature", "model.sig", "--policy", "gone.toml"],
            "no such file: gone.toml",
        ),
        (
            &["verify", "model", "--signature", "model.sig", "--key", "ci-pub.pem", "--deny", "policy.toml"],
            "policy.toml: line ",
        ),
        (
            &["verify", "model", "--signature", "model.sig", "--key", "ci-pub.pem", "--attestation", "x"],
            "--policy",
        ),
    ] {
        let outcome = sandbox.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(expected), "{arguments:?}: {}", outcome.stderr);
    }
    good(&verify(&sandbox, &[]));
}
