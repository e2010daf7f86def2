//! Plans as `terraform show -json` and `tofu show -json` print them: what would be made, with what is known only after
//! apply left unknown.
//!
//! <https://developer.hashicorp.com/terraform/internals/json-format>

use std::{collections::HashMap, sync::Arc};

use serde_json::Value as Json;

use crate::{
    resource::Resource,
    source::{FileId, Place, Sources},
    value::{Data, Link, Object, Unresolved, Value},
};

/// Levels of nesting in a plan.
const DEEPEST: usize = 64;
/// Modules inside each other.
const DEEPEST_MODULE: usize = 64;

/// The resources that a plan makes or keeps. `None` when the JSON is no plan.
pub(crate) fn resources(plan: &Json, file: FileId, sources: &Sources) -> Option<Vec<Resource>> {
    let mut reader = Reader {
        places: places(file, sources),
        whole: Place { file, start: 0, end: 1 },
        scopes: HashMap::new(),
        references: HashMap::new(),
        resources: Vec::new(),
    };
    let configuration = plan.get("configuration").and_then(|of| of.get("root_module"));
    if let Some(root) = configuration {
        reader.configuration(root, "", 0);
    }
    if let Some(changes) = plan.get("resource_changes").and_then(Json::as_array) {
        for change in changes {
            reader.change(change);
        }
    } else {
        let values = plan.get("planned_values").or_else(|| plan.get("values"))?;
        reader.module(values.get("root_module")?, "", 0);
    }
    reader.connect();
    Some(reader.resources)
}

/// Where each address stands in the text.
fn places(file: FileId, sources: &Sources) -> HashMap<String, Place> {
    let mut places = HashMap::new();
    let text = sources.file(file).map_or("", |file| &file.text);
    for (at, key) in text.match_indices("\"address\"") {
        let behind = text.get(at + key.len()..).unwrap_or_default();
        let Some(value) = behind.trim_start().strip_prefix(':').map(str::trim_start) else { continue };
        let mut stream = serde_json::Deserializer::from_str(value).into_iter::<Json>();
        if let Some(Ok(Json::String(address))) = stream.next() {
            let start = at as u32;
            places.entry(address).or_insert(Place { file, start, end: start + key.len() as u32 });
        }
    }
    places
}

/// What each attribute refers to.
type References = HashMap<String, Vec<String>>;
/// Module instance, type and name.
type Name = (u32, Arc<str>, Arc<str>);

struct Reader {
    places: HashMap<String, Place>,
    whole: Place,
    /// Module instances by address.
    scopes: HashMap<String, u32>,
    /// What the attributes of a resource refer to, by module (without instance keys), type and name.
    references: HashMap<(String, String, String), References>,
    resources: Vec<Resource>,
}

fn text<'j>(json: &'j Json, key: &str) -> &'j str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

impl Reader {
    /// Which references the configuration has, module by module.
    fn configuration(&mut self, module: &Json, path: &str, depth: usize) {
        if depth > DEEPEST_MODULE {
            return;
        }
        for resource in module.get("resources").and_then(Json::as_array).into_iter().flatten() {
            let key = (path.to_owned(), text(resource, "type").to_owned(), text(resource, "name").to_owned());
            let mut attributes = HashMap::new();
            for (name, expression) in
                resource.get("expressions").and_then(Json::as_object).into_iter().flatten()
            {
                let mut found = Vec::new();
                references(expression, &mut found, 0);
                attributes.insert(name.clone(), found);
            }
            self.references.insert(key, attributes);
        }
        for (name, call) in module.get("module_calls").and_then(Json::as_object).into_iter().flatten() {
            if let Some(inner) = call.get("module") {
                let path =
                    if path.is_empty() { format!("module.{name}") } else { format!("{path}.module.{name}") };
                self.configuration(inner, &path, depth + 1);
            }
        }
    }

    fn change(&mut self, resource: &Json) {
        let Some(change) = resource.get("change") else { return };
        let actions: Vec<&str> = change
            .get("actions")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        if matches!(actions.as_slice(), ["delete" | "forget"]) {
            return;
        }
        let null = Json::Null;
        let part = |name: &str| change.get(name).unwrap_or(&null);
        self.add(
            resource,
            text(resource, "module_address"),
            [part("after"), part("after_unknown"), part("after_sensitive")],
        );
    }

    fn module(&mut self, module: &Json, address: &str, depth: usize) {
        if depth > DEEPEST_MODULE {
            return;
        }
        for resource in module.get("resources").and_then(Json::as_array).into_iter().flatten() {
            let null = Json::Null;
            let part = |name: &str| resource.get(name).unwrap_or(&null);
            self.add(resource, address, [part("values"), &Json::Null, part("sensitive_values")]);
        }
        for child in module.get("child_modules").and_then(Json::as_array).into_iter().flatten() {
            self.module(child, text(child, "address"), depth + 1);
        }
    }

    fn add(&mut self, resource: &Json, module: &str, [after, unknown, sensitive]: [&Json; 3]) {
        let address = text(resource, "address");
        let next = self.scopes.len() as u32;
        let scope = *self.scopes.entry(module.to_owned()).or_insert(next);
        let at = self.places.get(address).copied().unwrap_or(self.whole);
        let body = convert(after, unknown, sensitive, address, 0);
        let body = if body.as_object().is_some() { body } else { Value::object(Object::new()) };
        let link = Link {
            scope,
            kind: text(resource, "type").into(),
            name: text(resource, "name").into(),
            key: resource.get("index").map(|index| index.to_string().into()),
            at: None,
            data_source: text(resource, "mode") == "data",
            body: None,
        };
        self.resources.push(Resource {
            kind: link.rule_kind(),
            link: Arc::new(link),
            address: address.into(),
            at,
            header: at,
            body,
            certain: true,
            suppressions: Vec::new(),
        });
    }

    /// Gives each unknown attribute the resource that its expression refers to.
    fn connect(&mut self) {
        let mut by_name: HashMap<Name, Vec<Arc<Link>>> = HashMap::new();
        for resource in &self.resources {
            let link = &resource.link;
            let key = (link.scope, Arc::clone(&link.kind), Arc::clone(&link.name));
            by_name.entry(key).or_default().push(Arc::clone(link));
        }
        let modules: HashMap<u32, String> =
            self.scopes.iter().map(|(address, scope)| (*scope, without_keys(address))).collect();
        for resource in &mut self.resources {
            let link = Arc::clone(&resource.link);
            let module = modules.get(&link.scope).cloned().unwrap_or_default();
            let key = (module, link.kind.to_string(), link.name.to_string());
            let Some(attributes) = self.references.get(&key) else { continue };
            let Data::Object(entries) = &mut resource.body.data else { continue };
            for (name, value) in Arc::make_mut(entries).iter_mut() {
                let found = attributes.get(&**name).into_iter().flatten().find_map(|reference| {
                    let mut parts = reference.split(['.', '[']);
                    let (kind, name) = match (parts.next()?, parts.next()?) {
                        ("data", kind) => (kind, parts.next()?),
                        (kind, name) => (kind, name),
                    };
                    let targets = by_name.get(&(link.scope, kind.into(), name.into()))?;
                    let same =
                        targets.iter().find(|target| target.key == link.key).or_else(|| targets.first())?;
                    Some((reference.clone(), Arc::clone(same)))
                });
                if let Some((reference, target)) = found {
                    point(value, &reference, &target, 0);
                }
            }
        }
    }
}

/// Makes the unknowns in a value attributes of a resource.
fn point(value: &mut Value, reference: &str, target: &Arc<Link>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match &mut value.data {
        Data::Unknown(unresolved) => {
            *unresolved = Arc::new(Unresolved {
                reference: reference.into(),
                why: "known after apply",
                target: Some(Arc::clone(target)),
                failed: false,
            });
        }
        Data::List(list) => {
            Arc::make_mut(list).iter_mut().for_each(|value| point(value, reference, target, depth + 1));
        }
        Data::Object(entries) => {
            Arc::make_mut(entries).values_mut().for_each(|value| point(value, reference, target, depth + 1));
        }
        _ => {}
    }
}

fn references(expression: &Json, found: &mut Vec<String>, depth: usize) {
    if depth > DEEPEST || found.len() > 100 {
        return;
    }
    match expression {
        Json::Array(list) => list.iter().for_each(|inner| references(inner, found, depth + 1)),
        Json::Object(entries) => {
            for (name, inner) in entries {
                match (name.as_str(), inner) {
                    ("references", Json::Array(list)) => {
                        found.extend(list.iter().filter_map(Json::as_str).map(str::to_owned));
                    }
                    _ => references(inner, found, depth + 1),
                }
            }
        }
        _ => {}
    }
}

/// A module's address without instance keys.
fn without_keys(address: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    let mut quoted = false;
    for c in address.chars() {
        match c {
            '"' if inside => quoted = !quoted,
            '[' if !inside => inside = true,
            ']' if inside && !quoted => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

/// A value of the plan, with what is known after apply left unknown.
fn convert(after: &Json, unknown: &Json, sensitive: &Json, path: &str, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::unknown(path, "nested too deeply");
    }
    if unknown == &Json::Bool(true) {
        return Value::unknown(path, "known after apply");
    }
    let hidden = sensitive == &Json::Bool(true);
    let null = Json::Null;
    let value = match after {
        Json::Object(entries) => {
            let mut object: Object = entries
                .iter()
                .map(|(name, inner)| {
                    let part = |of: &'_ Json| of.get(name).cloned().unwrap_or(Json::Null);
                    let inner = convert(
                        inner,
                        &part(unknown),
                        &part(sensitive),
                        &format!("{path}.{name}"),
                        depth + 1,
                    );
                    (Arc::from(name.as_str()), inner)
                })
                .collect();
            // What is unknown as a whole is not among the values.
            for (name, inner) in unknown.as_object().into_iter().flatten() {
                if !entries.contains_key(name) && inner != &Json::Bool(false) {
                    let value = convert(&null, inner, &null, &format!("{path}.{name}"), depth + 1);
                    object.insert(name.as_str().into(), value);
                }
            }
            Value::object(object)
        }
        Json::Array(list) => Value::list(
            list.iter()
                .enumerate()
                .map(|(index, inner)| {
                    let part = |of: &'_ Json| of.get(index).cloned().unwrap_or(Json::Null);
                    convert(inner, &part(unknown), &part(sensitive), &format!("{path}[{index}]"), depth + 1)
                })
                .collect(),
        ),
        Json::Null if unknown.as_object().is_some_and(|of| !of.is_empty()) => {
            convert(&Json::Object(serde_json::Map::new()), unknown, sensitive, path, depth + 1)
        }
        scalar => crate::value::from_json(scalar, &[]),
    };
    value.mark(hidden)
}

/// Gives the resources of a plan the places, origins and comments that they have in the source, found by address.
pub(crate) fn join(planned: &mut [Resource], source: &[Resource]) {
    let by_address: HashMap<&str, &Resource> =
        source.iter().map(|resource| (&*resource.address, resource)).collect();
    let by_block: HashMap<String, &Resource> =
        source.iter().map(|resource| (without_keys(&resource.address), resource)).collect();
    for resource in planned {
        let found =
            by_address.get(&*resource.address).or_else(|| by_block.get(&without_keys(&resource.address)));
        let Some(found) = found else { continue };
        resource.at = found.at;
        resource.header = found.header;
        resource.suppressions.clone_from(&found.suppressions);
        resource.body.at = found.body.at;
        place(&mut resource.body, &found.body, 0);
    }
}

fn place(planned: &mut Value, source: &Value, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    planned.at = planned.at.or(source.at);
    if planned.from.is_none() {
        planned.from.clone_from(&source.from);
    }
    match (&mut planned.data, &source.data) {
        (Data::Object(planned), Data::Object(source)) => {
            for (name, value) in Arc::make_mut(planned).iter_mut() {
                if let Some(source) = source.get(name) {
                    place(value, source, depth + 1);
                }
            }
        }
        (Data::List(planned), Data::List(source)) => {
            for (value, source) in Arc::make_mut(planned).iter_mut().zip(source.iter()) {
                place(value, source, depth + 1);
            }
        }
        _ => {}
    }
}
