use bartizan_core::{Limits, Options, Severity};

use super::*;
use crate::{
    protobuf::writer::Writer,
    testing::{describe, inspect, inspect_asset, survives},
};

fn node(name: &str, operator: &str, inputs: &[&str]) -> Writer {
    inputs.iter().fold(Writer::new().text(1, name).text(2, operator), |node, input| node.text(3, input))
}

fn with(node: Writer, key: &str, value: Writer) -> Writer {
    node.message(5, Writer::new().text(1, key).message(2, value))
}

/// A constant of one string.
fn constant(name: &str, value: &[u8]) -> Writer {
    let tensor = Writer::new().varint(1, 7).bytes(2, b"").bytes(8, value);
    with(node(name, "Const", &[]), "value", Writer::new().message(8, tensor))
}

fn graph(nodes: Vec<Writer>) -> Writer {
    nodes.into_iter().fold(Writer::new(), |graph, node| graph.message(1, node))
}

fn function(name: &str, arguments: &[&str], nodes: Vec<Writer>) -> Writer {
    let signature = arguments.iter().fold(Writer::new().text(1, name), |signature, name| {
        signature.message(2, Writer::new().text(1, name))
    });
    nodes.into_iter().fold(Writer::new().message(1, signature), |function, node| function.message(3, node))
}

fn meta(graph: Writer) -> Writer {
    Writer::new().message(1, Writer::new().text(4, "serve").text(5, "2.21.0")).message(2, graph)
}

fn saved(graph: Writer) -> Vec<u8> {
    Writer::new().varint(1, 1).message(2, meta(graph)).finish()
}

fn plain() -> Vec<Writer> {
    vec![node("x", "Placeholder", &[]), node("y", "MatMul", &["x", "x"]), node("z", "Identity", &["y"])]
}

fn with_nodes(nodes: Vec<Writer>) -> Writer {
    graph(plain().into_iter().chain(nodes).collect())
}

fn worst(bytes: Vec<u8>) -> Option<Severity> {
    inspect(&TensorFlow, "any.bin", bytes).worst()
}

fn messages(bytes: Vec<u8>) -> Vec<String> {
    let outcome = inspect(&TensorFlow, "any.bin", bytes);
    outcome.inspection.findings.into_iter().map(|finding| finding.message).collect()
}

fn writes(path: &str) -> Vec<Writer> {
    vec![constant("p", path.as_bytes()), constant("c", b"echo"), node("w", "WriteFile", &["p", "c"])]
}

#[test]
fn each_form_is_recognised_and_a_plain_graph_is_clean() {
    let forms = [
        (saved(with_nodes(vec![])), "tensorflow-saved-model"),
        (meta(with_nodes(vec![])).finish(), "tensorflow-meta-graph"),
        (with_nodes(vec![]).finish(), "tensorflow-frozen-graph"),
    ];
    for (bytes, kind) in forms {
        let outcome = inspect(&TensorFlow, "any.bin", bytes.clone());
        assert_eq!((outcome.claim, outcome.rules()), (Claim::Shape, vec![]), "{kind}");
        assert_eq!(outcome.inspection.kind, Some(Kind::new(kind)));
        assert!(outcome.inspection.coverage.is_complete());
        assert_eq!(describe(&TensorFlow, "x.pb", bytes).sections[1].rows.len(), 3);
    }
}

#[test]
fn a_written_file_is_named_with_its_content() {
    let outcome = inspect(&TensorFlow, "saved_model.pb", saved(with_nodes(writes("/tmp/x"))));
    let finding = &outcome.inspection.findings[0];
    assert_eq!((finding.rule.id, finding.severity), ("tensorflow/file-write", Severity::High));
    assert_eq!(finding.message, "When it runs, this graph writes the file `/tmp/x` (WriteFile).");
    assert!(finding.evidence.iter().any(|evidence| evidence.label == "content" && evidence.value == "echo"));
}

#[test]
fn harmful_operators_are_found_in_functions_and_paths_are_followed_through_calls() {
    let body = vec![node("j", "StringJoin", &["a", "b"]), node("r", "ReadFile", &["j:output:0"])];
    let library = Writer::new().message(1, function("f", &["unused", "a", "b"], body));
    let call = with(
        node("call", "StatefulPartitionedCall", &["x", "one", "two:0", "^x"]),
        "f",
        Writer::new().message(10, Writer::new().text(1, "f")),
    );
    let nodes = vec![constant("one", b"/etc/"), constant("two", b"passwd"), call];
    let found = messages(with_nodes(nodes).message(2, library).finish());
    assert_eq!(
        found,
        ["When it runs, this graph reads the file `/etc/passwd` (ReadFile, in its function `f`)."]
    );
}

#[test]
fn graphs_inside_constants_are_walked_however_the_string_is_stored() {
    let inner = graph(writes("/tmp/x")).finish();
    let nested = graph(vec![constant("deep", &inner), node("d", "DatasetFromGraph", &["deep"])]).finish();
    assert_eq!(worst(saved(with_nodes(vec![constant("g", &nested)]))), Some(Severity::High));
    // As `tensor_content`: the lengths, then the bytes.
    let mut packed = Writer::new().varint(1, inner.len() as u64).finish()[1..].to_vec();
    packed.extend_from_slice(&inner);
    let shape = Writer::new().message(2, Writer::new().varint(1, 1));
    let tensor = Writer::new().varint(1, 7).message(2, shape).bytes(4, &packed);
    let content = with(node("g", "Const", &[]), "value", Writer::new().message(8, tensor));
    assert_eq!(worst(saved(with_nodes(vec![content]))), Some(Severity::High));
    // As an attribute.
    let engine = with(node("t", "TRTEngineOp", &[]), "serialized_segment", Writer::new().bytes(2, &inner));
    assert_eq!(worst(saved(with_nodes(vec![engine]))), Some(Severity::High));
}

#[test]
fn graphs_nested_beyond_the_limit_are_a_gap() {
    let mut bytes = graph(plain()).finish();
    for _ in 0..20 {
        bytes = graph(vec![constant("g", &bytes)]).finish();
    }
    assert!(!inspect(&TensorFlow, "x.pb", bytes).inspection.coverage.is_complete());
}

#[test]
fn unknown_fields_and_other_forms_do_not_hide_a_graph() {
    let bytes = Writer::new().varint(900, 1).message(2, meta(with_nodes(writes("/tmp/x")))).varint(901, 2);
    assert_eq!(worst(bytes.finish()), Some(Severity::High));
    // A SavedModel that is a frozen graph too.
    let both = Writer::new()
        .message(1, node("p", "PyFunc", &["x"]))
        .message(2, meta(with_nodes((0..9).map(|_| node("i", "Identity", &["x"])).collect())));
    assert_eq!(worst(both.finish()), Some(Severity::High));
}

#[test]
fn severities_follow_the_operator_and_where_its_path_leads() {
    let attribute = |operator: &str, key: &str, value: &str| {
        with(node("n", operator, &["x"]), key, Writer::new().text(2, value))
    };
    let urls = Writer::new().message(1, Writer::new().text(2, "grpc://192.0.2.1:1"));
    let table = |path: &str| {
        vec![constant("p", path.as_bytes()), node("t", "InitializeTableFromTextFileV2", &["h", "p"])]
    };
    let save = |path: &str| vec![constant("p", path.as_bytes()), node("s", "SaveV2", &["p"])];
    let high = Some(Severity::High);
    for (nodes, expected) in [
        (vec![attribute("PyFunc", "token", "pyfunc_0")], high),
        (vec![attribute("ImmutableConst", "memory_region_name", "/etc/passwd")], high),
        (vec![node("n", "MatchingFiles", &["x"])], high),
        (vec![node("n", "RpcCall", &["x"])], high),
        (vec![attribute("DumpTensor", "log_dir_path", "/tmp")], high),
        (vec![with(node("n", "DebugIdentityV3", &["x"]), "debug_urls", urls)], high),
        (vec![node("n", "DebugIdentityV3", &["x"])], None),
        (vec![attribute("PrintV2", "output_stream", "file:///tmp/x")], Some(Severity::Medium)),
        (vec![attribute("PrintV2", "output_stream", "stderr")], None),
        (vec![node("n", "RegisterDataset", &["x", "y"])], Some(Severity::Medium)),
        (vec![attribute("DecodeProtoV2", "descriptor_source", "local://")], None),
        (save("model"), None),
        (save("/root/model"), high),
        (table("vocab.txt"), None),
        (table("/etc/passwd"), Some(Severity::Medium)),
        (table("gs://bucket/x"), Some(Severity::Medium)),
        (vec![node("n", "ParseTensor", &["x"]), node("m", "DecodeRaw", &["x"])], None),
        (vec![node("n", "SomethingUnheardOf", &["x"])], Some(Severity::Low)),
        (vec![node("n", "TFText>Split", &["x"])], Some(Severity::Info)),
        (vec![constant("c", b"ReadFile WriteFile PyFunc")], None),
    ] {
        let bytes = with_nodes(nodes).finish();
        assert_eq!(worst(bytes.clone()), expected, "{:?}", messages(bytes));
    }
}

#[test]
fn assets_stay_inside_and_their_constants_may_name_any_path() {
    let asset = |file: &str| Writer::new().message(1, Writer::new().text(1, "p:0")).text(2, file);
    let nodes = || {
        vec![constant("p", b"/home/me/vocab.txt"), node("t", "InitializeTableFromTextFileV2", &["h", "p"])]
    };
    assert_eq!(worst(meta(with_nodes(nodes())).message(6, asset("vocab.txt")).finish()), None);
    // TensorFlow 1 lists assets in collections: those of a SavedModel, and those of a training graph.
    let collection = |name: &str, list: Writer| Writer::new().text(1, name).message(2, list);
    let any =
        Writer::new().text(1, "type.googleapis.com/tensorflow.AssetFileDef").message(2, asset("vocab.txt"));
    let exported = collection("saved_model_assets", Writer::new().message(5, Writer::new().message(1, any)));
    assert_eq!(worst(meta(with_nodes(nodes())).message(4, exported).finish()), None);
    let names = Writer::new().message(1, Writer::new().text(1, "p:0"));
    let training = collection("asset_filepaths", names);
    assert_eq!(worst(meta(with_nodes(nodes())).message(4, training).finish()), Some(Severity::Low));
    for file in ["../../x", "/etc/passwd", "a\\..\\..\\x"] {
        let bytes = meta(with_nodes(vec![])).message(6, asset(file)).finish();
        assert_eq!(worst(bytes), Some(Severity::High), "{file}");
    }
}

#[test]
fn functions_of_the_library_are_no_custom_operators() {
    let library = Writer::new().message(1, function("my_function", &["a"], plain()));
    let bytes = with_nodes(vec![node("n", "my_function", &["x"])]).message(2, library).finish();
    assert_eq!(worst(bytes), None);
}

#[test]
fn a_file_inside_a_constant_leaves_as_a_child() {
    let pickle = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04echo\x85R.";
    let outcome = inspect(&TensorFlow, "x.pb", with_nodes(vec![constant("p", pickle)]).finish());
    assert_eq!(outcome.children.len(), 1);
}

#[test]
fn text_form_is_read_like_the_binary_one() {
    let text = r#"
        # a comment with "quotes
        node { name: "p" op: "Const" attr { key: "dtype" value { type: DT_STRING } }
          attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape {} string_val: "/tmp" '/\x78' } } } }
        node < name: 'i' op: 'Identity' input: "p" >
        library { function { signature { name: "f" input_arg { name: "a" } }
          node_def { name: "w" op: "Write" "File" input: "a" input: "a" } } }
        node { name: "call" op: "PartitionedCall" input: "i:0"
          attr { key: "f" value { func { name: "f" } } } }
        versions { producer: 1286 }"#;
    let outcome = inspect(&TensorFlow, "graph.pbtxt", text.as_bytes().to_vec());
    assert_eq!(outcome.claim, Claim::Shape);
    let finding = &outcome.inspection.findings[0];
    assert_eq!(
        finding.message,
        "When it runs, this graph writes the file `/tmp/x` (WriteFile, in its function `f`)."
    );
    assert_eq!(finding.at.line, Some(7));
    let list = r#"node: [ { name: "a" op: "Identity" }, { name: "b", op: "ReadFile" } ]"#;
    assert_eq!(inspect(&TensorFlow, "graph.pbtxt", list).worst(), Some(Severity::High));
    let table = r#"meta_graphs { graph_def {
        node { name: "p" op: "Const" attr { key: "value" value { tensor { string_val: "/home/me/v.txt" } } } }
        node { name: "t" op: "InitializeTableFromTextFileV2" input: "h" input: "p" } } ASSETS }"#;
    let exported = r#"collection_def { key: "saved_model_assets" value { any_list { value {
        type_url: "x" value: "\n\005\n\003p:0\022\005v.txt" } } } }"#;
    let training = r#"collection_def { key: "asset_filepaths" value { node_list { value: "p:0" } } }"#;
    let modern = r#"asset_file_def { tensor_info { name: "p:0" } filename: "v.txt" }"#;
    for (assets, expected) in
        [("", Some(Severity::Medium)), (exported, None), (training, Some(Severity::Low)), (modern, None)]
    {
        let text = table.replace("ASSETS", assets);
        assert_eq!(inspect(&TensorFlow, "saved_model.pbtxt", text).worst(), expected, "{assets}");
    }
    let cut = inspect(&TensorFlow, "graph.pbtxt", text.as_bytes()[..text.len() - 400].to_vec());
    assert!(!cut.inspection.coverage.is_complete());
}

#[test]
fn other_messages_and_texts_are_not_claimed() {
    let onnx = Writer::new().varint(1, 8).text(2, "x").message(7, Writer::new().text(2, "g")).finish();
    let others: [&[u8]; 7] = [
        &onnx,
        b"\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0",
        b"\x80\x04.",
        b"layer { name: \"x\" type: \"Relu\" }",
        b"item { id: 1 name: 'node' }",
        &[0x0a; 300],
        b"",
    ];
    for bytes in others {
        assert_eq!(inspect(&TensorFlow, "x.bin", bytes.to_vec()).claim, Claim::No, "{bytes:?}");
    }
}

#[test]
fn a_graph_cut_short_is_incomplete_and_what_is_there_still_counts() {
    let mut bytes = saved(with_nodes([writes("/tmp/x"), plain()].concat()));
    bytes.truncate(bytes.len() - 10);
    let outcome = inspect(&TensorFlow, "saved_model.pb", bytes);
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(outcome.worst(), Some(Severity::High));
    let outcome = inspect(&TensorFlow, "saved_model.pb", vec![1; 40]);
    assert_eq!(outcome.claim, Claim::Name);
    assert!(!outcome.inspection.coverage.is_complete());
}

#[test]
fn constants_and_variables_are_tensors() {
    let shape = Writer::new().message(2, Writer::new().varint(1, 2));
    let tensor = Writer::new().varint(1, 1).message(2, shape.clone()).bytes(4, &[0; 8]);
    let weights = with(node("w", "Const", &[]), "value", Writer::new().message(8, tensor));
    let variable = with(node("v", "VarHandleOp", &[]), "dtype", Writer::new().varint(6, 14));
    let variable = with(variable, "shape", Writer::new().message(7, shape));
    let asset =
        Asset::new("x.pb", bartizan_core::Content::from_bytes(with_nodes(vec![weights, variable]).finish()));
    let outcome =
        inspect_asset(&TensorFlow, asset, &Limits::default(), Options { deep: true, ..Options::default() });
    let tensors = outcome.inspection.facts.iter().find_map(|fact| match fact {
        Fact::Tensors { tensors, .. } => Some(tensors),
        _ => None,
    });
    let tensors: Vec<_> = tensors.unwrap().iter().map(|t| (t.dtype.as_str(), t.shape.clone())).collect();
    assert_eq!(tensors, [("float32", vec![2]), ("bfloat16", vec![2])]);
}

const LAMBDA: &str = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda",
    "config": {"name": "l", "function": {"class_name": "__tuple__", "items": ["4wEAAAAA", null, null]}}}]}}"#;

#[test]
fn lambda_layers_are_found_in_keras_metadata_and_in_the_object_graph() {
    let object = |json: &str| {
        let object = Writer::new().varint(2, 0).text(3, "root").text(4, "_tf_keras_sequential").text(5, json);
        Writer::new().message(1, object).finish()
    };
    let outcome = inspect(&KerasMetadata, "any.pb", object(LAMBDA));
    assert_eq!(outcome.claim, Claim::Certain);
    assert!(outcome.worst() >= Some(Severity::High), "{:?}", outcome.rules());
    let dense =
        r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {}}]}}"#;
    assert_eq!(inspect(&KerasMetadata, "any.pb", object(dense)).worst(), None);
    let user = Writer::new().text(1, "_tf_keras_sequential").text(3, LAMBDA);
    let objects = Writer::new().message(1, Writer::new().message(4, user));
    assert!(worst(meta(with_nodes(vec![])).message(7, objects).finish()) >= Some(Severity::High));
}

#[test]
fn checkpoints_are_named_by_their_magic_or_their_shard_number() {
    let mut index = vec![0, 0, 2, 8, 1];
    index.extend_from_slice(&0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    for (name, bytes, claim) in [
        ("variables.index", index.clone(), Claim::Certain),
        ("renamed", index, Claim::Shape),
        ("model.ckpt-1.data-00000-of-00001", vec![1; 9], Claim::Name),
        ("model.data-1-of-2", vec![1; 9], Claim::No),
    ] {
        assert_eq!(inspect(&Checkpoint, name, bytes).claim, claim, "{name}");
    }
}

#[test]
fn damage_never_panics() {
    let inner = graph(writes("/tmp/x")).finish();
    let library = Writer::new().message(1, function("f", &["a"], writes("/tmp/y")));
    let bytes = saved(with_nodes(vec![constant("g", &inner)]).message(2, library));
    survives(&TensorFlow, "saved_model.pb", &bytes);
    survives(
        &TensorFlow,
        "graph.pbtxt",
        b"node { name: \"x\" op: \"ReadFile\" attr { key: \"a\" value { s: \"\\x41\" } } }",
    );
    survives(
        &KerasMetadata,
        "keras_metadata.pb",
        &Writer::new().message(1, Writer::new().text(5, LAMBDA)).finish(),
    );
}

#[test]
fn inputs_and_outputs_of_signatures_are_told() {
    let size = |size: u64| Writer::new().varint(1, size);
    let shape = Writer::new().message(2, size(u64::MAX)).message(2, size(4));
    let info = || Writer::new().text(1, "x:0").varint(2, 1).message(3, Writer::new().message(2, size(2)));
    let free = Writer::new().text(1, "x:0").varint(2, 9).message(3, shape);
    let entry = |name: &str, info: Writer| Writer::new().text(1, name).message(2, info);
    let signature = Writer::new().message(1, entry("x", free)).message(2, entry("y", info())).text(3, "m");
    let other = Writer::new().message(1, entry("z", info()));
    let graph = meta(with_nodes(vec![]))
        .message(5, entry("serving_default", signature))
        .message(5, entry("other", other));
    let bytes = Writer::new().varint(1, 1).message(2, graph).finish();
    let facts = format!("{:?}", inspect(&TensorFlow, "saved_model.pb", bytes).inspection.facts);
    for told in [
        r#"direction: Input, name: "x", dtype: Some("int64"), shape: ["?", "4"]"#,
        r#"direction: Output, name: "y", dtype: Some("float32"), shape: ["2"]"#,
        r#"direction: Input, name: "other/z", dtype: Some("float32"), shape: ["2"]"#,
    ] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
}
