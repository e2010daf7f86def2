use serde_json::json;

use super::*;

fn document() -> Value {
    json!({
        "@context": CONTEXT,
        "@graph": [
            { "type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-01-31T00:00:00Z", "createdBy": ["urn:x:a"] },
            { "type": "Organization", "spdxId": "urn:x:a", "creationInfo": "_:c", "name": "A" },
            { "type": "ai_AIPackage", "spdxId": "urn:x:m", "creationInfo": "_:c", "name": "m", "suppliedBy": "urn:x:a",
              "software_primaryPurpose": "model", "ai_metric": [{ "type": "DictionaryEntry", "key": "accuracy", "value": "0.9" }],
              "verifiedUsing": [{ "type": "Hash", "algorithm": "sha256", "hashValue": "00" }] },
            { "type": "dataset_DatasetPackage", "spdxId": "urn:x:d", "creationInfo": "_:c", "name": "d",
              "dataset_datasetType": ["text"], "dataset_datasetSize": 7 },
            { "type": "Relationship", "spdxId": "urn:x:r", "creationInfo": "_:c", "from": "urn:x:m",
              "relationshipType": "trainedOn", "to": ["urn:x:d"] },
        ],
    })
}

/// What is wrong after a change, in one line each.
fn told(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut document = document();
    change(&mut document);
    problems(&document, 9).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn a_document_that_is_as_the_model_wants_it_is_valid() {
    assert_eq!(told(|_| ()), [""; 0]);
    // A document of one element, with what it needs inside it.
    let one = json!({
        "@context": CONTEXT, "type": "software_Package", "spdxId": "urn:x:p", "name": "p",
        "creationInfo": { "type": "CreationInfo", "specVersion": "3.0.1", "created": "2026-01-31T00:00:00Z",
            "createdBy": ["https://spdx.org/rdf/3.0.1/terms/Core/SpdxOrganization"] },
    });
    assert_eq!(problems(&one, 9).unwrap(), []);
}

#[test]
fn what_the_model_forbids_is_told_with_its_place() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 15] = [
        (|d| d["@graph"][2]["type"] = "Artifact".into(), "/@graph/2/type: `Artifact` is abstract"),
        (|d| d["@graph"][2]["type"] = "ai_Model".into(), "/@graph/2/type: `ai_Model` is no class"),
        (
            |d| d["@graph"][2]["suppliedBy"] = "NoAssertionElement".into(),
            "/@graph/2/suppliedBy: a Agent is asked for",
        ),
        (
            |d| d["@graph"][2]["suppliedBy"] = "urn:x:gone".into(),
            "/@graph/2/suppliedBy: `urn:x:gone` is neither here",
        ),
        (|d| d["@graph"][2]["software_primaryPurpose"] = "magic".into(), "is no software_SoftwarePurpose"),
        (|d| d["@graph"][2]["ai_metric"][0]["key"] = 7.into(), "/@graph/2/ai_metric/0/key: 7 is no string"),
        (
            |d| d["@graph"][2]["verifiedUsing"][0]["type"] = "DictionaryEntry".into(),
            "a IntegrityMethod is asked for",
        ),
        (|d| d["@graph"][2]["colour"] = "red".into(), "/@graph/2/colour: a ai_AIPackage has no such field"),
        (
            |d| d["@graph"][3]["dataset_datasetType"] = json!([]),
            "/@graph/3: a dataset_DatasetPackage needs dataset_datasetType",
        ),
        (|d| d["@graph"][3]["dataset_datasetSize"] = (-1).into(), "-1 is no nonNegativeInteger"),
        (|d| d["@graph"][3]["name"] = json!(["a", "b"]), "/@graph/3/name: it may occur once only"),
        (|d| d["@graph"][3]["spdxId"] = "urn:x:m".into(), "used twice"),
        (|d| d["@graph"][4]["spdxId"] = "_:r".into(), "is no IRI"),
        (|d| d["@graph"][0]["created"] = "2026-13-01T00:00:00Z".into(), "is no dateTimeStamp"),
        (|d| d["@graph"][0]["specVersion"] = "3.0".into(), "is no semver"),
    ];
    for (change, wanted) in cases {
        let told = told(change);
        assert!(told.iter().any(|problem| problem.contains(wanted)), "{wanted}: {told:?}");
    }
}

#[test]
fn what_is_elsewhere_must_be_imported() {
    let told = told(|document| {
        document["@graph"][4]["to"] = json!(["urn:y:d"]);
        let import = json!({ "type": "ExternalMap", "externalSpdxId": "urn:y:d" });
        let top = json!({ "type": "SpdxDocument", "spdxId": "urn:x:doc", "creationInfo": "_:c", "import": [import] });
        document["@graph"].as_array_mut().unwrap().push(top);
    });
    assert_eq!(told, [""; 0]);
}

#[test]
fn extensions_are_left_to_their_makers() {
    let told = told(|document| {
        document["@graph"][2]["extension"] = json!([{ "type": "https://x.invalid/Mine", "anything": [1] }]);
    });
    assert_eq!(told, [""; 0]);
}

#[test]
fn other_versions_and_other_shapes_are_told() {
    let old = json!({ "@context": "https://spdx.org/rdf/3.0.0/spdx-context.jsonld", "@graph": [] });
    assert!(is_spdx(&old) && problems(&old, 9).unwrap_err().to_string().contains("3.0.1"));
    for graph in [json!(7), json!([7]), json!([{}]), json!([{ "type": 7 }])] {
        assert_eq!(
            problems(&json!({ "@context": CONTEXT, "@graph": graph }), 9).unwrap().len(),
            1,
            "{graph}"
        );
    }
}
