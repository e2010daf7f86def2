//! Trees into positions and tokens.
//!
//! The first position is the head of the block; each attribute, entry and nested block follows with one position of its
//! own. Names and comments give no token: a fixture that is called `positive1` or `secure_bucket` would teach the
//! network to read names.

use super::{
    literal,
    tree::{Content, Node, Resource, Value},
    words::{split, stems},
};

/// One position: where it is, and what is said there.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// First and last line.
    pub lines: (usize, usize),
    /// Tokens.
    pub tokens: Vec<String>,
}

/// Values of one list that are read; the others resemble them.
const MAX_ITEMS: usize = 12;
/// Depth to which values are read.
const MAX_DEPTH: usize = 16;

/// The positions of a block.
pub fn positions(resource: &Resource) -> Vec<Position> {
    let mut walk = Walk { positions: vec![head(resource)] };
    walk.nodes(&resource.nodes, &[], 0);
    walk.positions
}

fn head(resource: &Resource) -> Position {
    let mut tokens = vec![format!("kind:{}", resource.kind), format!("type:{}", resource.of)];
    let words = split(&resource.of);
    if let Some(provider) = words.first().filter(|_| resource.kind != "module") {
        tokens.push(format!("provider:{provider}"));
    }
    let skip = usize::from(resource.kind != "module");
    tokens.extend(words.iter().skip(skip).map(|word| format!("of:{}", super::words::stem(word))));
    let blocks = resource.nodes.iter().filter(|node| matches!(node.content, Content::Block(_))).count();
    tokens.push(format!("blocks:{}", blocks.min(4)));
    tokens.push(format!("attributes:{}", (resource.nodes.len() - blocks).min(16) / 3));
    Position { lines: (resource.lines.0, resource.lines.0), tokens }
}

struct Walk {
    positions: Vec<Position>,
}

impl Walk {
    fn nodes(&mut self, nodes: &[Node], path: &[&str], depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for node in nodes {
            let deeper: Vec<&str> = path.iter().copied().chain([node.key.as_str()]).collect();
            match &node.content {
                Content::Block(inner) => {
                    self.push(node, path, vec!["block".to_owned(), size("inside", inner.len())]);
                    self.nodes(inner, &deeper, depth + 1);
                }
                Content::Value(value) => {
                    let mut found = Found::default();
                    found.value(value, &node.key, depth);
                    let Found { tokens, objects } = found;
                    self.push(node, path, tokens);
                    for object in objects {
                        self.nodes(object, &deeper, depth + 1);
                    }
                }
            }
        }
    }

    fn push(&mut self, node: &Node, path: &[&str], values: Vec<String>) {
        let mut tokens = vec![format!("key:{}", node.key.to_lowercase())];
        tokens.extend(stems(&node.key).iter().map(|word| format!("word:{word}")));
        // The nearest block says most; those above it, where they are.
        if let Some(nearest) = path.last() {
            tokens.push(format!("in:{}", nearest.to_lowercase()));
            tokens.extend(stems(nearest).iter().map(|word| format!("within:{word}")));
        }
        tokens.extend(values);
        let mut seen = std::collections::HashSet::new();
        tokens.retain(|token| seen.insert(token.clone()));
        self.positions.push(Position { lines: (node.lines.0, node.lines.1), tokens });
    }
}

/// What a value says by itself, and the objects in it, which get positions of their own.
#[derive(Default)]
struct Found<'a> {
    tokens: Vec<String>,
    objects: Vec<&'a [Node]>,
}

impl<'a> Found<'a> {
    fn value(&mut self, value: &'a Value, key: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Null => self.say("null"),
            Value::Bool(value) => self.say(if *value { "true" } else { "false" }),
            Value::Number(number) => self.tokens.extend(literal::number(*number, key)),
            Value::Text(text) => self.tokens.extend(literal::text(text, key)),
            Value::Template(text, references) => {
                self.say("template");
                if text.contains('*') {
                    self.say("star");
                }
                self.tokens.extend(literal::script(text));
                references.iter().take(MAX_ITEMS).for_each(|reference| self.value(reference, key, depth + 1));
            }
            Value::Reference(names) => self.reference(names),
            Value::Call(name, arguments) => {
                self.tokens.push(format!("call:{name}"));
                arguments.iter().take(MAX_ITEMS).for_each(|argument| self.value(argument, key, depth + 1));
            }
            Value::List(items) => {
                self.tokens.push(size("list", items.len()));
                items.iter().take(MAX_ITEMS).for_each(|item| self.value(item, key, depth + 1));
            }
            Value::Object(nodes) => {
                self.tokens.push(size("object", nodes.len()));
                self.objects.push(nodes);
            }
            Value::Either(values) => {
                self.say("either");
                values.iter().for_each(|value| self.value(value, key, depth + 1));
            }
            Value::Unknown => self.say("unknown"),
        }
    }

    fn say(&mut self, class: &str) {
        self.tokens.push(format!("is:{class}"));
    }

    /// The root of a reference, and the type that it refers to; not the name of the thing.
    fn reference(&mut self, names: &[String]) {
        let root = names.first().map_or("", String::as_str);
        match root {
            "var" | "local" | "each" | "count" | "self" | "path" | "terraform" | "module" => {
                self.tokens.push(format!("is:{root}"));
            }
            "data" => {
                self.say("data");
                if let Some(of) = names.get(1) {
                    self.tokens.extend(stems(of).iter().skip(1).map(|word| format!("to:{word}")));
                }
            }
            _ if root.contains('_') => {
                self.say("resource");
                self.tokens.extend(stems(root).iter().skip(1).map(|word| format!("to:{word}")));
            }
            _ => self.say("variable"),
        }
        if let Some(last) = names.last().filter(|_| names.len() > 2) {
            self.tokens.push(format!("its:{last}"));
        }
    }
}

fn size(what: &str, length: usize) -> String {
    format!("{what}:{}", length.min(3))
}
