use super::*;
use crate::testing::{describe, inspect, survives};

fn symbol(operator: &str, attributes: &str) -> Vec<u8> {
    let node =
        format!("{{\"op\":\"{operator}\",\"name\":\"n\",\"attrs\":{{{attributes}}},\"inputs\":[[0,0,0]]}}");
    let inner = format!(
        "{{\"op\":\"_sg_onednn_conv\",\"name\":\"s\",\"inputs\":[],\"subgraphs\":[{{\"nodes\":[{node},{node}]}}]}}"
    );
    format!(
        "{{\"nodes\":[{{\"op\":\"null\",\"name\":\"data\",\"inputs\":[]}},{inner}],\"arg_nodes\":[0],\
         \"heads\":[[1,0,0]],\"attrs\":{{\"mxnet_version\":[\"int\",10700]}}}}"
    )
    .into_bytes()
}

fn found(operator: &str, attributes: &str) -> Vec<(&'static str, Severity)> {
    let outcome = inspect(&Symbol, "m.json", symbol(operator, attributes));
    assert_eq!(outcome.claim, Claim::Certain);
    assert!(outcome.inspection.coverage.is_complete());
    outcome.inspection.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

#[test]
fn operators_are_judged_in_subgraphs_too_and_once() {
    for (operator, attributes, rule, severity) in [
        ("Custom", "\"op_type\":\"mine\"", "mxnet/custom-operator", Severity::Medium),
        ("_FusedOp", "", "mxnet/custom-operator", Severity::Medium),
        ("_Native", "\"info\":\"0x41414141\"", "mxnet/native-pointer", Severity::High),
        ("relu", "\"lib\":\"libx.so\"", "mxnet/library", Severity::Medium),
        ("_cvimread", "\"filename\":\"/etc/passwd\"", "mxnet/file-operator", Severity::High),
    ] {
        assert_eq!(found(operator, attributes), [(rule, severity)], "{operator}");
    }
    assert_eq!(found("FullyConnected", "\"num_hidden\":\"10\",\"name\":\"os.system\""), []);
    assert_eq!(describe(&Symbol, "m.json", symbol("relu", "")).sections[0].rows.len(), 2);
}

/// One array of every version, and their names.
fn params() -> Vec<u8> {
    let mut bytes = [0x112u64, 0, 4].map(u64::to_le_bytes).concat();
    let words =
        |bytes: &mut Vec<u8>, words: &[u32]| bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    // Dense, two by three floats.
    words(&mut bytes, &[0xf993_fac9, 0, 2, 2, 0, 3, 0, 1, 0, 0]);
    bytes.extend([1; 24]);
    // Row-sparse, one stored row of two with an index of 64 bits.
    words(&mut bytes, &[0xf993_fac9, 1, 2, 1, 0, 2, 0, 2, 5, 0, 2, 0, 1, 0, 0, 6, 1, 1, 0]);
    bytes.extend([1; 16]);
    // Of the oldest kind: one dimension of four bytes.
    words(&mut bytes, &[1, 4, 1, 0, 3]);
    bytes.extend([1; 4]);
    // Never filled, as in NumPy.
    words(&mut bytes, &[0xf993_faca, 0, u32::MAX]);
    bytes.extend(4u64.to_le_bytes());
    for name in ["arg:a", "arg:b", "aux:c", "d"] {
        bytes.extend((name.len() as u64).to_le_bytes());
        bytes.extend(name.as_bytes());
    }
    bytes
}

#[test]
fn arrays_of_every_version_are_listed() {
    let outcome = inspect(&Params, "m-0000.params", params());
    assert_eq!(outcome.claim, Claim::Certain);
    assert_eq!(outcome.inspection.coverage.gaps(), []);
    let Some(Fact::Tensors { tensors, .. }) = outcome.inspection.facts.last() else { panic!("no tensors") };
    let found: Vec<_> =
        tensors.iter().map(|t| (t.name.as_str(), t.dtype.as_str(), t.shape.clone())).collect();
    assert_eq!(
        found,
        [
            ("arg:a", "float32", vec![2, 3]),
            ("arg:b", "float32", vec![5, 2]),
            ("aux:c", "uint8", vec![4]),
            ("d", "none", vec![])
        ]
    );
    let mut longer = params();
    longer.push(0);
    assert!(!inspect(&Params, "m.params", longer).inspection.coverage.is_complete());
}

#[test]
fn damage_is_survived() {
    survives(&Symbol, "m-symbol.json", &symbol("Custom", "\"op_type\":\"x\""));
    survives(&Params, "m.params", &params());
}
