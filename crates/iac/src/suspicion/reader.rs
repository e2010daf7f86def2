//! HCL into trees.

use hcl_edit::{
    Span as _,
    expr::{Expression, FuncCall, ObjectKey, Traversal, TraversalOperator},
    structure::{Block, Body, Structure},
    template::Element,
};

use super::{
    policy,
    tree::{Content, Node, Resource, Value},
};

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
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let body = hcl_edit::parser::parse_body(text).map_err(|error| SyntaxError {
        line: error.location().line(),
        message: error.message().to_owned(),
    })?;
    let reader = Reader::new(text);
    Ok(body.blocks().filter_map(|block| reader.resource(block)).collect())
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

    fn lines(&self, span: Option<std::ops::Range<usize>>) -> (usize, usize) {
        let span = span.unwrap_or(0..0);
        let line = |offset: usize| self.starts.partition_point(|start| *start <= offset).max(1);
        (line(span.start), line(span.end.saturating_sub(1).max(span.start)))
    }

    fn resource(&self, block: &Block) -> Option<Resource> {
        let kind = block.ident.as_str();
        let mut labels = block.labels.iter().map(|label| label.as_str().to_owned());
        let (of, name) = match kind {
            "resource" | "data" => (labels.next()?, labels.next().unwrap_or_default()),
            "module" => (module_of(&block.body), labels.next()?),
            _ => return None,
        };
        let nodes = self.body(&block.body);
        Some(Resource { kind: kind.to_owned(), of, name, lines: self.lines(block.span()), nodes })
    }

    fn body(&self, body: &Body) -> Vec<Node> {
        body.iter()
            .map(|structure| match structure {
                Structure::Attribute(attribute) => Node {
                    key: attribute.key.as_str().to_owned(),
                    lines: self.lines(attribute.span()),
                    content: Content::Value(self.value(&attribute.value)),
                },
                Structure::Block(block) => self.block(block),
            })
            .collect()
    }

    /// A dynamic block is read as one block of those that it makes.
    fn block(&self, block: &Block) -> Node {
        let lines = self.lines(block.span());
        let made = (block.ident.as_str() == "dynamic").then(|| block.labels.first()).flatten();
        let content = made.and_then(|_| block.body.get_blocks("content").next());
        match (made, content) {
            (Some(label), Some(content)) => Node {
                key: label.as_str().to_owned(),
                lines,
                content: Content::Block(self.body(&content.body)),
            },
            _ => Node {
                key: block.ident.as_str().to_owned(),
                lines,
                content: Content::Block(self.body(&block.body)),
            },
        }
    }

    fn value(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(number) => number.value().as_f64().map_or(Value::Unknown, Value::Number),
            Expression::String(text) => {
                let lines = self.lines(expression.span());
                policy::parse(text.as_str(), lines).unwrap_or_else(|| Value::Text(text.as_str().to_owned()))
            }
            Expression::Array(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            Expression::Object(object) => Value::Object(
                object
                    .iter()
                    .map(|(key, value)| Node {
                        key: key_text(key),
                        lines: self.lines(value.expr().span()),
                        content: Content::Value(self.value(value.expr())),
                    })
                    .collect(),
            ),
            Expression::StringTemplate(template) => self.template(template.iter(), expression),
            Expression::HeredocTemplate(heredoc) => self.template(heredoc.template.iter(), expression),
            Expression::Parenthesis(inner) => self.value(inner.inner()),
            Expression::Variable(name) => Value::Reference(vec![name.as_str().to_owned()]),
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::FuncCall(call) => self.call(call),
            Expression::Conditional(choice) => {
                Value::Either(vec![self.value(&choice.true_expr), self.value(&choice.false_expr)])
            }
            Expression::UnaryOp(operation) => match self.value(&operation.expr) {
                Value::Number(number) => Value::Number(-number),
                Value::Bool(value) => Value::Bool(!value),
                _ => Value::Unknown,
            },
            Expression::ForExpr(each) => Value::Call("for".to_owned(), vec![self.value(&each.value_expr)]),
            Expression::BinaryOp(_) => Value::Unknown,
        }
    }

    fn template<'a>(&self, elements: impl Iterator<Item = &'a Element>, whole: &Expression) -> Value {
        let (mut text, mut shape, mut references) = (String::new(), String::new(), Vec::new());
        for element in elements {
            match element {
                Element::Literal(literal) => {
                    text.push_str(literal);
                    shape.push_str(literal);
                }
                Element::Interpolation(part) => {
                    references.push(self.value(&part.expr));
                    // A number is a whole JSON value and a part of a JSON string alike.
                    shape.push('0');
                }
                Element::Directive(_) => references.push(Value::Unknown),
            }
        }
        if let Some(value) = policy::parse(&shape, self.lines(whole.span())) {
            return value;
        }
        if references.is_empty() { Value::Text(text) } else { Value::Template(text, references) }
    }

    fn traversal(&self, traversal: &Traversal) -> Value {
        let mut names = match self.value(&traversal.expr) {
            Value::Reference(names) => names,
            Value::Call(name, arguments) => return Value::Call(name, arguments),
            _ => return Value::Unknown,
        };
        for operator in &traversal.operators {
            if let TraversalOperator::GetAttr(name) = operator.value() {
                names.push(name.as_str().to_owned());
            }
        }
        Value::Reference(names)
    }

    fn call(&self, call: &FuncCall) -> Value {
        let name = call.name.name.as_str();
        let mut arguments: Vec<Value> = call.args.iter().map(|argument| self.value(argument)).collect();
        match (name, arguments.len()) {
            // What these make holds what they were given.
            (
                "jsonencode" | "tolist" | "toset" | "tomap" | "tostring" | "tobool" | "tonumber"
                | "sensitive",
                1,
            ) => arguments.pop().unwrap_or(Value::Unknown),
            _ => Value::Call(name.to_owned(), arguments),
        }
    }
}

/// What a module is called by its source: `terraform-aws-modules/s3-bucket/aws` is an `s3_bucket`.
fn module_of(body: &Body) -> String {
    let source =
        body.get_attribute("source").and_then(|attribute| attribute.value.as_str().map(str::to_owned));
    let Some(source) = source else { return String::new() };
    let path = source.split('?').next().unwrap_or_default().trim_end_matches(".git");
    let mut parts = path.split(['/', ':']).filter(|part| !part.is_empty() && *part != "." && *part != "..");
    let registry = path.split('/').count() == 3 && !path.starts_with('.') && !path.contains(':');
    let name = if registry { parts.nth(1) } else { parts.next_back() };
    let name = name.unwrap_or_default().replace('-', "_");
    name.trim_start_matches("terraform_aws_").trim_start_matches("terraform_").to_owned()
}

fn key_text(key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(ident) => ident.as_str().to_owned(),
        ObjectKey::Expression(Expression::String(text)) => text.as_str().to_owned(),
        ObjectKey::Expression(Expression::Variable(name)) => name.as_str().to_owned(),
        ObjectKey::Expression(_) => String::new(),
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
