//! JUnit XML, for build servers: one test case per asset.

use std::io::{self, Write};

use bartizan_core::{Severity, Verdict, printable};
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use super::Report;

/// Writes the report as JUnit XML. An asset fails with its findings of `fail_on` and above, is an error when it could
/// not be read to its end, and passes otherwise.
///
/// # Errors
/// When the output cannot be written.
pub fn junit(report: &Report, fail_on: Severity, out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuite::new("bartizan scan");
    for asset in &report.assets {
        let failing: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.path == asset.path && finding.counts() && finding.severity >= fail_on)
            .collect();
        let status = if let Some(first) = failing.first() {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(first.rule).set_message(printable(&first.message));
            let lines: Vec<String> = failing
                .iter()
                .map(|finding| {
                    format!("{} {}: {}", finding.severity, finding.rule, printable(&finding.message))
                })
                .collect();
            status.set_description(lines.join("\n"));
            status
        } else if asset.verdict == Verdict::Incomplete {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            let reasons: Vec<&str> = asset.coverage.gaps.iter().map(|gap| gap.reason.as_str()).collect();
            status.set_type("incomplete").set_message(printable(&reasons.join("; ")));
            status
        } else {
            TestCaseStatus::success()
        };
        // XML cannot hold every character of a file name, and what it cannot hold would be dropped unseen.
        let mut case = TestCase::new(printable(&asset.path), status);
        case.set_classname(asset.kind);
        suite.add_test_case(case);
    }
    let mut document = Document::new("bartizan");
    document.add_test_suite(suite);
    document.serialize(out).map_err(io::Error::other)
}
