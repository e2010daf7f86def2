//! Document type declarations: what they would make a reader open, and how far their entities would grow.

use std::collections::HashMap;

/// Longest declaration that is looked into; none of a model comes near.
pub(super) const LONGEST: usize = 4 << 20;
/// The most entities that are kept.
const MOST_ENTITIES: usize = 10_000;
/// How many times sizes are propagated through references that are declared in reverse order.
const ROUNDS: usize = 32;

/// What a declaration says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Doctype {
    /// Address of the external subset.
    pub(super) external: Option<String>,
    pub(super) entities: Vec<Entity>,
    /// What it adds to the document besides text: elements of an entity, or an attribute with its value.
    pub(super) adds: Option<String>,
    /// Were there too many of them?
    pub(super) too_many: bool,
}

/// An entity.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entity {
    pub(super) name: String,
    pub(super) parameter: bool,
    /// Where its text comes from, when not from here.
    pub(super) external: Option<String>,
    value: String,
}

impl Entity {
    /// Does its text declare further entities? Only someone who hides one writes so.
    pub(super) fn declares(&self) -> bool {
        self.parameter && characters(&self.value).contains("<!ENTITY")
    }
}

/// Text with its character references replaced.
fn characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        out.push_str(before);
        let digits = after.split(';').next().unwrap_or_default();
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        match number.ok().and_then(char::from_u32) {
            Some(character) => {
                out.push(character);
                rest = after.get(digits.len()..).unwrap_or_default();
                rest = rest.strip_prefix(';').unwrap_or(rest);
            }
            None => {
                out.push_str("&#");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

impl Doctype {
    /// Reads what stands between `<!DOCTYPE` and its `>`.
    pub(super) fn parse(text: &str) -> Self {
        let mut doctype = Self::default();
        let mut declared: Option<Entity> = None;
        let (mut inside, mut named, mut external) = (false, false, false);
        let mut attributes = false;
        let mut rest = text;
        while let Some((token, after)) = next(rest) {
            rest = after;
            match token {
                Token::Declaration("ENTITY") => {
                    (declared, named, external) = (Some(Entity::default()), false, false);
                }
                Token::Declaration(word) => (inside, attributes) = (true, word == "ATTLIST"),
                Token::End => {
                    if let Some(entity) = declared.take() {
                        doctype.keep(entity);
                    }
                    (inside, attributes) = (false, false);
                }
                Token::Word("SYSTEM" | "PUBLIC") => external = true,
                Token::Word("%") => {
                    if let Some(entity) = &mut declared {
                        entity.parameter = true;
                    }
                }
                Token::Word(word) => {
                    if let (Some(entity), false) = (&mut declared, named) {
                        entity.name = word.to_owned();
                        named = true;
                    }
                }
                // Of a public identifier and an address, the address comes last.
                Token::Literal(literal) => match &mut declared {
                    Some(entity) if external => entity.external = Some(literal.to_owned()),
                    Some(entity) => entity.value = literal.to_owned(),
                    None if external && !inside => doctype.external = Some(literal.to_owned()),
                    None if attributes && doctype.adds.is_none() => {
                        doctype.adds = Some(format!("an attribute `{literal}`"));
                    }
                    None => {}
                },
                Token::Subset => external = false,
            }
        }
        doctype
    }

    fn keep(&mut self, entity: Entity) {
        if self.adds.is_none() && !entity.parameter && characters(&entity.value).contains('<') {
            self.adds = Some(format!("the elements of `{}`", entity.name));
        }
        if self.entities.len() < MOST_ENTITIES {
            self.entities.push(entity);
        } else {
            self.too_many = true;
        }
    }

    /// How many references to entities stand in the texts of entities.
    pub(super) fn nested(&self) -> usize {
        self.entities.iter().map(|entity| references(&entity.value).count()).sum()
    }

    /// How long each general entity becomes when it is expanded; at the most where it never ends.
    pub(super) fn sizes(&self) -> HashMap<&str, u64> {
        let mut sizes: HashMap<&str, u64> = HashMap::new();
        let parts: Vec<(&str, u64, Vec<&str>)> = self
            .entities
            .iter()
            .map(|entity| {
                (entity.name.as_str(), entity.value.len() as u64, references(&entity.value).collect())
            })
            .collect();
        for _ in 0..ROUNDS {
            let mut changed = false;
            for (name, own, references) in &parts {
                let inner = references
                    .iter()
                    .fold(0u64, |sum, name| sum.saturating_add(sizes.get(name).copied().unwrap_or(0)));
                let size = own.saturating_add(inner);
                changed |= sizes.insert(name, size) != Some(size);
            }
            if !changed {
                return sizes;
            }
        }
        sizes.values_mut().for_each(|size| *size = u64::MAX);
        sizes
    }
}

/// Names of the general entities that a text refers to.
pub(super) fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split('&').skip(1).filter_map(|after| {
        let (name, _) = after.split_once(';')?;
        let predefined = matches!(name, "amp" | "lt" | "gt" | "quot" | "apos");
        let is_name = !name.is_empty() && !name.starts_with('#') && !name.contains([' ', '\n', '<', '"']);
        (is_name && !predefined).then_some(name)
    })
}

#[derive(Debug)]
enum Token<'a> {
    /// `<!WORD`
    Declaration(&'a str),
    /// `>`
    End,
    /// `[` or `]`
    Subset,
    Literal(&'a str),
    Word(&'a str),
}

/// The next token and what follows it. Comments and processing instructions are none.
fn next(text: &str) -> Option<(Token<'_>, &str)> {
    let mut rest = text.trim_start();
    loop {
        let end = match () {
            () if rest.starts_with("<!--") => "-->",
            () if rest.starts_with("<?") => "?>",
            () => break,
        };
        // What a comment opens it may not close with the same dashes.
        let from = if end == "-->" { 4 } else { 2 };
        rest = rest.get(from..)?.split_once(end)?.1.trim_start();
    }
    let first = rest.chars().next()?;
    let after = rest.get(first.len_utf8()..).unwrap_or_default();
    match first {
        '"' | '\'' => {
            let (literal, after) = after.split_once(first).unwrap_or((after, ""));
            Some((Token::Literal(literal), after))
        }
        '>' => Some((Token::End, after)),
        '[' | ']' => Some((Token::Subset, after)),
        '%' => Some((Token::Word("%"), after)),
        '<' => {
            let after = after.strip_prefix('!').unwrap_or(after);
            let (word, after) = word(after);
            Some((Token::Declaration(word), after))
        }
        _ => {
            let (found, after) = word(rest);
            // A character that begins nothing is passed over.
            if found.is_empty() {
                return Some((Token::Word(""), rest.get(first.len_utf8()..).unwrap_or_default()));
            }
            Some((Token::Word(found), after))
        }
    }
}

fn word(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '>' | '<' | '[' | ']' | '%'))
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_parts_are_told_from_internal_ones() {
        let doctype = Doctype::parse(
            r#" x PUBLIC "-//A" "http://example.invalid/x.dtd" [ <!-- <!ENTITY no SYSTEM "no"> -->
            <!ELEMENT a (b)> <!NOTATION n SYSTEM "viewer"> <!ENTITY a "text > here">
            <!ENTITY % p SYSTEM 'file:///etc/passwd'> %p; <!ENTITY b PUBLIC "i" "u"> ]"#,
        );
        assert_eq!(doctype.external.as_deref(), Some("http://example.invalid/x.dtd"));
        let found: Vec<_> =
            doctype.entities.iter().map(|e| (e.name.as_str(), e.parameter, e.external.as_deref())).collect();
        assert_eq!(
            found,
            [("a", false, None), ("p", true, Some("file:///etc/passwd")), ("b", false, Some("u"))]
        );
    }

    #[test]
    fn growth_is_computed_and_never_carried_out() {
        let laughs: String =
            (1..12).map(|i| format!("<!ENTITY e{i} \"{}\">", format!("&e{};", i - 1).repeat(10))).collect();
        let doctype = Doctype::parse(&format!("x [<!ENTITY e0 \"lol\">{laughs}]"));
        assert!(doctype.sizes()["e11"] > 1 << 30);
        assert_eq!(Doctype::parse("x [<!ENTITY a \"&b;\"><!ENTITY b \"&a;\">]").sizes()["a"], u64::MAX);
        assert_eq!(Doctype::parse("x [<!ENTITY a \"é\">]").sizes()["a"], 2);
    }

    #[test]
    fn declarations_written_as_text_are_seen() {
        let doctype = Doctype::parse(r#"x [<!ENTITY % a '&#60;!ENTITY b SYSTEM "file:///x"&#x3e;'> %a;]"#);
        assert!(doctype.entities[0].declares());
    }
}
