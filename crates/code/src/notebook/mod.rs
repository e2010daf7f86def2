//! Jupyter notebooks: JSON with cells of code and text (<https://nbformat.readthedocs.io/en/latest/format_description.html>).
//!
//! The code cells, joined, are judged as Python; lines count through the code cells in order.

use bartizan_core::{Asset, Claim, Context, Inspection, Inspector, Kind, Probe, Rule};
use serde_json::Value;

use crate::{
    python::{Dialect, PythonInspector, inspect_source},
    usage,
};

/// Reads notebooks.
#[derive(Debug)]
pub struct NotebookInspector;

/// Notebooks hold pictures as text; larger ones than this are not read.
const LARGEST: u64 = 64 << 20;

impl Inspector for NotebookInspector {
    fn kind(&self) -> Kind {
        Kind::new("notebook")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        PythonInspector.rules()
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.first_visible() != Some(b'{') {
            return Claim::No;
        }
        let says = |text: &[u8]| memchr::memmem::find(&probe.head, text).is_some();
        match (probe.extension_is(&["ipynb"]), says(b"\"cells\"") && says(b"\"cell_type\"")) {
            (true, true) => Claim::Certain,
            (true, false) => Claim::Name,
            (false, both) => {
                if both {
                    Claim::Shape
                } else {
                    Claim::No
                }
            }
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        match read(asset, context) {
            Ok(Some(code)) => {
                inspection.merge(inspect_source(
                    asset,
                    context,
                    &code.python,
                    Dialect::Notebook,
                    None,
                    &|line| line,
                ));
                let mut found = usage::Found::default();
                for (line, commands) in &code.shell {
                    usage::shell::read(commands, *line, &mut found);
                }
                found.tell(asset, &mut inspection);
            }
            Ok(None) => {}
            Err(reason) => inspection.coverage.miss(reason),
        }
        inspection
    }
}

/// The code of a notebook.
#[derive(Default)]
struct Code {
    /// The cells of Python, joined.
    python: String,
    /// The cells that a shell runs, each with the line of Python before which it stands.
    shell: Vec<(u32, String)>,
}

/// The code cells; `None` when the notebook is of another language.
fn read(asset: &Asset, context: &Context<'_>) -> Result<Option<Code>, String> {
    let bytes = asset
        .content
        .whole(LARGEST.min(context.limits.held))
        .map_err(|error| format!("the notebook could not be read: {error}"))?;
    let notebook: Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("the notebook is not valid JSON: {error}"))?;
    let language =
        notebook.pointer("/metadata/kernelspec/language").and_then(Value::as_str).unwrap_or("python");
    if language != "python" {
        return Ok(None);
    }
    let cells = notebook.get("cells").and_then(Value::as_array).ok_or("the notebook has no cells")?;
    let mut code = Code::default();
    for cell in cells.iter().filter(|cell| cell.get("cell_type").and_then(Value::as_str) == Some("code")) {
        let text = match cell.get("source") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        let is = |magics: &[&str]| magics.iter().any(|magic| text.trim_start().starts_with(magic));
        if is(&["%%bash", "%%sh", "%%script bash", "%%!"]) {
            let lines = memchr::memchr_iter(b'\n', code.python.as_bytes()).count().saturating_add(1);
            let commands = text.trim_start().split_once('\n').map_or("", |(_, rest)| rest).to_owned();
            code.shell.push((u32::try_from(lines).unwrap_or(u32::MAX), commands));
        } else if !is(&[
            "%%html",
            "%%javascript",
            "%%js",
            "%%latex",
            "%%writefile",
            "%%R",
            "%%sql",
            "%%markdown",
        ]) {
            // A cell of another language says so in its first line.
            code.python.push_str(&text);
            if !text.ends_with('\n') {
                code.python.push('\n');
            }
        }
    }
    Ok(Some(code))
}
