use bartizan_core::Severity;

use super::*;
use crate::{
    protobuf::writer::Writer,
    testing::{describe, inspect, survives},
};

fn operator(name: &str, path: &str) -> Writer {
    let attribute = Writer::new().text(1, "file_path").varint(2, 2).text(5, path);
    let callstack = Writer::new().text(1, "op_callstack").varint(2, 5).text(8, "/home/me/train.py");
    let input = Writer::new().text(1, "X").text(2, "x");
    Writer::new().message(1, input).text(3, name).message(4, attribute).message(4, callstack)
}

fn tensor() -> Writer {
    Writer::new().varint(1, 5).varint(2, 2).varint(2, 3)
}

fn model(operators: &[(&str, &str)]) -> Vec<u8> {
    let lod = Writer::new().message(1, tensor());
    let kind = Writer::new().varint(1, 7).message(3, lod);
    let variable = Writer::new().text(1, "w").message(2, kind).varint(3, 1);
    let mut block = Writer::new().varint(1, 0).varint(2, u64::MAX).message(3, variable);
    for (name, path) in operators {
        block = block.message(4, operator(name, path));
    }
    Writer::new().message(1, block).message(4, Writer::new().varint(1, 0)).finish()
}

fn found(name: &str, path: &str) -> Vec<(&'static str, Severity)> {
    let outcome = inspect(&Program, "m", model(&[("feed", ""), (name, path), (name, path), ("fetch", "")]));
    assert_eq!(outcome.claim, Claim::Shape);
    assert!(outcome.inspection.coverage.is_complete());
    outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

#[test]
fn an_ordinary_program_is_described() {
    assert_eq!(found("conv2d", ""), []);
    let outcome = inspect(&Program, "m.pdmodel", model(&[("relu", "")]));
    let Some(Fact::Model(model_fact)) = outcome.inspection.facts.first() else { panic!("no model") };
    assert_eq!(model_fact.parameters, Some(6));
    assert_eq!(describe(&Program, "m", model(&[("relu", "")])).sections[0].rows.len(), 1);
}

#[test]
fn operators_that_do_more_than_compute_are_found_once() {
    for (name, path, rule, severity) in [
        ("py_func", "", "paddle/python-operator", Severity::High),
        ("load", "/etc/passwd", "paddle/file-operator", Severity::High),
        ("load_combine", "../x", "paddle/file-operator", Severity::High),
        ("save", "w", "paddle/file-operator", Severity::Medium),
        ("listen_and_serv", "", "paddle/network-operator", Severity::Medium),
        ("custom_relu", "", "paddle/custom-operator", Severity::Medium),
        ("tensorrt_engine", "", "paddle/custom-operator", Severity::Medium),
    ] {
        assert_eq!(found(name, path), [(rule, severity)], "{name}");
    }
}

fn json(operator: &str) -> Vec<u8> {
    format!(
        "{{\"base_code\":{{\"magic\":\"pir\",\"version\":1}},\"program\":{{\"regions\":[{{\"blocks\":[{{\"ops\":[\
         {{\"#\":\"p\",\"A\":[1]}},{{\"#\":\"{operator}\",\"A\":[{{\"N\":\"file_path\",\"AT\":{{\"#\":\"0.a_str\",\"D\":\"/x\"}}}}],\
         \"regions\":[{{\"blocks\":[{{\"ops\":[{{\"#\":\"1.relu\"}}]}}]}}]}}]}}]}}]}}}}"
    )
    .into_bytes()
}

#[test]
fn programs_in_json_are_judged_alike() {
    let found = |operator: &str| {
        let outcome = inspect(&Pir, "m.json", json(operator));
        assert_eq!(outcome.claim, Claim::Certain);
        outcome.worst()
    };
    assert_eq!(found("1.conv2d"), None);
    assert_eq!(found("1.py_func"), Some(Severity::High));
    assert_eq!(found("1.load_combine_"), Some(Severity::High));
    assert_eq!(found("3.mine"), Some(Severity::Medium));
}

fn parameters() -> Vec<u8> {
    let description = tensor().finish();
    let mut bytes = vec![0; 16];
    bytes.extend((description.len() as u32).to_le_bytes());
    bytes.extend(description);
    bytes.extend([1; 24]);
    bytes.repeat(3)
}

#[test]
fn parameters_are_listed_to_the_last_byte() {
    let outcome = inspect(&Parameters, "m.pdiparams", parameters());
    assert_eq!(outcome.claim, Claim::Shape);
    assert!(outcome.inspection.coverage.is_complete());
    let Some(Fact::Tensors { tensors, .. }) = outcome.inspection.facts.last() else { panic!("no tensors") };
    assert_eq!((tensors.len(), tensors[2].shape.as_slice()), (3, &[2, 3][..]));
    let mut longer = parameters();
    longer.push(0);
    assert!(!inspect(&Parameters, "m.pdiparams", longer).inspection.coverage.is_complete());
}

#[test]
fn damage_is_survived() {
    survives(&Program, "m.pdmodel", &model(&[("py_func", "/x")]));
    survives(&Pir, "m.json", &json("1.py_func"));
    survives(&Parameters, "m.pdiparams", &parameters());
}
