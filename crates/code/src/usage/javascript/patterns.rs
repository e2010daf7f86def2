//! What binds names: patterns, parameters, classes.

use tree_sitter::Node;

use super::{
    super::program::{ScopeId, ScopeKind, Shape, ValueId},
    Reader,
};

impl<'a> Reader<'a> {
    /// Binds the names of a pattern to the parts of a value.
    pub(super) fn pattern(&mut self, pattern: Node<'_>, value: ValueId) {
        self.deeper(|reader| reader.pattern_inside(pattern, value));
    }

    pub(super) fn pattern_inside(&mut self, pattern: Node<'_>, value: ValueId) {
        match pattern.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => self.bind(self.text(pattern), value),
            "object_pattern" => {
                for part in Self::children(pattern) {
                    match part.kind() {
                        "shorthand_property_identifier_pattern" => {
                            let name = self.text(part);
                            let inner = self.make(Shape::Attribute(value, name.to_owned()), part);
                            self.bind(name, inner);
                        }
                        "pair_pattern" => {
                            if let (Some(key), Some(target)) =
                                (Self::field(part, "key"), Self::field(part, "value"))
                            {
                                let name = self.text(key).trim_matches(['"', '\'']).to_owned();
                                let inner = self.make(Shape::Attribute(value, name), part);
                                self.pattern(target, inner);
                            }
                        }
                        "object_assignment_pattern" => {
                            if let (Some(left), Some(right)) =
                                (Self::field(part, "left"), Self::field(part, "right"))
                            {
                                let name = self.text(left);
                                let inner = self.make(Shape::Attribute(value, name.to_owned()), left);
                                let default = self.expression(right);
                                let either = self.make(Shape::Either(vec![inner, default]), part);
                                self.bind(name, either);
                            }
                        }
                        _ => {}
                    }
                }
            }
            "array_pattern" => {
                let parts = match self.program.shape(value) {
                    Shape::List(parts) => parts.clone(),
                    _ => Vec::new(),
                };
                for (index, target) in Self::children(pattern).into_iter().enumerate() {
                    let part = parts.get(index).copied();
                    let part = part.unwrap_or_else(|| self.make(Shape::AnyOf(value), target));
                    self.pattern(target, part);
                }
            }
            "assignment_pattern" => {
                if let (Some(left), Some(right)) =
                    (Self::field(pattern, "left"), Self::field(pattern, "right"))
                {
                    let default = self.expression(right);
                    let either = self.make(Shape::Either(vec![value, default]), pattern);
                    self.pattern(left, either);
                }
            }
            "lexical_declaration" | "variable_declaration" => {
                for declarator in Self::children(pattern) {
                    if let Some(name) = Self::field(declarator, "name") {
                        self.pattern(name, value);
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn function(&mut self, node: Node<'_>, name: &str) -> ValueId {
        let mut element = self.element.take();
        let inner = self.program.scope(self.scope, ScopeKind::Function, name, Self::line(node));
        let local = self.make(Shape::Local(inner), node);
        if let Some(parameter) = Self::field(node, "parameter") {
            self.parameter(parameter, element.take(), inner, 0);
        }
        if let Some(parameters) = Self::field(node, "parameters") {
            for (position, parameter) in Self::children(parameters).into_iter().enumerate() {
                let pattern = Self::field(parameter, "pattern").unwrap_or(parameter);
                let default = Self::field(parameter, "value").map(|default| self.expression(default));
                let value = self.parameter(pattern, default.or(element.take()), inner, position);
                // `constructor(private readonly model = "x")` declares a field.
                let first = parameter.child(0).map(|first| first.kind());
                if let (Some("accessibility_modifier" | "readonly" | "override_modifier"), Some(class)) =
                    (first, self.program.class_around(self.scope))
                {
                    self.program.bind(class, self.text(pattern), value, false);
                }
            }
        }
        let outer = std::mem::replace(&mut self.scope, inner);
        let conditional = std::mem::replace(&mut self.conditional, false);
        if let Some(body) = Self::field(node, "body") {
            if body.kind() == "statement_block" {
                self.deeper(|reader| reader.statements(body));
            } else {
                let value = self.expression(body);
                if let Some(scope) = self.program.scopes.get_mut(inner) {
                    scope.returns.push(value);
                }
            }
        }
        self.conditional = conditional;
        self.scope = outer;
        local
    }

    pub(super) fn parameter(
        &mut self,
        pattern: Node<'_>,
        default: Option<ValueId>,
        function: ScopeId,
        position: usize,
    ) -> ValueId {
        let name = if pattern.kind() == "identifier" { self.text(pattern) } else { "" };
        let shape = Shape::Parameter { function, position, name: name.to_owned(), default, class: None };
        let value = self.make(shape, pattern);
        let outer = std::mem::replace(&mut self.scope, function);
        let conditional = std::mem::replace(&mut self.conditional, false);
        // An end of its own for what callers do not say.
        self.bind(name, value);
        if name.is_empty() {
            self.pattern(pattern, value);
        }
        self.conditional = conditional;
        self.scope = outer;
        value
    }

    pub(super) fn class(&mut self, node: Node<'_>, name: &str) -> ValueId {
        let mut bases = Vec::new();
        for heritage in Self::children(node).into_iter().filter(|child| child.kind() == "class_heritage") {
            for clause in Self::children(heritage) {
                match Self::field(clause, "value") {
                    Some(value) => bases.push(self.expression(value)),
                    None if clause.kind() != "implements_clause" => bases.push(self.expression(clause)),
                    None => {}
                }
            }
        }
        let inner = self.program.scope(self.scope, ScopeKind::Class, name, Self::line(node));
        if let Some(scope) = self.program.scopes.get_mut(inner) {
            scope.bases = bases;
        }
        let local = self.make(Shape::Local(inner), node);
        let outer = std::mem::replace(&mut self.scope, inner);
        let conditional = std::mem::replace(&mut self.conditional, false);
        for member in Self::field(node, "body").map(Self::children).unwrap_or_default() {
            let Some(name) = Self::field(member, "name").map(|name| self.text(name)) else { continue };
            match member.kind() {
                "method_definition" => {
                    let method = self.function(member, name);
                    self.bind(name, method);
                }
                "public_field_definition" | "field_definition" => {
                    if let Some(value) = Self::field(member, "value") {
                        let value = self.expression(value);
                        self.bind(name, value);
                    }
                }
                _ => {}
            }
        }
        self.conditional = conditional;
        self.scope = outer;
        local
    }
}
