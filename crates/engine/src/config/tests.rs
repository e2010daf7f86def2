use std::path::Path;

use bartizan_core::Severity;
use jiff::civil::date;

use super::*;

const EVERYTHING: &str = r#"
[system]
name = "credit-scoring"
intent = "Scores loan applications."
owner = "risk@example.org"
risk = "high"

[[model]]
path = "models/score.onnx"
task = "classification"
inputs = ["income", "age"]

[[dataset]]
path = "data/train.csv"
role = "train"
label = "default"
protected = ["sex"]

[[endpoint]]
url = "https://models.example.org/v1"
kind = "openai"

[policy]
fail-on = "medium"
rules."pickle/unknown-import".severity = "low"
pickle.allow = ["mymodule.MyClass"]

[[waiver]]
rule = "pickle/unknown-call"
where = "models/**/*.pkl"
reason = "ours"
owner = "ml"
expires = 2027-01-31

[limits]
seconds = 5
"#;

fn error(text: &str) -> String {
    parse(Path::new("bartizan.toml"), text).unwrap_err().to_string()
}

#[test]
fn everything_that_a_manifest_may_say_is_read() {
    let manifest = parse(Path::new("bartizan.toml"), EVERYTHING).unwrap();
    assert_eq!(manifest.system.as_ref().unwrap().risk, Some(Risk::High));
    assert_eq!(manifest.models[0].inputs, ["income", "age"]);
    assert_eq!(manifest.datasets[0].role, Some(DatasetRole::Train));
    assert_eq!(manifest.limits.seconds, 5);
    let policy = manifest.policy();
    assert_eq!(policy.fail_on, Severity::Medium);
    assert_eq!(policy.rules["pickle/unknown-import"].severity, Some(Severity::Low));
    assert_eq!(policy.waivers[0].expires, date(2027, 1, 31));
    assert_eq!(manifest.weakenings(), ["1 rule override", "1 allowed callable", "1 waiver", "other limits"]);
}

#[test]
fn an_error_names_the_line_the_column_and_the_likely_intention() {
    let errors: Vec<String> = [
        "[policy]\nfail_on = \"high\"\n",
        "[policy]\nfail-on = \"severe\"\n",
        "[system]\nname = \"é\" x\n",
        "[[waiver]]\nrule = \"*\"\nwhere = \"a\"\nreason = \"r\"\nowner = \"o\"\nexpires = \"soon\"\n",
        "[[waiver]]\nrule = \"*\"\nwhere = \"a[\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2027-01-31\n",
        "[[waiver]]\nrule = \"*\"\n",
        "[[modell]]\n",
    ]
    .map(error)
    .to_vec();
    insta::assert_snapshot!(errors.join("\n\n"));
}

#[test]
fn a_manifest_is_found_upward_but_not_above_the_work_tree() {
    let top = tempfile::tempdir().unwrap();
    let repository = top.path().join("repository");
    let models = repository.join("models");
    std::fs::create_dir_all(models.join("deep")).unwrap();
    std::fs::write(top.path().join(FILE_NAME), "").unwrap();
    assert_eq!(find(&models), None, "outside of a work tree only the folder itself counts");
    std::fs::create_dir(repository.join(".git")).unwrap();
    assert_eq!(find(&models), None);
    let manifest = repository.join(FILE_NAME);
    std::fs::write(&manifest, "").unwrap();
    std::fs::write(models.join("a.pkl"), "").unwrap();
    assert_eq!(find(&models.join("deep")), Some(manifest.canonicalize().unwrap()));
    assert_eq!(find(&models.join("a.pkl")), Some(manifest.canonicalize().unwrap()));
}

#[test]
fn a_manifest_that_weakens_the_policy_says_so_in_the_report() {
    let manifest = parse(Path::new("bartizan.toml"), EVERYTHING).unwrap();
    let mut request = ScanRequest::new(vec![]);
    Loaded { path: "repo/bartizan.toml".into(), manifest }.apply(&mut request);
    assert_eq!(
        request.notes,
        [
            "policy from repo/bartizan.toml: 1 rule override, 1 allowed callable, 1 waiver, other limits; --no-config scans without it"
        ]
    );
}

#[test]
fn a_discovered_name_is_the_very_name_whatever_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let name = "it's \"a\"\u{1b}\u{9b}\u{202e}\té.csv";
    std::fs::write(folder.path().join(name), "a,b\n1,2\n").unwrap();
    let text = discover(folder.path(), &Default::default()).unwrap();
    assert_eq!(text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}'), None);
    let manifest = parse(Path::new("bartizan.toml"), &text).unwrap();
    assert_eq!(manifest.datasets[0].path.as_deref(), Some(name));
}

#[test]
fn what_was_discovered_is_a_valid_manifest_and_never_overwrites_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("train.csv"), "a,b\n1,2\n").unwrap();
    std::fs::write(folder.path().join("app.py"), "URL = 'https://api.openai.com/v1'\n").unwrap();
    std::fs::write(folder.path().join("model.pkl"), b"\x80\x04}.").unwrap();
    std::fs::write(
        folder.path().join("README.md"),
        "---\nlicense: mit\npipeline_tag: text-generation\n---\n",
    )
    .unwrap();
    let text = discover(folder.path(), &Default::default()).unwrap();
    let manifest = parse(Path::new("bartizan.toml"), &text).unwrap();
    let models: Vec<_> =
        manifest.models.iter().map(|model| (model.path.as_deref(), model.format.as_deref())).collect();
    assert_eq!(models, [(Some("model.pkl"), Some("pickle"))]);
    assert_eq!(manifest.datasets[0].role, Some(DatasetRole::Train));
    assert_eq!(manifest.endpoints[0].kind, EndpointKind::Openai);
    assert!(manifest.weakenings().is_empty());

    let path = folder.path().join(FILE_NAME);
    write(&path, &text, false).unwrap();
    assert!(matches!(write(&path, "", false), Err(ConfigError::Exists { .. })));
    assert_eq!(load(&path).unwrap().manifest, manifest);
    write(&path, "", true).unwrap();
    assert_eq!(load(&path).unwrap().manifest, Manifest::default());
}
