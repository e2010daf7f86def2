//! Pickle, protocols 0 to 5, and what is built on it: joblib, dill, cloudpickle, PyTorch's legacy format.
//!
//! A pickle is a program for a stack machine whose instructions import names and call them. This inspector runs that
//! program on abstract values ([`machine`]): it follows every opcode exactly, imports nothing and calls nothing, and
//! records which names would be imported and how each is used. [`grade`] then judges each use by what is known about
//! the name ([`knowledge`]). Strings that are mere data are never evidence.
//!
//! Sources: CPython's `Lib/pickle.py`, `Modules/_pickle.c`, PEP 307, 3154, 574; `joblib/numpy_pickle.py`;
//! `torch/serialization.py`.

mod arrays;
mod describe;
mod fold;
mod grade;
mod knowledge;
mod machine;
mod memo;
mod names;
mod nested;
mod opcode;
mod report;
mod rules;
mod source;
mod text;
mod torch;
mod value;

#[cfg(test)]
mod tests;

use bartizan_core::{Asset, Claim, Content, Context, Description, Inspection, Inspector, Kind, Probe, Rule};

use self::{
    machine::{End, Machine},
    source::Source,
};

/// A pickle of any kind.
pub const KIND: Kind = Kind::new("pickle");
/// A pickle with joblib's inline arrays.
pub const JOBLIB: Kind = Kind::new("joblib");
/// PyTorch's format before 1.6: several pickles, then raw storages.
pub const TORCH_LEGACY: Kind = Kind::new("torch-legacy");

/// Extensions under which pickles are shipped.
const EXTENSIONS: &[&str] = &["pkl", "pickle", "joblib", "dill", "pck", "pcl", "p", "jbl", "pkl3", "cpickle"];

/// Reads pickles.
#[derive(Debug, Default)]
pub struct Pickle;

impl Inspector for Pickle {
    fn kind(&self) -> Kind {
        KIND
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.asset.content.tree().is_some() {
            return Claim::No;
        }
        if let [0x80, protocol, next, ..] = probe.head.as_ref() {
            // The protocol may lie; a frame, a memo or any other opcode must follow.
            if opcode::describe(*next).is_some() && (*protocol <= 5 || looks_alive(probe)) {
                return if *protocol <= 5 { Claim::Certain } else { Claim::Shape };
            }
        }
        if looks_alive(probe) {
            return Claim::Shape;
        }
        if probe.extension_is(EXTENSIONS) && !probe.head.is_empty() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut machine = Machine::new(Source::new(&asset.content), context);
        let streams = run_streams(&mut machine, context);
        report::report(asset, context, &mut machine, &streams)
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut machine = Machine::new(Source::new(&asset.content), context);
        machine.trace = Some(machine::Trace::new(context.limits.rows));
        run_streams(&mut machine, context);
        describe::describe(&machine, context)
    }
}

/// Protocols 0 and 1 have no magic number: the machine itself tells. It must get through the head without an error
/// and either reach the end or have imported something by then.
fn looks_alive(probe: &Probe<'_>) -> bool {
    /// A pickle without `PROTO` begins with a container, a literal or an import.
    const CLASSIC: &[u8] = b"(cil]}dI.SUVXTFJKLMNGPp\x80)";
    /// Opcodes of protocol 2 and above, which pickles in the wild have a `PROTO` before.
    const RARE: &[u8] = b"\x82\x83\x84\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96BC";
    let Some(first) = probe.head.first() else { return false };
    let is_rare = RARE.contains(first);
    if !is_rare && !CLASSIC.contains(first) {
        return false;
    }
    let limits = bartizan_core::Limits { opcodes: 20_000, ..bartizan_core::Limits::default() };
    let budget = bartizan_core::Budget::default();
    let context = Context {
        limits: &limits,
        options: bartizan_core::Options::default(),
        budget: &budget,
        outlet: &|_| {},
        interrupt: &|| false,
    };
    let whole = probe.head.len() as u64 == probe.len();
    let mut machine = Machine::new(Source::new(&Content::from_bytes(probe.head.clone())), &context);
    let end = machine.run();
    let imports = machine.names.iter().any(|name| {
        let is_identifier = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        };
        is_identifier(&name.module) && is_identifier(&name.name)
            || !name.uses.iter().all(|u| u.offset == name.offset)
    });
    let acts = machine.names.iter().any(|name| name.uses.len() > 1);
    match end {
        // A lone `.` or a number is text more often than it is a pickle.
        End::Stop(_) => imports || machine.opcodes > 2 && !is_rare,
        End::Truncated => {
            imports && acts || !whole && machine.opcodes > 8 && (imports || machine.opcodes > 200)
        }
        _ => imports && acts,
    }
}

/// One stream and how it ended.
#[derive(Debug)]
struct Stream {
    end: End,
    /// Where it ended.
    until: u64,
}

/// All streams of a file and what lies behind them.
#[derive(Debug, Default)]
struct Streams {
    streams: Vec<Stream>,
    /// Is it PyTorch's legacy format?
    is_legacy_torch: bool,
    /// Bytes that belong to no stream.
    trailing: Option<(u64, u64)>,
}

/// More streams than this in one file are not followed.
const MOST_STREAMS: usize = 10_000;

fn run_streams(machine: &mut Machine<'_>, context: &Context<'_>) -> Streams {
    let mut found = Streams::default();
    if machine
        .source
        .again(0, torch::LEGACY_MAGIC.len() as u64)
        .is_some_and(|head| head == torch::LEGACY_MAGIC)
    {
        found.is_legacy_torch = true;
        machine.run();

        let end = machine.run_legacy();
        found.streams.push(Stream { end, until: machine.source.offset() });
        if !matches!(found.streams.last().map(|stream| &stream.end), Some(End::Stop(_))) {
            // The framing is not understood: look for further pickles all the same.
            resync(machine, &mut found, context);
            return found;
        }
    }
    while machine.source.remaining() > 0 && found.streams.len() < MOST_STREAMS && !context.interrupted() {
        let offset = machine.source.offset();
        let opcodes = machine.opcodes;
        let names = machine.names.iter().count();
        let end = machine.run();
        let stopped = matches!(end, End::Stop(_));
        let executed = machine.names.iter().count() > names;
        // Bytes after a complete pickle that are no pickle themselves are trailing data.
        let is_junk = !found.streams.is_empty() && !executed && (!stopped || machine.opcodes - opcodes < 3);
        if is_junk {
            machine.source.seek(offset);
            found.trailing.get_or_insert((offset, machine.source.remaining()));
            resync(machine, &mut found, context);
            return found;
        }
        found.streams.push(Stream { end, until: machine.source.offset() });
        if !stopped {
            resync(machine, &mut found, context);
            return found;
        }
    }
    found
}

/// Looks for further pickles by their first bytes, behind junk and breaks.
fn resync(machine: &mut Machine<'_>, found: &mut Streams, context: &Context<'_>) {
    const WINDOW: u64 = 1 << 16;
    // A checkpoint's storages follow the pickle; searching gigabytes for two bytes finds them by chance only.
    const FARTHEST: u64 = 64 << 20;
    let content = machine.source.content().clone();
    let begin = machine.source.offset();
    let mut at = begin;
    while at < content.len().min(begin + FARTHEST)
        && found.streams.len() < MOST_STREAMS
        && !context.interrupted()
    {
        let Ok(window) = content.read(at, WINDOW.min(content.len() - at), WINDOW) else { return };
        let mut searched = 0;
        let mut next = None;
        while let Some(hit) = memchr::memchr(0x80, window.get(searched..).unwrap_or_default()) {
            let place = searched + hit;
            searched = place + 1;
            let head = window.get(place..).unwrap_or_default();
            // After the protocol come a frame, a memo, an import or a container.
            if matches!(head, [0x80, 2..=5, 0x95 | b'c' | b'(' | b'}' | b']' | 0x8c | b'X' | b'U' | b'K', ..])
            {
                let offset = at + place as u64;
                let names = machine.names.iter().count();
                machine.source.seek(offset);
                let end = machine.run();
                if machine.names.iter().count() > names {
                    let until = machine.source.offset();
                    let stopped = matches!(end, End::Stop(_));
                    found.streams.push(Stream { end, until });
                    if stopped {
                        next = Some(until);
                        break;
                    }
                }
            }
        }
        at = next.unwrap_or(at + (window.len() as u64).saturating_sub(2).max(1));
        if next.is_none() && at + 2 >= content.len() {
            return;
        }
    }
}
