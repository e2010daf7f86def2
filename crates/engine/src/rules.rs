//! Everything that can be found, and the rules of the engine itself.

use std::sync::OnceLock;

use bartizan_core::{Category, Inspector, Rule, Severity, Taxonomy};
use bartizan_iac::terraform::Settings;

/// Not everything could be read or understood.
pub(crate) static INCOMPLETE: Rule = Rule {
    id: "scan/incomplete",
    title: "Not read to its end",
    severity: Severity::Low,
    category: Category::Coverage,
    why: "A part of this asset could not be read or understood, so nothing can be said about that part. Attackers \
          break files on purpose where loaders are more lenient than scanners.",
    fix: "Find out why the asset is damaged or unusual; get it again from its source, or raise the limit that the \
          message names.",
    references: &["https://cwe.mitre.org/data/definitions/436.html"],
    taxonomy: Taxonomy { cwe: &["CWE-436"], nist_ai_rmf: &["MEASURE 2.7"], ..Taxonomy::NONE },
};

/// An inspector failed.
pub(crate) static INTERNAL_ERROR: Rule = Rule {
    id: "scan/internal-error",
    title: "An inspector failed",
    severity: Severity::Low,
    category: Category::Coverage,
    why: "This asset made a part of bartizan fail, which is a defect of bartizan. The asset was not inspected to its \
          end, and an input that does this may have been made to do it.",
    fix: "Report the defect with the message and, if possible, the file. Treat the asset as not inspected.",
    references: &["https://cwe.mitre.org/data/definitions/755.html"],
    taxonomy: Taxonomy { cwe: &["CWE-755"], nist_ai_rmf: &["MEASURE 2.7"], ..Taxonomy::NONE },
};

/// A link leads out of the scanned folder.
pub(crate) static LINK_OUTSIDE: Rule = Rule {
    id: "scan/link-outside",
    title: "Link that leaves the scanned folder",
    severity: Severity::Info,
    category: Category::PathTraversal,
    why: "A symbolic link leads out of the scanned folder, in a circle or nowhere. What it leads to was not scanned, \
          and differs from machine to machine.",
    fix: "Replace the link by the file, or scan the folder that holds the link's target.",
    references: &["https://cwe.mitre.org/data/definitions/59.html"],
    taxonomy: Taxonomy { cwe: &["CWE-59"], ..Taxonomy::NONE },
};

/// The extension promises another format.
pub(crate) static MISLEADING_EXTENSION: Rule = Rule {
    id: "scan/misleading-extension",
    title: "Extension and content disagree",
    severity: Severity::Low,
    category: Category::Disguise,
    why: "The file's name promises another format than its content has. People, mail filters and loaders that trust \
          the name treat the file as harmless; several scanners skip it.",
    fix: "Rename the file after its content, and ask its author why the name differs.",
    references: &["https://cwe.mitre.org/data/definitions/646.html"],
    taxonomy: Taxonomy { cwe: &["CWE-646"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// Valid in two formats at once.
pub(crate) static POLYGLOT: Rule = Rule {
    id: "scan/polyglot",
    title: "Valid in several formats at once",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "The same bytes are a valid file of several formats. A scanner that reads the one and a loader that reads \
          the other see different things; no training framework writes such files.",
    fix: "Get the file again from its author in one format; do not load it.",
    references: &["https://cwe.mitre.org/data/definitions/434.html"],
    taxonomy: Taxonomy { cwe: &["CWE-434", "CWE-436"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// The engine's own rules.
pub(crate) static OWN: &[&Rule] =
    &[&INCOMPLETE, &INTERNAL_ERROR, &LINK_OUTSIDE, &MISLEADING_EXTENSION, &POLYGLOT];

/// Every inspector, in the order in which they are asked.
pub fn all_inspectors() -> Vec<Box<dyn Inspector>> {
    inspectors_with(Settings::default())
}

/// The same, with what the user says about infrastructure.
pub(crate) fn inspectors_with(infrastructure: Settings) -> Vec<Box<dyn Inspector>> {
    // Model formats first: whatever they leave may be source code.
    let mut inspectors = bartizan_models::inspectors();
    inspectors.extend(bartizan_code::inspectors());
    inspectors.extend(bartizan_iac::inspectors(infrastructure));
    inspectors
}

/// Every rule that a report can name, by id, each once.
pub fn all_rules() -> &'static [&'static Rule] {
    static ALL: OnceLock<Vec<&'static Rule>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut rules: Vec<&'static Rule> = OWN.to_vec();
        rules.extend(bartizan_provenance::lineage::RULES);
        for inspector in all_inspectors() {
            rules.extend(inspector.rules());
        }
        rules.sort_by_key(|rule| rule.id);
        rules.dedup_by_key(|rule| rule.id);
        rules
    })
}

/// The rule of this id.
pub(crate) fn rule(id: &str) -> Option<&'static Rule> {
    let all = all_rules();
    all.binary_search_by_key(&id, |rule| rule.id).ok().and_then(|at| all.get(at)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_different_rules_never_share_an_id() {
        let mut seen = std::collections::BTreeMap::new();
        for inspector in all_inspectors() {
            for rule in inspector.rules() {
                let first = seen.entry(rule.id).or_insert(*rule);
                assert_eq!(*first, *rule, "{} is defined twice", rule.id);
            }
        }
    }

    #[test]
    fn every_rule_has_an_id_a_reason_and_a_remedy() {
        for rule in all_rules() {
            let (domain, name) = rule.id.split_once('/').unwrap();
            let kebab = |s: &str| {
                !s.is_empty() && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            assert!(kebab(domain) && kebab(name), "{}", rule.id);
            assert!(!rule.title.is_empty() && rule.why.len() > 40 && rule.fix.len() > 10, "{}", rule.id);
        }
    }
}
