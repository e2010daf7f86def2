//! What configuration uses: images, packages, models, datasets, servers and prompts, named by files that deploy, build,
//! install and set up.
//!
//! `form` tells files apart, `syntax` reads JSON, YAML and TOML into one kind of tree, and one reader per purpose names
//! what stands in it. The inspector is a companion: whoever else reads the file still does.

use bartizan_core::{
    Asset, Cell, Claim, Context, Description, Finding, Inspection, Inspector, Kind, Probe, Rule, Section,
    UsageKind,
};

use crate::usage::{Found, image, thing};

mod deployment;
mod dockerfile;
mod environment;
mod form;
mod hydra;
mod lock;
mod manifest;
mod prompt;
mod requirements;
mod rules;
mod script;
mod servers;
mod settings;
mod syntax;
#[cfg(test)]
mod tests;

use form::Form;

/// Reads configuration.
#[derive(Debug)]
pub struct ConfigurationInspector;

/// Larger locks are not read.
const LARGEST_LOCK: u64 = 32 << 20;
/// Nor are larger files of other forms.
const LARGEST: u64 = 8 << 20;
/// What people write by hand, instruction by instruction, is shorter still.
const LARGEST_LIST: u64 = 1 << 20;
/// Scripts carry payloads behind them; they are read as far as this.
const SCRIPT: u64 = 2 << 20;
/// Words without one of which no YAML or TOML is parsed.
const TELLING: &[&str] = &[
    "image",
    "model",
    "dataset",
    "command",
    "args",
    "entrypoint",
    "run",
    "script",
    "env",
    "hf://",
    "llm",
    "engine",
    "mcp_servers",
    "_target_",
];

impl Inspector for ConfigurationInspector {
    fn kind(&self) -> Kind {
        Kind::new("configuration")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if Form::of(probe).is_some() { Claim::Name } else { Claim::No }
    }

    fn is_companion(&self) -> bool {
        true
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let Some(form) = form_of(asset) else { return inspection };
        inspection.kind = Some(form.kind());
        match usages(asset, form, context) {
            Ok(found) => {
                unpinned(&found, asset, &mut inspection);
                found.tell(asset, &mut inspection);
            }
            Err(reason) => inspection.coverage.miss(reason),
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let found = form_of(asset).and_then(|form| usages(asset, form, context).ok());
        let mut section = Section::new("uses", &["line", "kind", "name", "version", "pinned", "by"]);
        for usage in found.map(|found| found.usages).unwrap_or_default() {
            let kind = serde_json::to_value(usage.kind).ok();
            let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            section.push(
                context.limits.rows,
                vec![
                    Cell::Number(usage.line.unwrap_or_default()),
                    Cell::Text(kind),
                    Cell::Text(usage.name),
                    Cell::Text(usage.version.unwrap_or_default()),
                    Cell::Text(usage.pinned.to_string()),
                    Cell::Text(usage.api.unwrap_or_default()),
                ],
            );
        }
        Description { sections: vec![section] }
    }
}

fn form_of(asset: &Asset) -> Option<Form> {
    Form::of(&Probe::new(asset).ok()?)
}

/// Reads the file.
fn usages(asset: &Asset, form: Form, context: &Context<'_>) -> Result<Found, String> {
    let mut found = Found::default();
    let (text, whole) = content(asset, form, context)?;
    found.cut = !whole;
    let depth = context.limits.depth;
    let tree = |node: Result<bartizan_core::document::Node, bartizan_core::document::Malformed>| {
        node.map_err(|error| format!("the configuration could not be read: {error}"))
    };
    let path = asset.path.as_str().replace('!', "/").to_ascii_lowercase();
    match form {
        Form::Dockerfile => dockerfile::read(&text, &mut found),
        Form::Environment => environment::read(&text, &mut found),
        Form::Requirements(constraint) => {
            let api = if constraint { "constraints" } else { "requirements" };
            requirements::read(&text, api, &mut found);
        }
        Form::Modelfile => modelfile(&text, &mut found),
        Form::Script => script::script(&text, &mut found),
        Form::Makefile => script::makefile(&text, &mut found),
        Form::SetupConfiguration => manifest::setup_configuration(&text, &mut found),
        Form::SetupScript => manifest::setup_script(&text, &mut found),
        Form::Prompt => {
            prompt::name(asset, &text, &mut found);
            prompt::front_matter(&text, depth, &mut found);
        }
        Form::YarnLock => lock::yarn(&text, &mut found),
        Form::PnpmLock => lock::pnpm(&text, &mut found),
        Form::PythonLock => lock::python(&tree(syntax::toml(&text))?, &mut found),
        Form::Pyproject => manifest::pyproject(&tree(syntax::toml(&text))?, &mut found),
        Form::Pipfile => manifest::pipfile(&tree(syntax::toml(&text))?, &mut found),
        Form::Conda => {
            syntax::yaml(&text, depth).iter().for_each(|root| manifest::conda(root, &mut found));
        }
        Form::Yaml => yaml(asset, &path, &text, depth, &mut found),
        Form::Toml => {
            // Settings of other programs may be what no TOML is; nothing is known about them then.
            if is_telling(&text)
                && let Ok(root) = syntax::toml(&text)
            {
                settings::read(&root, "settings", &mut found);
                servers::read(&root, &mut found);
            }
        }
        _ => {
            // Whoever reads all JSON reports what is broken.
            if let Ok(root) = syntax::json(&text, depth) {
                match form {
                    Form::PackageManifest => manifest::package(&root, &mut found),
                    Form::PackageLock => lock::npm(&root, &mut found),
                    Form::PipfileLock => lock::pipenv(&root, &mut found),
                    Form::BunLock => lock::bun(&root, &mut found),
                    Form::Devcontainer => {
                        if let Some(node) = root.get("image") {
                            let name = node.text().unwrap_or_default();
                            image::image(name, "devcontainer", node.line, &mut found);
                        }
                    }
                    _ => servers::read(&root, &mut found),
                }
            }
        }
    }
    Ok(found)
}

/// The file's text, and whether it is all of it.
fn content(asset: &Asset, form: Form, context: &Context<'_>) -> Result<(String, bool), String> {
    if matches!(form, Form::Script | Form::Makefile | Form::Prompt) {
        let head =
            asset.content.head(SCRIPT).map_err(|error| format!("the script could not be read: {error}"))?;
        let end = memchr::memchr(0, &head);
        let whole = end.is_some() || asset.content.len() <= SCRIPT;
        return Ok((syntax::text(head.get(..end.unwrap_or(head.len())).unwrap_or_default()), whole));
    }
    let lock = matches!(
        form,
        Form::PythonLock
            | Form::PipfileLock
            | Form::PackageLock
            | Form::YarnLock
            | Form::PnpmLock
            | Form::BunLock
    );
    let limit = match form {
        _ if lock => LARGEST_LOCK,
        Form::Dockerfile | Form::Environment => LARGEST_LIST,
        _ => LARGEST,
    };
    match asset.content.whole(limit.min(context.limits.held)) {
        Ok(bytes) => Ok((syntax::text(&bytes), true)),
        // Data may be written as YAML or TOML too; configuration is never that long.
        Err(_) if matches!(form, Form::Yaml | Form::Toml) && asset.content.len() > LARGEST => {
            Ok((String::new(), true))
        }
        Err(error) => Err(format!("the configuration could not be read: {error}")),
    }
}

fn is_telling(text: &str) -> bool {
    TELLING.iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

fn yaml(asset: &Asset, path: &str, text: &str, depth: usize, found: &mut Found) {
    let is_prompt = path.ends_with(".prompt.yml") || path.ends_with(".prompt.yaml");
    if is_prompt {
        prompt::name(asset, text, found);
    }
    if !is_telling(text) {
        return;
    }
    for root in syntax::yaml(text, depth) {
        let purpose = deployment::Purpose::of(path, &root);
        if let Some(purpose) = purpose {
            deployment::read(&root, purpose, found);
        }
        if root.text_of("kind") != Some("Secret") {
            settings::read(&root, "settings", found);
            servers::read(&root, found);
        }
    }
}

/// Ollama's recipe of a model: what it is made from (<https://docs.ollama.com/modelfile>).
fn modelfile(text: &str, found: &mut Found) {
    for (number, line) in (1u32..).zip(text.lines()) {
        let Some((word, rest)) = line.trim().split_once(char::is_whitespace) else { continue };
        let name = rest.trim().trim_matches('"');
        if word.eq_ignore_ascii_case("FROM") || word.eq_ignore_ascii_case("ADAPTER") {
            thing::model(
                name,
                None,
                "ollama",
                &format!("Modelfile {}", word.to_ascii_uppercase()),
                number,
                found,
            );
        }
    }
}

/// Manifests for a cluster that stand in a script, from this line on.
pub(crate) fn manifests(text: &str, line: u32, found: &mut Found) {
    let mut inner = Found::default();
    inner.depth = found.depth;
    for root in syntax::yaml(text, 64) {
        if deployment::Purpose::of("", &root) == Some(deployment::Purpose::Kubernetes) {
            deployment::read(&root, deployment::Purpose::Kubernetes, &mut inner);
        }
    }
    found.below(inner, line);
}

/// Images and servers that are taken as they come.
fn unpinned(found: &Found, asset: &Asset, inspection: &mut Inspection) {
    let mut told = std::collections::HashSet::new();
    for usage in &found.usages {
        let fetched = usage.provider.as_deref().is_some_and(|provider| matches!(provider, "npm" | "pypi"));
        let tag = usage.version.as_deref();
        let (rule, label, message) = match usage.kind {
            UsageKind::Container
                if tag.is_none_or(|tag| matches!(tag, "latest" | "main" | "nightly" | "edge")) =>
            {
                let how = tag.map_or("without a tag".to_owned(), |tag| format!("at `{tag}`, which moves"));
                (&rules::UNPINNED_IMAGE, "image", format!("the image `{}` is used {how}", usage.name))
            }
            UsageKind::McpServer if fetched && !usage.pinned => {
                let message = format!(
                    "the MCP server `{}` is started from a package without a fixed version",
                    usage.name
                );
                (&rules::UNPINNED_SERVER, "server", message)
            }
            _ => continue,
        };
        if told.insert((rule.id, usage.name.clone())) {
            let mut finding = Finding::new(rule, asset, message).evidence(label, &usage.name);
            if let Some(line) = usage.line.and_then(|line| u32::try_from(line).ok()) {
                finding = finding.line(line);
            }
            inspection.find(finding);
        }
    }
}
