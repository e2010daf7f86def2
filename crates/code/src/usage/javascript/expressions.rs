//! Expressions, each reduced to one value.

use tree_sitter::Node;

use super::{
    super::program::{Call, Shape, ValueId},
    DEPTH, EACH, Reader, module_path,
};

impl<'a> Reader<'a> {
    pub(super) fn expression(&mut self, node: Node<'_>) -> ValueId {
        if self.depth >= DEPTH || self.program.cut {
            return self.make(Shape::Unknown, node);
        }
        self.depth = self.depth.saturating_add(1);
        let value = self.reduce(node);
        self.depth = self.depth.saturating_sub(1);
        value
    }

    pub(super) fn reduce(&mut self, node: Node<'_>) -> ValueId {
        let shape = match node.kind() {
            "string" => Shape::Text(self.string(node)),
            "template_string" => Shape::Joined(self.template(node)),
            "identifier" | "shorthand_property_identifier" => Shape::Name(self.text(node).to_owned()),
            "this" => Shape::Name("this".to_owned()),
            "member_expression" => {
                let base = Self::field(node, "object").map(|object| self.expression(object));
                let name =
                    Self::field(node, "property").map(|property| self.text(property)).unwrap_or_default();
                match base {
                    Some(base) => Shape::Attribute(base, name.to_owned()),
                    None => Shape::Unknown,
                }
            }
            "subscript_expression" => match (Self::field(node, "object"), Self::field(node, "index")) {
                (Some(object), Some(index)) => {
                    let object = self.expression(object);
                    Shape::Index(object, self.expression(index))
                }
                _ => Shape::Unknown,
            },
            "call_expression" => return self.call(node, "function"),
            "new_expression" => return self.call(node, "constructor"),
            "array" => {
                Shape::List(Self::children(node).into_iter().map(|child| self.expression(child)).collect())
            }
            "object" => Shape::Dict(self.object(node)),
            "binary_expression" => return self.binary(node),
            "ternary_expression" => {
                if let Some(condition) = Self::field(node, "condition") {
                    self.expression(condition);
                }
                let arms = ["consequence", "alternative"];
                let arms = arms.into_iter().filter_map(|arm| Self::field(node, arm)).collect::<Vec<_>>();
                Shape::Either(arms.into_iter().map(|arm| self.expression(arm)).collect())
            }
            "assignment_expression" | "augmented_assignment_expression" => return self.assignment(node),
            "arrow_function" | "function_expression" | "generator_function" => {
                return self.function(node, "");
            }
            "class" => return self.class(node, ""),
            "null" | "undefined" | "false" => Shape::Nothing,
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "type_assertion"
            | "spread_element"
            | "yield_expression"
            | "sequence_expression" => {
                let parts = Self::children(node);
                let value = if matches!(node.kind(), "type_assertion" | "sequence_expression") {
                    parts.last()
                } else {
                    parts.first()
                };
                match value {
                    Some(value) => return self.expression(*value),
                    None => Shape::Unknown,
                }
            }
            "type_arguments" | "type_annotation" | "comment" | "regex" | "true" => Shape::Unknown,
            "number" => self.text(node).parse().map_or(Shape::Unknown, Shape::Number),
            _ => {
                // Elements and whatever else holds expressions.
                for child in Self::children(node) {
                    self.deeper(|reader| reader.statement(child));
                }
                Shape::Unknown
            }
        };
        self.make(shape, node)
    }

    pub(super) fn binary(&mut self, node: Node<'_>) -> ValueId {
        let operator = Self::field(node, "operator").map(|operator| self.text(operator)).unwrap_or_default();
        let sides = [Self::field(node, "left"), Self::field(node, "right")];
        let parts: Vec<ValueId> = sides.into_iter().flatten().map(|side| self.expression(side)).collect();
        let shape = match operator {
            "+" => Shape::Joined(parts),
            "||" | "??" => Shape::Either(parts),
            "&&" => Shape::Either(parts.last().copied().into_iter().collect()),
            _ => Shape::Unknown,
        };
        self.make(shape, node)
    }

    pub(super) fn assignment(&mut self, node: Node<'_>) -> ValueId {
        let (Some(left), Some(right)) = (Self::field(node, "left"), Self::field(node, "right")) else {
            return self.make(Shape::Unknown, node);
        };
        let value = self.expression(right);
        match left.kind() {
            "member_expression" => {
                let object = Self::field(left, "object");
                let name = Self::field(left, "property").map(|name| self.text(name)).unwrap_or_default();
                let on_this = object.is_some_and(|object| object.kind() == "this");
                match (self.program.class_around(self.scope), object) {
                    (Some(class), _) if on_this => self.program.bind(class, name, value, self.conditional),
                    (_, Some(object)) if object.kind() == "identifier" => {
                        let whole = format!("{}.{name}", self.text(object));
                        self.bind(&whole, value);
                    }
                    _ => {}
                }
            }
            _ => self.pattern(left, value),
        }
        value
    }

    pub(super) fn object(&mut self, node: Node<'_>) -> Vec<(Option<ValueId>, ValueId)> {
        let mut entries = Vec::new();
        for part in Self::children(node) {
            match part.kind() {
                "pair" => {
                    if let (Some(key), Some(value)) = (Self::field(part, "key"), Self::field(part, "value")) {
                        let key = self.key(key);
                        entries.push((Some(key), self.expression(value)));
                    }
                }
                "shorthand_property_identifier" => {
                    let key = self.make(Shape::Text(self.text(part).to_owned()), part);
                    entries.push((Some(key), self.expression(part)));
                }
                "spread_element" => entries.push((None, self.expression(part))),
                "method_definition" => {
                    let name = Self::field(part, "name").map(|name| self.text(name)).unwrap_or_default();
                    let key = self.make(Shape::Text(name.to_owned()), part);
                    entries.push((Some(key), self.function(part, name)));
                }
                _ => {}
            }
        }
        entries
    }

    pub(super) fn key(&mut self, key: Node<'_>) -> ValueId {
        match key.kind() {
            "string" => self.make(Shape::Text(self.string(key)), key),
            "computed_property_name" => match Self::children(key).first() {
                Some(inner) => self.expression(*inner),
                None => self.make(Shape::Unknown, key),
            },
            _ => self.make(Shape::Text(self.text(key).to_owned()), key),
        }
    }

    pub(super) fn call(&mut self, node: Node<'_>, callee: &str) -> ValueId {
        let Some(callee) = Self::field(node, callee) else { return self.make(Shape::Unknown, node) };
        let arguments =
            Self::field(node, "arguments").map(|arguments| (arguments.kind(), Self::children(arguments)));
        // `require("openai")` and `await import("openai")`.
        if let Some((_, arguments)) = &arguments
            && (callee.kind() == "import" || self.text(callee) == "require")
            && let Some(first) = arguments.first().filter(|first| first.kind() == "string")
        {
            let module = module_path(&self.string(*first));
            self.program.imports.push(module.clone());
            return self.make(Shape::Imported(module), node);
        }
        let callee = self.expression(callee);
        let each = match self.program.shape(callee) {
            Shape::Attribute(list, name) if EACH.contains(&name.as_str()) => Some(*list),
            _ => None,
        };
        let mut positional = Vec::new();
        match arguments {
            // A tagged template.
            Some(("template_string", _)) | None => {}
            Some((_, arguments)) => {
                for argument in arguments {
                    if let Some(list) = each.filter(|_| argument.kind().contains("function")) {
                        self.element = Some(self.make(Shape::AnyOf(list), argument));
                    }
                    let value = self.expression(argument);
                    self.element = None;
                    match (argument.kind(), self.program.shape(value)) {
                        ("spread_element", Shape::List(parts)) => positional.extend(parts.clone()),
                        ("spread_element", _) => break,
                        _ => positional.push(value),
                    }
                }
            }
        }
        self.make(Shape::Call(Call { callee, positional, named: Vec::new(), spread: Vec::new() }), node)
    }

    /// A string without its quotes, escapes taken for what they mean.
    pub(super) fn string(&self, node: Node<'_>) -> String {
        let mut out = String::new();
        for part in Self::children(node) {
            match part.kind() {
                "escape_sequence" => out.push(escaped(self.text(part))),
                _ => out.push_str(self.text(part)),
            }
        }
        out
    }

    pub(super) fn template(&mut self, node: Node<'_>) -> Vec<ValueId> {
        let mut parts = Vec::new();
        let mut at = node.start_byte().saturating_add(1);
        let end = node.end_byte().saturating_sub(1);
        for child in Self::children(node).into_iter().filter(|child| child.kind() == "template_substitution")
        {
            let before = self.source.get(at..child.start_byte()).unwrap_or_default();
            if !before.is_empty() {
                parts.push(self.make(Shape::Text(before.to_owned()), child));
            }
            let inner = Self::children(child).first().map(|inner| self.expression(*inner));
            parts.push(inner.unwrap_or_else(|| self.make(Shape::Unknown, child)));
            at = child.end_byte();
        }
        let rest = self.source.get(at..end).unwrap_or_default();
        if !rest.is_empty() {
            parts.push(self.make(Shape::Text(rest.to_owned()), node));
        }
        parts
    }
}

fn escaped(sequence: &str) -> char {
    match sequence.chars().nth(1) {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some(other @ ('\\' | '\'' | '"' | '`' | '/')) => other,
        _ => '\u{fffd}',
    }
}
