//! 7z archives.
//!
//! 7z compresses several members into one block, so that a member can only be reached through those before it. The
//! directory is at the end, usually compressed too, and may be encrypted. Malicious PyTorch models were published as
//! 7z archives because scanners did not open them ("nullifAI", 2025).
//!
//! Decoding is a library's work; here the members are bounded, judged and handed on.
//!
//! Specification: <https://github.com/ip7z/7zip/blob/main/DOC/7zFormat.txt>

use std::{collections::HashMap, io::Read};

use bartizan_core::{
    Asset, Category, Claim, Content, Context, Description, Finding, Inspection, Inspector, Kind,
    LimitReached, Probe, Rule, Section, Severity, Taxonomy,
};
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use crate::archive::{
    self, Tally,
    unpack::{End, Sink},
};

/// Reads 7z archives.
#[derive(Debug, Default)]
pub(crate) struct SevenZ;

/// A member whose data does not have its checksum.
static WRONG_CRC: Rule = Rule {
    id: "7z/wrong-crc",
    title: "Checksum does not fit the data",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "The data is not what was packed: damaged, or altered so that scanners which verify checksums give up.",
    fix: "Fetch the file again and compare its digest with the producer's.",
    references: &["https://github.com/ip7z/7zip/blob/main/DOC/7zFormat.txt"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

/// The most that the directory may take, in KiB.
const DIRECTORY_KIB: usize = 32 * 1024;

impl Inspector for SevenZ {
    fn kind(&self) -> Kind {
        Kind::new("7z")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: &[&Rule] = &[
            &archive::rules::PATH_TRAVERSAL,
            &archive::rules::UNUSUAL_NAME,
            &archive::rules::LINK_OUTSIDE,
            &archive::rules::LINK_INSIDE,
            &archive::rules::SPECIAL_MEMBER,
            &archive::rules::DUPLICATE_MEMBER,
            &archive::rules::BOMB,
            &archive::rules::RESOURCE_LIMIT,
            &WRONG_CRC,
        ];
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.starts_with(b"7z\xbc\xaf\x27\x1c") { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut reading = Reading {
            asset,
            context,
            inspection: Inspection::new(),
            tally: Tally::default(),
            names: HashMap::new(),
            packed: 0,
            stopped: false,
        };
        match Archive::read_with_memory_limit(&mut asset.content.reader(), &Password::empty(), DIRECTORY_KIB)
        {
            Ok(archive) => reading.archive(&archive),
            Err(error) => reading.miss("the archive's directory", &error),
        }
        reading.inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("members", &["name", "size", "crc", "attributes", "encrypted"]);
        let archive =
            Archive::read_with_memory_limit(&mut asset.content.reader(), &Password::empty(), DIRECTORY_KIB);
        if let Ok(archive) = archive {
            for (index, entry) in archive.files.iter().enumerate() {
                section.push(
                    context.limits.rows,
                    vec![
                        bartizan_core::printable(&entry.name).into(),
                        entry.size.into(),
                        format!("{:08x}", entry.crc).into(),
                        format!("{:#010x}", entry.windows_attributes).into(),
                        if archive.is_file_encrypted(index) { "yes" } else { "no" }.into(),
                    ],
                );
            }
        }
        Description { sections: vec![section] }
    }
}

/// One pass over the members.
struct Reading<'a> {
    asset: &'a Asset,
    context: &'a Context<'a>,
    inspection: Inspection,
    tally: Tally,
    /// How often each name occurred.
    names: HashMap<String, usize>,
    /// Size of all packed streams.
    packed: u64,
    /// Was a limit reached?
    stopped: bool,
}

impl Reading<'_> {
    fn archive(&mut self, archive: &Archive) {
        self.packed = archive.pack_sizes().iter().fold(0, |sum, size| sum.saturating_add(*size));
        let members = archive.files.len() as u64;
        if members > self.context.limits.members {
            let limit = LimitReached::Members(self.context.limits.members);
            self.inspection.coverage.miss(format!("{members} members: {limit}"));
            self.inspection.find(archive::limit_finding(self.asset, limit));
        }
        for entry in
            archive.files.iter().take(usize::try_from(self.context.limits.members).unwrap_or(usize::MAX))
        {
            archive::check_name(&mut self.inspection, &mut self.tally, self.asset, &entry.name, 0);
        }
        let memory = usize::try_from(self.context.limits.held / 1024).unwrap_or(usize::MAX);
        let password = Password::empty();
        let mut source = self.asset.content.reader();
        for block in 0..archive.blocks.len() {
            if self.stopped {
                break;
            }
            let decoder =
                BlockDecoder::new_with_memory_limit(1, memory, block, archive, &password, &mut source);
            if let Err(error) = decoder.for_each_entries(&mut |entry, data| Ok(self.member(entry, data))) {
                self.miss(&format!("block {block}"), &error);
            }
        }
    }

    /// Reads one member; false when the rest of its block is not to be read.
    fn member(&mut self, entry: &ArchiveEntry, data: &mut dyn Read) -> bool {
        if entry.is_directory || entry.size == 0 {
            return true;
        }
        let most = archive::most_held(self.asset, self.context);
        if entry.size > most && entry.size / self.packed.max(1) > self.context.limits.ratio {
            self.find(archive::bomb(self.asset, self.packed, entry.size), &entry.name);
            self.inspection
                .coverage
                .miss(format!("member {} and those packed with it were not unpacked", entry.name));
            return false;
        }
        let mut sink = Sink::new(most);
        // A wrong checksum becomes an error of the very read that completes the member. Leaving its last byte to a
        // read of its own keeps all the others.
        let mut end = sink.fill((&mut *data).take(entry.size.saturating_sub(1)), self.context);
        let mut is_last_byte = false;
        if end == End::Complete {
            end = sink.fill(&mut *data, self.context);
            is_last_byte = true;
        }
        let bytes = sink.into_bytes();
        let unpacked = bytes.len() as u64;
        let name = bartizan_core::printable(&entry.name);
        match end {
            End::Complete if archive::is_bomb(&bytes, self.packed, unpacked, self.context) => {
                self.find(archive::bomb(self.asset, self.packed, unpacked), &entry.name);
            }
            End::Complete => {}
            End::TooLarge => {
                self.inspection
                    .coverage
                    .miss(format!("member {name} unpacks to more than may be held in memory"));
                return self.skip(data);
            }
            End::Broken(why) => {
                self.inspection.coverage.miss(format!("member {name} is damaged: {why}"));
                if is_last_byte && entry.has_crc && unpacked.saturating_add(1) >= entry.size {
                    let finding =
                        Finding::new(&WRONG_CRC, self.asset, "a member's checksum does not fit its data");
                    self.find(finding, &entry.name);
                }
            }
            End::Limit(limit) => {
                self.inspection.coverage.miss(format!("member {name} was not read: {limit}"));
                self.find(archive::limit_finding(self.asset, limit), &entry.name);
                self.stopped = true;
                return false;
            }
        }
        self.hand_on(entry, Content::from_bytes(bytes))
    }

    /// Decodes what cannot be held, to reach the members behind it.
    fn skip(&mut self, data: &mut dyn Read) -> bool {
        match Sink::new(0).discard(data, self.context) {
            End::Complete => true,
            _ => {
                self.inspection.coverage.miss("the members packed with one that is too large were not read");
                false
            }
        }
    }

    fn hand_on(&mut self, entry: &ArchiveEntry, content: Content) -> bool {
        /// 7-Zip on Unix puts the mode into the upper half and marks it with this bit.
        const UNIX: u32 = 0x8000;
        const FORMAT: u32 = 0o170_000;
        let attributes = entry.windows_attributes;
        if entry.has_windows_attributes && attributes & UNIX != 0 {
            match (attributes >> 16) & FORMAT {
                0o120_000 => {
                    let target = content.head(4096).unwrap_or_default();
                    let target = String::from_utf8_lossy(&target).into_owned();
                    let names = (entry.name.as_str(), target.as_str());
                    archive::check_link(&mut self.inspection, &mut self.tally, self.asset, names, 0);
                }
                0o010_000 | 0o020_000 | 0o060_000 | 0o140_000 => {
                    let message = "the archive holds a device, pipe or socket";
                    let finding = Finding::new(&archive::rules::SPECIAL_MEMBER, self.asset, message);
                    self.find(finding, &entry.name);
                }
                _ => {}
            }
        }
        let count = self.names.entry(entry.name.clone()).or_default();
        *count += 1;
        let mut path = entry.name.clone();
        if *count > 1 {
            path = format!("{path}#{count}");
            let message = "two members have the same name; loaders disagree about which of them counts";
            self.find(Finding::new(&archive::rules::DUPLICATE_MEMBER, self.asset, message), &entry.name);
        }
        if content.is_empty() {
            return true;
        }
        let child = self.asset.child(&path, content);
        let goes_on = archive::emit(&mut self.inspection, &mut self.tally, self.asset, self.context, child);
        self.stopped |= !goes_on;
        goes_on
    }

    fn find(&mut self, finding: Finding, member: &str) {
        self.tally.find(&mut self.inspection, finding.evidence("member", member));
    }

    fn miss(&mut self, what: &str, error: &Error) {
        let why = match error {
            Error::PasswordRequired | Error::MaybeBadPassword(_) => "it is encrypted".to_owned(),
            Error::UnsupportedCompressionMethod(method) if method.contains("AES") => {
                "it is encrypted".to_owned()
            }
            Error::MaxMemLimited { .. } => "it needs more memory than allowed".to_owned(),
            other => archive::plain(other),
        };
        self.inspection.coverage.miss(format!("{what} was not read: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use sevenz_rust2::ArchiveWriter;

    use super::*;
    use crate::testing::{Outcome, describe, inspect};

    const PICKLE: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00echo\x85R.";

    fn sevenz(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
        for (name, data) in members {
            writer.push_archive_entry(ArchiveEntry::new_file(name), Some(*data)).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn names(outcome: &Outcome) -> Vec<&str> {
        outcome.children.iter().map(|child| child.path.as_str()).collect()
    }

    #[test]
    fn members_are_handed_on() {
        let outcome = inspect(&SevenZ, "a.bin", sevenz(&[("a.txt", b"hello"), ("b/c.odd", PICKLE)]));
        assert_eq!(outcome.claim, Claim::Certain);
        assert_eq!(outcome.rules(), [""; 0]);
        assert!(outcome.inspection.coverage.is_complete(), "{:?}", outcome.inspection.coverage);
        assert_eq!(names(&outcome), ["a.bin!a.txt", "a.bin!b/c.odd"]);
        assert_eq!(outcome.children[1].content.whole(100).unwrap().as_ref(), PICKLE);
    }

    #[test]
    fn names_that_leave_the_folder_are_high() {
        let outcome = inspect(&SevenZ, "a.7z", sevenz(&[("../x", b"x")]));
        assert_eq!(
            (outcome.rules(), outcome.worst()),
            (vec!["archive/path-traversal"], Some(Severity::High))
        );
    }

    #[test]
    fn bombs_are_found() {
        let outcome = inspect(&SevenZ, "a.7z", sevenz(&[("x", &vec![0; 16 << 20])]));
        assert_eq!(outcome.rules(), ["archive/decompression-bomb"]);
    }

    #[test]
    fn a_truncated_archive_is_incomplete() {
        let archive = sevenz(&[("a", PICKLE)]);
        let outcome = inspect(&SevenZ, "a.7z", archive[..archive.len() - 4].to_vec());
        assert!(!outcome.inspection.coverage.is_complete());
        assert!(outcome.worst().is_none());
    }

    #[test]
    fn damaged_data_is_incomplete_and_read_as_far_as_it_goes() {
        use sevenz_rust2::EncoderMethod;
        let mut writer = ArchiveWriter::new(Cursor::new(Vec::new())).unwrap();
        writer.set_content_methods(vec![EncoderMethod::COPY.into()]);
        writer.push_archive_entry(ArchiveEntry::new_file("a.pkl"), Some(PICKLE)).unwrap();
        let mut archive = writer.finish().unwrap().into_inner();
        let at = memchr::memmem::find(&archive, b"echo").unwrap();
        archive[at] = b'E';
        let outcome = inspect(&SevenZ, "a.7z", archive);
        assert_eq!(outcome.rules(), ["7z/wrong-crc"]);
        assert!(outcome.children[0].content.len() + 1 >= PICKLE.len() as u64);
    }

    #[test]
    fn the_description_lists_the_members() {
        let description = describe(&SevenZ, "a.7z", sevenz(&[("a", b"hello")]));
        assert_eq!(description.sections[0].rows.len(), 1);
    }

    proptest! {
        #[test]
        fn damaged_archives_never_panic(cut in 0usize..200, flips in proptest::collection::vec((0usize..400, any::<u8>()), 0..6)) {
            let mut archive = sevenz(&[("a", b"hello"), ("b", PICKLE)]);
            for (at, value) in flips {
                let at = at % archive.len();
                archive[at] ^= value;
            }
            archive.truncate(archive.len() - cut % archive.len());
            inspect(&SevenZ, "a.7z", archive);
        }
    }
}
