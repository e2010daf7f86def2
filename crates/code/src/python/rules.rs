//! The rules of Python source.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const CODE: Taxonomy = Taxonomy { cwe: &["CWE-94", "CWE-506"], ..Taxonomy::UNSAFE_ARTEFACT };
const COMMAND: Taxonomy = Taxonomy { cwe: &["CWE-78", "CWE-506"], ..Taxonomy::UNSAFE_ARTEFACT };
const THEFT: Taxonomy = Taxonomy {
    cwe: &["CWE-506", "CWE-200"],
    atlas: &["AML.T0010.003", "AML.T0025"],
    ..Taxonomy::UNSAFE_ARTEFACT
};

pub(super) static OBFUSCATED: Rule = Rule {
    id: "python/obfuscated-execution",
    title: "Runs code that was hidden by an encoding",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "The file decodes a text or bytes (base64, hexadecimal, compressed, marshalled) and runs the result as Python. \
          Nobody can review such code by reading the file, which is what it is for.",
    fix: "Do not run this file. Decode the payload without running it, and find out who added it.",
    references: &["https://attack.mitre.org/techniques/T1027/"],
    taxonomy: CODE,
};

pub(super) static REMOTE_CODE: Rule = Rule {
    id: "python/remote-code",
    title: "Downloads code and runs it",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "What runs is decided by whoever controls the address at that moment; it can differ for every victim and \
          vanish afterwards.",
    fix: "Do not run this file. Vendor the code it needs, pinned and reviewed.",
    references: &["https://attack.mitre.org/techniques/T1105/"],
    taxonomy: Taxonomy { cwe: &["CWE-494", "CWE-506"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static REVERSE_SHELL: Rule = Rule {
    id: "python/reverse-shell",
    title: "Opens a reverse shell",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "A connection is opened, the standard streams are attached to it, and a program is started: whoever listens \
          at the other end types commands on this machine.",
    fix: "Do not run this file, block the address, and treat machines that ran it as compromised.",
    references: &["https://attack.mitre.org/techniques/T1059/"],
    taxonomy: COMMAND,
};

pub(super) static EXFILTRATION: Rule = Rule {
    id: "python/exfiltration",
    title: "Sends credentials or the environment out",
    severity: Severity::Critical,
    category: Category::NetworkAccess,
    why: "Environment variables and credential files hold the tokens of model hubs, clouds and repositories. Code that \
          puts them into the body or address of a request gives them away.",
    fix: "Do not run this file; replace every credential that was in reach of machines that did.",
    references: &["https://attack.mitre.org/techniques/T1552/", "https://attack.mitre.org/techniques/T1041/"],
    taxonomy: THEFT,
};

pub(super) static PERSISTENCE: Rule = Rule {
    id: "python/startup-persistence",
    title: "Writes to a file that runs at start or log-in",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "What is written to shell profiles, cron tables, start folders, `authorized_keys` or `sitecustomize.py` runs \
          or lets someone in again and again, long after the model was deleted.",
    fix: "Do not run this file; check the named file on machines that did.",
    references: &["https://attack.mitre.org/techniques/T1546/004/"],
    taxonomy: CODE,
};

pub(super) static PROCESS: Rule = Rule {
    id: "python/process",
    title: "Starts a program or a shell command",
    severity: Severity::Low,
    category: Category::CodeExecution,
    why: "Code that arrives with a model and starts programs can do what its user can. Ordinary tools in ordinary \
          scripts are only listed; it is graver in files which a loader imports on its own, and when the command line \
          does what only attacks do.",
    fix: "Read the command. Load the model without its code (`trust_remote_code=False`), or run it in a sandbox.",
    references: &["https://cwe.mitre.org/data/definitions/78.html"],
    taxonomy: COMMAND,
};

pub(super) static DYNAMIC_CODE: Rule = Rule {
    id: "python/dynamic-code",
    title: "Runs a computed text as Python",
    severity: Severity::Medium,
    category: Category::CodeExecution,
    why: "`exec` and `eval` run whatever the text holds when it arrives. In a file that is loaded with a model, the \
          text can come from the model's own files.",
    fix: "Replace `eval` by a table of allowed names or by `ast.literal_eval`.",
    references: &["https://cwe.mitre.org/data/definitions/95.html"],
    taxonomy: Taxonomy { cwe: &["CWE-94", "CWE-95"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static HIDDEN_CALL: Rule = Rule {
    id: "python/hidden-call",
    title: "Hides which function it calls",
    severity: Severity::High,
    category: Category::Disguise,
    why: "A dangerous function is looked up by a text (`__import__`, `getattr`, `globals()[…]`) instead of being named, \
          which keeps it from reviewers and simple scanners.",
    fix: "Do not run this file before you know why it hides the name.",
    references: &["https://attack.mitre.org/techniques/T1027/"],
    taxonomy: CODE,
};

pub(super) static REDUCE_GADGET: Rule = Rule {
    id: "python/reduce-gadget",
    title: "Defines an object whose pickle runs code",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "`__reduce__` tells pickle which function to call when the object is loaded. Naming one that runs commands or \
          code makes every pickle of the object an attack.",
    fix: "Do not pickle such objects; treat pickles that came with this file as malicious.",
    references: &["https://docs.python.org/3/library/pickle.html#object.__reduce__"],
    taxonomy: Taxonomy { cwe: &["CWE-502", "CWE-506"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static NATIVE_CODE: Rule = Rule {
    id: "python/native-code",
    title: "Calls machine code as attacks do",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "Calling `system` through the C library, or allocating executable memory and starting a thread in it, serves \
          to run commands or machine code past Python's own functions.",
    fix: "Do not run this file.",
    references: &["https://attack.mitre.org/techniques/T1106/"],
    taxonomy: COMMAND,
};

pub(super) static DESERIALISATION: Rule = Rule {
    id: "python/unsafe-deserialisation",
    title: "Loads a format that can run code",
    severity: Severity::Low,
    category: Category::CodeExecution,
    why: "Pickle and what builds on it (joblib, `torch.load` with `weights_only=False`, NumPy with `allow_pickle`), \
          marshal and YAML with Python tags run code that the file asks for.",
    fix: "Load safetensors, or `torch.load(…, weights_only=True)`, `yaml.safe_load`, `numpy.load` without `allow_pickle`.",
    references: &["https://cwe.mitre.org/data/definitions/502.html"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static NETWORK_ON_LOAD: Rule = Rule {
    id: "python/network-on-load",
    title: "Opens a connection while it is imported",
    severity: Severity::Medium,
    category: Category::NetworkAccess,
    why: "A module that a model loader imports has no reason to connect anywhere at that moment; beacons and downloaders do.",
    fix: "Load the model without its code, or in a sandbox without network.",
    references: &["https://attack.mitre.org/techniques/T1071/"],
    taxonomy: CODE,
};

pub(super) static WRITE_ON_LOAD: Rule = Rule {
    id: "python/write-on-load",
    title: "Writes or removes files while it is imported",
    severity: Severity::Medium,
    category: Category::FileAccess,
    why: "A module that a model loader imports defines classes and functions; one that writes files at that moment \
          changes the machine before anyone used the model.",
    fix: "Load the model without its code, or in a sandbox.",
    references: &[],
    taxonomy: CODE,
};

pub(super) static DESTRUCTIVE: Rule = Rule {
    id: "python/destructive",
    title: "Removes everything in reach",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "The file removes the root folder or the user's home.",
    fix: "Do not run this file.",
    references: &["https://attack.mitre.org/techniques/T1485/"],
    taxonomy: COMMAND,
};

pub(super) static REMOTE_TRUST: Rule = Rule {
    id: "python/trust-remote-code",
    title: "Lets a model repository run its own code",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "`trust_remote_code=True` runs Python files of the model repository, in whatever state they are at that time.",
    fix: "Use a model that the library knows, or pin `revision=` to a commit whose code you have read.",
    references: &["https://huggingface.co/docs/transformers/custom_models"],
    taxonomy: CODE,
};

pub(super) static ALL: &[&Rule] = &[
    &OBFUSCATED,
    &REMOTE_CODE,
    &REVERSE_SHELL,
    &EXFILTRATION,
    &PERSISTENCE,
    &PROCESS,
    &DYNAMIC_CODE,
    &HIDDEN_CALL,
    &REDUCE_GADGET,
    &NATIVE_CODE,
    &DESERIALISATION,
    &NETWORK_ON_LOAD,
    &WRITE_ON_LOAD,
    &DESTRUCTIVE,
    &REMOTE_TRUST,
    &crate::usage::rules::UNPINNED_MODEL,
    &crate::usage::rules::UNPINNED_DATASET,
];
