//! The double of Fulcio: certificates of ten minutes, each with the promise of a certificate log (RFC 6962).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType,
    SerialNumber, SubjectPublicKeyInfo, date_time_ymd,
};
use serde_json::Value;

use super::{Key, now, pem, sha256, signing_key, verify};

/// Fulcio's extension that names the issuer, version 2 (DER), and version 1 (bare text).
const ISSUER: [u64; 9] = [1, 3, 6, 1, 4, 1, 57264, 1, 8];
const ISSUER_V1: [u64; 9] = [1, 3, 6, 1, 4, 1, 57264, 1, 1];
/// The list of promises of certificate logs.
const SCT_LIST: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: Certificate,
    key: Vec<u8>,
    /// The key of the certificate log.
    pub(super) log: Key,
}

impl Authority {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = name("double of a certificate authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2020, 1, 1);
        let root = params.self_signed(&key).unwrap();
        let spki = key.subject_public_key_info();
        Self { issuer: Issuer::new(params, key), root, key: spki, log: signing_key() }
    }

    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    pub(super) fn root(&self) -> &[u8] {
        self.root.der()
    }

    /// The chain for who asks, when they have the key that they want certified.
    pub(super) fn issue(&self, request: &Value, claims: &Value) -> Result<Vec<String>, String> {
        let request = &request["publicKeyRequest"];
        let key = request["publicKey"]["content"].as_str().ok_or("no key")?;
        let proof = STANDARD.decode(request["proofOfPossession"].as_str().ok_or("no proof")?).unwrap();
        let email = claims["email"].as_str().unwrap();
        if !verify(&pem(key), email.as_bytes(), &proof) {
            return Err("the key is not theirs".to_owned());
        }
        let key = SubjectPublicKeyInfo::from_pem(key).map_err(|error| error.to_string())?;
        let mut params = leaf(email, claims["iss"].as_str().unwrap());
        let draft = params.signed_by(&key, &self.issuer).unwrap();
        params.custom_extensions.push(CustomExtension::from_oid_content(&SCT_LIST, self.promise(&draft)));
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        Ok(vec![leaf.pem(), self.root.pem()])
    }

    /// The list of one promise to log a certificate (RFC 6962, sections 3.2 and 3.3), as an OCTET STRING.
    fn promise(&self, draft: &Certificate) -> Vec<u8> {
        let (_, parsed) = x509_parser::parse_x509_certificate(draft.der()).unwrap();
        let certificate = parsed.tbs_certificate.as_ref();
        let stamp = (now() * 1000).to_be_bytes();
        let mut signed = vec![0, 0];
        signed.extend(stamp);
        signed.extend([0, 1]);
        signed.extend(sha256(&self.key));
        signed.extend(&(certificate.len() as u32).to_be_bytes()[1..]);
        signed.extend(certificate);
        signed.extend([0, 0]);
        let signature = self.log.sign(&signed);
        let mut promise = vec![0];
        promise.extend(self.log.id());
        promise.extend(stamp);
        // No extensions; SHA-256 and ECDSA (RFC 5246, section 7.4.1.4.1).
        promise.extend([0, 0, 4, 3]);
        promise.extend((signature.len() as u16).to_be_bytes());
        promise.extend(signature);
        let (one, all) = (promise.len() as u16, promise.len() as u16 + 2);
        let list = [all.to_be_bytes().as_slice(), &one.to_be_bytes(), &promise].concat();
        der(4, &list)
    }
}

pub(super) fn name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "bartizan tests");
    name.push(DnType::CommonName, text);
    name
}

fn leaf(email: &str, issuer: &str) -> CertificateParams {
    let start = date_time_ymd(1970, 1, 1) + Duration::from_secs(now());
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(SerialNumber::from(now()));
    params.not_before = start;
    params.not_after = start + Duration::from_secs(600);
    params.subject_alt_names = vec![SanType::Rfc822Name(email.try_into().unwrap())];
    params.is_ca = IsCa::NoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params.use_authority_key_identifier_extension = true;
    params.custom_extensions = vec![
        CustomExtension::from_oid_content(&ISSUER_V1, issuer.as_bytes().to_vec()),
        CustomExtension::from_oid_content(&ISSUER, der(12, issuer.as_bytes())),
    ];
    params
}

/// A DER value of up to 255 bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let head = if length < 128 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [head, content.to_vec()].concat()
}
