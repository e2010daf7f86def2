//! Drives one parser with arbitrary bytes: an inspector, or a reader of what comes with models.

mod inspector;
mod provenance;

/// A parser, ready to be driven.
enum Parser {
    /// Of a kind of assets.
    Inspector(inspector::Driven),
    /// Of a signature, certificate, attestation, bill of materials or sketch.
    Document(fn(&[u8])),
}

static PARSER: std::sync::LazyLock<Parser> = std::sync::LazyLock::new(|| {
    let kind =
        std::env::var("BARTIZAN_FUZZ").expect("BARTIZAN_FUZZ names a kind; `cargo xtask fuzz KIND` sets it");
    match provenance::DOCUMENTS.iter().find(|(name, _)| *name == kind) {
        Some((_, document)) => Parser::Document(*document),
        None => Parser::Inspector(inspector::Driven::of(&kind)),
    }
});

/// Hands `data` to the parser that `BARTIZAN_FUZZ` names.
///
/// # Panics
/// When there is no such parser, or when it panics: that is what fuzzing looks for.
pub fn drive(data: &[u8]) {
    match &*PARSER {
        Parser::Inspector(inspector) => inspector.drive(data),
        Parser::Document(document) => document(data),
    }
}

/// Everything that can be driven; kinds whose inspector only names files are left out.
pub fn kinds() -> Vec<&'static str> {
    let mut kinds = inspector::kinds();
    kinds.extend(provenance::DOCUMENTS.iter().map(|(name, _)| *name));
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
