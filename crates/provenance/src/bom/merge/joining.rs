//! Two descriptions of one component, and what they disagree on.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::bom::json::text;

/// What documents say differently about one thing. The first document is believed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Conflict {
    /// The component or service: its name and version.
    pub component: String,
    /// The field: `description`, `supplier/name`, `hashes/SHA-256`.
    pub field: String,
    /// What stays.
    pub kept: String,
    /// What a later document says.
    pub dropped: String,
}

/// Adds the fields that are not there, and the items of lists that are not.
pub(super) fn complete(there: &mut Value, more: Value, conflicts: &mut Vec<Conflict>) {
    let part = |key| text(there, key).unwrap_or_default();
    let component = format!("{} {}", part("name"), part("version")).trim_end().to_owned();
    let (Some(there), Value::Object(more)) = (there.as_object_mut(), more) else { return };
    let mut joining = Joining { component, path: Vec::new(), conflicts };
    for (key, value) in more {
        joining.join(there, key, value);
    }
}

/// Two descriptions of one component on their way to one.
struct Joining<'a> {
    component: String,
    /// The fields around the one that is looked at.
    path: Vec<String>,
    conflicts: &'a mut Vec<Conflict>,
}

impl Joining<'_> {
    fn join(&mut self, there: &mut Map<String, Value>, key: String, value: Value) {
        // A choice that stands alone cannot be joined with another.
        let alone = |value: &Value| {
            value.as_array().is_some_and(|items| items.iter().any(|item| item.get("expression").is_some()))
        };
        match (there.get_mut(&key), value) {
            (None, value) => {
                there.insert(key, value);
            }
            (Some(known), value) if *known == value || key == "bom-ref" => {}
            (Some(known), value) if key == "licenses" && (alone(known) || alone(&value)) => {
                self.disagree(&key, known, &value);
            }
            (Some(Value::Array(known)), Value::Array(items)) if key == "hashes" => {
                self.hashes(known, items);
            }
            (Some(Value::Array(known)), Value::Array(items)) => {
                let mut seen: BTreeSet<String> = known.iter().map(Value::to_string).collect();
                known.extend(items.into_iter().filter(|item| seen.insert(item.to_string())));
            }
            (Some(Value::Object(known)), Value::Object(fields)) => {
                self.path.push(key);
                for (key, value) in fields {
                    self.join(known, key, value);
                }
                self.path.pop();
            }
            (Some(known), value) => self.disagree(&key, known, &value),
        }
    }

    /// Two digests of one algorithm are two contents.
    fn hashes(&mut self, known: &mut Vec<Value>, more: Vec<Value>) {
        for hash in more {
            let algorithm = text(&hash, "alg").unwrap_or_default();
            let content = |hash: &Value| text(hash, "content").unwrap_or_default().to_ascii_lowercase();
            match known.iter().find(|known| text(known, "alg") == Some(algorithm)) {
                Some(known) if content(known) == content(&hash) => {}
                Some(known) => {
                    let (kept, dropped) = (content(known).into(), content(&hash).into());
                    self.disagree(&format!("hashes/{algorithm}"), &kept, &dropped);
                }
                None => known.push(hash),
            }
        }
    }

    fn disagree(&mut self, key: &str, kept: &Value, dropped: &Value) {
        let shown = |value: &Value| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            bartizan_core::redacted(&text)
        };
        let field = self.path.iter().map(String::as_str).chain([key]).collect::<Vec<_>>().join("/");
        let component = bartizan_core::redacted(&self.component);
        self.conflicts.push(Conflict { component, field, kept: shown(kept), dropped: shown(dropped) });
    }
}
