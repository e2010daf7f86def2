//! What is found about what configuration starts.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

use crate::usage::rules::UNPINNED;

/// An image is named by a tag that moves, or by none.
pub(super) static UNPINNED_IMAGE: Rule = Rule {
    id: "provenance/unpinned-image",
    title: "Container image without a fixed version",
    severity: Severity::Info,
    category: Category::SupplyChain,
    why: "The image has no tag, or one such as `latest` that moves with every release. The next build or start takes \
          whatever was published last, with other packages and other behaviour, and nobody can say afterwards what ran.",
    fix: "Name a release and its digest (`name:1.2@sha256:…`), and let a tool propose the updates.",
    references: &[
        "https://docs.docker.com/build/building/best-practices/#pin-base-image-versions",
        "https://cwe.mitre.org/data/definitions/1357.html",
    ],
    taxonomy: UNPINNED,
};

/// A server for agents is fetched anew at each start.
pub(super) static UNPINNED_SERVER: Rule = Rule {
    id: "provenance/unpinned-mcp-server",
    title: "MCP server without a fixed version",
    severity: Severity::Info,
    category: Category::SupplyChain,
    why: "The server's package is fetched by name at each start, so that whoever publishes under that name, today or \
          after a takeover, runs code with the rights of the assistant and describes tools that its model trusts.",
    fix: "Name an exact version (`npx -y package@1.2.3`, `uvx package==1.2.3`), and read what a new one changes.",
    references: &[
        "https://modelcontextprotocol.io/specification/latest/basic/security_best_practices",
        "https://cwe.mitre.org/data/definitions/829.html",
    ],
    taxonomy: Taxonomy { atlas: &["AML.T0010"], owasp_agentic: &["ASI04", "ASI02"], ..UNPINNED },
};

/// Both, and those of every usage.
pub(super) static ALL: &[&Rule] = &[
    &crate::usage::rules::UNPINNED_MODEL,
    &crate::usage::rules::UNPINNED_DATASET,
    &UNPINNED_IMAGE,
    &UNPINNED_SERVER,
];
