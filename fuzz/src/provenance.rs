//! What comes with models: bundles, envelopes, certificates, keys, attestations, bills of materials, sketches.

use bartizan_provenance::{
    attestation::{Deny, Policy, Statement},
    bom,
    certificates::{Certificate, chain},
    dsse::Envelope,
    keys::{Hash, PrivateKey, PublicKey},
    lineage::{Sketch, compare},
    oms::{Bundle, Manifest, Trust, authenticate},
};

pub(crate) static DOCUMENTS: &[(&str, fn(&[u8]))] = &[
    ("oms-bundle", oms_bundle),
    ("oms-manifest", |data| _ = Manifest::parse(data)),
    ("dsse-envelope", |data| _ = Envelope::parse(data, 1 << 20).map(|envelope| envelope.compatibility_bytes())),
    ("certificate", certificate),
    ("key", key),
    ("attestation", |data| _ = Statement::parse(data).map(|statement| statement.kind())),
    ("attestation-policy", |data| _ = std::str::from_utf8(data).map(|text| (Policy::parse(text), Deny::parse(text)))),
    ("bill-of-materials", bill_of_materials),
    ("lineage-sketch", |data| _ = Sketch::from_bytes(data).map(|sketch| compare(&sketch, &sketch))),
];

fn oms_bundle(data: &[u8]) {
    let Ok(bundle) = Bundle::parse(data) else { return };
    let _ = Manifest::parse(&bundle.envelope.payload);
    let _ = authenticate(&bundle, &Trust::Roots(Vec::new()), 0);
    let _ = bundle.to_json();
}

fn certificate(data: &[u8]) {
    let mut found = Certificate::all_from_pem(data).unwrap_or_default();
    found.extend(Certificate::from_der(data));
    for one in &found {
        let _ = (one.subject(), one.issuer(), one.public_key(), one.may_sign());
        let _ = chain(one, &found, &found, one.not_before());
    }
}

fn key(data: &[u8]) {
    let _ = PublicKey::from_pem(data).map(|key| key.hint());
    let _ = PublicKey::from_der(data).map(|key| key.verifies(Hash::Sha256, data, data));
    let _ = PrivateKey::from_pem(data, None).map(|key| key.public());
    let _ = PrivateKey::from_der(data).map(|key| key.public());
}

fn bill_of_materials(data: &[u8]) {
    let Ok(document) = bom::parse(data) else { return };
    let _ = bom::judge(&document, 10);
    if bom::spec_version(&document).is_err() {
        return;
    }
    assert!(bom::diff(&document, &document).is_empty());
    let _ = bom::merge(&[document.clone(), document.clone()], "merged", &bom::Stamp::default());
    let _ = bom::vex::apply(&document, &document);
    if let Ok(profile) = bom::Profile::named("owasp") {
        let _ = bom::score(&document, &profile);
    }
}
