//! Torch7's own serialisation of Lua objects, `.t7`: binary or text
//! (<https://github.com/torch/torch7/blob/master/doc/serialization.md>).
//!
//! Tensors and modules are tables of numbers and strings. A *function*, though, is stored as Lua bytecode, which the loader
//! hands to `loadstring`: bytecode runs without any check of its own and escapes every sandbox of Lua.

use bartizan_core::{
    Asset, Category, Cell, Claim, Context, Cursor, Description, Fact, Finding, Import, Inspection, Inspector,
    Kind, Model, Probe, Rule, Section, Severity, Taxonomy, UseKind,
};
use std::collections::BTreeMap;

static FUNCTION: Rule = Rule {
    id: "torch7/function",
    title: "The file holds compiled Lua functions",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "Loading turns the stored bytecode into functions without checking it. Crafted bytecode takes over the process, and \
          an ordinary one runs whatever it wants as soon as the model calls it.",
    fix: "Convert the model's tensors in an isolated machine, and keep only those.",
    references: &["https://github.com/torch/torch7/blob/master/doc/serialization.md"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Reads Torch7 files.
#[derive(Debug)]
pub(crate) struct Torch7Inspector;

/// What one walk found.
#[derive(Debug, Default)]
struct Found {
    classes: BTreeMap<String, u64>,
    functions: Vec<(usize, usize)>,
    broken: Option<String>,
    end: usize,
}

impl Inspector for Torch7Inspector {
    fn kind(&self) -> Kind {
        Kind::new("torch7")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&FUNCTION] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        // An object: type 4, index 1, "V 1".
        let binary = probe.starts_with(b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V ");
        let text = probe.starts_with(b"4\n1\n3\nV ");
        let named = probe.extension_is(&["t7", "th", "net"]);
        // A table (3) or function (6, 7, 8) with index 1 has no magic of its own.
        let kind = probe.head.first().copied().unwrap_or(0);
        let shaped = matches!(kind, 3 | 6..=8) && probe.has_at(1, b"\0\0\0\x01\0\0\0");
        let shaped_text = matches!(kind, b'3' | b'6'..=b'8') && probe.has_at(1, b"\n1\n");
        match (binary || text, named && (shaped || shaped_text)) {
            (true, _) => Claim::Certain,
            (false, true) => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let found = match asset.content.whole(context.limits.held) {
            Ok(bytes) => walk(&bytes, context),
            Err(error) => {
                inspection.coverage.miss(format!("the file could not be read: {error}"));
                return inspection;
            }
        };
        let mut model = Model::of("torch7");
        model.framework = Some("torch7".to_owned());
        model.architecture = found.classes.keys().find(|class| class.starts_with("nn.")).cloned();
        inspection.know(Fact::Model(model));
        for (class, count) in &found.classes {
            let (module, name) = class.rsplit_once('.').unwrap_or(("", class));
            inspection.know(Fact::Import(Import {
                module: module.to_owned(),
                name: name.to_owned(),
                uses: vec![UseKind::New],
                offset: None,
                count: *count,
            }));
        }
        if let Some((offset, size)) = found.functions.first() {
            let count = found.functions.len();
            let message = format!(
                "when it is loaded, this file builds {count} Lua function(s) from bytecode ({size} bytes in the first)"
            );
            inspection.find(
                Finding::new(&FUNCTION, asset, message)
                    .offset(*offset as u64)
                    .evidence("bytes", size.to_string()),
            );
        }
        if let Some(reason) = found.broken {
            inspection.coverage.miss_at(found.end as u64, reason);
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("classes", &["class", "count"]);
        if let Ok(bytes) = asset.content.whole(context.limits.held) {
            for (class, count) in walk(&bytes, context).classes {
                section.push(
                    context.limits.rows,
                    vec![bartizan_core::redacted(&class).into(), Cell::Number(count)],
                );
            }
        }
        Description { sections: vec![section] }
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    ascii: bool,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<&'a str> {
        let rest = self.cursor.rest();
        let end = memchr::memchr(b'\n', rest.get(..rest.len().min(4096))?)?;
        let line = self.cursor.take(end + 1).ok()?;
        std::str::from_utf8(line).ok().map(str::trim)
    }

    fn int(&mut self) -> Option<i32> {
        if self.ascii { self.line()?.parse().ok() } else { self.cursor.i32_le().ok() }
    }

    fn long(&mut self) -> Option<i64> {
        if self.ascii { self.line()?.parse().ok() } else { self.cursor.i64_le().ok() }
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.int()?).ok()?;
        let text = self.cursor.take(length).ok()?;
        if self.ascii {
            self.cursor.take(1).ok()?;
        }
        Some(text)
    }

    /// Skips `count` numbers of `width` bytes; as text they are on one line.
    fn skip(&mut self, count: u64, width: u64) -> Option<()> {
        if self.ascii {
            let rest = self.cursor.rest();
            let end = if count == 0 { 0 } else { memchr::memchr(b'\n', rest)? + 1 };
            return self.cursor.take(end).ok().map(|_| ());
        }
        self.cursor.take(usize::try_from(count.checked_mul(width)?).ok()?).ok().map(|_| ())
    }
}

fn walk(bytes: &[u8], context: &Context<'_>) -> Found {
    let mut found = Found::default();
    let ascii = bytes.get(1) == Some(&b'\n');
    let mut reader = Reader { cursor: Cursor::new(bytes), ascii };
    let mut seen = std::collections::HashSet::new();
    // How many objects are still to come: an object of a known shape adds its parts.
    let mut pending: u64 = 1;
    let mut steps: u64 = 0;
    while pending > 0 {
        pending -= 1;
        steps += 1;
        if steps.is_multiple_of(4096) && context.interrupted() {
            found.broken = Some("the time allowed ran out".to_owned());
            break;
        }
        match object(&mut reader, &mut seen, &mut found) {
            Some(parts) => pending = pending.saturating_add(parts),
            None => {
                found.broken.get_or_insert_with(|| "the file ends early or contradicts itself".to_owned());
                break;
            }
        }
    }
    found.end = reader.cursor.position();
    found
}

/// Reads one object without its parts; gives how many objects follow as its parts.
fn object(
    reader: &mut Reader<'_>,
    seen: &mut std::collections::HashSet<i32>,
    found: &mut Found,
) -> Option<u64> {
    let offset = reader.cursor.position();
    match reader.int()? {
        0 => Some(0),
        1 => reader.skip(1, 8).map(|()| 0),
        2 => reader.text().map(|_| 0),
        5 => reader.int().map(|_| 0),
        3 => {
            if !seen.insert(reader.int()?) {
                return Some(0);
            }
            let count = u64::try_from(reader.int()?).ok()?;
            (count <= reader.cursor.remaining() as u64).then_some(count.checked_mul(2)?)
        }
        6..=8 => {
            if !seen.insert(reader.int()?) {
                return Some(0);
            }
            let code = reader.text()?;
            if found.functions.len() < 1000 {
                found.functions.push((offset, code.len()));
            }
            // Its upvalues.
            Some(1)
        }
        4 => {
            if !seen.insert(reader.int()?) {
                return Some(0);
            }
            let version = String::from_utf8_lossy(reader.text()?).into_owned();
            let class = if version.starts_with("V ") {
                String::from_utf8_lossy(reader.text()?).into_owned()
            } else {
                version
            };
            if found.classes.len() < 4096 {
                *found.classes.entry(class.clone()).or_default() += 1;
            }
            torch_object(reader, &class)
        }
        other => {
            found.broken = Some(format!("an object of unknown type {other}"));
            None
        }
    }
}

/// Tensors and storages write their numbers; every other class writes a table.
fn torch_object(reader: &mut Reader<'_>, class: &str) -> Option<u64> {
    let name = class.strip_prefix("torch.").unwrap_or_default().trim_start_matches("Cuda");
    if name.ends_with("Storage") {
        let count = u64::try_from(reader.long()?).ok()?;
        let width = match name.trim_end_matches("Storage") {
            "Byte" | "Char" => 1,
            "Short" | "Half" => 2,
            "Double" | "Long" => 8,
            _ => 4,
        };
        reader.skip(count, width)?;
        return Some(0);
    }
    if name.ends_with("Tensor") {
        let dimensions = u64::try_from(reader.int()?).ok()?;
        reader.skip(dimensions, 8)?;
        reader.skip(dimensions, 8)?;
        reader.long()?;
        // Its storage.
        return Some(1);
    }
    Some(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn int(out: &mut Vec<u8>, number: i32) {
        out.extend(number.to_le_bytes());
    }

    fn text(out: &mut Vec<u8>, text: &[u8]) {
        int(out, text.len() as i32);
        out.extend(text);
    }

    /// An `nn.Linear` with a bias of two numbers, and whatever else.
    fn module(more: &dyn Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        int(&mut out, 4);
        int(&mut out, 1);
        text(&mut out, b"V 1");
        text(&mut out, b"nn.Linear");
        int(&mut out, 3);
        int(&mut out, 2);
        int(&mut out, 2);
        int(&mut out, 2);
        text(&mut out, b"bias");
        int(&mut out, 4);
        int(&mut out, 3);
        text(&mut out, b"V 1");
        text(&mut out, b"torch.DoubleTensor");
        int(&mut out, 1);
        out.extend(2i64.to_le_bytes());
        out.extend(1i64.to_le_bytes());
        out.extend(1i64.to_le_bytes());
        int(&mut out, 4);
        int(&mut out, 4);
        text(&mut out, b"V 1");
        text(&mut out, b"torch.DoubleStorage");
        out.extend(2i64.to_le_bytes());
        out.extend([0; 16]);
        int(&mut out, 2);
        text(&mut out, b"x");
        more(&mut out);
        out
    }

    #[test]
    fn modules_and_tensors_are_read_to_the_end_without_a_finding() {
        let outcome = testing::inspect(&Torch7Inspector, "m.t7", module(&|out| int(out, 0)));
        assert_eq!((outcome.claim, outcome.worst()), (Claim::Certain, None));
        assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
        assert_eq!(outcome.inspection.facts.len(), 4);
    }

    #[test]
    fn a_function_is_dangerous() {
        let bytes = module(&|out| {
            int(out, 8);
            int(out, 9);
            text(out, b"\x1bLJ\x02\x00");
            int(out, 0);
        });
        let outcome = testing::inspect(&Torch7Inspector, "m.t7", bytes);
        assert_eq!((outcome.rules(), outcome.worst()), (vec!["torch7/function"], Some(Severity::High)));
        let outcome = testing::inspect(&Torch7Inspector, "m.t7", &b"8\n1\n5\n\x1bLJ\x02x\n0\n"[..]);
        assert_eq!((outcome.claim, outcome.worst()), (Claim::Shape, Some(Severity::High)));
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic(cut in 0usize..200, at in 0usize..200, byte in any::<u8>()) {
            let mut bytes = module(&|out| int(out, 0));
            if let Some(one) = bytes.get_mut(at) { *one = byte; }
            bytes.truncate(bytes.len().saturating_sub(cut));
            testing::inspect(&Torch7Inspector, "m.t7", bytes);
        }
    }
}
