//! Keyless signatures, made against a double of Sigstore on loopback and judged offline.

#![cfg(feature = "keyless")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

#[allow(dead_code, reason = "other tests use the rest of the double")]
#[path = "sigstore/mod.rs"]
mod sigstore;
#[path = "sigstore/tamper.rs"]
mod tamper;

use std::path::Path;

use bartizan_engine::{
    keyless::{Endpoints, Expectation, Expected, SignError, TrustRoot, sign, verify},
    signing::Reason,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use sigstore::Sigstore;

const WHO: &str = "ada@example.com";
const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"model","digest":{"sha256":"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}}],"predicateType":"https://model_signing/signature/v1.0","predicate":{}}"#;

fn endpoints(sigstore: &Sigstore) -> Endpoints {
    Endpoints { fulcio: sigstore.url.clone(), rekor: sigstore.url.clone(), timestamps: None }
}

fn root(sigstore: &Sigstore) -> TrustRoot {
    TrustRoot::parse(sigstore.trusted_root().to_string().as_bytes(), Path::new("root")).unwrap()
}

fn expected(sigstore: &Sigstore) -> Expectation {
    exactly(WHO, &sigstore.url)
}

fn exactly(identity: &str, issuer: &str) -> Expectation {
    Expectation {
        identity: Expected::Exactly(identity.to_owned()),
        issuer: Expected::Exactly(issuer.to_owned()),
    }
}

/// A double, and a bundle that was signed with it.
fn signed() -> (Sigstore, Value) {
    let sigstore = Sigstore::start();
    let bundle = sign(STATEMENT.as_bytes(), &endpoints(&sigstore), &sigstore.token(WHO)).unwrap();
    (sigstore, serde_json::from_str(&bundle).unwrap())
}

#[test]
fn what_was_signed_keyless_verifies_without_network() {
    let (sigstore, bundle) = signed();
    assert_eq!(sigstore.requests(), ["POST /api/v2/signingCert", "POST /api/v1/log/entries"]);
    let verified = verify(bundle.to_string().as_bytes(), &root(&sigstore), &expected(&sigstore)).unwrap();
    assert_eq!(verified.payload, STATEMENT.as_bytes());
    assert_eq!(verified.signer.identity.as_deref(), Some(WHO));
    assert_eq!(verified.signer.issuer.as_ref(), Some(&sigstore.url));
    assert!(verified.signer.signed_at.is_some());
    assert_eq!(sigstore.requests().len(), 2, "verification asks nobody");
}

#[test]
fn another_identity_or_issuer_fails() {
    let (sigstore, bundle) = signed();
    let (bundle, root, issuer) = (bundle.to_string(), root(&sigstore), sigstore.url.as_str());
    for (identity, issuer) in [
        ("mallory@example.com", issuer),
        ("ada@example.co", issuer),
        ("ADA@example.com", issuer),
        ("", issuer),
        (WHO, "https://accounts.example.com"),
        (WHO, ""),
    ] {
        let expected = exactly(identity, issuer);
        let rejected = verify(bundle.as_bytes(), &root, &expected).unwrap_err();
        assert_eq!(rejected.kind, Reason::Identity, "{identity} {issuer}: {rejected:?}");
    }
}

#[test]
fn patterns_are_for_the_whole_identity_and_issuer() {
    let (sigstore, bundle) = signed();
    let (bundle, root) = (bundle.to_string(), root(&sigstore));
    let reason = |identity: &str, issuer: &str| {
        let (identity, issuer) = (Expected::matching(identity).unwrap(), Expected::matching(issuer).unwrap());
        verify(bundle.as_bytes(), &root, &Expectation { identity, issuer })
            .map_err(|problem| problem.kind)
            .err()
    };
    let issuer = r"http://127\.0\.0\.1:\d+";
    assert_eq!(reason(r"[a-z]+@example\.com", issuer), None);
    for identity in ["ada", r"da@example\.com", r"[a-z]+@example\.co", r"ada@examplex\.com"] {
        assert_eq!(reason(identity, issuer), Some(Reason::Identity), "{identity}");
    }
    assert_eq!(reason(".*", r"https://.*"), Some(Reason::Identity));
}

#[test]
fn another_root_does_not_accept_it() {
    let (sigstore, bundle) = signed();
    let other = root(&Sigstore::start());
    let shipped = TrustRoot::shipped().unwrap();
    for root in [other, shipped] {
        let rejected = verify(bundle.to_string().as_bytes(), &root, &expected(&sigstore)).unwrap_err();
        assert!(matches!(rejected.kind, Reason::Chain | Reason::Signature), "{rejected:?}");
    }
}

#[test]
fn whatever_is_changed_in_a_bundle_fails() {
    let (sigstore, bundle) = signed();
    let (root, expected) = (root(&sigstore), expected(&sigstore));
    for (what, changed) in tamper::all(&bundle) {
        let rejected = verify(changed.to_string().as_bytes(), &root, &expected);
        assert!(rejected.is_err(), "{what} was accepted");
    }
}

#[test]
fn a_timestamp_is_kept_and_has_to_be_of_the_signature() {
    let sigstore = Sigstore::start();
    let stamped = |statement: &str| {
        let timestamps = Some(format!("{}/timestamp", sigstore.url));
        let endpoints = Endpoints { timestamps, ..endpoints(&sigstore) };
        let bundle = sign(statement.as_bytes(), &endpoints, &sigstore.token(WHO)).unwrap();
        serde_json::from_str::<Value>(&bundle).unwrap()
    };
    let bundle = stamped(STATEMENT);
    assert!(sigstore.requests().contains(&"POST /timestamp".to_owned()));
    let (root, expected) = (root(&sigstore), expected(&sigstore));
    let verified = verify(bundle.to_string().as_bytes(), &root, &expected).unwrap();
    assert!(verified.signer.signed_at.is_some());
    let stamps = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps";
    assert_eq!(bundle.pointer(stamps).unwrap().as_array().unwrap().len(), 1);
    // The stamp of another signature.
    let mut moved = bundle.clone();
    *moved.pointer_mut(stamps).unwrap() =
        stamped(&STATEMENT.replace("model\"", "other\"")).pointer(stamps).unwrap().clone();
    let rejected = verify(moved.to_string().as_bytes(), &root, &expected).unwrap_err();
    assert_eq!(rejected.kind, Reason::Signature, "{rejected:?}");
    // By an authority that is not trusted.
    let other = Sigstore::start().trusted_root();
    let mut foreign = sigstore.trusted_root();
    foreign["timestampAuthorities"] = other["timestampAuthorities"].clone();
    let foreign = TrustRoot::parse(foreign.to_string().as_bytes(), Path::new("root")).unwrap();
    assert!(verify(bundle.to_string().as_bytes(), &foreign, &expected).is_err());
}

#[test]
fn a_client_trust_configuration_serves_as_root() {
    let (sigstore, bundle) = signed();
    let configuration = sigstore.trust_configuration().to_string();
    let root = TrustRoot::parse(configuration.as_bytes(), Path::new("configuration")).unwrap();
    verify(bundle.to_string().as_bytes(), &root, &expected(&sigstore)).unwrap();
}

#[test]
fn what_is_no_root_is_refused_with_its_name() {
    let deep = format!(r#"{{"trustedRoot":{}{}}}"#, "[".repeat(60), "]".repeat(60));
    let none =
        json!({ "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1" }).to_string();
    for text in ["", "{", "[]", "{}", "\u{0}", &deep, &none] {
        let error = TrustRoot::parse(text.as_bytes(), Path::new("roots/mine.json")).unwrap_err();
        assert!(error.to_string().contains("roots/mine.json"), "{error}");
    }
}

#[test]
fn an_expired_or_foreign_token_signs_nothing() {
    let (sigstore, other) = (Sigstore::start(), Sigstore::start());
    for token in [sigstore.token_until(WHO, 1_600_000_000), other.token(WHO)] {
        let error = sign(STATEMENT.as_bytes(), &endpoints(&sigstore), &token).unwrap_err();
        assert!(matches!(error, SignError::Service(_)), "{error}");
        assert!(!error.to_string().contains(&token), "the token leaks: {error}");
    }
    assert!(!sigstore.requests().contains(&"POST /api/v1/log/entries".to_owned()));
}

#[test]
fn a_service_that_quotes_the_token_does_not_make_us_print_it() {
    let sigstore = Sigstore::start();
    let token = sigstore.token(WHO);
    sigstore.let_fulcio_say(500, format!("cannot read {token}"));
    let error = sign(STATEMENT.as_bytes(), &endpoints(&sigstore), &token).unwrap_err().to_string();
    assert!(error.contains("cannot read [token]") && !error.contains(&token), "{error}");
}

#[test]
fn tokens_that_are_none_are_refused_before_anything_is_sent() {
    let sigstore = Sigstore::start();
    for token in ["", "a.b", "a.b.c", "..", "\u{0}.\u{0}.\u{0}", "e30.e30.e30"] {
        let error = sign(STATEMENT.as_bytes(), &endpoints(&sigstore), token).unwrap_err();
        assert!(matches!(error, SignError::Token(_)), "{error}");
    }
    assert!(sigstore.requests().is_empty());
}

#[test]
fn a_token_leaves_this_machine_encrypted_only() {
    let token = Sigstore::start().token(WHO);
    for url in ["http://fulcio.example.com", "http://10.0.0.1", "ftp://localhost", "fulcio", "file:///tmp"] {
        let local = "http://127.0.0.1:1".to_owned();
        let endpoints = Endpoints { fulcio: url.to_owned(), rekor: local, timestamps: None };
        let error = sign(STATEMENT.as_bytes(), &endpoints, &token).unwrap_err();
        assert!(matches!(error, SignError::Endpoint(_)), "{url}: {error}");
    }
}

#[test]
fn damaged_bundles_are_rejected_and_never_panic() {
    let (sigstore, bundle) = signed();
    let (root, expected) = (root(&sigstore), expected(&sigstore));
    let text = bundle.to_string().into_bytes();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(256));
    let damage = (0..text.len(), any::<u8>(), 0..3u8);
    let result = runner.run(&damage, |(at, byte, kind)| {
        let mut damaged = text.clone();
        match kind {
            0 => damaged.truncate(at),
            1 => damaged[at] = byte,
            _ => damaged.insert(at, byte),
        }
        // Whitespace and unused fields may differ; what was signed may not.
        if let Ok(verified) = verify(&damaged, &root, &expected) {
            prop_assert_eq!(verified.payload, STATEMENT.as_bytes());
        }
        Ok(())
    });
    result.unwrap();
}
