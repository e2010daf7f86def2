//! The rules of Paddle models.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const SAVING: &str =
    "https://www.paddlepaddle.org.cn/documentation/docs/en/guides/advanced/model_save_load_en.html";

pub(super) static PYTHON: Rule = Rule {
    id: "paddle/python-operator",
    title: "Paddle model calls Python code",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "This operator runs a Python function of the process that runs the model, chosen by the model.",
    fix: "Do not run it, unless you registered this very function. Export the model without Python operators.",
    references: &["https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/static/py_func_en.html"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static FILE: Rule = Rule {
    id: "paddle/file-operator",
    title: "Paddle model reads or writes files",
    severity: Severity::Medium,
    category: Category::FileAccess,
    why: "When the program runs, this operator reads or writes a file whose name the model gives.",
    fix: "Do not run it. Export the model for inference again, which leaves such operators out.",
    references: &[SAVING],
    taxonomy: Taxonomy { cwe: &["CWE-73"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static NETWORK: Rule = Rule {
    id: "paddle/network-operator",
    title: "Paddle model opens connections",
    severity: Severity::Medium,
    category: Category::NetworkAccess,
    why: "Operators of distributed training send and receive tensors over the network when the program runs. A model for \
          inference needs none.",
    fix: "Export the model for inference again, which leaves such operators out.",
    references: &[SAVING],
    taxonomy: Taxonomy { cwe: &["CWE-918"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static CUSTOM: Rule = Rule {
    id: "paddle/custom-operator",
    title: "Paddle model needs native code of its own",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "Custom operators and engines that were compiled elsewhere are native code in the process that runs the model.",
    fix: "Load only a library that you built or trust, or export the model with standard operators.",
    references: &["https://www.paddlepaddle.org.cn/documentation/docs/en/guides/custom_op/index_en.html"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};
