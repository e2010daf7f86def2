//! TensorRT engines ("plans"): networks compiled for one graphics processor
//! (<https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/advanced.html>).
//!
//! The layout is not published. A plan holds code for the processor, which the runtime runs as it is; and it may hold
//! libraries of plugins, which the runtime loads into the process when it is told to trust the plan. The latter are found
//! by their headers. (Code for the processor is ELF as well, of a machine of its own.)

use bartizan_core::{
    Asset, Category, Claim, Context, Cursor, Dependency, Fact, Finding, Inspection, Inspector, Kind, Model,
    Probe, Rule, Severity, Taxonomy, redacted,
};

const GUIDE: &str = "https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/advanced.html";

static OPAQUE: Rule = Rule {
    id: "tensorrt/opaque-engine",
    title: "A TensorRT engine is compiled code and cannot be read",
    severity: Severity::Info,
    category: Category::Coverage,
    why: "The runtime deserialises a plan and runs the code in it on the graphics processor. NVIDIA advises to load plans \
          from trusted sources only; what one computes cannot be seen from outside.",
    fix: "Build the engine yourself from a model that can be read, such as ONNX.",
    references: &[GUIDE],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static LIBRARY: Rule = Rule {
    id: "tensorrt/embedded-library",
    title: "The TensorRT engine carries a shared library",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "Plans can hold libraries of plugins, or a runtime of their own. A runtime that is told to trust the plan's host \
          code writes them to disk and loads them into the process.",
    fix: "Do not load it with host code allowed, unless you built it. Build the engine yourself.",
    references: &[GUIDE],
    taxonomy: Taxonomy { cwe: &["CWE-114"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static PLUGIN: Rule = Rule {
    id: "tensorrt/plugin-library",
    title: "The TensorRT engine names a library of plugins",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "The name of a native library stands in the plan. Layers that are plugins need code of whoever built the engine.",
    fix: "Load only a library that you built or trust.",
    references: &[GUIDE],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Recognises engines and looks for libraries in them.
#[derive(Debug)]
pub(crate) struct Tensorrt;

/// How much is searched at once, and how much of it again with what follows.
const WINDOW: u64 = 4 << 20;
const OVERLAP: u64 = 4096;
/// How much is searched.
const SEARCHED: u64 = 8 << 30;
/// The most places that are reported.
const MOST: usize = 32;

/// Machines of ELF that run a host: 386, PowerPC of both sizes, S/390, ARM, x86-64, AArch64, RISC-V, LoongArch. NVIDIA's
/// processors are 190.
const HOSTS: &[u16] = &[3, 20, 21, 22, 40, 62, 183, 243, 258];

/// What a search gathers.
#[derive(Default)]
struct Found {
    libraries: Vec<(u64, &'static str)>,
    names: Vec<(u64, String)>,
    gap: Option<(u64, String)>,
}

fn search(asset: &Asset, context: &Context<'_>) -> Found {
    let mut found = Found::default();
    let (len, mut offset) = (asset.content.len(), 0);
    while offset < len {
        if offset >= SEARCHED || context.interrupted() {
            found.gap = Some((offset, "the rest was not searched for libraries".to_owned()));
            break;
        }
        let wanted = WINDOW.min(len.saturating_sub(offset));
        let bytes = match asset.content.read(offset, wanted, WINDOW) {
            Ok(bytes) => bytes,
            Err(error) => {
                found.gap = Some((offset, error.to_string()));
                break;
            }
        };
        found.window(&bytes, offset);
        let end = offset.saturating_add(wanted);
        offset = if end >= len { end } else { end.saturating_sub(OVERLAP) };
    }
    found
}

impl Found {
    fn window(&mut self, bytes: &[u8], base: u64) {
        let at = |position: usize| base.saturating_add(position as u64);
        for position in memchr::memmem::find_iter(bytes, b"\x7fELF") {
            if bytes.get(position..).is_some_and(is_host_elf) {
                self.library(at(position), "an ELF library");
            }
        }
        for position in memchr::memmem::find_iter(bytes, b"PE\0\0") {
            if let Some(start) = pe_start(bytes, position) {
                self.library(at(start), "a Windows library");
            }
        }
        for ending in [&b".so"[..], b".dll"] {
            for position in memchr::memmem::find_iter(bytes, ending) {
                if let Some((start, name)) = library_name(bytes, position, ending.len()) {
                    self.name(at(start), name);
                }
            }
        }
    }

    fn library(&mut self, offset: u64, what: &'static str) {
        if self.libraries.len() < MOST && !self.libraries.iter().any(|(known, _)| *known == offset) {
            self.libraries.push((offset, what));
        }
    }

    fn name(&mut self, offset: u64, name: String) {
        if self.names.len() < MOST && !self.names.iter().any(|(_, known)| *known == name) {
            self.names.push((offset, name));
        }
    }
}

/// Is it the header of a program or library for a host?
fn is_host_elf(bytes: &[u8]) -> bool {
    let known = matches!(bytes.get(4..7), Some([1 | 2, 1 | 2, 1]));
    let mut cursor = Cursor::new(bytes);
    cursor.seek(16);
    let little = bytes.get(5) == Some(&1);
    let mut half = || if little { cursor.u16_le() } else { cursor.u16_be() };
    let (Ok(kind), Ok(machine)) = (half(), half()) else { return false };
    known && matches!(kind, 2 | 3) && HOSTS.contains(&machine)
}

/// Where the `MZ` header begins that leads to the `PE` header at `position`.
fn pe_start(bytes: &[u8], position: usize) -> Option<usize> {
    let near = position.saturating_sub(1024);
    memchr::memmem::find_iter(bytes.get(near..position)?, b"MZ").map(|found| near.saturating_add(found)).find(
        |start| {
            let mut cursor = Cursor::new(bytes);
            cursor.seek(start.saturating_add(0x3c));
            let leads = cursor.u32_le().ok().and_then(|offset| usize::try_from(offset).ok());
            leads.and_then(|offset| start.checked_add(offset)) == Some(position)
        },
    )
}

/// The name of a library that ends here, when what stands before is one.
fn library_name(bytes: &[u8], position: usize, ending: usize) -> Option<(usize, String)> {
    let end = position.saturating_add(ending);
    // Versions follow, or nothing of a name.
    if bytes.get(end).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'_') {
        return None;
    }
    let near = position.saturating_sub(255);
    let before = bytes.get(near..position)?;
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"/\\._-+: ".contains(byte);
    let length = before.iter().rev().take_while(|byte| in_name(byte)).count();
    let start = position.saturating_sub(length);
    let name = std::str::from_utf8(bytes.get(start..end)?).ok()?;
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    // Random bytes spell short names.
    (name.len() >= 8 && (last.starts_with("lib") || name.contains(['/', '\\'])))
        .then(|| (start, name.to_owned()))
}

impl Inspector for Tensorrt {
    fn kind(&self) -> Kind {
        Kind::new("tensorrt")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&OPAQUE, &LIBRARY, &PLUGIN] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.starts_with(b"ftrt") || probe.starts_with(b"ptrt") {
            return Claim::Certain;
        }
        let named = probe.extension_is(&["engine", "trt", "plan"]);
        if named && !probe.is_empty() && !probe.is_text() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        inspection
            .know(Fact::Model(Model { framework: Some("tensorrt".to_owned()), ..Model::of("tensorrt") }));
        let message = "this engine is compiled code, which the runtime runs as it is";
        inspection.find(Finding::new(&OPAQUE, asset, message));
        let found = search(asset, context);
        for (offset, what) in &found.libraries {
            let message = format!("it carries {what}");
            inspection.find(Finding::new(&LIBRARY, asset, message).offset(*offset).evidence("content", what));
        }
        for (offset, name) in &found.names {
            let message = format!("it names the library `{}`", redacted(name));
            inspection.know(Fact::Dependency(Dependency {
                role: "plugin",
                name: redacted(name),
                version: None,
                relation: None,
            }));
            // The names inside a library that was found are its own.
            if found.libraries.is_empty() {
                inspection
                    .find(Finding::new(&PLUGIN, asset, message).offset(*offset).evidence("library", name));
            }
        }
        if let Some((offset, reason)) = found.gap {
            inspection.coverage.miss_at(offset, reason);
        }
        inspection
    }
}

#[cfg(test)]
mod tests;
