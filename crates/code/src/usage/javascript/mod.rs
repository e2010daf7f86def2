//! JavaScript and TypeScript, parsed by tree-sitter, reduced to a [`Program`].
//!
//! tree-sitter goes on behind what it does not understand, so a broken file gives what the rest of it uses.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, Parser};

use super::program::{Program, ScopeId, Shape, ValueId};

mod expressions;
mod patterns;
mod statements;

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
}
