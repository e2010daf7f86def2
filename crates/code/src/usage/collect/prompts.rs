//! Texts that tell a model how to behave. A prompt is called after the constant that holds it; one that stands in the
//! call itself is a `system-prompt`.

use bartizan_core::{Usage, UsageKind};

use super::{
    super::{
        Found,
        catalogue::Source,
        flow::Origin,
        program::{Shape, ValueId},
    },
    Collector, blank,
};

/// Arguments that hold such a text.
const ARGUMENTS: &[&str] = &[
    "system",
    "system_prompt",
    "system_message",
    "system_instruction",
    "systemPrompt",
    "systemInstruction",
    "instructions",
    "config.system_instruction",
    "config.systemInstruction",
    "preamble",
];
/// Arguments that hold messages, each with a role.
const MESSAGES: &[&str] = &["messages", "input", "0", "1"];
const ROLES: &[&str] = &["system", "developer"];
/// Messages of one call that are looked at.
const MOST_MESSAGES: usize = 16;

impl Collector<'_> {
    pub(super) fn prompts(&self, id: ValueId, origin: &Origin, found: &mut Found) {
        let mut tell = |value: ValueId| {
            if let Some(name) = self.prompt_name(value) {
                found.add(Usage {
                    name,
                    via: Some(Source::Literal.name()),
                    ..blank(UsageKind::Prompt, origin, self.program.line(id))
                });
            }
        };
        if origin.path.ends_with(".SystemMessage") {
            let named = self.flow.argument(id, "content");
            let values = if named.is_empty() { self.flow.argument(id, "0") } else { named };
            values.into_iter().for_each(tell);
            return;
        }
        for argument in ARGUMENTS {
            self.flow.argument(id, argument).into_iter().for_each(&mut tell);
        }
        for argument in MESSAGES {
            for message in self.flow.argument(id, &format!("{argument}.[]")).into_iter().take(MOST_MESSAGES) {
                let entries = self.flow.entries(message);
                let entry = |wanted: &str| {
                    entries.iter().find(|(key, _)| key.as_deref() == Some(wanted)).map(|(_, value)| *value)
                };
                let Some(role) = entry("role") else { continue };
                if self.flow.texts(role).iter().any(|role| ROLES.contains(&role.text.as_str()))
                    && let Some(content) = entry("content")
                {
                    tell(content);
                }
            }
        }
    }

    /// What a prompt is called; `None` when the value is no text that is known, and no constant of another file.
    fn prompt_name(&self, value: ValueId) -> Option<String> {
        let name = match self.program.shape(value) {
            Shape::Name(name) | Shape::Attribute(_, name) => Some(name.clone()),
            Shape::Format(template, _, _) => return self.prompt_name(*template),
            _ => None,
        };
        let texts = self.flow.texts(value);
        let is_sentence =
            |text: &str| text.chars().any(char::is_whitespace) || text.ends_with(['.', '!', '?', ':']);
        if texts.iter().any(|known| is_sentence(&known.text)) {
            return Some(name.unwrap_or_else(|| "system-prompt".to_owned()));
        }
        let is_from_another_file = || {
            self.flow.origin(value).is_some_and(|origin| {
                let root = origin.path.split('.').next().unwrap_or_default();
                origin.made_by.is_none()
                    && self.program.imports.iter().any(|import| import.split('.').next() == Some(root))
                    && !self.catalogue.is_package(root)
            })
        };
        name.filter(|_| texts.is_empty() && is_from_another_file())
    }
}
