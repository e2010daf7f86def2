//! Cuts a template into text, outputs and statements, and those into tokens, exactly where Python's `jinja2` does
//! with its default delimiters. It never gives up: what cannot be read becomes a problem, and the rest goes on.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece<'a> {
    /// Text that is rendered as it stands.
    Text { text: &'a str, line: u32 },
    /// `{{ … }}`
    Output { tokens: Vec<Token>, line: u32, source: &'a str },
    /// `{% … %}`
    Statement { tokens: Vec<Token>, line: u32, source: &'a str },
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Name(String),
    /// A string; `escaped` when it spells characters that need no escape as `\x5f`, `\u005f`, `\137` or `\N{…}`.
    Text {
        text: String,
        escaped: bool,
    },
    Integer(i64),
    Float,
    Operator(&'static str),
    /// A character that has no place in an expression.
    Stray(char),
}

/// A token and the line it is on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: u32,
}

/// A whole template.
#[derive(Debug, Default)]
pub(super) struct Lexed<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// What jinja2 would refuse: the line and why.
    pub(super) problems: Vec<(u32, &'static str)>,
}

/// Longest first, so that `**` is not read as two `*`.
const OPERATORS: &[&str] = &[
    "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", "<", ">",
    "=", ".", ":", "|", ",", ";",
];

/// Cuts the whole template.
pub(super) fn lex(source: &str) -> Lexed<'_> {
    let mut lexer = Lexer { source, at: 0, line: 1, lexed: Lexed::default() };
    while lexer.at < source.len() {
        lexer.piece();
    }
    lexer.lexed
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: u32,
    lexed: Lexed<'a>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn advance(&mut self, bytes: usize) {
        let to = self.at.saturating_add(bytes).min(self.source.len());
        let passed = self.source.get(self.at..to).unwrap_or("");
        let newlines = u32::try_from(passed.bytes().filter(|byte| *byte == b'\n').count());
        self.line = self.line.saturating_add(newlines.unwrap_or(u32::MAX));
        self.at = to;
    }

    fn text(&mut self, length: usize) {
        if let Some(text) = self.rest().get(..length).filter(|text| !text.is_empty()) {
            self.lexed.pieces.push(Piece::Text { text, line: self.line });
        }
        self.advance(length);
    }

    fn piece(&mut self) {
        let rest = self.rest();
        let opens = |(at, _): &(usize, &str)| {
            rest.get(at + 1..).is_some_and(|after| after.starts_with(['{', '%', '#']))
        };
        let Some((start, _)) = rest.match_indices('{').find(opens) else {
            self.text(rest.len());
            return;
        };
        self.text(start);
        let line = self.line;
        let rest = self.rest();
        if rest.starts_with("{#") {
            match rest.find("#}") {
                Some(end) => self.advance(end + 2),
                None => {
                    self.lexed.problems.push((line, "a comment does not end"));
                    self.advance(2);
                }
            }
            return;
        }
        let statement = rest.starts_with("{%");
        if statement && let Some(opening) = raw_tag(rest, "raw") {
            self.advance(opening);
            self.raw(line);
            return;
        }
        self.advance(2);
        if self.rest().starts_with(['-', '+']) {
            self.advance(1);
        }
        let from = self.at;
        let tokens = self.tokens(if statement { "%}" } else { "}}" });
        let source = self.source.get(from..self.at).unwrap_or("");
        self.lexed.pieces.push(if statement {
            Piece::Statement { tokens, line, source }
        } else {
            Piece::Output { tokens, line, source }
        });
    }

    /// `{% raw %}` … `{% endraw %}` is text.
    fn raw(&mut self, line: u32) {
        let rest = self.rest();
        let closing = rest
            .match_indices("{%")
            .find_map(|(at, _)| raw_tag(rest.get(at..).unwrap_or(""), "endraw").map(|len| (at, len)));
        match closing {
            Some((at, length)) => {
                self.text(at);
                self.advance(length);
            }
            None => {
                self.lexed.problems.push((line, "a raw block does not end"));
            }
        }
    }

    /// The tokens up to the closing delimiter, which does not count inside brackets.
    fn tokens(&mut self, close: &str) -> Vec<Token> {
        let (mut tokens, mut nesting, opened) = (Vec::new(), 0usize, self.line);
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.advance(rest.len() - trimmed.len());
            let rest = trimmed;
            if rest.is_empty() {
                self.lexed.problems.push((opened, "a tag does not end"));
                return tokens;
            }
            if nesting == 0 {
                let trim = usize::from(rest.starts_with(['-', '+']));
                if rest.get(trim..).is_some_and(|rest| rest.starts_with(close)) {
                    self.advance(trim + close.len());
                    return tokens;
                }
            }
            let line = self.line;
            let kind = self.token(rest);
            match &kind {
                Kind::Operator("(" | "[" | "{") => nesting += 1,
                Kind::Operator(")" | "]" | "}") => nesting = nesting.saturating_sub(1),
                Kind::Stray(_) => self.lexed.problems.push((line, "a character has no meaning here")),
                _ => {}
            }
            tokens.push(Token { kind, line });
        }
    }

    fn token(&mut self, rest: &str) -> Kind {
        let first = rest.chars().next().unwrap_or(' ');
        if first == '"' || first == '\'' {
            return self.string(rest, first);
        }
        if first.is_ascii_digit() {
            let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let digits = rest.get(..length).unwrap_or("").replace('_', "");
            self.advance(length);
            // A fraction follows only when a digit does: `1.real` is an attribute.
            if let Some(fraction) =
                self.rest().strip_prefix('.').filter(|r| r.starts_with(|c: char| c.is_ascii_digit()))
            {
                let length = fraction.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(fraction.len());
                self.advance(length + 1);
                return Kind::Float;
            }
            return integer(&digits).map_or(Kind::Float, Kind::Integer);
        }
        if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            self.advance(length);
            return Kind::Name(rest.get(..length).unwrap_or("").to_owned());
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            self.advance(operator.len());
            return Kind::Operator(operator);
        }
        self.advance(first.len_utf8());
        Kind::Stray(first)
    }

    fn string(&mut self, rest: &str, quote: char) -> Kind {
        let (mut end, mut bytes) = (None, rest.bytes().enumerate().skip(1));
        while let Some((at, byte)) = bytes.next() {
            if byte == b'\\' {
                bytes.next();
            } else if u32::from(byte) == u32::from(quote) {
                end = Some(at);
                break;
            }
        }
        let Some(end) = end else {
            self.advance(1);
            return Kind::Stray(quote);
        };
        let (text, escaped) = unescaped(rest.get(1..end).unwrap_or(""));
        self.advance(end + 1);
        Kind::Text { text, escaped }
    }
}

/// Length of `{%- raw -%}` at the start of the text.
fn raw_tag(text: &str, word: &str) -> Option<usize> {
    let inside = text.strip_prefix("{%")?.trim_start_matches(['-', '+']).trim_start();
    let after = inside.strip_prefix(word)?.trim_start().trim_start_matches(['-', '+']);
    let after = after.strip_prefix("%}")?;
    Some(text.len() - after.len())
}

fn integer(digits: &str) -> Option<i64> {
    let lower = digits.to_ascii_lowercase();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = lower.strip_prefix(prefix) {
            return i64::from_str_radix(rest, radix).ok();
        }
    }
    lower.parse().ok()
}

/// Python's `unicode-escape`, as jinja2 applies it to its strings. The second value tells whether a printable ASCII
/// character was spelled by number, which nobody does who has nothing to hide.
fn unescaped(raw: &str) -> (String, bool) {
    let (mut out, mut escaped) = (String::with_capacity(raw.len()), false);
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let Some(letter) = chars.next() else { break };
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let number = if digits > 0 {
            let text: String = chars.clone().take(digits).collect();
            let number = u32::from_str_radix(&text, 16).ok();
            if number.is_some() {
                chars.by_ref().take(digits).for_each(drop);
            }
            number
        } else if letter.is_digit(8) {
            let more: String = chars.clone().take_while(|c| c.is_digit(8)).take(2).collect();
            chars.by_ref().take(more.len()).for_each(drop);
            u32::from_str_radix(&format!("{letter}{more}"), 8).ok()
        } else if letter == 'N' && chars.as_str().starts_with('{') {
            let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
            // The only named character that hides anything here.
            name.eq_ignore_ascii_case("{low line").then_some(u32::from('_'))
        } else {
            out.push(match letter {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '\n' => continue,
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'v' => '\u{b}',
                '\\' | '"' | '\'' => letter,
                // Python keeps the backslash of what is no escape; no name that matters has one.
                other => other,
            });
            continue;
        };
        if let Some(character) = number.and_then(char::from_u32) {
            escaped |= character.is_ascii_graphic() && character != '<' && character != '>';
            out.push(character);
        }
    }
    (out, escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<Kind> {
        lex(source)
            .pieces
            .into_iter()
            .flat_map(|piece| match piece {
                Piece::Text { .. } => Vec::new(),
                Piece::Output { tokens, .. } | Piece::Statement { tokens, .. } => tokens,
            })
            .map(|token| token.kind)
            .collect()
    }

    #[test]
    fn delimiters_inside_strings_comments_and_braces_do_not_end_a_tag() {
        assert_eq!(lex("{{ '}}' }}a").pieces.len(), 2);
        assert_eq!(lex("{{ {'a': {'b': 1}} }}").problems, []);
        assert_eq!(lex("{# {{ x }} #}y").pieces.len(), 1);
        assert_eq!(lex("{% raw %}{{ x.__class__ }}{% endraw %}").pieces.len(), 1);
        assert!(matches!(lex("{% raw %}{{ x }}").problems[..], [(1, _)]));
    }

    #[test]
    fn escapes_are_decoded_as_python_decodes_them() {
        for spelled in ["\\x5fa", "\\u005fa", "\\U0000005fa", "\\137a", "\\N{LOW LINE}a"] {
            let expected = Kind::Text { text: "_a".to_owned(), escaped: true };
            assert_eq!(names(&format!("{{{{ '{spelled}' }}}}")), [expected], "{spelled}");
        }
        assert_eq!(names("{{ '\\u2581\\n' }}"), [Kind::Text { text: "\u{2581}\n".into(), escaped: false }]);
    }

    #[test]
    fn lines_are_counted_through_text_and_tags() {
        let lexed = lex("a\n{{\nb }}\n{% c\n %}{{ d }}");
        let lines: Vec<_> = lexed
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text { line, .. } | Piece::Output { line, .. } | Piece::Statement { line, .. } => {
                    *line
                }
            })
            .collect();
        assert_eq!(lines, [1, 2, 3, 4, 5]);
    }
}
