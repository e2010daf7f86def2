use serde_json::json;

use super::*;
use crate::bom::{Asset, Inventory};

fn bill() -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.7", "version": 1,
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "components": [
            { "type": "library", "name": "torch", "version": "2.1.0", "purl": "pkg:pypi/torch@2.1.0", "bom-ref": "t" },
            { "type": "machine-learning-model", "name": "m.pkl", "bom-ref": "m",
              "hashes": [{ "alg": "SHA-256", "content": "ab".repeat(32) }] },
        ],
    })
}

fn openvex_of(product: Value, status: &str) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://example.invalid/vex", "author": "a", "version": 1,
        "timestamp": "2026-01-01T00:00:00Z",
        "statements": [{
            "vulnerability": { "name": "CVE-2025-32434" }, "products": [product], "status": status,
            "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "weights_only is set",
        }],
    })
}

#[test]
fn openvex_reaches_what_the_bill_has_by_package_url_and_by_digest() {
    for (product, reference) in [
        (json!({ "@id": "pkg:pypi/torch@2.1.0" }), "t"),
        (json!({ "@id": "pkg:pypi/torch" }), "t"),
        (json!({ "@id": "https://x.invalid/m", "hashes": { "sha-256": "AB".repeat(32) } }), "m"),
        (json!({ "@id": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#m" }), "m"),
    ] {
        let (bill, applied) = apply(&bill(), &openvex_of(product, "not_affected")).unwrap();
        assert_eq!((applied.added, applied.unmatched.len()), (1, 0));
        let vulnerability = &bill["vulnerabilities"][0];
        assert_eq!(vulnerability["affects"], json!([{ "ref": reference }]));
        assert_eq!(vulnerability["analysis"]["state"], "not_affected");
        assert_eq!(vulnerability["analysis"]["justification"], "code_not_reachable");
    }
}

#[test]
fn a_product_that_the_bill_lacks_is_told_and_changes_nothing() {
    let (after, applied) =
        apply(&bill(), &openvex_of(json!({ "@id": "pkg:pypi/torch@9.9" }), "affected")).unwrap();
    assert_eq!(after, bill());
    assert_eq!(applied.unmatched, ["CVE-2025-32434: pkg:pypi/torch@9.9"]);
}

#[test]
fn a_later_statement_replaces_the_analysis() {
    let product = || json!({ "@id": "pkg:pypi/torch@2.1.0" });
    let (first, _) = apply(&bill(), &openvex_of(product(), "under_investigation")).unwrap();
    let (second, applied) = apply(&first, &openvex_of(product(), "fixed")).unwrap();
    assert_eq!((applied.added, applied.updated), (0, 1));
    assert_eq!(second["vulnerabilities"].as_array().unwrap().len(), 1);
    assert_eq!(second["vulnerabilities"][0]["analysis"]["state"], "resolved");
}

#[test]
fn an_unknown_status_and_a_document_of_no_vex_format_are_refused() {
    assert!(apply(&bill(), &openvex_of(json!("pkg:pypi/torch"), "maybe")).is_err());
    assert!(apply(&bill(), &json!({ "statements": [] })).is_err());
    assert!(
        apply(&json!({ "bomFormat": "CycloneDX", "specVersion": "1.3", "version": 1 }), &bill()).is_err()
    );
}

#[test]
fn findings_become_a_document_that_can_be_applied_to_the_bill_of_the_same_files() {
    let asset = |path: &str, model| Asset {
        path: path.to_owned(),
        sha256: Some("cd".repeat(32)),
        model,
        ..Asset::default()
    };
    let inventory = Inventory {
        name: "x".to_owned(),
        version: None,
        assets: vec![asset("m.pkl", true), asset("run.py", false)],
        ..Inventory::default()
    };
    let graph = Graph::of(&inventory);
    let claim = |path: &str, accepted: Option<&str>| Claim {
        fingerprint: format!("{path}0"),
        id: "pickle/code-execution".to_owned(),
        title: "Runs code".to_owned(),
        severity: "critical".to_owned(),
        message: "it runs os.system".to_owned(),
        recommendation: "do not load it".to_owned(),
        cwe: vec!["CWE-502".to_owned()],
        path: path.to_owned(),
        accepted: accepted.map(str::to_owned),
    };
    let claims = [claim("m.pkl!data", None), claim("run.py", Some("a test"))];
    let vex = document(&graph, &claims, &Stamp::default()).unwrap();
    let names: Vec<&str> =
        items(&vex, "components").filter_map(|component| text(component, "name")).collect();
    assert_eq!(names, ["m.pkl", "run.py"]);
    assert_eq!(vex["vulnerabilities"][0]["cwes"], json!([502]));
    assert_eq!(vex["vulnerabilities"][1]["analysis"]["response"], json!(["will_not_fix"]));

    let bill = cyclonedx(&graph, SpecVersion::V1_6, &Stamp::default()).unwrap();
    let (bill, applied) = apply(&bill, &vex).unwrap();
    assert_eq!(applied.added, 1);
    assert_eq!(applied.unmatched, ["pickle/code-execution: file:run.py"]);
    assert_eq!(bill["vulnerabilities"][0]["affects"], json!([{ "ref": "model:m.pkl" }]));
}

fn claim(fingerprint: &str) -> Claim {
    Claim {
        fingerprint: fingerprint.to_owned(),
        id: "pickle/code-execution".to_owned(),
        title: "Runs code".to_owned(),
        severity: "critical".to_owned(),
        message: "calls os.system".to_owned(),
        path: "m.pkl".to_owned(),
        ..Claim::default()
    }
}

fn model() -> Graph {
    let asset =
        Asset { path: "m.pkl".to_owned(), sha256: Some("ab".repeat(32)), model: true, ..Asset::default() };
    Graph::of(&Inventory { name: "x".to_owned(), version: None, assets: vec![asset], ..Inventory::default() })
}

#[test]
fn what_was_decided_about_one_finding_comes_back_to_that_one_alone() {
    let claims = [claim("one"), claim("other")];
    let ours = document(&model(), &claims, &Stamp::default()).unwrap();
    let mut decided = ours.clone();
    decided["vulnerabilities"].as_array_mut().unwrap().retain(|one| one["properties"][0]["value"] == "one");
    decided["vulnerabilities"][0]["analysis"] = json!({ "state": "not_affected" });
    let mut open = openvex(&model(), &claims, &Stamp::default());
    open["statements"]
        .as_array_mut()
        .unwrap()
        .retain(|one| one["vulnerability"]["@id"] == "urn:bartizan:finding:one");
    open["statements"][0]["status"] = "not_affected".into();
    for decided in [decided, open] {
        let (after, applied) = apply(&ours, &decided).unwrap();
        assert_eq!((applied.added, applied.updated), (0, 1));
        let states: Vec<(&str, &str)> = items(&after, "vulnerabilities")
            .map(|one| {
                (text(&one["properties"][0], "value").unwrap(), text(&one["analysis"], "state").unwrap())
            })
            .collect();
        assert_eq!(states, [("one", "not_affected"), ("other", "in_triage")]);
    }
}

#[test]
fn a_statement_about_a_rule_is_about_all_its_findings_in_the_product() {
    let ours = document(&model(), &[claim("one"), claim("other")], &Stamp::default()).unwrap();
    let product = json!({ "@id": "x:m", "hashes": { "sha-256": "ab".repeat(32) } });
    let mut statement = openvex_of(product, "fixed");
    statement["statements"][0]["vulnerability"]["name"] = "pickle/code-execution".into();
    let (after, applied) = apply(&ours, &statement).unwrap();
    assert_eq!((applied.added, applied.updated), (0, 2));
    assert!(items(&after, "vulnerabilities").all(|one| one["analysis"]["state"] == "resolved"));
}

#[test]
fn an_openvex_document_has_what_the_specification_asks_for() {
    let mut accepted = claim("f");
    accepted.accepted = Some("reviewed".to_owned());
    let document = openvex(&model(), &[accepted, claim("g")], &Stamp::default());
    for field in ["@context", "@id", "author", "timestamp", "version", "statements"] {
        assert!(document.get(field).is_some(), "{field}");
    }
    let [one, other] = document["statements"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!(
        (one["status"].as_str(), other["status"].as_str()),
        (Some("affected"), Some("under_investigation"))
    );
    // Whoever is affected must say what to do.
    assert_eq!(one["action_statement"], "Accepted: reviewed");
    assert_eq!(one["products"][0]["hashes"]["sha-256"], "ab".repeat(32));
    assert_eq!(
        document,
        openvex(
            &model(),
            &[claim("g"), Claim { accepted: Some("reviewed".to_owned()), ..claim("f") }],
            &Stamp::default()
        )
    );
}

#[test]
fn many_statements_about_many_components_do_not_take_one_look_at_every_pair() {
    let components: Vec<Value> = (0..20_000)
        .map(|at| json!({ "type": "library", "name": format!("p{at}"), "bom-ref": format!("r{at}"), "purl": format!("pkg:pypi/p{at}@1") }))
        .collect();
    let bill =
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components });
    let statements: Vec<Value> = (0..20_000)
        .map(|at| json!({ "vulnerability": { "name": format!("CVE-1-{at}") }, "status": "fixed", "products": [{ "@id": format!("pkg:pypi/p{at}") }] }))
        .collect();
    let vex = json!({ "@context": "https://openvex.dev/ns/v0.2.0", "statements": statements });
    let (after, applied) = apply(&bill, &vex).unwrap();
    assert_eq!((applied.added, after["vulnerabilities"].as_array().unwrap().len()), (20_000, 20_000));
}

#[test]
fn documents_in_which_every_statement_is_about_everything_are_refused() {
    let vulnerabilities: Vec<Value> =
        (0..3000).map(|_| json!({ "id": "X", "affects": [{ "ref": "t" }] })).collect();
    let mut bill = bill();
    bill["vulnerabilities"] = vulnerabilities.into();
    assert!(apply(&bill, &bill).unwrap_err().to_string().contains("too many"));
}
