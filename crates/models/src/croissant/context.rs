//! The `@context` of a JSON-LD document: what its keys mean (<https://www.w3.org/TR/json-ld11/#the-context>).
//!
//! Nothing is fetched: of contexts that are addresses, those of schema.org and of Croissant are known. Names come out in
//! one short form whatever the document calls them: `sc:name`, `cr:recordSet`, `rai:dataBiases`, `dct:conformsTo`; a
//! name of another vocabulary is its whole address.

use std::collections::HashMap;

use crate::json::{Node, Value};

/// Vocabularies by address, without `http://` or `https://`, and the short form of their names. The longer address
/// comes first where one begins with the other.
const VOCABULARIES: &[(&str, &str)] = &[
    ("schema.org/", "sc:"),
    ("www.schema.org/", "sc:"),
    ("mlcommons.org/croissant/RAI/", "rai:"),
    ("mlcommons.org/croissant/", "cr:"),
    // Croissant 0.8.
    ("mlcommons.org/schema/", "cr:"),
    ("purl.org/dc/terms/", "dct:"),
];

/// Names of Croissant's own vocabulary, as its published context has them.
const TERMS: &[&str] = &[
    "Field",
    "FileObject",
    "FileSet",
    "RecordSet",
    "arrayShape",
    "citeAs",
    "column",
    "data",
    "dataType",
    "equivalentProperty",
    "examples",
    "extract",
    "field",
    "fileObject",
    "fileProperty",
    "fileSet",
    "format",
    "includes",
    "excludes",
    "isArray",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
    "value",
];

/// What a term of the context stands for.
#[derive(Clone, Debug, Default)]
struct Term {
    iri: Option<String>,
    json: bool,
    languages: bool,
}

/// How the values of a key are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As JSON-LD.
    Plain,
    /// As JSON that means nothing in JSON-LD.
    Json,
    /// As an object with a text for each language.
    Languages,
}

/// A context.
#[derive(Debug, Default)]
pub(super) struct Context {
    vocabulary: Option<String>,
    terms: HashMap<String, Term>,
    /// Does it speak of Croissant 0.8, which names things instead of giving them ids?
    pub(super) is_old: bool,
}

/// How many terms may stand for each other.
const LONGEST_CHAIN: usize = 8;

impl Context {
    /// Reads the value of `@context`: an object, an address, or a list of them.
    pub(super) fn new(node: Option<&Node>) -> Self {
        let mut context = Self::default();
        match node.map(|node| &node.value) {
            Some(Value::List(items)) => items.iter().for_each(|item| context.add(item)),
            Some(_) => node.into_iter().for_each(|node| context.add(node)),
            None => {}
        }
        context.is_old = context
            .terms
            .values()
            .any(|term| term.iri.as_deref().is_some_and(|iri| iri.contains("mlcommons.org/schema")));
        context
    }

    fn add(&mut self, node: &Node) {
        match &node.value {
            Value::Text(address) if address.contains("mlcommons.org/croissant") => {
                self.vocabulary = Some("sc:".to_owned());
                for term in TERMS {
                    self.terms.insert(
                        (*term).to_owned(),
                        Term {
                            iri: Some(format!("cr:{term}")),
                            json: matches!(*term, "data" | "examples"),
                            languages: false,
                        },
                    );
                }
                let conforms = Term { iri: Some("dct:conformsTo".to_owned()), ..Term::default() };
                self.terms.insert("conformsTo".to_owned(), conforms);
            }
            Value::Text(address) if address.contains("schema.org") => {
                self.vocabulary = Some("sc:".to_owned());
            }
            Value::Object(pairs) => pairs.iter().for_each(|(term, value)| self.define(term, value)),
            _ => {}
        }
    }

    fn define(&mut self, term: &str, value: &Node) {
        if term == "@vocab" {
            self.vocabulary = value.text().map(str::to_owned);
        }
        if term.starts_with('@') {
            return;
        }
        let defined = match &value.value {
            Value::Text(iri) => Term { iri: Some(iri.clone()), ..Term::default() },
            Value::Object(_) => Term {
                iri: value.text_of("@id").map(str::to_owned),
                json: value.text_of("@type") == Some("@json"),
                languages: value.get("@container").is_some_and(|of| of.texts().contains(&"@language")),
            },
            _ => Term::default(),
        };
        self.terms.insert(term.to_owned(), defined);
    }

    /// What a key or type means, in its short form; `@id` and the like for keywords and their aliases.
    pub(super) fn meaning(&self, name: &str) -> String {
        short(&self.expanded(name, LONGEST_CHAIN))
    }

    /// How the values of a key are written.
    pub(super) fn form(&self, name: &str) -> Form {
        match self.terms.get(name) {
            Some(Term { json: true, .. }) => Form::Json,
            Some(Term { languages: true, .. }) => Form::Languages,
            _ => Form::Plain,
        }
    }

    fn expanded(&self, name: &str, left: usize) -> String {
        let Some(left) = left.checked_sub(1) else { return name.to_owned() };
        if name.starts_with('@') {
            return name.to_owned();
        }
        if let Some(iri) = self.terms.get(name).and_then(|term| term.iri.as_deref())
            && iri != name
        {
            return self.expanded(iri, left);
        }
        match name.split_once(':') {
            Some((_, rest)) if rest.starts_with("//") => name.to_owned(),
            Some((prefix, rest)) if self.terms.contains_key(prefix) => {
                let mut iri = self.expanded(prefix, left);
                // A chain of prefixes cannot make a name longer than this.
                if iri.len() < 4096 {
                    iri.push_str(rest);
                }
                iri
            }
            Some(_) => name.to_owned(),
            None => match &self.vocabulary {
                Some(vocabulary) => format!("{vocabulary}{name}"),
                None => name.to_owned(),
            },
        }
    }
}

fn short(iri: &str) -> String {
    let bare = iri.strip_prefix("https://").or_else(|| iri.strip_prefix("http://")).unwrap_or(iri);
    let known = VOCABULARIES.iter().find_map(|(address, short)| Some((short, bare.strip_prefix(address)?)));
    known.map_or_else(|| iri.to_owned(), |(short, name)| format!("{short}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Reading, parse};

    fn context(text: &str) -> Context {
        let document = parse(text.as_bytes(), Reading { depth: 16, values: 1000, skip: &[] }).unwrap();
        Context::new(Some(&document.root))
    }

    #[test]
    fn keys_mean_what_the_context_says() {
        let context = context(
            r#"{"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/", "s": "http://schema.org/",
                "field": "cr:field", "data": {"@id": "cr:data", "@type": "@json"}, "id": "@id",
                "name": {"@container": "@language"}, "loop": "loop2:x", "loop2": "loop:y"}"#,
        );
        for (name, meaning) in [
            ("field", "cr:field"),
            ("source", "sc:source"),
            ("cr:source", "cr:source"),
            ("s:name", "sc:name"),
            ("https://schema.org/name", "sc:name"),
            ("http://mlcommons.org/croissant/RAI/dataBiases", "rai:dataBiases"),
            ("id", "@id"),
            ("name", "sc:name"),
            ("http://example.invalid/x", "http://example.invalid/x"),
        ] {
            assert_eq!(context.meaning(name), meaning);
        }
        assert_eq!(context.form("data"), Form::Json);
        assert_eq!(context.form("name"), Form::Languages);
        context.meaning("loop:a");
    }

    #[test]
    fn published_contexts_are_known_without_fetching_them() {
        let context = context(r#"["https://schema.org/", "http://mlcommons.org/croissant/1.0"]"#);
        assert_eq!(context.meaning("recordSet"), "cr:recordSet");
        assert_eq!(context.meaning("name"), "sc:name");
        assert_eq!(context.meaning("FileSet"), "cr:FileSet");
        assert_eq!(Context::new(None).meaning("sc:name"), "sc:name");
    }
}
