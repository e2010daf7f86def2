//! Servers that lie, never end, or lead elsewhere: typed problems, and the other sources are read all the same.

use serde_json::{Value, json};

use crate::{
    Workshop, model,
    server::{Reply, Server, serve},
    systems::{artifact, keys, registry},
    uris,
};

/// Synchronises a hostile source beside a good one; gives the first problem of the hostile one.
fn problem(shop: &Workshop, arguments: &[&str]) -> Value {
    shop.put("zoo/m.safetensors", &model(1));
    shop.add(&[arguments, &["--name", "a-hostile"]].concat());
    shop.add(&["dir", "zoo"]);
    let synced = shop.run(&["sync", "--format", "json", "--timeout", "5"]);
    assert_eq!(synced.code, 3, "{synced:?}");
    assert_eq!(uris(&shop.asset(&model(1))).len(), 1, "the good source was read");
    let report = synced.json();
    let source = &report["sources"][0];
    assert_eq!((source["name"].as_str(), source["complete"].as_bool()), (Some("a-hostile"), Some(false)));
    source["problems"][0].clone()
}

fn mlflow_problem(server: &Server) -> Value {
    problem(&Workshop::new(), &["mlflow", &server.address])
}

#[test]
fn answers_of_other_types_are_typed_problems() {
    for body in
        ["[]", "{\"model_versions\": 5}", "{\"model_versions\": [{\"name\": {}}]}", "<html>", "", "{\"mod"]
    {
        let server = serve(move |_| Reply::ok(body));
        let problem = mlflow_problem(&server);
        assert_eq!(problem["kind"], "answer", "{body}: {problem}");
    }
    let deep = serve(|_| Reply::ok("[".repeat(1_000_000)));
    assert_eq!(mlflow_problem(&deep)["kind"], "answer");
}

#[test]
fn pages_that_lead_in_a_circle_or_never_end_are_left() {
    let circle = serve(|_| Reply::json(&json!({"model_versions": [], "next_page_token": "same"})));
    assert!(mlflow_problem(&circle)["message"].as_str().unwrap().contains("in a circle"));
    let count = std::sync::atomic::AtomicUsize::new(0);
    let endless = serve(move |_| {
        let next = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
        Reply::json(&json!({"model_versions": [], "next_page_token": next}))
    });
    let message = mlflow_problem(&endless)["message"].to_string();
    assert!(message.contains("1000 pages") || message.contains("ran out"), "{message}");
    let tags = serve(|request| match request.path.as_str() {
        "/v2/_catalog" => Reply::json(&json!({"repositories": ["a"]})),
        _ => Reply::json(&json!({"tags": []})).with("link", "</v2/a/tags/list?n=100>; rel=\"next\""),
    });
    assert!(problem(&Workshop::new(), &["oci", tags.host()])["message"].to_string().contains("in a circle"));
}

#[test]
fn a_bucket_whose_listing_never_ends_is_left_when_its_time_is_over() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = serve(move |_| {
        let next = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Reply::ok(format!(
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>\
             </ListBucketResult>"
        ))
    });
    let shop = Workshop::new().with(&keys(&server));
    assert!(problem(&shop, &["s3", "bucket"])["message"].to_string().contains("ran out"));
}

#[test]
fn redirects_do_not_lead_a_service_elsewhere() {
    let elsewhere = serve(|_| Reply::json(&json!({"model_versions": []})));
    let there = format!("{}/x", elsewhere.address);
    let server = serve(move |_| Reply::status(302).with("location", &there));
    let shop = Workshop::new().with(&[("TOKEN", "secret-token")]);
    let problem = problem(&shop, &["mlflow", &server.address, "--token-env", "TOKEN"]);
    assert!(problem["message"].to_string().contains("another host or scheme"), "{problem}");
    assert!(!problem.to_string().contains("secret-token"));
    assert!(elsewhere.requests().is_empty());
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer secret-token"));
}

#[test]
fn an_answer_of_any_size_is_cut_off() {
    let server = serve(|_| Reply::ok(vec![b' '; 17 << 20]));
    assert!(mlflow_problem(&server)["message"].to_string().contains("bytes"));
}

#[test]
fn artifacts_that_lead_elsewhere_or_are_larger_than_listed_are_refused() {
    for (files, part) in [
        (json!([{"path": "..", "is_dir": true}]), "leads elsewhere"),
        (json!([{"path": "loop", "is_dir": true}]), "folders inside each other"),
        (json!([{"path": "m.safetensors", "file_size": 3}]), "more bytes than it lists"),
        (json!([{"path": "m.safetensors", "file_size": "many"}, {"path": 7}]), "not what it should be"),
    ] {
        let server = serve(move |request| match request.path.rsplit_once("/2.0/").unwrap().1 {
            "mlflow/model-versions/search" => {
                Reply::json(&json!({"model_versions": [{"name": "m", "version": 1}]}))
            }
            "mlflow/model-versions/get-download-uri" => {
                Reply::json(&json!({"artifact_uri": "mlflow-artifacts:/a"}))
            }
            "mlflow/experiments/search" => Reply::json(&json!({})),
            "mlflow-artifacts/artifacts" => Reply::json(&json!({"files": files})),
            path if path.starts_with("mlflow-artifacts/artifacts/") => Reply::ok(model(1)),
            _ => Reply::status(404),
        });
        let problem = mlflow_problem(&server);
        assert!(problem["message"].to_string().contains(part), "{problem}");
    }
}

#[test]
fn a_store_that_the_server_does_not_hand_out_is_named_and_not_read() {
    let server = serve(|request| match request.path.rsplit_once("/mlflow/").map(|(_, verb)| verb) {
        Some("model-versions/search") => {
            Reply::json(&json!({"model_versions": [{"name": "m", "version": "1"}]}))
        }
        Some("model-versions/get-download-uri") => Reply::json(&json!({"artifact_uri": "s3://theirs/m"})),
        Some("experiments/search") => Reply::json(&json!({})),
        _ => Reply::status(404),
    });
    let shop = Workshop::new();
    shop.add(&["mlflow", &server.address]);
    let report = shop.sync(0);
    assert!(report["sources"][0]["notes"][0].as_str().unwrap().contains("s3://theirs/m"), "{report}");
    let asset = &shop.list()[0];
    assert_eq!((asset["name"].as_str(), asset["sha256"].is_null()), (Some("m"), true));
}

#[test]
fn a_registry_that_lies_or_does_not_list_is_found_out() {
    let layer = || ("application/vnd.cncf.model.weight.v1.raw", "m.safetensors", model(1));
    let mut bodies = artifact("team/m", "v1", &json!({}), &[layer()]);
    let manifest = bodies.keys().find(|path| path.contains("/manifests/sha256:")).unwrap().clone();
    bodies.get_mut(&manifest).unwrap().push(b' ');
    let lying = registry(bodies);
    let found = problem(&Workshop::new(), &["oci", lying.host()]);
    assert!(found["message"].to_string().contains("does not have the digest"), "{found}");

    let mut bodies = artifact("team/m", "v1", &json!({}), &[layer()]);
    bodies.remove("/v2/_catalog");
    let silent = registry(bodies);
    let found = problem(&Workshop::new(), &["oci", silent.host()]);
    assert!(found["message"].to_string().contains("--repository"), "{found}");

    let endless = json!({"manifests": [{"digest": format!("sha256:{}", "0".repeat(64)), "size": 1}]});
    let server = serve(move |request| match request.path.as_str() {
        "/v2/_catalog" => Reply::json(&json!({"repositories": ["../../etc", "a"]})),
        "/v2/a/tags/list" => Reply::json(&json!({"tags": ["../x", "v1"]})),
        _ => Reply::json(&endless),
    });
    let shop = Workshop::new();
    problem(&shop, &["oci", server.host()]);
    let asked = server.requests();
    assert!(
        asked.iter().all(|request| !request.path.contains("etc") && !request.path.contains("/x")),
        "{asked:?}"
    );
}

#[test]
fn a_token_never_travels_without_encryption() {
    let shop = Workshop::new().with(&[("TOKEN", "secret-token")]);
    let arguments = ["mlflow", "http://mlflow.example.invalid", "--plain-http", "--token-env", "TOKEN"];
    let found = problem(&shop, &arguments);
    assert!(found["message"].to_string().contains("without encryption"), "{found}");
    let plain = Workshop::new();
    let found = problem(&plain, &["oci", "http://registry.example.invalid"]);
    assert!(found["message"].to_string().contains("--plain-http"), "{found}");
}

#[test]
fn a_source_that_is_gone_keeps_what_was_known_of_it() {
    let shop = Workshop::new();
    shop.put("zoo/m.safetensors", &model(1));
    shop.add(&["dir", "zoo"]);
    shop.sync(0);
    std::fs::rename(shop.path("zoo"), shop.path("away")).unwrap();
    shop.sync(3);
    assert!(shop.asset(&model(1))["locations"][0].get("missing").is_none());
    let sources = shop.run(&["sources"]).stdout;
    assert!(sources.contains("failed:"), "{sources}");
}
