//! The rules of TensorFlow graphs.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const SECURITY: &str = "https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md";
const FIX: &str = "Do not run it. Ask its publisher for a graph without this operator, or run it in an isolated machine \
                   without secrets and network.";

pub(super) static PYTHON: Rule = Rule {
    id: "tensorflow/python-operator",
    title: "TensorFlow graph calls Python code",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "The operator calls a Python function of the process that runs the graph. No exported model needs it: the \
          function does not travel with the file.",
    fix: "Do not run it. Export the model without `tf.py_function` and `tf.numpy_function`.",
    references: &[SECURITY, "https://www.tensorflow.org/api_docs/python/tf/py_function"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static FILE_WRITE: Rule = Rule {
    id: "tensorflow/file-write",
    title: "TensorFlow graph writes files",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "Graphs are programs. This operator writes files with the rights of whoever runs the model, which is enough to \
          plant a start-up script or an SSH key.",
    fix: FIX,
    references: &[SECURITY],
    taxonomy: Taxonomy { cwe: &["CWE-73"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static FILE_READ: Rule = Rule {
    id: "tensorflow/file-read",
    title: "TensorFlow graph reads files",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "This operator reads files of the machine that runs the model. Their content can leave through the model's \
          output.",
    fix: FIX,
    references: &[SECURITY],
    taxonomy: Taxonomy { cwe: &["CWE-73"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static NETWORK: Rule = Rule {
    id: "tensorflow/network",
    title: "TensorFlow graph opens connections",
    severity: Severity::High,
    category: Category::NetworkAccess,
    why: "This operator talks to other machines: what the model is given can be sent away, or orders fetched.",
    fix: FIX,
    references: &[SECURITY],
    taxonomy: Taxonomy { cwe: &["CWE-918"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static CHECKPOINT: Rule = Rule {
    id: "tensorflow/checkpoint-path",
    title: "TensorFlow graph saves or restores at a fixed place",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "Savers are told by their caller where to write. A graph that brings its own absolute path or address writes or \
          reads there whenever it runs.",
    fix: "Do not run it. Export the model again; an exported saver has no fixed paths.",
    references: &[SECURITY],
    taxonomy: Taxonomy { cwe: &["CWE-73"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static RESOURCE: Rule = Rule {
    id: "tensorflow/resource-path",
    title: "TensorFlow graph fills a table or pipeline from outside its folder",
    severity: Severity::Medium,
    category: Category::PathTraversal,
    why: "Vocabularies belong into the model's `assets`. A fixed path or address elsewhere makes the graph read a file of \
          the machine, line by line, into a table that the model can return.",
    fix: "Export the model with its vocabulary as an asset.",
    references: &["https://www.tensorflow.org/guide/saved_model"],
    taxonomy: Taxonomy { cwe: &["CWE-22", "CWE-73"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static ASSET: Rule = Rule {
    id: "tensorflow/asset-outside",
    title: "Asset of the SavedModel lies outside its folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "Assets are files below `assets/`. A name that leaves the folder makes the loader hand any file of the machine \
          to the graph.",
    fix: "Do not load it. Get the model again from its publisher.",
    references: &["https://www.tensorflow.org/guide/saved_model"],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static CUSTOM: Rule = Rule {
    id: "tensorflow/custom-operator",
    title: "TensorFlow graph needs a library of operators",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "The operators are not part of TensorFlow. To run, the graph needs native code that is loaded beforehand.",
    fix: "Load only an operator library that you built or trust.",
    references: &["https://www.tensorflow.org/guide/create_op"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Every rule of graphs.
pub(super) static ALL: &[&Rule] =
    &[&PYTHON, &FILE_WRITE, &FILE_READ, &NETWORK, &CHECKPOINT, &RESOURCE, &ASSET, &CUSTOM];
