//! CycloneDX 1.6 and 1.7 (ECMA-424), with the model card and data of the ML-BOM.

mod card;
mod document;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(super) use self::card::statements;
use self::document::{
    Bom, Component, Contents, Data, Dependency, Evidence, ExternalReference, Hash, Licence as LicenceName,
    LicenceChoice, Metadata, Named, Occurrence, Organisation, Pedigree, Property, Service, Tools,
};
use super::{
    BomError, Graph, Origin, Role, SpecVersion, Stamp, graph, licence::Licence, validate::Validator,
};

/// The reference of what the bill is about.
const ROOT: &str = "application";

/// The document, which is valid by the layout of its spec version.
///
/// # Errors
/// When the spec version is older than 1.6, or the document turns out not to be valid.
pub fn cyclonedx(graph: &Graph, version: SpecVersion, stamp: &Stamp) -> Result<Value, BomError> {
    if version < SpecVersion::V1_6 {
        return Err(BomError::Unsupported(format!(
            "bills of materials are written in CycloneDX 1.6 and 1.7, not {}",
            version.name()
        )));
    }
    let mut bom = render(graph, version, stamp);
    let content = serde_json::to_vec(&bom).map_err(|error| BomError::Invalid(error.to_string()))?;
    bom.serial_number = Some(format!("urn:uuid:{}", stamp.uuid(&content)));
    let document = serde_json::to_value(&bom).map_err(|error| BomError::Invalid(error.to_string()))?;
    let problems = Validator::of(version)?.problems(&document, 1);
    match problems.first() {
        Some(problem) => Err(BomError::Invalid(problem.to_string())),
        None => Ok(document),
    }
}

fn render(graph: &Graph, version: SpecVersion, stamp: &Stamp) -> Bom {
    let mut components = Vec::new();
    let mut services = Vec::new();
    let members = graph.members();
    for (at, node) in graph.components.iter().enumerate() {
        if is_service(node) {
            services.push(service(node));
        } else if node.within.is_none() {
            components.push(component(graph, &members, at, node));
        }
    }
    Bom {
        schema: format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.name()),
        bom_format: "CycloneDX",
        spec_version: version.name(),
        serial_number: None,
        version: 1,
        metadata: Metadata {
            timestamp: stamp.timestamp.clone(),
            lifecycles: vec![BTreeMap::from([("phase", "pre-build")])],
            tools: Tools {
                components: vec![Component {
                    kind: "application",
                    name: "bartizan".to_owned(),
                    version: Some(stamp.tool_version.to_owned()),
                    ..Component::default()
                }],
            },
            component: Component {
                kind: "application",
                bom_ref: Some(ROOT.to_owned()),
                name: if graph.name.is_empty() { "unnamed".to_owned() } else { graph.name.clone() },
                version: graph.version.as_deref().map(fitting),
                description: graph.description.clone(),
                supplier: graph.owner.clone().map(|name| Organisation { name }),
                properties: graph
                    .properties
                    .iter()
                    .map(|(name, value)| Property { name: format!("bartizan:{name}"), value: value.clone() })
                    .collect(),
                ..Component::default()
            },
        },
        components,
        services,
        dependencies: dependencies(graph),
    }
}

/// What runs elsewhere and is spoken to.
fn is_service(node: &graph::Component) -> bool {
    let is_spoken_to = matches!(node.role, Role::McpServer | Role::VectorStore | Role::Agent);
    node.role == Role::Service || is_spoken_to && node.name.contains("://")
}

/// Versions are at most 1024 characters long.
fn fitting(version: &str) -> String {
    version.chars().take(1024).collect()
}

fn kind(role: Role) -> &'static str {
    match role {
        Role::Model => "machine-learning-model",
        Role::Dataset | Role::Prompt => "data",
        Role::Library => "library",
        Role::Container => "container",
        Role::File => "file",
        Role::Service | Role::VectorStore | Role::Agent | Role::McpServer | Role::Tool => "application",
    }
}

fn component(
    graph: &Graph,
    members: &BTreeMap<usize, Vec<usize>>,
    at: usize,
    node: &graph::Component,
) -> Component {
    let nested = members.get(&at).into_iter().flatten();
    let mut components: Vec<Component> =
        nested.filter_map(|at| Some(component(graph, members, *at, graph.components.get(*at)?))).collect();
    if node.role == Role::Model {
        components.extend(node.parts.iter().map(|part| Component {
            kind: "file",
            name: part.name.clone(),
            hashes: part.sha256.iter().filter_map(|digest| sha256(digest)).collect(),
            ..Component::default()
        }));
    }
    let occurrences: Vec<Occurrence> = node.occurrences.iter().map(occurrence).collect();
    Component {
        kind: kind(node.role),
        bom_ref: Some(node.reference.clone()),
        supplier: node.supplier().map(|name| Organisation { name: name.to_owned() }),
        authors: node.creators.iter().map(|name| Named { name: name.clone() }).collect(),
        name: node.name.clone(),
        version: node.version.as_deref().map(fitting),
        description: card::joined(node, "description"),
        hashes: node.sha256.iter().filter_map(|digest| sha256(digest)).collect(),
        licenses: licences(node),
        purl: node.purl.as_ref().map(ToString::to_string),
        pedigree: pedigree(graph, at),
        external_references: addresses(node),
        components,
        evidence: (!occurrences.is_empty()).then_some(Evidence { occurrences }),
        model_card: (node.role == Role::Model).then(|| card::model_card(graph, at, node)).flatten(),
        data: data(node),
        properties: properties(node),
    }
}

fn sha256(digest: &str) -> Option<Hash> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    is_digest.then(|| Hash { alg: "SHA-256", content: digest.to_ascii_lowercase() })
}

fn occurrence(found: &graph::Occurrence) -> Occurrence {
    Occurrence {
        location: found.path.clone(),
        line: found.line,
        symbol: found.api.clone(),
        additional_context: found.via.map(str::to_owned),
    }
}

fn licences(node: &graph::Component) -> Vec<LicenceChoice> {
    let all: BTreeSet<Licence> = node.licences.iter().map(|declared| Licence::of(declared)).collect();
    let alone = all.len() == 1;
    all.into_iter()
        .map(|licence| match licence {
            // An expression stands alone or not at all.
            Licence::Expression(text) if alone => LicenceChoice::Expression(text),
            Licence::Expression(text) | Licence::Name(text) => {
                LicenceChoice::License(LicenceName::Name(text))
            }
            Licence::Id(id) => LicenceChoice::License(LicenceName::Id(id)),
        })
        .collect()
}

/// CycloneDX has no field for a base model; its maintainers point to the pedigree.
fn pedigree(graph: &Graph, at: usize) -> Option<Pedigree> {
    let parents: BTreeSet<usize> = graph
        .links_of(at)
        .iter()
        .filter(|link| link.relation.is_of_weights())
        .map(|link| link.parent)
        .collect();
    let ancestors: Vec<Component> = parents
        .into_iter()
        .filter_map(|parent| graph.components.get(parent))
        .map(|parent| Component {
            kind: kind(parent.role),
            name: parent.name.clone(),
            version: parent.version.as_deref().map(fitting),
            hashes: parent.sha256.iter().filter_map(|digest| sha256(digest)).collect(),
            purl: parent.purl.as_ref().map(ToString::to_string),
            ..Component::default()
        })
        .collect();
    (!ancestors.is_empty()).then_some(Pedigree { ancestors })
}

fn addresses(node: &graph::Component) -> Vec<ExternalReference> {
    let mut all = BTreeSet::new();
    for (role, address) in &node.addresses {
        let kind = match role.as_str() {
            "licence" => "license",
            "vcs" => "vcs",
            "distribution" => "distribution",
            "paper" => "documentation",
            _ => "website",
        };
        all.insert((kind, address.clone()));
    }
    if node.provider.as_deref() == Some("huggingface") && node.origin == Origin::Remote {
        let folder = if node.role == Role::Dataset { "datasets/" } else { "" };
        if matches!(node.role, Role::Dataset | Role::Model) {
            all.insert(("distribution", format!("https://huggingface.co/{folder}{}", node.name)));
        }
    }
    all.into_iter()
        .filter(|(_, url)| is_address(url))
        .map(|(kind, url)| ExternalReference { kind, url })
        .collect()
}

/// Only what every reader takes for an address is given as one.
pub(in crate::bom) fn is_address(text: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let escapes = |text: &str| {
        text.split('%').skip(1).all(|rest| {
            rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        })
    };
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let (name, port) = host.split_once(':').map_or((host, ""), |(name, port)| (name, port));
        let after_fragment = rest.split_once('#').is_none_or(|(_, fragment)| !fragment.contains('#'));
        !name.is_empty()
            && name.chars().all(is_host)
            && port.bytes().all(|b| b.is_ascii_digit())
            && rest.chars().all(harmless)
            && escapes(rest)
            && after_fragment
    })
}

fn data(node: &graph::Component) -> Vec<Data> {
    if node.role == Role::Prompt {
        return vec![Data {
            kind: "other",
            name: Some("prompt".to_owned()),
            contents: None,
            description: None,
        }];
    }
    if node.role != Role::Dataset {
        return Vec::new();
    }
    let mut all = vec![Data { kind: "dataset", name: node.title.clone(), contents: None, description: None }];
    all.extend(node.parts.iter().map(|part| Data {
        kind: "dataset",
        name: Some(part.name.clone()),
        contents: part.url.clone().filter(|url| is_address(url)).map(|url| Contents { url }),
        description: part.media_type.clone(),
    }));
    all
}

/// What has no field of its own.
fn properties(node: &graph::Component) -> Vec<Property> {
    let mut all: BTreeSet<Property> = BTreeSet::new();
    let mut add = |name: &str, value: &str| {
        all.insert(Property { name: format!("bartizan:{name}"), value: value.to_owned() });
    };
    add("role", node.role.name());
    match node.origin {
        Origin::Remote => {}
        Origin::Local => add("local", "true"),
        Origin::Missing => {
            add("local", "true");
            add("missing", "true");
        }
    }
    if let Some(pinned) = node.pinned {
        add("pinned", if pinned { "true" } else { "false" });
    }
    if let Some(constraint) = &node.constraint {
        add("version-constraint", constraint);
    }
    if let Some(provider) = &node.provider {
        add("provider", provider);
    }
    if let Some(size) = node.size {
        add("size", &size.to_string());
    }
    if let Some(title) = &node.title {
        add("title", title);
    }
    for (key, value) in &node.model {
        if !matches!(*key, "task" | "architecture") {
            add(key, value);
        }
    }
    for (key, value) in &node.properties {
        add(key, value);
    }
    if node.role == Role::Dataset {
        for part in &node.parts {
            if let Some(digest) = &part.sha256 {
                add("file", &format!("{} sha256 {digest}", part.name));
            }
        }
    }
    all.into_iter().collect()
}

fn service(node: &graph::Component) -> Service {
    let mut properties = properties(node);
    // Services have no evidence of their own.
    properties.extend(node.occurrences.iter().map(|found| Property {
        name: "bartizan:occurrence".to_owned(),
        value: match found.line {
            Some(line) => format!("{}:{line}", found.path),
            None => found.path.clone(),
        },
    }));
    properties.sort();
    properties.dedup();
    Service {
        bom_ref: node.reference.clone(),
        provider: node.provider.clone().map(|name| Organisation { name }),
        name: node.name.clone(),
        endpoints: Some(node.name.clone()).filter(|name| is_address(name)).into_iter().collect(),
        crosses_trust_boundary: (node.role == Role::Service && node.provider.is_some()).then_some(true),
        properties,
    }
}

/// What the application uses, and what each component needs: services, packages, base models, datasets.
fn dependencies(graph: &Graph) -> Vec<Dependency> {
    let mut edges: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (from, to) in &graph.needs {
        edges.entry(*from).or_default().insert(*to);
    }
    for link in &graph.lineage {
        edges.entry(link.child).or_default().insert(link.parent);
    }
    let needed: BTreeSet<usize> = graph.lineage.iter().map(|link| link.parent).collect();
    let reference = |at: &usize| graph.components.get(*at).map(|node| node.reference.clone());
    let root: BTreeSet<String> = graph
        .components
        .iter()
        .enumerate()
        // What only a card names is needed by the model, not by the application.
        .filter(|(at, node)| {
            !needed.contains(at)
                || node.origin == Origin::Local
                || node.occurrences.iter().any(|o| o.line.is_some())
        })
        .map(|(_, node)| node.reference.clone())
        .collect();
    let mut all = vec![Dependency { reference: ROOT.to_owned(), depends_on: root.into_iter().collect() }];
    all.extend(graph.components.iter().enumerate().map(|(at, node)| {
        let targets: BTreeSet<String> = edges.get(&at).into_iter().flatten().filter_map(reference).collect();
        Dependency { reference: node.reference.clone(), depends_on: targets.into_iter().collect() }
    }));
    all
}
