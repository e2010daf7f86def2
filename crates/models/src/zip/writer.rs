//! Writes ZIP files, honest and lying, for tests.

use std::io::Write;

/// One member as the test wants it: every claim can be made false.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) local_method: u16,
    pub(crate) flags: u16,
    pub(crate) local_flags: u16,
    pub(crate) crc: u32,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) listed: bool,
    pub(crate) present: bool,
    pub(crate) described_after: bool,
    pub(crate) padding: usize,
}

impl Entry {
    pub(crate) fn stored(name: &str, data: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        Self {
            name: name.into(),
            local_name: name.into(),
            data: data.to_vec(),
            method: 0,
            local_method: 0,
            flags: 0,
            local_flags: 0,
            crc: crc.sum(),
            size: data.len() as u64,
            mode: 0,
            listed: true,
            present: true,
            described_after: false,
            padding: 0,
        }
    }

    pub(crate) fn deflated(name: &str, data: &[u8]) -> Self {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        Self { data: encoder.finish().unwrap(), method: 8, local_method: 8, ..Self::stored(name, data) }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// A whole archive.
pub(crate) fn zip(entries: &[Entry]) -> Vec<u8> {
    zip_after(b"", entries)
}

/// An archive behind other bytes, with uncorrected offsets.
pub(crate) fn zip_after(prefix: &[u8], entries: &[Entry]) -> Vec<u8> {
    let mut out = prefix.to_vec();
    let mut offsets = Vec::new();
    for entry in entries {
        offsets.push((out.len() - prefix.len()) as u32);
        if entry.present {
            local(&mut out, entry);
        }
    }
    let start = out.len();
    let listed: Vec<_> = entries.iter().zip(&offsets).filter(|(entry, _)| entry.listed).collect();
    for (entry, offset) in &listed {
        central(&mut out, entry, **offset);
    }
    let size = out.len() - start;
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((listed.len() as u16).to_le_bytes());
    out.extend((listed.len() as u16).to_le_bytes());
    out.extend((size as u32).to_le_bytes());
    out.extend(((start - prefix.len()) as u32).to_le_bytes());
    out.extend([0, 0]);
    out
}

fn local(out: &mut Vec<u8>, entry: &Entry) {
    let after = entry.described_after;
    let flags = entry.local_flags | if after { 8 } else { 0 };
    out.extend(b"PK\x03\x04\x14\0");
    out.extend(flags.to_le_bytes());
    out.extend(entry.local_method.to_le_bytes());
    out.extend([0; 4]);
    let sizes = [entry.crc, entry.data.len() as u32, entry.size as u32];
    for value in sizes {
        out.extend(if after { 0 } else { value }.to_le_bytes());
    }
    out.extend((entry.local_name.len() as u16).to_le_bytes());
    out.extend((entry.padding as u16).to_le_bytes());
    out.extend(&entry.local_name);
    out.extend(vec![0; entry.padding]);
    out.extend(&entry.data);
    if after {
        out.extend(b"PK\x07\x08");
        for value in sizes {
            out.extend(value.to_le_bytes());
        }
    }
}

fn central(out: &mut Vec<u8>, entry: &Entry, offset: u32) {
    out.extend(b"PK\x01\x02\x14\x03\x14\0");
    out.extend((entry.flags | if entry.described_after { 8 } else { 0 }).to_le_bytes());
    out.extend(entry.method.to_le_bytes());
    out.extend([0; 4]);
    for value in [entry.crc, entry.data.len() as u32, entry.size as u32] {
        out.extend(value.to_le_bytes());
    }
    out.extend((entry.name.len() as u16).to_le_bytes());
    out.extend([0; 8]);
    out.extend((entry.mode << 16).to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend(&entry.name);
}
