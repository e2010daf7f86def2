//! A JSON-LD document as things with properties, whatever form it is written in: compacted or expanded, nested or
//! flattened.

use std::collections::HashMap;

use super::context::{Context, Form};
use crate::json::{Node, Value};

/// A thing with its properties, or a mere reference to one.
#[derive(Debug, Default)]
pub(super) struct Thing<'a> {
    pub(super) line: u32,
    pub(super) id: Option<&'a str>,
    pub(super) types: Vec<String>,
    properties: HashMap<String, Vec<Item<'a>>>,
}

/// A value of a property.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Thing(Thing<'a>),
    /// Text, a number or a truth value.
    Plain(&'a Node),
    /// JSON that is data.
    Json(&'a Node),
}

impl<'a> Thing<'a> {
    /// Reads an object. Recursion is as deep as the document, which its reader bounds.
    pub(super) fn new(node: &'a Node, context: &Context) -> Self {
        let mut thing = Self { line: node.line, ..Self::default() };
        for (key, value) in node.pairs() {
            match context.meaning(key).as_str() {
                "@id" => thing.id = value.text(),
                "@type" => thing.types = value.texts().iter().map(|name| context.meaning(name)).collect(),
                meaning if meaning.starts_with('@') => {}
                meaning => {
                    let items = thing.properties.entry(meaning.to_owned()).or_default();
                    gather(value, context.form(key), context, items);
                }
            }
        }
        thing
    }

    /// Is it nothing but a reference to a thing described elsewhere?
    pub(super) fn is_reference(&self) -> bool {
        self.types.is_empty() && self.properties.is_empty()
    }

    /// Is one of these its type?
    pub(super) fn is_a(&self, types: &[&str]) -> bool {
        self.types.iter().any(|own| types.contains(&own.as_str()))
    }

    /// The values of the first of these properties that has any.
    pub(super) fn all(&self, names: &[&str]) -> &[Item<'a>] {
        let items = names.iter().filter_map(|name| self.properties.get(*name));
        items.into_iter().find(|items| !items.is_empty()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Has it any value for one of these properties?
    pub(super) fn has(&self, names: &[&str]) -> bool {
        !self.all(names).is_empty()
    }

    /// The first value of a property as text.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        self.all(names).iter().find_map(Item::text)
    }

    /// Is the property true?
    pub(super) fn is_true(&self, names: &[&str]) -> bool {
        let truth = |item: &Item<'_>| match item {
            Item::Plain(node) => node.truth() == Some(true) || node.text() == Some("true"),
            _ => false,
        };
        self.all(names).iter().any(truth)
    }

    /// What it calls itself: its id, or its name.
    pub(super) fn label(&self) -> String {
        self.id.map(str::to_owned).or_else(|| self.text(&["sc:name"])).unwrap_or_default()
    }

    /// Every property with its values.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&str, &[Item<'a>])> {
        self.properties.iter().map(|(name, items)| (name.as_str(), items.as_slice()))
    }
}

impl Item<'_> {
    /// The value as text: of a thing, its name, its address or its id.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Item::Plain(node) => node.scalar(),
            Item::Thing(thing) => {
                let own = |names: &[&str]| {
                    thing.all(names).iter().find_map(|item| match item {
                        Item::Plain(node) => node.scalar(),
                        _ => None,
                    })
                };
                own(&["sc:name"]).or_else(|| own(&["sc:url"])).or_else(|| thing.id.map(str::to_owned))
            }
            Item::Json(_) => None,
        }
    }

    /// The id that it refers to.
    pub(super) fn target(&self) -> Option<&str> {
        match self {
            Item::Thing(thing) => thing.id,
            // Croissant 0.8 wrote `#{name}`.
            Item::Plain(node) => node
                .text()
                .map(|text| text.strip_prefix("#{").and_then(|text| text.strip_suffix('}')).unwrap_or(text)),
            Item::Json(_) => None,
        }
    }

    pub(super) fn line(&self) -> u32 {
        match self {
            Item::Thing(thing) => thing.line,
            Item::Plain(node) | Item::Json(node) => node.line,
        }
    }
}

fn gather<'a>(value: &'a Node, form: Form, context: &Context, items: &mut Vec<Item<'a>>) {
    match &value.value {
        Value::Null | Value::Skipped => {}
        _ if form == Form::Json => items.push(Item::Json(value)),
        Value::List(parts) => parts.iter().for_each(|part| gather(part, form, context, items)),
        Value::Object(pairs) => {
            if let Some(inner) = ["@value", "@list", "@set"].iter().find_map(|key| value.get(key)) {
                gather(inner, Form::Plain, context, items);
            } else if form == Form::Languages {
                pairs.iter().for_each(|(_, part)| gather(part, Form::Plain, context, items));
            } else {
                items.push(Item::Thing(Thing::new(value, context)));
            }
        }
        _ => items.push(Item::Plain(value)),
    }
}

/// The things of a document, and where each id is described.
#[derive(Debug)]
pub(super) struct Graph<'g, 'a> {
    described: HashMap<&'a str, &'g Thing<'a>>,
}

impl<'g, 'a> Graph<'g, 'a> {
    pub(super) fn new(things: &'g [Thing<'a>]) -> Self {
        let mut described = HashMap::new();
        let mut waiting: Vec<&Thing<'a>> = things.iter().collect();
        while let Some(thing) = waiting.pop() {
            if let Some(id) = thing.id.filter(|_| !thing.is_reference()) {
                described.insert(id, thing);
            }
            for (_, items) in thing.properties() {
                waiting.extend(items.iter().filter_map(|item| match item {
                    Item::Thing(inner) => Some(inner),
                    _ => None,
                }));
            }
        }
        Self { described }
    }

    /// The thing itself, or the one that it refers to.
    pub(super) fn resolved(&self, thing: &'g Thing<'a>) -> &'g Thing<'a> {
        match thing.id.filter(|_| thing.is_reference()) {
            Some(id) => self.described.get(id).copied().unwrap_or(thing),
            None => thing,
        }
    }

    /// The things that a property names.
    pub(super) fn things(&self, thing: &'g Thing<'a>, names: &[&str]) -> Vec<&'g Thing<'a>> {
        let things = thing.all(names).iter().filter_map(|item| match item {
            Item::Thing(inner) => Some(self.resolved(inner)),
            _ => None,
        });
        things.collect()
    }

    /// The thing with this id.
    pub(super) fn by_id(&self, id: &str) -> Option<&'g Thing<'a>> {
        self.described.get(id).copied()
    }
}
