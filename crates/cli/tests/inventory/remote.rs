//! Object stores, registries, MLflow and hubs.

use serde_json::json;

use crate::{
    Workshop, git, model, pointer,
    server::{Reply, serve},
    sha256,
    systems::{artifact, bucket, hub, keys, mlflow, registry},
    uris,
};

#[test]
fn the_same_bytes_in_seven_systems_are_one_asset_with_seven_locations() {
    let weights = model(7);
    let s3 = bucket(&[("prod/model.safetensors", weights.clone()), ("readme.txt", b"words".to_vec())]);
    let config = json!({"descriptor": {"licenses": ["mit"]}, "config": {"architecture": "transformer", "paramSize": "16"}});
    let layer = ("application/vnd.cncf.model.weight.v1.raw", "model.safetensors", weights.clone());
    let oci = registry(artifact("team/model", "v1", &config, &[layer]));
    let tracking =
        mlflow(&[("MLmodel", b"flavors: {}\n".to_vec()), ("data/model.safetensors", weights.clone())]);
    let hf = hub(&[("model.safetensors", weights.clone()), (".gitattributes", b"*".to_vec())]);
    let shop = Workshop::new().with(&keys(&s3)).with(&[("HF_ENDPOINT", &hf.address)]);
    shop.put("zoo/model.safetensors", &weights);
    shop.put(&format!("cache/models--org--model/blobs/{}", sha256(&weights)), &weights);
    std::fs::create_dir_all(shop.path("cache/models--org--model/snapshots")).unwrap();
    shop.put("repo/model.safetensors", pointer(&weights).as_bytes());
    git(&shop.path("repo"), &["init", "-q"]);
    git(&shop.path("repo"), &["add", "."]);
    git(&shop.path("repo"), &["commit", "-qm", "pointer"]);
    shop.add(&["dir", "zoo"]);
    shop.add(&["git", "repo"]);
    shop.add(&["hfcache", "cache"]);
    shop.add(&["s3", "s3://bucket"]);
    shop.add(&["oci", oci.host()]);
    shop.add(&["mlflow", &tracking.address]);
    shop.add(&["hf", "org/model"]);
    shop.sync(0);

    let asset = shop.asset(&weights);
    let mut types: Vec<_> =
        asset["locations"].as_array().unwrap().iter().map(|l| l["type"].as_str().unwrap()).collect();
    types.dedup();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types, ["dir", "git", "hf", "hfcache", "mlflow", "oci", "s3"], "{asset:#}");
    // The registered model has two versions of the same content.
    assert_eq!(uris(&asset).len(), 8, "{asset:#}");
    assert_eq!(asset["name"], "model.safetensors");
    assert_eq!(asset["facts"]["base_models"][0], "org/base");
    assert_eq!(asset["facts"]["datasets"][0], "wine@ab12cd34");
    assert_eq!(asset["facts"]["licence"], "mit");
    let dataset = shop.list().into_iter().find(|asset| asset["name"] == "wine").unwrap();
    assert_eq!(
        (dataset["kind"].as_str(), dataset["digest"]["algorithm"].as_str()),
        (Some("dataset"), Some("mlflow"))
    );
    assert_eq!(dataset["locations"][0]["version"], "training");
    assert_eq!(shop.run(&["verify"]).code, 0);
}

#[test]
fn what_did_not_change_is_not_fetched_again() {
    let s3 = bucket(&[("model.safetensors", model(1)), ("words.txt", b"words".to_vec())]);
    let shop = Workshop::new().with(&keys(&s3));
    shop.add(&["s3", "bucket"]);
    shop.sync(0);
    assert!(s3.requests().iter().any(|request| request.path == "/bucket/model.safetensors"));
    s3.forget();
    assert_eq!(shop.sync(0)["sources"][0]["unchanged"], 1);
    let paths: Vec<_> = s3.requests().into_iter().map(|request| request.path).collect();
    assert!(paths.iter().all(|path| path.trim_end_matches('/') == "/bucket"), "{paths:?}");
}

#[test]
fn a_hub_says_the_digest_so_that_only_headers_are_read() {
    let mut weights = model(1);
    let header = format!(r#"{{"w":{{"dtype":"F32","shape":[1048576],"data_offsets":[0,{}]}}}}"#, 4 << 20);
    weights.clear();
    weights.extend((header.len() as u64).to_le_bytes());
    weights.extend(header.as_bytes());
    weights.resize(weights.len() + (4 << 20), 3);
    let hf = hub(&[("model.safetensors", weights.clone())]);
    let shop = Workshop::new().with(&[("HF_ENDPOINT", &hf.address)]);
    shop.add(&["hf", "org"]);
    shop.sync(0);
    let asset = shop.asset(&weights);
    assert_eq!(asset["facts"]["parameters"], 1 << 20);
    assert_eq!(asset["locations"][0]["version"], "c0ffee");
    let fetched: usize = hf
        .requests()
        .iter()
        .filter_map(|request| {
            let (from, to) = request.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
            Some(to.parse::<usize>().ok()? - from.parse::<usize>().ok()? + 1)
        })
        .sum();
    assert!(fetched < 2 << 20, "{fetched} bytes were fetched");
}

#[test]
fn an_archive_in_a_registry_is_opened_and_its_members_are_joined() {
    let mut archive = Vec::new();
    let weights = model(5);
    let mut head = vec![0u8; 512];
    head[..17].copy_from_slice(b"model.safetensors");
    head[100..107].copy_from_slice(b"0000644");
    head[124..135].copy_from_slice(format!("{:011o}", weights.len()).as_bytes());
    head[136..147].copy_from_slice(b"00000000000");
    head[148..156].copy_from_slice(b"        ");
    head[156] = b'0';
    head[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    archive.extend(head);
    archive.extend(&weights);
    archive.resize(archive.len().div_ceil(512) * 512 + 1024, 0);
    let layer = ("application/vnd.kitops.modelkit.model.v1.tar", "model", archive.clone());
    let oci = registry(artifact("kit", "latest", &json!({}), &[layer]));
    let shop = Workshop::new();
    shop.put("zoo/mine.safetensors", &weights);
    shop.add(&["oci", &format!("oci://{}/kit:latest", oci.host()), "--name", "kits"]);
    shop.add(&["dir", "zoo"]);
    shop.sync(0);
    let member = shop.asset(&weights);
    assert_eq!(uris(&member).len(), 2, "{member}");
    assert!(
        uris(&member).iter().any(|uri| uri.starts_with("oci://") && uri.ends_with("!model.safetensors")),
        "{member}"
    );
    assert_eq!(shop.asset(&archive)["kind"], "model");
    assert_eq!(shop.sync(0)["sources"][0]["unchanged"], 2);
}

#[test]
fn a_registry_that_wants_a_login_gets_it_and_nobody_else_does() {
    let bodies = artifact(
        "private/model",
        "v1",
        &json!({}),
        &[("application/vnd.cncf.model.weight.v1.raw", "model.safetensors", model(1))],
    );
    let elsewhere = serve(|request| Reply::part(request, &model(1)));
    let there = elsewhere.address.clone();
    let oci = serve(move |request| {
        if request.path == "/token" {
            let basic = request.header("authorization") == Some("Basic bWU6c2VjcmV0LXB3");
            return if basic { Reply::json(&json!({"token": "given"})) } else { Reply::status(403) };
        }
        if request.header("authorization") != Some("Bearer given") {
            let host = request.header("host").unwrap_or_default();
            let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"r\"");
            return Reply::status(401).with("www-authenticate", &challenge);
        }
        if request.path.contains("/blobs/") && request.header("range").is_some() {
            return Reply::status(307).with("location", &there);
        }
        bodies.get(&request.path).map_or_else(|| Reply::status(404), |bytes| Reply::ok(bytes.clone()))
    });
    let shop = Workshop::new().with(&[("MY_TOKEN", "me:secret-pw")]);
    shop.add(&["oci", oci.host(), "--name", "r", "--token-env", "MY_TOKEN", "--repository", "private/model"]);
    shop.sync(0);
    assert_eq!(shop.asset(&model(1))["facts"]["format"], "safetensors");
    let leaked = elsewhere.requests().iter().any(|request| request.header("authorization").is_some());
    assert!(!leaked && !elsewhere.requests().is_empty());
    let store = std::fs::read_to_string(shop.path("home/.local/share/bartizan/inventory.json")).unwrap();
    assert!(!store.contains("secret-pw") && !store.contains("given"));
    let unset = Workshop::new();
    unset.add(&["oci", oci.host(), "--token-env", "NOT_SET"]);
    let failed = unset.run(&["sync"]);
    assert!(failed.code == 3 && failed.stdout.contains("NOT_SET"), "{failed:?}");
}

#[test]
fn two_stores_at_different_addresses_are_kept_apart_by_their_endpoints() {
    let (one, other) = (bucket(&[("a.safetensors", model(1))]), bucket(&[("b.safetensors", model(1))]));
    let shop = Workshop::new().with(&[("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")]);
    shop.add(&["s3", "bucket", "--name", "one", "--endpoint", &one.address]);
    shop.add(&["s3", "bucket", "--name", "other", "--endpoint", &other.address]);
    shop.sync(0);
    assert_eq!(uris(&shop.asset(&model(1))), ["s3://bucket/a.safetensors", "s3://bucket/b.safetensors"]);
}
