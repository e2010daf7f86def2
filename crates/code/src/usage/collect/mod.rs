//! From calls to usages: each call whose callee is known is asked for the names in its arguments.

use bartizan_core::{Usage, UsageKind};

use super::{
    Found,
    catalogue::{Catalogue, Source},
    flow::{Flow, Origin},
    naming,
    program::{Program, ScopeKind, ValueId},
    shell,
};

mod entry;
mod generic;
mod prompts;
mod servers;
mod settings;

pub(crate) use settings::{is_model_field, settings};

/// Everything that a program uses. `objects`: arguments are named by objects, as in JavaScript.
pub(crate) fn usages(program: &Program, objects: bool, interrupted: &dyn Fn() -> bool) -> Found {
    let mut found = Found { cut: program.cut, ..Found::default() };
    for (command, line) in &program.commands {
        shell::read(command, *line, &mut found);
    }
    let flow = Flow::new(program, objects);
    let collector = Collector::new(&flow, program);
    // Without an import of anything known, only requests to model services and plain files of data are of interest.
    for (index, id) in program.calls.iter().enumerate() {
        if index % 256 == 0 && interrupted() {
            found.cut = true;
            break;
        }
        collector.call(*id, &mut found);
    }
    for scope in &program.scopes {
        for decorator in &scope.decorators {
            collector.decorated(*decorator, scope.kind, &scope.name, scope.line, &mut found);
        }
    }
    collector.settings(&mut found);
    found.cut |= flow.exhausted();
    found
}

pub(super) struct Collector<'a> {
    flow: &'a Flow<'a>,
    catalogue: &'static Catalogue,
    program: &'a Program,
    /// Does the file import a package of the AI world?
    imports_ai: bool,
}

impl<'a> Collector<'a> {
    fn new(flow: &'a Flow<'a>, program: &'a Program) -> Self {
        let catalogue = Catalogue::get();
        let imports_ai = program
            .imports
            .iter()
            .any(|import| catalogue.is_package(import.split('.').next().unwrap_or_default()));
        Self { flow, catalogue, program, imports_ai }
    }

    fn call(&self, id: ValueId, found: &mut Found) {
        let Some(call) = self.program.call(id) else { return };
        let Some(origin) = self.flow.origin(call.callee) else { return };
        if self.is_result(&origin) {
            return;
        }
        let (mut names_model, mut is_prompt) = (false, false);
        for entry in self.catalogue.uses(&origin.path).filter(|entry| !entry.decorates) {
            if self.applies(entry, id) {
                is_prompt |= entry.kind == UsageKind::Prompt;
                let is_told = self.entry(entry, id, &origin, found);
                names_model |= is_told && matches!(entry.kind, UsageKind::Model | UsageKind::Dataset);
            }
        }
        if !names_model {
            self.generic(id, &origin, found);
        }
        if !is_prompt && self.is_of_interest(&origin) {
            self.prompts(id, &origin, found);
        }
        self.command(id, &origin, found);
    }

    /// Is what is called the result of a call, as in `tokenizer = AutoTokenizer.from_pretrained(…); tokenizer("text")`?
    /// Its arguments are data then. Factories of JavaScript's kits give functions that take a model.
    fn is_result(&self, origin: &Origin) -> bool {
        let maker = origin.made_by.filter(|_| !self.flow.objects()).and_then(|id| self.program.call(id));
        maker.and_then(|maker| self.flow.origin(maker.callee)).is_some_and(|made| made.path == origin.path)
    }

    /// `subprocess.run(["ollama", "pull", "llama3"])`, `os.system("pip install x")`.
    fn command(&self, id: ValueId, origin: &Origin, found: &mut Found) {
        let runs = [
            "subprocess.run",
            "subprocess.call",
            "subprocess.check_call",
            "subprocess.check_output",
            "subprocess.Popen",
            "os.system",
            "os.popen",
        ];
        if !runs.contains(&origin.path.as_str()) {
            return;
        }
        let line = self.program.line(id);
        for value in self.flow.argument(id, "0") {
            let words: Vec<String> =
                self.flow.leaves_of_list(value).into_iter().map(|known| known.text).collect();
            if words.is_empty() {
                for known in self.flow.texts(value) {
                    shell::read(&known.text, line, found);
                }
            } else {
                shell::words(&words, line, found);
            }
        }
    }

    fn decorated(&self, decorator: ValueId, kind: ScopeKind, name: &str, line: u32, found: &mut Found) {
        let callee = self.program.call(decorator).map_or(decorator, |call| call.callee);
        let Some(origin) = self.flow.origin(callee) else { return };
        if kind != ScopeKind::Function {
            return;
        }
        for entry in self.catalogue.uses(&origin.path).filter(|entry| entry.decorates) {
            if entry.imports.is_empty() || self.imports_any(&entry.imports) {
                found.add(Usage {
                    name: name.to_owned(),
                    provider: entry.provider.clone(),
                    via: Some(Source::Literal.name()),
                    ..blank(entry.kind, &origin, line)
                });
            }
        }
    }
}

fn blank(kind: UsageKind, origin: &Origin, line: u32) -> Usage {
    let api = origin.path.trim_start_matches("?.");
    Usage {
        api: Some(bartizan_core::truncated(api, 120)),
        line: Some(u64::from(line)),
        ..Usage::of(kind, "")
    }
}

/// Sets the version, and whether it fixes the content.
pub(crate) fn pin(usage: &mut Usage, revision: Option<String>) {
    if let Some(revision) = revision.filter(|revision| naming::is_plausible(revision)) {
        usage.pinned = naming::is_commit(&revision);
        usage.version = Some(revision);
        return;
    }
    if usage.local {
        return;
    }
    if usage.provider.as_deref() == Some("torch-hub") {
        // `owner/repo:ref`, where the model follows after another colon.
        let mut parts = usage.name.split(':').skip(1);
        if let (Some(reference), Some(_)) = (parts.next(), parts.next()) {
            usage.pinned = naming::is_commit(reference);
            usage.version = Some(reference.to_owned());
        }
        return;
    }
    if let Some((_, digest)) = usage.name.split_once(':').filter(|(_, digest)| naming::is_commit(digest)) {
        usage.version = Some(digest.to_owned());
        usage.pinned = true;
        return;
    }
    if usage.kind == UsageKind::Model && !usage.name.contains('/') {
        usage.version = naming::snapshot(&usage.name);
        usage.pinned = usage.version.is_some();
    }
}
