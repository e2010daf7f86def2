//! One model in every format, through the real inspectors.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use bartizan_core::Limits;
use bartizan_provenance::lineage::{EdgeKind, Member, Relation, Source};

use super::*;

const ROWS: u64 = 96;
const COLUMNS: u64 = 64;

/// About normal values that depend on the seed alone.
fn values(seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..ROWS * COLUMNS).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect()
}

fn little(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn safetensors(tensors: &[(&str, &[f32])]) -> Vec<u8> {
    let size = ROWS * COLUMNS * 4;
    let entries: Vec<String> = (0u64..)
        .zip(tensors)
        .map(|(at, (name, _))| {
            let (from, to) = (at * size, (at + 1) * size);
            format!(r#""{name}":{{"dtype":"F32","shape":[{ROWS},{COLUMNS}],"data_offsets":[{from},{to}]}}"#)
        })
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    tensors.iter().for_each(|(_, values)| bytes.extend(little(values)));
    bytes
}

fn npy(values: &[f32]) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({ROWS}, {COLUMNS}), }}");
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(little(values));
    bytes
}

/// Reflected, polynomial 0xedb88320 (ITU-T V.42).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// An archive of stored members.
fn zip(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (name, body) in members {
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc32(body).to_le_bytes());
        common.extend((body.len() as u32).to_le_bytes());
        common.extend((body.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&common);
        central.extend([0; 10]);
        central.extend((bytes.len() as u32).to_le_bytes());
        central.extend(name.as_bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(name.as_bytes());
        bytes.extend(body);
    }
    let (start, count) = (bytes.len() as u32, members.len() as u16);
    bytes.extend(&central);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend((central.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// What `torch.save({"w": tensor})` pickles, with the given strides.
fn torch_pickle(strides: [u8; 2]) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = vec![b'X'];
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    };
    let mut pickle = b"\x80\x02}".to_vec();
    pickle.extend(text("w"));
    pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle.extend(text("storage"));
    pickle.extend(b"ctorch\nFloatStorage\n");
    pickle.extend(text("0"));
    pickle.extend(text("cpu"));
    pickle.push(b'M');
    pickle.extend(((ROWS * COLUMNS) as u16).to_le_bytes());
    pickle.extend(b"tQK\x00");
    pickle.extend([b'K', ROWS as u8, b'K', COLUMNS as u8, 0x86]);
    pickle.extend([b'K', strides[0], b'K', strides[1], 0x86]);
    pickle.extend(b"\x89ccollections\nOrderedDict\n)RtRs.");
    pickle
}

fn torch(values: &[f32], strides: [u8; 2]) -> Vec<u8> {
    zip(&[
        ("archive/data.pkl", torch_pickle(strides)),
        ("archive/data/0", little(values)),
        ("archive/version", b"3\n".to_vec()),
    ])
}

fn field(number: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = varint(number << 3 | 2);
    bytes.extend(varint(body.len() as u64));
    bytes.extend(body);
    bytes
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(value as u8 & 127 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A graph with one initialiser, its values as raw data or as packed floats.
fn onnx(values: &[f32], raw: bool) -> Vec<u8> {
    let mut tensor = vec![0x08, ROWS as u8, 0x08, COLUMNS as u8, 0x10, 1];
    tensor.extend(field(8, b"w"));
    tensor.extend(field(if raw { 9 } else { 4 }, &little(values)));
    let mut node = field(1, b"x");
    node.extend(field(1, b"w"));
    node.extend(field(2, b"y"));
    node.extend(field(4, b"MatMul"));
    let mut graph = field(1, &node);
    graph.extend(field(2, b"g"));
    graph.extend(field(5, &tensor));
    let mut model = vec![0x08, 8];
    model.extend(field(7, &graph));
    model.extend(field(8, &[0x10, 17]));
    model
}

/// GGUF 3 with one tensor of type f32.
fn gguf(values: &[f32], base: &str) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes
    };
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend(1u64.to_le_bytes());
    bytes.extend(3u64.to_le_bytes());
    for (key, value) in [("general.architecture", "llama"), ("general.base_model.0.name", base)] {
        bytes.extend(text(key));
        bytes.extend(8u32.to_le_bytes());
        bytes.extend(text(value));
    }
    bytes.extend(text("general.base_model.count"));
    bytes.extend(4u32.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(text("blk.0.w"));
    bytes.extend(2u32.to_le_bytes());
    bytes.extend(COLUMNS.to_le_bytes());
    bytes.extend(ROWS.to_le_bytes());
    bytes.extend(0u32.to_le_bytes());
    bytes.extend(0u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend(little(values));
    bytes
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn opened(path: &Path) -> Result<Member, LineageError> {
    let (limits, cancel) = (Limits::default(), AtomicBool::new(false));
    open(path, &Opening { limits: &limits, digests: true, cancel: &cancel })
}

#[test]
fn one_model_in_every_format_is_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let weights = values(1);
    let reference =
        opened(&write(folder.path(), "a/model.safetensors", &safetensors(&[("w", &weights)]))).unwrap();
    assert_eq!(reference.files.len(), 1, "digested");
    for (name, bytes) in [
        ("array.npy", npy(&weights)),
        ("arrays.npz", zip(&[("w.npy", npy(&weights))])),
        ("model.pt", torch(&weights, [COLUMNS as u8, 1])),
        ("raw.onnx", onnx(&weights, true)),
        ("packed.onnx", onnx(&weights, false)),
        ("model.gguf", gguf(&weights, "a")),
    ] {
        let member = opened(&write(folder.path(), &format!("{name}.d/{name}"), &bytes)).unwrap();
        assert_eq!(member.sketch.gaps, Vec::<String>::new(), "{name}");
        let comparison = compare_members(&reference, &member);
        assert_eq!(comparison.relation, Relation::SameWeights, "{name}");
        assert_eq!(member.sketch.digest(), reference.sketch.digest(), "{name}");
    }
}

#[test]
fn shards_are_one_model_and_a_lost_one_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (values(1), values(2));
    let whole =
        opened(&write(folder.path(), "whole/model.safetensors", &safetensors(&[("a", &one), ("b", &two)])));
    let sharded = folder.path().join("sharded");
    write(&sharded, "model-00001-of-00002.safetensors", &safetensors(&[("a", &one)]));
    let second = write(&sharded, "model-00002-of-00002.safetensors", &safetensors(&[("b", &two)]));
    let index = r#"{"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#;
    write(&sharded, "model.safetensors.index.json", index.as_bytes());
    let member = opened(&sharded).unwrap();
    assert_eq!(compare_members(whole.as_ref().unwrap(), &member).relation, Relation::SameWeights);
    let named_by_a_part = opened(&second).unwrap();
    assert_eq!(named_by_a_part.sketch.digest(), member.sketch.digest());
    assert!(member.sketch.gaps.is_empty());
    fs::remove_file(second).unwrap();
    assert!(opened(&sharded).unwrap().sketch.gaps.iter().any(|gap| gap.contains("part 2 of 2 is missing")));
}

#[test]
fn a_view_that_reorders_elements_is_said_to_be_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "model.pt", &torch(&values(1), [1, ROWS as u8]));
    assert!(matches!(opened(&path), Err(LineageError::NothingRead { .. })));
}

#[test]
fn an_adapter_is_related_to_what_it_declares() {
    let folder = tempfile::tempdir().unwrap();
    let base = write(folder.path(), "org/base/model.safetensors", &safetensors(&[("w", &values(1))]));
    let halves = safetensors(&[("w.lora_A.weight", &values(2)), ("w.lora_B.weight", &values(3))]);
    write(folder.path(), "adapter/adapter_model.safetensors", &halves);
    let settings = br#"{"peft_type": "LORA", "base_model_name_or_path": "org/base", "r": 8}"#;
    write(folder.path(), "adapter/adapter_config.json", settings);
    write(folder.path(), "adapter/README.md", b"---\nlicense: mit\ndatasets:\n- org/data\n---\n");
    let adapter = opened(&folder.path().join("adapter")).unwrap();
    let base = opened(base.parent().unwrap()).unwrap();
    let comparison = compare_members(&base, &adapter);
    assert_eq!((comparison.related, comparison.relation), (true, Relation::Adapter));
    assert!(
        !compare_members(&opened(&write(folder.path(), "x/other.npy", &npy(&values(9)))).unwrap(), &adapter)
            .related
    );
    let graph = graph(&[adapter, base]);
    let edge = graph.edges.iter().find(|edge| edge.kind == EdgeKind::AdapterOf).unwrap();
    assert_eq!(edge.source, Source::AdapterConfig);
    assert!(edge.to.starts_with("weights:"));
    assert!(
        graph
            .edges
            .iter()
            .any(|edge| edge.kind == EdgeKind::TrainedOn && edge.to == "declared:dataset:org/data")
    );
    assert!(graph.findings().is_empty());
}

#[test]
fn what_is_no_model_is_an_error_and_what_is_cut_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(opened(&folder.path().join("missing")), Err(LineageError::Unreadable { .. })));
    assert!(matches!(opened(folder.path()), Err(LineageError::NoWeights(_))));
    let text = write(folder.path(), "notes.txt", b"nothing");
    assert!(matches!(opened(&text), Err(LineageError::NoWeights(_))));
    let (one, two) = (values(1), values(2));
    let mut cut = safetensors(&[("a", &one), ("b", &two)]);
    cut.truncate(cut.len() - 100);
    let member = opened(&write(folder.path(), "cut.safetensors", &cut)).unwrap();
    assert_eq!(member.sketch.tensors(), 1);
    assert!(!member.sketch.gaps.is_empty());
    let foreign = write(folder.path(), "bad.sketch", b"bartizan-sketch\0\x07rest");
    assert!(matches!(opened(&foreign), Err(LineageError::Sketch { .. })));
}

#[test]
fn a_store_keeps_each_model_once_and_finds_relatives() {
    let folder = tempfile::tempdir().unwrap();
    let weights = values(1);
    let tuned: Vec<f32> = weights.iter().zip(values(7)).map(|(value, noise)| value + 0.1 * noise).collect();
    let open_array = |name: &str, values: &[f32]| opened(&write(folder.path(), name, &npy(values))).unwrap();
    let store = Store::new(&folder.path().join("store"));
    let first = open_array("one.npy", &weights);
    assert!(matches!(store.save(&first.sketch), Ok(Saved::New(_))));
    assert!(matches!(store.save(&open_array("copy.npy", &weights).sketch), Ok(Saved::Known(_))));
    assert!(matches!(store.save(&open_array("other.npy", &values(5)).sketch), Ok(Saved::New(_))));
    write(folder.path(), "store/broken.sketch", b"bartizan-sketch\0\x01");
    let (hits, failures) = store.search(&open_array("tuned.npy", &tuned).sketch).unwrap();
    assert_eq!(failures.len(), 1);
    let [hit] = hits.as_slice() else { panic!("{hits:?}") };
    assert_eq!(hit.comparison.relation, Relation::Finetuned);
    assert!(hit.label.ends_with("one.npy"));
    assert_eq!(compare_members(&opened(&hit.file).unwrap(), &first).relation, Relation::SameWeights);
}

#[test]
fn a_model_that_is_cut_anywhere_is_an_error_or_has_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let weights = values(1);
    let whole = [
        ("model.safetensors", safetensors(&[("a", &weights), ("b", &values(2))])),
        ("array.npy", npy(&weights)),
        ("arrays.npz", zip(&[("w.npy", npy(&weights)), ("v.npy", npy(&values(2)))])),
        ("model.pt", torch(&weights, [COLUMNS as u8, 1])),
        ("model.onnx", onnx(&weights, true)),
        ("model.gguf", gguf(&weights, "a")),
    ];
    for (name, bytes) in whole {
        let complete = opened(&write(folder.path(), name, &bytes)).unwrap().sketch.digest();
        for cut in [0, 1, 4, 8, 20, 60, bytes.len() / 4, bytes.len() / 2, bytes.len() - 100, bytes.len() - 1]
        {
            let path = write(folder.path(), name, &bytes[..cut]);
            // Of an archive whose directory alone is cut, every member is still there.
            if let Ok(Member { sketch, .. }) = opened(&path)
                && sketch.digest() != complete
            {
                assert!(!sketch.gaps.is_empty(), "{name} cut at {cut} of {}", bytes.len());
            }
        }
    }
}

#[test]
fn a_model_that_lies_about_sizes_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let of_header = |header: &str| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 64]);
        bytes
    };
    for (at, header) in [
        r#"{"w":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,64]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,64]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4,4],"data_offsets":[0,18446744073709551615]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4,4],"data_offsets":[64,0]}}"#,
        r#"{"w":{"dtype":"F128","shape":[4,4],"data_offsets":[0,64]}}"#,
    ]
    .into_iter()
    .enumerate()
    {
        let path = write(folder.path(), &format!("{at}/w.safetensors"), &of_header(header));
        match opened(&path) {
            Err(LineageError::NothingRead { why, .. }) => assert!(!why.is_empty()),
            other => panic!("{header}: {other:?}"),
        }
    }
}

#[test]
fn a_sketch_that_is_huge_or_changed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let member = opened(&write(folder.path(), "w.npy", &npy(&values(1)))).unwrap();
    let bytes = member.sketch.to_bytes();
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    for (name, bytes) in
        [("cut", &bytes[..bytes.len() - 1]), ("changed", &changed[..]), ("head", &bytes[..20])]
    {
        let path = write(folder.path(), &format!("{name}.sketch"), bytes);
        assert!(matches!(opened(&path), Err(LineageError::Sketch { .. })), "{name}");
    }
    let huge = write(folder.path(), "huge.sketch", &bytes);
    fs::File::options().write(true).open(&huge).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(opened(&huge), Err(LineageError::NothingRead { .. })));
}
