//! One folder of configuration: what its files declare, by name.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    source::FileId,
    syntax::{Attribute, Block, Document, Name},
};

/// Which block of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BlockId {
    file: u32,
    block: u32,
}

/// Which kind of block makes or reads a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Mode {
    Managed,
    Data,
}

/// A folder of configuration.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Relative to the scanned root; empty at the root.
    pub(crate) folder: Arc<str>,
    files: Vec<(FileId, Document)>,
    declared: BTreeMap<&'static str, BTreeMap<Name, Vec<BlockId>>>,
    resources: BTreeMap<(Mode, Name, Name), Vec<BlockId>>,
    locals: BTreeMap<Name, Vec<(BlockId, u32)>>,
    /// Files whose blocks change those of the others.
    overrides: Vec<(FileId, Document)>,
}

/// Blocks that are looked up by their first label.
const LABELLED: &[&str] = &["variable", "output", "module", "provider"];

impl Module {
    pub(crate) fn new(folder: &str) -> Self {
        Self { folder: folder.into(), ..Self::default() }
    }

    /// Adds a file of this folder.
    pub(crate) fn add(&mut self, file: FileId, document: Document) {
        let index = self.files.len() as u32;
        for (number, block) in document.body.blocks.iter().enumerate() {
            let id = BlockId { file: index, block: number as u32 };
            let mode = match &*block.kind {
                "resource" => Some(Mode::Managed),
                "data" | "ephemeral" => Some(Mode::Data),
                _ => None,
            };
            if let (Some(mode), [kind, name]) = (mode, block.labels.as_slice()) {
                self.resources.entry((mode, kind.clone(), name.clone())).or_default().push(id);
            } else if &*block.kind == "locals" {
                for (number, attribute) in block.body.attributes.iter().enumerate() {
                    self.locals.entry(attribute.name.clone()).or_default().push((id, number as u32));
                }
            } else if let (Some(kind), [name, ..]) =
                (LABELLED.iter().find(|kind| **kind == &*block.kind), block.labels.as_slice())
            {
                self.declared.entry(kind).or_default().entry(name.clone()).or_default().push(id);
            }
        }
        self.files.push((file, document));
    }

    /// Adds a file whose blocks change those of the others: `override.tf`, `*_override.tf`.
    pub(crate) fn add_override(&mut self, file: FileId, document: Document) {
        self.overrides.push((file, document));
    }

    /// The blocks that change a block, the last one winning.
    pub(crate) fn overrides<'m>(&'m self, block: &'m Block) -> impl Iterator<Item = (FileId, &'m Block)> {
        self.overrides.iter().flat_map(move |(file, document)| {
            let same = document
                .body
                .blocks
                .iter()
                .filter(|own| own.kind == block.kind && own.labels == block.labels);
            same.map(|own| (*file, own))
        })
    }

    /// An attribute of a block, or what changes it.
    pub(crate) fn attribute<'m>(
        &'m self,
        file: FileId,
        block: &'m Block,
        name: &str,
    ) -> Option<(FileId, &'m Attribute)> {
        let own = block.body.attribute(name).map(|attribute| (file, attribute));
        let changed =
            self.overrides(block).filter_map(|(file, block)| Some((file, block.body.attribute(name)?)));
        changed.last().or(own)
    }

    /// Files in the order of their names.
    pub(crate) fn files(&self) -> &[(FileId, Document)] {
        &self.files
    }

    /// A block and the file it is in.
    pub(crate) fn block(&self, id: BlockId) -> Option<(FileId, &Block)> {
        let (file, document) = self.files.get(id.file as usize)?;
        Some((*file, document.body.blocks.get(id.block as usize)?))
    }

    /// The `kind` block of this name. Where several files declare it, the one of the file that asks.
    pub(crate) fn declared(&self, kind: &str, name: &str, file: FileId) -> Option<(FileId, &Block)> {
        self.block(self.nearest(self.declared.get(kind)?.get(name)?, file)?)
    }

    /// All blocks of a kind.
    pub(crate) fn all(&self, kind: &str) -> impl Iterator<Item = (FileId, &Block)> {
        let named = self.declared.get(kind).into_iter().flat_map(BTreeMap::values);
        named.flatten().filter_map(|id| self.block(*id))
    }

    /// The block of a resource. Where several files declare it, the one of the file that asks.
    pub(crate) fn resource(&self, mode: Mode, kind: &str, name: &str, file: FileId) -> Option<BlockId> {
        self.nearest(self.resources.get(&(mode, kind.into(), name.into()))?, file)
    }

    /// Every block that makes or reads a resource.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (Mode, BlockId)> {
        self.resources.iter().flat_map(|((mode, ..), ids)| ids.iter().map(|id| (*mode, *id)))
    }

    /// A local value. Where several files define it, the one of the file that asks.
    pub(crate) fn local(&self, name: &str, file: FileId) -> Option<(FileId, &Attribute)> {
        let changed = self.overrides.iter().rev().find_map(|(file, document)| {
            let mut locals = document.body.blocks("locals");
            locals.find_map(|block| Some((*file, block.body.attribute(name)?)))
        });
        if changed.is_some() {
            return changed;
        }
        let found = self.locals.get(name)?;
        let own = found.iter().find(|(id, _)| self.file_of(*id) == Some(file));
        let (id, number) = own.or_else(|| found.first())?;
        let (file, block) = self.block(*id)?;
        Some((file, block.body.attributes.get(*number as usize)?))
    }

    fn file_of(&self, id: BlockId) -> Option<FileId> {
        self.files.get(id.file as usize).map(|(file, _)| *file)
    }

    fn nearest(&self, ids: &[BlockId], file: FileId) -> Option<BlockId> {
        ids.iter().find(|id| self.file_of(**id) == Some(file)).or_else(|| ids.first()).copied()
    }
}
