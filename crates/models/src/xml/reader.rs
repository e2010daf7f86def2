//! One pass over a document.

use std::collections::HashMap;

use bartizan_core::{Asset, Context, Finding, Inspection, Severity, redacted};
use quick_xml::{
    Reader,
    escape::unescape,
    events::{BytesPI, BytesStart, Event},
};

use super::{
    doctype::{self, Doctype, references},
    rules::{EXPANSION, EXTERNAL, HIDDEN, INCLUDE, STYLESHEET},
    source::Source,
};

/// Longest text, tag or comment.
const LONGEST: u64 = 64 << 20;
/// Deepest nesting: trees of forests go some hundred levels down.
const DEEPEST: usize = 10_000;
/// The most attributes of one element.
const MOST_ATTRIBUTES: usize = 1000;
/// How many events pass between two looks at the clock.
const PACE: u64 = 4096;
/// How large a document may become by its entities before that is reported.
const GROWN: u64 = 16 << 20;
/// Entities that are built of more references than these are built to grow.
const NESTED: usize = 3;

/// An element's start.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    /// Without its namespace prefix.
    pub(crate) name: &'a str,
    /// Names as written, values unescaped.
    pub(crate) attributes: &'a [(String, String)],
    pub(crate) line: u32,
    /// How many elements enclose it.
    pub(crate) depth: usize,
}

impl Element<'_> {
    /// The value of an attribute.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// What a pass meets.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    Start(Element<'a>),
    /// The end of the element at this depth.
    End(usize),
    /// Text, not unescaped.
    Text(&'a str, u32),
}

/// Reads the document, shows its parts, and reports what is dangerous in any XML. `strict` is for models, which need no
/// external document type definition.
pub(crate) fn read(
    asset: &Asset,
    context: &Context<'_>,
    strict: bool,
    inspection: &mut Inspection,
    visit: &mut dyn FnMut(&Part<'_>),
) {
    let mut reader = Reader::from_reader(Source::new(&asset.content));
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut pass = Pass { asset, inspection, strict, sizes: HashMap::new(), grown: 0, told: false };
    let (mut buffer, mut depth, mut seen) = (Vec::new(), 0usize, 0u64);
    loop {
        buffer.clear();
        seen = seen.saturating_add(1);
        if seen.is_multiple_of(PACE) && context.interrupted() {
            pass.inspection.coverage.miss("the time allowed ran out");
            return;
        }
        reader.get_mut().allowance = LONGEST;
        let line = reader.get_ref().line;
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(start)) => {
                let attributes = pass.attributes(&start, line);
                pass.include(&start, &attributes, line);
                let name = start.local_name();
                visit(&Part::Start(Element {
                    name: name.into_inner(),
                    attributes: &attributes,
                    line,
                    depth,
                }));
                depth = depth.saturating_add(1);
                if depth > DEEPEST {
                    pass.inspection
                        .coverage
                        .miss(format!("more than {DEEPEST} elements lie inside each other"));
                    return;
                }
            }
            Ok(Event::End(_)) => {
                depth = depth.saturating_sub(1);
                visit(&Part::End(depth));
            }
            Ok(Event::Text(text)) => visit(&Part::Text(&text.into_inner(), line)),
            Ok(Event::CData(text)) => visit(&Part::Text(&text.into_inner(), line)),
            Ok(Event::DocType(text)) => pass.doctype(&text.into_inner(), line),
            Ok(Event::PI(instruction)) => pass.instruction(&instruction, line),
            Ok(Event::GeneralRef(name)) => pass.used(&name.into_inner(), line),
            // Empty elements come as a start and an end.
            Ok(Event::Decl(declaration)) => {
                if let Some(Ok(name)) = declaration.encoding()
                    && !agrees_with_ascii(&name)
                {
                    pass.inspection.coverage.miss(format!("the encoding `{}` is not read", redacted(&name)));
                }
            }
            Ok(Event::Comment(_) | Event::Empty(_)) => {}
            Ok(Event::Eof) => {
                if depth > 0 {
                    pass.inspection.coverage.miss("the document ends inside an element");
                }
                return;
            }
            Err(error) => {
                let reason = format!("line {line}: the XML is not valid: {error}");
                pass.inspection.coverage.miss(reason);
                return;
            }
        }
    }
}

/// Is markup written in ASCII, or in one of the encodings that are decoded? In others it may look like text.
fn agrees_with_ascii(name: &str) -> bool {
    let known = [
        "ascii",
        "big5",
        "euc-",
        "gb",
        "iso-8859-",
        "koi8",
        "latin",
        "shift_jis",
        "sjis",
        "tis-620",
        "ucs-2",
        "ucs-4",
        "us-ascii",
        "utf-16",
        "utf-32",
        "utf-8",
        "utf8",
        "windows-",
    ];
    let name = name.to_ascii_lowercase();
    known.iter().any(|known| name.starts_with(known))
}

struct Pass<'p> {
    asset: &'p Asset,
    inspection: &'p mut Inspection,
    strict: bool,
    /// Expanded size of each declared entity.
    sizes: HashMap<String, u64>,
    grown: u64,
    told: bool,
}

impl Pass<'_> {
    fn attributes(&mut self, start: &BytesStart<'_>, line: u32) -> Vec<(String, String)> {
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                self.inspection.coverage.miss(format!("line {line}: an attribute could not be read"));
                break;
            };
            if attributes.len() >= MOST_ATTRIBUTES {
                let reason = format!("line {line}: an element has more than {MOST_ATTRIBUTES} attributes");
                self.inspection.coverage.miss(reason);
                break;
            }
            if !self.sizes.is_empty() {
                for name in references(&attribute.value) {
                    self.used(name, line);
                }
            }
            let value = unescape(&attribute.value).map_or_else(|_| attribute.value.to_string(), String::from);
            attributes.push((attribute.key.into_inner().to_owned(), value));
        }
        attributes
    }

    fn include(&mut self, start: &BytesStart<'_>, attributes: &[(String, String)], line: u32) {
        if start.local_name().into_inner() != "include" {
            return;
        }
        let prefixed = start.name().into_inner().starts_with("xi:");
        let bound = attributes.iter().any(|(_, value)| value == "http://www.w3.org/2001/XInclude");
        let Some((_, target)) = attributes.iter().find(|(name, _)| name == "href") else { return };
        if prefixed || bound {
            let message = format!("a reader that follows XInclude opens `{}`", redacted(target));
            self.inspection
                .find(Finding::new(&INCLUDE, self.asset, message).line(line).evidence("href", target));
        }
    }

    fn doctype(&mut self, text: &str, line: u32) {
        if text.len() > doctype::LONGEST {
            let message = format!("the document type declaration has {} bytes", text.len());
            self.inspection.find(Finding::new(&EXPANSION, self.asset, message).line(line));
            self.inspection.coverage.miss("the document type declaration is too long to be read");
            return;
        }
        let doctype = Doctype::parse(text);
        self.external(&doctype, line);
        if let Some(what) = doctype.adds.as_deref().filter(|_| self.strict) {
            let message = format!("its document type declaration adds {}", redacted(what));
            self.inspection
                .find(Finding::new(&HIDDEN, self.asset, message).line(line).evidence("declared", what));
        }
        let sizes = doctype.sizes();
        let largest = sizes.values().copied().max().unwrap_or(0);
        let nested = doctype.nested();
        if nested > NESTED || largest > GROWN || doctype.too_many {
            let size =
                if largest == u64::MAX { "without end".to_owned() } else { format!("to {largest} bytes") };
            let message = format!(
                "{} entities with {nested} references among them grow {size}",
                doctype.entities.len()
            );
            self.inspection.find(
                Finding::new(&EXPANSION, self.asset, message)
                    .line(line)
                    .evidence("references", nested.to_string()),
            );
            self.told = true;
        }
        self.sizes = sizes.into_iter().map(|(name, size)| (name.to_owned(), size)).collect();
    }

    fn external(&mut self, doctype: &Doctype, line: u32) {
        let outside = doctype.entities.iter().filter_map(|entity| {
            let target = entity.external.as_deref().or_else(|| entity.declares().then_some("hidden"))?;
            Some((entity.name.as_str(), target))
        });
        // One finding, however many entities.
        let named: Vec<_> = outside.take(8).collect();
        if let Some((_, target)) = named.first() {
            let message = format!("its entities read `{}`", redacted(target));
            let finding = Finding::new(&EXTERNAL, self.asset, message).line(line);
            self.inspection.find(named.iter().fold(finding, |finding, (name, target)| {
                finding.evidence("entity", name).evidence("target", target)
            }));
        } else if let Some(target) = doctype.external.as_deref().filter(|_| self.strict) {
            let message = format!("its document type definition is read from `{}`", redacted(target));
            // The PMML of before schemas named its publisher's own.
            let host = target.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(""));
            let own = matches!(host, "www.dmg.org" | "dmg.org");
            let severity = if own { Severity::Low } else { Severity::High };
            self.inspection.find(
                Finding::new(&EXTERNAL, self.asset, message)
                    .severity(severity)
                    .line(line)
                    .evidence("target", target),
            );
        }
    }

    fn instruction(&mut self, instruction: &BytesPI<'_>, line: u32) {
        if instruction.target() != "xml-stylesheet" {
            return;
        }
        let target = instruction
            .attributes()
            .with_checks(false)
            .map_while(Result::ok)
            .find(|attribute| attribute.key.into_inner() == "href")
            .map(|attribute| attribute.value.to_string())
            .unwrap_or_default();
        let remote = target.contains("://") || target.starts_with("//");
        let message = format!("a program that shows it fetches the style sheet `{}`", redacted(&target));
        let severity = if remote { Severity::Medium } else { Severity::Low };
        self.inspection.find(
            Finding::new(&STYLESHEET, self.asset, message)
                .severity(severity)
                .line(line)
                .evidence("href", &target),
        );
    }

    /// Counts what the document would grow by.
    fn used(&mut self, name: &str, line: u32) {
        let Some(size) = self.sizes.get(name) else { return };
        self.grown = self.grown.saturating_add(*size);
        if self.grown > GROWN && !self.told {
            self.told = true;
            let message = format!("references to `{}` add more than {GROWN} bytes", redacted(name));
            self.inspection
                .find(Finding::new(&EXPANSION, self.asset, message).line(line).evidence("entity", name));
        }
    }
}
