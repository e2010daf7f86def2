//! A safe look inside one file, for people: what `bartizan inspect` shows.

use serde::Serialize;

/// One value in a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// Text, already printable and cut.
    Text(String),
    /// A number, such as an offset.
    Number(u64),
    /// Several texts.
    List(Vec<String>),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<Vec<String>> for Cell {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

/// A titled table: opcodes, calls, tensors, graph operations, header fields, archive members.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What the rows are, in kebab-case: `opcodes`, `calls`, `tensors`, `operations`, `header`, `members`.
    pub title: &'static str,
    /// Column names, in kebab-case.
    pub columns: &'static [&'static str],
    /// The rows; each has one cell per column.
    pub rows: Vec<Vec<Cell>>,
    /// How many more rows there are than the limit allowed.
    pub omitted: u64,
}

impl Section {
    /// An empty table.
    pub fn new(title: &'static str, columns: &'static [&'static str]) -> Self {
        Self { title, columns, rows: Vec::new(), omitted: 0 }
    }

    /// Adds a row while there are fewer than `limit`, and counts it otherwise.
    pub fn push(&mut self, limit: usize, row: Vec<Cell>) {
        if self.rows.len() < limit {
            self.rows.push(row);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    /// Its tables, most telling first.
    pub sections: Vec<Section>,
}
