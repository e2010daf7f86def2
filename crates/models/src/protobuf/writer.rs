//! Writes protocol buffer messages, for tests.

/// Builds a message field by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(crate) fn varint(mut self, number: u32, value: u64) -> Self {
        self.raw(u64::from(number) << 3);
        self.raw(value);
        self
    }

    pub(crate) fn bytes(mut self, number: u32, value: &[u8]) -> Self {
        self.raw(u64::from(number) << 3 | 2);
        self.raw(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub(crate) fn text(self, number: u32, value: &str) -> Self {
        self.bytes(number, value.as_bytes())
    }

    pub(crate) fn message(self, number: u32, value: Writer) -> Self {
        self.bytes(number, &value.0)
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}
