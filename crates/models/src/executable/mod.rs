//! Programs where models are expected: ELF, PE, Mach-O, Java and Android code, WebAssembly, scripts, and llamafiles.
//!
//! A program is not a fault by itself: model repositories ship tools, wheels and servers carry libraries, a llamafile
//! is a program with a model inside. A program behind a model's name is, because whoever fetches `model.bin` expects
//! data, and because malware is kept in model stores in this way.
//!
//! Specifications: System V ABI, chapter 4 (ELF); Microsoft PE format; Apple `mach-o/loader.h`;
//! <https://github.com/mozilla-ai/llamafile>

mod header;
#[cfg(test)]
mod tests;

use bartizan_core::{
    Asset, Category, Claim, Confidence, Context, Description, Finding, Inspection, Inspector, Kind, Probe,
    Rule, Section, Severity, Taxonomy,
};
use memchr::memmem;

use self::header::{Format, Program, Role};

/// Recognises programs and judges whether one belongs where it is.
#[derive(Debug, Default)]
pub(crate) struct Executable;

const ATLAS_USER_EXECUTION: Taxonomy = Taxonomy { cwe: &["CWE-506", "CWE-434"], ..Taxonomy::UNSAFE_ARTEFACT };

/// A program anywhere.
static IN_MODEL_STORE: Rule = Rule {
    id: "executable/in-model-store",
    title: "Program among models",
    severity: Severity::Low,
    category: Category::CodeExecution,
    why: "A program does whatever its author wants when it is started or loaded. Models do not need any.",
    fix: "Know where it comes from before you start it, and keep programs apart from models.",
    references: &["https://atlas.mitre.org/techniques/AML.T0011.000"],
    taxonomy: ATLAS_USER_EXECUTION,
};

/// A program behind a model's name.
static DISGUISED: Rule = Rule {
    id: "executable/disguised-as-model",
    title: "Program behind a model's name",
    severity: Severity::High,
    category: Category::Disguise,
    why: "The name promises weights, the content is a program. Malware is kept in model stores in this way, to be \
          fetched and started by something else.",
    fix: "Do not use this file. Report it to the store that it came from.",
    references: &[
        "https://atlas.mitre.org/techniques/AML.T0074",
        "https://cwe.mitre.org/data/definitions/434.html",
    ],
    taxonomy: ATLAS_USER_EXECUTION,
};

/// A llamafile.
static LLAMAFILE: Rule = Rule {
    id: "executable/llamafile",
    title: "Model that runs as a program",
    severity: Severity::Medium,
    category: Category::CodeExecution,
    why: "A llamafile is a program with a model inside. Starting it runs its author's code with your rights; scanning \
          the model in it says nothing about the program around it.",
    fix: "Take the GGUF file out of it and run that with a server of your own.",
    references: &["https://github.com/mozilla-ai/llamafile"],
    taxonomy: ATLAS_USER_EXECUTION,
};

/// Extensions that promise a model or its data.
const MODEL_EXTENSIONS: &[&str] = &[
    "bin",
    "pt",
    "pth",
    "pkl",
    "pickle",
    "joblib",
    "dill",
    "cloudpickle",
    "safetensors",
    "gguf",
    "ggml",
    "onnx",
    "h5",
    "hdf5",
    "keras",
    "tflite",
    "pb",
    "pbtxt",
    "npy",
    "npz",
    "model",
    "ckpt",
    "msgpack",
    "mlmodel",
    "params",
    "pdmodel",
    "pdiparams",
    "weights",
    "caffemodel",
    "t7",
    "rds",
    "nemo",
    "mar",
    "skops",
    "ubj",
    "cbm",
    "lgb",
    "xgb",
    "pmml",
    "bst",
    "pte",
    "ptl",
    "engine",
    "plan",
    "rknn",
    "mlpackage",
    "orbax",
    "index",
    "data",
    "dat",
    "pkl2",
    "p",
];

/// Extensions of data that nobody expects to run, besides models.
const DATA_EXTENSIONS: &[&str] = &[
    "json", "yaml", "yml", "txt", "md", "csv", "tsv", "parquet", "png", "jpg", "jpeg", "gif", "webp", "pdf",
    "wav", "mp3", "mp4", "toml", "ini", "xml", "jinja", "zip", "gz", "tar", "vocab", "merges",
];

impl Inspector for Executable {
    fn kind(&self) -> Kind {
        Kind::new("executable")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: &[&Rule] = &[&IN_MODEL_STORE, &DISGUISED, &LLAMAFILE];
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match Program::read(probe.content(), &probe.head) {
            // Scripts under their own names belong to the inspectors of their languages.
            Some(program) if program.format == Format::Script && !probe.extension_is(MODEL_EXTENSIONS) => {
                Claim::Shape
            }
            Some(_) => Claim::Certain,
            None => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let _ = context;
        let mut inspection = Inspection::new();
        let head = asset.content.head(Probe::HEAD).unwrap_or_default();
        let Some(program) = Program::read(&asset.content, &head) else {
            inspection.coverage.miss("the headers of the program could not be read");
            return inspection;
        };
        inspection.kind = Some(kind(&program, asset));
        if let Some(finding) = judge(asset, &program) {
            inspection.find(finding.evidence("program", program.name()));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let head = asset.content.head(Probe::HEAD).unwrap_or_default();
        let mut section = Section::new("header", &["field", "value"]);
        if let Some(program) = Program::read(&asset.content, &head) {
            section.push(context.limits.rows, vec!["format".into(), format!("{:?}", program.format).into()]);
            section.push(context.limits.rows, vec!["role".into(), format!("{:?}", program.role).into()]);
            section.push(context.limits.rows, vec!["machine".into(), program.machine.into()]);
            for (field, value) in program.fields {
                section.push(context.limits.rows, vec![field.into(), value.into()]);
            }
        }
        Description { sections: vec![section] }
    }
}

fn kind(program: &Program, asset: &Asset) -> Kind {
    Kind::new(match program.format {
        _ if is_llamafile(program, asset) => "llamafile",
        Format::Elf => "elf",
        Format::Pe => "pe",
        Format::MachO | Format::MachOFat => "mach-o",
        Format::JavaClass => "java-class",
        Format::Wasm => "wasm",
        Format::Dex => "dex",
        Format::Script => "script",
    })
}

/// Is it a program with a GGUF model in the archive at its end?
fn is_llamafile(program: &Program, asset: &Asset) -> bool {
    if program.role != Role::Program || program.format == Format::Script {
        return false;
    }
    if asset.path.extension() == "llamafile" {
        return true;
    }
    let reach = asset.content.len().min(Probe::TAIL);
    let tail = asset.content.read(asset.content.len() - reach, reach, Probe::TAIL).unwrap_or_default();
    memmem::find(&tail, b"PK\x01\x02")
        .is_some_and(|at| memmem::find(tail.get(at..).unwrap_or_default(), b".gguf").is_some())
}

fn judge(asset: &Asset, program: &Program) -> Option<Finding> {
    let extension = asset.path.extension();
    let promises_data = MODEL_EXTENSIONS.contains(&extension.as_str())
        || (program.format != Format::Script && DATA_EXTENSIONS.contains(&extension.as_str()))
        || program.format != Format::Script && extension.is_empty() && is_model_name(asset.path.name())
        || is_tensor_of_checkpoint(asset);
    if is_llamafile(program, asset) {
        return Some(Finding::new(
            &LLAMAFILE,
            asset,
            format!("this file runs as a program: it is {}", program.name()),
        ));
    }
    if promises_data {
        let message = format!("behind a name that promises data lies {}", program.name());
        return Some(Finding::new(&DISGUISED, asset, message));
    }
    let message = format!("{} lies among the models", program.name());
    match program.role {
        Role::Object => None,
        _ if program.format == Format::Script => None,
        Role::Library => Some(Finding::new(&IN_MODEL_STORE, asset, message)),
        Role::Program if is_in_model(asset) => Some(
            Finding::new(&IN_MODEL_STORE, asset, format!("a model carries {}", program.name()))
                .severity(Severity::High)
                .confidence(Confidence::Medium),
        ),
        Role::Program => Some(Finding::new(&IN_MODEL_STORE, asset, message)),
    }
}

/// Names that promise weights without an extension.
fn is_model_name(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "checkpoint",
        "latest",
        "model",
        "params",
        "pytorch_model",
        "saved_model",
        "state",
        "variables",
        "weights",
    ];
    NAMES.contains(
        &name.to_ascii_lowercase().trim_end_matches(|c: char| c.is_ascii_digit() || c == '_' || c == '-'),
    )
}

/// Is it where the raw bytes of a tensor belong: `model.pt!archive/data/7`?
fn is_tensor_of_checkpoint(asset: &Asset) -> bool {
    asset.path.as_str().rsplit_once('!').is_some_and(|(_, member)| {
        member.rsplit_once('/').is_some_and(|(folder, name)| {
            matches!(folder.rsplit('/').next(), Some("data" | "tensors" | "constants"))
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// Is it a member of a file that a framework loads as one model?
fn is_in_model(asset: &Asset) -> bool {
    const FORMATS: &[&str] =
        &["pt", "pth", "ckpt", "bin", "keras", "npz", "skops", "nemo", "pkl", "joblib", "ptl"];
    asset.path.as_str().split('!').rev().skip(1).any(|container| {
        container
            .rsplit_once('.')
            .is_some_and(|(_, suffix)| FORMATS.contains(&suffix.to_ascii_lowercase().as_str()))
    })
}
