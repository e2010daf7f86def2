//! The arguments of a call, by name, position or a way into them.

use super::{
    super::{
        catalogue::Source,
        program::{Call, Shape, ValueId},
    },
    ANSWERS, DEPTH, ENTRIES, Flow, Known, STEPS,
};

impl Flow<'_> {
    /// The entries of a dictionary or object, spreads included.
    pub(crate) fn entries(&self, id: ValueId) -> Vec<(Option<String>, ValueId)> {
        self.left.set(STEPS);
        self.ends(id, 0).into_iter().flat_map(|(end, _)| self.entries_of(end, 0)).take(256).collect()
    }

    pub(super) fn entries_of(&self, end: ValueId, depth: usize) -> Vec<(Option<String>, ValueId)> {
        if depth > DEPTH || !self.step() {
            return Vec::new();
        }
        let deeper = depth.saturating_add(1);
        match self.program.shape(end) {
            Shape::Dict(entries) => {
                let mut found = Vec::new();
                for (key, value) in entries.iter().take(ENTRIES) {
                    match key {
                        Some(key) => {
                            let text = match self.program.shape(*key) {
                                Shape::Text(text) => Some(text.clone()),
                                _ => self
                                    .texts_of(*key, Source::Literal, deeper)
                                    .into_iter()
                                    .next()
                                    .map(|k| k.text),
                            };
                            found.push((text, *value));
                        }
                        None => {
                            for (inner, _) in self.ends(*value, deeper) {
                                let room = ENTRIES.saturating_sub(found.len());
                                found.extend(self.entries_of(inner, deeper).into_iter().take(room));
                            }
                        }
                    }
                }
                found
            }
            Shape::Call(call) => {
                let is_dict = matches!(self.program.shape(call.callee), Shape::Name(name) if name == "dict");
                if is_dict {
                    call.named.iter().map(|(key, value)| (Some(key.clone()), *value)).collect()
                } else {
                    Vec::new()
                }
            }
            _ => Vec::new(),
        }
    }

    /// The values that an argument can be, by its name, its position (`0`) or a way into it (`json.model`,
    /// `config.[].model`).
    pub(crate) fn argument(&self, call: ValueId, argument: &str) -> Vec<ValueId> {
        self.left.set(STEPS);
        self.argument_of(call, argument, 0)
    }

    pub(super) fn argument_of(&self, id: ValueId, argument: &str, depth: usize) -> Vec<ValueId> {
        let Some(call) = self.program.call(id) else { return Vec::new() };
        let mut way = argument.split('.');
        let first = way.next().unwrap_or_default();
        let mut values: Vec<ValueId> = match first.parse::<usize>() {
            Ok(position) => call.positional.get(position).copied().into_iter().collect(),
            Err(_) => self.named(call, first, depth),
        };
        for step in way {
            let mut next = Vec::new();
            for value in values {
                for (end, _) in self.ends(value, depth) {
                    match (step, self.program.shape(end)) {
                        ("[]", Shape::List(elements)) => next.extend(elements.iter().take(ANSWERS)),
                        _ => next.extend(
                            self.entries_of(end, depth)
                                .into_iter()
                                .filter(|(key, _)| key.as_deref() == Some(step))
                                .map(|(_, value)| value),
                        ),
                    }
                }
            }
            next.truncate(ENTRIES);
            values = next;
        }
        values
    }

    pub(super) fn named(&self, call: &Call, name: &str, depth: usize) -> Vec<ValueId> {
        if let Some((_, value)) = call.named.iter().find(|(key, _)| key == name) {
            return vec![*value];
        }
        let objects = if self.objects { call.positional.as_slice() } else { &[] };
        let mut found = Vec::new();
        for holder in call.spread.iter().chain(objects) {
            for (end, _) in self.ends(*holder, depth) {
                let entries = self.entries_of(end, depth).into_iter();
                found.extend(entries.filter(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value));
            }
        }
        found.truncate(ENTRIES);
        found
    }

    /// Every text in a value, inside lists and dictionaries too: `{"train": ["a.csv", "b.csv"]}`.
    pub(crate) fn leaves(&self, id: ValueId) -> Vec<Known> {
        self.left.set(STEPS);
        let mut found = Vec::new();
        let mut open = vec![(id, 0usize)];
        while let Some((id, depth)) = open.pop() {
            if depth > 6 || found.len() >= ANSWERS * 4 {
                continue;
            }
            found.extend(self.texts_of(id, Source::Literal, 0));
            for (end, _) in self.ends(id, 0) {
                match self.program.shape(end) {
                    Shape::List(elements) => {
                        open.extend(elements.iter().take(64).rev().map(|element| (*element, depth + 1)));
                    }
                    Shape::Dict(_) => open.extend(
                        self.entries_of(end, 0).into_iter().rev().map(|(_, value)| (value, depth + 1)),
                    ),
                    _ => {}
                }
            }
        }
        found
    }

    /// The texts of a list's elements.
    pub(crate) fn leaves_of_list(&self, id: ValueId) -> Vec<Known> {
        self.left.set(STEPS);
        let mut found = Vec::new();
        for (end, _) in self.ends(id, 0) {
            if let Shape::List(elements) = self.program.shape(end) {
                for element in elements.iter().take(64) {
                    found.extend(self.texts_of(*element, Source::Literal, 0));
                }
            }
        }
        found
    }

    /// Is the value given, and not `None` or `False`?
    pub(crate) fn is_something(&self, id: ValueId) -> bool {
        self.left.set(STEPS);
        self.ends(id, 0).iter().any(|(end, _)| !matches!(self.program.shape(*end), Shape::Nothing))
    }
}
