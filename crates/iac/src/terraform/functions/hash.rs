//! Digests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha512};

use super::{Function, Trouble};
use crate::value::Value;

pub(super) const NAMES: &[&str] = &["base64sha256", "base64sha512", "sha256", "sha512"];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "base64sha256" => |arguments| text(of("base64sha256", arguments.text(0)?.as_bytes())),
        "base64sha512" => |arguments| text(of("base64sha512", arguments.text(0)?.as_bytes())),
        "sha256" => |arguments| text(of("sha256", arguments.text(0)?.as_bytes())),
        "sha512" => |arguments| text(of("sha512", arguments.text(0)?.as_bytes())),
        _ => return None,
    })
}

fn text(digest: Option<String>) -> Result<Value, Trouble> {
    digest.map(Value::text).ok_or(Trouble::Failed("there is no such digest"))
}

/// A digest by the name of its function.
pub(super) fn of(name: &str, bytes: &[u8]) -> Option<String> {
    let hex = |digest: &[u8]| digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Some(match name {
        "sha256" => hex(&Sha256::digest(bytes)),
        "sha512" => hex(&Sha512::digest(bytes)),
        "base64sha256" => STANDARD.encode(Sha256::digest(bytes)),
        "base64sha512" => STANDARD.encode(Sha512::digest(bytes)),
        _ => return None,
    })
}
