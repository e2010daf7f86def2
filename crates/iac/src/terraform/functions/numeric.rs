//! Functions on numbers.

use super::{Arguments, Function, Outcome, Trouble, trouble};
use crate::value::Value;

pub(super) const NAMES: &[&str] =
    &["abs", "ceil", "floor", "log", "max", "min", "parseint", "pow", "signum", "sum"];

pub(super) fn find(name: &str) -> Option<Function> {
    Some(match name {
        "abs" => |arguments| Ok(Value::number(arguments.number(0)?.abs())),
        "ceil" => |arguments| Ok(Value::number(arguments.number(0)?.ceil())),
        "floor" => |arguments| Ok(Value::number(arguments.number(0)?.floor())),
        "log" => |arguments| finite(arguments.number(0)?.log(arguments.number(1)?)),
        "max" => |arguments| extreme(arguments, f64::max),
        "min" => |arguments| extreme(arguments, f64::min),
        "parseint" => parse_int,
        "pow" => |arguments| finite(arguments.number(0)?.powf(arguments.number(1)?)),
        "signum" => |arguments| {
            let number = arguments.number(0)?;
            Ok(Value::number(if number == 0.0 { 0.0 } else { number.signum() }))
        },
        "sum" => sum,
        _ => return None,
    })
}

fn finite(number: f64) -> Outcome {
    if number.is_finite() {
        Ok(Value::number(number))
    } else {
        Err(Trouble::Failed("the result is no number"))
    }
}

fn numbers(values: &[Value]) -> Result<Vec<f64>, Trouble> {
    values
        .iter()
        .map(|value| value.as_number().ok_or_else(|| trouble(value, "numbers are expected")))
        .collect()
}

fn extreme(arguments: &Arguments<'_>, choose: fn(f64, f64) -> f64) -> Outcome {
    let numbers = numbers(arguments.all())?;
    numbers.into_iter().reduce(choose).map(Value::number).ok_or(Trouble::Failed("a number is missing"))
}

fn sum(arguments: &Arguments<'_>) -> Outcome {
    let numbers = numbers(arguments.list(0)?)?;
    if numbers.is_empty() { Err(Trouble::Failed("the list is empty")) } else { finite(numbers.iter().sum()) }
}

fn parse_int(arguments: &Arguments<'_>) -> Outcome {
    let radix = arguments.count(1)?;
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix));
    let radix = radix.ok_or(Trouble::Failed("the base is not between 2 and 36"))?;
    let number = i64::from_str_radix(&arguments.text(0)?, radix);
    number.map(|number| Value::number(number as f64)).map_err(|_| Trouble::Failed("the text is no number"))
}
