//! Bundles that a stranger made to be believed.

use serde_json::{Value, json};

use super::{
    tests::{key, manifest},
    *,
};
use crate::{
    dsse::{Envelope, IN_TOTO},
    keys::PrivateKey,
};

/// What verification says of a statement that the right key signed.
fn judged(statement: &Value) -> Problem {
    judge_bytes(&key(), statement.to_string().into_bytes(), IN_TOTO).unwrap_err()
}

fn judge_bytes(key: &PrivateKey, payload: Vec<u8>, kind: &str) -> Result<Manifest, Problem> {
    let envelope = Envelope::sign(payload, kind, key).unwrap();
    let bundle = Bundle { envelope, ..key_bundle(manifest().to_statement().unwrap(), key).unwrap() };
    let bundle = Bundle::parse(bundle.to_json().unwrap().as_bytes())?;
    authenticate(&bundle, &Trust::Key(key.public().unwrap()), 0)?;
    Manifest::parse(&bundle.envelope.payload)
}

fn statement() -> Value {
    serde_json::from_slice(&manifest().to_statement().unwrap()).unwrap()
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut statement = statement();
    change(&mut statement);
    statement
}

#[test]
fn signed_statements_that_must_not_be_believed_are_not() {
    let hash = "00".repeat(32);
    let entry = |name: &str| json!({"name": name, "algorithm": "sha256", "digest": hash});
    let listed = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| entry(name)).collect();
        with(|statement| statement["predicate"]["resources"] = list.into())
    };
    let cases = [
        (with(|it| it["_type"] = "https://in-toto.io/Statement/v0.1".into()), Reason::Format),
        (with(|it| it["predicateType"] = "https://slsa.dev/provenance/v1".into()), Reason::Format),
        (with(|it| it["predicate"]["serialization"]["hash_type"] = "md5".into()), Reason::Format),
        (with(|it| it["predicate"]["serialization"]["method"] = "tensors".into()), Reason::Format),
        (with(|it| it["predicate"]["serialization"] = Value::Null), Reason::Format),
        (with(|it| it["subject"] = json!([])), Reason::Format),
        (with(|it| it["subject"][0]["digest"] = json!({})), Reason::Format),
        (with(|it| it["subject"][0]["digest"]["sha256"] = hash.clone().into()), Reason::Inconsistent),
        (with(|it| it["predicate"]["resources"] = json!([])), Reason::Empty),
        (with(|it| it["predicate"]["resources"] = Value::Null), Reason::Empty),
        (with(|it| it["predicate"]["resources"][0]["digest"] = "00".into()), Reason::Format),
        (with(|it| it["predicate"]["resources"][0]["digest"] = "zz".repeat(32).into()), Reason::Format),
        (with(|it| it["predicate"]["resources"][0]["algorithm"] = "blake3".into()), Reason::Format),
        (listed(&["../../etc/passwd"]), Reason::UnsafePath),
        (listed(&["/etc/passwd"]), Reason::UnsafePath),
        (listed(&["C:\\windows\\x"]), Reason::UnsafePath),
        (listed(&["a\u{0}b"]), Reason::UnsafePath),
        (listed(&["a", "a"]), Reason::Duplicate),
        (listed(&["a/b", "./a//b"]), Reason::Duplicate),
        (listed(&[".", "a"]), Reason::Format),
    ];
    for (statement, reason) in cases {
        let problem = judged(&statement);
        assert_eq!(problem.kind, reason, "{}: {statement}", problem.detail);
    }
}

#[test]
fn shards_that_leave_gaps_or_never_end_are_refused() {
    let hash = "00".repeat(32);
    let sharded = |size: Value, names: &[&str]| {
        let list: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "algorithm": format!("sha256-sharded-{size}"), "digest": hash}))
            .collect();
        with(|statement| {
            let serialization = &mut statement["predicate"]["serialization"];
            serialization["method"] = "shards".into();
            serialization["shard_size"] = size.clone();
            statement["predicate"]["resources"] = list.into();
        })
    };
    for size in [json!(0), json!(0.0), json!(-3), json!(1.5), json!(1e300), Value::Null] {
        assert_eq!(judged(&sharded(size.clone(), &["a:0:1"])).kind, Reason::Format, "{size}");
    }
    let ten = || json!(10);
    for names in [
        &["a:10:20"][..],
        &["a:0:5", "a:10:20"],
        &["a:0:10", "a:20:30"],
        &["a:0:11"],
        &["a:0:0"],
        &["a:5:0"],
        &["a"],
        &["a:0"],
        &["a:0:x"],
        &["a:+0:5"],
        &["a:b:0:5"],
        &["a:0:99999999999999999999"],
        &["a:18446744073709551606:18446744073709551615"],
    ] {
        assert_eq!(judged(&sharded(ten(), names)).kind, Reason::Format, "{names:?}");
    }
    assert_eq!(judged(&sharded(ten(), &["a:0:10", "a:0:10"])).kind, Reason::Duplicate);
    assert_eq!(judged(&sharded(ten(), &["../a:0:10"])).kind, Reason::UnsafePath);
    assert_eq!(
        judged(&sharded(ten(), &["a:0:10", "a:10:12"])).kind,
        Reason::Inconsistent,
        "this list is whole"
    );
}

#[test]
fn a_statement_with_a_field_twice_is_refused_because_readers_would_disagree() {
    let text = String::from_utf8(manifest().to_statement().unwrap()).unwrap();
    let doubled = text.replacen("\"resources\": [", "\"resources\": [],\n    \"resources\": [", 1);
    let problem = judge_bytes(&key(), doubled.into_bytes(), IN_TOTO).unwrap_err();
    assert_eq!(problem.kind, Reason::Format);
    assert!(problem.detail.contains("duplicate field `resources`"), "{}", problem.detail);
}

#[test]
fn fields_that_later_versions_may_add_are_ignored() {
    let statement = with(|it| it["predicate"]["model_card"] = json!({"a": [1]}));
    assert_eq!(judge_bytes(&key(), statement.to_string().into_bytes(), IN_TOTO).unwrap(), manifest());
}

#[test]
fn something_else_than_a_statement_is_not_believed() {
    let payload = manifest().to_statement().unwrap();
    let problem = judge_bytes(&key(), payload, "application/json").unwrap_err();
    assert_eq!(problem.kind, Reason::Signature);
}

#[test]
fn envelopes_that_do_not_have_one_signature_over_their_payload_are_refused() {
    let key = key();
    let trust = Trust::Key(key.public().unwrap());
    let bundle = key_bundle(manifest().to_statement().unwrap(), &key).unwrap();
    let judge = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&bundle.to_json().unwrap()).unwrap();
        change(&mut value);
        Bundle::parse(value.to_string().as_bytes())
            .and_then(|bundle| authenticate(&bundle, &trust, 0).map(|_| ()))
            .map_err(|problem| problem.kind)
    };
    assert_eq!(judge(&|_| ()), Ok(()));
    let signature = serde_json::to_value(&bundle.envelope.signatures[0]).unwrap();
    let twice = json!([signature, signature]);
    type Case<'a> = (&'a dyn Fn(&mut Value), Reason);
    let cases: [Case<'_>; 11] = [
        (&|it| it["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.1+json".into(), Reason::Format),
        (&|it| it["dsseEnvelope"]["signatures"] = json!([]), Reason::Format),
        (&|it| it["dsseEnvelope"]["signatures"] = twice.clone(), Reason::Format),
        (&|it| it["dsseEnvelope"] = Value::Null, Reason::Format),
        (&|it| it["verificationMaterial"] = json!({"tlogEntries": []}), Reason::Format),
        (&|it| it["verificationMaterial"]["certificate"] = json!({"rawBytes": "AA=="}), Reason::Format),
        (&|it| it["verificationMaterial"] = json!({"certificate": {"rawBytes": "AA=="}}), Reason::Key),
        (&|it| it["verificationMaterial"]["publicKey"]["hint"] = "00".repeat(32).into(), Reason::Key),
        (&|it| it["dsseEnvelope"]["payload"] = "e30=".into(), Reason::Signature),
        (&|it| it["dsseEnvelope"]["payloadType"] = "text/plain".into(), Reason::Signature),
        (&|it| it["dsseEnvelope"]["signatures"][0]["sig"] = "MAYCAQECAQE=".into(), Reason::Signature),
    ];
    for (index, (change, reason)) in cases.into_iter().enumerate() {
        assert_eq!(judge(change), Err(reason), "case {index}");
    }
    for bytes in [&b""[..], b"{}", b"[]", b"\0\0\0\0", b"null", b"{\"mediaType\": 1}"] {
        assert_eq!(Bundle::parse(bytes).unwrap_err().kind, Reason::Format);
    }
    for deep in [vec![b'['; 1_000_000], b"{\"a\":".repeat(100)] {
        assert!(Bundle::parse(&deep).unwrap_err().detail.contains("nested more than 64 levels"));
    }
}
