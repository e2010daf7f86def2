//! Goes through every object of a file: its links, its datasets, where their values lie.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use bartizan_core::{Context, Span, Tensor};
use hdf5_reader::{
    Hdf5File, OpenOptions,
    btree_v1::collect_btree_v1_leaves_storage,
    btree_v2::{BTreeV2Header, BTreeV2Record, collect_btree_v2_records_storage},
    error::Error,
    fractal_heap::FractalHeap,
    io::Cursor,
    local_heap::LocalHeap,
    messages::{
        HdfMessage,
        layout::{DataLayout, DataLayoutMessage},
        link,
        link_info::LinkInfoMessage,
        symbol_table_msg::SymbolTableMessage,
    },
    symbol_table::SymbolTableNode,
};

use super::storage::Ranges;

/// A way out of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outside {
    Link { name: String, file: String, object: String },
    Data { name: String, file: String },
    Virtual { name: String },
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Text attributes of the root group.
    pub(super) attributes: Vec<(String, String)>,
    pub(super) tensors: Vec<Tensor>,
    pub(super) omitted: u64,
    pub(super) outside: Vec<Outside>,
    /// What could not be read.
    pub(super) gaps: Vec<String>,
}

/// Reads the structure of a file; no dataset's values are read.
pub(super) fn read(content: &bartizan_core::Content, context: &Context<'_>) -> Contents {
    let storage = Ranges { content: content.clone(), limit: context.limits.held.min(16 << 20) };
    let options =
        OpenOptions { max_object_header_bytes: 8 << 20, max_read_bytes: 16 << 20, ..OpenOptions::default() };
    let mut contents = Contents::default();
    match Hdf5File::from_storage_with_options(Arc::new(storage), options) {
        Ok(file) => {
            let mut walk =
                Walk { file: &file, context, contents, queue: VecDeque::new(), seen: HashSet::new() };
            walk.all();
            contents = walk.contents;
        }
        Err(error) => contents.gaps.push(format!("the file could not be opened: {error}")),
    }
    contents
}

struct Walk<'a> {
    file: &'a Hdf5File,
    context: &'a Context<'a>,
    contents: Contents,
    /// Name and header address of objects still to be read.
    queue: VecDeque<(String, u64)>,
    seen: HashSet<u64>,
}

impl Walk<'_> {
    fn all(&mut self) {
        match self.file.root_group() {
            Ok(root) => {
                match root.attributes() {
                    Ok(attributes) => {
                        for attribute in attributes {
                            match attribute
                                .read_string()
                                .or_else(|_| attribute.read_strings().map(|all| all.join(" ")))
                            {
                                Ok(text) => self.contents.attributes.push((attribute.name, text)),
                                Err(_) if attribute.name == "model_config" => {
                                    self.contents
                                        .gaps
                                        .push("the attribute `model_config` is not text".to_owned());
                                }
                                Err(_) => {}
                            }
                        }
                    }
                    Err(error) => {
                        self.contents.gaps.push(format!("the attributes could not be read: {error}"))
                    }
                }
                self.queue.push_back((String::new(), root.address()));
            }
            Err(error) => self.contents.gaps.push(format!("the root group could not be read: {error}")),
        }
        while let Some((name, address)) = self.queue.pop_front() {
            if !self.seen.insert(address) {
                continue;
            }
            if self.seen.len() as u64 > self.context.limits.members || self.context.interrupted() {
                self.contents.gaps.push("there are too many objects to read them all".to_owned());
                return;
            }
            if let Err(error) = self.object(&name, address) {
                if matches!(error, Error::UnsupportedLayoutClass(3)) {
                    self.contents.outside.push(Outside::Virtual { name });
                } else if self.contents.gaps.len() < 16 {
                    self.contents.gaps.push(format!(
                        "the object `{}` could not be read: {error}",
                        bartizan_core::redacted(&name)
                    ));
                }
            }
        }
    }

    fn object(&mut self, name: &str, address: u64) -> Result<(), Error> {
        let header = self.file.get_or_parse_header(address)?;
        let (mut shape, mut dtype, mut layout) = (None, None, None);
        for message in &header.messages {
            match message {
                HdfMessage::Link(message) => self.link(name, message),
                HdfMessage::LinkInfo(info) => self.dense_links(name, info)?,
                HdfMessage::SymbolTable(table) => self.symbols(name, table)?,
                HdfMessage::ExternalFiles(files) => self.external(name, files)?,
                HdfMessage::Dataspace(space) => shape = Some(space.dims.clone()),
                HdfMessage::Datatype(datatype) => dtype = Some(format!("{:?}", datatype.datatype)),
                HdfMessage::DataLayout(message) => layout = Some(message),
                // The layout message of a virtual dataset: version 3 or later, class 3.
                HdfMessage::Unknown { type_id: 8, data } if data.get(1) == Some(&3) => {
                    self.contents.outside.push(Outside::Virtual { name: name.to_owned() });
                }
                HdfMessage::Unknown { type_id: 7, .. } => {
                    self.contents.outside.push(Outside::Data { name: name.to_owned(), file: String::new() });
                }
                _ => {}
            }
        }
        if let (Some(shape), Some(dtype)) = (shape, dtype) {
            if self.contents.tensors.len() < self.context.limits.tensors {
                let span = layout.and_then(|layout| self.span(layout, &shape, &dtype));
                let name = bartizan_core::redacted(name);
                self.contents.tensors.push(Tensor { name, dtype: short(&dtype), shape, span, file: None });
            } else {
                self.contents.omitted = self.contents.omitted.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Where little-endian values lie that are kept in one piece. Chunks have no span that holds just them, and
    /// addresses count from the superblock.
    fn span(&self, message: &DataLayoutMessage, shape: &[u64], dtype: &str) -> Option<Span> {
        let DataLayout::Contiguous { address, .. } = &message.layout else { return None };
        let superblock = self.file.superblock();
        if superblock.base_address != 0
            || Cursor::is_undefined_offset(*address, superblock.offset_size)
            || dtype.contains("BigEndian")
        {
            return None;
        }
        let elements = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size))?;
        Some(Span { offset: *address, length: elements.checked_mul(size_of(dtype)?)? })
    }

    fn link(&mut self, parent: &str, message: &link::LinkMessage) {
        let name = format!("{parent}/{}", message.name);
        match &message.target {
            link::LinkTarget::Hard { address } => self.queue.push_back((name, *address)),
            link::LinkTarget::Soft { .. } => {}
            link::LinkTarget::External { filename, path } => {
                self.contents.outside.push(Outside::Link {
                    name,
                    file: filename.clone(),
                    object: path.clone(),
                });
            }
        }
    }

    fn sizes(&self) -> (u8, u8) {
        let superblock = self.file.superblock();
        (superblock.offset_size, superblock.length_size)
    }

    /// Many links lie in a fractal heap, by names in a B-tree.
    fn dense_links(&mut self, parent: &str, info: &LinkInfoMessage) -> Result<(), Error> {
        let (offsets, lengths) = self.sizes();
        if Cursor::is_undefined_offset(info.fractal_heap_address, offsets) {
            return Ok(());
        }
        let storage = self.file.storage();
        let heap = FractalHeap::parse_at_storage(storage, info.fractal_heap_address, offsets, lengths)?;
        let tree = BTreeV2Header::parse_at_storage(storage, info.btree_name_index_address, offsets, lengths)?;
        let records = collect_btree_v2_records_storage(storage, &tree, offsets, lengths, None, &[], None)?;
        for record in &records {
            if self.context.interrupted() {
                break;
            }
            let (BTreeV2Record::LinkNameHash { heap_id, .. } | BTreeV2Record::CreationOrder { heap_id, .. }) =
                record
            else {
                continue;
            };
            let bytes = heap.get_object_storage(heap_id, storage, offsets, lengths)?;
            let message = link::parse(&mut Cursor::new(&bytes), offsets, lengths, bytes.len())?;
            self.link(parent, &message);
        }
        Ok(())
    }

    /// Groups of the first kind: names in a local heap, entries in symbol table nodes.
    fn symbols(&mut self, parent: &str, table: &SymbolTableMessage) -> Result<(), Error> {
        let (offsets, lengths) = self.sizes();
        let storage = self.file.storage();
        let heap = LocalHeap::parse_at_storage(storage, table.heap_address, offsets, lengths)?;
        let leaves =
            collect_btree_v1_leaves_storage(storage, table.btree_address, offsets, lengths, None, &[], None)?;
        for (_, address) in leaves {
            let prefix = storage.read_range(address, 8)?;
            let count = prefix.get(6..8).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes);
            let length = 8 + usize::from(count) * (2 * usize::from(offsets) + 24);
            let bytes = storage.read_range(address, length)?;
            let node = SymbolTableNode::parse(&mut Cursor::new(bytes.as_ref()), offsets, lengths)?;
            for entry in &node.entries {
                // 2 is a soft link.
                if entry.cache_type != 2 {
                    let name = heap.get_string_storage(entry.link_name_offset, storage)?;
                    self.queue.push_back((format!("{parent}/{name}"), entry.object_header_address));
                }
            }
        }
        Ok(())
    }

    fn external(
        &mut self,
        name: &str,
        files: &hdf5_reader::messages::external_files::ExternalFilesMessage,
    ) -> Result<(), Error> {
        let (offsets, lengths) = self.sizes();
        let storage = self.file.storage();
        let heap = LocalHeap::parse_at_storage(storage, files.heap_address, offsets, lengths);
        for slot in files.slots.iter().take(64) {
            let file = heap
                .as_ref()
                .ok()
                .and_then(|heap| heap.get_string_storage(slot.name_offset, storage).ok())
                .unwrap_or_default();
            self.contents.outside.push(Outside::Data { name: name.to_owned(), file });
        }
        Ok(())
    }
}

/// Bytes of one number of the type with the reader's name.
fn size_of(debug: &str) -> Option<u64> {
    let digits: String = debug.split("size: ").nth(1)?.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The reader's name of a type, as other formats spell theirs.
fn short(debug: &str) -> String {
    let bits = size_of(debug).map_or(0, |bytes| bytes.saturating_mul(8));
    let kind = debug.split([' ', '{', '(']).next().unwrap_or("");
    match kind {
        "FloatingPoint" => format!("f{bits}"),
        "FixedPoint" if debug.contains("signed: true") => format!("i{bits}"),
        "FixedPoint" => format!("u{bits}"),
        other => other.to_ascii_lowercase(),
    }
}
