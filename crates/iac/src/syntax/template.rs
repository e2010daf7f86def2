//! Text with parts to evaluate: quoted, in heredocs, and in template files.

use super::{
    Expression, ExpressionKind as Kind, LONGEST_HEREDOC, Name, Part, SyntaxError, TemplateFor,
    cursor::{Cursor, Parsed},
};

/// Where a template ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At a quotation mark; escapes count.
    Quote,
    /// At this byte; escapes do not count.
    At(usize),
}

/// Reads a whole text as a template, as `templatefile` does.
///
/// # Errors
/// What is wrong with it.
pub fn parse_template(text: &str) -> Result<Vec<Part>, SyntaxError> {
    let mut cursor = Cursor::new(text);
    cursor.parts(End::At(text.len()))
}

/// A quoted text in which nothing is to be evaluated: a label.
pub(super) fn quoted_literal(cursor: &mut Cursor<'_>) -> Parsed<Name> {
    match cursor.quoted()?.kind {
        Kind::String(text) => Ok(text),
        _ => cursor.error("nothing is evaluated in a label"),
    }
}

/// What ended a list of parts.
enum Stop {
    End,
    Else,
    EndIf,
    EndFor,
}

impl Cursor<'_> {
    pub(super) fn quoted(&mut self) -> Parsed<Expression> {
        let start = self.at;
        self.at += 1;
        let parts = self.parts(End::Quote)?;
        self.at += 1;
        Ok(Expression { kind: template(parts), span: self.span(start) })
    }

    pub(super) fn heredoc(&mut self) -> Parsed<Expression> {
        let start = self.at;
        self.at += 2;
        let indented = self.take("-");
        let Some(mark) = self.name() else { return self.error("a heredoc has no mark after `<<`") };
        let rest = self.rest();
        let Some(line) =
            rest.find('\n').filter(|line| rest.get(..*line).is_some_and(|t| t.trim().is_empty()))
        else {
            return self.error(format!("a new line is missing after `<<{mark}`"));
        };
        let first = self.at + line + 1;
        let mut at = first;
        let (last, behind) = loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let length = rest.find('\n').unwrap_or(rest.len());
            if rest.get(..length).is_some_and(|line| line.trim() == &*mark) {
                break (at, at + rest.get(..length).map_or(0, |line| line.trim_end().len()));
            }
            if length == rest.len() {
                return self.error(format!("the heredoc is never closed: a line `{mark}` is missing"));
            }
            at += length + 1;
        };
        if last - first > LONGEST_HEREDOC {
            return self.error(format!("the heredoc is longer than {LONGEST_HEREDOC} bytes"));
        }
        self.at = first;
        let mut parts = self.parts(End::At(last))?;
        if indented {
            let text = self.text.get(first..last).unwrap_or_default();
            unindent(&mut parts, indentation(text), &mut true);
        }
        self.at = behind;
        Ok(Expression { kind: template(parts), span: self.span(start) })
    }

    fn parts(&mut self, end: End) -> Parsed<Vec<Part>> {
        let start = self.at;
        match self.parts_until(end)? {
            (parts, Stop::End) => Ok(parts),
            _ => Err(SyntaxError {
                offset: start as u32,
                message: "the template has an `else`, `endif` or `endfor` without a beginning".to_owned(),
            }),
        }
    }

    fn parts_until(&mut self, end: End) -> Parsed<(Vec<Part>, Stop)> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        // Is white space to be dropped at the beginning of the next text?
        let mut trims = false;
        loop {
            self.literal(end, &mut literal)?;
            if trims {
                literal = literal.trim_start().to_owned();
                trims = false;
            }
            let ended = match end {
                End::Quote => self.peek() == Some(b'"'),
                End::At(at) => self.at >= at,
            };
            let sign = self.peek();
            if !ended {
                self.at += 2;
                if self.take("~") {
                    literal.truncate(literal.trim_end().len());
                }
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal).into()));
            }
            if ended {
                return Ok((parts, Stop::End));
            }
            let outer = std::mem::replace(&mut self.lines_are_space, true);
            self.space();
            let directive = if sign == Some(b'%') { self.directive_name() } else { None };
            let made = match directive {
                None if sign == Some(b'%') => return self.error("unknown directive in a template"),
                None => {
                    let inner = self.expression()?;
                    trims = self.close()?;
                    Part::Expression(inner)
                }
                Some("if") => self.template_if(end, &mut trims)?,
                Some("for") => self.template_for(end, &mut trims)?,
                Some(stop) => {
                    self.at += stop.len();
                    self.close()?;
                    self.lines_are_space = outer;
                    let stop = match stop {
                        "else" => Stop::Else,
                        "endif" => Stop::EndIf,
                        _ => Stop::EndFor,
                    };
                    return Ok((parts, stop));
                }
            };
            self.lines_are_space = outer;
            parts.push(made);
        }
    }

    fn directive_name(&self) -> Option<&'static str> {
        ["if", "for", "else", "endif", "endfor"].into_iter().find(|name| {
            self.rest()
                .strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    }

    /// The end of an evaluated part; says whether it drops the white space behind it.
    fn close(&mut self) -> Parsed<bool> {
        self.space();
        let trims = self.take("~");
        self.expect("}", "a part of a template")?;
        Ok(trims)
    }

    fn template_if(&mut self, end: End, trims: &mut bool) -> Parsed<Part> {
        self.enter()?;
        self.at += "if".len();
        self.space();
        let condition = self.expression()?;
        *trims = self.close()?;
        let (yes, stop) = self.parts_until(end)?;
        let (no, stop) = match stop {
            Stop::Else => self.parts_until(end)?,
            stop => (Vec::new(), stop),
        };
        self.leave();
        match stop {
            Stop::EndIf => Ok(Part::If(Box::new((condition, yes, no)))),
            _ => self.error("`%{ endif }` is missing in a template"),
        }
    }

    fn template_for(&mut self, end: End, trims: &mut bool) -> Parsed<Part> {
        self.enter()?;
        let (key, element, collection) = self.for_header()?;
        *trims = self.close()?;
        let (body, stop) = self.parts_until(end)?;
        self.leave();
        match stop {
            Stop::EndFor => Ok(Part::For(Box::new(TemplateFor { key, element, collection, body }))),
            _ => self.error("`%{ endfor }` is missing in a template"),
        }
    }

    /// Text up to the end or to a part to evaluate.
    fn literal(&mut self, end: End, out: &mut String) -> Parsed<()> {
        let limit = match end {
            End::Quote => self.text.len(),
            End::At(at) => at,
        };
        loop {
            let rest = self.text.get(self.at..limit).unwrap_or_default();
            let stop = rest
                .bytes()
                .position(|byte| {
                    matches!(byte, b'$' | b'%') || (end == End::Quote && matches!(byte, b'"' | b'\\' | b'\n'))
                })
                .unwrap_or(rest.len());
            out.push_str(rest.get(..stop).unwrap_or_default());
            self.at += stop;
            let bytes = rest.as_bytes();
            match (bytes.get(stop), bytes.get(stop + 1), bytes.get(stop + 2)) {
                (None, ..) if end == End::Quote => return self.error("a quotation mark is missing"),
                (None, ..) => return Ok(()),
                (Some(b'"'), ..) => return Ok(()),
                (Some(b'\n'), ..) => {
                    return self.error("a quotation mark is missing at the end of this line");
                }
                (Some(b'\\'), ..) => self.escape(out)?,
                (Some(sign @ (b'$' | b'%')), Some(second), Some(b'{')) if second == sign => {
                    out.push(char::from(*sign));
                    out.push('{');
                    self.at += 3;
                }
                (Some(b'$' | b'%'), Some(b'{'), _) => return Ok(()),
                (Some(sign), ..) => {
                    out.push(char::from(*sign));
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Parsed<()> {
        let sign = self.peek_at(1);
        let digits = match sign {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let code = self.text.get(self.at + 2..self.at + 2 + digits);
        self.at += 2;
        out.push(match sign {
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'"') => '"',
            // JSON has these besides.
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'\\') => '\\',
            Some(b'u' | b'U') => {
                self.at += digits;
                let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
                code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => {
                self.at -= 2;
                return self.error("unknown escape: after `\\` comes n, r, t, \", \\, u or U");
            }
        });
        Ok(())
    }
}

/// The simplest expression of some parts.
fn template(mut parts: Vec<Part>) -> Kind {
    match parts.as_mut_slice() {
        [] => Kind::String("".into()),
        [Part::Literal(text)] => Kind::String(std::mem::replace(text, "".into())),
        _ => Kind::Template(parts),
    }
}

/// The white space that all lines of a text begin with.
fn indentation(text: &str) -> usize {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| line.len() - line.trim_start_matches([' ', '\t']).len()).min().unwrap_or(0)
}

/// Drops that much white space at the beginning of each line.
fn unindent(parts: &mut [Part], width: usize, at_line_start: &mut bool) {
    for part in parts {
        match part {
            Part::Literal(text) => {
                let mut out = String::with_capacity(text.len());
                for line in text.split_inclusive('\n') {
                    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
                    let cut = if *at_line_start { width.min(blank) } else { 0 };
                    out.push_str(line.get(cut..).unwrap_or_default());
                    *at_line_start = line.ends_with('\n');
                }
                *text = out.into();
            }
            Part::Expression(_) => *at_line_start = false,
            Part::If(branches) => {
                unindent(&mut branches.1, width, at_line_start);
                unindent(&mut branches.2, width, at_line_start);
            }
            Part::For(of) => unindent(&mut of.body, width, at_line_start),
        }
    }
}
