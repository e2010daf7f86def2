//! What one call uses, as an entry of the catalogue tells.

use bartizan_core::{Usage, UsageKind};

use super::{
    super::{
        Found,
        catalogue::{Entry, Language, Place, Source},
        flow::{Known, Origin},
        naming,
        program::{Shape, ValueId},
        provider,
    },
    Collector, blank, pin,
};

/// Names of repositories that are spelled in addresses of Hugging Face's inference service.
const INFERENCE: &[&str] =
    &["api-inference.huggingface.co/models/", "router.huggingface.co/hf-inference/models/"];

impl Collector<'_> {
    pub(super) fn imports_any(&self, packages: &[String]) -> bool {
        self.program.imports.iter().any(|import| {
            packages.iter().any(|package| {
                import
                    .strip_prefix(package.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
            })
        })
    }

    pub(super) fn applies(&self, entry: &Entry, id: ValueId) -> bool {
        if entry.language == Some(Language::Javascript) && !self.flow.objects() {
            return false;
        }
        if !entry.imports.is_empty() && !self.imports_any(&entry.imports) {
            return false;
        }
        let mut values = entry.given.iter().flat_map(|argument| self.flow.argument(id, argument)).peekable();
        let is_left_out = entry.given.is_empty() || entry.by_default && values.peek().is_none();
        if !is_left_out && !values.any(|value| self.flow.is_something(value)) {
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

    /// Tells what an entry says about a call. Was there anything?
    pub(super) fn entry(&self, entry: &Entry, id: ValueId, origin: &Origin, found: &mut Found) -> bool {
        let before = found.usages.len();
        let line = self.program.line(id);
        for argument in &entry.files {
            for value in self.flow.argument(id, argument) {
                for known in self.flow.leaves(value) {
                    // Files of a dataset on the hub: the dataset is what is used.
                    if let Some((id, at)) =
                        naming::hub_id(&known.text).filter(|_| known.text.starts_with("hf://datasets/"))
                    {
                        let mut usage = Usage {
                            name: id,
                            via: Some(known.via.name()),
                            provider: Some("huggingface".to_owned()),
                            ..blank(UsageKind::Dataset, origin, line)
                        };
                        pin(&mut usage, at);
                        found.add(usage);
                    } else if naming::is_plausible(&known.text) || naming::is_path(&known.text) {
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
        let paired = self.paired(entry, id);
        let repo_type = self.first_texts(id, &["repo_type".to_owned()]).into_iter().next();
        let kind = match (entry.kind, repo_type.as_ref().map(|known| known.text.as_str())) {
            (UsageKind::Model, Some("dataset")) => UsageKind::Dataset,
            (UsageKind::Model, Some("space")) => return true,
            (kind, _) => kind,
        };
        let address = self.address(entry, id, origin);
        for known in names {
            if entry.unless.contains(&known.text) {
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
            let mut revisions: Vec<Option<String>> =
                paired.iter().filter(|(name, _)| *name == known.text).map(|(_, at)| at.clone()).collect();
            if revisions.is_empty() {
                revisions.push(revision.clone());
            }
            for revision in revisions {
                let usage = self.usage(entry, kind, known.clone(), revision, &address, origin, line);
                if let Some(usage) = usage {
                    found.add(usage);
                }
            }
        }
        found.usages.len() > before
    }

    /// Names with their revisions, where both are parameters of the same function: each caller gives its own pair.
    fn paired(&self, entry: &Entry, id: ValueId) -> Vec<(String, Option<String>)> {
        let given = |arguments: &[String]| {
            arguments.iter().find_map(|argument| self.flow.argument(id, argument).into_iter().next())
        };
        let (Some(name), Some(revision)) = (given(&entry.name), given(&entry.revision)) else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (name, revision) in self.flow.given_together(name, revision) {
            let at = revision.and_then(|value| self.flow.texts(value).into_iter().next());
            let at = at.map(|known| known.text);
            pairs.extend(self.flow.texts(name).into_iter().map(|known| (known.text, at.clone())));
        }
        pairs
    }

    fn names(&self, entry: &Entry, id: ValueId, origin: &Origin) -> Vec<Known> {
        if let Some(fixed) = &entry.fixed {
            return vec![Known::new(fixed.clone(), Source::Literal)];
        }
        let mut names = Vec::new();
        for argument in &entry.name {
            names = if argument == "@callee" {
                vec![Known::new(callee_name(&origin.path).to_owned(), Source::Literal)]
            } else if argument == "@package" {
                let package = origin.path.split('.').next().unwrap_or_default().to_owned();
                vec![Known::new(package, Source::Literal)]
            } else if argument == "@server" {
                self.server(id)
            } else if argument == "@keys" {
                let entries =
                    self.flow.argument(id, "0").into_iter().flat_map(|value| self.flow.entries(value));
                entries.filter_map(|(key, _)| key).map(|text| Known::new(text, Source::Literal)).collect()
            } else if argument == "@target" {
                self.target(id).into_iter().map(|text| Known::new(text, Source::Literal)).collect()
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
                        second.iter().map(|second| {
                            Known::new(format!("{}:{}", first.text, second.text), first.via.max(second.via))
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
            entry.provider.clone().or_else(|| {
                let by_name = || provider::by_name(&known.text);
                provider::by_callee(&origin.path).or_else(by_name).map(str::to_owned)
            })
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
        let mut revision = revision;
        let mut name = inside(&known.text).unwrap_or_else(|| known.text.clone());
        if let Some((id, at)) = naming::hub_id(&name) {
            name = id;
            revision = revision.or(at);
            usage.provider = Some("huggingface".to_owned());
        } else if let Some((provider, model)) = provider::apart(&name).filter(|_| entry.provider.is_none()) {
            usage.provider = Some(provider::plain(provider).to_owned());
            name = model.to_owned();
        }
        // A bare name below a folder that is only known at run time says nothing.
        let is_bare = known.is_path && !name.contains('/') && !naming::is_path(&name);
        if is_bare && entry.place == Place::Either {
            return None;
        }
        let is_local = match entry.place {
            Place::Local => !name.contains("://") && usage.provider.as_deref() != Some("huggingface"),
            Place::Remote => false,
            Place::Either => known.is_path || naming::is_path(&name),
        };
        let is_address = entry.place == Place::Local && is_file_name(&name);
        if !(naming::is_plausible(&name) || is_local && is_file_name(&name) || is_address) {
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
