//! Models in arguments of calls that no table lists.

use bartizan_core::{Usage, UsageKind};

use super::{
    super::{
        Found,
        flow::{Known, Origin},
        naming,
        program::ValueId,
        provider,
    },
    Collector, blank, pin,
};

/// Packages that load what they are given from Hugging Face's hub.
const HUB_PACKAGES: &[&str] =
    &["transformers", "trl", "peft", "diffusers", "setfit", "sentence_transformers", "optimum", "unsloth"];

impl Collector<'_> {
    /// Arguments that hold models by their name, of calls into AI packages that no table lists.
    pub(super) fn generic(&self, id: ValueId, origin: &Origin, found: &mut Found) {
        let Some(call) = self.program.call(id) else { return };
        if !self.is_of_interest(origin) {
            return;
        }
        let line = self.program.line(id);
        let root = origin.path.split('.').next().unwrap_or_default();
        let is_of_hub = HUB_PACKAGES.contains(&root);
        let mut report = |texts: Vec<Known>| {
            for known in texts {
                let (name, revision) =
                    naming::hub_id(&known.text).unwrap_or_else(|| (known.text.clone(), None));
                if naming::is_model(&name) {
                    let (prefix, name) = match provider::apart(&name) {
                        Some((prefix, model)) => (Some(provider::plain(prefix)), model.to_owned()),
                        None => (None, name),
                    };
                    let mut usage = Usage {
                        provider: prefix
                            .or_else(|| provider::by_name(&name))
                            .or_else(|| (is_of_hub && naming::is_hub_id(&name)).then_some("huggingface"))
                            .map(str::to_owned),
                        name,
                        via: Some(known.via.name()),
                        ..blank(UsageKind::Model, origin, line)
                    };
                    pin(&mut usage, revision);
                    found.add(usage);
                }
            }
        };
        for (key, value) in &call.named {
            if self.catalogue.is_model_keyword(key) {
                report(self.flow.texts(*value));
            }
        }
        let holders = call.named.iter().map(|(_, value)| value).chain(&call.positional).chain(&call.spread);
        let mut open: Vec<(ValueId, usize)> = holders.map(|value| (*value, 0)).collect();
        let mut looked = 0usize;
        while let Some((value, depth)) = open.pop() {
            looked += 1;
            if looked > 64 {
                break;
            }
            for (key, inner) in self.flow.entries(value) {
                let is_named = key.as_deref().is_some_and(|key| self.catalogue.is_model_keyword(key));
                let texts = if is_named { self.flow.texts(inner) } else { Vec::new() };
                if !texts.is_empty() {
                    report(texts);
                } else if depth < 4 {
                    open.push((inner, depth + 1));
                }
            }
        }
    }

    /// Is it a call into a package of the AI world, or a method of something unknown in a file that uses one?
    pub(super) fn is_of_interest(&self, origin: &Origin) -> bool {
        let root = origin.path.split('.').next().unwrap_or_default();
        self.catalogue.is_package(root) || root == "?" && self.imports_ai
    }
}
