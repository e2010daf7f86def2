//! The view from the end: every end record that leads to a central directory.

use bartizan_core::{Content, Cursor, Limits, Probe};
use memchr::memmem;

use super::record::{self, CENTRAL, Central, END, END64, LOCATOR64};

/// Length of an end record without its comment.
const END_LENGTH: u64 = 22;
/// Length of a zip64 end record without its extensible data.
const END64_LENGTH: u64 = 56;
/// Length of a zip64 locator.
const LOCATOR_LENGTH: u64 = 20;
/// How many end records are looked at. Honest files have one, or a few in stored members.
const MOST_ENDS: usize = 64;

/// A central directory and the end record that led to it.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    /// Where its first entry is.
    pub(super) start: u64,
    /// Where its last entry ends.
    pub(super) stop: u64,
    /// Where the end record is.
    pub(super) end: u64,
    /// Where the end record's comment ends.
    pub(super) tail: u64,
    /// How many bytes were put before the archive without correcting its offsets.
    pub(super) shift: u64,
    /// How many entries the end record announces.
    pub(super) announced: u64,
    /// Does the zip64 end record contradict the short one?
    pub(super) contradicts: bool,
    /// The entries.
    pub(super) entries: Vec<Central>,
    /// Are there more entries than the limit allowed to read, or broken ones?
    pub(super) unread: Option<&'static str>,
}

/// What an end record says.
struct End {
    entries: u64,
    size: u64,
    offset: u64,
}

/// Is there, near the end, an end record that leads to a real central directory? True for an exact end when the
/// record and its comment end the file.
pub(super) fn leads_somewhere(probe: &Probe<'_>) -> Option<bool> {
    let tail = probe.tail();
    let base = probe.len().saturating_sub(tail.len() as u64);
    memmem::rfind_iter(tail, END).take(MOST_ENDS).find_map(|at| {
        let at = base + at as u64;
        let (end, tail, _) = read_end(probe.content(), at)?;
        starts(probe.content(), at, &end).first()?;
        // An empty archive has no entries to prove it: only an exact one counts.
        (end.entries > 0 || tail == probe.len()).then_some(tail == probe.len())
    })
}

/// Every central directory that an end record in the last 64 KiB leads to, the one that loaders use first.
pub(super) fn directories(content: &Content, limits: &Limits) -> Vec<Directory> {
    let mut found: Vec<Directory> = Vec::new();
    let reach = content.len().min(Probe::TAIL);
    let base = content.len() - reach;
    let Ok(tail) = content.read(base, reach, Probe::TAIL) else { return found };
    for at in memmem::rfind_iter(&tail, END).take(MOST_ENDS) {
        let at = base + at as u64;
        for directory in directories_of(content, at, limits) {
            // Only loaders' candidates within other members' data remain, and those are the members' own affair.
            let inside_member = found.iter().any(|known| known.covers(content, at));
            if !inside_member && !found.iter().any(|known| known.start == directory.start) {
                found.push(directory);
            }
        }
    }
    found
}

/// The directories that the end record at `at` leads to: two when its offset and its position disagree.
pub(super) fn directories_of(content: &Content, at: u64, limits: &Limits) -> Vec<Directory> {
    let Some((end, tail, contradicts)) = read_end(content, at) else { return Vec::new() };
    starts(content, at, &end)
        .into_iter()
        .map(|start| {
            let shift = start.saturating_sub(end.offset);
            let mut directory = Directory {
                start,
                stop: start,
                end: at,
                tail,
                shift,
                announced: end.entries,
                contradicts,
                entries: Vec::new(),
                unread: None,
            };
            read_entries(content, &mut directory, limits);
            directory
        })
        .collect()
}

impl Directory {
    /// Does a position lie within the data of one of the members?
    pub(super) fn covers(&self, content: &Content, at: u64) -> bool {
        let before = self.entries.iter().filter(|entry| entry.local < at);
        let Some(entry) = before.max_by_key(|entry| entry.local) else { return false };
        // Writers that align their data pad the local header, so only that tells where the data begins.
        record::local(content, entry.local).is_some_and(|local| {
            (local.data..local.data.saturating_add(entry.claims.compressed)).contains(&at)
        })
    }
}

/// The end record at `at`, where its comment ends, and whether its zip64 companion contradicts it.
fn read_end(content: &Content, at: u64) -> Option<(End, u64, bool)> {
    let bytes = content.read(at, END_LENGTH, END_LENGTH).ok()?;
    let mut cursor = Cursor::new(&bytes);
    cursor.take(8).ok()?;
    let (_here, entries) = (cursor.u16_le().ok()?, cursor.u16_le().ok()?);
    let (size, offset) = (cursor.u32_le().ok()?, cursor.u32_le().ok()?);
    let comment = cursor.u16_le().ok()?;
    let tail = (at + END_LENGTH + u64::from(comment)).min(content.len());
    let short = End { entries: entries.into(), size: size.into(), offset: offset.into() };
    let Some(long) = read_end64(content, at) else { return Some((short, tail, false)) };
    let contradicts = (entries != u16::MAX && long.entries != short.entries)
        || (size != u32::MAX && long.size != short.size)
        || (offset != u32::MAX && long.offset != short.offset);
    Some((long, tail, contradicts))
}

/// The zip64 end record that belongs to the end record at `at`: where the locator says, or right before the locator.
fn read_end64(content: &Content, at: u64) -> Option<End> {
    let locator_at = at.checked_sub(LOCATOR_LENGTH)?;
    let locator = content.read(locator_at, LOCATOR_LENGTH, LOCATOR_LENGTH).ok()?;
    let mut cursor = Cursor::new(&locator);
    if cursor.take(4).ok()? != LOCATOR64 {
        return None;
    }
    cursor.take(4).ok()?;
    let claimed = cursor.u64_le().ok()?;
    [Some(claimed), locator_at.checked_sub(END64_LENGTH)].into_iter().flatten().find_map(|at| {
        let bytes = content.read(at, END64_LENGTH, END64_LENGTH).ok()?;
        let mut cursor = Cursor::new(&bytes);
        if cursor.take(4).ok()? != END64 {
            return None;
        }
        cursor.take(28).ok()?;
        Some(End {
            entries: cursor.u64_le().ok()?,
            size: cursor.u64_le().ok()?,
            offset: cursor.u64_le().ok()?,
        })
    })
}

/// Where the directory may begin: where the record says (torch's reader), and as far before the record as it is
/// long (Python's zipfile, which so tolerates data before the archive). Only places that hold an entry count.
fn starts(content: &Content, at: u64, end: &End) -> Vec<u64> {
    let before = |from: u64| from.checked_sub(end.size);
    let is_zip64 = content
        .read(at.saturating_sub(LOCATOR_LENGTH), 4, 4)
        .is_ok_and(|signature| signature.as_ref() == LOCATOR64);
    let by_position =
        if is_zip64 { before(at.saturating_sub(LOCATOR_LENGTH + END64_LENGTH)) } else { before(at) };
    let mut starts = Vec::new();
    for start in [by_position, Some(end.offset)].into_iter().flatten() {
        let holds_entry = content.read(start, 4, 4).is_ok_and(|signature| signature.as_ref() == CENTRAL);
        let is_empty = end.entries == 0 && end.size == 0 && start <= at;
        if (holds_entry || is_empty) && start <= at && !starts.contains(&start) {
            starts.push(start);
        }
        if is_empty {
            break;
        }
    }
    starts
}

/// Reads entries for as long as there are any, whatever the end record announces.
fn read_entries(content: &Content, directory: &mut Directory, limits: &Limits) {
    let length = directory.end.saturating_sub(directory.start);
    let Ok(bytes) = content.read(directory.start, length.min(limits.held), limits.held) else {
        directory.unread = Some("the central directory could not be read");
        return;
    };
    let mut cursor = Cursor::new(&bytes);
    while cursor.rest().starts_with(CENTRAL) {
        if directory.entries.len() as u64 >= limits.members {
            directory.unread = Some("more members than the limit allows");
            break;
        }
        let at = directory.start.saturating_add(cursor.position() as u64);
        match record::central(&mut cursor, at, directory.shift) {
            Ok(entry) => directory.entries.push(entry),
            Err(_) => {
                directory.unread = Some("the central directory is truncated");
                break;
            }
        }
    }
    directory.stop = directory.start.saturating_add(cursor.position() as u64);
}
