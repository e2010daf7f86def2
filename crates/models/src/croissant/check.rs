//! Does the description hold together? The rules of Croissant 1.0 and 1.1
//! (<https://docs.mlcommons.org/croissant/docs/croissant-spec.html>) that loaders depend on.

use std::collections::{HashMap, HashSet};

use bartizan_core::{Asset, Finding, Inspection, redacted};

use super::{
    graph::{Graph, Item, Thing},
    join, rules,
};
use crate::json::Value;

/// The most findings of one description.
const MOST: usize = 100;
/// How deep fields lie inside each other, and how long a chain of fields that take their type from each other is.
const DEEPEST: usize = 16;

/// What a source may name.
pub(super) const TARGETS: &[&str] =
    &["cr:fileObject", "cr:fileSet", "cr:field", "cr:recordSet", "sc:distribution", "cr:distribution"];

const FILE_PROPERTIES: &[&str] = &["fullpath", "filename", "content", "lines", "lineNumbers"];

/// Checks a description; each violation is a finding.
pub(super) fn check<'g>(
    dataset: &'g Thing<'_>,
    graph: &'g Graph<'g, '_>,
    old: bool,
    asset: &Asset,
) -> Inspection {
    let mut checker = Checker { graph, old, asset, known: HashSet::new(), inspection: Inspection::new() };
    checker.dataset(dataset);
    checker.inspection
}

struct Checker<'g, 'a, 'n> {
    graph: &'g Graph<'g, 'n>,
    /// Croissant 0.8: things are called by their names.
    old: bool,
    asset: &'a Asset,
    /// Every id that a source may name.
    known: HashSet<String>,
    inspection: Inspection,
}

impl<'g, 'n> Checker<'g, '_, 'n> {
    fn wrong(&mut self, line: u32, what: String) {
        if self.inspection.findings.len() < MOST {
            let finding =
                Finding::new(&rules::INVALID, self.asset, redacted(&what)).evidence("problem", &what);
            self.inspection.find(if line > 0 { finding.line(line) } else { finding });
        }
    }

    fn dataset(&mut self, dataset: &'g Thing<'n>) {
        let place = "the dataset";
        if !dataset.is_a(&["sc:Dataset"]) {
            self.wrong(dataset.line, format!("{place} has not the type `sc:Dataset` but {}", types(dataset)));
        }
        self.texts(dataset, place);
        let files = self.graph.things(dataset, &["sc:distribution", "cr:distribution"]);
        let sets = self.graph.things(dataset, &["cr:recordSet"]);
        self.learn(&files, &sets);
        let live = dataset.is_true(&["cr:isLiveDataset"]);
        for file in files {
            self.file(file, live);
        }
        for set in &sets {
            self.record_set(set);
        }
        for (line, what) in join::missing(&sets, self.graph) {
            self.wrong(line, what);
        }
    }

    /// Gathers the ids, and reports those that stand twice or cannot be used.
    fn learn(&mut self, files: &[&'g Thing<'n>], sets: &[&'g Thing<'n>]) {
        let mut all: Vec<(&'g Thing<'n>, Option<String>)> = files.iter().map(|file| (*file, None)).collect();
        for set in sets {
            all.push((set, None));
            let fields = self.graph.things(set, &["cr:field"]).into_iter();
            all.extend(fields.map(|field| (field, set.text(&["sc:name"]))));
        }
        let mut seen: HashSet<*const Thing<'n>> = HashSet::new();
        let mut at = 0;
        while let Some((thing, parent)) = all.get(at).cloned() {
            at += 1;
            // In a flattened graph things may hold each other.
            if !seen.insert(std::ptr::from_ref(thing)) {
                continue;
            }
            if let Some(id) = thing.id {
                if id.chars().any(char::is_whitespace) {
                    self.wrong(thing.line, format!("the id `{id}` holds white space"));
                }
                if !self.known.insert(id.to_owned()) {
                    self.wrong(thing.line, format!("the id `{id}` is given to two things"));
                }
            }
            if let Some(name) = thing.text(&["sc:name"]).filter(|_| self.old) {
                let parts =
                    parent.as_ref().map(|parent| (format!("{parent}/{name}"), format!("{parent}.{name}")));
                self.known.extend(parts.into_iter().flat_map(|(slash, dot)| [slash, dot]));
                self.known.insert(name);
            }
            let inner = self.graph.things(thing, &["cr:subField"]).into_iter();
            all.extend(inner.map(|field| (field, thing.text(&["sc:name"]))));
        }
    }

    /// Names and descriptions are texts, in one language or several.
    fn texts(&mut self, thing: &Thing<'_>, place: &str) {
        let names =
            ["sc:name", "sc:description", "sc:contentUrl", "sc:encodingFormat", "sc:sha256", "cr:md5"];
        for name in names {
            for item in thing.all(&[name]) {
                let found = match item {
                    Item::Plain(node) => match &node.value {
                        Value::Text(_) => continue,
                        Value::Bool(_) => "a truth value",
                        _ => "a number",
                    },
                    // An address may be written as a reference.
                    Item::Thing(inner) if name == "sc:contentUrl" && inner.id.is_some() => continue,
                    _ => "an object",
                };
                self.wrong(item.line(), format!("{place}: `{name}` is {found}, not a text"));
            }
        }
    }

    fn typed(&mut self, thing: &Thing<'_>, place: &str, own: &'static str) -> bool {
        let old = format!("sc:{}", own.trim_start_matches("cr:"));
        let right = thing.is_a(&[own]) || self.old && thing.is_a(&[&old]);
        if !right {
            self.wrong(thing.line, format!("{place} has not the type `{own}` but {}", types(thing)));
        }
        right
    }

    fn required(&mut self, thing: &Thing<'_>, place: &str, names: &[&str]) {
        if let Some(first) = names.first().filter(|_| !thing.has(names)) {
            self.wrong(thing.line, format!("{place} lacks the property `{first}`"));
        }
    }

    fn file(&mut self, file: &'g Thing<'n>, live: bool) {
        let place = format!("the file `{}`", file.label());
        let is_old = |name| self.old && file.is_a(&[name]);
        if file.is_a(&["cr:FileSet"]) || is_old("sc:FileSet") {
            self.required(file, &place, &["cr:includes", "sc:includes"]);
        } else if file.is_a(&["cr:FileObject"]) || is_old("sc:FileObject") {
            if !file.has(&["sc:containedIn", "cr:containedIn"]) {
                self.required(file, &place, &["sc:contentUrl"]);
                if !live {
                    self.required(file, &place, &["sc:sha256", "cr:sha256", "cr:md5", "sc:md5"]);
                }
            }
        } else {
            let types = types(file);
            let what = format!("{place} has neither the type `cr:FileObject` nor `cr:FileSet` but {types}");
            self.wrong(file.line, what);
            return;
        }
        self.texts(file, &place);
        self.required(file, &place, &["sc:encodingFormat"]);
        for item in file.all(&["sc:containedIn", "cr:containedIn"]) {
            self.target(item, &format!("{place} lies in"));
        }
    }

    /// The id that something refers to has to be described.
    fn target(&mut self, item: &Item<'_>, place: &str) {
        let Some(id) = item.target() else {
            self.wrong(item.line(), format!("{place} something without an `@id`"));
            return;
        };
        let parent = id.rsplit_once(['/', '.']).map(|(parent, _)| parent);
        let known = |id: &str| self.known.contains(id) || self.graph.by_id(id).is_some();
        // Croissant 0.8 names the columns of a file without describing them.
        if !(known(id) || self.old && parent.is_some_and(known)) {
            self.wrong(item.line(), format!("{place} `{id}`, which is not described"));
        }
    }

    fn record_set(&mut self, set: &'g Thing<'n>) {
        let place = format!("the record set `{}`", set.label());
        if !self.typed(set, &place, "cr:RecordSet") {
            return;
        }
        self.texts(set, &place);
        let fields = self.graph.things(set, &["cr:field"]);
        let data = set.has(&["cr:data"]);
        self.data(set, &fields, &place);
        for field in fields {
            self.field(field, data, 0);
        }
    }

    /// Records that stand in the description itself have the fields of their record set.
    fn data(&mut self, set: &'g Thing<'n>, fields: &[&'g Thing<'n>], place: &str) {
        let mut calls: HashMap<String, usize> = HashMap::new();
        for (at, field) in fields.iter().enumerate() {
            for name in field.id.map(str::to_owned).into_iter().chain(field.text(&["sc:name"])) {
                if let Some((_, last)) = name.rsplit_once('/') {
                    calls.entry(last.to_owned()).or_insert(at);
                }
                calls.insert(name, at);
            }
        }
        for item in set.all(&["cr:data"]) {
            let Item::Json(node) = item else { continue };
            let records = match &node.value {
                Value::List(records) => records.as_slice(),
                _ => std::slice::from_ref(*node),
            };
            if records.is_empty() {
                self.wrong(node.line, format!("{place}: `cr:data` holds no record"));
            }
            for record in records {
                if !record.is_object() {
                    self.wrong(record.line, format!("{place}: a record of `cr:data` is no object"));
                    return;
                }
                let keys = record.pairs().iter().map(|(key, _)| key.as_str());
                let had: HashSet<Option<usize>> = keys.clone().map(|key| calls.get(key).copied()).collect();
                if had.contains(&None) || had.len() != fields.len() {
                    let keys: Vec<_> = keys.take(16).collect();
                    let keys = keys.join("`, `");
                    let what =
                        format!("{place}: a record of `cr:data` has `{keys}`, not the fields of its set");
                    self.wrong(record.line, what);
                    return;
                }
            }
        }
    }

    /// `fed` is set where the records themselves or an enclosing field give the values.
    fn field(&mut self, field: &'g Thing<'n>, fed: bool, depth: usize) {
        let place = format!("the field `{}`", field.label());
        if depth > DEEPEST {
            self.wrong(field.line, format!("{place} lies more than {DEEPEST} fields deep"));
            return;
        }
        if !self.typed(field, &place, "cr:Field") {
            return;
        }
        self.texts(field, &place);
        let inner = self.graph.things(field, &["cr:subField"]);
        let (source, value) = (field.has(&["cr:source"]), field.has(&["cr:value", "sc:value"]));
        if source && value {
            self.wrong(field.line, format!("{place} has both `cr:source` and `cr:value`"));
        }
        if !(source || value || fed) && inner.is_empty() {
            self.wrong(field.line, format!("{place} has neither `cr:source` nor `cr:value`"));
        }
        if inner.is_empty() && !self.has_type(field) {
            let what =
                format!("{place} has no `cr:dataType`, and no field that it takes its values from has one");
            self.wrong(field.line, what);
        }
        self.array(field, &place);
        for name in ["cr:source", "cr:references"] {
            for item in field.all(&[name]) {
                self.source(item, &format!("{place}: `{name}`"));
            }
        }
        for parent in self.graph.things(field, &["cr:parentField"]) {
            for name in ["cr:source", "cr:references"] {
                for item in parent.all(&[name]) {
                    self.source(item, &format!("{place}: `{name}` of its parent field"));
                }
            }
        }
        for inner in inner {
            self.field(inner, fed || source, depth + 1);
        }
    }

    /// Has the field a type, or the field that it takes its values from?
    fn has_type(&self, field: &'g Thing<'n>) -> bool {
        let mut field = field;
        for _ in 0..DEEPEST {
            if field.has(&["cr:dataType"]) {
                return true;
            }
            let sources = self.graph.things(field, &["cr:source"]);
            let Some(next) =
                sources.iter().flat_map(|source| self.graph.things(source, &["cr:field"])).next()
            else {
                // In Croissant 0.8 a source is a text.
                let Some(id) = field.all(&["cr:source"]).first().and_then(Item::target) else { return false };
                match self.graph.by_id(id) {
                    Some(next) if next.is_a(&["cr:Field"]) => field = next,
                    _ => return false,
                }
                continue;
            };
            field = next;
        }
        false
    }

    fn array(&mut self, field: &Thing<'_>, place: &str) {
        let Some(shape) = field.text(&["cr:arrayShape"]) else { return };
        if !field.is_true(&["cr:isArray"]) {
            self.wrong(field.line, format!("{place} has `cr:arrayShape`, but `cr:isArray` is not true"));
        }
        let sizes = shape.trim_matches(['(', ')', ' ']).split(',').map(str::trim);
        if sizes.filter(|size| !size.is_empty()).any(|size| size.parse::<i64>().is_err()) {
            let what =
                format!("{place}: `cr:arrayShape` is `{shape}`, not whole numbers with commas between");
            self.wrong(field.line, what);
        }
    }

    fn source(&mut self, item: &Item<'_>, place: &str) {
        let Item::Thing(source) = item else {
            if self.old {
                self.target(item, &format!("{place} names"));
            } else {
                self.wrong(item.line(), format!("{place} names nothing: it is a text, not a reference"));
            }
            return;
        };
        let targets: Vec<_> = TARGETS.iter().flat_map(|name| source.all(&[name])).collect();
        if targets.is_empty() {
            if source.is_reference() && source.id.is_some() {
                self.target(item, &format!("{place} names"));
            } else {
                let what = format!(
                    "{place} names none of `cr:fileObject`, `cr:fileSet`, `cr:recordSet`, `cr:field`"
                );
                self.wrong(source.line, what);
            }
        }
        for target in targets {
            self.target(target, &format!("{place} names"));
        }
        for extract in source.all(&["cr:extract"]) {
            let Item::Thing(extract) = extract else { continue };
            let ways = ["cr:column", "cr:fileProperty", "cr:jsonPath"];
            if ways.iter().filter(|way| extract.has(&[way])).count() > 1 {
                self.wrong(extract.line, format!("{place} extracts in more than one way"));
            }
            let property = extract.text(&["cr:fileProperty"]);
            if let Some(name) = property
                .filter(|name| !FILE_PROPERTIES.contains(&name.rsplit([':', '/']).next().unwrap_or(name)))
            {
                self.wrong(extract.line, format!("{place} extracts `{name}`, which files do not have"));
            }
        }
    }
}

fn types(thing: &Thing<'_>) -> String {
    if thing.types.is_empty() { "none".to_owned() } else { format!("`{}`", thing.types.join("`, `")) }
}
