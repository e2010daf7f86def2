//! What can be found in an HDF5 file.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const OUTSIDE: Taxonomy = Taxonomy { cwe: &["CWE-73", "CWE-610"], ..Taxonomy::UNSAFE_ARTEFACT };

pub(super) static EXTERNAL_LINK: Rule = Rule {
    id: "hdf5/external-link",
    title: "A link leads to another file",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "Whoever opens the link opens the other file, by a path that the model's author chose. What is there becomes \
          part of the model, or leaves with it.",
    fix: "Copy the data into the file, and remove the link.",
    references: &[
        "https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html",
        "CVE-2026-1669",
        "GHSA-3m4q-jmj6-r34q",
    ],
    taxonomy: OUTSIDE,
};

pub(super) static EXTERNAL_DATA: Rule = Rule {
    id: "hdf5/external-data",
    title: "A dataset's values lie in another file",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "Reading the dataset reads bytes of another file, by a path that the model's author chose: a way to read any \
          file of the machine that loads the model.",
    fix: "Store the values inside the file.",
    references: &[
        "https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html",
        "CVE-2026-1669",
        "GHSA-3m4q-jmj6-r34q",
    ],
    taxonomy: OUTSIDE,
};

pub(super) static VIRTUAL: Rule = Rule {
    id: "hdf5/virtual-dataset",
    title: "A dataset is put together from other datasets",
    severity: Severity::Medium,
    category: Category::FileAccess,
    why: "A virtual dataset reads its values from datasets of other files, by paths that the file's author chose.",
    fix: "Store the values inside the file.",
    references: &["https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html"],
    taxonomy: OUTSIDE,
};

/// Every rule of this module's own.
pub(super) static ALL: &[&Rule] = &[&EXTERNAL_LINK, &EXTERNAL_DATA, &VIRTUAL];
