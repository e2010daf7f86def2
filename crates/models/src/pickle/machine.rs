//! The pickle machine, run on abstract values: every opcode has its effect on stack, memo and marks, but no import
//! happens and nothing is called. What would be imported and called is recorded instead.
//!
//! Where CPython's C and Python implementations differ, the more permissive one is followed, so that nothing that
//! either of them would still execute is missed.

use std::collections::{HashMap, HashSet};

use bartizan_core::{Context, UseKind};

use super::{
    arrays::Dtype,
    knowledge::{self, Role},
    memo::Memo,
    names::{Names, Origin},
    source::{Ended, Source},
    text,
    torch::Storages,
    value::{NameId, Packed, Spelling, TupleRing, Value},
};

/// Names longer than this are cut: no real one is.
const LONGEST_NAME: u64 = 4096;
/// Protocol-0 lines longer than this end the stream: CPython would still read them, but nothing writes them.
const LONGEST_LINE: u64 = 1 << 30;

/// Why a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pickle) enum End {
    /// `STOP`, with the result.
    Stop(Packed),
    /// The bytes ran out.
    Truncated,
    /// An unpickler raises an error here.
    Broken(String),
    /// A limit was reached.
    Limit(String),
}

impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.unpack().fmt(f)
    }
}

/// Literals that may hold a pickle or an archive of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) offset: u64,
    pub(super) length: u64,
    pub(super) is_text: bool,
}

/// Oddities that are findings of their own.
#[derive(Default)]
pub(super) struct Oddities {
    /// A protocol that CPython does not know, and where.
    pub(super) protocol: Option<(u64, u8)>,
    /// A claimed length far beyond the file, and where.
    pub(super) lying_length: Option<(u64, u64)>,
    /// A memo index that makes CPython allocate far more than the pickle holds.
    pub(super) memo_bomb: Option<(u64, u64)>,
    /// Shared references that multiply: the number of elements they stand for.
    pub(super) multiplied: Option<(u64, u64)>,
    /// A call that allocates: offset and bytes.
    pub(super) allocation: Option<(u64, u64)>,
    /// A persistent id that is not PyTorch's.
    pub(super) persistent: Option<u64>,
    /// A decimal number of absurd length (quadratic to parse).
    pub(super) long_number: Option<u64>,
}

/// The state of the abstract machine over all streams of one pickle file.
pub(super) struct Machine<'a> {
    pub(super) source: Source,
    pub(super) names: Names,
    pub(super) oddities: Oddities,
    pub(super) literals: Vec<Literal>,
    pub(super) dtypes: Vec<Dtype>,
    pub(super) storages: Storages,
    pub(super) computed: Vec<String>,
    pub(super) tuples: TupleRing,
    /// Dicts that hold a dtype: what joblib's array wrappers are built from.
    pub(super) dicts: HashMap<u64, Vec<(Packed, Packed)>>,
    pub(super) extensions: HashMap<u32, (String, String)>,
    /// Texts in order of appearance, while someone wants them.
    pub(super) texts: Option<Vec<(u64, u64)>>,
    /// Version strings that frameworks keep in the state, by key.
    pub(super) versions: Vec<(&'static str, String)>,
    /// How many inline arrays were skipped, and their bytes.
    pub(super) arrays: (u64, u64),
    pub(super) stack: Vec<Packed>,
    pub(super) marks: Vec<usize>,
    memo: Memo,
    pub(super) protocol: u8,
    pub(super) highest_protocol: u8,
    containers: u64,
    shared: HashSet<u64>,
    weights: HashMap<u64, u64>,
    pub(super) opcodes: u64,
    pub(super) depth: usize,
    context: &'a Context<'a>,
    pub(super) trace: Option<Trace>,
}

/// Opcodes as they were met, for `inspect`.
#[derive(Default)]
pub(super) struct Trace {
    /// Offset, opcode, end of its argument, and the name that it brought in or called.
    pub(super) steps: Vec<(u64, u8, u64, Option<NameId>)>,
    pub(super) most: usize,
    pub(super) omitted: u64,
    note: Option<NameId>,
}

impl Trace {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }
}

pub(super) type Step<T = ()> = Result<T, Stopped>;

/// Why the machine cannot go on.
pub(super) enum Stopped {
    Truncated,
    Broken(&'static str),
}

impl From<Ended> for Stopped {
    fn from(_: Ended) -> Self {
        Self::Truncated
    }
}

const UNDERFLOW: Stopped = Stopped::Broken("the stack is empty where an object is needed");

impl<'a> Machine<'a> {
    pub(super) fn new(source: Source, context: &'a Context<'a>) -> Self {
        Self {
            source,
            names: Names::default(),
            oddities: Oddities::default(),
            literals: Vec::new(),
            dtypes: Vec::new(),
            storages: Storages::new(context.limits.tensors),
            computed: Vec::new(),
            tuples: TupleRing::new(),
            dicts: HashMap::new(),
            extensions: HashMap::new(),
            texts: None,
            versions: Vec::new(),
            arrays: (0, 0),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            protocol: 0,
            highest_protocol: 0,
            containers: 0,
            shared: HashSet::new(),
            weights: HashMap::new(),
            opcodes: 0,
            depth: 0,
            context,
            trace: None,
        }
    }

    /// Runs one stream from the source's position. The extension registry and the table of names outlive it.
    pub(super) fn run(&mut self) -> End {
        self.stack.clear();
        self.marks.clear();
        self.memo = Memo::default();
        self.protocol = 0;
        if self.trace.is_some() { self.run_steps::<true>() } else { self.run_steps::<false>() }
    }

    /// Runs a stream that begins inside another one, and returns to the outer one's state.
    pub(super) fn run_nested(&mut self) -> End {
        if self.depth >= self.context.limits.nesting {
            return End::Limit(format!(
                "more than {} pickles inside each other",
                self.context.limits.nesting
            ));
        }
        self.depth += 1;
        let outer = (
            std::mem::take(&mut self.stack),
            std::mem::take(&mut self.marks),
            std::mem::take(&mut self.memo),
            self.protocol,
        );
        let end = self.run();
        (self.stack, self.marks, self.memo, self.protocol) = outer;
        self.depth -= 1;
        end
    }

    fn run_steps<const TRACE: bool>(&mut self) -> End {
        loop {
            // Limits are looked at every few thousand opcodes: cheap, and soon enough.
            if self.opcodes & 0xfff == 0 {
                if self.opcodes > self.context.limits.opcodes {
                    return End::Limit(format!("more than {} opcodes", self.context.limits.opcodes));
                }
                if self.stack.len() > self.context.limits.stack {
                    return End::Limit(format!(
                        "more than {} objects on the stack",
                        self.context.limits.stack
                    ));
                }
                if self.opcodes & 0xf_ffff == 0 && self.context.interrupted() {
                    return End::Limit("the time allowed for one input ran out".to_owned());
                }
            }
            self.opcodes += 1;
            let at = self.source.offset();
            let Ok(opcode) = self.source.u8() else { return End::Truncated };
            let step = if opcode == b'.' {
                match self.pop() {
                    Ok(result) => {
                        self.traced::<TRACE>(at, opcode);
                        return End::Stop(result);
                    }
                    Err(stopped) => Err(stopped),
                }
            } else {
                self.step(opcode, at)
            };
            self.traced::<TRACE>(at, opcode);
            match step {
                Ok(()) => {}
                Err(Stopped::Truncated) => return End::Truncated,
                Err(Stopped::Broken(why)) => return End::Broken(why.to_owned()),
            }
        }
    }

    #[inline]
    fn traced<const TRACE: bool>(&mut self, at: u64, opcode: u8) {
        if TRACE {
            let end = self.source.offset();
            if let Some(trace) = &mut self.trace {
                let note = trace.note.take();
                if trace.steps.len() < trace.most {
                    trace.steps.push((at, opcode, end, note));
                } else {
                    trace.omitted += 1;
                }
            }
        }
    }

    fn remark(&mut self, id: NameId) {
        if let Some(trace) = &mut self.trace {
            trace.note = Some(id);
        }
    }

    #[inline]
    fn step(&mut self, opcode: u8, at: u64) -> Step {
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
                    Err(_) => Err(Stopped::Broken("a memo index is negative")),
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
                    Err(_) => Err(Stopped::Broken("a string's length is negative")),
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

    fn rare_step(&mut self, opcode: u8, at: u64) -> Step {
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
                self.source.line(LONGEST_LINE)?;
                self.push(Packed::ATOM)
            }
            b'I' | b'L' => {
                let (offset, length) = self.source.line(LONGEST_LINE)?;
                if length > 100_000 && self.oddities.long_number.is_none() {
                    self.oddities.long_number = Some(at);
                }
                let value = self.source.again(offset, length.min(40)).and_then(|line| text::decimal(&line));
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
                    Err(_) => Err(Stopped::Broken("a number's length is negative")),
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
                    return Err(Stopped::Broken("a STRING operand is not quoted"));
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
                self.source.line(LONGEST_LINE)?;
                self.oddities.persistent.get_or_insert(at);
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
            _ => Err(Stopped::Broken("a byte is not an opcode")),
        }
    }

    // ---- stack, marks, memo ------------------------------------------------------------------------------------

    #[inline]
    fn push(&mut self, value: Packed) -> Step {
        self.stack.push(value);
        Ok(())
    }

    #[inline]
    fn top(&self) -> Step<Packed> {
        match self.stack.last() {
            Some(top) if self.stack.len() > self.marks.last().copied().unwrap_or(0) => Ok(*top),
            _ => Err(UNDERFLOW),
        }
    }

    #[inline]
    fn pop(&mut self) -> Step<Packed> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// May objects from `from` on be taken, or does a mark stand between?
    fn above_mark(&self, from: usize) -> Step {
        if from >= self.marks.last().copied().unwrap_or(0) { Ok(()) } else { Err(UNDERFLOW) }
    }

    /// The object just below `from`.
    #[inline]
    fn below(&self, from: usize) -> Step<Packed> {
        let at = from.checked_sub(1).ok_or(UNDERFLOW)?;
        self.above_mark(at)?;
        self.stack.get(at).copied().ok_or(UNDERFLOW)
    }

    #[inline]
    fn mark(&mut self) -> Step<usize> {
        self.marks.pop().ok_or(Stopped::Broken("there is no mark"))
    }

    #[inline]
    fn memorise(&mut self, index: u64, value: Packed, at: u64) -> Step {
        // CPython's C unpickler allocates twice the index.
        if index > 1 << 24 && index / 100 > self.opcodes {
            self.oddities.memo_bomb.get_or_insert((at, index));
        }
        if self.memo.set(index, value, self.context.limits.memo) {
            Ok(())
        } else {
            Err(Stopped::Broken("the memo holds more entries than allowed"))
        }
    }

    #[inline]
    fn recall(&mut self, index: u64) -> Step {
        match self.memo.get(index) {
            Some(value) => {
                if value.is_composite() {
                    self.shared.insert(value.identity());
                }
                self.push(value)
            }
            None => Err(Stopped::Broken("the memo has no such entry")),
        }
    }

    fn container(&mut self) -> Packed {
        self.containers += 1;
        Packed::container(self.containers)
    }

    #[inline]
    fn tuple(&mut self, length: usize) -> Step {
        let from = self.stack.len().checked_sub(length).ok_or(UNDERFLOW)?;
        self.above_mark(from)?;
        let tuple = self.tuple_of(from);
        self.push(tuple)
    }

    fn tuple_of(&mut self, from: usize) -> Packed {
        let tuple = self.tuples.keep(self.stack.get(from..).unwrap_or_default());
        self.weigh(tuple, from);
        self.stack.truncate(from);
        tuple
    }

    /// Adds to a composite's weight what its shared items weigh ("billion laughs").
    #[inline]
    fn weigh(&mut self, composite: Packed, from: usize) {
        if !self.shared.is_empty() {
            self.weigh_items(composite, from);
        }
    }

    fn weigh_items(&mut self, composite: Packed, from: usize) {
        let mut sum = 0u64;
        for item in self.stack.get(from..).unwrap_or_default() {
            if item.is_composite() {
                let known = self.weights.get(&item.identity()).copied();
                let weight =
                    known.or_else(|| self.shared.contains(&item.identity()).then_some(1)).unwrap_or(0);
                sum = sum.saturating_add(weight);
            }
        }
        if sum > 0 {
            let weight = self.weights.entry(composite.identity()).or_insert(0);
            *weight = weight.saturating_add(sum);
            let limit = (1u64 << 24).max(self.source.size().saturating_mul(16));
            if *weight > limit && self.oddities.multiplied.is_none() {
                self.oddities.multiplied = Some((self.source.offset(), *weight));
            }
        }
    }

    // ---- literals ----------------------------------------------------------------------------------------------

    #[inline]
    fn counted_text(&mut self, length: u64, spelling: Spelling) -> Step {
        let offset = self.source.offset();
        self.skip_counted(length)?;
        self.text(offset, length, spelling)
    }

    #[inline]
    fn text(&mut self, offset: u64, length: u64, spelling: Spelling) -> Step {
        if length >= 48 {
            self.consider(offset, length, true);
        }
        if let Some(texts) = &mut self.texts {
            texts.push((offset, length));
        }
        self.push(Packed::text(spelling, offset, length))
    }

    #[inline]
    fn counted_bytes(&mut self, length: u64) -> Step {
        let offset = self.source.offset();
        self.skip_counted(length)?;
        if length >= 12 {
            self.consider(offset, length, false);
        }
        self.push(Packed::bytes(offset, length))
    }

    /// Notes literals whose first bytes look like a pickle, an archive or an encoding of one.
    fn consider(&mut self, offset: u64, length: u64, is_text: bool) {
        const MOST: usize = 10_000;
        if self.literals.len() >= MOST {
            return;
        }
        let head = self.source.near(offset, length.min(8)).map(<[u8]>::to_vec);
        let head = head.or_else(|| self.source.again(offset, length.min(8)).map(|head| head.to_vec()));
        if head.is_some_and(|head| super::nested::looks_nested(&head, is_text)) {
            self.literals.push(Literal { offset, length, is_text });
        }
    }

    #[inline]
    fn skip_counted(&mut self, length: u64) -> Step {
        let at = self.source.offset();
        self.source.skip(length).map_err(|_| {
            // CPython allocates the claimed length before it reads.
            if length > 1 << 30 && length / 64 > self.source.size() {
                self.oddities.lying_length.get_or_insert((at, length));
            }
            Stopped::Truncated
        })
    }

    fn long(&mut self, length: u64) -> Step {
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

    fn decimal_line(&mut self) -> Step<i64> {
        let (offset, length) = self.source.line(LONGEST_LINE)?;
        let line = self.source.again(offset, length.min(64)).ok_or(Stopped::Truncated)?;
        text::decimal(&line).ok_or(Stopped::Broken("a memo index is not a number"))
    }

    /// The text of a string; `None` when it is not one, or too long for a name.
    pub(super) fn text_of(&self, value: Packed) -> Option<String> {
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

    // ---- names -------------------------------------------------------------------------------------------------

    fn import_lines(&mut self, at: u64) -> Step<NameId> {
        let module = self.source.line(LONGEST_LINE)?;
        let name = self.source.line(LONGEST_LINE)?;
        let read = |machine: &Self, (offset, length): (u64, u64)| {
            let raw = machine.source.again(offset, length.min(LONGEST_NAME)).unwrap_or_default();
            String::from_utf8_lossy(&raw).into_owned()
        };
        let (module, name) = (read(self, module), read(self, name));
        Ok(self.import(&module, &name, at))
    }

    fn import_values(&mut self, module: Packed, name: Packed, at: u64) -> NameId {
        match (self.text_of(module), self.text_of(name)) {
            (Some(module), Some(name)) => self.import(&module, &name, at),
            (module, name) => {
                let shown = |part: Option<String>| part.unwrap_or_else(|| "?".to_owned());
                let (module, name) = (shown(module), shown(name));
                let id = self.names.intern(&module, &name, Origin::Computed, at);
                self.names.note(id, UseKind::Reference, at);
                self.remark(id);
                id
            }
        }
    }

    /// Brings in a name as CPython's `find_class` does: Python 2 names are mapped below protocol 3.
    pub(super) fn import(&mut self, module: &str, name: &str, at: u64) -> NameId {
        let mapped = if self.protocol < 3 { knowledge::python2(module, name) } else { None };
        let (module, name) = mapped.unwrap_or((module, name));
        let id = self.names.intern(module, name, Origin::Import, at);
        self.names.note(id, UseKind::Reference, at);
        self.remark(id);
        id
    }

    fn extension(&mut self, code: u32, at: u64) -> Step {
        let id = match self.extensions.get(&code).cloned() {
            Some((module, name)) => self.import(&module, &name, at),
            None => {
                let id = self.names.intern("", &format!("extension {code}"), Origin::Extension(code), at);
                self.names.note(id, UseKind::Reference, at);
                self.remark(id);
                id
            }
        };
        self.push(Packed::name(id))
    }

    /// The name behind something that is called, built or written to.
    fn callee(&mut self, value: Packed, at: u64) -> Option<NameId> {
        match value.unpack() {
            Value::Name(id) => Some(id),
            Value::Result(id) => {
                let shown =
                    self.names.get(id).map_or_else(String::new, |name| format!("{}(…)", name.qualified()));
                Some(self.names.intern("", &shown, Origin::Returned(id), at))
            }
            Value::Object(id) => {
                let shown =
                    self.names.get(id).map_or_else(String::new, |name| format!("<{}>", name.qualified()));
                Some(self.names.intern("", &shown, Origin::Instance, at))
            }
            Value::Unknown | Value::Persistent => Some(self.names.intern("", "?", Origin::Computed, at)),
            // Calling a literal, a list or a tuple raises.
            _ => None,
        }
    }

    // ---- calls -------------------------------------------------------------------------------------------------

    fn call(&mut self, callee: Packed, arguments: Packed, how: UseKind, at: u64) -> Packed {
        let Some(id) = self.callee(callee, at) else { return Packed::UNKNOWN };
        self.remark(id);
        if self.names.note(id, how, at) {
            let shown = self.shown_arguments(arguments);
            self.names.argue(id, how, shown);
        }
        let role = self.names.role(id);
        if role == Role::Plain {
            return match callee.unpack() {
                // A bound method's or a partial's result is as unknown as the method itself.
                Value::Object(_) => Packed::UNKNOWN,
                _ => Packed::result(id),
            };
        }
        self.fold(id, role, arguments, at)
    }

    pub(super) fn instantiate(&mut self, class: Packed, arguments: Packed, at: u64) -> Packed {
        let Some(id) = self.callee(class, at) else { return Packed::UNKNOWN };
        self.remark(id);
        if self.names.note(id, UseKind::New, at) {
            let shown = self.shown_arguments(arguments);
            self.names.argue(id, UseKind::New, shown);
        }
        match class.unpack() {
            Value::Name(id) => Packed::object(id),
            _ => Packed::UNKNOWN,
        }
    }

    fn build(&mut self, target: Packed, state: Packed, at: u64) -> Step {
        match target.unpack() {
            Value::Name(id) => {
                self.remark(id);
                if self.names.note(id, UseKind::Assign, at) {
                    let shown = self.shown_arguments(state);
                    self.names.argue(id, UseKind::Assign, shown);
                }
            }
            Value::Object(id) => {
                self.remark(id);
                self.names.note(id, UseKind::Build, at);
                if self.names.role(id) == Role::ArrayWrapper {
                    return self.inline_array(state);
                }
            }
            Value::Result(id) => {
                self.remark(id);
                self.names.note(id, UseKind::Build, at);
            }
            Value::Dtype(index) => self.build_dtype(index, state),
            _ => {}
        }
        Ok(())
    }

    /// `APPEND`, `APPENDS`, `ADDITEMS`: the items above `from` go into what lies below.
    fn insert(&mut self, from: usize, at: u64) -> Step {
        let target = self.below(from)?;
        if target.is_composite() {
            self.weigh(target, from);
        } else {
            self.written(target, from, at);
        }
        self.stack.truncate(from);
        Ok(())
    }

    /// `SETITEM`, `SETITEMS`, `DICT`: the keys and values above `from` go into the target.
    fn set_items(&mut self, target: Packed, from: usize, at: u64) {
        if target.is_composite() {
            self.weigh(target, from);
        } else {
            self.written(target, from, at);
        }
        let items = self.stack.get(from..).unwrap_or_default();
        let telling = items.chunks_exact(2).any(|pair| pair.get(1).is_some_and(|value| value.is_telling()));
        if telling || items.len() <= 128 {
            self.study_items(target, from);
        }
        self.stack.truncate(from);
    }

    fn study_items(&mut self, target: Packed, from: usize) {
        let items: Vec<Packed> = self.stack.get(from..).unwrap_or_default().to_vec();
        let mut holds_dtype = false;
        for pair in items.chunks_exact(2) {
            let [key, value] = pair else { continue };
            match value.unpack() {
                Value::Tensor(index) => {
                    if let Some(name) = self.text_of(*key) {
                        self.storages.name_tensor(index, name);
                    }
                }
                Value::Dtype(_) => holds_dtype = true,
                Value::Text { .. } => self.note_version(*key, *value),
                _ => {}
            }
        }
        // A wrapper's state has six entries; anything large is data.
        if holds_dtype
            && items.len() <= 64
            && let Value::Container(serial) = target.unpack()
        {
            let pairs = items.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
            let dict = self.dicts.entry(serial).or_default();
            dict.extend(pairs.take(64));
        }
    }

    /// Frameworks keep their version in an estimator's state.
    fn note_version(&mut self, key: Packed, value: Packed) {
        const KEYS: [&str; 3] = ["_sklearn_version", "_joblib_version", "__version__"];
        let Value::Text { offset, length, .. } = key.unpack() else { return };
        let Some(raw) = self.source.near(offset, u64::from(length)) else { return };
        let Some(known) = KEYS.into_iter().find(|known| known.as_bytes() == raw) else { return };
        if self.versions.len() < 16
            && !self.versions.iter().any(|(key, _)| *key == known)
            && let Some(version) = self.text_of(value)
        {
            self.versions.push((known, version));
        }
    }

    /// Items are put into something that is no list, dict or set of the pickle's own.
    fn written(&mut self, target: Packed, from: usize, at: u64) {
        if let Value::Name(id) = target.unpack() {
            self.remark(id);
            if self.names.note(id, UseKind::Insert, at) {
                let items: Vec<Packed> =
                    self.stack.get(from..).unwrap_or_default().iter().take(4).copied().collect();
                let shown = items.into_iter().map(|item| self.shown(item, 0)).collect();
                self.names.argue(id, UseKind::Insert, shown);
            }
        }
    }
}
