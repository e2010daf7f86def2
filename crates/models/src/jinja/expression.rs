//! Reads expressions and follows what they reach, in one pass: no tree is built, so depth is the only recursion, and it
//! is bounded.

use std::collections::{HashMap, HashSet};

use bartizan_core::Rule;

use super::{
    constant::{Constant, Value},
    lexer::{Kind, Token},
    names, rules,
};

/// What a template did, for one finding.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) rule: &'static Rule,
    /// What was reached: `__globals__`, `os.popen`.
    pub(super) what: String,
    pub(super) line: u32,
}

/// What is known across the tags of a template.
#[derive(Debug, Default)]
pub(super) struct World {
    /// Variables and what they can be.
    pub(super) bound: HashMap<String, Value>,
    /// Names that the template itself defines: loop variables, macros, imports.
    pub(super) defined: HashSet<String>,
    pub(super) hits: Vec<Hit>,
}

/// How deep brackets may nest.
const DEEPEST: usize = 64;

/// The expression is not one that jinja2 would accept.
#[derive(Debug)]
pub(super) struct Unreadable;

type Result<T> = std::result::Result<T, Unreadable>;

/// Reads the tokens of one tag.
pub(super) struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    pub(super) world: &'a mut World,
}

/// The arguments of a call: by position, and by name.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) positional: Vec<Value>,
    pub(super) named: Vec<(String, Value)>,
}

impl Arguments {
    /// The constants by position, when each has exactly one or more: its first.
    fn constants(&self) -> Vec<Constant> {
        self.positional.iter().map_while(|value| value.constants.first().cloned()).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Value> {
        self.positional.iter().chain(self.named.iter().map(|(_, value)| value))
    }
}

/// How a name is looked up on a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lookup {
    Attribute,
    Item,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tokens: &'a [Token], world: &'a mut World) -> Self {
        Self { tokens, at: 0, depth: 0, world }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn line(&self) -> u32 {
        let token = self.tokens.get(self.at).or_else(|| self.tokens.last());
        token.map_or(0, |token| token.line)
    }

    fn hit(&mut self, rule: &'static Rule, what: impl Into<String>) {
        let line = self.tokens.get(self.at.saturating_sub(1)).map_or(0, |token| token.line);
        self.world.hits.push(Hit { rule, what: what.into(), line });
    }

    pub(super) fn is_operator(&self, operator: &str) -> bool {
        matches!(self.tokens.get(self.at).map(|token| &token.kind), Some(Kind::Operator(found)) if *found == operator)
    }

    pub(super) fn eat(&mut self, operator: &str) -> bool {
        let there = self.is_operator(operator);
        self.at += usize::from(there);
        there
    }

    pub(super) fn peek_name(&self) -> Option<&'a str> {
        match self.tokens.get(self.at).map(|token| &token.kind) {
            Some(Kind::Name(name)) => Some(name),
            _ => None,
        }
    }

    pub(super) fn eat_name(&mut self, name: &str) -> bool {
        let there = self.peek_name() == Some(name);
        self.at += usize::from(there);
        there
    }

    pub(super) fn name(&mut self) -> Result<&'a str> {
        let name = self.peek_name().ok_or(Unreadable)?;
        self.at += 1;
        Ok(name)
    }

    fn expect(&mut self, operator: &str) -> Result<()> {
        if self.eat(operator) { Ok(()) } else { Err(Unreadable) }
    }

    /// A whole expression, `a if b else c` included.
    pub(super) fn expression(&mut self) -> Result<Value> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Unreadable);
        }
        let mut value = self.without_condition()?;
        while self.eat_name("if") {
            let condition = self.without_condition()?;
            let other = if self.eat_name("else") { self.expression()? } else { Value::default() };
            let trigger = condition.trigger;
            if trigger {
                let urls: Vec<String> =
                    value.texts().chain(other.texts()).filter(|t| lures(t)).map(str::to_owned).collect();
                urls.into_iter().for_each(|url| self.hit(&rules::CONTENT_TRIGGER, url));
            }
            value = value.or(other);
        }
        self.depth -= 1;
        Ok(value)
    }

    /// An expression that an `if` may follow which is not its own, as in `for x in y if z`.
    pub(super) fn without_condition(&mut self) -> Result<Value> {
        let mut value = self.conjunction()?;
        while self.eat_name("or") {
            let right = self.conjunction()?;
            value = value.or(right);
        }
        Ok(value)
    }

    fn conjunction(&mut self) -> Result<Value> {
        let mut value = self.negation()?;
        while self.eat_name("and") {
            let right = self.negation()?;
            value = value.or(right);
        }
        Ok(value)
    }

    fn negation(&mut self) -> Result<Value> {
        let mut negated = false;
        while self.eat_name("not") {
            negated = true;
        }
        let value = self.comparison()?;
        Ok(if negated {
            Value { trigger: value.trigger, content: value.content, ..Value::default() }
        } else {
            value
        })
    }

    fn comparison(&mut self) -> Result<Value> {
        let mut value = self.sum()?;
        loop {
            let compares = ["==", "!=", "<", ">", "<=", ">="].iter().any(|operator| self.eat(operator));
            let holds = !compares && (self.eat_name("in") || self.eat_not_in());
            if !compares && !holds {
                return Ok(value);
            }
            let right = self.sum()?;
            let words = value.texts().chain(right.texts()).any(is_trigger_word);
            let content = value.content || right.content;
            let trigger = value.trigger || right.trigger || (content && words);
            value = Value { trigger, content, ..Value::default() };
        }
    }

    fn eat_not_in(&mut self) -> bool {
        let next = self.tokens.get(self.at + 1).map(|token| &token.kind);
        let there = self.peek_name() == Some("not") && matches!(next, Some(Kind::Name(name)) if name == "in");
        self.at += if there { 2 } else { 0 };
        there
    }

    /// `+`, `-`, `~`: their order of precedence does not matter for what a value can be.
    fn sum(&mut self) -> Result<Value> {
        let mut value = self.product()?;
        loop {
            if self.eat("+") || self.eat("~") {
                let right = self.product()?;
                value = value.join(&right, Constant::plus);
            } else if self.eat("-") {
                let right = self.product()?;
                value = value.join(&right, |a, b| match (a, b) {
                    (Constant::Integer(a), Constant::Integer(b)) => a.checked_sub(*b).map(Constant::Integer),
                    _ => None,
                });
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<Value> {
        let mut value = self.unary()?;
        loop {
            if self.eat("*") {
                let right = self.unary()?;
                let huge = |value: &Value| {
                    value.constants.iter().any(|c| matches!(c, Constant::Integer(n) if *n > 10_000_000))
                };
                let text = |value: &Value| value.texts().next().is_some();
                if (huge(&value) && text(&right)) || (huge(&right) && text(&value)) {
                    self.hit(&rules::RESOURCE, "a string repeated millions of times");
                }
                value = value.join(&right, Constant::times);
            } else if self.eat("%") {
                let right = self.unary()?;
                value = value.join(&right, |a, b| match b {
                    Constant::List(items) => a.percent(items),
                    other => a.percent(std::slice::from_ref(other)),
                });
            } else if self.eat("**") {
                let right = self.unary()?;
                value = value.join(&right, |a, b| match (a, b) {
                    (Constant::Integer(a), Constant::Integer(b)) => {
                        a.checked_pow(u32::try_from(*b).ok()?).map(Constant::Integer)
                    }
                    _ => None,
                });
            } else if self.eat("/") || self.eat("//") {
                let right = self.unary()?;
                value = value.join(&right, |_, _| None);
            } else {
                return Ok(value);
            }
        }
    }

    fn unary(&mut self) -> Result<Value> {
        let mut negative = false;
        while self.is_operator("-") || self.is_operator("+") {
            negative ^= self.is_operator("-");
            self.at += 1;
        }
        let value = self.primary()?;
        let value = self.postfix(value)?;
        Ok(match negative {
            true => value.map(|constant| match constant {
                Constant::Integer(number) => number.checked_neg().map(Constant::Integer),
                _ => None,
            }),
            false => value,
        })
    }

    fn primary(&mut self) -> Result<Value> {
        let token = self.tokens.get(self.at).ok_or(Unreadable)?;
        self.at += 1;
        match &token.kind {
            Kind::Name(name) => Ok(self.variable(name)),
            Kind::Integer(number) => Ok(Value::of(Constant::Integer(*number))),
            Kind::Float => Ok(Value::default()),
            Kind::Text { text, escaped } => {
                let mut value = Value::text(text.clone());
                value.built = *escaped;
                // Strings side by side are one string.
                while let Some(Kind::Text { text, escaped }) = self.tokens.get(self.at).map(|t| &t.kind) {
                    self.at += 1;
                    value = value.join(&Value::text(text.clone()), Constant::plus);
                    value.built |= *escaped;
                }
                let hidden = value.built && value.texts().any(names::is_internal);
                if hidden {
                    let text = value.texts().next().unwrap_or_default().to_owned();
                    self.hit(&rules::HIDDEN_NAME, text);
                }
                Ok(value)
            }
            Kind::Operator("(") => self.items(")"),
            Kind::Operator("[") => self.items("]"),
            Kind::Operator("{") => self.mapping(),
            _ => Err(Unreadable),
        }
    }

    fn variable(&mut self, name: &str) -> Value {
        if let Some(value) = self.world.bound.get(name) {
            return Value { path: name.to_owned(), ..value.clone() };
        }
        let own = self.world.defined.contains(name);
        if names::is_internal(name) && !own {
            self.hit(&rules::SANDBOX_ESCAPE, name);
        }
        if names::SECRET_NAMES.contains(&name) && !own {
            self.hit(&rules::SECRET_ACCESS, name);
        }
        let content =
            ["content", "user_message", "user_input", "query", "question", "user_prompt"].contains(&name);
        Value { content, internal: names::is_internal(name) && !own, ..Value::named(name) }
    }

    /// `(a, b)`, `(a)` or `[a, b]`, after the opening bracket.
    fn items(&mut self, close: &'static str) -> Result<Value> {
        let (mut items, mut comma) = (Vec::new(), false);
        while !self.eat(close) {
            items.push(self.expression()?);
            if self.eat(",") {
                comma = true;
            } else if !self.is_operator(close) {
                return Err(Unreadable);
            }
        }
        if close == ")" && !comma && items.len() == 1 {
            return items.pop().ok_or(Unreadable);
        }
        Ok(list(&items))
    }

    fn mapping(&mut self) -> Result<Value> {
        let (mut all, mut pairs) = (Value::default(), Some(Vec::new()));
        while !self.eat("}") {
            let key = self.expression()?;
            self.expect(":")?;
            let value = self.expression()?;
            match (key.constants.first(), value.constants.first()) {
                (Some(key), Some(value)) => {
                    if let Some(pairs) = &mut pairs {
                        pairs.push((key.clone(), value.clone()));
                    }
                }
                _ => pairs = None,
            }
            all = all.or(value.derived());
            if !self.eat(",") && !self.is_operator("}") {
                return Err(Unreadable);
            }
        }
        all.constants = pairs.map(Constant::Map).into_iter().collect();
        Ok(all)
    }

    /// Attributes, items, calls, filters and tests that follow a value.
    fn postfix(&mut self, mut value: Value) -> Result<Value> {
        loop {
            value = if self.eat(".") {
                match self.tokens.get(self.at).map(|token| &token.kind) {
                    Some(Kind::Name(name)) => {
                        self.at += 1;
                        self.look_up(&value, &Value::text(name.clone()), Lookup::Attribute)
                    }
                    Some(Kind::Integer(index)) => {
                        self.at += 1;
                        self.look_up(&value, &Value::of(Constant::Integer(*index)), Lookup::Item)
                    }
                    _ => return Err(Unreadable),
                }
            } else if self.eat("[") {
                self.subscript(&value)?
            } else if self.eat("(") {
                let arguments = self.arguments()?;
                self.call(&value, &arguments)
            } else if self.eat("|") {
                self.filter(&value)?
            } else if self.eat_name("is") {
                self.test(&value)?
            } else {
                return Ok(value);
            };
        }
    }

    fn subscript(&mut self, value: &Value) -> Result<Value> {
        let (mut parts, mut colons) = (Vec::new(), 0);
        while !self.eat("]") {
            if self.eat(":") {
                colons += 1;
                parts.push(Value::default());
            } else if !self.eat(",") {
                parts.push(self.expression()?);
            }
            if self.is_at_end() {
                return Err(Unreadable);
            }
        }
        if colons == 0 {
            return Ok(self.look_up(value, parts.first().unwrap_or(&Value::default()), Lookup::Item));
        }
        let backwards = parts.last().is_some_and(|step| step.constants.contains(&Constant::Integer(-1)));
        Ok(if colons == 2 && backwards { value.map(Constant::reversed) } else { value.derived() })
    }

    fn look_up(&mut self, value: &Value, name: &Value, how: Lookup) -> Value {
        let hits = self.world.hits.len();
        let texts: Vec<String> = name.texts().map(str::to_owned).collect();
        for text in &texts {
            self.check(text, name.built, how);
            let hosts = names::HOST_OBJECTS.iter();
            let leads = hosts
                .clone()
                .any(|(object, offers)| *object == value.path && offers.contains(&text.as_str()));
            let own = self.world.defined.contains(&value.path) || self.world.bound.contains_key(&value.path);
            if !own && (leads || names::SECRET_NAMES.contains(&text.as_str())) {
                self.hit(&rules::SECRET_ACCESS, format!("{}.{text}", value.path));
            }
        }
        let internal = value.internal
            || self.world.hits.iter().skip(hits).any(|hit| hit.rule.id == rules::SANDBOX_ESCAPE.id);
        let last = texts.first().map(String::as_str).unwrap_or_default();
        let path = if last.is_empty() { String::new() } else { format!("{}.{last}", value.path) };
        if let Some(bound) = self.world.bound.get(&path) {
            return Value { path, internal, ..bound.clone() };
        }
        let mut found = value.join(name, Constant::at);
        if found.constants.is_empty() && how == Lookup::Item && texts.is_empty() {
            // Some item of a constant list: any of them.
            found.constants = value.constants.iter().flat_map(Constant::items).take(16).collect();
        }
        let content = value.content || ["content", "text", "prompt", "query"].contains(&last);
        let receiver = if how == Lookup::Attribute { value.constants.clone() } else { Vec::new() };
        Value { path: cut(path), internal, content, receiver, ..found }
    }

    /// Judges a name that is looked up.
    fn check(&mut self, name: &str, built: bool, how: Lookup) {
        if names::is_internal(name) {
            self.hit(&rules::SANDBOX_ESCAPE, name);
            if built {
                self.hit(&rules::HIDDEN_NAME, name);
            }
        } else if how == Lookup::Attribute && name.starts_with('_') {
            let rule =
                if names::is_dunder(name) { &rules::SANDBOX_ESCAPE } else { &rules::PRIVATE_ATTRIBUTE };
            self.hit(rule, name);
        }
    }

    /// The arguments of a call, after the opening bracket.
    pub(super) fn arguments(&mut self) -> Result<Arguments> {
        let mut arguments = Arguments::default();
        while !self.eat(")") {
            if self.eat("**") || self.eat("*") {
                let value = self.expression()?;
                arguments.positional.push(value);
            } else if let (Some(name), Some(Kind::Operator("="))) =
                (self.peek_name(), self.tokens.get(self.at + 1).map(|token| &token.kind))
            {
                self.at += 2;
                let value = self.expression()?;
                arguments.named.push((name.to_owned(), value));
            } else {
                let value = self.expression()?;
                arguments.positional.push(value);
            }
            if !self.eat(",") && !self.is_operator(")") {
                return Err(Unreadable);
            }
        }
        Ok(arguments)
    }

    fn call(&mut self, callee: &Value, arguments: &Arguments) -> Value {
        let last = callee.path.rsplit('.').next().unwrap_or_default();
        let global = !callee.path.contains('.');
        let root = callee.path.split('.').next().unwrap_or_default();
        let own = self.world.defined.contains(root) || (global && self.world.bound.contains_key(root));
        if !(global && own) {
            self.judge_call(callee, last, global && !own, root);
        }
        let first = arguments.positional.first().cloned().unwrap_or_default();
        match last {
            "getattr" | "attr" if global => {
                let name = arguments.positional.get(1).cloned().unwrap_or_default();
                return self.look_up(&first, &name, Lookup::Attribute);
            }
            "__getitem__" | "get" | "__getattribute__" => {
                let on = Value { path: String::new(), constants: callee.receiver.clone(), ..callee.clone() };
                return self.look_up(&on, &first, Lookup::Item);
            }
            "format" | "format_map" => {
                self.format_fields(&Value { constants: callee.receiver.clone(), ..Value::default() });
            }
            "chr" => {
                return first.map(|constant| match constant {
                    Constant::Integer(code) => {
                        Some(Constant::Text(char::from_u32(u32::try_from(*code).ok()?)?.to_string()))
                    }
                    _ => None,
                });
            }
            "dict" | "namespace" if global => return keyed(arguments),
            "range" if global => {
                let huge = |c: &Constant| matches!(c, Constant::Integer(n) if *n > 1_000_000);
                if arguments.positional.iter().take(2).any(|value| value.constants.iter().any(huge)) {
                    self.hit(&rules::RESOURCE, "a loop of more than a million steps");
                }
                return Value::default();
            }
            "startswith" | "endswith" | "find" | "count" | "index" => {
                let trigger = callee.content && first.texts().any(is_trigger_word);
                return Value { trigger, content: callee.content, ..Value::default() };
            }
            _ => {}
        }
        self.method(callee, last, arguments)
    }

    /// `'{0.__class__}'.format(x)` looks attributes up as an expression does.
    fn format_fields(&mut self, receiver: &Value) {
        for pattern in receiver.texts().map(str::to_owned).collect::<Vec<_>>() {
            for field in pattern.split('{').skip(1).filter_map(|rest| rest.split(['}', '!', ':']).next()) {
                for part in field.split(['.', '[', ']']).skip(1).filter(|part| !part.is_empty()) {
                    self.check(part, false, Lookup::Attribute);
                }
            }
        }
    }

    /// String methods that make new strings.
    fn method(&self, callee: &Value, name: &str, arguments: &Arguments) -> Value {
        let constants = arguments.constants();
        let on = Value { constants: callee.receiver.clone(), ..callee.clone() };
        let mut made = match name {
            "format" => on.map(|text| text.braces(&constants)),
            "replace" => on.map(|text| text.replaced(&constants)),
            "join" => match arguments.positional.first() {
                Some(items) => on.join(items, |separator, items| match separator {
                    Constant::Text(separator) => items.joined(separator),
                    _ => None,
                }),
                None => Value::default(),
            },
            _ => on.map(|text| text.changed(name)),
        };
        made.internal |= callee.internal;
        made.content |= arguments.all().any(|argument| argument.content);
        made.path = cut(format!("{}()", callee.path));
        made
    }

    fn judge_call(&mut self, callee: &Value, last: &str, free: bool, root: &str) {
        let path = if callee.path.is_empty() { last } else { &callee.path };
        if names::EXECUTES.contains(&last) {
            self.hit(&rules::CODE_EXECUTION, path);
        } else if names::FETCHES.contains(&last) || (root == "requests" && !free) {
            self.hit(&rules::NETWORK_ACCESS, path);
        } else if free && last == "open" {
            self.hit(&rules::FILE_ACCESS, path);
        } else if free && names::REACHING_BUILTINS.contains(&last) {
            self.hit(&rules::DYNAMIC_ATTRIBUTE, path);
        } else if !free
            && names::MODULES.contains(&root)
            && !self.world.bound.contains_key(root)
            && !self.world.defined.contains(root)
        {
            self.hit(&rules::CODE_EXECUTION, path);
        } else if callee.internal && !names::is_internal(last) {
            // Named already where the internals were reached.
        } else if free && !last.is_empty() && !names::GIVEN_FUNCTIONS.contains(&last) {
            self.hit(&rules::UNKNOWN_FUNCTION, path);
        }
    }

    pub(super) fn filter(&mut self, value: &Value) -> Result<Value> {
        let mut name = self.name()?.to_owned();
        while self.eat(".") {
            name = format!("{name}.{}", self.name()?);
        }
        let arguments = if self.eat("(") { self.arguments()? } else { Arguments::default() };
        let first = arguments.positional.first().cloned().unwrap_or_default();
        if name == "attr" {
            if first.constants.is_empty() {
                self.hit(&rules::DYNAMIC_ATTRIBUTE, "attr");
            }
            return Ok(self.look_up(value, &first, Lookup::Attribute));
        }
        if names::ATTRIBUTE_FILTERS.contains(&name.as_str()) {
            self.attribute_names(&name, &arguments);
        }
        let constants = arguments.constants();
        let mut made = match name.as_str() {
            "join" => {
                let separator = first.texts().next().unwrap_or_default().to_owned();
                value.map(|items| items.joined(&separator))
            }
            "format" => value.map(|text| text.percent(&constants)),
            "replace" => value.map(|text| text.replaced(&constants)),
            "default" | "d" => value.clone().or(first.clone()),
            "string" | "trim" | "safe" if value.constants.is_empty() => value.clone(),
            other => value.map(|constant| constant.changed(other)),
        };
        made.internal |= value.internal;
        made.content |= value.content;
        Ok(made)
    }

    /// `map(attribute='a.b')`, `selectattr('a', …)`: every part of the dotted name is looked up.
    fn attribute_names(&mut self, filter: &str, arguments: &Arguments) {
        let named = arguments.named.iter().filter(|(name, _)| name == "attribute").map(|(_, value)| value);
        let by_position = matches!(filter, "selectattr" | "rejectattr" | "groupby");
        let applied =
            filter == "map" && arguments.positional.first().is_some_and(|f| f.texts().any(|t| t == "attr"));
        let positional = arguments.positional.get(usize::from(applied)).filter(|_| by_position || applied);
        let texts: Vec<(String, bool)> = named
            .chain(positional)
            .flat_map(|value| value.texts().map(|text| (text.to_owned(), value.built)))
            .collect();
        for (text, built) in texts {
            text.split('.').for_each(|part| self.check(part, built, Lookup::Attribute));
        }
    }

    fn test(&mut self, value: &Value) -> Result<Value> {
        self.eat_name("not");
        self.name()?;
        while self.eat(".") {
            self.name()?;
        }
        if self.eat("(") {
            self.arguments()?;
        } else if self.test_argument_follows() {
            let argument = self.primary()?;
            self.postfix(argument)?;
        }
        Ok(Value { content: value.content, ..Value::default() })
    }

    /// `is divisibleby 3`: a test may take one argument without brackets.
    fn test_argument_follows(&self) -> bool {
        match self.tokens.get(self.at).map(|token| &token.kind) {
            Some(Kind::Name(name)) => {
                !["and", "or", "not", "if", "else", "in", "is", "recursive"].contains(&name.as_str())
            }
            Some(Kind::Text { .. } | Kind::Integer(_) | Kind::Float) => true,
            Some(Kind::Operator(operator)) => ["[", "{"].contains(operator),
            _ => false,
        }
    }

    /// What a broken tag shows without being understood: every attribute, call and string by itself.
    pub(super) fn glean(&mut self) {
        for index in 0..self.tokens.len() {
            self.at = index + 1;
            let before =
                index.checked_sub(1).and_then(|before| self.tokens.get(before)).map(|token| &token.kind);
            let after = self.tokens.get(index + 1).map(|token| &token.kind);
            let attribute = matches!(before, Some(Kind::Operator("." | "|")));
            let called = matches!(after, Some(Kind::Operator("(")));
            match self.tokens.get(index).map(|token| &token.kind) {
                Some(Kind::Name(name)) if attribute => {
                    self.check(name, false, Lookup::Attribute);
                    if called && names::EXECUTES.contains(&name.as_str()) {
                        self.hit(&rules::CODE_EXECUTION, name.as_str());
                    }
                }
                Some(Kind::Name(name)) if called => {
                    self.judge_call(&Value::named(name.as_str()), name, true, name);
                }
                Some(Kind::Name(name)) if names::is_internal(name) => {
                    self.hit(&rules::SANDBOX_ESCAPE, name.as_str())
                }
                Some(Kind::Text { text, escaped }) => self.check(text, *escaped, Lookup::Item),
                _ => {}
            }
        }
    }
}

fn list(items: &[Value]) -> Value {
    let mut all = items.iter().fold(Value::default(), |all, item| all.or(item.derived()));
    let constants: Option<Vec<Constant>> = items.iter().map(|item| item.constants.first().cloned()).collect();
    all.constants = constants.map(Constant::List).into_iter().collect();
    all
}

/// `dict(a=1)`: the names themselves are data, `dict(__cla=x, ss__=y)|join` spells one.
fn keyed(arguments: &Arguments) -> Value {
    let pairs = arguments.named.iter().map(|(name, value)| {
        let value = value.constants.first().cloned().unwrap_or(Constant::Integer(0));
        (Constant::Text(name.clone()), value)
    });
    let mut made = Value::of(Constant::Map(pairs.collect()));
    made.content = arguments.all().any(|argument| argument.content);
    made
}

fn cut(mut path: String) -> String {
    let end = path.char_indices().nth(160).map(|(at, _)| at);
    if let Some(end) = end {
        path.truncate(end);
    }
    path
}

/// Is it a word that a hidden behaviour may wait for? Markup such as `</think>` or `[INST]` is structure.
fn is_trigger_word(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 2
        && text.chars().any(char::is_alphabetic)
        && !text.contains(['<', '>', '[', ']', '{', '}', '|'])
        && !["http", "data:", "file:"].iter().any(|scheme| text.starts_with(scheme))
        && ![
            "system",
            "user",
            "assistant",
            "tool",
            "text",
            "image",
            "audio",
            "video",
            "content",
            "image_url",
            "type",
        ]
        .contains(&text)
}

/// Does rendered text send its reader somewhere, or run in a browser?
pub(super) fn lures(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let address = |scheme: &str| {
        lower.match_indices(scheme).any(|(at, _)| {
            let host = lower.get(at + scheme.len()..).unwrap_or("");
            let end =
                host.find(|c: char| !(c.is_ascii_alphanumeric() || ".-:".contains(c))).unwrap_or(host.len());
            host.get(..end).is_some_and(|host| host.contains('.') || host.contains(':'))
        })
    };
    address("https://") || address("http://") || lower.contains("<script")
}
