//! The rules of every XML document.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const OWASP: &str = "https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing";

pub(super) static EXTERNAL: Rule = Rule {
    id: "xml/external-entity",
    title: "The document makes its reader open files or addresses",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "A reader that resolves external entities opens the file or address that the document names, and puts what it \
          finds there into the model's fields: local files leak, and internal services are called.",
    fix: "Do not load it. Remove the DOCTYPE; read XML with external entities switched off.",
    references: &[OWASP, "https://www.w3.org/TR/xml/#sec-external-ent"],
    taxonomy: Taxonomy { cwe: &["CWE-611", "CWE-918"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static EXPANSION: Rule = Rule {
    id: "xml/entity-expansion",
    title: "Entities of the document grow when they are read",
    severity: Severity::Medium,
    category: Category::ResourceExhaustion,
    why: "Entities made of other entities, or large ones used often, turn a few bytes into gigabytes of memory in a \
          reader that expands them.",
    fix: "Do not load it. Remove the entities; read XML with a limit on their expansion.",
    references: &["CVE-2003-1564", "https://cwe.mitre.org/data/definitions/776.html"],
    taxonomy: Taxonomy { cwe: &["CWE-776"], ..Taxonomy::DENIAL_OF_SERVICE },
};

pub(super) static INCLUDE: Rule = Rule {
    id: "xml/include",
    title: "The document includes another one",
    severity: Severity::Medium,
    category: Category::FileAccess,
    why: "A reader that follows XInclude replaces this element by the file or address that it names.",
    fix: "Read XML with XInclude switched off, or put the included text in its place.",
    references: &["https://www.w3.org/TR/xinclude/"],
    taxonomy: Taxonomy { cwe: &["CWE-611"], ..Taxonomy::UNSAFE_ARTEFACT },
};

pub(super) static STYLESHEET: Rule = Rule {
    id: "xml/stylesheet",
    title: "The document names a style sheet",
    severity: Severity::Low,
    category: Category::NetworkAccess,
    why: "Programs that show XML fetch the style sheet, and run it if it is XSLT. A model needs none.",
    fix: "Remove the `xml-stylesheet` instruction.",
    references: &["https://www.w3.org/TR/xml-stylesheet/"],
    taxonomy: Taxonomy { cwe: &["CWE-829"], ..Taxonomy::TAMPERED_ARTEFACT },
};

pub(super) static HIDDEN: Rule = Rule {
    id: "xml/hidden-markup",
    title: "Parts of the model stand in its document type declaration",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "Entities that hold elements, and attributes that are declared with a value, become part of the model when it is \
          read by a program that obeys the declaration, and by no other: a review sees another model than the one that is used.",
    fix: "Do not load it. Remove the DOCTYPE; a model needs none.",
    references: &["https://www.w3.org/TR/xml/#intern-replacement"],
    taxonomy: Taxonomy { cwe: &["CWE-436"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// All of them.
pub(crate) static ALL: &[&Rule] = &[&EXTERNAL, &EXPANSION, &HIDDEN, &INCLUDE, &STYLESHEET];
