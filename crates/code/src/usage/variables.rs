//! Variables of shell scripts, Dockerfiles and Makefiles, as far as texts set them.

use std::{borrow::Cow, collections::HashMap};

use super::shell::assignment;

/// Longer texts do not come out of an expansion, and are no names.
const LONGEST: usize = 4 << 10;
/// How many variables are remembered: copies are made for each script.
const MOST: usize = 300;
/// Longer references with defaults are not followed.
const LONGEST_REFERENCE: usize = 300;
/// Values of a loop that are followed.
const MOST_VALUES: usize = 64;

/// What is known to be set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    known: HashMap<String, String>,
    lists: HashMap<String, Vec<String>>,
    /// The variable of the innermost loop and all its values.
    loops: Option<(String, Vec<String>)>,
}

impl Variables {
    pub(crate) fn set(&mut self, name: &str, value: String) {
        if value.len() <= LONGEST && self.known.len() < MOST {
            self.known.insert(name.to_owned(), value);
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(String::as_str)
    }

    /// For something inside that may set more; what sets very many is not inherited, so that copies stay small.
    pub(crate) fn inherited(&self) -> Self {
        if self.known.len() > 64 { Self::default() } else { self.clone() }
    }

    /// The text with `$NAME`, `${NAME}` and `${NAME:-default}` replaced by what is known; what is not stays.
    pub(crate) fn expand(&self, text: &str) -> String {
        self.replaced(text, 0).into_owned()
    }

    /// The same for a text of any length, line by line.
    pub(crate) fn expand_lines(&self, text: &str) -> String {
        text.split_inclusive('\n').map(|line| self.replaced(line, 0)).collect()
    }

    fn replaced<'t>(&self, text: &'t str, depth: usize) -> Cow<'t, str> {
        if !text.contains('$') || depth > 4 {
            return Cow::Borrowed(text);
        }
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, default, end) = match reference(after) {
                Some(reference) => reference,
                None => {
                    out.push('$');
                    rest = after;
                    continue;
                }
            };
            let written = after.get(..end).unwrap_or_default();
            rest = after.get(end..).unwrap_or_default();
            match (self.get(name).filter(|value| !value.is_empty()), default) {
                (Some(value), _) => out.push_str(value),
                (None, Some(default)) => out.push_str(&self.replaced(default, depth.saturating_add(1))),
                (None, None) => {
                    out.push('$');
                    out.push_str(written);
                }
            }
            if out.len() > LONGEST {
                return Cow::Borrowed(text);
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// The command as it runs, once for each value of a loop's variable that it names. What it sets is remembered.
    pub(crate) fn applied(&mut self, words: &[String]) -> Vec<Vec<String>> {
        if let [first, values @ ..] = words
            && let Some(name) = first.strip_suffix("=(")
        {
            let values = values.iter().take(MOST_VALUES).map(|value| self.expand(value)).collect();
            if self.lists.len() < MOST {
                self.lists.insert(name.to_owned(), values);
            }
            return Vec::new();
        }
        if let [first, name, word, values @ ..] = words
            && first == "for"
            && word == "in"
        {
            let mut all: Vec<String> = Vec::new();
            for value in values.iter().take(MOST_VALUES) {
                let list = value.strip_prefix("${").and_then(|rest| rest.strip_suffix("[@]}"));
                match list.and_then(|name| self.lists.get(name)) {
                    Some(list) => all.extend(list.iter().cloned()),
                    None => all.extend(self.words(value)),
                }
            }
            all.truncate(MOST_VALUES);
            self.loops = Some((name.clone(), all));
            return Vec::new();
        }
        let named = self.loops.as_ref().filter(|(name, _)| {
            words
                .iter()
                .any(|word| word.contains(&format!("${name}")) || word.contains(&format!("${{{name}")))
        });
        let mut runs = Vec::new();
        match named.cloned() {
            Some((name, values)) => {
                for value in values {
                    self.set(&name, value);
                    runs.push(self.run(words));
                }
                self.known.remove(&name);
            }
            None => runs.push(self.run(words)),
        }
        runs
    }

    /// What a word becomes: a variable alone may hold several.
    fn words(&self, word: &str) -> Vec<String> {
        let value = self.expand(word);
        let alone = word.strip_prefix('$').and_then(reference).is_some_and(|(.., end)| end + 1 == word.len());
        if alone && value.contains(char::is_whitespace) {
            value.split_whitespace().map(str::to_owned).collect()
        } else {
            vec![value]
        }
    }

    fn run(&mut self, words: &[String]) -> Vec<String> {
        let words: Vec<String> = words.iter().flat_map(|word| self.words(word)).collect();
        for word in &words {
            match assignment(word) {
                Some((name, value)) => self.set(name, value.to_owned()),
                None if matches!(word.as_str(), "export" | "declare" | "readonly" | "local") => {}
                None => break,
            }
        }
        words
    }
}

/// What follows a `$`: the variable's name, its default, and where it ends.
fn reference(text: &str) -> Option<(&str, Option<&str>, usize)> {
    let name_end =
        |text: &str| text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let Some(inner) = text.strip_prefix('{') else {
        let end = name_end(text);
        return (end > 0).then(|| (text.get(..end).unwrap_or_default(), None, end));
    };
    let mut depth = 1usize;
    let close = inner.char_indices().take(LONGEST_REFERENCE).find_map(|(at, c)| {
        match c {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at)
    })?;
    let inner = inner.get(..close)?;
    let (name, rest) = inner.split_at_checked(name_end(inner))?;
    if name.is_empty() {
        return None;
    }
    let default =
        rest.strip_prefix(":-").or_else(|| rest.strip_prefix(":=")).or_else(|| rest.strip_prefix('-'));
    if default.is_none() && !rest.is_empty() {
        return None;
    }
    Some((name, default, close.checked_add(2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_give_values_defaults_or_stay() {
        let mut variables = Variables::default();
        variables.set("A", "x".to_owned());
        variables.set("EMPTY", String::new());
        for (text, expected) in [
            ("$A-${A}/${A:-y}", "x-x/x"),
            ("${B:-y}:${EMPTY:-z}", "y:z"),
            ("${B:-${A}}", "x"),
            ("$B ${B} ${B", "$B ${B} ${B"),
            ("${{ secrets.A }}", "${{ secrets.A }}"),
            ("${A##*/} $$ $", "${A##*/} $$ $"),
            ("${B:=é}", "é"),
        ] {
            assert_eq!(variables.expand(text), expected, "{text}");
        }
    }

    #[test]
    fn values_that_double_do_not_grow_without_end() {
        let mut variables = Variables::default();
        variables.set("A", "x".repeat(1000));
        for _ in 0..100 {
            variables.applied(&["A=$A$A".to_owned()]);
        }
        assert!(variables.get("A").unwrap().len() <= LONGEST);
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_texts_never_panic(text in "[$A{}:=#é-]{0,60}") {
            let mut variables = Variables::default();
            variables.set("A", "$A".to_owned());
            variables.expand(&text);
        }
    }
}
