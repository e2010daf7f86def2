//! The report as one self-contained page: no request leaves it, and everything from scanned files is escaped.

use std::io::{self, Write};

use bartizan_core::{Fact, Severity, Verdict, printable};
use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    AssetReport, FindingReport, Report,
    table::{duration, sentence, size},
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes the report as an HTML page.
///
/// # Errors
/// When the output cannot be written.
pub fn html(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    // The policy admits exactly this style and this script (CSP level 3, hash-source).
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { "bartizan: " (report.verdict.name()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report))
                main {
                    (findings(report))
                    (assets(report))
                    (left_out(report))
                }
                footer {
                    "bartizan " (report.tool.version) ", rules " (report.tool.rules_version) ". Nothing that was scanned was loaded or run."
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    out.write_all(page.into_string().as_bytes())?;
    writeln!(out)
}

fn hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(digest)
}

fn head(report: &Report) -> Markup {
    let verdicts = [Verdict::Malicious, Verdict::Suspicious, Verdict::Incomplete, Verdict::Clean];
    html! {
        header {
            div.title {
                h1 { "bartizan scan" }
                span class={ "badge " (report.verdict.name()) } { (report.verdict.name()) }
            }
            dl.counts {
                @for verdict in verdicts {
                    div class=(verdict.name()) { dt { (verdict.name()) } dd { (report.top_level(verdict)) } }
                }
                div { dt { "assets" } dd { (verdicts.iter().map(|verdict| report.top_level(*verdict)).sum::<usize>()) } }
                div { dt { "size" } dd { (size(report.summary.bytes)) } }
                div { dt { "time" } dd { (duration(report.summary.seconds)) } }
            }
        }
    }
}

fn findings(report: &Report) -> Markup {
    html! {
        section aria-labelledby="findings" {
            h2 #findings { "Findings " span.count { (report.findings.len()) } }
            @if report.findings.is_empty() {
                p.empty { "Nothing was found." }
            } @else {
                div.controls {
                    input #search type="search" placeholder="Search path, rule or text" aria-label="Search findings";
                    @for severity in Severity::ALL.into_iter().rev() {
                        label {
                            input type="checkbox" data-severity=(severity.name()) checked[severity >= Severity::Medium];
                            " " (severity.name())
                        }
                    }
                }
                table #list {
                    thead { tr {
                        th scope="col" { button type="button" data-sort="rank" { "Severity" } }
                        th scope="col" { button type="button" data-sort="path" { "Asset" } }
                        th scope="col" { "What it does" }
                        th scope="col" { button type="button" data-sort="rule" { "Rule" } }
                    } }
                    tbody { @for finding in &report.findings { (row(finding, report.rule(finding.rule))) } }
                }
                p #none.empty hidden { "No finding matches the filter." }
            }
        }
    }
}

fn row(finding: &FindingReport, rule: Option<&bartizan_core::Rule>) -> Markup {
    let rank = Severity::ALL.iter().position(|severity| *severity == finding.severity).unwrap_or_default();
    html! {
        tr data-severity=(finding.severity.name()) data-rank=(rank) data-path=(printable(&finding.path)) data-rule=(finding.rule)
            hidden[finding.severity < Severity::Medium] {
            td { span class={ "badge " (finding.severity.name()) } { (finding.severity.name()) } }
            td.path { (printable(&finding.path)) (position(finding)) }
            td {
                details {
                    summary { (printable(&sentence(&finding.message))) }
                    @if let Some(reason) = &finding.suppressed { p { strong { "Does not count: " } (reason) } }
                    @if let Some(reference) = &finding.unresolved { p { strong { "Not decided: " } code { (reference) } " is not known." } }
                    @if let Some(provenance) = &finding.provenance { p { strong { "Where the value comes from. " } (provenance) } }
                    @if let Some(rule) = rule { p { strong { "Why it matters. " } (rule.why) } }
                    @if let Some(fix) = &finding.fix {
                        p { strong { "What to do. " } (fix.summary) }
                        @if let Some(command) = &fix.command { pre { (command) } }
                    }
                    dl.evidence { @for evidence in &finding.evidence { dt { (evidence.label) } dd { code { (printable(&evidence.value)) } } } }
                    p.references {
                        "confidence " (format!("{:?}", finding.confidence).to_lowercase())
                        @for id in finding.taxonomy.cwe.iter().chain(finding.taxonomy.atlas).chain(finding.taxonomy.owasp_llm).chain(finding.taxonomy.owasp_ml) { " · " (id) }
                        @for reference in &finding.references {
                            " · "
                            @if reference.starts_with("https://") { a href=(reference) rel="noreferrer" { (reference) } } @else { (reference) }
                        }
                    }
                }
            }
            td { code { (finding.rule) } }
        }
    }
}

fn position(finding: &FindingReport) -> Markup {
    html! {
        @if let Some(line) = finding.line { span.place { " line " (line) } }
        @else if let Some(offset) = finding.offset { span.place { " byte " (offset) } }
    }
}

fn assets(report: &Report) -> Markup {
    html! {
        section aria-labelledby="assets" {
            h2 #assets { "Assets " span.count { (report.assets.len()) } }
            table {
                thead { tr { th scope="col" { "Verdict" } th scope="col" { "Asset" } th scope="col" { "Kind" } th scope="col" { "Size" } th scope="col" { "What is known" } } }
                tbody { @for asset in worst_first(&report.assets) { (asset_row(asset)) } }
            }
        }
    }
}

fn worst_first(assets: &[AssetReport]) -> Vec<&AssetReport> {
    let mut sorted: Vec<&AssetReport> = assets.iter().collect();
    sorted.sort_by_key(|asset| std::cmp::Reverse(asset.verdict));
    sorted
}

fn asset_row(asset: &AssetReport) -> Markup {
    html! {
        tr {
            td { span class={ "badge " (asset.verdict.name()) } { (asset.verdict.name()) } }
            td.path { (printable(&asset.path)) }
            td { (asset.kind) }
            td.number { (size(asset.size)) }
            td {
                @for gap in &asset.coverage.gaps { p { strong { "Not read: " } (printable(&gap.reason)) } }
                details {
                    summary { (asset.facts.len()) @if asset.facts.len() == 1 { " fact" } @else { " facts" } @if asset.sha256.is_some() { ", digest" } }
                    @if let Some(digest) = &asset.sha256 { p.digest { "sha256 " code { (digest) } } }
                    ul { @for fact in asset.facts.iter().take(200) { li { (printable(&fact_line(fact))) } } }
                }
            }
        }
    }
}

/// A fact in a line.
fn fact_line(fact: &Fact) -> String {
    match fact {
        Fact::Tensors { tensors, omitted } => {
            let names: Vec<&str> = tensors.iter().take(8).map(|tensor| tensor.name.as_str()).collect();
            format!("{} tensors: {} …", tensors.len() as u64 + omitted, names.join(", "))
        }
        other => match serde_json::to_value(other) {
            Ok(serde_json::Value::Object(map)) => {
                let kind = map.get("fact").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned();
                let fields: Vec<String> = map
                    .iter()
                    .filter(|(key, _)| *key != "fact")
                    .map(|(key, value)| match value.as_str() {
                        Some(text) => format!("{key} {text}"),
                        None => format!("{key} {value}"),
                    })
                    .collect();
                format!("{kind}: {}", fields.join(", "))
            }
            _ => String::new(),
        },
    }
}

fn left_out(report: &Report) -> Markup {
    let summary = &report.summary;
    html! {
        @if !summary.skipped.is_empty() || !summary.notes.is_empty() {
            section aria-labelledby="left-out" {
                h2 #left-out { "Left out and noted" }
                ul {
                    @for note in &summary.notes { li { (printable(note)) } }
                    @for skipped in &summary.skipped { li { code { (printable(&skipped.path)) } " (" (skipped.count) "): " (skipped.reason) } }
                }
            }
        }
    }
}
