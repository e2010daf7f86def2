//! Takes XML that no model format claims, and says which format a document is of.

use bartizan_core::{
    Asset, Claim, Context, Description, Inspection, Inspector, Kind, Metadata, Probe, Rule, Section, redacted,
};
use quick_xml::{Reader, events::Event};

use super::{Part, RULES, read, source::Encoding};

/// How far the root element is searched when the head does not have it: behind a long document type declaration.
const SEARCHED: u64 = 1 << 20;

/// Can it be XML: does it begin with `<`, or with nothing but white space?
fn is_plausible(probe: &Probe<'_>) -> bool {
    match Encoding::of(&probe.head) {
        Encoding::Bytes => matches!(probe.first_visible(), Some(b'<') | None) && !probe.is_empty(),
        _ => probe.head.iter().take(16).any(|byte| *byte == b'<'),
    }
}

/// Name of the root element without its prefix, and the text up to a little behind it; `None` when it is no XML.
pub(crate) fn root(probe: &Probe<'_>) -> Option<(String, String)> {
    if !is_plausible(probe) {
        return None;
    }
    let head = text(&probe.head);
    match first_element(&head) {
        Some(name) => Some((name, head)),
        None if probe.len() > probe.head.len() as u64 => {
            let more = text(&probe.content().head(SEARCHED).ok()?);
            first_element(&more).map(|name| (name, more))
        }
        None => None,
    }
}

fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    Encoding::of(bytes).decode(bytes, true, &mut text);
    text.trim_start_matches('\u{feff}').to_owned()
}

fn first_element(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => {
                return Some(start.local_name().into_inner().to_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Reads XML of no known kind.
#[derive(Debug)]
pub(crate) struct Xml;

impl Inspector for Xml {
    fn kind(&self) -> Kind {
        Kind::new("xml")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.extension_is(&["xml", "pmml"]) && is_plausible(probe) { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let strict = asset.path.extension() == "pmml";
        let mut root = None;
        read(asset, context, strict, &mut inspection, &mut |part| {
            if let (Part::Start(element), None) = (part, &root) {
                root = Some(element.name.to_owned());
            }
        });
        match root.as_deref() {
            // No writer puts a megabyte before the first element.
            Some("PMML" | "net") => {
                inspection.coverage.miss("a model begins too late in it to be read as one")
            }
            Some(_) => {}
            None => inspection.coverage.miss("no element could be found in it"),
        }
        if let Some(root) = root {
            inspection.know(bartizan_core::Fact::Metadata(Metadata::new("root-element", root)));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("elements", &["line", "element"]);
        read(asset, context, false, &mut Inspection::new(), &mut |part| {
            if let Part::Start(element) = part
                && element.depth <= 1
            {
                section.push(
                    context.limits.rows,
                    vec![u64::from(element.line).into(), redacted(element.name).into()],
                );
            }
        });
        Description { sections: vec![section] }
    }
}
