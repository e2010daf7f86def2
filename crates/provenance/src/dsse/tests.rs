use proptest::prelude::*;

use super::*;

#[test]
fn the_encoding_is_that_of_the_protocols_example() {
    assert_eq!(
        encoding("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn the_compatibility_encoding_shows_bytes_as_python_does() {
    let shown = |payload: &[u8]| String::from_utf8(compatibility_encoding("t", payload)).unwrap();
    // `repr()` of the same bytes in Python 3.11.
    for (payload, expected) in [
        (&b"plain"[..], "DSSEV1 1 t 5 b'plain'"),
        (b"a\n\t\r\\", r"DSSEV1 1 t 5 b'a\n\t\r\\'"),
        (b"it's", "DSSEV1 1 t 4 b\"it's\""),
        (b"'\"", r#"DSSEV1 1 t 2 b'\'"'"#),
        (b"\"", "DSSEV1 1 t 1 b'\"'"),
        (b"\x00\x7f\xc3\xbc", r"DSSEV1 1 t 4 b'\x00\x7f\xc3\xbc'"),
    ] {
        assert_eq!(shown(payload), expected);
    }
}

#[test]
fn envelopes_are_read_whether_or_not_they_are_padded() {
    let text = r#"{"payload": "aGk", "payloadType": "t", "signatures": [{"sig": "AQI=", "keyid": null}], "more": 1}"#;
    let envelope = Envelope::parse(text.as_bytes(), 1_000).unwrap();
    assert_eq!((envelope.payload.as_slice(), envelope.payload_type.as_str()), (&b"hi"[..], "t"));
    assert_eq!(envelope.signatures, [EnvelopeSignature { sig: vec![1, 2], keyid: String::new() }]);
    let written = serde_json::to_string(&envelope).unwrap();
    assert_eq!(written, r#"{"payload":"aGk=","payloadType":"t","signatures":[{"sig":"AQI=","keyid":""}]}"#);
    assert_eq!(Envelope::parse(text.as_bytes(), 10), Err(JsonError::Large(10)));
    let doubled = text.replace(r#""more": 1"#, r#""payload": "aGk""#);
    let error = Envelope::parse(doubled.as_bytes(), 1_000).unwrap_err().to_string();
    assert!(error.contains("duplicate field"), "{error}");
}

#[test]
fn nesting_is_counted_outside_of_strings() {
    assert_eq!(nesting(br#"{"a": [1, {"b": "[[[[\"{{"}]}"#), 3);
    let deep = vec![b'['; 1_000_000];
    assert_eq!(nesting(&deep), 1_000_000);
    assert_eq!(Envelope::parse(&deep, usize::MAX), Err(JsonError::Deep));
}

#[test]
fn a_name_twice_in_one_object_is_refused_at_any_depth() {
    let text = r#"{"a": [1, -2, 0.5, true, null, "x", {"a": {}, "b": {"a": 1}}], "b": 18446744073709551615}"#;
    assert_eq!(parse_value(text.as_bytes(), 1_000), parse(text.as_bytes(), 1_000));
    for twice in [r#"{"a": 1, "a": 1}"#, r#"[{"b": {"a": [], "c": 0, "a": []}}]"#, r#"{"a": 1, "\u0061": 2}"#]
    {
        let error = parse_value(twice.as_bytes(), 1_000).unwrap_err().to_string();
        assert!(error.contains("duplicate field `a`"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Envelope::parse(&bytes, 1_000);
        let _ = parse_value(&bytes, 1_000);
        let _ = compatibility_encoding("t", &bytes);
    }
}
