//! Opens models for lineage: from a path to samples of its weights and to what its files declare.

mod declared;
mod error;
mod files;
mod gather;
mod several;
mod store;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use bartizan_core::{Content, Limits, Options};
use bartizan_provenance::lineage::{Comparison, EdgeKind, Graph, Member, Relation, Sketch, compare};

pub use error::LineageError;
pub use several::models;
pub use store::{Hit, Saved, Store};

use crate::{
    all_inspectors, digest,
    dispatch::{Dispatcher, Run},
    source::LocalFile,
};
use gather::Gatherer;

/// How models are opened.
#[derive(Debug)]
pub struct Opening<'a> {
    /// Bounds on the work that one file may cause.
    pub limits: &'a Limits,
    /// Compute SHA-256 of every file too, which reads all of them to their end?
    pub digests: bool,
    /// Set to stop soon.
    pub cancel: &'a AtomicBool,
}

/// Opens a model: a file, a folder with one model, or a sketch that was made before.
///
/// # Errors
/// When nothing at the path can be read, or nothing there is a model. What could not be read of a model that otherwise
/// can is named in its sketch's gaps.
pub fn open(path: &Path, opening: &Opening<'_>) -> Result<Member, LineageError> {
    let unreadable = |error: std::io::Error| LineageError::unreadable(path, &error);
    let canonical = path.canonicalize().map_err(unreadable)?;
    let shown = path.display().to_string();
    if canonical.is_file() {
        let (content, _) = LocalFile::open(&canonical).and_then(LocalFile::content).map_err(unreadable)?;
        if content.head(16).is_ok_and(|head| head.as_ref() == b"bartizan-sketch\0") {
            return kept(path, &content);
        }
    }
    let model = files::Model::find(&canonical, path)?;
    let dispatcher = Dispatcher {
        inspectors: all_inspectors(),
        limits: opening.limits,
        options: Options { storages: true, ..Options::default() },
        digests: false,
        watch: None,
    };
    let mut gatherer = Gatherer::new(&dispatcher);
    for file in model.weights.iter().chain(&model.declarations) {
        let run = Run::new(opening.limits.seconds, opening.cancel);
        gatherer.file(&model.tree, file, &run);
    }
    let gathered = gatherer.finish();
    if gathered.sources.is_empty() && gathered.gaps.is_empty() {
        return Err(LineageError::NoWeights(path.to_owned()));
    }
    let stop = || opening.cancel.load(Ordering::Relaxed);
    let mut sketch = Sketch::of(&shown, gathered.sources, &stop);
    sketch.gaps.splice(0..0, gathered.gaps);
    sketch.gaps.extend(model.gaps.iter().cloned());
    if sketch.tensors() == 0 {
        let why = sketch.gaps.first().cloned().unwrap_or_else(|| "it holds no numbers".to_owned());
        return Err(LineageError::NothingRead { path: path.to_owned(), why });
    }
    let mut files = BTreeMap::new();
    if opening.digests {
        for file in &model.weights {
            let content = model.tree.open(file);
            let digested = content.and_then(|content| digest::sha256(&content, &stop));
            match digested {
                Ok(Some(digested)) => drop(files.insert(file.clone(), digested.sha256)),
                Ok(None) => sketch.gaps.push(format!("{file}: stopped before it was digested")),
                Err(error) => sketch.gaps.push(format!("{file}: {error}")),
            }
        }
    }
    let facts = declared::of(&gathered.facts, sketch.is_adapter());
    let mut names = model.names;
    names.extend(facts.names);
    Ok(Member {
        path: shown,
        names,
        sketch,
        files,
        declared: facts.declared,
        licences: facts.licences,
        has_card: facts.has_card,
    })
}

/// A sketch that was kept: nothing but the weights is known.
fn kept(path: &Path, content: &Content) -> Result<Member, LineageError> {
    let sketch = store::of_content(path, content)?;
    Ok(Member {
        path: path.display().to_string(),
        names: vec![sketch.label.clone()],
        sketch,
        files: BTreeMap::new(),
        declared: Vec::new(),
        licences: Vec::new(),
        has_card: false,
    })
}

/// Compares two models. An adapter's weights do not tell its base; its declarations do, when they name the other one.
pub fn compare_members(a: &Member, b: &Member) -> Comparison {
    let mut comparison = compare(&a.sketch, &b.sketch);
    let declares = |child: &Member, parent: &Member| {
        child.sketch.is_adapter()
            && child
                .declared
                .iter()
                .any(|one| one.kind == EdgeKind::AdapterOf && parent.is_called(&one.target))
    };
    if !comparison.related && (declares(a, b) || declares(b, a)) {
        comparison.related = true;
        comparison.relation = Relation::Adapter;
        comparison.notes.push("related by what the adapter declares, not by its weights".to_owned());
    }
    comparison
}

/// The graph of several models: what they declare, and what their weights show.
pub fn graph(members: &[Member]) -> Graph {
    Graph::of(members)
}
