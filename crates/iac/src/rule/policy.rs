//! Statements of access policies.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use super::{Hit, Outcome, Truth, Witness};
use crate::value::{Data, Value, parse_json};

/// What a statement must be like. Everything that is set must hold for one and the same statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementTest {
    /// `Allow` unless said otherwise.
    pub effect: String,
    /// One of these is written as an action, wildcards and all: `*`, `s3:*`.
    pub action: Vec<String>,
    /// One of these actions is granted, by its name or by a wildcard: `iam:PassRole` by `iam:*`.
    pub grants: Vec<String>,
    /// One of these is written as a resource: `*`.
    pub resource: Vec<String>,
    /// One of these is a principal. `*` also finds `{"AWS": "*"}`.
    pub principal: Vec<String>,
    /// Has it conditions?
    pub condition: Option<bool>,
    /// A condition on one of these keys is there: `aws:SecureTransport`.
    pub condition_key: Vec<String>,
    /// Has it `NotAction`?
    pub not_action: Option<bool>,
    /// Has it `NotPrincipal`?
    pub not_principal: Option<bool>,
    /// Has it `NotResource`?
    pub not_resource: Option<bool>,
}

impl StatementTest {
    /// Has the policy at this hit such a statement?
    pub(super) fn of(&self, hit: &Hit) -> Outcome {
        let witness = |value: &Value| Witness {
            path: hit.path.clone(),
            at: hit.at,
            unresolved: value.unresolved(),
            value: Some(value.clone()),
        };
        let Some(value) = &hit.value else {
            return Outcome::new(
                Truth::False,
                Witness { path: hit.path.clone(), at: hit.at, ..Witness::default() },
            );
        };
        let decoded = match &value.data {
            Data::Object(_) | Data::List(_) => Some(value.clone()),
            _ => parse_json(value),
        };
        let Some(policy) = decoded else {
            let truth = if value.unresolved().is_some() { Truth::Unknown } else { Truth::False };
            return Outcome::new(truth, witness(value));
        };
        let mut statements = Vec::new();
        match policy.get("Statement") {
            Some(found) => flatten(found, &mut statements),
            None if matches!(policy.data, Data::List(_)) => flatten(&policy, &mut statements),
            None => {}
        }
        Outcome::fold(
            statements.iter().map(|statement| {
                let statement = statement.clone().inherit(&policy);
                Outcome::new(self.holds(&statement), witness(&statement))
            }),
            Truth::True,
        )
    }

    fn holds(&self, statement: &Value) -> Truth {
        if statement.as_object().is_none() {
            return if statement.unresolved().is_some() { Truth::Unknown } else { Truth::False };
        }
        let get = |name: &str| statement.get(name).filter(|value| !value.is_null());
        let present = |wanted: Option<bool>, name: &str| match wanted {
            Some(wanted) => Truth::of(Some(get(name).is_some() == wanted)),
            None => Truth::True,
        };
        let tests = [
            written(get("Effect"), std::slice::from_ref(&self.effect)),
            any(&self.action, || written(get("Action"), &self.action)),
            any(&self.grants, || self.granted(statement)),
            any(&self.resource, || written(get("Resource"), &self.resource)),
            any(&self.principal, || principal(get("Principal"), &self.principal)),
            present(self.condition, "Condition"),
            any(&self.condition_key, || condition_key(get("Condition"), &self.condition_key)),
            present(self.not_action, "NotAction"),
            present(self.not_principal, "NotPrincipal"),
            present(self.not_resource, "NotResource"),
        ];
        if tests.contains(&Truth::False) {
            Truth::False
        } else if tests.contains(&Truth::Unknown) {
            Truth::Unknown
        } else {
            Truth::True
        }
    }

    fn granted(&self, statement: &Value) -> Truth {
        if let Some(all_but) = statement.get("NotAction").filter(|value| !value.is_null()) {
            return texts(all_but, &|pattern| self.grants.iter().all(|action| matches(pattern, action)))
                .negated();
        }
        match statement.get("Action") {
            Some(actions) => {
                texts(actions, &|pattern| self.grants.iter().any(|action| matches(pattern, action)))
            }
            None => Truth::False,
        }
    }
}

/// A test that counts only when something is asked.
fn any(wanted: &[String], test: impl FnOnce() -> Truth) -> Truth {
    if wanted.is_empty() { Truth::True } else { test() }
}

/// Statements may be one or several, and lists of lists when documents are merged.
fn flatten(value: &Value, out: &mut Vec<Value>) {
    match &value.data {
        Data::List(elements) => {
            for element in elements.iter() {
                flatten(&element.clone().inherit(value), out);
            }
        }
        _ => out.push(value.clone()),
    }
}

fn written(value: Option<&Value>, wanted: &[String]) -> Truth {
    match value {
        Some(value) => texts(value, &|text| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(text))),
        None => Truth::False,
    }
}

/// Does it hold for the text, or for one of the list's?
fn texts(value: &Value, holds: &dyn Fn(&str) -> bool) -> Truth {
    match &value.data {
        Data::List(elements) => {
            let mut truth = Truth::False;
            for element in elements.iter() {
                match texts(element, holds) {
                    Truth::True => return Truth::True,
                    Truth::Unknown => truth = Truth::Unknown,
                    Truth::False => {}
                }
            }
            truth
        }
        // What is known of the text excludes what is wanted, unless the unknown part may be all of it: an address of a
        // resource is never a lone `*`.
        Data::Partial(partial) => {
            if partial.prefix().is_empty() && partial.suffix().is_empty() {
                Truth::Unknown
            } else {
                Truth::False
            }
        }
        Data::Unknown(unresolved) if unresolved.target.is_some() => Truth::False,
        Data::Resource(_) => Truth::False,
        _ => match value.as_text() {
            Some(text) => Truth::of(Some(holds(&text))),
            None if value.unresolved().is_some() => Truth::Unknown,
            None => Truth::False,
        },
    }
}

fn principal(value: Option<&Value>, wanted: &[String]) -> Truth {
    let Some(value) = value else { return Truth::False };
    match &value.data {
        Data::Object(entries) => {
            let mut truth = Truth::False;
            for entry in entries.values() {
                match written(Some(entry), wanted) {
                    Truth::True => return Truth::True,
                    Truth::Unknown => truth = Truth::Unknown,
                    Truth::False => {}
                }
            }
            truth
        }
        _ => written(Some(value), wanted),
    }
}

fn condition_key(value: Option<&Value>, wanted: &[String]) -> Truth {
    let Some(value) = value else { return Truth::False };
    let Some(operators) = value.as_object() else { return Truth::Unknown };
    let mut unknown = false;
    for operator in operators.values() {
        match operator.as_object() {
            Some(keys)
                if keys.keys().any(|key| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(key))) =>
            {
                return Truth::True;
            }
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { Truth::Unknown } else { Truth::False }
}

/// Does a pattern with `*` and `?` match an action? Case does not count in actions.
pub(super) fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.as_bytes(), action.as_bytes());
    let same = |one: u8, other: u8| one == b'?' || one.eq_ignore_ascii_case(&other);
    let (mut p, mut a) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(next) = action.get(a) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, a));
                p += 1;
            }
            Some(sign) if same(*sign, *next) => {
                p += 1;
                a += 1;
            }
            _ => match star {
                // One more byte for the last star.
                Some((star_p, star_a)) => {
                    star = Some((star_p, star_a + 1));
                    p = star_p + 1;
                    a = star_a + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|sign| *sign == b'*')
}
