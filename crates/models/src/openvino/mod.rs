//! OpenVINO's intermediate representation: a graph of layers in XML, and its weights in a `.bin` beside it
//! (<https://docs.openvino.ai/2025/documentation/openvino-ir-format.html>).
//!
//! Layers are of numbered operation sets. Others are native code that must be added to the runtime first.

mod rules;

use std::collections::BTreeMap;

use bartizan_core::{
    Asset, Claim, Context, Dependency, Description, Direction, EntryKind, Fact, Finding, Import, Inspection,
    Inspector, Kind, Metadata, Model, Port, Probe, Rule, Section, Severity, UseKind, redacted,
};

use crate::{
    location,
    xml::{self, Element, Part},
};

/// Reads the graph.
#[derive(Debug)]
pub(crate) struct Openvino;

/// Names the weights beside a graph.
#[derive(Debug)]
pub(crate) struct Weights;

/// Operation sets that come with the runtime and are not numbered.
const OWN_SETS: &[&str] = &["experimental", "ie_internal_opset", "util", "internal"];

/// Operations of `openvino_tokenizers`, which its publisher ships for tokenizers exported with models.
const TOKENIZER_OPERATIONS: &[&str] = &[
    "BPETokenizer",
    "ByteFallback",
    "BytesToChars",
    "CaseFold",
    "CharsMapNormalization",
    "CharsToBytes",
    "CombineSegments",
    "EqualStr",
    "FuzeRagged",
    "NormalizeUnicode",
    "RaggedTensorPack",
    "RaggedToDense",
    "RaggedToRagged",
    "RaggedToSparse",
    "RegexNormalization",
    "RegexSplit",
    "SentencepieceDetokenizer",
    "SentencepieceStreamDetokenizer",
    "SentencepieceTokenizer",
    "SpecialTokensSplit",
    "StringTensorPack",
    "StringTensorUnpack",
    "StringToHashBucketFast",
    "TrieTokenizer",
    "Truncate",
    "UTF8Validate",
    "UnigramTokenizer",
    "VocabDecoder",
    "VocabEncoder",
    "WordpieceTokenizer",
];

/// Is it a set that the runtime brings: `opset1`, …?
fn is_own_set(version: &str) -> bool {
    let numbered = version.strip_prefix("opset").and_then(|number| number.parse::<u8>().ok());
    numbered.is_some() || OWN_SETS.contains(&version)
}

/// How often, and on which line first.
type Usage = (u32, u64);

/// The most kinds of operation that are kept.
const MOST: usize = 10_000;

/// What one pass gathers.
#[derive(Default)]
struct Found {
    name: Option<String>,
    version: Option<String>,
    layers: u64,
    /// Set and operation.
    operations: BTreeMap<(String, String), Usage>,
    /// Element, attribute, value, line.
    libraries: Vec<(String, String, String, u32)>,
    outside: Vec<(String, &'static str, u32)>,
    bad_ranges: Vec<(String, u32)>,
    /// What goes in and out: layers of the types `Parameter` and `Result`.
    ports: Vec<Port>,
    /// The one that is being read, and the depth of its layer.
    port: Option<(Port, usize)>,
    /// Is a size being read?
    in_size: bool,
    /// Where the farthest constant ends.
    end: u64,
    /// Depth of what the converter noted, where paths are history.
    notes: Option<usize>,
    /// Its entries at the first level.
    noted: Vec<(String, String)>,
}

impl Found {
    fn start(&mut self, element: &Element<'_>, most: usize) {
        match element.name {
            "net" if element.depth == 0 => {
                self.name = element.get("name").map(str::to_owned);
                self.version = element.get("version").map(str::to_owned);
            }
            "rt_info" if self.notes.is_none() => self.notes = Some(element.depth),
            "layer" => self.layer(element),
            "data" => self.data(element, most),
            "port" => {
                // A parameter says it in its `data`, and again in its output.
                if let Some((port, _)) = &mut self.port
                    && port.dtype.is_none()
                {
                    port.dtype = element.get("precision").map(|name| redacted(name).to_ascii_lowercase());
                }
            }
            "dim" => self.in_size = true,
            _ => {}
        }
        if self.notes.is_some() {
            if let Some(value) = element.get("value").filter(|_| element.depth == 2 && self.noted.len() < 100)
            {
                self.noted.push((element.name.to_owned(), value.to_owned()));
            }
            return;
        }
        for (key, value) in element.attributes {
            let key = key.to_ascii_lowercase();
            match key.as_str() {
                "library" | "implementation" | "plugin" | "extension_path"
                    if !value.is_empty() && self.libraries.len() < most =>
                {
                    self.libraries.push((element.name.to_owned(), key, value.clone(), element.line));
                }
                "path" | "weights" | "weights_path" | "location" | "file" => {
                    if let Some(escape) = location::escape(value)
                        && self.outside.len() < most
                    {
                        self.outside.push((value.clone(), escape.words(), element.line));
                    }
                }
                _ => {}
            }
        }
    }

    fn layer(&mut self, element: &Element<'_>) {
        self.layers += 1;
        let text = |key| element.get(key).unwrap_or_default().to_owned();
        let key = (text("version"), text("type"));
        let direction = match key.1.as_str() {
            "Parameter" | "Input" => Some(Direction::Input),
            "Result" => Some(Direction::Output),
            _ => None,
        };
        // Loops and branches hold layers of these types in their bodies, which are deeper.
        if let Some(direction) = direction.filter(|_| element.depth == 2) {
            let name = redacted(element.get("name").unwrap_or_default());
            self.port = Some((Port { direction, name, dtype: None, shape: Vec::new() }, element.depth));
        }
        if self.operations.len() < MOST || self.operations.contains_key(&key) {
            self.operations.entry(key).or_insert((element.line, 0)).1 += 1;
        }
    }

    /// The end of an element.
    fn end(&mut self, depth: usize) {
        self.in_size = false;
        if let Some((port, _)) = self.port.take_if(|(_, layer)| depth <= *layer)
            && self.ports.len() < MOST
        {
            self.ports.push(port);
        }
    }

    /// A size of a result. (A parameter's were read from its `data`.)
    fn text(&mut self, text: &str) {
        if let Some((port, _)) = self.port.as_mut().filter(|_| self.in_size)
            && port.direction == Direction::Output
            && port.shape.len() < 64
        {
            port.shape.push(size(text));
        }
    }

    /// `offset` and `size` of a constant.
    fn data(&mut self, element: &Element<'_>, most: usize) {
        if let Some((port, _)) = self.port.as_mut().filter(|(port, _)| port.direction == Direction::Input) {
            port.dtype = element.get("element_type").map(|name| redacted(name).to_ascii_lowercase());
            let sizes = element.get("shape").unwrap_or_default().trim_matches(['[', ']']).split(',').take(64);
            port.shape = sizes.filter(|part| !part.trim().is_empty()).map(size).collect();
        }
        let (Some(offset), Some(size)) = (element.get("offset"), element.get("size")) else { return };
        // Other operations have attributes of these names: numbers with a fraction, lists.
        if element.get("element_type").is_none() && element.get("shape").is_none() {
            return;
        }
        let parse = |text: &str| text.trim().parse::<u64>().ok();
        let end = parse(offset).zip(parse(size)).and_then(|(offset, size)| offset.checked_add(size));
        match end.filter(|end| i64::try_from(*end).is_ok()) {
            Some(end) => self.end = self.end.max(end),
            None if self.bad_ranges.len() < most => {
                self.bad_ranges.push((format!("{offset} + {size}"), element.line));
            }
            None => {}
        }
    }
}

/// A size of a shape; a free one is `?`, `-1` or a range.
fn size(text: &str) -> String {
    match text.trim() {
        "-1" | "?" => "?".to_owned(),
        text => redacted(text),
    }
}

fn read(asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) -> Found {
    let mut found = Found::default();
    let most = context.limits.findings;
    xml::read(asset, context, true, inspection, &mut |part| match part {
        Part::Start(element) => found.start(element, most),
        Part::End(depth) => {
            found.end(*depth);
            if found.notes == Some(*depth) {
                found.notes = None;
            }
        }
        Part::Text(text, _) => found.text(text),
    });
    found
}

impl Inspector for Openvino {
    fn kind(&self) -> Kind {
        Kind::new("openvino")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static RULES: std::sync::LazyLock<Vec<&'static Rule>> = std::sync::LazyLock::new(|| {
            let own: &[&Rule] =
                &[&rules::LIBRARY, &rules::CUSTOM, &rules::OUTSIDE, &rules::RANGE, &rules::MISSING];
            [xml::RULES, own].concat()
        });
        &RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match xml::root(probe) {
            Some((root, head)) if root == "net" && head.contains("<layers") => Claim::Certain,
            Some((root, _)) if root == "net" && probe.extension_is(&["xml"]) => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let found = read(asset, context, &mut inspection);
        for (element, key, value, line) in &found.libraries {
            let message = format!("a `{}` names the {key} `{}`", redacted(element), redacted(value));
            inspection
                .find(Finding::new(&rules::LIBRARY, asset, message).line(*line).evidence("library", value));
        }
        for (path, words, line) in &found.outside {
            let message = format!("on load, this model reads `{}`, which {words}", redacted(path));
            inspection.find(Finding::new(&rules::OUTSIDE, asset, message).line(*line).evidence("path", path));
        }
        for (range, line) in &found.bad_ranges {
            let message = format!("a constant lies at `{}`", redacted(range));
            inspection.find(Finding::new(&rules::RANGE, asset, message).line(*line).evidence("range", range));
        }
        custom(asset, &found, &mut inspection);
        weights(asset, &found, &mut inspection);
        facts(&found, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let found = read(asset, context, &mut Inspection::new());
        let mut section = Section::new("operations", &["line", "set", "operation", "count"]);
        for ((set, operation), (line, count)) in &found.operations {
            section.push(
                context.limits.rows,
                vec![
                    u64::from(*line).into(),
                    redacted(set).into(),
                    redacted(operation).into(),
                    (*count).into(),
                ],
            );
        }
        Description { sections: vec![section] }
    }
}

/// Operations that the runtime does not bring; one finding for each set.
fn custom(asset: &Asset, found: &Found, inspection: &mut Inspection) {
    let mut sets: BTreeMap<(&str, bool), (Vec<&str>, u32)> = BTreeMap::new();
    for ((set, operation), (line, _)) in &found.operations {
        // Graphs of before version 10 had no sets, and their own operations were called `Custom`.
        let own = is_own_set(set) || set.is_empty();
        if own && operation != "Custom" {
            continue;
        }
        let known = TOKENIZER_OPERATIONS.contains(&operation.as_str());
        sets.entry((set, known)).or_insert((Vec::new(), *line)).0.push(operation);
    }
    for ((set, known), (operations, line)) in sets.into_iter().take(100) {
        let names: Vec<&str> = operations.iter().copied().take(8).collect();
        let names = names.join(", ");
        let (severity, whose) = match known {
            true => (Severity::Low, "the extension `openvino_tokenizers`"),
            false => (Severity::Medium, "native code of its own"),
        };
        let message = format!("to run, this model needs {whose}: {}", redacted(&names));
        inspection.find(
            Finding::new(&rules::CUSTOM, asset, message)
                .severity(severity)
                .line(line)
                .evidence("set", set)
                .evidence("operations", &names),
        );
    }
}

/// Checks the weights beside the graph.
fn weights(asset: &Asset, found: &Found, inspection: &mut Inspection) {
    let name = asset.path.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let expected = format!("{stem}.bin");
    let Some(entry) = asset.siblings.as_ref().and_then(|siblings| siblings.entry(&expected)) else { return };
    let shown = redacted(&expected);
    if entry.kind == EntryKind::LinkOutside {
        let message = format!("its weights `{shown}` are a link that leaves the folder");
        inspection.find(Finding::new(&rules::OUTSIDE, asset, message).evidence("path", &expected));
    } else if entry.kind == EntryKind::File && entry.size < found.end {
        let (size, end) = (entry.size, found.end);
        inspection.coverage.miss(format!("`{shown}` has {size} bytes, {end} are needed"));
        let message = format!("`{shown}` has {size} bytes; constants reach to byte {end}");
        inspection.find(Finding::new(&rules::MISSING, asset, message).evidence("path", &expected));
    }
}

fn facts(found: &Found, inspection: &mut Inspection) {
    inspection.know(Fact::Model(Model {
        format_version: found.version.as_deref().map(redacted),
        framework: Some("openvino".to_owned()),
        framework_version: found
            .noted
            .iter()
            .find(|(key, _)| key == "Runtime_version" || key == "MO_version")
            .map(|(_, value)| redacted(value)),
        name: found.name.as_deref().map(redacted),
        ..Model::of("openvino")
    }));
    inspection.facts.extend(found.ports.iter().cloned().map(Fact::Port));
    inspection.know(Fact::Metadata(Metadata::new("layers", found.layers.to_string())));
    let mut sets: Vec<&str> = found.operations.keys().map(|(set, _)| set.as_str()).collect();
    sets.dedup();
    for set in sets.into_iter().filter(|set| !set.is_empty()).take(100) {
        inspection.know(Fact::Dependency(Dependency {
            role: "opset",
            name: redacted(set),
            version: None,
            relation: None,
        }));
    }
    for ((set, operation), (_, count)) in &found.operations {
        inspection.know(Fact::Import(Import {
            module: redacted(set),
            name: redacted(operation),
            uses: vec![UseKind::Plugin],
            offset: None,
            count: *count,
        }));
    }
}

impl Inspector for Weights {
    fn kind(&self) -> Kind {
        Kind::new("openvino-weights")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    /// Raw numbers without any mark: known by the graph beside them.
    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let name = probe.name();
        let Some(stem) = name.strip_suffix(".bin") else { return Claim::No };
        let graph =
            probe.asset.siblings.as_ref().and_then(|siblings| siblings.open(&format!("{stem}.xml")).ok());
        let Some(head) = graph.and_then(|graph| graph.head(Probe::HEAD).ok()) else { return Claim::No };
        if memchr::memmem::find(&head, b"<net").is_some() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, _asset: &Asset, _context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        inspection.know(Fact::Model(Model {
            framework: Some("openvino".to_owned()),
            ..Model::of("openvino-weights")
        }));
        inspection
    }
}

#[cfg(test)]
mod tests;
