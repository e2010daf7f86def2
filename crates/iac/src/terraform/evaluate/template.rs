//! Text with evaluated parts.

use std::sync::Arc;

use super::{Environment, Evaluator};
use crate::{
    syntax::Part,
    value::{Data, Fragment, Partial, Value},
};

/// Bytes of a text that evaluation makes.
pub(super) const LONGEST_TEXT: usize = 4 << 20;

/// What an unknown part counts as.
const UNKNOWN_LENGTH: usize = 256;

/// A text in the making.
#[derive(Default)]
pub(in crate::terraform) struct Text {
    parts: Vec<Fragment>,
    text: String,
    length: usize,
    sensitive: bool,
    from: Option<Value>,
}

impl Text {
    pub(in crate::terraform) fn is_too_long(&self) -> bool {
        self.length > LONGEST_TEXT
    }

    pub(in crate::terraform) fn literal(&mut self, text: &str) {
        self.length = self.length.saturating_add(text.len());
        if self.length <= LONGEST_TEXT {
            self.text.push_str(text);
        }
    }

    /// Adds a value as text.
    pub(in crate::terraform) fn value(&mut self, value: &Value) {
        self.sensitive |= value.sensitive;
        if self.from.is_none() && value.from.is_some() {
            self.from = Some(value.clone());
        }
        match &value.data {
            Data::Partial(partial) => {
                for part in &partial.parts {
                    match part {
                        Fragment::Text(text) => self.literal(text),
                        Fragment::Unknown(unresolved) => self.unknown(Arc::clone(unresolved)),
                    }
                }
            }
            Data::Null => {}
            _ => match value.as_text() {
                Some(text) => self.literal(&text),
                None => {
                    let unresolved = value.unresolved().unwrap_or_else(|| {
                        let reference = "…".into();
                        Arc::new(crate::value::Unresolved {
                            reference,
                            why: "a list or an object stands where text is needed",
                            target: None,
                            failed: true,
                        })
                    });
                    self.unknown(unresolved);
                }
            },
        }
    }

    fn unknown(&mut self, unresolved: Arc<crate::value::Unresolved>) {
        self.length = self.length.saturating_add(UNKNOWN_LENGTH);
        if !self.is_too_long() {
            self.flush();
            self.parts.push(Fragment::Unknown(unresolved));
        }
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(Fragment::Text(std::mem::take(&mut self.text).into()));
        }
    }

    pub(in crate::terraform) fn finish(mut self) -> Value {
        let value = if self.length > LONGEST_TEXT {
            Value::unknown("…", "the text is too long")
        } else if self.parts.is_empty() {
            Value::text(self.text)
        } else {
            self.flush();
            match self.parts.as_slice() {
                [Fragment::Unknown(unresolved)] => Value::new(Data::Unknown(Arc::clone(unresolved))),
                _ => Value::new(Data::Partial(Arc::new(Partial { parts: self.parts, decoded: None }))),
            }
        };
        match &self.from {
            Some(from) => value.inherit(from),
            None => value,
        }
        .mark(self.sensitive)
    }
}

impl<'p> Evaluator<'p> {
    pub(super) fn template(&mut self, parts: &'p [Part], env: &Environment) -> Value {
        // `"${a}"` is `a`, whatever its type.
        if let [Part::Expression(only)] = parts {
            return self.evaluate(only, env);
        }
        let mut text = Text::default();
        self.template_parts(parts, env, &mut text);
        text.finish()
    }

    fn template_parts(&mut self, parts: &'p [Part], env: &Environment, text: &mut Text) {
        for part in parts {
            if self.stopped || text.is_too_long() {
                return;
            }
            match part {
                Part::Literal(literal) => text.literal(literal),
                Part::Expression(expression) => {
                    let value = self.evaluate(expression, env);
                    text.value(&value);
                }
                Part::If(branches) => {
                    let (condition, yes, no) = &**branches;
                    let condition = self.evaluate(condition, env);
                    match condition.as_bool() {
                        Some(true) => self.template_parts(yes, env, text),
                        Some(false) => self.template_parts(no, env, text),
                        None => text.value(&super::as_unknown(&condition)),
                    }
                }
                Part::For(of) => {
                    let collection = self.evaluate(&of.collection, env);
                    match super::iteration::elements(&collection) {
                        Some(elements) => {
                            for (key, element) in elements {
                                let inner =
                                    super::iteration::bind(env, of.key.as_ref(), key, &of.element, element);
                                self.template_parts(&of.body, &inner, text);
                            }
                        }
                        None => text.value(&super::as_unknown(&collection)),
                    }
                }
            }
        }
    }
}
