use std::sync::Arc;

use bartizan_core::{Content, Entry, Limits, Options, ReadError, Tree};

use super::*;
use crate::testing::{describe, inspect, inspect_asset, survives};

const INPUT: &str = "<layer id=\"0\" name=\"in\" type=\"Parameter\" version=\"opset1\"/>";
const CONSTANT: &str = "<layer id=\"1\" type=\"Const\" version=\"opset1\"><data element_type=\"f32\" offset=\"8\" size=\"16\" shape=\"4\"/></layer>";

fn net(layers: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?>\n<net name=\"n\" version=\"11\"><layers>{layers}</layers><edges/>\
             <rt_info><Runtime_version value=\"2025.1\"/><conversion_parameters><model_path value=\"/home/me/m\" path=\"/x\"/></conversion_parameters></rt_info></net>").into_bytes()
}

fn found(layers: &str) -> Vec<(&'static str, Severity)> {
    let outcome = inspect(&Openvino, "m.xml", net(layers));
    outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

#[test]
fn an_ordinary_graph_is_described() {
    let outcome = inspect(&Openvino, "m.xml", net(&format!("{INPUT}{CONSTANT}")));
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec![]));
    assert!(outcome.inspection.coverage.is_complete());
    let Some(Fact::Model(model)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(model.framework_version.as_deref(), Some("2025.1"));
    assert_eq!(describe(&Openvino, "m.xml", net(INPUT)).sections[0].rows.len(), 1);
}

#[test]
fn foreign_operations_and_libraries_are_medium() {
    assert_eq!(
        found("<layer type=\"MyOp\" version=\"extension\"/>"),
        [("openvino/custom-operation", Severity::Medium)]
    );
    assert_eq!(found("<layer type=\"Custom\"/>"), [("openvino/custom-operation", Severity::Medium)]);
    assert_eq!(
        found("<layer type=\"BPETokenizer\" version=\"extension\"/>"),
        [("openvino/custom-operation", Severity::Low)]
    );
    assert_eq!(
        found("<layer type=\"Relu\" version=\"opset1\" library=\"x.so\"/>"),
        [("openvino/library", Severity::Medium)]
    );
}

#[test]
fn paths_and_ranges_stay_inside() {
    assert_eq!(found("<weights path=\"../../w.bin\"/>"), [("openvino/weights-outside", Severity::High)]);
    assert_eq!(found("<weights path=\"w.bin\"/>"), []);
    for (offset, size) in [("-1", "4"), ("18446744073709551615", "1"), ("9223372036854775807", "1")] {
        let data = format!("<data element_type=\"f32\" offset=\"{offset}\" size=\"{size}\"/>");
        assert_eq!(found(&data), [("openvino/weights-range", Severity::Medium)]);
    }
}

struct Folder(EntryKind, u64);

impl Tree for Folder {
    fn list(&self, _: &str) -> Vec<Entry> {
        Vec::new()
    }
    fn entry(&self, path: &str) -> Option<Entry> {
        (path == "m.bin").then(|| Entry { path: path.to_owned(), kind: self.0, size: self.1 })
    }
    fn open(&self, path: &str) -> Result<Content, ReadError> {
        if path == "m.xml" { Ok(Content::from_bytes(net(INPUT))) } else { Err(ReadError::Directory) }
    }
}

#[test]
fn the_weights_beside_the_graph_are_known_and_checked() {
    for (kind, size, worst) in [
        (EntryKind::File, 24, None),
        (EntryKind::File, 23, Some(Severity::Low)),
        (EntryKind::LinkOutside, 24, Some(Severity::High)),
    ] {
        let asset =
            Asset::new("d/m.xml", Content::from_bytes(net(CONSTANT))).beside(Arc::new(Folder(kind, size)));
        assert_eq!(inspect_asset(&Openvino, asset, &Limits::default(), Options::default()).worst(), worst);
    }
    let weights =
        Asset::new("d/m.bin", Content::from_bytes(vec![7; 24])).beside(Arc::new(Folder(EntryKind::File, 24)));
    let outcome = inspect_asset(&Weights, weights, &Limits::default(), Options::default());
    assert_eq!(outcome.claim, Claim::Name);
    assert_eq!(inspect(&Weights, "m.bin", vec![7; 24]).claim, Claim::No);
}

#[test]
fn damage_is_survived() {
    survives(
        &Openvino,
        "m.xml",
        &net(&format!("{INPUT}{CONSTANT}<layer type=\"a\" version=\"b\" library=\"c\"/>")),
    );
}

#[test]
fn inputs_and_outputs_are_told() {
    let layers = "<layer id=\"0\" name=\"x\" type=\"Parameter\" version=\"opset1\"><data shape=\"?,3\" element_type=\"f32\"/>\
                  <output><port id=\"0\" precision=\"FP32\"><dim>-1</dim><dim>3</dim></port></output></layer>\
                  <layer id=\"1\" name=\"y\" type=\"Result\" version=\"opset1\"><input><port id=\"0\" precision=\"FP32\">\
                  <dim>-1</dim><dim>7</dim></port></input></layer>";
    let facts = format!("{:?}", inspect(&Openvino, "m.xml", net(layers)).inspection.facts);
    for told in [
        r#"direction: Input, name: "x", dtype: Some("f32"), shape: ["?", "3"]"#,
        r#"direction: Output, name: "y", dtype: Some("fp32"), shape: ["?", "7"]"#,
    ] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
}
