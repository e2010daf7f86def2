//! What can be wrong with a pickle.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const PICKLE_DOCS: &str = "https://docs.python.org/3/library/pickle.html#restricting-globals";
const CONVERT: &str = "Do not load this file. Get the model in a format that holds no code (safetensors, ONNX, GGUF), \
                       or from a source you trust, and pin its digest.";

const fn unsafe_artefact(
    id: &'static str,
    title: &'static str,
    severity: Severity,
    category: Category,
    why: &'static str,
    fix: &'static str,
) -> Rule {
    Rule {
        id,
        title,
        severity,
        category,
        why,
        fix,
        references: &[PICKLE_DOCS],
        taxonomy: Taxonomy::UNSAFE_ARTEFACT,
    }
}

pub(super) static CODE_EXECUTION: Rule = unsafe_artefact(
    "pickle/code-execution",
    "Pickle runs code when loaded",
    Severity::Critical,
    Category::CodeExecution,
    "A pickle is a program for a small machine, and this one makes Python run commands or code as soon as the file is \
     opened, with all rights of the process that opens it.",
    CONVERT,
);
pub(super) static FILE_ACCESS: Rule = unsafe_artefact(
    "pickle/file-access",
    "Pickle touches files when loaded",
    Severity::Critical,
    Category::FileAccess,
    "Loading this pickle calls functions that read, write or delete files. No model needs that to be restored.",
    CONVERT,
);
pub(super) static NETWORK_ACCESS: Rule = unsafe_artefact(
    "pickle/network-access",
    "Pickle opens a connection when loaded",
    Severity::Critical,
    Category::NetworkAccess,
    "Loading this pickle connects to another machine: it can leak data or fetch a second stage.",
    CONVERT,
);
pub(super) static NATIVE_CODE: Rule = unsafe_artefact(
    "pickle/native-code",
    "Pickle loads native code",
    Severity::Critical,
    Category::CodeExecution,
    "Loading this pickle brings native libraries into the process or calls into them directly.",
    CONVERT,
);
pub(super) static UNSAFE_LOAD: Rule = unsafe_artefact(
    "pickle/unsafe-load",
    "Pickle loads further serialised data",
    Severity::Critical,
    Category::CodeExecution,
    "Loading this pickle makes Python load more serialised data from inside it or from elsewhere; that data can run \
     code in turn, out of sight of anyone who looked at this file alone.",
    CONVERT,
);
pub(super) static REFLECTION: Rule = unsafe_artefact(
    "pickle/reflection",
    "Pickle reaches into the interpreter",
    Severity::Critical,
    Category::CodeExecution,
    "The pickle uses functions that look up or call other functions. They are the building blocks from which exploits \
     are assembled when the obvious names are blocked.",
    CONVERT,
);
pub(super) static EMBEDDED_CODE: Rule = unsafe_artefact(
    "pickle/embedded-code",
    "Pickle carries code of its own",
    Severity::High,
    Category::CustomCode,
    "cloudpickle and dill store functions as bytecode. The load itself does not run it, but whoever uses the object \
     runs code that no package index and no review has seen.",
    "Ship the code as a package and store only data, or load the file in a sandbox.",
);
pub(super) static GLOBAL_WRITE: Rule = unsafe_artefact(
    "pickle/global-write",
    "Pickle changes an imported object",
    Severity::Critical,
    Category::CodeExecution,
    "The pickle sets attributes or items on something that it imported, such as a class or `sys.modules`. Code that \
     was safe before then does what the pickle wants.",
    CONVERT,
);
pub(super) static DOTTED_IMPORT: Rule = unsafe_artefact(
    "pickle/dotted-import",
    "Pickle reaches through one module into another",
    Severity::Critical,
    Category::CodeExecution,
    "Names with dots let a pickle walk from a harmless module to whatever that module has imported itself, for \
     example from `logging` to `os.system`. Lists of dangerous modules do not see that.",
    CONVERT,
);
pub(super) static COMPUTED_CALL: Rule = unsafe_artefact(
    "pickle/computed-call",
    "Pickle calls something that it computes",
    Severity::Critical,
    Category::CodeExecution,
    "What is imported or called here is worked out while loading and not written down in the file. Honest picklers \
     never do that; it hides the target from reviewers and scanners.",
    CONVERT,
);
pub(super) static STDLIB_CALL: Rule = unsafe_artefact(
    "pickle/stdlib-call",
    "Pickle calls an unusual function of the standard library",
    Severity::High,
    Category::CodeExecution,
    "The standard library is on every machine and full of functions that start programs, open files or import \
     modules. Models use only a handful of its types, and this is none of them.",
    CONVERT,
);
pub(super) static STDLIB_IMPORT: Rule = unsafe_artefact(
    "pickle/stdlib-import",
    "Pickle refers to an unusual part of the standard library",
    Severity::Medium,
    Category::SupplyChain,
    "The name is not called during the load, but models have no use for it, and it may be called later.",
    "Find out what the object is for before loading the file.",
);
pub(super) static FRAMEWORK_CALL: Rule = unsafe_artefact(
    "pickle/framework-call",
    "Pickle calls a framework function that models do not need",
    Severity::High,
    Category::CodeExecution,
    "The function belongs to a known framework, but none of the objects that the framework writes calls it on load. \
     Frameworks contain many functions that execute, download or load what their arguments say.",
    "Compare with how the framework itself writes the object; convert the model to a format without code.",
);
pub(super) static UNKNOWN_CALL: Rule = unsafe_artefact(
    "pickle/unknown-call",
    "Pickle calls a function that is not known",
    Severity::High,
    Category::CodeExecution,
    "Loading runs this function with arguments from the file. Whether that is safe depends on code outside the file.",
    "Read the function's source. If it is yours, allow it under [policy.pickle] in bartizan.toml.",
);
pub(super) static UNKNOWN_IMPORT: Rule = unsafe_artefact(
    "pickle/unknown-import",
    "Pickle needs a module that is not known",
    Severity::Low,
    Category::CustomCode,
    "Loading imports the module, which runs its top-level code, and creates objects of its classes.",
    "Make sure the package comes from where you expect. If it is yours, allow it under [policy.pickle].",
);
pub(super) static CUSTOM_CLASS: Rule = unsafe_artefact(
    "pickle/custom-class",
    "Pickle needs a class of the training script",
    Severity::Medium,
    Category::CustomCode,
    "The object's class lived in `__main__` when it was saved: the file only loads where someone supplies a class of \
     that name, whatever that class does.",
    "Move the class into a package and save again, or store only the weights.",
);
pub(super) static EXTENSION_REGISTRY: Rule = unsafe_artefact(
    "pickle/extension-registry",
    "Pickle uses the extension registry",
    Severity::High,
    Category::CodeExecution,
    "EXT opcodes name a callable by a number that is agreed elsewhere, so the file does not say what it runs.",
    CONVERT,
);
pub(super) static PERSISTENT_ID: Rule = unsafe_artefact(
    "pickle/persistent-id",
    "Pickle refers to objects outside it in an unknown way",
    Severity::Medium,
    Category::CustomCode,
    "Persistent ids are resolved by the loading program. These are not the ones that PyTorch writes.",
    "Load it only with the program that wrote it.",
);
pub(super) static BROKEN_STREAM: Rule = Rule {
    id: "pickle/broken-stream",
    title: "Pickle breaks off or is corrupt",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "A pickle runs while it is read: everything before the break has happened by the time the loader reports an \
          error. Attackers break streams on purpose, because many scanners give up on them.",
    fix: "Do not load the file; get it again and compare its digest.",
    references: &["https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};
pub(super) static RESOURCE_ATTACK: Rule = Rule {
    id: "pickle/resource-attack",
    title: "Pickle exhausts memory or time",
    severity: Severity::Medium,
    category: Category::ResourceExhaustion,
    why: "A few bytes make the loader allocate gigabytes or compute for hours.",
    fix: "Do not load the file, or only under strict memory and time limits.",
    references: &[PICKLE_DOCS],
    taxonomy: Taxonomy::DENIAL_OF_SERVICE,
};
pub(super) static UNKNOWN_PROTOCOL: Rule = Rule {
    id: "pickle/unknown-protocol",
    title: "Pickle claims a protocol that does not exist",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "Python knows the protocols 0 to 5 and refuses others. A patched loader, or a scanner that trusts the number, \
          may still go on.",
    fix: "Do not load the file.",
    references: &["https://peps.python.org/pep-0574/"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};
pub(super) static NESTED_PICKLE: Rule = Rule {
    id: "pickle/nested",
    title: "Pickle holds another pickle or archive",
    severity: Severity::Info,
    category: Category::Integrity,
    why: "A literal inside the pickle is itself a serialised object. It is inspected as a member of its own.",
    fix: "Nothing, unless the member has findings.",
    references: &[],
    taxonomy: Taxonomy::NONE,
};
pub(super) static TRAILING_DATA: Rule = Rule {
    id: "pickle/trailing-data",
    title: "Data follows the pickle",
    severity: Severity::Info,
    category: Category::Integrity,
    why: "Loaders ignore what follows the end of a pickle; it may still be read by something else.",
    fix: "Find out what wrote the extra bytes.",
    references: &[],
    taxonomy: Taxonomy::NONE,
};

/// All of them.
pub(super) static ALL: &[&Rule] = &[
    &BROKEN_STREAM,
    &CODE_EXECUTION,
    &COMPUTED_CALL,
    &CUSTOM_CLASS,
    &DOTTED_IMPORT,
    &EMBEDDED_CODE,
    &EXTENSION_REGISTRY,
    &FILE_ACCESS,
    &FRAMEWORK_CALL,
    &GLOBAL_WRITE,
    &NATIVE_CODE,
    &NESTED_PICKLE,
    &NETWORK_ACCESS,
    &PERSISTENT_ID,
    &REFLECTION,
    &RESOURCE_ATTACK,
    &STDLIB_CALL,
    &STDLIB_IMPORT,
    &TRAILING_DATA,
    &UNKNOWN_CALL,
    &UNKNOWN_IMPORT,
    &UNKNOWN_PROTOCOL,
    &UNSAFE_LOAD,
];
