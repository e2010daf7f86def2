//! From the inventory to the graph.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, Graph, Link, Occurrence, Origin, Relation, Role, names};
use crate::bom::{Asset, Inventory, Purl};

/// The graph while it grows.
pub(super) struct Builder<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) components: Vec<Component>,
    /// Components by what they are and are called; several where versions differ.
    index: BTreeMap<(Role, String), Vec<usize>>,
    /// Components by the path of an asset that belongs to them.
    pub(super) by_path: BTreeMap<String, usize>,
    /// Every path of the inventory, folders too.
    paths: BTreeSet<&'a str>,
    /// The assets by path.
    pub(super) assets: BTreeMap<&'a str, &'a Asset>,
    pub(super) needs: BTreeSet<(usize, usize)>,
    lineage: BTreeMap<(usize, Relation, usize), BTreeSet<String>>,
}

pub(super) fn build(inventory: &Inventory) -> Graph {
    let mut sorted: Vec<&Asset> = inventory.assets.iter().collect();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    let mut paths = BTreeSet::new();
    for asset in &sorted {
        let mut path = asset.path.as_str();
        while !path.is_empty() && paths.insert(path) {
            path = names::folder(path);
        }
    }
    let mut builder = Builder {
        inventory,
        components: Vec::new(),
        index: BTreeMap::new(),
        by_path: BTreeMap::new(),
        paths,
        assets: sorted.iter().map(|asset| (asset.path.as_str(), *asset)).collect(),
        needs: BTreeSet::new(),
        lineage: BTreeMap::new(),
    };
    builder.models(&sorted);
    builder.usages(&sorted);
    builder.prompts(&sorted);
    builder.descriptions(&sorted);
    builder.finish()
}

impl Builder<'_> {
    /// Is there an asset, or a folder of assets, at this path?
    pub(super) fn exists(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Adds a component without looking for another one like it.
    pub(super) fn add(&mut self, component: Component) -> usize {
        let at = self.components.len();
        self.index.entry((component.role, component.name.clone())).or_default().push(at);
        self.components.push(component);
        at
    }

    /// The component of this name and version, new when there is none. One without version means whichever is there.
    pub(super) fn find_or_add(&mut self, role: Role, name: &str, version: Option<&str>) -> usize {
        let known = self.index.get(&(role, name.to_owned())).cloned().unwrap_or_default();
        let has = |at: &&usize, wanted: Option<&str>| {
            self.components.get(**at).is_some_and(|component| component.version.as_deref() == wanted)
        };
        let found = match version {
            None => known.first(),
            Some(_) => {
                known.iter().find(|at| has(at, version)).or_else(|| known.iter().find(|at| has(at, None)))
            }
        };
        if let Some(at) = found.copied() {
            if let Some(component) =
                self.components.get_mut(at).filter(|component| component.version.is_none())
            {
                component.version = version.map(str::to_owned);
            }
            return at;
        }
        let mut component = Component::new(role, name);
        component.version = version.map(str::to_owned);
        self.add(component)
    }

    pub(super) fn component(&mut self, at: usize) -> Option<&mut Component> {
        self.components.get_mut(at)
    }

    /// The remote or local component that a name in a file means.
    pub(super) fn named(&mut self, role: Role, name: &str, version: Option<&str>, base: &str) -> usize {
        for folder in [base, ""] {
            if let Some(path) = names::resolve(folder, name)
                && let Some(at) = self.at_path(role, &path)
            {
                return at;
            }
        }
        let hub = names::hub_id(name);
        let at = self.find_or_add(role, hub.unwrap_or(name), version);
        if let Some(component) = self.component(at)
            && component.provider.is_none()
            && hub.is_some()
            && component.origin == Origin::Remote
        {
            component.provider = Some("huggingface".to_owned());
        }
        at
    }

    /// The component at a path, or the only one of the role in that folder.
    pub(super) fn at_path(&self, role: Role, path: &str) -> Option<usize> {
        if let Some(at) = self.by_path.get(path) {
            return Some(*at);
        }
        let mut inside = self.below(role, path);
        let first = inside.next()?;
        inside.all(|at| at == first).then_some(first)
    }

    /// Every component of a role whose files lie in a folder at any depth, once per file.
    pub(super) fn below(&self, role: Role, folder: &str) -> impl Iterator<Item = usize> {
        // Everything in a folder is sorted behind it, though not at once: `a.b` stands between `a` and `a/b`.
        self.by_path
            .range(folder.to_owned()..)
            .take_while(move |(path, _)| path.starts_with(folder))
            .filter(move |(path, _)| names::lies_in(path, folder))
            .map(|(_, at)| *at)
            .filter(move |at| {
                self.components
                    .get(*at)
                    .is_some_and(|component| component.role == role && component.origin == Origin::Local)
            })
    }

    /// The same for the folder itself, without those below.
    pub(super) fn beside(&self, role: Role, folder: &str) -> BTreeSet<usize> {
        let inside = |at: &usize| {
            self.components.get(*at).is_some_and(|component| names::folder(&component.name) == folder)
        };
        self.below(role, folder).filter(inside).collect()
    }

    /// Every component of a role.
    pub(super) fn of_role(&self, role: Role) -> impl Iterator<Item = (usize, &Component)> {
        self.index
            .range((role, String::new())..)
            .take_while(move |((found, _), _)| *found == role)
            .flat_map(|(_, all)| all)
            .filter_map(|at| Some((*at, self.components.get(*at)?)))
    }

    /// The local component that is called so.
    pub(super) fn local_named(&self, role: Role, name: &str) -> Option<usize> {
        let known = self.index.get(&(role, name.to_owned()))?;
        known
            .iter()
            .copied()
            .find(|at| self.components.get(*at).is_some_and(|component| component.origin == Origin::Local))
    }

    pub(super) fn descends(&mut self, child: usize, relation: Relation, parent: usize, declared_in: &str) {
        if child != parent {
            self.lineage.entry((child, relation, parent)).or_default().insert(declared_in.to_owned());
        }
    }

    /// What a component descends from, and how.
    pub(super) fn ancestors(&self, child: usize) -> impl Iterator<Item = (Relation, usize)> {
        self.lineage
            .range((child, Relation::Base, 0)..(child.saturating_add(1), Relation::Base, 0))
            .map(|((_, relation, parent), _)| (*relation, *parent))
    }

    pub(super) fn occurs(&mut self, at: usize, path: &str, line: Option<u64>) {
        // The scanned folder itself is no place in it.
        if path == "." {
            return;
        }
        let occurrence = Occurrence { path: path.to_owned(), line, api: None, via: None };
        if let Some(component) = self.component(at) {
            component.occurrences.insert(occurrence);
        }
    }

    /// Orders everything, so that the same inventory gives the same graph.
    fn finish(mut self) -> Graph {
        self.specify();
        for component in &mut self.components {
            component.purl = purl(component);
        }
        let mut order: Vec<usize> = (0..self.components.len()).collect();
        let references = references(&self.components);
        order.sort_by(|one, other| references.get(*one).cmp(&references.get(*other)));
        let mut place = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(place) = place.get_mut(*old) {
                *place = new;
            }
        }
        let moved = |old: usize| place.get(old).copied().unwrap_or_default();
        let mut components = Vec::with_capacity(order.len());
        for old in &order {
            if let Some(component) = self.components.get(*old) {
                let mut component = component.clone();
                component.reference = references.get(*old).cloned().unwrap_or_default();
                component.within = component.within.map(moved);
                components.push(component);
            }
        }
        let lineage: BTreeSet<Link> = std::mem::take(&mut self.lineage)
            .into_iter()
            .map(|((child, relation, parent), declared_in)| Link {
                child: moved(child),
                relation,
                parent: moved(parent),
                declared_in,
            })
            .collect();
        Graph {
            name: self.inventory.name.clone(),
            version: self.inventory.version.clone(),
            description: self.inventory.description.clone(),
            owner: self.inventory.owner.clone().filter(|owner| !owner.trim().is_empty()),
            properties: self.inventory.properties.clone(),
            components,
            needs: self.needs.iter().map(|(from, to)| (moved(*from), moved(*to))).collect(),
            lineage: lineage.into_iter().collect(),
        }
    }

    /// Where a card and a configuration name the same parent, and only one says how the child was made from it, the
    /// other means that too.
    fn specify(&mut self) {
        let said: BTreeSet<(usize, usize)> = self
            .lineage
            .keys()
            .filter(|(_, relation, _)| relation.is_of_weights() && *relation != Relation::Base)
            .map(|(child, _, parent)| (*child, *parent))
            .collect();
        for (child, parent) in said {
            let Some(sources) = self.lineage.remove(&(child, Relation::Base, parent)) else { continue };
            for ((one, relation, other), declared_in) in &mut self.lineage {
                if (*one, *other) == (child, parent) && relation.is_of_weights() {
                    declared_in.extend(sources.iter().cloned());
                }
            }
        }
    }
}

/// A name for each component that is unique, and the same in every run.
fn references(components: &[Component]) -> Vec<String> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut references = Vec::with_capacity(components.len());
    for component in components {
        let role = component.role.name();
        let plain = match &component.version {
            Some(version) => format!("{role}:{}@{version}", component.name),
            None => format!("{role}:{}", component.name),
        };
        let mut reference = plain.clone();
        while taken.contains_key(&reference) {
            let count = taken.entry(plain.clone()).or_insert(1);
            *count = count.saturating_add(1);
            reference = format!("{plain}#{count}");
        }
        taken.insert(reference.clone(), 1);
        references.push(reference);
    }
    references
}

/// Is it a version of a release, rather than the tag or commit of a repository from which a package is built?
fn is_release(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && !(version.len() == 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// What a registry has gets its package URL.
fn purl(component: &Component) -> Option<Purl> {
    if component.origin != Origin::Remote {
        return None;
    }
    let (name, version) = (component.name.as_str(), component.version.as_deref());
    match (component.role, component.provider.as_deref()) {
        (Role::Model, Some("huggingface")) => Purl::huggingface(name, version),
        (Role::Model, Some("mlflow")) => Purl::mlflow(name, version),
        (Role::Library, Some("pypi")) => Purl::pypi(name, version.filter(|version| is_release(version))),
        (Role::Library, Some("npm")) => Purl::npm(name, version),
        (Role::Library, Some("conda")) => Purl::conda(name, version),
        (Role::Library, Some("cargo")) => Purl::cargo(name, version),
        (Role::Library, Some("golang")) => Purl::golang(name, version),
        (Role::Container, _) => Purl::image(name, version),
        _ => None,
    }
}
