//! What an expression's value is known to be: the few constants that it can take, and where it came from.

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Text(String),
    Integer(i64),
    List(Vec<Constant>),
    /// Keys and values in order.
    Map(Vec<(Constant, Constant)>),
}

/// An abstract value.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    /// Every constant it can be, at most [`MOST`]; empty when nothing is known.
    pub(super) constants: Vec<Constant>,
    /// Was a string put together or spelled by number on the way?
    pub(super) built: bool,
    /// What the object is that this method was looked up on.
    pub(super) receiver: Vec<Constant>,
    /// The name it was reached by: `messages`, `os.environ`; empty for anything computed.
    pub(super) path: String,
    /// Was it reached through the interpreter's internals?
    pub(super) internal: bool,
    /// Is it, or does it hold, what a user wrote?
    pub(super) content: bool,
    /// Does it depend on whether what a user wrote holds certain words?
    pub(super) trigger: bool,
}

/// How many alternatives are followed.
const MOST: usize = 16;
/// How long a constant may grow.
const LONGEST: usize = 4096;

impl Value {
    pub(super) fn of(constant: Constant) -> Self {
        Self { constants: vec![constant], ..Self::default() }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::of(Constant::Text(text.into()))
    }

    pub(super) fn named(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// Every text it can be.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.constants.iter().filter_map(|constant| match constant {
            Constant::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Forgets the constants, keeps what the value was made from.
    pub(super) fn derived(&self) -> Self {
        Self { constants: Vec::new(), path: String::new(), ..self.clone() }
    }

    /// Could be either.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.constants.extend(other.constants);
        self.constants.truncate(MOST);
        self.built |= other.built;
        self.internal |= other.internal;
        self.content |= other.content;
        self.trigger |= other.trigger;
        if self.path.is_empty() {
            self.path = other.path;
        }
        self
    }

    /// Applies `make` to every constant; unknown where it has no answer.
    pub(super) fn map(&self, make: impl Fn(&Constant) -> Option<Constant>) -> Self {
        let constants = self.constants.iter().filter_map(make).filter(Constant::is_small).collect();
        Self { constants, built: true, ..self.derived() }
    }

    /// Applies `make` to every pair of constants.
    pub(super) fn join(&self, other: &Self, make: impl Fn(&Constant, &Constant) -> Option<Constant>) -> Self {
        let constants = self
            .constants
            .iter()
            .flat_map(|left| other.constants.iter().map(move |right| (left, right)))
            .filter_map(|(left, right)| make(left, right))
            .filter(Constant::is_small)
            .take(MOST)
            .collect();
        let mut both = self.derived().or(other.derived());
        both.constants = constants;
        both.built = true;
        both
    }
}

impl Constant {
    fn is_small(&self) -> bool {
        self.size(0) <= LONGEST
    }

    fn size(&self, depth: usize) -> usize {
        match self {
            _ if depth > 8 => LONGEST + 1,
            Self::Text(text) => text.len(),
            Self::Integer(_) => 1,
            Self::List(items) => items.iter().map(|item| item.size(depth + 1) + 1).sum(),
            Self::Map(pairs) => {
                pairs.iter().map(|(key, value)| key.size(depth + 1) + value.size(depth + 1)).sum()
            }
        }
    }

    /// As it is printed into a string.
    pub(super) fn printed(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Its items, as iteration gives them.
    pub(super) fn items(&self) -> Vec<Constant> {
        match self {
            Self::Text(text) => text.chars().take(LONGEST).map(|c| Self::Text(c.to_string())).collect(),
            Self::List(items) => items.clone(),
            Self::Map(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect(),
            Self::Integer(_) => Vec::new(),
        }
    }

    /// Its items printed one after another.
    pub(super) fn joined(&self, separator: &str) -> Option<Constant> {
        let parts: Option<Vec<String>> = self.items().iter().map(Self::printed).collect();
        Some(Self::Text(parts?.join(separator)))
    }

    /// From the end to the start.
    pub(super) fn reversed(&self) -> Option<Constant> {
        match self {
            Self::Text(text) => Some(Self::Text(text.chars().rev().collect())),
            Self::List(items) => Some(Self::List(items.iter().rev().cloned().collect())),
            _ => None,
        }
    }

    /// The item at an index or key.
    pub(super) fn at(&self, index: &Constant) -> Option<Constant> {
        match (self, index) {
            (Self::Map(pairs), key) => pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.clone()),
            (_, Self::Integer(index)) => {
                let items = self.items();
                let length = i64::try_from(items.len()).ok()?;
                let index = if *index < 0 { length.checked_add(*index)? } else { *index };
                items.get(usize::try_from(index).ok()?).cloned()
            }
            _ => None,
        }
    }

    /// `a + b`, `a ~ b`
    pub(super) fn plus(&self, other: &Self) -> Option<Constant> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.checked_add(*b).map(Self::Integer),
            (Self::List(a), Self::List(b)) => Some(Self::List(a.iter().chain(b).cloned().collect())),
            (a, b) => Some(Self::Text(a.printed()? + &b.printed()?)),
        }
    }

    /// `a * b`
    pub(super) fn times(&self, other: &Self) -> Option<Constant> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.checked_mul(*b).map(Self::Integer),
            (Self::Text(text), Self::Integer(n)) | (Self::Integer(n), Self::Text(text)) => {
                let times = usize::try_from((*n).max(0)).ok()?;
                (text.len().checked_mul(times)? <= LONGEST).then(|| Self::Text(text.repeat(times)))
            }
            _ => None,
        }
    }

    /// `a % b` for a text with `%s`, `%d`, `%c`; the filter `format` does the same.
    pub(super) fn percent(&self, arguments: &[Constant]) -> Option<Constant> {
        let Self::Text(pattern) = self else { return None };
        let (mut out, mut chars, mut next) = (String::new(), pattern.chars(), arguments.iter());
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next()? {
                '%' => out.push('%'),
                'c' => match next.next()? {
                    Self::Integer(code) => out.push(char::from_u32(u32::try_from(*code).ok()?)?),
                    Self::Text(text) => out.push_str(text),
                    _ => return None,
                },
                's' | 'd' | 'i' => out.push_str(&next.next()?.printed()?),
                _ => return None,
            }
        }
        Some(Self::Text(out))
    }

    /// `a.format(…)` with `{}`, `{0}` and `{0:c}`.
    pub(super) fn braces(&self, arguments: &[Constant]) -> Option<Constant> {
        let Self::Text(pattern) = self else { return None };
        let (mut out, mut rest, mut next) = (String::new(), pattern.as_str(), 0usize);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let (field, after) = after.split_once('}')?;
            let (name, specification) = field.split_once(':').unwrap_or((field, ""));
            let index = if name.is_empty() { next } else { name.parse().ok()? };
            next = next.saturating_add(1);
            match (arguments.get(index)?, specification) {
                (Self::Integer(code), "c") => out.push(char::from_u32(u32::try_from(*code).ok()?)?),
                (argument, _) => out.push_str(&argument.printed()?),
            }
            rest = after;
        }
        out.push_str(rest);
        Some(Self::Text(out))
    }

    /// `a.replace(b, c)`
    pub(super) fn replaced(&self, arguments: &[Constant]) -> Option<Constant> {
        match (self, arguments) {
            (Self::Text(text), [Self::Text(from), Self::Text(to), ..]) => {
                let grows = text.len().saturating_mul(to.len().saturating_add(1)) > LONGEST * 16;
                (!grows).then(|| Self::Text(text.replace(from.as_str(), to)))
            }
            _ => None,
        }
    }

    /// A text changed by a method or filter that takes nothing.
    pub(super) fn changed(&self, how: &str) -> Option<Constant> {
        match (how, self) {
            ("lower", Self::Text(text)) => Some(Self::Text(text.to_lowercase())),
            ("upper", Self::Text(text)) => Some(Self::Text(text.to_uppercase())),
            ("swapcase", Self::Text(text)) => Some(Self::Text(
                text.chars()
                    .map(|c| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
                    .collect(),
            )),
            ("trim" | "strip" | "lstrip" | "rstrip", Self::Text(text)) => {
                Some(Self::Text(text.trim().to_owned()))
            }
            ("string" | "safe" | "e" | "escape" | "forceescape", constant) => {
                constant.printed().map(Self::Text)
            }
            ("reverse", constant) => constant.reversed(),
            ("list", constant) => Some(Self::List(constant.items())),
            ("first", constant) => constant.items().first().cloned(),
            ("last", constant) => constant.items().last().cloned(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Constant {
        Constant::Text(text.to_owned())
    }

    #[test]
    fn strings_are_put_together_as_python_does() {
        assert_eq!(text("%c%s").percent(&[Constant::Integer(95), text("x")]), Some(text("_x")));
        assert_eq!(text("{1}{0:c}").braces(&[Constant::Integer(95), text("x")]), Some(text("x_")));
        assert_eq!(text("__ssalc__").reversed(), Some(text("__class__")));
        assert_eq!(Constant::List(vec![text("a"), text("b")]).joined("-"), Some(text("a-b")));
        assert_eq!(text("ab").at(&Constant::Integer(-1)), Some(text("b")));
        assert_eq!(text("aXb").replaced(&[text("X"), text("__")]), Some(text("a__b")));
        assert_eq!(text("ab").times(&Constant::Integer(i64::MAX)), None);
    }
}
