//! Where a callee comes from: `openai.OpenAI.chat.completions.create`.

use super::{
    super::{
        catalogue::Source,
        program::{Shape, ValueId},
    },
    DEPTH, Flow, Origin, Question, STEPS,
};

impl Flow<'_> {
    /// Where a callee comes from.
    pub(crate) fn origin(&self, id: ValueId) -> Option<Origin> {
        self.left.set(STEPS);
        self.origin_of(id, 0)
    }

    pub(super) fn origin_of(&self, id: ValueId, depth: usize) -> Option<Origin> {
        if let Some(known) = self.origins.borrow().get(&id) {
            return known.clone();
        }
        let open = self.enter(Question::Origin, id)?;
        let found = self.find_origin(id, depth);
        if self.leave(open) {
            self.origins.borrow_mut().insert(id, found.clone());
        }
        found
    }

    pub(super) fn find_origin(&self, id: ValueId, depth: usize) -> Option<Origin> {
        if depth > DEPTH || !self.step() {
            return None;
        }
        let deeper = depth.saturating_add(1);
        let elsewhere = |id: ValueId| {
            let ends = self.ends(id, deeper);
            ends.into_iter().filter(|(end, _)| *end != id).find_map(|(end, _)| self.origin_of(end, deeper))
        };
        let unknown = || Origin { path: "?".to_owned(), made_by: None };
        match self.program.shape(id) {
            Shape::Imported(path) => Some(Origin { path: path.clone(), made_by: None }),
            Shape::Name(name) => {
                let scope = self.program.values.get(id).map_or(0, |value| value.scope);
                if self.lookup(name, scope, id).is_empty() {
                    return Some(Origin { path: name.clone(), made_by: None });
                }
                elsewhere(id).or_else(|| Some(unknown()))
            }
            Shape::Attribute(base, name) => {
                if let Some(origin) = elsewhere(id) {
                    return Some(origin);
                }
                let base = self.origin_of(*base, deeper).unwrap_or_else(unknown);
                Some(Origin { path: format!("{}.{name}", base.path), made_by: base.made_by })
            }
            Shape::Call(call) => {
                if let Some(origin) = elsewhere(id) {
                    return Some(origin);
                }
                let origin = self.origin_of(call.callee, deeper)?;
                if origin.path == "getattr"
                    && let [object, name, ..] = call.positional.as_slice()
                {
                    let object = self.origin_of(*object, deeper)?;
                    let name = self.texts_of(*name, Source::Literal, deeper).into_iter().next()?.text;
                    return Some(Origin { path: format!("{}.{name}", object.path), ..object });
                }
                Some(Origin { made_by: origin.made_by.or(Some(id)), ..origin })
            }
            Shape::Index(base, _) => elsewhere(id).or_else(|| self.origin_of(*base, deeper)),
            Shape::Either(_) | Shape::AnyOf(_) | Shape::Parameter { .. } => elsewhere(id),
            Shape::Local(scope) => {
                let scope = self.program.scopes.get(*scope)?;
                scope.bases.iter().find_map(|base| self.origin_of(*base, deeper))
            }
            _ => None,
        }
    }
}
