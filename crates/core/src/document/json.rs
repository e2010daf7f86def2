//! JSON (RFC 8259) with bounds, line numbers, and the liberties that Python's `json` takes: `NaN`, `Infinity`, a byte
//! order mark, raw control characters in strings.

use std::collections::HashSet;

use super::{Malformed, Node, TOO_DEEP, Value};

/// How a document is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Deepest nesting.
    pub depth: usize,
    /// Most values; everything skipped is free.
    pub values: usize,
    /// Keys whose values are checked but not kept: the vocabulary of a tokenizer.
    pub skip: &'a [&'a str],
}

/// A document, and the keys that it gives twice.
#[derive(Debug)]
pub struct Document {
    /// The value.
    pub root: Node,
    /// Key and line of its repetition; at most 16.
    pub duplicates: Vec<(String, u32)>,
    /// What follows the value, if anything: line of it.
    pub trailing: Option<u32>,
}

const MOST_DUPLICATES: usize = 16;

/// Reads one JSON value.
///
/// # Errors
/// When it is no JSON, nests too deeply or holds too many values.
pub fn parse(bytes: &[u8], reading: Reading<'_>) -> Result<Document, Malformed> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut parser = Parser { bytes, at: 0, line: 1, left: reading.values, reading, duplicates: Vec::new() };
    let root = parser.value(0, true)?;
    parser.space();
    let trailing = (parser.at < bytes.len()).then_some(parser.line);
    Ok(Document { root, duplicates: parser.duplicates, trailing })
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    left: usize,
    reading: Reading<'a>,
    duplicates: Vec<(String, u32)>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail<T>(&self, reason: &'static str) -> Result<T, Malformed> {
        Err(Malformed { line: self.line, reason })
    }

    fn space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.line = self.line.saturating_add(u32::from(byte == b'\n'));
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize, keep: bool) -> Result<Node, Malformed> {
        if depth > self.reading.depth {
            return self.fail(TOO_DEEP);
        }
        if keep {
            self.left = match self.left.checked_sub(1) {
                Some(left) => left,
                None => return self.fail("the document holds too many values"),
            };
        }
        self.space();
        let line = self.line;
        let value = match self.peek() {
            Some(b'{') => self.object(depth, keep)?,
            Some(b'[') => self.list(depth, keep)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(_) => self.word()?,
            None => return self.fail("the document ends before its value does"),
        };
        Ok(Node { line, value: if keep { value } else { Value::Skipped } })
    }

    fn object(&mut self, depth: usize, keep: bool) -> Result<Value, Malformed> {
        self.at += 1;
        let (mut pairs, mut seen) = (Vec::new(), HashSet::new());
        self.space();
        if self.eat(b'}') {
            return Ok(Value::Object(pairs));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.fail("a key is missing");
            }
            let (line, key) = (self.line, self.string()?);
            self.space();
            if !self.eat(b':') {
                return self.fail("a colon is missing");
            }
            let keep_value = keep && !self.reading.skip.contains(&key.as_str());
            let node = self.value(depth + 1, keep_value)?;
            if keep {
                if !seen.insert(key.clone()) && self.duplicates.len() < MOST_DUPLICATES {
                    self.duplicates.push((key.clone(), line));
                }
                pairs.push((key, node));
            }
            self.space();
            if self.eat(b'}') {
                return Ok(Value::Object(pairs));
            }
            if !self.eat(b',') {
                return self.fail("a comma or a closing brace is missing");
            }
        }
    }

    fn list(&mut self, depth: usize, keep: bool) -> Result<Value, Malformed> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(Value::List(items));
        }
        loop {
            let item = self.value(depth + 1, keep)?;
            if keep {
                items.push(item);
            }
            self.space();
            if self.eat(b']') {
                return Ok(Value::List(items));
            }
            if !self.eat(b',') {
                return self.fail("a comma or a closing bracket is missing");
            }
        }
    }

    fn word(&mut self) -> Result<Value, Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))
            .unwrap_or(rest.len());
        let word = rest.get(..length).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or("");
        self.at += length;
        match word {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "NaN" | "Infinity" | "-Infinity" => Ok(Value::Number(word.to_owned())),
            _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Ok(Value::Number(word.to_owned()))
            }
            _ => self.fail("this is no JSON value"),
        }
    }

    fn string(&mut self) -> Result<String, Malformed> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                return self.fail("a string does not end");
            };
            let plain = rest.get(..length).unwrap_or_default();
            let newlines = memchr::memchr_iter(b'\n', plain).count();
            self.line = self.line.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
            out.extend_from_slice(plain);
            self.at += length + 1;
            if rest.get(length) == Some(&b'"') {
                return Ok(match String::from_utf8(out) {
                    Ok(text) => text,
                    Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
                });
            }
            self.escape(&mut out)?;
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let Some(letter) = self.peek() else { return self.fail("a string does not end") };
        self.at += 1;
        out.push(match letter {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'"' | b'\\' | b'/' => letter,
            b'u' => {
                let c = self.unicode()?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return self.fail("an escape is unknown"),
        });
        Ok(())
    }

    /// `XXXX`, with the other half of a surrogate pair when there is one.
    fn unicode(&mut self) -> Result<char, Malformed> {
        let high = self.four()?;
        if (0xd800..0xdc00).contains(&high)
            && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u"))
        {
            let back = self.at;
            self.at += 2;
            let low = self.four()?;
            if (0xdc00..0xe000).contains(&low) {
                let joined = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four(&mut self) -> Result<u32, Malformed> {
        let digits = self.bytes.get(self.at..self.at.saturating_add(4)).unwrap_or_default();
        let text = std::str::from_utf8(digits).unwrap_or("");
        match u32::from_str_radix(text, 16) {
            Ok(unit) if text.len() == 4 => {
                self.at += 4;
                Ok(unit)
            }
            _ => self.fail("an escape is not four hexadecimal digits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const READING: Reading<'_> = Reading { depth: 8, values: 100, skip: &["vocab"] };

    #[test]
    fn both_values_of_a_repeated_key_are_kept_and_told() {
        let document = parse(b"{\"a\": 1,\n \"a\": \"\\u00e9\\ud83d\\ude00\"}", READING).unwrap();
        assert_eq!(document.duplicates, [("a".to_owned(), 2)]);
        assert_eq!(document.root.pairs().len(), 2);
        assert_eq!(document.root.text_of("a"), Some("é😀"));
    }

    #[test]
    fn skipped_values_cost_nothing_and_are_still_checked() {
        let vocab = format!("{{\"vocab\": {{{}}}, \"z\": NaN}}", vec!["\"t\": 1"; 5000].join(","));
        let document = parse(vocab.as_bytes(), READING).unwrap();
        assert_eq!(document.root.get("vocab").unwrap().value, Value::Skipped);
        assert!(document.duplicates.is_empty());
        assert!(parse(b"{\"vocab\": [1,}", READING).is_err());
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        assert!(parse("[".repeat(100_000).as_bytes(), READING).is_err());
        assert!(parse(format!("[{}]", vec!["1"; 200].join(",")).as_bytes(), READING).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes, READING);
        }

        #[test]
        fn arbitrary_json_like_text_never_panics(text in "[\\[\\]{}:,\"\\\\u0-9a-f \n]{0,200}") {
            let _ = parse(text.as_bytes(), READING);
        }
    }
}
