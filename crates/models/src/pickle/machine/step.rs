//! What each opcode does.

use bartizan_core::UseKind;

use super::{
    super::{
        text,
        value::{Packed, Spelling},
    },
    LONGEST_LINE, Machine, Step, Stopped, UNDERFLOW,
};

impl Machine<'_> {
    #[inline]
    pub(super) fn step(&mut self, opcode: u8, at: u64) -> Step {
        match opcode {
            0x94 => {
                let top = self.top()?;
                let index = self.memo.count();
                self.memorise(index, top, at)
            }
            b'h' => {
                let index = u64::from(self.source.u8()?);
                self.recall(index)
            }
            b'j' => {
                let index = u64::from(u32::from_le_bytes(self.source.array()?));
                self.recall(index)
            }
            b'g' => {
                let index = self.decimal_line()?;
                self.recall(u64::try_from(index).unwrap_or(u64::MAX))
            }
            b'q' => {
                let index = u64::from(self.source.u8()?);
                let top = self.top()?;
                self.memorise(index, top, at)
            }
            b'r' => {
                let index = u64::from(u32::from_le_bytes(self.source.array()?));
                let top = self.top()?;
                self.memorise(index, top, at)
            }
            b'p' => {
                let index = self.decimal_line()?;
                let top = self.top()?;
                match u64::try_from(index) {
                    Ok(index) => self.memorise(index, top, at),
                    Err(_) => Err(Stopped::Broken(&"a memo index is negative")),
                }
            }
            0x8c => {
                let length = u64::from(self.source.u8()?);
                self.counted_text(length, Spelling::Verbatim)
            }
            b'X' => {
                let length = u64::from(u32::from_le_bytes(self.source.array()?));
                self.counted_text(length, Spelling::Verbatim)
            }
            0x8d => {
                let length = u64::from_le_bytes(self.source.array()?);
                self.counted_text(length, Spelling::Verbatim)
            }
            b'U' => {
                let length = u64::from(self.source.u8()?);
                self.counted_text(length, Spelling::Verbatim)
            }
            b'T' => {
                let length = i32::from_le_bytes(self.source.array()?);
                match u64::try_from(length) {
                    Ok(length) => self.counted_text(length, Spelling::Verbatim),
                    Err(_) => Err(Stopped::Broken(&"a string's length is negative")),
                }
            }
            b'C' => {
                let length = u64::from(self.source.u8()?);
                self.counted_bytes(length)
            }
            b'B' => {
                let length = u64::from(u32::from_le_bytes(self.source.array()?));
                self.counted_bytes(length)
            }
            0x8e | 0x96 => {
                let length = u64::from_le_bytes(self.source.array()?);
                self.counted_bytes(length)
            }
            b'K' => {
                let value = self.source.u8()?;
                self.push(Packed::int(i64::from(value)))
            }
            b'M' => {
                let value = u16::from_le_bytes(self.source.array()?);
                self.push(Packed::int(i64::from(value)))
            }
            b'J' => {
                let value = i32::from_le_bytes(self.source.array()?);
                self.push(Packed::int(i64::from(value)))
            }
            b'G' => {
                self.source.skip(8)?;
                self.push(Packed::ATOM)
            }
            b'N' => self.push(Packed::ATOM),
            0x88 => self.push(Packed::int(1)),
            0x89 => self.push(Packed::int(0)),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b')' => {
                let tuple = self.tuples.keep(&[]);
                self.push(tuple)
            }
            0x85 => self.tuple(1),
            0x86 => self.tuple(2),
            0x87 => self.tuple(3),
            b't' => {
                let from = self.mark()?;
                self.tuple(self.stack.len() - from)
            }
            b']' | b'}' | 0x8f => {
                let container = self.container();
                self.push(container)
            }
            b'l' | 0x91 => {
                let from = self.mark()?;
                let container = self.container();
                self.weigh(container, from);
                self.stack.truncate(from);
                self.push(container)
            }
            b'd' => {
                let from = self.mark()?;
                let container = self.container();
                self.set_items(container, from, at);
                self.push(container)
            }
            b'e' | 0x90 => {
                let from = self.mark()?;
                self.insert(from, at)
            }
            b'a' => {
                let from = self.stack.len().checked_sub(1).ok_or(UNDERFLOW)?;
                self.above_mark(from)?;
                self.insert(from, at)
            }
            b'u' => {
                let from = self.mark()?;
                let target = self.below(from)?;
                self.set_items(target, from, at);
                Ok(())
            }
            b's' => {
                let from = self.stack.len().checked_sub(2).ok_or(UNDERFLOW)?;
                self.above_mark(from)?;
                let target = self.below(from)?;
                self.set_items(target, from, at);
                Ok(())
            }
            0x95 => {
                // A frame only says how much to read ahead; its length may lie harmlessly.
                self.source.skip(8)?;
                Ok(())
            }
            0x80 => {
                let protocol = self.source.u8()?;
                self.protocol = protocol;
                self.highest_protocol = self.highest_protocol.max(protocol);
                if protocol > 5 && self.oddities.protocol.is_none() {
                    self.oddities.protocol = Some((at, protocol));
                }
                Ok(())
            }
            other => self.rare_step(other, at),
        }
    }

    pub(super) fn rare_step(&mut self, opcode: u8, at: u64) -> Step {
        match opcode {
            b'c' => {
                let id = self.import_lines(at)?;
                self.push(Packed::name(id))
            }
            0x93 => {
                let name = self.pop()?;
                let module = self.pop()?;
                let id = self.import_values(module, name, at);
                self.push(Packed::name(id))
            }
            b'R' => {
                let arguments = self.pop()?;
                let callee = self.pop()?;
                let result = self.call(callee, arguments, UseKind::Call, at);
                self.push(result)
            }
            0x81 => {
                let arguments = self.pop()?;
                let class = self.pop()?;
                let result = self.instantiate(class, arguments, at);
                self.push(result)
            }
            0x92 => {
                let _keywords = self.pop()?;
                let arguments = self.pop()?;
                let class = self.pop()?;
                let result = self.instantiate(class, arguments, at);
                self.push(result)
            }
            b'i' => {
                let id = self.import_lines(at)?;
                let from = self.mark()?;
                let arguments = self.tuple_of(from);
                let result = self.call(Packed::name(id), arguments, UseKind::Instance, at);
                self.push(result)
            }
            b'o' => {
                let from = self.mark()?;
                let Some(class) = self.stack.get(from).copied() else { return Err(UNDERFLOW) };
                let arguments = self.tuple_of(from + 1);
                self.stack.truncate(from);
                let result = self.call(class, arguments, UseKind::Instance, at);
                self.push(result)
            }
            b'b' => {
                let state = self.pop()?;
                let target = self.top()?;
                self.build(target, state, at)
            }
            b'0' => {
                let fence = self.marks.last().copied().unwrap_or(0);
                if self.stack.len() > fence {
                    self.stack.pop();
                } else if self.marks.pop().is_none() {
                    return Err(UNDERFLOW);
                }
                Ok(())
            }
            b'1' => {
                let from = self.mark()?;
                self.stack.truncate(from);
                Ok(())
            }
            b'2' => {
                let top = self.top()?;
                if top.is_composite() {
                    self.shared.insert(top.identity());
                }
                self.push(top)
            }
            b'F' => {
                let (offset, length) = self.source.line(LONGEST_LINE)?;
                let line = self.source.again(offset, length.min(4096)).ok_or(Stopped::Truncated)?;
                if !text::is_float(&line) {
                    return Err(Stopped::Broken(&"the operand of FLOAT is not a number"));
                }
                self.push(Packed::ATOM)
            }
            b'I' | b'L' => {
                let (offset, length) = self.source.line(LONGEST_LINE)?;
                if length > 100_000 && self.oddities.long_number.is_none() {
                    self.oddities.long_number = Some(at);
                }
                let line = self.source.again(offset, length.min(4096)).ok_or(Stopped::Truncated)?;
                if !text::is_integer(&line) {
                    return Err(Stopped::Broken(&"the operand of INT or LONG is not a number"));
                }
                let value = if length <= 40 { text::decimal(&line) } else { None };
                self.push(value.map_or(Packed::ATOM, Packed::int))
            }
            0x8a => {
                let length = u64::from(self.source.u8()?);
                self.long(length)
            }
            0x8b => {
                let length = i32::from_le_bytes(self.source.array()?);
                match u64::try_from(length) {
                    Ok(length) => self.long(length),
                    Err(_) => Err(Stopped::Broken(&"a number's length is negative")),
                }
            }
            b'S' => {
                let (offset, length) = self.source.line(LONGEST_LINE)?;
                let line = self.source.again(offset, length.min(1 << 16)).ok_or(Stopped::Truncated)?;
                let spelling = if memchr::memchr(b'\\', &line).is_some() {
                    Spelling::Escaped
                } else {
                    Spelling::Verbatim
                };
                if length <= 1 << 16 && text::unquoted(&line).is_none() {
                    return Err(Stopped::Broken(&"a STRING operand is not quoted"));
                }
                let inner = line.trim_ascii_end().len().saturating_sub(2) as u64;
                let inner = if length > 1 << 16 { length - 2 } else { inner };
                self.text(offset + 1, inner, spelling)
            }
            b'V' => {
                let (offset, length) = self.source.line(LONGEST_LINE)?;
                self.text(offset, length, Spelling::Unicode)
            }
            b'P' => {
                let (offset, length) = self.source.line(LONGEST_LINE)?;
                let line = self.source.again(offset, length.min(64)).unwrap_or_default();
                if !text::is_integer(&line) {
                    self.oddities.persistent.get_or_insert(at);
                }
                self.push(Packed::PERSISTENT)
            }
            b'Q' => {
                let id = self.pop()?;
                let value = self.persistent(id, at);
                self.push(value)
            }
            0x82 => {
                let code = u32::from(self.source.u8()?);
                self.extension(code, at)
            }
            0x83 => {
                let code = u32::from(u16::from_le_bytes(self.source.array()?));
                self.extension(code, at)
            }
            0x84 => {
                let code = u32::from_le_bytes(self.source.array()?);
                self.extension(code, at)
            }
            0x97 => self.push(Packed::UNKNOWN),
            0x98 => self.top().map(|_| ()),
            _ => Err(Stopped::Broken(&"a byte is not an opcode")),
        }
    }
}
