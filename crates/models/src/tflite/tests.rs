use bartizan_core::Severity;

use super::*;
use crate::{
    flatbuffer::writer::{Value, buffer},
    protobuf::writer::Writer,
    testing::{describe, inspect, survives},
};

const CUSTOM: u32 = 32;

fn code(name: &'static str) -> Vec<Value> {
    vec![Value::U32(CUSTOM), Value::Text(name), Value::U32(1), Value::U32(CUSTOM)]
}

fn builtin_code(number: u32) -> Vec<Value> {
    vec![Value::U32(number), Value::Absent, Value::U32(1), Value::U32(number)]
}

fn tensor(buffer: u32, shape: Vec<i32>) -> Vec<Value> {
    vec![Value::Numbers(shape), Value::U32(0), Value::U32(buffer), Value::Text("t")]
}

fn operator(code: u32, inputs: Vec<i32>, options: Vec<u8>) -> Vec<Value> {
    let (inputs, outputs) = (Value::Numbers(inputs), Value::Numbers(vec![0]));
    vec![Value::U32(code), inputs, outputs, Value::Absent, Value::Absent, Value::Bytes(options)]
}

struct Parts {
    codes: Vec<Vec<Value>>,
    tensors: Vec<Vec<Value>>,
    operators: Vec<Vec<Value>>,
    buffers: Vec<Vec<Value>>,
}

impl Parts {
    /// A sound model with one operator of the given code.
    fn of(code: Vec<Value>) -> Self {
        Self {
            codes: vec![code],
            tensors: vec![tensor(1, vec![1, 4])],
            operators: vec![operator(0, vec![0, -1], Vec::new())],
            buffers: vec![vec![], vec![Value::Bytes(vec![0; 16])]],
        }
    }

    fn finish(self) -> Vec<u8> {
        let subgraph = vec![
            Value::Tables(self.tensors),
            Value::Numbers(vec![0]),
            Value::Numbers(vec![0]),
            Value::Tables(self.operators),
            Value::Text("main"),
        ];
        let metadata = vec![Value::Text("min_runtime_version"), Value::U32(0)];
        let root = [
            Value::U32(3),
            Value::Tables(self.codes),
            Value::Tables(vec![subgraph]),
            Value::Text("made by a test, FlexReadFile"),
            Value::Tables(self.buffers),
            Value::Absent,
            Value::Tables(vec![metadata]),
        ];
        buffer(b"TFL3", &root)
    }
}

/// The FlexBuffer `["name", "node"]`, with numbers of two bytes.
fn options(node: &[u8]) -> Vec<u8> {
    let mut out = vec![4, 0];
    out.extend_from_slice(b"name\0\0");
    out.extend_from_slice(&(node.len() as u16).to_le_bytes());
    let text = out.len();
    out.extend_from_slice(node);
    out.resize(out.len().next_multiple_of(2), 0);
    out.extend_from_slice(&2u16.to_le_bytes());
    let vector = out.len();
    out.extend_from_slice(&(vector as u16 - 2).to_le_bytes());
    out.extend_from_slice(&((vector + 2 - text) as u16).to_le_bytes());
    out.extend_from_slice(&[5 << 2 | 1, 5 << 2 | 1]);
    let root = out.len();
    out.extend_from_slice(&((root - vector) as u16).to_le_bytes());
    out.extend_from_slice(&[10 << 2 | 1, 2]);
    out
}

#[test]
fn a_model_of_builtin_operators_is_clean_and_described() {
    let bytes = Parts::of(builtin_code(9)).finish();
    let outcome = inspect(&Tflite, "m.bin", bytes.clone());
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Certain, vec![]));
    assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
    let described = describe(&Tflite, "m.bin", bytes);
    assert_eq!((described.sections[1].rows.len(), described.sections[2].rows.len()), (1, 1));
    assert_eq!(
        (builtin(9), builtin(209), builtin(-1)),
        ("FULLY_CONNECTED".into(), "STABLEHLO_CASE".into(), "builtin--1".into())
    );
}

#[test]
fn operators_of_tensorflow_are_judged_by_what_they_do() {
    for (name, expected) in [
        ("FlexReadFile", Some(Severity::High)),
        ("FlexWriteFile", Some(Severity::High)),
        ("FlexPyFunc", Some(Severity::High)),
        ("FlexSaveDataset", Some(Severity::Medium)),
        ("FlexErf", None),
        ("FlexSaveV2", None),
        ("TFLite_Detection_PostProcess", None),
        ("MyOwnOperator", Some(Severity::Low)),
    ] {
        assert_eq!(inspect(&Tflite, "m.tflite", Parts::of(code(name)).finish()).worst(), expected, "{name}");
    }
}

#[test]
fn the_node_in_the_options_counts_whatever_the_operator_is_called() {
    let mut parts = Parts::of(code("FlexErf"));
    let node = Writer::new().text(1, "n").text(2, "WriteFile").text(3, "x").finish();
    parts.operators = vec![operator(0, vec![0], options(&node))];
    let outcome = inspect(&Tflite, "m.tflite", parts.finish());
    assert_eq!((outcome.rules(), outcome.worst()), (vec!["tflite/flex-operator"], Some(Severity::High)));
    let mut parts = Parts::of(code("FlexErf"));
    parts.operators = vec![operator(0, vec![0], vec![0xff; 9])];
    assert!(!inspect(&Tflite, "m.tflite", parts.finish()).inspection.coverage.is_complete());
}

#[test]
fn what_points_outside_the_model_is_malformed() {
    let broken: [fn(&mut Parts); 6] = [
        |parts| parts.tensors = vec![tensor(7, vec![1])],
        |parts| parts.tensors = vec![tensor(1, vec![i32::MAX, i32::MAX, i32::MAX])],
        |parts| parts.operators = vec![operator(3, vec![0], Vec::new())],
        |parts| parts.operators = vec![operator(0, vec![9], Vec::new())],
        |parts| parts.operators = vec![operator(0, vec![-2], Vec::new())],
        |parts| parts.buffers[1] = vec![Value::Absent, Value::U64(1 << 40), Value::U64(8)],
    ];
    for (number, damage) in broken.into_iter().enumerate() {
        let mut parts = Parts::of(builtin_code(0));
        damage(&mut parts);
        let outcome = inspect(&Tflite, "m.tflite", parts.finish());
        assert_eq!(outcome.rules(), ["tflite/malformed"], "{number}");
        assert_eq!(outcome.worst(), Some(Severity::Medium));
    }
    let outcome = inspect(&Tflite, "m.tflite", b"\xf0\xff\xff\xffTFL3\0\0\0\0".to_vec());
    assert_eq!(outcome.rules(), ["tflite/malformed"]);
    assert!(!outcome.inspection.coverage.is_complete());
}

#[test]
fn buffers_that_overlap_are_malformed_and_shared_ones_are_not() {
    let elsewhere = |offset, size| vec![Value::Absent, Value::U64(offset), Value::U64(size)];
    let rules = |buffers: Vec<Vec<Value>>| {
        let mut parts = Parts::of(builtin_code(0));
        parts.buffers = buffers;
        inspect(&Tflite, "m.tflite", parts.finish()).rules()
    };
    assert_eq!(rules(vec![elsewhere(8, 16), elsewhere(16, 16)]), ["tflite/malformed"]);
    assert_eq!(rules(vec![elsewhere(8, 16), elsewhere(8, 16), elsewhere(24, 8)]), [""; 0]);
}

#[test]
fn other_files_are_not_claimed() {
    assert_eq!(inspect(&Tflite, "m.bin", b"\x1c\0\0\0TFL2".to_vec()).claim, Claim::No);
    let named = inspect(&Tflite, "m.tflite", b"nothing of the sort".to_vec());
    assert_eq!(named.claim, Claim::Name);
    assert!(!named.inspection.coverage.is_complete());
}

#[test]
fn damage_never_panics() {
    let mut parts = Parts::of(code("FlexErf"));
    parts.operators = vec![operator(0, vec![0], options(b"\x12\x07PyFunc"))];
    survives(&Tflite, "m.tflite", &parts.finish());
}

#[test]
fn inputs_and_outputs_are_told() {
    let mut parts = Parts::of(builtin_code(0));
    parts.tensors = vec![tensor(1, vec![-1, 4])];
    let outcome = inspect(&Tflite, "m.tflite", parts.finish());
    let facts = format!("{:?}", outcome.inspection.facts);
    for side in ["Input", "Output"] {
        let told =
            format!(r#"Port {{ direction: {side}, name: "t", dtype: Some("float32"), shape: ["?", "4"] }}"#);
        assert!(facts.contains(&told), "{told}: {facts}");
    }
}
