use hcl_edit::structure::Body as Theirs;
use proptest::prelude::*;

use super::{Body, Document, Expression, ExpressionKind as Kind, Part, parse, parse_template};

/// Attributes and blocks with their spans, as one text.
fn ours(body: &Body, out: &mut Vec<String>) {
    for attribute in &body.attributes {
        let (name, span, value) = (&attribute.name, attribute.span, attribute.value.span);
        out.push(format!("{name} {}..{} {}", span.start, span.end, value.start));
    }
    for block in &body.blocks {
        out.push(format!("{} {:?} {}..{}", block.kind, block.labels, block.span.start, block.span.end));
        ours(&block.body, out);
    }
}

fn theirs(body: &Theirs, out: &mut Vec<String>) {
    use hcl_edit::Span as _;
    for attribute in body.attributes() {
        let (span, value) = (attribute.span().unwrap(), attribute.value.span().unwrap());
        out.push(format!("{} {}..{} {}", attribute.key.as_str(), span.start, span.end, value.start));
    }
    for block in body.blocks() {
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        let span = block.span().unwrap();
        out.push(format!("{} {labels:?} {}..{}", block.ident.as_str(), span.start, span.end));
        theirs(&block.body, out);
    }
}

const FILE: &str = r#"
# A comment.
terraform { required_version = ">= 1.5" }
variable "names" {
  type    = list(object({ name = string, size = optional(number, 3) }))
  default = [] // another
}
resource "aws_s3_bucket" "a" {
  for_each = { for k, v in var.names : k => v... if v.size > 2 && !v.off }
  bucket   = "x-${each.key}-${lower("A$${b}")}"
  count    = length(var.names[*].name) > 0 ? 1 : 0
  tags = {
    Name : "a", "b c" = true
    (var.key) = null
  }
  policy = <<-EOT
    {
      "a": "${var.a}"
    }
  EOT
  nested "label" {
    inner { x = -1.5e3 }
    list = [
      1, # one
      a.b[0].c["d"], f(x...), # two
    ]
  }
}
locals {
  a = (1 +
    2) * 3 % 4
  b = module.x.*.id
  c = data.t.n.0.id
  d = "%{ for x in var.l ~} ${x} %{ endfor }"
}
"#;

#[test]
fn the_tree_and_its_spans_are_those_of_an_independent_reader() {
    let document = parse(FILE);
    assert_eq!(document.errors, []);
    let (mut own, mut other) = (Vec::new(), Vec::new());
    ours(&document.body, &mut own);
    theirs(&hcl_edit::parser::parse_body(FILE).unwrap(), &mut other);
    assert_eq!(own, other);
}

fn attribute<'d>(document: &'d Document, name: &str) -> &'d Expression {
    &document.body.attribute(name).unwrap().value
}

#[test]
fn a_heredoc_loses_its_indentation_and_keeps_its_lines() {
    let document = parse("a = <<-EOT\n    x\n      y ${b}\n\n    z\n  EOT\nb = <<EOT\n  x\nEOT\n");
    assert_eq!(document.errors, []);
    let Kind::Template(parts) = &attribute(&document, "a").kind else { panic!() };
    assert!(matches!(&parts[..], [Part::Literal(x), Part::Expression(_), Part::Literal(z)]
        if &**x == "x\n  y " && &**z == "\n\nz\n"));
    assert_eq!(attribute(&document, "b").kind, Kind::String("  x\n".into()));
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_white_space() {
    let document = parse("\u{feff}a = 1\r\nb {\r\n  c = <<EOT\r\nx\r\nEOT\r\n}\r\n");
    assert_eq!(document.errors, []);
    assert_eq!(document.body.attributes.len(), 1);
    assert_eq!(document.body.blocks[0].body.attributes.len(), 1);
}

#[test]
fn a_conditional_goes_on_behind_a_line_end() {
    let document = parse("a = x == null\n  ? 1\n  : 2\nb = y ?\n 1 :\n 2\nc = p\n  && q\n  || r\n");
    assert_eq!(document.errors, []);
    assert_eq!(document.body.attributes.len(), 3);
    assert!(matches!(attribute(&document, "a").kind, Kind::Conditional(_)));
}

#[test]
fn a_broken_block_does_not_hide_the_others() {
    let text = "resource \"a\" \"one\" {\n  x = 1\n}\nresource \"a\" \"two\" {\n  x = = 2\n  y = {\n}\n\
                resource \"a\" \"three\" {\n  x = 3\n}\n";
    let document = parse(text);
    assert_eq!(document.errors.len(), 1);
    assert_eq!(document.errors[0].offset as usize, text.find("= 2").unwrap());
    let names: Vec<&str> = document.body.blocks.iter().map(|block| block.label(1)).collect();
    assert_eq!(names, ["one", "three"]);
}

#[test]
fn an_attribute_given_twice_is_said_and_its_block_stays() {
    let document = parse("resource \"a\" \"b\" {\n  x = 1\n  x = 2\n  y = 3\n}\n");
    assert_eq!(document.errors.len(), 1);
    assert!(document.errors[0].message.contains("`x` is given twice"));
    assert_eq!(document.body.blocks[0].body.attributes.len(), 2);
}

#[test]
fn nesting_and_heredocs_are_bounded() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{a=", "}"), ("!", ""), ("f(", ")"), ("1+(", ")")] {
        let text =
            format!("a = {}1{}\nresource \"b\" \"c\" {{}}\n", open.repeat(50_000), close.repeat(50_000));
        let document = parse(&text);
        assert_eq!(document.errors.len(), 1, "{open}");
        assert_eq!(document.body.blocks.len(), 1, "{open}");
    }
    let text = format!("{}{}", "a {\n".repeat(50_000), "}\n".repeat(50_000));
    assert!(parse(&text).errors[0].message.contains("nested more than"));
    let text = format!("a = x{}\n", ".b".repeat(50_000));
    assert!(parse(&text).errors[0].message.contains("steps in one reference"));
    let text = format!("a = <<EOT\n{}\nEOT\n", "x".repeat(super::LONGEST_HEREDOC + 1));
    assert!(parse(&text).errors[0].message.contains("heredoc is longer"));
}

#[test]
fn templates_have_branches_and_loops() {
    let parts =
        parse_template("%{ if a }x%{ else }y%{ endif }%{ for k, v in c ~}\n ${v}%{ endfor }").unwrap();
    assert!(matches!(&parts[..], [Part::If(_), Part::For(_)]));
    assert!(parse_template("%{ if a }x").is_err());
    assert!(parse_template("%{ endfor }").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "[ -~\n\"{}\\[\\]$%=.<#*/()?:,é]{0,200}") {
        parse(&text);
        let _ = parse_template(&text);
    }

    #[test]
    fn what_is_cut_off_or_overwritten_is_read_without_panic(at in 0..FILE.len(), byte in 32u8..127) {
        if FILE.is_char_boundary(at) {
            parse(&FILE[..at]);
            parse(&format!("{}{}{}", &FILE[..at], char::from(byte), &FILE[at..]));
        }
    }
}
