//! Decoding of string operands as CPython does it.

/// A `STRING` operand without its quotes, decoded from Python's string escapes (`codecs.escape_decode`), as Latin-1:
/// names in ASCII are the same in every encoding.
pub(super) fn unescaped(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(char::from(byte));
            continue;
        }
        let Some(escape) = bytes.next() else { break };
        match escape {
            b'\n' => {}
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'a' => out.push('\x07'),
            b'b' => out.push('\x08'),
            b'f' => out.push('\x0c'),
            b'v' => out.push('\x0b'),
            b'\\' | b'\'' | b'"' => out.push(char::from(escape)),
            b'0'..=b'7' => {
                let mut code = u32::from(escape - b'0');
                for _ in 0..2 {
                    match bytes.peek() {
                        Some(digit @ b'0'..=b'7') => {
                            code = code * 8 + u32::from(digit - b'0');
                            bytes.next();
                        }
                        _ => break,
                    }
                }
                out.push(char::from(code as u8));
            }
            b'x' => {
                let mut code = 0;
                let mut digits = 0;
                while digits < 2 {
                    match bytes.peek().and_then(|digit| char::from(*digit).to_digit(16)) {
                        Some(digit) => {
                            code = code * 16 + digit;
                            digits += 1;
                            bytes.next();
                        }
                        None => break,
                    }
                }
                out.push(char::from(code as u8));
            }
            other => {
                out.push('\\');
                out.push(char::from(other));
            }
        }
    }
    out
}

/// A `UNICODE` operand, decoded as raw-unicode-escape: `\uXXXX` and `\UXXXXXXXX` only, everything else Latin-1.
pub(super) fn raw_unicode(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'\\' {
            let width = match after.first() {
                Some(b'u') => 4,
                Some(b'U') => 8,
                _ => 0,
            };
            let code = (width > 0)
                .then(|| after.get(1..=width))
                .flatten()
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .and_then(char::from_u32);
            if let Some(c) = code {
                out.push(c);
                rest = after.get(width + 1..).unwrap_or_default();
                continue;
            }
        }
        out.push(char::from(*byte));
        rest = after;
    }
    out
}

/// The operand of `STRING` without its quotes; `None` when CPython refuses it.
pub(super) fn unquoted(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_end();
    let quote = *line.first()?;
    let inner = line.get(1..line.len().checked_sub(1)?)?;
    (matches!(quote, b'\'' | b'"') && line.len() >= 2 && line.last() == Some(&quote)).then_some(inner)
}

/// A decimal operand as Python's `int()` reads it: white space around, a sign, underscores between digits, and the
/// `L` of Python 2 longs.
pub(super) fn decimal(line: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let text = text.strip_suffix('L').unwrap_or(text);
    text.replace('_', "").parse().ok()
}

/// Is this the operand of `INT` or `LONG`? CPython takes it for decimal, octal or hexadecimal.
pub(super) fn is_integer(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let text = text.strip_suffix(b"L").unwrap_or(text);
    let text = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let (text, hexadecimal) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (rest, true),
        [b'0', b'o' | b'O' | b'b' | b'B', rest @ ..] => (rest, false),
        _ => (text, false),
    };
    let is_digit =
        |byte: &u8| byte.is_ascii_digit() || *byte == b'_' || hexadecimal && byte.is_ascii_hexdigit();
    !text.is_empty() && text.iter().all(is_digit)
}

/// Is this the operand of `FLOAT`?
pub(super) fn is_float(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| text.trim().replace('_', "").parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_as_cpython_does() {
        assert_eq!(unescaped(br"o\x73"), "os");
        assert_eq!(unescaped(br"\163ystem"), "system");
        assert_eq!(unescaped(br"a\qb\\"), r"a\qb\");
        assert_eq!(raw_unicode(br"\u006fs"), "os");
        assert_eq!(raw_unicode(br"\U0000006fs\n"), r"os\n");
        assert_eq!(raw_unicode(br"\u00"), r"\u00");
        assert_eq!(unquoted(b"'a' "), Some(&b"a"[..]));
        assert_eq!(unquoted(b"'"), None);
        assert_eq!(unquoted(b"'a\""), None);
        assert_eq!(decimal(b" +1_0 "), Some(10));
        assert_eq!(decimal(b"12L"), Some(12));
        assert!(is_integer(b"-12") && is_integer(b"0x1f") && is_integer(b"12L") && !is_integer(b"12x"));
        assert!(is_float(b"1e5") && is_float(b"nan") && is_float(b"-inf") && !is_float(b"1.2.3"));
    }
}
