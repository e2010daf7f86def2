//! What the abstract machine keeps of a Python object: eight bytes.

/// Index of a name in the machine's table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NameId(pub(super) u32);

/// How the text of a string is written in the pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Verbatim bytes.
    Verbatim,
    /// Python string escapes (`STRING`).
    Escaped,
    /// Raw-unicode-escape (`UNICODE`).
    Unicode,
    /// Made by a folded call; the offset is an index into the computed texts.
    Computed,
}

/// An abstract Python object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `None`, a float, an integer beyond 56 bits: nothing that steers anything.
    Atom,
    /// A small integer or a bool.
    Int(i64),
    /// A `str` of `length` bytes (65,535 stands for all longer ones) at an offset.
    Text { spelling: Spelling, offset: u64, length: u16 },
    /// A `bytes` or `bytearray`, likewise.
    Bytes { offset: u64, length: u16 },
    /// Something imported, or an attribute of something imported.
    Name(NameId),
    /// What a call of the name returned.
    Result(NameId),
    /// An instance of the named class, made by `NEWOBJ` and its like.
    Object(NameId),
    /// A NumPy dtype: index into the machine's dtypes.
    Dtype(u32),
    /// A tuple of `length` items that begin at `start` in the ring of tuple items.
    Tuple { start: u64, length: u16 },
    /// A list, dict or set, by serial number.
    Container(u64),
    /// A PyTorch tensor: index into the machine's tensors.
    Tensor(u32),
    /// A PyTorch storage, from a persistent id: index into the machine's storages.
    Storage(u32),
    /// What any other persistent id stands for.
    Persistent,
    /// Not known.
    Unknown,
}

/// [`Value`] in eight bytes: a tag of 8 bits and 56 bits of payload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed(u64);

const SHIFT: u32 = 56;
const PAYLOAD: u64 = (1 << SHIFT) - 1;
/// Offsets up to 1 TiB fit beside a length of 16 bits.
const FARTHEST: u64 = 1 << 40;

impl Packed {
    pub(super) const ATOM: Self = Self(0);
    pub(super) const UNKNOWN: Self = Self(1 << SHIFT);
    pub(super) const PERSISTENT: Self = Self(2 << SHIFT);
    /// No value at all: an empty slot of the memo.
    pub(super) const VACANT: Self = Self(0xff << SHIFT);
    const INT: u64 = 3;
    const NAME: u64 = 4;
    const RESULT: u64 = 5;
    const OBJECT: u64 = 6;
    const DTYPE: u64 = 7;
    const TENSOR: u64 = 8;
    const CONTAINER: u64 = 9;
    const TUPLE: u64 = 10;
    const BYTES: u64 = 11;
    const TEXT: u64 = 12;
    const STORAGE: u64 = 16;

    /// The integers that opcodes have for themselves.
    pub(super) const ZERO: Self = Self::new(Self::INT, 0);
    pub(super) const ONE: Self = Self::new(Self::INT, 1);
    /// The tuple of nothing, wherever it is made.
    pub(super) const EMPTY_TUPLE: Self = Self::new(Self::TUPLE, 0);
    /// A container without its number.
    pub(super) const CONTAINERS: Self = Self::new(Self::CONTAINER, 0);

    /// The value with this payload, where it had none.
    #[inline]
    pub(super) const fn with(self, payload: u64) -> Self {
        Self(self.0 | payload & PAYLOAD)
    }

    const fn new(tag: u64, payload: u64) -> Self {
        Self((tag << SHIFT) | (payload & PAYLOAD))
    }

    pub(super) fn int(value: i64) -> Self {
        if (-(1 << 54)..1 << 54).contains(&value) { Self::new(Self::INT, value as u64) } else { Self::ATOM }
    }

    pub(super) fn name(id: NameId) -> Self {
        Self::new(Self::NAME, u64::from(id.0))
    }

    pub(super) fn result(id: NameId) -> Self {
        Self::new(Self::RESULT, u64::from(id.0))
    }

    pub(super) fn object(id: NameId) -> Self {
        Self::new(Self::OBJECT, u64::from(id.0))
    }

    pub(super) fn dtype(index: u32) -> Self {
        Self::new(Self::DTYPE, u64::from(index))
    }

    pub(super) fn tensor(index: u32) -> Self {
        Self::new(Self::TENSOR, u64::from(index))
    }

    pub(super) fn storage(index: u32) -> Self {
        Self::new(Self::STORAGE, u64::from(index))
    }

    pub(super) fn container(serial: u64) -> Self {
        Self::new(Self::CONTAINER, serial)
    }

    pub(super) fn tuple(start: u64, length: usize) -> Self {
        Self::span(Self::TUPLE, start, length as u64)
    }

    pub(super) fn bytes(offset: u64, length: u64) -> Self {
        Self::span(Self::BYTES, offset, length)
    }

    pub(super) fn text(spelling: Spelling, offset: u64, length: u64) -> Self {
        let tag = match spelling {
            Spelling::Verbatim => Self::TEXT,
            Spelling::Escaped => Self::TEXT + 1,
            Spelling::Unicode => Self::TEXT + 2,
            Spelling::Computed => Self::TEXT + 3,
        };
        Self::span(tag, offset, length)
    }

    fn span(tag: u64, start: u64, length: u64) -> Self {
        if start >= FARTHEST { Self::UNKNOWN } else { Self::new(tag, (start << 16) | length.min(0xffff)) }
    }

    /// Could it be called, or does it hold something that could?
    #[inline]
    pub(super) fn is_telling(self) -> bool {
        (Self::NAME..=Self::TENSOR).contains(&(self.0 >> SHIFT))
    }

    /// Is it a list, dict, set or tuple?
    #[inline]
    pub(super) fn is_composite(self) -> bool {
        matches!(self.0 >> SHIFT, Self::CONTAINER | Self::TUPLE)
    }

    /// Identifies a composite; the same for every reference to it.
    pub(super) fn identity(self) -> u64 {
        self.0
    }

    pub(super) fn unpack(self) -> Value {
        let payload = self.0 & PAYLOAD;
        let id = NameId(payload as u32);
        let (offset, length) = (payload >> 16, payload as u16);
        let text = |spelling| Value::Text { spelling, offset, length };
        match self.0 >> SHIFT {
            0 => Value::Atom,
            2 => Value::Persistent,
            // The payload's sign bit is bit 55.
            Self::INT => Value::Int(((payload << 8) as i64) >> 8),
            Self::NAME => Value::Name(id),
            Self::RESULT => Value::Result(id),
            Self::OBJECT => Value::Object(id),
            Self::DTYPE => Value::Dtype(payload as u32),
            Self::TENSOR => Value::Tensor(payload as u32),
            Self::STORAGE => Value::Storage(payload as u32),
            Self::CONTAINER => Value::Container(payload),
            Self::TUPLE => Value::Tuple { start: offset, length },
            Self::BYTES => Value::Bytes { offset, length },
            Self::TEXT => text(Spelling::Verbatim),
            13 => text(Spelling::Escaped),
            14 => text(Spelling::Unicode),
            15 => text(Spelling::Computed),
            _ => Value::Unknown,
        }
    }
}

/// The items of the tuples made last. Old ones are overwritten: what a loader does with a tuple, it does soon.
pub(super) struct TupleRing {
    items: Vec<Packed>,
    next: u64,
}

impl TupleRing {
    const CAPACITY: u64 = 1 << 20;

    pub(super) fn new() -> Self {
        Self { items: Vec::new(), next: 0 }
    }

    /// Keeps the items and returns the tuple.
    #[inline]
    pub(super) fn keep(&mut self, items: &[Packed]) -> Packed {
        let start = self.next;
        // The items of long tuples steer nothing; one slot gives the tuple its identity.
        if items.len() > 64 {
            self.store(Packed::ATOM);
            return Packed::tuple(start, 0xffff);
        }
        for item in items {
            self.store(*item);
        }
        if items.is_empty() {
            return Packed::EMPTY_TUPLE;
        }
        Packed::tuple(start, items.len())
    }

    #[inline]
    fn store(&mut self, item: Packed) {
        let slot = (self.next % Self::CAPACITY) as usize;
        match self.items.get_mut(slot) {
            Some(place) => *place = item,
            None => self.items.push(item),
        }
        self.next += 1;
    }

    /// The items of a tuple, unless they were overwritten or were too many.
    pub(super) fn items(&self, start: u64, length: u16) -> Option<Vec<Packed>> {
        if length == 0xffff || (length > 0 && self.next.saturating_sub(start) > Self::CAPACITY) {
            return None;
        }
        (start..start + u64::from(length))
            .map(|index| self.items.get((index % Self::CAPACITY) as usize).copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_packing() {
        for value in [0, -1, 255, 1 << 40, -(1 << 50)] {
            assert_eq!(Packed::int(value).unpack(), Value::Int(value));
        }
        let text = Packed::text(Spelling::Unicode, 123_456_789, 70_000);
        assert_eq!(
            text.unpack(),
            Value::Text { spelling: Spelling::Unicode, offset: 123_456_789, length: 0xffff }
        );
        assert_eq!(Packed::text(Spelling::Verbatim, 1 << 41, 1), Packed::UNKNOWN);
        assert_eq!(Packed::object(NameId(7)).unpack(), Value::Object(NameId(7)));
    }

    #[test]
    fn old_tuples_are_forgotten_and_never_confused() {
        let mut ring = TupleRing::new();
        ring.keep(&[Packed::ATOM; 100]);
        let first = ring.keep(&[Packed::int(1), Packed::int(2)]);
        let Value::Tuple { start, length } = first.unpack() else { panic!() };
        assert_eq!(ring.items(start, length).unwrap().len(), 2);
        for _ in 0..TupleRing::CAPACITY {
            ring.keep(&[Packed::int(9)]);
        }
        assert!(ring.items(start, length).is_none());
    }
}
