//! Models in classes and files that hold settings for others.

use bartizan_core::{Usage, UsageKind};

use super::{
    super::{
        Found,
        catalogue::Source,
        flow::Flow,
        naming,
        program::{Binding, Program, ScopeKind},
        provider,
    },
    Collector, pin,
};

impl Collector<'_> {
    /// Fields of settings classes that hold a model: `model_name: str = "gpt-4o"` in a `BaseSettings`. Other files read
    /// them, so within this file nothing uses them.
    pub(super) fn settings(&self, found: &mut Found) {
        for scope in self.program.scopes.iter().filter(|scope| scope.kind == ScopeKind::Class) {
            let by_name = ["Settings", "Config", "Configuration", "Arguments", "Args", "Params"]
                .iter()
                .any(|end| scope.name.ends_with(end));
            let by_base = scope.bases.iter().any(|base| {
                self.flow.origin(*base).is_some_and(|origin| origin.path.ends_with("BaseSettings"))
            });
            if !(by_name || by_base) {
                continue;
            }
            self.fields(scope.bindings.iter(), "settings", found);
        }
    }

    fn fields<'b>(
        &self,
        bindings: impl Iterator<Item = (&'b String, &'b Vec<Binding>)>,
        api: &str,
        found: &mut Found,
    ) {
        for (name, bindings) in bindings {
            let lower = name.to_ascii_lowercase();
            if !is_model_field(&lower) {
                continue;
            }
            for binding in bindings {
                for known in self.flow.texts(binding.value) {
                    if naming::is_model(&known.text) {
                        let mut usage = Usage {
                            provider: provider::by_name_or_hub(&known.text).map(str::to_owned),
                            api: Some(format!("{api} {name}")),
                            via: Some(known.via.max(Source::Attribute).name()),
                            line: Some(u64::from(self.program.line(binding.value))),
                            ..Usage::of(UsageKind::Model, &known.text)
                        };
                        pin(&mut usage, None);
                        found.add(usage);
                    }
                }
            }
        }
    }

    /// Module constants of files that are there to be imported for their settings.
    pub(crate) fn constants(&self, found: &mut Found) {
        if let Some(module) = self.program.scopes.first() {
            self.fields(module.bindings.iter(), "constant", found);
        }
    }
}

/// As [`usages`], for a file that only holds settings for others: its constants count as uses.
pub(crate) fn settings(program: &Program, objects: bool, found: &mut Found) {
    let flow = Flow::new(program, objects);
    Collector::new(&flow, program).constants(found);
}

/// Does a field, variable or key of this name (lower case) hold a model?
pub(crate) fn is_model_field(lower: &str) -> bool {
    let plain = ["model", "model_name", "model_id", "llm", "deployment", "engine"];
    plain.contains(&lower)
        || ["_model", "_model_name", "_model_id", "_llm", "_checkpoint"]
            .iter()
            .any(|end| lower.ends_with(end))
        || ["model_name_or_path", "base_model", "embedding_model", "pretrained_model"]
            .iter()
            .any(|part| lower.contains(part))
        || lower.starts_with("model_")
}
