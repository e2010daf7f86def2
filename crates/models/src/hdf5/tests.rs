use bartizan_core::{Claim, Severity};
use hdf5_reader::checksum::jenkins_lookup3;
use proptest::prelude::*;

use super::{Hdf5, MAGIC};
use crate::testing::{Outcome, describe, inspect};

/// Writes files of the second kind: a superblock and object headers with checksums.
struct Writer(Vec<u8>);

const SUPERBLOCK: usize = 48;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u16).to_le_bytes(), &[0], body].concat()
}

impl Writer {
    fn new() -> Self {
        Self(vec![0; SUPERBLOCK])
    }

    fn header(&mut self, messages: &[Vec<u8>]) -> u64 {
        let address = self.0.len() as u64;
        let body = messages.concat();
        let mut header = [&b"OHDR"[..], &[2, 2], &(body.len() as u32).to_le_bytes(), &body].concat();
        let sum = jenkins_lookup3(&header);
        header.extend(sum.to_le_bytes());
        self.0.extend(header);
        address
    }

    fn heap(&mut self, text: &[u8]) -> u64 {
        let data = self.0.len() as u64;
        self.0.extend([&[0; 8][..], text, &[0; 8]].concat());
        let address = self.0.len() as u64;
        let size = text.len() as u64 + 16;
        self.0.extend(b"HEAP\0\0\0\0");
        self.0.extend([size, 1, data].iter().flat_map(|n| n.to_le_bytes()));
        address
    }

    fn finish(mut self, root: u64) -> Vec<u8> {
        let end = self.0.len() as u64;
        let mut block = [MAGIC, &[2, 8, 8, 0]].concat();
        block.extend([0, u64::MAX, end, root].iter().flat_map(|n| n.to_le_bytes()));
        let sum = jenkins_lookup3(&block);
        block.extend(sum.to_le_bytes());
        self.0[..SUPERBLOCK].copy_from_slice(&block);
        self.0
    }
}

fn attribute(name: &str, text: &str) -> Vec<u8> {
    let datatype = [&[0x13, 0, 0, 0][..], &(text.len() as u32).to_le_bytes()].concat();
    let mut body = vec![3, 0];
    body.extend((name.len() as u16 + 1).to_le_bytes());
    body.extend((datatype.len() as u16).to_le_bytes());
    body.extend(4u16.to_le_bytes());
    body.push(0);
    body.extend(name.as_bytes());
    body.push(0);
    body.extend(datatype);
    body.extend([2, 0, 0, 0]);
    body.extend(text.as_bytes());
    message(12, &body)
}

fn hard_link(name: &str, address: u64) -> Vec<u8> {
    message(6, &[&[1, 0, name.len() as u8], name.as_bytes(), &address.to_le_bytes()].concat())
}

fn external_link(name: &str, file: &str) -> Vec<u8> {
    let value = [&[0], file.as_bytes(), b"\0/x\0"].concat();
    let size = (value.len() as u16).to_le_bytes();
    message(6, &[&[1, 8, 64, name.len() as u8], name.as_bytes(), &size, &value].concat())
}

fn dataset() -> Vec<Vec<u8>> {
    let space = [&[2, 2, 0, 1][..], &3u64.to_le_bytes(), &4u64.to_le_bytes()].concat();
    let float = [0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
    vec![message(1, &space), message(3, &float)]
}

fn model(config: &str) -> Vec<u8> {
    let mut file = Writer::new();
    let weights = file.header(&dataset());
    let root = file.header(&[
        attribute("keras_version", "2.15.0"),
        attribute("model_config", config),
        hard_link("kernel", weights),
    ]);
    file.finish(root)
}

const DENSE: &str = r#"{"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "Dense", "config": {"units": 10}}]}}"#;
const LAMBDA: &str = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": {"function": ["4wAA", null, null], "function_type": "lambda"}}]}}"#;

fn scan(bytes: Vec<u8>) -> Outcome {
    inspect(&Hdf5, "m.h5", bytes)
}

#[test]
fn a_plain_model_is_read_and_clean() {
    let outcome = scan(model(DENSE));
    assert_eq!(outcome.claim, Claim::Certain);
    assert!(outcome.inspection.findings.is_empty(), "{:#?}", outcome.inspection);
    assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
    assert_eq!(outcome.inspection.kind.map(|kind| kind.name()), Some("keras-h5"));
    let facts = format!("{:?}", outcome.inspection.facts);
    assert!(facts.contains("\"f32\"") && facts.contains("[3, 4]"), "{facts}");
    assert_eq!(describe(&Hdf5, "m.h5", model(DENSE)).sections[0].title, "layers");
}

#[test]
fn values_in_one_piece_are_found_where_they_lie() {
    let place = |messages: Vec<Vec<u8>>| {
        let mut file = Writer::new();
        let weights = file.header(&messages);
        let root = file.header(&[hard_link("kernel", weights)]);
        let outcome = scan(file.finish(root));
        let tensors = outcome.inspection.facts.into_iter().find_map(|fact| match fact {
            bartizan_core::Fact::Tensors { tensors, .. } => Some(tensors),
            _ => None,
        });
        tensors.unwrap()[0].span.map(|span| (span.offset, span.length))
    };
    let at = |address: u64| message(8, &[&[3, 1][..], &address.to_le_bytes(), &48u64.to_le_bytes()].concat());
    let [space, little] = dataset().try_into().unwrap();
    let mut big = little.clone();
    big[5] |= 1;
    assert_eq!(place(vec![space.clone(), little.clone(), at(4096)]), Some((4096, 48)));
    assert_eq!(place(vec![space.clone(), little.clone(), at(u64::MAX)]), None);
    assert_eq!(place(vec![space, big, at(4096)]), None);
}

#[test]
fn bytecode_of_a_lambda_layer_is_found() {
    let outcome = scan(model(LAMBDA));
    assert_eq!(outcome.rules(), ["keras/lambda-code"]);
    assert_eq!(outcome.worst(), Some(Severity::Critical));
}

#[test]
fn a_configuration_is_found_even_when_the_file_is_broken() {
    let mut bytes = model(LAMBDA);
    bytes[20] ^= 0xff;
    let outcome = scan(bytes);
    assert!(!outcome.inspection.coverage.is_complete());
    assert_eq!(outcome.rules(), ["keras/lambda-code"]);
}

#[test]
fn links_and_data_in_other_files_are_found() {
    let mut file = Writer::new();
    let heap = file.heap(b"/etc/passwd");
    let list = [
        &[1, 0, 0, 0, 1, 0, 1, 0][..],
        &heap.to_le_bytes(),
        &8u64.to_le_bytes(),
        &0u64.to_le_bytes(),
        &9u64.to_le_bytes(),
    ];
    let external = file.header(&[dataset(), vec![message(7, &list.concat())]].concat());
    let layout = [&[4, 3][..], &0u64.to_le_bytes(), &0u32.to_le_bytes()].concat();
    let together = file.header(&[dataset(), vec![message(8, &layout)]].concat());
    let root =
        file.header(&[external_link("a", "../other.h5"), hard_link("b", external), hard_link("c", together)]);
    let outcome = scan(file.finish(root));
    let mut rules = outcome.rules();
    rules.sort_unstable();
    assert_eq!(
        rules,
        ["hdf5/external-data", "hdf5/external-link", "hdf5/virtual-dataset"],
        "{:#?}",
        outcome.inspection
    );
    assert!(outcome.inspection.findings.iter().any(|f| f.message.contains("/etc/passwd")));
}

#[test]
fn groups_that_hold_each_other_end() {
    let mut file = Writer::new();
    let here = file.0.len() as u64;
    let root = file.header(&[hard_link("self", here)]);
    assert!(scan(file.finish(root)).inspection.coverage.is_complete());
}

proptest! {
    #[test]
    fn damaged_files_never_panic(cut in 0usize..900, at in 0usize..900, flip in any::<u8>()) {
        let mut bytes = model(LAMBDA);
        bytes.truncate(cut.max(8));
        if let Some(byte) = bytes.get_mut(at) { *byte = flip; }
        let _ = scan(bytes);
    }
}
