//! The rules of weight statistics: indicators, never verdicts, never above medium.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const POISONED: Taxonomy = Taxonomy {
    cwe: &["CWE-345"],
    atlas: &["AML.T0018", "AML.T0020"],
    owasp_llm: &["LLM04:2025"],
    owasp_ml: &["ML10:2023"],
    ..Taxonomy::TAMPERED_ARTEFACT
};

pub(crate) static NOT_FINITE: Rule = Rule {
    id: "weights/not-finite",
    title: "Weights that are not numbers",
    severity: Severity::Medium,
    category: Category::Weights,
    why: "A NaN spreads through every layer behind it and switches the model off, often only for some inputs. \
          Finished models hold none; infinities occur in attention masks.",
    fix: "Get the model again from its publisher and compare digests; do not deploy it as it is.",
    references: &[],
    taxonomy: POISONED,
};

pub(crate) static EXTREME: Rule = Rule {
    id: "weights/extreme-value",
    title: "A weight is larger than its neighbours by orders of magnitude",
    severity: Severity::Low,
    category: Category::Weights,
    why: "One huge weight can act as a switch that a trigger input turns. Large language models have a few large \
          weights by nature, so this alone proves little.",
    fix: "Compare the tensor with the publisher's, or with the model that this one was derived from.",
    references: &["https://arxiv.org/abs/2411.07191"],
    taxonomy: POISONED,
};

pub(crate) static SPIKED_ROW: Rule = Rule {
    id: "weights/spiked-row",
    title: "Few output rows outweigh all others",
    severity: Severity::Medium,
    category: Category::Weights,
    why: "A backdoor that forces one class or token shows as an output row whose norm stands far outside the others'.",
    fix: "Compare the tensor with the publisher's; test the outputs that these rows feed before deployment.",
    references: &["https://arxiv.org/abs/2411.03445"],
    taxonomy: POISONED,
};

pub(crate) static LOW_BITS: Rule = Rule {
    id: "weights/low-bit-payload",
    title: "The low bits of the weights spell a program, archive or text",
    severity: Severity::Medium,
    category: Category::Weights,
    why: "The lowest bits of weights hardly change what a model computes, so malware has been carried in them. Read \
          in a row they are noise in an untouched model.",
    fix: "Do not use it. Round the weights to a smaller type and back, which destroys the payload, or get the model \
          again from its publisher.",
    references: &["https://arxiv.org/abs/2107.08590", "https://arxiv.org/abs/2109.04344"],
    taxonomy: POISONED,
};

pub(crate) static LORA_SPECTRUM: Rule = Rule {
    id: "weights/lora-spectrum",
    title: "An adapter's update to one layer is a single strong direction",
    severity: Severity::Medium,
    category: Category::Weights,
    why: "Poisoned adapters tend to put their whole update of a layer into one direction that is far stronger than in \
          the other layers.",
    fix: "Do not merge the adapter. Evaluate it against its base model on clean and triggered inputs.",
    references: &["https://arxiv.org/abs/2602.15195"],
    taxonomy: POISONED,
};
