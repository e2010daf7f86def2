//! The double of Rekor: a Merkle tree (RFC 6962) of two leaves, the second of which is the new signature.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Key, hex, now, pem, sha256, signing_key, verify};

/// The name of the log in its checkpoints, and of its tree.
const NAME: &str = "double.test";
const ORIGIN: &str = "double.test - 1";

pub(super) struct Log {
    pub(super) key: Key,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { key: signing_key() }
    }

    /// Adds a DSSE envelope whose signature fits its certificate, and answers as API version 1 does.
    pub(super) fn add(&self, request: &Value) -> Result<Value, String> {
        if request["kind"] != "dsse" || request["apiVersion"] != "0.0.1" {
            return Err("only dsse 0.0.1 is logged here".to_owned());
        }
        let content = &request["spec"]["proposedContent"];
        let text = content["envelope"].as_str().ok_or("no envelope")?;
        let verifier = content["verifiers"][0].as_str().ok_or("no verifier")?;
        let envelope: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let payload = STANDARD.decode(envelope["payload"].as_str().ok_or("no payload")?).unwrap();
        let kind = envelope["payloadType"].as_str().ok_or("no type")?;
        let signature = envelope["signatures"][0]["sig"].as_str().ok_or("no signature")?;
        let signed =
            [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).as_bytes(), &payload].concat();
        let der = pem(&String::from_utf8(STANDARD.decode(verifier).unwrap()).unwrap());
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
        if !verify(certificate.public_key().raw, &signed, &STANDARD.decode(signature).unwrap()) {
            return Err("the signature does not fit the certificate".to_owned());
        }
        let verifier = STANDARD.encode(canonical_pem(&der));
        let digest = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": hex(&sha256(bytes)) });
        let body = json!({
            "apiVersion": "0.0.1", "kind": "dsse",
            "spec": {
                "envelopeHash": digest(text.as_bytes()),
                "payloadHash": digest(&payload),
                "signatures": [{ "signature": signature, "verifier": verifier }],
            },
        });
        Ok(self.entry(&body.to_string()))
    }

    fn entry(&self, body: &str) -> Value {
        let leaf = sha256(&[&[0], body.as_bytes()].concat());
        let first = sha256(&[0, b'{', b'}']);
        let root = sha256(&[[1].as_slice(), &first, &leaf].concat());
        let (body, id, time) = (STANDARD.encode(body), hex(&self.key.id()), now());
        // Keys in order and no spaces, which makes it canonical.
        let promised =
            json!({ "body": body, "integratedTime": time, "logID": id, "logIndex": 1 }).to_string();
        json!({
            hex(&leaf): {
                "body": body, "integratedTime": time, "logID": id, "logIndex": 1,
                "verification": {
                    "inclusionProof": {
                        "checkpoint": self.checkpoint(&root), "hashes": [hex(&first)], "logIndex": 1,
                        "rootHash": hex(&root), "treeSize": 2,
                    },
                    "signedEntryTimestamp": STANDARD.encode(self.key.sign(promised.as_bytes())),
                },
            }
        })
    }

    /// The root of the tree as a signed note.
    fn checkpoint(&self, root: &[u8]) -> String {
        let note = format!("{ORIGIN}\n2\n{}\n", STANDARD.encode(root));
        let signature = [&self.key.id()[..4], &self.key.sign(note.as_bytes())].concat();
        format!("{note}\n\u{2014} {NAME} {}\n", STANDARD.encode(signature))
    }
}

/// A certificate as Rekor writes it, however it came: verifiers compare the text.
fn canonical_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
