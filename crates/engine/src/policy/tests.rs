use bartizan_core::{Asset, Category, Content, Finding, Rule, Severity, Taxonomy};
use jiff::civil::date;

use super::{Baseline, Policy, RulePolicy, Waiver};
use crate::report::FindingReport;

static UNKNOWN: Rule = Rule {
    id: "pickle/unknown-call",
    title: "t",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "w",
    fix: "f",
    references: &[],
    taxonomy: Taxonomy::NONE,
};
static DENIED: Rule = Rule {
    id: "pickle/code-execution",
    title: "t",
    severity: Severity::Critical,
    category: Category::CodeExecution,
    why: "w",
    fix: "f",
    references: &[],
    taxonomy: Taxonomy::NONE,
};

fn finding(rule: &'static Rule, path: &str, callee: &str) -> FindingReport {
    let asset = Asset::new(path, Content::from_bytes(&b""[..]));
    FindingReport::new(Finding::new(rule, &asset, "it calls something").evidence("callee", callee), "")
}

fn waiver(rule: &str, path: &str) -> Waiver {
    Waiver {
        rule: rule.into(),
        path: path.into(),
        reason: "trained by us".into(),
        owner: "ml-team".into(),
        expires: date(2027, 1, 31),
    }
}

fn judged(policy: &Policy, mut finding: FindingReport) -> FindingReport {
    policy.judge_on(date(2026, 11, 24), "").judge(&mut finding);
    finding
}

#[test]
fn a_waiver_covers_its_paths_and_the_members_inside_until_its_last_day() {
    let policy = Policy { waivers: vec![waiver("pickle/unknown-call", "old/*.pt")], ..Policy::default() };
    let member = || finding(&UNKNOWN, "old/a.pt!archive/data.pkl", "m.f");
    assert_eq!(
        judged(&policy, member()).suppressed.as_deref(),
        Some("waived by ml-team until 2027-01-31: trained by us")
    );
    assert!(judged(&policy, finding(&UNKNOWN, "old/deep/a.pt", "m.f")).suppressed.is_none());
    assert!(judged(&policy, finding(&DENIED, "old/a.pt", "os.system")).suppressed.is_none());

    for (today, counts) in [(date(2027, 1, 31), false), (date(2027, 2, 1), true)] {
        let mut judge = policy.judge_on(today, "");
        let mut finding = member();
        judge.judge(&mut finding);
        assert_eq!(finding.suppressed.is_none(), counts);
        assert_eq!(
            judge.notes(|id| crate::rules::rule(id).is_some()).iter().any(|note| note.contains("EXPIRED")),
            counts
        );
    }
}

#[test]
fn an_allowed_callable_never_silences_one_that_is_known_to_be_dangerous() {
    let policy = Policy {
        allowed_callables: ["mine.Model".to_owned(), "os.system".to_owned()].into(),
        ..Policy::default()
    };
    assert!(judged(&policy, finding(&UNKNOWN, "a.pkl", "mine.Model")).suppressed.is_some());
    assert!(judged(&policy, finding(&UNKNOWN, "a.pkl", "mine.Model2")).suppressed.is_none());
    assert!(judged(&policy, finding(&DENIED, "a.pkl", "os.system")).suppressed.is_none());
}

#[test]
fn overrides_change_the_severity_and_name_rules_that_do_not_exist() {
    let mut policy = Policy::default();
    policy
        .rules
        .insert("pickle/unknown-call".into(), RulePolicy { severity: Some(Severity::Low), ignore: false });
    policy.rules.insert("pickle/no-such-rule".into(), RulePolicy { severity: None, ignore: true });
    assert_eq!(judged(&policy, finding(&UNKNOWN, "a", "x.y")).severity, Severity::Low);
    let notes = policy.judge("").notes(|id| crate::rules::rule(id).is_some());
    assert!(
        notes.iter().any(|note| note.contains("`pickle/no-such-rule`, which does not exist")),
        "{notes:?}"
    );
}

#[test]
fn a_baseline_is_written_read_and_covers_what_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline.json");
    let one = finding(&DENIED, "a.pkl", "os.system");
    let known = super::baseline::Known {
        rule: one.rule.to_owned(),
        path: one.path.clone(),
        message: one.message.clone(),
    };
    let baseline = Baseline { version: 1, findings: [(one.fingerprint.as_str().to_owned(), known)].into() };
    baseline.write(&path).unwrap();
    let policy = Policy { baseline: Some(Baseline::read(&path).unwrap()), ..Policy::default() };
    assert_eq!(judged(&policy, one).suppressed.as_deref(), Some("it is in the baseline"));
    assert!(judged(&policy, finding(&DENIED, "a.pkl", "os.popen")).suppressed.is_none());

    std::fs::write(&path, "{\"version\": 7, \"findings\": {}}").unwrap();
    let error = Baseline::read(&path).unwrap_err();
    assert!(error.to_string().contains("version 7 is not known"), "{error}");
    assert_eq!(error.exit_code(), 2);
}
