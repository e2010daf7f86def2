//! Root modules: which folders are, and what each of them makes.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use bartizan_core::{Asset, Finding, Tree};

use super::{
    evaluate::{Evaluator, Shelf},
    project::{Project, Unread, resolve},
    suppression,
};
use crate::{
    brought::Brought,
    judge::judge,
    resource::Resource,
    rule::{Catalogue, Framework},
    source::{Place, Sources},
    syntax::{Document, ExpressionKind},
    value::Value,
};

/// What the user says besides the files.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Files of variables: later ones win over earlier ones, and over those that are read by themselves.
    pub variable_files: Vec<VariableFile>,
    /// Rules that the user brings.
    pub brought: Arc<Brought>,
}

/// A file of variables that the user names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableFile {
    /// Its path, for reports.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What one root module makes, with all modules that it calls.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its folder, from the scanned root; empty at the root.
    pub folder: String,
    /// Every instance.
    pub resources: Vec<Resource>,
}

/// All configuration below a folder, evaluated.
#[derive(Debug, Default)]
pub struct Reading {
    /// The files.
    pub sources: Sources,
    /// The roots, by folder.
    pub roots: Vec<Root>,
    /// What could not be read or evaluated.
    pub(crate) unread: Vec<Unread>,
    /// Modules from elsewhere, whose content is not known: where each is called first, and its source.
    pub remote: Vec<(Place, String)>,
}

impl Reading {
    /// What the controls of the catalogues find in the roots, root by root. Paths are those of `asset` and below it.
    pub fn findings(
        &self,
        catalogues: &[&Catalogue],
        asset: &Asset,
        interrupted: &dyn Fn() -> bool,
    ) -> Vec<Finding> {
        let of_root = |root: &Root| {
            judge(&root.resources, &self.sources, catalogues, Framework::Terraform, asset, interrupted)
        };
        self.roots.iter().flat_map(of_root).collect()
    }
}

/// Reads and evaluates all configuration in and below a folder.
pub fn read(tree: &dyn Tree, settings: &Settings, interrupted: &dyn Fn() -> bool) -> Reading {
    let mut project = Project::read(tree, interrupted);
    let named: Vec<_> =
        settings.variable_files.iter().map(|file| project.parse(&file.path, &file.text)).collect();
    let mut reading = Reading::default();
    let called = called(&project);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let folders: Vec<String> = project.modules.keys().cloned().collect();
    // First those that nobody calls; then whatever they did not reach, such as modules that call each other in a circle.
    let (first, rest): (Vec<_>, Vec<_>) = folders.into_iter().partition(|folder| !called.contains(folder));
    let mut unread = Vec::new();
    for (folder, is_called) in
        first.into_iter().map(|folder| (folder, false)).chain(rest.into_iter().map(|folder| (folder, true)))
    {
        if interrupted() {
            break;
        }
        if is_called && seen.contains(&folder) {
            continue;
        }
        let shelf = Shelf::default();
        let mut evaluator = Evaluator::new(&project, tree, interrupted, &shelf);
        let given = given(&project, &folder, &named, &mut evaluator);
        evaluator.root(&folder, Rc::new(given));
        seen.extend(evaluator.visited.drain(..));
        for (place, message) in evaluator.gaps.drain(..) {
            let path = place.map_or(folder.as_str(), |place| project.sources.path(place.file)).to_owned();
            let line = place.map(|place| project.sources.line(place));
            let gap = Unread { path, line, message };
            if !unread.contains(&gap) {
                unread.push(gap);
            }
        }
        for (place, name) in evaluator.remote.drain(..) {
            if !reading.remote.iter().any(|(_, known)| *known == name) {
                reading.remote.push((place, name));
            }
        }
        let mut resources = std::mem::take(&mut evaluator.resources);
        drop(evaluator);
        suppression::attach(&project, &mut resources);
        resources.sort_by_key(|resource| resource.at);
        reading.roots.push(Root { folder, resources });
    }
    reading.unread = std::mem::take(&mut project.unread);
    reading.unread.extend(unread);
    reading.sources = project.sources;
    reading
}

/// Folders that some module calls.
fn called(project: &Project) -> BTreeSet<String> {
    let mut called = BTreeSet::new();
    for (folder, module) in &project.modules {
        for (_, block) in module.all("module") {
            if let Some(ExpressionKind::String(source)) =
                block.body.attribute("source").map(|source| &source.value.kind)
                && source.starts_with('.')
                && let Some(target) = resolve(folder, source)
                && target != *folder
            {
                called.insert(target);
            }
        }
    }
    called
}

/// The variables that files give to a root: later files win.
fn given<'p>(
    project: &'p Project,
    folder: &str,
    named: &'p [(crate::source::FileId, Document)],
    evaluator: &mut Evaluator<'p>,
) -> BTreeMap<Arc<str>, Value> {
    let own = project.variables.get(folder).map(Vec::as_slice).unwrap_or_default();
    let mut given = BTreeMap::new();
    for (file, document) in own.iter().chain(named) {
        for attribute in &document.body.attributes {
            let value = evaluator.constant(&attribute.value, *file);
            let place = attribute.span.of(*file);
            given.insert(Arc::clone(&attribute.name), Value { at: Some(place), ..value });
        }
    }
    given
}
