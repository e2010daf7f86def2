//! What a Croissant description tells: the dataset, its files, its records, its licence, and what its author says.

use bartizan_core::{
    Collection, Dataset, Distribution, Fact, Inspection, Licence, Metadata, RecordSet, Statement, redacted,
    redacted_within,
};

use super::graph::{Graph, Item, Thing};

/// The most files, record sets, and fields of a record set that are told.
const MOST: usize = 10_000;

/// Properties whose values are told as they stand.
const TOLD: &[(&str, &str)] = &[
    ("dct:conformsTo", "conformsTo"),
    ("sc:keywords", "keywords"),
    ("sc:inLanguage", "language"),
    ("sc:datePublished", "datePublished"),
    ("sc:dateModified", "dateModified"),
    ("sc:publisher", "publisher"),
    ("sc:sdLicense", "sdLicense"),
    ("rai:dataCollectionType", "dataCollectionType"),
    ("rai:dataReleaseMaintenancePlan", "dataReleaseMaintenancePlan"),
];

/// Properties that make a statement, and what about.
const STATEMENTS: &[(&str, &str)] = &[
    ("cr:citeAs", "citation"),
    ("sc:citation", "citation"),
    ("sc:description", "description"),
    ("rai:dataBiases", "bias"),
    ("rai:dataLimitations", "limitation"),
    ("rai:dataUseCases", "use"),
    ("rai:dataSocialImpact", "ethics"),
    ("rai:personalSensitiveInformation", "ethics"),
    ("rai:dataCollection", "training"),
    ("rai:dataAnnotationProtocol", "training"),
];

/// Adds everything that the description of a dataset tells.
pub(super) fn facts<'g>(dataset: &'g Thing<'_>, graph: &Graph<'g, '_>, inspection: &mut Inspection) {
    let text = |thing: &Thing<'_>, name: &str| thing.text(&[name]).map(|text| redacted(&text));
    let creators = ["sc:creator", "sc:author"].iter().flat_map(|name| dataset.all(&[name])).take(100);
    inspection.know(Fact::Collection(Collection {
        name: text(dataset, "sc:name").unwrap_or_default(),
        version: text(dataset, "sc:version"),
        description: dataset.text(&["sc:description"]).map(|text| redacted_within(&text, 1000)),
        url: text(dataset, "sc:url"),
        creators: creators.filter_map(Item::text).map(|name| redacted(&name)).collect(),
        distribution: graph
            .things(dataset, &["sc:distribution", "cr:distribution"])
            .into_iter()
            .take(MOST)
            .map(|file| Distribution {
                name: redacted(&file.label()),
                url: text(file, "sc:contentUrl"),
                media_type: text(file, "sc:encodingFormat"),
                sha256: file.text(&["sc:sha256", "cr:sha256"]).filter(|digest| is_sha256(digest)),
            })
            .collect(),
        record_sets: graph
            .things(dataset, &["cr:recordSet"])
            .into_iter()
            .take(MOST)
            .map(|records| {
                let mut fields = Vec::new();
                for field in graph.things(records, &["cr:field"]) {
                    gather(field, graph, 0, &mut fields);
                }
                RecordSet { name: redacted(&records.label()), fields }
            })
            .collect(),
    }));
    for declared in dataset.all(&["sc:license", "dct:license"]).iter().take(100).filter_map(Item::text) {
        inspection.know(Fact::Licence(Licence { declared: redacted(&declared), source: "croissant" }));
    }
    for source in dataset.all(&["sc:isBasedOn", "http://www.w3.org/ns/prov#wasDerivedFrom"]).iter().take(100)
    {
        if let Some(name) = source.text() {
            let name = redacted(&name);
            inspection.know(Fact::Dataset(Dataset { name, role: Some("source".to_owned()) }));
        }
    }
    for (name, key) in TOLD {
        let all: Vec<_> = dataset.all(&[name]).iter().filter_map(Item::text).take(100).collect();
        if !all.is_empty() {
            inspection.know(Fact::Metadata(Metadata::new(key, all.join(", "))));
        }
    }
    for (name, about) in STATEMENTS {
        if let Some(text) = dataset.text(&[name]) {
            let text = redacted_within(&text.split_whitespace().collect::<Vec<_>>().join(" "), 1000);
            inspection.know(Fact::Statement(Statement { about, text }));
        }
    }
}

fn is_sha256(digest: &str) -> bool {
    digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A field and those inside it. In a flattened graph they may hold each other, so depth is bounded here.
fn gather<'g>(field: &'g Thing<'_>, graph: &Graph<'g, '_>, depth: usize, fields: &mut Vec<String>) {
    if depth > 8 || fields.len() >= MOST {
        return;
    }
    fields.push(redacted(&field.text(&["sc:name"]).unwrap_or_else(|| field.label())));
    for inner in graph.things(field, &["cr:subField"]) {
        gather(inner, graph, depth + 1, fields);
    }
}
