//! Folders, caches and git repositories of this machine, and the inventory's own file.

use std::{
    fs,
    process::{Command, Stdio},
};

use crate::{Workshop, git, model, pointer, sha256, uris};

#[test]
fn a_folder_is_listed_with_facts_and_read_again_only_where_it_changed() {
    let shop = Workshop::new();
    shop.put("zoo/a/model.safetensors", &model(1));
    shop.put("zoo/a/README.md", b"---\nlicense: apache-2.0\nbase_model: org/base\n---\n# A\n");
    shop.put("zoo/b/copy.safetensors", &model(1));
    shop.put("zoo/train.csv", b"a,b\n1,2\n");
    shop.put("zoo/notes.txt", b"nothing");
    shop.add(&["dir", "zoo"]);
    let first = &shop.sync(0)["sources"][0];
    assert_eq!(
        (first["assets"].as_u64(), first["new"].as_u64(), first["others"].as_u64()),
        (Some(4), Some(4), Some(1))
    );
    let asset = shop.asset(&model(1));
    assert_eq!(asset["kind"], "model");
    assert_eq!(asset["facts"]["format"], "safetensors");
    assert_eq!(asset["facts"]["parameters"], 16);
    assert_eq!(asset["facts"]["licence"], "apache-2.0");
    assert_eq!(asset["facts"]["base_models"][0], "org/base");
    assert_eq!(asset["size"], model(1).len());
    assert!(uris(&asset)[0].ends_with("/zoo/a/model.safetensors"), "{asset}");
    assert_eq!(uris(&asset).len(), 2);

    let second = &shop.sync(0)["sources"][0];
    assert_eq!((second["unchanged"].as_u64(), second["new"].as_u64()), (Some(4), Some(0)));
    shop.put("zoo/b/copy.safetensors", &model(2));
    fs::remove_file(shop.path("zoo/train.csv")).unwrap();
    let third = &shop.sync(0)["sources"][0];
    assert_eq!((third["changed"].as_u64(), third["missing"].as_u64()), (Some(1), Some(1)));
    assert_eq!(uris(&shop.asset(&model(1))).len(), 1);
    let gone = shop.asset(b"a,b\n1,2\n");
    let location = &gone["locations"][0];
    assert!(location["missing"].as_str().unwrap() >= location["last_seen"].as_str().unwrap(), "{gone}");
    shop.put("zoo/train.csv", b"a,b\n1,2\n");
    shop.sync(0);
    assert!(shop.asset(b"a,b\n1,2\n")["locations"][0].get("missing").is_none());
}

#[test]
fn a_list_is_filtered_by_kind_and_by_duplicates_and_speaks_json_lines() {
    let shop = Workshop::new();
    shop.put("zoo/one.safetensors", &model(1));
    shop.put("zoo/two.safetensors", &model(1));
    shop.put("zoo/three.safetensors", &model(3));
    shop.put("zoo/t.csv", b"a\n1\n");
    shop.add(&["dir", "zoo", "--name", "z"]);
    shop.sync(0);
    let schema = Command::new(env!("CARGO_BIN_EXE_bartizan")).args(["schema", "inventory"]).output().unwrap();
    let schema = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::Value::Array(shop.list())));
    let count = |arguments: &[&str]| {
        let listed = shop.run(&[&["list", "--format", "jsonl"], arguments].concat());
        let assets: Result<Vec<serde_json::Value>, _> =
            listed.stdout.lines().map(serde_json::from_str).collect();
        assets.unwrap().len()
    };
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--kind", "model"]), 2);
    assert_eq!(count(&["--kind", "dataset"]), 1);
    assert_eq!(count(&["--kind", "safetensors", "--duplicates"]), 1);
    let table = shop.run(&["list"]).stdout;
    assert!(table.contains("three.safetensors  model, safetensors, 16 parameters"), "{table}");
    let sources = shop.run(&["sources", "--format", "json"]).json();
    assert_eq!((sources[0]["name"].as_str(), sources[0]["type"].as_str()), (Some("z"), Some("dir")));
    assert_eq!(shop.run(&["remove", "z"]).code, 0);
    assert_eq!(count(&[]), 0);
    let unknown = shop.run(&["remove", "z"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("there is no source `z`"), "{unknown:?}");
}

#[test]
fn blobs_of_a_cache_are_checked_against_their_names_without_the_hub() {
    let shop = Workshop::new();
    let small = b"{\"model_type\": \"bert\", \"architectures\": [\"BertModel\"]}";
    let repository = "cache/models--org--model";
    let snapshot = shop.path(&format!("{repository}/snapshots/abc123"));
    shop.put("cache/blob-hash", small);
    let sha1 = git(&shop.path("cache"), &["hash-object", "blob-hash"]);
    fs::remove_file(shop.path("cache/blob-hash")).unwrap();
    let weights = sha256(&model(1));
    shop.put(&format!("{repository}/blobs/{weights}"), &model(1));
    shop.put(&format!("{repository}/blobs/{sha1}"), small);
    shop.put(&format!("{repository}/refs/main"), b"abc123");
    fs::create_dir_all(&snapshot).unwrap();
    std::os::unix::fs::symlink(format!("../../blobs/{weights}"), snapshot.join("model.safetensors")).unwrap();
    std::os::unix::fs::symlink(format!("../../blobs/{sha1}"), snapshot.join("config.json")).unwrap();
    shop.add(&["hfcache", "cache"]);
    shop.sync(0);
    let asset = shop.asset(&model(1));
    assert_eq!(asset["name"], "model.safetensors");
    assert_eq!(asset["locations"][0]["version"], "abc123");
    assert_eq!(shop.asset(small)["kind"], "configuration");
    assert_eq!(shop.run(&["verify"]).code, 0);

    // One bit on the disk falls over.
    shop.put(&format!("{repository}/blobs/{weights}"), &model(2));
    let report = shop.sync(1);
    let problem = &report["sources"][0]["problems"][0];
    assert_eq!(problem["kind"], "mismatch");
    assert!(problem["message"].as_str().unwrap().contains(&weights), "{problem}");
    assert!(shop.asset(&model(2))["locations"][0]["problem"].is_string());
    shop.put(&format!("{repository}/blobs/{sha1}"), b"{\"model_type\": \"bart\"}");
    let both = shop.run(&["verify", "--format", "json"]);
    assert_eq!((both.code, both.json()["status"].as_str()), (1, Some("failed")));
    assert_eq!(both.json()["problems"].as_array().unwrap().len(), 2, "{both:?}");
}

#[test]
fn without_digests_a_cache_is_joined_by_the_names_of_its_blobs() {
    let shop = Workshop::new();
    let weights = sha256(&model(1));
    shop.put(&format!("cache/models--a--b/blobs/{weights}"), &model(1));
    let snapshot = shop.path("cache/models--a--b/snapshots/r");
    fs::create_dir_all(&snapshot).unwrap();
    std::os::unix::fs::symlink(format!("../../blobs/{weights}"), snapshot.join("m.safetensors")).unwrap();
    shop.put("zoo/m.safetensors", &model(1));
    shop.add(&["hfcache", "cache"]);
    shop.add(&["dir", "zoo"]);
    assert_eq!(shop.run(&["sync", "--no-digest"]).code, 0);
    assert_eq!(shop.list().len(), 2, "nothing states the digest of the file in the folder");
    shop.sync(0);
    assert_eq!(uris(&shop.asset(&model(1))).len(), 2);
}

#[test]
fn git_is_read_at_its_tips_and_as_checked_out_and_runs_nothing() {
    let shop = Workshop::new();
    let large = model(9);
    shop.put("repo/model.safetensors", &model(1));
    shop.put("repo/large.safetensors", pointer(&large).as_bytes());
    let repo = shop.path("repo");
    git(&repo, &["init", "-q"]);
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-qm", "one"]);
    git(&repo, &["checkout", "-qb", "next"]);
    shop.put("repo/model.safetensors", &model(2));
    git(&repo, &["commit", "-qam", "two"]);
    git(&repo, &["checkout", "-q", "main"]);
    shop.put("repo/untracked.safetensors", &model(3));
    // What a hostile repository would run.
    let marker = shop.path("ran");
    let run = format!("touch {}", marker.display());
    for key in
        ["core.fsmonitor", "core.sshCommand", "core.pager", "uploadpack.packObjectsHook", "filter.x.smudge"]
    {
        git(&repo, &["config", key, &run]);
    }
    shop.add(&["git", "repo"]);
    shop.sync(0);
    assert!(!marker.exists());

    let committed = shop.asset(&model(1));
    assert_eq!(uris(&committed).len(), 1, "what is checked out unchanged is no second place: {committed}");
    assert!(uris(&committed)[0].ends_with("?ref=main#model.safetensors"), "{committed}");
    let branch = shop.asset(&model(2));
    assert!(uris(&branch)[0].ends_with("?ref=next#model.safetensors"), "{branch}");
    let untracked = shop.asset(&model(3));
    assert_eq!(untracked["locations"][0]["version"], "working tree");
    let lfs = shop.asset(&large);
    assert_eq!(lfs["size"], large.len());
    assert_eq!(lfs["locations"][0]["pointer"], true);

    // When the content is there too, its facts are.
    let digest = sha256(&large);
    shop.put(&format!("repo/.git/lfs/objects/{}/{}/{digest}", &digest[..2], &digest[2..4]), &large);
    shop.run(&["remove", "repo"]);
    shop.add(&["git", "repo"]);
    shop.sync(0);
    assert_eq!(shop.asset(&large)["facts"]["parameters"], 16);
    let again = &shop.sync(0)["sources"][0];
    assert_eq!(again["assets"], again["unchanged"]);
}

#[test]
fn a_machine_without_git_says_so_and_the_other_sources_are_read() {
    let shop = Workshop::new();
    shop.put("zoo/m.safetensors", &model(1));
    shop.put("repo/m.safetensors", &model(1));
    git(&shop.path("repo"), &["init", "-q"]);
    shop.add(&["git", "repo"]);
    shop.add(&["dir", "zoo"]);
    let output = shop.command(&["sync"]).env("PATH", "/nowhere").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("`git` is not installed"), "{text}");
    assert_eq!(uris(&shop.asset(&model(1))).len(), 1);
}

#[test]
fn a_damaged_inventory_is_never_written_over() {
    let shop = Workshop::new();
    shop.put("zoo/m.safetensors", &model(1));
    let store = shop.path("my.json");
    let at = ["--store", store.to_str().unwrap()];
    assert_eq!(shop.run(&[&at[..], &["add", "dir", "zoo"]].concat()).code, 0);
    assert_eq!(shop.run(&[&at[..], &["sync"]].concat()).code, 0);
    let whole = fs::read(&store).unwrap();
    fs::write(&store, &whole[..whole.len() - 40]).unwrap();
    let cut = fs::read(&store).unwrap();
    for verb in
        [&["sync"][..], &["list"], &["sources"], &["remove", "zoo"], &["add", "dir", "zoo", "--name", "n"]]
    {
        let outcome = shop.run(&[&at[..], verb].concat());
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(outcome.stderr.contains("my.json") && outcome.stderr.contains("damaged"), "{outcome:?}");
    }
    assert_eq!(fs::read(&store).unwrap(), cut);
}

#[test]
fn synchronising_twice_at_once_loses_nothing() {
    let shop = Workshop::new();
    for index in 0..4 {
        shop.put(&format!("zoo{index}/m.safetensors"), &model(index));
        shop.add(&["dir", &format!("zoo{index}")]);
    }
    let children: Vec<_> = (0..4)
        .map(|index| {
            let mut command = shop.command(&["sync", &format!("zoo{index}")]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    assert_eq!(shop.list().len(), 4);
}

#[test]
fn a_source_that_cannot_be_is_refused_when_it_is_added() {
    let shop = Workshop::new();
    for (arguments, part) in [
        (&["dir", "missing"][..], "cannot be opened"),
        (&["mlflow", "host:5000"], "http(s) address"),
        (&["git", "https://me:pw@host/x.git"], "--token-env"),
        (&["mlflow", "http://host", "--endpoint", "http://x"], "--endpoint means nothing for mlflow"),
        (&["s3", "s3://b", "--name", "a b"], "no spaces"),
    ] {
        let refused = shop.run(&[&["add"], arguments].concat());
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains(part) && !refused.stderr.contains("me:pw"), "{refused:?}");
    }
    assert_eq!(shop.run(&["sync"]).code, 2, "there is nothing to read");
    shop.put("zoo/x", b"");
    shop.put("other/zoo/x", b"");
    shop.add(&["dir", "zoo"]);
    let twice = shop.run(&["add", "dir", "zoo", "--name", "again"]);
    assert!(twice.code == 2 && twice.stderr.contains("is a source already"), "{twice:?}");
    let second = shop.run(&["add", "dir", "other/zoo"]);
    assert!(second.code == 0 && second.stderr.contains("added zoo-2"), "{second:?}");
    assert_eq!(shop.run(&["add", "dir", "other", "--name", "zoo"]).code, 2);
}
