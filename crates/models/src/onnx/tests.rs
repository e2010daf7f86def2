use std::sync::Arc;

use bartizan_core::{Entry, Limits, Options, ReadError, Severity, Tree};

use super::*;
use crate::{
    protobuf::writer::Writer,
    testing::{describe, inspect, inspect_asset, survives},
};

fn node(operator: &str, domain: &str) -> Writer {
    Writer::new().text(1, "x").text(2, "y").text(4, operator).text(7, domain)
}

fn model(graph: Writer) -> Writer {
    let opset = Writer::new().text(1, "").varint(2, 17);
    Writer::new().varint(1, 8).text(2, "test").message(7, graph).message(8, opset)
}

/// A tensor of four floats whose data lies elsewhere.
fn elsewhere(pairs: &[(&str, &str)]) -> Writer {
    let mut tensor = Writer::new().varint(1, 4).varint(2, 1).text(8, "w").varint(14, 1);
    for (key, value) in pairs {
        tensor = tensor.message(13, Writer::new().text(1, key).text(2, value));
    }
    tensor
}

fn with_location(location: &str) -> Vec<u8> {
    let tensor = elsewhere(&[("location", location), ("offset", "0"), ("length", "16")]);
    model(Writer::new().message(1, node("Add", "")).text(2, "g").message(5, tensor)).finish()
}

fn worst(bytes: Vec<u8>) -> Option<Severity> {
    inspect(&Onnx, "m.bin", bytes).worst()
}

#[test]
fn a_plain_model_is_clean_and_described() {
    let tensor = Writer::new().varint(1, 2).varint(2, 1).text(8, "w").bytes(9, &[0; 8]);
    let bytes = model(
        Writer::new()
            .message(1, node("Relu", ""))
            .message(1, node("Gelu", "com.microsoft"))
            .message(5, tensor),
    )
    .finish();
    let outcome = inspect(&Onnx, "m.bin", bytes.clone());
    assert_eq!((outcome.claim, outcome.rules()), (Claim::Shape, vec![]));
    assert!(outcome.inspection.coverage.is_complete());
    assert_eq!(describe(&Onnx, "m.onnx", bytes).sections[1].rows.len(), 2);
}

#[test]
fn locations_outside_the_folder_are_high() {
    for location in
        ["../../../etc/passwd", "/etc/passwd", "C:\\x", "a/..\\..\\x", "https://example.invalid/x"]
    {
        assert_eq!(worst(with_location(location)), Some(Severity::High), "{location}");
    }
    assert_eq!(worst(with_location("weights/model.data")), None);
    for (offset, length) in [("-1", "8"), ("0", "18446744073709551615"), ("9223372036854775807", "9")] {
        let tensor = elsewhere(&[("location", "w.bin"), ("offset", offset), ("length", length)]);
        assert_eq!(
            worst(model(Writer::new().message(1, node("Add", "")).message(5, tensor)).finish()),
            Some(Severity::Medium)
        );
    }
}

struct Folder;

impl Tree for Folder {
    fn list(&self, _: &str) -> Vec<Entry> {
        Vec::new()
    }
    fn entry(&self, path: &str) -> Option<Entry> {
        let kind = match path {
            "link.bin" => EntryKind::LinkOutside,
            "w.bin" | "short.bin" => EntryKind::File,
            _ => return None,
        };
        Some(Entry { path: path.to_owned(), kind, size: if path == "w.bin" { 16 } else { 3 } })
    }
    fn open(&self, _: &str) -> Result<Content, ReadError> {
        Err(ReadError::Directory)
    }
}

#[test]
fn the_files_beside_the_model_are_checked() {
    for (location, worst, complete) in [
        ("w.bin", None, true),
        ("link.bin", Some(Severity::High), true),
        ("short.bin", Some(Severity::Low), false),
        ("absent.bin", Some(Severity::Low), false),
    ] {
        let asset =
            Asset::new("m.onnx", Content::from_bytes(with_location(location))).beside(Arc::new(Folder));
        let outcome = inspect_asset(&Onnx, asset, &Limits::default(), Options::default());
        assert_eq!(
            (outcome.worst(), outcome.inspection.coverage.is_complete()),
            (worst, complete),
            "{location}"
        );
    }
}

#[test]
fn custom_operators_are_medium_wherever_they_hide_and_python_ones_high() {
    let custom = node("Evil", "com.example");
    let subgraph = Writer::new().message(1, custom.clone());
    let nested = node("If", "").message(5, Writer::new().text(1, "then_branch").message(6, subgraph));
    assert_eq!(worst(model(Writer::new().message(1, nested)).finish()), Some(Severity::Medium));
    assert_eq!(worst(model(Writer::new().message(1, custom.clone())).finish()), Some(Severity::Medium));
    assert_eq!(
        worst(model(Writer::new().message(1, node("PyOp", "ai.onnx.contrib"))).finish()),
        Some(Severity::High)
    );
    // Defined by the model itself, out of standard operators.
    let defined = Writer::new().text(1, "Evil").text(10, "com.example").message(7, node("Relu", ""));
    let bytes = model(Writer::new().message(1, custom)).message(25, defined).finish();
    assert_eq!(worst(bytes), None);
}

#[test]
fn a_model_that_was_cut_short_is_incomplete_and_what_is_there_still_counts() {
    let mut bytes = with_location("../x");
    bytes.truncate(bytes.len() - 12);
    let outcome = inspect(&Onnx, "m.onnx", bytes);
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(outcome.worst(), Some(Severity::High));
}

#[test]
fn graphs_nested_beyond_the_limit_are_a_gap() {
    let mut graph = Writer::new().message(1, node("Relu", ""));
    for _ in 0..200 {
        let attribute = Writer::new().text(1, "body").message(6, graph);
        graph = Writer::new().message(1, node("Loop", "").message(5, attribute));
    }
    assert!(!inspect(&Onnx, "m.onnx", model(graph).finish()).inspection.coverage.is_complete());
}

#[test]
fn text_and_other_messages_are_not_claimed() {
    for bytes in [&b"\n\nplain text"[..], b"\x08\x01", b"{\"a\":1}", b"\x80\x04.", &[0x08; 100], &[0; 50]] {
        let asset = Asset::new("x", Content::from_bytes(bytes.to_vec()));
        assert_eq!(Onnx.accepts(&Probe::new(&asset).unwrap()), Claim::No, "{bytes:?}");
    }
}

#[test]
fn damage_never_panics() {
    survives(&Onnx, "m.onnx", &with_location("w.bin"));
}

#[test]
fn inputs_and_outputs_are_told_without_the_weights_that_old_models_list_among_them() {
    let shape = Writer::new()
        .message(1, Writer::new().text(2, "batch"))
        .message(1, Writer::new().varint(1, 4))
        .message(1, Writer::new());
    let value = |name: &str, element: u64, shape: Writer| {
        let tensor = Writer::new().varint(1, element).message(2, shape);
        Writer::new().text(1, name).message(2, Writer::new().message(1, tensor))
    };
    let sequence = Writer::new()
        .message(4, Writer::new().message(1, Writer::new().message(1, Writer::new().varint(1, 7))));
    let tensor = Writer::new().varint(1, 2).varint(2, 1).text(8, "w").bytes(9, &[0; 8]);
    let bytes = model(
        Writer::new()
            .message(1, node("Relu", ""))
            .message(5, tensor)
            .message(11, value("x", 1, shape))
            .message(11, value("w", 1, Writer::new()))
            .message(12, value("y", 11, Writer::new()))
            .message(12, Writer::new().text(1, "z").message(2, sequence)),
    )
    .finish();
    let outcome = inspect(&Onnx, "m.onnx", bytes);
    let ports: Vec<_> = outcome
        .inspection
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Port(port) => {
                Some((port.direction, port.name.as_str(), port.dtype.as_deref(), port.shape.join(" ")))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        ports,
        [
            (Direction::Input, "x", Some("float"), "batch 4 ?".to_owned()),
            (Direction::Output, "y", Some("double"), String::new()),
            (Direction::Output, "z", Some("sequence(int64)"), String::new()),
        ]
    );
}
