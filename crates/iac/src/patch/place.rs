//! Where in a file a patch belongs: in the block of the resource, or where the variable or local that decides is set.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use bartizan_core::{EntryKind, Tree};

use super::{
    layout::{Page, nested},
    splice::Edit,
};
use crate::{
    resource::Resource,
    rule::{Patch, Path, Step},
    source::{FileId, Place},
    syntax::{self, Attribute, Block, Body, Document, Expression, ExpressionKind as Kind, Key, Part},
    terraform::{Reading, is_configuration},
    value::{Data, Value, shown},
};

/// Why a finding is not mended, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Refusal(pub(super) String);

type Planned<T> = Result<T, Refusal>;

fn refuse<T>(reason: impl Into<String>) -> Planned<T> {
    Err(Refusal(reason.into()))
}

/// One reading of all files, on which patches are planned.
pub(super) struct Desk<'r> {
    reading: &'r Reading,
    tree: &'r dyn Tree,
    /// Files of variables that the user names: every root reads them.
    shared: BTreeSet<&'r str>,
    documents: RefCell<BTreeMap<FileId, Rc<Document>>>,
}

/// The innermost block of a path that is there, and the names of those that are missing in it.
struct Reached<'d, 'n> {
    block: &'d Block,
    value: Option<Value>,
    missing: &'n [Arc<str>],
}

impl<'r> Desk<'r> {
    pub(super) fn new(reading: &'r Reading, tree: &'r dyn Tree, shared: BTreeSet<&'r str>) -> Self {
        Self { reading, tree, shared, documents: RefCell::default() }
    }

    /// What a patch changes. `witness` is the path of the value that decided.
    pub(super) fn plan(&self, resource: &Resource, witness: &str, patch: &Patch) -> Planned<Option<Edit>> {
        let file = resource.at.file;
        self.writable(file)?;
        let document = self.document(file);
        let Some(block) = document.body.blocks.iter().find(|block| block.span.of(file) == resource.at) else {
            return refuse(format!("`{}` is not found where it was read", resource.address));
        };
        let page = self.page(file)?;
        match patch {
            Patch::Set { path, to } => self.set(resource, block, witness, path, to),
            Patch::Insert { into, text } => {
                let (names, witness) = (names(into)?, steps(witness));
                let reached = self.descend(resource, block, &names, &witness)?;
                match reached.missing {
                    [] => Ok(page.add_lines(reached.block, text)),
                    [first, ..] => {
                        refuse(format!("the block `{first}` that the patch belongs in is missing"))
                    }
                }
            }
            Patch::Delete { path } => {
                let (names, witness) = (names(path)?, steps(witness));
                let Some((last, outer)) = names.split_last() else {
                    return refuse("the patch names nothing");
                };
                let reached = self.descend(resource, block, outer, &witness)?;
                if !reached.missing.is_empty() {
                    return Ok(None);
                }
                if let Some(attribute) = reached.block.body.attribute(last) {
                    return Ok(Some(page.delete(attribute.span)));
                }
                let reached = self.descend(resource, block, &names, &witness)?;
                Ok(reached.missing.is_empty().then(|| page.delete(reached.block.span)))
            }
        }
    }

    /// `None` when the attribute has the value already.
    fn set(
        &self,
        resource: &Resource,
        block: &Block,
        witness: &str,
        path: &str,
        to: &str,
    ) -> Planned<Option<Edit>> {
        let (names, witness) = (names(path)?, steps(witness));
        let names = own_path(&witness, names);
        let Some((last, outer)) = names.split_last() else { return refuse("the patch names no attribute") };
        let page = self.page(resource.at.file)?;
        let reached = self.descend(resource, block, outer, &witness)?;
        if !reached.missing.is_empty() {
            return Ok(page.add_lines(reached.block, &nested(reached.missing, last, to)));
        }
        let value = reached.value.as_ref().and_then(|value| value.get(last));
        if let Some(at) = value.and_then(|value| value.at)
            && at.file != resource.at.file
        {
            return refuse(format!("`{path}` is overridden in `{}`: change it there", self.shown(at)));
        }
        let Some(attribute) = reached.block.body.attribute(last) else {
            if children(&reached.block.body, last).next().is_some() {
                return refuse(format!("`{path}` is a block, where an attribute is expected"));
            }
            return Ok(page.add_attribute(reached.block, last, to));
        };
        if value.is_some_and(|value| !matches!(value.data, Data::Null) && shown(value) == to) {
            return Ok(None);
        }
        self.replace(resource, attribute, value, to).map(Some)
    }

    /// Goes into nested blocks by their names. Of several blocks of one name the one that the finding is about is meant.
    fn descend<'d, 'n>(
        &self,
        resource: &Resource,
        block: &'d Block,
        names: &'n [Arc<str>],
        witness: &[Step],
    ) -> Planned<Reached<'d, 'n>> {
        let mut reached = Reached { block, value: Some(resource.body.clone()), missing: names };
        let mut witness = Some(witness);
        while let Some((name, rest)) = reached.missing.split_first() {
            if let Some(dynamic) = reached.block.body.blocks("dynamic").find(|made| made.label(0) == &**name)
            {
                let at = self.shown(dynamic.span.of(resource.at.file));
                return refuse(format!(
                    "the block `{name}` is made by `dynamic \"{name}\"` in `{at}`: change it there"
                ));
            }
            if let Some(attribute) = reached.block.body.attribute(name) {
                let at = self.shown(attribute.span.of(resource.at.file));
                return refuse(format!(
                    "`{name}` is written as a value, not as a block, in `{at}`: change it there"
                ));
            }
            let mut index = 0;
            witness = witness.and_then(|steps| match steps {
                [Step::Name(step), Step::Index(at), rest @ ..] if step == name => {
                    index = *at;
                    Some(rest)
                }
                [Step::Name(step), rest @ ..] if step == name => Some(rest),
                _ => None,
            });
            let Some(child) = children(&reached.block.body, name).nth(index) else { break };
            let value = reached.value.as_ref().and_then(|value| {
                let list = value.get(name)?;
                list.as_list().map_or(Some(list), |list| list.get(index)).cloned()
            });
            if let Some(at) = value.as_ref().and_then(|value| value.at)
                && at.file != resource.at.file
            {
                return refuse(format!("`{name}` is overridden in `{}`: change it there", self.shown(at)));
            }
            reached = Reached { block: child, value, missing: rest };
        }
        Ok(reached)
    }

    /// Another value for an attribute: in its place, or where the variable or local that decides is set.
    fn replace(
        &self,
        resource: &Resource,
        attribute: &Attribute,
        value: Option<&Value>,
        to: &str,
    ) -> Planned<Edit> {
        let file = resource.at.file;
        if is_constant(&attribute.value) {
            return Ok(self.page(file)?.replace(attribute.value.span, to));
        }
        let own = attribute.span.of(file);
        let computed = |at: Place| {
            let at = self.shown(at);
            refuse(format!("its value is computed in `{at}`: make it `{to}` there"))
        };
        let Some(mut reference) = referred(&attribute.value) else { return computed(own) };
        let mut allowed = resource.at;
        let chain = value.and_then(|value| value.from.as_ref());
        let mut steps = chain.into_iter().flat_map(|from| from.steps());
        loop {
            let step = steps.find(|step| *step.reference == *reference);
            let Some(at) = step.and_then(|step| step.at) else { return computed(own) };
            self.is_only_user(&reference, allowed, at, to)?;
            self.writable(at.file)?;
            let document = self.document(at.file);
            let Some(attribute) = attribute_at(&document.body, at, 0) else { return computed(at) };
            if is_constant(&attribute.value) {
                return Ok(self.page(at.file)?.replace(attribute.value.span, to));
            }
            let Some(next) = referred(&attribute.value) else { return computed(at) };
            (reference, allowed) = (next, at);
        }
    }

    /// Refuses when something else refers to the variable or local as well.
    fn is_only_user(&self, reference: &str, allowed: Place, set: Place, to: &str) -> Planned<()> {
        let sources = &self.reading.sources;
        let folder = folder_of(sources.path(allowed.file));
        // A file that the user names gives variables to every root.
        let shared = self.shared.contains(sources.path(set.file));
        let roots: BTreeSet<&str> = self.reading.roots.iter().map(|root| &*root.folder).collect();
        for (id, file) in sources.files() {
            let own = folder_of(&file.path);
            let name = file.path.rsplit('/').next().unwrap_or_default();
            if !is_configuration(name) || (own != folder && !(shared && roots.contains(own))) {
                continue;
            }
            for start in mentions(&file.text, reference) {
                let at = Place { file: id, start, end: start };
                if !allowed.encloses(at) {
                    let (set, other) = (self.shown(set), self.shown(at));
                    return refuse(format!(
                        "its value comes from `{reference}`, set in `{set}`, which `{other}` uses as well: make it \
                         `{to}` there if that suits both, or set the attribute itself"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Refuses what is never written to.
    fn writable(&self, file: FileId) -> Planned<()> {
        let path = self.reading.sources.path(file);
        if path.ends_with(".json") {
            return refuse(format!("`{path}` is JSON, which is not patched: change it by hand"));
        }
        match self.tree.entry(path).map(|entry| entry.kind) {
            Some(EntryKind::File) => Ok(()),
            Some(EntryKind::LinkInside | EntryKind::LinkOutside) => refuse(format!(
                "`{path}` is a symbolic link, which is never written through: change it by hand"
            )),
            _ => refuse(format!("`{path}` lies outside of what is mended: change it there")),
        }
    }

    fn page(&self, file: FileId) -> Planned<Page<'r>> {
        match self.reading.sources.file(file) {
            Some(source) => Ok(Page { path: &source.path, text: &source.text }),
            None => refuse("the file is not known"),
        }
    }

    fn document(&self, file: FileId) -> Rc<Document> {
        let mut documents = self.documents.borrow_mut();
        let read = || {
            let text = self.reading.sources.file(file).map_or("", |file| &file.text);
            Rc::new(syntax::parse(text))
        };
        Rc::clone(documents.entry(file).or_insert_with(read))
    }

    fn shown(&self, at: Place) -> String {
        self.reading.sources.shown(at)
    }
}

fn children<'d>(body: &'d Body, name: &str) -> impl Iterator<Item = &'d Block> {
    body.blocks.iter().filter(move |block| &*block.kind == name)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The names of a patch's path.
fn names(path: &str) -> Planned<Vec<Arc<str>>> {
    let steps = Path::parse(path).map(|path| path.steps).unwrap_or_default();
    let name = |step: &Step| match step {
        Step::Name(name) => Some(Arc::clone(name)),
        _ => None,
    };
    match steps.iter().map(name).collect() {
        Some(names) => Ok(names),
        None => refuse(format!("the rule's patch has the path `{path}`, which is not made of names")),
    }
}

/// The path of the attribute that decided, when it leads through all that the patch names and ends the same: a rule for
/// several types names what they have in common (`spec.container` is `spec.template.spec.container` in some).
fn own_path(witness: &[Step], names: Vec<Arc<str>>) -> Vec<Arc<str>> {
    let own: Vec<Arc<str>> = witness
        .iter()
        .filter_map(|step| match step {
            Step::Name(name) => Some(Arc::clone(name)),
            _ => None,
        })
        .collect();
    let mut rest = own.iter();
    let inside = names.iter().all(|name| rest.any(|step| step == name));
    if inside && own.first() == names.first() && own.last() == names.last() { own } else { names }
}

fn steps(witness: &str) -> Vec<Step> {
    Path::parse(witness).map(|path| path.steps).unwrap_or_default()
}

/// Does it say the same wherever it stands?
fn is_constant(expression: &Expression) -> bool {
    match &expression.kind {
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) => true,
        Kind::Template(parts) => parts.iter().all(|part| matches!(part, Part::Literal(_))),
        Kind::Tuple(elements) => elements.iter().all(is_constant),
        Kind::Object(entries) => entries.iter().all(|(key, value)| {
            let key = match key {
                Key::Name(..) => true,
                Key::Expression(key) => is_constant(key),
            };
            key && is_constant(value)
        }),
        Kind::Unary(_, inner) | Kind::Group(inner) => is_constant(inner),
        Kind::Call(call) => call.arguments.iter().all(is_constant),
        _ => false,
    }
}

/// `var.a` or `local.a`, when the expression is nothing else.
fn referred(expression: &Expression) -> Option<String> {
    match &expression.kind {
        Kind::Member(base, name) => match &base.kind {
            Kind::Variable(first) if matches!(&**first, "var" | "local") => Some(format!("{first}.{name}")),
            _ => None,
        },
        Kind::Group(inner) => referred(inner),
        Kind::Template(parts) => match parts.as_slice() {
            [Part::Expression(inner)] => referred(inner),
            _ => None,
        },
        _ => None,
    }
}

/// The attribute at a place, in whatever block it is.
fn attribute_at(body: &Body, at: Place, depth: u32) -> Option<&Attribute> {
    if depth > syntax::MOST_NESTING {
        return None;
    }
    let own = body.attributes.iter().find(|attribute| attribute.span.of(at.file) == at);
    own.or_else(|| {
        let mut around = body.blocks.iter().filter(|block| block.span.of(at.file).encloses(at));
        around.find_map(|block| attribute_at(&block.body, at, depth + 1))
    })
}

/// Where a text refers to a variable or local, comments included: better one use too many than one too few.
fn mentions(text: &str, reference: &str) -> Vec<u32> {
    let Some((first, name)) = reference.split_once('.') else { return Vec::new() };
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut found = Vec::new();
    for (at, _) in text.match_indices(first) {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|c| is_name(c) && c != '-') {
            continue;
        }
        let behind = text.get(at + first.len()..).unwrap_or_default().trim_start();
        let Some(behind) = behind.strip_prefix('.') else { continue };
        let Some(behind) = behind.trim_start().strip_prefix(name) else { continue };
        if !behind.starts_with(is_name) {
            found.push(at as u32);
        }
    }
    found
}
