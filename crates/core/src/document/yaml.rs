//! YAML into the same tree as JSON. Unless asked for, aliases are not expanded: each becomes a null, so a bomb of them
//! stays as small as it is written.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::{Malformed, Node, Value};

/// What a YAML text holds.
#[derive(Debug, Default)]
pub struct Stream {
    /// One tree for each document.
    pub documents: Vec<Node>,
    /// How many aliases were not followed.
    pub aliases: u64,
    /// Tags other than YAML's own core tags, with their lines: `!!python/object/apply:os.system`.
    pub tags: Vec<(String, u32)>,
    /// Why the rest could not be read.
    pub broken: Option<Malformed>,
}

const MOST_TAGS: usize = 64;

/// Why a document is refused whose aliases make it larger than `parse_expanding` allows.
pub const ALIAS_BOMB: &str = "aliases expand to more values than the limit allows";

/// Reads every document of a YAML text, up to what is broken or beyond the bounds.
pub fn parse(text: &str, depth: usize, values: usize) -> Stream {
    build(text, depth, values, None)
}

/// The same, with each alias replaced by what its anchor stands for, as loaders do it; all aliases together may stand
/// for at most `expanded` values.
pub fn parse_expanding(text: &str, depth: usize, values: usize, expanded: usize) -> Stream {
    build(text, depth, values, Some(Anchors { left: expanded, nodes: HashMap::new() }))
}

fn build(text: &str, depth: usize, values: usize, anchors: Option<Anchors>) -> Stream {
    let mut builder = Builder { stream: Stream::default(), open: Vec::new(), depth, left: values, anchors };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => Err(Malformed {
                line: u32::try_from(error.marker().line()).unwrap_or(u32::MAX),
                reason: "this is not YAML",
            }),
        };
        if let Err(error) = step {
            builder.close_all();
            builder.stream.broken = Some(error);
            break;
        }
    }
    builder.stream
}

/// A list or mapping whose end has not come yet.
struct Open {
    line: u32,
    mapping: bool,
    anchor: usize,
    /// Values in it so far, expanded ones too.
    weight: usize,
    /// The deepest level below it.
    height: usize,
    key: Option<String>,
    items: Vec<Node>,
    pairs: Vec<(String, Node)>,
}

impl Open {
    fn close(self) -> Node {
        let value = if self.mapping { Value::Object(self.pairs) } else { Value::List(self.items) };
        Node { line: self.line, value }
    }
}

/// What anchors stand for, with the number of values in it and its levels.
struct Anchors {
    left: usize,
    nodes: HashMap<usize, (Node, usize, usize)>,
}

struct Builder {
    stream: Stream,
    open: Vec<Open>,
    depth: usize,
    left: usize,
    anchors: Option<Anchors>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Malformed> {
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        match event {
            Event::Alias(anchor) => {
                self.stream.aliases = self.stream.aliases.saturating_add(1);
                let (node, weight, height) = self.aliased(anchor, line)?;
                self.place(node, weight, height);
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.left = self
                    .left
                    .checked_sub(1)
                    .ok_or(Malformed { line, reason: "the document holds too many values" })?;
                let plain = style == ScalarStyle::Plain && tag.is_none();
                self.tag(tag.as_deref().map(spelled), line);
                let value = if plain { plain_scalar(&text) } else { Value::Text(text.into_owned()) };
                let node = Node { line, value };
                self.anchor(anchor, &node, 1, 0);
                self.place(node, 1, 0);
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(false, anchor, tag.as_deref().map(spelled), line)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.start(true, anchor, tag.as_deref().map(spelled), line)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => {}
        }
        Ok(())
    }

    /// What an alias stands for.
    fn aliased(&mut self, anchor: usize, line: u32) -> Result<(Node, usize, usize), Malformed> {
        let Some(anchors) = &mut self.anchors else {
            return Ok((Node { line, value: Value::Null }, 1, 0));
        };
        let Some((node, weight, height)) = anchors.nodes.get(&anchor) else {
            return Err(Malformed { line, reason: "an alias stands inside what it stands for" });
        };
        if self.open.len().saturating_add(*height) > self.depth {
            return Err(Malformed { line, reason: "the document is nested too deeply" });
        }
        anchors.left = anchors.left.checked_sub(*weight).ok_or(Malformed { line, reason: ALIAS_BOMB })?;
        Ok((node.clone(), *weight, *height))
    }

    fn anchor(&mut self, anchor: usize, node: &Node, weight: usize, height: usize) {
        let Some(anchors) = self.anchors.as_mut().filter(|_| anchor != 0) else { return };
        // What may not be repeated even once need not be kept.
        let kept =
            if weight <= anchors.left { node.clone() } else { Node { line: node.line, value: Value::Null } };
        anchors.nodes.insert(anchor, (kept, weight, height));
    }

    fn close(&mut self) {
        if let Some(open) = self.open.pop() {
            let (anchor, weight, height) = (open.anchor, open.weight, open.height.saturating_add(1));
            let node = open.close();
            self.anchor(anchor, &node, weight, height);
            self.place(node, weight, height);
        }
    }

    fn start(
        &mut self,
        mapping: bool,
        anchor: usize,
        tag: Option<String>,
        line: u32,
    ) -> Result<(), Malformed> {
        if self.open.len() >= self.depth {
            return Err(Malformed { line, reason: "the document is nested too deeply" });
        }
        self.tag(tag, line);
        self.open.push(Open {
            line,
            mapping,
            anchor,
            weight: 1,
            height: 0,
            key: None,
            items: Vec::new(),
            pairs: Vec::new(),
        });
        Ok(())
    }

    fn tag(&mut self, tag: Option<String>, line: u32) {
        if let Some(tag) = tag.filter(|tag| !tag.starts_with("tag:yaml.org,2002:") || tag.contains("python"))
            && tag != "!"
            && self.stream.tags.len() < MOST_TAGS
        {
            self.stream.tags.push((tag, line));
        }
    }

    fn place(&mut self, node: Node, weight: usize, height: usize) {
        if let Some(open) = self.open.last_mut() {
            open.weight = open.weight.saturating_add(weight);
            open.height = open.height.max(height);
        }
        match self.open.last_mut() {
            None => self.stream.documents.push(node),
            Some(open) if !open.mapping => open.items.push(node),
            Some(open) => match open.key.take() {
                Some(key) => open.pairs.push((key, node)),
                None => open.key = Some(node.scalar().unwrap_or_default()),
            },
        }
    }

    fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }
}

fn spelled(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// A scalar without quotes, by YAML's core schema as far as configurations need it.
fn plain_scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if text.parse::<f64>().is_ok()
            && text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) =>
        {
            Value::Number(text.to_owned())
        }
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mapping_becomes_a_tree_with_lines() {
        let stream = parse("a: 1\nb:\n  - x\n  - 'true'\nc: {d: ~}\n", 8, 100);
        let root = &stream.documents[0];
        assert_eq!(root.get("a").unwrap().scalar().as_deref(), Some("1"));
        assert_eq!(root.get("b").unwrap().texts(), ["x", "true"]);
        assert_eq!(root.get("b").unwrap().items()[1].line, 4);
        assert!(stream.broken.is_none());
    }

    #[test]
    fn aliases_are_counted_and_never_expanded() {
        let bomb = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n";
        let stream = parse(bomb, 8, 100);
        assert_eq!(stream.aliases, 6);
        assert_eq!(stream.documents.len(), 1);
    }

    #[test]
    fn aliases_expand_on_request_up_to_a_limit() {
        let stream = parse_expanding("a: &a {x: [1, 2]}\nb: *a\n", 8, 100, 10);
        assert_eq!(stream.documents[0].get("b"), stream.documents[0].get("a"));
        assert!(stream.broken.is_none());
        let bomb = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]\n";
        let broken = parse_expanding(bomb, 8, 100, 50).broken.unwrap();
        assert_eq!((broken.line, broken.reason), (3, ALIAS_BOMB));
        assert!(parse_expanding(bomb, 8, 100, 200).broken.is_none());
        assert!(parse_expanding("a: &a [*a]\n", 8, 100, 50).broken.is_some());
        let deep = "a: &a [[[x]]]\nb: [[[[[*a]]]]]\n";
        assert!(parse_expanding(deep, 8, 100, 50).broken.is_some());
        assert!(parse_expanding(deep, 9, 100, 50).broken.is_none());
    }

    #[test]
    fn tags_that_make_objects_are_told() {
        let stream = parse("x: !!python/object/apply:os.system ['echo']\n", 8, 100);
        assert_eq!(stream.tags.len(), 1, "{stream:?}");
        assert!(stream.tags[0].0.contains("python/object/apply:os.system"), "{stream:?}");
    }

    #[test]
    fn nesting_is_bounded_and_what_came_before_is_kept() {
        let stream = parse(&format!("a: b\nc: {}", "[".repeat(5000)), 8, 100);
        assert!(stream.broken.is_some());
        assert_eq!(stream.documents[0].text_of("a"), Some("b"));
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[\\[\\]{}:,\"'&*!|>%@`#a-f0-9\\- \n\t]{0,200}") {
            let _ = parse(&text, 8, 100);
            let _ = parse_expanding(&text, 8, 100, 50);
        }
    }
}
