//! Operators on values that may be unknown.

use super::as_unknown;
use crate::{
    syntax::{Binary, Unary},
    value::{Data, Value},
};

pub(super) fn unary(operator: Unary, inner: Value) -> Value {
    let result = match operator {
        Unary::Not => inner.as_bool().map(|value| Data::Bool(!value)),
        Unary::Negate => inner.as_number().map(|number| Data::Number(-number)),
    };
    finish(result, &[&inner])
}

pub(super) fn binary(operator: Binary, left: Value, right: Value) -> Value {
    let both = || Some((left.as_number()?, right.as_number()?));
    let compare = |holds: fn(&f64, &f64) -> bool| both().map(|(one, other)| Data::Bool(holds(&one, &other)));
    let compute = |result: fn(f64, f64) -> f64| {
        both().map(|(one, other)| result(one, other)).filter(|number| number.is_finite()).map(Data::Number)
    };
    let result = match operator {
        Binary::And => match (left.as_bool(), right.as_bool()) {
            (Some(false), _) | (_, Some(false)) => Some(Data::Bool(false)),
            (Some(true), Some(true)) => Some(Data::Bool(true)),
            _ => None,
        },
        Binary::Or => match (left.as_bool(), right.as_bool()) {
            (Some(true), _) | (_, Some(true)) => Some(Data::Bool(true)),
            (Some(false), Some(false)) => Some(Data::Bool(false)),
            _ => None,
        },
        Binary::Equal => same(&left, &right).map(Data::Bool),
        Binary::NotEqual => same(&left, &right).map(|same| Data::Bool(!same)),
        Binary::Less => compare(f64::lt),
        Binary::AtMost => compare(f64::le),
        Binary::Greater => compare(f64::gt),
        Binary::AtLeast => compare(f64::ge),
        Binary::Add => compute(|one, other| one + other),
        Binary::Subtract => compute(|one, other| one - other),
        Binary::Multiply => compute(|one, other| one * other),
        Binary::Divide => compute(|one, other| one / other),
        Binary::Remainder => compute(|one, other| one % other),
    };
    finish(result, &[&left, &right])
}

/// Terraform compares without converting: `1 == "1"` is false.
fn same(left: &Value, right: &Value) -> Option<bool> {
    match (&left.data, &right.data) {
        // Modules ask whether a key was passed, and what is passed is an attribute of another resource.
        (Data::Unknown(one), Data::Null) | (Data::Null, Data::Unknown(one)) if one.is_set() => Some(false),
        (Data::Resource(_), Data::Null) | (Data::Null, Data::Resource(_)) => Some(false),
        (Data::Text(_), Data::Number(_) | Data::Bool(_))
        | (Data::Number(_) | Data::Bool(_), Data::Text(_)) => Some(false),
        _ => left.equals(right),
    }
}

fn finish(result: Option<Data>, operands: &[&Value]) -> Value {
    match result {
        Some(data) => operands.iter().fold(Value::new(data), |value, operand| value.inherit(operand)),
        None => match operands.iter().find(|operand| operand.unresolved().is_some()) {
            Some(operand) => as_unknown(operand),
            None => Value::failed("…", "an operator is applied to values that it is not for"),
        },
    }
}
