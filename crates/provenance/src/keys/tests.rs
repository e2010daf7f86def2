use proptest::prelude::*;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519};

use super::*;

fn pems() -> Vec<(Curve, String)> {
    [
        (Curve::P256, &PKCS_ECDSA_P256_SHA256),
        (Curve::P384, &PKCS_ECDSA_P384_SHA384),
        (Curve::P521, &PKCS_ECDSA_P521_SHA512),
    ]
    .into_iter()
    .map(|(curve, algorithm)| (curve, KeyPair::generate_for(algorithm).unwrap().serialize_pem()))
    .collect()
}

#[test]
fn what_a_key_signs_its_public_half_verifies_and_no_other() {
    let keys: Vec<_> = pems()
        .into_iter()
        .map(|(curve, pem)| (curve, PrivateKey::from_pem(pem.as_bytes(), None).unwrap()))
        .collect();
    for (curve, key) in &keys {
        let public = PublicKey::from_pem(key.public().unwrap().to_pem().unwrap().as_bytes()).unwrap();
        assert_eq!((public.curve(), &public), (*curve, &key.public().unwrap()));
        let signature = key.sign(b"message").unwrap();
        assert!(public.verifies(curve.hash(), b"message", &signature));
        assert!(!public.verifies(curve.hash(), b"massage", &signature));
        for (other, _) in keys.iter().filter(|(other, _)| other != curve) {
            assert!(!public.verifies(other.hash(), b"message", &signature), "another hash function");
        }
        for (_, other) in keys.iter().filter(|(other, _)| other != curve) {
            assert!(!other.public().unwrap().verifies(curve.hash(), b"message", &signature));
        }
    }
}

#[test]
fn a_hint_is_the_digest_of_the_pem_text() {
    // `openssl pkey -pubin -pubout` of this key, through sha256sum.
    let pem = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
";
    let key = PublicKey::from_pem(pem.as_bytes()).unwrap();
    assert_eq!(key.to_pem().unwrap(), pem, "the base point of P-256");
    assert_eq!(key.hint().unwrap(), crate::digest::hex(&crate::digest::sha256(pem.as_bytes())));
    let windows = pem.replace('\n', "\r\n");
    assert_eq!(PublicKey::from_pem(windows.as_bytes()).unwrap(), key);
}

#[test]
fn keys_of_other_kinds_and_broken_files_are_named_without_their_content() {
    let edwards = KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem();
    assert_eq!(PrivateKey::from_pem(edwards.as_bytes(), None).unwrap_err(), KeyError::Curve);
    let (_, pem) = pems().remove(0);
    let cases = [
        (String::new(), "there is no `-----BEGIN` line"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n".to_owned(), "no `-----END` line"),
        ("-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----".to_owned(), "not base64"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PUBLIC KEY-----".to_owned(), "another name"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----".to_owned(),
            "PUBLIC KEY, where a PRIVATE KEY",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
             -----END EC PRIVATE KEY-----"
                .to_owned(),
            "outdated",
        ),
        (pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "no password was given"),
    ];
    for (text, message) in cases {
        let error = PrivateKey::from_pem(text.as_bytes(), None).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let key = PrivateKey::from_pem(pem.as_bytes(), None).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey(P-256)");
    let error = PublicKey::from_pem(pem.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "the file holds PRIVATE KEY, where a PUBLIC KEY is needed");
}

#[test]
fn an_encrypted_key_opens_with_its_password_only() {
    let (_, pem) = pems().remove(1);
    let plain = blocks(pem.as_bytes()).unwrap().remove(0).bytes;
    let parameters =
        pkcs8::pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(2_048, b"saltsalt", [7; 16]);
    let seal = |parameters: pkcs8::pkcs5::pbes2::Parameters| {
        let encrypted_data = parameters.encrypt("tiger", &plain).unwrap();
        let info = pkcs8::EncryptedPrivateKeyInfo {
            encryption_algorithm: parameters.into(),
            encrypted_data: pkcs8::der::asn1::OctetString::new(encrypted_data).unwrap(),
        };
        pem::encode("ENCRYPTED PRIVATE KEY", &pkcs8::der::Encode::to_der(&info).unwrap())
    };
    let sealed = seal(parameters.unwrap());
    let opened = PrivateKey::from_pem(sealed.as_bytes(), Some(b"tiger")).unwrap();
    let original = PrivateKey::from_pem(pem.as_bytes(), None).unwrap();
    assert_eq!(opened.public().unwrap(), original.public().unwrap());
    for (password, error) in [(None, KeyError::PasswordNeeded), (Some(b"lion"), KeyError::Password)] {
        let password = password.map(|password: &[u8; 4]| password.as_slice());
        assert_eq!(PrivateKey::from_pem(sealed.as_bytes(), password).unwrap_err(), error);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_of_keys_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = PublicKey::from_der(&bytes);
        let _ = PrivateKey::from_der(&bytes);
        let _ = blocks(&bytes);
        for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY"] {
            let _ = PrivateKey::from_pem(pem::encode(label, &bytes).as_bytes(), Some(b"password"));
        }
    }

    #[test]
    fn blocks_are_read_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = format!("words before\n{}", pem::encode("A THING", &bytes));
        let blocks = blocks(text.as_bytes()).unwrap();
        prop_assert_eq!(&blocks[0].label, "A THING");
        prop_assert_eq!(&blocks[0].bytes, &bytes);
    }
}
