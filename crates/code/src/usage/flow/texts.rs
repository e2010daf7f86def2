//! The texts that a value can be, put together where their parts are known.

use super::{
    super::{
        catalogue::Source,
        program::{Call, Shape, ValueId},
    },
    ANSWERS, DEPTH, Flow, Known, LONGEST, STEPS,
};

impl Flow<'_> {
    /// Every text that a value may be.
    pub(crate) fn texts(&self, id: ValueId) -> Vec<Known> {
        self.left.set(STEPS);
        self.texts_of(id, Source::Literal, 0)
    }

    pub(super) fn texts_of(&self, id: ValueId, via: Source, depth: usize) -> Vec<Known> {
        let mut ends = Vec::new();
        self.resolve(id, via, depth, &mut ends);
        let mut known: Vec<Known> = Vec::new();
        for (end, via) in ends {
            let texts = match self.program.shape(end) {
                Shape::Text(text) => vec![Known::new(text.clone(), via)],
                Shape::Joined(parts) => self.joined(parts, "", via, depth),
                Shape::PathOf(parts) => self.joined(parts, "/", via, depth),
                Shape::Format(template, positional, named) => {
                    self.formatted(*template, positional, named, via, depth).into_iter().collect()
                }
                Shape::Call(call) => self.path_call(call, via, depth),
                _ => Vec::new(),
            };
            for text in texts {
                if known.len() < ANSWERS && !known.iter().any(|other| other.text == text.text) {
                    known.push(text);
                }
            }
        }
        known
    }

    /// `os.path.join(a, b)`, `path.join(a, b)`, `Path(a, b)`, `folder.joinpath(b)`.
    pub(super) fn path_call(&self, call: &Call, via: Source, depth: usize) -> Vec<Known> {
        if depth > DEPTH {
            return Vec::new();
        }
        let (name, base) = match self.program.shape(call.callee) {
            Shape::Attribute(base, name) => (name.as_str(), Some(*base)),
            Shape::Name(name) => (name.as_str(), None),
            _ => return Vec::new(),
        };
        let joins = matches!(name, "join" | "Path" | "PurePath" | "resolve")
            && self.origin_of(call.callee, depth).is_some_and(|origin| {
                matches!(
                    origin.path.as_str(),
                    "os.path.join"
                        | "posixpath.join"
                        | "pathlib.Path"
                        | "pathlib.PurePath"
                        | "Path"
                        | "path.join"
                        | "path.default.join"
                        | "node:path.join"
                        | "node:path.default.join"
                        | "path.resolve"
                        | "path.default.resolve"
                        | "node:path.default.resolve"
                        | "node:path.resolve"
                )
            });
        let list = |id: &ValueId| match self.program.shape(*id) {
            Shape::List(parts) => Some(parts.as_slice()),
            _ => None,
        };
        match base {
            // `"/".join([a, b])`, with the first text that each part can be.
            Some(base) if name == "join" && matches!(self.program.shape(base), Shape::Text(_)) => {
                let Shape::Text(between) = self.program.shape(base) else { return Vec::new() };
                let Some(parts) = call.positional.first().and_then(list) else { return Vec::new() };
                let first = |part: &ValueId| {
                    self.texts_of(*part, Source::Literal, depth.saturating_add(1)).into_iter().next()
                };
                let texts: Option<Vec<String>> =
                    parts.iter().take(ANSWERS).map(|part| first(part).map(|known| known.text)).collect();
                texts
                    .map(|texts| texts.join(between))
                    .filter(|text| text.len() < LONGEST)
                    .map(|text| Known::new(text, via.max(Source::Concatenation)))
                    .into_iter()
                    .collect()
            }
            Some(base) if name == "joinpath" => {
                let parts: Vec<ValueId> =
                    std::iter::once(base).chain(call.positional.iter().copied()).collect();
                self.joined(&parts, "/", via, depth)
            }
            _ if joins => self.joined(&call.positional, "/", via, depth),
            _ => Vec::new(),
        }
    }

    /// Texts of parts put together. An unknown folder at the start of a path is left out; other unknown parts make the
    /// whole unknown.
    pub(super) fn joined(&self, parts: &[ValueId], between: &str, via: Source, depth: usize) -> Vec<Known> {
        let mut made = vec![String::new()];
        let mut started = false;
        let mut dropped = false;
        for (index, part) in parts.iter().enumerate() {
            let texts = self.texts_of(*part, Source::Literal, depth.saturating_add(1));
            if texts.is_empty() {
                let is_path = !between.is_empty()
                    || parts.get(index.saturating_add(1)).is_some_and(|next| {
                        matches!(self.program.shape(*next), Shape::Text(text) if text.starts_with('/'))
                    });
                if started || !is_path {
                    return Vec::new();
                }
                dropped = true;
                continue;
            }
            let mut next = Vec::new();
            for before in &made {
                for text in &texts {
                    if next.len() < ANSWERS && before.len() + text.text.len() < LONGEST {
                        // Behind an unknown folder, the rest is relative.
                        let text = if started || index == 0 {
                            text.text.as_str()
                        } else {
                            text.text.trim_start_matches('/')
                        };
                        let gap = if before.is_empty() || before.ends_with('/') { "" } else { between };
                        next.push(format!("{before}{gap}{text}"));
                    }
                }
            }
            made = next;
            started = true;
        }
        let via = via.max(Source::Concatenation);
        // Behind an unknown start only a path is worth anything.
        let keeps = |text: &String| {
            let is_worth_it = !dropped || !between.is_empty() || super::super::naming::is_path(text);
            is_worth_it && !text.is_empty()
        };
        made.into_iter()
            .filter(keeps)
            .map(|text| Known { text, via, is_path: dropped || !between.is_empty() })
            .collect()
    }

    /// A template with its holes filled: `{}`, `{0}`, `{name}`, `%s`. The first text that each filling can be is taken.
    pub(super) fn formatted(
        &self,
        template: ValueId,
        positional: &[ValueId],
        named: &[(String, ValueId)],
        via: Source,
        depth: usize,
    ) -> Option<Known> {
        let deeper = depth.saturating_add(1);
        let first = |id: ValueId| self.texts_of(id, Source::Literal, deeper).into_iter().next();
        let template = first(template)?.text;
        let mut out = String::new();
        let mut rest = template.as_str();
        let mut next = 0usize;
        while let Some(at) = rest.find(['{', '%']) {
            let (before, hole) = rest.split_at_checked(at)?;
            out.push_str(before);
            let (key, after) = match hole.strip_prefix('{') {
                Some(inner) => inner.split_once('}')?,
                None => ("", hole.strip_prefix("%s")?),
            };
            let filling = match key.parse::<usize>() {
                Ok(position) => positional.get(position),
                Err(_) if key.is_empty() => {
                    next = next.saturating_add(1);
                    positional.get(next.saturating_sub(1))
                }
                Err(_) => named.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            };
            out.push_str(&first(*filling?)?.text);
            if out.len() > LONGEST {
                return None;
            }
            rest = after;
        }
        out.push_str(rest);
        Some(Known::new(out, via.max(Source::Concatenation)))
    }
}
