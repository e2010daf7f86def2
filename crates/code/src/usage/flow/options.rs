//! Defaults of command-line options, by the attribute that holds them.

use std::collections::HashMap;

use super::{
    super::program::{ScopeKind, Shape, ValueId},
    Flow,
};

impl Flow<'_> {
    /// `parser.add_argument("--model-name", default="x")`, `@click.option("--model", default="x")`.
    pub(super) fn command_line(&self) -> HashMap<String, Vec<ValueId>> {
        let mut options: HashMap<String, Vec<ValueId>> = HashMap::new();
        for id in ["add_argument", "option", "add_option", "DEFINE_string"]
            .iter()
            .filter_map(|name| self.program.callers.get(*name))
            .flatten()
        {
            let Some(call) = self.program.call(*id) else { continue };
            let text = |id: &ValueId| match self.program.shape(*id) {
                Shape::Text(text) => Some(text.as_str()),
                _ => None,
            };
            let named = |name: &str| call.named.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            let long = call.positional.iter().filter_map(text).find(|name| name.starts_with("--"));
            let first = call.positional.first().and_then(text);
            // Click takes the name of the parameter as one more word.
            let is_click = matches!(self.program.shape(call.callee), Shape::Attribute(_, n) | Shape::Name(n) if n == "option");
            let plain =
                call.positional.iter().filter_map(text).find(|name| is_click && !name.starts_with('-'));
            let Some(name) = named("dest").and_then(text).or(plain).or(long).or(first) else { continue };
            let name = name.trim_start_matches('-').replace('-', "_");
            let is_flag = matches!(self.program.shape(call.callee), Shape::Attribute(_, n) | Shape::Name(n) if n == "DEFINE_string");
            let default = named("default").or(if is_flag { call.positional.get(1) } else { None });
            if let Some(default) = default {
                options.entry(name).or_default().push(*default);
            }
        }
        // Fields of the classes that a parser fills: `HfArgumentParser((ModelArguments, DataArguments))`.
        for id in ["HfArgumentParser", "TrlParser", "H4ArgumentParser", "cli", "ArgumentParser"]
            .iter()
            .filter_map(|name| self.program.callers.get(*name))
            .flatten()
        {
            let Some(first) = self.program.call(*id).and_then(|call| call.positional.first()) else {
                continue;
            };
            let classes = match self.program.shape(*first) {
                Shape::List(classes) => classes.clone(),
                _ => vec![*first],
            };
            for class in classes {
                let Shape::Name(name) = self.program.shape(class) else { continue };
                let scopes = self.program.scopes.iter();
                for scope in scopes.filter(|scope| scope.kind == ScopeKind::Class && scope.name == *name) {
                    for (field, bindings) in &scope.bindings {
                        let values = bindings.iter().map(|binding| binding.value);
                        options.entry(field.clone()).or_default().extend(values);
                    }
                }
            }
        }
        options
    }
}
