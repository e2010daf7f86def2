//! What a file's extension promises, and whether its content keeps the promise.

use std::sync::OnceLock;

use bartizan_core::{Claim, Kind, Severity};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    carriers: Vec<String>,
    code: Vec<String>,
    executables: Vec<String>,
    nesting: Vec<(String, String)>,
    format: Vec<Format>,
}

/// What one group of extensions promises.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Format {
    extensions: Vec<String>,
    /// Every kind that keeps the promise; empty when the extension promises no particular kind.
    kinds: Vec<String>,
    /// How bad it is when such a file holds code; absent when nobody trusts it to hold none.
    inert: Option<Severity>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The file is part of the program, and a test reads it.
    TABLE.get_or_init(|| toml::from_str(include_str!("extensions.toml")).unwrap_or_default())
}

fn format(extension: &str) -> Option<&'static Format> {
    table().format.iter().find(|format| format.extensions.iter().any(|e| e == extension))
}

fn has(names: &[String], kind: Kind) -> bool {
    names.iter().any(|name| name == kind.name())
}

/// Does this extension belong to files that models, or their parts, are stored in?
pub(crate) fn is_model(extension: &str) -> bool {
    const TEXT_AND_MEDIA: &[&str] = &["txt", "png", "json"];
    format(extension)
        .is_some_and(|format| !format.extensions.iter().any(|e| TEXT_AND_MEDIA.contains(&e.as_str())))
}

/// How bad it is that content of this kind has this extension; `None` when that is as it should be.
pub(crate) fn mismatch(extension: &str, kind: Kind, claim: Claim) -> Option<Severity> {
    if kind == Kind::UNKNOWN || kind == Kind::EMPTY || claim < Claim::Shape {
        return None;
    }
    let format = format(extension)?;
    if has(&format.kinds, kind) {
        return None;
    }
    let certain = claim == Claim::Certain;
    if has(&table().executables, kind) {
        return Some(if certain { Severity::High } else { Severity::Low });
    }
    if let Some(severity) = format.inert.filter(|_| has(&table().code, kind)) {
        return Some(if certain { severity } else { Severity::Low });
    }
    (!format.kinds.is_empty()).then_some(Severity::Low)
}

/// Is this the outer shape of many formats, such as ZIP?
pub(crate) fn is_carrier(kind: Kind) -> bool {
    has(&table().carriers, kind)
}

/// May content be of both kinds without meaning to deceive, because the one is the shape of the other?
pub(crate) fn is_nesting(one: Kind, other: Kind) -> bool {
    let fits = |name: &str, kind: Kind| name == kind.name();
    table().nesting.iter().any(|(outer, inner)| {
        (fits(outer, one) && fits(inner, other)) || (fits(outer, other) && fits(inner, one))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_readable_and_names_each_extension_once() {
        let table: Table = toml::from_str(include_str!("extensions.toml")).unwrap();
        let mut all: Vec<_> = table.format.iter().flat_map(|format| &format.extensions).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(count > 20);
    }

    #[test]
    fn a_pickle_that_calls_itself_safetensors_is_suspicious() {
        let pickle = Kind::new("pickle");
        assert_eq!(mismatch("safetensors", pickle, Claim::Certain), Some(Severity::Medium));
        assert_eq!(mismatch("safetensors", pickle, Claim::Shape), Some(Severity::Low));
        assert_eq!(mismatch("safetensors", Kind::new("safetensors"), Claim::Certain), None);
        assert_eq!(mismatch("pkl", pickle, Claim::Certain), None);
        assert_eq!(mismatch("bin", pickle, Claim::Certain), None, ".bin promises nothing");
    }

    #[test]
    fn an_executable_behind_a_model_extension_is_dangerous() {
        assert_eq!(mismatch("gguf", Kind::new("elf"), Claim::Certain), Some(Severity::High));
        assert_eq!(mismatch("exe", Kind::new("pe"), Claim::Certain), None);
        assert_eq!(mismatch("gguf", Kind::UNKNOWN, Claim::No), None);
    }
}
