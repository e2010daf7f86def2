//! The commonest opcodes, in a tight loop: most of what a large pickle consists of.
//!
//! Opcodes that push one value of a fixed length are read by table, without a branch for each: which opcode comes next
//! is hard to guess, and a wrong guess costs more than all the rest.

use super::{
    super::value::{Packed, Spelling},
    Machine,
};

/// Texts from this length on are looked at; they are left to the ordinary step.
const SHORT: u8 = 48;
/// At least as many bytes as any opcode here needs.
const AHEAD: usize = 2 + SHORT as usize;

/// An opcode that pushes one value.
#[derive(Clone, Copy)]
struct Push {
    /// Bytes of the opcode and its argument; 0 for all other opcodes.
    length: usize,
    /// What it pushes, but for its argument.
    base: Packed,
    /// Which bits of the eight bytes behind the opcode are its argument.
    argument: u64,
    /// The sign bit of the argument; 0 when it has none.
    sign: u64,
    /// 1 when it makes a container, whose serial number is part of the value.
    makes: u64,
}

const NONE: Push = Push { length: 0, base: Packed::ATOM, argument: 0, sign: 0, makes: 0 };

#[allow(clippy::indexing_slicing, reason = "the compiler checks the table while it makes it")]
static PUSHES: [Push; 256] = {
    let mut table = [NONE; 256];
    let zero = Push { base: Packed::ZERO, ..NONE };
    table[b'K' as usize] = Push { length: 2, argument: 0xff, ..zero };
    table[b'M' as usize] = Push { length: 3, argument: 0xffff, ..zero };
    table[b'J' as usize] = Push { length: 5, argument: 0xffff_ffff, sign: 1 << 31, ..zero };
    table[b'G' as usize] = Push { length: 9, ..NONE };
    table[b'N' as usize] = Push { length: 1, ..NONE };
    table[0x88] = Push { length: 1, base: Packed::ONE, ..NONE };
    table[0x89] = Push { length: 1, ..zero };
    table[b')' as usize] = Push { length: 1, base: Packed::EMPTY_TUPLE, ..NONE };
    let container = Push { length: 1, base: Packed::CONTAINERS, makes: 1, ..NONE };
    table[b']' as usize] = container;
    table[b'}' as usize] = container;
    table[0x8f] = container;
    table
};

impl Machine<'_> {
    /// Runs opcodes that only push or memorise, up to the next one that does more. Does exactly what
    /// [`Machine::step`] would do, and comes back in time for the limits to be looked at.
    pub(super) fn sprint(&mut self) {
        if self.texts.is_some() {
            return;
        }
        let fence = self.marks.last().copied().unwrap_or(0);
        let most = self.context.limits.memo;
        let (start, window) = (self.source.offset(), self.source.ahead());
        let mut left = 0xfff - (self.opcodes & 0xfff);
        let mut done = 0usize;
        let mut rest = window;
        while left > 0 {
            let Some(ahead) = rest.first_chunk::<AHEAD>() else { break };
            let [opcode, a, b, c, d, e, f, g, h, ..] = *ahead;
            let push = PUSHES.get(usize::from(opcode)).unwrap_or(&NONE);
            let (value, length) = if push.length > 0 {
                let argument = u64::from_le_bytes([a, b, c, d, e, f, g, h]) & push.argument;
                let argument = (argument ^ push.sign).wrapping_sub(push.sign);
                self.containers += push.makes;
                let serial = self.containers & push.makes.wrapping_neg();
                (push.base.with(argument | serial), push.length)
            } else if opcode == 0x8c && a < SHORT {
                let offset = start + done as u64 + 2;
                (Packed::text(Spelling::Verbatim, offset, u64::from(a)), 2 + usize::from(a))
            } else if opcode == 0x94 && self.stack.len() > fence {
                let Some(top) = self.stack.last() else { break };
                let index = self.memo.count();
                if !self.memo.set(index, *top, most) {
                    break;
                }
                left -= 1;
                done += 1;
                rest = rest.get(1..).unwrap_or_default();
                continue;
            } else {
                break;
            };
            self.stack.push(value);
            left -= 1;
            done += length;
            rest = rest.get(length..).unwrap_or_default();
        }
        self.opcodes = (self.opcodes | 0xfff) - left;
        self.source.advance(done);
    }
}
