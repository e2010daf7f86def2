//! What can be wrong with a ZIP file beyond what can be wrong with every archive.

use bartizan_core::{Category, Rule, Severity, Taxonomy};

const APPNOTE: &str = "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT";

/// CWE-436: two programs read one input differently. CWE-345: its authenticity is not verified.
const DIFFERENTIAL: Taxonomy = Taxonomy { cwe: &["CWE-436", "CWE-345"], ..Taxonomy::TAMPERED_ARTEFACT };

macro_rules! rule {
    ($name:ident, $id:literal, $title:literal, $severity:ident, $category:ident, why: $why:literal, fix: $fix:literal, $($reference:expr),*) => {
        pub(super) static $name: Rule = Rule {
            id: $id,
            title: $title,
            severity: Severity::$severity,
            category: Category::$category,
            why: $why,
            fix: $fix,
            references: &[$($reference),*],
            taxonomy: DIFFERENTIAL,
        };
    };
}

rule!(NAME_MISMATCH, "zip/name-mismatch", "Member has two names", Medium, Disguise,
    why: "The central directory and the member's own header give different names. Scanners that use one and loaders \
          that use the other look at different members, or fail where the loader does not.",
    fix: "Do not load it; ask the producer for an archive written by an ordinary tool.",
    "CVE-2025-1944", "GHSA-7q5r-7gvp-wc82", APPNOTE);

rule!(FALSE_FLAG, "zip/false-flag", "Member falsely marked as unreadable", Medium, Disguise,
    why: "Flag bits say that the member is encrypted or patched, but its data is plain. Python's zipfile and the \
          scanners built on it refuse such a member; PyTorch ignores the bits and loads it.",
    fix: "Do not load it; ask the producer for an archive written by an ordinary tool.",
    "CVE-2025-1945", "GHSA-w8jq-xcqf-f792", APPNOTE);

rule!(WRONG_CRC, "zip/wrong-crc", "Checksum does not fit the data", Medium, Integrity,
    why: "The data is not what was packed: damaged, or altered on purpose so that scanners which verify checksums \
          give up while loaders that do not go on.",
    fix: "Fetch the file again and compare its digest with the producer's.",
    "CVE-2025-10156", APPNOTE);

rule!(SIZE_MISMATCH, "zip/size-mismatch", "Sizes contradict each other", Medium, Integrity,
    why: "The sizes in the central directory, in the member's header, and of the data itself differ, so that readers \
          see different bytes.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    APPNOTE);

rule!(METHOD_MISMATCH, "zip/method-mismatch", "Compression methods contradict each other", Medium, Integrity,
    why: "The central directory, the member's header or the data itself disagree about the compression method, so \
          that readers see different bytes or fail.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    APPNOTE);

rule!(FLAG_MISMATCH, "zip/flag-mismatch", "Encryption flags contradict each other", Medium, Integrity,
    why: "One of the member's two headers says that it is encrypted, the other does not. Readers that use different \
          headers treat it differently.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    "CVE-2025-1945", APPNOTE);

rule!(HEADER_CRC_MISMATCH, "zip/header-mismatch", "Checksums in the headers contradict each other", Medium, Integrity,
    why: "The member's two headers give different checksums: one of them was altered after packing.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    APPNOTE);

rule!(HIDDEN_MEMBER, "zip/hidden-member", "Member missing from the central directory", Medium, Disguise,
    why: "Programs that follow the central directory do not see this member; programs that read from the front do.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    APPNOTE);

rule!(MISSING_HEADER, "zip/missing-header", "Directory entry without a member", Medium, Integrity,
    why: "The central directory lists a member where the file has none. Loaders fail on it or read other bytes.",
    fix: "Fetch the file again, or repack it with an ordinary tool.",
    APPNOTE);

rule!(OVERLAP, "zip/overlapping-members", "Members share the same bytes", Medium, ResourceExhaustion,
    why: "The data of several members overlap. Archives that unfold to petabytes are made in this way, and so are \
          archives that different readers see differently.",
    fix: "Do not load it.",
    "https://www.bamsoftware.com/hacks/zipbomb/", "CVE-2024-0450");

rule!(SEVERAL_ENDS, "zip/several-directories", "Several central directories", Medium, Disguise,
    why: "Which directory counts depends on the reader, so that a scanner may see other members than the loader.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    APPNOTE);

rule!(END_MISMATCH, "zip/end-record-mismatch", "End record contradicts the directory", Medium, Integrity,
    why: "The number of members announced is not the number listed, or the two end records differ. Readers that \
          count stop early; readers that do not see more members.",
    fix: "Repack the archive with an ordinary tool from files you trust.",
    APPNOTE);

rule!(NO_DIRECTORY, "zip/no-central-directory", "Archive without its central directory", Low, Integrity,
    why: "The end of the archive is missing or damaged. Ordinary loaders refuse it; recovery tools and streaming \
          readers still extract its members.",
    fix: "Fetch the file again: it is probably truncated.",
    APPNOTE);

rule!(POLYGLOT, "zip/polyglot", "Another format before the archive", Medium, Disguise,
    why: "The file is two things at once: what begins at its first byte, and the archive at its end. Programs that \
          look at the start and programs that look at the end load different content.",
    fix: "Separate the two files, and load neither before you know why they were joined.",
    APPNOTE);

rule!(EXTRA_DATA, "zip/extra-data", "Data that belongs to no member", Low, Integrity,
    why: "Bytes before, between or after the members are invisible to programs that list the archive.",
    fix: "Repack the archive with an ordinary tool.",
    APPNOTE);

rule!(TRAILING_CONTENT, "zip/trailing-content", "Content hidden behind the archive", Medium, Disguise,
    why: "Behind the archive's end lies something that can be loaded or run by itself.",
    fix: "Cut it off, or do not use the file.",
    APPNOTE);

rule!(SPANNED, "zip/split-marker", "Mark of a split archive", Low, Disguise,
    why: "The file begins with the mark of an archive in several parts. Scanners that recognise archives by their \
          first bytes pass over it; loaders do not.",
    fix: "Repack the archive with an ordinary tool.",
    APPNOTE);
