//! Values for people.

use super::{Data, Fragment, Value};

/// How much of a value is shown.
const LONGEST: usize = 120;

/// A number as Terraform converts it to text.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        // Without the sign that zero may have.
        "0".to_owned()
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value}")
    }
}

/// A value as it may be shown: cut, without secrets, `(sensitive)` in place of what is.
pub fn shown(value: &Value) -> String {
    let mut out = String::new();
    show(value, &mut out, 0);
    bartizan_core::redacted_within(&out, LONGEST)
}

fn show(value: &Value, out: &mut String, depth: usize) {
    if out.len() > 4 * LONGEST || depth > 8 {
        if !out.ends_with('…') {
            out.push('…');
        }
        return;
    }
    if value.sensitive {
        out.push_str("(sensitive)");
        return;
    }
    match &value.data {
        Data::Null => out.push_str("null"),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Number(value) => out.push_str(&number(*value)),
        Data::Text(text) => quote(text, out),
        Data::Partial(partial) => {
            out.push('"');
            for part in &partial.parts {
                match part {
                    Fragment::Text(text) => out.push_str(text),
                    Fragment::Unknown(unresolved) => {
                        out.push_str("${");
                        out.push_str(&unresolved.reference);
                        out.push('}');
                    }
                }
            }
            out.push('"');
        }
        Data::List(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                show(element, out, depth + 1);
            }
            out.push(']');
        }
        Data::Object(entries) => {
            out.push('{');
            for (index, (name, entry)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                out.push_str(name);
                out.push_str(" = ");
                show(entry, out, depth + 1);
            }
            out.push('}');
        }
        Data::Resource(link) => {
            out.push_str(&link.kind);
            out.push('.');
            out.push_str(&link.name);
        }
        Data::Unknown(unresolved) => {
            out.push_str("(unknown: ");
            out.push_str(&unresolved.reference);
            out.push(')');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    let short = text.char_indices().nth(4 * LONGEST).map_or(text, |(cut, _)| text.get(..cut).unwrap_or(text));
    out.push_str(short);
    out.push('"');
}
