//! The formats, by their first bytes, and their decoders.

use std::io::{BufRead, Read};

use bartizan_core::Context;

use crate::archive::unpack::{End, Sink};

/// A format of one compressed stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Zlib,
    /// joblib before 0.10: `ZF`, the length as text, a zlib stream that begins here.
    ZFile(u64),
    Bzip2,
    Xz,
    LzmaAlone,
    Lzip,
    Lz4,
    /// LZ4's first format, without frames.
    Lz4Legacy,
    Zstd,
    /// Unix compress, `.Z`.
    Compress,
    /// Snappy's framing format.
    Snappy,
}

impl Format {
    /// The format of bytes that begin like this.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        const MAGICS: &[(&[u8], Format)] = &[
            (b"\x1f\x8b\x08", Format::Gzip),
            (b"\xfd7zXZ\0", Format::Xz),
            (b"LZIP\x01", Format::Lzip),
            (b"\x04\x22\x4d\x18", Format::Lz4),
            (b"\x02\x21\x4c\x18", Format::Lz4Legacy),
            (b"\x28\xb5\x2f\xfd", Format::Zstd),
            (b"\x1f\x9d", Format::Compress),
            (b"\xff\x06\0\0sNaPpY", Format::Snappy),
        ];
        if let Some((_, format)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Some(*format);
        }
        match head {
            // The mark of a block, which is pi, or of the end, which is its root, follows the level.
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
                if rest.starts_with(b"\x31\x41\x59\x26\x53\x59")
                    || rest.starts_with(b"\x17\x72\x45\x38\x50\x90") =>
            {
                Some(Self::Bzip2)
            }
            // RFC 8878, 3.1.2: a skippable frame, which may come before the first real one.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [b'Z', b'F', b'0', b'x', rest @ ..] => {
                let zlib = rest.iter().take(24).position(|byte| *byte == 0x78)?;
                is_zlib(rest.get(zlib..)?).then_some(Self::ZFile(zlib as u64 + 4))
            }
            _ if is_zlib(head) => Some(Self::Zlib),
            _ if is_lzma_alone(head) => Some(Self::LzmaAlone),
            _ => None,
        }
    }

    /// Its stable name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib | Self::ZFile(_) => "zlib",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::LzmaAlone => "lzma",
            Self::Lzip => "lzip",
            Self::Lz4 => "lz4",
            Self::Lz4Legacy => "lz4-legacy",
            Self::Zstd => "zstd",
            Self::Compress => "compress",
            Self::Snappy => "snappy",
        }
    }

    /// Do its first bytes prove it?
    pub(super) fn has_magic(self) -> bool {
        !matches!(self, Self::Zlib | Self::LzmaAlone | Self::Compress)
    }

    /// Is there a decoder?
    pub(super) fn is_supported(self) -> bool {
        !matches!(self, Self::Lz4Legacy | Self::Compress | Self::Snappy)
    }

    /// Where the first stream begins.
    pub(super) fn start(self) -> u64 {
        match self {
            Self::ZFile(start) => start,
            _ => 0,
        }
    }

    /// Do these bytes, behind a stream, begin another one that readers join to it?
    pub(super) fn continues(self, rest: &[u8]) -> bool {
        matches!(self, Self::Gzip | Self::Bzip2 | Self::Xz | Self::Lzip | Self::Lz4 | Self::Zstd)
            && Self::of(rest) == Some(self)
    }

    /// Decodes one stream into the sink.
    pub(super) fn decode(self, from: &mut impl BufRead, sink: &mut Sink, context: &Context<'_>) -> End {
        use liblzma::stream::Stream;
        let memory = context.limits.held;
        let lzma = |stream: Result<Stream, liblzma::stream::Error>, from, sink: &mut Sink| match stream {
            Ok(stream) => sink.fill(liblzma::bufread::XzDecoder::new_stream(from, stream), context),
            Err(error) => End::Broken(crate::archive::plain(&error)),
        };
        match self {
            Self::Gzip => sink.fill(flate2::bufread::GzDecoder::new(from), context),
            Self::Zlib | Self::ZFile(_) => sink.fill(flate2::bufread::ZlibDecoder::new(from), context),
            Self::Bzip2 => sink.fill(bzip2::bufread::BzDecoder::new(from), context),
            Self::Xz => lzma(Stream::new_stream_decoder(memory, 0), from, sink),
            Self::LzmaAlone => lzma(Stream::new_lzma_decoder(memory), from, sink),
            Self::Lzip => lzma(Stream::new_lzip_decoder(memory, 0), from, sink),
            Self::Lz4 => sink.fill(lz4_flex::frame::FrameDecoder::new(from), context),
            Self::Zstd => match zstd::stream::read::Decoder::with_buffer(from) {
                Ok(decoder) => sink.fill(decoder.single_frame(), context),
                Err(error) => End::Broken(crate::archive::plain(&error)),
            },
            Self::Lz4Legacy | Self::Compress | Self::Snappy => End::Broken("not supported".to_owned()),
        }
    }
}

/// RFC 1950: deflate with a window up to 32 KiB, no preset dictionary, a header divisible by 31, and a start that
/// really inflates.
fn is_zlib(head: &[u8]) -> bool {
    let [method, flags, ..] = head else { return false };
    let header = u16::from_be_bytes([*method, *flags]);
    if method & 0x0f != 8 || method >> 4 > 7 || flags & 0x20 != 0 || !header.is_multiple_of(31) {
        return false;
    }
    let mut out = Vec::with_capacity(4096);
    let mut inflate = flate2::Decompress::new(true);
    inflate.decompress_vec(head, &mut out, flate2::FlushDecompress::None).is_ok() && !out.is_empty()
}

/// The header of the old `.lzma` format has no magic: properties, dictionary size, size; then the range coder's first
/// byte, which is zero. Encoders write dictionaries of 2^n or 2^n + 2^(n-1) bytes.
fn is_lzma_alone(head: &[u8]) -> bool {
    let [properties, d0, d1, d2, d3, size @ ..] = head else { return false };
    let dictionary = u32::from_le_bytes([*d0, *d1, *d2, *d3]);
    let (Some(size), Some(0)) = (size.first_chunk::<8>().map(|size| u64::from_le_bytes(*size)), size.get(8))
    else {
        return false;
    };
    let usual_dictionary = dictionary >= 4096
        && (dictionary.count_ones() == 1
            || (dictionary / 3 * 3 == dictionary && (dictionary / 3).count_ones() == 1));
    if *properties >= 225 || !usual_dictionary || (size != u64::MAX && !(1..1 << 38).contains(&size)) {
        return false;
    }
    let Ok(stream) = liblzma::stream::Stream::new_lzma_decoder(256 << 20) else { return false };
    let mut out = [0; 256];
    let mut decoder = liblzma::bufread::XzDecoder::new_stream(head, stream);
    matches!(decoder.read(&mut out), Ok(count) if count > 0)
}
