//! A light look at the characters of a source, before and instead of parsing it.
//!
//! The parser and the tree that it builds are as deep as the source is nested. What nests deeper than people write is
//! therefore never parsed; it is only searched for the words of dangerous calls.

/// More open brackets, chained operators and nested blocks than this are not parsed.
const DEEPEST: usize = 3000;
/// CPython's own limit of nested blocks (`MAXINDENT` in its tokenizer).
const MOST_INDENTS: usize = 100;

/// Can the tree of this source be deeper than is safe?
pub(super) fn is_too_deep(source: &str) -> bool {
    let mut counts = vec![0usize];
    let mut total = 0usize;
    let mut indents: Vec<usize> = Vec::new();
    let bytes = source.as_bytes();
    let mut at = 0;
    let mut line_start = true;
    while let Some(byte) = bytes.get(at).copied() {
        if line_start && counts.len() == 1 {
            let indent =
                bytes.get(at..).unwrap_or_default().iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            while indents.last().is_some_and(|last| *last >= indent) {
                indents.pop();
            }
            indents.push(indent);
            if indents.len() > MOST_INDENTS {
                return true;
            }
        }
        line_start = false;
        match byte {
            b'#' => {
                at += memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).unwrap_or(bytes.len());
                continue;
            }
            b'\'' | b'"' => {
                let prefixed = at
                    .checked_sub(1)
                    .and_then(|before| bytes.get(before))
                    .is_some_and(|before| matches!(before, b'f' | b'F' | b't' | b'T'))
                    || at >= 2
                        && bytes.get(at - 2..at).is_some_and(|two| {
                            two.eq_ignore_ascii_case(b"fr") || two.eq_ignore_ascii_case(b"rf")
                        });
                // What is inside a formatted string is code too: it is counted, not skipped.
                if !prefixed {
                    at = string_end(bytes, at);
                    continue;
                }
            }
            b'\n' => {
                line_start = true;
                let continued = at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'\\');
                if counts.len() == 1 && !continued {
                    total = 0;
                    counts = vec![0];
                }
            }
            b'(' | b'[' | b'{' => {
                counts.push(1);
                total += 1;
            }
            b')' | b']' | b'}' => {
                if counts.len() > 1 {
                    total = total.saturating_sub(counts.pop().unwrap_or(0));
                }
                // The bracket itself chains: f()()().
                if let Some(last) = counts.last_mut() {
                    *last += 1;
                    total += 1;
                }
            }
            b',' => {
                if let Some(last) = counts.last_mut() {
                    total = total.saturating_sub(std::mem::take(last));
                }
            }
            b' ' | b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'~' | b'@' | b':' | b'&' | b'|' | b'^'
            | b'<' | b'>' | b'=' => {
                let again =
                    byte == b' ' && at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b' ');
                if !again && let Some(last) = counts.last_mut() {
                    *last += 1;
                    total += 1;
                }
            }
            _ => {}
        }
        if total > DEEPEST {
            return true;
        }
        at += 1;
    }
    false
}

/// The offset after a string literal that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let Some(quote) = bytes.get(start).copied() else { return bytes.len() };
    let triple = bytes.get(start..start + 3).is_some_and(|three| three == [quote; 3]);
    let mut at = start + if triple { 3 } else { 1 };
    while let Some(byte) = bytes.get(at).copied() {
        if byte == b'\\' {
            at += 2;
            continue;
        }
        if byte == b'\n' && !triple {
            return at;
        }
        if byte == quote {
            if !triple {
                return at + 1;
            }
            if bytes.get(at..at + 3).is_some_and(|three| three == [quote; 3]) {
                return at + 3;
            }
        }
        at += 1;
    }
    bytes.len()
}

/// A dangerous word in a source that was not parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) line: u32,
    pub(super) text: &'static str,
}

const WORDS: &[&str] = &[
    "os.system(",
    "os.popen(",
    "subprocess.",
    "pty.spawn(",
    "exec(",
    "eval(",
    "__import__(",
    "marshal.loads(",
    "b64decode(",
    "socket.socket(",
    "ctypes.",
];

/// The first lines with each of the dangerous words.
pub(super) fn words(source: &str) -> Vec<Word> {
    WORDS
        .iter()
        .filter_map(|word| {
            let bytes = source.as_bytes();
            let at = memchr::memmem::find_iter(bytes, word).find(|at| {
                let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
                !(before.is_ascii_alphanumeric() || matches!(before, b'_' | b'.'))
            })?;
            let lines = memchr::memchr_iter(b'\n', bytes.get(..at)?).count();
            Some(Word { line: u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1), text: word })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_is_too_deep() {
        let long_list = format!("x = [{}]", "'a', 1.5e-3, f(x.y)[0], ".repeat(20_000));
        let payload = format!("x = '{}'", "QUJD+/=".repeat(20_000));
        for fine in
            ["x = 1\n", "def f():\n    return (1, [2, {3: 4}])\n", long_list.as_str(), payload.as_str()]
        {
            assert!(!is_too_deep(fine));
        }
        for deep in [
            "(".repeat(100_000),
            "1+".repeat(100_000) + "1",
            "x = a".to_owned() + &".a".repeat(100_000),
            "x = f".to_owned() + &"()".repeat(100_000),
            "not ".repeat(100_000) + "1",
            "lambda:".repeat(100_000) + "1",
            format!("f'{{{}}}'", "-".repeat(100_000)),
            (0..2000).map(|depth| " ".repeat(depth) + "if 1:\n").collect(),
        ] {
            assert!(is_too_deep(&deep));
        }
    }
}
