//! What reaches out of the pickle: imports, calls, and writes to what was imported.

use bartizan_core::UseKind;

use super::{
    super::{
        knowledge::{self, Role},
        names::Origin,
        value::{NameId, Packed, Value},
    },
    LONGEST_LINE, LONGEST_NAME, Machine, Step,
};

impl Machine<'_> {
    pub(super) fn import_lines(&mut self, at: u64) -> Step<NameId> {
        let module = self.source.line(LONGEST_LINE)?;
        let name = self.source.line(LONGEST_LINE)?;
        let read = |machine: &Self, (offset, length): (u64, u64)| {
            let raw = machine.source.again(offset, length.min(LONGEST_NAME)).unwrap_or_default();
            String::from_utf8_lossy(&raw).into_owned()
        };
        let (module, name) = (read(self, module), read(self, name));
        Ok(self.import(&module, &name, at))
    }

    pub(super) fn import_values(&mut self, module: Packed, name: Packed, at: u64) -> NameId {
        match (self.text_of(module), self.text_of(name)) {
            (Some(module), Some(name)) => self.import(&module, &name, at),
            (module, name) => {
                let shown = |part: Option<String>| part.unwrap_or_else(|| "?".to_owned());
                let (module, name) = (shown(module), shown(name));
                let id = self.names.intern(&module, &name, Origin::Computed, at);
                self.names.note(id, UseKind::Reference, at);
                self.remark(id);
                id
            }
        }
    }

    /// Brings in a name as CPython's `find_class` does: Python 2 names are mapped below protocol 3.
    pub(in crate::pickle) fn import(&mut self, module: &str, name: &str, at: u64) -> NameId {
        let mapped = if self.protocol < 3 { knowledge::python2(module, name) } else { None };
        let (module, name) = mapped.unwrap_or((module, name));
        let id = self.names.intern(module, name, Origin::Import, at);
        self.names.note(id, UseKind::Reference, at);
        self.remark(id);
        id
    }

    pub(super) fn extension(&mut self, code: u32, at: u64) -> Step {
        let id = match self.extensions.get(&code).cloned() {
            Some((module, name)) => self.import(&module, &name, at),
            None => {
                let id = self.names.intern("", &format!("extension {code}"), Origin::Extension(code), at);
                self.names.note(id, UseKind::Reference, at);
                self.remark(id);
                id
            }
        };
        self.push(Packed::name(id))
    }

    /// The name behind something that is called, built or written to.
    pub(super) fn callee(&mut self, value: Packed, at: u64) -> Option<NameId> {
        match value.unpack() {
            Value::Name(id) => Some(id),
            Value::Result(id) => {
                let shown =
                    self.names.get(id).map_or_else(String::new, |name| format!("{}(…)", name.qualified()));
                Some(self.names.intern("", &shown, Origin::Returned(id), at))
            }
            Value::Object(id) => {
                let shown =
                    self.names.get(id).map_or_else(String::new, |name| format!("<{}>", name.qualified()));
                Some(self.names.intern("", &shown, Origin::Instance, at))
            }
            Value::Unknown | Value::Persistent => Some(self.names.intern("", "?", Origin::Computed, at)),
            // Calling a literal, a list or a tuple raises.
            _ => None,
        }
    }

    /// A call, and the calls that it makes in turn: those of functions that are told what to call.
    pub(in crate::pickle) fn call(
        &mut self,
        callee: Packed,
        arguments: Packed,
        how: UseKind,
        at: u64,
    ) -> Packed {
        /// Honest pickles need two or three.
        const DEEPEST: usize = 32;
        if self.calling >= DEEPEST {
            let id = self.names.intern("", "?", Origin::Computed, at);
            self.names.note(id, how, at);
            return Packed::UNKNOWN;
        }
        self.calling += 1;
        let result = self.call_once(callee, arguments, how, at);
        self.calling -= 1;
        result
    }

    fn call_once(&mut self, callee: Packed, arguments: Packed, how: UseKind, at: u64) -> Packed {
        if let Value::Result(id) = callee.unpack()
            && self.names.get(id).is_some_and(|name| name.origin == Origin::Partial)
        {
            return self.call_partial(id, at);
        }
        let Some(id) = self.callee(callee, at) else { return Packed::UNKNOWN };
        self.remark(id);
        if self.names.note(id, how, at) {
            let shown = self.shown_arguments(arguments);
            self.names.argue(id, how, shown);
        }
        let role = self.names.role(id);
        if role == Role::Plain {
            return match callee.unpack() {
                // A bound method's or a partial's result is as unknown as the method itself.
                Value::Object(_) => Packed::UNKNOWN,
                _ => Packed::result(id),
            };
        }
        self.fold(id, role, arguments, at)
    }

    pub(in crate::pickle) fn instantiate(&mut self, class: Packed, arguments: Packed, at: u64) -> Packed {
        let Some(id) = self.callee(class, at) else { return Packed::UNKNOWN };
        self.remark(id);
        if self.names.note(id, UseKind::New, at) {
            let shown = self.shown_arguments(arguments);
            self.names.argue(id, UseKind::New, shown);
        }
        match class.unpack() {
            Value::Name(id) => Packed::object(id),
            _ => Packed::UNKNOWN,
        }
    }

    pub(super) fn build(&mut self, target: Packed, state: Packed, at: u64) -> Step {
        match target.unpack() {
            Value::Name(id) => {
                self.remark(id);
                if self.names.note(id, UseKind::Assign, at) {
                    let shown = self.shown_arguments(state);
                    self.names.argue(id, UseKind::Assign, shown);
                }
            }
            Value::Object(id) => {
                self.remark(id);
                self.names.note(id, UseKind::Build, at);
                if self.names.role(id) == Role::ArrayWrapper {
                    return self.inline_array(state);
                }
            }
            Value::Result(id) => {
                self.remark(id);
                self.names.note(id, UseKind::Build, at);
                if self.names.get(id).is_some_and(|name| name.origin == Origin::Partial) {
                    // `partial.__setstate__`: (function, arguments, keywords, attributes).
                    let items = self.items(state);
                    let first = items.get(1).and_then(|arguments| self.items(*arguments).first().copied());
                    self.keep_partial(id, items.first().copied().unwrap_or(Packed::UNKNOWN), first);
                }
            }
            Value::Dtype(index) => self.build_dtype(index, state),
            _ => {}
        }
        Ok(())
    }

    /// `APPEND`, `APPENDS`, `ADDITEMS`: the items above `from` go into what lies below.
    pub(super) fn insert(&mut self, from: usize, at: u64) -> Step {
        let target = self.below(from)?;
        if target.is_composite() {
            self.weigh(target, from);
        } else {
            self.written(target, from, at);
        }
        self.stack.truncate(from);
        Ok(())
    }

    /// `SETITEM`, `SETITEMS`, `DICT`: the keys and values above `from` go into the target.
    pub(super) fn set_items(&mut self, target: Packed, from: usize, at: u64) {
        if target.is_composite() {
            self.weigh(target, from);
        } else {
            self.written(target, from, at);
        }
        let items = self.stack.get(from..).unwrap_or_default();
        let telling = items.chunks_exact(2).any(|pair| pair.get(1).is_some_and(|value| value.is_telling()));
        if telling || items.len() <= 128 {
            self.study_items(target, from);
        }
        self.stack.truncate(from);
    }

    pub(super) fn study_items(&mut self, target: Packed, from: usize) {
        let items: Vec<Packed> = self.stack.get(from..).unwrap_or_default().to_vec();
        let mut holds_dtype = false;
        for pair in items.chunks_exact(2) {
            let [key, value] = pair else { continue };
            match value.unpack() {
                Value::Tensor(index) => {
                    if let Some(name) = self.text_of(*key) {
                        self.storages.name_tensor(index, name);
                    }
                }
                Value::Dtype(_) => holds_dtype = true,
                Value::Text { .. } => self.note_version(*key, *value),
                _ => {}
            }
        }
        // A wrapper's state has six entries; anything large is data.
        if holds_dtype
            && items.len() <= 64
            && let Value::Container(serial) = target.unpack()
        {
            let pairs = items.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
            let dict = self.dicts.entry(serial).or_default();
            dict.extend(pairs.take(64));
        }
    }

    /// Frameworks keep their version in an estimator's state.
    pub(super) fn note_version(&mut self, key: Packed, value: Packed) {
        const KEYS: [&str; 3] = ["_sklearn_version", "_joblib_version", "__version__"];
        let Value::Text { offset, length, .. } = key.unpack() else { return };
        let Some(raw) = self.source.near(offset, u64::from(length)) else { return };
        let Some(known) = KEYS.into_iter().find(|known| known.as_bytes() == raw) else { return };
        if self.versions.len() < 16
            && !self.versions.iter().any(|(key, _)| *key == known)
            && let Some(version) = self.text_of(value)
        {
            self.versions.push((known, version));
        }
    }

    /// Items are put into something that is no list, dict or set of the pickle's own.
    pub(super) fn written(&mut self, target: Packed, from: usize, at: u64) {
        if let Value::Name(id) = target.unpack() {
            self.remark(id);
            if self.names.note(id, UseKind::Insert, at) {
                let items: Vec<Packed> =
                    self.stack.get(from..).unwrap_or_default().iter().take(4).copied().collect();
                let shown = items.into_iter().map(|item| self.shown(item, 0)).collect();
                self.names.argue(id, UseKind::Insert, shown);
            }
        }
    }
}
