//! Checkov's operators as our tests.
//!
//! An operator holds when one value that the path leads to passes; its negation when none does.

use regex::RegexBuilder;
use serde_json::Value as Json;

use super::{jsonpath, wrong};
use crate::{
    rule::{Condition, Path, Quantifier, RuleError, Step, Test},
    value::{Value, from_json},
};

/// Bytes of a compiled regular expression: a rule of a stranger must not need more.
const LARGEST_REGEX: usize = 1 << 20;

/// Operators whose negation is spelled with another name than `not_` in front.
const NEGATIONS: &[(&str, &str)] = &[
    ("not_starting_with", "starting_with"),
    ("not_ending_with", "ending_with"),
    ("not_regex_match", "regex_match"),
    ("not_equals_ignore_case", "equals_ignore_case"),
    ("not_equals", "equals"),
    ("not_exists", "exists"),
    ("not_within", "within"),
    ("not_contains", "contains"),
    ("not_intersects", "intersects"),
    ("not_subset", "subset"),
    ("length_not_equals", "length_equals"),
    ("range_not_includes", "range_includes"),
];

/// The condition of an attribute, an operator and its value.
pub(super) fn condition(
    name: &str,
    attribute: &str,
    value: Option<&Json>,
    at: &str,
) -> Result<Condition, RuleError> {
    let folded = name.to_ascii_lowercase();
    let (plain, is_jsonpath) = match folded.strip_prefix("jsonpath_") {
        Some(plain) => (plain, true),
        None => (folded.as_str(), false),
    };
    if let Some((_, positive)) = NEGATIONS.iter().find(|(negative, _)| *negative == plain) {
        let positive = one(positive, is_jsonpath, attribute, value, at)?;
        // What is not there has no length that could differ.
        if plain == "length_not_equals" {
            let there = leaf(is_jsonpath, attribute, vec![Test::LengthAtLeast(0)], at)?;
            return Ok(Condition::All(vec![there, Condition::Not(Box::new(positive))]));
        }
        return Ok(Condition::Not(Box::new(positive)));
    }
    one(plain, is_jsonpath, attribute, value, at)
}

fn one(
    name: &str,
    is_jsonpath: bool,
    attribute: &str,
    value: Option<&Json>,
    at: &str,
) -> Result<Condition, RuleError> {
    if name == "subset" {
        return subset(is_jsonpath, attribute, value, at);
    }
    let tests = tests(name, value, at)?;
    leaf(is_jsonpath, attribute, tests, at)
}

fn leaf(is_jsonpath: bool, attribute: &str, tests: Vec<Test>, at: &str) -> Result<Condition, RuleError> {
    if is_jsonpath {
        return jsonpath::condition(attribute, tests)
            .or_else(|message| wrong(&format!("{at}.attribute"), format!("`{attribute}`: {message}")));
    }
    Ok(Condition::Attribute { path: path(attribute, at)?, default: None, every: false, tests })
}

/// A path as Checkov writes it: `a.b`, `a[0].b`, `a.0.b`, `a.*.b`.
fn path(attribute: &str, at: &str) -> Result<Path, RuleError> {
    let Some(mut path) = Path::parse(attribute).filter(|path| !path.steps.is_empty()) else {
        return wrong(
            &format!("{at}.attribute"),
            format!("`{attribute}` is no path; write `a.b` or `a[*].b`"),
        );
    };
    for step in &mut path.steps {
        if let Step::Name(name) = step
            && let Ok(index) = name.parse()
        {
            *step = Step::Index(index);
        }
    }
    Ok(path)
}

/// Every element of a list is one of these.
fn subset(
    is_jsonpath: bool,
    attribute: &str,
    value: Option<&Json>,
    at: &str,
) -> Result<Condition, RuleError> {
    let values = values(needed(value, at)?);
    let there = leaf(is_jsonpath, attribute, vec![Test::LengthAtLeast(0)], at)?;
    let outside = Condition::Attribute {
        path: Path { from_resource: false, steps: Vec::new() },
        default: None,
        every: false,
        tests: vec![Test::In(values)],
    };
    let inside = Condition::Elements {
        path: path(attribute.trim_start_matches(['$', '.']), at)?,
        quantifier: Quantifier::Every,
        condition: Box::new(outside),
    };
    Ok(Condition::All(vec![there, inside]))
}

fn needed<'j>(value: Option<&'j Json>, at: &str) -> Result<&'j Json, RuleError> {
    value.filter(|value| !value.is_null()).map_or_else(
        || wrong(&format!("{at}.value"), "it is missing; this operator compares with a value"),
        Ok,
    )
}

fn values(json: &Json) -> Vec<Value> {
    match json {
        Json::Array(elements) => elements.iter().map(|element| from_json(element, &[])).collect(),
        json => vec![from_json(json, &[])],
    }
}

fn texts(json: &Json) -> Vec<String> {
    values(json).iter().filter_map(Value::as_text).map(|text| text.to_string()).collect()
}

fn tests(name: &str, value: Option<&Json>, at: &str) -> Result<Vec<Test>, RuleError> {
    let here = format!("{at}.value");
    let number = || match needed(value, at)? {
        Json::Number(number) => number.as_f64().map_or_else(|| wrong(&here, "a number is expected"), Ok),
        Json::String(text) => text.trim().parse::<f64>().or_else(|_| wrong(&here, "a number is expected")),
        _ => wrong(&here, "a number is expected"),
    };
    // A length is a whole number; a larger one than that is never reached.
    let length = || {
        let limit = number()?;
        if limit.fract() != 0.0 || limit < 0.0 {
            return wrong(&here, "a whole number is expected");
        }
        Ok(limit as usize)
    };
    let text = || Ok(texts(needed(value, at)?));
    Ok(match name {
        "exists" => vec![Test::Exists(true)],
        "equals" => vec![Test::In(vec![from_json(needed(value, at)?, &[])])],
        "equals_ignore_case" => {
            let wanted = text()?.concat();
            vec![Test::Matches(regex(&format!(r"(?i)\A{}\z", regex::escape(&wanted)), &here)?)]
        }
        "within" => vec![Test::In(values(needed(value, at)?))],
        "contains" | "intersects" => vec![Test::Contains(values(needed(value, at)?))],
        "starting_with" => vec![Test::StartsWith(text()?)],
        "ending_with" => vec![Test::EndsWith(text()?)],
        // Checkov's expressions begin to match at the start of the text.
        "regex_match" => vec![Test::Matches(regex(&format!(r"\A(?:{})", text()?.concat()), &here)?)],
        "greater_than" => vec![Test::GreaterThan(number()?)],
        "greater_than_or_equal" => vec![Test::AtLeast(number()?)],
        "less_than" => vec![Test::LessThan(number()?)],
        "less_than_or_equal" => vec![Test::AtMost(number()?)],
        // Length tests hold of what is there only.
        "is_empty" => vec![Test::LengthAtLeast(0), Test::Empty(true)],
        "is_not_empty" => vec![Test::Empty(false)],
        "length_equals" => {
            vec![Test::LengthAtLeast(length()?), Test::ShorterThan(length()?.saturating_add(1))]
        }
        "length_greater_than" => vec![Test::LengthAtLeast(length()?.saturating_add(1))],
        "length_greater_than_or_equal" => vec![Test::LengthAtLeast(length()?)],
        "length_less_than" => vec![Test::LengthAtLeast(0), Test::ShorterThan(length()?)],
        "length_less_than_or_equal" => {
            vec![Test::LengthAtLeast(0), Test::ShorterThan(length()?.saturating_add(1))]
        }
        "is_true" => vec![Test::In(vec![Value::bool(true)])],
        "is_false" => vec![Test::In(vec![Value::bool(false)])],
        "range_includes" => {
            let ports: Result<Vec<u32>, RuleError> = text()?
                .iter()
                .map(|port| port.parse().or_else(|_| wrong(&here, format!("`{port}` is no whole number"))))
                .collect();
            vec![Test::IncludesPort(ports?)]
        }
        _ => {
            return wrong(
                &format!("{at}.operator"),
                format!("the operator `{name}` is not known; docs/own-rules.md lists those that are"),
            );
        }
    })
}

fn regex(text: &str, at: &str) -> Result<regex::Regex, RuleError> {
    RegexBuilder::new(text).size_limit(LARGEST_REGEX).build().or_else(|error| {
        let last = error.to_string();
        let last = last.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
        wrong(at, format!("the regular expression is wrong: {last}"))
    })
}
