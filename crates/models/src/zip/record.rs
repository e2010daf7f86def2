//! The records of a ZIP file: APPNOTE.TXT 6.3.10, section 4.3.

use bartizan_core::{Content, Cursor, Truncated};
use bytes::Bytes;

/// 4.3.7 local file header.
pub(super) const LOCAL: &[u8; 4] = b"PK\x03\x04";
/// 4.3.12 central directory file header.
pub(super) const CENTRAL: &[u8; 4] = b"PK\x01\x02";
/// 4.3.16 end of central directory record.
pub(super) const END: &[u8; 4] = b"PK\x05\x06";
/// 4.3.14 zip64 end of central directory record.
pub(super) const END64: &[u8; 4] = b"PK\x06\x06";
/// 4.3.15 zip64 end of central directory locator.
pub(super) const LOCATOR64: &[u8; 4] = b"PK\x06\x07";
/// 4.3.9 data descriptor; at offset zero the mark of a split archive (8.5.3).
pub(super) const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";
/// 8.5.4 the mark of a split archive that turned out to need one part only.
pub(super) const TEMPORARY_SPAN: &[u8; 4] = b"PK00";

/// Bit 0: encrypted.
pub(super) const ENCRYPTED: u16 = 1;
/// Bit 3: CRC and sizes follow the data.
pub(super) const DESCRIBED_AFTER: u16 = 1 << 3;
/// Bits that say that ordinary decompression cannot work: 0 encrypted, 5 patch data, 6 strong encryption,
/// 13 masked headers. Python's zipfile refuses such members, torch's reader ignores the bits.
pub(super) const UNREADABLE: u16 = ENCRYPTED | 1 << 5 | 1 << 6 | 1 << 13;

/// What both kinds of header say of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) name: Bytes,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
}

impl Claims {
    /// The name as text; bytes that are no UTF-8 are replaced.
    pub(super) fn name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

/// A central directory entry.
#[derive(Clone, Debug)]
pub(super) struct Central {
    /// Where the entry is.
    pub(super) at: u64,
    pub(super) claims: Claims,
    /// Where its local header is, from the start of the file.
    pub(super) local: u64,
    /// Unix mode, when the archive was made on Unix.
    pub(super) mode: Option<u32>,
}

/// A local header.
#[derive(Clone, Debug)]
pub(super) struct Local {
    /// Where the header is.
    pub(super) at: u64,
    pub(super) claims: Claims,
    /// Where its data begins.
    pub(super) data: u64,
    /// How long the data is: as claimed, as the central directory claims, or as found.
    pub(super) length: u64,
}

impl Local {
    /// Does the header leave CRC and sizes to a descriptor after the data?
    pub(super) fn is_described_after(&self) -> bool {
        self.claims.flags & DESCRIBED_AFTER != 0
    }
}

/// Parses the central entry at the cursor, which stands at `at` in the file. `shift` is the length of what was put
/// before the archive without correcting its offsets.
pub(super) fn central(cursor: &mut Cursor<'_>, at: u64, shift: u64) -> Result<Central, Truncated> {
    cursor.take(4)?;
    let [_, host] = cursor.array::<2>()?;
    let _needed = cursor.u16_le()?;
    let (flags, method) = (cursor.u16_le()?, cursor.u16_le()?);
    let _time = cursor.u32_le()?;
    let (crc, compressed, size) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u32_le()?);
    let (name, extra, comment) = (cursor.u16_le()?, cursor.u16_le()?, cursor.u16_le()?);
    let (_disk, _internal) = (cursor.u16_le()?, cursor.u16_le()?);
    let external = cursor.u32_le()?;
    let local = cursor.u32_le()?;
    let name = Bytes::copy_from_slice(cursor.take(name.into())?);
    let extra = cursor.take(extra.into())?;
    cursor.take(comment.into())?;
    let [size, compressed, local] = widened(extra, [size, compressed, local]);
    // 4.4.2.2: host 3 is Unix, 19 is macOS; both keep the mode in the upper half.
    let mode = matches!(host, 3 | 19).then_some(external >> 16).filter(|mode| *mode != 0);
    let claims = Claims { name, flags, method, crc, compressed, size };
    Ok(Central { at, claims, local: local.saturating_add(shift), mode })
}

/// Reads and parses the local header at `at`; `None` when there is none.
pub(super) fn local(content: &Content, at: u64) -> Option<Local> {
    const FIXED: u64 = 30;
    let mut fixed = [0; FIXED as usize];
    if content.read_at(at, &mut fixed).ok()? != fixed.len() {
        return None;
    }
    let mut cursor = Cursor::new(&fixed);
    if cursor.take(4).ok()? != LOCAL {
        return None;
    }
    let fields = |cursor: &mut Cursor<'_>| -> Result<_, Truncated> {
        let _needed = cursor.u16_le()?;
        let (flags, method) = (cursor.u16_le()?, cursor.u16_le()?);
        let _time = cursor.u32_le()?;
        let (crc, compressed, size) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u32_le()?);
        Ok((flags, method, crc, compressed, size, cursor.u16_le()?, cursor.u16_le()?))
    };
    let (flags, method, crc, compressed, size, name, extra) = fields(&mut cursor).ok()?;
    let variable = content.read(at.checked_add(FIXED)?, u64::from(name) + u64::from(extra), 1 << 17).ok()?;
    let extra_bytes = variable.get(usize::from(name)..)?;
    let [size, compressed, _] = widened(extra_bytes, [size, compressed, 0]);
    Some(Local {
        at,
        claims: Claims { name: variable.slice(..usize::from(name)), flags, method, crc, compressed, size },
        data: at + FIXED + u64::from(name) + u64::from(extra),
        length: compressed,
    })
}

/// 4.5.3: values of 0xffffffff are found in the zip64 extra field, in a fixed order, only those that are needed.
fn widened(extra: &[u8], narrow: [u32; 3]) -> [u64; 3] {
    let mut wide = narrow.map(u64::from);
    if !narrow.contains(&u32::MAX) {
        return wide;
    }
    let mut cursor = Cursor::new(extra);
    while let (Ok(id), Ok(len)) = (cursor.u16_le(), cursor.u16_le()) {
        let Ok(field) = cursor.take(len.into()) else { break };
        if id == 1 {
            let mut field = Cursor::new(field);
            for (value, short) in wide.iter_mut().zip(narrow) {
                if short == u32::MAX {
                    let Ok(long) = field.u64_le() else { break };
                    *value = long;
                }
            }
            break;
        }
    }
    wide
}
