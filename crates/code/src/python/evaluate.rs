//! Expressions: what they give, and the calls in them.

use std::collections::HashMap;

use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, Number, Operator};

use super::callables::{Capability, capability};
use super::fold;
use super::value::{HOLE, Known, MOST_PARTS, Marks, Value};
use super::walk::{Body, Call, Nested, Place, Walker};

/// The most elements of a comprehension that are computed one by one.
const MOST_ELEMENTS: usize = 4096;

/// Environment variables whose value is a credential, by a part of their name.
const TOKEN_NAMES: &[&str] =
    &["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "ACCESS_KEY", "CREDENTIAL", "PRIVATE"];

impl<'a> Walker<'a> {
    /// What an expression gives; its calls are noted on the way.
    pub(super) fn expression(&mut self, expression: &'a Expr) -> Known {
        if !self.spend() {
            return self.opaque();
        }
        self.depth += 1;
        let known = self.evaluate(expression);
        self.depth -= 1;
        known
    }

    fn evaluate(&mut self, expression: &'a Expr) -> Known {
        match expression {
            Expr::StringLiteral(literal) => Known::text(literal.value.to_str().replace([HOLE, '\u{2}'], " ")),
            Expr::BytesLiteral(literal) => Known::new(Value::Bytes(literal.value.bytes().collect())),
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(int) => match int.as_i64() {
                    Some(int) => Known::new(Value::Int(int)),
                    None => self.opaque(),
                },
                _ => self.opaque(),
            },
            Expr::BooleanLiteral(literal) => Known::new(Value::Int(i64::from(literal.value))),
            Expr::FString(text) => self.format_string(text),
            Expr::Name(name) => self.lookup(name.id.as_str()),
            Expr::Attribute(attribute) => {
                let value = self.expression(&attribute.value);
                self.attribute(&value, attribute.attr.as_str())
            }
            Expr::Call(call) => self.call(call),
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::BinOp(operation) => self.operation(operation),
            Expr::BoolOp(operation) => {
                let values: Vec<_> = operation.values.iter().map(|value| self.expression(value)).collect();
                let marks = values.iter().fold(Marks::NONE, |marks, value| marks.with(value.marks));
                match values.into_iter().next_back() {
                    Some(last) => last.marked(marks),
                    None => self.opaque(),
                }
            }
            Expr::UnaryOp(operation) => {
                let value = self.expression(&operation.operand);
                match (value.value, operation.op) {
                    (Value::Int(number), ruff_python_ast::UnaryOp::USub) => {
                        Known::new(Value::Int(number.wrapping_neg()))
                    }
                    _ => self.opaque(),
                }
            }
            Expr::Compare(compare) => {
                self.expression(&compare.left);
                for right in &compare.comparators {
                    self.expression(right);
                }
                self.opaque()
            }
            Expr::If(choice) => {
                self.expression(&choice.test);
                let one = self.expression(&choice.body);
                let other = self.expression(&choice.orelse);
                let marks = one.marks.with(other.marks);
                let kept = if matches!(one.value, Value::Opaque(_)) { other } else { one };
                kept.marked(marks)
            }
            Expr::List(list) => self.many(&list.elts),
            Expr::Tuple(tuple) => self.many(&tuple.elts),
            Expr::Set(set) => self.many(&set.elts),
            Expr::Dict(dict) => {
                let (mut items, mut parts) = (Vec::new(), 0);
                for item in &dict.items {
                    let key = item.key.as_ref().map(|key| self.expression(key));
                    let value = self.expression(&item.value);
                    let value = self.within(value, &mut parts);
                    items.push((key.as_ref().and_then(Known::literal).unwrap_or_default().to_owned(), value));
                }
                Known::new(Value::Mapping(items))
            }
            Expr::ListComp(comprehension) => {
                self.comprehension(&comprehension.elt, &comprehension.generators)
            }
            Expr::SetComp(comprehension) => self.comprehension(&comprehension.elt, &comprehension.generators),
            Expr::Generator(comprehension) => {
                self.comprehension(&comprehension.elt, &comprehension.generators)
            }
            Expr::DictComp(comprehension) => {
                self.comprehension(&comprehension.value, &comprehension.generators)
            }
            Expr::Lambda(lambda) => {
                let index = self.bodies.len();
                self.bodies.push(Body::Lambda(lambda));
                self.visited.push(false);
                let place = std::mem::replace(&mut self.place, Place::Deferred);
                self.invoke(index, &[], &[], None);
                self.place = place;
                Known::new(Value::Function(index))
            }
            Expr::Named(named) => {
                let value = self.expression(&named.value);
                self.assign(&named.target, &value);
                value
            }
            Expr::Await(awaited) => self.expression(&awaited.value),
            Expr::Starred(starred) => self.expression(&starred.value),
            Expr::Yield(yielded) => {
                if let Some(value) = &yielded.value {
                    self.expression(value);
                }
                self.opaque()
            }
            Expr::YieldFrom(yielded) => {
                self.expression(&yielded.value);
                self.opaque()
            }
            Expr::Slice(slice) => {
                for part in [&slice.lower, &slice.upper, &slice.step].into_iter().flatten() {
                    self.expression(part);
                }
                self.opaque()
            }
            _ => self.opaque(),
        }
    }

    fn many(&mut self, elements: &'a [Expr]) -> Known {
        let (mut items, mut parts) = (Vec::with_capacity(elements.len()), 0);
        for element in elements {
            let value = self.expression(element);
            items.push(self.within(value, &mut parts));
        }
        Known::new(Value::Many(items))
    }

    /// An element, or what is left of it where the elements before it hold as much as is followed.
    fn within(&mut self, element: Known, parts: &mut usize) -> Known {
        *parts = parts.saturating_add(element.parts());
        if *parts <= MOST_PARTS {
            return element;
        }
        let marks = element.all_marks();
        self.opaque().marked(marks)
    }

    fn format_string(&mut self, text: &'a ruff_python_ast::ExprFString) -> Known {
        let mut out = String::new();
        let mut marks = Marks::NONE;
        for part in text.value.iter() {
            match part {
                FStringPart::Literal(literal) => out.push_str(literal.as_str()),
                FStringPart::FString(format) => {
                    for element in &format.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => out.push_str(&literal.value),
                            InterpolatedStringElement::Interpolation(inner) => {
                                let value = self.expression(&inner.expression);
                                marks = marks.with(value.all_marks());
                                out.push_str(&value.piece());
                            }
                        }
                    }
                }
            }
        }
        out.truncate(out.floor_char_boundary(fold::LONGEST));
        Known::text(out).marked(marks)
    }

    fn attribute(&mut self, value: &Known, name: &str) -> Known {
        match &value.value {
            Value::Name(owner) if owner == "builtins.__builtins__" => Known::name(format!("builtins.{name}")),
            Value::Name(owner) | Value::Instance(owner) => {
                let dotted = format!("{owner}.{name}");
                let marks = if dotted == "os.environ" { Marks::SECRET } else { Marks::NONE };
                Known::name(dotted).marked(value.marks.with(marks))
            }
            Value::Object(class) => {
                if let Some(known) = self.attributes.get(name) {
                    return known.clone();
                }
                match self.methods.get(&(*class, name)) {
                    Some(index) => Known::new(Value::Function(*index)),
                    None => self.opaque(),
                }
            }
            _ => self.opaque().marked(value.all_marks()),
        }
    }

    fn subscript(&mut self, subscript: &'a ruff_python_ast::ExprSubscript) -> Known {
        let value = self.expression(&subscript.value);
        if let (Expr::Slice(slice), Some(text)) = (&*subscript.slice, value.literal()) {
            let reversed = matches!(slice.step.as_deref(), Some(Expr::UnaryOp(step))
                if matches!(step.op, ruff_python_ast::UnaryOp::USub))
                && slice.lower.is_none()
                && slice.upper.is_none();
            if reversed {
                return Known::text(fold::backwards(text)).marked(value.marks.with(Marks::ASSEMBLED));
            }
        }
        let key = self.expression(&subscript.slice);
        match (&value.value, &key.value) {
            (Value::Many(items), Value::Int(index)) => {
                let index = match usize::try_from(*index) {
                    Ok(index) => Some(index),
                    Err(_) => usize::try_from(index.unsigned_abs())
                        .ok()
                        .and_then(|back| items.len().checked_sub(back)),
                };
                index.and_then(|index| items.get(index)).cloned().unwrap_or_else(|| self.opaque())
            }
            (Value::Mapping(items), _) => {
                let found = key.literal().and_then(|key| items.iter().find(|(name, _)| name == key));
                match found {
                    Some((_, known)) => known.clone(),
                    None => self.opaque().marked(value.all_marks()),
                }
            }
            (Value::Name(owner), _) if owner == "os.environ" => self.environment(&key),
            (Value::Name(owner) | Value::Instance(owner), Value::Text(_)) => {
                match (owner.as_str(), key.literal()) {
                    ("sys.modules", Some(module)) => Known::name(module).marked(Marks::LOOKED_UP),
                    ("builtins.globals()" | "builtins.locals()" | "builtins.vars()", Some(name)) => {
                        self.lookup(name).marked(Marks::LOOKED_UP)
                    }
                    (owner, Some(name)) if owner.ends_with(".__dict__") => {
                        let module = owner.trim_end_matches(".__dict__");
                        let module = module.strip_suffix(".__builtins__").unwrap_or(module);
                        Known::name(format!("{module}.{name}")).marked(Marks::LOOKED_UP)
                    }
                    ("builtins.__builtins__", Some(name)) => {
                        Known::name(format!("builtins.{name}")).marked(Marks::LOOKED_UP)
                    }
                    _ => self.opaque().marked(value.marks),
                }
            }
            _ => self.opaque().marked(value.all_marks()),
        }
    }

    fn environment(&mut self, key: &Known) -> Known {
        let is_token = key
            .literal()
            .is_some_and(|key| TOKEN_NAMES.iter().any(|part| key.to_ascii_uppercase().contains(part)));
        self.opaque().marked(if is_token { Marks::TOKEN } else { Marks::NONE })
    }

    /// A chain of `+` is followed from the left without recursion: payloads are often cut into hundreds of pieces.
    fn operation(&mut self, operation: &'a ruff_python_ast::ExprBinOp) -> Known {
        let mut chain = vec![operation];
        let mut left = &*operation.left;
        while let Expr::BinOp(inner) = left {
            chain.push(inner);
            left = &inner.left;
        }
        let mut value = self.expression(left);
        for step in chain.into_iter().rev() {
            let right = self.expression(&step.right);
            let marks = value.all_marks().with(right.all_marks());
            let joined = match step.op {
                Operator::Add => fold::joined(&value, &right, ""),
                Operator::Div
                    if matches!(value.value, Value::Text(_) | Value::Opaque(_) | Value::Instance(_)) =>
                {
                    match &value.value {
                        Value::Instance(name) if name == "pathlib.Path.home()" => {
                            fold::joined(&Known::text("~"), &right, "/")
                        }
                        _ => fold::joined(&value, &right, "/"),
                    }
                }
                Operator::Mod => filled(&value, &right),
                Operator::Sub => numbers(&value, &right, i64::checked_sub),
                Operator::BitXor => numbers(&value, &right, |one, two| Some(one ^ two)),
                Operator::Mult => numbers(&value, &right, i64::checked_mul),
                _ => None,
            };
            value = match joined {
                Some(joined) => joined.marked(marks),
                None => self.opaque().marked(marks),
            };
        }
        value
    }

    fn comprehension(
        &mut self,
        element: &'a Expr,
        generators: &'a [ruff_python_ast::Comprehension],
    ) -> Known {
        self.scopes.push(HashMap::new());
        let mut known = None;
        for (position, generator) in generators.iter().enumerate() {
            let iterated = self.expression(&generator.iter);
            let elements = match &iterated.value {
                Value::Many(items) => Some(items.clone()),
                Value::Bytes(bytes) => {
                    Some(bytes.iter().map(|byte| Known::new(Value::Int(i64::from(*byte)))).collect())
                }
                Value::Text(_) => iterated.literal().map(|text| {
                    text.chars().take(MOST_ELEMENTS).map(|c| Known::text(c.to_string())).collect()
                }),
                _ => None,
            };
            let single = position == 0 && generators.len() == 1 && generator.ifs.is_empty();
            if let Some(elements) = elements.filter(|elements| single && elements.len() <= MOST_ELEMENTS) {
                let (mut items, mut parts) = (Vec::with_capacity(elements.len()), 0);
                for one in elements {
                    self.assign(&generator.target, &one);
                    let value = self.expression(element);
                    items.push(self.within(value, &mut parts));
                }
                known = Some(Known::new(Value::Many(items)).marked(iterated.marks));
            } else {
                let one = self.element(&iterated);
                self.assign(&generator.target, &one);
                for condition in &generator.ifs {
                    self.expression(condition);
                }
            }
        }
        let result = match known {
            Some(known) => known,
            None => {
                let one = self.expression(element);
                self.opaque().marked(one.all_marks())
            }
        };
        self.scopes.pop();
        result
    }

    fn call(&mut self, call: &'a ruff_python_ast::ExprCall) -> Known {
        let (callee, receiver) = match &*call.func {
            Expr::Attribute(attribute) => {
                let receiver = self.expression(&attribute.value);
                let is_self = matches!(&*attribute.value, Expr::Name(name) if matches!(name.id.as_str(), "self" | "cls"));
                let callee = if is_self {
                    self.own_method(attribute.attr.as_str())
                } else {
                    self.attribute(&receiver, attribute.attr.as_str())
                };
                (callee, Some((receiver, attribute.attr.as_str())))
            }
            Expr::Lambda(lambda) => {
                let index = self.bodies.len();
                self.bodies.push(Body::Lambda(lambda));
                self.visited.push(false);
                (Known::new(Value::Function(index)), None)
            }
            other => (self.expression(other), None),
        };
        let arguments: Vec<Known> =
            call.arguments.args.iter().map(|argument| self.expression(argument)).collect();
        let mut keywords = Vec::new();
        for keyword in &call.arguments.keywords {
            let value = self.expression(&keyword.value);
            match (&keyword.arg, value) {
                (Some(name), value) => keywords.push((name.as_str().to_owned(), value)),
                (None, Known { value: Value::Mapping(items), .. }) => keywords.extend(items),
                (None, value) => keywords.push((String::new(), value)),
            }
        }
        let line = self.line(call);
        if let Some((receiver, method)) = &receiver {
            if let Some(folded) = fold::method(receiver, method, &arguments) {
                return folded;
            }
            self.note_method(receiver, method, &arguments, line);
        }
        let given = arguments.iter().chain(keywords.iter().map(|(_, value)| value));
        let marks = given.fold(callee.marks, |marks, value| marks.with(value.all_marks()));
        match &callee.value {
            Value::Function(index) => {
                let object = receiver.map(|(receiver, _)| receiver).filter(|_| self.is_method(*index));
                self.invoke(*index, &arguments, &keywords, object)
            }
            Value::Class(class) => {
                let object = Known::new(Value::Object(*class));
                if let Some(index) = self.methods.get(&(*class, "__init__")).copied() {
                    self.invoke(index, &arguments, &keywords, Some(object.clone()));
                }
                object
            }
            Value::Name(name) => {
                let name = name.clone();
                self.named_call(&name, &callee, arguments, keywords, line, marks)
            }
            _ => {
                let receiver_marks = match &receiver {
                    Some((receiver, method)) if method.starts_with("read") => {
                        receiver.all_marks().with(credential_file(Some(receiver)))
                    }
                    Some((receiver, _)) => receiver.all_marks(),
                    None => Marks::NONE,
                };
                self.indirect(&arguments, &keywords, line);
                self.opaque().marked(marks.with(receiver_marks))
            }
        }
    }

    fn is_method(&self, index: usize) -> bool {
        self.methods.values().any(|method| *method == index)
    }

    /// `self.name(…)`: a method of whichever class of the file has it.
    fn own_method(&mut self, name: &str) -> Known {
        let found = self.methods.iter().find(|((_, method), _)| *method == name).map(|(_, index)| *index);
        match found {
            Some(index) => Known::new(Value::Function(index)),
            None => match self.attributes.get(name) {
                Some(known) => known.clone(),
                None => self.opaque(),
            },
        }
    }

    /// A call of something imported or built in.
    fn named_call(
        &mut self,
        name: &str,
        callee: &Known,
        arguments: Vec<Known>,
        keywords: Vec<(String, Known)>,
        line: u32,
        marks: Marks,
    ) -> Known {
        if let Some(looked_up) = self.look_up(name, &arguments) {
            return looked_up;
        }
        if let Some(folded) = fold::function(name, &arguments) {
            return folded;
        }
        if matches!(name, "os.environ.get" | "os.getenv" | "os.environ.pop" | "os.environ.setdefault")
            && let Some(key) = arguments.first()
        {
            return self.environment(&key.clone());
        }
        self.indirect(&arguments, &keywords, line);
        let kind = capability(name);
        let keep = kind.is_some() || keywords.iter().any(|(key, _)| key == "trust_remote_code");
        if keep {
            let callee_marks = callee.marks;
            if matches!(name, "builtins.exec" | "builtins.eval") || name == "builtins.execfile" {
                self.note_nested(arguments.first(), line);
            }
            self.record(Call {
                callee: name.to_owned(),
                marks: callee_marks,
                arguments: arguments.clone(),
                keywords,
                line,
                place: self.place.clone(),
            });
        }
        let source = match kind {
            Some(Capability::Fetch) => Marks::DOWNLOADED,
            _ if name == "builtins.compile" => {
                return arguments.into_iter().next().unwrap_or_else(|| self.opaque());
            }
            _ if name.contains("decode") || name.contains("decompress") || name == "marshal.loads" => {
                Marks::DECODED
            }
            Some(Capability::Open) => credential_file(arguments.first()),
            _ => Marks::NONE,
        };
        if let (Some(Capability::Open), Some(path)) = (kind, arguments.first()) {
            // An opened file does not become secret or downloaded by the name it is opened with.
            return Known::new(Value::File(path.piece())).marked(source);
        }
        Known::new(Value::Instance(format!("{name}()"))).marked(marks.with(source))
    }

    /// `getattr(os, "system")`, `__import__("os")`, `importlib.import_module("os")`.
    fn look_up(&mut self, name: &str, arguments: &[Known]) -> Option<Known> {
        let first = arguments.first()?;
        match name {
            "builtins.__import__" | "importlib.import_module" | "importlib.__import__" => {
                let module = first.literal()?;
                Some(Known::name(module).marked(first.marks.with(Marks::LOOKED_UP)))
            }
            "builtins.getattr" => {
                let attribute = arguments.get(1)?;
                let known = self.attribute(first, attribute.literal()?);
                Some(known.marked(first.marks.with(attribute.marks).with(Marks::LOOKED_UP)))
            }
            "builtins.vars" => {
                let module = first.dotted()?;
                Some(Known::name(format!("{module}.__dict__")))
            }
            "functools.partial" => {
                let callee = first.dotted()?;
                capability(callee)?;
                Some(first.clone())
            }
            _ => None,
        }
    }

    /// A dangerous callable that is handed to another one, which will call it: `Thread(target=os.system, args=…)`.
    fn indirect(&mut self, arguments: &[Known], keywords: &[(String, Known)], line: u32) {
        let positions = arguments.iter().enumerate().map(|(position, value)| (Some(position), value));
        let named = keywords.iter().filter(|(key, _)| matches!(key.as_str(), "target" | "func" | "function"));
        for (position, value) in positions.chain(named.map(|(_, value)| (None, value))) {
            let Some(name) = value.dotted() else { continue };
            if !matches!(
                capability(name),
                Some(Capability::Execute | Capability::Shell | Capability::Process)
            ) {
                continue;
            }
            let passed = match position {
                Some(position) => arguments.get(position + 1..).unwrap_or_default().to_vec(),
                None => match keywords.iter().find(|(key, _)| key == "args").map(|(_, value)| &value.value) {
                    Some(Value::Many(items)) => items.clone(),
                    _ => Vec::new(),
                },
            };
            let passed = match passed.as_slice() {
                // map(os.system, ["…"]) calls it with each element.
                [Known { value: Value::Many(items), .. }] if name == "os.system" => items.clone(),
                _ => passed,
            };
            self.record(Call {
                callee: name.to_owned(),
                marks: value.marks,
                arguments: passed,
                keywords: Vec::new(),
                line,
                place: self.place.clone(),
            });
        }
    }

    /// Reading and writing through a path or an opened file.
    fn note_method(&mut self, receiver: &Known, method: &str, arguments: &[Known], line: u32) {
        let writes = matches!(method, "write" | "write_text" | "write_bytes" | "writelines");
        let path = match &receiver.value {
            Value::File(path) | Value::Text(path) if writes => Known::text(path.clone()),
            _ => return,
        };
        self.record(Call {
            callee: format!("file.{method}"),
            marks: receiver.marks,
            arguments: [&[path], arguments].concat(),
            keywords: Vec::new(),
            line,
            place: self.place.clone(),
        });
    }

    fn note_nested(&mut self, code: Option<&Known>, line: u32) {
        let source = match code.map(|code| &code.value) {
            Some(Value::Text(text)) => super::value::without_holes(text),
            Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => return,
        };
        if self.found.nested.len() < 64 {
            self.found.nested.push(Nested { source, line, place: self.place.clone() });
        }
    }
}

/// `"…%s…" % value`.
fn filled(template: &Known, values: &Known) -> Option<Known> {
    let Value::Text(text) = &template.value else { return None };
    let given: Vec<&Known> = match &values.value {
        Value::Many(items) => items.iter().collect(),
        _ => vec![values],
    };
    let mut given = given.into_iter();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic() || c == '%')?;
        if after.get(end..).is_some_and(|tail| tail.starts_with('%')) {
            out.push('%');
        } else {
            out.push_str(&given.next().map_or_else(|| format!("{HOLE}\u{2}"), Known::piece));
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    (out.len() <= fold::LONGEST).then(|| Known::text(out))
}

fn numbers(left: &Known, right: &Known, operation: impl Fn(i64, i64) -> Option<i64>) -> Option<Known> {
    match (&left.value, &right.value) {
        (Value::Int(one), Value::Int(two)) => Some(Known::new(Value::Int(operation(*one, *two)?))),
        _ => None,
    }
}

/// Files whose content is a credential.
const CREDENTIAL_FILES: &[&str] = &[
    ".ssh/id_",
    ".aws/credentials",
    ".netrc",
    ".git-credentials",
    ".docker/config.json",
    ".kube/config",
    "huggingface/token",
    ".huggingface/token",
    "/etc/shadow",
    "/etc/passwd",
    ".npmrc",
    ".pypirc",
    ".config/gcloud",
    "application_default_credentials.json",
    "Login Data",
    "/proc/self/environ",
];

fn credential_file(path: Option<&Known>) -> Marks {
    match path.map(|path| &path.value) {
        Some(Value::Text(path)) if CREDENTIAL_FILES.iter().any(|part| path.contains(part)) => Marks::SECRET,
        _ => Marks::NONE,
    }
}
