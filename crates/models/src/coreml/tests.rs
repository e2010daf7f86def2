use std::sync::Arc;

use bartizan_core::{Content, Entry, EntryKind, Limits, Options, ReadError, Severity, Tree};

use super::*;
use crate::{
    protobuf::writer::Writer,
    testing::{describe, inspect, inspect_asset, survives},
};

fn model(number: u32, inner: Writer) -> Vec<u8> {
    let metadata = Writer::new().text(3, "someone").text(4, "MIT");
    let feature = Writer::new().text(1, "x");
    let description = Writer::new().message(1, feature).message(100, metadata);
    Writer::new().varint(1, 4).message(2, description).message(number, inner).finish()
}

fn custom() -> Writer {
    Writer::new().text(1, "c").message(500, Writer::new().text(10, "MyLayer").text(40, "does things"))
}

fn found(number: u32, inner: Writer) -> Vec<(&'static str, Severity)> {
    let outcome = inspect(&Coreml, "m.mlmodel", model(number, inner));
    assert_eq!(outcome.claim, Claim::Shape);
    assert!(outcome.inspection.coverage.is_complete());
    outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

#[test]
fn an_ordinary_network_is_described() {
    let layer = Writer::new().text(1, "ip").message(140, Writer::new().varint(1, 4));
    let bytes = model(500, Writer::new().message(1, layer));
    let outcome = inspect(&Coreml, "m", bytes.clone());
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Shape, vec![]));
    let Some(Fact::Model(fact)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(
        (fact.producer.as_deref(), fact.architecture.as_deref()),
        (Some("someone"), Some("neuralNetwork"))
    );
    assert_eq!(describe(&Coreml, "m", bytes).sections[1].rows.len(), 1);
}

#[test]
fn classes_of_the_app_are_found_wherever_they_stand() {
    let network = || Writer::new().message(1, custom()).message(1, custom());
    let medium = [("coreml/custom-layer", Severity::Medium)];
    assert_eq!(found(500, network()), medium);
    assert_eq!(found(403, network()), medium);
    let branch = Writer::new().message(605, Writer::new().message(2, network()));
    assert_eq!(found(500, Writer::new().message(1, branch)), medium);
    let whole = Writer::new().varint(1, 4).message(500, network());
    let pipeline = Writer::new().message(1, whole);
    assert_eq!(found(200, Writer::new().message(1, pipeline)), medium);
    assert_eq!(found(555, Writer::new().text(10, "Mine")), [("coreml/custom-model", Severity::Medium)]);
}

fn linked(path: &str) -> Writer {
    let parameter = Writer::new().text(1, path);
    Writer::new().message(1, Writer::new().message(1, parameter))
}

fn program(path: &str) -> Writer {
    let value = Writer::new().message(5, Writer::new().text(1, path).varint(2, 64));
    let attribute = Writer::new().text(1, "val").message(2, value);
    let inner = Writer::new().message(3, Writer::new().text(1, "const").message(5, attribute));
    let operation = Writer::new().text(1, "cond").message(4, inner);
    let block = Writer::new().text(1, "CoreML7").message(2, Writer::new().message(3, operation));
    let function = Writer::new().text(1, "main").message(2, Writer::new().message(3, block));
    Writer::new().varint(1, 1).message(2, function)
}

#[test]
fn paths_stay_beside_the_model() {
    for path in ["/etc/passwd", "../x.mlmodelc", "@model_path/../../x", "a:/usr/lib", "~/x"] {
        assert_eq!(found(556, linked(path)), [("coreml/path-outside", Severity::High)], "{path}");
        assert_eq!(found(502, program(path)), [("coreml/path-outside", Severity::High)], "{path}");
    }
    assert_eq!(found(556, linked("other")), []);
    assert_eq!(found(502, program("@model_path/weights/weight.bin")), []);
}

#[test]
fn deep_pipelines_are_a_gap() {
    let mut inner = Writer::new().varint(1, 1).message(900, Writer::new());
    for _ in 0..100 {
        inner = Writer::new().varint(1, 1).message(202, Writer::new().message(1, inner));
    }
    let outcome = inspect(&Coreml, "m.mlmodel", inner.finish());
    assert!(!outcome.inspection.coverage.is_complete());
}

struct Folder;

impl Tree for Folder {
    fn list(&self, _: &str) -> Vec<Entry> {
        Vec::new()
    }
    fn entry(&self, path: &str) -> Option<Entry> {
        let there = path == "Data/com.apple.CoreML/model.mlmodel";
        there.then(|| Entry { path: path.to_owned(), kind: EntryKind::File, size: 1 })
    }
    fn open(&self, _: &str) -> Result<Content, ReadError> {
        Err(ReadError::Directory)
    }
}

#[test]
fn packages_keep_to_themselves() {
    for (path, worst) in [
        ("com.apple.CoreML/model.mlmodel", None),
        ("com.apple.CoreML/absent", Some(Severity::Low)),
        ("../../x", Some(Severity::High)),
    ] {
        let text = format!(
            "{{\"fileFormatVersion\":\"1.0.0\",\"itemInfoEntries\":{{\"A\":{{\"path\":\"{path}\"}}}}}}"
        );
        let asset =
            Asset::new("m.mlpackage/Manifest.json", Content::from_bytes(text)).beside(Arc::new(Folder));
        let outcome = inspect_asset(&Manifest, asset, &Limits::default(), Options::default());
        assert_eq!((outcome.claim, outcome.worst()), (Claim::Certain, worst), "{path}");
    }
}

#[test]
fn compiled_models_are_named_and_their_text_is_read() {
    let mil = |path: &str| {
        format!("program(1.0) {{ BLOBFILE(path = tensor<string, []>(\"{path}\"), offset = 64) }}")
    };
    let worst = |name: &str, text: String| inspect(&Compiled, name, text.into_bytes()).worst();
    assert_eq!(worst("m.mlmodelc/model.mil", mil("@model_path/weights/weight.bin")), None);
    assert_eq!(worst("m.mlmodelc/model.mil", mil("/etc/passwd")), Some(Severity::High));
    assert_eq!(
        worst("model.espresso.net", "{\"layers\":[{\"type\" : \"custom\"}]}".into()),
        Some(Severity::Medium)
    );
    assert_eq!(inspect(&Compiled, "m.mlmodelc/weights/weight.bin", vec![2, 0, 0, 0]).claim, Claim::Name);
}

#[test]
fn damage_is_survived() {
    survives(&Coreml, "m.mlmodel", &model(500, Writer::new().message(1, custom())));
    survives(&Coreml, "m.mlmodel", &model(502, program("/x")));
    survives(&Manifest, "Manifest.json", b"{\"itemInfoEntries\":{\"A\":{\"path\":\"../x\"}}}");
}

#[test]
fn inputs_and_outputs_are_told() {
    let array = Writer::new().varint(1, 1).varint(1, 8).varint(2, 65_568);
    let input = Writer::new().text(1, "x").message(3, Writer::new().message(5, array));
    let image = Writer::new().varint(1, 640).varint(2, 480);
    let second = Writer::new().text(1, "i").message(3, Writer::new().message(4, image));
    let output = Writer::new().text(1, "y").message(3, Writer::new().message(3, Writer::new()));
    let description = Writer::new().message(1, input).message(1, second).message(10, output);
    let bytes = Writer::new().varint(1, 4).message(2, description).message(500, Writer::new()).finish();
    let facts = format!("{:?}", inspect(&Coreml, "m.mlmodel", bytes).inspection.facts);
    for told in [
        r#"direction: Input, name: "x", dtype: Some("float32"), shape: ["1", "8"]"#,
        r#"direction: Input, name: "i", dtype: Some("image"), shape: ["480", "640"]"#,
        r#"direction: Output, name: "y", dtype: Some("string"), shape: []"#,
    ] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
}
