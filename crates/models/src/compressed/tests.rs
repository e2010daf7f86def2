//! What comes out of compressed streams, whole and damaged.

use std::io::Write;

use bartizan_core::{Claim, Severity};
use proptest::prelude::*;

use super::Compressed;
use crate::testing::{Outcome, inspect};

const TEXT: &[u8] = b"\x80\x04N. some bytes, some bytes, some bytes, and no more";

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn lzma(data: &[u8]) -> Vec<u8> {
    let options = liblzma::stream::LzmaOptions::new_preset(6).unwrap();
    let stream = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn xz(data: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(data: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn lz4(data: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zfile(data: &[u8]) -> Vec<u8> {
    let mut file = b"ZF".to_vec();
    file.extend(format!("{:<19}", format!("{:#x}", data.len())).bytes());
    file.extend(zlib(data));
    file
}

fn all(data: &[u8]) -> [(&'static str, Vec<u8>); 8] {
    [
        ("gzip", gzip(data)),
        ("zlib", zlib(data)),
        ("zlib", zfile(data)),
        ("bzip2", bzip2(data)),
        ("xz", xz(data)),
        ("lzma", lzma(data)),
        ("lz4", lz4(data)),
        ("zstd", zstd::encode_all(data, 3).unwrap()),
    ]
}

fn inner(outcome: &Outcome) -> Vec<u8> {
    outcome.children[0].content.whole(1 << 20).unwrap().to_vec()
}

#[test]
fn each_format_gives_back_its_bytes() {
    for (name, bytes) in all(TEXT) {
        let outcome = inspect(&Compressed, "model.joblib", bytes);
        assert!(outcome.claim >= Claim::Shape, "{name}");
        assert_eq!(outcome.inspection.kind.unwrap().name(), name);
        assert_eq!(outcome.rules(), [""; 0], "{name}");
        assert!(outcome.inspection.coverage.is_complete(), "{name} {:?}", outcome.inspection.coverage);
        assert_eq!(inner(&outcome), TEXT, "{name}");
    }
}

#[test]
fn streams_in_a_row_are_joined() {
    for (name, bytes) in all(TEXT) {
        if matches!(name, "zlib" | "lzma") {
            continue;
        }
        let outcome = inspect(&Compressed, "x", [bytes.clone(), bytes].concat());
        assert_eq!(inner(&outcome), [TEXT, TEXT].concat(), "{name}");
        assert_eq!(outcome.rules(), [""; 0], "{name}");
    }
}

#[test]
fn what_follows_the_stream_is_reported_and_read_when_it_is_something() {
    for (name, bytes) in all(TEXT) {
        let outcome = inspect(&Compressed, "x", [&bytes[..], b"#!/bin/sh\necho"].concat());
        assert_eq!(outcome.rules(), ["compressed/trailing-content"], "{name}");
        assert_eq!(outcome.children.len(), 2, "{name}");
        let outcome = inspect(&Compressed, "x", [&bytes[..], b"some words"].concat());
        assert_eq!(
            (outcome.rules(), outcome.worst()),
            (vec!["compressed/extra-data"], Some(Severity::Low)),
            "{name}"
        );
        let outcome = inspect(&Compressed, "x", [&bytes[..], &[0; 512]].concat());
        assert_eq!(outcome.rules(), [""; 0], "{name}");
    }
}

#[test]
fn a_truncated_stream_is_incomplete_and_its_beginning_is_read() {
    let random: Vec<u8> = (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, bytes) in all(&random) {
        let outcome = inspect(&Compressed, "x", bytes[..bytes.len() - 9].to_vec());
        assert!(!outcome.inspection.coverage.is_complete(), "{name}");
        assert!(outcome.worst() < Some(Severity::Medium), "{name}");
        // bzip2 and LZ4 give nothing before a whole block.
        let begun = outcome.children.first().map(|child| child.content.whole(1 << 20).unwrap());
        assert!(begun.map_or(matches!(name, "bzip2" | "lz4"), |begun| random.starts_with(&begun)), "{name}");
    }
}

#[test]
fn a_bomb_is_found() {
    let outcome = inspect(&Compressed, "x.gz", gzip(&vec![0; 32 << 20]));
    assert_eq!(outcome.rules(), ["archive/decompression-bomb"]);
    let outcome = inspect(&Compressed, "x.gz", gzip(&vec![0; 128 << 20]));
    assert_eq!(outcome.rules(), ["archive/decompression-bomb"]);
    assert!(!outcome.inspection.coverage.is_complete());
}

#[test]
fn the_inner_name_loses_the_suffix() {
    let name = |name: &str| {
        let outcome = inspect(&Compressed, name, gzip(TEXT));
        outcome.children[0].path.as_str().to_owned()
    };
    assert_eq!(name("a/model.pkl.gz"), "a/model.pkl.gz!model.pkl");
    assert_eq!(name("a.tgz"), "a.tgz!a.tar");
    assert_eq!(name("a.joblib"), "a.joblib!a.joblib");
}

#[test]
fn other_bytes_are_not_claimed() {
    for bytes in
        [&b""[..], b"x", b"xyz", b"\x78\x9cgarbage", b"\x5d\0\0\x80\0", &[0; 64], &[0x5d; 64], b"BZh9 text"]
    {
        assert_eq!(inspect(&Compressed, "a", bytes.to_vec()).claim, Claim::No, "{bytes:?}");
    }
}

#[test]
fn formats_without_a_decoder_are_incomplete() {
    let outcome = inspect(&Compressed, "a", b"\x02\x21\x4c\x18 whatever".to_vec());
    assert_eq!(outcome.claim, Claim::Certain);
    assert!(!outcome.inspection.coverage.is_complete());
}

proptest! {
    #[test]
    fn damaged_streams_never_panic(which in 0usize..8, cut in 0usize..80, at in 0usize..80, value: u8) {
        let (_, mut bytes) = all(TEXT)[which].clone();
        let at = at % bytes.len();
        bytes[at] ^= value;
        bytes.truncate(bytes.len().saturating_sub(cut));
        inspect(&Compressed, "x", bytes);
    }
}
