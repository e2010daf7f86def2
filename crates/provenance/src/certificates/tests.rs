use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, date_time_ymd,
};

use super::*;

/// One certificate with its key, able to issue others.
struct Authority {
    certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2034, 1, 1);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn leaf(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn issued(params: CertificateParams, above: Option<&Authority>) -> Authority {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    issued_for(key, params, above)
}

fn issued_for(key: KeyPair, params: CertificateParams, above: Option<&Authority>) -> Authority {
    let der = match above {
        Some(above) => params.signed_by(&key, &above.issuer()).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    Authority { certificate: Certificate::from_der(der.der()).unwrap(), params, key }
}

fn objection(leaf: &Certificate, others: &[Certificate], roots: &[Certificate]) -> String {
    chain(leaf, others, roots, leaf.not_before()).map_or_else(|error| error.0, |_| String::new())
}

#[test]
fn a_chain_leads_over_authorities_to_a_root_that_was_given() {
    let root = issued(authority("root"), None);
    let middle = issued(authority("middle"), Some(&root));
    let leaf = issued(leaf("leaf"), Some(&middle));
    let (leaf, middle, root) = (leaf.certificate, middle.certificate, root.certificate);
    let (others, roots) = ([middle.clone(), root.clone()], [root.clone()]);
    assert_eq!(chain(&leaf, &others, &roots, leaf.not_before()).unwrap(), [&leaf, &middle, &root]);
    assert_eq!((leaf.subject().as_str(), leaf.issuer().as_str()), ("CN=leaf", "CN=middle"));
    assert!(objection(&leaf, &[], &roots).contains("no trusted issuer `CN=middle` of `CN=leaf`"));
    let text = objection(&leaf, &others, std::slice::from_ref(&middle));
    assert!(text.contains("no trusted issuer"), "a chain that ends below a root: {text}");
    assert!(
        objection(&leaf, &others, &[]).contains("no trusted issuer"),
        "roots in the bundle are not trusted"
    );
    assert_eq!(objection(&root, &[], &roots), "", "a trusted certificate that signed itself");
}

#[test]
fn roots_of_other_algorithms_are_followed_too() {
    for algorithm in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let root = issued_for(KeyPair::generate_for(algorithm).unwrap(), authority("root"), None);
        let leaf = issued(leaf("leaf"), Some(&root));
        assert_eq!(objection(&leaf.certificate, &[], &[root.certificate]), "");
    }
}

#[test]
fn a_root_of_the_same_name_with_another_key_is_not_the_issuer() {
    let root = issued(authority("root"), None);
    let other = issued(authority("root"), None);
    let leaf = issued(leaf("leaf"), Some(&root));
    let text = objection(&leaf.certificate, &[], &[other.certificate]);
    assert_eq!(
        text,
        "the issuer `CN=root` of `CN=leaf` did not sign it, or with an algorithm that is not accepted"
    );
}

#[test]
fn names_are_the_same_without_regard_to_case_and_space() {
    let root = issued(authority("The  Root"), None);
    let twin = issued_for(KeyPair::from_pem(&root.key.serialize_pem()).unwrap(), authority("the root"), None);
    let leaf = issued(leaf("leaf"), Some(&root));
    assert_eq!(objection(&leaf.certificate, &[], &[twin.certificate]), "");
}

#[test]
fn a_leaf_that_bears_its_issuers_name_is_no_root() {
    let root = issued(authority("same"), None);
    let mut params = leaf("same");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let leaf = issued(params, Some(&root));
    assert_eq!(objection(&leaf.certificate, &[], std::slice::from_ref(&root.certificate)), "");
    let text = objection(&leaf.certificate, &[], std::slice::from_ref(&leaf.certificate));
    assert!(text.contains("no trusted issuer"), "{text}");
}

#[test]
fn authorities_have_to_be_authorities_of_the_time() {
    let root = issued(authority("root"), None);
    let no_authority = issued(named("middle"), Some(&root));
    let mut late = authority("middle");
    late.not_before = date_time_ymd(2026, 1, 1);
    let late = issued(late, Some(&root));
    let mut not_for_certificates = authority("middle");
    not_for_certificates.key_usages = vec![KeyUsagePurpose::CrlSign];
    let not_for_certificates = issued(not_for_certificates, Some(&root));
    let mut strange = authority("middle");
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    strange.custom_extensions = vec![extension];
    let strange = issued(strange, Some(&root));
    for (middle, message) in [
        (no_authority, "is not a certificate authority"),
        (late, "is not valid at the time of the signature"),
        (not_for_certificates, "may not sign certificates"),
        (strange, "has a critical extension"),
    ] {
        let leaf = issued(leaf("leaf"), Some(&middle));
        let text =
            objection(&leaf.certificate, &[middle.certificate], std::slice::from_ref(&root.certificate));
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn an_authority_that_may_have_none_below_it_has_none() {
    let mut params = authority("root");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root = issued(params, None);
    let middle = issued(authority("middle"), Some(&root));
    let deep = issued(leaf("leaf"), Some(&middle));
    let text = objection(&deep.certificate, &[middle.certificate], std::slice::from_ref(&root.certificate));
    assert!(text.contains("may not have so many authorities"), "{text}");
    let direct = issued(leaf("leaf"), Some(&root));
    assert_eq!(objection(&direct.certificate, &[], &[root.certificate]), "");
}

#[test]
fn a_crowd_of_authorities_that_sign_each_other_ends() {
    // Every one could be the issuer of every other: without a bound the search would take 40 factorial steps.
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let crowd: Vec<Certificate> = (0..40)
        .map(|_| {
            let key = KeyPair::from_pem(&key.serialize_pem()).unwrap();
            let mut params = authority("crowd");
            params.serial_number = Some(rand_serial().into());
            issued_for(key, params, None).certificate
        })
        .collect();
    let above = Authority { certificate: crowd[0].clone(), params: authority("crowd"), key };
    let leaf = issued(leaf("leaf"), Some(&above));
    assert!(chain(&leaf.certificate, &crowd, &[], leaf.certificate.not_before()).is_err());
}

fn rand_serial() -> Vec<u8> {
    let mut bytes = vec![0; 8];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes[0] = 1;
    bytes
}

#[test]
fn only_certificates_for_signatures_or_code_may_sign() {
    let may_sign = |params| issued(params, None).certificate.may_sign();
    assert!(may_sign(leaf("signature")));
    let mut code = named("code");
    code.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    assert!(may_sign(code));
    assert!(!may_sign(named("silent")));
    let mut server = named("server");
    server.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert!(!may_sign(server));
}

#[test]
fn certificates_are_read_from_pem_files_with_many() {
    let one = issued(authority("one"), None);
    let two = issued(authority("two"), None);
    let block = |authority: &Authority| crate::keys::encode("CERTIFICATE", authority.certificate.der());
    let text = format!("# roots\n{}\n{}", block(&one), block(&two));
    assert_eq!(Certificate::all_from_pem(text.as_bytes()).unwrap(), [one.certificate, two.certificate]);
    let error = Certificate::all_from_pem(one.key.serialize_pem().as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "the file holds PRIVATE KEY, where a CERTIFICATE is needed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_certificate_is_no_panic_and_never_trusted(place in 0usize..400, bit in 0u8..8) {
        let root = issued(authority("root"), None);
        let leaf = issued(leaf("leaf"), Some(&root));
        let mut der = leaf.certificate.der().to_vec();
        let place = place % der.len();
        der[place] ^= 1 << bit;
        if let Ok(damaged) = Certificate::from_der(&der) {
            prop_assert!(chain(&damaged, &[], &[root.certificate], damaged.not_before()).is_err());
        }
    }
}
