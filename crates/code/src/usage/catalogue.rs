//! What is known about calls: which of them use a model, a dataset or another AI thing, and which argument names it.
//!
//! The knowledge is data: the tables beside this file, each entry with examples and counterexamples that one test
//! proves.

use std::{
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use bartizan_core::UsageKind;
use serde::Deserialize;

const TABLES: &[(&str, &str)] = &[
    ("values.toml", include_str!("values.toml")),
    ("hub.toml", include_str!("hub.toml")),
    ("local.toml", include_str!("local.toml")),
    ("services.toml", include_str!("services.toml")),
    ("frameworks.toml", include_str!("frameworks.toml")),
    ("stores.toml", include_str!("stores.toml")),
    ("javascript.toml", include_str!("javascript.toml")),
];

/// One table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default, rename = "use")]
    uses: Vec<Entry>,
    #[serde(default, rename = "value")]
    values: Vec<ValueEntry>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    keywords: Vec<String>,
}

/// Where a name can lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    /// On a hub or in a folder: the text decides.
    #[default]
    Either,
    /// Always a path or address of a file.
    Local,
    /// Always a name at a provider.
    Remote,
}

/// Which language an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Language {
    /// JavaScript and TypeScript.
    Javascript,
}

/// Calls that use something.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    /// Whole paths of callees, as [`Pattern`]s.
    pub(crate) calls: Vec<String>,
    /// Every language when none is named.
    #[serde(default)]
    pub(crate) language: Option<Language>,
    pub(crate) kind: UsageKind,
    #[serde(default)]
    pub(crate) provider: Option<String>,
    /// Arguments that may hold the name; the first that is known is taken.
    #[serde(default)]
    pub(crate) name: Vec<String>,
    /// The name, when the call itself says it.
    #[serde(default)]
    pub(crate) fixed: Option<String>,
    /// An argument whose text follows the name after a colon.
    #[serde(default)]
    pub(crate) join: Vec<String>,
    #[serde(default)]
    pub(crate) revision: Vec<String>,
    #[serde(default)]
    pub(crate) place: Place,
    /// Names that are not ones: loaders, tasks.
    #[serde(default)]
    pub(crate) unless: Vec<String>,
    /// Arguments that name data files.
    #[serde(default)]
    pub(crate) files: Vec<String>,
    /// Counts only when one of these arguments is given and is not nothing.
    #[serde(default)]
    pub(crate) given: Vec<String>,
    /// Counts also when none of those arguments is given at all.
    #[serde(default)]
    pub(crate) by_default: bool,
    /// Does not count when the name has none of these parts.
    #[serde(default)]
    pub(crate) containing: Vec<String>,
    /// Arguments that hold the address of the service.
    #[serde(default)]
    pub(crate) address: Vec<String>,
    /// Counts only when the address holds one of these.
    #[serde(default)]
    pub(crate) at: Vec<String>,
    /// Counts only in files that import one of these packages.
    #[serde(default)]
    pub(crate) imports: Vec<String>,
    /// The decorated function is what is used.
    #[serde(default)]
    pub(crate) decorates: bool,
    /// The name must look like one of a model.
    #[serde(default)]
    pub(crate) strict: bool,
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests prove them"))]
    pub(crate) examples: Vec<Example>,
    #[serde(default)]
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests prove them"))]
    pub(crate) counterexamples: Vec<String>,
}

/// A source and what is found in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "the tests prove them"))]
pub(crate) struct Example {
    pub(crate) code: String,
    pub(crate) finds: Vec<String>,
}

/// Calls that give one of their arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValueEntry {
    calls: Vec<String>,
    /// The arguments that may come out; all count.
    pub(crate) gives: Vec<String>,
    /// Any element of what comes out.
    #[serde(default)]
    pub(crate) elements: bool,
    pub(crate) via: Source,
}

/// How a text was found, from the plainest to the most roundabout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Source {
    Literal,
    Constant,
    Attribute,
    Dictionary,
    Concatenation,
    Condition,
    Argument,
    Function,
    DefaultArgument,
    Option,
    Environment,
    Choice,
}

impl Source {
    /// As facts spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Literal => "literal",
            Self::Constant => "constant",
            Self::Attribute => "attribute",
            Self::Dictionary => "dictionary",
            Self::Concatenation => "concatenation",
            Self::Condition => "condition",
            Self::Argument => "argument",
            Self::Function => "function",
            Self::DefaultArgument => "default-argument",
            Self::Option => "option",
            Self::Environment => "environment",
            Self::Choice => "choice",
        }
    }
}

/// A path with holes: `*` is within one part, `**` any number of parts, `?` the unknown start of a path.
#[derive(Debug)]
struct Pattern {
    parts: Vec<String>,
    entry: usize,
}

impl Pattern {
    fn new(text: &str, entry: usize) -> Self {
        Self { parts: text.split('.').map(str::to_owned).collect(), entry }
    }

    fn matches(&self, path: &[&str]) -> bool {
        matches(&self.parts, path)
    }
}

fn matches(pattern: &[String], path: &[&str]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return path.is_empty() };
    if first == "**" {
        return (0..=path.len()).any(|skip| matches(rest, path.get(skip..).unwrap_or_default()));
    }
    path.split_first().is_some_and(|(part, others)| part_matches(first, part) && matches(rest, others))
}

fn part_matches(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((start, end)) => {
            part.len() >= start.len() + end.len() && part.starts_with(start) && part.ends_with(end)
        }
    }
}

/// Patterns by the package that they begin with, or by the name that they end with.
#[derive(Debug, Default)]
struct Index {
    by_package: HashMap<String, Vec<Pattern>>,
    by_end: HashMap<String, Vec<Pattern>>,
}

impl Index {
    fn add(&mut self, calls: &[String], entry: usize) {
        for text in calls {
            let pattern = Pattern::new(text, entry);
            let first = pattern.parts.first().cloned().unwrap_or_default();
            let last = pattern.parts.last().cloned().unwrap_or_default();
            if first.contains('*') || first == "?" {
                self.by_end.entry(last).or_default().push(pattern);
            } else {
                self.by_package.entry(first).or_default().push(pattern);
            }
        }
    }

    /// The entries that a path fits, in the order of the tables, each once.
    fn find(&self, path: &str) -> Vec<usize> {
        let parts: Vec<&str> = path.split('.').collect();
        let candidates = parts
            .first()
            .and_then(|first| self.by_package.get(*first))
            .into_iter()
            .chain(parts.last().and_then(|last| self.by_end.get(*last)))
            .flatten();
        let mut found: Vec<usize> =
            candidates.filter(|pattern| pattern.matches(&parts)).map(|pattern| pattern.entry).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// All tables.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    uses: Vec<Entry>,
    values: Vec<ValueEntry>,
    use_index: Index,
    value_index: Index,
    /// Packages whose calls may name models in arguments that are not listed.
    packages: HashSet<String>,
    /// Names of arguments that hold a model.
    keywords: HashSet<String>,
    words: Option<aho_corasick::AhoCorasick>,
}

/// Words beside package names that make a file worth reading: requests to model services.
const WORDS: &[&str] = &[
    "huggingface",
    "ollama",
    "/v1/chat",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/messages",
    "/api/generate",
    "/api/chat",
    "pip install",
    "joblib",
    "pickle",
    "read_csv",
    "read_parquet",
    "completions.create",
    "embeddings.create",
    "messages.create",
    "messages.stream",
    "responses.create",
    "llama",
    "gpt-",
    "claude-",
    "gemini-",
];

impl Catalogue {
    /// The one that is part of the program; its tables are read once.
    pub(crate) fn get() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| {
            let mut catalogue = Self::default();
            for (_, text) in TABLES {
                // A test reads every table, so none is empty here.
                catalogue.add(toml::from_str(text).unwrap_or_default());
            }
            catalogue.finish();
            catalogue
        })
    }

    fn add(&mut self, table: Table) {
        for entry in table.uses {
            self.use_index.add(&entry.calls, self.uses.len());
            self.uses.push(entry);
        }
        for entry in table.values {
            self.value_index.add(&entry.calls, self.values.len());
            self.values.push(entry);
        }
        self.packages.extend(table.packages);
        self.keywords.extend(table.keywords);
    }

    fn finish(&mut self) {
        let mut words: Vec<&str> = self.use_index.by_package.keys().map(String::as_str).collect();
        words.extend(self.packages.iter().map(String::as_str));
        words.extend(WORDS);
        words.sort_unstable();
        words.dedup();
        self.words = aho_corasick::AhoCorasick::new(words).ok();
    }

    /// Does a source mention anything that this catalogue knows? One pass over the bytes, before anything else.
    pub(crate) fn concerns(&self, source: &str) -> bool {
        self.words.as_ref().is_none_or(|words| words.is_match(source))
    }

    pub(crate) fn uses(&self, path: &str) -> impl Iterator<Item = &Entry> {
        self.use_index.find(path).into_iter().filter_map(|index| self.uses.get(index))
    }

    pub(crate) fn value(&self, path: &str) -> Option<&ValueEntry> {
        self.value_index.find(path).first().and_then(|index| self.values.get(*index))
    }

    /// Is it a package of the AI world?
    pub(crate) fn is_package(&self, root: &str) -> bool {
        self.packages.contains(root) || self.use_index.by_package.contains_key(root)
    }

    /// Do arguments of this name hold a model?
    pub(crate) fn is_model_keyword(&self, name: &str) -> bool {
        self.keywords.contains(name)
    }

    #[cfg(test)]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.uses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_whole() {
        for (name, text) in TABLES {
            let table: Result<Table, _> = toml::from_str(text);
            assert!(table.is_ok(), "{name}: {:?}", table.err());
        }
    }

    #[test]
    fn a_star_stays_within_its_part_and_two_cross_parts() {
        let fits = |pattern: &str, path: &str| {
            Pattern::new(pattern, 0).matches(&path.split('.').collect::<Vec<_>>())
        };
        assert!(fits("transformers.*.from_pretrained", "transformers.AutoModel.from_pretrained"));
        assert!(!fits("transformers.*.from_pretrained", "transformers.a.b.from_pretrained"));
        assert!(fits("x.**.Chat*", "x.ChatOpenAI") && fits("x.**.Chat*", "x.y.z.ChatOpenAI"));
        assert!(!fits("x.**.Chat*", "x.Other"));
        assert!(fits("**.create", "?.chat.create"));
    }
}
