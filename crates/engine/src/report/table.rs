//! The report for people, on a terminal or in a log.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use anstyle::{AnsiColor, Color, Style};
use bartizan_core::{Severity, State, Verdict, printable};

use super::{AssetReport, FindingReport, Report};

/// How much to say, and in which characters.
#[derive(Clone, Copy, Debug)]
pub struct Appearance {
    /// Columns to wrap at.
    pub width: usize,
    /// May other characters than ASCII be used?
    pub unicode: bool,
    /// List clean assets and mild findings too.
    pub verbose: bool,
    /// Print the last line only.
    pub quiet: bool,
}

impl Default for Appearance {
    fn default() -> Self {
        Self { width: 100, unicode: true, verbose: false, quiet: false }
    }
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

const fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

const fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Malicious => colour(AnsiColor::Red).bold(),
        Verdict::Suspicious => colour(AnsiColor::Yellow).bold(),
        Verdict::Incomplete => colour(AnsiColor::Magenta).bold(),
        Verdict::Clean => colour(AnsiColor::Green).bold(),
    }
}

const fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => colour(AnsiColor::Red),
        Severity::Medium => colour(AnsiColor::Yellow),
        Severity::Low => colour(AnsiColor::Cyan),
        Severity::Info => DIM,
    }
}

/// Writes the report: a block for each dangerous asset, worst first, a line for each that could not be read to its
/// end, and a summary. Styles are ANSI escapes; strip them where they are not wanted.
///
/// # Errors
/// When the output cannot be written.
pub fn table(report: &Report, appearance: Appearance, out: &mut dyn Write) -> io::Result<()> {
    if !appearance.quiet {
        let mut findings: BTreeMap<&str, Vec<&FindingReport>> = BTreeMap::new();
        for finding in &report.findings {
            findings.entry(&finding.path).or_default().push(finding);
        }
        let page = Page { appearance, out };
        Blocks { page, report, findings, explained: BTreeSet::new() }.write()?;
    }
    summary(report, out)
}

struct Page<'a> {
    appearance: Appearance,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    /// Text broken at spaces, each line behind `indent` blanks; the first line behind `label` instead.
    fn paragraph(&mut self, indent: usize, label: &str, style: Style, text: &str) -> io::Result<()> {
        let room = self.appearance.width.saturating_sub(indent).max(30);
        let mut first = true;
        for line in wrap(&printable(text), room) {
            if first {
                let blanks = indent.saturating_sub(label.chars().count());
                writeln!(self.out, "{DIM}{label}{DIM:#}{:blanks$}{style}{line}{style:#}", "")?;
            } else {
                writeln!(self.out, "{:indent$}{style}{line}{style:#}", "")?;
            }
            first = false;
        }
        Ok(())
    }

    fn bullet(&self) -> &'static str {
        if self.appearance.unicode { "●" } else { "*" }
    }
}

/// Breaks at spaces so that no line is longer than `room` characters, unless a single word is.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > room {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += width;
    }
    lines.push(line);
    lines
}

struct Blocks<'a, 'o> {
    page: Page<'o>,
    report: &'a Report,
    findings: BTreeMap<&'a str, Vec<&'a FindingReport>>,
    /// Rules whose reason and remedy were told already.
    explained: BTreeSet<&'a str>,
}

impl<'a> Blocks<'a, '_> {
    fn write(&mut self) -> io::Result<()> {
        let report = self.report;
        let mut listed: Vec<&AssetReport> =
            report.assets.iter().filter(|asset| self.is_listed(asset)).collect();
        listed.sort_by(|one, other| {
            self.told(other).cmp(&self.told(one)).then_with(|| one.path.cmp(&other.path))
        });
        for asset in listed {
            self.asset(asset)?;
        }
        self.loose()?;
        for skipped in &report.summary.skipped {
            let text = format!("{} ({}): {}", skipped.path, skipped.count, skipped.reason);
            if self.page.appearance.verbose {
                self.page.paragraph(12, "skipped", DIM, &text)?;
            }
        }
        if report.summary.unknown > 0 && !self.page.appearance.verbose {
            let text = match report.summary.unknown {
                1 => "1 question about infrastructure is open; -v tells which value is not known".to_owned(),
                open => format!(
                    "{open} questions about infrastructure are open; -v tells which values are not known"
                ),
            };
            self.page.paragraph(12, "note", colour(AnsiColor::Yellow), &text)?;
        }
        for note in &report.summary.notes {
            self.page.paragraph(12, "note", colour(AnsiColor::Yellow), note)?;
        }
        Ok(())
    }

    fn is_listed(&self, asset: &AssetReport) -> bool {
        self.page.appearance.verbose || self.told(asset) > Verdict::Clean
    }

    /// The verdict that there is something to tell about: a container whose members alone are dangerous is told by
    /// them.
    fn told(&self, asset: &AssetReport) -> Verdict {
        let findings = self.findings.get(asset.path.as_str());
        let counts = |finding: &&FindingReport| finding.severity >= Severity::Medium && finding.counts();
        if findings.is_some_and(|own| own.iter().any(counts)) {
            asset.verdict
        } else if asset.coverage.complete {
            Verdict::Clean
        } else {
            Verdict::Incomplete.min(asset.verdict)
        }
    }

    fn asset(&mut self, asset: &AssetReport) -> io::Result<()> {
        let told = self.told(asset);
        let style = verdict_style(told);
        let bullet = self.page.bullet();
        let verdict = told.name();
        let path = printable(&asset.path);
        let kind = asset.kind;
        if told == Verdict::Incomplete || told == Verdict::Clean {
            let reason = asset.coverage.gaps.first().map(|gap| format!(": {}", printable(&gap.reason)));
            writeln!(
                self.page.out,
                "{style}{bullet} {verdict:10}{style:#} {BOLD}{path}{BOLD:#} {DIM}{kind}{DIM:#}{}",
                reason.unwrap_or_default()
            )?;
            if !self.page.appearance.verbose {
                return Ok(());
            }
        } else {
            writeln!(
                self.page.out,
                "{style}{bullet} {}{style:#} {BOLD}{path}{BOLD:#} {DIM}{kind}, {}{DIM:#}",
                verdict.to_uppercase(),
                size(asset.size)
            )?;
        }
        let findings = self.findings.get(asset.path.as_str()).cloned().unwrap_or_default();
        self.findings(&findings)?;
        if told > Verdict::Clean {
            writeln!(self.page.out)?;
        }
        Ok(())
    }

    /// Findings of things that are no asset, such as links that lead outside.
    fn loose(&mut self) -> io::Result<()> {
        let known: std::collections::BTreeSet<&str> =
            self.report.assets.iter().map(|asset| asset.path.as_str()).collect();
        let loose: Vec<&FindingReport> =
            self.report.findings.iter().filter(|finding| !known.contains(finding.path.as_str())).collect();
        for finding in loose {
            if self.page.appearance.verbose || (finding.severity >= Severity::Medium && finding.counts()) {
                let text = format!("{}: {}", finding.path, finding.message);
                self.page.paragraph(12, finding.severity.name(), severity_style(finding.severity), &text)?;
            }
        }
        Ok(())
    }

    fn findings(&mut self, findings: &[&'a FindingReport]) -> io::Result<()> {
        /// More of them in one asset tell nothing new.
        const MOST: usize = 5;
        let least = if self.page.appearance.verbose { Severity::Info } else { Severity::Medium };
        let (shown, hidden): (Vec<&FindingReport>, Vec<&FindingReport>) =
            findings.iter().partition(|finding| finding.severity >= least && finding.counts());
        let most = if self.page.appearance.verbose { usize::MAX } else { MOST };
        for finding in shown.iter().take(most) {
            let fresh = self.explained.insert(finding.rule);
            self.finding(finding, fresh)?;
        }
        if shown.len() > most {
            self.page.paragraph(
                12,
                "",
                DIM,
                &format!("and {} more findings; -v lists them", shown.len() - most),
            )?;
        }
        let suppressed = hidden.iter().filter(|finding| finding.suppressed.is_some()).count();
        if suppressed > 0 {
            let findings = if suppressed == 1 { "finding is" } else { "findings are" };
            self.page.paragraph(12, "", DIM, &format!("{suppressed} {findings} covered by the policy"))?;
        }
        let unknown = hidden.iter().filter(|finding| finding.state == Some(State::Unknown)).count();
        if unknown > 0 && self.page.appearance.verbose {
            for finding in hidden.iter().filter(|finding| finding.state == Some(State::Unknown)) {
                self.page.paragraph(12, "  unknown", DIM, &finding.message)?;
            }
        }
        Ok(())
    }

    fn finding(&mut self, finding: &FindingReport, explain: bool) -> io::Result<()> {
        let style = severity_style(finding.severity);
        let mut message = sentence(&finding.message);
        if let Some(place) = place(finding) {
            message.push_str(&format!(" ({place})"));
        }
        let label = format!("  {}", finding.severity.name());
        let room = self.page.appearance.width.saturating_sub(12).max(30);
        for (index, line) in wrap(&printable(&message), room).into_iter().enumerate() {
            let label = if index == 0 { label.as_str() } else { "" };
            writeln!(self.page.out, "{style}{label:12}{style:#}{line}")?;
        }
        if let Some(provenance) = &finding.provenance {
            self.page.paragraph(12, "  from", Style::new(), provenance)?;
        }
        if let Some(rule) = explain.then(|| self.report.rule(finding.rule)).flatten() {
            self.page.paragraph(12, "  why", Style::new(), rule.why)?;
        }
        if let Some(fix) = finding.fix.as_ref().filter(|_| explain) {
            self.page.paragraph(12, "  fix", Style::new(), &fix.summary)?;
            if let Some(command) = &fix.command {
                self.page.paragraph(12, "", BOLD, &format!("$ {command}"))?;
            }
        }
        let identifiers: Vec<&str> = finding
            .references
            .iter()
            .map(String::as_str)
            .filter(|reference| !reference.contains("://"))
            .chain(finding.taxonomy.cwe.iter().copied())
            .chain(finding.taxonomy.atlas.iter().copied())
            .collect();
        self.page.paragraph(12, "  rule", DIM, &format!("{}  {}", finding.rule, identifiers.join(" ")))
    }
}

/// With a capital letter, unless it begins with code.
pub(crate) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn place(finding: &FindingReport) -> Option<String> {
    match (finding.line, finding.end_line, finding.offset) {
        (Some(line), Some(end), _) if end > line => Some(format!("lines {line}-{end}")),
        (Some(line), _, _) => Some(format!("line {line}")),
        (None, _, Some(offset)) => Some(format!("at byte {offset}")),
        _ => None,
    }
}

/// A size for people, in binary units.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = "KiB";
    for next in UNITS.into_iter().skip(1) {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = next;
    }
    format!("{amount:.1} {unit}")
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let style = verdict_style(report.verdict);
    let (mut parts, mut assets) = (Vec::new(), 0);
    for verdict in [Verdict::Malicious, Verdict::Suspicious, Verdict::Incomplete, Verdict::Clean] {
        let count = report.top_level(verdict);
        assets += count;
        if count > 0 {
            let style = verdict_style(verdict);
            parts.push(format!("{style}{count} {}{style:#}", verdict.name()));
        }
    }
    if parts.is_empty() {
        parts.push("nothing to scan".to_owned());
    }
    let skipped: u64 = report.summary.skipped.iter().map(|skipped| skipped.count).sum();
    if skipped > 0 {
        parts.push(format!("{DIM}{skipped} skipped{DIM:#}"));
    }
    let members = report.assets.len().saturating_sub(assets);
    let members = match members {
        0 => String::new(),
        1 => " with 1 member".to_owned(),
        _ => format!(" with {members} members"),
    };
    writeln!(
        out,
        "{style}{}{style:#}  {assets} asset{}{members}, {}: {}  {DIM}in {}{DIM:#}",
        report.verdict.name().to_uppercase(),
        if assets == 1 { "" } else { "s" },
        size(report.summary.bytes),
        parts.join(", "),
        duration(report.summary.seconds)
    )
}

/// A time for people.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.0} ms", (seconds * 1000.0).max(1.0)) } else { format!("{seconds:.2} s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_binary_units() {
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.0 KiB");
        assert_eq!(size(2_254_857_830), "2.1 GiB");
    }

    #[test]
    fn words_are_not_lost_when_lines_break() {
        let text = "one two three-is-a-very-long-word four";
        assert_eq!(wrap(text, 10).join(" "), text);
        assert!(wrap(text, 10).iter().all(|line| line.len() <= 26));
    }
}
