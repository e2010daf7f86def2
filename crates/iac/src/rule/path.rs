//! Paths to attributes: `versioning.enabled`, `ingress[*].cidr_blocks`, `tags."a.b"`, `^.name`.

use std::sync::Arc;

use crate::{
    source::Place,
    value::{Data, Value, parse_json},
};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// An entry of this name. Lists on the way are gone through: `a.b` is `b` of every `a`.
    Name(Arc<str>),
    /// Every element of a list or entry of an object.
    Every,
    /// One element.
    Index(usize),
}

/// A path to an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Does it begin at the resource, even inside of an element (`^.name`)?
    pub from_resource: bool,
    /// The steps.
    pub steps: Vec<Step>,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The value; `None` when it is not set.
    pub value: Option<Value>,
    /// The path with indexes.
    pub path: String,
    /// Where the value is, or the block that lacks it; `None` when that is the resource.
    pub at: Option<Place>,
}

/// Values that one path may lead to.
const MOST_HITS: usize = 10_000;

impl Path {
    /// Reads a path as rules write it; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (from_resource, mut rest) = match text.strip_prefix('^') {
            Some(rest) => (true, rest.strip_prefix('.').unwrap_or(rest)),
            None => (false, text),
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (index, behind) = inner.split_once(']')?;
                steps.push(if index == "*" { Step::Every } else { Step::Index(index.parse().ok()?) });
                rest = behind;
            } else if let Some(inner) = rest.strip_prefix('"') {
                let (name, behind) = inner.split_once('"')?;
                steps.push(Step::Name(name.into()));
                rest = behind;
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (name, behind) = rest.split_at(end);
                match name {
                    "" => return None,
                    "*" => steps.push(Step::Every),
                    name => steps.push(Step::Name(name.into())),
                }
                rest = behind;
            }
            rest = match rest.strip_prefix('.') {
                Some("") => return None,
                Some(behind) => behind,
                None => rest,
            };
        }
        Some(Self { from_resource, steps })
    }

    /// Everything that the path leads to. Where a part of it is missing, one hit without a value stands for it.
    pub fn hits(&self, value: &Value) -> Vec<Hit> {
        let mut hits = Vec::new();
        walk(value, &self.steps, String::new(), None, &mut hits);
        hits
    }
}

fn absent(path: String, steps: &[Step], at: Option<Place>) -> Hit {
    let mut path = path;
    for step in steps {
        match step {
            Step::Name(name) => join(&mut path, name),
            Step::Every => path.push_str("[*]"),
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    Hit { value: None, path, at }
}

fn join(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

fn walk(value: &Value, steps: &[Step], path: String, at: Option<Place>, hits: &mut Vec<Hit>) {
    if hits.len() >= MOST_HITS {
        return;
    }
    let Some((step, rest)) = steps.split_first() else {
        hits.push(if value.is_null() {
            Hit { value: None, path, at }
        } else {
            Hit { value: Some(value.clone()), path, at: value.at.or(at) }
        });
        return;
    };
    // A block that lacks something is where that is said; the resource itself is `None`.
    let within = if path.is_empty() { None } else { value.at.or(at) };
    match (&value.data, step) {
        (Data::Unknown(_) | Data::Resource(_), _) => {
            hits.push(Hit { value: Some(value.clone()), path, at: within });
        }
        (Data::Null, _) => hits.push(absent(path, steps, at)),
        (Data::List(elements), Step::Every | Step::Name(_)) => {
            if elements.is_empty() {
                hits.push(absent(path.clone(), steps, within));
            }
            let rest = if *step == Step::Every { rest } else { steps };
            for (index, element) in elements.iter().enumerate() {
                let element = element.clone().inherit(value);
                walk(&element, rest, format!("{path}[{index}]"), within, hits);
            }
        }
        (Data::List(elements), Step::Index(index)) => match elements.get(*index) {
            Some(element) => {
                walk(&element.clone().inherit(value), rest, format!("{path}[{index}]"), within, hits)
            }
            None => hits.push(absent(path, steps, within)),
        },
        (Data::Object(entries), Step::Name(name)) => match entries.get(name).filter(|entry| !entry.is_null())
        {
            Some(entry) => {
                let mut path = path;
                join(&mut path, name);
                walk(&entry.clone().inherit(value), rest, path, within, hits);
            }
            None => hits.push(absent(path, steps, within)),
        },
        (Data::Object(entries), Step::Every) => {
            if entries.is_empty() {
                hits.push(absent(path.clone(), steps, within));
            }
            for (name, entry) in entries.iter() {
                let mut path = path.clone();
                join(&mut path, name);
                walk(&entry.clone().inherit(value), rest, path, within, hits);
            }
        }
        // A single block, where a list was expected.
        (Data::Object(_), Step::Index(0)) => walk(value, rest, path, at, hits),
        (Data::Text(_) | Data::Partial(_), _) => match parse_json(value) {
            Some(decoded) => {
                let decoded = Value { at: within, ..decoded };
                walk(&decoded, steps, path, within, hits);
            }
            None if matches!(value.data, Data::Partial(_)) => {
                hits.push(Hit { value: Some(value.clone()), path, at: within });
            }
            None => hits.push(absent(path, steps, within)),
        },
        _ => hits.push(absent(path, steps, within)),
    }
}
