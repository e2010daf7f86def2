//! What licences ask of derivatives, and when a derivative's licence asks less than its ancestor's.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::{Deserialize, Serialize};

/// One thing that a licence asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Terms {
    /// No commercial use.
    NonCommercial,
    /// No changed versions may be passed on.
    NoDerivatives,
    /// A list of uses is forbidden, and must be handed on.
    UseRestricted,
    /// Derivatives carry the same licence.
    ShareAlike,
    /// Derivatives as a whole carry the same licence.
    Copyleft,
    /// Changed files carry the same licence.
    WeakCopyleft,
}

impl Terms {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NonCommercial => "no commercial use",
            Self::NoDerivatives => "no derivatives",
            Self::UseRestricted => "restrictions on use that must be handed on",
            Self::ShareAlike => "derivatives under the same licence",
            Self::Copyleft => "derivatives under the same licence as a whole",
            Self::WeakCopyleft => "changed parts under the same licence",
        }
    }

    /// Does a licence that asks `others` ask this too?
    fn is_met_by(self, others: &[Self]) -> bool {
        others.contains(&self)
            || match self {
                Self::ShareAlike => others.contains(&Self::Copyleft),
                Self::WeakCopyleft => others.contains(&Self::Copyleft) || others.contains(&Self::ShareAlike),
                _ => false,
            }
    }
}

#[derive(Deserialize)]
struct Table {
    permissive: Vec<String>,
    restricted: BTreeMap<String, Vec<Terms>>,
}

/// By identifier in lower case. A test proves that the table parses.
static TABLE: LazyLock<BTreeMap<String, Vec<Terms>>> = LazyLock::new(|| {
    let table: Option<Table> = toml::from_str(include_str!("licences.toml")).ok();
    table.map_or_else(BTreeMap::new, |table| {
        let free = table.permissive.into_iter().map(|id| (id, Vec::new()));
        table.restricted.into_iter().chain(free).collect()
    })
});

/// What the declared licence asks; `None` when it is not known.
fn terms(declared: &str) -> Option<&'static [Terms]> {
    let mut id = declared.trim().to_ascii_lowercase();
    if let Some((_, rest)) = id.split_once("creativecommons.org/licenses/") {
        let parts: Vec<&str> = rest.trim_matches('/').split('/').take(2).collect();
        id = format!("cc-{}", parts.join("-"));
    }
    let id = id.replace([' ', '_'], "-");
    let id = id.trim_end_matches("-only").trim_end_matches("-or-later").trim_end_matches('+');
    // The three plus signs of OpenRAIL++ belong to its name.
    let id = if declared.to_ascii_lowercase().starts_with("openrail++") { "openrail++" } else { id };
    let shortened = id.strip_suffix("-license").or_else(|| id.strip_suffix("-licence"));
    [Some(id), shortened].into_iter().flatten().find_map(|id| TABLE.get(id)).map(Vec::as_slice)
}

/// What the ancestor's licence asks and the descendant's does not; `None` when either is not known, or nothing is
/// missing. Of several licences of one model the descendant may choose, and of the ancestor's the mildest counts.
pub fn is_looser(descendant: &[String], ancestor: &[String]) -> Option<Vec<Terms>> {
    let known = |licences: &[String]| licences.iter().filter_map(|id| terms(id)).collect::<Vec<_>>();
    let (ours, theirs) = (known(descendant), known(ancestor));
    if ours.len() != descendant.len() || theirs.len() != ancestor.len() || ours.is_empty() {
        return None;
    }
    let missing = |ours: &[Terms], theirs: &[Terms]| {
        theirs.iter().copied().filter(|term| !term.is_met_by(ours)).collect::<Vec<_>>()
    };
    theirs
        .iter()
        .map(|theirs| ours.iter().map(|ours| missing(ours, theirs)).max_by_key(Vec::len).unwrap_or_default())
        .min_by_key(Vec::len)
        .filter(|missing| !missing.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looser(descendant: &str, ancestor: &str) -> Option<Vec<Terms>> {
        is_looser(&[descendant.to_owned()], &[ancestor.to_owned()])
    }

    #[test]
    fn the_table_is_read() {
        assert!(TABLE.len() > 80);
    }

    #[test]
    fn a_licence_that_asks_less_is_looser() {
        assert_eq!(looser("apache-2.0", "cc-by-nc-4.0"), Some(vec![Terms::NonCommercial]));
        assert_eq!(looser("MIT", "llama3.1"), Some(vec![Terms::UseRestricted]));
        assert_eq!(
            looser("cc-by-4.0", "https://creativecommons.org/licenses/by-nc-sa/4.0/"),
            Some(vec![Terms::NonCommercial, Terms::ShareAlike])
        );
        assert_eq!(looser("openrail", "GPL-3.0-or-later"), Some(vec![Terms::Copyleft]));
    }

    #[test]
    fn a_licence_that_asks_as_much_or_that_nobody_knows_is_not() {
        for (descendant, ancestor) in [
            ("cc-by-nc-4.0", "apache-2.0"),
            ("cc-by-nc-sa-4.0", "cc-by-nc-4.0"),
            ("gpl-3.0", "mpl-2.0"),
            ("gpl-3.0-only", "CC BY-SA 4.0"),
            ("other", "cc-by-nc-4.0"),
            ("mit", "house-rules-2"),
            ("openrail++", "creativeml-openrail-m"),
        ] {
            assert_eq!(looser(descendant, ancestor), None, "{descendant} of {ancestor}");
        }
        // Who may choose chooses the milder one.
        assert_eq!(is_looser(&["mit".to_owned()], &["gpl-3.0".to_owned(), "apache-2.0".to_owned()]), None);
    }
}
