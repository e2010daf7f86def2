//! What can be wrong with a tar archive beyond what can be wrong with every archive.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const PAX: &str = "https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html";
const DIFFERENTIAL: Taxonomy = Taxonomy { cwe: &["CWE-436"], ..Taxonomy::TAMPERED_ARTEFACT };

/// Header and pax header differ about the size.
pub(super) static SIZE_MISMATCH: Rule = Rule {
    id: "tar/size-mismatch",
    title: "Two sizes for one member",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "Readers that follow the wrong one of the two take the data of this member for further headers, and so see \
          members that other readers do not.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    references: &["CVE-2025-62518", PAX],
    taxonomy: DIFFERENTIAL,
};

/// Members behind the end mark.
pub(super) static HIDDEN_MEMBER: Rule = Rule {
    id: "tar/hidden-member",
    title: "Members behind the end of the archive",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "Most readers stop at two blocks of zeros, some go on. The members behind are seen by some programs only.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    references: &[PAX],
    taxonomy: DIFFERENTIAL,
};

/// A member below a link.
pub(super) static THROUGH_LINK: Rule = Rule {
    id: "tar/member-through-link",
    title: "Member written through a link",
    severity: Severity::Medium,
    category: Category::PathTraversal,
    why: "The archive first makes a link, then writes a member below it. Extractors that follow the link write to \
          where it leads.",
    fix: "Do not extract this archive. Ask its producer for one without links.",
    references: &["https://cwe.mitre.org/data/definitions/59.html", "CVE-2025-4517"],
    taxonomy: Taxonomy { cwe: &["CWE-59", "CWE-22"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// Other bytes behind the end mark.
pub(super) static EXTRA_DATA: Rule = Rule {
    id: "tar/extra-data",
    title: "Bytes behind the end of the archive",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "What follows the end of a tar archive is invisible to programs that list it.",
    fix: "Repack the archive with an ordinary tool.",
    references: &[PAX],
    taxonomy: DIFFERENTIAL,
};
