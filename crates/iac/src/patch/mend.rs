//! One finding after the other, each proved: read anew, the finding is gone, and nothing as bad came instead.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bartizan_core::{Asset, Content, Entry, Finding, ReadError, Severity, State, Tree};

use super::{
    place::{Desk, Refusal},
    splice::{Edit, apply, keeps_other_lines},
};
use crate::{
    judge::{decide, finding},
    rule::{Catalogue, Control, Framework, Graph},
    source::Place,
    terraform::{Reading, Settings, read},
};

/// How often one patch is applied to one resource: each time to another of its blocks.
const MOST_TURNS: usize = 64;

/// What to mend.
pub struct Request<'r> {
    /// The files.
    pub tree: &'r dyn Tree,
    /// What the user says besides. Files of variables whose path is one of the tree's may be changed.
    pub settings: &'r Settings,
    /// The rules.
    pub catalogue: &'r Catalogue,
    /// Which findings.
    pub wanted: &'r dyn Fn(&Finding) -> bool,
    /// Should it stop?
    pub interrupted: &'r dyn Fn() -> bool,
}

/// A file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// From the tree's root.
    pub path: String,
    /// What stands there.
    pub before: Arc<str>,
    /// What should.
    pub after: Arc<str>,
}

/// A finding that is gone.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The finding, as it was before anything was changed in its file.
    pub finding: Finding,
    /// The files that were changed for it.
    pub files: BTreeSet<Arc<str>>,
}

/// A finding that stays.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The finding.
    pub finding: Finding,
    /// Why, and what to do.
    pub reason: String,
}

/// What became of all findings that have a patch.
#[derive(Clone, Debug, Default)]
pub struct Mended {
    /// The files that are different.
    pub files: Vec<ChangedFile>,
    /// The findings that are gone.
    pub fixed: Vec<Fixed>,
    /// The findings that stay.
    pub refused: Vec<Refused>,
    /// What could not be read: path, line and reason.
    pub unread: Vec<String>,
}

/// Mends all findings that have a patch and are wanted. Nothing is written.
pub fn mend(request: &Request<'_>) -> Mended {
    let mut bench =
        Bench { request, changed: BTreeMap::new(), settled: BTreeSet::new(), mended: Mended::default() };
    let mut state = bench.look(&bench.changed);
    bench.mended.unread = state.unread.iter().map(|(path, reason)| format!("{path}: {reason}")).collect();
    let mut most = usize::MAX;
    while !(request.interrupted)() {
        let jobs = bench.jobs(&state);
        let Some(first) = jobs.first() else { break };
        let batch = together(&jobs, most);
        if batch.len() > 1 {
            match bench.try_batch(&state, &batch) {
                Some(next) => {
                    most = most.saturating_mul(2);
                    bench.accept(&batch);
                    state = next;
                }
                // Which of them it was is found by trying fewer.
                None => most = (batch.len() / 2).max(1),
            }
            continue;
        }
        match bench.try_one(&state, first) {
            Ok((next, files)) => {
                most = most.saturating_mul(2);
                bench.settle(first);
                let finding = first.finding.clone();
                bench.mended.fixed.push(Fixed { finding, files });
                state = next;
            }
            Err(Refusal(reason)) => {
                bench.settle(first);
                bench.mended.refused.push(Refused { finding: first.finding.clone(), reason });
            }
        }
    }
    bench.finish()
}

/// Identifies a finding about one instance while its file changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    root: String,
    rule: &'static str,
    address: Arc<str>,
    path: Arc<str>,
}

/// One finding, with what decided it.
struct Found<'c> {
    key: Key,
    control: &'c Control,
    root: usize,
    resource: usize,
    witness: String,
    block: Place,
    finding: Finding,
}

/// Everything that is known about one state of the files.
struct Look<'c> {
    reading: Reading,
    found: Vec<Found<'c>>,
    instances: BTreeSet<(String, Arc<str>, Arc<str>)>,
    unread: BTreeSet<(String, String)>,
}

/// One change, with all instances that it is for.
struct Job<'c> {
    keys: BTreeSet<Key>,
    control: &'c Control,
    block: Place,
    finding: Finding,
    edit: Edit,
}

/// The tree with changed files.
struct Changed<'t> {
    tree: &'t dyn Tree,
    files: &'t BTreeMap<Arc<str>, Arc<str>>,
}

impl Tree for Changed<'_> {
    fn list(&self, folder: &str) -> Vec<Entry> {
        self.tree.list(folder)
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        self.tree.entry(path)
    }

    fn open(&self, path: &str) -> Result<Content, ReadError> {
        match self.files.get(path) {
            Some(text) => Ok(Content::from_bytes(text.as_bytes().to_vec())),
            None => self.tree.open(path),
        }
    }
}

struct Bench<'r> {
    request: &'r Request<'r>,
    /// By path.
    changed: BTreeMap<Arc<str>, Arc<str>>,
    /// What was mended or refused already.
    settled: BTreeSet<Key>,
    mended: Mended,
}

impl<'r> Bench<'r> {
    /// Reads and judges everything.
    fn look(&self, files: &BTreeMap<Arc<str>, Arc<str>>) -> Look<'r> {
        let request = self.request;
        let tree = Changed { tree: request.tree, files };
        let mut settings = request.settings.clone();
        for file in &mut settings.variable_files {
            if let Some(text) = files.get(&*file.path) {
                file.text = text.to_string();
            }
        }
        let reading = read(&tree, &settings, request.interrupted);
        let asset = Asset::new(".", Content::from_bytes(Vec::new()));
        let mut found = Vec::new();
        let mut instances = BTreeSet::new();
        for (number, root) in reading.roots.iter().enumerate() {
            let graph = Graph::new(&root.resources);
            for (index, resource) in root.resources.iter().enumerate() {
                let path: Arc<str> = reading.sources.path(resource.at.file).into();
                let address = Arc::clone(&resource.address);
                instances.insert((root.folder.clone(), Arc::clone(&address), Arc::clone(&path)));
                for control in request.catalogue.of(Framework::Terraform, &resource.kind) {
                    let Some(outcome) = decide(control, resource, &graph) else { continue };
                    let key = Key {
                        root: root.folder.clone(),
                        rule: control.rule.id,
                        address: Arc::clone(&address),
                        path: Arc::clone(&path),
                    };
                    found.push(Found {
                        key,
                        control,
                        root: number,
                        resource: index,
                        witness: outcome.witness.path.clone(),
                        block: resource.at,
                        finding: finding(control, resource, &outcome, &reading.sources, &asset),
                    });
                }
            }
        }
        let unread =
            reading.unread.iter().map(|unread| (unread.path.clone(), unread.message.clone())).collect();
        Look { reading, found, instances, unread }
    }

    fn desk<'l>(&self, look: &'l Look<'_>) -> Desk<'l>
    where
        'r: 'l,
    {
        let shared = self.request.settings.variable_files.iter().map(|file| &*file.path).collect();
        Desk::new(&look.reading, self.request.tree, shared)
    }

    /// What is to be done next. What cannot be done is refused here.
    fn jobs(&mut self, look: &Look<'r>) -> Vec<Job<'r>> {
        let desk = self.desk(look);
        let mut jobs: Vec<Job<'r>> = Vec::new();
        let mut refused: Vec<(Place, Refused)> = Vec::new();
        for found in &look.found {
            let open = state_of(&found.finding) == Some(State::Fail) && !found.control.patch.is_empty();
            if !open || self.settled.contains(&found.key) || !(self.request.wanted)(&found.finding) {
                continue;
            }
            match first_edit(&desk, look, found) {
                Ok(edit) => {
                    let same = jobs.iter_mut().find(|job| {
                        job.control.rule.id == found.control.rule.id
                            && job.block == found.block
                            && job.edit == edit
                    });
                    match same {
                        Some(job) => {
                            job.keys.insert(found.key.clone());
                        }
                        None => jobs.push(Job {
                            keys: BTreeSet::from([found.key.clone()]),
                            control: found.control,
                            block: found.block,
                            finding: found.finding.clone(),
                            edit,
                        }),
                    }
                }
                Err(Refusal(reason)) => {
                    self.settled.insert(found.key.clone());
                    let said = refused.iter().any(|(block, known)| {
                        *block == found.block
                            && known.finding.rule.id == found.key.rule
                            && known.reason == reason
                    });
                    if !said {
                        refused.push((found.block, Refused { finding: found.finding.clone(), reason }));
                    }
                }
            }
        }
        self.mended.refused.extend(refused.into_iter().map(|(_, refused)| refused));
        jobs
    }

    /// Several changes at once, in blocks that have nothing to do with each other.
    fn try_batch(&mut self, look: &Look<'r>, batch: &[&Job<'r>]) -> Option<Look<'r>> {
        let edits: Vec<&Edit> = batch.iter().map(|job| &job.edit).collect();
        let files = self.with(look, &edits).ok()?;
        let next = self.look(&files);
        let keys: BTreeSet<&Key> = batch.iter().flat_map(|job| &job.keys).collect();
        let severity = batch.iter().map(|job| job.finding.severity).min()?;
        is_better(look, &next, &keys, severity).ok()?;
        self.changed = files;
        Some(next)
    }

    /// One finding alone: all patches of its rule, on each of its blocks that fails.
    fn try_one(&mut self, look: &Look<'r>, job: &Job<'r>) -> Result<(Look<'r>, BTreeSet<Arc<str>>), Refusal> {
        let before = self.changed.clone();
        let done = self.turns(look, job);
        if done.is_err() {
            self.changed = before;
        }
        done
    }

    fn turns(&mut self, look: &Look<'r>, job: &Job<'r>) -> Result<(Look<'r>, BTreeSet<Arc<str>>), Refusal> {
        let keys: BTreeSet<&Key> = job.keys.iter().collect();
        let mut touched = BTreeSet::new();
        let mut now: Option<Look<'r>> = None;
        let mut last = Err(Refusal("the patch does not end".to_owned()));
        for _ in 0..MOST_TURNS {
            for patch in &job.control.patch {
                let current = now.as_ref().unwrap_or(look);
                let Some(found) = failing(current, &keys) else { break };
                let desk = self.desk(current);
                let Some(resource) = resource_of(current, found) else { break };
                let Some(edit) = desk.plan(resource, &found.witness, patch)? else { continue };
                touched.insert(Arc::clone(&edit.path));
                self.changed = self.with(current, &[&edit])?;
                now = Some(self.look(&self.changed));
            }
            let Some(current) = now.as_ref() else {
                return Err(Refusal("the patch changes nothing here".to_owned()));
            };
            last = is_better(look, current, &keys, job.finding.severity);
            let moved = {
                let start = witness_of(look, &keys);
                let now = witness_of(current, &keys);
                now.is_some() && now != start
            };
            if last.is_ok() || !moved || (self.request.interrupted)() {
                break;
            }
        }
        last?;
        match now {
            Some(look) => Ok((look, touched)),
            None => Err(Refusal("the patch changes nothing here".to_owned())),
        }
    }

    /// The changed files with further edits, each proved to change its own lines only.
    fn with(&self, look: &Look<'_>, edits: &[&Edit]) -> Result<BTreeMap<Arc<str>, Arc<str>>, Refusal> {
        let mut files = self.changed.clone();
        let mut by_path: BTreeMap<&Arc<str>, Vec<&Edit>> = BTreeMap::new();
        for edit in edits {
            by_path.entry(&edit.path).or_default().push(edit);
        }
        for (path, edits) in by_path {
            let known = look.reading.sources.files().find(|(_, file)| file.path == *path);
            let old = known.map(|(_, file)| Arc::clone(&file.text));
            let new = old.as_ref().and_then(|old| apply(old, &edits));
            match old.zip(new) {
                Some((old, new)) if keeps_other_lines(&old, &new, &edits) => {
                    files.insert(Arc::clone(path), new.into());
                }
                _ => return Err(Refusal(format!("the patch would change other lines of `{path}` too"))),
            }
        }
        Ok(files)
    }

    fn accept(&mut self, batch: &[&Job<'r>]) {
        for job in batch {
            self.settle(job);
            let files = BTreeSet::from([Arc::clone(&job.edit.path)]);
            self.mended.fixed.push(Fixed { finding: job.finding.clone(), files });
        }
    }

    fn settle(&mut self, job: &Job<'_>) {
        self.settled.extend(job.keys.iter().cloned());
    }

    /// The files as they were at first, beside what became of them.
    fn finish(self) -> Mended {
        let mut mended = self.mended;
        for (path, after) in self.changed {
            let read = self.request.tree.open(&path).and_then(|content| content.whole(u64::MAX));
            let before = read.ok().and_then(|bytes| std::str::from_utf8(&bytes).ok().map(Arc::<str>::from));
            if let Some(before) = before.filter(|before| *before != after) {
                mended.files.push(ChangedFile { path: path.to_string(), before, after });
            }
        }
        mended
    }
}

fn state_of(finding: &Finding) -> Option<State> {
    finding.infrastructure.as_ref().map(|about| about.state)
}

fn resource_of<'l>(look: &'l Look<'_>, found: &Found<'_>) -> Option<&'l crate::resource::Resource> {
    look.reading.roots.get(found.root)?.resources.get(found.resource)
}

/// The first thing that a rule's patches change.
fn first_edit(desk: &Desk<'_>, look: &Look<'_>, found: &Found<'_>) -> Result<Edit, Refusal> {
    let resource = resource_of(look, found).ok_or_else(|| Refusal("the resource is gone".to_owned()))?;
    for patch in &found.control.patch {
        if let Some(edit) = desk.plan(resource, &found.witness, patch)? {
            return Ok(edit);
        }
    }
    Err(Refusal("what the patch sets is set already: something else decides here".to_owned()))
}

fn witness_of(look: &Look<'_>, keys: &BTreeSet<&Key>) -> Option<(Key, String)> {
    failing(look, keys).map(|found| (found.key.clone(), found.witness.clone()))
}

fn failing<'l, 'c>(look: &'l Look<'c>, keys: &BTreeSet<&Key>) -> Option<&'l Found<'c>> {
    let fails = |found: &&Found<'_>| state_of(&found.finding) == Some(State::Fail);
    look.found.iter().filter(fails).find(|found| keys.contains(&found.key))
}

/// Changes that may be made at once: one for each block, none of which touch each other.
fn together<'j, 'c>(jobs: &'j [Job<'c>], most: usize) -> Vec<&'j Job<'c>> {
    let mut blocks = BTreeSet::new();
    let mut batch: Vec<&Job<'_>> = Vec::new();
    for job in jobs.iter().filter(|job| job.control.patch.len() == 1) {
        if batch.len() >= most {
            break;
        }
        let apart = batch.iter().all(|other| {
            other.edit.path != job.edit.path
                || other.edit.end < job.edit.start
                || job.edit.end < other.edit.start
        });
        if apart && blocks.insert(job.block) {
            batch.push(job);
        }
    }
    batch
}

/// Are the findings gone, with everything else as good as before?
fn is_better(
    before: &Look<'_>,
    after: &Look<'_>,
    keys: &BTreeSet<&Key>,
    severity: Severity,
) -> Result<(), Refusal> {
    if let Some((path, reason)) = after.unread.difference(&before.unread).next() {
        return Err(Refusal(format!("with the patch `{path}` could not be read to its end: {reason}")));
    }
    for key in keys {
        let instance = (key.root.clone(), Arc::clone(&key.address), Arc::clone(&key.path));
        if !after.instances.contains(&instance) {
            return Err(Refusal(format!("with the patch `{}` would not be made any more", key.address)));
        }
    }
    let stays = after.found.iter().find(|found| {
        keys.contains(&found.key) && matches!(state_of(&found.finding), Some(State::Fail | State::Unknown))
    });
    if let Some(found) = stays {
        return Err(Refusal(format!("the patch does not help: {}", found.finding.message)));
    }
    let fails = |found: &&Found<'_>| state_of(&found.finding) == Some(State::Fail);
    let known: BTreeSet<&Key> = before.found.iter().filter(fails).map(|found| &found.key).collect();
    let new = after
        .found
        .iter()
        .filter(fails)
        .find(|found| found.finding.severity >= severity && !known.contains(&found.key));
    match new {
        Some(found) => {
            Err(Refusal(format!("the patch would cause another finding: {}", found.finding.message)))
        }
        None => Ok(()),
    }
}
