//! What the prose of a card says, section by section.

use bartizan_core::{Fact, Inspection, Statement, redacted_within};

/// How many characters of a section are kept.
const LONGEST: usize = 1000;
/// How much of a section is looked at.
const READ: usize = 16 << 10;
/// The most statements of one card.
const MOST: usize = 64;

/// What headings speak about: a phrase in lower case, and the subject. A heading may have several subjects, as in
/// "Bias, Risks, and Limitations".
const SUBJECTS: &[(&str, &[&str])] = &[
    (
        "out-of-scope",
        &["out-of-scope", "out of scope", "misuse", "malicious use", "prohibited use", "unintended use"],
    ),
    ("limitation", &["limitation", "risk", "caveat", "known issue"]),
    ("bias", &["bias", "fairness"]),
    ("ethics", &["ethic", "social impact", "sensitive information", "responsible ai", "safety"]),
    (
        "training",
        &["training data", "training procedure", "training details", "fine-tuning data", "training corpus"],
    ),
    ("environment", &["environmental impact", "carbon", "co2", "energy consumption"]),
    ("citation", &["citation", "citing", "how to cite", "bibtex"]),
    (
        "use",
        &["intended use", "direct use", "downstream use", "use case", "intended audience", "primary use"],
    ),
    (
        "description",
        &[
            "model description",
            "dataset description",
            "model summary",
            "dataset summary",
            "model details",
            "overview",
        ],
    ),
];

fn subjects(heading: &str) -> Vec<&'static str> {
    let heading = heading.to_lowercase();
    let bare = heading.trim_matches(|c: char| !c.is_alphanumeric());
    match bare {
        "use" | "uses" => return vec!["use"],
        "description" | "summary" => return vec!["description"],
        "training" => return vec!["training"],
        _ => {}
    }
    let named = |words: &[&str]| words.iter().any(|word| heading.contains(word));
    let found: Vec<_> =
        SUBJECTS.iter().filter(|(_, words)| named(words)).map(|(subject, _)| *subject).collect();
    // "Out-of-scope use cases" are no use cases.
    if found.contains(&"out-of-scope") { vec!["out-of-scope"] } else { found }
}

/// A section that is being read.
struct Section {
    level: usize,
    subjects: Vec<&'static str>,
    text: String,
}

/// The title of a card, without "Model Card for".
pub(super) fn title(prose: &str) -> Option<(&str, bool)> {
    let heading = prose.lines().find_map(|line| heading(line).filter(|(level, _)| *level == 1))?.1;
    for (prefix, dataset) in [("model card for ", false), ("dataset card for ", true)] {
        if heading.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            return heading.get(prefix.len()..).map(|name| (name.trim(), dataset));
        }
    }
    None
}

/// Adds a statement for every section that says something about use, limits or origin.
pub(super) fn statements(prose: &str, inspection: &mut Inspection) {
    let mut reader = Reader { open: None, left: MOST };
    let mut fenced = false;
    for line in prose.lines() {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        fenced ^= fence;
        match heading(line).filter(|_| !fenced && !fence) {
            Some((level, text)) => reader.heading(level, text, inspection),
            None => reader.line(line, fenced || fence, fence),
        }
    }
    reader.close(inspection);
}

struct Reader {
    open: Option<Section>,
    left: usize,
}

impl Reader {
    fn heading(&mut self, level: usize, text: &str, inspection: &mut Inspection) {
        let subjects = subjects(text);
        if subjects.is_empty() && self.open.as_ref().is_some_and(|open| level > open.level) {
            return;
        }
        self.close(inspection);
        self.open = (!subjects.is_empty()).then(|| Section { level, subjects, text: String::new() });
    }

    /// Code is part of a citation only, where it is BibTeX.
    fn line(&mut self, line: &str, code: bool, fence: bool) {
        if let Some(open) = &mut self.open
            && open.text.len() < READ
            && !fence
            && (!code || open.subjects.contains(&"citation"))
        {
            open.text.push_str(line);
            open.text.push('\n');
        }
    }

    fn close(&mut self, inspection: &mut Inspection) {
        let Some(open) = self.open.take() else { return };
        let text = plain(&open.text);
        // The hub's template leaves this where nobody wrote anything.
        if text.is_empty() || text.eq_ignore_ascii_case("[more information needed]") {
            return;
        }
        for about in open.subjects {
            if let Some(left) = self.left.checked_sub(1) {
                self.left = left;
                let text = redacted_within(&text, LONGEST);
                inspection.know(Fact::Statement(Statement { about, text }));
            }
        }
    }
}

/// `## Heading ##`: its level and text.
fn heading(line: &str) -> Option<(usize, &str)> {
    let hashes = line.bytes().take_while(|byte| *byte == b'#').count();
    let rest = line.get(hashes..)?;
    ((1..=6).contains(&hashes) && rest.starts_with([' ', '\t']))
        .then(|| (hashes, rest.trim().trim_end_matches('#').trim_end()))
}

/// The text without comments, on one line.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(prose: &str) -> Vec<(&'static str, String)> {
        let mut inspection = Inspection::new();
        statements(prose, &mut inspection);
        let told = |fact: &Fact| match fact {
            Fact::Statement(Statement { about, text }) => Some((*about, text.clone())),
            _ => None,
        };
        inspection.facts.iter().filter_map(told).collect()
    }

    #[test]
    fn sections_become_statements_with_their_subsections() {
        let prose = "# Model Card for X\nhello\n## Uses\n<!-- hint -->\nFor research.\n### Details\nonly.\n\
                     ### Out-of-Scope Use\nWeapons.\n## Bias, Risks, and Limitations\n[More Information Needed]\n\
                     ## Limitations and bias\nIt errs.\n## How to Use\n```python\n# Limitations\nx\n```\n\
                     ## Citation\n```bibtex\n@misc{x}\n```\n";
        let of = |about, text: &str| (about, text.to_owned());
        assert_eq!(
            read(prose),
            [
                of("use", "For research. only."),
                of("out-of-scope", "Weapons."),
                of("limitation", "It errs."),
                of("bias", "It errs."),
                of("citation", "@misc{x}"),
            ]
        );
        assert_eq!(title(prose), Some(("X", false)));
    }

    #[test]
    fn statements_are_cut_and_carry_no_credentials() {
        let prose = format!("## Limitations\ntoken=abcdefgh12345678 {}", "x".repeat(5000));
        let (_, text) = read(&prose).remove(0);
        assert!(text.starts_with("token=*** xxx") && text.len() < 1100, "{text}");
    }

    proptest! {
        #[test]
        fn any_prose_is_read(prose in "[#`<!> a-z\n-]{0,200}") {
            read(&prose);
            title(&prose);
        }
    }
}
