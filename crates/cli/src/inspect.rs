//! `bartizan inspect`.

use std::io::{self, Write};

use anyhow::{Result, bail};
use bartizan_core::{Cell, Limits, Options, Section, printable};
use bartizan_engine::{Inspected, Target, report::AssetReport};
use serde_json::{Map, Value, json};

use crate::{
    arguments::{InspectArguments, InspectFormat},
    interrupt, output,
};

pub(crate) fn run(arguments: &InspectArguments) -> Result<u8> {
    let limits = Limits { rows: arguments.limit, ..Limits::default() };
    let cancel = interrupt::flag();
    let mut inspected =
        bartizan_engine::inspect(&Target::parse(&arguments.file), &limits, Options::default(), &cancel)?;
    if let Some(wanted) = &arguments.section {
        let titles: Vec<&str> = inspected.description.sections.iter().map(|section| section.title).collect();
        if !titles.contains(&wanted.as_str()) {
            bail!("there is no table `{wanted}`; there are: {}", titles.join(", "));
        }
        inspected.description.sections.retain(|section| section.title == wanted);
    }
    match arguments.format {
        InspectFormat::Json => {
            let value = as_json(&inspected);
            output::write(None, &mut |out| {
                serde_json::to_writer_pretty(&mut *out, &value)?;
                writeln!(out)
            })?;
        }
        InspectFormat::Table => {
            output::write_styled(None, &mut |out| as_table(&inspected, arguments.section.is_some(), out))?;
        }
    }
    Ok(0)
}

fn as_json(inspected: &Inspected) -> Value {
    let mut object = Map::new();
    if let Some(asset) = inspected.asset() {
        object.insert("path".into(), json!(asset.path));
        object.insert("kind".into(), json!(asset.kind));
        object.insert("size".into(), json!(asset.size));
        object.insert("sha256".into(), json!(asset.sha256));
        object.insert("verdict".into(), json!(asset.verdict));
        object.insert("coverage".into(), json!(asset.coverage));
        object.insert("facts".into(), json!(asset.facts));
    }
    object.insert("findings".into(), json!(inspected.report.findings));
    for section in &inspected.description.sections {
        let rows = section.rows.iter().map(|row| {
            let cells =
                section.columns.iter().zip(row).map(|(column, cell)| ((*column).to_owned(), json!(cell)));
            Value::Object(cells.collect())
        });
        object.insert(section.title.replace('-', "_"), rows.collect());
        if section.omitted > 0 {
            object.insert(format!("{}_omitted", section.title.replace('-', "_")), json!(section.omitted));
        }
    }
    Value::Object(object)
}

fn as_table(inspected: &Inspected, sections_only: bool, out: &mut dyn Write) -> io::Result<()> {
    if !sections_only {
        if let Some(asset) = inspected.asset() {
            identity(asset, out)?;
        }
        for finding in inspected
            .report
            .findings
            .iter()
            .filter(|finding| finding.severity > bartizan_core::Severity::Info)
        {
            writeln!(out, "{:9} {}: {}", finding.severity.name(), finding.rule, printable(&finding.message))?;
        }
        let members = inspected.report.assets.len().saturating_sub(1);
        if members > 0 {
            writeln!(out, "members   {members} inspected")?;
        }
    }
    for section in &inspected.description.sections {
        table(section, out)?;
    }
    Ok(())
}

fn identity(asset: &AssetReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "path      {}", printable(&asset.path))?;
    writeln!(out, "kind      {}", asset.kind)?;
    writeln!(out, "size      {} bytes", asset.size)?;
    if let Some(digest) = &asset.sha256 {
        writeln!(out, "sha256    {digest}")?;
    }
    writeln!(out, "verdict   {}", asset.verdict.name())?;
    for gap in &asset.coverage.gaps {
        writeln!(out, "not read  {}", printable(&gap.reason))?;
    }
    Ok(())
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => printable(text),
        Cell::Number(number) => number.to_string(),
        Cell::List(list) => printable(&list.join(", ")),
    }
}

fn table(section: &Section, out: &mut dyn Write) -> io::Result<()> {
    const WIDEST: usize = 60;
    if section.rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<String>> = section.rows.iter().map(|row| row.iter().map(shown).collect()).collect();
    let widths: Vec<usize> = section
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.max().unwrap_or(0).max(column.len()).min(WIDEST)
        })
        .collect();
    let bold = anstyle::Style::new().bold();
    writeln!(out, "\n{bold}{}{bold:#}", section.title)?;
    let columns: Vec<String> = section.columns.iter().map(|column| (*column).to_owned()).collect();
    line(&columns, &widths, out)?;
    for row in &rows {
        line(row, &widths, out)?;
    }
    if section.omitted > 0 {
        writeln!(out, "  … and {} more; --limit shows more", section.omitted)?;
    }
    Ok(())
}

fn line(cells: &[String], widths: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::from(" ");
    for (cell, width) in cells.iter().zip(widths) {
        let cell = bartizan_core::truncated(cell, width.saturating_mul(2).max(60));
        text.push_str(&format!(" {cell:width$} "));
    }
    writeln!(out, "{}", text.trim_end())
}
