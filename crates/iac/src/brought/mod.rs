//! Rules that a user brings: a folder of our own rules and of Checkov's custom YAML policies.
//!
//! Whatever does not load is named with its file and line, and keeps none of the others from loading. The conditions of
//! both kinds are decided by the same code as bartizan's own, so that what is unknown stays unknown.

mod checkov;
mod document;
mod jsonpath;
mod metadata;
mod operator;
pub(crate) mod proof;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bartizan_core::{EntryKind, Rule, Tier, Tree, document::yaml};
use serde_json::Value as Json;

pub use proof::{Example, Proof, prove};

use crate::rule::{Catalogue, Control, RULES, RuleError};

/// Files of one folder of policies.
const MOST_FILES: usize = 20_000;
/// Bytes of one policy.
const LARGEST: u64 = 1 << 20;
/// Folders inside each other.
const DEEPEST_FOLDER: usize = 16;
/// Values of one file, and levels of nesting.
const MOST_VALUES: usize = 100_000;
const DEEPEST: usize = 64;

/// What a folder of policies holds.
#[derive(Debug, Default)]
pub struct Brought {
    /// Everything that loaded.
    pub catalogue: Catalogue,
    /// The metadata of what loaded, in order of files.
    pub policies: Vec<Policy>,
    /// What did not load.
    pub failures: Vec<Failure>,
}

/// One policy that loaded.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its metadata.
    pub rule: &'static Rule,
    /// Its file, from the folder of policies.
    pub path: String,
    /// The line on which it begins.
    pub line: u32,
    /// Its controls: several when it says different things about different types of resources.
    pub controls: Vec<Control>,
    /// Texts that it has to decide, as the rule itself gives them.
    pub examples: Json,
}

/// One policy that did not load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its file, from the folder of policies.
    pub path: String,
    /// The line that is wrong, where that is known.
    pub line: Option<u32>,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Brought {
    /// Loads every policy in and below a folder.
    pub fn load(tree: &dyn Tree) -> Self {
        let mut loader = Loader { taken: RULES.iter().map(|rule| rule.id).collect(), ..Loader::default() };
        loader.walk(tree);
        let controls = loader.policies.iter().flat_map(|policy| policy.controls.iter().cloned()).collect();
        Self { catalogue: Catalogue::new(controls), policies: loader.policies, failures: loader.failures }
    }

    /// The metadata of everything that loaded.
    pub fn rules(&self) -> Vec<&'static Rule> {
        self.policies.iter().map(|policy| policy.rule).collect()
    }
}

#[derive(Default)]
struct Loader {
    policies: Vec<Policy>,
    failures: Vec<Failure>,
    /// Ids that are in use.
    taken: BTreeSet<&'static str>,
}

/// A policy as it was read, before its id is known to be free.
struct Draft {
    rule: metadata::Draft,
    controls: Box<dyn FnOnce(&'static Rule) -> Result<Vec<Control>, RuleError>>,
}

impl Loader {
    fn fail(&mut self, path: &str, line: Option<u32>, message: impl Into<String>) {
        self.failures.push(Failure { path: path.to_owned(), line, message: message.into() });
    }

    fn walk(&mut self, tree: &dyn Tree) {
        let mut waiting = vec![(String::new(), 0usize)];
        let mut files = 0usize;
        while let Some((folder, depth)) = waiting.pop() {
            let mut inner = Vec::new();
            for entry in tree.list(&folder) {
                let name = entry.path.rsplit('/').next().unwrap_or(&entry.path);
                let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
                match entry.kind {
                    EntryKind::Directory if name.starts_with('.') => {}
                    EntryKind::Directory if depth >= DEEPEST_FOLDER => {
                        let message = format!("folders are nested more than {DEEPEST_FOLDER} levels deep");
                        self.fail(&entry.path, None, message);
                    }
                    EntryKind::Directory => inner.push((entry.path, depth + 1)),
                    EntryKind::File | EntryKind::LinkInside if is_yaml => {
                        files += 1;
                        if files > MOST_FILES {
                            let message =
                                format!("the folder holds more than {MOST_FILES} policies; split it");
                            return self.fail(&entry.path, None, message);
                        }
                        self.file(tree, &entry.path);
                    }
                    EntryKind::LinkOutside if is_yaml => {
                        self.fail(&entry.path, None, "the link leaves the folder of policies");
                    }
                    _ => {}
                }
            }
            // The last is taken first: folders are read in the order of their names.
            waiting.extend(inner.into_iter().rev());
        }
    }

    fn file(&mut self, tree: &dyn Tree, path: &str) {
        let read = tree
            .open(path)
            .and_then(|content| content.whole(LARGEST))
            .map_err(|error| format!("it cannot be read: {error}"))
            .and_then(|bytes| {
                String::from_utf8(bytes.to_vec()).map_err(|_| "it is no UTF-8 text".to_owned())
            });
        let text = match read {
            Ok(text) => text,
            Err(message) => return self.fail(path, None, message),
        };
        let stream = yaml::parse_expanding(&text, DEEPEST, MOST_VALUES, MOST_VALUES);
        if let Some(broken) = stream.broken {
            return self.fail(path, Some(broken.line), broken.reason);
        }
        if stream.documents.is_empty() {
            return self.fail(path, None, "it is empty: write a rule, or remove the file");
        }
        for node in &stream.documents {
            if let Err(error) = self.policy(path, node) {
                let line = document::line(node, &error.at);
                self.fail(path, Some(line), error.to_string());
            }
        }
    }

    /// Reads one document.
    fn policy(&mut self, path: &str, node: &bartizan_core::document::Node) -> Result<(), RuleError> {
        let json = document::json(node);
        let Some(map) = json.as_object() else {
            return wrong("policy", "a policy is a mapping");
        };
        let draft = if map.contains_key("definition") || map.contains_key("metadata") {
            checkov::read(&json)?
        } else {
            own(&json)?
        };
        if self.taken.contains(draft.rule.id.as_str()) {
            return wrong(draft.rule.id_at, format!("the id `{}` is taken; give it another", draft.rule.id));
        }
        // The controls are made before the metadata are kept for good: what does not load takes no memory.
        let probe = (draft.controls)(&metadata::PROBE)?;
        let rule = draft.rule.keep();
        let controls = probe.into_iter().map(|control| Control { rule, tier: Tier::Community, ..control });
        self.taken.insert(rule.id);
        self.policies.push(Policy {
            rule,
            path: path.to_owned(),
            line: node.line,
            controls: controls.collect(),
            examples: map.get("examples").cloned().unwrap_or(Json::Null),
        });
        Ok(())
    }
}

/// A rule in our own format.
fn own(json: &Json) -> Result<Draft, RuleError> {
    let rule = metadata::own(json)?;
    let json = json.clone();
    Ok(Draft { rule, controls: Box::new(move |rule| Ok(vec![crate::rule::control(&json, rule)?])) })
}

fn wrong<T>(at: &str, message: impl Into<String>) -> Result<T, RuleError> {
    Err(RuleError { at: at.to_owned(), message: message.into() })
}
