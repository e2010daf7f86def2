//! Checks against what we did not write: official schemas and labelled corpora, and the whole engine against damaged
//! input. `cargo xtask conformance` runs them; they are slow, and need data that is not part of this repository.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use bartizan_core::{Severity, Verdict};
use bartizan_engine::{
    ScanRequest, Target,
    report::{self, Report},
    scan,
};
use serde_json::Value;

/// A folder that an environment variable names.
fn folder(variable: &str) -> PathBuf {
    let folder = PathBuf::from(env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set")));
    assert!(folder.is_dir(), "{variable}: {} is no folder", folder.display());
    folder
}

fn scanned(path: &Path, digests: bool) -> Report {
    let mut request = ScanRequest::new(vec![Target::Path(path.to_owned())]);
    request.no_ignore = true;
    request.digests = digests;
    scan(&request, &()).unwrap()
}

/// Every file in and below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
#[ignore = "needs BARTIZAN_SCHEMAS and BARTIZAN_CORPUS"]
fn conformance_of_sarif_with_the_schema_of_oasis() {
    let schema = fs::read(folder("BARTIZAN_SCHEMAS").join("sarif/sarif-schema-2.1.0.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let mut written = Vec::new();
    report::sarif(&scanned(&folder("BARTIZAN_CORPUS").join("models"), true), &mut written).unwrap();
    let mut log: Value = serde_json::from_slice(&written).unwrap();
    let run = &log["runs"][0];
    println!(
        "{} results, {} rules, {} artifacts",
        run["results"].as_array().unwrap().len(),
        run["tool"]["driver"]["rules"].as_array().unwrap().len(),
        run["artifacts"].as_array().unwrap().len()
    );
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, [""; 0]);
    log["runs"][0]["results"][0]["level"] = "terrible".into();
    assert!(!validator.is_valid(&log), "the schema refuses something");
}

/// What a scan said of one labelled case, which may be a folder.
#[derive(Default)]
struct Said {
    flagged: bool,
    unclean: bool,
    looked_at: bool,
    findings: Vec<String>,
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_of_verdicts_with_the_labels_of_the_corpus() {
    let corpus = folder("BARTIZAN_CORPUS").join("models");
    let labels: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(corpus.join("labels.json")).unwrap()).unwrap();
    let report = scanned(&corpus, true);
    let mut said: BTreeMap<&str, Said> = BTreeMap::new();
    let case = |path: &str| -> Option<&str> {
        let file = Path::new(path.split('!').next()?);
        file.ancestors().find_map(|path| labels.get_key_value(path.to_str()?)).map(|(case, _)| case.as_str())
    };
    for asset in &report.assets {
        if let Some(case) = case(&asset.path) {
            let said = said.entry(case).or_default();
            said.looked_at = true;
            said.unclean |= asset.verdict != Verdict::Clean;
        }
    }
    for finding in &report.findings {
        if let Some(case) = case(&finding.path) {
            let said = said.entry(case).or_default();
            said.flagged |= finding.severity >= Severity::Medium;
            said.findings.push(format!("{} {}: {}", finding.severity, finding.rule, finding.message));
        }
    }

    let nothing = Said::default();
    let mut counts: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (path, label) in &labels {
        let label = label["label"].as_str().unwrap();
        let said = said.get(path.as_str()).unwrap_or(&nothing);
        assert!(said.looked_at, "{path} was not looked at");
        let right = match label {
            "malicious" => said.flagged,
            "benign" => !said.flagged,
            "inconclusive" => said.unclean,
            _ => continue,
        };
        let (all, rights) = counts.entry(label).or_default();
        *all += 1;
        *rights += u32::from(right);
        if !right {
            println!("wrong: {label} {path}\n    {}", said.findings.join("\n    "));
        }
    }
    for (label, (all, right)) in &counts {
        println!("{label}: {right} of {all} right, {:.1} %", f64::from(*right) * 100.0 / f64::from(*all));
    }
    let share = |label: &str| {
        let (all, right) = counts[label];
        f64::from(right) / f64::from(all)
    };
    assert!(share("malicious") >= 0.97, "of the malicious cases too few are found");
    assert!(share("benign") >= 0.99, "of the benign cases too many are flagged");
    assert!(share("inconclusive") >= 1.0, "what cannot be read is not clean");
}

/// Marsaglia's xorshift64 (Journal of Statistical Software 8, 2003): the same damage in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Damaged copies of a file: cut off somewhere, or with a few bytes changed, half of them near the beginning, where
/// headers are.
fn damaged(original: &[u8], random: &mut Random) -> Vec<Vec<u8>> {
    const CUTS: usize = 50;
    const FLIPS: usize = 200;
    let cuts = (0..CUTS).map(|_| original.len());
    let mut copies: Vec<Vec<u8>> = cuts.map(|end| original[..random.below(end)].to_vec()).collect();
    for flip in 0..FLIPS {
        let mut copy = original.to_vec();
        for _ in 0..=random.below(4) {
            let end = if flip % 2 == 0 { original.len() } else { original.len().min(256) };
            let at = random.below(end);
            copy[at] ^= 1 << random.below(8);
        }
        copies.push(copy);
    }
    copies
}

/// Findings that damage must never cause: a defect of ours.
fn defects(report: &Report, of: &Path) -> Vec<String> {
    report
        .findings
        .iter()
        .filter(|finding| finding.rule == "scan/internal-error")
        .map(|finding| format!("{} as {}: {}", of.display(), finding.path, finding.message))
        .collect()
}

#[test]
#[ignore = "needs BARTIZAN_CORPUS"]
fn conformance_under_damage_no_inspector_fails() {
    const LARGEST: u64 = 4 << 20;
    let started = Instant::now();
    let corpus = folder("BARTIZAN_CORPUS").join("models");
    let mut random = Random(0x5eed_5eed_5eed_5eed);
    let (mut defective, mut copies, mut slowest) = (Vec::new(), 0usize, (0.0, PathBuf::new()));
    for path in files(&corpus) {
        let original = fs::read(&path).unwrap();
        if original.is_empty() || original.len() as u64 > LARGEST {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        for (number, copy) in damaged(&original, &mut random).into_iter().enumerate() {
            // A folder for each: the names of some formats are fixed.
            let own = place.path().join(number.to_string());
            fs::create_dir(&own).unwrap();
            fs::write(own.join(&*name), copy).unwrap();
            copies += 1;
        }
        let report = scanned(place.path(), false);
        if report.summary.seconds > slowest.0 {
            slowest = (report.summary.seconds, path.clone());
        }
        defective.extend(defects(&report, &path));
    }
    println!(
        "{copies} damaged copies in {:.1} s; slowest {:.1} s: {}",
        started.elapsed().as_secs_f64(),
        slowest.0,
        slowest.1.display()
    );
    assert_eq!(defective, [""; 0]);
    assert!(copies > 10_000, "the corpus is there");
}

#[test]
#[ignore = "slow: a hundred thousand files"]
fn conformance_of_a_folder_of_a_hundred_thousand_files() {
    const FILES: usize = 100_000;
    let place = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        fs::write(place.path().join(format!("{number}.pkl")), b"\x80\x04}.").unwrap();
    }
    fs::write(place.path().join("50500.pkl"), b"cos\nsystem\n(S'echo hi'\ntR.").unwrap();
    let report = scanned(place.path(), true);
    println!("{} assets in {:.1} s", report.summary.assets, report.summary.seconds);
    assert_eq!(report.summary.assets, FILES as u64);
    assert_eq!((report.summary.verdicts.malicious, report.summary.verdicts.incomplete), (1, 0));
    assert!(report.assets.is_sorted_by_key(|asset| &asset.path));
}

/// Another thread cuts a large file and lets it grow again while it is scanned: that is never a crash, and a scan that
/// saw less than the whole never says clean.
#[test]
#[ignore = "slow: many scans of a large file"]
fn conformance_of_a_file_that_shrinks_while_it_is_read() {
    use std::sync::atomic::{AtomicBool, Ordering};
    const SIZE: u64 = 64 << 20;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("model.pkl");
    // A pickle of one long byte string: BINBYTES8, then STOP.
    let mut bytes = b"\x80\x04\x8e".to_vec();
    bytes.extend((SIZE - 12).to_le_bytes());
    bytes.resize(SIZE as usize - 1, b'x');
    bytes.push(b'.');
    fs::write(&path, &bytes).unwrap();
    assert_eq!(scanned(&path, true).verdict, Verdict::Clean);

    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(SIZE / 2).unwrap();
    let stop = AtomicBool::new(false);
    let (mut incomplete, scans) = (0, 40);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            let mut random = Random(7);
            while !stop.load(Ordering::Relaxed) {
                file.set_len(random.next() % SIZE).unwrap();
                std::thread::yield_now();
            }
        });
        for _ in 0..scans {
            incomplete += u32::from(scanned(&path, true).verdict != Verdict::Clean);
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("{incomplete} of {scans} scans saw that the file changed");
    // The file is never whole any more: a pickle without its STOP is not clean either.
    assert_eq!(incomplete, scans);
}
