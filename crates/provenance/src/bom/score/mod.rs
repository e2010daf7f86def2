//! How complete is a bill of materials?
//!
//! What is asked, how much it weighs and where to get what is missing is data: one file per profile.

mod ask;
mod profile;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

pub use self::profile::{Category, Level, Profile};
use self::{ask::Subject, profile::Field};

/// How many components a line about a missing field names.
const MOST_NAMED: usize = 5;

/// How much of a field is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Everywhere where it belongs.
    Present,
    /// In some components only.
    Partial,
    /// Nowhere.
    Missing,
}

/// One field's result.
#[derive(Clone, Debug, Serialize)]
pub struct Scored {
    /// Its id.
    pub field: String,
    /// What it is.
    pub title: String,
    /// The category it counts in.
    pub category: String,
    /// `critical`, `important` or `supplementary`.
    pub tier: String,
    /// How much of it is there.
    pub status: Status,
    /// Where it was found, or which components lack it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Where to get it; empty when nothing is missing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// The share of the components that have it, 0 to 1.
    pub share: f64,
}

/// What a document reaches by a profile.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// The profile.
    pub profile: String,
    /// What the profile measures.
    pub title: String,
    /// 0 to 100.
    pub score: f64,
    /// The highest level that is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// How many components were asked.
    pub components: usize,
    /// What each category reaches.
    pub categories: Vec<CategoryScore>,
    /// Every field, in the profile's order.
    pub fields: Vec<Scored>,
}

/// What a category reaches.
#[derive(Clone, Debug, Serialize)]
pub struct CategoryScore {
    /// Its name.
    pub name: String,
    /// What it reaches, at most its weight.
    pub score: f64,
    /// Its weight.
    pub weight: f64,
}

/// Asks a CycloneDX document for everything that a profile wants.
pub fn score(document: &Value, profile: &Profile) -> Score {
    let subjects = ask::subjects(document);
    let shared = ask::shared_properties(document);
    let fields: Vec<Scored> =
        profile.fields.iter().map(|field| scored(document, &subjects, &shared, field)).collect();
    let categories: Vec<CategoryScore> = profile
        .categories
        .iter()
        .map(|category| {
            let members =
                profile.fields.iter().zip(&fields).filter(|(field, _)| field.category == category.name);
            let (mut reached, mut all) = (0.0, 0.0);
            for (field, scored) in members {
                let weight = field.tier.weight();
                all += weight;
                reached += weight * scored.share;
            }
            let score = if all > 0.0 { category.weight * reached / all } else { 0.0 };
            CategoryScore { name: category.name.clone(), score: rounded(score), weight: category.weight }
        })
        .collect();
    let total = rounded(categories.iter().map(|category| category.score).sum());
    let level = profile
        .levels
        .iter()
        .filter(|level| total >= level.least)
        .max_by(|one, other| one.least.total_cmp(&other.least))
        .map(|level| level.name.clone());
    Score {
        profile: profile.name.clone(),
        title: profile.title.clone(),
        score: total,
        level,
        components: subjects.len(),
        categories,
        fields,
    }
}

/// To a tenth, so that a score reads the same everywhere.
fn rounded(score: f64) -> f64 {
    (score * 10.0).round() / 10.0
}

fn scored(document: &Value, subjects: &[Subject<'_>], shared: &BTreeSet<String>, field: &Field) -> Scored {
    let mut found = Vec::new();
    let mut lacking = Vec::new();
    let (share, is_of_document) = match ask::in_document(document, &field.paths) {
        Some(place) => {
            found.push(place);
            (1.0, true)
        }
        None => {
            for subject in subjects {
                match ask::in_component(subject, shared, &field.paths) {
                    Some(place) => found.push(format!("{}: {place}", subject.name)),
                    None => lacking.push(subject.name.to_owned()),
                }
            }
            let all = found.len().saturating_add(lacking.len());
            let asks_components = field.paths.iter().any(|path| !path.starts_with('/'));
            let share = if all > 0 && asks_components { found.len() as f64 / all as f64 } else { 0.0 };
            (share, !asks_components)
        }
    };
    let status = match share {
        share if share >= 1.0 => Status::Present,
        share if share > 0.0 => Status::Partial,
        _ => Status::Missing,
    };
    let mut evidence = if status == Status::Present { found } else { lacking };
    if is_of_document && status == Status::Missing {
        evidence.clear();
    }
    let more = evidence.len().saturating_sub(MOST_NAMED);
    evidence.truncate(MOST_NAMED);
    if more > 0 {
        evidence.push(format!("and {more} more"));
    }
    Scored {
        field: field.id.clone(),
        title: field.title.clone(),
        category: field.category.clone(),
        tier: field.tier.name().to_owned(),
        status,
        evidence,
        remedy: if status == Status::Present { String::new() } else { field.remedy.clone() },
        share,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_profile_weighs_a_hundred_and_asks_each_field_once() {
        for profile in Profile::all().unwrap() {
            let weight: f64 = profile.categories.iter().map(|category| category.weight).sum();
            assert!((weight - 100.0).abs() < 1e-9, "{}", profile.name);
            let mut ids: Vec<&str> = profile.fields.iter().map(|field| field.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), profile.fields.len(), "{}", profile.name);
            for field in &profile.fields {
                assert!(
                    profile.categories.iter().any(|category| category.name == field.category),
                    "{}",
                    field.id
                );
                assert!(
                    !field.paths.is_empty() && field.remedy.len() > 10 && !field.title.is_empty(),
                    "{}",
                    field.id
                );
                assert!(field.paths.iter().all(|path| ask::is_path(path)), "{}: {:?}", field.id, field.paths);
            }
        }
    }

    #[test]
    fn the_owasp_profile_has_the_weights_of_owasp() {
        let profile = Profile::named("owasp").unwrap();
        assert_eq!(profile.fields.len(), 48);
        let weights: Vec<f64> = profile.categories.iter().map(|category| category.weight).collect();
        assert_eq!(weights, [20.0, 20.0, 20.0, 30.0, 10.0]);
        let least: Vec<f64> = profile.levels.iter().map(|level| level.least).collect();
        assert_eq!(least, [40.0, 70.0, 85.0]);
    }

    #[test]
    fn a_field_that_half_of_the_models_have_counts_half_and_tells_who_lacks_it() {
        let model = |name: &str, licences: Value| json!({ "type": "machine-learning-model", "name": name, "licenses": licences });
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.7", "version": 1,
            "components": [
                model("a", json!([{ "license": { "id": "MIT" } }])),
                model("b", json!([])),
                { "type": "library", "name": "torch" },
            ],
        });
        let score = score(&document, &Profile::named("owasp").unwrap());
        assert_eq!(score.components, 2);
        let field = |id: &str| score.fields.iter().find(|scored| scored.field == id).unwrap();
        assert_eq!(field("licenses").status, Status::Partial);
        assert_eq!(field("licenses").evidence, ["b"]);
        assert_eq!(field("name").status, Status::Present);
        assert_eq!(field("serialNumber").status, Status::Missing);
        assert!(!field("serialNumber").remedy.is_empty() && field("name").remedy.is_empty());
        // bomFormat, specVersion and version of four critical fields.
        assert!((score.categories[0].score - 15.0).abs() < 1e-9);
    }

    #[test]
    fn an_empty_document_scores_nothing_by_any_profile() {
        for profile in Profile::all().unwrap() {
            assert_eq!(score(&json!({}), &profile).score, 0.0, "{}", profile.name);
        }
    }
}
