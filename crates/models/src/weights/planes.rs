//! Reads the low bits of weights in a row, and looks for what noise does not spell.
//!
//! Known carriers replace the lowest bit, nibble, byte or up to three bytes of each weight. A tensor is read as each
//! of these planes. Random bits hit a four-byte magic number in a large model by chance, so each signature asks for
//! more structure: at least eight bytes' worth of it.

use super::elements::Element;

/// One way of reading low bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plane {
    /// The lowest bit of each element, first element in the highest bit of a byte.
    BitHighFirst,
    /// The same, first element in the lowest bit.
    BitLowFirst,
    /// The lowest nibble, first element in the high half.
    Nibble,
    /// The lowest `n` bytes as they lie in memory.
    Bytes(usize),
    /// The lowest `n` bytes, most significant first.
    BytesReversed(usize),
}

impl Plane {
    const fn words(self) -> &'static str {
        match self {
            Self::BitHighFirst | Self::BitLowFirst => "the lowest bit of each weight",
            Self::Nibble => "the lowest four bits of each weight",
            Self::Bytes(1) | Self::BytesReversed(1) => "the lowest byte of each weight",
            Self::Bytes(2) | Self::BytesReversed(2) => "the two lowest bytes of each weight",
            _ => "the three lowest bytes of each weight",
        }
    }

    fn extract(self, bytes: &[u8], size: usize) -> Vec<u8> {
        let elements = bytes.chunks_exact(size.max(1));
        let lowest = elements.clone().map(|element| element.first().copied().unwrap_or(0));
        match self {
            Self::BitHighFirst => pack(lowest, |byte, at| byte << (7 - at)),
            Self::BitLowFirst => pack(lowest, |byte, at| byte << at),
            Self::Nibble => {
                let nibbles: Vec<u8> = lowest.map(|byte| byte & 15).collect();
                nibbles.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()
            }
            Self::Bytes(count) => elements.flat_map(|e| e.iter().take(count).copied()).collect(),
            Self::BytesReversed(count) => {
                elements.flat_map(|e| e.get(..count).unwrap_or_default().iter().rev().copied()).collect()
            }
        }
    }
}

fn pack(lowest: impl Iterator<Item = u8>, place: impl Fn(u8, u32) -> u8) -> Vec<u8> {
    let bits: Vec<u8> = lowest.map(|byte| byte & 1).collect();
    let (bytes, _) = bits.as_chunks::<8>();
    bytes.iter().map(|byte| (0..).zip(byte).fold(0, |all, (at, bit)| all | place(*bit, at))).collect()
}

/// What was found in a plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) plane: &'static str,
    pub(super) what: &'static str,
    /// First bytes of it.
    pub(super) sample: Vec<u8>,
}

/// The planes of one tensor, with the end of what was read so far so that a signature across two chunks is seen.
#[derive(Debug)]
pub(super) struct Planes {
    size: usize,
    planes: Vec<(Plane, Vec<u8>)>,
}

/// Longest signature, and so how much of a chunk is kept for the next one.
const OVERLAP: usize = 128;

impl Planes {
    pub(super) fn of(element: Element) -> Self {
        let mut planes = vec![Plane::BitHighFirst, Plane::BitLowFirst, Plane::Nibble, Plane::Bytes(1)];
        if matches!(element, Element::F32 | Element::F64) {
            planes.extend([
                Plane::Bytes(2),
                Plane::BytesReversed(2),
                Plane::Bytes(3),
                Plane::BytesReversed(3),
            ]);
        }
        Self { size: element.size(), planes: planes.into_iter().map(|plane| (plane, Vec::new())).collect() }
    }

    /// Takes the next chunk, a multiple of eight elements unless it is the last. Answers with the first hit.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<Hit> {
        for (plane, seen) in &mut self.planes {
            seen.extend(plane.extract(bytes, self.size));
            if let Some((what, sample)) = spelled(seen) {
                return Some(Hit { plane: plane.words(), what, sample });
            }
            let keep = seen.len().saturating_sub(OVERLAP);
            seen.drain(..keep);
        }
        None
    }
}

/// What the bytes spell, if anything.
fn spelled(bytes: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let sample = |at: usize| bytes.iter().skip(at).take(48).copied().collect();
    for (magic, what, check) in SIGNATURES {
        for at in memchr::memmem::find_iter(bytes, magic) {
            if bytes.get(at..).is_some_and(check) {
                return Some((what, sample(at)));
            }
        }
    }
    text(bytes).map(|at| ("text", sample(at)))
}

type Check = fn(&[u8]) -> bool;

static SIGNATURES: [(&[u8], &str, Check); 5] = [
    (b"\x7fELF", "an ELF program", |b| {
        // Class, byte order, version, then padding that is zero: e_ident of the ELF specification.
        matches!(b.get(4..7), Some([1 | 2, 1 | 2, 1])) && b.get(9..16).is_some_and(|pad| pad == [0; 7])
    }),
    (b"MZ", "a Windows program", |b| b.get(0x4e..).is_some_and(|rest| rest.starts_with(b"This program"))),
    (b"PK\x03\x04", "a ZIP archive", |b| {
        // Version, flags' high byte, method stored or deflated, and a printable name.
        let name = b.get(30..34).is_some_and(|name| name.iter().all(u8::is_ascii_graphic));
        matches!(b.get(4..6), Some([10..=63, 0])) && matches!(b.get(8..10), Some([0 | 8, 0])) && name
    }),
    (b"\x80", "a pickle", |b| {
        // PROTO 4 or 5, FRAME, and a length below 2^32 whose upper half is zero.
        matches!(b.get(1..3), Some([4 | 5, 0x95]))
            && b.get(7..11).is_some_and(|upper| upper == [0; 4])
            && b.get(11).is_some_and(|first| b"c}])(\x8c\x8e\x96K".contains(first))
    }),
    (b"#!/", "a script", |b| b.get(3..7).is_some_and(|path| path == b"bin/" || path == b"usr/")),
];

/// How many printable characters in a row are text: noise reaches that once in 10^20 bytes.
const TEXT: usize = 48;

/// Where a run of text begins. A constant weight repeats its bytes, so a run needs variety too.
fn text(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if !(matches!(byte, b' '..=b'~') || matches!(byte, b'\n' | b'\t' | b'\r')) {
            start = at + 1;
            continue;
        }
        if at + 1 - start == TEXT {
            let run = bytes.get(start..=at).unwrap_or_default();
            if varied(run) {
                return Some(start);
            }
            start = at + 1;
        }
    }
    None
}

fn varied(run: &[u8]) -> bool {
    let mut distinct = run.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let words = run.iter().filter(|byte| byte.is_ascii_lowercase() || **byte == b' ').count();
    distinct.len() >= 10 && words * 2 >= run.len()
}
