use super::*;

fn document(subject: &str, components: Value, dependencies: Value) -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": { "component": { "type": "application", "name": subject, "bom-ref": "application" } },
        "components": components,
        "dependencies": dependencies,
    })
}

#[test]
fn one_thing_in_two_documents_is_one_and_its_references_follow() {
    let one = document(
        "a",
        json!([{ "type": "library", "name": "torch", "version": "2", "purl": "pkg:pypi/torch@2", "bom-ref": "x" }]),
        json!([{ "ref": "application", "dependsOn": ["x"] }]),
    );
    let other = document(
        "b",
        json!([
            { "type": "library", "name": "torch", "version": "2", "purl": "pkg:pypi/torch@2", "bom-ref": "y",
              "licenses": [{ "license": { "id": "BSD-3-Clause" } }] },
            { "type": "library", "name": "x", "bom-ref": "x" },
        ]),
        json!([{ "ref": "application", "dependsOn": ["x", "y"] }]),
    );
    let merged = merge(&[one, other], "both", &Stamp::default()).unwrap().document;
    let names: Vec<&str> = items(&merged, "components").filter_map(|c| text(c, "name")).collect();
    assert_eq!(names, ["a", "b", "torch", "x"]);
    let torch = items(&merged, "components").find(|c| text(c, "name") == Some("torch")).unwrap();
    assert_eq!(torch["licenses"][0]["license"]["id"], "BSD-3-Clause");
    let of_b = items(&merged, "dependencies").find(|d| text(d, "ref") == Some("application#2")).unwrap();
    assert_eq!(of_b["dependsOn"], json!(["x", "x#2"]));
    let of_both = items(&merged, "dependencies").find(|d| text(d, "ref") == Some("merged")).unwrap();
    assert_eq!(of_both["dependsOn"], json!(["application", "application#2"]));
}

#[test]
fn files_of_one_name_with_different_digests_stay_two() {
    let file = |byte: &str| json!([{ "type": "machine-learning-model", "name": "m", "bom-ref": "m", "hashes": [{ "alg": "SHA-256", "content": byte.repeat(32) }] }]);
    let merged = merge(
        &[document("a", file("aa"), json!([])), document("b", file("bb"), json!([]))],
        "both",
        &Stamp::default(),
    )
    .unwrap()
    .document;
    assert_eq!(items(&merged, "components").filter(|c| text(c, "name") == Some("m")).count(), 2);
}

#[test]
fn merging_a_document_with_itself_adds_nothing() {
    let one = document(
        "a",
        json!([{ "type": "data", "name": "d", "bom-ref": "d" }]),
        json!([{ "ref": "application", "dependsOn": ["d"] }]),
    );
    let once = merge(std::slice::from_ref(&one), "x", &Stamp::default()).unwrap();
    let twice = merge(&[one.clone(), one], "x", &Stamp::default()).unwrap();
    assert_eq!(once, twice);
}

#[test]
fn what_is_no_cyclonedx_document_is_not_merged() {
    assert!(merge(&[json!({ "spdxVersion": "SPDX-2.3" })], "x", &Stamp::default()).is_err());
}

#[test]
fn what_documents_disagree_on_is_told_and_the_first_is_believed() {
    let torch = |digest: &str, text: &str, reference: &str| {
        json!([{ "type": "library", "name": "torch", "version": "2", "purl": "pkg:pypi/torch@2", "bom-ref": reference,
            "description": text, "hashes": [{ "alg": "SHA-256", "content": digest.repeat(32) }] }])
    };
    let one = document("a", torch("aa", "Tensors", "x"), json!([]));
    let other = document("b", torch("bb", "Something else", "y"), json!([]));
    let merged = merge(&[one.clone(), other], "both", &Stamp::default()).unwrap();
    let told: Vec<(&str, &str)> = merged
        .conflicts
        .iter()
        .map(|conflict| (conflict.component.as_str(), conflict.field.as_str()))
        .collect();
    assert_eq!(told, [("torch 2", "description"), ("torch 2", "hashes/SHA-256")]);
    let component = items(&merged.document, "components").find(|c| text(c, "name") == Some("torch")).unwrap();
    assert_eq!(component["description"], "Tensors");
    assert_eq!(component["hashes"].as_array().unwrap().len(), 1);
    assert_eq!(merged.document["properties"][0]["name"], "bartizan:conflict");
    assert!(merge(&[one.clone(), one], "both", &Stamp::default()).unwrap().conflicts.is_empty());
}

#[test]
fn circles_of_dependencies_and_references_used_twice_end_in_a_document_or_an_error() {
    let circle = document(
        "a",
        json!([{ "type": "library", "name": "x", "bom-ref": "x" }, { "type": "library", "name": "y", "bom-ref": "y" }]),
        json!([{ "ref": "x", "dependsOn": ["y"] }, { "ref": "y", "dependsOn": ["x", "gone"] }]),
    );
    assert!(merge(&[circle.clone(), circle], "x", &Stamp::default()).is_ok());
    let twice = document(
        "a",
        json!([{ "type": "library", "name": "x", "bom-ref": "x" }, { "type": "library", "name": "y", "bom-ref": "x" }]),
        json!([]),
    );
    let error = merge(&[twice], "x", &Stamp::default()).unwrap_err().to_string();
    assert!(error.contains("bom-ref"), "{error}");
}
