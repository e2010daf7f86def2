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

/// Does a name say that what it names is a secret? Words are compared, so that `token_validity` is one and `tokenizer` is
/// none; names of keys in a key store are none either.
pub fn names_a_secret(name: &str) -> bool {
    const SECRETS: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "credential",
        "credentials",
        "apikey",
        "connectionstring",
    ];
    const PAIRS: &[[&str; 2]] = &[
        ["api", "key"],
        ["access", "key"],
        ["private", "key"],
        ["account", "key"],
        ["shared", "key"],
        ["connection", "string"],
    ];
    let folded = name.to_ascii_lowercase();
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    // What is about a secret, and is none.
    let harmless = words.last().is_some_and(|last| {
        matches!(
            *last,
            "arn"
                | "id"
                | "ids"
                | "enabled"
                | "length"
                | "policy"
                | "rotation"
                | "version"
                | "name"
                | "type"
                | "days"
        )
    });
    !harmless
        && (words.iter().any(|word| SECRETS.contains(word))
            || words.windows(2).any(|pair| PAIRS.iter().any(|known| known.as_slice() == pair)))
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
                match entry.data {
                    Data::Text(_) | Data::Partial(_) if names_a_secret(name) => out.push_str("(sensitive)"),
                    _ => show(entry, out, depth + 1),
                }
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
