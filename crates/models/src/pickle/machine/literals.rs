//! Strings, bytes and numbers: kept as places in the file, read again only when they matter.

use super::{
    super::{
        nested, text,
        value::{Packed, Spelling, Value},
    },
    LONGEST_LINE, LONGEST_NAME, Literal, Machine, Step, Stopped,
};

impl Machine<'_> {
    #[inline]
    pub(super) fn counted_text(&mut self, length: u64, spelling: Spelling) -> Step {
        let offset = self.source.offset();
        self.skip_counted(length)?;
        self.text(offset, length, spelling)
    }

    #[inline]
    pub(super) fn text(&mut self, offset: u64, length: u64, spelling: Spelling) -> Step {
        if length >= 48 {
            self.consider(offset, length, true);
        }
        if let Some(texts) = &mut self.texts {
            texts.push((offset, length));
        }
        self.push(Packed::text(spelling, offset, length))
    }

    #[inline]
    pub(super) fn counted_bytes(&mut self, length: u64) -> Step {
        let offset = self.source.offset();
        self.skip_counted(length)?;
        if length >= 12 {
            self.consider(offset, length, false);
        }
        self.push(Packed::bytes(offset, length))
    }

    /// Notes literals whose first bytes look like a pickle, an archive or an encoding of one.
    pub(super) fn consider(&mut self, offset: u64, length: u64, is_text: bool) {
        const MOST: usize = 10_000;
        if self.literals.len() >= MOST {
            return;
        }
        let head = self.source.near(offset, length.min(8)).map(<[u8]>::to_vec);
        let head = head.or_else(|| self.source.again(offset, length.min(8)).map(|head| head.to_vec()));
        if head.is_some_and(|head| nested::looks_nested(&head, is_text)) {
            self.literals.push(Literal { offset, length, is_text, is_loaded: false });
        }
    }

    #[inline]
    pub(super) fn skip_counted(&mut self, length: u64) -> Step {
        let at = self.source.offset();
        self.source.skip(length).map_err(|_| {
            // CPython allocates the claimed length before it reads.
            if length > 1 << 30 && length / 64 > self.source.size() {
                self.oddities.lying_length.get_or_insert((at, length));
            }
            Stopped::Truncated
        })
    }

    pub(super) fn long(&mut self, length: u64) -> Step {
        let offset = self.source.offset();
        self.skip_counted(length)?;
        let mut value = Packed::ATOM;
        if length <= 7 {
            let mut bytes = [0u8; 8];
            if let Some(digits) = self.source.again(offset, length) {
                let negative = digits.last().is_some_and(|last| last & 0x80 != 0);
                bytes.fill(if negative { 0xff } else { 0 });
                for (to, from) in bytes.iter_mut().zip(digits.iter()) {
                    *to = *from;
                }
                value = Packed::int(i64::from_le_bytes(bytes));
            }
        }
        self.push(value)
    }

    pub(super) fn decimal_line(&mut self) -> Step<i64> {
        let (offset, length) = self.source.line(LONGEST_LINE)?;
        let line = self.source.again(offset, length.min(64)).ok_or(Stopped::Truncated)?;
        text::decimal(&line).ok_or(Stopped::Broken(&"a memo index is not a number"))
    }

    /// The text of a string; `None` when it is not one, or too long for a name.
    pub(in crate::pickle) fn text_of(&self, value: Packed) -> Option<String> {
        match value.unpack() {
            Value::Text { spelling: Spelling::Computed, offset, .. } => {
                self.computed.get(usize::try_from(offset).ok()?).cloned()
            }
            Value::Text { spelling, offset, length } if u64::from(length) <= LONGEST_NAME => {
                let raw = self.source.again(offset, u64::from(length))?;
                Some(match spelling {
                    Spelling::Escaped => text::unescaped(&raw),
                    Spelling::Unicode => text::raw_unicode(&raw),
                    _ => String::from_utf8_lossy(&raw).into_owned(),
                })
            }
            _ => None,
        }
    }
}
