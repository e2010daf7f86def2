//! tar archives: model repositories, NeMo models, container layers, and PyTorch's format of 2014.
//!
//! A tar archive is a row of members, each a header block of 512 bytes and its data, ended by two blocks of zeros.
//! Names longer than the header allows come in headers of their own (GNU's `L` and `K`, POSIX's `x`), which also may
//! contradict the header they precede. Members can be links and devices, and extractors follow them.
//!
//! Members are handed on as slices of the archive: nothing is copied, and only headers are read.
//!
//! Specification: POSIX.1-2017, `pax`, <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html>;
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>

mod header;
mod rules;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{HashMap, HashSet};

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Model, Probe, Rule,
    Section, Severity,
};

use self::{
    header::{BLOCK, Header},
    walk::{Member, Walk},
};
use crate::archive::{self, Tally};

/// Reads tar archives.
#[derive(Debug, Default)]
pub(crate) struct Tar;

impl Inspector for Tar {
    fn kind(&self) -> Kind {
        Kind::new("tar")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: &[&Rule] = &[
            &archive::rules::PATH_TRAVERSAL,
            &archive::rules::UNUSUAL_NAME,
            &archive::rules::LINK_OUTSIDE,
            &archive::rules::LINK_INSIDE,
            &archive::rules::SPECIAL_MEMBER,
            &archive::rules::DUPLICATE_MEMBER,
            &archive::rules::RESOURCE_LIMIT,
            &rules::SIZE_MISMATCH,
            &rules::HIDDEN_MEMBER,
            &rules::THROUGH_LINK,
            &rules::EXTRA_DATA,
        ];
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match probe.head.get(..BLOCK as usize).and_then(Header::parse) {
            Some(header) if header.has_magic => Claim::Certain,
            Some(header) if !header.name.is_empty() => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let walk = walk::walk(&asset.content, context);
        let names: HashSet<&str> = walk.members.iter().map(|member| plain(&member.name)).collect();
        let kind = kind(&names);
        let mut inspection = Inspection { kind: Some(Kind::new(kind)), ..Inspection::new() };
        match kind {
            "torch-tar" => inspection
                .know(Fact::Model(Model { framework: Some("pytorch".to_owned()), ..Model::of("torch-tar") })),
            "nemo" => inspection
                .know(Fact::Model(Model { framework: Some("nemo".to_owned()), ..Model::of("nemo") })),
            _ => {}
        }
        let mut tally = Tally::default();
        judge(&mut inspection, &mut tally, asset, &walk);
        hand_on(&mut inspection, &mut tally, asset, &walk, context);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let walk = walk::walk(&asset.content, context);
        let mut section = Section::new("members", &["name", "type", "size", "header-at", "data-at", "link"]);
        for member in &walk.members {
            section.push(
                context.limits.rows,
                vec![
                    bartizan_core::printable(&member.name).into(),
                    type_name(member.type_flag).into(),
                    member.size.into(),
                    member.at.into(),
                    member.data.into(),
                    bartizan_core::printable(&member.link).into(),
                ],
            );
        }
        Description { sections: vec![section] }
    }
}

fn type_name(type_flag: u8) -> String {
    match type_flag {
        0 | b'0' | b'7' => "file",
        b'1' => "hard-link",
        b'2' => "symbolic-link",
        b'3' => "character-device",
        b'4' => "block-device",
        b'5' => "folder",
        b'6' => "pipe",
        b'S' => "sparse-file",
        other => return char::from(other).escape_default().to_string(),
    }
    .to_owned()
}

fn plain(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}

/// What an archive is, told by the names of its members.
fn kind(names: &HashSet<&str>) -> &'static str {
    let has = |name: &str| names.contains(name);
    if has("sys_info") && has("pickle") && has("storages") && has("tensors") {
        "torch-tar"
    } else if has("model_config.yaml") {
        "nemo"
    } else if has("MAR-INF/MANIFEST.json") {
        "mar"
    } else if has("oci-layout") {
        "oci-image"
    } else {
        "tar"
    }
}

fn judge(inspection: &mut Inspection, tally: &mut Tally, asset: &Asset, walk: &Walk) {
    let mut links: HashSet<&str> = HashSet::new();
    for member in &walk.members {
        archive::check_name(inspection, tally, asset, &member.name, member.at);
        let name = plain(&member.name);
        if goes_through(name, &links) {
            tally.find(
                inspection,
                Finding::new(
                    &rules::THROUGH_LINK,
                    asset,
                    "a member is written through a link that precedes it",
                )
                .offset(member.at)
                .evidence("member", name),
            );
        }
        match member.type_flag {
            // A hard link's target counts from the archive's root, a symbolic link's from the link.
            b'1' => archive::check_link(inspection, tally, asset, ("", &member.link), member.at),
            b'2' => {
                links.insert(name.trim_end_matches('/'));
                archive::check_link(inspection, tally, asset, (name, &member.link), member.at);
            }
            b'3' | b'4' | b'6' => tally.find(
                inspection,
                Finding::new(&archive::rules::SPECIAL_MEMBER, asset, "the archive holds a device or pipe")
                    .offset(member.at)
                    .evidence("member", name)
                    .evidence("type", type_name(member.type_flag)),
            ),
            _ => {}
        }
        if let Some(other) = member.other_size {
            tally.find(
                inspection,
                Finding::new(
                    &rules::SIZE_MISMATCH,
                    asset,
                    format!("a member's header says {other} bytes, the pax header before it {}", member.size),
                )
                .offset(member.at)
                .evidence("member", name),
            );
        }
    }
    if let Some(at) = walk.resumed {
        inspection.find(
            Finding::new(&rules::HIDDEN_MEMBER, asset, "members follow the mark that ends the archive")
                .offset(at),
        );
    }
    if let Some(at) = walk.extra {
        inspection
            .find(Finding::new(&rules::EXTRA_DATA, asset, "bytes follow the end of the archive").offset(at));
    }
    inspection.coverage.merge(walk.coverage.clone());
}

/// Is one of the folders above this member a link?
fn goes_through(name: &str, links: &HashSet<&str>) -> bool {
    const DEEPEST: usize = 64;
    !links.is_empty()
        && name
            .match_indices('/')
            .take(DEEPEST)
            .any(|(at, _)| name.get(..at).is_some_and(|above| links.contains(above)))
}

fn hand_on(
    inspection: &mut Inspection,
    tally: &mut Tally,
    asset: &Asset,
    walk: &Walk,
    context: &Context<'_>,
) {
    let mut seen: HashMap<&str, (usize, &Member)> = HashMap::new();
    for member in walk.members.iter().filter(|member| member.is_file()) {
        let name = plain(&member.name);
        let (count, first) = seen.entry(name).or_insert((0, member));
        *count += 1;
        let mut path = name.to_owned();
        if *count > 1 {
            path = format!("{name}#{count}");
            let finding = Finding::new(
                &archive::rules::DUPLICATE_MEMBER,
                asset,
                "two members have the same name; the later one replaces the earlier one when extracted",
            )
            .offset(member.at)
            .evidence("member", name);
            let alike = same_bytes(asset, first, member);
            tally.find(inspection, if alike { finding.severity(Severity::Low) } else { finding });
        }
        if member.size == 0 {
            continue;
        }
        let content = match asset.content.slice(member.data, member.size) {
            Ok(content) => content,
            Err(_) => {
                let why = format!("member {name} reaches past the end of the archive");
                inspection.coverage.miss_at(member.at, bartizan_core::printable(&why));
                asset.content.tail(member.data)
            }
        };
        if !content.is_empty()
            && !archive::emit(inspection, tally, asset, context, asset.child(&path, content))
        {
            break;
        }
    }
}

/// Are both members short and equal?
fn same_bytes(asset: &Asset, one: &Member, other: &Member) -> bool {
    const MOST: u64 = 1 << 20;
    let read = |member: &Member| asset.content.read(member.data, member.size, MOST).ok();
    one.size == other.size && read(one).is_some_and(|bytes| Some(bytes) == read(other))
}
