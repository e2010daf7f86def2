//! Calls whose result matters for what follows: attribute lookups, imports, constructors, string operations on
//! literals. Everything else just yields "a result of that call".

use bartizan_core::{UseKind, printable, truncated};

use super::{
    knowledge::Role,
    machine::{Literal, Machine},
    names::Origin,
    value::{NameId, Packed, Spelling, Value},
};

/// Allocating more than this from a few bytes is an attack.
const LARGE_ALLOCATION: i64 = 1 << 30;

impl Machine<'_> {
    /// The items of an argument tuple; empty when they are not known.
    pub(super) fn items(&self, arguments: Packed) -> Vec<Packed> {
        match arguments.unpack() {
            Value::Tuple { start, length } => self.tuples.items(start, length).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// What a call with a special role returns, and its effect on the machine.
    pub(super) fn fold(&mut self, callee: NameId, role: Role, arguments: Packed, at: u64) -> Packed {
        let items = self.items(arguments);
        let first = items.first().copied();
        let second = items.get(1).copied();
        match role {
            Role::GetAttribute => match (first, second.and_then(|name| self.text_of(name))) {
                (Some(of), Some(name)) => self.attribute(of, &name, at),
                _ => self.computed_name(at),
            },
            Role::ImportModule => match first.and_then(|name| self.text_of(name)) {
                Some(module) => {
                    let id = self.names.intern(&module, "", Origin::Module, at);
                    self.names.note(id, UseKind::Reference, at);
                    Packed::name(id)
                }
                None => self.computed_name(at),
            },
            Role::ImportAttribute => {
                match (first.and_then(|m| self.text_of(m)), second.and_then(|n| self.text_of(n))) {
                    (Some(module), Some(name)) => {
                        let id = self.names.intern(&module, &name, Origin::Import, at);
                        self.names.note(id, UseKind::Reference, at);
                        Packed::name(id)
                    }
                    _ => self.computed_name(at),
                }
            }
            Role::Apply => {
                let rest = items.get(1..).unwrap_or_default();
                let arguments = rest.iter().find(|item| matches!(item.unpack(), Value::Tuple { .. }));
                match first {
                    Some(function) => {
                        self.call(function, arguments.copied().unwrap_or(Packed::UNKNOWN), UseKind::Call, at)
                    }
                    None => Packed::result(callee),
                }
            }
            Role::Partial => match first {
                Some(function) => {
                    let shown = format!("partial({})", self.shown(function, 0));
                    let id = self.names.intern("functools", &shown, Origin::Partial, at);
                    self.keep_partial(id, function, second);
                    Packed::result(id)
                }
                None => Packed::result(callee),
            },
            Role::Construct => match first {
                Some(class) => self.instantiate(class, arguments, at),
                None => Packed::result(callee),
            },
            Role::RegisterExtension => {
                if let [module, name, code] = items.as_slice() {
                    let code = match code.unpack() {
                        Value::Int(code) => u32::try_from(code).ok(),
                        _ => None,
                    };
                    if let (Some(module), Some(name), Some(code)) =
                        (self.text_of(*module), self.text_of(*name), code)
                    {
                        self.extensions.insert(code, (module, name));
                    }
                }
                Packed::ATOM
            }
            Role::Dtype => self.make_dtype(first),
            Role::Tensor => self.make_tensor(&items),
            Role::HigherOrder => {
                for item in &items {
                    if let Value::Name(id) = item.unpack() {
                        self.names.note(id, UseKind::Call, at);
                    }
                }
                Packed::result(callee)
            }
            Role::Concatenate => {
                match (first.and_then(|a| self.text_of(a)), second.and_then(|b| self.text_of(b))) {
                    (Some(left), Some(right)) => self.compute(left + &right),
                    _ => Packed::result(callee),
                }
            }
            Role::Allocate => {
                let sizes = items.iter().map(|item| match item.unpack() {
                    Value::Int(size) => size,
                    // A number that does not fit into a value here.
                    Value::Atom => i64::MAX,
                    _ => 0,
                });
                let size = sizes.max().unwrap_or(0);
                if size >= LARGE_ALLOCATION {
                    self.oddities.allocation.get_or_insert((at, size.unsigned_abs()));
                }
                Packed::ATOM
            }
            Role::Encode => first.unwrap_or(Packed::ATOM),
            Role::LoadBytes => {
                // Bytes that are written down are inspected as a member; bytes that are computed cannot be.
                match first.map(Packed::unpack) {
                    Some(Value::Bytes { offset, length }) => self.load(offset, length, false, at),
                    Some(Value::Text { spelling: Spelling::Verbatim, offset, length }) => {
                        self.load(offset, length, true, at);
                    }
                    _ => _ = self.oddities.hidden_load.get_or_insert(at),
                }
                Packed::result(callee)
            }
            Role::Plain | Role::ArrayWrapper => Packed::result(callee),
        }
    }

    /// What a partial would call, and with what first; a partial's state may be set anew, so there may be several.
    pub(super) fn keep_partial(&mut self, id: NameId, function: Packed, first: Option<Packed>) {
        const MOST: usize = 16;
        let kept = self.partials.entry(id).or_default();
        if kept.iter().any(|(known, _)| *known == function) {
            return;
        }
        match kept.len() {
            length if length < MOST => kept.push((function, first)),
            // Whatever else it may call is as good as computed.
            MOST => kept.push((Packed::UNKNOWN, None)),
            _ => {}
        }
    }

    /// A partial is called: so is what it keeps. `partial(C.__new__, C, …)()` is how protocols 2 and 3 make an
    /// instance with keywords. Each function that was kept is called once: partials may keep each other, and calling
    /// them all again each time would never end.
    pub(super) fn call_partial(&mut self, id: NameId, at: u64) -> Packed {
        let mut result = Packed::UNKNOWN;
        for (function, first) in self.partials.remove(&id).unwrap_or_default() {
            let makes = match (function.unpack(), first.map(Packed::unpack)) {
                (Value::Name(method), Some(Value::Name(_))) => self
                    .names
                    .get(method)
                    .is_some_and(|method| method.name.rsplit('.').next() == Some("__new__")),
                _ => false,
            };
            result = match first {
                Some(class) if makes => self.instantiate(class, Packed::UNKNOWN, at),
                _ => self.call(function, Packed::UNKNOWN, UseKind::Call, at),
            };
        }
        result
    }

    /// Notes a literal that the pickle has loaded as a checkpoint.
    fn load(&mut self, offset: u64, length: u16, is_text: bool, at: u64) {
        let known = self.literals.iter_mut().rev().find(|literal| literal.offset == offset);
        match known {
            Some(literal) => literal.is_loaded = true,
            // Longer literals do not know their length; one that looked like a checkpoint was noted when it was read.
            None if length == u16::MAX => _ = self.oddities.hidden_load.get_or_insert(at),
            None => {
                let length = u64::from(length);
                self.literals.push(Literal { offset, length, is_text, is_loaded: true });
            }
        }
    }

    fn attribute(&mut self, of: Packed, name: &str, at: u64) -> Packed {
        let module = match of.unpack() {
            Value::Name(id) => self.names.get(id).map(super::names::Name::qualified),
            // A method bound to an instance or to a literal: it cannot leave the value it belongs to, unless it
            // climbs through a dunder.
            Value::Object(id) | Value::Result(id) => {
                let owner = self.names.get(id).map_or_else(String::new, |owner| owner.qualified());
                let id = self.names.intern("", &format!("<{owner}>.{name}"), Origin::Instance, at);
                self.names.note(id, UseKind::Reference, at);
                return Packed::name(id);
            }
            Value::Text { .. } | Value::Bytes { .. } => Some("builtins.str".to_owned()),
            _ => Some("builtins.object".to_owned()),
        };
        let id = self.names.intern(&module.unwrap_or_default(), name, Origin::Attribute, at);
        self.names.note(id, UseKind::Reference, at);
        Packed::name(id)
    }

    fn computed_name(&mut self, at: u64) -> Packed {
        let id = self.names.intern("", "?", Origin::Computed, at);
        self.names.note(id, UseKind::Reference, at);
        Packed::name(id)
    }

    fn compute(&mut self, text: String) -> Packed {
        const MOST: usize = 100_000;
        if self.computed.len() >= MOST || text.len() > 4096 {
            return Packed::UNKNOWN;
        }
        let (index, length) = (self.computed.len() as u64, text.len() as u64);
        self.computed.push(text);
        Packed::text(Spelling::Computed, index, length)
    }

    /// The arguments of a call, for people: literals and names, cut.
    pub(super) fn shown_arguments(&self, arguments: Packed) -> Vec<String> {
        match arguments.unpack() {
            Value::Tuple { .. } => {
                self.items(arguments).into_iter().take(8).map(|item| self.shown(item, 0)).collect()
            }
            _ => vec![self.shown(arguments, 0)],
        }
    }

    /// A value, for people.
    pub(super) fn shown(&self, value: Packed, depth: usize) -> String {
        let name = |id| self.names.get(id).map_or_else(|| "?".to_owned(), |name| name.qualified());
        match value.unpack() {
            Value::Int(value) => value.to_string(),
            Value::Text { .. } => match self.text_of(value) {
                Some(text) => format!("\"{}\"", truncated(&printable(&text), 160)),
                None => "\"…\"".to_owned(),
            },
            Value::Bytes { offset, length } => {
                let raw = self.source.again(offset, u64::from(length.min(160))).unwrap_or_default();
                format!("b\"{}\"", raw.escape_ascii())
            }
            Value::Name(id) => name(id),
            Value::Result(id) => format!("{}(…)", name(id)),
            Value::Object(id) => format!("<{}>", name(id)),
            Value::Tuple { start, length } if depth < 3 => match self.tuples.items(start, length) {
                Some(items) => {
                    let items: Vec<String> =
                        items.into_iter().map(|item| self.shown(item, depth + 1)).collect();
                    format!("({})", items.join(", "))
                }
                None => "(…)".to_owned(),
            },
            Value::Dtype(_) => "<dtype>".to_owned(),
            Value::Tensor(_) => "<tensor>".to_owned(),
            _ => "…".to_owned(),
        }
    }
}
