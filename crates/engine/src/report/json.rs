//! JSON and JSON Lines.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;

/// Writes the report as one indented JSON object.
///
/// # Errors
/// When the output cannot be written.
pub fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Line<'a, T> {
    r#type: &'static str,
    #[serde(flatten)]
    value: &'a T,
}

#[derive(Serialize)]
struct Head<'a> {
    schema: &'static str,
    tool: &'a super::Tool,
    verdict: bartizan_core::Verdict,
}

/// Writes one object per line, told apart by `type`: `report`, then each `asset`, each `finding`, and the `summary`.
///
/// # Errors
/// When the output cannot be written.
pub fn jsonl(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let head = Head { schema: report.schema, tool: &report.tool, verdict: report.verdict };
    line(out, "report", &head)?;
    for asset in &report.assets {
        line(out, "asset", asset)?;
    }
    for finding in &report.findings {
        line(out, "finding", finding)?;
    }
    line(out, "summary", &report.summary)
}

fn line<T: Serialize>(out: &mut dyn Write, r#type: &'static str, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Line { r#type, value })?;
    writeln!(out)
}
