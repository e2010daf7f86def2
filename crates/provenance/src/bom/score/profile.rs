//! Profiles: what is asked, as data.

use serde::Deserialize;

use crate::bom::BomError;

const FILES: &[(&str, &str)] = &[
    ("owasp", include_str!("owasp.toml")),
    ("annex-iv", include_str!("annex-iv.toml")),
    ("gpai", include_str!("gpai.toml")),
];

/// What is asked of a document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// Its name on the command line.
    #[serde(skip)]
    pub name: String,
    /// What it measures.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    #[serde(rename = "category")]
    pub(super) categories: Vec<Category>,
    #[serde(rename = "level", default)]
    pub(super) levels: Vec<Level>,
    #[serde(rename = "field")]
    pub(super) fields: Vec<Field>,
}

/// A part of the hundred points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// Its part of the hundred.
    pub weight: f64,
}

/// A score with a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// The score from which it is reached.
    pub least: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) category: String,
    pub(super) tier: Tier,
    /// Where it may stand; see [`super::ask`].
    pub(super) paths: Vec<String>,
    /// Where to get it.
    pub(super) remedy: String,
}

/// How much a field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tier {
    Critical,
    Important,
    Supplementary,
}

impl Tier {
    pub(super) const fn weight(self) -> f64 {
        match self {
            Self::Critical => 3.0,
            Self::Important => 2.0,
            Self::Supplementary => 1.0,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Important => "important",
            Self::Supplementary => "supplementary",
        }
    }
}

impl Profile {
    /// Names of all profiles.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// Every profile.
    ///
    /// # Errors
    /// Never, unless a profile that is part of this program is broken.
    pub fn all() -> Result<Vec<Self>, BomError> {
        Self::names().map(Self::named).collect()
    }

    /// The profile of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self, BomError> {
        let (name, text) = FILES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<&str> = Self::names().collect();
            BomError::Unsupported(format!("there is no profile `{name}`; there are: {}", names.join(", ")))
        })?;
        let mut profile: Self = toml::from_str(text)
            .map_err(|error| BomError::Unsupported(format!("profile {name}: {error}")))?;
        profile.name = (*name).to_owned();
        Ok(profile)
    }
}
