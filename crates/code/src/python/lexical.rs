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
    let mut scan = Scan::new(source.as_bytes());
    while scan.step() {
        if scan.total > DEEPEST || scan.indents.len() > MOST_INDENTS {
            return true;
        }
    }
    false
}

/// A formatted string that is open: its text is skipped, the code in its braces is counted.
struct Formatted {
    quote: u8,
    triple: bool,
    /// How many brackets were open around it.
    around: usize,
    /// Inside of braces, behind the colon: text again.
    in_format: bool,
}

/// A walk over the characters that keeps count of what nests and chains.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Operators in a row, for each open bracket.
    counts: Vec<usize>,
    total: usize,
    indents: Vec<usize>,
    is_line_start: bool,
    formatted: Vec<Formatted>,
}

impl<'a> Scan<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            counts: vec![0],
            total: 0,
            indents: Vec::new(),
            is_line_start: true,
            formatted: Vec::new(),
        }
    }

    fn before(&self, distance: usize) -> Option<u8> {
        self.at.checked_sub(distance).and_then(|at| self.bytes.get(at)).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Takes one character, or one string or comment; false at the end.
    fn step(&mut self) -> bool {
        let Some(byte) = self.bytes.get(self.at).copied() else { return false };
        if self.is_in_text() {
            self.text(byte);
        } else {
            self.code(byte);
        }
        true
    }

    /// Is this the text of a formatted string, not the code in its braces?
    fn is_in_text(&self) -> bool {
        self.formatted.last().is_some_and(|open| {
            self.counts.len() == open.around || open.in_format && self.counts.len() == open.around + 1
        })
    }

    fn text(&mut self, byte: u8) {
        let rest = self.rest();
        let Some(open) = self.formatted.last_mut() else { return };
        let is_end = byte == open.quote && (!open.triple || rest.starts_with(&[open.quote; 3]));
        match byte {
            _ if is_end => {
                self.at += if open.triple { 3 } else { 1 };
                self.close();
                return;
            }
            // It is not closed in its line; the parser goes on behind it as well.
            b'\n' if !open.triple => {
                self.close();
                return;
            }
            // What is escaped ends nothing; a brace behind a backslash opens all the same.
            b'\\' if rest.get(1).is_some_and(|next| !matches!(next, b'{' | b'}')) => self.at += 1,
            b'{' if !open.in_format && rest.starts_with(b"{{") => self.at += 1,
            b'{' => self.open_bracket(),
            b'}' if open.in_format => {
                open.in_format = false;
                self.close_bracket();
            }
            _ => {}
        }
        self.at += 1;
    }

    fn close(&mut self) {
        if let Some(open) = self.formatted.pop() {
            while self.counts.len() > open.around.max(1) {
                self.total = self.total.saturating_sub(self.counts.pop().unwrap_or(0));
            }
        }
    }

    fn code(&mut self, byte: u8) {
        if self.is_line_start && self.counts.len() == 1 {
            let indent = self.rest().iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            while self.indents.last().is_some_and(|last| *last >= indent) {
                self.indents.pop();
            }
            self.indents.push(indent);
        }
        self.is_line_start = false;
        match byte {
            b'#' => {
                self.at += memchr::memchr(b'\n', self.rest()).unwrap_or(self.bytes.len());
                return;
            }
            b'\'' | b'"' => {
                self.string(byte);
                return;
            }
            b'\n' => {
                self.is_line_start = true;
                if self.counts.len() == 1 && self.before(1) != Some(b'\\') {
                    self.total = 0;
                    self.counts = vec![0];
                }
            }
            b'(' | b'[' | b'{' => self.open_bracket(),
            b')' | b']' | b'}' => self.close_bracket(),
            b',' => {
                if let Some(last) = self.counts.last_mut() {
                    self.total = self.total.saturating_sub(std::mem::take(last));
                }
            }
            b' ' if self.before(1) == Some(b' ') => {}
            b':' if self.is_format_colon() => {
                if let Some(open) = self.formatted.last_mut() {
                    open.in_format = true;
                }
            }
            b' ' | b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'~' | b'@' | b':' | b'&' | b'|' | b'^'
            | b'<' | b'>' | b'=' => self.chain(),
            _ => {}
        }
        self.at += 1;
    }

    /// A colon right inside of the braces of a formatted string: what follows is a format.
    fn is_format_colon(&self) -> bool {
        self.formatted.last().is_some_and(|open| self.counts.len() == open.around + 1)
    }

    fn string(&mut self, quote: u8) {
        let is_formatted = self.before(1).is_some_and(|last| {
            matches!(last, b'f' | b'F' | b't' | b'T')
                || matches!(last, b'r' | b'R')
                    && self.before(2).is_some_and(|first| matches!(first, b'f' | b'F' | b't' | b'T'))
        });
        if is_formatted {
            let triple = self.rest().starts_with(&[quote; 3]);
            self.formatted.push(Formatted { quote, triple, around: self.counts.len(), in_format: false });
            self.at += if triple { 3 } else { 1 };
        } else {
            self.at = string_end(self.bytes, self.at);
        }
    }

    fn chain(&mut self) {
        if let Some(last) = self.counts.last_mut() {
            *last += 1;
            self.total += 1;
        }
    }

    fn open_bracket(&mut self) {
        self.counts.push(1);
        self.total += 1;
    }

    fn close_bracket(&mut self) {
        if self.counts.len() > 1 {
            self.total = self.total.saturating_sub(self.counts.pop().unwrap_or(0));
        }
        // The bracket itself chains: f()()().
        self.chain();
    }
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
        let formatted =
            "log(f'{name!r:>{width}} (open', fr\"\"\"\n'{{ {a['k']}: [\n\"\"\", F\"{x:'^10}\\\"({{\")\n"
                .repeat(3_000);
        for fine in [
            "x = 1\n",
            "def f():\n    return (1, [2, {3: 4}])\n",
            long_list.as_str(),
            payload.as_str(),
            formatted.as_str(),
        ] {
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
            "f'{x:".repeat(100_000),
            "f'{x:{".repeat(100_000),
            "f'{x:{'\"+f'{".repeat(100_000),
            format!("f'{{x:}}{{{}}}'", "(".repeat(100_000)),
            format!("f'\\{{{}}}'", "(".repeat(100_000)),
            format!("f'{{x:{{{{{}'", "(".repeat(100_000)),
            format!("f'open\n{}", "(".repeat(100_000)),
            (0..2000).map(|depth| " ".repeat(depth) + "if 1:\n").collect(),
        ] {
            assert!(is_too_deep(&deep));
        }
    }
}
