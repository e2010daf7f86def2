//! What the first bytes of a program tell.

use bartizan_core::{Content, Cursor, Truncated};

/// The kind of program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Elf,
    Pe,
    MachO,
    MachOFat,
    JavaClass,
    Wasm,
    Dex,
    /// A text that names its interpreter in the first line, or a Windows batch file.
    Script,
}

/// Whether it runs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Program,
    /// A shared library, which runs when something loads it.
    Library,
    /// An object file or a core dump, which does not run.
    Object,
}

/// What the headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) format: Format,
    pub(super) role: Role,
    /// Processor, or interpreter of a script.
    pub(super) machine: String,
    /// Header fields worth showing.
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Program {
    /// Reads the headers; `None` when this is no program.
    pub(super) fn read(content: &Content, head: &[u8]) -> Option<Self> {
        match head {
            [0x7f, b'E', b'L', b'F', class @ (1 | 2), order @ (1 | 2), 1, ..] => {
                elf(content, head, *class == 2, *order == 2).ok().flatten()
            }
            [b'M', b'Z', ..] => pe(content, head).ok().flatten(),
            [0xca, 0xfe, 0xba, 0xbe, ..] => fat_or_java(head).ok().flatten(),
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => mach(head, true).ok().flatten(),
            [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => mach(head, false).ok().flatten(),
            [0, b'a', b's', b'm', 1 | 2 | 0x0d, ..] => {
                Some(Self::of(Format::Wasm, Role::Library, "WebAssembly"))
            }
            [b'd', b'e', b'x', b'\n', b'0', ..] => Some(Self::of(Format::Dex, Role::Library, "Dalvik")),
            _ => script(head),
        }
    }

    fn of(format: Format, role: Role, machine: impl Into<String>) -> Self {
        Self { format, role, machine: machine.into(), fields: Vec::new() }
    }

    /// What it is, for a sentence.
    pub(super) fn name(&self) -> String {
        let format = match self.format {
            Format::Elf => "Linux",
            Format::Pe => "Windows",
            Format::MachO | Format::MachOFat => "macOS",
            Format::JavaClass => return "a Java class".to_owned(),
            Format::Wasm => return "a WebAssembly module".to_owned(),
            Format::Dex => return "an Android program".to_owned(),
            Format::Script => return format!("a script for {}", self.machine),
        };
        let role = match self.role {
            Role::Program => "program",
            Role::Library => "library",
            Role::Object => "object file",
        };
        format!("a {format} {role} for {}", self.machine)
    }
}

/// System V ABI, chapter 4: the ELF header, and the program headers for the interpreter of a program.
fn elf(content: &Content, head: &[u8], wide: bool, big: bool) -> Result<Option<Program>, Truncated> {
    const INTERPRETER: u32 = 3;
    const MOST_SEGMENTS: u16 = 64;
    let mut cursor = Cursor::new(head);
    let short = |cursor: &mut Cursor<'_>| if big { cursor.u16_be() } else { cursor.u16_le() };
    let word = |cursor: &mut Cursor<'_>| if big { cursor.u32_be() } else { cursor.u32_le() };
    let address = |cursor: &mut Cursor<'_>| match (wide, big) {
        (true, true) => cursor.u64_be(),
        (true, false) => cursor.u64_le(),
        (false, _) => word(cursor).map(u64::from),
    };
    cursor.seek(16);
    let (kind, machine, _version) = (short(&mut cursor)?, short(&mut cursor)?, word(&mut cursor)?);
    let (entry, segments) = (address(&mut cursor)?, address(&mut cursor)?);
    let (_sections, _flags, _size) = (address(&mut cursor)?, word(&mut cursor)?, short(&mut cursor)?);
    let (length, count) = (short(&mut cursor)?, short(&mut cursor)?);
    let span = u64::from(length) * u64::from(count.min(MOST_SEGMENTS));
    let table = content.read(segments, span, 1 << 20).unwrap_or_default();
    let has_interpreter = length > 0
        && table.chunks(length.into()).any(|segment| word(&mut Cursor::new(segment)) == Ok(INTERPRETER));
    let role = match kind {
        2 => Role::Program,
        3 if has_interpreter => Role::Program,
        3 => Role::Library,
        _ => Role::Object,
    };
    let machine = goblin::elf::header::machine_to_str(machine);
    let mut program = Program::of(Format::Elf, role, machine);
    program.fields = vec![
        ("type", goblin::elf::header::et_to_str(kind).to_owned()),
        ("entry", format!("{entry:#x}")),
        ("segments", count.to_string()),
        ("interpreter", if has_interpreter { "yes" } else { "no" }.to_owned()),
    ];
    Ok(Some(program))
}

/// Microsoft's PE format: the DOS header says where the real one is.
fn pe(content: &Content, head: &[u8]) -> Result<Option<Program>, Truncated> {
    const LIBRARY: u16 = 0x2000;
    let mut cursor = Cursor::new(head);
    cursor.seek(0x3c);
    let at = cursor.u32_le()?;
    let header = content.read(u64::from(at), 24, 24).unwrap_or_default();
    let mut cursor = Cursor::new(&header);
    if cursor.take(4) != Ok(b"PE\0\0") {
        // A program for several systems at once begins as a shell script within the DOS header.
        let portable = head.starts_with(b"MZqFpD='");
        return Ok(portable.then(|| Program::of(Format::Pe, Role::Program, "any system")));
    }
    let (machine, sections) = (cursor.u16_le()?, cursor.u16_le()?);
    let time = cursor.u32_le()?;
    cursor.take(10)?;
    let flags = cursor.u16_le()?;
    let role = if flags & LIBRARY != 0 { Role::Library } else { Role::Program };
    let mut program = Program::of(Format::Pe, role, goblin::pe::header::machine_to_str(machine));
    program.fields = vec![
        ("sections", sections.to_string()),
        ("linked-at", time.to_string()),
        ("characteristics", format!("{flags:#06x}")),
    ];
    Ok(Some(program))
}

/// Apple's `mach_header`.
fn mach(head: &[u8], big: bool) -> Result<Option<Program>, Truncated> {
    let mut cursor = Cursor::new(head);
    cursor.seek(4);
    let mut word = || if big { cursor.u32_be() } else { cursor.u32_le() };
    let (processor, variant, kind, commands) = (word()?, word()?, word()?, word()?);
    let Some(machine) =
        goblin::mach::constants::cputype::get_arch_name_from_types(processor, variant & 0x00ff_ffff)
    else {
        return Ok(None);
    };
    let role = match kind {
        // MH_EXECUTE, MH_DYLINKER
        2 | 7 => Role::Program,
        // MH_DYLIB, MH_BUNDLE, MH_FVMLIB
        3 | 6 | 8 => Role::Library,
        _ => Role::Object,
    };
    let mut program = Program::of(Format::MachO, role, machine);
    program.fields = vec![
        ("type", goblin::mach::header::filetype_to_str(kind).to_owned()),
        ("commands", commands.to_string()),
    ];
    Ok(Some(program))
}

/// `cafebabe` begins Apple's fat binaries, where a small count follows, and Java's classes, where a version of at
/// least 45 stands in the same place.
fn fat_or_java(head: &[u8]) -> Result<Option<Program>, Truncated> {
    let mut cursor = Cursor::new(head);
    cursor.seek(4);
    let count = cursor.u32_be()?;
    if count & 0xffff >= 45 {
        return Ok(
            (count & 0xffff < 256).then(|| Program::of(Format::JavaClass, Role::Library, "the Java machine"))
        );
    }
    let mut machines = Vec::new();
    for _ in 0..count.min(8) {
        let (processor, variant) = (cursor.u32_be()?, cursor.u32_be()?);
        cursor.take(12)?;
        let name =
            goblin::mach::constants::cputype::get_arch_name_from_types(processor, variant & 0x00ff_ffff);
        machines.push(name.unwrap_or("?"));
    }
    let is_fat = machines.iter().any(|name| *name != "?");
    Ok(is_fat.then(|| Program::of(Format::MachOFat, Role::Program, machines.join(", "))))
}

/// `#!` and an absolute path, or the usual first line of a Windows batch file.
fn script(head: &[u8]) -> Option<Program> {
    let line = head.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let line = std::str::from_utf8(line.get(..line.len().min(256))?).ok()?;
    if line.to_ascii_lowercase().starts_with("@echo off") {
        return Some(Program::of(Format::Script, Role::Program, "cmd.exe"));
    }
    let command = line.strip_prefix("#!")?.trim_start();
    command
        .starts_with('/')
        .then(|| Program::of(Format::Script, Role::Program, bartizan_core::redacted(command.trim_end())))
}
