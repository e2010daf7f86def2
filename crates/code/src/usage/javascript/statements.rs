//! Statements: imports, declarations, branches.

use tree_sitter::Node;

use super::{super::program::Shape, Reader, module_path};

impl<'a> Reader<'a> {
    pub(super) fn statements(&mut self, node: Node<'_>) {
        for child in Self::children(node) {
            self.deeper(|reader| reader.statement(child));
        }
    }

    pub(super) fn branch(&mut self, node: Node<'_>) {
        let before = std::mem::replace(&mut self.conditional, true);
        self.deeper(|reader| reader.statement(node));
        self.conditional = before;
    }

    pub(super) fn statement(&mut self, node: Node<'_>) {
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
    pub(super) fn each(&mut self, node: Node<'_>) {
        if let (Some(left), Some(right)) = (Self::field(node, "left"), Self::field(node, "right")) {
            let over = self.expression(right);
            let value = self.make(Shape::AnyOf(over), left);
            self.pattern(left, value);
        }
        if let Some(body) = Self::field(node, "body") {
            self.branch(body);
        }
    }

    pub(super) fn enumeration(&mut self, node: Node<'_>) {
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

    pub(super) fn import(&mut self, node: Node<'_>) {
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

    pub(super) fn declarator(&mut self, node: Node<'_>) {
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
}
