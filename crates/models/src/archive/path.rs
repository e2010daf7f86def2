//! Where names and links in archives lead.

/// Where a member lands when an extractor joins its name to the target folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the folder.
    Inside,
    /// Outside the folder, and why.
    Outside(&'static str),
    /// In the folder, but not for every extractor.
    Odd(&'static str),
    /// The name reads differently from what it is.
    Deceptive(&'static str),
}

/// Judges a name as both Unix and Windows extractors would.
pub(crate) fn place(name: &str) -> Place {
    if name.starts_with(['/', '\\']) {
        return Place::Outside("is absolute");
    }
    let mut start = name.chars();
    if start.next().is_some_and(|c| c.is_ascii_alphabetic())
        && name.get(1..3).is_some_and(|s| s == ":\\" || s == ":/")
    {
        return Place::Outside("begins with a drive letter");
    }
    if final_depth(name).is_none() {
        return Place::Outside("climbs out with `..`");
    }
    if name.contains('\0') {
        return Place::Deceptive("holds a zero byte");
    }
    if name.contains(|c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return Place::Deceptive("holds text-direction marks");
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Place::Odd("holds `..`");
    }
    if name.contains('\\') {
        return Place::Odd("holds a backslash");
    }
    if name.contains(|c: char| c.is_control()) {
        return Place::Odd("holds control characters");
    }
    Place::Inside
}

/// Does a link at `name` with this `target` lead outside the folder?
pub(crate) fn link_leaves(name: &str, target: &str) -> bool {
    let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
    matches!(place(target), Place::Outside("is absolute" | "begins with a drive letter"))
        || final_depth(&format!("{parent}/{target}")).is_none()
}

/// How many folders deep a path ends; `None` when it climbs above its start on the way.
fn final_depth(path: &str) -> Option<usize> {
    path.split(['/', '\\']).try_fold(0usize, |depth, part| match part {
        "" | "." => Some(depth),
        ".." => depth.checked_sub(1),
        _ => depth.checked_add(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_told_from_those_that_stay() {
        for name in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "\\\\host\\x",
            "C:\\x",
            "c:/x",
            "..\\..\\x",
            "a\\..\\..\\x",
            "..",
        ] {
            assert!(matches!(place(name), Place::Outside(_)), "{name}");
        }
        for name in ["a/b", "./a", "..a/b..", "archive/data.pkl", "a:b", "été/…", "C:x"] {
            assert_eq!(place(name), Place::Inside, "{name}");
        }
        assert!(matches!(place("a/../b"), Place::Odd(_)));
        assert!(matches!(place("a\\b"), Place::Odd(_)));
        assert!(matches!(place("a\0.txt"), Place::Deceptive(_)));
        assert!(matches!(place("a\u{202e}lkp.exe"), Place::Deceptive(_)));
    }

    #[test]
    fn a_link_is_judged_from_where_it_stands() {
        assert!(!link_leaves("a/b/link", "../c"));
        assert!(link_leaves("a/link", "../../c"));
        assert!(link_leaves("link", "/etc/passwd"));
        assert!(!link_leaves("link", "other"));
    }
}
