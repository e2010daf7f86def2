//! Computes what pure functions of constants give, so that a name or a payload put together at run time is seen as
//! what it is.

use std::io::Read;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::value::{HOLE, Known, MOST_PARTS, Marks, Value};

/// The longest text or byte string that is computed.
pub(super) const LONGEST: usize = 1 << 20;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The result of a pure function of constants; `None` when the function is not one, or its arguments are not known.
pub(super) fn function(name: &str, arguments: &[Known]) -> Option<Known> {
    let first = arguments.first()?;
    let decoded = |value: Option<Vec<u8>>| {
        value.map(|bytes| Known::new(Value::Bytes(bytes)).marked(first.marks.with(Marks::DECODED)))
    };
    match name {
        "builtins.chr" | "builtins.unichr" => match first.value {
            Value::Int(code) => {
                let c = char::from_u32(u32::try_from(code).ok()?)?;
                Some(Known::text(c.to_string()).marked(Marks::ASSEMBLED))
            }
            _ => None,
        },
        "builtins.ord" => {
            let mut chars = first.literal()?.chars();
            let (one, None) = (chars.next()?, chars.next()) else { return None };
            Some(Known::new(Value::Int(i64::from(u32::from(one)))))
        }
        "builtins.str" | "pathlib.Path" | "os.fspath" | "os.path.abspath" | "os.path.realpath"
        | "os.path.expanduser" | "os.path.expandvars" | "os.fsdecode"
            if arguments.len() == 1 =>
        {
            match &first.value {
                Value::Text(_) | Value::Int(_) | Value::Opaque(_) => {
                    Some(Known { value: Value::Text(first.piece()), marks: first.marks })
                }
                Value::Bytes(bytes) => Some(from_bytes(bytes)?.marked(first.marks)),
                _ => None,
            }
        }
        "builtins.str" => match &first.value {
            Value::Bytes(bytes) => Some(from_bytes(bytes)?.marked(first.marks)),
            _ => None,
        },
        "builtins.bytes" | "builtins.bytearray" => match &first.value {
            Value::Many(items) => {
                let bytes: Option<Vec<u8>> = items
                    .iter()
                    .map(|item| match item.value {
                        Value::Int(number) => u8::try_from(number).ok(),
                        _ => None,
                    })
                    .collect();
                Some(Known::new(Value::Bytes(bytes?)).marked(Marks::ASSEMBLED))
            }
            Value::Text(_) | Value::Bytes(_) => {
                Some(Known::new(Value::Bytes(bytes_of(first)?)).marked(first.marks))
            }
            _ => None,
        },
        "builtins.bytes.fromhex"
        | "builtins.bytearray.fromhex"
        | "binascii.unhexlify"
        | "binascii.a2b_hex" => decoded(hexadecimal(&bytes_of(first)?)),
        "base64.b64decode"
        | "base64.standard_b64decode"
        | "base64.decodebytes"
        | "base64.decodestring"
        | "binascii.a2b_base64" => decoded(base64(&STANDARD, &bytes_of(first)?)),
        "base64.urlsafe_b64decode" => decoded(base64(&URL_SAFE, &bytes_of(first)?)),
        "base64.b16decode" => decoded(hexadecimal(&bytes_of(first)?)),
        "base64.b32decode" => decoded(base32(&bytes_of(first)?)),
        "codecs.decode" => {
            let encoding = arguments.get(1).and_then(Known::literal)?.to_ascii_lowercase();
            match encoding.as_str() {
                "rot13" | "rot_13" | "rot-13" => {
                    Some(Known::text(rot13(first.literal()?)).marked(Marks::DECODED))
                }
                "hex" | "hex_codec" => decoded(hexadecimal(&bytes_of(first)?)),
                "base64" | "base64_codec" => decoded(base64(&STANDARD, &bytes_of(first)?)),
                "zlib" | "zip" | "zlib_codec" => decoded(zlib(&bytes_of(first)?)),
                _ => from_bytes(&bytes_of(first)?),
            }
        }
        "zlib.decompress" => decoded(zlib(&bytes_of(first)?)),
        "gzip.decompress" => decoded(gzip(&bytes_of(first)?)),
        "os.path.join" | "posixpath.join" => {
            let pieces: Vec<_> = arguments.iter().map(Known::piece).collect();
            let marks = arguments.iter().fold(Marks::NONE, |marks, item| marks.with(item.marks));
            Some(Known::text(pieces.join("/")).marked(marks))
        }
        "shlex.split" => {
            let Value::Text(text) = &first.value else { return None };
            let words = text.split_whitespace().take(4096).map(Known::text).collect();
            Some(Known::new(Value::Many(words)).marked(first.marks))
        }
        "builtins.map" => {
            let (Some("builtins.chr"), Value::Many(items)) = (first.dotted(), &arguments.get(1)?.value)
            else {
                return None;
            };
            let chars: Option<Vec<_>> =
                items.iter().map(|item| function("builtins.chr", std::slice::from_ref(item))).collect();
            Some(Known::new(Value::Many(chars?)))
        }
        "builtins.reversed" => match &first.value {
            Value::Text(_) => Some(Known::text(backwards(first.literal()?)).marked(Marks::ASSEMBLED)),
            Value::Many(items) => Some(Known::new(Value::Many(items.iter().rev().cloned().collect()))),
            _ => None,
        },
        "builtins.list" | "builtins.tuple" => match &first.value {
            Value::Many(_) => Some(first.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The result of a method of a constant.
pub(super) fn method(receiver: &Known, name: &str, arguments: &[Known]) -> Option<Known> {
    let argument = arguments.first();
    match (&receiver.value, name) {
        (Value::Text(separator), "join") => {
            let Value::Many(items) = &argument?.value else {
                let Value::Text(text) = &argument?.value else { return None };
                return Some(Known::text(text.clone()).marked(Marks::ASSEMBLED));
            };
            let total: usize =
                items.iter().map(|item| item.piece().len().saturating_add(separator.len())).sum();
            if total > LONGEST {
                return None;
            }
            let pieces: Vec<_> = items.iter().map(Known::piece).collect();
            let marks = items.iter().fold(Marks::NONE, |marks, item| marks.with(item.marks));
            let assembled =
                items.len() > 1 && separator.is_empty() && pieces.iter().all(|piece| piece.len() <= 2);
            let marks = if assembled { marks.with(Marks::ASSEMBLED) } else { marks };
            Some(Known::text(pieces.join(separator)).marked(marks))
        }
        (Value::Bytes(separator), "join") => {
            let Value::Many(items) = &argument?.value else { return None };
            let pieces: Option<Vec<_>> = items.iter().map(bytes_of).collect();
            let joined = pieces?.join(separator.as_slice());
            (joined.len() <= LONGEST).then(|| Known::new(Value::Bytes(joined)))
        }
        (Value::Bytes(bytes), "decode") => Some(from_bytes(bytes)?.marked(receiver.marks)),
        (Value::Text(_), "encode") => {
            Some(Known::new(Value::Bytes(bytes_of(receiver)?)).marked(receiver.marks))
        }
        (Value::Text(text), "replace") => {
            let (from, to) = (argument?.literal()?, arguments.get(1)?.literal()?);
            if from.is_empty() || text.len().saturating_mul(to.len().max(1)) > LONGEST {
                return None;
            }
            Some(Known::text(text.replace(from, to)).marked(receiver.marks.with(Marks::ASSEMBLED)))
        }
        (Value::Text(text), "strip" | "rstrip" | "lstrip") if arguments.is_empty() => {
            Some(Known::text(text.trim()).marked(receiver.marks))
        }
        (Value::Text(text), "lower") => Some(Known::text(text.to_lowercase()).marked(receiver.marks)),
        (Value::Text(text), "format") => {
            let mut out = String::new();
            let mut rest = text.as_str();
            let mut next = arguments.iter();
            while let Some((before, after)) = rest.split_once('{') {
                out.push_str(before);
                let (_, after) = after.split_once('}')?;
                out.push_str(&next.next().map_or_else(|| format!("{HOLE}\u{2}"), Known::piece));
                rest = after;
            }
            out.push_str(rest);
            let marks = arguments.iter().fold(receiver.marks, |marks, item| marks.with(item.marks));
            Some(Known::text(out).marked(marks))
        }
        (Value::Text(text), "split") => {
            let parts: Vec<_> = match argument {
                Some(separator) => {
                    let separator = separator.literal().filter(|text| !text.is_empty())?;
                    text.split(separator).take(4096).map(Known::text).collect()
                }
                None => text.split_whitespace().take(4096).map(Known::text).collect(),
            };
            Some(Known::new(Value::Many(parts)).marked(receiver.marks))
        }
        _ => None,
    }
}

/// Two constants joined by `+`, or a path by `/`.
pub(super) fn joined(left: &Known, right: &Known, separator: &str) -> Option<Known> {
    let marks = left.marks.with(right.marks);
    match (&left.value, &right.value) {
        (Value::Bytes(one), Value::Bytes(two)) if one.len().saturating_add(two.len()) <= LONGEST => {
            Some(Known::new(Value::Bytes([one.as_slice(), two].concat())).marked(marks))
        }
        (Value::Many(one), Value::Many(two))
            if one.len().saturating_add(two.len()) <= 4096
                && left.parts().saturating_add(right.parts()) <= 4096 + MOST_PARTS =>
        {
            Some(Known::new(Value::Many(one.iter().chain(two).cloned().collect())).marked(marks))
        }
        (Value::Int(one), Value::Int(two)) if separator.is_empty() => {
            Some(Known::new(Value::Int(one.checked_add(*two)?)))
        }
        (Value::Text(_), _) | (_, Value::Text(_)) => {
            let (one, two) = (left.piece(), right.piece());
            if one.len().saturating_add(two.len()) > LONGEST {
                return None;
            }
            Some(Known::text(format!("{one}{separator}{two}")).marked(marks))
        }
        _ => None,
    }
}

/// The text backwards.
pub(super) fn backwards(text: &str) -> String {
    text.chars().rev().collect()
}

fn bytes_of(known: &Known) -> Option<Vec<u8>> {
    match &known.value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::Text(_) => Some(known.literal()?.as_bytes().to_vec()),
        _ => None,
    }
}

fn from_bytes(bytes: &[u8]) -> Option<Known> {
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => return None,
    };
    Some(Known::text(text.replace([HOLE, '\u{2}'], " ")))
}

fn base64(engine: &GeneralPurpose, text: &[u8]) -> Option<Vec<u8>> {
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    engine.decode(kept).ok()
}

fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.iter().filter(|byte| **byte != b'=') {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        bits = ((bits << 5) | u32::from(value)) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push(((bits >> count) & 0xff) as u8);
        }
    }
    Some(out)
}

fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| (*byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    Some(
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0u8, |byte, digit| (byte << 4) | digit)).collect(),
    )
}

fn rot13(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'a'..='z' => (((c as u8 - b'a') + 13) % 26 + b'a') as char,
            'A'..='Z' => (((c as u8 - b'A') + 13) % 26 + b'A') as char,
            other => other,
        })
        .collect()
}

fn zlib(bytes: &[u8]) -> Option<Vec<u8>> {
    inflated(flate2::read::ZlibDecoder::new(bytes))
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    inflated(flate2::read::GzDecoder::new(bytes))
}

fn inflated(reader: impl Read) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    reader.take(LONGEST as u64 + 1).read_to_end(&mut out).ok()?;
    (out.len() <= LONGEST).then_some(out)
}
