//! What is looked at: an asset, where it is, and what it is.

use std::{fmt, sync::Arc};

use serde::Serialize;

use crate::{Content, Tree};

/// What an asset is, decided by its content: `pickle`, `safetensors`, `zip`, …
///
/// The name is lower case kebab-case and stable; it appears in reports.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Kind(&'static str);

impl Kind {
    /// Nothing that any inspector recognises.
    pub const UNKNOWN: Self = Self("unknown");
    /// A file of zero bytes.
    pub const EMPTY: Self = Self("empty");

    /// Names a kind. Each inspector owns the kinds it names.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The kind's stable name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Where an asset is: relative to the scanned root, `/` between folders, `!` before each archive member.
///
/// `weights/model.pt!archive/data.pkl` is the member `archive/data.pkl` of `weights/model.pt`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AssetPath(Arc<str>);

impl AssetPath {
    /// A path relative to the scanned root.
    pub fn new(path: impl AsRef<str>) -> Self {
        Self(Arc::from(path.as_ref()))
    }

    /// The path of a member inside the asset at this path.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        Self(Arc::from(format!("{}!{}", self.0, name)))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name: after the last `/` or `!`.
    pub fn name(&self) -> &str {
        self.0.rsplit(['/', '!', '\\']).next().unwrap_or_default()
    }

    /// The last name's extension in lower case, without the dot; empty when there is none.
    pub fn extension(&self) -> String {
        match self.name().rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() || !extension.is_empty() => {
                extension.to_ascii_lowercase()
            }
            _ => String::new(),
        }
    }

    /// How many containers enclose this asset: the number of `!`.
    pub fn nesting(&self) -> usize {
        self.0.bytes().filter(|byte| *byte == b'!').count()
    }
}

impl fmt::Display for AssetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AssetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// One thing to inspect.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Where it is.
    pub path: AssetPath,
    /// What it is. [`Kind::UNKNOWN`] until it was identified.
    pub kind: Kind,
    /// Its bytes, or its directory.
    pub content: Content,
    /// The directory or archive that it sits in, for formats whose parts are several files.
    pub siblings: Option<Arc<dyn Tree>>,
    /// How many containers were opened to reach it; bounded by `Limits::nesting`.
    pub depth: usize,
}

impl Asset {
    /// An asset at the top of a scan.
    pub fn new(path: impl AsRef<str>, content: Content) -> Self {
        Self { path: AssetPath::new(path), kind: Kind::UNKNOWN, content, siblings: None, depth: 0 }
    }

    /// The same asset with the directory it sits in.
    #[must_use]
    pub fn beside(mut self, siblings: Arc<dyn Tree>) -> Self {
        self.siblings = Some(siblings);
        self
    }

    /// A member found inside this asset, to be identified anew.
    #[must_use]
    pub fn child(&self, name: &str, content: Content) -> Self {
        Self {
            path: self.path.member(name),
            kind: Kind::UNKNOWN,
            content,
            siblings: None,
            depth: self.depth.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_path_names_its_container() {
        let path = AssetPath::new("a/model.PT").member("archive/data.pkl");
        assert_eq!(path.as_str(), "a/model.PT!archive/data.pkl");
        assert_eq!(path.name(), "data.pkl");
        assert_eq!(path.extension(), "pkl");
        assert_eq!(path.nesting(), 1);
        assert_eq!(AssetPath::new("x/model").extension(), "");
        assert_eq!(AssetPath::new("x/M.H5").extension(), "h5");
    }
}
