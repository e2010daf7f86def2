//! What goes into a function of the file through its parameters, and what comes out of a call.

use super::{
    super::{
        catalogue::Source,
        program::{Call, Scope, ScopeId, ScopeKind, Shape, ValueId},
    },
    ANSWERS, End, Flow, STEPS, add,
};

/// What a call gives for a parameter.
fn given(call: &Call, name: &str, position: usize, skipped: usize) -> Option<ValueId> {
    let named = call.named.iter().find(|(key, _)| key == name).map(|(_, value)| *value);
    named.or_else(|| position.checked_sub(skipped).and_then(|index| call.positional.get(index)).copied())
}

impl Flow<'_> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one parameter")]
    pub(super) fn parameter(
        &self,
        function: ScopeId,
        position: usize,
        name: &str,
        default: Option<ValueId>,
        via: Source,
        depth: usize,
        out: &mut Vec<End>,
    ) {
        let before = out.len();
        if let Some(default) = default {
            self.resolve(default, via.max(Source::DefaultArgument), depth, out);
        }
        let Some(scope) = self.program.scopes.get(function) else { return };
        let (callers, skipped) = self.callers(scope, depth);
        for call in callers {
            if let Some(given) = given(call, name, position, skipped) {
                self.resolve(given, via.max(Source::Argument), depth, out);
            }
        }
        if default.is_none() && !scope.decorators.is_empty() {
            for value in self.options.get(name).into_iter().flatten() {
                self.resolve(*value, via.max(Source::Option), depth, out);
            }
        }
        if out.len() == before {
            // Nothing is known of it; an end of its own, so that attributes of it can be options.
            if let Some(binding) = scope.bindings.get(name).and_then(|bindings| bindings.first()) {
                add(out, (binding.value, via));
            }
        }
    }

    /// The calls of a function of the file, and how many of its parameters they leave out.
    fn callers(&self, scope: &Scope, depth: usize) -> (Vec<&Call>, usize) {
        let class = scope.parent.filter(|parent| {
            self.program.scopes.get(*parent).is_some_and(|scope| scope.kind == ScopeKind::Class)
        });
        let called_as = match class.and_then(|class| self.program.scopes.get(class)) {
            Some(class) if matches!(scope.name.as_str(), "__init__" | "constructor") => class.name.as_str(),
            _ => scope.name.as_str(),
        };
        let calls = self.program.callers.get(called_as).into_iter().flatten().take(ANSWERS);
        let calls = calls
            .filter_map(|id| self.program.call(*id))
            .filter(|call| self.may_call(call, class.is_some(), depth));
        // Methods are called without their `self`, which JavaScript does not list in the first place.
        (calls.collect(), usize::from(class.is_some() && !self.objects))
    }

    /// What two names are given together, when both are parameters of the same function: by each of its callers, and by
    /// its defaults. Nothing when they are something else.
    pub(crate) fn given_together(&self, first: ValueId, second: ValueId) -> Vec<(ValueId, Option<ValueId>)> {
        self.left.set(STEPS);
        let (Some(one), Some(other)) = (self.parameter_of(first, 0), self.parameter_of(second, 0)) else {
            return Vec::new();
        };
        let Some(scope) = self.program.scopes.get(one.0).filter(|_| one.0 == other.0) else {
            return Vec::new();
        };
        let (callers, skipped) = self.callers(scope, 0);
        let mut pairs: Vec<(ValueId, Option<ValueId>)> =
            one.3.map(|default| (default, other.3)).into_iter().collect();
        for call in callers {
            if let Some(name) = given(call, one.2, one.1, skipped) {
                pairs.push((name, given(call, other.2, other.1, skipped).or(other.3)));
            }
        }
        pairs
    }

    /// The parameter that a name stands for, or for which it stands in: `name = name or DEFAULT`.
    fn parameter_of(&self, id: ValueId, depth: usize) -> Option<(ScopeId, usize, &str, Option<ValueId>)> {
        if depth > 4 || !self.step() {
            return None;
        }
        match self.program.shape(id) {
            Shape::Parameter { function, position, name, default, .. } => {
                Some((*function, *position, name.as_str(), *default))
            }
            Shape::Name(name) => {
                let scope = self.program.values.get(id).map_or(0, |value| value.scope);
                match self.lookup(name, scope, id).as_slice() {
                    [only] => self.parameter_of(*only, depth.saturating_add(1)),
                    _ => None,
                }
            }
            Shape::Either(arms) => {
                arms.iter().find_map(|arm| self.parameter_of(*arm, depth.saturating_add(1)))
            }
            _ => None,
        }
    }

    /// May a call of the right name be one of this function, or of this method, rather than of another's?
    pub(super) fn may_call(&self, call: &Call, is_method: bool, depth: usize) -> bool {
        match self.program.shape(call.callee) {
            Shape::Name(_) => true,
            Shape::Attribute(base, _) if is_method => {
                // A method of an imported thing is that thing's.
                self.origin_of(*base, depth.saturating_add(1)).is_none_or(|origin| {
                    let root = origin.path.split('.').next().unwrap_or_default();
                    root == "?" || !self.program.imports.iter().any(|import| import.starts_with(root))
                })
            }
            _ => false,
        }
    }

    fn is_imported(&self, id: ValueId, depth: usize) -> bool {
        self.origin_of(id, depth.saturating_add(1)).is_some_and(|origin| {
            let root = origin.path.split('.').next().unwrap_or_default();
            self.program.imports.iter().any(|import| import.split('.').next() == Some(root))
        })
    }

    /// What a call gives, when it is one of the file's own functions or gives one of its arguments.
    pub(super) fn called(
        &self,
        id: ValueId,
        call: &Call,
        via: Source,
        depth: usize,
        out: &mut Vec<End>,
    ) -> bool {
        if let Shape::Attribute(base, method) = self.program.shape(call.callee) {
            match method.as_str() {
                "get" | "pop" | "setdefault" => {
                    let holds = self
                        .ends(*base, depth)
                        .iter()
                        .any(|(end, _)| !self.entries_of(*end, depth).is_empty());
                    if let Some(key) = call.positional.first().filter(|_| holds) {
                        self.index(*base, *key, via, depth, out);
                        if let Some(default) = call.positional.get(1) {
                            self.resolve(*default, via.max(Source::Dictionary), depth, out);
                        }
                        return true;
                    }
                    // `kwargs.get("model", "x")` of something that is not known.
                    if let (Some(default), false) = (call.positional.get(1), self.is_imported(*base, depth)) {
                        let before = out.len();
                        self.resolve(*default, via.max(Source::Dictionary), depth, out);
                        return out.len() > before;
                    }
                }
                // The case of a name is kept, so what changes it gives nothing.
                "strip" | "rstrip" | "lstrip" | "as_posix" | "resolve" | "trim" | "toString" | "absolute"
                | "expanduser" | "removesuffix" | "get_secret_value" => {
                    let before = out.len();
                    self.resolve(*base, via, depth, out);
                    return out.len() > before;
                }
                "joinpath" => return false,
                "values" => {
                    let before = out.len();
                    self.elements_into(*base, via, depth, out);
                    return out.len() > before;
                }
                _ => {}
            }
        }
        if let Some(scope) = self.local_by_name(call.callee, depth) {
            let returns = self
                .program
                .scopes
                .get(scope)
                .filter(|scope| scope.kind == ScopeKind::Function)
                .map(|scope| scope.returns.as_slice())
                .unwrap_or_default();
            let before = out.len();
            for value in returns.iter().filter(|value| **value != id) {
                self.resolve(*value, via.max(Source::Function), depth, out);
            }
            return out.len() > before;
        }
        let Some(origin) = self.origin_of(call.callee, depth) else { return false };
        let Some(entry) = self.catalogue.value(&origin.path) else { return false };
        let before = out.len();
        for argument in &entry.gives {
            for value in self.argument_of(id, argument, depth) {
                if entry.elements {
                    self.elements_into(value, via.max(entry.via), depth, out);
                } else {
                    self.resolve(value, via.max(entry.via), depth, out);
                }
            }
        }
        out.len() > before || matches!(entry.via, Source::Environment)
    }

    /// A function of the file that is called by its name or as a method of `self`.
    pub(super) fn local_by_name(&self, callee: ValueId, depth: usize) -> Option<ScopeId> {
        match self.program.shape(callee) {
            Shape::Name(_) | Shape::Attribute(_, _) => self.local(callee, depth),
            _ => None,
        }
    }

    pub(super) fn is_environment(&self, id: ValueId, depth: usize) -> bool {
        let id = match self.program.shape(id) {
            Shape::Index(base, _) => *base,
            Shape::Call(call) => call.callee,
            _ => id,
        };
        self.origin_of(id, depth).is_some_and(|origin| {
            ["os.environ", "os.getenv", "process.env", "Deno.env", "Bun.env", "import.meta.env"]
                .iter()
                .any(|start| origin.path.starts_with(start))
        })
    }
}
