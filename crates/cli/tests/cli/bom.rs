//! `bartizan bom` and its verbs.

use crate::sandbox::{EVIL, GOOD, Sandbox};

const CARD: &[u8] =
    b"---\nlicense: apache-2.0\nbase_model: org/base\npipeline_tag: text-classification\n---\n# Card\n";

fn repository() -> Sandbox {
    Sandbox::with(&[("m/model.pkl", GOOD), ("m/README.md", CARD)])
}

#[test]
fn a_bill_tells_the_model_with_its_card_and_is_valid() {
    let sandbox = repository();
    for version in ["1.6", "1.7"] {
        let made = sandbox.run(&["bom", ".", "--spec-version", version, "--output", "bill.json"]);
        assert_eq!((made.code, made.stderr.as_str()), (0, ""));
        let judged = sandbox.run(&["bom", "validate", "bill.json"]);
        assert_eq!((judged.code, judged.stdout), (0, format!("valid CycloneDX {version}\n")));
        let bill: serde_json::Value = serde_json::from_str(&sandbox.text("bill.json")).unwrap();
        assert_eq!(bill["specVersion"], version);
        let model =
            bill["components"].as_array().unwrap().iter().find(|c| c["name"] == "m/model.pkl").unwrap();
        assert_eq!(model["licenses"][0]["license"]["id"], "Apache-2.0");
        assert_eq!(model["pedigree"]["ancestors"][0]["name"], "org/base");
        assert!(bill["metadata"]["timestamp"].is_string() && bill["serialNumber"].is_string());
        std::fs::remove_file(sandbox.path("bill.json")).unwrap();
    }
}

#[test]
fn reproducible_bills_have_the_same_bytes_and_others_differ() {
    let sandbox = repository();
    for format in ["cyclonedx", "spdx"] {
        let arguments = ["bom", ".", "--format", format, "--reproducible"];
        let (one, other) = (sandbox.run(&arguments), sandbox.run(&arguments));
        assert_eq!(one.code, 0, "{}", one.stderr);
        assert_eq!(one.stdout, other.stdout);
        assert_ne!(one.stdout, sandbox.run(&["bom", ".", "--format", format]).stdout);
    }
}

#[test]
fn what_cannot_be_written_is_refused_with_what_can() {
    let sandbox = repository();
    let old = sandbox.run(&["bom", ".", "--spec-version", "1.4"]);
    assert_eq!(old.code, 2);
    insta::assert_snapshot!(old.stderr, @"error: CycloneDX is written in spec version 1.7 or 1.6, not 1.4");
    assert_eq!(sandbox.run(&["bom", ".", "--format", "spdx", "--spec-version", "2.3"]).code, 2);
    insta::assert_snapshot!(sandbox.run(&["bom", "gone"]).stderr, @"error: no such file or folder: gone");
}

#[test]
fn what_is_not_valid_is_told_with_its_place_and_exit_code_1() {
    let sandbox = Sandbox::with(&[
        ("bad.json", br#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"thing","name":"a"}]}"#),
        ("half.json", b"{"),
        ("spdx.json", br#"{"spdxVersion":"SPDX-2.3"}"#),
    ]);
    let bad = sandbox.run(&["bom", "validate", "bad.json"]);
    assert_eq!(bad.code, 1);
    assert!(bad.stdout.starts_with("/components/0/type: "), "{}", bad.stdout);
    let json = sandbox.run(&["bom", "validate", "bad.json", "--format", "json"]).json();
    assert_eq!(
        (json["valid"].as_bool(), json["problems"][0]["path"].as_str()),
        (Some(false), Some("/components/0/type"))
    );
    for file in ["half.json", "spdx.json"] {
        let refused = sandbox.run(&["bom", "validate", file]);
        assert_eq!((refused.code, refused.stderr.as_str()), (1, ""), "{file}");
    }
    assert_eq!(sandbox.run(&["bom", "validate", "gone.json"]).code, 2);
}

#[test]
fn a_changed_model_is_a_difference() {
    let sandbox = repository();
    assert_eq!(sandbox.run(&["bom", "m", "-o", "one.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "m", "-o", "two.json"]).code, 0);
    let same = sandbox.run(&["bom", "diff", "one.json", "two.json"]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "no difference\n"));
    sandbox.put("m/model.pkl", b"\x80\x04K\x01.");
    assert_eq!(sandbox.run(&["bom", "m", "-o", "two.json"]).code, 0);
    let changed = sandbox.run(&["bom", "diff", "one.json", "two.json"]);
    assert_eq!(changed.code, 1);
    assert!(
        changed.stdout.starts_with("~ machine-learning-model model.pkl: hash was SHA-256:"),
        "{}",
        changed.stdout
    );
    let json = sandbox.run(&["bom", "diff", "one.json", "two.json", "--format", "json"]).json();
    assert_eq!(json["changed"][0]["what"], "hash");
}

#[test]
fn a_score_tells_what_is_missing_and_fails_below_a_bar() {
    let sandbox = repository();
    let told = sandbox.run(&["bom", "score", "m", "--fail-under", "90"]);
    assert_eq!(told.code, 1, "{}", told.stderr);
    assert!(told.stdout.contains("Known limitations (technicalLimitations, important)"), "{}", told.stdout);
    for profile in ["owasp", "annex-iv", "gpai"] {
        let json = sandbox.run(&["bom", "score", "m", "--profile", profile, "--format", "json"]);
        assert_eq!(json.code, 0);
        let score = json.json()["score"].as_f64().unwrap();
        assert!(score > 0.0 && score < 90.0, "{profile}: {score}");
    }
}

#[test]
fn bills_are_merged_and_findings_are_applied_as_vex() {
    let sandbox = Sandbox::with(&[("a/evil.pkl", EVIL), ("b/good.pkl", GOOD)]);
    assert_eq!(sandbox.run(&["bom", "a", "-o", "a.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "b", "-o", "b.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "merge", "a.json", "b.json", "-o", "both.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "validate", "both.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "vex", "a", "-o", "vex.json"]).code, 0);
    assert_eq!(sandbox.run(&["bom", "validate", "vex.json"]).code, 0);
    let applied = sandbox.run(&["bom", "vex", "both.json", "--apply", "vex.json"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let bill = applied.json();
    let found = bill["vulnerabilities"].as_array().unwrap();
    let is_there = found
        .iter()
        .any(|v| v["id"] == "pickle/code-execution" && v["affects"][0]["ref"] == "model:evil.pkl");
    assert!(is_there, "{found:?}");
}

#[test]
fn reproducible_bytes_do_not_depend_on_where_the_program_runs() {
    let sandbox = repository();
    let elsewhere = Sandbox::with(&[("m/model.pkl", GOOD), ("m/README.md", CARD)]);
    for format in ["cyclonedx", "spdx"] {
        let arguments = ["bom", "m", "--format", format, "--reproducible"];
        let one = sandbox.run(&arguments);
        assert_eq!(one.code, 0, "{}", one.stderr);
        assert_eq!(one.stdout, elsewhere.run(&arguments).stdout);
        let absolute = sandbox.path("m").to_string_lossy().into_owned();
        let other = elsewhere.run(&["bom", &absolute, "--format", format, "--reproducible"]);
        assert_eq!(one.stdout, other.stdout);
        let named =
            |place: &Sandbox| place.run(&["bom", ".", "--name", "x", "--format", format, "--reproducible"]);
        assert_eq!(named(&sandbox).stdout, named(&elsewhere).stdout);
    }
}

#[test]
fn the_source_date_is_the_time_of_the_document_and_anything_else_is_refused() {
    let sandbox = repository();
    let run = |format: &str, seconds: &str| {
        let mut command = sandbox.command(&["bom", "m", "--format", format, "--reproducible"]);
        let done = command.env("SOURCE_DATE_EPOCH", seconds).output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    for format in ["cyclonedx", "spdx"] {
        let (code, text, _) = run(format, "1700000000");
        assert_eq!(code, Some(0));
        assert!(text.contains("\"2023-11-14T22:13:20Z\""), "{text}");
        assert_eq!(text, run(format, "1700000000").1);
    }
    for wrong in ["yesterday", "-1", "99999999999999"] {
        let (code, _, stderr) = run("cyclonedx", wrong);
        assert_eq!(code, Some(2), "{wrong}");
        assert!(stderr.contains("SOURCE_DATE_EPOCH"), "{stderr}");
    }
}

#[test]
fn the_manifest_names_the_system_and_what_is_elsewhere() {
    let manifest = br#"
[system]
name = "triage"
intent = "Sorts tickets."
owner = "Support"
risk = "limited"
[[model]]
path = "m/model.pkl"
[[dataset]]
uri = "hf://org/tickets"
role = "train"
[[endpoint]]
url = "https://models.example.invalid/v1"
kind = "openai"
"#;
    let sandbox = repository();
    sandbox.put("bartizan.toml", manifest);
    let bill = sandbox.run(&["bom", "."]).json();
    let about = &bill["metadata"]["component"];
    assert_eq!(about["name"], "triage");
    assert_eq!(about["description"], "Sorts tickets.");
    assert_eq!(about["supplier"]["name"], "Support");
    assert_eq!(about["properties"][0]["value"], "limited");
    let names: Vec<&str> =
        bill["components"].as_array().unwrap().iter().filter_map(|c| c["name"].as_str()).collect();
    assert_eq!(names, ["org/tickets", "m/model.pkl", "org/base"]);
    assert_eq!(bill["services"][0]["endpoints"][0], "https://models.example.invalid/v1");
    let plain = sandbox.run(&["bom", ".", "--no-config"]).json();
    assert!(plain.get("services").is_none());
    let part = sandbox.run(&["bom", "m"]).json();
    assert_eq!(part["metadata"]["component"]["name"], "m", "a part of the system is not the system");
}

#[test]
fn a_waiver_is_told_in_vex() {
    let waiver: &[u8] = b"[[waiver]]\nrule = \"pickle/code-execution\"\nwhere = \"evil.pkl\"\nreason = \"a test file\"\nowner = \"me\"\nexpires = \"2099-01-01\"\n";
    let sandbox = Sandbox::with(&[("evil.pkl", EVIL), ("bartizan.toml", waiver)]);
    let vex = sandbox.run(&["bom", "vex", "."]);
    assert_eq!(vex.code, 0, "{}", vex.stderr);
    let found = &vex.json()["vulnerabilities"][0];
    assert_eq!(found["analysis"]["state"], "exploitable");
    assert_eq!(found["analysis"]["response"][0], "will_not_fix");
}

#[test]
fn what_was_decided_in_openvex_is_applied_to_the_findings_of_a_folder() {
    let sandbox = Sandbox::with(&[("m/evil.pkl", EVIL)]);
    let made = sandbox.run(&["bom", "vex", "m", "--format", "openvex", "--reproducible"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let mut open = made.json();
    assert_eq!(open["@context"], "https://openvex.dev/ns/v0.2.0");
    for statement in open["statements"].as_array_mut().unwrap() {
        statement["status"] = "fixed".into();
    }
    sandbox.put("decided.json", open.to_string().as_bytes());
    let applied = sandbox.run(&["bom", "vex", "m", "--apply", "decided.json"]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    let found = applied.json();
    let found = found["vulnerabilities"].as_array().unwrap();
    assert!(!found.is_empty() && found.iter().all(|one| one["analysis"]["state"] == "resolved"), "{found:?}");
}

#[test]
fn conflicts_of_a_merge_are_told_and_fail_where_asked() {
    let bill = |text: &str| {
        format!(
            r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[
            {{"type":"library","name":"torch","version":"2","purl":"pkg:pypi/torch@2","description":"{text}"}}]}}"#
        )
    };
    let sandbox = Sandbox::with(&[("a.json", bill("one").as_bytes()), ("b.json", bill("other").as_bytes())]);
    let merged = sandbox.run(&["bom", "merge", "a.json", "b.json"]);
    assert_eq!(merged.code, 0);
    assert_eq!(merged.stderr, "bartizan: torch 2: description is one, another document says other\n");
    assert_eq!(merged.json()["components"][0]["description"], "one");
    assert_eq!(sandbox.run(&["bom", "merge", "--strict", "a.json", "b.json"]).code, 1);
}

#[test]
fn hostile_documents_are_refused_by_every_verb_with_a_reason() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let sandbox = Sandbox::with(&[
        ("deep.json", deep.as_bytes()),
        ("twice.json", br#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"version":1}"#),
        ("text.json", b"\xff\xfe\0\0"),
        ("list.json", b"[]"),
        ("empty.json", b""),
    ]);
    sandbox.put("good.json", br#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1}"#);
    for file in ["deep.json", "twice.json", "text.json", "list.json", "empty.json"] {
        let verbs: [&[&str]; 5] = [
            &["bom", "score", file],
            &["bom", "diff", file, "good.json"],
            &["bom", "merge", "good.json", file],
            &["bom", "vex", file, "--apply", "good.json"],
            &["bom", "vex", "good.json", "--apply", file],
        ];
        for verb in verbs {
            let refused = sandbox.run(verb);
            assert_eq!(refused.code, 2, "{verb:?}: {refused:?}");
            assert!(
                refused.stderr.contains(file) && refused.stderr.len() < 500,
                "{verb:?}: {}",
                refused.stderr
            );
        }
        let judged = sandbox.run(&["bom", "validate", file]);
        assert_eq!(judged.code, 1, "{file}: {judged:?}");
    }
}

#[test]
fn a_bill_of_what_could_not_be_read_says_which_file_and_why() {
    let sandbox = Sandbox::with(&[("m/cut.pkl", crate::sandbox::CUT)]);
    let made = sandbox.run(&["bom", "m", "--validate", "-o", "bill.json"]);
    assert_eq!(made.code, 3);
    assert!(made.stderr.contains("bartizan: valid CycloneDX 1.7\n"), "{}", made.stderr);
    assert!(made.stderr.contains("cut.pkl was not read to its end: "), "{}", made.stderr);
    assert_eq!(sandbox.run(&["bom", "validate", "bill.json"]).code, 0);
}

#[test]
fn an_spdx_bill_is_judged_and_a_damaged_one_is_told() {
    let sandbox = repository();
    assert_eq!(sandbox.run(&["bom", "m", "--format", "spdx", "-o", "bill.json"]).code, 0);
    let judged = sandbox.run(&["bom", "validate", "bill.json"]);
    assert_eq!((judged.code, judged.stdout.as_str()), (0, "valid SPDX 3.0.1\n"));
    sandbox.put("bad.json", sandbox.text("bill.json").replace("descendantOf", "childOf").as_bytes());
    let json = sandbox.run(&["bom", "validate", "bad.json", "--format", "json"]);
    assert_eq!(json.code, 1);
    let json = json.json();
    assert_eq!((json["valid"].as_bool(), json["format"].as_str()), (Some(false), Some("spdx")));
    assert!(json["problems"][0]["path"].as_str().unwrap().ends_with("/relationshipType"), "{json}");
}
