//! One compressed stream: gzip, zlib, bzip2, xz, lzma, lzip, LZ4 frames and Zstandard.
//!
//! joblib writes its pickles through any of these (a bare zlib stream by default), and `model.pkl.gz` or
//! `weights.tar.zst` are common in model stores. A file may hold several streams one after the other, which readers
//! join, and other data behind them, which most readers ignore.
//!
//! Specifications: RFC 1950 (zlib), RFC 1952 (gzip), RFC 8878 (Zstandard),
//! <https://tukaani.org/xz/xz-file-format.txt>, <https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md>

mod format;
#[cfg(test)]
mod tests;

use std::io::BufRead;

use bartizan_core::{
    Asset, Category, Claim, Content, Context, Description, Finding, Inspection, Inspector, Kind, Probe, Rule,
    Section, Severity, Taxonomy,
};

use self::format::Format;
use crate::archive::{
    self, Tally,
    unpack::{End, Sink},
};

/// Reads single compressed streams.
#[derive(Debug, Default)]
pub(crate) struct Compressed;

/// Content behind a compressed stream.
static TRAILING: Rule = Rule {
    id: "compressed/trailing-content",
    title: "Content hidden behind a compressed stream",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "Programs that decompress the file ignore what follows the stream. Here it is something that can be loaded \
          or run by itself.",
    fix: "Cut it off, or do not use the file.",
    references: &["https://www.rfc-editor.org/rfc/rfc1952"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

/// Bytes behind a compressed stream.
static EXTRA_DATA: Rule = Rule {
    id: "compressed/extra-data",
    title: "Bytes behind a compressed stream",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "Programs that decompress the file ignore what follows the stream.",
    fix: "Decompress the file and compress it again.",
    references: &["https://www.rfc-editor.org/rfc/rfc1952"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

impl Inspector for Compressed {
    fn kind(&self) -> Kind {
        Kind::new("compressed")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: &[&Rule] =
            &[&archive::rules::BOMB, &archive::rules::RESOURCE_LIMIT, &TRAILING, &EXTRA_DATA];
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match Format::of(&probe.head) {
            Some(format) if format.has_magic() => Claim::Certain,
            Some(_) => Claim::Shape,
            None => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let head = asset.content.head(Probe::HEAD).unwrap_or_default();
        let Some(format) = Format::of(&head) else {
            inspection.coverage.miss("no compressed stream that is understood");
            return inspection;
        };
        inspection.kind = Some(Kind::new(format.name()));
        if !format.is_supported() {
            inspection.coverage.miss(format!("{} is not supported", format.name()));
            return inspection;
        }
        let mut tally = Tally::default();
        let mut sink = Sink::new(archive::most_held(asset, context));
        let (end, used) = unpack(&asset.content, format, &mut sink, context);
        let bytes = sink.into_bytes();
        judge(&mut inspection, asset, (&bytes, used), end, context);
        if !bytes.is_empty() && inspection.coverage.is_complete() || is_partial(&inspection, &bytes) {
            let child = asset.child(&inner_name(asset), Content::from_bytes(bytes));
            archive::emit(&mut inspection, &mut tally, asset, context, child);
        }
        trailing(&mut inspection, &mut tally, asset, used, context);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let head = asset.content.head(Probe::HEAD).unwrap_or_default();
        let mut section = Section::new("header", &["field", "value"]);
        if let Some(format) = Format::of(&head) {
            section.push(context.limits.rows, vec!["format".into(), format.name().into()]);
            section.push(context.limits.rows, vec!["packed".into(), asset.content.len().into()]);
            if format.is_supported() {
                let mut sink = Sink::new(archive::most_held(asset, context));
                let (end, _) = unpack(&asset.content, format, &mut sink, context);
                section.push(
                    context.limits.rows,
                    vec!["unpacked".into(), (sink.into_bytes().len() as u64).into()],
                );
                section.push(context.limits.rows, vec!["end".into(), format!("{end:?}").into()]);
            }
        }
        Description { sections: vec![section] }
    }
}

/// What a loader reads before it meets the damage counts too.
fn is_partial(inspection: &Inspection, bytes: &[u8]) -> bool {
    !bytes.is_empty() && inspection.coverage.gaps().iter().any(|gap| gap.reason.starts_with(DAMAGED))
}

const DAMAGED: &str = "the compressed stream is damaged";

fn judge(
    inspection: &mut Inspection,
    asset: &Asset,
    (bytes, used): (&[u8], u64),
    end: End,
    context: &Context<'_>,
) {
    let unpacked = bytes.len() as u64;
    match end {
        End::Complete if archive::is_bomb(bytes, used, unpacked, context) => {
            inspection.find(archive::bomb(asset, used, unpacked));
        }
        End::Complete => {}
        End::TooLarge => {
            if unpacked / used.max(1) > context.limits.ratio {
                inspection.find(archive::bomb(asset, used, unpacked));
            }
            inspection.coverage.miss("it unpacks to more than may be held in memory");
        }
        End::Broken(why) => inspection.coverage.miss_at(used, format!("{DAMAGED}: {why}")),
        End::Limit(limit) => {
            inspection.coverage.miss(format!("it was not unpacked: {limit}"));
            if limit != bartizan_core::LimitReached::Time {
                inspection.find(archive::limit_finding(asset, limit));
            }
        }
    }
}

/// Unpacks one stream after the other; returns how it ended and how many packed bytes were used.
fn unpack(content: &Content, format: Format, sink: &mut Sink, context: &Context<'_>) -> (End, u64) {
    let mut at = format.start();
    loop {
        let packed = content.tail(at);
        let mut reader = std::io::BufReader::new(packed.reader());
        let end = format.decode(&mut reader, sink, context);
        let left = reader.buffer().len() as u64;
        let used = reader.get_ref().position().saturating_sub(left);
        at = at.saturating_add(used);
        let another = reader.fill_buf().is_ok_and(|rest| format.continues(rest));
        if end != End::Complete || !another || used == 0 {
            return (end, at);
        }
    }
}

fn trailing(inspection: &mut Inspection, tally: &mut Tally, asset: &Asset, used: u64, context: &Context<'_>) {
    const LOOKED_AT: u64 = 64 * 1024;
    let rest = asset.content.tail(used);
    let head = rest.head(LOOKED_AT).unwrap_or_default();
    // Tapes and some writers pad with zeros.
    if !inspection.coverage.is_complete() || head.iter().all(|byte| *byte == 0) {
        return;
    }
    let length = rest.len();
    if archive::sniff::is_active(&head) {
        let finding = Finding::new(
            &TRAILING,
            asset,
            "behind the compressed stream lies content that can be loaded or run",
        );
        inspection.find(finding.offset(used));
        let child = asset.child(&format!("trailing-data@{used}"), rest);
        archive::emit(inspection, tally, asset, context, child);
    } else {
        let finding =
            Finding::new(&EXTRA_DATA, asset, format!("{length} bytes follow the compressed stream"));
        inspection.find(finding.offset(used));
    }
}

/// The name of what is inside: without the suffix that names the compression.
fn inner_name(asset: &Asset) -> String {
    let name = asset.path.name();
    match name.rsplit_once('.') {
        Some((stem, suffix)) if !stem.is_empty() => match suffix.to_ascii_lowercase().as_str() {
            "gz" | "gzip" | "z" | "zz" | "zlib" | "bz2" | "bz" | "xz" | "lzma" | "lz" | "lz4" | "zst"
            | "zstd" => stem.to_owned(),
            "tgz" | "tbz" | "tbz2" | "txz" | "tzst" => format!("{stem}.tar"),
            _ => name.to_owned(),
        },
        _ => name.to_owned(),
    }
}
