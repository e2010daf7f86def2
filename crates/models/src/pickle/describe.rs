//! The tables that `bartizan inspect` shows of a pickle.

use bartizan_core::{Cell, Context, Description, Section, UseKind, redacted};

use super::{
    machine::Machine,
    opcode::{self, Argument},
    report::use_name,
};

pub(super) fn describe(machine: &Machine<'_>, context: &Context<'_>) -> Description {
    let rows = context.limits.rows;
    let mut calls = Section::new("calls", &["callee", "how", "offset", "arguments"]);
    for (id, how) in &machine.names.calls {
        let Some(name) = machine.names.get(*id) else { continue };
        let used = name.uses.iter().find(|used| used.how == *how);
        let arguments =
            used.map(|used| used.arguments.iter().map(|text| redacted(text)).collect()).unwrap_or_default();
        calls.push(
            rows,
            vec![
                redacted(&name.qualified()).into(),
                use_name(*how).into(),
                used.map_or(name.offset, |used| used.offset).into(),
                Cell::List(arguments),
            ],
        );
    }
    let mut imports = Section::new("imports", &["module", "name", "uses", "offset", "count"]);
    for name in
        machine.names.iter().filter(|name| name.uses.iter().any(|used| used.how == UseKind::Reference))
    {
        let uses = name.uses.iter().map(|used| use_name(used.how).to_owned()).collect();
        imports.push(
            rows,
            vec![
                redacted(&name.module).into(),
                redacted(&name.name).into(),
                Cell::List(uses),
                name.offset.into(),
                name.count.into(),
            ],
        );
    }
    Description { sections: vec![calls, imports, opcodes(machine, rows)] }
}

fn opcodes(machine: &Machine<'_>, rows: usize) -> Section {
    let mut section = Section::new("opcodes", &["offset", "opcode", "argument", "resolves-to"]);
    let Some(trace) = &machine.trace else { return section };
    for (offset, byte, end, note) in &trace.steps {
        let (name, argument) = opcode::describe(*byte).unwrap_or(("invalid", Argument::None));
        let resolved = note.and_then(|id| machine.names.get(id)).map(|name| redacted(&name.qualified()));
        section.push(
            rows,
            vec![
                (*offset).into(),
                name.into(),
                shown_argument(machine, argument, *offset + 1, *end).into(),
                resolved.unwrap_or_default().into(),
            ],
        );
    }
    section.omitted += trace.omitted;
    section
}

fn shown_argument(machine: &Machine<'_>, argument: Argument, from: u64, until: u64) -> String {
    let length = until.saturating_sub(from);
    let read = |from: u64, length: u64| machine.source.again(from, length.min(256)).unwrap_or_default();
    match argument {
        Argument::None => String::new(),
        Argument::Fixed(_) => {
            let mut bytes = [0u8; 8];
            for (to, byte) in bytes.iter_mut().zip(read(from, length.min(8)).iter()) {
                *to = *byte;
            }
            u64::from_le_bytes(bytes).to_string()
        }
        Argument::Line | Argument::TwoLines => {
            redacted(String::from_utf8_lossy(&read(from, length)).trim_end().replace('\n', " ").as_str())
        }
        Argument::Counted(width) => {
            let body = read(from + width as u64, length.saturating_sub(width as u64));
            match std::str::from_utf8(&body) {
                Ok(text) => redacted(&format!("\"{text}\"")),
                Err(_) => redacted(&format!("b\"{}\"", body.escape_ascii())),
            }
        }
    }
}
