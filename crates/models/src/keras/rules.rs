//! What can be found in a Keras model.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const FIX: &str = "Do not load it. Ask for the weights alone and build the model from code that you trust.";

pub(super) static LAMBDA_CODE: Rule = Rule {
    id: "keras/lambda-code",
    title: "Lambda layer carries Python bytecode",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "The layer holds a marshalled Python function that runs when the model is loaded or called. Loaders refuse it \
          only in safe mode, which the HDF5 format ignored until Keras 3.11.3.",
    fix: FIX,
    references: &["CVE-2024-3660", "CVE-2025-9905", "https://keras.io/api/layers/core_layers/lambda/"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static LAMBDA: Rule = Rule {
    id: "keras/lambda-layer",
    title: "Model has a Lambda layer",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "A Lambda layer calls an arbitrary function, which the model file names or holds.",
    fix: "Replace the Lambda layer by a layer class of your own, or by a built-in layer, and save the model anew.",
    references: &["CVE-2024-3660", "CVE-2025-9905"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static FOREIGN_FUNCTION: Rule = Rule {
    id: "keras/foreign-function",
    title: "Model imports a function from outside Keras",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "Loading imports the named module and hands its function to the model, which calls it with arguments from the \
          file. Any function of any installed module can be named.",
    fix: FIX,
    references: &["CVE-2025-1550", "GHSA-48g7-3x6r-xfhp"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static DANGEROUS_MODULE: Rule = Rule {
    id: "keras/dangerous-module",
    title: "Model names a module that runs commands or code",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "Loading imports the named module of Python and looks the name up in it. No layer lives there.",
    fix: FIX,
    references: &["CVE-2025-1550", "GHSA-48g7-3x6r-xfhp"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static KERAS_GADGET: Rule = Rule {
    id: "keras/internal-function",
    title: "Model calls one of Keras's own functions that download, load or lower the guard",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "Functions such as `get_file` and `enable_unsafe_deserialization` belong to Keras and so pass its safe mode, \
          but write files, fetch addresses, or switch safe mode off.",
    fix: FIX,
    references: &["CVE-2025-8747", "CVE-2025-9906", "CVE-2025-12060"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static UNKNOWN_MODULE: Rule = Rule {
    id: "keras/unknown-module",
    title: "Model needs a class from a module outside Keras",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "Loading imports this module, wherever Python finds one of that name.",
    fix: "Make sure that the module is the one you expect and comes from a package that you pinned.",
    references: &["CVE-2025-1550"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static CUSTOM_OBJECT: Rule = Rule {
    id: "keras/custom-object",
    title: "Model needs a registered custom object",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "The model cannot be loaded without code that is not part of it.",
    fix: "Load it only with the code of the model's own publisher.",
    references: &[],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static FILE_REFERENCE: Rule = Rule {
    id: "keras/file-reference",
    title: "Layer reads a file or address when the model is loaded",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "A text vocabulary given as a path is read from the loading machine, an address is fetched, and the content \
          can be read back from the model.",
    fix: "Save the model with its vocabulary inside.",
    references: &["CVE-2025-12058", "GHSA-mq84-hjqx-cwf2"],
    taxonomy: Taxonomy { cwe: &["CWE-73", "CWE-918"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static FOREIGN_ARTEFACT: Rule = Rule {
    id: "keras/foreign-artefact",
    title: "Layer loads another model",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "The layer loads a PyTorch module (a pickle) or a TensorFlow SavedModel when the model is loaded; what they do \
          is not bound by Keras's safe mode.",
    fix: "Load the other model on its own, after it was scanned.",
    references: &["https://keras.io/api/layers/backend_specific_layers/"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Every rule of this module.
pub(crate) static ALL: &[&Rule] = &[
    &LAMBDA_CODE,
    &LAMBDA,
    &FOREIGN_FUNCTION,
    &DANGEROUS_MODULE,
    &KERAS_GADGET,
    &UNKNOWN_MODULE,
    &CUSTOM_OBJECT,
    &FILE_REFERENCE,
    &FOREIGN_ARTEFACT,
];
