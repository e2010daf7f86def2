use std::{collections::BTreeMap, num::NonZeroU64};

use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, date_time_ymd,
};

use super::*;
use crate::{
    certificates::Certificate,
    digest::{HashAlgorithm, hex, sha256},
    keys::{PrivateKey, PublicKey},
};

pub(super) fn name(text: &str) -> ResourceName {
    ResourceName::parse(text).unwrap()
}

pub(super) fn key() -> PrivateKey {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    PrivateKey::from_pem(pair.serialize_pem().as_bytes(), None).unwrap()
}

pub(super) fn whole(content: &[u8]) -> Vec<Block> {
    vec![Block { start: 0, end: None, digest: sha256(content) }]
}

pub(super) fn files() -> Serialization {
    Serialization {
        algorithm: HashAlgorithm::Sha256,
        method: Method::Files,
        allow_symlinks: false,
        ignore: vec![".git".to_owned()],
    }
}

pub(super) fn manifest() -> Manifest {
    let listed = [("config.json", b"{}"), ("sub/b.txt", b"bb"), ("sub-a.txt", b"aa"), ("ünï 🦀.txt", b"uu")]
        .map(|(path, content)| (name(path), whole(content)));
    Manifest::of("model".to_owned(), files(), listed.into())
}

fn seen(manifest: &Manifest) -> BTreeMap<ResourceName, Observation> {
    let read = |blocks: &Vec<Block>| Observation::Read {
        size: blocks.last().and_then(|block| block.end).unwrap_or(2),
        digests: blocks.iter().map(|block| block.digest.clone()).collect(),
    };
    manifest.files.iter().map(|(name, blocks)| (name.clone(), read(blocks))).collect()
}

#[test]
fn what_a_key_signs_is_authenticated_with_its_public_half_alone() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ECDSA_P521_SHA512] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let key = PrivateKey::from_pem(pair.serialize_pem().as_bytes(), None).unwrap();
        let manifest = manifest();
        let text = key_bundle(manifest.to_statement().unwrap(), &key).unwrap().to_json().unwrap();
        assert!(!text.contains('\n'));
        let bundle = Bundle::parse(text.as_bytes()).unwrap();
        let public = key.public().unwrap();
        let found = authenticate(&bundle, &Trust::Key(public.clone()), 0).unwrap();
        assert_eq!(found.signer.key_sha256, Some(public.hint().unwrap()));
        assert_eq!(found.notes, []);
        assert_eq!(Manifest::parse(&bundle.envelope.payload).unwrap(), manifest);
        let problem =
            authenticate(&bundle, &Trust::Key(super::tests::key().public().unwrap()), 0).unwrap_err();
        assert_eq!(problem.kind, Reason::Key);
        let problem = authenticate(&bundle, &Trust::Roots(vec![]), 0).unwrap_err();
        assert_eq!(problem.kind, Reason::Chain);
        assert!(
            problem.detail.contains("with a key; verify it with its public key (--key)"),
            "{}",
            problem.detail
        );
    }
}

/// A root and a leaf under it, valid in 2025.
fn certified(usage: &[KeyUsagePurpose]) -> (PrivateKey, Certificate, Certificate) {
    let params = |name: &str| {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2025, 1, 1);
        params.not_after = date_time_ymd(2026, 1, 1);
        params
    };
    let mut root = params("root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let mut leaf = params("leaf");
    leaf.key_usages = usage.to_vec();
    let (root_key, leaf_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let above = root.self_signed(&root_key).unwrap();
    let below = leaf.signed_by(&leaf_key, &Issuer::new(root, root_key)).unwrap();
    let key = PrivateKey::from_pem(leaf_key.serialize_pem().as_bytes(), None).unwrap();
    (key, Certificate::from_der(below.der()).unwrap(), Certificate::from_der(above.der()).unwrap())
}

const IN_2025: u64 = 1_750_000_000;
const IN_2027: u64 = 1_800_000_000;

#[test]
fn what_a_certificate_signs_is_authenticated_with_its_root_alone() {
    let (key, leaf, root) = certified(&[KeyUsagePurpose::DigitalSignature]);
    let bundle = certificate_bundle(manifest().to_statement().unwrap(), &key, &leaf, &[]).unwrap();
    let bundle = Bundle::parse(bundle.to_json().unwrap().as_bytes()).unwrap();
    let trust = Trust::Roots(vec![root]);
    let found = authenticate(&bundle, &trust, IN_2025).unwrap();
    assert_eq!(
        (found.signer.subject.as_deref(), found.signer.issuer.as_deref()),
        (Some("CN=leaf"), Some("CN=root"))
    );
    assert_eq!(found.notes, []);
    let late = authenticate(&bundle, &trust, IN_2027).unwrap();
    assert_eq!(late.notes[0].warning, Warning::ExpiredNoTimestamp);
    let (_, _, other) = certified(&[]);
    let problem = authenticate(&bundle, &Trust::Roots(vec![other]), IN_2025).unwrap_err();
    assert_eq!(problem.kind, Reason::Chain);
    let problem = authenticate(&bundle, &Trust::Key(key.public().unwrap()), IN_2025).unwrap_err();
    assert_eq!(problem.kind, Reason::Key);
}

#[test]
fn a_certificate_that_is_not_for_signing_authenticates_nothing() {
    let (key, leaf, root) = certified(&[KeyUsagePurpose::KeyEncipherment]);
    let bundle = certificate_bundle(manifest().to_statement().unwrap(), &key, &leaf, &[]).unwrap();
    let problem = authenticate(&bundle, &Trust::Roots(vec![root]), IN_2025).unwrap_err();
    assert_eq!(problem.kind, Reason::Usage);
    let error =
        certificate_bundle(manifest().to_statement().unwrap(), &super::tests::key(), &leaf, &[]).unwrap_err();
    assert_eq!(error.to_string(), "the certificate is that of another key");
}

#[test]
fn the_root_digest_follows_the_order_of_path_parts() {
    let manifest = manifest();
    let order: Vec<&str> = manifest.files.keys().map(ResourceName::as_str).collect();
    assert_eq!(order, ["config.json", "sub/b.txt", "sub-a.txt", "ünï 🦀.txt"]);
    let digests = [b"{}", b"bb", b"aa", b"uu"].map(|content| sha256(content)).concat();
    assert_eq!(manifest.root_digest, hex(&sha256(&digests)));
    let statement = String::from_utf8(manifest.to_statement().unwrap()).unwrap();
    assert!(statement.is_ascii() && statement.contains(r"\u00fcn\u00ef \ud83e\udd80.txt"), "{statement}");
    assert!(statement.starts_with("{\n  \"_type\": \"https://in-toto.io/Statement/v1\",\n"), "{statement}");
}

#[test]
fn any_order_of_the_list_is_accepted_when_the_root_digest_follows_it() {
    let statement = manifest().to_statement().unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&statement).unwrap();
    let list = value["predicate"]["resources"].as_array_mut().unwrap();
    list.reverse();
    assert_eq!(Manifest::parse(value.to_string().as_bytes()).unwrap_err().kind, Reason::Inconsistent);
    let digests = [b"uu", b"aa", b"bb", b"{}"].map(|content| sha256(content)).concat();
    value["subject"][0]["digest"]["sha256"] = hex(&sha256(&digests)).into();
    assert_eq!(Manifest::parse(value.to_string().as_bytes()).unwrap().files, manifest().files);
}

#[test]
fn every_difference_is_named_the_worst_first() {
    let manifest = manifest();
    assert_eq!(manifest.compare(&seen(&manifest), false), (vec![], vec![]));
    let mut observed = seen(&manifest);
    observed.remove(&name("config.json"));
    observed.insert(name("evil.py"), Observation::Unread { size: 3 });
    observed.insert(name("pipe"), Observation::Refused("it is a named pipe".to_owned()));
    observed.insert(name("sub/b.txt"), Observation::Read { size: 2, digests: vec![sha256(b"bc")] });
    let (problems, unsigned) = manifest.compare(&observed, false);
    let short: Vec<_> =
        problems.iter().map(|problem| (problem.kind, problem.path.as_deref().unwrap())).collect();
    assert_eq!(
        short,
        [
            (Reason::Modified, "sub/b.txt"),
            (Reason::Missing, "config.json"),
            (Reason::Extra, "evil.py"),
            (Reason::Extra, "pipe")
        ]
    );
    assert_eq!(problems[0].expected, Some(format!("sha256:{}", hex(&sha256(b"bb")))));
    assert_eq!(problems[0].actual, Some(format!("sha256:{}", hex(&sha256(b"bc")))));
    assert_eq!(unsigned, [""; 0]);
    let (problems, unsigned) = manifest.compare(&observed, true);
    assert_eq!((problems.len(), unsigned), (2, vec!["evil.py".to_owned(), "pipe".to_owned()]));
}

fn shards() -> Manifest {
    let size = NonZeroU64::new(2).unwrap();
    let blocks = [(0, 2, b"ab".as_slice()), (2, 3, b"c")].map(|(start, end, content)| Block {
        start,
        end: Some(end),
        digest: sha256(content),
    });
    let serialization = Serialization { method: Method::Shards(size), ..files() };
    Manifest::of("model".to_owned(), serialization, [(name("a"), blocks.to_vec())].into())
}

#[test]
fn shards_are_compared_piece_by_piece_and_to_the_end_of_the_file() {
    let manifest = shards();
    let text = String::from_utf8(manifest.to_statement().unwrap()).unwrap();
    assert!(text.contains("\"shard_size\": 2.0") && text.contains("\"a:2:3\""), "{text}");
    assert!(text.contains("\"sha256-sharded-2\""), "{text}");
    assert_eq!(Manifest::parse(text.as_bytes()).unwrap(), manifest);
    assert_eq!(manifest.compare(&seen(&manifest), false), (vec![], vec![]));
    let read = |size, contents: &[&[u8]]| {
        let digests = contents.iter().map(|content| sha256(content)).collect();
        let observed = [(name("a"), Observation::Read { size, digests })].into();
        manifest.compare(&observed, false).0.remove(0)
    };
    assert_eq!(read(3, &[b"ab", b"d"]).detail, "its bytes 2 to 2 are not what was signed");
    let longer = read(5, &[b"ab", b"c", b"x"]);
    assert_eq!((longer.expected.as_deref(), longer.actual.as_deref()), (Some("3 bytes"), Some("5 bytes")));
    assert_eq!(read(2, &[b"ab"]).kind, Reason::Modified);
}

#[test]
fn an_unlisted_empty_file_beside_shards_is_a_problem_when_its_name_alone_does_something() {
    let manifest = shards();
    let mut observed = seen(&manifest);
    observed.insert(name("empty.bin"), Observation::Unread { size: 0 });
    assert_eq!(manifest.compare(&observed, false), (vec![], vec!["empty.bin".to_owned()]));
    observed.insert(name("pkg/__init__.py"), Observation::Unread { size: 0 });
    let (problems, _) = manifest.compare(&observed, false);
    assert_eq!((problems[0].kind, problems[0].path.as_deref()), (Reason::Extra, Some("pkg/__init__.py")));
    let mut whole = seen(&super::tests::manifest());
    whole.insert(name("empty.bin"), Observation::Unread { size: 0 });
    assert_eq!(super::tests::manifest().compare(&whole, false).0.len(), 1, "files are all listed");
}

#[test]
fn names_are_relative_and_normal() {
    for (text, normal) in
        [("a/b", "a/b"), ("./a//b/", "a/b"), (".", "."), ("a:b", "a:b"), ("..a/b..", "..a/b..")]
    {
        assert_eq!(ResourceName::parse(text).unwrap().as_str(), normal);
    }
    for text in ["", "/etc/passwd", "\\\\host\\share", "a/../b", "..", "a\\..\\b", "C:\\x", "c:/x", "a\0b"] {
        assert_eq!(ResourceName::parse(text).unwrap_err().kind, Reason::UnsafePath, "{text:?}");
    }
}

#[test]
fn a_path_lies_under_another_by_parts() {
    let under = |text: &str, path: &str| [path].into_iter().collect::<IgnoredPaths>().cover(&name(text));
    assert!(
        under(".git/config", ".git") && under(".git", ".git") && under("a/b/c", "a/b/") && under("a", ".")
    );
    assert!(!under(".gitignore", ".git") && !under("a", "a/b") && !under("b/.git", ".git"));
    assert!(!under("a", "../a") && !under("a", ""), "what is no name covers nothing");
}

#[test]
fn a_verdict_reads_as_documented() {
    let mut verdict = Verdict::clean();
    verdict.warn(Note::new(Warning::HintAbsent, "old"));
    verdict.warn(Note::new(Warning::ExpiredNoTimestamp, "expired"));
    verdict.warn(Note::new(Warning::HintAbsent, "old"));
    verdict.fail(Problem::at(Reason::UnsafePath, "../x", "no").between("a", "b"));
    verdict.fail(Problem::new(Reason::Empty, "nothing"));
    let value = serde_json::to_value(&verdict).unwrap();
    assert_eq!(value["status"], "failed");
    assert_eq!(value["reason"], "unsafe-path");
    assert_eq!(value["warnings"], serde_json::json!(["expired-no-timestamp", "hint-absent"]));
    let problem = serde_json::json!({"kind": "unsafe-path", "path": "../x", "expected": "a", "actual": "b", "detail": "no"});
    assert_eq!(value["problems"][0], problem);
    assert_eq!(serde_json::from_value::<Verdict>(value).unwrap(), verdict);
}

proptest! {
    #[test]
    fn names_sort_as_their_parts_do(one in "[ab./-]{1,6}", other in "[ab./-]{1,6}") {
        if let (Ok(one), Ok(other)) = (ResourceName::parse(&one), ResourceName::parse(&other)) {
            prop_assert_eq!(one.cmp(&other), one.parts().cmp(other.parts()));
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Bundle::parse(&bytes);
        let _ = Manifest::parse(&bytes);
    }

    #[test]
    fn a_bundle_that_lost_or_changed_bytes_is_never_believed(cut in 0usize..3_000, bit in 0u8..8, truncate: bool) {
        let key = key();
        let mut bytes = key_bundle(manifest().to_statement().unwrap(), &key).unwrap().to_json().unwrap().into_bytes();
        let cut = cut % bytes.len();
        if truncate { bytes.truncate(cut) } else { bytes[cut] ^= 1 << bit }
        let believed = Bundle::parse(&bytes)
            .and_then(|bundle| authenticate(&bundle, &Trust::Key(key.public().unwrap()), 0).map(|_| bundle))
            .and_then(|bundle| Manifest::parse(&bundle.envelope.payload));
        // Flips outside of what is signed, such as in the name of an optional field, change nothing that is believed.
        if let Ok(believed) = believed {
            prop_assert_eq!(believed, manifest());
        }
    }
}

#[test]
fn the_key_of_a_bundle_of_before_version_1_is_compared_too() {
    let key = key();
    let bundle = key_bundle(manifest().to_statement().unwrap(), &key).unwrap();
    let of = |pem: &PublicKey| {
        let pem = Some(pem.to_pem().unwrap().into_bytes());
        Bundle { material: Material::Key(KeyMaterial { hint: None, pem }), ..bundle.clone() }
    };
    let public = key.public().unwrap();
    let found = authenticate(&of(&public), &Trust::Key(public.clone()), 0).unwrap();
    assert_eq!(found.notes[0].warning, Warning::HintAbsent);
    let other = super::tests::key().public().unwrap();
    assert_eq!(authenticate(&of(&other), &Trust::Key(public), 0).unwrap_err().kind, Reason::Key);
}
