//! What code and configuration use from outside: models, datasets, packages, images, services, agents, tools.
//!
//! * `program` is a source file reduced to values, names and calls; `python` makes one of Python's syntax tree.
//! * `flow` answers what a value can be; the tables of `catalogue` say which calls use what; `collect` asks.
//! * `shell` reads command lines, wherever they stand.
//!
//! Every reader fills a [`Found`], which becomes facts and findings in one place: [`Found::tell`].

use std::collections::HashSet;

use bartizan_core::{Asset, Fact, Finding, Inspection, Usage, UsageKind, redacted};

pub(crate) mod catalogue;
pub(crate) mod collect;
pub(crate) mod flow;
pub(crate) mod heredoc;
pub(crate) mod image;
pub(crate) mod install;
pub(crate) mod javascript;
pub(crate) mod naming;
pub(crate) mod options;
pub(crate) mod program;
pub(crate) mod provider;
pub(crate) mod python;
pub(crate) mod requirement;
pub(crate) mod rules;
pub(crate) mod shell;
#[cfg(test)]
mod tests;
pub(crate) mod thing;
pub(crate) mod variables;

/// How many usages one file tells; lock files of big projects have some thousands.
const MOST: usize = 20_000;

/// Hubs where a name without a revision means whatever is newest.
const HUBS: &[&str] = &["huggingface", "torch-hub", "modelscope"];

/// Files that hold settings for others, by their name without extension.
const SETTINGS_FILES: &[&str] =
    &["config", "settings", "constants", "configuration", "consts", "defaults", "models"];

/// Is it a file that others import for its constants?
pub(crate) fn is_settings_file(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_ascii_lowercase();
    SETTINGS_FILES.contains(&stem.as_str())
        || ["_config", "_settings", "_constants", ".config"].iter().any(|end| stem.ends_with(end))
}

/// What one file uses.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) usages: Vec<Usage>,
    seen: HashSet<(UsageKind, String, Option<String>, Option<u64>)>,
    /// The file is longer or more tangled than what is followed.
    pub(crate) cut: bool,
    /// Images that the file itself builds.
    pub(crate) built: HashSet<String>,
    /// How many scripts around the one that is read.
    pub(crate) depth: usize,
}

impl Found {
    /// Adds a usage unless it was told already.
    pub(crate) fn add(&mut self, mut usage: Usage) {
        usage.name = redacted(usage.name.trim());
        usage.version = usage.version.map(|version| redacted(version.trim()));
        if usage.name.is_empty() {
            return;
        }
        if usage.kind == UsageKind::Library && usage.provider.as_deref() == Some("pypi") {
            usage.name = requirement::normalised(&usage.name);
        }
        if self.usages.len() >= MOST {
            self.cut = true;
            return;
        }
        if self.seen.insert((usage.kind, usage.name.clone(), usage.version.clone(), usage.line)) {
            self.usages.push(usage);
        }
    }

    /// Adds what was found in a text that begins on this line.
    pub(crate) fn below(&mut self, inner: Self, line: u32) {
        self.cut |= inner.cut;
        for mut usage in inner.usages {
            usage.line = usage.line.and_then(|own| own.checked_add(u64::from(line))?.checked_sub(1));
            self.add(usage);
        }
    }

    /// Tells the facts, and the findings that follow from them.
    pub(crate) fn tell(mut self, asset: &Asset, inspection: &mut Inspection) {
        if self.cut {
            inspection
                .coverage
                .miss("it is too long or too tangled for everything that it uses to be listed");
        }
        self.usages.sort_by(|one, other| (one.line, &one.name).cmp(&(other.line, &other.name)));
        let mut told = HashSet::new();
        for usage in self.usages {
            let hub = usage.provider.as_deref().is_some_and(|provider| HUBS.contains(&provider));
            let rule = match usage.kind {
                UsageKind::Model => Some(&rules::UNPINNED_MODEL),
                UsageKind::Dataset => Some(&rules::UNPINNED_DATASET),
                _ => None,
            };
            if let Some(rule) = rule
                && hub
                && !usage.pinned
                && !usage.local
                && told.insert((usage.kind, usage.name.clone()))
            {
                let kind = if usage.kind == UsageKind::Model { "model" } else { "dataset" };
                let how = match &usage.version {
                    Some(version) => format!("at `{version}`, which can be moved"),
                    None => "without a revision".to_owned(),
                };
                let message = format!("the {kind} `{}` is used {how}", usage.name);
                let mut finding = Finding::new(rule, asset, message).evidence(kind, &usage.name);
                if let Some(line) = usage.line.and_then(|line| u32::try_from(line).ok()) {
                    finding = finding.line(line);
                }
                inspection.find(finding);
            }
            inspection.know(Fact::Usage(usage));
        }
    }
}
