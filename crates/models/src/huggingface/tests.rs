use std::sync::Arc;

use bartizan_core::{Asset, Claim, Content, Files, Limits, Options, Severity, Tree};
use proptest::prelude::*;

use super::{Repository, Settings};
use crate::testing::{Outcome, inspect, inspect_asset};

fn texts<const N: usize>(files: [(&str, &'static str); N]) -> Files {
    Files::of(files.map(|(path, text)| (path, Content::from_bytes(text))))
}

fn scan(name: &str, text: &str) -> Outcome {
    inspect(&Settings, name, text.to_owned())
}

#[test]
fn settings_of_usual_repositories_have_nothing_to_report() {
    for (name, text) in [
        (
            "config.json",
            r#"{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "rope_scaling": null, "router_aux_loss_coef": NaN, "torch_dtype": "bfloat16", "transformers_version": "4.44.0"}"#,
        ),
        (
            "model_index.json",
            r#"{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30", "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": [null, null], "text_encoder": ["transformers", "CLIPTextModel"]}"#,
        ),
        (
            "adapter_config.json",
            r#"{"peft_type": "LORA", "base_model_name_or_path": "org/base", "auto_mapping": {"base_model_class": "LlamaForCausalLM", "parent_library": "transformers.models.llama.modeling_llama"}, "target_modules": ["q_proj"]}"#,
        ),
        (
            "model.safetensors.index.json",
            r#"{"metadata": {"total_size": 9}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#,
        ),
        (
            "tokenizer_config.json",
            r#"{"tokenizer_class": "X", "chat_template": [{"name": "default", "template": "{% for m in messages %}{{ m['content'] }}{% endfor %}"}, {"name": "tool_use", "template": "{{ tools | tojson }}"}]}"#,
        ),
        (
            "modules.json",
            r#"[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]"#,
        ),
        (
            "tokenizer.json",
            r#"{"version": "1.0", "added_tokens": [{"id": 0, "content": "{{"}], "model": {"type": "BPE", "vocab": {"__class__": 1, "os.system": 2}, "merges": ["{{ x", "}} y"]}}"#,
        ),
        ("config.json", r#"{"name": "x", "config": {"learning_rate": 0.001}}"#),
        (
            "config.json",
            r#"{"model_type": "x", "auto_map": {"AutoConfig": "configuration_x.XConfig", "AutoModel": "modeling_x.XModel"}}"#,
        ),
    ] {
        let outcome = scan(name, text);
        assert!(outcome.claim >= Claim::Name, "{name}");
        assert!(outcome.worst() < Some(Severity::Medium), "{name}: {:#?}", outcome.inspection.findings);
        assert!(outcome.inspection.coverage.is_complete(), "{name}: {:?}", outcome.inspection.coverage);
    }
}

#[test]
fn settings_that_lead_elsewhere_are_found() {
    for (name, text, rule, severity) in [
        (
            "config.json",
            r#"{"model_type": "x", "auto_map": {"AutoModel": "modeling_x.XModel"}}"#,
            "huggingface/remote-code",
            Severity::Low,
        ),
        (
            "config.json",
            r#"{"auto_map": {"AutoModel": "other/repo--modeling_x.XModel"}}"#,
            "huggingface/foreign-code",
            Severity::Medium,
        ),
        (
            "config.json",
            r#"{"model_type": "x", "custom_pipelines": {"t": {"impl": "pipe.P", "pt": []}}}"#,
            "huggingface/remote-code",
            Severity::Low,
        ),
        (
            "adapter_config.json",
            r#"{"peft_type": "LORA", "auto_mapping": {"base_model_class": "system", "parent_library": "os"}}"#,
            "huggingface/class-reference",
            Severity::Critical,
        ),
        (
            "model_index.json",
            r#"{"_class_name": "P", "unet": ["subprocess", "Popen"]}"#,
            "huggingface/class-reference",
            Severity::Critical,
        ),
        (
            "modules.json",
            r#"[{"idx": 0, "path": "", "type": "os.system"}]"#,
            "huggingface/class-reference",
            Severity::Critical,
        ),
        (
            "a.index.json",
            r#"{"weight_map": {"a": "../../x.bin"}}"#,
            "huggingface/path-traversal",
            Severity::High,
        ),
        (
            "a.index.json",
            r#"{"weight_map": {"a": "C:\\x.bin"}}"#,
            "huggingface/path-traversal",
            Severity::High,
        ),
        (
            "tokenizer_config.json",
            r#"{"tokenizer_class": "X", "chat_template": [{"name": "a", "template": "{{ x.__class__ }}"}]}"#,
            "jinja/sandbox-escape",
            Severity::Critical,
        ),
        (
            "tokenizer_config.json",
            r#"{"chat_template": {"default": "{{ x['\\x5f\\x5fclass__'] }}"}}"#,
            "jinja/hidden-name",
            Severity::High,
        ),
        (
            "config.json",
            r#"{"model_type": "x", "class_name": "function", "module": "os", "config": "system"}"#,
            "keras/dangerous-module",
            Severity::Critical,
        ),
    ] {
        let outcome = scan(name, text);
        let found = outcome.inspection.findings.iter().find(|finding| finding.rule.id == rule);
        assert_eq!(found.map(|found| found.severity), Some(severity), "{text}: {:#?}", outcome.inspection);
    }
}

#[test]
fn a_repository_is_known_by_its_settings_and_advised_on_its_weights() {
    let tree: Arc<dyn Tree> = Arc::new(texts([
        ("config.json", r#"{"model_type": "bert", "architectures": ["BertModel"]}"#),
        ("pytorch_model.bin", ""),
        ("custom_generate/generate.py", ""),
    ]));
    let asset = Asset::new("repo", Content::from_tree(tree));
    let outcome = inspect_asset(&Repository, asset, &Limits::default(), Options::default());
    assert_eq!(outcome.claim, Claim::Certain);
    assert_eq!(outcome.rules(), ["huggingface/pickle-only", "huggingface/remote-code"]);
    assert!(outcome.worst() < Some(Severity::Medium));
}

#[test]
fn a_missing_shard_is_told_when_the_folder_is_known() {
    let tree: Arc<dyn Tree> = Arc::new(Files::default());
    let text = r#"{"weight_map": {"a": "model-1.safetensors"}}"#;
    let asset = Asset::new("model.safetensors.index.json", Content::from_bytes(text.as_bytes())).beside(tree);
    let outcome = inspect_asset(&Settings, asset, &Limits::default(), Options::default());
    assert_eq!(outcome.rules(), ["huggingface/missing-shard"]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = scan_bytes(bytes);
    }
}

fn scan_bytes(bytes: Vec<u8>) -> Outcome {
    inspect(&Settings, "config.json", bytes)
}

#[test]
fn settings_tell_where_a_model_comes_from() {
    for (name, text, told) in [
        (
            "adapter_config.json",
            r#"{"peft_type": "LORA", "base_model_name_or_path": "org/base", "revision": "abc", "r": 8}"#,
            vec!["name: \"org/base\", version: Some(\"abc\"), relation: Some(\"adapter\")", "value: \"8\""],
        ),
        (
            "model_index.json",
            r#"{"_class_name": "P", "_diffusers_version": "0.30", "unet": ["diffusers", "UNet"]}"#,
            vec!["key: \"component/unet\", value: \"diffusers.UNet\"", "target: \"unet\""],
        ),
        (
            "modules.json",
            r#"[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]"#,
            vec!["\"sentence-transformers\"", "target: \"1_Pooling\""],
        ),
        (
            "mergekit_config.json",
            r#"{"merge_method": "ties", "base_model": "a/b", "models": [{"model": "c/d+e/f"}, {"model": "a/b"}]}"#,
            vec!["\"a/b\", version: None, relation: Some(\"merge\")", "\"c/d\"", "\"e/f\""],
        ),
        (
            "train.json",
            r#"{"base_model": "a/b", "adapter": "qlora", "datasets": [{"path": "d/e"}, {"path": "f"}]}"#,
            vec!["relation: Some(\"adapter\")", "name: \"d/e\", role: Some(\"train\")"],
        ),
        (
            "train.json",
            r#"{"model_name_or_path": "a/b", "dataset": "x, y", "output_dir": "o"}"#,
            vec!["relation: Some(\"finetune\")", "name: \"x\"", "name: \"y\""],
        ),
    ] {
        let facts = format!("{:?}", scan(name, text).inspection.facts);
        for told in told {
            assert!(facts.contains(told), "{text}: {told}: {facts}");
        }
    }
}

#[test]
fn ids_of_the_hub_are_read_from_addresses() {
    for (name, id) in [
        ("org/name", "org/name"),
        ("https://huggingface.co/org/name", "org/name"),
        ("https://huggingface.co/datasets/org/name/tree/main", "org/name"),
        ("https://huggingface.co/bert/", "bert"),
        ("https://huggingface.co/", "https://huggingface.co/"),
        ("https://example.invalid/a/b", "https://example.invalid/a/b"),
    ] {
        assert_eq!(super::hub_id(name), id);
    }
}
