//! What PyTorch keeps in pickles: storages behind persistent ids, tensors rebuilt from them, and the legacy framing.
//!
//! Source: `torch/serialization.py` (`_legacy_save`, `_save`) and `torch/_utils.py` (`_rebuild_tensor_v2`).

use bartizan_core::{Span, Tensor};

use super::{
    machine::{End, Machine},
    value::{Packed, Value},
};

/// A storage that a persistent id names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) key: String,
    pub(super) dtype: &'static str,
    /// Bytes per element; 0 when the storage class is not known.
    pub(super) size: u64,
    pub(super) elements: u64,
}

/// Storages and the tensors that view them.
pub(super) struct Storages {
    most: usize,
    pub(super) storages: Vec<Storage>,
    pub(super) tensors: Vec<(Tensor, u32)>,
    pub(super) omitted: u64,
}

impl Storages {
    pub(super) fn new(most: usize) -> Self {
        Self { most, storages: Vec::new(), tensors: Vec::new(), omitted: 0 }
    }

    pub(super) fn name_tensor(&mut self, index: u32, name: String) {
        if let Some((tensor, _)) = self.tensors.get_mut(index as usize)
            && tensor.name.is_empty()
        {
            tensor.name = name;
        }
    }
}

/// Element type and size of a storage class, typed or untyped.
fn element(class: &str) -> (&'static str, u64) {
    match class {
        "FloatStorage" => ("f32", 4),
        "DoubleStorage" => ("f64", 8),
        "HalfStorage" => ("f16", 2),
        "BFloat16Storage" => ("bf16", 2),
        "LongStorage" => ("i64", 8),
        "IntStorage" => ("i32", 4),
        "ShortStorage" => ("i16", 2),
        "CharStorage" => ("i8", 1),
        "ByteStorage" => ("u8", 1),
        "BoolStorage" => ("bool", 1),
        "ComplexFloatStorage" => ("c64", 8),
        "ComplexDoubleStorage" => ("c128", 16),
        "QInt8Storage" => ("qint8", 1),
        "QUInt8Storage" => ("quint8", 1),
        "QInt32Storage" => ("qint32", 4),
        "UntypedStorage" => ("u8", 1),
        _ => ("unknown", 0),
    }
}

/// Do the elements of this shape lie one after the other, the last dimension closest together?
fn is_row_major(shape: &[u64], strides: &[u64]) -> bool {
    let mut expected = 1u64;
    shape.len() == strides.len()
        && shape.iter().zip(strides).rev().all(|(size, stride)| {
            let fits = *size <= 1 || *stride == expected;
            expected = expected.saturating_mul(*size);
            fits
        })
}

/// `torch.save`'s magic number as the first stream of the legacy format: PROTO 2, LONG1, STOP.
pub(super) const LEGACY_MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

impl Machine<'_> {
    /// `BINPERSID`: ('storage', class, key, location, elements, view) and ('module', class, file, source) are
    /// PyTorch's; anything else needs a loader that knows it.
    pub(super) fn persistent(&mut self, id: Packed, at: u64) -> Packed {
        let items = self.items(id);
        let kind = items.first().and_then(|kind| self.text_of(*kind)).unwrap_or_default();
        if let (Some(class), 3..=4, "module") = (items.get(1), items.len(), kind.as_str())
            && let Value::Name(_) = class.unpack()
        {
            return *class;
        }
        // PyTorch's archives of 2014 number their storages; a number alone cannot name anything to load.
        let is_number = match id.unpack() {
            Value::Int(_) => true,
            _ => self.text_of(id).is_some_and(|text| super::text::is_integer(text.as_bytes())),
        };
        if is_number {
            return Packed::PERSISTENT;
        }
        let (class, key) = (items.get(1).copied(), items.get(2).and_then(|key| self.text_of(*key)));
        let class = match class.map(Packed::unpack) {
            Some(Value::Name(class)) => self.names.get(class).map(|class| class.name.clone()),
            _ => None,
        };
        let elements = match items.get(4).map(|elements| elements.unpack()) {
            Some(Value::Int(elements)) => u64::try_from(elements).unwrap_or(0),
            _ => 0,
        };
        match (kind.as_str(), class, key) {
            ("storage", Some(class), Some(key)) => {
                if self.storages.storages.len() >= self.storages.most {
                    self.storages.omitted += 1;
                    return Packed::PERSISTENT;
                }
                let (dtype, size) = element(class.rsplit('.').next().unwrap_or_default());
                self.storages.storages.push(Storage { key, dtype, size, elements });
                Packed::storage(self.storages.storages.len() as u32 - 1)
            }
            _ => {
                self.oddities.persistent.get_or_insert(at);
                Packed::PERSISTENT
            }
        }
    }

    /// `_rebuild_tensor_v2(storage, offset, size, stride, …)` and its like.
    pub(super) fn make_tensor(&mut self, items: &[Packed]) -> Packed {
        // `_rebuild_parameter(tensor, …)` passes a tensor through.
        if let Some(Value::Tensor(index)) = items.first().map(|item| item.unpack()) {
            return Packed::tensor(index);
        }
        let Some(Value::Storage(storage)) = items.first().map(|item| item.unpack()) else {
            return Packed::ATOM;
        };
        if self.storages.tensors.len() >= self.storages.most {
            self.storages.omitted += 1;
            return Packed::ATOM;
        }
        let number = |item: Option<&Packed>| match item.map(|item| item.unpack()) {
            Some(Value::Int(number)) => u64::try_from(number).ok(),
            _ => None,
        };
        let sizes = |item: Option<&Packed>| {
            let items = match item.map(|item| item.unpack()) {
                Some(Value::Tuple { start, length }) => self.tuples.items(start, length).unwrap_or_default(),
                _ => Vec::new(),
            };
            items.iter().filter_map(|size| number(Some(size))).collect::<Vec<u64>>()
        };
        let (shape, strides) = (sizes(items.get(2)), sizes(items.get(3)));
        let found = self.storages.storages.get(storage as usize);
        let (dtype, size, key) = found.map_or(("unknown", 0, ""), |s| (s.dtype, s.size, s.key.as_str()));
        let mut tensor = Tensor {
            name: String::new(),
            dtype: dtype.to_owned(),
            shape,
            span: None,
            file: Some(format!("data/{key}")),
        };
        let offset = number(items.get(1)).and_then(|offset| offset.checked_mul(size));
        let length = tensor.elements().and_then(|elements| elements.checked_mul(size));
        // A view that skips or reorders elements has no span that holds just its own.
        tensor.span = offset
            .zip(length)
            .filter(|_| strides.is_empty() || is_row_major(&tensor.shape, &strides))
            .map(|(offset, length)| Span { offset, length });
        self.storages.tensors.push((tensor, storage));
        Packed::tensor(self.storages.tensors.len() as u32 - 1)
    }

    /// The legacy format after its magic number: protocol version, system information, the object, the list of
    /// storage keys, then for each key the number of elements (8 bytes) and the elements.
    pub(super) fn run_legacy(&mut self) -> End {
        for _ in 0..3 {
            match self.run() {
                End::Stop(_) => {}
                other => return other,
            }
        }
        self.texts = Some(Vec::new());
        let keys = self.run();
        let texts = self.texts.take().unwrap_or_default();
        if !matches!(keys, End::Stop(_)) {
            return keys;
        }
        match self.skip_storages(&texts) {
            Ok(()) => keys,
            Err(end) => end,
        }
    }

    fn skip_storages(&mut self, keys: &[(u64, u64)]) -> Result<(), End> {
        let sizes: std::collections::HashMap<&str, u64> =
            self.storages.storages.iter().map(|storage| (storage.key.as_str(), storage.size)).collect();
        for (offset, length) in keys {
            let Some(key) = self.source.again(*offset, (*length).min(64)) else { return Err(End::Truncated) };
            let key = String::from_utf8_lossy(&key).into_owned();
            let size = match sizes.get(key.as_str()) {
                Some(size) if *size > 0 => *size,
                _ => return Err(End::Broken("a storage's element type is not known".to_owned())),
            };
            let step = self.source.array().map(u64::from_le_bytes).and_then(|elements| {
                elements.checked_mul(size).map_or(Err(super::source::Ended), |bytes| self.source.skip(bytes))
            });
            if step.is_err() {
                return Err(End::Truncated);
            }
        }
        Ok(())
    }
}
