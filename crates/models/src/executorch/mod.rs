//! ExecuTorch programs (`.pte`): a flatbuffer with the identifier `ET12`, and segments of weights and of delegates' data
//! behind it (<https://docs.pytorch.org/executorch/stable/pte-file-format.html>).
//!
//! A program is a list of kernel calls. Parts of it may be delegated: a backend, named by its id, gets bytes that only it
//! understands. Some backends load those bytes as a native library.

mod buffer;

use std::collections::BTreeMap;

use bartizan_core::{
    Asset, Category, Claim, Context, Coverage, Dependency, Description, Fact, Finding, Import, Inspection,
    Inspector, Kind, Metadata, Model, Probe, Rule, Section, Severity, Span, Taxonomy, UseKind, redacted,
};
use buffer::{Buffer, Table};

use crate::safetensors::embedded;

const FORMAT: &str = "https://docs.pytorch.org/executorch/stable/pte-file-format.html";
const DELEGATES: &str = "https://docs.pytorch.org/executorch/stable/compiler-delegate-and-partitioner.html";

static PROGRAM: Rule = Rule {
    id: "executorch/embedded-program",
    title: "The ExecuTorch program carries a native program",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "A segment of the file is a program or library of the operating system. Backends that were compiled ahead of time \
          write it to disk and load it into the process.",
    fix: "Do not load it, unless you compiled it yourself. Export the model again for a backend that interprets its data.",
    references: &[FORMAT],
    taxonomy: Taxonomy { cwe: &["CWE-114"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static NATIVE: Rule = Rule {
    id: "executorch/native-delegate",
    title: "The ExecuTorch program is delegated to native code of its own",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "This backend loads a library that was compiled for the model and travels with it.",
    fix: "Load only a program that you compiled or trust.",
    references: &[DELEGATES],
    taxonomy: Taxonomy { cwe: &["CWE-114"], ..Taxonomy::UNSAFE_ARTEFACT },
};

static DELEGATE: Rule = Rule {
    id: "executorch/unknown-delegate",
    title: "The ExecuTorch program needs a backend that is not ExecuTorch's",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "A backend is native code of the app. Its data in the file is understood by nobody else, and was not checked.",
    fix: "Find out who makes this backend, and whether your app has it.",
    references: &[DELEGATES],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static OPERATOR: Rule = Rule {
    id: "executorch/custom-operator",
    title: "The ExecuTorch program needs kernels of its own",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "Operators outside the known namespaces are native code that must be linked into the app.",
    fix: "Find out who makes these kernels, and whether your app has them.",
    references: &["https://docs.pytorch.org/executorch/stable/kernel-library-custom-aten-kernel.html"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static SEGMENT: Rule = Rule {
    id: "executorch/segment-range",
    title: "A segment of the ExecuTorch program lies outside the file",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "The program says where its segments lie. Numbers that cannot be come from a cut file, or make a reader go beyond it.",
    fix: "Get the file again from its publisher.",
    references: &[FORMAT],
    taxonomy: Taxonomy { cwe: &["CWE-125"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// Reads programs.
#[derive(Debug)]
pub(crate) struct Executorch;

/// Backends that interpret their data.
const BACKENDS: &[&str] = &[
    "ArmBackend",
    "CadenceBackend",
    "CoreMLBackend",
    "EnnBackend",
    "EthosUBackend",
    "MPSBackend",
    "NeuropilotBackend",
    "NeutronBackend",
    "OpenvinoBackend",
    "QnnBackend",
    "VgfBackend",
    "VulkanBackend",
    "XnnpackBackend",
];

/// Backends that load a library.
const NATIVE_BACKENDS: &[&str] = &["AotiBackend", "CudaBackend", "MetalBackend"];

/// Namespaces of operators that come with ExecuTorch.
const NAMESPACES: &[&str] = &[
    "",
    "aten",
    "prims",
    "prim",
    "executorch_prim",
    "quantized_decomposed",
    "dim_order_ops",
    "et_vk",
    "llama",
    "torchao",
    "cadence",
    "cortex_m",
    "quantized",
];

/// The most entries that are kept of anything.
const MOST: usize = 10_000;

/// What the extended header says.
#[derive(Clone, Copy, Debug, Default)]
struct Header {
    program: u64,
    segments: u64,
}

/// Behind the identifier: `eh00`, the header's length, the program's size, and where segments begin.
fn header(head: &[u8]) -> Option<Header> {
    let rest = head.get(8..)?.strip_prefix(b"eh00")?;
    let number = |at: usize| {
        rest.get(at..at.checked_add(8)?)?.try_into().ok().map(|bytes: [u8; 8]| u64::from_le_bytes(bytes))
    };
    Some(Header { program: number(4)?, segments: number(12)? })
}

#[derive(Default)]
struct Found {
    version: Option<u64>,
    plans: Vec<String>,
    operators: BTreeMap<String, u64>,
    delegates: BTreeMap<String, u64>,
    segments: Vec<Span>,
    named: Vec<String>,
    /// Where a native program begins, and what it is.
    programs: Vec<(u64, &'static str)>,
    outside: u64,
    coverage: Coverage,
}

fn read(asset: &Asset, context: &Context<'_>) -> Found {
    let mut found = Found::default();
    let content = &asset.content;
    let head = content.head(64).unwrap_or_default();
    let header = header(&head);
    let program = header.map_or(content.len(), |header| header.program.min(content.len()));
    if header.is_some_and(|header| header.program > content.len()) {
        found.coverage.miss("the program is cut short");
    }
    let buffer = Buffer::new(&content.slice(0, program).unwrap_or_else(|_| content.clone()));
    match buffer.root() {
        Some(root) => found.program(&root, context),
        None => found.coverage.miss("the program could not be found"),
    }
    if buffer.is_spent() {
        found.coverage.miss("the program has more parts than the limit allows");
    }
    found.segments(asset, header.map_or(0, |header| header.segments), context);
    found
}

impl Found {
    /// `Program`: version 0, plans 1, delegates' data 3, segments 4, named data 7.
    fn program(&mut self, root: &Table<'_>, context: &Context<'_>) {
        self.version = root.number(0, 4);
        for plan in root.vector(1, 4).tables().take(MOST) {
            if context.interrupted() {
                return self.coverage.miss("the time allowed ran out");
            }
            // `ExecutionPlan`: name 0, operators 6, delegates 7.
            self.plans.push(plan.text(0).unwrap_or_default());
            for operator in plan.vector(6, 4).tables() {
                let (name, overload) = (operator.text(0), operator.text(1));
                let name = name.unwrap_or_default();
                let whole = match overload.as_deref() {
                    None | Some("") => name,
                    Some(overload) => format!("{name}.{overload}"),
                };
                count(&mut self.operators, whole);
            }
            for delegate in plan.vector(7, 4).tables() {
                count(&mut self.delegates, delegate.text(0).unwrap_or_default());
            }
        }
        // `DataSegment`: offset 0, size 1.
        for segment in root.vector(4, 4).tables().take(MOST) {
            let number = |field| segment.number(field, 8).unwrap_or(0);
            self.segments.push(Span { offset: number(0), length: number(1) });
        }
        for named in root.vector(7, 4).tables().take(MOST) {
            self.named.extend(named.text(0));
        }
    }

    /// Looks where each segment begins, for what no backend interprets.
    fn segments(&mut self, asset: &Asset, base: u64, context: &Context<'_>) {
        for segment in self.segments.iter().filter(|segment| segment.length > 0) {
            let start = base.checked_add(segment.offset);
            let end = start.and_then(|start| start.checked_add(segment.length));
            let (Some(start), Some(_)) = (start, end.filter(|end| *end <= asset.content.len())) else {
                self.outside = self.outside.saturating_add(1);
                continue;
            };
            let head = asset.content.read(start, segment.length.min(1024), 1024).unwrap_or_default();
            if let Some(payload) = embedded::payload(&head)
                && matches!(payload.extension, "elf" | "exe" | "sh")
                && self.programs.len() < context.limits.findings
            {
                self.programs.push((start, payload.what));
            }
        }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: String) {
    if counts.len() < MOST || counts.contains_key(&name) {
        *counts.entry(name).or_default() += 1;
    }
}

impl Inspector for Executorch {
    fn kind(&self) -> Kind {
        Kind::new("executorch")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&PROGRAM, &NATIVE, &DELEGATE, &OPERATOR, &SEGMENT] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        // `ET12` since the first release; the digits are the schema's version.
        let digits = probe.head.get(6..8).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
        if probe.has_at(4, b"ET") && digits { Claim::Certain } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let found = read(asset, context);
        inspection.coverage.merge(found.coverage.clone());
        for (offset, what) in &found.programs {
            let message = format!("a segment is {what}");
            inspection.find(Finding::new(&PROGRAM, asset, message).offset(*offset).evidence("content", what));
        }
        if found.outside > 0 {
            let message = format!("{} segments lie outside the file", found.outside);
            inspection.coverage.miss(message.clone());
            inspection.find(Finding::new(&SEGMENT, asset, message));
        }
        for name in found.delegates.keys().take(context.limits.findings) {
            let rule = match name.as_str() {
                name if BACKENDS.contains(&name) => continue,
                name if NATIVE_BACKENDS.contains(&name) => &NATIVE,
                _ => &DELEGATE,
            };
            let message = format!("parts of it are for the backend `{}`", redacted(name));
            inspection.find(Finding::new(rule, asset, message).evidence("delegate", name));
        }
        let foreign: Vec<&str> = found
            .operators
            .keys()
            .map(String::as_str)
            .filter(|name| !NAMESPACES.contains(&name.split_once("::").map_or("", |(space, _)| space)))
            .take(8)
            .collect();
        if !foreign.is_empty() {
            let names = foreign.join(", ");
            let message = format!("it needs kernels for {}", redacted(&names));
            inspection.find(Finding::new(&OPERATOR, asset, message).evidence("operators", &names));
        }
        facts(&found, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let found = read(asset, context);
        let mut parts = Section::new("program", &["part", "name", "count"]);
        for plan in &found.plans {
            parts.push(context.limits.rows, vec!["plan".into(), redacted(plan).into(), 1u64.into()]);
        }
        for (what, counts) in [("delegate", &found.delegates), ("operator", &found.operators)] {
            for (name, count) in counts {
                parts.push(context.limits.rows, vec![what.into(), redacted(name).into(), (*count).into()]);
            }
        }
        let mut segments = Section::new("segments", &["offset", "bytes"]);
        for segment in &found.segments {
            segments.push(context.limits.rows, vec![segment.offset.into(), segment.length.into()]);
        }
        Description { sections: vec![parts, segments] }
    }
}

fn facts(found: &Found, inspection: &mut Inspection) {
    inspection.know(Fact::Model(Model {
        format_version: Some(found.version.unwrap_or(0).to_string()),
        framework: Some("executorch".to_owned()),
        name: found.plans.first().map(|name| redacted(name)),
        ..Model::of("executorch")
    }));
    for name in found.delegates.keys() {
        inspection.know(Fact::Dependency(Dependency {
            role: "delegate",
            name: redacted(name),
            version: None,
            relation: None,
        }));
    }
    for (name, count) in &found.operators {
        let (module, name) = name.split_once("::").unwrap_or(("", name));
        inspection.know(Fact::Import(Import {
            module: redacted(module),
            name: redacted(name),
            uses: vec![UseKind::Plugin],
            offset: None,
            count: *count,
        }));
    }
    for name in found.named.iter().take(1000) {
        inspection.know(Fact::Metadata(Metadata::new("named-data", name)));
    }
    inspection.know(Fact::Metadata(Metadata::new("segments", found.segments.len().to_string())));
}

#[cfg(test)]
mod tests;
