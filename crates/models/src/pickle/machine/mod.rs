//! The pickle machine, run on abstract values: every opcode has its effect on stack, memo and marks, but no import
//! happens and nothing is called. What would be imported and called is recorded instead.
//!
//! Where CPython's C and Python implementations differ, the more permissive one is followed, so that nothing that
//! either of them would still execute is missed.

mod effects;
mod literals;
mod sprint;
mod stack;
mod step;

use std::collections::{HashMap, HashSet};

use bartizan_core::Context;

use super::{
    arrays::Dtype,
    memo::Memo,
    names::Names,
    source::{Ended, Source},
    torch::Storages,
    value::{NameId, Packed, TupleRing},
};

/// Names longer than this are cut: no real one is.
const LONGEST_NAME: u64 = 4096;
/// Lines of protocol 0 longer than this end the stream: CPython would still read them, but nothing writes them.
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
pub(in crate::pickle) struct Literal {
    pub(in crate::pickle) offset: u64,
    pub(in crate::pickle) length: u64,
    pub(in crate::pickle) is_text: bool,
    /// Does the pickle have it loaded as a checkpoint, whatever it looks like?
    pub(in crate::pickle) is_loaded: bool,
}

/// Oddities that are findings of their own.
#[derive(Default)]
pub(in crate::pickle) struct Oddities {
    /// A protocol that CPython does not know, and where.
    pub(in crate::pickle) protocol: Option<(u64, u8)>,
    /// A claimed length far beyond the file, and where.
    pub(in crate::pickle) lying_length: Option<(u64, u64)>,
    /// A memo index that makes CPython allocate far more than the pickle holds.
    pub(in crate::pickle) memo_bomb: Option<(u64, u64)>,
    /// Shared references that multiply: the number of elements they stand for.
    pub(in crate::pickle) multiplied: Option<(u64, u64)>,
    /// A call that allocates: offset and bytes.
    pub(in crate::pickle) allocation: Option<(u64, u64)>,
    /// A persistent id that is not PyTorch's.
    pub(in crate::pickle) persistent: Option<u64>,
    /// A checkpoint is loaded from bytes that are computed, and where.
    pub(in crate::pickle) hidden_load: Option<u64>,
    /// A decimal number of absurd length (quadratic to parse).
    pub(in crate::pickle) long_number: Option<u64>,
}

/// The state of the abstract machine over all streams of one pickle file.
pub(in crate::pickle) struct Machine<'a> {
    pub(in crate::pickle) source: Source,
    pub(in crate::pickle) names: Names,
    pub(in crate::pickle) oddities: Oddities,
    pub(in crate::pickle) literals: Vec<Literal>,
    pub(in crate::pickle) dtypes: Vec<Dtype>,
    pub(in crate::pickle) storages: Storages,
    pub(in crate::pickle) computed: Vec<String>,
    pub(in crate::pickle) tuples: TupleRing,
    /// Dicts that hold a dtype: what joblib's array wrappers are built from.
    pub(in crate::pickle) dicts: HashMap<u64, Vec<(Packed, Packed)>>,
    pub(in crate::pickle) extensions: HashMap<u32, (String, String)>,
    /// What partials keep: functions, and the first argument of each.
    pub(in crate::pickle) partials: HashMap<NameId, Vec<(Packed, Option<Packed>)>>,
    /// Texts in order of appearance, while someone wants them.
    pub(in crate::pickle) texts: Option<Vec<(u64, u64)>>,
    /// Version strings that frameworks keep in the state, by key.
    pub(in crate::pickle) versions: Vec<(&'static str, String)>,
    /// How many inline arrays were skipped, and their bytes.
    pub(in crate::pickle) arrays: (u64, u64),
    pub(in crate::pickle) stack: Vec<Packed>,
    pub(in crate::pickle) marks: Vec<usize>,
    memo: Memo,
    pub(in crate::pickle) protocol: u8,
    pub(in crate::pickle) highest_protocol: u8,
    containers: u64,
    shared: HashSet<u64>,
    weights: HashMap<u64, u64>,
    pub(in crate::pickle) opcodes: u64,
    pub(in crate::pickle) depth: usize,
    /// How many calls are inside each other just now.
    calling: usize,
    context: &'a Context<'a>,
    pub(in crate::pickle) trace: Option<Trace>,
}

/// Opcodes as they were met, for `inspect`.
#[derive(Default)]
pub(in crate::pickle) struct Trace {
    /// Offset, opcode, end of its argument, and the name that it brought in or called.
    pub(in crate::pickle) steps: Vec<(u64, u8, u64, Option<NameId>)>,
    pub(in crate::pickle) most: usize,
    pub(in crate::pickle) omitted: u64,
    note: Option<NameId>,
}

impl Trace {
    pub(in crate::pickle) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }
}

pub(in crate::pickle) type Step<T = ()> = Result<T, Stopped>;

/// Why the machine cannot go on. Thin, so that every step's result fits into registers.
pub(in crate::pickle) enum Stopped {
    Truncated,
    Broken(&'static &'static str),
    /// Right as it may be, the machine does not know it.
    Unsupported(&'static &'static str),
}

impl From<Stopped> for End {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Truncated => Self::Truncated,
            Stopped::Broken(why) => Self::Broken((*why).to_owned()),
            Stopped::Unsupported(why) => Self::Limit((*why).to_owned()),
        }
    }
}

impl From<Ended> for Stopped {
    fn from(_: Ended) -> Self {
        Self::Truncated
    }
}

const UNDERFLOW: Stopped = Stopped::Broken(&"the stack is empty where an object is needed");

impl<'a> Machine<'a> {
    pub(in crate::pickle) fn new(source: Source, context: &'a Context<'a>) -> Self {
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
            partials: HashMap::new(),
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
            calling: 0,
            context,
            trace: None,
        }
    }

    /// Runs one stream from the source's position. The extension registry and the table of names outlive it.
    pub(in crate::pickle) fn run(&mut self) -> End {
        self.stack.clear();
        self.marks.clear();
        self.memo = Memo::default();
        self.protocol = 0;
        if self.trace.is_some() { self.run_steps::<true>() } else { self.run_steps::<false>() }
    }

    /// Runs a stream that begins inside another one, and returns to the outer one's state.
    pub(in crate::pickle) fn run_nested(&mut self) -> End {
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
            if !TRACE {
                self.sprint();
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
            if let Err(stopped) = step {
                return stopped.into();
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
}
