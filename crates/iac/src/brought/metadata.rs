//! What reports say of a policy that a user brought.

use bartizan_core::{Rule, Severity, Taxonomy};
use serde_json::Value as Json;

use super::wrong;
use crate::rule::{Category, RuleError};

/// Stands for a rule while its conditions are read.
pub(super) static PROBE: Rule = Rule {
    id: "own/draft",
    title: "A rule that is being read",
    severity: Severity::Info,
    category: bartizan_core::Category::Other,
    why: "It stands for a rule whose conditions are being read.",
    fix: "Nothing has to be done.",
    references: &[],
    taxonomy: Taxonomy::NONE,
};

/// Metadata that are not kept yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: String,
    /// The key that gives the id.
    pub(super) id_at: &'static str,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) category: Category,
    pub(super) why: String,
    pub(super) fix: String,
    pub(super) references: Vec<String>,
    pub(super) cwe: Vec<String>,
}

impl Draft {
    /// Keeps them as long as the program runs, as findings ask of a rule. A folder of policies is loaded once.
    pub(super) fn keep(self) -> &'static Rule {
        fn kept(text: String) -> &'static str {
            Box::leak(text.into_boxed_str())
        }
        fn list(texts: Vec<String>) -> &'static [&'static str] {
            Box::leak(texts.into_iter().map(kept).collect::<Vec<_>>().into_boxed_slice())
        }
        Box::leak(Box::new(Rule {
            id: kept(self.id),
            title: kept(self.title),
            severity: self.severity,
            category: self.category.harm(),
            why: kept(self.why),
            fix: kept(self.fix),
            references: list(self.references),
            taxonomy: Taxonomy { cwe: list(self.cwe), ..Taxonomy::NONE },
        }))
    }
}

/// The metadata of a rule in our own format.
pub(super) fn own(json: &Json) -> Result<Draft, RuleError> {
    let text = |key: &str| match json.get(key).and_then(Json::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(squeezed(text)),
        _ => wrong(key, "it is missing; a text is expected"),
    };
    let list = |key: &str| match json.get(key) {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Some(Json::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let id = text("id")?;
    if !is_id(&id) {
        return wrong(
            "id",
            format!("`{id}` is no id; write a domain and a name in lower case, such as `acme/bucket-owner`"),
        );
    }
    let severity = text("severity")?.parse().or_else(|message: String| wrong("severity", message))?;
    let category = text("category")?;
    let Some(category) = Category::named(&category) else {
        let names = Category::ALL.map(Category::name).join(", ");
        return wrong("category", format!("`{category}` is none of {names}"));
    };
    Ok(Draft {
        id,
        id_at: "id",
        title: text("title")?,
        severity,
        category,
        why: text("why")?,
        fix: text("fix")?,
        references: list("references"),
        cwe: list("cwe"),
    })
}

/// The metadata of one of Checkov's policies, and its own id.
pub(super) fn checkov(json: &Json) -> Result<(Draft, String), RuleError> {
    let Some(metadata) = json.get("metadata").filter(|metadata| metadata.is_object()) else {
        return wrong("metadata", "it is missing; `id`, `name` and `category` are expected in it");
    };
    let text = |key: &str| metadata.get(key).and_then(Json::as_str).map(squeezed);
    let Some(own) = text("id").filter(|id| id.chars().any(|c| c.is_ascii_alphanumeric())) else {
        return wrong("metadata.id", "it is missing; an id such as `CKV2_CUSTOM_1` is expected");
    };
    let Some(name) = text("name").filter(|name| !name.is_empty()) else {
        return wrong("metadata.name", "it is missing; a sentence is expected");
    };
    let severity = match text("severity") {
        None => Severity::Medium,
        Some(name) => name
            .to_ascii_lowercase()
            .parse()
            .or_else(|message: String| wrong("metadata.severity", message))?,
    };
    let category = match text("category").unwrap_or_default().to_ascii_uppercase().as_str() {
        "ENCRYPTION" => Category::Encryption,
        "NETWORKING" => Category::Network,
        "LOGGING" => Category::Logging,
        "IAM" => Category::Iam,
        "SECRETS" => Category::Secrets,
        _ => Category::Other,
    };
    let guideline = text("guideline").or_else(|| text("guidelines"));
    let (addresses, advice): (Vec<String>, Vec<String>) =
        guideline.into_iter().partition(|text| text.starts_with("http"));
    let draft = Draft {
        id: format!("checkov/{}", kebab(&own)),
        id_at: "metadata.id",
        why: format!("The policy {own} that was brought to this scan asks for it: {name}."),
        fix: advice.into_iter().next().unwrap_or_else(|| format!("Make the policy hold: {name}.")),
        title: name,
        severity,
        category,
        references: addresses,
        cwe: Vec::new(),
    };
    Ok((draft, own))
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `domain/kebab-name`.
fn is_id(id: &str) -> bool {
    let kebab = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    id.split_once('/').is_some_and(|(domain, name)| kebab(domain) && kebab(name))
}

/// `CKV2_CUSTOM_1` is `ckv2-custom-1`.
fn kebab(id: &str) -> String {
    id.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect::<Vec<_>>()
        .join("-")
}
