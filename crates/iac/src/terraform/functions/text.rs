//! Functions on text.

use std::sync::Arc;

use regex::Regex;

use super::{Arguments, Function, MOST_ELEMENTS, Outcome, Trouble, trouble};
use crate::{
    terraform::evaluate::Text,
    value::{Data, Object, Value, number},
};

pub(super) const NAMES: &[&str] = &[
    "chomp",
    "endswith",
    "format",
    "formatlist",
    "indent",
    "join",
    "lower",
    "regex",
    "regexall",
    "replace",
    "split",
    "startswith",
    "strcontains",
    "strrev",
    "substr",
    "title",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "chomp" => |arguments| Ok(Value::text(arguments.text(0)?.trim_end_matches(['\n', '\r']))),
        "endswith" => |arguments| Ok(Value::bool(arguments.text(0)?.ends_with(&*arguments.text(1)?))),
        "format" => |arguments| format(arguments.all()),
        "formatlist" => format_list,
        "indent" => indent,
        "join" => join,
        "lower" => |arguments| Ok(Value::text(arguments.text(0)?.to_lowercase())),
        "regex" => regex_first,
        "regexall" => regex_all,
        "replace" => replace,
        "split" => split,
        "startswith" => |arguments| Ok(Value::bool(arguments.text(0)?.starts_with(&*arguments.text(1)?))),
        "strcontains" => |arguments| Ok(Value::bool(arguments.text(0)?.contains(&*arguments.text(1)?))),
        "strrev" => |arguments| Ok(Value::text(arguments.text(0)?.chars().rev().collect::<String>())),
        "substr" => substr,
        "title" => title,
        "trim" => |arguments| {
            let signs = arguments.text(1)?;
            Ok(Value::text(arguments.text(0)?.trim_matches(|c| signs.contains(c))))
        },
        "trimprefix" => |arguments| {
            let (text, prefix) = (arguments.text(0)?, arguments.text(1)?);
            Ok(Value::text(text.strip_prefix(&*prefix).unwrap_or(&text)))
        },
        "trimspace" => |arguments| Ok(Value::text(arguments.text(0)?.trim())),
        "trimsuffix" => |arguments| {
            let (text, suffix) = (arguments.text(0)?, arguments.text(1)?);
            Ok(Value::text(text.strip_suffix(&*suffix).unwrap_or(&text)))
        },
        "upper" => |arguments| Ok(Value::text(arguments.text(0)?.to_uppercase())),
        _ => return None,
    })
}

/// `format("%s-%03d", …)`. Text of which only some arguments are known is known in part.
fn format(arguments: &[Value]) -> Outcome {
    let Some((template, rest)) = arguments.split_first() else {
        return Err(Trouble::Failed("an argument is missing"));
    };
    let template = template.as_text().ok_or_else(|| trouble(template, "text is expected"))?;
    let mut out = Text::default();
    let mut chars = template.chars().peekable();
    let mut next = 0usize;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.literal(c.encode_utf8(&mut [0; 4]));
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars
            .next_if(|c| matches!(c, '-' | '+' | ' ' | '0' | '#' | '[' | ']' | '.') || c.is_ascii_digit())
        {
            flags.push(flag);
            if flags.len() > 16 {
                return Err(Trouble::Failed("the format is wrong"));
            }
        }
        let Some(verb) = chars.next() else { return Err(Trouble::Failed("the format ends in `%`")) };
        if verb == '%' {
            out.literal("%");
            continue;
        }
        if let Some(index) = flags.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            next = index.0.parse::<usize>().unwrap_or(1).saturating_sub(1);
            flags = index.1.to_owned();
        }
        let value = rest.get(next).ok_or(Trouble::Failed("an argument is missing"))?;
        next += 1;
        verb_of(verb, &flags, value, &mut out)?;
    }
    Ok(out.finish())
}

fn verb_of(verb: char, flags: &str, value: &Value, out: &mut Text) -> Result<(), Trouble> {
    if value.is_unknown() {
        out.value(value);
        return Ok(());
    }
    let width_text = flags.trim_start_matches(['-', '+', ' ', '0', '#']);
    let (width, precision) = width_text.split_once('.').unwrap_or((width_text, ""));
    let width: usize = width.parse().unwrap_or(0).min(1000);
    let precision: Option<usize> = precision.parse().ok().map(|precision: usize| precision.min(100));
    let wanted = || value.as_number().ok_or_else(|| trouble(value, "a number is expected"));
    let text = match verb {
        's' | 'v' => match value.as_text() {
            Some(text) => text.to_string(),
            None if verb == 'v' => {
                super::encoding::json(value).map_or_else(|| "…".to_owned(), |json| json.to_string())
            }
            None => {
                out.value(value);
                return Ok(());
            }
        },
        'q' => format!("{:?}", value.as_text().unwrap_or_else(|| "".into())),
        'd' => number(wanted()?.trunc()),
        'x' => format!("{:x}", wanted()? as i64),
        'X' => format!("{:X}", wanted()? as i64),
        'o' => format!("{:o}", wanted()? as i64),
        'b' => format!("{:b}", wanted()? as i64),
        'f' | 'F' => format!("{:.*}", precision.unwrap_or(6), wanted()?),
        'e' | 'g' => number(wanted()?),
        't' => value.as_bool().ok_or_else(|| trouble(value, "true or false is expected"))?.to_string(),
        _ => return Err(Trouble::Failed("the format has an unknown verb")),
    };
    let text = if flags.contains('+') && value.as_number().is_some_and(|n| n >= 0.0) {
        format!("+{text}")
    } else {
        text
    };
    let missing = width.saturating_sub(text.chars().count());
    let zero = flags.trim_start_matches(['-', '+', ' ', '#']).starts_with('0')
        && matches!(verb, 'd' | 'x' | 'X' | 'b' | 'o' | 'f');
    if flags.contains('-') {
        out.literal(&text);
        out.literal(&" ".repeat(missing));
    } else if zero {
        out.literal(&"0".repeat(missing));
        out.literal(&text);
    } else {
        out.literal(&" ".repeat(missing));
        out.literal(&text);
    }
    Ok(())
}

fn format_list(arguments: &Arguments<'_>) -> Outcome {
    let all = arguments.all();
    let longest = all.iter().filter_map(|value| value.as_list().map(<[Value]>::len)).max();
    let Some(count) = longest else {
        if let Some(value) = all.iter().find(|value| value.is_unknown()) {
            return Err(trouble(value, "a list is expected"));
        }
        return Ok(Value::list(vec![format(all)?]));
    };
    let mut results = Vec::new();
    for index in 0..count.min(MOST_ELEMENTS) {
        let row: Vec<Value> = all
            .iter()
            .map(|value| match value.as_list() {
                Some(elements) => elements.get(index).cloned().unwrap_or_else(Value::null),
                None => value.clone(),
            })
            .collect();
        results.push(format(&row)?);
    }
    Ok(Value::list(results))
}

fn indent(arguments: &Arguments<'_>) -> Outcome {
    let spaces = " ".repeat(arguments.count(0)?.min(1000));
    Ok(Value::text(arguments.text(1)?.replace('\n', &format!("\n{spaces}"))))
}

fn join(arguments: &Arguments<'_>) -> Outcome {
    let separator = arguments.text(0)?;
    let mut out = Text::default();
    let mut first = true;
    for index in 1..arguments.all().len() {
        for element in arguments.list(index)? {
            if element.is_null() {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.literal(&separator);
            }
            out.value(element);
        }
    }
    Ok(out.finish())
}

fn compiled(pattern: &str) -> Result<Regex, Trouble> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| Trouble::Failed("the regular expression is wrong"))
}

/// What one match yields: the whole, a list of groups, or an object of named groups.
fn captured(regex: &Regex, found: &regex::Captures<'_>) -> Value {
    let group =
        |found: Option<regex::Match<'_>>| found.map_or_else(Value::null, |found| Value::text(found.as_str()));
    if regex.capture_names().flatten().next().is_some() {
        let named = regex.capture_names().flatten().map(|name| (name.into(), group(found.name(name))));
        Value::object(named.collect::<Object>())
    } else if regex.captures_len() > 1 {
        Value::list(found.iter().skip(1).map(group).collect())
    } else {
        group(found.get(0))
    }
}

fn regex_first(arguments: &Arguments<'_>) -> Outcome {
    let (regex, text) = (compiled(&arguments.text(0)?)?, arguments.text(1)?);
    let found = regex.captures(&text).ok_or(Trouble::Failed("the text does not match"))?;
    Ok(captured(&regex, &found))
}

fn regex_all(arguments: &Arguments<'_>) -> Outcome {
    let (regex, text) = (compiled(&arguments.text(0)?)?, arguments.text(1)?);
    Ok(Value::list(
        regex.captures_iter(&text).take(MOST_ELEMENTS).map(|found| captured(&regex, &found)).collect(),
    ))
}

fn replace(arguments: &Arguments<'_>) -> Outcome {
    let (text, from, to) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let pattern = from.strip_prefix('/').and_then(|inner| inner.strip_suffix('/')).filter(|_| from.len() > 1);
    Ok(Value::text(match pattern {
        Some(pattern) => compiled(pattern)?.replace_all(&text, &*to).into_owned(),
        None => text.replace(&*from, &to),
    }))
}

fn split(arguments: &Arguments<'_>) -> Outcome {
    let separator = arguments.text(0)?;
    let value = arguments.get(1)?;
    let text = value.as_text().ok_or_else(|| trouble(value, "text is expected"))?;
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| Value::text(c.to_string())).collect()
    } else if text.is_empty() {
        Vec::new()
    } else {
        text.split(&*separator).map(Value::text).collect()
    };
    Ok(Value::list(parts))
}

fn substr(arguments: &Arguments<'_>) -> Outcome {
    let chars: Vec<char> = arguments.text(0)?.chars().collect();
    let (offset, length) = (arguments.number(1)?, arguments.number(2)?);
    let start = if offset < 0.0 { chars.len() as f64 + offset } else { offset };
    let start = start.max(0.0) as usize;
    let length = if length < 0.0 { usize::MAX } else { length as usize };
    Ok(Value::text(chars.into_iter().skip(start).take(length).collect::<String>()))
}

fn title(arguments: &Arguments<'_>) -> Outcome {
    let mut begins = true;
    let text = arguments.text(0)?;
    let titled: String = text
        .chars()
        .flat_map(|c| {
            let upper = std::mem::replace(&mut begins, !c.is_alphanumeric());
            let folded: Vec<char> = if upper { c.to_uppercase().collect() } else { vec![c] };
            folded
        })
        .collect();
    Ok(Value::text(titled))
}

/// The text of a value where one is needed, for other families.
pub(super) fn key(value: &Value) -> Result<Arc<str>, Trouble> {
    match &value.data {
        Data::Text(text) => Ok(Arc::clone(text)),
        _ => value.as_text().ok_or_else(|| trouble(value, "text is expected")),
    }
}
