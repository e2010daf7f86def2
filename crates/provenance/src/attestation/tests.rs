use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::oms::{Signer, SignerKind};

const ROOT: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
const OTHER: &str = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9";
const KEY: &str = "baa5a0964d3320fbc0c6a922140453c8513ea24ab8fd0577034804a967248096";
/// 2026-03-01T00:00:00Z.
const NOW: i64 = 1_772_323_200;
const SCAN_POLICY: &str = r#"
[signers.ci]
key = "ci.pem"

[[require]]
type = "scan"
signed-by = ["ci"]
max-age-days = 30
verdict = "clean"
min-rules-version = "2026.2.1"
"#;

fn scan(at: &str, verdict: &str) -> Value {
    json!({
        "verdict": verdict, "rules_version": "2026.2.10", "scanned_at": at,
        "findings": { "critical": 0, "high": 0, "medium": 0, "low": 1, "info": 2 },
        "tool": { "name": "bartizan", "version": "0.1.0" },
    })
}

fn approval(decision: &str, at: &str) -> Value {
    json!({ "decision": decision, "approver": "Model Board", "approved_at": at })
}

fn signer() -> Signer {
    Signer {
        kind: SignerKind::Key,
        key_sha256: Some(KEY.to_owned()),
        subject: None,
        identity: None,
        issuer: None,
        signed_at: None,
    }
}

fn attested(source: &str, names: &[&str], kind: Kind, predicate: Value) -> Attested {
    Attested {
        source: source.to_owned(),
        signers: vec![signer()],
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        statement: Statement::about("model", ROOT, kind, predicate).unwrap(),
    }
}

fn judged(policy: &str, attestations: &[Attested]) -> Judgement {
    let signer = signer();
    let model = ModelSignature {
        signer: &signer,
        names: BTreeSet::from(["release".to_owned()]),
        root_digest: ROOT,
        digests: BTreeSet::from([OTHER.to_owned()]),
    };
    judge(&Policy::parse(policy).unwrap(), &model, attestations, NOW)
}

fn reasons(judgement: &Judgement) -> String {
    let each = |unmet: &Demand| format!("{} <- {}", unmet.demand, unmet.reasons.join(" | "));
    judgement.unmet().map(each).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_clean_recent_scan_by_the_right_signer_meets_the_demand() {
    let judgement = judged(
        SCAN_POLICY,
        &[attested("scan.json", &["ci"], Kind::Scan, scan("2026-02-20T00:00:00Z", "clean"))],
    );
    assert_eq!(reasons(&judgement), "");
    assert!(judgement.met);
    assert_eq!(judgement.demands.len(), 1);
    assert_eq!(judgement.demands[0].by.as_deref(), Some("scan.json"));
}

#[test]
fn every_unmet_demand_is_named_with_its_reason() {
    let cases: [(&str, Vec<Attested>, &str); 8] = [
        ("none", vec![], "there is no scan attestation"),
        (
            "old",
            vec![attested("a", &["ci"], Kind::Scan, scan("2026-01-01T00:00:00Z", "clean"))],
            "a: it is 59 days old, more than 30",
        ),
        (
            "future",
            vec![attested("a", &["ci"], Kind::Scan, scan("2026-03-02T00:00:00Z", "clean"))],
            "a: it is dated in the future",
        ),
        (
            "suspicious",
            vec![attested("a", &["ci"], Kind::Scan, scan("2026-02-20T00:00:00Z", "suspicious"))],
            "a: its verdict is suspicious, not clean",
        ),
        (
            "by somebody else",
            vec![attested("a", &[], Kind::Scan, scan("2026-02-20T00:00:00Z", "clean"))],
            "a: it is signed by nobody whom the policy knows, not by ci",
        ),
        (
            "of another kind",
            vec![attested("a", &["ci"], Kind::Approval, approval("approved", "2026-02-20T00:00:00Z"))],
            "there is no scan attestation",
        ),
        (
            "old rules",
            vec![{
                let mut predicate = scan("2026-02-20T00:00:00Z", "clean");
                predicate["rules_version"] = json!("2026.1.31");
                attested("a", &["ci"], Kind::Scan, predicate)
            }],
            "a: its rules are of version 2026.1.31, before 2026.2.1",
        ),
        (
            "about another model",
            vec![{
                let mut about = attested("a", &["ci"], Kind::Scan, scan("2026-02-20T00:00:00Z", "clean"));
                about.statement =
                    Statement::about("m", OTHER, Kind::Scan, about.statement.predicate.clone()).unwrap();
                about
            }],
            "a: it is not about this model",
        ),
    ];
    for (what, attestations, expected) in cases {
        let judgement = judged(SCAN_POLICY, &attestations);
        assert!(!judgement.met, "{what}");
        let text = reasons(&judgement);
        assert!(text.contains(expected), "{what}: {text}");
        assert!(text.starts_with("a scan attestation signed by ci, at most 30 days old, with verdict clean"));
    }
}

#[test]
fn the_newest_word_counts() {
    let clean = || attested("clean", &["ci"], Kind::Scan, scan("2026-02-20T00:00:00Z", "clean"));
    let bad = |at| attested("bad", &["ci"], Kind::Scan, scan(at, "malicious"));
    assert!(!judged(SCAN_POLICY, &[clean(), bad("2026-02-21T00:00:00Z")]).met);
    assert!(!judged(SCAN_POLICY, &[bad("2026-02-21T00:00:00Z"), clean()]).met);
    assert!(!judged(SCAN_POLICY, &[clean(), bad("2026-02-20T00:00:00Z")]).met, "the worse of two at once");
    assert!(judged(SCAN_POLICY, &[clean(), bad("2026-02-19T00:00:00Z")]).met);
    // What strangers say does not count, be it good or bad.
    let mut stranger = bad("2026-02-28T00:00:00Z");
    stranger.names.clear();
    assert!(judged(SCAN_POLICY, &[stranger, clean()]).met);
}

#[test]
fn deny_lists_revoke_keys_identities_digests_and_what_revoked_keys_attest() {
    let scan = attested("scan", &["ci"], Kind::Scan, scan("2026-02-20T00:00:00Z", "clean"));
    for (list, expected) in [
        (format!("keys = [\"{KEY}\"]"), "the key"),
        (format!("keys = [\"sha256:{}\"]", KEY.to_uppercase()), "the key"),
        (format!("digests = [\"{ROOT}\"]"), "the root digest"),
        (format!("digests = [\"{OTHER}\"]"), "the model holds a file"),
    ] {
        let judgement = judged(&format!("{SCAN_POLICY}\n[deny]\n{list}"), std::slice::from_ref(&scan));
        assert!(!judgement.met, "{list}");
        assert!(reasons(&judgement).contains(expected), "{list}: {}", reasons(&judgement));
    }
    let keys = format!("{SCAN_POLICY}\n[deny]\nkeys = [\"{KEY}\"]");
    assert_eq!(judged(&keys, std::slice::from_ref(&scan)).unmet().count(), 2, "the scan is void, too");
    let mut keyless = scan;
    keyless.signers.push(Signer {
        kind: SignerKind::Keyless,
        key_sha256: None,
        subject: None,
        identity: Some("eve@example.com".to_owned()),
        issuer: Some("https://accounts.example.com".to_owned()),
        signed_at: None,
    });
    let identities = format!("{SCAN_POLICY}\n[deny]\nidentities = [\"eve@example.com\"]");
    assert!(!judged(&identities, &[keyless]).met);
}

#[test]
fn deny_lists_are_files_of_their_own_that_hold_nothing_else() {
    let deny = Deny::parse(&format!("[deny]\nkeys = [\"{KEY}\"]\ndigests = [\"{OTHER}\"]")).unwrap();
    let mut policy = Policy::parse(SCAN_POLICY).unwrap();
    assert!(policy.deny.is_empty());
    policy.deny.extend(deny.clone());
    policy.deny.extend(Deny::parse(&format!("[deny]\nkeys = [\"{ROOT}\"]")).unwrap());
    assert_eq!(
        (policy.deny.keys.as_slice(), policy.deny.digests),
        ([KEY.to_owned(), ROOT.to_owned()].as_slice(), deny.digests)
    );
    let error = Deny::parse("[signers.ci]\nkey = \"ci.pem\"\n[deny]\nkeys = []").unwrap_err();
    assert!(error.reason.contains("unknown field `signers`"), "{error}");
    assert!(Deny::parse("[deny]").unwrap().is_empty());
    for text in ["", "[deny]\nkeys = [\"12\"]", "[deny]\nkey = []"] {
        assert!(Deny::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_model_itself_must_be_signed_by_whom_the_policy_names() {
    let policy = |name| {
        format!(
            "[signers.release]\nkey = \"r.pem\"\n[signers.ci]\nkey = \"c.pem\"\n[model]\nsigned-by = [\"{name}\"]"
        )
    };
    assert!(judged(&policy("release"), &[]).met);
    let judgement = judged(&policy("ci"), &[]);
    assert_eq!(reasons(&judgement), format!("the model is signed by ci <- it is signed by the key {KEY}"));
}

#[test]
fn rejections_and_expired_approvals_approve_nothing() {
    let policy =
        "[signers.board]\nkey = \"b.pem\"\n[[require]]\ntype = \"approval\"\nsigned-by = [\"board\"]";
    let with = |predicate| judged(policy, &[attested("a", &["board"], Kind::Approval, predicate)]);
    assert!(with(approval("approved", "2026-02-20T00:00:00Z")).met);
    assert!(!with(approval("rejected", "2026-02-20T00:00:00Z")).met);
    let mut expired = approval("approved", "2026-01-20T00:00:00Z");
    expired["expires_at"] = json!("2026-02-28T00:00:00Z");
    assert!(reasons(&with(expired)).contains("expired"));
}

#[test]
fn what_policies_say_wrongly_is_named_with_its_line() {
    let signer = "[signers.ci]\nkey = \"ci.pem\"\n";
    for (text, line, expected) in [
        ("", 1, "demands nothing"),
        ("[signers.ci]\nkey = \"ci.pem\"", 1, "demands nothing"),
        ("x = 1", 1, "unknown field"),
        ("[[require]]\ntype = \"scan\"\nsigned-by = [\"ci\"]", 3, "\"ci\" is not defined"),
        ("[signers.ci]\nkey = \"a\"\nidentity = \"b\"", 1, "a signer is one of"),
        ("[signers.ci]\nidentity = \"b\"", 1, "a signer is one of"),
        ("[signers.ci]\nkey-sha256 = \"12\"", 1, "64 hexadecimal digits"),
        ("[deny]\n\ndigests = [\"12\"]", 3, "64 hexadecimal digits"),
        (&format!("{signer}[[require]]\ntype = \"skan\"\nsigned-by = [\"ci\"]"), 4, "unknown variant"),
        (
            &format!("{signer}[[require]]\ntype = \"bom\"\nsigned-by = [\"ci\"]\nverdict = \"clean\""),
            6,
            "scan",
        ),
        (&format!("{signer}[[require]]\ntype = \"bom\"\nsigned-by = []"), 5, "nobody could satisfy"),
        (
            &format!(
                "{signer}[[require]]\ntype = \"scan\"\nsigned-by = [\"ci\"]\nmin-rules-version = \"new\""
            ),
            6,
            "numbers between dots",
        ),
        (&format!("{signer}[[require]]\ntype = \"scan\"\nsigned-by = [\"ci\"]\nmax-age-days = -1"), 6, "-1"),
    ] {
        let error = Policy::parse(text).unwrap_err();
        assert!(error.reason.contains(expected), "{text}\n{error}");
        assert_eq!(error.line, line, "{text}\n{error}");
    }
}

#[test]
fn predicates_are_checked_for_their_kind() {
    let slsa = json!({
        "buildDefinition": { "buildType": "https://example.com/train/v1", "externalParameters": {} },
        "runDetails": { "builder": { "id": "https://example.com/builder" } },
    });
    let cyclonedx = json!({ "bomFormat": "CycloneDX", "specVersion": "1.7" });
    let spdx = json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [] });
    let eval = json!({
        "evaluated_at": "2026-02-20T00:00:00Z", "passed": true,
        "results": [{ "metric": "accuracy", "value": 0.93, "dataset": "imdb" }],
    });
    for (kind, predicate, predicate_type) in [
        (Kind::Slsa, &slsa, "https://slsa.dev/provenance/v1"),
        (Kind::Bom, &cyclonedx, "https://cyclonedx.org/bom"),
        (Kind::Bom, &spdx, "https://spdx.dev/Document"),
        (Kind::Eval, &eval, Kind::Eval.predicate_types()[0]),
    ] {
        let statement = Statement::about("model", ROOT, kind, predicate.clone()).unwrap();
        assert_eq!((statement.predicate_type.as_str(), statement.kind()), (predicate_type, Some(kind)));
        assert_eq!(Statement::parse(&statement.to_json().unwrap()).unwrap(), statement);
        for wrong in [json!({}), json!([]), json!(null), json!("text"), json!(1)] {
            assert!(Statement::about("model", ROOT, kind, wrong.clone()).is_err(), "{kind}: {wrong}");
        }
    }
    assert_eq!(Kind::of_type("https://cyclonedx.org/bom/v1.6"), Some(Kind::Bom));
    assert_eq!(Kind::of_type("https://slsa.dev/provenance/v1.9"), None);
    let mut contradictory = scan("2026-02-20T00:00:00Z", "clean");
    contradictory["findings"]["high"] = json!(1);
    assert!(Statement::about("model", ROOT, Kind::Scan, contradictory).is_err());
    assert!(Statement::about("model", ROOT, Kind::Scan, scan("yesterday", "clean")).is_err());
}

#[test]
fn what_is_no_statement_is_refused() {
    let deep = format!(r#"{{"_type":"x","predicate":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let statement = |version: &str, digest: &str| {
        json!({ "_type": version, "subject": [{ "digest": { "sha256": digest } }], "predicateType": "p" })
            .to_string()
    };
    let v1 = "https://in-toto.io/Statement/v1";
    let none = json!({ "_type": v1, "subject": [], "predicateType": "p" }).to_string();
    for text in [
        "",
        "{}",
        "[]",
        "\u{0}",
        &deep,
        &none,
        &statement("v2", ROOT),
        &statement(v1, "00"),
        &statement(v1, &ROOT.to_uppercase()),
    ] {
        assert!(Statement::parse(text.as_bytes()).is_err(), "{}", &text[..text.len().min(80)]);
    }
    let twice =
        statement(v1, ROOT).replacen('{', r#"{"predicate":{"verdict":"malicious","verdict":"clean"},"#, 1);
    assert!(
        Statement::parse(twice.as_bytes()).unwrap_err().to_string().contains("duplicate field `verdict`")
    );
    let unknown = Statement::parse(statement(v1, ROOT).as_bytes()).unwrap();
    assert_eq!(unknown.kind(), None);
    assert!(unknown.is_about(ROOT) && !unknown.is_about(OTHER));
}

proptest! {
    #[test]
    fn statements_of_any_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Statement::parse(&bytes);
    }

    #[test]
    fn statements_survive_writing_and_reading(name in ".{0,40}", approver in "[^\\s].{0,40}", scope in ".{0,40}") {
        let predicate = json!({
            "decision": "approved", "approver": approver, "approved_at": "2026-02-20T00:00:00Z", "scope": scope,
        });
        let statement = Statement::about(&name, ROOT, Kind::Approval, predicate);
        prop_assume!(statement.is_ok());
        let statement = statement.unwrap();
        prop_assert_eq!(Statement::parse(&statement.to_json().unwrap()).unwrap(), statement);
    }

    #[test]
    fn policies_of_any_text_do_not_panic(text in "(\\[|\\]|signers|require|deny|key|=|\"|\n|\\.|ci|type|scan|[a-z0-9 ]){0,60}") {
        if let Err(error) = Policy::parse(&text) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1) + 1);
        }
    }

    #[test]
    fn one_attestation_more_by_a_stranger_changes_nothing(days in 0i64..60, is_clean: bool, at in 0usize..2) {
        let time = jiff::Timestamp::from_second(NOW - days * 86_400).unwrap().to_string();
        let ours = attested("ours", &["ci"], Kind::Scan, scan(&time, if is_clean { "clean" } else { "malicious" }));
        let without = judged(SCAN_POLICY, std::slice::from_ref(&ours)).met;
        let mut all = vec![ours];
        all.insert(at, attested("theirs", &["eve"], Kind::Scan, scan("2026-02-28T00:00:00Z", "clean")));
        prop_assert_eq!(judged(SCAN_POLICY, &all).met, without);
        prop_assert_eq!(without, is_clean && days <= 30);
    }
}
