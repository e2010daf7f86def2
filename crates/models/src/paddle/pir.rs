//! Programs of Paddle's newer representation (PIR) as JSON: `base_code` with the magic `pir`, and regions of blocks of
//! operators. An operator's name stands under `#`, with its dialect as a digit before it: `1.conv2d`.

use super::{Found, Operator};
use crate::json::{Node, Value};

/// The digit of operators that are no part of Paddle.
const CUSTOM: &str = "3";
/// The most attributes of one operator.
const MOST_TEXTS: usize = 64;

/// Gathers the operators. The document is at most as deep as the limit it was read with.
pub(super) fn read(root: &Node, found: &mut Found) {
    found.version = root
        .get("base_code")
        .and_then(|base| base.get("version"))
        .and_then(Node::scalar)
        .and_then(|version| version.parse().ok());
    if let Some(program) = root.get("program") {
        walk(program, found);
    }
}

fn walk(node: &Node, found: &mut Found) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(pairs) => {
            for (key, value) in pairs {
                if key == "ops" {
                    value.items().iter().for_each(|item| operator(item, found));
                }
                if !matches!(key.as_str(), "I" | "O" | "A" | "AT") {
                    walk(value, found);
                }
            }
        }
        _ => {}
    }
}

fn operator(node: &Node, found: &mut Found) {
    let Some(id) = node.text_of("#") else { return };
    let (dialect, name) = id.split_once('.').unwrap_or(("", id));
    let mut texts = Vec::new();
    for attribute in node.get("A").map(Node::items).unwrap_or_default().iter().take(MOST_TEXTS) {
        let name = attribute.text_of("N").unwrap_or_default();
        let value = attribute.get("AT").and_then(|value| value.get("D"));
        for text in value.map(Node::texts).unwrap_or_default() {
            texts.push((name.to_owned(), text.to_owned()));
        }
    }
    found.operate(Operator {
        name: name.to_owned(),
        texts,
        custom: matches!(dialect, CUSTOM | "custom_op"),
        offset: None,
        line: Some(node.line),
    });
}
