//! Weakened copies of clean configuration.
//!
//! A pair of a clean block and a copy with one protection less differs in nothing but that protection, so it teaches
//! what a fixture, which differs from the next in many ways, teaches only on average.

use super::{
    Category,
    meaning::{self, Meaning},
    tree::{Content, Node, Resource, Value},
    words::stems,
};

/// A weakened copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// What the copy is weaker in.
    pub category: Category,
    /// How it was weakened.
    pub change: Change,
    /// The copy.
    pub resource: Resource,
}

/// How a copy was weakened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// A switch was turned.
    Flip,
    /// A setting or a block that protects was taken away.
    Drop,
    /// A network was opened to everybody.
    Open,
    /// An old protocol or a plain one took the place of a safe one.
    Downgrade,
    /// A policy now allows everything, or everybody.
    Widen,
    /// A secret that came from elsewhere is now in the text.
    Reveal,
    /// A time for which records or copies are kept is now nothing.
    Shorten,
}

/// Copies that one block may have.
const MAX_MUTATIONS: usize = 64;

/// Every copy of a block that has one protection less.
pub fn mutations(resource: &Resource) -> Vec<Mutation> {
    let mut found = Vec::new();
    let mut edit = |category, change, nodes| {
        if found.len() < MAX_MUTATIONS {
            found.push(Mutation { category, change, resource: Resource { nodes, ..resource.clone() } });
        }
    };
    weaken(&resource.nodes, None, 0, &mut edit);
    found
}

type Edit<'a> = &'a mut dyn FnMut(Category, Change, Vec<Node>);

/// Calls `edit` with every weakened copy of a list of nodes.
fn weaken(nodes: &[Node], within: Option<&str>, depth: usize, edit: Edit<'_>) {
    if depth > 8 {
        return;
    }
    for (index, node) in nodes.iter().enumerate() {
        let meaning = meaning::of(&node.key, within);
        let replaced = |content: Content| {
            let mut nodes = nodes.to_vec();
            if let Some(place) = nodes.get_mut(index) {
                place.content = content;
            }
            nodes
        };
        let removed = || {
            let mut nodes = nodes.to_vec();
            nodes.remove(index);
            nodes
        };
        match &node.content {
            Content::Block(inner) => {
                if let Some(meaning) = meaning.filter(|meaning| meaning.protects) {
                    edit(meaning.category, Change::Drop, removed());
                }
                weaken(inner, Some(&node.key), depth + 1, &mut |category, change, inner| {
                    edit(category, change, replaced(Content::Block(inner)));
                });
            }
            Content::Value(value) => {
                if let Some(meaning) = meaning.filter(|meaning| meaning.protects && protects(value)) {
                    edit(meaning.category, Change::Drop, removed());
                }
                for (category, change, value) in weaker(&node.key, within, meaning, value) {
                    edit(category, change, replaced(Content::Value(value)));
                }
                if let Value::Object(inner) = value {
                    weaken(inner, Some(&node.key), depth + 1, &mut |category, change, inner| {
                        edit(category, change, replaced(Content::Value(Value::Object(inner))));
                    });
                }
                if let Value::List(items) = value {
                    in_list(items, &node.key, depth, &mut |category, change, items| {
                        edit(category, change, replaced(Content::Value(Value::List(items))));
                    });
                }
            }
        }
    }
}

/// Objects in a list, such as the statements of a policy.
fn in_list(items: &[Value], key: &str, depth: usize, edit: &mut dyn FnMut(Category, Change, Vec<Value>)) {
    for (index, item) in items.iter().enumerate() {
        if let Value::Object(inner) = item {
            weaken(inner, Some(key), depth + 1, &mut |category, change, inner| {
                let mut items = items.to_vec();
                if let Some(place) = items.get_mut(index) {
                    *place = Value::Object(inner);
                }
                edit(category, change, items);
            });
        }
    }
}

/// Is a protecting setting with this value there at all?
fn protects(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Text(text) => switch(text) != Some(false) && !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Number(number) => *number != 0.0,
        _ => true,
    }
}

/// Weaker values in the place of one.
fn weaker(
    key: &str,
    within: Option<&str>,
    meaning: Option<Meaning>,
    value: &Value,
) -> Vec<(Category, Change, Value)> {
    let mut found = Vec::new();
    if let Some(Meaning { category, protects }) = meaning {
        match value {
            Value::Bool(value) if *value == protects => {
                found.push((category, Change::Flip, Value::Bool(!value)));
            }
            Value::Text(text) if switch(text) == Some(protects) => {
                found.extend(turned(text).map(|text| (category, Change::Flip, Value::Text(text))));
            }
            _ => {}
        }
    }
    found.extend(opened(key, value).map(|value| (Category::Network, Change::Open, value)));
    found.extend(downgraded(value).map(|value| (Category::Encryption, Change::Downgrade, value)));
    found.extend(widened(key, value).map(|value| (Category::Iam, Change::Widen, value)));
    found.extend(revealed(key, value).map(|value| (Category::Secrets, Change::Reveal, value)));
    found.extend(shortened(key, within, value));
    found
}

fn switch(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "on" | "yes" | "enabled" | "required" => Some(true),
        "false" | "off" | "no" | "disabled" | "none" | "optional" => Some(false),
        _ => None,
    }
}

/// The other position of a switch, spelt in the same way.
fn turned(text: &str) -> Option<String> {
    const POSITIONS: [(&str, &str); 5] =
        [("true", "false"), ("on", "off"), ("yes", "no"), ("enabled", "disabled"), ("required", "none")];
    let lower = text.to_lowercase();
    let other = POSITIONS.iter().find_map(|(on, off)| match lower.as_str() {
        text if text == *on => Some(*off),
        text if text == *off => Some(*on),
        _ => None,
    })?;
    let mut letters = text.chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    Some(match (capital, letters.next().is_some_and(char::is_uppercase)) {
        (true, true) => other.to_uppercase(),
        (true, false) => {
            other.chars().take(1).flat_map(char::to_uppercase).chain(other.chars().skip(1)).collect()
        }
        _ => other.to_owned(),
    })
}

/// A network that only some may reach, opened to all.
fn opened(key: &str, value: &Value) -> Option<Value> {
    let words = stems(key);
    let about = ["cidr", "rang", "sourc", "prefix", "ip", "ips", "network"];
    if !words.iter().any(|word| about.contains(&word.as_str())) || words.iter().any(|word| word == "port") {
        return None;
    }
    let narrow = |text: &str| text.contains('/') && text.contains('.') && !text.starts_with("0.0.0.0");
    match value {
        Value::Text(text) if narrow(text) => Some(Value::Text("0.0.0.0/0".to_owned())),
        Value::List(items) if items.iter().any(|item| matches!(item, Value::Text(text) if narrow(text))) => {
            Some(Value::List(vec![Value::Text("0.0.0.0/0".to_owned())]))
        }
        _ => None,
    }
}

/// A protocol that is no longer safe, in the place of one that is.
fn downgraded(value: &Value) -> Option<Value> {
    let Value::Text(text) = value else { return None };
    let older = match text.as_str() {
        "HTTPS" => "HTTP",
        "https" => "http",
        "https-only" | "redirect-to-https" => "allow-all",
        "1.2" | "1.3" => "1.0",
        "TLSv1.2_2021" | "TLSv1.2_2019" | "TLSv1.2_2018" => "TLSv1",
        "TLS1_2" | "TLS1_3" => "TLS1_0",
        "TLS_1_2" | "TLS_1_3" => "TLS_1_0",
        "TLSv1.2" | "TLSv1.3" => "TLSv1.0",
        "TLSEnforcementEnabled" => "TLSEnforcementDisabled",
        "TLS" | "MUTUAL_TLS" => "PLAINTEXT",
        "aws:kms" => "",
        _ => return None,
    };
    Some(Value::Text(older.to_owned()))
}

/// A policy that names what and whom, made to name all.
fn widened(key: &str, value: &Value) -> Option<Value> {
    let lower = key.to_lowercase();
    let open = || Value::Text("*".to_owned());
    let wide = |value: &Value| matches!(value, Value::Text(text) if text == "*");
    match (lower.as_str(), value) {
        ("action" | "actions" | "notaction" | "verbs" | "api_groups" | "resources", Value::List(items))
            if !items.is_empty() && !items.iter().any(wide) =>
        {
            Some(Value::List(vec![open()]))
        }
        ("action", Value::Text(text)) if text != "*" => Some(open()),
        ("principal" | "principals", Value::Object(_)) => Some(open()),
        ("identifiers", Value::List(items)) if !items.is_empty() && !items.iter().any(wide) => {
            Some(Value::List(vec![open()]))
        }
        ("acl", Value::Text(text)) if text == "private" => Some(Value::Text("public-read".to_owned())),
        ("container_access_type", Value::Text(text)) if text == "private" => {
            Some(Value::Text("blob".to_owned()))
        }
        ("member", Value::Text(text)) if text.contains(':') => Some(Value::Text("allUsers".to_owned())),
        ("members", Value::List(items)) if !items.is_empty() => {
            Some(Value::List(vec![Value::Text("allUsers".to_owned())]))
        }
        _ => None,
    }
}

/// A secret by reference, made a literal.
fn revealed(key: &str, value: &Value) -> Option<Value> {
    let words = stems(key);
    let secret = words.iter().any(|word| matches!(word.as_str(), "password" | "secret" | "passwd"));
    let last =
        words.last().is_some_and(|word| matches!(word.as_str(), "password" | "secret" | "passwd" | "value"));
    let elsewhere = matches!(value, Value::Reference(_) | Value::Call(..));
    (secret && last && elsewhere).then(|| Value::Text("Pl41n-t3xt-v4lue".to_owned()))
}

/// Records and copies that are kept, no longer kept.
fn shortened(key: &str, within: Option<&str>, value: &Value) -> Option<(Category, Change, Value)> {
    let Value::Number(number) = value else { return None };
    let words = stems(key);
    let has = |word: &str| words.iter().any(|own| own == word);
    if *number <= 1.0 || !(has("retent") || has("minimum") || has("length") || has("days")) {
        return None;
    }
    let logs =
        has("log") || within.is_some_and(|within| stems(within).iter().any(|w| w == "log" || w == "audit"));
    let category = match () {
        () if has("password") || has("length") => Category::Iam,
        () if logs => Category::Logging,
        () => Category::Other,
    };
    Some((category, Change::Shorten, Value::Number(if has("length") { 4.0 } else { 0.0 })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suspicion::reader;

    fn changes(body: &str) -> Vec<(Category, Change)> {
        let resource = reader::read(&format!("resource \"aws_x\" \"y\" {{\n{body}\n}}\n")).unwrap().remove(0);
        let found = mutations(&resource);
        assert!(found.iter().all(|mutation| mutation.resource != resource));
        found.into_iter().map(|mutation| (mutation.category, mutation.change)).collect()
    }

    #[test]
    fn each_protection_is_weakened_in_its_own_category() {
        for (body, category, change) in [
            ("storage_encrypted = true", Category::Encryption, Change::Flip),
            ("storage_encrypted = true", Category::Encryption, Change::Drop),
            ("publicly_accessible = false", Category::Network, Change::Flip),
            ("cidr_blocks = [\"10.0.0.0/8\"]", Category::Network, Change::Open),
            ("logging {\n enabled = true\n}", Category::Logging, Change::Drop),
            ("logging {\n enabled = true\n}", Category::Logging, Change::Flip),
            ("authorizer_id = aws_authorizer.a.id", Category::Authentication, Change::Drop),
            ("protocol = \"HTTPS\"", Category::Encryption, Change::Downgrade),
            (
                "policy = jsonencode({ Statement = [{ Action = [\"s3:Get\"] }] })",
                Category::Iam,
                Change::Widen,
            ),
            ("password = var.password", Category::Secrets, Change::Reveal),
            ("log_retention_days = 30", Category::Logging, Change::Shorten),
        ] {
            assert!(changes(body).contains(&(category, change)), "{body}: {:?}", changes(body));
        }
    }

    #[test]
    fn what_is_already_weak_or_tells_nothing_is_left_alone() {
        for body in
            ["storage_encrypted = false", "cidr_blocks = [\"0.0.0.0/0\"]", "instance_type = \"t3.micro\"", ""]
        {
            assert_eq!(changes(body), []);
        }
    }

    #[test]
    fn a_switch_is_spelt_as_before() {
        assert_eq!(turned("Enabled").as_deref(), Some("Disabled"));
        assert_eq!(turned("ON").as_deref(), Some("OFF"));
        assert_eq!(turned("true").as_deref(), Some("false"));
        assert_eq!(turned("maybe"), None);
    }
}
