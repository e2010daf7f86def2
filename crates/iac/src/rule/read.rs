//! From a rule's file to a control, with errors that name the key.

use std::sync::Arc;

use bartizan_core::{Rule, Tier};
use serde_json::{Map, Value as Json};

use super::{
    Category, Condition, Control, Framework, Patch, Path, Quantifier, RuleError, StatementTest, Test,
    cidr::Cidr, test::version,
};
use crate::value::from_json;

type Read<T> = Result<T, RuleError>;

fn wrong<T>(at: &str, message: impl Into<String>) -> Read<T> {
    Err(RuleError { at: at.to_owned(), message: message.into() })
}

/// What a rule's file may hold.
const KEYS: &[&str] = &[
    "id",
    "title",
    "category",
    "severity",
    "why",
    "fix",
    "resources",
    "frameworks",
    "aliases",
    "references",
    "cwe",
    "when",
    "fails",
    "patch",
    "examples",
];
/// Bytes of a compiled regular expression: a rule of a stranger must not need more.
const LARGEST_REGEX: usize = 1 << 20;
/// Conditions inside conditions.
const DEEPEST: usize = 32;

/// Reads the parts of a rule that decide. `rule` is its metadata.
///
/// # Errors
/// The key that is wrong, and what to write instead.
pub fn control(file: &Json, rule: &'static Rule) -> Result<Control, RuleError> {
    let Some(map) = file.as_object() else { return wrong("rule", "a rule is a mapping") };
    if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return wrong(key, format!("a rule has no such key; it has {}", KEYS.join(", ")));
    }
    let category = match text(map, "category")?.map(|name| (Category::named(name), name)) {
        Some((Some(category), _)) => category,
        Some((None, name)) => {
            let names = Category::ALL.map(Category::name).join(", ");
            return wrong("category", format!("`{name}` is none of {names}"));
        }
        None => return wrong("category", "it is missing"),
    };
    let frameworks = match map.get("frameworks") {
        None => vec![Framework::Terraform, Framework::Plan],
        Some(names) => {
            let mut frameworks = Vec::new();
            for name in strings(names, "frameworks")? {
                match Framework::named(&name) {
                    Some(framework) => frameworks.push(framework),
                    None => return wrong("frameworks", format!("`{name}` is no framework")),
                }
            }
            frameworks
        }
    };
    let resources = match map.get("resources") {
        Some(names) => strings(names, "resources")?,
        None => return wrong("resources", "the types of resources are missing"),
    };
    let aliases = map.get("aliases").map_or(Ok(Vec::new()), |names| strings(names, "aliases"))?;
    let when = map.get("when").map(|when| condition(when, "when", 0)).transpose()?;
    let Some(fails) = map.get("fails") else {
        return wrong("fails", "the condition that makes it fail is missing");
    };
    Ok(Control {
        rule,
        category,
        tier: Tier::Rule,
        frameworks,
        resources: resources.iter().map(|name| name.as_str().into()).collect(),
        aliases: aliases.iter().map(|name| name.as_str().into()).collect(),
        when,
        fails: condition(fails, "fails", 0)?,
        patch: patches(map.get("patch"))?,
    })
}

fn text<'j>(map: &'j Map<String, Json>, key: &str) -> Read<Option<&'j str>> {
    match map.get(key) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => wrong(key, "text is expected"),
    }
}

/// One text or several.
fn strings(json: &Json, at: &str) -> Read<Vec<String>> {
    let one = |json: &Json| match json {
        Json::String(text) => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(value) => Ok(value.to_string()),
        _ => wrong(at, "a text, or a list of texts, is expected"),
    };
    match json {
        Json::Array(elements) => elements.iter().map(one).collect(),
        json => Ok(vec![one(json)?]),
    }
}

fn kinds(json: &Json, at: &str) -> Read<Vec<Arc<str>>> {
    Ok(strings(json, at)?.iter().map(|name| name.as_str().into()).collect())
}

fn path(json: &Json, at: &str) -> Read<Path> {
    match json.as_str().and_then(Path::parse) {
        Some(path) => Ok(path),
        None => wrong(at, "a path is expected, such as `rule[*].status`"),
    }
}

fn condition(json: &Json, at: &str, depth: usize) -> Read<Condition> {
    if depth > DEEPEST {
        return wrong(at, "conditions are nested too deeply");
    }
    let Some(map) = json.as_object() else { return wrong(at, "a condition is a mapping") };
    let several = |key: &str| -> Read<Vec<Condition>> {
        let here = format!("{at}.{key}");
        match map.get(key) {
            Some(Json::Array(list)) if !list.is_empty() => list
                .iter()
                .enumerate()
                .map(|(index, json)| condition(json, &format!("{here}[{index}]"), depth + 1))
                .collect(),
            _ => wrong(&here, "a list of conditions is expected"),
        }
    };
    let inner = |key: &str| -> Read<Option<Box<Condition>>> {
        map.get(key).map(|json| condition(json, &format!("{at}.{key}"), depth + 1).map(Box::new)).transpose()
    };
    let only = |allowed: &[&str]| match map.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => wrong(
            &format!("{at}.{key}"),
            format!("it does not belong here; allowed are {}", allowed.join(", ")),
        ),
        None => Ok(()),
    };
    let required =
        |key: &str| map.get(key).map_or_else(|| wrong(&format!("{at}.{key}"), "it is missing"), Ok);

    if map.contains_key("all") {
        only(&["all"])?;
        Ok(Condition::All(several("all")?))
    } else if map.contains_key("any") {
        only(&["any"])?;
        Ok(Condition::Any(several("any")?))
    } else if map.contains_key("none") {
        only(&["none"])?;
        Ok(Condition::Not(Box::new(Condition::Any(several("none")?))))
    } else if map.contains_key("not") {
        only(&["not"])?;
        let Some(negated) = inner("not")? else { return wrong(at, "`not` is empty") };
        Ok(Condition::Not(negated))
    } else if let Some(attribute) = map.get("attribute") {
        attribute_condition(map, attribute, at)
    } else if let Some(ports) = map.get("ports") {
        only(&["ports"])?;
        ports_condition(ports, &format!("{at}.ports"))
    } else if let Some(policy) = map.get("policy") {
        only(&["policy", "statement"])?;
        let statement = Box::new(statement(required("statement")?, &format!("{at}.statement"))?);
        Ok(Condition::Policy { path: path(policy, at)?, statement })
    } else if let Some(connected) = map.get("connected") {
        only(&["connected", "by", "to", "satisfies"])?;
        let to = map.get("to").map_or(Ok(Vec::new()), |to| kinds(to, at))?;
        let by = path(required("by")?, &format!("{at}.by"))?;
        Ok(Condition::Connected { kinds: kinds(connected, at)?, by, to, condition: inner("satisfies")? })
    } else if let Some(refers) = map.get("refers") {
        only(&["refers", "type", "satisfies"])?;
        let kinds = kinds(required("type")?, at)?;
        Ok(Condition::Refers { path: path(refers, at)?, kinds, condition: inner("satisfies")? })
    } else if let Some(present) = map.get("present") {
        only(&["present", "satisfies"])?;
        Ok(Condition::Present { kinds: kinds(present, at)?, condition: inner("satisfies")? })
    } else {
        let quantifiers =
            [("some", Quantifier::Some), ("every", Quantifier::Every), ("no", Quantifier::None)];
        for (key, quantifier) in quantifiers {
            if let Some(of) = map.get(key) {
                only(&[key, "satisfies"])?;
                let Some(satisfied) = inner("satisfies")? else {
                    return wrong(&format!("{at}.satisfies"), "it is missing");
                };
                return Ok(Condition::Elements { path: path(of, at)?, quantifier, condition: satisfied });
            }
        }
        wrong(
            at,
            "no condition: one of all, any, none, not, attribute, some, every, no, ports, policy, connected, refers or \
             present is expected",
        )
    }
}

fn attribute_condition(map: &Map<String, Json>, attribute: &Json, at: &str) -> Read<Condition> {
    let mut tests = Vec::new();
    let mut default = None;
    let mut every = false;
    for (key, argument) in map {
        let here = format!("{at}.{key}");
        match key.as_str() {
            "attribute" => {}
            "default" => default = Some(from_json(argument, &[])).filter(|value| !value.is_null()),
            "every" => every = flag(argument, &here)?,
            _ => tests.push(test(key, argument, &here)?),
        }
    }
    if tests.is_empty() {
        return wrong(at, "a test is missing, such as `equals: true` or `exists: false`");
    }
    Ok(Condition::Attribute { path: path(attribute, at)?, default, every, tests })
}

fn flag(json: &Json, at: &str) -> Read<bool> {
    json.as_bool().map_or_else(|| wrong(at, "true or false is expected"), Ok)
}

fn limit(json: &Json, at: &str) -> Read<f64> {
    json.as_f64().map_or_else(|| wrong(at, "a number is expected"), Ok)
}

fn count(json: &Json, at: &str) -> Read<usize> {
    json.as_u64().and_then(|n| usize::try_from(n).ok()).map_or_else(|| wrong(at, "a number is expected"), Ok)
}

fn values(json: &Json) -> Vec<crate::value::Value> {
    match json {
        Json::Array(elements) => elements.iter().map(|element| from_json(element, &[])).collect(),
        json => vec![from_json(json, &[])],
    }
}

fn regex(json: &Json, at: &str) -> Read<regex::Regex> {
    let Some(text) = json.as_str() else { return wrong(at, "a regular expression is expected") };
    regex::RegexBuilder::new(text)
        .size_limit(LARGEST_REGEX)
        .build()
        .or_else(|error| wrong(at, format!("the regular expression is wrong: {error}")))
}

fn ranges(json: &Json, at: &str) -> Read<Vec<Cidr>> {
    let mut ranges = Vec::new();
    for text in strings(json, at)? {
        if text == "any" {
            ranges.extend(["0.0.0.0/0", "::/0"].iter().filter_map(|range| Cidr::parse(range)));
        } else if let Some(range) = Cidr::parse(&text) {
            ranges.push(range);
        } else {
            return wrong(at, format!("`{text}` is no range of addresses; write `any` or `10.0.0.0/8`"));
        }
    }
    Ok(ranges)
}

fn port_list(json: &Json, at: &str) -> Read<Vec<u32>> {
    strings(json, at)?
        .iter()
        .map(|port| port.parse().or_else(|_| wrong(at, format!("`{port}` is no port"))))
        .collect()
}

fn test(name: &str, argument: &Json, at: &str) -> Read<Test> {
    Ok(match name {
        "exists" => Test::Exists(flag(argument, at)?),
        "absent" => Test::Exists(!flag(argument, at)?),
        "equals" => Test::In(vec![from_json(argument, &[])]),
        "not-equals" => Test::NotIn(vec![from_json(argument, &[])]),
        "in" => Test::In(values(argument)),
        "not-in" => Test::NotIn(values(argument)),
        "matches" => Test::Matches(regex(argument, at)?),
        "not-matches" => Test::NotMatches(regex(argument, at)?),
        "starts-with" => Test::StartsWith(strings(argument, at)?),
        "ends-with" => Test::EndsWith(strings(argument, at)?),
        "contains" => Test::Contains(values(argument)),
        "not-contains" => Test::NotContains(values(argument)),
        "less-than" => Test::LessThan(limit(argument, at)?),
        "at-most" => Test::AtMost(limit(argument, at)?),
        "greater-than" => Test::GreaterThan(limit(argument, at)?),
        "at-least" => Test::AtLeast(limit(argument, at)?),
        "version-below" => Test::VersionBelow(version(&strings(argument, at)?.join("."))),
        "version-at-least" => Test::VersionAtLeast(version(&strings(argument, at)?.join("."))),
        "contains-cidr" => Test::ContainsCidr(ranges(argument, at)?),
        "cidr-wider-than" => Test::CidrWiderThan(u8::try_from(count(argument, at)?).unwrap_or(u8::MAX)),
        "cidr-public" => Test::CidrPublic(flag(argument, at)?),
        "includes-port" => Test::IncludesPort(port_list(argument, at)?),
        "empty" => Test::Empty(flag(argument, at)?),
        "shorter-than" => Test::ShorterThan(count(argument, at)?),
        "length-at-least" => Test::LengthAtLeast(count(argument, at)?),
        _ => return wrong(at, "there is no such test; the README of bartizan-iac lists them"),
    })
}

fn ports_condition(json: &Json, at: &str) -> Read<Condition> {
    let get = |key: &str| json.get(key).map_or_else(|| wrong(&format!("{at}.{key}"), "it is missing"), Ok);
    Ok(Condition::Ports {
        from: path(get("from")?, at)?,
        to: path(get("to")?, at)?,
        includes: port_list(get("includes")?, at)?,
    })
}

fn statement(json: &Json, at: &str) -> Read<StatementTest> {
    let Some(map) = json.as_object() else { return wrong(at, "a statement is a mapping") };
    let mut test = StatementTest { effect: "Allow".to_owned(), ..StatementTest::default() };
    let presence = |json: &Json, at: &str| match json.as_str() {
        Some("present") => Ok(Some(true)),
        Some("absent") => Ok(Some(false)),
        _ => wrong(at, "`present` or `absent` is expected"),
    };
    for (key, argument) in map {
        let here = format!("{at}.{key}");
        match key.as_str() {
            "effect" => test.effect = strings(argument, &here)?.concat(),
            "action" => test.action = strings(argument, &here)?,
            "grants" => test.grants = strings(argument, &here)?,
            "resource" => test.resource = strings(argument, &here)?,
            "principal" => test.principal = strings(argument, &here)?,
            "condition" => test.condition = presence(argument, &here)?,
            "condition-key" => test.condition_key = strings(argument, &here)?,
            "not-action" => test.not_action = presence(argument, &here)?,
            "not-principal" => test.not_principal = presence(argument, &here)?,
            "not-resource" => test.not_resource = presence(argument, &here)?,
            _ => return wrong(&here, "a statement has no such test"),
        }
    }
    Ok(test)
}

fn patches(json: Option<&Json>) -> Read<Vec<Patch>> {
    let Some(json) = json else { return Ok(Vec::new()) };
    let list: Vec<&Json> = match json {
        Json::Array(list) => list.iter().collect(),
        json => vec![json],
    };
    let mut patches = Vec::new();
    for json in list {
        let Some(map) = json.as_object() else { return wrong("patch", "a patch is a mapping") };
        let get = |key: &str| text(map, key).map(|text| text.unwrap_or_default().to_owned());
        patches.push(if map.contains_key("set") {
            if !map.contains_key("to") {
                return wrong("patch.to", "the new expression is missing");
            }
            Patch::Set { path: get("set")?, to: get("to")? }
        } else if map.contains_key("insert") {
            Patch::Insert { into: get("into")?, text: get("insert")? }
        } else if map.contains_key("delete") {
            Patch::Delete { path: get("delete")? }
        } else {
            return wrong("patch", "one of `set`, `insert` and `delete` is expected");
        });
    }
    Ok(patches)
}
