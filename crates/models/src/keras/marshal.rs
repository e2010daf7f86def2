//! Names and constants of a marshalled Python code object, without building it.
//!
//! The format is that of CPython's `Python/marshal.c`. Its code objects differ between versions in the number of
//! leading integers and in what follows the names; a code object begins with integers, its bytecode, its constants and
//! its names in every one of them, and that is all that is wanted.

use bartizan_core::Cursor;

/// What a code object mentions.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    /// Global names and attributes that the bytecode uses.
    pub(super) names: Vec<String>,
    /// Text constants.
    pub(super) texts: Vec<String>,
    /// Was it read to its end?
    pub(super) complete: bool,
}

const DEEPEST: usize = 32;
const MOST: usize = 512;

/// Reads a marshalled code object as far as it goes.
pub(super) fn mentions(bytes: &[u8]) -> Mentions {
    let mut reader = Reader { cursor: Cursor::new(bytes), found: Mentions::default(), steps: 0 };
    let read = reader.object(0, Role::Constant);
    let mut found = reader.found;
    found.complete = read.is_some();
    found.names.sort();
    found.names.dedup();
    found
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Constant,
    Name,
    Other,
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    found: Mentions,
    steps: usize,
}

impl Reader<'_> {
    /// One object; its type byte's low seven bits.
    fn object(&mut self, depth: usize, role: Role) -> Option<u8> {
        self.steps += 1;
        if depth > DEEPEST || self.steps > 100_000 {
            return None;
        }
        let kind = self.cursor.u8().ok()? & 0x7f;
        match kind {
            b'0' | b'N' | b'F' | b'T' | b'S' | b'.' => {}
            b'i' | b'r' | b'R' => {
                self.cursor.u32_le().ok()?;
            }
            b'I' | b'g' => {
                self.cursor.u64_le().ok()?;
            }
            b'y' => {
                self.cursor.take(16).ok()?;
            }
            b'l' => {
                let digits = self.cursor.i32_le().ok()?.unsigned_abs();
                self.cursor.take(usize::try_from(digits).ok()?.checked_mul(2)?).ok()?;
            }
            b'f' => {
                let length = self.cursor.u8().ok()?;
                self.cursor.take(usize::from(length)).ok()?;
            }
            b's' | b't' | b'u' | b'a' | b'A' => {
                let length = self.cursor.u32_le().ok()?;
                self.text(usize::try_from(length).ok()?, role)?;
            }
            b'z' | b'Z' => {
                let length = self.cursor.u8().ok()?;
                self.text(usize::from(length), role)?;
            }
            b')' => {
                let count = self.cursor.u8().ok()?;
                self.items(u32::from(count), depth, role)?;
            }
            b'(' | b'[' | b'<' | b'>' => {
                let count = self.cursor.u32_le().ok()?;
                self.items(count, depth, role)?;
            }
            b'{' => while self.object(depth + 1, role)? != b'0' {},
            b'c' => self.code(depth)?,
            _ => return None,
        }
        Some(kind)
    }

    fn text(&mut self, length: usize, role: Role) -> Option<()> {
        let bytes = self.cursor.take(length).ok()?;
        let kept = match role {
            Role::Constant => &mut self.found.texts,
            Role::Name => &mut self.found.names,
            Role::Other => return Some(()),
        };
        if kept.len() < MOST {
            kept.push(String::from_utf8_lossy(bytes).into_owned());
        }
        Some(())
    }

    fn items(&mut self, count: u32, depth: usize, role: Role) -> Option<()> {
        for _ in 0..count {
            self.object(depth + 1, role)?;
        }
        Some(())
    }

    fn code(&mut self, depth: usize) -> Option<()> {
        // Python 3.8–3.10 have six integers before the bytecode, 3.0–3.7 and 3.11 on have five, Python 2 has four.
        let rest = self.cursor.rest();
        let integers =
            [6usize, 5, 4].into_iter().find(|n| rest.get(n * 4).is_some_and(|b| b & 0x7f == b's'))?;
        self.cursor.take(integers * 4).ok()?;
        self.object(depth + 1, Role::Other)?;
        self.object(depth + 1, Role::Constant)?;
        self.object(depth + 1, Role::Name)?;
        self.object(depth + 1, Role::Other)?;
        // Kinds of local variables (bytes) since 3.11; a tuple of free variables before.
        let modern = self.object(depth + 1, Role::Other)? == b's';
        // Modern: file name, name, qualified name. Before: cell variables, file name, name.
        for _ in 0..3 {
            self.object(depth + 1, Role::Other)?;
        }
        self.cursor.u32_le().ok()?;
        self.object(depth + 1, Role::Other)?;
        if modern {
            self.object(depth + 1, Role::Other)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    use super::*;

    fn short(text: &str) -> Vec<u8> {
        [&[b'z', text.len() as u8], text.as_bytes()].concat()
    }

    fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
        [vec![b')', items.len() as u8], items.concat()].concat()
    }

    /// A code object as Python 3.11 and later write it.
    pub(crate) fn code(constants: &[Vec<u8>], names: &[&str]) -> Vec<u8> {
        let names: Vec<_> = names.iter().map(|name| short(name)).collect();
        let bytecode = [vec![b's', 2, 0, 0, 0], vec![0x97, 0]].concat();
        let empty = vec![b's', 0, 0, 0, 0];
        [
            vec![b'c' | 0x80],
            vec![0; 20],
            bytecode,
            tuple(constants),
            tuple(&names),
            tuple(&[]),
            empty.clone(),
            short("file"),
            short("<lambda>"),
            short("<lambda>"),
            vec![1, 0, 0, 0],
            empty.clone(),
            empty,
        ]
        .concat()
    }

    #[test]
    fn names_and_constants_of_nested_code_are_found() {
        let inner = code(&[short("echo hi")], &["system"]);
        let found = mentions(&code(&[vec![b'N'], inner], &["os", "__import__"]));
        assert_eq!(found.names, ["__import__", "os", "system"]);
        assert_eq!(found.texts, ["echo hi"]);
        assert!(found.complete);
    }

    #[test]
    fn a_broken_object_still_tells_what_came_before() {
        let whole = code(&[short("echo hi")], &["os"]);
        let found = mentions(&whole[..whole.len() - 8]);
        assert_eq!(found.names, ["os"]);
        assert!(!found.complete);
        assert!(STANDARD.encode(whole).len() > 4);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = mentions(&bytes);
        }
    }
}
