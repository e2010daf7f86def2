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

    /// Appends what this plane reads in the elements of `bytes`, each `SIZE` bytes long.
    fn extract<const SIZE: usize>(self, bytes: &[u8], into: &mut Vec<u8>) {
        let (elements, _) = bytes.as_chunks::<SIZE>();
        match self {
            Self::BitHighFirst => pack(elements, into, |byte, at| byte << (7 - at)),
            Self::BitLowFirst => pack(elements, into, |byte, at| byte << at),
            Self::Nibble => {
                let (pairs, _) = elements.as_chunks::<2>();
                into.extend(pairs.iter().map(|[high, low]| lowest(high) << 4 | lowest(low) & 15));
            }
            Self::Bytes(1) | Self::BytesReversed(1) => into.extend(elements.iter().map(lowest)),
            Self::Bytes(2) => copy(elements, into, |[a, b, _]| [a, b]),
            Self::BytesReversed(2) => copy(elements, into, |[a, b, _]| [b, a]),
            Self::Bytes(_) => copy(elements, into, |three| three),
            Self::BytesReversed(_) => copy(elements, into, |[a, b, c]| [c, b, a]),
        }
    }
}

fn lowest<const SIZE: usize>(element: &[u8; SIZE]) -> u8 {
    element.first().copied().unwrap_or(0)
}

/// Appends some of the three lowest bytes of each element.
fn copy<const SIZE: usize, const COUNT: usize>(
    elements: &[[u8; SIZE]],
    into: &mut Vec<u8>,
    some: impl Fn([u8; 3]) -> [u8; COUNT],
) {
    let start = into.len();
    into.resize(start + elements.len() * COUNT, 0);
    let (places, _) = into.get_mut(start..).unwrap_or_default().as_chunks_mut::<COUNT>();
    for (place, element) in places.iter_mut().zip(elements) {
        if let Some(three) = element.first_chunk::<3>() {
            *place = some(*three);
        }
    }
}

fn pack<const SIZE: usize>(elements: &[[u8; SIZE]], into: &mut Vec<u8>, place: impl Fn(u8, u32) -> u8) {
    let (eights, _) = elements.as_chunks::<8>();
    into.extend(
        eights
            .iter()
            .map(|eight| (0..).zip(eight).fold(0, |all, (at, element)| all | place(lowest(element) & 1, at))),
    );
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
            match self.size {
                2 => plane.extract::<2>(bytes, seen),
                4 => plane.extract::<4>(bytes, seen),
                _ => plane.extract::<8>(bytes, seen),
            }
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

static SIGNATURES: [(&[u8], &str, Check); 6] = [
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
    (b"\x80\x04\x95", "a pickle", framed),
    (b"\x80\x05\x95", "a pickle", framed),
    (b"#!/", "a script", |b| b.get(3..7).is_some_and(|path| path == b"bin/" || path == b"usr/")),
];

/// After PROTO and FRAME: a length below 2^32, whose upper half is zero, and an opcode that pickles begin with.
fn framed(bytes: &[u8]) -> bool {
    bytes.get(7..11).is_some_and(|upper| upper == [0; 4])
        && bytes.get(11).is_some_and(|first| b"c}])(\x8c\x8e\x96K".contains(first))
}

/// How many printable characters in a row are text: noise reaches that once in 10^20 bytes.
const TEXT: usize = 48;

/// Where a run of text begins. A constant weight repeats its bytes, so a run needs variety too.
fn text(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    // Read backwards from where a run would end: the last byte that is no text says where the next may begin.
    while let Some(run) = bytes.get(start..start + TEXT) {
        match run.iter().rposition(|byte| !is_text(*byte)) {
            Some(at) => start += at + 1,
            None if varied(run) => return Some(start),
            None => start += TEXT,
        }
    }
    None
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\r')
}

fn varied(run: &[u8]) -> bool {
    let mut distinct = run.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let words = run.iter().filter(|byte| byte.is_ascii_lowercase() || **byte == b' ').count();
    distinct.len() >= 10 && words * 2 >= run.len()
}
