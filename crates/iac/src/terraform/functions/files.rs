//! Functions about files and paths.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Function, hash};
use crate::value::Value;

pub(super) const NAMES: &[&str] = &["basename", "dirname", "pathexpand"];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "basename" => |arguments| {
            let path = arguments.text(0)?;
            Ok(Value::text(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()))
        },
        "dirname" => |arguments| {
            let path = arguments.text(0)?;
            let folder =
                path.rsplit_once('/').map_or(".", |(folder, _)| if folder.is_empty() { "/" } else { folder });
            Ok(Value::text(folder))
        },
        "pathexpand" => |arguments| {
            let path = arguments.text(0)?;
            let home = path.starts_with('~');
            Ok(if home {
                Value::unknown("pathexpand()", "known on the machine alone")
            } else {
                Value::text(path)
            })
        },
        _ => return None,
    })
}

/// Functions that read files of the project, or name them.
pub(in crate::terraform) const FILES: &[&str] = &[
    "file",
    "filebase64",
    "filebase64sha256",
    "filebase64sha512",
    "fileexists",
    "filemd5",
    "fileset",
    "filesha1",
    "filesha256",
    "filesha512",
    "templatefile",
    "templatestring",
];

/// The result of a function of a file's bytes.
pub(in crate::terraform) fn of_file(name: &str, bytes: &[u8]) -> Value {
    match name {
        "file" => match std::str::from_utf8(bytes) {
            Ok(text) => Value::text(text),
            Err(_) => Value::failed("file()", "the file is not UTF-8"),
        },
        "filebase64" => Value::text(STANDARD.encode(bytes)),
        _ => match hash::of(name.strip_prefix("file").unwrap_or(name), bytes) {
            Some(digest) => Value::text(digest),
            None => Value::unknown(format!("{name}()"), "not known here"),
        },
    }
}
