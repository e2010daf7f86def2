//! Ways to tamper with a keyless bundle, each of which a verifier has to notice.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Changed copies of a bundle, each with what was done to it.
pub(crate) fn all(bundle: &Value) -> Vec<(&'static str, Value)> {
    let entry = "/verificationMaterial/tlogEntries/0";
    let at = |path: &str| format!("{entry}{path}");
    let mut all = Vec::new();
    let mut change = |what: &'static str, path: String, to: &dyn Fn(&Value) -> Value| {
        let mut changed = bundle.clone();
        let place = changed.pointer_mut(&path).unwrap_or_else(|| panic!("{what}: no {path}"));
        *place = to(place);
        assert_ne!(&changed, bundle, "{what}: nothing changed");
        all.push((what, changed));
    };
    change("an edited payload", "/dsseEnvelope/payload".to_owned(), &edited);
    change("another payload type", "/dsseEnvelope/payloadType".to_owned(), &|_| json!("application/json"));
    change("a flipped signature bit", "/dsseEnvelope/signatures/0/sig".to_owned(), &flipped);
    change("no signature", "/dsseEnvelope/signatures".to_owned(), &|_| json!([]));
    change("two signatures", "/dsseEnvelope/signatures".to_owned(), &|was| json!([was[0], was[0]]));
    change("a flipped certificate bit", "/verificationMaterial/certificate/rawBytes".to_owned(), &flipped);
    change("no log entry", "/verificationMaterial/tlogEntries".to_owned(), &|_| json!([]));
    change("too many log entries", "/verificationMaterial/tlogEntries".to_owned(), &|was| {
        Value::Array(vec![was[0].clone(); 17])
    });
    change("a wrong inclusion hash", at("/inclusionProof/hashes/0"), &flipped);
    change("no inclusion hash", at("/inclusionProof/hashes"), &|_| json!([]));
    change("a wrong root hash", at("/inclusionProof/rootHash"), &flipped);
    change("a wrong leaf index", at("/inclusionProof/logIndex"), &|_| json!("0"));
    change("another tree size", at("/inclusionProof/treeSize"), &|_| json!("1"));
    change("no inclusion proof", at("/inclusionProof"), &|_| Value::Null);
    change("a wrong checkpoint", at("/inclusionProof/checkpoint/envelope"), &|was| {
        json!(was.as_str().unwrap().replacen('\n', "0\n", 1))
    });
    change("an earlier integrated time", at("/integratedTime"), &|was| shifted(was, -1));
    change("a later integrated time", at("/integratedTime"), &|was| shifted(was, 1));
    change("a wrong promise", at("/inclusionPromise/signedEntryTimestamp"), &flipped);
    change("a wrong log body", at("/canonicalizedBody"), &edited);
    change("another log", at("/logId/keyId"), &flipped);
    change("another place in the log", at("/logIndex"), &|was| shifted(was, 1));
    change("an unknown media type", "/mediaType".to_owned(), &|_| json!("application/json"));
    all
}

/// Base64 with one bit of its last byte but two changed.
fn flipped(value: &Value) -> Value {
    let mut bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
    let at = bytes.len() - 3;
    bytes[at] ^= 4;
    json!(STANDARD.encode(bytes))
}

/// Base64 of a text with a digit changed, so that it still parses.
fn edited(value: &Value) -> Value {
    let mut bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
    let digit = bytes.iter().rposition(u8::is_ascii_digit).unwrap();
    bytes[digit] = if bytes[digit] == b'1' { b'2' } else { b'1' };
    json!(STANDARD.encode(bytes))
}

/// A number in a text, as protocol buffers write them.
fn shifted(value: &Value, by: i64) -> Value {
    json!((value.as_str().unwrap().parse::<i64>().unwrap() + by).to_string())
}
