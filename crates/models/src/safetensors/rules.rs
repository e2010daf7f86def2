//! The rules of safetensors files and of the index that ties shards together.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const SPECIFICATION: &str = "https://github.com/huggingface/safetensors#format";

pub(crate) static MALFORMED: Rule = Rule {
    id: "safetensors/malformed-header",
    title: "safetensors header contradicts itself",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "The header says where each tensor lies. Loaders refuse a header that contradicts itself or the file, and \
          those that do not refuse it read memory that is not theirs. No writer produces such a file by itself.",
    fix: "Do not load it. Get the file again from its publisher and compare digests.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

pub(crate) static DUPLICATE_KEY: Rule = Rule {
    id: "safetensors/duplicate-key",
    title: "safetensors header names a key twice",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "JSON parsers disagree on which of two equal keys counts, so a scanner and a loader can see different \
          tensors in the same file.",
    fix: "Do not load it. Get the file again from its publisher and compare digests.",
    references: &[SPECIFICATION, "https://www.rfc-editor.org/rfc/rfc8259#section-4"],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

pub(crate) static HIDDEN_DATA: Rule = Rule {
    id: "safetensors/hidden-data",
    title: "Bytes in a safetensors file that belong to no tensor",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "The format leaves no room between or behind the tensors. Bytes there are carried along unseen: room for a \
          payload that something else picks up.",
    fix: "Do not use it. Save the tensors anew, which leaves the extra bytes behind.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

pub(crate) static ENCODED_PAYLOAD: Rule = Rule {
    id: "safetensors/encoded-payload",
    title: "Metadata encodes a program, pickle or archive",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "Metadata is for descriptions. A pickle, a program or an archive written there as text waits for a script \
          that decodes and runs it.",
    fix: "Do not use it. Find out which code reads this key, and save the tensors anew without it.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(crate) static UNUSUAL: Rule = Rule {
    id: "safetensors/unusual-header",
    title: "safetensors header is unusual",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "The header holds something that the format does not define. Loaders ignore it or refuse the file.",
    fix: "Save the tensors anew with a current version of the library.",
    references: &[SPECIFICATION],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

pub(crate) static SHARD_ESCAPES: Rule = Rule {
    id: "safetensors/shard-outside",
    title: "Index names a shard outside the model's folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "The index of a sharded model names the files that hold its tensors. A path that leaves the folder makes the \
          loader open another file, and where shards are pickles it runs what lies there.",
    fix: "Do not load it. Shards must lie beside their index.",
    references: &["https://cwe.mitre.org/data/definitions/22.html"],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(crate) static SHARD_MISSING: Rule = Rule {
    id: "safetensors/shard-missing",
    title: "Shards of the model are not there",
    severity: Severity::Info,
    category: Category::Coverage,
    why: "The index names files that are not beside it; they were not scanned.",
    fix: "Fetch the missing shards and scan the model again.",
    references: &[],
    taxonomy: Taxonomy::NONE,
};
