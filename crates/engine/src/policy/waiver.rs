//! Accepted findings.

use globset::{GlobBuilder, GlobMatcher};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

/// A finding that somebody accepts, for a reason and until a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Waiver {
    /// Id of the rule, or `*` for every rule.
    pub rule: String,
    /// Paths, as in reports; `*` stays within a folder, `**` does not. A container's waiver covers its members.
    #[serde(rename = "where", deserialize_with = "pattern")]
    pub path: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Who accepts it.
    pub owner: String,
    /// The last day on which it holds: `2027-01-31`.
    #[serde(deserialize_with = "date", serialize_with = "date_text")]
    #[schemars(with = "String")]
    pub expires: Date,
}

impl Waiver {
    /// In a few words, for notes.
    pub(crate) fn shown(&self) -> String {
        format!("waiver of {} for {} by {}", self.rule, self.path, self.owner)
    }

    /// Finds the paths that it covers.
    pub(crate) fn matcher(&self) -> Option<GlobMatcher> {
        glob(&self.path).ok()
    }
}

fn glob(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(pattern).literal_separator(true).build()?.compile_matcher())
}

fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    glob(&pattern).map_err(D::Error::custom)?;
    Ok(pattern)
}

/// TOML has dates of its own; a text is a date just as well.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not a date such as 2027-01-31")))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn date_text<S: serde::Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}
