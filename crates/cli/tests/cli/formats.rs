//! Every form of the report, read by something that we did not write.

use std::collections::BTreeSet;

use quick_xml::{Reader, events::Event};
use serde_json::Value;

use crate::sandbox::{CUT, EVIL, GOOD, ODD, Sandbox, zip};

/// A folder with every verdict in it.
fn mixed() -> Sandbox {
    let archive = zip(&[("inner/evil.pkl", EVIL), ("readme.txt", b"hello")]);
    let notebook = br#"{"cells":[{"cell_type":"code","metadata":{},"outputs":[],"execution_count":null,"source":["import os\n","os.system('echo hi')\n"]}],"metadata":{},"nbformat":4,"nbformat_minor":5}"#;
    Sandbox::with(&[
        ("good.pkl", GOOD),
        ("evil.pkl", EVIL),
        ("odd.pkl", ODD),
        ("cut.pkl", CUT),
        ("archive.zip", &archive),
        ("note.ipynb", notebook),
        ("empty", b""),
        ("a <b> & \"c\"'é.pkl", EVIL),
    ])
}

fn errors(schema: &Value, instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_json_report_keeps_to_its_schema() {
    let sandbox = mixed();
    let schema = sandbox.run(&["schema", "report"]).json();
    let report = sandbox.run(&["scan", ".", "--format", "json"]).json();
    assert_eq!(errors(&schema, &report), [""; 0]);
    let verdicts: BTreeSet<_> =
        report["assets"].as_array().unwrap().iter().map(|asset| asset["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts.len(), 4, "every verdict was met: {verdicts:?}");
    let mut broken = report;
    broken["verdict"] = "fine".into();
    assert_ne!(errors(&schema, &broken), [""; 0], "the schema refuses something");
}

#[test]
fn each_line_of_jsonl_is_an_object_and_together_they_are_the_report() {
    let sandbox = mixed();
    let report = sandbox.run(&["scan", ".", "--format", "json"]).json();
    let lines: Vec<Value> = sandbox
        .run(&["scan", ".", "--format", "jsonl"])
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |r#type: &str| -> Vec<Value> {
        lines
            .iter()
            .filter(|line| line["type"] == r#type)
            .map(|line| {
                let mut line = line.clone();
                line.as_object_mut().unwrap().remove("type");
                line
            })
            .collect()
    };
    assert_eq!(Value::from(of("asset")), report["assets"]);
    assert_eq!(Value::from(of("finding")), report["findings"]);
    assert_eq!((of("report").len(), of("summary").len()), (1, 1));
    assert_eq!((lines[0]["type"].as_str(), &lines[0]["schema"]), (Some("report"), &report["schema"]));
}

#[test]
fn junit_is_well_formed_and_counts_right() {
    let sandbox = mixed();
    let text = sandbox.run(&["scan", ".", "--format", "junit"]).stdout;
    let mut reader = Reader::from_str(&text);
    let (mut cases, mut failures, mut errors) = (Vec::new(), 0, 0);
    let mut counts = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => {
                let attribute = |name: &str| {
                    let found = element.try_get_attribute(name).unwrap().unwrap();
                    found.normalized_value(quick_xml::XmlVersion::Explicit1_0).unwrap().into_owned()
                };
                match element.name().as_ref() {
                    "testsuites" => counts = ["tests", "failures", "errors"].map(attribute).to_vec(),
                    "testcase" => cases.push(attribute("name")),
                    "failure" => failures += 1,
                    "error" => errors += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    assert_eq!(counts, [cases.len(), failures, errors].map(|count| count.to_string()));
    assert!(cases.contains(&"a <b> & \"c\"'é.pkl".to_owned()), "{cases:?}");
    assert!(cases.contains(&"archive.zip!inner/evil.pkl".to_owned()), "{cases:?}");
    assert_eq!((failures > 2, errors), (true, 1));
}

#[test]
fn the_page_loads_nothing_and_quotes_everything() {
    let page = mixed().run(&["scan", ".", "--format", "html"]).stdout;
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("default-src 'none'"), "the page forbids itself to load anything");
    for loader in
        ["src=", "<link", "<img", "<iframe", "<object", "<embed", "<base", "@import", "url(", "srcset"]
    {
        assert!(!page.contains(loader), "{loader}");
    }
    // Addresses stand in text and in links that a person may follow, nowhere else.
    for (at, _) in page.match_indices("=\"http") {
        assert!(page[..at].ends_with("<a href"), "{}", &page[at.saturating_sub(40)..at + 40]);
    }
    assert!(page.contains("a &lt;b&gt; &amp; &quot;c&quot;'é.pkl"));
    assert!(!page.contains("<b>"));
}

#[test]
fn sarif_names_a_rule_and_a_place_for_every_result() {
    let sandbox = mixed();
    let log = sandbox.run(&["scan", ".", "--format", "sarif"]).json();
    let report = sandbox.run(&["scan", ".", "--format", "json"]).json();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report["findings"].as_array().unwrap().len());
    for result in results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()) && !uri.contains('!'), "{uri}");
    }
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notifications.len(), 1, "the cut pickle was not read to its end");
}

#[test]
fn every_format_gives_the_same_exit_code_and_the_same_bytes_into_a_file() {
    let sandbox = mixed();
    for format in ["table", "json", "jsonl", "sarif", "junit", "html"] {
        let printed = sandbox.run(&["scan", "evil.pkl", "--format", format]);
        let written = sandbox.run(&["scan", "evil.pkl", "--format", format, "-o", "report"]);
        assert_eq!((printed.code, written.code, written.stdout.as_str()), (1, 1, ""), "{format}");
        // They differ in how long the scan took.
        let timeless = |text: &str| text.lines().filter(|line| !line.contains("0.")).count();
        assert_eq!(timeless(&printed.stdout), timeless(&sandbox.text("report")), "{format}");
    }
}
