//! Universal Binary JSON (<https://ubjson.org/>, draft 12), as much of it as XGBoost writes, read in one pass without
//! building a tree.

use bartizan_core::Cursor;

use super::summary::{Summary, Tree};

/// Reads the UBJSON form; what went wrong is in the summary.
pub(super) fn read(bytes: &[u8], depth: usize) -> Summary {
    let mut reader = Reader {
        cursor: Cursor::new(bytes),
        summary: Summary::default(),
        path: Vec::new(),
        depth,
        tree: None,
    };
    let finished = reader.marker().and_then(|marker| reader.value(marker));
    if finished.is_none() {
        reader.summary.broken = Some(format!(
            "the UBJSON ends early or contradicts itself at offset {}",
            reader.cursor.position()
        ));
    }
    reader.summary
}

/// A tree while its arrays pass.
#[derive(Default)]
struct Passing {
    left: Vec<i64>,
    right: Vec<i64>,
    announced: Option<u64>,
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    summary: Summary,
    path: Vec<String>,
    depth: usize,
    tree: Option<Passing>,
}

impl Reader<'_> {
    /// The next marker, past no-ops.
    fn marker(&mut self) -> Option<u8> {
        loop {
            match self.cursor.u8().ok()? {
                b'N' => {}
                marker => return Some(marker),
            }
        }
    }

    fn integer(&mut self, marker: u8) -> Option<i64> {
        Some(match marker {
            b'i' => i64::from(self.cursor.u8().ok()? as i8),
            b'U' => i64::from(self.cursor.u8().ok()?),
            b'I' => i64::from(self.cursor.u16_be().ok()? as i16),
            b'l' => i64::from(self.cursor.i32_be().ok()?),
            b'L' => self.cursor.i64_be().ok()?,
            _ => return None,
        })
    }

    fn length(&mut self) -> Option<usize> {
        let marker = self.marker()?;
        usize::try_from(self.integer(marker)?).ok()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        let bytes = self.cursor.take(length).ok()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    fn value(&mut self, marker: u8) -> Option<()> {
        if self.path.len() >= self.depth {
            return None;
        }
        match marker {
            b'Z' | b'T' | b'F' => {}
            b'i' | b'U' | b'I' | b'l' | b'L' => {
                let number = self.integer(marker)?;
                self.number(number);
            }
            b'd' => {
                self.cursor.f32_be().ok()?;
            }
            b'D' => {
                self.cursor.f64_be().ok()?;
            }
            b'C' => {
                self.cursor.u8().ok()?;
            }
            b'S' | b'H' => {
                let text = self.text()?;
                self.note(text);
            }
            b'[' => self.array()?,
            b'{' => self.object()?,
            _ => return None,
        }
        Some(())
    }

    /// `$` type and `#` count, when a container has them, and its first marker when it has none.
    fn header(&mut self) -> Option<(Option<u8>, Option<usize>, Option<u8>)> {
        let mut marker = self.marker()?;
        let mut kind = None;
        if marker == b'$' {
            kind = Some(self.cursor.u8().ok()?);
            marker = self.marker()?;
        }
        if marker == b'#' {
            return Some((kind, Some(self.length()?), None));
        }
        if kind.is_some() { None } else { Some((None, None, Some(marker))) }
    }

    fn array(&mut self) -> Option<()> {
        let (kind, count, mut first) = self.header()?;
        if let (Some(kind), Some(count)) = (kind, count) {
            return self.typed(kind, count);
        }
        let is_trees = self.path.last().is_some_and(|name| name == "trees");
        let mut left = count;
        self.path.push(String::new());
        loop {
            if let Some(left) = left.as_mut() {
                if *left == 0 {
                    break;
                }
                *left -= 1;
            }
            let marker = match first.take() {
                Some(marker) => marker,
                None => self.marker()?,
            };
            if count.is_none() && marker == b']' {
                break;
            }
            if is_trees {
                self.tree = Some(Passing::default());
            }
            self.value(marker)?;
            if is_trees && let Some(tree) = self.tree.take() {
                self.summary.tree_count += 1;
                self.summary.trees.push(Tree::new(&tree.left, &tree.right, tree.announced));
            }
        }
        self.path.pop();
        if is_trees {
            self.summary.counted = true;
        }
        Some(())
    }

    fn typed(&mut self, kind: u8, count: usize) -> Option<()> {
        let width = match kind {
            b'i' | b'U' | b'C' => 1,
            b'I' => 2,
            b'l' | b'd' => 4,
            b'L' | b'D' => 8,
            _ => return None,
        };
        let size = count.checked_mul(width)?;
        let name = self.path.last().map(String::as_str).unwrap_or_default();
        let wanted = matches!(name, "left_children" | "right_children") && self.tree.is_some();
        let is_left = name == "left_children";
        if size > self.cursor.remaining() {
            return None;
        }
        if !wanted {
            return self.cursor.take(size).ok().map(|_| ());
        }
        let mut numbers = Vec::with_capacity(count);
        for _ in 0..count {
            numbers.push(self.integer(kind)?);
        }
        if let Some(tree) = self.tree.as_mut() {
            if is_left { tree.left = numbers } else { tree.right = numbers }
        }
        Some(())
    }

    fn object(&mut self) -> Option<()> {
        let (kind, count, mut first) = self.header()?;
        let mut left = count;
        loop {
            if let Some(left) = left.as_mut() {
                if *left == 0 {
                    break;
                }
                *left -= 1;
            }
            let marker = match first.take() {
                Some(marker) => marker,
                None => self.marker()?,
            };
            if count.is_none() && marker == b'}' {
                break;
            }
            let length = usize::try_from(self.integer(marker)?).ok()?;
            let key = String::from_utf8_lossy(self.cursor.take(length).ok()?).into_owned();
            self.path.push(key);
            let marker = match kind {
                Some(kind) => kind,
                None => self.marker()?,
            };
            self.value(marker)?;
            self.path.pop();
        }
        Some(())
    }

    fn number(&mut self, number: i64) {
        if self.path.first().is_some_and(|name| name == "version") && self.path.len() == 2 {
            let version = self.summary.version.take();
            self.summary.version = Some(match version {
                Some(version) => format!("{version}.{number}"),
                None => number.to_string(),
            });
        }
        // Arrays of children may be written one by one.
        let name = self.path.iter().rev().nth(1).map(String::as_str).unwrap_or_default();
        if let Some(tree) = self.tree.as_mut() {
            match name {
                "left_children" => tree.left.push(number),
                "right_children" => tree.right.push(number),
                _ => {}
            }
        }
    }

    fn note(&mut self, text: String) {
        let parts: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let key = parts.last().copied().unwrap_or_default().to_owned();
        match parts.as_slice() {
            ["learner", "attributes", ..] => self.summary.attributes.push((key, text)),
            ["learner", "learner_model_param", _] | [.., "gbtree_model_param", _] => {
                self.summary.parameters.push((key, text))
            }
            ["learner", "objective", "name"] => self.summary.parameters.push(("objective".to_owned(), text)),
            ["learner", "gradient_booster", "name"] => {
                self.summary.parameters.push(("booster".to_owned(), text))
            }
            [.., "tree_param", "num_nodes"] => {
                if let Some(tree) = self.tree.as_mut() {
                    tree.announced = text.parse().ok();
                }
            }
            _ => {}
        }
    }
}
