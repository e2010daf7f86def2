//! The notations that configuration is written in, all read into one kind of tree with line numbers.

use bartizan_core::document::{
    Malformed, Node, Value,
    json::{self, Reading},
    yaml,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Most values of one document; lock files of big projects have some hundred thousand.
const MOST_VALUES: usize = 1_500_000;
/// Most values that the aliases of a YAML file may stand for.
const MOST_ALIASED: usize = 100_000;

/// UTF-8, or UTF-16 with its mark, as editors and shells of Windows write it. What is neither becomes `�`.
pub(super) fn text(bytes: &[u8]) -> String {
    let utf16 = |order: fn([u8; 2]) -> u16| {
        let units = bytes.get(2..).unwrap_or_default().as_chunks::<2>().0.iter().map(|unit| order(*unit));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned(),
    }
}

/// JSON, with the comments and trailing commas that editors allow in their settings.
pub(super) fn json(text: &str, depth: usize) -> Result<Node, Malformed> {
    let reading = Reading { depth, values: MOST_VALUES, skip: &["integrity", "funding", "engines"] };
    let strict = json::parse(text.as_bytes(), reading);
    let document = match strict {
        Ok(document) => document,
        Err(_) => json::parse(plain(text).as_bytes(), reading)?,
    };
    Ok(document.root)
}

/// The text with comments and commas before a closing bracket replaced by spaces.
fn plain(text: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().peekable();
    let (mut quoted, mut comma) = (false, None);
    while let Some(byte) = bytes.next() {
        if quoted {
            out.push(byte);
            match byte {
                b'\\' => out.extend(bytes.next()),
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match (byte, bytes.peek()) {
            (b'/', Some(b'/')) => {
                while bytes.peek().is_some_and(|next| *next != b'\n') {
                    bytes.next();
                }
                continue;
            }
            (b'/', Some(b'*')) => {
                let mut last = b' ';
                bytes.next();
                for inner in bytes.by_ref() {
                    if inner == b'\n' {
                        out.push(inner);
                    }
                    if last == b'*' && inner == b'/' {
                        break;
                    }
                    last = inner;
                }
                continue;
            }
            (b']' | b'}', _) => {
                if let Some(place) = comma.and_then(|at: usize| out.get_mut(at)) {
                    *place = b' ';
                }
            }
            _ => {}
        }
        quoted = byte == b'"';
        if byte == b',' {
            comma = Some(out.len());
        } else if !byte.is_ascii_whitespace() {
            comma = None;
        }
        out.push(byte);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The documents of a YAML text, up to what is broken. Aliases stand for what their anchors hold, within a bound.
pub(super) fn yaml(text: &str, depth: usize) -> Vec<Node> {
    yaml::parse_expanding(text, depth, MOST_VALUES, MOST_ALIASED).documents
}

/// TOML.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn toml(text: &str) -> Result<Node, Malformed> {
    let starts: Vec<usize> =
        std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
    let line =
        |offset: usize| u32::try_from(starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX);
    match DeTable::parse(text) {
        Ok(table) => Ok(Node { line: 1, value: of_table(table.get_ref(), &line) }),
        Err(error) => Err(Malformed {
            line: error.span().map_or(1, |span| line(span.start)),
            reason: "this is not TOML",
        }),
    }
}

fn of_table(table: &DeTable<'_>, line: &dyn Fn(usize) -> u32) -> Value {
    let pairs = table.iter().map(|(key, value)| (key.get_ref().to_string(), of_value(value, line)));
    Value::Object(pairs.collect())
}

/// The parser bounds the depth.
fn of_value(value: &Spanned<DeValue<'_>>, line: &dyn Fn(usize) -> u32) -> Node {
    let at = line(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Float(number) => Value::Number(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Value::Bool(*truth),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(|item| of_value(item, line)).collect()),
        DeValue::Table(table) => of_table(table, line),
    };
    Node { line: at, value }
}

/// The pairs of a mapping, with what `<<` brings in behind its own.
pub(super) fn merged(node: &Node) -> Vec<(&str, &Node)> {
    let mut pairs: Vec<(&str, &Node)> = Vec::new();
    let mut brought = Vec::new();
    for (key, value) in node.pairs() {
        if key == "<<" {
            brought.push(value);
            brought.extend(value.items());
        } else {
            pairs.push((key, value));
        }
    }
    for (key, value) in brought.iter().flat_map(|node| node.pairs()) {
        if pairs.len() < 1000 && !pairs.iter().any(|(own, _)| own == key) {
            pairs.push((key, value));
        }
    }
    pairs
}

/// The value of a key, also when `<<` brings it in.
pub(super) fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).or_else(|| {
        let brought = node.pairs().iter().filter(|(own, _)| own == "<<").map(|(_, value)| value);
        brought.flat_map(|value| std::iter::once(value).chain(value.items())).find_map(|value| value.get(key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_no_hindrance() {
        let root = json("{ // one\n \"a\": \"x // y,]\", /* two\n */ \"b\": [1, 2,],\n}", 8).unwrap();
        assert_eq!(root.text_of("a"), Some("x // y,]"));
        assert_eq!((root.get("b").unwrap().line, root.get("b").unwrap().items().len()), (3, 2));
        assert!(json("{", 8).is_err());
        assert!(json(&"[".repeat(100_000), 64).is_err());
    }

    #[test]
    fn toml_keeps_lines_and_its_depth_is_bounded() {
        let root = toml("a = 1\n[[p]]\nname = \"x\"\n[[p]]\nname = 'y'\n").unwrap();
        let names: Vec<(u32, &str)> =
            root.get("p").unwrap().items().iter().map(|p| (p.line, p.text_of("name").unwrap())).collect();
        assert_eq!(names, [(2, "x"), (4, "y")]);
        assert_eq!(toml("a = 1\nb = \n").unwrap_err().line, 2);
        assert!(toml(&format!("a = {}", "[".repeat(100_000))).is_err());
        assert!(toml(&format!("{}a = 1", "a.".repeat(100_000))).is_err());
    }

    #[test]
    fn texts_of_windows_are_read() {
        assert_eq!(text(b"\xff\xfea\0b\0"), "ab");
        assert_eq!(text(b"\xfe\xff\0a"), "a");
        assert_eq!(text(b"\xef\xbb\xbfa\xff"), "a\u{fffd}");
    }

    #[test]
    fn merges_bring_in_what_is_not_there() {
        let documents = yaml("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n", 8);
        let y = documents[0].get("y").unwrap();
        let shown: Vec<(&str, String)> =
            merged(y).into_iter().map(|(key, value)| (key, value.scalar().unwrap())).collect();
        assert_eq!(shown, [("b", "3".to_owned()), ("a", "1".to_owned())]);
        assert_eq!(field(y, "a").and_then(Node::scalar).as_deref(), Some("1"));
    }
}
