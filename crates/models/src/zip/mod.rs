//! ZIP, and everything that is a ZIP inside: PyTorch checkpoints, TorchScript, NumPy `npz`, Keras v3, skops, MAR, wheels.
//!
//! A ZIP file says everything twice: each member has a local header before its data, and an entry in the central
//! directory at the end of the file. Python's zipfile and PyTorch's reader follow the directory, streaming readers
//! follow the headers, and nothing forces the two to agree. A scanner that knows one view can be shown a harmless
//! archive while the loader gets another, so both are read here independently ([`directory`], [`walk`]), compared
//! ([`compare`]), and the union of the members is handed on. Flag bits, CRCs and methods are not believed either:
//! the data itself decides ([`extract`]).
//!
//! Of a checkpoint only the headers and the pickle are read. The tensors are looked at for 512 bytes each and left.
//!
//! Specification: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>

mod archive;
mod compare;
mod directory;
mod extract;
mod flavour;
mod record;
mod rules;
mod script;
#[cfg(test)]
mod tests;
mod walk;
#[cfg(test)]
pub(crate) mod writer;

use std::collections::HashMap;

use bartizan_core::{
    Asset, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Model, Probe, Rule,
    Section,
};

use self::{
    archive::{Archive, Member, Packing},
    extract::{Extracted, Problem},
    flavour::Flavour,
    record::{DESCRIPTOR, END, LOCAL, TEMPORARY_SPAN},
};
use crate::archive::{self as archives, Tally};

/// Reads ZIP archives from both ends.
#[derive(Debug, Default)]
pub(crate) struct Zip;

impl Inspector for Zip {
    fn kind(&self) -> Kind {
        Kind::new("zip")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let spanned =
            (probe.starts_with(DESCRIPTOR) || probe.starts_with(TEMPORARY_SPAN)) && probe.has_at(4, LOCAL);
        if probe.starts_with(LOCAL) || probe.starts_with(END) || spanned {
            return Claim::Certain;
        }
        match directory::leads_somewhere(probe) {
            Some(true) => Claim::Certain,
            // Other archives hold ZIP files near their end; this one is only a ZIP when it is nothing else.
            Some(false) => Claim::Shape,
            None => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let archive = archive::read(&asset.content, context);
        let names: Vec<String> = archive.members.iter().map(Member::name).collect();
        let flavour = flavour::flavour(&names);
        let mut inspection = Inspection { kind: Some(flavour.kind), ..Inspection::new() };
        let mut tally = Tally::default();
        compare::compare(&mut inspection, &mut tally, asset, &archive);
        if let Some((at, rest)) = compare::extra_data(&mut inspection, asset, &archive) {
            let name = format!("trailing-data@{at}");
            archives::emit(&mut inspection, &mut tally, asset, context, asset.child(&name, rest));
        }
        if let Some((at, why)) = archive.walk.stopped {
            inspection.coverage.miss_at(at, why);
        }
        if flavour.torch_root.is_some() {
            let model = Model { framework: Some("pytorch".to_owned()), ..Model::of(flavour.kind.name()) };
            inspection.know(Fact::Model(model));
        }
        Reading { asset, context, flavour, inspection, tally, emitted: HashMap::new() }.members(&archive)
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let archive = archive::read(&asset.content, context);
        let mut section = Section::new(
            "members",
            &["name", "view", "method", "size", "packed", "crc", "flags", "entry-at", "header-at", "data-at"],
        );
        for member in &archive.members {
            let Some(claims) = member.claims() else { continue };
            let view = match (&member.central, &member.local) {
                (Some(_), Some(_)) => "both",
                (Some(_), None) => "directory",
                _ => "header",
            };
            let number = |number: Option<u64>| number.map_or("-".into(), |number| number.into());
            section.push(
                context.limits.rows,
                vec![
                    bartizan_core::printable(&member.name()).into(),
                    view.into(),
                    method_name(claims.method).into(),
                    claims.size.into(),
                    claims.compressed.into(),
                    format!("{:08x}", claims.crc).into(),
                    format!("{:#06x}", claims.flags).into(),
                    number(member.central.as_ref().map(|(_, central)| central.at)),
                    number(member.local.as_ref().map(|local| local.at)),
                    number(member.local.as_ref().map(|local| local.data)),
                ],
            );
        }
        Description { sections: vec![section] }
    }
}

static RULES: &[&Rule] = &[
    &archives::rules::PATH_TRAVERSAL,
    &archives::rules::UNUSUAL_NAME,
    &archives::rules::LINK_OUTSIDE,
    &archives::rules::LINK_INSIDE,
    &archives::rules::SPECIAL_MEMBER,
    &archives::rules::DUPLICATE_MEMBER,
    &archives::rules::BOMB,
    &archives::rules::RESOURCE_LIMIT,
    &rules::NAME_MISMATCH,
    &rules::FALSE_FLAG,
    &rules::WRONG_CRC,
    &rules::SIZE_MISMATCH,
    &rules::METHOD_MISMATCH,
    &rules::FLAG_MISMATCH,
    &rules::HEADER_CRC_MISMATCH,
    &rules::HIDDEN_MEMBER,
    &rules::MISSING_HEADER,
    &rules::OVERLAP,
    &rules::SEVERAL_ENDS,
    &rules::END_MISMATCH,
    &rules::NO_DIRECTORY,
    &rules::POLYGLOT,
    &rules::EXTRA_DATA,
    &rules::TRAILING_CONTENT,
    &rules::SPANNED,
    &script::DANGEROUS_OPERATOR,
    &script::FOREIGN_NAME,
    &script::CUSTOM_OPERATOR,
];

/// APPNOTE 4.4.5.
fn method_name(method: u16) -> String {
    match method {
        0 => "stored",
        8 => "deflate",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        93 | 20 => "zstd",
        95 => "xz",
        98 => "ppmd",
        99 => "aes",
        other => return other.to_string(),
    }
    .to_owned()
}

/// One pass over the members of an archive.
struct Reading<'a> {
    asset: &'a Asset,
    context: &'a Context<'a>,
    flavour: Flavour,
    inspection: Inspection,
    tally: Tally,
    /// How often each name was handed on.
    emitted: HashMap<String, usize>,
}

impl Reading<'_> {
    fn members(mut self, archive: &Archive) -> Inspection {
        for member in &archive.members {
            if self.context.interrupted() {
                self.inspection.coverage.miss("the time allowed for one input ran out");
                break;
            }
            let name = member.name();
            archives::check_name(&mut self.inspection, &mut self.tally, self.asset, &name, member.at());
            for other in member.other_names(&name) {
                archives::check_name(&mut self.inspection, &mut self.tally, self.asset, &other, member.at());
            }
            if !member.is_folder() && !self.member(member, &name) {
                break;
            }
        }
        self.inspection
    }

    /// Reads one member; false when no further one may be handed on.
    fn member(&mut self, member: &Member, name: &str) -> bool {
        const FORMAT: u32 = 0o170_000;
        match member.central.as_ref().and_then(|(_, central)| central.mode).map_or(0, |mode| mode & FORMAT) {
            0o120_000 => self.link(member, name),
            0o010_000 | 0o020_000 | 0o060_000 | 0o140_000 => self.tally.find(
                &mut self.inspection,
                Finding::new(
                    &archives::rules::SPECIAL_MEMBER,
                    self.asset,
                    "the archive holds a device, pipe or socket",
                )
                .offset(member.at())
                .evidence("member", name),
            ),
            _ => {}
        }
        member.packings().into_iter().all(|packing| self.packing(member, name, packing))
    }

    fn link(&mut self, member: &Member, name: &str) {
        let Some(packing) = member.packings().first().copied() else { return };
        let target = extract::head(&self.asset.content, packing, self.context);
        let target = String::from_utf8_lossy(&target).into_owned();
        let names = (name, target.as_str());
        archives::check_link(&mut self.inspection, &mut self.tally, self.asset, names, member.at());
    }

    fn packing(&mut self, member: &Member, name: &str, packing: Packing) -> bool {
        let Some(claims) = member.claims() else { return true };
        if packing.length == 0 {
            return true;
        }
        if self.flavour.is_tensor_bytes(name)
            && !archives::sniff::is_active(&extract::head(&self.asset.content, packing, self.context))
        {
            return self.storage(name, packing);
        }
        let most = archives::most_held(self.asset, self.context);
        let extracted = extract::extract(&self.asset.content, claims, packing, most, self.context);
        let goes_on = !extracted.problems.iter().any(|problem| matches!(problem, Problem::Limit(_)));
        for problem in &extracted.problems {
            self.problem(member, name, problem);
        }
        self.hand_on(name, extracted) && goes_on
    }

    /// Hands on the bytes of a tensor when they are asked for: as they lie, for a check of their sum would read them all.
    fn storage(&mut self, name: &str, packing: Packing) -> bool {
        let content = match packing.method {
            0 if self.context.options.storages => self.asset.content.slice(packing.data, packing.length).ok(),
            _ => None,
        };
        let Some(content) = content else { return true };
        let child = self.asset.child(name, content);
        archives::emit(&mut self.inspection, &mut self.tally, self.asset, self.context, child)
    }

    fn hand_on(&mut self, name: &str, extracted: Extracted) -> bool {
        let Some(content) = extracted.content else { return true };
        if self.flavour.is_note(name)
            && content.len() <= 64
            && content
                .whole(64)
                .is_ok_and(|bytes| bytes.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()))
        {
            return true;
        }
        if self.flavour.is_script(name) {
            script::inspect(&mut self.inspection, &mut self.tally, self.asset, name, &content, self.context);
        }
        let count = self.emitted.entry(name.to_owned()).or_default();
        *count += 1;
        let path = if *count > 1 { format!("{name}#{count}") } else { name.to_owned() };
        archives::emit(
            &mut self.inspection,
            &mut self.tally,
            self.asset,
            self.context,
            self.asset.child(&path, content),
        )
    }

    fn problem(&mut self, member: &Member, name: &str, problem: &Problem) {
        let at = member.at();
        let (rule, message) = match problem {
            Problem::FalseFlag => (
                &rules::FALSE_FLAG,
                "a member is marked as encrypted or patched, but its data is plain".to_owned(),
            ),
            Problem::Crc => (&rules::WRONG_CRC, "a member's checksum does not fit its data".to_owned()),
            Problem::Size(size) => (
                &rules::SIZE_MISMATCH,
                format!("a member is {size} bytes long, which is not what its headers say"),
            ),
            Problem::FalseMethod => (
                &rules::METHOD_MISMATCH,
                "a member is not packed with the method that its headers name".to_owned(),
            ),
            Problem::Bomb(packed, unpacked) => {
                let bomb = archives::bomb(self.asset, *packed, *unpacked).offset(at).evidence("member", name);
                return self.tally.find(&mut self.inspection, bomb);
            }
            Problem::Limit(limit) => {
                self.inspection.coverage.miss_at(at, format!("member {name} was not read: {limit}"));
                let finding = archives::limit_finding(self.asset, *limit).offset(at);
                return self.tally.find(&mut self.inspection, finding);
            }
            Problem::Encrypted => return self.miss(at, format!("member {name} is encrypted")),
            Problem::Unsupported(method) => {
                let method = method_name(*method);
                return self
                    .miss(at, format!("member {name} is packed with an unsupported method: {method}"));
            }
            Problem::Broken(why) => return self.miss(at, format!("member {name} is damaged: {why}")),
            Problem::TooLarge => {
                return self.miss(at, format!("member {name} unpacks to more than may be held in memory"));
            }
        };
        let finding = Finding::new(rule, self.asset, message).offset(at).evidence("member", name);
        self.tally.find(&mut self.inspection, finding);
    }

    fn miss(&mut self, at: u64, why: String) {
        self.inspection.coverage.miss_at(at, bartizan_core::printable(&why));
    }
}
