//! The double of a timestamp authority (RFC 3161): signs which digest it was shown, and when.

use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SubjectPublicKeyInfo, date_time_ymd,
};

use super::{
    Key,
    authority::{Authority, name},
    now, sha256, signing_key,
};

// Object identifiers as DER values.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// The policy of Sigstore's timestamp authorities: 1.3.6.1.4.1.57264.2.
const POLICY: &[u8] = &[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 2];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 2;
const OCTETS: u8 = 4;
const IDENTIFIER: u8 = 6;
const TIME: u8 = 0x18;
/// `[0]`, with something in it.
const ZERO: u8 = 0xa0;

pub(super) struct Timestamps {
    key: Key,
    /// DER.
    pub(super) certificate: Vec<u8>,
}

impl Timestamps {
    pub(super) fn new(authority: &Authority) -> Self {
        let key = signing_key();
        let mut params = CertificateParams::default();
        params.distinguished_name = name("double of a timestamp authority");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.is_ca = IsCa::NoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::TimeStamping];
        params.use_authority_key_identifier_extension = true;
        let public = SubjectPublicKeyInfo::from_der(&key.spki).unwrap();
        let certificate = params.signed_by(&public, authority.issuer()).unwrap().der().to_vec();
        Self { key, certificate }
    }

    /// The answer to a request (RFC 3161, section 2.4), which has a nonce.
    pub(super) fn stamp(&self, request: &[u8]) -> Vec<u8> {
        let (_, fields) = split(request).0;
        let fields = all(fields);
        let imprint = whole(fields[1]);
        let nonce =
            fields.iter().skip(2).find(|(tag, _)| *tag == INTEGER).map(|nonce| whole(*nonce)).unwrap();
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(now());
        let at = bartizan_engine::attestation::time(at).unwrap().replace(['-', ':', 'T'], "");
        let info = sequence(&[
            der(INTEGER, &[1]),
            der(IDENTIFIER, POLICY),
            imprint,
            der(INTEGER, &[7]),
            der(TIME, at.as_bytes()),
            nonce,
        ]);
        let token = sequence(&[der(IDENTIFIER, SIGNED_DATA), der(ZERO, &self.signed(&info))]);
        sequence(&[sequence(&[der(INTEGER, &[0])]), token])
    }

    /// CMS SignedData (RFC 5652, section 5.1).
    fn signed(&self, info: &[u8]) -> Vec<u8> {
        let attribute = |kind, value: Vec<u8>| sequence(&[der(IDENTIFIER, kind), der(SET, &value)]);
        let mut attributes = [
            attribute(CONTENT_TYPE, der(IDENTIFIER, TST_INFO)),
            attribute(MESSAGE_DIGEST, der(OCTETS, &sha256(info))),
        ];
        attributes.sort();
        let attributes = attributes.concat();
        let (_, certificate) = x509_parser::parse_x509_certificate(&self.certificate).unwrap();
        let signer = sequence(&[
            der(INTEGER, &[1]),
            sequence(&[certificate.issuer().as_raw().to_vec(), der(INTEGER, certificate.raw_serial())]),
            algorithm(SHA256),
            der(ZERO, &attributes),
            algorithm(ECDSA_WITH_SHA256),
            der(OCTETS, &self.key.sign(&der(SET, &attributes))),
        ]);
        sequence(&[
            der(INTEGER, &[3]),
            der(SET, &algorithm(SHA256)),
            sequence(&[der(IDENTIFIER, TST_INFO), der(ZERO, &der(OCTETS, info))]),
            der(ZERO, &self.certificate),
            der(SET, &signer),
        ])
    }
}

fn algorithm(identifier: &[u8]) -> Vec<u8> {
    sequence(&[der(IDENTIFIER, identifier)])
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(SEQUENCE, &parts.concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match length {
        [0, short] if short < 128 => vec![tag, short],
        [0, short] => vec![tag, 0x81, short],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}

/// The first value with its tag, and what follows it. Requests are short.
fn split(bytes: &[u8]) -> ((u8, &[u8]), &[u8]) {
    let length = usize::from(bytes[1]);
    assert!(length < 128);
    ((bytes[0], &bytes[2..2 + length]), &bytes[2 + length..])
}

fn all(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let (value, rest) = split(bytes);
        values.push(value);
        bytes = rest;
    }
    values
}

fn whole((tag, content): (u8, &[u8])) -> Vec<u8> {
    der(tag, content)
}
