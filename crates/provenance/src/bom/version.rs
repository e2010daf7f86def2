//! Versions of the CycloneDX specification that have a JSON form.

use std::str::FromStr;

/// A spec version, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecVersion {
    /// 1.2
    V1_2,
    /// 1.3
    V1_3,
    /// 1.4
    V1_4,
    /// 1.5, the first with model cards
    V1_5,
    /// 1.6
    V1_6,
    /// 1.7
    V1_7,
}

impl SpecVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 6] = [Self::V1_2, Self::V1_3, Self::V1_4, Self::V1_5, Self::V1_6, Self::V1_7];

    /// As it stands in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
            Self::V1_4 => "1.4",
            Self::V1_5 => "1.5",
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}

impl FromStr for SpecVersion {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|version| version.name() == name).ok_or_else(|| {
            format!("`{name}` is no spec version of CycloneDX that has a JSON form: 1.2 to 1.7")
        })
    }
}
