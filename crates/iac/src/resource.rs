//! What a configuration makes, whatever language it is written in: the noun that rules speak of.

use std::sync::Arc;

use crate::{source::Place, value::Link, value::Value};

/// One instance of a resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Which instance, for connections between resources.
    pub link: Arc<Link>,
    /// The type as rules name it: `aws_s3_bucket`, and `data.aws_s3_bucket` for what is only read.
    pub kind: Arc<str>,
    /// Address with modules and instance keys: `module.data[0].aws_s3_bucket.raw["eu"]`.
    pub address: Arc<str>,
    /// The whole block.
    pub at: Place,
    /// The line that names it.
    pub header: Place,
    /// Attributes and nested blocks, as an object. Nested blocks of one type are a list of objects.
    pub body: Value,
    /// Is it certain that the instance exists? It is not when `count` or `for_each` is unknown.
    pub certain: bool,
    /// Comments that take findings back.
    pub suppressions: Vec<Suppression>,
}

/// A comment that takes findings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// A rule's id, one of its aliases, or `*`.
    pub rule: Arc<str>,
    /// The instance key that it is for; all of them when `None`.
    pub key: Option<Arc<str>>,
    /// Why.
    pub reason: Arc<str>,
    /// Where it is written.
    pub at: Place,
    /// The attribute or nested block that it is for; the whole resource when `None`.
    pub covers: Option<Place>,
}

/// Everything that one root makes.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Every instance, in order of files.
    pub resources: Vec<Resource>,
}
