//! Facts and tensors of a model's files, through the same inspectors that a scan uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use bartizan_core::{Asset, Content, Fact, Kind, Probe, Tensor, Tree};
use bartizan_provenance::lineage::TensorSource;

use crate::dispatch::{Dispatcher, Run};

/// Bytes of decompressed members that are held at most, over the whole model.
const HELD: u64 = 512 << 20;
/// Members of containers inside containers are followed this deep: a ZIP with a pickle, or an archive of either.
const DEEPEST: usize = 3;

/// Gathers.
pub(super) struct Gatherer<'a> {
    dispatcher: &'a Dispatcher<'a>,
    found: Mutex<Found>,
}

/// What was gathered.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) sources: Vec<TensorSource>,
    pub(super) facts: Vec<Told>,
    pub(super) gaps: Vec<String>,
}

/// A file's facts, tensors left out.
pub(super) struct Told {
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) facts: Vec<Fact>,
}

#[derive(Default)]
struct Found {
    gathered: Gathered,
    /// Members that tensors may lie in, by path.
    members: BTreeMap<String, Content>,
    held: u64,
    /// Tensors in members that come later, with the path of what lists them.
    waiting: Vec<(String, Tensor)>,
    seen: BTreeSet<String>,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(dispatcher: &'a Dispatcher<'a>) -> Self {
        Self { dispatcher, found: Mutex::default() }
    }

    /// Reads one file of the model.
    pub(super) fn file(&mut self, tree: &Arc<dyn Tree>, path: &str, run: &Run<'_>) {
        match tree.open(path) {
            Ok(content) => {
                let mut asset = Asset::new(path, content);
                asset.siblings = Some(beside(tree, path));
                self.asset(asset, run);
            }
            Err(error) => self.with(|found| found.gathered.gaps.push(format!("{path}: {error}"))),
        }
        if run.was_stopped() {
            self.with(|found| found.gathered.gaps.push(format!("{path}: {}", run.why_stopped())));
        }
    }

    /// Everything, with the tensors whose members came after them.
    pub(super) fn finish(self) -> Gathered {
        let mut found = self.found.into_inner().unwrap_or_default();
        let mut missing = 0u64;
        let mut first = String::new();
        for (lister, tensor) in std::mem::take(&mut found.waiting) {
            let file = tensor.file.clone().unwrap_or_default();
            let folder = lister.rfind(['/', '!']).map_or("", |at| lister.get(..=at).unwrap_or_default());
            let content = found.members.get(&format!("{folder}{file}")).cloned();
            let source = content.and_then(|content| source(&tensor, &content));
            match source {
                Some(source) => found.gathered.sources.push(source),
                None => {
                    if missing == 0 {
                        first = format!("{lister}: the elements of tensor `{}` ({file})", tensor.name);
                    }
                    missing = missing.saturating_add(1);
                }
            }
        }
        if missing > 0 {
            let more = if missing > 1 { format!(" and of {} more", missing - 1) } else { String::new() };
            found.gathered.gaps.push(format!("{first}{more} could not be found or held"));
        }
        found.gathered
    }

    fn with<T>(&self, change: impl FnOnce(&mut Found) -> T) -> T {
        let mut found = self.found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        change(&mut found)
    }

    fn asset(&self, mut asset: Asset, run: &Run<'_>) {
        let readers = match Probe::new(&asset) {
            Ok(probe) => self.dispatcher.readers(&probe),
            Err(error) => {
                return self.with(|found| found.gathered.gaps.push(format!("{}: {error}", asset.path)));
            }
        };
        for reader in readers {
            asset.kind = reader.inspector.kind();
            let outlet = |child: Asset| self.member(child, run);
            let inspection = self.dispatcher.inspect_guarded(reader.inspector, &asset, run, &outlet);
            self.take(&asset, inspection, run);
        }
    }

    /// A member of a container: storage of tensors is kept, what may list tensors is read.
    fn member(&self, child: Asset, run: &Run<'_>) {
        let path = child.path.to_string();
        if !self.with(|found| found.seen.insert(path.clone())) {
            return;
        }
        if is_storage(&path) {
            return self.with(|found| {
                let size = if child.depth > 0 && is_own(&child.content) { child.content.len() } else { 0 };
                if found.held.saturating_add(size) <= HELD {
                    found.held = found.held.saturating_add(size);
                    found.members.insert(path, child.content);
                }
            });
        }
        let extension = child.path.extension();
        let lists = matches!(
            extension.as_str(),
            "pkl" | "npy" | "safetensors" | "gguf" | "onnx" | "pt" | "pth" | "bin" | "msgpack" | "h5"
        );
        if lists && child.depth <= DEEPEST {
            self.asset(child, run);
        }
    }

    fn take(&self, asset: &Asset, inspection: bartizan_core::Inspection, run: &Run<'_>) {
        let path = asset.path.to_string();
        let mut told = Vec::new();
        let mut lists = false;
        for fact in inspection.facts {
            match fact {
                Fact::Tensors { tensors, omitted } => {
                    lists = true;
                    self.tensors(asset, tensors);
                    if omitted > 0 {
                        self.with(|found| {
                            found
                                .gathered
                                .gaps
                                .push(format!("{path}: {omitted} tensors more than are listed"));
                        });
                    }
                }
                other => told.push(other),
            }
        }
        self.with(|found| {
            if lists || !run.was_stopped() && told.is_empty() {
                let gaps = inspection.coverage.gaps().iter().map(|gap| format!("{path}: {}", gap.reason));
                found.gathered.gaps.extend(gaps);
            }
            let kind = inspection.kind.unwrap_or(asset.kind);
            found.gathered.facts.push(Told { path, kind, facts: told });
        });
    }

    /// Tensors with their bytes; those in members wait until all members came by.
    fn tensors(&self, asset: &Asset, tensors: Vec<Tensor>) {
        let path = asset.path.to_string();
        let mut neighbours: BTreeMap<String, Option<Content>> = BTreeMap::new();
        let mut missing = 0u64;
        for tensor in tensors.into_iter().filter(|tensor| !is_of_training(&tensor.name)) {
            let content = match &tensor.file {
                None => Some(asset.content.clone()),
                Some(_) if asset.depth > 0 || asset.siblings.is_none() => {
                    self.with(|found| found.waiting.push((path.clone(), tensor)));
                    continue;
                }
                Some(file) => neighbours
                    .entry(file.clone())
                    .or_insert_with(|| asset.siblings.as_ref().and_then(|tree| tree.open(file).ok()))
                    .clone(),
            };
            match content.and_then(|content| source(&tensor, &content)) {
                Some(source) => self.with(|found| found.gathered.sources.push(source)),
                None if tensor.elements() == Some(0) || is_empty_by_design(asset.kind, &tensor) => {}
                None => missing = missing.saturating_add(1),
            }
        }
        if missing > 0 {
            let gap = format!("{path}: where the elements of {missing} tensors lie is not known");
            self.with(|found| found.gathered.gaps.push(gap));
        }
    }
}

/// The tensor with its bytes; `None` when the file does not say where they lie, or ends before.
fn source(tensor: &Tensor, content: &Content) -> Option<TensorSource> {
    let span = tensor.span?;
    let content = content.slice(span.offset, span.length).ok()?;
    Some(TensorSource {
        name: tensor.name.clone(),
        dtype: tensor.dtype.clone(),
        shape: tensor.shape.clone(),
        content,
    })
}

/// Keras keeps the state of its optimiser among the weights.
fn is_of_training(name: &str) -> bool {
    name.starts_with("/optimizer_weights/") || name.starts_with("/optimizer/")
}

/// A value that the model computes, or a text: not every tensor that a format lists is stored in the file.
fn is_empty_by_design(kind: Kind, tensor: &Tensor) -> bool {
    tensor.span.is_none() && (kind.name() == "tflite" || tensor.dtype == "string")
}

/// PyTorch keeps each storage in `NAME/data/KEY`.
fn is_storage(path: &str) -> bool {
    let mut parts = path.rsplit(['/', '!']);
    let key = parts.next().unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    folder == "data" && !key.contains('.')
}

/// Are its bytes held in memory? Stored members of a file on disk are ranges of it.
fn is_own(content: &Content) -> bool {
    content.in_memory().is_some()
}

/// The folder that a file of the tree sits in.
fn beside(tree: &Arc<dyn Tree>, path: &str) -> Arc<dyn Tree> {
    match path.rsplit_once('/') {
        None => Arc::clone(tree),
        Some((folder, _)) => Arc::new(Folder { tree: Arc::clone(tree), folder: folder.to_owned() }),
    }
}

/// A folder of a tree, as a tree.
struct Folder {
    tree: Arc<dyn Tree>,
    folder: String,
}

impl Folder {
    fn inner(&self, path: &str) -> String {
        if path.is_empty() { self.folder.clone() } else { format!("{}/{path}", self.folder) }
    }
}

impl Tree for Folder {
    fn list(&self, folder: &str) -> Vec<bartizan_core::Entry> {
        let mut entries = self.tree.list(&self.inner(folder));
        let prefix = format!("{}/", self.folder);
        for entry in &mut entries {
            if let Some(path) = entry.path.strip_prefix(&prefix) {
                entry.path = path.to_owned();
            }
        }
        entries
    }

    fn entry(&self, path: &str) -> Option<bartizan_core::Entry> {
        self.tree
            .entry(&self.inner(path))
            .map(|entry| bartizan_core::Entry { path: path.to_owned(), ..entry })
    }

    fn open(&self, path: &str) -> Result<Content, bartizan_core::ReadError> {
        self.tree.open(&self.inner(path))
    }
}
