//! Terraform's functions, by family. Those whose result depends on the moment or on chance are unknown.
//!
//! <https://developer.hashicorp.com/terraform/language/functions>

mod collection;
mod convert;
mod encoding;
mod files;
mod hash;
mod network;
mod numeric;
mod set;
#[cfg(test)]
mod tests;
mod text;
mod time;

use std::sync::Arc;

pub(super) use convert::conform;
pub(super) use files::{FILES, of_file};

use crate::value::{Data, Object, Value};

/// Why a function has no result.
#[derive(Debug)]
pub(super) enum Trouble {
    /// This argument is not known.
    Unknown(Box<Value>),
    /// The result is larger than evaluation may make it.
    TooLarge,
    /// The arguments are wrong.
    Failed(&'static str),
}

type Outcome = Result<Value, Trouble>;
type Function = fn(&Arguments<'_>) -> Outcome;

/// The arguments of a call.
pub(super) struct Arguments<'a>(&'a [Value]);

/// Elements of a list that a function makes.
const MOST_ELEMENTS: usize = 100_000;

impl<'a> Arguments<'a> {
    fn all(&self) -> &'a [Value] {
        self.0
    }

    fn get(&self, index: usize) -> Result<&'a Value, Trouble> {
        self.0.get(index).ok_or(Trouble::Failed("an argument is missing"))
    }

    fn text(&self, index: usize) -> Result<Arc<str>, Trouble> {
        let value = self.get(index)?;
        value.as_text().ok_or_else(|| trouble(value, "text is expected"))
    }

    fn number(&self, index: usize) -> Result<f64, Trouble> {
        let value = self.get(index)?;
        value.as_number().ok_or_else(|| trouble(value, "a number is expected"))
    }

    fn bool(&self, index: usize) -> Result<bool, Trouble> {
        let value = self.get(index)?;
        value.as_bool().ok_or_else(|| trouble(value, "true or false is expected"))
    }

    fn list(&self, index: usize) -> Result<&'a [Value], Trouble> {
        let value = self.get(index)?;
        value.as_list().ok_or_else(|| trouble(value, "a list is expected"))
    }

    fn object(&self, index: usize) -> Result<&'a Object, Trouble> {
        let value = self.get(index)?;
        match &value.data {
            Data::Object(entries) => Ok(entries),
            _ => Err(trouble(value, "an object is expected")),
        }
    }

    /// A list of which every element is known.
    fn known_list(&self, index: usize) -> Result<&'a [Value], Trouble> {
        let value = self.get(index)?;
        if value.is_wholly_known() { self.list(index) } else { Err(trouble(value, "a list is expected")) }
    }

    /// Texts of a list.
    fn texts(&self, index: usize) -> Result<Vec<Arc<str>>, Trouble> {
        let list = self.list(index)?;
        list.iter().map(|value| value.as_text().ok_or_else(|| trouble(value, "texts are expected"))).collect()
    }

    /// A whole number that is not negative.
    fn count(&self, index: usize) -> Result<usize, Trouble> {
        let number = self.number(index)?;
        if number >= 0.0 && number.fract() == 0.0 && number < 1e9 {
            Ok(number as usize)
        } else {
            Err(Trouble::Failed("a whole number is expected"))
        }
    }
}

/// Unknown if the value is, wrong otherwise.
fn trouble(value: &Value, why: &'static str) -> Trouble {
    match value.unresolved() {
        Some(unresolved) => {
            let data = Data::Unknown(unresolved);
            Trouble::Unknown(Box::new(Value { data, ..value.clone() }))
        }
        None => Trouble::Failed(why),
    }
}

/// Every pure function that is evaluated, and every one that depends on the moment or on chance.
pub const NAMES: &[&[&str]] = &[
    numeric::NAMES,
    text::NAMES,
    collection::NAMES,
    set::NAMES,
    encoding::NAMES,
    hash::NAMES,
    network::NAMES,
    time::NAMES,
    convert::NAMES,
    files::NAMES,
    FILES,
    &["try", "can"],
];

fn find(name: &str) -> Option<Function> {
    numeric::find(name)
        .or_else(|| text::find(name))
        .or_else(|| collection::find(name))
        .or_else(|| set::find(name))
        .or_else(|| encoding::find(name))
        .or_else(|| hash::find(name))
        .or_else(|| network::find(name))
        .or_else(|| time::find(name))
        .or_else(|| convert::find(name))
        .or_else(|| files::find(name))
}

/// Applies a function; `None` when it is not one of those that depend on their arguments alone.
pub(super) fn apply(name: &str, arguments: &[Value]) -> Option<Value> {
    let name = name.strip_prefix("core::").unwrap_or(name);
    let function = find(name)?;
    let value = match function(&Arguments(arguments)) {
        Ok(value) => value,
        Err(Trouble::Unknown(value)) => *value,
        Err(Trouble::TooLarge) => Value::unknown(format!("{name}()"), "the result is too large"),
        Err(Trouble::Failed(why)) => Value::failed(format!("{name}()"), why),
    };
    let reveals = matches!(name, "nonsensitive" | "issensitive");
    let sensitive = !reveals && (value.sensitive || arguments.iter().any(|argument| argument.sensitive));
    let mut value = match arguments.iter().find(|argument| argument.from.is_some()) {
        Some(origin) if value.from.is_none() => Value { from: origin.from.clone(), ..value },
        _ => value,
    };
    value.sensitive = sensitive;
    Some(value)
}
