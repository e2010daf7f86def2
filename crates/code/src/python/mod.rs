//! Python source: <https://docs.python.org/3/reference/>.
//!
//! Python files travel with models: a repository's `modeling_*.py` that `trust_remote_code=True` imports, the handler of
//! a model archive, the class behind a `pyfunc` model. A module's statements run when it is imported; its functions run
//! when the loader or server calls them.
//!
//! The source is parsed, never run. Names are resolved through imports and aliases, constants are computed where a pure
//! function makes them (`chr`, `join`, base64, hexadecimal, zlib), and each dangerous call is judged by what it is given
//! and by the moment it happens. The same call is graver in a file that a loader imports by itself.

use bartizan_core::{
    Asset, Cell, Claim, Confidence, Context, Description, Fact, Finding, Import, Inspection, Inspector, Kind,
    Probe, Rule, Section, Severity, UseKind,
};
use ruff_python_ast::PySourceType;

use crate::usage;

mod callables;
mod evaluate;
mod fold;
mod judge;
mod lexical;
mod loaded;
mod rules;
mod shell;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use walk::{Found, Place, Walker};

/// Reads Python source.
#[derive(Debug)]
pub struct PythonInspector;

/// Larger sources are generated data, which no reviewer reads either.
const LARGEST: u64 = 16 << 20;
/// How many layers of code in texts are followed.
const LAYERS: usize = 4;

/// The dialect of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A module.
    Module,
    /// Notebook cells: `!command` and `%magic` are allowed.
    Notebook,
}

impl Inspector for PythonInspector {
    fn kind(&self) -> Kind {
        Kind::new("python")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension_is(&["py", "pyw", "pyi"]);
        let line = probe.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let announced = line.starts_with(b"#!") && memchr::memmem::find(line, b"python").is_some();
        match (named, announced) {
            (_, true) => Claim::Certain,
            (true, _) if !probe.head.contains(&0) => Claim::Shape,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let source = match read(asset, context) {
            Ok(source) => source,
            Err(reason) => {
                inspection.coverage.miss(reason);
                return inspection;
            }
        };
        let loaded_by = loaded::by_whom(asset);
        inspection.merge(inspect_source(asset, context, &source, Dialect::Module, loaded_by, &|line| line));
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let Ok(source) = read(asset, context) else { return Description::default() };
        let Some((found, _)) = follow(&source, Dialect::Module, Place::Import, None) else {
            return Description::default();
        };
        let mut calls = Section::new("calls", &["line", "callee", "arguments", "when"]);
        for call in &found.calls {
            let arguments: Vec<String> =
                call.arguments.iter().map(|known| bartizan_core::redacted(&known.shown())).collect();
            let when = match &call.place {
                Place::Import => "import".to_owned(),
                Place::Loader(function) => function.clone(),
                Place::Deferred => "call".to_owned(),
            };
            calls.push(
                context.limits.rows,
                vec![
                    Cell::Number(u64::from(call.line)),
                    Cell::Text(bartizan_core::redacted(&call.callee)),
                    Cell::List(arguments),
                    Cell::Text(when),
                ],
            );
        }
        let mut imports = Section::new("imports", &["line", "module", "name"]);
        for ((module, name), line) in &found.imports {
            imports.push(
                context.limits.rows,
                vec![Cell::Number(u64::from(*line)), module.as_str().into(), name.as_str().into()],
            );
        }
        Description { sections: vec![calls, imports] }
    }
}

fn read(asset: &Asset, context: &Context<'_>) -> Result<String, String> {
    let limit = LARGEST.min(context.limits.held);
    let bytes =
        asset.content.whole(limit).map_err(|error| format!("the source could not be read: {error}"))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    // Latin-1 and other declared encodings keep their ASCII part, which is all that names and calls need.
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// Judges a source. `line_of` maps its lines to those that a reader knows.
pub(crate) fn inspect_source(
    asset: &Asset,
    context: &Context<'_>,
    source: &str,
    dialect: Dialect,
    loaded_by: Option<String>,
    line_of: &dyn Fn(u32) -> u32,
) -> Inspection {
    let mut inspection = Inspection::new();
    let start = if dialect == Dialect::Module { Place::Import } else { Place::Deferred };
    let mut uses = Uses {
        found: usage::Found::default(),
        settings: usage::is_settings_file(asset.path.name()),
        context,
    };
    let Some((found, error)) = follow(source, dialect, start, Some(&mut uses)) else {
        unparsed(asset, source, loaded_by.as_deref(), &mut inspection);
        return inspection;
    };
    if let Some(error) = error {
        inspection.coverage.miss(error);
    }
    if found.exhausted {
        inspection.coverage.miss("the code is too long or too deeply nested to be followed to its end");
    }
    let loaded_by = loaded_by.or_else(|| found.loaded_class.as_ref().map(|class| format!("class {class}")));
    let judge = judge::Judge { asset, loaded_by: loaded_by.as_deref(), hidden: false };
    let mut findings = judge.findings(&found);
    let mut layer: Vec<walk::Nested> = found.nested;
    for _ in 0..LAYERS {
        let mut next = Vec::new();
        for nested in layer {
            if context.interrupted() {
                inspection.coverage.miss("the time allowed ran out");
                break;
            }
            let Some((inner, _)) = follow(&nested.source, Dialect::Module, nested.place.clone(), None) else {
                continue;
            };
            let judge = judge::Judge { asset, loaded_by: loaded_by.as_deref(), hidden: true };
            findings.extend(
                judge
                    .findings(&inner)
                    .into_iter()
                    .map(|finding| finding.line(nested.line).evidence("inside", "code in a text")),
            );
            next.extend(inner.nested.into_iter().map(|deeper| walk::Nested { line: nested.line, ..deeper }));
        }
        layer = next;
    }
    for (module, name) in found.imports.into_keys() {
        inspection.know(Fact::Import(Import {
            module,
            name,
            uses: vec![UseKind::Reference],
            offset: None,
            count: 1,
        }));
    }
    uses.found.tell(asset, &mut inspection);
    tidy(&mut findings);
    for finding in findings {
        let line = finding.at.line.map(line_of);
        inspection.find(match line {
            Some(line) => finding.line(line),
            None => finding,
        });
    }
    inspection
}

/// One finding per rule and line, the gravest.
fn tidy(findings: &mut Vec<Finding>) {
    findings.sort_by(|one, two| {
        (one.at.line, one.rule.id, two.severity).cmp(&(two.at.line, two.rule.id, one.severity))
    });
    findings.dedup_by(|later, kept| later.rule.id == kept.rule.id && later.at.line == kept.at.line);
}

/// What the source uses, collected from the same syntax tree.
struct Uses<'a> {
    found: usage::Found,
    /// The file holds settings for others, so its constants count.
    settings: bool,
    context: &'a Context<'a>,
}

impl Uses<'_> {
    fn collect(&mut self, source: &str, body: &[ruff_python_ast::Stmt], line_starts: &[u32]) {
        if !(self.settings || usage::catalogue::Catalogue::get().concerns(source)) {
            return;
        }
        let program = usage::python::program(body, line_starts);
        self.found = usage::collect::usages(&program, false, &|| self.context.interrupted());
        if self.settings {
            usage::collect::settings(&program, false, &mut self.found);
        }
    }
}

/// Parses and follows; `None` when the source is too deep to be parsed. The text is the first syntax error.
fn follow(
    source: &str,
    dialect: Dialect,
    place: Place,
    uses: Option<&mut Uses<'_>>,
) -> Option<(Found, Option<String>)> {
    if lexical::is_too_deep(source) {
        return None;
    }
    let kind = if dialect == Dialect::Notebook { PySourceType::Ipynb } else { PySourceType::Python };
    let parsed = ruff_python_parser::parse_unchecked_source(source, kind);
    let mut starts: Vec<u32> = vec![0];
    starts.extend(memchr::memchr_iter(b'\n', source.as_bytes()).filter_map(|at| u32::try_from(at + 1).ok()));
    let error = parsed.errors().first().map(|error| {
        let offset = u32::from(error.location.start());
        let line = starts.partition_point(|start| *start <= offset);
        format!("line {line} is not valid Python 3: {}", error.error)
    });
    if let Some(uses) = uses {
        uses.collect(source, parsed.suite(), &starts);
    }
    Some((Walker::module(parsed.suite(), &starts, place), error))
}

fn unparsed(asset: &Asset, source: &str, loaded_by: Option<&str>, inspection: &mut Inspection) {
    inspection.coverage.miss("the code nests too deeply to be parsed; it was only searched for words");
    let words = lexical::words(source);
    let decodes = words.iter().any(|word| matches!(word.text, "b64decode(" | "marshal.loads("));
    for word in words {
        let runs_text = matches!(word.text, "exec(" | "eval(");
        let (rule, severity) = match (runs_text, decodes, loaded_by) {
            (true, true, _) => (&rules::OBFUSCATED, Severity::High),
            (true, false, _) => (&rules::DYNAMIC_CODE, Severity::Medium),
            (false, _, Some(_)) => (&rules::PROCESS, Severity::Medium),
            (false, _, None) => (&rules::PROCESS, Severity::Low),
        };
        let message = format!("this file cannot be parsed and mentions `{}`", word.text);
        let finding = Finding::new(rule, asset, message).severity(severity).confidence(Confidence::Low);
        inspection.find(finding.line(word.line).evidence("word", word.text));
    }
}

/// What Python uses that stands in another file, such as `python -c '…'` in a Dockerfile.
pub(crate) fn uses(source: &str) -> usage::Found {
    if lexical::is_too_deep(source) || !usage::catalogue::Catalogue::get().concerns(source) {
        return usage::Found::default();
    }
    let parsed = ruff_python_parser::parse_unchecked_source(source, PySourceType::Python);
    let mut starts: Vec<u32> = vec![0];
    starts.extend(memchr::memchr_iter(b'\n', source.as_bytes()).filter_map(|at| u32::try_from(at + 1).ok()));
    usage::collect::usages(&usage::python::program(parsed.suite(), &starts), false, &|| false)
}

/// Does the source nest more deeply than may be parsed?
pub(crate) fn is_too_deep(source: &str) -> bool {
    lexical::is_too_deep(source)
}
