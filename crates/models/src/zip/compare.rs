//! Where the two views of an archive disagree.

use std::collections::HashMap;

use bartizan_core::{Asset, Content, Finding, Inspection, Severity};
use bytes::Bytes;

use super::{
    archive::{Archive, Member},
    record::{Claims, Local, UNREADABLE},
    rules,
};
use crate::archive::{self, Tally};

/// Reports every disagreement between the views, and what belongs to neither.
pub(super) fn compare(inspection: &mut Inspection, tally: &mut Tally, asset: &Asset, archive: &Archive) {
    ends(inspection, asset, archive);
    for member in &archive.members {
        match (&member.central, &member.local) {
            (Some((_, central)), Some(local)) => headers(inspection, tally, asset, &central.claims, local),
            (Some((_, central)), None) => {
                let name = central.claims.name();
                tally.find(
                    inspection,
                    Finding::new(
                        &rules::MISSING_HEADER,
                        asset,
                        "the central directory lists a member that is not where it says",
                    )
                    .offset(central.at)
                    .evidence("member", &name),
                );
                inspection.coverage.miss_at(central.at, format!("member {name} has no local header"));
            }
            (None, Some(local)) if !archive.directories.is_empty() => tally.find(
                inspection,
                Finding::new(&rules::HIDDEN_MEMBER, asset, "a member is missing from the central directory")
                    .offset(local.at)
                    .evidence("member", local.claims.name()),
            ),
            (None, _) => {}
        }
    }
    duplicates(inspection, tally, asset, &archive.members);
    overlaps(inspection, tally, asset, &archive.members);
}

fn ends(inspection: &mut Inspection, asset: &Asset, archive: &Archive) {
    let [first, others @ ..] = archive.directories.as_slice() else {
        inspection.find(Finding::new(
            &rules::NO_DIRECTORY,
            asset,
            "the archive has no central directory; it is truncated or damaged",
        ));
        inspection.coverage.miss("no central directory: the archive is truncated or damaged");
        return;
    };
    if let Some(other) = others.iter().find(|other| !other.entries.is_empty()) {
        inspection.find(
            Finding::new(
                &rules::SEVERAL_ENDS,
                asset,
                format!(
                    "the file has {} central directories; which of them counts depends on the reader",
                    archive.directories.len()
                ),
            )
            .offset(other.start)
            .evidence("first", format!("{} entries", first.entries.len()))
            .evidence("other", format!("{} entries", other.entries.len())),
        );
    }
    for directory in &archive.directories {
        let listed = directory.entries.len() as u64;
        let miscounted = directory.unread.is_none() && listed & 0xffff != directory.announced & 0xffff;
        if miscounted || directory.contradicts {
            inspection.find(
                Finding::new(
                    &rules::END_MISMATCH,
                    asset,
                    format!(
                        "the end record announces {} members, the central directory lists {listed}",
                        directory.announced
                    ),
                )
                .offset(directory.end),
            );
        }
        if let Some(why) = directory.unread {
            inspection.coverage.miss_at(directory.start, why);
        }
    }
}

fn headers(inspection: &mut Inspection, tally: &mut Tally, asset: &Asset, central: &Claims, local: &Local) {
    let header = &local.claims;
    let name = central.name();
    let mut differ = |rule, message: String, severity: Option<Severity>| {
        let finding = Finding::new(rule, asset, message).offset(local.at).evidence("member", &name);
        tally.find(
            inspection,
            match severity {
                Some(severity) => finding.severity(severity),
                None => finding,
            },
        );
    };
    if central.name != header.name {
        let folded = |name: &Bytes| String::from_utf8_lossy(name).replace('\\', "/");
        let same_but_slashes = folded(&central.name) == folded(&header.name);
        differ(
            &rules::NAME_MISMATCH,
            format!("the directory calls a member `{name}`, its own header `{}`", header.name()),
            same_but_slashes.then_some(Severity::Low),
        );
    }
    if central.method != header.method {
        differ(
            &rules::METHOD_MISMATCH,
            format!("the directory says method {}, the header {}", central.method, header.method),
            None,
        );
    }
    if (central.flags ^ header.flags) & UNREADABLE != 0 {
        differ(
            &rules::FLAG_MISMATCH,
            format!("the directory has flags {:#06x}, the header {:#06x}", central.flags, header.flags),
            None,
        );
    }
    // What a header leaves to the descriptor is zero there, and some writers never fill in a CRC.
    let silent = local.is_described_after();
    if central.crc != header.crc && header.crc != 0 && central.crc != 0 {
        differ(
            &rules::HEADER_CRC_MISMATCH,
            format!("the directory has CRC {:08x}, the header {:08x}", central.crc, header.crc),
            None,
        );
    }
    let contradicts =
        |one: u64, other: u64| one != other && !(silent && (other == 0 || other == u64::from(u32::MAX)));
    if contradicts(central.compressed, header.compressed) || contradicts(central.size, header.size) {
        differ(
            &rules::SIZE_MISMATCH,
            format!(
                "the directory says {} bytes packed to {}, the header {} bytes packed to {}",
                central.size, central.compressed, header.size, header.compressed
            ),
            None,
        );
    }
}

fn duplicates(inspection: &mut Inspection, tally: &mut Tally, asset: &Asset, members: &[Member]) {
    let mut first: HashMap<(usize, &[u8]), &Claims> = HashMap::new();
    for member in members {
        let Some((directory, central)) = &member.central else { continue };
        if member.is_folder() {
            continue;
        }
        let claims = &central.claims;
        match first.entry((*directory, claims.name.as_ref())) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(claims);
            }
            std::collections::hash_map::Entry::Occupied(taken) => {
                let known = taken.get();
                let alike = (known.crc, known.size) == (claims.crc, claims.size) && known.crc != 0;
                let finding = Finding::new(
                    &archive::rules::DUPLICATE_MEMBER,
                    asset,
                    "two members have the same name; loaders disagree about which of them counts",
                )
                .offset(member.at())
                .evidence("member", claims.name());
                tally.find(inspection, if alike { finding.severity(Severity::Low) } else { finding });
            }
        }
    }
}

fn overlaps(inspection: &mut Inspection, tally: &mut Tally, asset: &Asset, members: &[Member]) {
    let mut spans: Vec<(u64, u64, &Member)> = members
        .iter()
        .filter_map(|member| {
            let local = member.local.as_ref()?;
            let length =
                member.central.as_ref().map_or(local.length, |(_, central)| central.claims.compressed);
            Some((local.at, local.data.saturating_add(length), member))
        })
        .collect();
    spans.sort_by_key(|(from, to, _)| (*from, *to));
    let mut reached = 0;
    for (from, to, member) in spans {
        if from < reached {
            tally.find(
                inspection,
                Finding::new(&rules::OVERLAP, asset, "the bytes of two members overlap")
                    .offset(from)
                    .evidence("member", member.name()),
            );
        }
        reached = reached.max(to);
    }
}

/// Reports bytes before, between and behind the members. Returns what lies behind the archive when it can be loaded
/// or run by itself.
pub(super) fn extra_data(
    inspection: &mut Inspection,
    asset: &Asset,
    archive: &Archive,
) -> Option<(u64, Content)> {
    if archive.walk.spanned {
        inspection.find(Finding::new(
            &rules::SPANNED,
            asset,
            "the file begins with the mark of a split archive",
        ));
    }
    // Without any directory the walk is all there is, and what follows the last header is its unread rest.
    let primary = archive.directories.first()?;
    let content = &asset.content;
    let tail = archive.directories.iter().map(|directory| directory.tail).max().unwrap_or(primary.tail);
    for (at, length) in &archive.walk.gaps {
        if *at == 0 {
            prefix(inspection, asset, *length);
        } else if *at < primary.start && !is_padding(content, *at, *length) {
            inspection.find(
                Finding::new(
                    &rules::EXTRA_DATA,
                    asset,
                    format!("{length} bytes between the members belong to none of them"),
                )
                .offset(*at),
            );
        }
    }
    let rest = content.tail(tail);
    if rest.is_empty() || is_padding(content, tail, rest.len()) {
        return None;
    }
    let finding = if archive::sniff::is_active(&rest.head(512).unwrap_or_default()) {
        Finding::new(
            &rules::TRAILING_CONTENT,
            asset,
            "behind the archive lies content that can be loaded or run",
        )
    } else {
        Finding::new(&rules::EXTRA_DATA, asset, format!("{} bytes follow the end of the archive", rest.len()))
    };
    let active = finding.rule == &rules::TRAILING_CONTENT;
    inspection.find(finding.offset(tail));
    active.then_some((tail, rest))
}

fn prefix(inspection: &mut Inspection, asset: &Asset, length: u64) {
    let head = asset.content.head(512).unwrap_or_default();
    let finding = match format_of(&head) {
        Some(format) => Finding::new(
            &rules::POLYGLOT,
            asset,
            format!("the file begins as {format} and ends as a ZIP archive"),
        )
        .evidence("format", format),
        None => Finding::new(
            &rules::EXTRA_DATA,
            asset,
            format!("{length} bytes precede the archive, as in one that extracts itself"),
        )
        .severity(Severity::Info),
    };
    inspection.find(finding.offset(0));
}

/// Formats that other programs recognise at the first byte. Programs and scripts are not among them: archives that
/// extract or run themselves are ordinary, and reported as programs.
fn format_of(head: &[u8]) -> Option<&'static str> {
    const FORMATS: &[(&[u8], &str)] = &[
        (b"GIF8", "a GIF image"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"%PDF", "a PDF document"),
        (b"<html", "an HTML page"),
        (b"<!DOCTYPE", "an HTML page"),
        (b"<script", "an HTML page"),
        (b"<?php", "a PHP script"),
        (b"GGUF", "a GGUF model"),
        (b"\x89HDF", "an HDF5 file"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x1f\x8b", "a gzip stream"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"RIFF", "a RIFF file"),
        (b"\x80\x02", "a pickle"),
        (b"\x80\x03", "a pickle"),
        (b"\x80\x04", "a pickle"),
        (b"\x80\x05", "a pickle"),
    ];
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    if head.get(8) == Some(&b'{') && head.get(4..8) == Some(&[0; 4]) {
        return Some("a safetensors model");
    }
    FORMATS.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format)
}

/// Zeros, as aligning writers leave them.
fn is_padding(content: &Content, at: u64, length: u64) -> bool {
    const MOST: u64 = 1 << 20;
    length <= MOST && content.read(at, length, MOST).is_ok_and(|bytes| bytes.iter().all(|byte| *byte == 0))
}
