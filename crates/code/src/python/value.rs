//! What is known about the value of an expression without running it.

/// Where a value comes from, and how it was made. A set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) const NONE: Self = Self(0);
    /// It arrived over the network.
    pub(super) const DOWNLOADED: Self = Self(1);
    /// It was decoded from base64, hexadecimal, a compressed or marshalled form.
    pub(super) const DECODED: Self = Self(2);
    /// It is the whole environment, or was read from a file of credentials.
    pub(super) const SECRET: Self = Self(4);
    /// It is one environment variable with a name like `…_TOKEN`.
    pub(super) const TOKEN: Self = Self(8);
    /// A text put together from characters, reversed, or decoded.
    pub(super) const ASSEMBLED: Self = Self(16);
    /// A callable that was looked up by a text instead of being named.
    pub(super) const LOOKED_UP: Self = Self(32);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The value, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing is known but that two uses of it are the same value.
    Opaque(u32),
    /// Text. Unknown parts stand as `\u{1}` number `\u{2}`, the number being that of an opaque value.
    Text(String),
    Bytes(Vec<u8>),
    Int(i64),
    /// Something imported or built in, by its full dotted name.
    Name(String),
    /// What calling a name gives: `socket.socket()`.
    Instance(String),
    /// An opened file, by its path.
    File(String),
    /// A function or lambda of this file.
    Function(usize),
    /// A class of this file.
    Class(usize),
    /// An instance of a class of this file.
    Object(usize),
    Many(Vec<Known>),
    Mapping(Vec<(String, Known)>),
}

/// How many values the elements of a list may hold inside them. `x = [x, x]` doubles them each time.
pub(super) const MOST_PARTS: usize = 1024;

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) value: Value,
    pub(super) marks: Marks,
}

impl Known {
    pub(super) fn new(value: Value) -> Self {
        Self { value, marks: Marks::NONE }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::new(Value::Text(text.into()))
    }

    pub(super) fn name(name: impl Into<String>) -> Self {
        Self::new(Value::Name(name.into()))
    }

    pub(super) fn marked(mut self, marks: Marks) -> Self {
        self.marks = self.marks.with(marks);
        self
    }

    /// The text, when it is one without unknown parts.
    pub(super) fn literal(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) if !text.contains(HOLE) => Some(text),
            _ => None,
        }
    }

    /// The dotted name, when it is something imported or built in.
    pub(super) fn dotted(&self) -> Option<&str> {
        match &self.value {
            Value::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The marks of this value and of everything in it.
    pub(super) fn all_marks(&self) -> Marks {
        match &self.value {
            Value::Many(items) => items.iter().fold(self.marks, |marks, item| marks.with(item.all_marks())),
            Value::Mapping(items) => {
                items.iter().fold(self.marks, |marks, (_, item)| marks.with(item.all_marks()))
            }
            _ => self.marks,
        }
    }

    /// How many values are in it, at any depth.
    pub(super) fn parts(&self) -> usize {
        match &self.value {
            Value::Many(items) => items.iter().map(|item| item.parts().saturating_add(1)).sum(),
            Value::Mapping(items) => items.iter().map(|(_, item)| item.parts().saturating_add(1)).sum(),
            _ => 0,
        }
    }

    /// As a piece of a longer text.
    pub(super) fn piece(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Opaque(id) => format!("{HOLE}{id}{HOLE_END}"),
            Value::Name(name) if name == "sys.executable" => "python".to_owned(),
            _ => format!("{HOLE}{HOLE_END}"),
        }
    }

    /// For people: literals quoted, unknown parts as `…`.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("{:?}", without_holes(text)),
            Value::Bytes(bytes) => format!("b{:?}", String::from_utf8_lossy(bytes)),
            Value::Int(number) => number.to_string(),
            Value::Name(name) => name.clone(),
            Value::Instance(name) => name.clone(),
            Value::Many(items) => {
                let shown: Vec<_> = items.iter().take(8).map(Self::shown).collect();
                format!("[{}]", shown.join(", "))
            }
            _ => "…".to_owned(),
        }
    }
}

/// Begins an unknown part of a text.
pub(super) const HOLE: char = '\u{1}';
const HOLE_END: char = '\u{2}';

/// The text with each unknown part as `…`.
pub(super) fn without_holes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut hidden = false;
    for c in text.chars() {
        match c {
            HOLE => {
                hidden = true;
                out.push('…');
            }
            HOLE_END => hidden = false,
            _ if hidden => {}
            _ => out.push(c),
        }
    }
    out
}
