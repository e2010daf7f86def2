//! Tests of one value.

use regex::Regex;

use super::{Truth, cidr::Cidr};
use crate::value::{Data, Fragment, Value};

/// A test of one value.
#[derive(Clone, Debug)]
pub enum Test {
    /// Is it set, and not empty?
    Exists(bool),
    /// Is it this value, or one of these?
    In(Vec<Value>),
    /// Is it none of these?
    NotIn(Vec<Value>),
    /// Does its text match?
    Matches(Regex),
    /// Does its text not match?
    NotMatches(Regex),
    /// Does its text begin with one of these?
    StartsWith(Vec<String>),
    /// Does its text end with one of these?
    EndsWith(Vec<String>),
    /// Has the list such an element, or the text such a part?
    Contains(Vec<Value>),
    /// Has it none of these?
    NotContains(Vec<Value>),
    /// Is the number below?
    LessThan(f64),
    /// Is the number at most?
    AtMost(f64),
    /// Is the number above?
    GreaterThan(f64),
    /// Is the number at least?
    AtLeast(f64),
    /// Is the version below?
    VersionBelow(Vec<u64>),
    /// Is the version at least?
    VersionAtLeast(Vec<u64>),
    /// Does the address range (or one of the list) contain all of one of these?
    ContainsCidr(Vec<Cidr>),
    /// Is an IPv4 range wider than this prefix?
    CidrWiderThan(u8),
    /// Is a range more than private addresses?
    CidrPublic(bool),
    /// Does the text `20-30`, `22` or `*` (or one of the list) include one of these ports?
    IncludesPort(Vec<u32>),
    /// Is a list, object or text empty?
    Empty(bool),
    /// Has it fewer elements?
    ShorterThan(usize),
    /// Has it at least so many elements?
    LengthAtLeast(usize),
}

/// The numbers in a version, in order: `TLSv1.2_2021` is 1, 2, 2021.
pub(super) fn version(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

impl Test {
    /// Applies the test to a value, or to its absence.
    pub(super) fn holds(&self, value: Option<&Value>) -> Truth {
        let Some(value) = value else { return Truth::of(Some(self.holds_without_value())) };
        match self {
            Self::Exists(wanted) => Truth::of(exists(value).map(|exists| exists == *wanted)),
            Self::In(values) => one_of(value, values),
            Self::NotIn(values) => one_of(value, values).negated(),
            Self::Matches(regex) => {
                text(value).map_or_else(|| undecided(value), |text| yes(regex.is_match(&text)))
            }
            Self::NotMatches(regex) => {
                text(value).map_or_else(|| undecided(value), |text| yes(regex.is_match(&text))).negated()
            }
            Self::StartsWith(starts) => starts_with(value, starts),
            Self::EndsWith(ends) => ends_with(value, ends),
            Self::Contains(values) => contains(value, values),
            Self::NotContains(values) => contains(value, values).negated(),
            Self::LessThan(limit) => number(value, |number| number < *limit),
            Self::AtMost(limit) => number(value, |number| number <= *limit),
            Self::GreaterThan(limit) => number(value, |number| number > *limit),
            Self::AtLeast(limit) => number(value, |number| number >= *limit),
            Self::VersionBelow(limit) => compare(value, |found| found < *limit),
            Self::VersionAtLeast(limit) => compare(value, |found| found >= *limit),
            Self::ContainsCidr(ranges) => any_text(value, |text| {
                Cidr::parse(text).is_some_and(|own| ranges.iter().any(|r| own.contains(r)))
            }),
            Self::CidrWiderThan(prefix) => {
                any_text(value, |text| Cidr::parse(text).is_some_and(|own| own.is_wider_than(*prefix)))
            }
            Self::CidrPublic(wanted) => {
                let public = any_text(value, |text| Cidr::parse(text).is_some_and(|own| !own.is_private()));
                if *wanted { public } else { public.negated() }
            }
            Self::IncludesPort(ports) => any_text(value, |text| includes_port(text, ports)),
            Self::Empty(wanted) => Truth::of(length(value).map(|length| (length == 0) == *wanted)),
            Self::ShorterThan(limit) => Truth::of(length(value).map(|length| length < *limit)),
            Self::LengthAtLeast(limit) => Truth::of(length(value).map(|length| length >= *limit)),
        }
    }

    /// What holds of an attribute that is not set and has no default: the negative tests.
    fn holds_without_value(&self) -> bool {
        match self {
            Self::Exists(wanted) => !wanted,
            Self::Empty(wanted) => *wanted,
            Self::NotIn(_) | Self::NotMatches(_) | Self::NotContains(_) | Self::ShorterThan(_) => true,
            Self::CidrPublic(wanted) => !wanted,
            _ => false,
        }
    }
}

fn yes(holds: bool) -> Truth {
    Truth::of(Some(holds))
}

/// Neither text nor number: unknown if it is, false otherwise.
fn undecided(value: &Value) -> Truth {
    match value.unresolved() {
        Some(_) => Truth::Unknown,
        None => Truth::False,
    }
}

fn exists(value: &Value) -> Option<bool> {
    match &value.data {
        Data::Null => Some(false),
        Data::Unknown(unresolved) => unresolved.is_set().then_some(true),
        Data::List(elements) => Some(!elements.is_empty()),
        Data::Text(text) => Some(!text.is_empty()),
        _ => Some(true),
    }
}

fn text(value: &Value) -> Option<std::sync::Arc<str>> {
    value.as_text()
}

fn one_of(value: &Value, values: &[Value]) -> Truth {
    let mut unknown = false;
    for candidate in values {
        match value.equals(candidate) {
            Some(true) => return Truth::True,
            Some(false) => {}
            None => unknown = true,
        }
    }
    if unknown { Truth::Unknown } else { Truth::False }
}

fn starts_with(value: &Value, starts: &[String]) -> Truth {
    match &value.data {
        Data::Partial(partial) => {
            let prefix = partial.prefix();
            if starts.iter().any(|start| prefix.starts_with(start.as_str())) {
                Truth::True
            } else if starts.iter().any(|start| start.starts_with(prefix)) {
                Truth::Unknown
            } else {
                Truth::False
            }
        }
        _ => match text(value) {
            Some(text) => yes(starts.iter().any(|start| text.starts_with(start.as_str()))),
            None => undecided(value),
        },
    }
}

fn ends_with(value: &Value, ends: &[String]) -> Truth {
    match &value.data {
        Data::Partial(partial) => {
            let suffix = partial.suffix();
            if ends.iter().any(|end| suffix.ends_with(end.as_str())) {
                Truth::True
            } else if ends.iter().any(|end| end.ends_with(suffix)) {
                Truth::Unknown
            } else {
                Truth::False
            }
        }
        _ => match text(value) {
            Some(text) => yes(ends.iter().any(|end| text.ends_with(end.as_str()))),
            None => undecided(value),
        },
    }
}

fn contains(value: &Value, values: &[Value]) -> Truth {
    match &value.data {
        Data::List(elements) => {
            let mut truth = Truth::False;
            for element in elements.iter() {
                match one_of(element, values) {
                    Truth::True => return Truth::True,
                    Truth::Unknown => truth = Truth::Unknown,
                    Truth::False => {}
                }
            }
            truth
        }
        Data::Object(entries) => {
            yes(values.iter().filter_map(Value::as_text).any(|name| entries.contains_key(&name)))
        }
        Data::Partial(partial) => {
            let known = partial.parts.iter().any(|part| match part {
                Fragment::Text(text) => {
                    values.iter().filter_map(Value::as_text).any(|wanted| text.contains(&*wanted))
                }
                Fragment::Unknown(_) => false,
            });
            if known { Truth::True } else { Truth::Unknown }
        }
        _ => match text(value) {
            Some(text) => yes(values.iter().filter_map(Value::as_text).any(|wanted| text.contains(&*wanted))),
            None => undecided(value),
        },
    }
}

fn number(value: &Value, holds: impl Fn(f64) -> bool) -> Truth {
    value.as_number().map_or_else(|| undecided(value), |number| yes(holds(number)))
}

fn compare(value: &Value, holds: impl Fn(Vec<u64>) -> bool) -> Truth {
    match text(value).map(|text| version(&text)) {
        Some(found) if !found.is_empty() => yes(holds(found)),
        Some(_) => Truth::False,
        None => undecided(value),
    }
}

/// Does it hold for the text, or for one of the list's texts?
fn any_text(value: &Value, holds: impl Fn(&str) -> bool + Copy) -> Truth {
    match &value.data {
        Data::List(elements) => {
            let mut truth = Truth::False;
            for element in elements.iter() {
                match any_text(element, holds) {
                    Truth::True => return Truth::True,
                    Truth::Unknown => truth = Truth::Unknown,
                    Truth::False => {}
                }
            }
            truth
        }
        _ => match text(value) {
            Some(text) => yes(holds(&text)),
            None => undecided(value),
        },
    }
}

fn includes_port(text: &str, ports: &[u32]) -> bool {
    text.split(',').any(|part| {
        let part = part.trim();
        let range = match part.split_once('-') {
            Some((from, to)) => from.trim().parse::<u32>().ok().zip(to.trim().parse::<u32>().ok()),
            None if part == "*" => Some((0, 65_535)),
            None => part.parse().ok().map(|port| (port, port)),
        };
        range.is_some_and(|(from, to)| ports.iter().any(|port| (from..=to).contains(port)))
    })
}

fn length(value: &Value) -> Option<usize> {
    match &value.data {
        Data::List(elements) => Some(elements.len()),
        Data::Object(entries) => Some(entries.len()),
        Data::Text(text) => Some(text.chars().count()),
        Data::Null => Some(0),
        Data::Unknown(_) | Data::Resource(_) | Data::Partial(_) => None,
        Data::Bool(_) | Data::Number(_) => Some(1),
    }
}
