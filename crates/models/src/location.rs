//! Where a path that is written inside a model would lead a loader.

/// How a path leaves the folder of the file that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Escape {
    /// From the root of the file system, or a network share.
    Absolute,
    /// From the root of a Windows drive, or relative to the drive's current folder.
    Drive,
    /// Upwards through `..`.
    Parent,
    /// Another machine, or a scheme such as `file:`.
    Address,
    /// Cut short by a NUL byte, so that checks and the system see different names.
    Nul,
}

impl Escape {
    /// In words: "… is an absolute path".
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Absolute => "is an absolute path",
            Self::Drive => "names a Windows drive",
            Self::Parent => "climbs out of its folder through `..`",
            Self::Address => "is an address, not a file beside the model",
            Self::Nul => "holds a NUL byte, which cuts the name short",
        }
    }
}

/// Does the path leave its folder? Both separators count, whatever the machine: a file made for one system is loaded
/// on another. Any `..` counts, also one that would come back: no writer makes such a path.
pub(crate) fn escape(path: &str) -> Option<Escape> {
    if path.contains('\0') {
        return Some(Escape::Nul);
    }
    let scheme = path.split_once(':').map(|(scheme, _)| scheme);
    if let Some(scheme) = scheme
        && !scheme.is_empty()
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    {
        if scheme.len() == 1 && scheme.chars().all(|c| c.is_ascii_alphabetic()) {
            return Some(Escape::Drive);
        }
        let known = scheme.eq_ignore_ascii_case("file") || scheme.eq_ignore_ascii_case("data");
        if path.contains("://") || known {
            return Some(Escape::Address);
        }
    }
    if path.starts_with(['/', '\\']) {
        return Some(Escape::Absolute);
    }
    path.split(['/', '\\']).any(|part| part.trim() == "..").then_some(Escape::Parent)
}

/// The path with `/` as separator and without `.` parts, as a [`bartizan_core::Tree`] wants it.
pub(crate) fn normalised(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_out_of_the_folder_is_seen() {
        for (path, expected) in [
            ("weights.bin", None),
            ("./a/b.data", None),
            ("a..b/c", None),
            ("model:v2.data", None),
            ("../x", Some(Escape::Parent)),
            ("a/../../x", Some(Escape::Parent)),
            ("a\\..\\x", Some(Escape::Parent)),
            ("/etc/passwd", Some(Escape::Absolute)),
            ("\\\\host\\share", Some(Escape::Absolute)),
            ("C:\\x", Some(Escape::Drive)),
            ("c:x", Some(Escape::Drive)),
            ("https://example.invalid/x", Some(Escape::Address)),
            ("file:/etc/passwd", Some(Escape::Address)),
            ("a\0.bin", Some(Escape::Nul)),
        ] {
            assert_eq!(escape(path), expected, "{path:?}");
        }
        assert_eq!(normalised("./a\\b//c"), "a/b/c");
    }
}
