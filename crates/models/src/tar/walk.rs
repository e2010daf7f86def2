//! From header to header.

use bartizan_core::{Content, Context, Coverage};
use bytes::Bytes;

use super::header::{BLOCK, Header, Pax, text};

/// The longest name or pax header that is read.
const LONGEST: u64 = 1 << 20;
/// How many bytes behind the end mark are searched for further members.
const SEARCHED: u64 = 64 << 20;

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) at: u64,
    pub(super) name: String,
    pub(super) link: String,
    pub(super) type_flag: u8,
    pub(super) data: u64,
    pub(super) size: u64,
    /// The header's size, when a pax header contradicts it.
    pub(super) other_size: Option<u64>,
}

impl Member {
    /// Is it extracted as a regular file? Types that a reader does not know count as such.
    pub(super) fn is_file(&self) -> bool {
        !matches!(self.type_flag, b'1'..=b'6' | b'D' | b'V' | b'M')
    }
}

/// What the walk met.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) members: Vec<Member>,
    /// Where members go on behind the end mark.
    pub(super) resumed: Option<u64>,
    /// Where other bytes lie behind the end mark.
    pub(super) extra: Option<u64>,
    pub(super) coverage: Coverage,
}

/// What applies to the next member.
#[derive(Debug, Default)]
struct Overrides {
    name: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    is_sparse: bool,
}

/// Walks the whole archive.
pub(super) fn walk(content: &Content, context: &Context<'_>) -> Walk {
    let mut walk = Walk::default();
    let mut next = Overrides::default();
    let mut global = Overrides::default();
    let mut at = 0;
    loop {
        if context.interrupted() {
            walk.coverage.miss_at(at, "the time allowed for one input ran out");
            break;
        }
        let block = block(content, at);
        if block.len() as u64 != BLOCK {
            if !block.iter().all(|byte| *byte == 0) {
                walk.coverage.miss_at(at, "the archive ends within a header");
            }
            break;
        }
        if block.iter().all(|byte| *byte == 0) {
            match behind_end(content, at, context) {
                Behind::Nothing => break,
                Behind::Member(found) => {
                    walk.resumed.get_or_insert(found);
                    at = found;
                    continue;
                }
                Behind::Other(found) => {
                    walk.extra = Some(found);
                    break;
                }
            }
        }
        let Some(header) = Header::parse(&block) else {
            walk.coverage.miss_at(at, "a header is damaged; the members from here on were not read");
            break;
        };
        if walk.members.len() as u64 >= context.limits.members {
            walk.coverage.miss_at(at, "more members than the limit allows");
            break;
        }
        at = walk.take(content, at, header, &mut next, &mut global);
    }
    walk
}

impl Walk {
    /// Takes the header at `at`; returns where the next one is.
    fn take(
        &mut self,
        content: &Content,
        at: u64,
        header: Header,
        next: &mut Overrides,
        global: &mut Overrides,
    ) -> u64 {
        let mut data = at.saturating_add(BLOCK);
        match header.type_flag {
            b'L' | b'K' | b'x' | b'X' | b'g' => {
                let body = content.read(data, header.size, LONGEST);
                match body {
                    Ok(body) => self.apply(at, header.type_flag, &body, next, global),
                    Err(error) => {
                        self.coverage.miss_at(at, format!("an extended header was not read: {error}"))
                    }
                }
                return after(data, header.size);
            }
            b'S' => {
                self.coverage.miss_at(at, "a sparse member was read without its holes");
                let mut more = header.is_extended;
                while more {
                    // Each further block of the map tells in its byte 504 whether another follows.
                    more = block(content, data).get(504).is_some_and(|flag| *flag != 0);
                    data = data.saturating_add(BLOCK);
                }
            }
            _ => {}
        }
        let overrides = std::mem::take(next);
        if overrides.is_sparse {
            self.coverage.miss_at(at, "a sparse member was read without its holes");
        }
        let claimed = overrides.size.or(global.size);
        let size = if header.has_data() { claimed.unwrap_or(header.size) } else { 0 };
        // Eleven octal digits reach to eight gigabytes; only beyond does the header have to leave the size to pax.
        let representable = size < 1 << 33;
        let other_size = (size != header.size && header.has_data() && representable).then_some(header.size);
        self.members.push(Member {
            at,
            name: overrides.name.or_else(|| global.name.clone()).unwrap_or(header.name),
            link: overrides.link.or_else(|| global.link.clone()).unwrap_or(header.link),
            type_flag: header.type_flag,
            data,
            size,
            other_size,
        });
        after(data, size)
    }

    fn apply(&mut self, at: u64, type_flag: u8, body: &Bytes, next: &mut Overrides, global: &mut Overrides) {
        match type_flag {
            b'L' => next.name = Some(text(body)),
            b'K' => next.link = Some(text(body)),
            _ => {
                let (pax, is_well_formed) = Pax::parse(body);
                if !is_well_formed {
                    self.coverage.miss_at(at, "a pax header is malformed");
                }
                let target = if type_flag == b'g' { global } else { next };
                target.name = pax.path.or(target.name.take());
                target.link = pax.link.or(target.link.take());
                target.size = pax.size.or(target.size);
                target.is_sparse |= pax.is_sparse;
            }
        }
    }
}

fn block(content: &Content, at: u64) -> Bytes {
    let left = content.len().saturating_sub(at).min(BLOCK);
    content.read(at, left, BLOCK).unwrap_or_default()
}

/// Data is padded to whole blocks.
fn after(data: u64, size: u64) -> u64 {
    data.saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK))
}

enum Behind {
    Nothing,
    Member(u64),
    Other(u64),
}

/// What follows the zeros that begin at `at`.
fn behind_end(content: &Content, at: u64, context: &Context<'_>) -> Behind {
    const STEP: u64 = 64 * 1024;
    let stop = content.len().min(at.saturating_add(SEARCHED));
    let mut from = at;
    while from < stop && !context.interrupted() {
        let Ok(bytes) = content.read(from, STEP.min(stop - from), STEP) else { break };
        if let Some(found) = bytes.iter().position(|byte| *byte != 0) {
            // `at` is a multiple of a block from the start, and so is every step.
            let place = from + found as u64 / BLOCK * BLOCK;
            return match Header::parse(&block(content, place)) {
                Some(_) => Behind::Member(place),
                None => Behind::Other(place),
            };
        }
        from += STEP;
    }
    Behind::Nothing
}
