//! What is deployed and built by YAML: Compose, Kubernetes with its custom resources, values of Helm charts, and
//! pipelines of continuous integration.
//!
//! They share their vocabulary (`image`, `command`, `args`, `env`, `run`), so one walk reads them all; what only one of
//! them has is told apart by the document.

use bartizan_core::document::{Node, Value};

use super::{
    dockerfile, settings,
    syntax::{self, field, merged},
};
use crate::usage::{Found, image, naming, shell, thing, variables::Variables};

/// What a document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Compose,
    Kubernetes,
    Helm,
    Pipeline,
}

impl Purpose {
    /// By the file's path (lower case) and what stands at the document's root; `None` for other YAML.
    pub(super) fn of(path: &str, root: &Node) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let has = |key: &str| root.get(key).is_some();
        if has("apiVersion") && has("kind") {
            return Some(Self::Kubernetes);
        }
        let services = root.get("services").is_some_and(|services| {
            services.pairs().iter().any(|(_, service)| {
                ["image", "build", "provider", "extends"].iter().any(|key| field(service, key).is_some())
            })
        });
        if (has("jobs") && (has("on") || has("true")))
            || path.contains(".github/workflows/")
            || path.contains(".circleci/")
            || has("runs")
            || [
                ".gitlab-ci",
                "azure-pipelines",
                "bitbucket-pipelines",
                "cloudbuild",
                "dvc",
                "taskfile",
                "buildspec",
            ]
            .contains(&stem)
        {
            return Some(Self::Pipeline);
        }
        if services || stem.starts_with("docker-compose") || stem.starts_with("compose") {
            return Some(Self::Compose);
        }
        if stem == "values"
            || stem.starts_with("values-")
            || stem.starts_with("values.")
            || stem.ends_with("-values")
        {
            return Some(Self::Helm);
        }
        None
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Kubernetes => "kubernetes",
            Self::Helm => "helm",
            Self::Pipeline => "pipeline",
        }
    }
}

/// Reads a document.
pub(super) fn read(root: &Node, purpose: Purpose, found: &mut Found) {
    let mut walk = Walk { purpose, found };
    if purpose == Purpose::Kubernetes {
        match root.text_of("kind") {
            Some("Secret" | "SealedSecret" | "ExternalSecret") => return,
            Some("ConfigMap") => walk.environment(root.get("data"), &mut Variables::default()),
            _ => {}
        }
    }
    if purpose == Purpose::Compose {
        walk.models(root.get("models"));
    }
    walk.node(root, &Variables::default());
}

struct Walk<'a> {
    purpose: Purpose,
    found: &'a mut Found,
}

impl Walk<'_> {
    fn api(&self, key: &str) -> String {
        format!("{} {key}", self.purpose.name())
    }

    /// The document is only as deep as its reader allows.
    fn node(&mut self, node: &Node, around: &Variables) {
        match &node.value {
            Value::List(items) => items.iter().for_each(|item| self.node(item, around)),
            Value::Object(_) => {
                let set = ["env", "environment", "variables"].map(|key| field(node, key));
                let mut own = set.iter().any(Option::is_some).then(|| around.inherited());
                if let Some(own) = &mut own {
                    set.into_iter().for_each(|node| self.environment(node, own));
                }
                let variables = own.as_ref().unwrap_or(around);
                self.container(node, variables);
                self.steps(node, variables);
                let build = field(node, "build").filter(|_| self.purpose == Purpose::Compose);
                self.environment(build.and_then(|build| field(build, "args")), &mut variables.inherited());
                self.addresses(node);
                for (key, value) in merged(node) {
                    // What does not run: descriptions of values, checks, and the environment, which was read.
                    let passed = matches!(
                        key,
                        "env" | "environment" | "variables" | "openAPIV3Schema" | "healthcheck"
                    );
                    if !passed && !thing::is_secret(&key.to_ascii_lowercase()) {
                        self.node(value, variables);
                    }
                }
            }
            _ => {}
        }
    }

    /// A mapping with an image, or with what to run in one.
    fn container(&mut self, node: &Node, variables: &Variables) {
        let image = self.image(node, variables);
        let program = ["entrypoint", "command"].iter().find_map(|key| field(node, key));
        let arguments = match self.purpose {
            Purpose::Compose => field(node, "entrypoint").and(field(node, "command")),
            _ => ["args", "arguments", "extraArgs", "extra_args"].iter().find_map(|key| field(node, key)),
        };
        let Some(first) = program.or(arguments) else { return };
        let mut words = Vec::new();
        for part in program.into_iter().chain(arguments) {
            match &part.value {
                Value::Text(text) => {
                    words.extend(shell::split(text).iter().map(|word| variables.expand(word)));
                }
                Value::List(items) => {
                    words
                        .extend(items.iter().filter_map(Node::scalar).map(|word| expanded(&word, variables)));
                }
                // Arguments by name, as charts have them.
                Value::Object(pairs) => {
                    for (name, value) in pairs {
                        words.extend(value.scalar().map(|value| format!("--{name}={value}")));
                    }
                }
                _ => {}
            }
        }
        let line = program.and(arguments).unwrap_or(first).line;
        image::started(&image, &words, line, self.found);
    }

    /// The image of a container: a text, or a repository with a tag.
    fn image(&mut self, node: &Node, variables: &Variables) -> String {
        let written = match field(node, "image").or_else(|| field(node, "container")) {
            Some(Node { value: Value::Text(text), line }) => Some((variables.expand(text), *line)),
            // GitLab and others name an image beside what it is to do.
            Some(image) if self.purpose == Purpose::Pipeline => {
                let name = field(image, "name").or_else(|| field(image, "image"));
                name.and_then(|name| Some((variables.expand(name.text()?), name.line)))
            }
            _ => None,
        };
        let whole = written.or_else(|| {
            let repository = field(node, "repository")
                .or_else(|| field(node, "image").filter(|one| one.is_object())?.get("repository"))?;
            let parent = if field(node, "repository").is_some() { node } else { field(node, "image")? };
            let versioned =
                ["tag", "digest", "registry", "pullPolicy"].iter().any(|key| field(parent, key).is_some());
            if !versioned || self.purpose == Purpose::Pipeline {
                return None;
            }
            let text = |key: &str| field(parent, key).and_then(Node::scalar).filter(|text| !text.is_empty());
            let registry = text("registry").map(|registry| format!("{registry}/")).unwrap_or_default();
            let tag = text("tag").map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = text("digest").map(|digest| format!("@{digest}")).unwrap_or_default();
            Some((format!("{registry}{}{tag}{digest}", repository.text()?), repository.line))
        });
        let Some((name, line)) = whole else { return String::new() };
        let built = self.purpose == Purpose::Compose && field(node, "build").is_some();
        let name = dockerfile::known(&name);
        if !built && is_image(name) {
            image::image(name, &self.api("image"), line, self.found);
        }
        name.to_owned()
    }

    /// Variables, as a mapping, as a list of names and values, or as a list of assignments.
    fn environment(&mut self, node: Option<&Node>, variables: &mut Variables) {
        let Some(node) = node else { return };
        let mut pairs: Vec<(String, String, u32)> = Vec::new();
        for (key, value) in merged(node) {
            let value = value.get("value").unwrap_or(value);
            pairs.extend(value.scalar().map(|text| (key.to_owned(), text, value.line)));
        }
        for item in node.items() {
            if let Some((key, value)) = item.text().and_then(|text| text.split_once('=')) {
                pairs.push((key.to_owned(), value.to_owned(), item.line));
            } else if let (Some(key), Some(value)) = (item.text_of("name"), item.get("value")) {
                pairs.extend(value.scalar().map(|text| (key.to_owned(), text, value.line)));
            }
        }
        // Text Generation Inference and its kin take the model and its revision in two variables.
        let of = |wanted: &str| {
            pairs.iter().find(|(key, ..)| key == wanted).map(|(_, value, _)| variables.expand(value))
        };
        let revision = of("MODEL_REVISION").or_else(|| of("REVISION"));
        for (key, value, line) in pairs {
            let value = variables.expand(&value);
            let revision =
                revision.as_deref().filter(|_| matches!(key.as_str(), "MODEL_ID" | "MODEL" | "MODEL_NAME"));
            thing::environment_at(&key, &value, revision, &self.api("environment"), line, self.found);
            variables.set(&key, value);
        }
    }

    /// Steps of a pipeline.
    fn steps(&mut self, node: &Node, variables: &Variables) {
        if let Some(inline) = node.text_of("dockerfile_inline") {
            dockerfile::read(inline, self.found);
        }
        if let Some(image) = node.text_of("uses").and_then(|uses| uses.strip_prefix("docker://")) {
            let line = node.get("uses").map_or(node.line, |uses| uses.line);
            image::image(image, &self.api("uses"), line, self.found);
        }
        if self.purpose != Purpose::Pipeline {
            return;
        }
        let keys = ["run", "script", "before_script", "after_script", "cmd", "cmds", "commands", "bash"];
        for step in keys.iter().filter_map(|key| field(node, key)) {
            let mut variables = variables.clone();
            for part in std::iter::once(step).chain(step.items()) {
                if let Some(text) = part.text() {
                    shell::script(&without_expressions(text), part.line, &mut variables, self.found);
                }
            }
        }
    }

    /// Where serving takes its weights from.
    fn addresses(&mut self, node: &Node) {
        for (key, value) in merged(node) {
            let Some(text) = value.text() else { continue };
            self.embedded(text, value.line);
            let lower = settings::snake(key);
            let storage = matches!(lower.as_str(), "storage_uri" | "model_uri" | "model_url" | "model_path");
            let api = self.api(key);
            if let Some(id) = text.strip_prefix("hf://") {
                let (id, revision) = match id.split_once(':').or_else(|| id.split_once('@')) {
                    Some((id, revision)) => (id, Some(revision.to_owned())),
                    None => (id, None),
                };
                thing::model(id, revision, "huggingface", &api, value.line, self.found);
            } else if let Some(name) = text.strip_prefix("ollama://") {
                thing::model(name, None, "ollama", &api, value.line, self.found);
            } else if storage && text.contains("://") {
                let scheme = text.split("://").next().unwrap_or_default();
                let known = ["s3", "gs", "az", "abfs", "oci", "pvc", "hdfs", "models", "https", "http"];
                if known.contains(&scheme) && !text.contains('@') {
                    thing::model(text, None, scheme, &api, value.line, self.found);
                }
            }
        }
    }

    /// A whole file as a text: settings of an application in a `ConfigMap`, or of Ray Serve.
    fn embedded(&mut self, text: &str, line: u32) {
        if self.purpose != Purpose::Kubernetes || !text.contains('\n') || !text.contains("model") {
            return;
        }
        let mut inner = Found::default();
        for root in syntax::yaml(text, 32).iter().filter(|root| root.is_object()) {
            settings::read(root, &self.api("settings"), &mut inner);
        }
        self.found.below(inner, line);
    }

    /// Compose's own models: `models: {llm: {model: ai/smollm2}}`, or a name alone.
    fn models(&mut self, node: Option<&Node>) {
        for (_, value) in node.map(Node::pairs).unwrap_or_default() {
            let name = value.get("model").unwrap_or(value);
            if let Some(text) = name.text() {
                thing::model(text, None, "docker", "compose models", name.line, self.found);
            }
        }
    }
}

/// Kubernetes writes `$(NAME)` for a variable.
fn expanded(word: &str, variables: &Variables) -> String {
    let name = word.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    match name.and_then(|name| variables.get(name)) {
        Some(value) => value.to_owned(),
        None => variables.expand(word),
    }
}

/// The script with the expressions of GitHub Actions as variables of a shell: `${{ env.NAME }}` as `${NAME}`, any other as
/// one that nobody knows.
fn without_expressions(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once("${{") {
        out.push_str(before);
        let (inner, behind) = after.split_once("}}").unwrap_or((after, ""));
        let name = inner.trim().strip_prefix("env.").unwrap_or("__unknown");
        out.push_str("${");
        out.extend(name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_'));
        out.push('}');
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Is it the name of an image, rather than a picture?
fn is_image(name: &str) -> bool {
    let pictures = [".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".ico"];
    naming::is_plausible(name)
        && !name.contains("://")
        && !name.starts_with(['.', '/'])
        && !pictures.iter().any(|end| name.to_ascii_lowercase().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::super::{
        syntax,
        tests::{shown, with},
    };

    fn shown_of(path: &str, text: &str) -> Vec<String> {
        shown(&with(|found| {
            for root in syntax::yaml(text, 64) {
                super::read(&root, super::Purpose::of(path, &root).unwrap(), found);
            }
        }))
    }

    #[test]
    fn compose_names_images_models_and_what_they_serve() {
        let text = "x-base: &base\n  image: vllm/vllm-openai:v0.6.3\nservices:\n  a:\n    <<: *base\n    command: --model Qwen/Qwen2.5-7B-Instruct --port 80\n\
                    \x20 b:\n    image: ghcr.io/x/tei:1.5\n    command: [\"--model-id\", \"BAAI/bge-large-en-v1.5\"]\n    environment:\n      - HF_TOKEN=${HF_TOKEN}\n      - RERANK_MODEL=${R:-BAAI/bge-reranker-base}\n\
                    \x20 c:\n    build: {context: ., args: {BASE_MODEL: org/b-7b}}\n    image: mine:1\n    environment: {OPENAI_MODEL: gpt-4o}\n    entrypoint: ollama\n    command: pull llama3\n\
                    models:\n  llm: {model: ai/smollm2}\n";
        assert_eq!(
            shown_of("docker-compose.yml", text),
            [
                "2 container vllm/vllm-openai:v0.6.3 v0.6.3",
                "6 model Qwen/Qwen2.5-7B-Instruct",
                "8 container ghcr.io/x/tei:1.5 1.5",
                "9 model BAAI/bge-large-en-v1.5",
                "12 model BAAI/bge-reranker-base",
                "14 model org/b-7b",
                "16 model gpt-4o",
                "18 model llama3",
                "20 model ai/smollm2",
            ]
        );
    }

    #[test]
    fn kubernetes_names_containers_storage_and_environment() {
        let text = "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec:\n  predictor:\n    model:\n      storageUri: hf://openai/clip-vit-large-patch14\n\
                    ---\napiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: v\n          image: vllm/vllm-openai\n\
                    \x20         args: [\"--model\", \"$(M)\"]\n          env:\n            - {name: M, value: google/gemma-2-9b-it}\n            - {name: API_KEY, value: gpt-4}\n\
                    ---\napiVersion: v1\nkind: ConfigMap\ndata:\n  LLM_MODEL: gpt-4o-mini\n  app.yaml: |\n    llm:\n      model: org/e-7b\n---\napiVersion: v1\nkind: Secret\nstringData: {MODEL: gpt-4}\n";
        assert_eq!(
            shown_of("k8s/serve.yaml", text),
            [
                "6 model openai/clip-vit-large-patch14",
                "15 container vllm/vllm-openai",
                "16 model google/gemma-2-9b-it",
                "24 model gpt-4o-mini",
                "27 model org/e-7b",
            ]
        );
    }

    #[test]
    fn charts_and_pipelines_are_read() {
        let values = "image:\n  registry: ghcr.io\n  repository: x/tgi\n  tag: \"2.0\"\nextraArgs:\n  model-id: org/m-7b\nicon:\n  image: logo.png\n";
        assert_eq!(
            shown_of("chart/values.yaml", values),
            ["3 container ghcr.io/x/tgi:2.0 2.0", "6 model org/m-7b"]
        );
        let workflow = "on: push\nenv:\n  MODEL: org/w-1b\njobs:\n  a:\n    container: python:3.12\n    steps:\n      - uses: docker://x/y:1\n      - run: |\n          # first\n          pip install vllm==0.6.0\n          hf download $MODEL\n      - run: pip install ${{ inputs.package }} && hf download ${{ env.MODEL }}\n";
        assert_eq!(
            shown_of(".github/workflows/a.yml", workflow),
            [
                "3 model org/w-1b",
                "6 container python:3.12 3.12",
                "8 container x/y:1 1",
                "11 library vllm 0.6.0 pinned",
                "12 model org/w-1b",
                "13 model org/w-1b",
            ]
        );
    }
}
