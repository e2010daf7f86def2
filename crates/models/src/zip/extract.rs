//! A member's bytes, as a loader that ignores flags, CRCs and false methods would get them.

use std::io::{Cursor, Read};

use bartizan_core::{Content, Context, LimitReached};
use bytes::Bytes;

use super::{
    archive::Packing,
    record::{Claims, ENCRYPTED, UNREADABLE},
};
use crate::archive::{self, unpack, unpack::End};

/// Up to this many bytes a stored member's CRC is computed; it would mean reading the tensors otherwise.
const CRC_CHECKED: u64 = 8 << 20;
/// How much of a member is unpacked that announces more than may be held.
const TRIAL: u64 = 1 << 20;

/// What is wrong with a member.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// Flags say that it cannot be read plainly; it can.
    FalseFlag,
    /// The CRC is not that of the data.
    Crc,
    /// The data is longer or shorter than announced: the true size.
    Size(u64),
    /// The method named is not the one used.
    FalseMethod,
    /// It is encrypted.
    Encrypted,
    /// Its method is not supported.
    Unsupported(u16),
    /// Its data is corrupt or truncated.
    Broken(String),
    /// It unfolds to far more than it should: packed and unpacked size.
    Bomb(u64, u64),
    /// It is larger than may be held.
    TooLarge,
    /// A limit of the scan was reached.
    Limit(LimitReached),
}

/// A member's bytes, as far as there are any, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Extracted {
    pub(super) content: Option<Content>,
    pub(super) problems: Vec<Problem>,
}

impl Extracted {
    fn problem(problem: Problem) -> Self {
        Self { content: None, problems: vec![problem] }
    }
}

/// Extracts a member, holding at most `most` bytes.
pub(super) fn extract(
    content: &Content,
    claims: &Claims,
    packing: Packing,
    most: u64,
    context: &Context<'_>,
) -> Extracted {
    let (packed, truncated) = match content.slice(packing.data, packing.length) {
        Ok(packed) => (packed, false),
        Err(_) => (content.tail(packing.data), true),
    };
    let mut extracted = if packing.method == 0 {
        stored(&packed, claims)
    } else {
        compressed(&packed, claims, packing.method, most, context)
    };
    if truncated && !extracted.problems.iter().any(|problem| matches!(problem, Problem::Broken(_))) {
        extracted.problems.push(Problem::Broken("its data reaches past the end of the file".to_owned()));
    }
    extracted
}

/// The first bytes of a member, unpacked.
pub(super) fn head(content: &Content, packing: Packing, context: &Context<'_>) -> Bytes {
    const HEAD: u64 = 512;
    let packed = content.slice(packing.data, packing.length).unwrap_or_else(|_| content.tail(packing.data));
    if packing.method == 0 {
        return packed.head(HEAD).unwrap_or_default();
    }
    decoder(packing.method, packed.reader(), 0, context)
        .map(|decoder| unpack::unpack(decoder.take(HEAD), HEAD, context).bytes)
        .unwrap_or_default()
}

fn stored(packed: &Content, claims: &Claims) -> Extracted {
    let mut problems = Vec::new();
    let checks = (packed.len() <= CRC_CHECKED && claims.crc != 0)
        .then(|| packed.whole(CRC_CHECKED).ok().map(|bytes| crc(&bytes) == claims.crc))
        .flatten();
    let encrypted = claims.flags & ENCRYPTED != 0;
    // Traditional encryption adds twelve bytes before the data (APPNOTE 6.1.3).
    let could_be_plain = checks != Some(false) && packed.len() == claims.size;
    if encrypted && !could_be_plain {
        return Extracted::problem(Problem::Encrypted);
    }
    if claims.flags & UNREADABLE != 0 {
        problems.push(Problem::FalseFlag);
    }
    if checks == Some(false) {
        problems.push(Problem::Crc);
    }
    if packed.len() != claims.size {
        problems.push(Problem::Size(packed.len()));
    }
    Extracted { content: Some(packed.clone()), problems }
}

fn compressed(packed: &Content, claims: &Claims, method: u16, most: u64, context: &Context<'_>) -> Extracted {
    let announces_too_much = claims.size > most;
    let bound = if announces_too_much { most.min(TRIAL) } else { most };
    let Some(decoder) = decoder(method, packed.reader(), claims.size, context) else {
        return in_spite_of_method(packed, claims, bound, context)
            .unwrap_or_else(|| Extracted::problem(unsupported(claims, method)));
    };
    let unpacked = unpack::unpack(decoder, bound, context);
    let length = unpacked.bytes.len() as u64;
    let encrypted = claims.flags & ENCRYPTED != 0;
    let mut problems = Vec::new();
    match unpacked.end {
        End::Complete => {
            let (right_crc, right_size) = (crc(&unpacked.bytes) == claims.crc, length == claims.size);
            if encrypted && !right_crc && !right_size {
                return Extracted::problem(Problem::Encrypted);
            }
            if !right_crc && claims.crc != 0 {
                problems.push(Problem::Crc);
            }
            if !right_size {
                problems.push(Problem::Size(length));
            }
            if claims.flags & UNREADABLE != 0 {
                problems.push(Problem::FalseFlag);
            }
            if archive::is_bomb(&unpacked.bytes, packed.len(), length, context) {
                problems.push(Problem::Bomb(packed.len(), length));
            }
        }
        End::Broken(_) if encrypted => return Extracted::problem(Problem::Encrypted),
        End::Broken(why) => {
            if let Some(extracted) = in_spite_of_method(packed, claims, bound, context) {
                return extracted;
            }
            problems.push(Problem::Broken(why));
        }
        End::TooLarge => {
            let unpacked_size = claims.size.max(length);
            problems.push(Problem::TooLarge);
            if unpacked_size / packed.len().max(1) > context.limits.ratio {
                problems.push(Problem::Bomb(packed.len(), unpacked_size));
            }
            return Extracted { content: None, problems };
        }
        End::Limit(limit) => return Extracted::problem(Problem::Limit(limit)),
    }
    let content = (!unpacked.bytes.is_empty()).then(|| Content::from_bytes(unpacked.bytes));
    Extracted { content, problems }
}

fn unsupported(claims: &Claims, method: u16) -> Problem {
    // APPNOTE 4.4.5: method 99 marks AES encryption.
    if method == 99 || claims.flags & ENCRYPTED != 0 {
        Problem::Encrypted
    } else {
        Problem::Unsupported(method)
    }
}

/// Data whose CRC proves that it is stored or deflated, whatever the method says.
fn in_spite_of_method(
    packed: &Content,
    claims: &Claims,
    most: u64,
    context: &Context<'_>,
) -> Option<Extracted> {
    let proven = |bytes: &[u8]| claims.crc != 0 && crc(bytes) == claims.crc;
    if packed.len() <= CRC_CHECKED && packed.whole(CRC_CHECKED).is_ok_and(|bytes| proven(&bytes)) {
        return Some(Extracted { content: Some(packed.clone()), problems: vec![Problem::FalseMethod] });
    }
    let inflated = unpack::unpack(flate2::read::DeflateDecoder::new(packed.reader()), most, context);
    (inflated.end == End::Complete && proven(&inflated.bytes)).then(|| Extracted {
        content: Some(Content::from_bytes(inflated.bytes)),
        problems: vec![Problem::FalseMethod],
    })
}

/// The decoder of a method (APPNOTE 4.4.5), when there is one.
fn decoder<'a>(
    method: u16,
    packed: impl Read + 'a,
    size: u64,
    context: &Context<'_>,
) -> Option<Box<dyn Read + 'a>> {
    match method {
        8 => Some(Box::new(flate2::read::DeflateDecoder::new(packed))),
        12 => Some(Box::new(bzip2::read::BzDecoder::new(packed))),
        14 => lzma(packed, size, context),
        20 | 93 => {
            zstd::stream::read::Decoder::new(packed).ok().map(|decoder| Box::new(decoder) as Box<dyn Read>)
        }
        95 => {
            let stream = liblzma::stream::Stream::new_stream_decoder(context.limits.held, 0).ok()?;
            Some(Box::new(liblzma::read::XzDecoder::new_stream(packed, stream)))
        }
        _ => None,
    }
}

/// APPNOTE 5.8.8: two version bytes, the length of the properties, the properties, the stream. The lzma-alone header
/// has the same properties and then the size.
fn lzma<'a>(mut packed: impl Read + 'a, size: u64, context: &Context<'_>) -> Option<Box<dyn Read + 'a>> {
    let mut header = [0; 9];
    packed.read_exact(&mut header).ok()?;
    let [_, _, 5, 0, properties @ ..] = header else { return None };
    let mut alone = properties.to_vec();
    // Unknown when zero is given: the stream then ends with its own mark.
    alone.extend(if size == 0 { u64::MAX } else { size }.to_le_bytes());
    let stream = liblzma::stream::Stream::new_lzma_decoder(context.limits.held).ok()?;
    Some(Box::new(liblzma::read::XzDecoder::new_stream(Cursor::new(alone).chain(packed), stream)))
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
