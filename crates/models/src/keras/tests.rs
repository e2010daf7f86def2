use bartizan_core::{Claim, Severity};
use proptest::prelude::*;

use super::Config;
use crate::testing::{Outcome, inspect};

fn scan(layer: &str) -> Outcome {
    let text = format!(
        r#"{{"module": "keras", "class_name": "Sequential", "config": {{"name": "s", "layers": [
        {{"module": "keras.layers", "class_name": "InputLayer", "config": {{"batch_shape": [null, 4], "dtype": "float32"}}, "registered_name": null}},
        {layer}]}}, "registered_name": null, "compile_config": {{"optimizer": "adam", "loss": "mse"}}}}"#
    );
    inspect(&Config, "m.keras!config.json", text)
}

#[test]
fn usual_layers_have_nothing_to_report() {
    for layer in [
        r#"{"module": "keras.layers", "class_name": "Dense", "config": {"units": 4, "activation": "relu", "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}, "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null}, "registered_name": null}}, "registered_name": null, "build_config": {"input_shape": [null, 4]}}"#,
        r#"{"module": "keras.layers", "class_name": "Activation", "config": {"activation": {"module": "keras.activations", "class_name": "function", "config": "gelu", "registered_name": "gelu"}}}"#,
        r#"{"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": ["a", "b"], "mask_token": "[MASK]"}}"#,
        r#"{"module": "keras.layers", "class_name": "TextVectorization", "config": {"vocabulary": null}}"#,
        r#"{"class_name": "TFOpLambda", "config": {"name": "tf.math.add", "function": "math.add"}}"#,
        r#"{"module": "keras.src.ops.numpy", "class_name": "Add", "config": {}, "registered_name": "Add"}"#,
        r#"{"module": "keras.src.models.functional", "class_name": "Functional", "config": {}, "registered_name": "Functional"}"#,
        r#"{"module": "builtins", "class_name": "__tuple__", "config": {}, "registered_name": null}"#,
        r#"{"module": "keras.utils", "class_name": "FeatureSpace", "config": {}, "registered_name": null}"#,
        r#"{"module": "keras_hub.src.models.bert", "class_name": "BertBackbone", "config": {}, "registered_name": "keras_hub>BertBackbone"}"#,
        r#"{"module": "__main__", "class_name": "function", "config": "my_loss", "registered_name": "my_loss"}"#,
        r#"{"module": null, "class_name": "MyLayer", "config": {}, "registered_name": "my_package>MyLayer"}"#,
    ] {
        let outcome = scan(layer);
        assert_eq!(outcome.claim, Claim::Certain);
        assert!(outcome.worst() < Some(Severity::Medium), "{layer}: {:#?}", outcome.inspection.findings);
        assert!(outcome.inspection.coverage.is_complete(), "{layer}");
    }
}

#[test]
fn every_way_to_reach_code_is_found() {
    for (layer, rule, severity) in [
        (
            r#"{"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wAA", "defaults": null}}}}"#,
            "keras/lambda-code",
            Severity::Critical,
        ),
        (
            r#"{"class_name": "Lambda", "config": {"function": ["4wAA", null, null], "function_type": "lambda"}}"#,
            "keras/lambda-code",
            Severity::Critical,
        ),
        (
            r#"{"class_name": "Lambda", "config": {"function": "lambda x: x"}}"#,
            "keras/lambda-layer",
            Severity::High,
        ),
        (
            r#"{"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"module": "os", "class_name": "function", "config": "system"}, "arguments": {"command": "echo"}}}"#,
            "keras/dangerous-module",
            Severity::Critical,
        ),
        (
            r#"{"module": "keras.layers", "class_name": "TimeDistributed", "config": {"layer": {"module": "keras", "class_name": "Sequential", "config": {"layers": [{"module": "subprocess", "class_name": "Popen", "config": {"args": "echo"}}]}}}}"#,
            "keras/dangerous-module",
            Severity::Critical,
        ),
        (
            r#"{"module": "builtins", "class_name": "function", "config": "eval"}"#,
            "keras/dangerous-module",
            Severity::Critical,
        ),
        (
            r#"{"module": "keras.utils", "class_name": "function", "config": "get_file"}"#,
            "keras/internal-function",
            Severity::Critical,
        ),
        (
            r#"{"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization"}"#,
            "keras/internal-function",
            Severity::Critical,
        ),
        (
            r#"{"module": "keras.src.utils.file_utils", "class_name": "function", "config": "extract_archive"}"#,
            "keras/internal-function",
            Severity::Critical,
        ),
        (
            r#"{"module": "some_package.tools", "class_name": "function", "config": "run"}"#,
            "keras/foreign-function",
            Severity::Critical,
        ),
        (
            r#"{"module": "some_package.layers", "class_name": "Block", "config": {}, "registered_name": "Block"}"#,
            "keras/unknown-module",
            Severity::Medium,
        ),
        (
            r#"{"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}"#,
            "keras/file-reference",
            Severity::High,
        ),
        (
            r#"{"module": "keras.layers", "class_name": "TextVectorization", "config": {"vocabulary": "http://x.invalid/v"}}"#,
            "keras/file-reference",
            Severity::High,
        ),
        (
            r#"{"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "../saved"}}"#,
            "keras/foreign-artefact",
            Severity::High,
        ),
        (
            r#"{"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "gAJ9"}}"#,
            "keras/foreign-artefact",
            Severity::High,
        ),
        (
            r#"{"module": "keras.layers", "module": "os", "class_name": "system", "config": {}}"#,
            "keras/dangerous-module",
            Severity::Critical,
        ),
    ] {
        let outcome = scan(layer);
        let found = outcome.inspection.findings.iter().find(|finding| finding.rule.id == rule);
        assert_eq!(
            found.map(|found| found.severity),
            Some(severity),
            "{layer}: {:#?}",
            outcome.inspection.findings
        );
    }
}

proptest! {
    #[test]
    fn damaged_configurations_never_panic(cut in 0usize..600, at in 0usize..600, flip in any::<u8>()) {
        let text = r#"{"module": "keras", "class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": {"function": ["4wAA", null, null]}}]}}"#;
        let mut bytes = text.as_bytes().to_vec();
        if let Some(byte) = bytes.get_mut(at) { *byte = flip; }
        bytes.truncate(cut);
        let _ = inspect(&Config, "config.json", bytes);
    }
}

#[test]
fn inputs_are_told() {
    let text = r#"{"module": "keras", "class_name": "Functional", "config": {"layers": [{"module": "keras.layers",
        "class_name": "InputLayer", "config": {"batch_shape": [null, 8], "dtype": "float32", "name": "x"}}]}}"#;
    let outcome = crate::testing::inspect(&super::Config, "config.json", text);
    let facts = format!("{:?}", outcome.inspection.facts);
    let told = r#"Port { direction: Input, name: "x", dtype: Some("float32"), shape: ["?", "8"] }"#;
    assert!(facts.contains(told), "{facts}");
}
