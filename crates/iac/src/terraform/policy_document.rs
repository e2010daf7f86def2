//! `data "aws_iam_policy_document"`: a policy written as blocks, which the provider turns into JSON without asking
//! anybody.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>

use std::sync::Arc;

use crate::value::{Data, Link, Object, Partial, Provenance, Value, parse_json};

/// The JSON of a policy document; `None` when this is another attribute or data source.
pub(super) fn attribute(link: &Arc<Link>, name: &str) -> Option<Value> {
    if &*link.kind != "aws_iam_policy_document" || !matches!(name, "json" | "minified_json") {
        return None;
    }
    let body = link.body.as_ref()?;
    let mut statements = Vec::new();
    for inherited in ["source_policy_documents", "override_policy_documents"] {
        statements.extend(merged(body, inherited));
    }
    for inherited in ["source_json", "override_json"] {
        statements.extend(body.get(inherited).and_then(statements_of));
    }
    let own = body.get("statement");
    match own.map(|own| &own.data) {
        Some(Data::List(own)) => statements.extend(own.iter().map(statement)),
        Some(Data::Unknown(_)) => statements.extend(own.cloned()),
        _ => {}
    }
    let version = body.get("version").cloned().unwrap_or_else(|| Value::text("2012-10-17"));
    let document = Object::from([
        ("Statement".into(), Value { at: body.at, ..Value::list(statements) }),
        ("Version".into(), version),
    ]);
    let decoded = Value { at: body.at, ..Value::object(document) };
    let reference = format!("data.{}.{}.{name}", link.kind, link.name).into();
    let step = Provenance {
        reference,
        how: "defined in",
        at: body.at,
        target: Some(Arc::clone(link)),
        next: body.from.clone(),
    };
    let partial = Partial { parts: Vec::new(), decoded: Some(decoded) };
    Some(Value { at: body.at, from: Some(Arc::new(step)), ..Value::new(Data::Partial(Arc::new(partial))) })
}

/// The statements of a list of policies.
fn merged(body: &Value, name: &str) -> Vec<Value> {
    let Some(documents) = body.get(name) else { return Vec::new() };
    match &documents.data {
        Data::List(documents) => documents.iter().flat_map(statements_of).collect(),
        Data::Null => Vec::new(),
        _ => vec![documents.clone()],
    }
}

/// The statements of a policy as one list; unknown when they are.
fn statements_of(document: &Value) -> Option<Value> {
    let statements = match parse_json(document) {
        Some(policy) => policy.get("Statement").cloned()?,
        None => document.clone(),
    };
    Some(statements)
}

fn statement(block: &Value) -> Value {
    if block.is_unknown() {
        return block.clone();
    }
    let mut out = Object::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            out.insert(name.into(), value);
        }
    };
    put("Sid", block.get("sid").cloned());
    put(
        "Effect",
        Some(block.get("effect").filter(|v| !v.is_null()).cloned().unwrap_or_else(|| Value::text("Allow"))),
    );
    for (own, name) in [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ] {
        put(name, block.get(own).cloned());
    }
    put("Principal", block.get("principals").and_then(principals));
    put("NotPrincipal", block.get("not_principals").and_then(principals));
    put("Condition", block.get("condition").and_then(conditions));
    Value { at: block.at, ..Value::object(out) }.inherit(block)
}

fn principals(blocks: &Value) -> Option<Value> {
    let Data::List(list) = &blocks.data else { return Some(blocks.clone()) };
    if list.is_empty() {
        return None;
    }
    let mut out = Object::new();
    for block in list.iter() {
        let (Some(kind), Some(identifiers)) = (block.get("type"), block.get("identifiers")) else {
            return Some(blocks.clone());
        };
        let Some(kind) = kind.as_text() else { return Some(kind.clone()) };
        if &*kind == "*" {
            return Some(Value { at: identifiers.at, ..Value::text("*") });
        }
        let entry =
            out.entry(kind).or_insert_with(|| Value { at: identifiers.at, ..Value::list(Vec::new()) });
        match (&mut entry.data, &identifiers.data) {
            (Data::List(known), Data::List(more)) => Arc::make_mut(known).extend(more.iter().cloned()),
            _ => *entry = identifiers.clone(),
        }
    }
    Some(Value { at: blocks.at, ..Value::object(out) })
}

fn conditions(blocks: &Value) -> Option<Value> {
    let Data::List(list) = &blocks.data else { return Some(blocks.clone()) };
    if list.is_empty() {
        return None;
    }
    let mut out = Object::new();
    for block in list.iter() {
        let test = block.get("test").and_then(Value::as_text);
        let variable = block.get("variable").and_then(Value::as_text);
        let (Some(test), Some(variable)) = (test, variable) else { return Some(blocks.clone()) };
        let values = block.get("values").cloned().unwrap_or_else(Value::null);
        let entry = out.entry(test).or_insert_with(|| Value::object(Object::new()));
        if let Data::Object(entries) = &mut entry.data {
            Arc::make_mut(entries).insert(variable, values);
        }
    }
    Some(Value { at: blocks.at, ..Value::object(out) })
}
