//! What code and configuration use.

use std::collections::BTreeMap;

use bartizan_core::{Fact, Usage, UsageKind};

use super::{Component, Occurrence, Origin, Role, build::Builder, names};
use crate::bom::Asset;

/// Who answers over a network, rather than hand out files. `aws-bedrock` is of `aws`.
const SERVICES: &[&str] = &[
    "ai21",
    "anthropic",
    "aws",
    "azure",
    "baseten",
    "bedrock",
    "cerebras",
    "cohere",
    "dashscope",
    "databricks",
    "deepinfra",
    "deepseek",
    "fireworks",
    "gemini",
    "google",
    "groq",
    "jina",
    "litellm",
    "mistral",
    "moonshot",
    "nvidia",
    "openai",
    "openrouter",
    "perplexity",
    "replicate",
    "sagemaker",
    "together",
    "vertex",
    "vertexai",
    "voyage",
    "voyageai",
    "watsonx",
    "xai",
];

impl Builder<'_> {
    /// Joins all uses of one thing into one component; uses of different versions are different components.
    pub(super) fn usages(&mut self, assets: &[&Asset]) {
        let mut found: BTreeMap<(Role, String), Vec<(&Usage, &str)>> = BTreeMap::new();
        for asset in assets {
            for fact in &asset.facts {
                let Fact::Usage(usage) = fact else { continue };
                let role = role(usage.kind);
                let name = usage.name.trim();
                // An address of a hub is the thing that lies there.
                let hub = name.contains("://").then(|| names::hub_id(name)).flatten();
                let name = match role {
                    Role::Model | Role::Dataset => hub.unwrap_or(name),
                    _ => name,
                };
                if !name.is_empty() {
                    found.entry((role, name.to_owned())).or_default().push((usage, &asset.path));
                }
            }
        }
        // Services first: a model of an API is joined with the client that the code makes, whatever that is called.
        let (services, rest): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|((role, _), _)| *role == Role::Service);
        for ((role, name), uses) in services.into_iter().chain(rest) {
            for (usage, path) in &uses {
                let at = match self.local_use(role, &name, usage, path) {
                    Some(at) => at,
                    None => self.remote_use(role, &name, usage, path),
                };
                self.note(at, usage, path);
            }
        }
    }

    /// The component that a path in code means; a new one where no component is there yet.
    fn local_use(&mut self, role: Role, name: &str, usage: &Usage, path: &str) -> Option<usize> {
        if !matches!(role, Role::Model | Role::Dataset | Role::Prompt) {
            return None;
        }
        let candidates: Vec<String> =
            ["", names::folder(path)].iter().filter_map(|folder| names::resolve(folder, name)).collect();
        for candidate in &candidates {
            if let Some(at) = self.at_path(role, candidate) {
                return Some(at);
            }
        }
        let here = candidates.iter().find(|candidate| self.exists(candidate));
        if !usage.local && here.is_none() {
            return None;
        }
        // Names of a hub may be folders here by chance: only what says that it is a path, or is a file, is one.
        if !usage.local && here.is_some_and(|here| !self.assets.contains_key(here.as_str())) {
            return None;
        }
        let place = here.or_else(|| candidates.first()).cloned().unwrap_or_else(|| name.to_owned());
        if let Some(at) = self.by_path.get(&place) {
            return Some(*at);
        }
        let mut component = Component::new(role, place.clone());
        component.origin = if here.is_some() { Origin::Local } else { Origin::Missing };
        if let Some(asset) = self.assets.get(place.as_str()) {
            component.sha256.clone_from(&asset.sha256);
            component.size = Some(asset.size);
        }
        let at = self.add(component);
        self.by_path.insert(place, at);
        Some(at)
    }

    fn remote_use(&mut self, role: Role, name: &str, usage: &Usage, path: &str) -> usize {
        let (version, constraint) = version(role, usage);
        let at = self.find_or_add(role, name, version.as_deref());
        let is_of_hub = usage.name.contains("://") && names::hub_id(&usage.name).is_some_and(|id| id == name);
        let provider = usage.provider.as_deref().filter(|provider| *provider != "local");
        let provider = if is_of_hub { Some("huggingface") } else { provider };
        if let Some(component) = self.component(at) {
            if component.provider.is_none() {
                component.provider = provider.map(str::to_owned);
            }
            if component.constraint.is_none() {
                component.constraint = constraint;
            }
        }
        if let Some(provider) = provider.filter(|name| role == Role::Model && is_service(name)) {
            let service = self.service_of(provider, path);
            self.needs.insert((at, service));
            if let Some(component) = self.component(service) {
                component.provider = Some(provider.to_owned());
            }
        }
        if let Some(component) = self.component(at) {
            let addresses = addresses(component, name);
            component.addresses.extend(addresses);
            if role == Role::Model && is_embedding(name, usage.api.as_deref()) {
                component.properties.insert(("use".to_owned(), "embedding".to_owned()));
            }
        }
        at
    }

    /// The service that a provider's models are asked through: of several, the one that the same file speaks to.
    fn service_of(&mut self, provider: &str, path: &str) -> usize {
        let of_provider: Vec<(usize, &Component)> = self
            .of_role(Role::Service)
            .filter(|(_, component)| {
                component.name == provider || component.provider.as_deref() == Some(provider)
            })
            .collect();
        let in_file = |component: &Component| component.occurrences.iter().any(|found| found.path == path);
        let chosen = of_provider
            .iter()
            .find(|(_, component)| in_file(component))
            .or_else(|| of_provider.iter().find(|(_, component)| component.name == provider))
            .or_else(|| of_provider.first())
            .map(|(at, _)| *at);
        chosen.unwrap_or_else(|| self.find_or_add(Role::Service, provider, None))
    }

    /// Prompts that are files of their own; a model's chat template is a part of the model.
    pub(super) fn prompts(&mut self, assets: &[&Asset]) {
        for asset in assets.iter().filter(|asset| asset.kind == "jinja" && !asset.path.contains('!')) {
            let says = |text: &str| text.to_ascii_lowercase().contains("prompt");
            if !asset.path.split('/').any(says) || self.by_path.contains_key(&asset.path) {
                continue;
            }
            let mut component = Component::new(Role::Prompt, asset.path.clone());
            component.origin = Origin::Local;
            component.sha256.clone_from(&asset.sha256);
            component.size = Some(asset.size);
            let at = self.add(component);
            self.by_path.insert(asset.path.clone(), at);
            self.occurs(at, &asset.path, None);
        }
    }

    fn note(&mut self, at: usize, usage: &Usage, path: &str) {
        let service: Vec<usize> =
            self.needs.range((at, 0)..(at.saturating_add(1), 0)).map(|(_, to)| *to).collect();
        let occurrence =
            Occurrence { path: path.to_owned(), line: usage.line, api: usage.api.clone(), via: usage.via };
        for service in service {
            if let Some(component) =
                self.component(service).filter(|component| component.role == Role::Service)
            {
                component.occurrences.insert(occurrence.clone());
            }
        }
        let Some(component) = self.component(at) else { return };
        component.occurrences.insert(occurrence);
        // A service names its models itself, and local files are what they are.
        let can_be_pinned = match component.role {
            Role::Model | Role::Dataset => {
                component.origin == Origin::Remote && !component.provider.as_deref().is_some_and(is_service)
            }
            Role::Library | Role::Container => true,
            _ => false,
        };
        if can_be_pinned {
            // A lock fixes what a manifest leaves open.
            let is_locked = component.role == Role::Library
                && component.occurrences.iter().any(|occurrence| occurrence.api.as_deref() == Some("lock"));
            component.pinned = Some(is_locked || component.pinned.unwrap_or(true) && usage.pinned);
        }
    }
}

fn is_service(provider: &str) -> bool {
    let first = provider.split('-').next().unwrap_or(provider);
    SERVICES.contains(&provider) || SERVICES.contains(&first)
}

/// Where it can be had, when its name or its provider tells.
fn addresses(component: &Component, name: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    match component.provider.as_deref() {
        Some("torch-hub") => {
            // `owner/repository:ref` and the entry point, however they are joined.
            let repository = name.split(':').next().unwrap_or(name);
            if names::hub_id(repository).is_some() {
                all.push(("vcs".to_owned(), format!("https://github.com/{repository}")));
            }
        }
        Some("url") => all.push(("distribution".to_owned(), name.to_owned())),
        _ => {}
    }
    all
}

/// Is the model asked for vectors rather than for text?
fn is_embedding(name: &str, api: Option<&str>) -> bool {
    let says = |text: &str| text.to_ascii_lowercase().contains("embed");
    says(name) || api.is_some_and(says)
}

fn role(kind: UsageKind) -> Role {
    match kind {
        UsageKind::Model => Role::Model,
        UsageKind::Dataset => Role::Dataset,
        UsageKind::Library => Role::Library,
        UsageKind::Container => Role::Container,
        UsageKind::Service => Role::Service,
        UsageKind::VectorStore => Role::VectorStore,
        UsageKind::Agent => Role::Agent,
        UsageKind::McpServer => Role::McpServer,
        UsageKind::Tool => Role::Tool,
        UsageKind::Prompt => Role::Prompt,
    }
}

/// The exact version, or else what versions are allowed.
fn version(role: Role, usage: &Usage) -> (Option<String>, Option<String>) {
    let Some(text) = usage.version.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
        return (None, None);
    };
    if role != Role::Library {
        return (Some(text.to_owned()), None);
    }
    let exact = text.trim_start_matches('=').trim();
    let is_range = exact.starts_with(['<', '>', '~', '^', '!', '*']) || exact.contains([',', '|', ' ', '*']);
    if is_range || (!usage.pinned && !exact.starts_with(|c: char| c.is_ascii_digit() || c == 'v')) {
        (None, Some(text.to_owned()))
    } else {
        (Some(exact.to_owned()), None)
    }
}
