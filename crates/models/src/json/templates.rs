//! Templates inside a document: a chat template under its key, or any text of a configuration that looks like one.

use bartizan_core::{Asset, Context, Inspection};

use super::{Node, Value};
use crate::jinja::{self, Place, Role};

/// Keys that only model configurations have; a document with one of them at its root is such a configuration.
const CONFIGURATION_KEYS: &[&str] = &[
    "architectures",
    "auto_map",
    "chat_template",
    "model_id",
    "model_max_length",
    "model_name",
    "model_type",
    "processor_class",
    "prompt_template",
    "tokenizer_class",
];

/// Reads every template in a document.
pub(crate) fn templates(root: &Node, asset: &Asset, context: &Context<'_>) -> Inspection {
    let configuration = CONFIGURATION_KEYS.iter().any(|key| root.get(key).is_some());
    let rendered = root.get("chat_template").is_some();
    let mut search = Search { asset, context, configuration, rendered, inspection: Inspection::new() };
    search.node(root, "", false);
    search.inspection
}

struct Search<'a> {
    asset: &'a Asset,
    context: &'a Context<'a>,
    configuration: bool,
    /// Has the document the one template that loaders render?
    rendered: bool,
    inspection: Inspection,
}

impl Search<'_> {
    /// `chat` is set below a key `chat_template`, which may hold a list of named templates or an object of them.
    fn node(&mut self, node: &Node, key: &str, chat: bool) {
        match &node.value {
            Value::Text(text) => self.text(text, node.line, key, chat),
            Value::List(items) => items.iter().for_each(|item| self.node(item, key, chat)),
            Value::Object(pairs) => {
                let name = node.text_of("name").filter(|_| chat).map(str::to_owned);
                for (own, value) in pairs {
                    // `custom_chat_template` and the like are rendered by nobody.
                    let chat = chat || own == "chat_template";
                    let called = name.as_deref().filter(|_| own == "template").unwrap_or(own);
                    self.node(value, called, chat);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, line: u32, key: &str, chat: bool) {
        if !(jinja::looks_like_template(text) || chat && text.contains("{{")) {
            return;
        }
        let lower = key.to_ascii_lowercase();
        let role = if chat {
            Role::Template
        } else if self.rendered && lower.ends_with("chat_template") {
            Role::Dormant
        } else if lower.ends_with("template") || lower.contains("jinja") {
            Role::Likely
        } else if self.configuration || lower.contains("prompt") {
            Role::Lookalike
        } else {
            return;
        };
        let place = Place { asset: self.asset, name: key, line: Some(line), role };
        self.inspection.merge(jinja::analyse(text, place, self.context));
    }
}
