//! The view from the front: local headers one after the other, as a streaming reader meets them.

use std::collections::BTreeMap;

use bartizan_core::{Content, Context, Cursor};
use memchr::memmem;

use super::record::{self, CENTRAL, DESCRIPTOR, END, END64, LOCAL, LOCATOR64, Local, TEMPORARY_SPAN};

/// How many bytes are searched for lost signatures in one archive.
const MOST_SEARCHED: u64 = 256 << 20;
/// How many bytes one step of that search reads.
const STEP: u64 = 256 << 10;
/// How many stretches that belong to no record are listed.
const MOST_GAPS: usize = 64;

/// What the walk met.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Local headers in file order.
    pub(super) locals: Vec<Local>,
    /// End records, by offset.
    pub(super) ends: Vec<u64>,
    /// Stretches of bytes that belong to no record: offset and length.
    pub(super) gaps: Vec<(u64, u64)>,
    /// Does the file begin with the mark of a split archive?
    pub(super) spanned: bool,
    /// Why the walk stopped before the end, if it did.
    pub(super) stopped: Option<(u64, &'static str)>,
}

/// Where the central directories rightly say that headers are, and how long they say the data is.
pub(super) type Hints = BTreeMap<u64, u64>;

/// Walks `content` from its first byte. `skip` holds the known central directories, from and to.
pub(super) fn walk(content: &Content, hints: &Hints, skip: &[(u64, u64)], context: &Context<'_>) -> Walk {
    let mut walker = Walker { content, hints, context, searched: 0, walk: Walk::default() };
    let mut at = walker.skip_span_mark();
    let mut steps = 0u64;
    while at < content.len() {
        steps += 1;
        if steps.is_multiple_of(1024) && context.interrupted() {
            walker.walk.stopped = Some((at, "the time allowed for one input ran out"));
            break;
        }
        if walker.walk.stopped.is_some() {
            break;
        }
        if let Some((_, to)) = skip.iter().find(|(from, to)| *from == at && *to > at) {
            at = *to;
            continue;
        }
        at = match walker.record(at) {
            Some(next) if next > at => next,
            _ => match walker.resume(at) {
                Some(next) => next,
                None => break,
            },
        };
    }
    walker.walk
}

struct Walker<'a> {
    content: &'a Content,
    hints: &'a Hints,
    context: &'a Context<'a>,
    searched: u64,
    walk: Walk,
}

impl Walker<'_> {
    fn skip_span_mark(&mut self) -> u64 {
        let head = self.content.head(8).unwrap_or_default();
        let is_mark = |mark: &[u8; 4]| head.starts_with(mark) && head.get(4..8) == Some(LOCAL);
        self.walk.spanned = is_mark(DESCRIPTOR);
        if self.walk.spanned || is_mark(TEMPORARY_SPAN) { 4 } else { 0 }
    }

    /// Reads the record at `at` and says where it ends; `None` when there is none.
    fn record(&mut self, at: u64) -> Option<u64> {
        let bytes = self.bytes(at, 46);
        let mut cursor = Cursor::new(&bytes);
        match &cursor.array::<4>().ok()? {
            LOCAL => self.local(at),
            CENTRAL => {
                cursor.seek(28);
                let (name, extra, comment) =
                    (cursor.u16_le().ok()?, cursor.u16_le().ok()?, cursor.u16_le().ok()?);
                at.checked_add(46 + u64::from(name) + u64::from(extra) + u64::from(comment))
            }
            END => {
                self.walk.ends.push(at);
                cursor.seek(20);
                at.checked_add(22 + u64::from(cursor.u16_le().ok()?))
            }
            END64 => at.checked_add(12)?.checked_add(cursor.u64_le().ok()?),
            LOCATOR64 => at.checked_add(20),
            _ => None,
        }
    }

    fn local(&mut self, at: u64) -> Option<u64> {
        if self.walk.locals.len() as u64 >= self.context.limits.members {
            self.walk.stopped = Some((at, "more members than the limit allows"));
            return None;
        }
        let mut local = record::local(self.content, at)?;
        let hint = self.hints.get(&at).copied();
        let claims_nothing = local.is_described_after() && local.claims.compressed == 0;
        let next = if claims_nothing {
            match hint {
                Some(length) => local.length = length,
                None => local.length = self.find_data_end(local.data)?.saturating_sub(local.data),
            }
            self.skip_descriptor(local.data.checked_add(local.length)?, local.length)
        } else if local.is_described_after() {
            self.skip_descriptor(local.data.checked_add(local.length)?, local.length)
        } else {
            local.data.checked_add(local.length)?
        };
        let next = next.max(local.data);
        self.walk.locals.push(local);
        Some(next)
    }

    /// Where the data ends whose length nobody tells: at its descriptor, or at the next record.
    fn find_data_end(&mut self, from: u64) -> Option<u64> {
        self.search(from, &[DESCRIPTOR, LOCAL, CENTRAL, END]).or(Some(self.content.len()))
    }

    /// 4.3.9: the descriptor has an optional signature, a CRC and two sizes of four or eight bytes.
    fn skip_descriptor(&self, at: u64, length: u64) -> u64 {
        let bytes = self.bytes(at, 28);
        let signed = bytes.starts_with(DESCRIPTOR);
        let body = if signed { 4usize } else { 0 };
        let narrow = length as u32;
        let says = |from: usize, value: &[u8]| bytes.get(from..from + value.len()) == Some(value);
        let at_record = |from: usize| bytes.get(from..from + 2) == Some(b"PK");
        let wide_ends = body + 20;
        let narrow_ends = body + 12;
        // Eight-byte sizes first: their low half alone would look like the four-byte form.
        let skipped = if says(body + 4, &length.to_le_bytes())
            && (signed || at_record(wide_ends))
            && !at_record(narrow_ends)
        {
            wide_ends
        } else if says(body + 4, &narrow.to_le_bytes()) && (signed || at_record(narrow_ends)) {
            narrow_ends
        } else {
            0
        };
        at.saturating_add(skipped as u64)
    }

    /// Finds the next record after bytes that are none, and notes the gap.
    fn resume(&mut self, at: u64) -> Option<u64> {
        let next = self.search(at.saturating_add(1), &[LOCAL, CENTRAL, END, END64]);
        let end = next.unwrap_or(self.content.len());
        if self.walk.gaps.len() < MOST_GAPS {
            self.walk.gaps.push((at, end.saturating_sub(at)));
        }
        next
    }

    /// The next place from `from` on where one of the signatures stands and makes sense; at the latest the next
    /// header that a central directory knows of.
    fn search(&mut self, from: u64, signatures: &[&[u8; 4]]) -> Option<u64> {
        let known = self.hints.range(from..).next().map(|(at, _)| *at);
        let stop = known.unwrap_or(self.content.len());
        let mut at = from;
        while at < stop {
            if self.searched >= MOST_SEARCHED || self.context.interrupted() {
                self.walk.stopped = Some((at, "too many bytes between the records to search them all"));
                return known;
            }
            let length = STEP.min(stop.saturating_add(3).min(self.content.len()).saturating_sub(at));
            let Ok(bytes) = self.content.read(at, length, STEP) else { return known };
            self.searched += length;
            for found in memmem::find_iter(&bytes, b"PK") {
                let signature = bytes.get(found..found + 4);
                let place = at + found as u64;
                if signatures.iter().any(|wanted| signature == Some(wanted.as_slice()))
                    && self.is_plausible(place)
                {
                    return Some(place);
                }
            }
            if length < STEP {
                break;
            }
            // Signatures may lie across two steps.
            at += length - 3;
        }
        known
    }

    /// Do the fields behind a signature make sense? Programs that handle ZIP files hold the signatures too.
    fn is_plausible(&self, at: u64) -> bool {
        let bytes = self.bytes(at, 46);
        if bytes.starts_with(LOCAL) {
            return record::local(self.content, at).is_some_and(|local| {
                is_name(&local.claims.name)
                    && matches!(local.claims.method, 0..=20 | 93..=99)
                    && (local.is_described_after()
                        || local.data.saturating_add(local.claims.compressed) <= self.content.len())
            });
        }
        let mut cursor = Cursor::new(&bytes);
        if bytes.starts_with(END) {
            cursor.seek(12);
            let (size, offset) = (cursor.u32_le(), cursor.u32_le());
            return size.is_ok_and(|size| size == u32::MAX || u64::from(size) <= at)
                && offset.is_ok_and(|offset| offset == u32::MAX || u64::from(offset) <= at);
        }
        if bytes.starts_with(CENTRAL) {
            cursor.seek(28);
            let length = cursor.u16_le().unwrap_or_default();
            let name = self.bytes(at.saturating_add(46), length.into());
            return is_name(&name);
        }
        true
    }

    fn bytes(&self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let filled = self.content.read_at(at, &mut bytes).unwrap_or(0);
        bytes.truncate(filled);
        bytes
    }
}

/// Could this be a member's name?
fn is_name(name: &[u8]) -> bool {
    (1..=1024).contains(&name.len()) && !name.iter().any(|byte| *byte < 0x20 || *byte == 0x7f)
}
