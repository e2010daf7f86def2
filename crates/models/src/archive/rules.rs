//! Rules that hold for every archive format.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

/// A path or link that leaves the folder: CWE-22, CWE-59.
const TRAVERSAL: Taxonomy = Taxonomy { cwe: &["CWE-22", "CWE-59"], ..Taxonomy::TAMPERED_ARTEFACT };

/// A member name that leads outside.
pub(crate) static PATH_TRAVERSAL: Rule = Rule {
    id: "archive/path-traversal",
    title: "Archive member leaves its folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "Extractors join a member's name to the target folder. A name with `..`, a leading slash or a drive letter \
          writes elsewhere: over configuration, start-up scripts or other models.",
    fix: "Do not extract this archive. Ask its producer for one with relative names only.",
    references: &["https://cwe.mitre.org/data/definitions/22.html", "CVE-2007-4559"],
    taxonomy: TRAVERSAL,
};

/// A member name that extractors read differently.
pub(crate) static UNUSUAL_NAME: Rule = Rule {
    id: "archive/unusual-name",
    title: "Archive member with an ambiguous name",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "Backslashes, inner `..`, control characters and text-direction marks in a name mean different things to \
          different extractors, so that a check and the extraction may look at different files.",
    fix: "Repack the archive with plain relative names.",
    references: &["https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT"],
    taxonomy: TRAVERSAL,
};

/// A link that leads outside.
pub(crate) static LINK_OUTSIDE: Rule = Rule {
    id: "archive/link-outside",
    title: "Link in an archive leaves the folder",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "Once extracted, the link makes later members, or the program that loads the model, read or write files \
          outside the folder.",
    fix: "Do not extract this archive. Repack it without links.",
    references: &["https://cwe.mitre.org/data/definitions/59.html", "CVE-2007-4559"],
    taxonomy: TRAVERSAL,
};

/// A link to another member.
pub(crate) static LINK_INSIDE: Rule = Rule {
    id: "archive/link-inside",
    title: "Link in an archive",
    severity: Severity::Low,
    category: Category::PathTraversal,
    why: "Links in model archives are rare, and some extractors resolve them differently.",
    fix: "Repack the archive with the file itself in place of the link.",
    references: &["https://cwe.mitre.org/data/definitions/59.html"],
    taxonomy: TRAVERSAL,
};

/// A device, pipe or socket.
pub(crate) static SPECIAL_MEMBER: Rule = Rule {
    id: "archive/special-member",
    title: "Device, pipe or socket in an archive",
    severity: Severity::Medium,
    category: Category::FileAccess,
    why: "A model has no use for devices or pipes. Extracted by a privileged user, a device node gives access to the \
          machine's disks or memory.",
    fix: "Do not extract this archive as a privileged user. Repack it with regular files only.",
    references: &["https://docs.python.org/3/library/tarfile.html#extraction-filters"],
    taxonomy: TRAVERSAL,
};

/// One name, two members.
pub(crate) static DUPLICATE_MEMBER: Rule = Rule {
    id: "archive/duplicate-member",
    title: "Two members of one name",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "Loaders disagree about which of them counts (Python's zipfile takes the last, other readers the first), so \
          that a checker may see a harmless file and the loader a harmful one.",
    fix: "Repack the archive with one member per name.",
    references: &["https://cwe.mitre.org/data/definitions/694.html"],
    taxonomy: Taxonomy { cwe: &["CWE-694"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// Too much from too little.
pub(crate) static BOMB: Rule = Rule {
    id: "archive/decompression-bomb",
    title: "Decompression bomb",
    severity: Severity::Medium,
    category: Category::ResourceExhaustion,
    why: "A small file that unfolds to hundreds of times its size exhausts memory or disk of whoever loads it.",
    fix: "Do not load it; ask its producer what it holds.",
    references: &["https://cwe.mitre.org/data/definitions/409.html"],
    taxonomy: Taxonomy { cwe: &["CWE-409"], ..Taxonomy::DENIAL_OF_SERVICE },
};

/// A limit of the scan was reached.
pub(crate) static RESOURCE_LIMIT: Rule = Rule {
    id: "archive/resource-limit",
    title: "Archive exceeds a limit",
    severity: Severity::Medium,
    category: Category::ResourceExhaustion,
    why: "The archive has more members, more nesting or more content than the scan's limits allow. What lies behind \
          the limit was not read.",
    fix: "Unpack it in a sandbox and scan the parts, or raise the limit if the archive is trusted to be this large.",
    references: &["https://cwe.mitre.org/data/definitions/409.html"],
    taxonomy: Taxonomy { cwe: &["CWE-409"], ..Taxonomy::DENIAL_OF_SERVICE },
};
