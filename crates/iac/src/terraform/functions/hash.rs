//! Digests. MD5 and SHA-1 are here because configurations name files by them, not to protect anything.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use super::{Arguments, Function, Outcome, Trouble};
use crate::value::Value;

pub(super) const NAMES: &[&str] =
    &["base64sha256", "base64sha512", "md5", "sha1", "sha256", "sha512", "uuidv5"];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "base64sha256" => |arguments| text("base64sha256", arguments),
        "base64sha512" => |arguments| text("base64sha512", arguments),
        "md5" => |arguments| text("md5", arguments),
        "sha1" => |arguments| text("sha1", arguments),
        "sha256" => |arguments| text("sha256", arguments),
        "sha512" => |arguments| text("sha512", arguments),
        "uuidv5" => uuid,
        _ => return None,
    })
}

fn text(name: &str, arguments: &Arguments<'_>) -> Outcome {
    let digest = of(name, arguments.text(0)?.as_bytes());
    digest.map(Value::text).ok_or(Trouble::Failed("there is no such digest"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest by the name of its function.
pub(super) fn of(name: &str, bytes: &[u8]) -> Option<String> {
    Some(match name {
        "md5" => hex(&Md5::digest(bytes)),
        "sha1" => hex(&Sha1::digest(bytes)),
        "sha256" => hex(&Sha256::digest(bytes)),
        "sha512" => hex(&Sha512::digest(bytes)),
        "base64sha256" => STANDARD.encode(Sha256::digest(bytes)),
        "base64sha512" => STANDARD.encode(Sha512::digest(bytes)),
        _ => return None,
    })
}

/// RFC 9562, section 5.5: a name in a name space.
fn uuid(arguments: &Arguments<'_>) -> Outcome {
    let space = arguments.text(0)?;
    let space = match &*space {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let plain: String = space.chars().filter(|c| *c != '-').collect();
    let number = u128::from_str_radix(&plain, 16).ok().filter(|_| plain.len() == 32);
    let number = number.ok_or(Trouble::Failed("the name space is no UUID"))?;
    let mut hasher = Sha1::new();
    hasher.update(number.to_be_bytes());
    hasher.update(arguments.text(1)?.as_bytes());
    let digest = hasher.finalize();
    let first = digest.iter().take(16).fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let versioned = first & !(0xf << 76) & !(0x3 << 62) | (0x5 << 76) | (0x2 << 62);
    let text = format!("{versioned:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| text.get(range).unwrap_or_default());
    Ok(Value::text(parts.join("-")))
}
