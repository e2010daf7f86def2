//! Configuration into the trees that the network sees.

use super::{
    policy,
    tree::{Content, Node, Resource, Value},
};
use crate::syntax::{self, Block, Body, Expression, ExpressionKind, Key, Part, Span};

/// A text that is no HCL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct SyntaxError {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The resources, data sources and module calls of a file, in their order.
pub fn read(text: &str) -> Result<Vec<Resource>, SyntaxError> {
    let reader = Reader::new(text);
    let document = syntax::parse(text);
    match document.errors.into_iter().min_by_key(|error| error.offset) {
        Some(error) => Err(SyntaxError { line: reader.line(error.offset), message: error.message }),
        None => Ok(document.body.blocks.iter().filter_map(|block| reader.resource(block)).collect()),
    }
}

struct Reader {
    /// Offset of each line's first byte.
    starts: Vec<usize>,
}

impl Reader {
    fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: [0].into_iter().chain(breaks).collect() }
    }

    fn line(&self, offset: u32) -> usize {
        self.starts.partition_point(|start| *start <= offset as usize).max(1)
    }

    fn lines(&self, span: Span) -> (usize, usize) {
        (self.line(span.start), self.line(span.end.saturating_sub(1).max(span.start)))
    }

    fn resource(&self, block: &Block) -> Option<Resource> {
        let mut labels = block.labels.iter().map(|label| label.to_string());
        let (of, name) = match &*block.kind {
            "resource" | "data" => (labels.next()?, labels.next().unwrap_or_default()),
            "module" => (module_of(&block.body), labels.next()?),
            _ => return None,
        };
        let nodes = self.body(&block.body);
        Some(Resource { kind: block.kind.to_string(), of, name, lines: self.lines(block.span), nodes })
    }

    /// Attributes and blocks as they stand in the text, one after the other.
    fn body(&self, body: &Body) -> Vec<Node> {
        let attributes = body.attributes.iter().map(|attribute| {
            let content = Content::Value(self.value(&attribute.value));
            let node = Node { key: attribute.name.to_string(), lines: self.lines(attribute.span), content };
            (attribute.span.start, node)
        });
        let blocks = body.blocks.iter().map(|block| (block.span.start, self.block(block)));
        let mut nodes: Vec<(u32, Node)> = attributes.chain(blocks).collect();
        nodes.sort_by_key(|(start, _)| *start);
        nodes.into_iter().map(|(_, node)| node).collect()
    }

    /// A dynamic block is read as one block of those that it makes.
    fn block(&self, block: &Block) -> Node {
        let made = (&*block.kind == "dynamic").then(|| block.labels.first()).flatten();
        let (key, body) = match made.zip(block.body.blocks("content").next()) {
            Some((label, content)) => (label, &content.body),
            None => (&block.kind, &block.body),
        };
        Node { key: key.to_string(), lines: self.lines(block.span), content: Content::Block(self.body(body)) }
    }

    fn value(&self, expression: &Expression) -> Value {
        match &expression.kind {
            ExpressionKind::Null => Value::Null,
            ExpressionKind::Bool(value) => Value::Bool(*value),
            ExpressionKind::Number(number) => Value::Number(*number),
            ExpressionKind::String(text) => policy::parse(text, self.lines(expression.span))
                .unwrap_or_else(|| Value::Text(text.to_string())),
            ExpressionKind::Tuple(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            ExpressionKind::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| Node {
                        key: key_text(key),
                        lines: self.lines(value.span),
                        content: Content::Value(self.value(value)),
                    })
                    .collect(),
            ),
            ExpressionKind::Template(parts) => self.template(parts, expression.span),
            ExpressionKind::Group(inner) => self.value(inner),
            ExpressionKind::Variable(name) => Value::Reference(vec![name.to_string()]),
            ExpressionKind::Member(base, name) => self.steps(base, [&**name]),
            ExpressionKind::Index(base, _) => self.steps(base, []),
            ExpressionKind::Splat(base, steps) => {
                let names = steps.iter().filter_map(|step| match step {
                    syntax::Step::Member(name) => Some(&**name),
                    syntax::Step::Index(_) => None,
                });
                self.steps(base, names)
            }
            ExpressionKind::Call(call) => self.call(call),
            ExpressionKind::Conditional(parts) => {
                let [_, then, otherwise] = &**parts;
                Value::Either(vec![self.value(then), self.value(otherwise)])
            }
            ExpressionKind::Unary(_, operand) => match self.value(operand) {
                Value::Number(number) => Value::Number(-number),
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Unknown,
            },
            ExpressionKind::For(each) => Value::Call("for".to_owned(), vec![self.value(&each.result)]),
            ExpressionKind::Binary(..) => Value::Unknown,
        }
    }

    fn template(&self, parts: &[Part], span: Span) -> Value {
        let (mut text, mut shape, mut references) = (String::new(), String::new(), Vec::new());
        for part in parts {
            match part {
                Part::Literal(literal) => {
                    text.push_str(literal);
                    shape.push_str(literal);
                }
                Part::Expression(expression) => {
                    references.push(self.value(expression));
                    // A number is a whole JSON value and a part of a JSON string alike.
                    shape.push('0');
                }
                Part::If(_) | Part::For(_) => references.push(Value::Unknown),
            }
        }
        if let Some(value) = policy::parse(&shape, self.lines(span)) {
            return value;
        }
        if references.is_empty() { Value::Text(text) } else { Value::Template(text, references) }
    }

    /// A reference that goes on by these names.
    fn steps<'n>(&self, base: &Expression, more: impl IntoIterator<Item = &'n str>) -> Value {
        match self.value(base) {
            Value::Reference(mut names) => {
                names.extend(more.into_iter().map(str::to_owned));
                Value::Reference(names)
            }
            Value::Call(name, arguments) => Value::Call(name, arguments),
            _ => Value::Unknown,
        }
    }

    fn call(&self, call: &syntax::Call) -> Value {
        let mut arguments: Vec<Value> = call.arguments.iter().map(|argument| self.value(argument)).collect();
        match (&*call.name, arguments.len()) {
            // What these make holds what they were given.
            (
                "jsonencode" | "tolist" | "toset" | "tomap" | "tostring" | "tobool" | "tonumber"
                | "sensitive",
                1,
            ) => arguments.pop().unwrap_or(Value::Unknown),
            (name, _) => Value::Call(name.to_owned(), arguments),
        }
    }
}

/// What a module is called by its source: `terraform-aws-modules/s3-bucket/aws` is an `s3_bucket`.
fn module_of(body: &Body) -> String {
    let Some(ExpressionKind::String(source)) = body.attribute("source").map(|source| &source.value.kind)
    else {
        return String::new();
    };
    let path = source.split('?').next().unwrap_or_default().trim_end_matches(".git");
    let mut parts = path.split(['/', ':']).filter(|part| !part.is_empty() && *part != "." && *part != "..");
    let registry = path.split('/').count() == 3 && !path.starts_with('.') && !path.contains(':');
    let name = if registry { parts.nth(1) } else { parts.next_back() };
    let name = name.unwrap_or_default().replace('-', "_");
    name.trim_start_matches("terraform_aws_").trim_start_matches("terraform_").to_owned()
}

fn key_text(key: &Key) -> String {
    match key {
        Key::Name(name, _) => name.to_string(),
        Key::Expression(Expression { kind: ExpressionKind::String(name), .. }) => name.to_string(),
        Key::Expression(Expression { kind: ExpressionKind::Variable(name), .. }) => name.to_string(),
        Key::Expression(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Resource {
        let mut resources = read(text).unwrap();
        assert_eq!(resources.len(), 1);
        resources.remove(0)
    }

    fn value<'a>(nodes: &'a [Node], key: &str) -> &'a Content {
        &nodes.iter().find(|node| node.key == key).unwrap().content
    }

    #[test]
    fn attributes_blocks_and_dynamic_blocks_come_with_their_lines() {
        let resource = only(
            "# first\nresource \"aws_x\" \"y\" {\n  a = true\n  dynamic \"rule\" {\n    for_each = var.r\n    content {\n      n = -1\n    }\n  }\n}\n",
        );
        assert_eq!((resource.of.as_str(), resource.lines), ("aws_x", (2, 10)));
        assert_eq!(resource.nodes[0].lines, (3, 3));
        let Content::Block(rule) = value(&resource.nodes, "rule") else { panic!("no block") };
        assert_eq!(rule[0].content, Content::Value(Value::Number(-1.0)));
        assert_eq!(rule[0].lines, (7, 7));
    }

    #[test]
    fn a_policy_in_a_heredoc_with_interpolation_becomes_a_tree() {
        let resource = only(
            "resource \"aws_p\" \"y\" {\n  policy = <<EOF\n{\"Statement\": [{\"Action\": \"*\", \"Resource\": \"${aws_a.b.arn}/*\"}]}\nEOF\n}\n",
        );
        let Content::Value(Value::Object(policy)) = value(&resource.nodes, "policy") else {
            panic!("no object")
        };
        assert_eq!(policy[0].key, "Statement");
    }

    #[test]
    fn a_module_is_called_what_its_source_is_called() {
        for (source, name) in [
            ("terraform-aws-modules/s3-bucket/aws", "s3_bucket"),
            ("./modules/network", "network"),
            ("git::https://example.com/terraform-aws-vpc.git?ref=v1", "vpc"),
        ] {
            assert_eq!(only(&format!("module \"m\" {{\n source = \"{source}\"\n}}\n")).of, name);
        }
    }

    #[test]
    fn a_broken_text_is_an_error_with_its_line() {
        assert_eq!(read("a = 1\nresource \"x\" {{\n").unwrap_err().line, 2);
        assert!(read("\u{feff}resource \"x\" \"y\" {}\n").unwrap().len() == 1);
    }

    #[test]
    fn deep_nesting_is_an_error_and_neither_an_overflow_nor_a_hang() {
        for (open, close) in [("[", "]"), ("{ a = ", "}"), ("(", ")"), ("!", ""), ("\"${", "}\"")] {
            let text = format!(
                "resource \"a\" \"b\" {{\n  x = {}1{}\n}}\n",
                open.repeat(20_000),
                close.repeat(20_000)
            );
            let _ = read(&text);
        }
        let blocks =
            format!("resource \"a\" \"b\" {{\n{}{}}}\n", "x {\n".repeat(20_000), "}\n".repeat(20_000));
        let _ = read(&blocks);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(resource \"a\" \"b\" \\{)?[ -~\n\\PC]{0,80}\\}?") {
            if let Ok(resources) = read(&text) {
                for resource in resources {
                    let _ = crate::suspicion::tokens::positions(&resource);
                }
            }
        }
    }
}
