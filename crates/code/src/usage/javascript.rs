//! JavaScript and TypeScript, parsed by tree-sitter, reduced to a [`Program`].
//!
//! tree-sitter goes on behind what it does not understand, so a broken file gives what the rest of it uses.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, Parser};

use super::program::{Call, Program, ScopeId, ScopeKind, Shape, ValueId};

/// Deeper expressions are unknown.
const DEPTH: usize = 200;

/// Methods of lists that call a function with each element.
const EACH: &[&str] = &["map", "forEach", "flatMap", "filter", "some", "every", "find"];

/// Which grammar reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// TypeScript, where `<T>x` is a type assertion.
    TypeScript,
    /// JavaScript and TypeScript with elements, where it begins an element.
    Elements,
}

/// Parses and reduces a source; `None` when parsing was interrupted.
pub(crate) fn program(source: &str, grammar: Grammar, interrupted: &dyn Fn() -> bool) -> Option<Program> {
    let language = match grammar {
        Grammar::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        Grammar::Elements => tree_sitter_typescript::LANGUAGE_TSX,
    };
    let mut parser = Parser::new();
    parser.set_language(&language.into()).ok()?;
    let bytes = source.as_bytes();
    let mut read = |offset: usize, _| bytes.get(offset..).unwrap_or_default();
    let mut progress = |_: &tree_sitter::ParseState| {
        if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let tree = parser.parse_with_options(&mut read, None, Some(options))?;
    let mut reader =
        Reader { program: Program::new(), source, scope: 0, conditional: false, depth: 0, element: None };
    reader.statements(tree.root_node());
    Some(reader.program)
}

/// A module's name as a path: `@modelcontextprotocol/sdk/server/mcp.js` is `@modelcontextprotocol/sdk.server.mcp`.
fn module_path(name: &str) -> String {
    if name.starts_with(['.', '/', '~', '#']) || name.starts_with("@/") {
        return ".local".to_owned();
    }
    let name = name.strip_prefix("npm:").or_else(|| name.strip_prefix("jsr:")).unwrap_or(name);
    let name = name.trim_end_matches(".js").trim_end_matches(".mjs");
    let parts = if name.starts_with('@') { 2 } else { 1 };
    let mut path = String::new();
    for (index, part) in name.split('/').enumerate() {
        if index > 0 {
            path.push(if index < parts { '/' } else { '.' });
        }
        // `npm:openai@4` names a version.
        let part =
            part.split_once('@').filter(|(before, _)| !before.is_empty()).map_or(part, |(before, _)| before);
        path.push_str(part);
    }
    path
}

struct Reader<'a> {
    program: Program,
    source: &'a str,
    scope: ScopeId,
    conditional: bool,
    depth: usize,
    /// What the next function is called with: the elements of a list, for `xs.map((x) => …)`.
    element: Option<ValueId>,
}

impl<'a> Reader<'a> {
    fn text(&self, node: Node<'_>) -> &'a str {
        self.source.get(node.byte_range()).unwrap_or_default()
    }

    fn line(node: Node<'_>) -> u32 {
        u32::try_from(node.start_position().row.saturating_add(1)).unwrap_or(u32::MAX)
    }

    fn make(&mut self, shape: Shape, node: Node<'_>) -> ValueId {
        self.program.value(shape, Self::line(node), self.scope)
    }

    fn bind(&mut self, name: &str, value: ValueId) {
        self.program.bind(self.scope, name, value, self.conditional);
    }

    fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
    }

    fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
        node.child_by_field_name(name)
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self)) {
        if self.depth < DEPTH && !self.program.cut {
            self.depth = self.depth.saturating_add(1);
            read(self);
            self.depth = self.depth.saturating_sub(1);
        }
    }

    fn statements(&mut self, node: Node<'_>) {
        for child in Self::children(node) {
            self.deeper(|reader| reader.statement(child));
        }
    }

    fn branch(&mut self, node: Node<'_>) {
        let before = std::mem::replace(&mut self.conditional, true);
        self.deeper(|reader| reader.statement(node));
        self.conditional = before;
    }

    fn statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "import_statement" => self.import(node),
            "lexical_declaration" | "variable_declaration" => {
                for declarator in Self::children(node) {
                    self.declarator(declarator);
                }
            }
            "function_declaration" | "generator_function_declaration" => {
                let name = Self::field(node, "name").map(|name| self.text(name)).unwrap_or_default();
                let function = self.function(node, name);
                self.bind(name, function);
            }
            "class_declaration" | "abstract_class_declaration" => {
                let name = Self::field(node, "name").map(|name| self.text(name)).unwrap_or_default();
                let class = self.class(node, name);
                self.bind(name, class);
            }
            "return_statement" => {
                for value in Self::children(node) {
                    let value = self.expression(value);
                    if let Some(scope) = self.program.scopes.get_mut(self.scope) {
                        scope.returns.push(value);
                    }
                }
            }
            "expression_statement" => {
                for child in Self::children(node).into_iter().filter(|child| child.kind() != "string") {
                    self.expression(child);
                }
            }
            "if_statement" | "while_statement" | "do_statement" | "for_statement" | "switch_statement"
            | "catch_clause" | "else_clause" | "switch_case" | "switch_default" | "switch_body" => {
                for child in Self::children(node) {
                    self.branch(child);
                }
            }
            "for_in_statement" => self.each(node),
            "export_statement"
            | "statement_block"
            | "try_statement"
            | "finally_clause"
            | "labeled_statement"
            | "program"
            | "ERROR"
            | "ambient_declaration"
            | "internal_module"
            | "module" => self.statements(node),
            "interface_declaration" | "type_alias_declaration" | "enum_declaration"
                if node.kind() != "enum_declaration" => {}
            "enum_declaration" => self.enumeration(node),
            _ => {
                self.expression(node);
            }
        }
    }

    /// `for (const x of xs)`.
    fn each(&mut self, node: Node<'_>) {
        if let (Some(left), Some(right)) = (Self::field(node, "left"), Self::field(node, "right")) {
            let over = self.expression(right);
            let value = self.make(Shape::AnyOf(over), left);
            self.pattern(left, value);
        }
        if let Some(body) = Self::field(node, "body") {
            self.branch(body);
        }
    }

    fn enumeration(&mut self, node: Node<'_>) {
        let Some(name) = Self::field(node, "name").map(|name| self.text(name)) else { return };
        let Some(body) = Self::field(node, "body") else { return };
        let mut entries = Vec::new();
        for member in Self::children(body) {
            if let (Some(key), Some(value)) = (Self::field(member, "name"), Self::field(member, "value")) {
                let key = self.key(key);
                entries.push((Some(key), self.expression(value)));
            }
        }
        let value = self.make(Shape::Dict(entries), node);
        self.bind(name, value);
    }

    fn import(&mut self, node: Node<'_>) {
        let Some(source) = Self::field(node, "source") else { return };
        let module = module_path(&self.string(source));
        self.program.imports.push(module.clone());
        let Some(clause) = Self::children(node).into_iter().find(|child| child.kind() == "import_clause")
        else {
            return;
        };
        for part in Self::children(clause) {
            match part.kind() {
                "identifier" => {
                    let value = self.make(Shape::Imported(format!("{module}.default")), part);
                    self.bind(self.text(part), value);
                }
                "namespace_import" => {
                    for name in Self::children(part) {
                        let value = self.make(Shape::Imported(module.clone()), name);
                        self.bind(self.text(name), value);
                    }
                }
                "named_imports" => {
                    for specifier in Self::children(part) {
                        let Some(name) = Self::field(specifier, "name") else { continue };
                        let alias = Self::field(specifier, "alias").unwrap_or(name);
                        let path = format!("{module}.{}", self.text(name).trim_matches(['"', '\'']));
                        let value = self.make(Shape::Imported(path), name);
                        self.bind(self.text(alias), value);
                    }
                }
                _ => {}
            }
        }
    }

    fn declarator(&mut self, node: Node<'_>) {
        let Some(name) = Self::field(node, "name") else { return };
        let Some(value) = Self::field(node, "value") else { return };
        let value = match value.kind() {
            "arrow_function" | "function_expression" | "generator_function" => {
                self.function(value, self.text(name))
            }
            "class" => self.class(value, self.text(name)),
            _ => self.expression(value),
        };
        self.pattern(name, value);
    }

    /// Binds the names of a pattern to the parts of a value.
    fn pattern(&mut self, pattern: Node<'_>, value: ValueId) {
        self.deeper(|reader| reader.pattern_inside(pattern, value));
    }

    fn pattern_inside(&mut self, pattern: Node<'_>, value: ValueId) {
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

    fn function(&mut self, node: Node<'_>, name: &str) -> ValueId {
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

    fn parameter(
        &mut self,
        pattern: Node<'_>,
        default: Option<ValueId>,
        function: ScopeId,
        position: usize,
    ) -> ValueId {
        let name = if pattern.kind() == "identifier" { self.text(pattern) } else { "" };
        let shape = Shape::Parameter { function, position, name: name.to_owned(), default };
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

    fn class(&mut self, node: Node<'_>, name: &str) -> ValueId {
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

    fn expression(&mut self, node: Node<'_>) -> ValueId {
        if self.depth >= DEPTH || self.program.cut {
            return self.make(Shape::Unknown, node);
        }
        self.depth = self.depth.saturating_add(1);
        let value = self.reduce(node);
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn reduce(&mut self, node: Node<'_>) -> ValueId {
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
            "type_arguments" | "type_annotation" | "comment" | "regex" | "number" | "true" => Shape::Unknown,
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

    fn binary(&mut self, node: Node<'_>) -> ValueId {
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

    fn assignment(&mut self, node: Node<'_>) -> ValueId {
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

    fn object(&mut self, node: Node<'_>) -> Vec<(Option<ValueId>, ValueId)> {
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

    fn key(&mut self, key: Node<'_>) -> ValueId {
        match key.kind() {
            "string" => self.make(Shape::Text(self.string(key)), key),
            "computed_property_name" => match Self::children(key).first() {
                Some(inner) => self.expression(*inner),
                None => self.make(Shape::Unknown, key),
            },
            _ => self.make(Shape::Text(self.text(key).to_owned()), key),
        }
    }

    fn call(&mut self, node: Node<'_>, callee: &str) -> ValueId {
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
    fn string(&self, node: Node<'_>) -> String {
        let mut out = String::new();
        for part in Self::children(node) {
            match part.kind() {
                "escape_sequence" => out.push(escaped(self.text(part))),
                _ => out.push_str(self.text(part)),
            }
        }
        out
    }

    fn template(&mut self, node: Node<'_>) -> Vec<ValueId> {
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
