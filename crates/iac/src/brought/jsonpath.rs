//! JSONPath as Checkov's `jsonpath_` operators take it: names, indexes, wildcards and filters.

use crate::rule::{Condition, Path, Quantifier, Step, Test};

/// A part of a JSONPath.
#[derive(Clone, Debug)]
enum Part {
    Step(Step),
    /// `[?(@.a == 'b' & @.c)]`
    Filter(Vec<Condition>),
}

/// The condition that one value which the path leads to passes the tests.
///
/// # Errors
/// What cannot be read.
pub(super) fn condition(path: &str, tests: Vec<Test>) -> Result<Condition, String> {
    Ok(build(&parse(path)?, tests))
}

fn build(parts: &[Part], tests: Vec<Test>) -> Condition {
    let before = parts.iter().take_while(|part| matches!(part, Part::Step(_)));
    let steps: Vec<Step> = before
        .filter_map(|part| match part {
            Part::Step(step) => Some(step.clone()),
            Part::Filter(_) => None,
        })
        .collect();
    let rest = parts.get(steps.len()..).unwrap_or_default();
    let path = Path { from_resource: false, steps };
    match rest.split_first() {
        Some((Part::Filter(clauses), rest)) => {
            let mut all = clauses.clone();
            all.push(build(rest, tests));
            Condition::Elements {
                path,
                quantifier: Quantifier::Some,
                condition: Box::new(Condition::All(all)),
            }
        }
        _ => Condition::Attribute { path, default: None, every: false, tests },
    }
}

fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut rest = text.trim();
    rest = rest.strip_prefix('$').unwrap_or(rest);
    let mut parts = Vec::new();
    while !rest.is_empty() {
        if rest.starts_with("..") {
            return Err("`..` is not read; write the names on the way, or `*`".to_owned());
        }
        if let Some(inner) = rest.strip_prefix("[?") {
            let end = closing(inner).ok_or("a filter does not end")?;
            let (filter, behind) = inner.split_at(end);
            parts.push(Part::Filter(clauses(filter)?));
            rest = behind.get(1..).unwrap_or_default();
        } else if let Some(inner) = rest.strip_prefix('[') {
            let (index, behind) = inner.split_once(']').ok_or("a bracket does not end")?;
            parts.push(Part::Step(bracket(index.trim())?));
            rest = behind;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            match name {
                "" if behind.starts_with('[') => {}
                "" => return Err("a name is missing".to_owned()),
                "*" => parts.push(Part::Step(Step::Every)),
                name => parts.push(Part::Step(Step::Name(name.into()))),
            }
            rest = behind;
        }
    }
    Ok(parts)
}

/// Where the bracket ends, quotation marks and inner brackets respected.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(index: &str) -> Result<Step, String> {
    if index == "*" || index == ":" {
        return Ok(Step::Every);
    }
    if let Some(name) = unquoted(index) {
        return Ok(Step::Name(name.into()));
    }
    index.parse().map(Step::Index).map_err(|_| format!("`[{index}]` is not read"))
}

fn unquoted(text: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

/// `(@.a == 'b' & @.c)`.
fn clauses(filter: &str) -> Result<Vec<Condition>, String> {
    let inner = filter.trim();
    let inner = inner.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(inner);
    if inner.contains('|') {
        return Err("a filter with `|` is not read; write two conditions under `or`".to_owned());
    }
    inner.split('&').map(str::trim).filter(|clause| !clause.is_empty()).map(clause).collect()
}

fn clause(clause: &str) -> Result<Condition, String> {
    let (path, tests) = if let Some((path, value)) = clause.split_once("==") {
        (path, vec![Test::In(vec![literal(value)?])])
    } else if let Some((path, value)) = clause.split_once("!=") {
        (path, vec![Test::NotIn(vec![literal(value)?])])
    } else if clause.contains(['<', '>', '~', '=']) {
        return Err(format!("the filter `{clause}` is not read; `==` and `!=` are"));
    } else {
        (clause, vec![Test::Exists(true)])
    };
    let Some(path) = path.trim().strip_prefix('@') else {
        return Err(format!("the filter `{clause}` does not begin with `@`"));
    };
    let parts = parse(path)?;
    Ok(build(&parts, tests))
}

fn literal(text: &str) -> Result<crate::value::Value, String> {
    let text = text.trim();
    if let Some(text) = unquoted(text) {
        return Ok(crate::value::Value::text(text));
    }
    match serde_json::from_str(text) {
        Ok(json) => Ok(crate::value::from_json(&json, &[])),
        Err(_) => Err(format!("`{text}` is no value; put a text in quotation marks")),
    }
}
