//! Expressions.

use super::{
    Binary, Call, Expression, ExpressionKind as Kind, For, Key, Name, Step, Unary,
    cursor::{Cursor, Parsed},
};

impl Cursor<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.enter()?;
        let start = self.at;
        let first = self.binary(1)?;
        let result = if self.continues(b"?") { self.conditional(start, first) } else { Ok(first) };
        self.leave();
        result
    }

    /// Is one of these signs next? A line that begins with one of them goes on with the expression before: the language's
    /// own formatter writes some conditionals so.
    fn continues(&mut self, signs: &[u8]) -> bool {
        let before = self.at;
        self.space();
        if self.peek() == Some(b'\n') {
            self.lines();
        }
        let found = self.peek().is_some_and(|byte| signs.contains(&byte));
        if !found {
            self.at = before;
        }
        found
    }

    fn conditional(&mut self, start: usize, condition: Expression) -> Parsed<Expression> {
        self.at += 1;
        self.lines();
        let yes = self.expression()?;
        if !self.continues(b":") {
            return self.error("`:` is missing in a conditional");
        }
        self.at += 1;
        self.lines();
        let no = self.expression()?;
        Ok(Expression { kind: Kind::Conditional(Box::new([condition, yes, no])), span: self.span(start) })
    }

    fn binary(&mut self, least: u8) -> Parsed<Expression> {
        let start = self.at;
        let mut left = self.unary()?;
        while let Some((operator, length, precedence)) = self.operator().filter(|found| found.2 >= least) {
            self.at += length;
            self.lines();
            self.enter()?;
            let right = self.binary(precedence + 1)?;
            self.leave();
            let kind = Kind::Binary(operator, Box::new(left), Box::new(right));
            left = Expression { kind, span: self.span(start) };
        }
        Ok(left)
    }

    /// The operator that is next, its length and its precedence.
    fn operator(&mut self) -> Option<(Binary, usize, u8)> {
        let before = self.at;
        self.space();
        if self.peek() == Some(b'\n') {
            self.lines();
            if !self.starts_with("&&") && !self.starts_with("||") {
                self.at = before;
                return None;
            }
        }
        let found = match (self.peek()?, self.peek_at(1)) {
            (b'|', Some(b'|')) => Some((Binary::Or, 2, 1)),
            (b'&', Some(b'&')) => Some((Binary::And, 2, 2)),
            (b'=', Some(b'=')) => Some((Binary::Equal, 2, 3)),
            (b'!', Some(b'=')) => Some((Binary::NotEqual, 2, 3)),
            (b'<', Some(b'=')) => Some((Binary::AtMost, 2, 4)),
            (b'>', Some(b'=')) => Some((Binary::AtLeast, 2, 4)),
            (b'<', _) => Some((Binary::Less, 1, 4)),
            (b'>', _) => Some((Binary::Greater, 1, 4)),
            (b'+', _) => Some((Binary::Add, 1, 5)),
            (b'-', _) => Some((Binary::Subtract, 1, 5)),
            (b'*', _) => Some((Binary::Multiply, 1, 6)),
            (b'/', _) => Some((Binary::Divide, 1, 6)),
            (b'%', _) => Some((Binary::Remainder, 1, 6)),
            _ => None,
        };
        if found.is_none() {
            self.at = before;
        }
        found
    }

    fn unary(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let operator = match self.peek() {
            Some(b'!') => Unary::Not,
            Some(b'-') => Unary::Negate,
            _ => return self.postfix(),
        };
        self.at += 1;
        self.space();
        self.enter()?;
        let inner = self.unary()?;
        self.leave();
        let kind = match (operator, &inner.kind) {
            (Unary::Negate, Kind::Number(number)) => Kind::Number(-number),
            _ => Kind::Unary(operator, Box::new(inner)),
        };
        Ok(Expression { kind, span: self.span(start) })
    }

    fn postfix(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let mut base = self.primary()?;
        let mut links = 0u32;
        loop {
            let before = self.at;
            self.space();
            let kind = match self.peek() {
                Some(b'.') if !self.starts_with("...") => {
                    self.at += 1;
                    self.space();
                    self.member(base)?
                }
                Some(b'[') => {
                    self.at += 1;
                    self.index(base)?
                }
                _ => {
                    self.at = before;
                    return Ok(base);
                }
            };
            // A chain is a tree as deep as it is long.
            links += 1;
            if links > super::MOST_NESTING {
                return self.error(format!("more than {} steps in one reference", super::MOST_NESTING));
            }
            base = Expression { kind, span: self.span(start) };
        }
    }

    fn member(&mut self, base: Expression) -> Parsed<Kind> {
        if self.take("*") {
            let steps = self.steps(false)?;
            return Ok(Kind::Splat(Box::new(base), steps));
        }
        if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            let index = self.digits();
            return Ok(Kind::Index(Box::new(base), Box::new(index)));
        }
        match self.name() {
            Some(name) => Ok(Kind::Member(Box::new(base), name)),
            None => self.error("a name is missing after `.`"),
        }
    }

    /// An index as `.0` spells it: digits only, so that `.0.1` is two of them.
    fn digits(&mut self) -> Expression {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let number = self.text.get(start..self.at).and_then(|text| text.parse().ok()).unwrap_or(f64::MAX);
        Expression { kind: Kind::Number(number), span: self.span(start) }
    }

    fn index(&mut self, base: Expression) -> Parsed<Kind> {
        let outer = std::mem::replace(&mut self.lines_are_space, true);
        self.space();
        let kind = if self.starts_with("*") && self.text.as_bytes().get(self.at + 1) == Some(&b']') {
            self.at += 2;
            self.lines_are_space = outer;
            let steps = self.steps(true)?;
            Kind::Splat(Box::new(base), steps)
        } else {
            let index = self.expression()?;
            self.space();
            self.lines_are_space = outer;
            self.expect("]", "an index")?;
            Kind::Index(Box::new(base), Box::new(index))
        };
        Ok(kind)
    }

    /// What follows a splat. After `.*` only names count; an index applies to the whole result.
    fn steps(&mut self, full: bool) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            if steps.len() > super::MOST_NESTING as usize {
                return self.error("too many steps in one reference");
            }
            let before = self.at;
            self.space();
            if self.peek() == Some(b'.') && !self.starts_with("...") && self.peek_at(1) != Some(b'*') {
                self.at += 1;
                self.space();
                if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    let index = self.digits();
                    steps.push(Step::Index(index));
                } else if let Some(name) = self.name() {
                    steps.push(Step::Member(name));
                } else {
                    return self.error("a name is missing after `.`");
                }
            } else if full && self.peek() == Some(b'[') && self.peek_at(1) != Some(b'*') {
                self.at += 1;
                let outer = std::mem::replace(&mut self.lines_are_space, true);
                self.space();
                let index = self.expression()?;
                self.space();
                self.lines_are_space = outer;
                self.expect("]", "an index")?;
                steps.push(Step::Index(index));
            } else {
                self.at = before;
                return Ok(steps);
            }
        }
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => return self.quoted(),
            Some(b'<') if self.starts_with("<<") => return self.heredoc(),
            Some(b'[') => self.bracketed(b']')?,
            Some(b'{') => self.bracketed(b'}')?,
            Some(b'(') => {
                self.at += 1;
                let outer = std::mem::replace(&mut self.lines_are_space, true);
                self.space();
                let inner = self.expression()?;
                self.space();
                self.lines_are_space = outer;
                self.expect(")", "an expression in parentheses")?;
                Kind::Group(Box::new(inner))
            }
            Some(b'0'..=b'9') => self.number()?,
            _ => match self.name() {
                Some(name) => self.named(name)?,
                None => return self.error("an expression is missing"),
            },
        };
        Ok(Expression { kind, span: self.span(start) })
    }

    fn number(&mut self) -> Parsed<Kind> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |from: usize| {
            let count = bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
            from + count
        };
        self.at = digits(self.at);
        if self.peek() == Some(b'.') && self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at = digits(self.at + 1);
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek_at(1), Some(b'+' | b'-')));
            let exponent = digits(self.at + 1 + sign);
            if exponent > self.at + 1 + sign {
                self.at = exponent;
            }
        }
        match self.text.get(start..self.at).and_then(|text| text.parse().ok()) {
            Some(number) => Ok(Kind::Number(number)),
            None => self.error("this is no number"),
        }
    }

    fn named(&mut self, mut name: Name) -> Parsed<Kind> {
        match &*name {
            "true" => return Ok(Kind::Bool(true)),
            "false" => return Ok(Kind::Bool(false)),
            "null" => return Ok(Kind::Null),
            _ => {}
        }
        while self.starts_with("::") {
            self.at += 2;
            let Some(next) = self.name() else { return self.error("a name is missing after `::`") };
            name = format!("{name}::{next}").into();
        }
        if self.peek() == Some(b'(') { self.call(name) } else { Ok(Kind::Variable(name)) }
    }

    fn call(&mut self, name: Name) -> Parsed<Kind> {
        self.at += 1;
        let outer = std::mem::replace(&mut self.lines_are_space, true);
        let mut arguments = Vec::new();
        let mut expands = false;
        loop {
            self.space();
            if self.take(")") {
                break;
            }
            arguments.push(self.expression()?);
            self.space();
            if self.take("...") {
                expands = true;
                self.space();
            }
            if !self.take(",") && self.peek() != Some(b')') {
                return self.error(format!("`,` or `)` is missing in the call of `{name}`"));
            }
        }
        self.lines_are_space = outer;
        Ok(Kind::Call(Box::new(Call { name, arguments, expands })))
    }

    /// A tuple, an object, or a `for` expression.
    fn bracketed(&mut self, close: u8) -> Parsed<Kind> {
        self.at += 1;
        let outer = std::mem::replace(&mut self.lines_are_space, close == b']');
        self.lines();
        let kind = if self.is_for() {
            self.lines_are_space = true;
            self.for_expression(close)?
        } else if close == b']' {
            self.tuple()?
        } else {
            self.object()?
        };
        self.lines_are_space = outer;
        Ok(kind)
    }

    fn is_for(&self) -> bool {
        self.rest().strip_prefix("for").is_some_and(|rest| {
            let name = rest.trim_start();
            name.len() < rest.len() && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        })
    }

    fn tuple(&mut self) -> Parsed<Kind> {
        let mut elements = Vec::new();
        loop {
            self.space();
            if self.take("]") {
                return Ok(Kind::Tuple(elements));
            }
            elements.push(self.expression()?);
            self.space();
            if !self.take(",") && self.peek() != Some(b']') {
                return self.error("`,` or `]` is missing in a list");
            }
        }
    }

    fn object(&mut self) -> Parsed<Kind> {
        let mut entries = Vec::new();
        loop {
            self.lines();
            if self.take("}") {
                return Ok(Kind::Object(entries));
            }
            let key = self.expression()?;
            let key = match key.kind {
                Kind::Variable(name) => Key::Name(name, key.span),
                _ => Key::Expression(key),
            };
            self.space();
            if !self.take("=") && !self.take(":") {
                return self.error("`=` is missing after a key of an object");
            }
            self.lines();
            entries.push((key, self.expression()?));
            self.space();
            let separated = self.take(",") || self.peek() == Some(b'\n');
            if !separated && self.peek() != Some(b'}') {
                return self.error("`,`, a new line or `}` is missing in an object");
            }
        }
    }

    fn for_expression(&mut self, close: u8) -> Parsed<Kind> {
        let (key, element, collection) = self.for_header()?;
        self.space();
        self.expect(":", "the collection of a `for`")?;
        self.space();
        let mut result = self.expression()?;
        let mut result_key = None;
        let mut groups = false;
        self.space();
        if close == b'}' {
            self.expect("=>", "the key of a `for`")?;
            self.space();
            result_key = Some(std::mem::replace(&mut result, self.expression()?));
            self.space();
            groups = self.take("...");
            self.space();
        }
        let mut condition = None;
        if self.starts_with("if") {
            self.at += 2;
            self.space();
            condition = Some(self.expression()?);
            self.space();
        }
        if self.peek() != Some(close) {
            return self.error(format!("`{}` is missing after a `for`", char::from(close)));
        }
        self.at += 1;
        let of = For { key, element, collection, result_key, result, groups, condition };
        Ok(Kind::For(Box::new(of)))
    }

    /// `for k, v in c`, up to the collection.
    pub(super) fn for_header(&mut self) -> Parsed<(Option<Name>, Name, Expression)> {
        self.at += "for".len();
        self.space();
        let Some(first) = self.name() else { return self.error("a name is missing after `for`") };
        self.space();
        let (key, element) = if self.take(",") {
            self.space();
            match self.name() {
                Some(second) => (Some(first), second),
                None => return self.error("a second name is missing in a `for`"),
            }
        } else {
            (None, first)
        };
        self.space();
        self.expect("in", "the names of a `for`")?;
        self.space();
        Ok((key, element, self.expression()?))
    }
}
