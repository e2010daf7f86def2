use bartizan_core::Dependency;
use proptest::prelude::*;

use super::*;
use crate::testing;

const SKLEARN: &str = "artifact_path: model
flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: cloudpickle
    sklearn_version: 1.5.0
mlflow_version: 2.17.0
model_uuid: 0123456789abcdef
run_id: abc
saved_input_example_info:
  artifact_path: input_example.json
signature:
  inputs: none
";

fn findings(text: &str) -> Vec<(&'static str, Severity)> {
    let outcome = testing::inspect(&MlflowInspector, "m/MLmodel", text.as_bytes().to_vec());
    outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

#[test]
fn an_ordinary_model_is_described_and_only_its_pickle_is_mentioned() {
    let outcome = testing::inspect(&MlflowInspector, "MLmodel", SKLEARN.as_bytes().to_vec());
    assert_eq!(outcome.claim, Claim::Certain);
    assert_eq!(outcome.worst(), Some(Severity::Info));
    let Some(Fact::Model(model)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(model.framework.as_deref(), Some("sklearn"));
    assert_eq!(model.framework_version.as_deref(), Some("1.5.0"));
}

#[test]
fn a_loader_module_is_judged_by_what_it_is() {
    let with = |module: &str, code: &str| {
        findings(&format!("flavors:\n  python_function:\n    loader_module: {module}\n    code: {code}\n"))
    };
    assert_eq!(with("os", "null"), [("mlflow/loader-module", Severity::Critical)]);
    assert_eq!(with("subprocess", "code"), [("mlflow/loader-module", Severity::Critical)]);
    assert_eq!(with("my_loader", "null"), [("mlflow/loader-module", Severity::Medium)]);
    assert_eq!(with("my_loader", "code"), [("mlflow/loader-module", Severity::Low)]);
    assert_eq!(with("mlflow.pyfunc.model", "code"), []);
    assert_eq!(with("mlflow.projects.backend", "code"), [("mlflow/loader-module", Severity::Critical)]);
}

#[test]
fn paths_stay_inside_the_folder() {
    for path in
        ["../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "file:///etc/passwd", "a/../../b", "~/x"]
    {
        let found = findings(&format!(
            "flavors:\n  python_function:\n    artifacts:\n      a:\n        path: {path}\n        uri: /home/me/x\n"
        ));
        assert_eq!(found, [("mlflow/path-traversal", Severity::High)], "{path}");
    }
    assert_eq!(findings("flavors:\n  python_function:\n    code: ../code\n").len(), 1);
}

#[test]
fn package_lists_become_dependencies() {
    let text = "torch==2.4.0\nnumpy>=1.2  # x\n--extra-index-url http://example.invalid/simple\nfoo @ https://example.invalid/foo.whl\n--extra-index-url https://download.pytorch.org/whl/cu121\n";
    let outcome = testing::inspect(&EnvironmentInspector, "requirements.txt", text.as_bytes().to_vec());
    assert_eq!(outcome.worst(), Some(Severity::Low));
    assert_eq!(outcome.inspection.findings.len(), 2);
    let expected =
        Dependency { role: "package", name: "torch".into(), version: Some("2.4.0".into()), relation: None };
    assert_eq!(outcome.inspection.facts.first(), Some(&Fact::Dependency(expected)));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..600) {
        testing::inspect(&MlflowInspector, "MLmodel", bytes.clone());
        testing::inspect(&EnvironmentInspector, "requirements.txt", bytes);
        let cut = SKLEARN.as_bytes()[..cut.min(SKLEARN.len())].to_vec();
        testing::inspect(&MlflowInspector, "MLmodel", cut);
    }
}

#[test]
fn signature_origin_and_task_are_told() {
    let text = "flavors:\n  transformers:\n    task: text-classification\n    source_model_name: org/base\n    \
                source_model_revision: abc\n    peft_adaptor: peft\nmlflow_version: 2.17.0\nmodel_uuid: u1\nsignature:\n  \
                inputs: '[{\"type\": \"double\", \"name\": \"x\", \"required\": true}]'\n  \
                outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 3]}}]'\n";
    let outcome = testing::inspect(&MlflowInspector, "MLmodel", text.as_bytes().to_vec());
    let facts = format!("{:?}", outcome.inspection.facts);
    for told in [
        "direction: Input, name: \"x\", dtype: Some(\"double\"), shape: []",
        "direction: Output, name: \"0\", dtype: Some(\"float64\"), shape: [\"?\", \"3\"]",
        "name: \"org/base\", version: Some(\"abc\"), relation: Some(\"adapter\")",
        "task: Some(\"text-classification\")",
    ] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
    let broken = "flavors: {}\nsignature: {inputs: '[', outputs: '3'}\n";
    testing::inspect(&MlflowInspector, "MLmodel", broken.as_bytes().to_vec());
}
