//! The opcodes of pickle protocols 0 to 5 and the shape of their arguments.
//!
//! Source: PEP 307, PEP 3154, PEP 574 and the documentation of CPython's `pickletools`.

/// How an opcode's argument is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// No argument.
    None,
    /// That many bytes.
    Fixed(usize),
    /// Text up to a line feed.
    Line,
    /// Two texts, each up to a line feed: module and name.
    TwoLines,
    /// A length of that many bytes, then as many bytes.
    Counted(usize),
}

/// Name and argument of an opcode; `None` for a byte that is no opcode.
pub(super) fn describe(byte: u8) -> Option<(&'static str, Argument)> {
    use Argument::{Counted, Fixed, Line, None as Nothing, TwoLines};
    Some(match byte {
        b'(' => ("MARK", Nothing),
        b'.' => ("STOP", Nothing),
        b'0' => ("POP", Nothing),
        b'1' => ("POP_MARK", Nothing),
        b'2' => ("DUP", Nothing),
        b'F' => ("FLOAT", Line),
        b'I' => ("INT", Line),
        b'J' => ("BININT", Fixed(4)),
        b'K' => ("BININT1", Fixed(1)),
        b'L' => ("LONG", Line),
        b'M' => ("BININT2", Fixed(2)),
        b'N' => ("NONE", Nothing),
        b'P' => ("PERSID", Line),
        b'Q' => ("BINPERSID", Nothing),
        b'R' => ("REDUCE", Nothing),
        b'S' => ("STRING", Line),
        b'T' => ("BINSTRING", Counted(4)),
        b'U' => ("SHORT_BINSTRING", Counted(1)),
        b'V' => ("UNICODE", Line),
        b'X' => ("BINUNICODE", Counted(4)),
        b'a' => ("APPEND", Nothing),
        b'b' => ("BUILD", Nothing),
        b'c' => ("GLOBAL", TwoLines),
        b'd' => ("DICT", Nothing),
        b'}' => ("EMPTY_DICT", Nothing),
        b'e' => ("APPENDS", Nothing),
        b'g' => ("GET", Line),
        b'h' => ("BINGET", Fixed(1)),
        b'i' => ("INST", TwoLines),
        b'j' => ("LONG_BINGET", Fixed(4)),
        b'l' => ("LIST", Nothing),
        b']' => ("EMPTY_LIST", Nothing),
        b'o' => ("OBJ", Nothing),
        b'p' => ("PUT", Line),
        b'q' => ("BINPUT", Fixed(1)),
        b'r' => ("LONG_BINPUT", Fixed(4)),
        b's' => ("SETITEM", Nothing),
        b't' => ("TUPLE", Nothing),
        b')' => ("EMPTY_TUPLE", Nothing),
        b'u' => ("SETITEMS", Nothing),
        b'G' => ("BINFLOAT", Fixed(8)),
        0x80 => ("PROTO", Fixed(1)),
        0x81 => ("NEWOBJ", Nothing),
        0x82 => ("EXT1", Fixed(1)),
        0x83 => ("EXT2", Fixed(2)),
        0x84 => ("EXT4", Fixed(4)),
        0x85 => ("TUPLE1", Nothing),
        0x86 => ("TUPLE2", Nothing),
        0x87 => ("TUPLE3", Nothing),
        0x88 => ("NEWTRUE", Nothing),
        0x89 => ("NEWFALSE", Nothing),
        0x8a => ("LONG1", Counted(1)),
        0x8b => ("LONG4", Counted(4)),
        b'B' => ("BINBYTES", Counted(4)),
        b'C' => ("SHORT_BINBYTES", Counted(1)),
        0x8c => ("SHORT_BINUNICODE", Counted(1)),
        0x8d => ("BINUNICODE8", Counted(8)),
        0x8e => ("BINBYTES8", Counted(8)),
        0x8f => ("EMPTY_SET", Nothing),
        0x90 => ("ADDITEMS", Nothing),
        0x91 => ("FROZENSET", Nothing),
        0x92 => ("NEWOBJ_EX", Nothing),
        0x93 => ("STACK_GLOBAL", Nothing),
        0x94 => ("MEMOIZE", Nothing),
        0x95 => ("FRAME", Fixed(8)),
        0x96 => ("BYTEARRAY8", Counted(8)),
        0x97 => ("NEXT_BUFFER", Nothing),
        0x98 => ("READONLY_BUFFER", Nothing),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opcode_of_protocol_5_is_known() {
        assert_eq!((0..=255u8).filter(|byte| describe(*byte).is_some()).count(), 68);
    }
}
