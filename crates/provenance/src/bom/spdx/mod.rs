//! SPDX 3.0.1 in JSON-LD, with the AI and Dataset profiles.

mod judge;
mod model;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub(super) use self::judge::{is_spdx, problems};
use super::{
    BomError, Graph, Origin, Relation, Role, Stamp,
    cyclonedx::{is_address, statements},
    graph::Component,
    json::set,
    licence::Licence,
};

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
/// The one node that every element shares.
const CREATION: &str = "_:creation";
/// What `created` says where no time is to be told; it must say one.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// The document.
///
/// # Errors
/// When the document turns out to be wrong, which is a defect of bartizan.
pub fn spdx(graph: &Graph, stamp: &Stamp) -> Result<Value, BomError> {
    // The content decides the namespace of a reproducible document.
    let draft = Writer::new(graph, stamp, "").elements();
    let content = serde_json::to_vec(&draft).map_err(|error| BomError::Invalid(error.to_string()))?;
    let namespace = format!("https://spdx.org/spdxdocs/bartizan-{}", stamp.uuid(&content));
    let document = json!({
        "@context": CONTEXT,
        "@graph": Writer::new(graph, stamp, &namespace).elements(),
    });
    match judge::problems(&document, 1)?.first() {
        Some(problem) => Err(BomError::Invalid(problem.to_string())),
        None => Ok(document),
    }
}

struct Writer<'a> {
    graph: &'a Graph,
    stamp: &'a Stamp,
    namespace: &'a str,
    elements: Vec<Value>,
    /// Suppliers and licences by name: each is one element.
    suppliers: BTreeMap<String, String>,
    licences: BTreeMap<String, String>,
    relations: usize,
}

impl<'a> Writer<'a> {
    fn new(graph: &'a Graph, stamp: &'a Stamp, namespace: &'a str) -> Self {
        Self {
            graph,
            stamp,
            namespace,
            elements: Vec::new(),
            suppliers: BTreeMap::new(),
            licences: BTreeMap::new(),
            relations: 0,
        }
    }

    fn id(&self, name: &str) -> String {
        format!("{}#{name}", self.namespace)
    }

    fn component_id(&self, at: usize) -> String {
        self.id(&format!("component-{}", at.saturating_add(1)))
    }

    fn elements(mut self) -> Vec<Value> {
        let agent = self.id("bartizan");
        let root = self.id("application");
        self.push(
            "SoftwareAgent",
            &agent,
            json!({ "name": format!("bartizan {}", self.stamp.tool_version) }),
        );
        let name = if self.graph.name.is_empty() { "unnamed" } else { &self.graph.name };
        let mut application = json!({ "name": name, "software_primaryPurpose": "application" });
        set(&mut application, "software_packageVersion", self.graph.version.clone());
        set(&mut application, "description", self.graph.description.clone());
        let told: Vec<String> =
            self.graph.properties.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        set(&mut application, "comment", (!told.is_empty()).then(|| told.join("\n")));
        let owner = self.graph.owner.clone().map(|owner| self.supplier(owner));
        set(&mut application, "suppliedBy", owner);
        self.push("software_Package", &root, application);
        for (at, component) in self.graph.components.iter().enumerate() {
            self.component(at, component);
        }
        self.relate_all(&root);
        let members: Vec<Value> =
            self.elements.iter().filter_map(|element| element.get("spdxId").cloned()).collect();
        let (sbom, document) = (self.id("sbom"), self.id("document"));
        let profiles = json!(["core", "software", "simpleLicensing", "ai", "dataset"]);
        self.push(
            "software_Sbom",
            &sbom,
            json!({
                "software_sbomType": ["source"],
                "profileConformance": profiles,
                "rootElement": [root],
                "element": members,
            }),
        );
        self.push(
            "SpdxDocument",
            &document,
            json!({ "name": name, "profileConformance": profiles, "rootElement": [sbom] }),
        );
        let creation = json!({
            "type": "CreationInfo",
            "@id": CREATION,
            "specVersion": "3.0.1",
            "created": self.stamp.timestamp.as_deref().unwrap_or(NO_TIME),
            "createdBy": [agent],
        });
        self.elements.insert(0, creation);
        self.elements
    }

    fn push(&mut self, kind: &str, id: &str, fields: Value) {
        let mut element = Map::new();
        element.insert("type".to_owned(), kind.into());
        element.insert("spdxId".to_owned(), id.into());
        element.insert("creationInfo".to_owned(), CREATION.into());
        if let Value::Object(fields) = fields {
            element.extend(fields);
        }
        self.elements.push(Value::Object(element));
    }

    fn component(&mut self, at: usize, component: &Component) {
        let id = self.component_id(at);
        let mut fields = json!({ "name": component.name });
        set(&mut fields, "description", joined(component, &["description"]));
        set(&mut fields, "summary", component.title.clone());
        set(&mut fields, "comment", comment(component));
        if let Some(digest) = component.sha256.as_deref().filter(|digest| is_sha256(digest)) {
            let hash = json!({ "type": "Hash", "algorithm": "sha256", "hashValue": digest });
            set(&mut fields, "verifiedUsing", Some(vec![hash]));
        }
        if let Some(supplier) = component.supplier() {
            let supplier = self.supplier(supplier.to_owned());
            set(&mut fields, "suppliedBy", Some(supplier));
        }
        set(&mut fields, "software_primaryPurpose", Some(purpose(component.role)));
        let kind = match component.role {
            Role::File => "software_File",
            Role::Model => {
                package(&mut fields, component);
                model(&mut fields, component);
                "ai_AIPackage"
            }
            Role::Dataset => {
                package(&mut fields, component);
                dataset(&mut fields, component);
                "dataset_DatasetPackage"
            }
            _ => {
                package(&mut fields, component);
                "software_Package"
            }
        };
        self.push(kind, &id, fields);
        for declared in &component.licences {
            let licence = self.licence(&Licence::of(declared));
            self.relate(&id, "hasDeclaredLicense", vec![licence]);
        }
    }

    fn supplier(&mut self, name: String) -> String {
        if let Some(id) = self.suppliers.get(&name) {
            return id.clone();
        }
        let id = self.id(&format!("supplier-{}", self.suppliers.len().saturating_add(1)));
        self.push("Organization", &id, json!({ "name": name }));
        self.suppliers.insert(name, id.clone());
        id
    }

    fn licence(&mut self, licence: &Licence) -> String {
        let expression = licence.expression();
        if let Some(id) = self.licences.get(&expression) {
            return id.clone();
        }
        let id = self.id(&format!("licence-{}", self.licences.len().saturating_add(1)));
        let mut fields = json!({ "simplelicensing_licenseExpression": expression });
        if let Licence::Name(name) = licence {
            set(&mut fields, "comment", Some(format!("declared as: {name}")));
        }
        self.push("simplelicensing_LicenseExpression", &id, fields);
        self.licences.insert(expression, id.clone());
        id
    }

    fn relate(&mut self, from: &str, kind: &str, to: Vec<String>) {
        if to.is_empty() {
            return;
        }
        self.relations = self.relations.saturating_add(1);
        let id = self.id(&format!("relation-{}", self.relations));
        self.push("Relationship", &id, json!({ "from": from, "relationshipType": kind, "to": to }));
    }

    fn relate_all(&mut self, root: &str) {
        let all = self.graph.components.iter().enumerate();
        let (nested, top): (Vec<_>, Vec<_>) = all.partition(|(_, component)| component.within.is_some());
        // What is here is contained; what is elsewhere is needed.
        let ids = |local: bool| {
            top.iter()
                .filter(|(_, component)| (component.origin == Origin::Local) == local)
                .map(|(at, _)| self.component_id(*at))
                .collect::<Vec<String>>()
        };
        let (contained, needed) = (ids(true), ids(false));
        self.relate(root, "contains", contained);
        self.relate(root, "dependsOn", needed);
        for (at, component) in nested {
            if let Some(holder) = component.within {
                let (holder, member) = (self.component_id(holder), self.component_id(at));
                self.relate(&holder, "contains", vec![member]);
            }
        }
        for (from, to) in &self.graph.needs {
            let (from, to) = (self.component_id(*from), self.component_id(*to));
            self.relate(&from, "dependsOn", vec![to]);
        }
        for link in &self.graph.lineage {
            let kind = match link.relation {
                Relation::TrainedOn => "trainedOn",
                Relation::EvaluatedOn => "testedOn",
                _ => "descendantOf",
            };
            let (child, parent) = (self.component_id(link.child), self.component_id(link.parent));
            self.relate(&child, kind, vec![parent]);
        }
    }
}

fn is_sha256(digest: &str) -> bool {
    digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit())
}

fn purpose(role: Role) -> &'static str {
    match role {
        Role::Model => "model",
        Role::Dataset | Role::Prompt => "data",
        Role::Library => "library",
        Role::Container => "container",
        Role::File => "archive",
        Role::Service | Role::VectorStore | Role::Agent | Role::McpServer | Role::Tool => "application",
    }
}

fn package(fields: &mut Value, component: &Component) {
    set(fields, "software_packageVersion", component.version.clone());
    set(fields, "software_packageUrl", component.purl.as_ref().map(ToString::to_string));
    let address = |wanted: &str| {
        let found = component.addresses.iter().find(|(role, url)| role == wanted && is_address(url));
        found.map(|(_, url)| url.clone())
    };
    set(fields, "software_homePage", address("homepage"));
    if component.provider.as_deref() == Some("huggingface") && component.origin == Origin::Remote {
        let folder = if component.role == Role::Dataset { "datasets/" } else { "" };
        let url = format!("https://huggingface.co/{folder}{}", component.name);
        set(fields, "software_downloadLocation", is_address(&url).then_some(url));
    } else {
        set(fields, "software_downloadLocation", address("distribution"));
    }
}

fn model(fields: &mut Value, component: &Component) {
    set(fields, "ai_typeOfModel", component.model.get("architecture").map(|text| vec![text.clone()]));
    set(fields, "ai_domain", component.model.get("task").map(|text| vec![text.clone()]));
    set(fields, "ai_limitation", joined(component, &["limitation", "bias"]));
    set(fields, "ai_informationAboutTraining", joined(component, &["training"]));
    set(fields, "ai_informationAboutApplication", joined(component, &["use", "out-of-scope"]));
    let entry = |key: &str, value: &str| json!({ "type": "DictionaryEntry", "key": key, "value": value });
    let metrics: Vec<Value> = component
        .metrics
        .iter()
        .map(|metric| {
            let slice = metric.slice.as_ref().map(|slice| format!(" on {slice}")).unwrap_or_default();
            entry(&format!("{}{slice}", metric.name), &metric.value)
        })
        .collect();
    set(fields, "ai_metric", (!metrics.is_empty()).then_some(metrics));
    let told = ["parameters", "quantisation", "format", "framework"];
    let parameters: Vec<Value> =
        told.iter().filter_map(|key| Some(entry(key, component.model.get(*key)?))).collect();
    set(fields, "ai_hyperparameter", (!parameters.is_empty()).then_some(parameters));
}

fn dataset(fields: &mut Value, component: &Component) {
    // The profile wants a type; no file says one.
    set(fields, "dataset_datasetType", Some(vec!["noAssertion"]));
    set(fields, "dataset_intendedUse", joined(component, &["use"]));
    set(fields, "dataset_dataCollectionProcess", joined(component, &["collection", "training"]));
    set(fields, "dataset_knownBias", joined(component, &["bias"]).map(|text| vec![text]));
}

fn joined(component: &Component, subjects: &[&str]) -> Option<String> {
    let all: Vec<String> = subjects.iter().flat_map(|about| statements(component, about)).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// Where it was found, for which SPDX has no field.
fn comment(component: &Component) -> Option<String> {
    let mut lines: Vec<String> = component
        .occurrences
        .iter()
        .map(|found| match found.line {
            Some(line) => format!("found in {}:{line}", found.path),
            None => format!("found in {}", found.path),
        })
        .collect();
    if component.origin == Origin::Missing {
        lines.push("its file is not here".to_owned());
    }
    if component.pinned == Some(false) {
        lines.push("its version is not pinned".to_owned());
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
