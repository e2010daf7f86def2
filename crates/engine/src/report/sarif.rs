//! SARIF 2.1.0, for code scanning services.
//!
//! Source: OASIS, Static Analysis Results Interchange Format 2.1.0, sections 3.14 (run), 3.27 (result), 3.28
//! (location), 3.49 (reportingDescriptor).

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use bartizan_core::{Rule, Severity, State};
use serde_json::{Value, json};

use super::{AssetReport, FindingReport, Report};

/// Writes the report as a SARIF log of one run.
///
/// # Errors
/// When the output cannot be written.
pub fn sarif(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let used: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule).collect();
    let rules: Vec<&Rule> = used.iter().filter_map(|id| report.rule(id)).collect();
    let index = |id: &str| rules.iter().position(|rule| rule.id == id);
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, index(finding.rule))).collect();
    let incomplete: Vec<Value> =
        report.assets.iter().filter(|asset| !asset.coverage.complete).map(notification).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "semanticVersion": report.tool.version,
                "informationUri": "https://github.com/bartizan-security/bartizan",
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
                "properties": { "rulesVersion": report.tool.rules_version },
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": incomplete,
            }],
            "artifacts": report.assets.iter().filter(|asset| !asset.path.contains('!')).map(artifact).collect::<Vec<_>>(),
            "results": results,
            "columnKind": "unicodeCodePoints",
            "properties": { "verdict": report.verdict },
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub sorts alerts by this number, on CVSS's scale of 0 to 10.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

fn descriptor(rule: &Rule) -> Value {
    let taxonomy = &rule.taxonomy;
    let mut tags = vec!["security".to_owned(), rule.domain().to_owned()];
    // The form in which code scanning services recognise CWE numbers.
    tags.extend(taxonomy.cwe.iter().map(|cwe| format!("external/cwe/{}", cwe.to_lowercase())));
    for ids in [taxonomy.atlas, taxonomy.owasp_llm, taxonomy.owasp_ml, taxonomy.owasp_agentic] {
        tags.extend(ids.iter().map(|id| (*id).to_owned()));
    }
    let mut descriptor = json!({
        "id": rule.id,
        "name": rule.id.replace('/', "-"),
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.why },
        "help": { "text": rule.fix },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "tags": tags,
            "security-severity": security_severity(rule.severity),
            "category": rule.category,
            "taxonomy": taxonomy,
        },
    });
    let address = rule.references.iter().find(|reference| reference.starts_with("http"));
    if let (Some(address), Some(object)) = (address, descriptor.as_object_mut()) {
        object.insert("helpUri".to_owned(), json!(address));
    }
    descriptor
}

fn result(finding: &FindingReport, index: Option<usize>) -> Value {
    let (file, member) = split(&finding.path);
    let mut physical = json!({ "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" } });
    let mut region = serde_json::Map::new();
    if let Some(line) = finding.line {
        region.insert("startLine".to_owned(), json!(line.max(1)));
        if let Some(end) = finding.end_line.filter(|end| *end >= line) {
            region.insert("endLine".to_owned(), json!(end));
        }
    } else if let (Some(offset), None) = (finding.offset, member) {
        region.insert("byteOffset".to_owned(), json!(offset));
        region.insert("byteLength".to_owned(), json!(1));
    }
    if let (false, Some(object)) = (region.is_empty() || member.is_some(), physical.as_object_mut()) {
        object.insert("region".to_owned(), Value::Object(region));
    }
    let mut location = json!({ "physicalLocation": physical });
    if let (Some(member), Some(object)) = (member, location.as_object_mut()) {
        let logical = json!([{ "name": member, "fullyQualifiedName": finding.path, "kind": "resource" }]);
        object.insert("logicalLocations".to_owned(), logical);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": finding.message },
        "locations": [location],
        "partialFingerprints": { "bartizan/v1": finding.fingerprint.as_str() },
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "category": finding.category,
            "security-severity": security_severity(finding.severity),
            "evidence": finding.evidence,
            "references": finding.references,
            "fix": finding.fix,
            "offset": finding.offset,
        },
    });
    if let (Some(resource), Some(object)) = (&finding.resource, result.as_object_mut()) {
        if finding.state == Some(State::Unknown) {
            // Section 3.27.9: evaluated, and not decided. Such a result has no level.
            object.insert("kind".to_owned(), json!("open"));
            object.insert("level".to_owned(), json!("none"));
        }
        if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("resource".to_owned(), json!(resource));
            properties.insert("tier".to_owned(), json!(finding.tier));
            properties.insert("aliases".to_owned(), json!(finding.aliases));
            properties.insert("value".to_owned(), json!(finding.value));
            properties.insert("provenance".to_owned(), json!(finding.provenance));
            properties.insert("state".to_owned(), json!(finding.state));
        }
    }
    if let Some(object) = result.as_object_mut() {
        if let Some(index) = index {
            object.insert("ruleIndex".to_owned(), json!(index));
        }
        if let Some(reason) = &finding.suppressed {
            let suppression = json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
            object.insert("suppressions".to_owned(), suppression);
        }
    }
    result
}

fn notification(asset: &AssetReport) -> Value {
    let reasons: Vec<&str> = asset.coverage.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    json!({
        "level": "warning",
        "message": { "text": format!("{} was not read to its end: {}", asset.path, reasons.join("; ")) },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(split(&asset.path).0) } } }],
    })
}

fn artifact(asset: &AssetReport) -> Value {
    let mut artifact = json!({
        "location": { "uri": uri(&asset.path), "uriBaseId": "%SRCROOT%" },
        "length": asset.size,
        "properties": { "kind": asset.kind, "verdict": asset.verdict },
    });
    if let (Some(digest), Some(object)) = (&asset.sha256, artifact.as_object_mut()) {
        object.insert("hashes".to_owned(), json!({ "sha-256": digest }));
    }
    artifact
}

/// The file on disk and the member inside it.
fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('!').map_or((path, None), |(file, member)| (file, Some(member)))
}

/// A relative URI reference: everything but unreserved characters and `/` is percent-encoded (RFC 3986, section 2.1).
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    if out.is_empty() { ".".to_owned() } else { out }
}
