use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
};

use bartizan_core::{
    Asset, Category, Claim, Content, Context, Finding, Inspection, Inspector, Kind, Limits, Options, Probe,
    ReadAt, Rule, Severity, Taxonomy,
};

use super::{Dispatcher, Record, Run};

static FOUND: Rule = Rule {
    id: "test/found",
    title: "t",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "w",
    fix: "f",
    references: &[],
    taxonomy: Taxonomy::NONE,
};

static RULES: &[&Rule] = &[&FOUND];

/// Claims what starts with its kind's name, and does with it what the bytes behind say.
struct Puppet(&'static str);

impl Inspector for Puppet {
    fn kind(&self) -> Kind {
        Kind::new(self.0)
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let text = String::from_utf8_lossy(&probe.head).into_owned();
        if text.lines().any(|line| line == self.0) {
            Claim::Certain
        } else if text.contains("shape-of-all") {
            Claim::Shape
        } else {
            Claim::No
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let text = String::from_utf8_lossy(&asset.content.whole(1 << 20).unwrap_or_default()).into_owned();
        for line in text.lines() {
            match line {
                "panic" => panic!("this is the {} puppet", self.0),
                "wait" => while !context.interrupted() {},
                "nest" => {
                    if let Err(limit) = context.emit(asset.child("inner", asset.content.clone())) {
                        inspection.coverage.miss(limit.to_string());
                    }
                }
                "members" => {
                    let _ = context.emit(asset.child("one", Content::from_bytes("b\nfind 3")));
                    let _ = context.emit(asset.child("two", Content::from_bytes("")));
                }
                "be-b" => inspection.kind = Some(Kind::new("b")),
                _ => {}
            }
            if let Some(count) = line.strip_prefix("find ") {
                for number in 0..count.parse::<u32>().unwrap() {
                    let severity = if number == 7 { Severity::High } else { Severity::Low };
                    inspection.find(
                        Finding::new(&FOUND, asset, "x")
                            .severity(severity)
                            .evidence("number", (number / 2 * 2 + number % 2).to_string()),
                    );
                    inspection
                        .find(Finding::new(&FOUND, asset, "again").evidence("number", number.to_string()));
                }
            }
        }
        inspection
    }
}

fn examine(name: &str, content: Content, limits: &Limits) -> Vec<Record> {
    let dispatcher = Dispatcher {
        inspectors: vec![Box::new(Puppet("a")), Box::new(Puppet("b")), Box::new(Puppet("elf"))],
        limits,
        options: Options::default(),
        digests: true,
        watch: None,
    };
    dispatcher.examine(&mut Asset::new(name, content), &Run::new(limits.seconds, &AtomicBool::new(false)))
}

fn one(name: &str, text: &str) -> Record {
    examine(name, Content::from_bytes(text.to_owned()), &Limits::default()).remove(0)
}

fn rules(record: &Record) -> Vec<&'static str> {
    record.findings.iter().map(|finding| finding.rule.id).collect()
}

#[test]
fn a_panic_is_a_finding_and_a_gap() {
    let record = one("x", "a\npanic");
    assert_eq!(rules(&record), ["scan/internal-error", "scan/incomplete"]);
    assert_eq!(record.findings[0].message, "the inspector of a failed: this is the a puppet");
    assert!(!record.coverage.is_complete());
}

#[test]
fn members_follow_their_container_and_are_identified_on_their_own() {
    let records = examine("box", Content::from_bytes("a\nmembers"), &Limits::default());
    let shown: Vec<_> = records.iter().map(|r| (r.path.as_str(), r.kind.name(), r.findings.len())).collect();
    assert_eq!(shown, [("box", "a", 0), ("box!one", "b", 3), ("box!two", "empty", 0)]);
    assert!(records.iter().all(|record| record.sha256.is_some()));
}

#[test]
fn containers_inside_each_other_end_at_the_limit() {
    let limits = Limits { nesting: 3, ..Limits::default() };
    let records = examine("x", Content::from_bytes("a\nnest"), &limits);
    assert_eq!(records.len(), 4);
    assert!(records[..3].iter().all(|record| record.coverage.is_complete()));
    assert_eq!(records[3].path, "x!inner!inner!inner");
    assert!(!records[3].coverage.is_complete());
}

#[test]
fn an_input_that_takes_too_long_is_incomplete() {
    let limits = Limits { seconds: 0, ..Limits::default() };
    let records = examine("x", Content::from_bytes("a\nwait"), &limits);
    assert_eq!(records[0].coverage.gaps()[0].reason, "the 0 seconds allowed for one input ran out");
}

#[test]
fn two_certain_readers_make_a_polyglot_unless_one_says_it_is_the_other() {
    assert_eq!(rules(&one("x", "a\nb")), ["scan/polyglot"]);
    assert!(rules(&one("x", "a\nb\nbe-b")).is_empty());
    assert_eq!(one("x", "shape-of-all").kind.name(), "a", "the first of equal shapes reads it");
    assert_eq!(one("x", "nothing").kind, Kind::UNKNOWN);
}

#[test]
fn an_executable_that_calls_itself_a_model_is_found() {
    let record = one("model.safetensors", "elf");
    assert_eq!(rules(&record), ["scan/misleading-extension"]);
    assert_eq!(record.findings[0].severity, Severity::High);
    assert!(rules(&one("model.bin", "elf")).is_empty());
}

#[test]
fn repeated_findings_are_told_once_and_the_worst_are_kept() {
    let limits = Limits { findings: 5, ..Limits::default() };
    let record = &examine("x", Content::from_bytes("a\nfind 10"), &limits)[0];
    assert_eq!((record.findings.len(), record.dropped), (5, 5));
    assert_eq!(record.findings[0].severity, Severity::High);
}

/// A file that has fewer bytes than when it was opened.
struct Shrunk;

impl ReadAt for Shrunk {
    fn size(&self) -> u64 {
        5_000_000
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = 1_000_000u64.saturating_sub(offset).min(buffer.len() as u64) as usize;
        buffer[..count].fill(b'x');
        Ok(count)
    }
}

/// A file on a broken disk.
struct Broken;

impl ReadAt for Broken {
    fn size(&self) -> u64 {
        5_000_000
    }

    fn read_at(&self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is on fire"))
    }
}

#[test]
fn a_file_that_shrinks_or_breaks_while_it_is_read_is_incomplete() {
    let shrunk = &examine("x", Content::from_source(Arc::new(Shrunk)), &Limits::default())[0];
    assert_eq!(
        shrunk.coverage.gaps()[0].reason,
        "it ends after 1000000 of 5000000 bytes: it shrank while it was read"
    );
    assert_eq!(shrunk.sha256, None);
    let broken = &examine("x", Content::from_source(Arc::new(Broken)), &Limits::default())[0];
    assert_eq!(broken.coverage.gaps()[0].reason, "it cannot be read: the disk is on fire");
    assert_eq!(rules(broken), ["scan/incomplete"]);
}

/// Reads beside others whatever says `beside`, and claims more of it than it may.
struct Beside;

impl Inspector for Beside {
    fn kind(&self) -> Kind {
        Kind::new("beside")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.head.ends_with(b"beside") { Claim::Certain } else { Claim::No }
    }

    fn is_companion(&self) -> bool {
        true
    }

    fn inspect(&self, asset: &Asset, _: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        inspection.find(Finding::new(&FOUND, asset, "beside").evidence("by", "companion"));
        inspection
    }
}

#[test]
fn a_companion_adds_what_it_finds_and_takes_the_file_from_nobody() {
    let limits = Limits::default();
    let dispatcher = Dispatcher {
        inspectors: vec![Box::new(Beside), Box::new(Puppet("a"))],
        limits: &limits,
        options: Options::default(),
        digests: false,
        watch: None,
    };
    let examine = |text: &'static str| {
        let mut asset = Asset::new("x", Content::from_bytes(text));
        dispatcher.examine(&mut asset, &Run::new(60, &AtomicBool::new(false))).remove(0)
    };
    let both = examine("a\nfind 1\nbeside");
    assert_eq!((both.kind.name(), both.findings.len()), ("a", 2));
    assert_eq!(rules(&both), ["test/found"; 2], "no polyglot either");
    let weak = examine("shape-of-all\nfind 1\nbeside");
    assert_eq!((weak.kind.name(), weak.findings.len()), ("a", 2));
    assert_eq!(examine("beside").kind.name(), "beside");
}
