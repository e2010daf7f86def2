//! From calls to usages: each call whose callee is known is asked for the names in its arguments.

use bartizan_core::{Usage, UsageKind};

use super::{
    Found,
    catalogue::{Catalogue, Entry, Language, Place, Source},
    flow::{Flow, Known, Origin},
    naming,
    program::{Program, ScopeKind, Shape, ValueId},
    shell,
};

/// Names of repositories that are spelled in addresses of Hugging Face's inference service.
const INFERENCE: &[&str] =
    &["api-inference.huggingface.co/models/", "router.huggingface.co/hf-inference/models/"];

/// Everything that a program uses. `objects`: arguments are named by objects, as in JavaScript.
pub(crate) fn usages(program: &Program, objects: bool, interrupted: &dyn Fn() -> bool) -> Found {
    let mut found = Found { cut: program.cut, ..Found::default() };
    for (command, line) in &program.commands {
        shell::read(command, *line, &mut found);
    }
    let flow = Flow::new(program, objects);
    let collector = Collector { flow: &flow, catalogue: Catalogue::get(), program };
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

struct Collector<'a> {
    flow: &'a Flow<'a>,
    catalogue: &'static Catalogue,
    program: &'a Program,
}

impl Collector<'_> {
    fn call(&self, id: ValueId, found: &mut Found) {
        let Some(call) = self.program.call(id) else { return };
        let Some(origin) = self.flow.origin(call.callee) else { return };
        let mut matched = false;
        for entry in self.catalogue.uses(&origin.path).filter(|entry| !entry.decorates) {
            if self.applies(entry, id) {
                matched = true;
                self.entry(entry, id, &origin, found);
            }
        }
        if !matched {
            self.generic(id, &origin, found);
        }
        self.command(id, &origin, found);
    }

    fn imports_any(&self, packages: &[String]) -> bool {
        self.program.imports.iter().any(|import| {
            packages.iter().any(|package| {
                import
                    .strip_prefix(package.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
            })
        })
    }

    fn applies(&self, entry: &Entry, id: ValueId) -> bool {
        if entry.language == Some(Language::Javascript) && !self.flow.objects() {
            return false;
        }
        if !entry.imports.is_empty() && !self.imports_any(&entry.imports) {
            return false;
        }
        let given = |argument: &String| {
            self.flow.argument(id, argument).into_iter().any(|value| self.flow.is_something(value))
        };
        if !entry.given.is_empty() && !entry.given.iter().any(given) {
            return false;
        }
        entry.at.is_empty()
            || self
                .first_texts(id, &entry.address)
                .iter()
                .any(|known| entry.at.iter().any(|part| known.text.contains(part.as_str())))
    }

    /// The texts of the first argument that has any.
    fn first_texts(&self, id: ValueId, arguments: &[String]) -> Vec<Known> {
        for argument in arguments {
            let values = self.flow.argument(id, argument);
            let texts: Vec<Known> = values.into_iter().flat_map(|value| self.flow.texts(value)).collect();
            if !texts.is_empty() {
                return texts;
            }
        }
        Vec::new()
    }

    fn entry(&self, entry: &Entry, id: ValueId, origin: &Origin, found: &mut Found) {
        let line = self.program.line(id);
        for argument in &entry.files {
            for value in self.flow.argument(id, argument) {
                for known in self.flow.leaves(value) {
                    if naming::is_plausible(&known.text) || naming::is_path(&known.text) {
                        let usage = Usage {
                            name: known.text.clone(),
                            local: !known.text.contains("://"),
                            via: Some(known.via.name()),
                            provider: Some(
                                if known.text.contains("://") { "url" } else { "local" }.to_owned(),
                            ),
                            ..blank(UsageKind::Dataset, origin, line)
                        };
                        found.add(usage);
                    }
                }
            }
        }
        let names = self.names(entry, id, origin);
        let revision = self.first_texts(id, &entry.revision).into_iter().next().map(|known| known.text);
        let repo_type = self.first_texts(id, &["repo_type".to_owned()]).into_iter().next();
        let kind = match (entry.kind, repo_type.as_ref().map(|known| known.text.as_str())) {
            (UsageKind::Model, Some("dataset")) => UsageKind::Dataset,
            (UsageKind::Model, Some("space")) => return,
            (kind, _) => kind,
        };
        let address = self.address(entry, id, origin);
        for known in names {
            if entry.unless.iter().any(|other| *other == known.text) {
                continue;
            }
            if entry.strict && !naming::is_model(&known.text) {
                continue;
            }
            if !entry.containing.is_empty()
                && !entry.containing.iter().any(|part| known.text.contains(part.as_str()))
            {
                continue;
            }
            let usage = self.usage(entry, kind, known, revision.clone(), &address, origin, line);
            if let Some(usage) = usage {
                found.add(usage);
            }
        }
    }

    fn names(&self, entry: &Entry, id: ValueId, origin: &Origin) -> Vec<Known> {
        if let Some(fixed) = &entry.fixed {
            return vec![Known { text: fixed.clone(), via: Source::Literal }];
        }
        let mut names = Vec::new();
        for argument in &entry.name {
            names = if argument == "@callee" {
                vec![Known { text: callee_name(&origin.path).to_owned(), via: Source::Literal }]
            } else if argument == "@keys" {
                let entries =
                    self.flow.argument(id, "0").into_iter().flat_map(|value| self.flow.entries(value));
                entries.filter_map(|(key, _)| key).map(|text| Known { text, via: Source::Literal }).collect()
            } else if argument == "@target" {
                self.target(id).into_iter().map(|text| Known { text, via: Source::Literal }).collect()
            } else {
                self.first_texts(id, std::slice::from_ref(argument))
            };
            if entry.strict && !names.iter().any(|known| naming::is_model(&known.text)) {
                names.clear();
            }
            if names.is_empty() && matches!(entry.kind, UsageKind::Model | UsageKind::Dataset) {
                // `models=["a", "b"]`.
                let values = self.flow.argument(id, argument);
                names = values.into_iter().flat_map(|value| self.flow.leaves_of_list(value)).collect();
            }
            if !names.is_empty() {
                break;
            }
        }
        if !entry.join.is_empty() {
            let second = self.first_texts(id, &entry.join);
            if !second.is_empty() {
                names = names
                    .iter()
                    .flat_map(|first| {
                        second.iter().map(|second| Known {
                            text: format!("{}:{}", first.text, second.text),
                            via: first.via.max(second.via),
                        })
                    })
                    .collect();
            }
        }
        names
    }

    /// The name that a call's result is bound to, or the key under which it stands.
    fn target(&self, id: ValueId) -> Option<String> {
        // What holds a value comes soon after it.
        for holder in id.saturating_add(1)..id.saturating_add(64).min(self.program.values.len()) {
            if let Shape::Dict(entries) = self.program.shape(holder)
                && let Some((Some(key), _)) = entries.iter().find(|(_, value)| *value == id)
            {
                return self.flow.texts(*key).into_iter().next().map(|known| known.text);
            }
        }
        let scope = self.program.scopes.get(self.program.values.get(id)?.scope)?;
        scope
            .bindings
            .iter()
            .find(|(_, bindings)| bindings.iter().any(|binding| binding.value == id))
            .map(|(name, _)| name.clone())
    }

    /// The address that the call, or the client on which it is made, is given; empty when one is given that is not
    /// known.
    fn address(&self, entry: &Entry, id: ValueId, origin: &Origin) -> Option<String> {
        let keys = [
            "base_url",
            "api_base",
            "openai_api_base",
            "baseURL",
            "baseUrl",
            "endpoint_url",
            "basePath",
            "azure_endpoint",
            "host",
            "base_path",
        ];
        let is_api = entry.place == Place::Remote || entry.kind == UsageKind::Service;
        let made_by = std::iter::once(id).chain(origin.made_by);
        for call in made_by.take(if is_api { 2 } else { 0 }) {
            for key in keys {
                let values = self.flow.argument(call, key);
                if values.iter().any(|value| self.flow.is_something(*value)) {
                    let texts = values.into_iter().flat_map(|value| self.flow.texts(value));
                    return Some(texts.into_iter().next().map(|known| known.text).unwrap_or_default());
                }
            }
        }
        None
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one usage")]
    fn usage(
        &self,
        entry: &Entry,
        kind: UsageKind,
        known: Known,
        revision: Option<String>,
        address: &Option<String>,
        origin: &Origin,
        line: u32,
    ) -> Option<Usage> {
        let mut usage = Usage { via: Some(known.via.name()), ..blank(kind, origin, line) };
        let openai_like = entry.provider.as_deref() == Some("openai") && address.is_some();
        usage.provider = if openai_like {
            Some("openai-compatible endpoint".to_owned())
        } else {
            entry.provider.clone().or_else(|| naming::provider(&known.text).map(str::to_owned))
        };
        if !matches!(kind, UsageKind::Model | UsageKind::Dataset) {
            usage.name = known.text.trim().to_owned();
            if kind == UsageKind::Service
                && let Some(address) = address.as_ref().filter(|address| address.contains("://"))
            {
                usage.name = address.clone();
            }
            return (!usage.name.is_empty() && usage.name.len() <= 200).then_some(usage);
        }
        let inside =
            |name: &str| INFERENCE.iter().find_map(|part| name.split_once(part)).map(|(_, id)| id.to_owned());
        let name = inside(&known.text).unwrap_or(known.text);
        let is_local = match entry.place {
            Place::Local => !name.contains("://"),
            Place::Remote => false,
            Place::Either => naming::is_path(&name),
        };
        if !(naming::is_plausible(&name) || is_local && is_file_name(&name)) {
            return None;
        }
        usage.name = name;
        usage.local = is_local;
        if is_local {
            usage.provider = Some("local".to_owned());
        }
        pin(&mut usage, revision);
        Some(usage)
    }

    /// Arguments that hold models by their name, of calls into AI packages that no table lists.
    fn generic(&self, id: ValueId, origin: &Origin, found: &mut Found) {
        let Some(call) = self.program.call(id) else { return };
        let root = origin.path.split('.').next().unwrap_or_default();
        let known_package = self.catalogue.is_package(root);
        // A method of something unknown counts when its argument can be nothing but a model.
        let unknown = root == "?" && self.imports_ai();
        // Classes of the file that wrap a client.
        if !(known_package || unknown) {
            return;
        }
        let line = self.program.line(id);
        let mut report = |texts: Vec<Known>| {
            for known in texts {
                if naming::is_model(&known.text) {
                    let mut usage = Usage {
                        name: known.text.clone(),
                        via: Some(known.via.name()),
                        provider: naming::provider(&known.text).map(str::to_owned),
                        ..blank(UsageKind::Model, origin, line)
                    };
                    pin(&mut usage, None);
                    found.add(usage);
                }
            }
        };
        for (key, value) in &call.named {
            if self.catalogue.is_model_keyword(key) {
                report(self.flow.texts(*value));
            }
        }
        let holders = call.named.iter().map(|(_, value)| value).chain(&call.positional).chain(&call.spread);
        let mut open: Vec<(ValueId, usize)> = holders.map(|value| (*value, 0)).collect();
        let mut looked = 0usize;
        while let Some((value, depth)) = open.pop() {
            looked += 1;
            if looked > 64 {
                break;
            }
            for (key, inner) in self.flow.entries(value) {
                if key.as_deref().is_some_and(|key| self.catalogue.is_model_keyword(key)) {
                    report(self.flow.texts(inner));
                } else if depth < 4 {
                    open.push((inner, depth + 1));
                }
            }
        }
    }

    fn imports_ai(&self) -> bool {
        self.program.imports.iter().any(|import| {
            let root = import.split('.').next().unwrap_or_default();
            self.catalogue.is_package(root)
        })
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

    /// Fields of settings classes that hold a model: `model_name: str = "gpt-4o"` in a `BaseSettings`. Other files read
    /// them, so within this file nothing uses them.
    fn settings(&self, found: &mut Found) {
        for scope in self.program.scopes.iter().filter(|scope| scope.kind == ScopeKind::Class) {
            let by_name = ["Settings", "Config", "Configuration", "Arguments", "Args", "Params"]
                .iter()
                .any(|end| scope.name.ends_with(end));
            let by_base = scope.bases.iter().any(|base| {
                self.flow.origin(*base).is_some_and(|origin| origin.path.ends_with("BaseSettings"))
            });
            if !(by_name || by_base) {
                continue;
            }
            self.fields(scope.bindings.iter(), "settings", found);
        }
    }

    fn fields<'b>(
        &self,
        bindings: impl Iterator<Item = (&'b String, &'b Vec<super::program::Binding>)>,
        api: &str,
        found: &mut Found,
    ) {
        for (name, bindings) in bindings {
            let lower = name.to_ascii_lowercase();
            if !is_model_field(&lower) {
                continue;
            }
            for binding in bindings {
                for known in self.flow.texts(binding.value) {
                    if naming::is_model(&known.text) {
                        let mut usage = Usage {
                            kind: UsageKind::Model,
                            name: known.text.clone(),
                            version: None,
                            pinned: false,
                            provider: naming::provider(&known.text).map(str::to_owned),
                            api: Some(format!("{api} {name}")),
                            via: Some(known.via.max(Source::Attribute).name()),
                            local: false,
                            line: Some(u64::from(self.program.line(binding.value))),
                        };
                        pin(&mut usage, None);
                        found.add(usage);
                    }
                }
            }
        }
    }

    /// Module constants of files that are there to be imported for their settings.
    pub(crate) fn constants(&self, found: &mut Found) {
        if let Some(module) = self.program.scopes.first() {
            self.fields(module.bindings.iter(), "constant", found);
        }
    }
}

/// As [`usages`], for a file that only holds settings for others: its constants count as uses.
pub(crate) fn settings(program: &Program, objects: bool, found: &mut Found) {
    let flow = Flow::new(program, objects);
    Collector { flow: &flow, catalogue: Catalogue::get(), program }.constants(found);
}

/// Does a field, variable or key of this name (lower case) hold a model?
pub(crate) fn is_model_field(lower: &str) -> bool {
    let plain = ["model", "model_name", "model_id", "llm", "deployment", "engine"];
    plain.contains(&lower)
        || ["_model", "_model_name", "_model_id", "_llm", "_checkpoint"]
            .iter()
            .any(|end| lower.ends_with(end))
        || ["model_name_or_path", "base_model", "embedding_model", "pretrained_model"]
            .iter()
            .any(|part| lower.contains(part))
        || lower.starts_with("model_")
}

/// What a callee's own name says that it loads: `resnet18`, `mnist` of `mnist.load_data`, `iris` of `load_iris`.
fn callee_name(path: &str) -> &str {
    let mut parts = path.rsplit('.');
    let mut last = parts.next().unwrap_or_default();
    if matches!(last, "load_data" | "get_model" | "words") {
        last = parts.next().unwrap_or_default();
    }
    last.strip_prefix("load_").or_else(|| last.strip_prefix("fetch_")).unwrap_or(last)
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control)
}

fn blank(kind: UsageKind, origin: &Origin, line: u32) -> Usage {
    let api = origin.path.trim_start_matches("?.");
    Usage {
        kind,
        name: String::new(),
        version: None,
        pinned: false,
        provider: None,
        api: Some(bartizan_core::truncated(api, 120)),
        via: None,
        local: false,
        line: Some(u64::from(line)),
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
