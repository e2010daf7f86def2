//! Values as far as they are known without running anything.
//!
//! A value is *known*, *unknown* (and names the reference that nobody can resolve here), or a text of which only some
//! parts are known. Any of them may be *sensitive*: rules decide on it, nothing prints it. Unknown never becomes a
//! default.

mod decode;
mod provenance;
mod show;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

pub use decode::{from_json, parse_json};
pub use provenance::Provenance;
pub use show::{names_a_secret, number, shown};

use crate::source::Place;

/// A value, where it stands, and where it comes from.
#[derive(Clone, Debug)]
pub struct Value {
    /// The value itself.
    pub data: Data,
    /// Must it never be printed?
    pub sensitive: bool,
    /// The expression or block that it stands in.
    pub at: Option<Place>,
    /// The references that it came through, nearest first.
    pub from: Option<Arc<Provenance>>,
    /// How many values it holds, itself included, each counted as often as it occurs: parts may be shared.
    pub(crate) weight: u32,
}

/// The kinds of values. Lists, sets and tuples are one kind, as are maps, objects and the content of blocks.
#[derive(Clone, Debug)]
pub enum Data {
    /// Nothing: the same as leaving the attribute out.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(Arc<str>),
    /// Text of which some parts are unknown.
    Partial(Arc<Partial>),
    /// Elements in order. Nested blocks of one type are a list of objects.
    List(Arc<Vec<Value>>),
    /// Entries by name.
    Object(Arc<Object>),
    /// An instance of a resource, as a reference yields it.
    Resource(Arc<Link>),
    /// Not known here.
    Unknown(Arc<Unresolved>),
}

/// Entries by name.
pub type Object = BTreeMap<Arc<str>, Value>;

/// Text of which some parts are unknown.
#[derive(Clone, Debug)]
pub struct Partial {
    /// The parts: texts, and what is unknown.
    pub parts: Vec<Fragment>,
    /// The structure that the text encodes, when it was made from one (`jsonencode`).
    pub decoded: Option<Value>,
}

/// A part of a [`Partial`] text.
#[derive(Clone, Debug)]
pub enum Fragment {
    /// Known.
    Text(Arc<str>),
    /// Unknown.
    Unknown(Arc<Unresolved>),
}

/// Why a value is unknown.
#[derive(Clone, Debug)]
pub struct Unresolved {
    /// What cannot be resolved, as it is written: `var.open`, `data.aws_ami.this.id`, `timestamp()`.
    pub reference: Arc<str>,
    /// Why, in a few words: `the variable has no value`, `known after apply`.
    pub why: &'static str,
    /// The resource that it is an attribute of, when it is one of this configuration.
    pub target: Option<Arc<Link>>,
    /// Is it in error, and not just unknown? `try` and `can` go on after an error only.
    pub failed: bool,
}

impl Unresolved {
    /// Is it certainly not null? An attribute of a resource is set, whatever it will be; a variable may turn out to be null.
    pub fn is_set(&self) -> bool {
        self.target.is_some() || self.reference.starts_with("data.")
    }
}

/// Which instance of a resource, by the module instance that it is in.
#[derive(Clone, Debug)]
pub struct Link {
    /// The module instance.
    pub scope: u32,
    /// Type: `aws_s3_bucket`.
    pub kind: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// `[0]`, `["a"]`, or nothing.
    pub key: Option<Arc<str>>,
    /// The block that declares it, where that is known: fixtures and drafts declare one name in several files.
    pub at: Option<Place>,
    /// Is it read (`data`) and not made?
    pub data_source: bool,
    /// Its body, when it was evaluated before the reference.
    pub body: Option<Value>,
}

impl Link {
    /// The type as rules name it.
    pub fn rule_kind(&self) -> Arc<str> {
        if self.data_source { format!("data.{}", self.kind).into() } else { Arc::clone(&self.kind) }
    }

    /// Is it the same instance? An instance whose key is not known may be any of them.
    pub fn is_same(&self, other: &Self) -> bool {
        self.scope == other.scope
            && self.data_source == other.data_source
            && self.kind == other.kind
            && self.name == other.name
            && (self.at == other.at || self.at.is_none() || other.at.is_none())
            && (self.key == other.key || self.key.is_none() || other.key.is_none())
    }
}

impl Value {
    /// A value that comes from nowhere in particular.
    pub fn new(data: Data) -> Self {
        let weight = match &data {
            Data::List(elements) => weigh(elements.iter()),
            Data::Object(entries) => weigh(entries.values()),
            _ => 1,
        };
        Self { data, sensitive: false, at: None, from: None, weight }
    }

    /// How many values it holds, itself included.
    pub fn weight(&self) -> usize {
        self.weight as usize
    }

    /// Is it larger than evaluation may make it? What goes through a value takes as long as it is large.
    pub fn is_too_large(&self) -> bool {
        self.weight > LARGEST
    }

    /// The same value with another element behind the others; a list of both when it is no list.
    #[must_use]
    pub fn with_element(mut self, element: Self) -> Self {
        self.weight = self.weight.saturating_add(element.weight);
        match &mut self.data {
            Data::List(list) => {
                Arc::make_mut(list).push(element);
                self
            }
            _ => Self { at: self.at, ..Self::list(vec![self, element]) },
        }
    }

    /// Nothing.
    pub fn null() -> Self {
        Self::new(Data::Null)
    }

    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::new(Data::Text(text.into()))
    }

    /// A number.
    pub fn number(number: f64) -> Self {
        Self::new(Data::Number(number))
    }

    /// True or false.
    pub fn bool(value: bool) -> Self {
        Self::new(Data::Bool(value))
    }

    /// A list.
    pub fn list(elements: Vec<Self>) -> Self {
        Self::new(Data::List(Arc::new(elements)))
    }

    /// An object.
    pub fn object(entries: Object) -> Self {
        Self::new(Data::Object(Arc::new(entries)))
    }

    /// Not known, and why.
    pub fn unknown(reference: impl Into<Arc<str>>, why: &'static str) -> Self {
        Self::unresolved_of(Unresolved { reference: reference.into(), why, target: None, failed: false })
    }

    /// An error in the configuration, which leaves the value unknown.
    pub fn failed(reference: impl Into<Arc<str>>, why: &'static str) -> Self {
        Self::unresolved_of(Unresolved { reference: reference.into(), why, target: None, failed: true })
    }

    /// Not known, and why.
    pub fn unresolved_of(unresolved: Unresolved) -> Self {
        Self::new(Data::Unknown(Arc::new(unresolved)))
    }

    /// The same value at a place, unless it has one.
    #[must_use]
    pub fn or_at(mut self, place: Place) -> Self {
        self.at.get_or_insert(place);
        self
    }

    /// The same value, sensitive if it was or `sensitive` says so.
    #[must_use]
    pub fn mark(mut self, sensitive: bool) -> Self {
        self.sensitive |= sensitive;
        self
    }

    /// The same value, with where another came from unless it has its own origin; sensitive if the other is.
    #[must_use]
    pub fn inherit(mut self, other: &Self) -> Self {
        if self.from.is_none() {
            self.from.clone_from(&other.from);
        }
        self.sensitive |= other.sensitive;
        self
    }

    /// Is nothing of it known?
    pub fn is_unknown(&self) -> bool {
        matches!(self.data, Data::Unknown(_) | Data::Resource(_))
    }

    /// Is it null?
    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// Is everything in it known?
    pub fn is_wholly_known(&self) -> bool {
        match &self.data {
            Data::Unknown(_) | Data::Resource(_) | Data::Partial(_) => false,
            Data::List(elements) => elements.iter().all(Self::is_wholly_known),
            Data::Object(entries) => entries.values().all(Self::is_wholly_known),
            _ => true,
        }
    }

    /// The first unknown in it.
    pub fn unresolved(&self) -> Option<Arc<Unresolved>> {
        match &self.data {
            Data::Unknown(unresolved) => Some(Arc::clone(unresolved)),
            Data::Resource(link) => Some(Arc::new(Unresolved {
                reference: format!("{}.{}", link.kind, link.name).into(),
                why: "known after apply",
                target: Some(Arc::clone(link)),
                failed: false,
            })),
            Data::Partial(partial) => partial.parts.iter().find_map(|part| match part {
                Fragment::Unknown(unresolved) => Some(Arc::clone(unresolved)),
                Fragment::Text(_) => None,
            }),
            Data::List(elements) => elements.iter().find_map(Self::unresolved),
            Data::Object(entries) => entries.values().find_map(Self::unresolved),
            _ => None,
        }
    }

    /// True or false, also when spelled as text, as Terraform converts it.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.data {
            Data::Bool(value) => Some(*value),
            Data::Text(text) if &**text == "true" => Some(true),
            Data::Text(text) if &**text == "false" => Some(false),
            _ => None,
        }
    }

    /// A number, also when spelled as text.
    pub fn as_number(&self) -> Option<f64> {
        match &self.data {
            Data::Number(number) => Some(*number),
            Data::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// Text, and what converts to it: numbers and truth values.
    pub fn as_text(&self) -> Option<Arc<str>> {
        match &self.data {
            Data::Text(text) => Some(Arc::clone(text)),
            Data::Number(value) => Some(number(*value).into()),
            Data::Bool(value) => Some(if *value { "true" } else { "false" }.into()),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.data {
            Data::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match &self.data {
            Data::Object(entries) => Some(entries),
            Data::Resource(link) => link.body.as_ref().and_then(Self::as_object),
            _ => None,
        }
    }

    /// An entry of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.as_object().and_then(|entries| entries.get(name))
    }

    /// Are two values the same? `None` when what is unknown decides.
    pub fn equals(&self, other: &Self) -> Option<bool> {
        use Data::{Bool, List, Null, Number, Object, Partial, Resource, Text, Unknown};
        match (&self.data, &other.data) {
            (Unknown(_) | Resource(_), _) | (_, Unknown(_) | Resource(_)) => None,
            (Null, Null) => Some(true),
            (Null, _) | (_, Null) => Some(false),
            (Partial(one), _) => other.as_text().map_or(Some(false), |text| one.may_be(&text)),
            (_, Partial(other)) => self.as_text().map_or(Some(false), |text| other.may_be(&text)),
            (Bool(_), Bool(_) | Text(_)) | (Text(_), Bool(_)) => Some(self.as_text() == other.as_text()),
            (Number(one), Number(other)) => Some((one - other).abs() <= f64::EPSILON * one.abs().max(1.0)),
            (Number(_), Text(_)) | (Text(_), Number(_)) => {
                Some(match (self.as_number(), other.as_number()) {
                    (Some(one), Some(other)) => one == other,
                    _ => false,
                })
            }
            (Text(one), Text(other)) => Some(one == other),
            (List(one), List(other)) => {
                if one.len() != other.len() {
                    return Some(false);
                }
                all(one.iter().zip(other.iter()).map(|(one, other)| one.equals(other)))
            }
            (Object(one), Object(other)) => {
                if one.len() != other.len() || !one.keys().eq(other.keys()) {
                    return Some(false);
                }
                all(one.values().zip(other.values()).map(|(one, other)| one.equals(other)))
            }
            _ => Some(false),
        }
    }
}

/// Values in one value.
pub(crate) const LARGEST: u32 = 200_000;

fn weigh<'v>(values: impl Iterator<Item = &'v Value>) -> u32 {
    values.fold(1, |sum: u32, value| sum.saturating_add(value.weight))
}

/// Are all of them true?
fn all(results: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for result in results {
        match result {
            Some(false) => return Some(false),
            None => known = false,
            Some(true) => {}
        }
    }
    known.then_some(true)
}

impl Partial {
    /// Can the whole be this text? `Some(false)` when the known parts exclude it.
    pub fn may_be(&self, text: &str) -> Option<bool> {
        let mut rest = text;
        let mut anchored = true;
        for part in &self.parts {
            match part {
                Fragment::Unknown(_) => anchored = false,
                Fragment::Text(part) => {
                    let at =
                        if anchored { rest.starts_with(&**part).then_some(0) } else { rest.find(&**part) };
                    match at {
                        Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
                        None => return Some(false),
                    }
                    anchored = true;
                }
            }
        }
        None
    }

    /// The text before the first unknown part.
    pub fn prefix(&self) -> &str {
        match self.parts.first() {
            Some(Fragment::Text(text)) => text,
            _ => "",
        }
    }

    /// The text behind the last unknown part.
    pub fn suffix(&self) -> &str {
        match self.parts.last() {
            Some(Fragment::Text(text)) => text,
            _ => "",
        }
    }
}
