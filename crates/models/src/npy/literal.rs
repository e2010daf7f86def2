//! The Python literals of an array's header, read without evaluating anything.

/// A literal value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Text(String),
    /// A number; `None` for one that is negative or does not fit.
    Number(Option<u64>),
    /// `True`, `False`.
    Bool(bool),
    Nothing,
    /// A tuple or list.
    Sequence(Vec<Literal>),
    Map(Vec<(Literal, Literal)>),
}

impl Literal {
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        let text = |literal: &Self| matches!(literal, Self::Text(text) if text == key);
        pairs.iter().rev().find(|(name, _)| text(name)).map(|(_, value)| value)
    }
}

/// Why the text is not a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// An expression: a name, a call, an operator. Shown as it stands there.
    Expression(String),
    /// Damaged.
    Broken,
}

/// Reads the whole text as one literal.
pub(super) fn parse(text: &str, depth: usize) -> Result<Literal, Refusal> {
    let mut parser = Parser { rest: text };
    let parsed = parser.value(depth).and_then(|value| {
        parser.space();
        if parser.rest.is_empty() { Ok(value) } else { Err(Refusal::Broken) }
    });
    parsed.map_err(|refusal| if calls(text) { Refusal::Expression(text.trim().to_owned()) } else { refusal })
}

/// Does text outside quotes hold a name that is called or whose attribute is taken?
fn calls(text: &str) -> bool {
    let mut quote = None;
    let mut name = String::new();
    for c in text.chars() {
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
            }
            None if matches!(c, '\'' | '"') => {
                quote = Some(c);
                name.clear();
            }
            None if c.is_alphanumeric() || c == '_' => name.push(c),
            None => {
                let named =
                    name.chars().count() > 1 && name.starts_with(|c: char| c.is_alphabetic() || c == '_');
                if matches!(c, '(' | '.') && named {
                    return true;
                }
                name.clear();
            }
        }
    }
    false
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\0']);
    }

    fn eat(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Literal, Refusal> {
        let Some(below) = depth.checked_sub(1) else { return Err(Refusal::Broken) };
        for (word, value) in
            [("True", Literal::Bool(true)), ("False", Literal::Bool(false)), ("None", Literal::Nothing)]
        {
            if self.eat(word) {
                return Ok(value);
            }
        }
        if self.eat("{") {
            return self.map(below);
        }
        for (open, close) in [("(", ")"), ("[", "]")] {
            if self.eat(open) {
                let mut items = Vec::new();
                while !self.eat(close) {
                    items.push(self.value(below)?);
                    if !self.eat(",") && !self.rest.trim_start().starts_with(close) {
                        return Err(Refusal::Broken);
                    }
                }
                return Ok(Literal::Sequence(items));
            }
        }
        self.scalar()
    }

    fn map(&mut self, depth: usize) -> Result<Literal, Refusal> {
        let mut pairs = Vec::new();
        while !self.eat("}") {
            let key = self.value(depth)?;
            if !self.eat(":") {
                return Err(Refusal::Broken);
            }
            pairs.push((key, self.value(depth)?));
            if !self.eat(",") && !self.rest.trim_start().starts_with('}') {
                return Err(Refusal::Broken);
            }
        }
        Ok(Literal::Map(pairs))
    }

    fn scalar(&mut self) -> Result<Literal, Refusal> {
        // Python 2 wrote `u'…'` and `b'…'`.
        let prefixed = self.rest.strip_prefix(['u', 'b']).filter(|rest| rest.starts_with(['\'', '"']));
        self.rest = prefixed.unwrap_or(self.rest);
        for quote in ['\'', '"'] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote).ok_or(Refusal::Broken)?;
                self.rest = rest;
                return Ok(Literal::Text(text.to_owned()));
            }
        }
        let negative = self.eat("-");
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        if digits.is_empty() {
            return Err(Refusal::Broken);
        }
        // Python 2 wrote long integers as `3L`.
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        Ok(Literal::Number(digits.parse().ok().filter(|_| !negative)))
    }
}
