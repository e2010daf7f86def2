//! Checked reading of binary headers.

/// The bytes ended before the value did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the data ends at offset {offset}, {wanted} more bytes were expected")]
pub struct Truncated {
    /// Where the read began.
    pub offset: usize,
    /// How many bytes it wanted.
    pub wanted: usize,
}

/// A position in a byte slice that only moves over bytes that are there.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

macro_rules! numbers {
    ($($little:ident $big:ident $type:ty),*) => {$(
        #[doc = concat!("The next `", stringify!($type), "`, least significant byte first.\n\n# Errors\n[`Truncated`] at the end.")]
        pub fn $little(&mut self) -> Result<$type, Truncated> {
            Ok(<$type>::from_le_bytes(self.array()?))
        }
        #[doc = concat!("The next `", stringify!($type), "`, most significant byte first.\n\n# Errors\n[`Truncated`] at the end.")]
        pub fn $big(&mut self) -> Result<$type, Truncated> {
            Ok(<$type>::from_be_bytes(self.array()?))
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Where the next byte is.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Moves to an absolute offset; past the end, every read fails.
    pub fn seek(&mut self, position: usize) {
        self.position = position;
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// Is nothing left?
    pub fn is_at_end(&self) -> bool {
        self.remaining() == 0
    }

    /// The bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`Truncated`] when there are fewer; the position stays.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Truncated> {
        let truncated = Truncated { offset: self.position, wanted: len };
        let end = self.position.checked_add(len).ok_or(truncated)?;
        let taken = self.bytes.get(self.position..end).ok_or(truncated)?;
        self.position = end;
        Ok(taken)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Truncated`] when there are fewer.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Truncated> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| Truncated { offset: self.position, wanted: N })
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`Truncated`] at the end.
    pub fn u8(&mut self) -> Result<u8, Truncated> {
        self.array::<1>().map(|[byte]| byte)
    }

    numbers!(u16_le u16_be u16, u32_le u32_be u32, u64_le u64_be u64, i32_le i32_be i32, i64_le i64_be i64,
             f32_le f32_be f32, f64_le f64_be f64);

    /// A protobuf base-128 number of at most ten bytes.
    ///
    /// # Errors
    /// [`Truncated`] when it does not end in time.
    pub fn varint(&mut self) -> Result<u64, Truncated> {
        let start = self.position;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Truncated { offset: start, wanted: 10 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_past_the_end_fails_and_stays() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u16_le().unwrap(), 0x0201);
        assert!(cursor.u32_le().is_err());
        assert_eq!(cursor.u8().unwrap(), 3);
        cursor.seek(usize::MAX);
        assert!(cursor.take(2).is_err());
        assert_eq!(cursor.remaining(), 0);
    }

    #[test]
    fn a_varint_that_never_ends_is_an_error() {
        assert_eq!(Cursor::new(&[0x96, 0x01]).varint().unwrap(), 150);
        assert!(Cursor::new(&[0xff; 20]).varint().is_err());
        assert!(Cursor::new(&[0xff; 3]).varint().is_err());
    }
}
