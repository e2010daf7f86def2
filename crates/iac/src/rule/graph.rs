//! Which resource refers to which.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use super::Path;
use crate::{
    resource::Resource,
    value::{Data, Fragment, Link, Value},
};

/// A type of resource, and the path of its attribute.
type IndexKey = (Arc<str>, Vec<super::Step>);
/// Module instance, type and name.
type TargetKey = (u32, Arc<str>, Arc<str>);

/// All resources of one root, and the references between them.
#[derive(Debug)]
pub struct Graph<'r> {
    resources: &'r [Resource],
    by_kind: HashMap<&'r str, Vec<usize>>,
    indexes: RefCell<HashMap<IndexKey, Rc<Index>>>,
}

/// Resources of one type by what one of their attributes refers to.
#[derive(Debug, Default)]
struct Index {
    by_target: HashMap<TargetKey, Vec<(usize, Arc<Link>)>>,
    by_text: HashMap<Arc<str>, Vec<usize>>,
    unresolved: Vec<usize>,
}

/// Resources that refer to one, and those of which that is not known.
#[derive(Debug, Default)]
pub(super) struct Referring<'r> {
    pub(super) certain: Vec<&'r Resource>,
    pub(super) possible: Vec<&'r Resource>,
}

impl<'r> Graph<'r> {
    /// The graph of a root's resources.
    pub fn new(resources: &'r [Resource]) -> Self {
        let mut by_kind: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, resource) in resources.iter().enumerate() {
            by_kind.entry(&resource.kind).or_default().push(index);
        }
        Self { resources, by_kind, indexes: RefCell::default() }
    }

    /// Resources of a type.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &'r Resource> {
        self.by_kind.get(kind).into_iter().flatten().filter_map(|index| self.resources.get(*index))
    }

    /// The resource that a link is to.
    pub fn find(&self, link: &Link) -> Option<&'r Resource> {
        self.of_kind(&link.rule_kind()).find(|resource| resource.link.is_same(link))
    }

    /// Resources of type `kind` whose attribute `by` refers to `resource`, or names it by one of its attributes `to`.
    pub(super) fn referring(
        &self,
        resource: &Resource,
        kind: &Arc<str>,
        by: &Path,
        to: &[Arc<str>],
    ) -> Referring<'r> {
        let index = self.index(kind, by);
        let mut found = Referring::default();
        let get = |at: usize| self.resources.get(at);
        let link = &resource.link;
        let key = (link.scope, Arc::clone(&link.kind), Arc::clone(&link.name));
        for (at, target) in index.by_target.get(&key).into_iter().flatten() {
            if target.is_same(link) {
                found.certain.extend(get(*at));
            }
        }
        for name in to {
            // A path, since names of Kubernetes lie in `metadata.name`.
            let hits = Path::parse(name).map(|path| path.hits(&resource.body)).unwrap_or_default();
            for text in hits.iter().filter_map(|hit| hit.value.as_ref()?.as_text()) {
                if !text.is_empty() {
                    found
                        .certain
                        .extend(index.by_text.get(&text).into_iter().flatten().filter_map(|at| get(*at)));
                }
            }
        }
        found.possible.extend(index.unresolved.iter().filter_map(|at| get(*at)));
        found
    }

    fn index(&self, kind: &Arc<str>, by: &Path) -> Rc<Index> {
        let key = (Arc::clone(kind), by.steps.clone());
        if let Some(index) = self.indexes.borrow().get(&key) {
            return Rc::clone(index);
        }
        let mut index = Index::default();
        for at in self.by_kind.get(&**kind).into_iter().flatten() {
            let Some(resource) = self.resources.get(*at) else { continue };
            for hit in by.hits(&resource.body) {
                let Some(value) = hit.value else { continue };
                let mut targets = Vec::new();
                collect(&value, &mut targets);
                for target in &targets {
                    let key = (target.scope, Arc::clone(&target.kind), Arc::clone(&target.name));
                    index.by_target.entry(key).or_default().push((*at, Arc::clone(target)));
                }
                let mut texts = Vec::new();
                collect_texts(&value, &mut texts);
                let nothing = targets.is_empty() && texts.is_empty();
                for text in texts {
                    index.by_text.entry(text).or_default().push(*at);
                }
                if nothing && value.unresolved().is_some() {
                    index.unresolved.push(*at);
                }
            }
        }
        let index = Rc::new(index);
        self.indexes.borrow_mut().insert(key, Rc::clone(&index));
        index
    }
}

/// Everything that a value refers to, before and after evaluation.
pub(super) fn targets(value: &Value) -> Vec<Arc<Link>> {
    let mut out = Vec::new();
    collect(value, &mut out);
    out
}

fn collect(value: &Value, out: &mut Vec<Arc<Link>>) {
    if let Some(from) = &value.from {
        out.extend(from.steps().filter_map(|step| step.target.clone()));
    }
    match &value.data {
        Data::Resource(link) => out.push(Arc::clone(link)),
        Data::Unknown(unresolved) => out.extend(unresolved.target.clone()),
        Data::Partial(partial) => out.extend(partial.parts.iter().filter_map(|part| match part {
            Fragment::Unknown(unresolved) => unresolved.target.clone(),
            Fragment::Text(_) => None,
        })),
        Data::List(elements) => elements.iter().for_each(|element| collect(element, out)),
        Data::Object(entries) => entries.values().for_each(|entry| collect(entry, out)),
        _ => {}
    }
}

fn collect_texts(value: &Value, out: &mut Vec<Arc<str>>) {
    match &value.data {
        Data::Text(text) => out.push(Arc::clone(text)),
        Data::List(elements) => elements.iter().for_each(|element| collect_texts(element, out)),
        _ => {}
    }
}
