//! Attributes, keys and elements: of classes and dictionaries of the file, and of what the command line fills.

use super::{
    super::{
        catalogue::Source,
        program::{ScopeId, Shape, ValueId},
    },
    DEPTH, End, Flow, add,
};

impl Flow<'_> {
    pub(super) fn attribute(
        &self,
        id: ValueId,
        base: ValueId,
        name: &str,
        via: Source,
        depth: usize,
        out: &mut Vec<End>,
    ) {
        let scope = self.program.values.get(id).map_or(0, |value| value.scope);
        let (mut from_outside, mut may_be_outside) = (false, false);
        if let Shape::Name(object) = self.program.shape(base) {
            for value in self.lookup(&format!("{object}.{name}"), scope, id) {
                self.resolve(value, via.max(Source::Attribute), depth, out);
            }
            if matches!(object.as_str(), "self" | "cls" | "this")
                && let Some(class) = self.program.class_around(scope)
            {
                self.member(class, name, via, depth, out);
                return;
            }
            from_outside = matches!(object.as_str(), "args" | "opt" | "opts" | "options" | "FLAGS" | "flags");
        }
        for (end, _) in self.ends(base, depth) {
            match self.program.shape(end) {
                Shape::Local(class) => self.member(*class, name, via, depth, out),
                Shape::Call(call) => {
                    if let Some(class) = self.local(call.callee, depth) {
                        if let Some((_, value)) = call.named.iter().find(|(key, _)| key == name) {
                            self.resolve(*value, via.max(Source::Attribute), depth, out);
                        } else {
                            self.member(class, name, via, depth, out);
                        }
                    } else if let Some((_, value)) = call.named.iter().find(|(key, _)| key == name)
                        && matches!(self.program.shape(call.callee), Shape::Name(n) | Shape::Attribute(_, n)
                            if matches!(n.as_str(), "SimpleNamespace" | "Namespace" | "Box" | "EasyDict"))
                    {
                        self.resolve(*value, via.max(Source::Attribute), depth, out);
                    }
                    let parsed = matches!(self.program.shape(call.callee), Shape::Attribute(_, n)
                        if matches!(n.as_str(), "parse_args" | "parse_known_args" | "parse_args_into_dataclasses"));
                    from_outside |= parsed;
                }
                Shape::Dict(_) => {
                    for (key, value) in self.entries_of(end, depth) {
                        if key.as_deref() == Some(name) {
                            self.resolve(value, via.max(Source::Dictionary), depth, out);
                        }
                    }
                }
                Shape::Text(_) if name == "value" => add(out, (end, via.max(Source::Attribute))),
                Shape::Parameter { class, .. } => {
                    may_be_outside = true;
                    if let Some(class) = class.and_then(|class| self.local(class, depth)) {
                        self.member(class, name, via, depth, out);
                    }
                }
                Shape::Unknown => may_be_outside = true,
                _ => {}
            }
        }
        if from_outside || may_be_outside && out.is_empty() {
            for value in self.options.get(name).into_iter().flatten() {
                self.resolve(*value, via.max(Source::Option), depth, out);
            }
        }
    }

    /// A member of a class of the file, or of its base classes.
    pub(super) fn member(&self, class: ScopeId, name: &str, via: Source, depth: usize, out: &mut Vec<End>) {
        let Some(scope) = self.program.scopes.get(class) else { return };
        if let Some(bindings) = scope.bindings.get(name) {
            for binding in bindings {
                match self.program.shape(binding.value) {
                    Shape::Local(method) if self.is_property(*method) => {
                        let returns =
                            self.program.scopes.get(*method).map(|method| method.returns.as_slice());
                        for value in returns.unwrap_or_default() {
                            self.resolve(*value, via.max(Source::Function), depth.saturating_add(1), out);
                        }
                    }
                    _ => self.resolve(binding.value, via.max(Source::Attribute), depth, out),
                }
            }
        } else if depth < DEPTH {
            for base in &scope.bases {
                if let Some(base) = self.local(*base, depth).filter(|base| *base != class) {
                    self.member(base, name, via, depth.saturating_add(1), out);
                }
            }
        }
    }

    /// Is it a method that is read like a field?
    pub(super) fn is_property(&self, method: ScopeId) -> bool {
        self.program.scopes.get(method).is_some_and(|method| {
            method.decorators.iter().any(|decorator| {
                matches!(self.program.shape(*decorator), Shape::Name(name) | Shape::Attribute(_, name)
                    if matches!(name.as_str(), "property" | "cached_property" | "computed_field"))
            })
        })
    }

    /// The function or class of the file that a value is.
    pub(super) fn local(&self, id: ValueId, depth: usize) -> Option<ScopeId> {
        if depth > DEPTH {
            return None;
        }
        self.ends(id, depth.saturating_add(1)).into_iter().find_map(|(end, _)| {
            match self.program.shape(end) {
                Shape::Local(scope) => Some(*scope),
                _ => None,
            }
        })
    }

    pub(super) fn index(&self, base: ValueId, key: ValueId, via: Source, depth: usize, out: &mut Vec<End>) {
        let keys = self.texts_of(key, Source::Literal, depth);
        let number = match self.program.shape(key) {
            Shape::Number(number) => Some(*number),
            _ => None,
        };
        if let (Shape::Name(object), Some(key)) = (self.program.shape(base), keys.first()) {
            let scope = self.program.values.get(base).map_or(0, |value| value.scope);
            for value in self.lookup(&format!("{object}[{}]", key.text), scope, base) {
                self.resolve(value, via.max(Source::Dictionary), depth, out);
            }
        }
        for (end, _) in self.ends(base, depth) {
            match self.program.shape(end) {
                Shape::Dict(_) | Shape::Call(_) => {
                    let entries = self.entries_of(end, depth);
                    let fits = |key: &Option<String>| {
                        keys.iter().any(|wanted| key.as_deref() == Some(wanted.text.as_str()))
                    };
                    let known = entries.iter().any(|(key, _)| fits(key));
                    for (key, value) in entries {
                        // With an unknown key it may be any of the values.
                        if fits(&key) || (keys.is_empty() && !known) {
                            self.resolve(value, via.max(Source::Dictionary), depth, out);
                        }
                    }
                }
                Shape::List(elements) if keys.is_empty() && number.is_some() => {
                    if let Some(element) = number.and_then(|at| elements.get(at)) {
                        self.resolve(*element, via.max(Source::Constant), depth, out);
                    }
                }
                Shape::List(elements) if keys.is_empty() => {
                    for element in elements {
                        self.resolve(*element, via.max(Source::Constant), depth, out);
                    }
                }
                Shape::Local(class) => {
                    for key in &keys {
                        self.member(*class, &key.text, via, depth, out);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn elements_into(&self, container: ValueId, via: Source, depth: usize, out: &mut Vec<End>) {
        for (end, _) in self.ends(container, depth) {
            match self.program.shape(end) {
                Shape::List(elements) => {
                    for element in elements {
                        self.resolve(*element, via.max(Source::Constant), depth, out);
                    }
                }
                Shape::Dict(_) => {
                    for (_, value) in self.entries_of(end, depth) {
                        self.resolve(value, via.max(Source::Dictionary), depth, out);
                    }
                }
                _ => {}
            }
        }
    }
}
