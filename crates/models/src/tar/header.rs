//! The records of a tar archive: POSIX.1-2001 `pax` interchange format, and GNU's extensions.

/// Length of a record.
pub(super) const BLOCK: u64 = 512;

/// What a header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) size: u64,
    pub(super) type_flag: u8,
    /// GNU sparse: do further blocks of the map follow?
    pub(super) is_extended: bool,
    /// Is the magic number there, or is it of the seventh edition, which had none?
    pub(super) has_magic: bool,
}

impl Header {
    /// Parses a block; `None` unless its checksum is right.
    pub(super) fn parse(block: &[u8]) -> Option<Self> {
        let block: &[u8; BLOCK as usize] = block.try_into().ok()?;
        let checksum = number(block.get(148..156)?)?;
        // The checksum counts its own field as blanks; some old writers added signed bytes.
        let unsigned: u64 = sum(block, i64::from).try_into().ok()?;
        let signed = sum(block, |byte| i64::from(byte as i8));
        if checksum != unsigned && i64::try_from(checksum) != Ok(signed) {
            return None;
        }
        let has_magic = block.get(257..262)? == b"ustar";
        let is_posix = block.get(257..263)? == b"ustar\0";
        let mut name = text(block.get(..100)?);
        if is_posix {
            let prefix = text(block.get(345..500)?);
            if !prefix.is_empty() {
                name = format!("{prefix}/{name}");
            }
        }
        Some(Self {
            name,
            link: text(block.get(157..257)?),
            size: number(block.get(124..136)?)?,
            type_flag: *block.get(156)?,
            is_extended: block.get(482).is_some_and(|flag| *flag != 0),
            has_magic,
        })
    }

    /// Does data follow the header? Links and devices have none, whatever their size says.
    pub(super) fn has_data(&self) -> bool {
        !matches!(self.type_flag, b'1'..=b'6')
    }
}

fn sum(block: &[u8; BLOCK as usize], value: impl Fn(u8) -> i64) -> i64 {
    block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { value(*byte) }).sum()
}

/// Bytes up to the first zero.
pub(super) fn text(field: &[u8]) -> String {
    let end = memchr::memchr(0, field).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

/// Octal digits, or GNU's base 256 when the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    match field {
        [0x80, rest @ ..] => {
            rest.iter().try_fold(0u64, |value, byte| Some(value.checked_mul(256)? | u64::from(*byte)))
        }
        [0xff, ..] => None,
        _ => {
            let digits = field.iter().copied().skip_while(|byte| *byte == b' ');
            digits.take_while(|byte| !matches!(byte, b' ' | 0)).try_fold(0u64, |value, byte| match byte {
                b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
                _ => None,
            })
        }
    }
}

/// What a pax header overrides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pax {
    pub(super) path: Option<String>,
    pub(super) link: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) is_sparse: bool,
}

impl Pax {
    /// Reads `LENGTH KEY=VALUE\n` records; the second value is false when they are malformed.
    pub(super) fn parse(mut bytes: &[u8]) -> (Self, bool) {
        let mut pax = Self::default();
        while !bytes.is_empty() && bytes.first() != Some(&0) {
            let Some((key, value, rest)) = record(bytes) else { return (pax, false) };
            let value = String::from_utf8_lossy(value).into_owned();
            match key {
                b"path" => pax.path = Some(value),
                b"linkpath" => pax.link = Some(value),
                b"size" => pax.size = value.parse().ok(),
                key if key.starts_with(b"GNU.sparse.") => {
                    pax.is_sparse = true;
                    if key == b"GNU.sparse.name" {
                        pax.path = Some(value);
                    }
                }
                _ => {}
            }
            bytes = rest;
        }
        (pax, true)
    }
}

fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length: usize = std::str::from_utf8(bytes.get(..space)?).ok()?.parse().ok()?;
    let body = bytes.get(space + 1..length.checked_sub(1)?)?;
    let equals = memchr::memchr(b'=', body)?;
    Some((body.get(..equals)?, body.get(equals + 1..)?, bytes.get(length..)?))
}
