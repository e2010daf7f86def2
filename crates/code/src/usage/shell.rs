//! Command lines: installs, downloads of models, and servers that are told which model to serve.
//!
//! They stand in notebooks (`!pip install x`), Dockerfiles, workflows, Compose and Kubernetes files and scripts.

use bartizan_core::{Usage, UsageKind, document::json};

use super::{Found, collect, heredoc, naming, requirement, variables::Variables};

/// Words of one command that are looked at.
const MOST_WORDS: usize = 4096;

/// Programs that only start another one.
const STARTERS: &[&str] = &[
    "sudo",
    "env",
    "time",
    "exec",
    "nohup",
    "command",
    "xvfb-run",
    "uv",
    "uvx",
    "poetry",
    "pipenv",
    "run",
    "torchrun",
    "accelerate",
    "launch",
    "deepspeed",
    "nice",
    "bash",
    "sh",
    "-c",
    "-lc",
    "-m",
    "python",
    "python3",
    "npx",
    "export",
    "declare",
    "readonly",
    "local",
    "if",
    "then",
    "else",
    "elif",
    "while",
    "until",
    "do",
    "{",
    "eval",
    "tini",
    "gosu",
    "dumb-init",
    "tool",
];

/// Options whose value is a model, without their dashes and with `_` for `-`.
const MODEL_OPTIONS: &[&str] = &[
    "model",
    "m",
    "model_id",
    "model_name",
    "model_name_or_path",
    "model_path",
    "model_tag",
    "base_model",
    "hf_repo",
    "hf_model",
    "embedding_model",
    "pretrained_model_name_or_path",
    "pretrained_model",
    "llm",
    "model_repo",
    "tokenizer",
    "draft_model",
    "speculative_model",
    "checkpoint",
    "ckpt",
    "repo_id",
];

/// Options whose value is a dataset.
const DATASET_OPTIONS: &[&str] =
    &["dataset", "dataset_name", "datasets", "train_file", "validation_file", "data_path", "train_data"];

/// Programs that serve or run a model given by `--model` or `-m`.
const SERVERS: &[&str] = &[
    "vllm",
    "text-generation",
    "llama",
    "sglang",
    "lmdeploy",
    "infinity",
    "text-embeddings",
    "tritonserver",
    "mlc",
    "tabby",
    "xinference",
    "trtllm",
    "api_server",
    "launch_server",
    "aphrodite",
    "openllm",
    "optimum-cli",
];

/// Scripts inside scripts that are followed: `bash -c "bash -c …"`.
const DEPTH: usize = 8;

/// Reads a line or script of shell that begins on this line.
pub(crate) fn read(script: &str, line: u32, found: &mut Found) {
    self::script(script, line, &mut Variables::default(), found);
}

/// Reads a script that sets and uses these variables.
pub(crate) fn script(script: &str, line: u32, variables: &mut Variables, found: &mut Found) {
    let (script, documents) = heredoc::split(script);
    for (at, words) in commands(&script) {
        let line = line.saturating_add(at);
        let documents: Vec<&heredoc::Document> = documents.iter().filter(|one| one.command == at).collect();
        for words in variables.applied(&words) {
            self::words(&words, line, found);
            for document in &documents {
                let below = line.saturating_add(1);
                given(&words, &document.text, below, variables, found);
            }
        }
    }
}

/// A document that a command is given: code for an interpreter.
fn given(words: &[String], text: &str, line: u32, variables: &mut Variables, found: &mut Found) {
    let program = words.iter().map(|word| word.rsplit('/').next().unwrap_or(word));
    for program in program {
        if program.starts_with("python") {
            python(text, line, found);
        } else if matches!(program, "sh" | "bash") && found.depth < DEPTH {
            found.depth = found.depth.saturating_add(1);
            script(text, line, variables, found);
            found.depth = found.depth.saturating_sub(1);
        } else if program != "sudo" {
            return;
        }
    }
}

/// Python that stands in a command.
pub(crate) fn python(source: &str, line: u32, found: &mut Found) {
    if found.depth >= DEPTH {
        return;
    }
    let used = crate::python::uses(source);
    found.cut |= used.cut;
    for mut usage in used.usages {
        usage.line = usage.line.and_then(|own| own.checked_add(u64::from(line))?.checked_sub(1));
        found.add(usage);
    }
}

/// Splits a script into commands of words, quotes taken off, each with how many lines below the first it begins.
pub(super) fn commands(script: &str) -> Vec<(u32, Vec<String>)> {
    let mut all = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut open = false;
    let mut quote: Option<char> = None;
    let mut characters = script.chars().peekable();
    let (mut line, mut start) = (0u32, 0u32);
    while let Some(c) = characters.next() {
        if words.is_empty() && word.is_empty() && !open {
            start = line;
        }
        line = line.saturating_add(u32::from(c == '\n'));
        let ends_word = quote.is_none() && (c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')'));
        if ends_word && c == '(' && word.ends_with('$') {
            // What `$(…)` gives is not known, but the command in it runs.
            word.clear();
        }
        if ends_word {
            if open || !word.is_empty() {
                words.push(std::mem::take(&mut word));
                open = false;
            }
            if c == '\n' || !c.is_whitespace() || words.len() >= MOST_WORDS {
                all.push((start, std::mem::take(&mut words)));
            }
            continue;
        }
        match (c, quote) {
            ('#', None) if word.is_empty() && !open => {
                // A comment ends with its line.
                for c in characters.by_ref() {
                    if c == '\n' {
                        line = line.saturating_add(1);
                        break;
                    }
                }
                all.push((start, std::mem::take(&mut words)));
            }
            ('\\', None | Some('"')) => match characters.next() {
                Some('\n') => line = line.saturating_add(1),
                Some('\r') | None => {}
                Some(other) => word.push(other),
            },
            ('\'' | '"', None) => {
                quote = Some(c);
                open = true;
            }
            (c, Some(q)) if c == q => quote = None,
            (c, _) => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    all.push((start, words));
    all.retain(|(_, command)| !command.is_empty());
    all
}

/// The words of a text, quotes taken off.
pub(crate) fn split(text: &str) -> Vec<String> {
    commands(text).into_iter().flat_map(|(_, words)| words).collect()
}

/// Reads the words of one command.
pub(crate) fn words(words: &[String], line: u32, found: &mut Found) {
    let mut rest: &[String] = words;
    while let Some((first, after)) = rest.split_first() {
        let bare = first.trim_start_matches(['!', '%', '@', '-']);
        let name = bare.rsplit('/').next().unwrap_or(bare);
        if let Some((key, value)) = assignment(first) {
            environment(key, value, "shell", line, found);
        } else if name.starts_with("python") && after.first().is_some_and(|word| word == "-c") {
            if let Some(source) = after.get(1) {
                python(source, line, found);
            }
            return;
        } else if first.contains(char::is_whitespace)
            && first.len() < 65_536
            && rest.len() <= 1
            && words.len() > 1
            && found.depth < DEPTH
        {
            // `bash -c "the whole script"`.
            found.depth = found.depth.saturating_add(1);
            read(first, line, found);
            found.depth = found.depth.saturating_sub(1);
            return;
        } else if !(STARTERS.contains(&name)
            || STARTERS.contains(&first.as_str())
            || name.is_empty()
            || name.starts_with("python3"))
        {
            break;
        } else if matches!(name, "uv" | "poetry")
            && after.first().is_some_and(|word| word == "add" || name == "uv" && word == "pip")
        {
            rest = after;
            break;
        }
        rest = after;
    }
    let Some((program, arguments)) = rest.split_first() else { return };
    let program = program.trim_start_matches(['!', '%', '@']);
    let program = program.rsplit('/').next().unwrap_or(program);
    command(program, arguments, line, found);
    options(program, arguments, line, found);
}

pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once('=')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_key.then_some((key, value))
}

fn command(program: &str, arguments: &[String], line: u32, found: &mut Found) {
    let first = arguments.first().map(String::as_str).unwrap_or_default();
    let rest = arguments.get(1..).unwrap_or_default();
    match (program, first) {
        ("pip" | "pip3" | "pipx", "install" | "download" | "wheel") => install(rest, line, found),
        ("pip", "pip") => {}
        ("pip", _) if first == "add" => install(rest, line, found),
        ("add", _) => install(arguments, line, found),
        ("conda" | "mamba" | "micromamba", "install") => conda(rest, line, found),
        ("npm" | "pnpm" | "yarn" | "bun", "install" | "i" | "add") => node(rest, line, found),
        ("huggingface-cli" | "hf", "download") => hub(rest, "huggingface", line, found),
        ("modelscope", "download") => hub(rest, "modelscope", line, found),
        ("ollama", "pull" | "run") => {
            if let Some(name) = positional(rest, &[]).first() {
                model(name, None, "ollama", &format!("ollama {first}"), line, found);
            }
        }
        ("vllm", "serve") => {
            if let Some(name) = positional(rest, &["--port", "--host", "--model"]).first() {
                let revision = option(rest, "--revision");
                model(name, revision, "huggingface", "vllm serve", line, found);
            }
        }
        ("docker", "model") => {
            let named = positional(rest, &[]);
            if let [verb, name, ..] = named.as_slice()
                && matches!(verb.as_str(), "pull" | "run")
            {
                model(name, None, "docker", "docker model", line, found);
            }
        }
        ("spacy", "download") => {
            if let Some(name) = positional(rest, &[]).first() {
                model(name, None, "spacy", "spacy download", line, found);
            }
        }
        ("kaggle", "datasets" | "competitions") => {
            let name =
                option(rest, "-d").or_else(|| option(rest, "--dataset")).or_else(|| option(rest, "-c"));
            let name = name.or_else(|| positional(rest, &["-p", "-f"]).get(1).cloned());
            if let Some(name) = name {
                dataset(&name, None, "kaggle", "kaggle", line, found);
            }
        }
        ("git", "clone" | "lfs") => {
            for word in rest {
                address(word, "git clone", line, found);
            }
        }
        ("wget" | "curl" | "aria2c", _) => {
            for word in arguments {
                address(word, program, line, found);
            }
            asked(program, arguments, line, found);
        }
        (_, _) if program.starts_with("llama-") => {
            let named = ["-hf", "-hfr", "--hf-repo"].iter().find_map(|name| option(arguments, name));
            if let Some(name) = named {
                model(&name, None, "huggingface", &format!("{program} -hf"), line, found);
            }
        }
        ("docker" | "podman" | "nerdctl", "run" | "pull") => container(rest, line, found),
        ("mlflow", "models") => {
            if let Some(name) = option(rest, "-m").or_else(|| option(rest, "--model-uri")) {
                model(&name, None, "mlflow", "mlflow models", line, found);
            }
        }
        _ => {}
    }
}

/// A request to a service, whose body names the model: `curl -d '{"model": "gpt-4o"}' https://…`.
fn asked(program: &str, arguments: &[String], line: u32, found: &mut Found) {
    let body = ["-d", "--data", "--data-raw", "--data-binary", "--json", "--post-data"]
        .iter()
        .find_map(|name| option(arguments, name));
    let reading = json::Reading { depth: 32, values: 10_000, skip: &[] };
    let Some(document) = body.and_then(|body| json::parse(body.as_bytes(), reading).ok()) else { return };
    if let Some(name) = document.root.text_of("model").filter(|name| naming::is_model(name)) {
        model(name, None, naming::provider(name).unwrap_or_default(), program, line, found);
    }
}

/// `pip install a==1 "b>=2" -r requirements.txt`.
fn install(words: &[String], line: u32, found: &mut Found) {
    let with_value = [
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "--prefix",
        "--root",
        "--platform",
        "--python-version",
        "--timeout",
        "--group",
        "-G",
        "--optional",
        "--python",
        "-p",
        "--trusted-host",
        "--retries",
        "--cache-dir",
        "--index",
        "--source",
    ];
    for word in positional(words, &with_value) {
        if word.starts_with('.') || word.contains(['$', '{', '/']) && !word.contains("://") || word == "pip" {
            continue;
        }
        // `poetry add name@^1` and `name@latest`.
        let word =
            word.split_once('@').filter(|_| !word.contains("://")).map_or(word.as_str(), |(name, _)| name);
        if let Some(package) = requirement::parse(word) {
            found.add(package.usage("pypi", "pip install", Some(u64::from(line))));
        }
    }
}

fn conda(words: &[String], line: u32, found: &mut Found) {
    for word in positional(words, &["-c", "--channel", "-n", "--name", "-p", "--prefix", "--file"]) {
        if let Some(package) = conda_requirement(&word) {
            found.add(package.usage("conda", "conda install", Some(u64::from(line))));
        }
    }
}

/// `channel::name=1.2=build`, `name>=1`.
pub(crate) fn conda_requirement(text: &str) -> Option<requirement::Requirement> {
    let text = text.rsplit("::").next()?.trim();
    match text.split_once('=') {
        Some((name, version)) if !version.starts_with('=') && !name.ends_with(['<', '>', '!', '~']) => {
            let version = version.split('=').next()?;
            let exact = !version.is_empty() && !version.contains(['*', '<', '>', ',']);
            let name = requirement::parse(name)?.name;
            Some(requirement::Requirement { name, version: Some(version.to_owned()), exact })
        }
        _ => requirement::parse(&text.replace(' ', "")),
    }
}

fn node(words: &[String], line: u32, found: &mut Found) {
    for word in positional(words, &["--prefix", "--registry", "--filter", "-C", "-w"]) {
        if word.starts_with(['.', '/']) || word.contains("://") || !naming::is_plausible(&word) {
            continue;
        }
        let scoped = word.starts_with('@');
        let body = word.trim_start_matches('@');
        let (name, version) =
            body.split_once('@').map_or((body, None), |(name, version)| (name, Some(version)));
        let exact = version.is_some_and(|version| {
            version.starts_with(|c: char| c.is_ascii_digit()) && version.split('.').count() >= 3
        });
        let name = if scoped { format!("@{name}") } else { name.to_owned() };
        let version = version.map(str::to_owned);
        found.add(requirement::Requirement { name, version, exact }.usage(
            "npm",
            "npm install",
            Some(u64::from(line)),
        ));
    }
}

fn hub(words: &[String], provider: &str, line: u32, found: &mut Found) {
    let with_value = [
        "--revision",
        "--repo-type",
        "--local-dir",
        "--cache-dir",
        "--include",
        "--exclude",
        "--token",
        "--model",
        "--dataset",
        "--max-workers",
        "--local_dir",
        "--cache_dir",
    ];
    let named = option(words, "--model");
    let data = option(words, "--dataset");
    let is_dataset = data.is_some() || option(words, "--repo-type").is_some_and(|kind| kind == "dataset");
    let name = named.or(data).or_else(|| positional(words, &with_value).into_iter().next());
    let Some(name) = name else { return };
    let revision = option(words, "--revision");
    if is_dataset {
        dataset(&name, revision, provider, "hf download", line, found);
    } else {
        model(&name, revision, provider, "hf download", line, found);
    }
}

/// `docker run --gpus all -e MODEL_ID=x image --model-id y`.
fn container(words: &[String], line: u32, found: &mut Found) {
    let with_value = [
        "-p",
        "--publish",
        "-v",
        "--volume",
        "-e",
        "--env",
        "--name",
        "--gpus",
        "--network",
        "--shm-size",
        "-w",
        "--workdir",
        "--runtime",
        "--ipc",
        "--restart",
        "--platform",
        "--entrypoint",
        "-u",
        "--user",
        "--mount",
        "--env-file",
        "-h",
        "--hostname",
        "--memory",
        "-m",
        "--cpus",
        "--device",
        "--net",
        "-l",
        "--label",
        "--ulimit",
    ];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(setting) = word.strip_prefix("--env=") {
            set(setting, line, found);
        } else if with_value.contains(&word.as_str()) {
            let value = words.next().map(String::as_str).unwrap_or_default();
            if matches!(word.as_str(), "-e" | "--env") {
                set(value, line, found);
            }
        } else if !word.starts_with('-') {
            image(word, "docker", line, found);
            return;
        }
    }
}

fn set(setting: &str, line: u32, found: &mut Found) {
    if let Some((key, value)) = assignment(setting) {
        environment(key, value, "docker", line, found);
    }
}

/// A container image: `registry/name:tag@digest`.
pub(crate) fn image(name: &str, api: &str, line: u32, found: &mut Found) {
    if !naming::is_plausible(name) {
        return;
    }
    let (tagged, digest) =
        name.split_once('@').map_or((name, None), |(tagged, digest)| (tagged, Some(digest)));
    let tag = tagged.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    found.add(Usage {
        kind: UsageKind::Container,
        name: name.to_owned(),
        version: digest.or(tag).map(str::to_owned),
        pinned: digest.is_some(),
        provider: Some("oci".to_owned()),
        api: Some(api.to_owned()),
        via: Some("literal"),
        local: false,
        line: Some(u64::from(line)),
    });
}

/// A variable of the environment: its key says whether its value is a model or a dataset. Values of other keys, which
/// may be secrets, are not looked at.
pub(crate) fn environment(key: &str, value: &str, api: &str, line: u32, found: &mut Found) {
    let lower = key.to_ascii_lowercase();
    if is_secret(&lower) {
        return;
    }
    let value = value.trim().trim_matches(['"', '\'']);
    let value = Variables::default().expand(value);
    // Some programs take several, with commas between.
    let several: Vec<&str> = value.split(',').map(str::trim).collect();
    if several.len() > 1 && several.len() < 100 && several.iter().all(|one| naming::is_model(one)) {
        return several.iter().for_each(|one| environment(key, one, api, line, found));
    }
    let value = value.as_str();
    let api = format!("{api} {key}");
    if lower.contains("dataset")
        && (naming::is_hub_id(value) || naming::is_path(value) && value.contains('.'))
    {
        dataset(value, None, "huggingface", &api, line, found);
    } else if (collect::is_model_field(&lower)
        || ["model", "llm", "embed", "deployment"].iter().any(|part| lower.contains(part)))
        && (naming::is_model(value) || naming::is_hub_id(value) || is_model_file(value))
    {
        let provider =
            naming::provider(value).unwrap_or(if naming::is_hub_id(value) { "huggingface" } else { "" });
        model(value, None, provider, &api, line, found);
    }
}

/// Does a variable or key of this name (lower case) hold a secret?
pub(crate) fn is_secret(lower: &str) -> bool {
    let parts = ["key", "token", "secret", "passw", "credential", "auth"];
    parts.iter().any(|part| lower.contains(part)) && !lower.contains("tokenizer")
}

/// Is it the path of a file with weights?
pub(crate) fn is_model_file(value: &str) -> bool {
    let weights = [
        ".gguf",
        ".onnx",
        ".pt",
        ".pth",
        ".safetensors",
        ".pkl",
        ".joblib",
        ".h5",
        ".keras",
        ".tflite",
        ".bin",
        ".ckpt",
        ".engine",
        ".pb",
        ".ggml",
        ".task",
    ];
    !value.contains("://") && weights.iter().any(|end| value.to_ascii_lowercase().ends_with(end))
}

/// The options of a command that name models and datasets.
pub(crate) fn options(program: &str, arguments: &[String], line: u32, found: &mut Found) {
    let whole = || std::iter::once(program).chain(arguments.iter().map(String::as_str));
    if matches!(
        program,
        "pip"
            | "pip3"
            | "npm"
            | "yarn"
            | "pnpm"
            | "conda"
            | "git"
            | "apt-get"
            | "modelscope"
            | "hf"
            | "huggingface-cli"
            | "docker"
    ) && !matches!(program, "docker")
    {
        return;
    }
    let serves = whole().any(|word| SERVERS.iter().any(|server| word.contains(server)));
    let mut at = 0usize;
    while let Some(word) = arguments.get(at) {
        at = at.saturating_add(1);
        let Some(option) = word.strip_prefix('-') else { continue };
        let (name, value) = match option.trim_start_matches('-').split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option.trim_start_matches('-'), arguments.get(at).map(String::as_str)),
        };
        let Some(value) = value.filter(|value| !value.starts_with('-')) else { continue };
        let name = name.replace('-', "_").to_ascii_lowercase();
        let short = name == "m";
        let api = format!("{program} {}", word.split('=').next().unwrap_or(word));
        if MODEL_OPTIONS.contains(&name.as_str()) {
            let telling = naming::is_model(value) || naming::is_hub_id(value) || is_model_file(value);
            let plausible = naming::is_plausible(value) && (serves || telling);
            if plausible
                && (!short || serves && (telling || naming::is_path(value)))
                && !value.contains("://")
            {
                let revision = self::option(arguments, "--revision");
                let hub = naming::is_hub_id(value);
                model(
                    value,
                    revision,
                    if hub { "huggingface" } else { naming::provider(value).unwrap_or_default() },
                    &api,
                    line,
                    found,
                );
            }
        } else if DATASET_OPTIONS.contains(&name.as_str())
            && (naming::is_hub_id(value) || naming::is_path(value))
        {
            dataset(value, None, "huggingface", &api, line, found);
        }
    }
}

/// An address of a model or dataset on a hub, or of a file of weights.
pub(crate) fn address(word: &str, api: &str, line: u32, found: &mut Found) {
    let Some((_, rest)) = word.split_once("://") else { return };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches(".git");
    if host.ends_with("huggingface.co") || host == "hf.co" {
        let (path, is_dataset) = path.strip_prefix("datasets/").map_or((path, false), |path| (path, true));
        let mut parts = path.split('/');
        let (Some(owner), Some(name)) = (parts.next(), parts.next()) else { return };
        let revision = match parts.next() {
            Some("resolve" | "raw" | "blob") => {
                parts.next().filter(|revision| *revision != "main").map(str::to_owned)
            }
            _ => None,
        };
        let id = format!("{owner}/{name}");
        if is_dataset {
            dataset(&id, revision, "huggingface", api, line, found);
        } else if naming::is_hub_id(&id) && owner != "spaces" {
            model(&id, revision, "huggingface", api, line, found);
        }
    } else if is_model_file(path) {
        found.add(Usage {
            name: word.to_owned(),
            provider: Some("url".to_owned()),
            ..usage(UsageKind::Model, api, line)
        });
    }
}

fn usage(kind: UsageKind, api: &str, line: u32) -> Usage {
    Usage {
        kind,
        name: String::new(),
        version: None,
        pinned: false,
        provider: None,
        api: Some(bartizan_core::truncated(api, 120)),
        via: Some("literal"),
        local: false,
        line: Some(u64::from(line)),
    }
}

/// A model that a command or setting names.
pub(crate) fn model(
    name: &str,
    revision: Option<String>,
    provider: &str,
    api: &str,
    line: u32,
    found: &mut Found,
) {
    thing(UsageKind::Model, name, revision, provider, api, line, found);
}

/// A dataset that a command or setting names.
pub(crate) fn dataset(
    name: &str,
    revision: Option<String>,
    provider: &str,
    api: &str,
    line: u32,
    found: &mut Found,
) {
    thing(UsageKind::Dataset, name, revision, provider, api, line, found);
}

fn thing(
    kind: UsageKind,
    name: &str,
    revision: Option<String>,
    provider: &str,
    api: &str,
    line: u32,
    found: &mut Found,
) {
    if !naming::is_plausible(name) {
        return;
    }
    let local = naming::is_path(name);
    let provider = if local { "local" } else { provider };
    let mut usage = Usage {
        name: name.to_owned(),
        local,
        provider: (!provider.is_empty()).then(|| provider.to_owned()),
        ..usage(kind, api, line)
    };
    collect::pin(&mut usage, revision);
    found.add(usage);
}

/// The words that are neither options nor their values.
fn positional(words: &[String], with_value: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if with_value.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-')
            && !word.is_empty()
            && !word.starts_with('>')
            && !word.starts_with("2>")
        {
            found.push(word.clone());
        }
    }
    found
}

fn option(words: &[String], name: &str) -> Option<String> {
    let at = words
        .iter()
        .position(|word| word == name || word.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))?;
    match words.get(at)?.split_once('=') {
        Some((_, value)) => Some(value.to_owned()),
        None => words.get(at.saturating_add(1)).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(script: &str) -> Vec<String> {
        let mut found = Found::default();
        read(script, 1, &mut found);
        found.usages.iter().map(|usage| usage.name.clone()).collect()
    }

    #[test]
    fn commands_name_what_they_install_download_and_serve() {
        let cases: &[(&str, &[&str])] = &[
            ("!pip install -q accelerate==1.0 'peft>=0.3' -r requirements.txt", &["accelerate", "peft"]),
            ("%pip install torch --index-url https://x.y/whl", &["torch"]),
            ("apt-get update && python -m pip install vllm==0.5.0", &["vllm"]),
            ("uv pip install --system openai", &["openai"]),
            ("uv add langchain", &["langchain"]),
            ("poetry add chromadb", &["chromadb"]),
            ("pip install --no-cache-dir -r requirements.txt .", &[]),
            ("huggingface-cli download org/model --local-dir /m --revision v1", &["org/model"]),
            ("hf download --repo-type dataset org/data", &["org/data"]),
            ("ollama pull llama3:8b && ollama serve", &["llama3:8b"]),
            ("vllm serve Qwen/Qwen2-7B --port 8000", &["Qwen/Qwen2-7B"]),
            ("python -m vllm.entrypoints.openai.api_server --model=org/m-7b", &["org/m-7b"]),
            (
                "python train.py --model_name_or_path google/flan-t5-base --dataset_name samsum/x",
                &["google/flan-t5-base", "samsum/x"],
            ),
            ("bash -c \"ollama run mistral\"", &["mistral"]),
            ("python -m spacy download en_core_web_sm", &["en_core_web_sm"]),
            ("git clone https://huggingface.co/org/m && cd m", &["org/m"]),
            ("wget https://huggingface.co/o/m/resolve/abc/model.gguf", &["o/m"]),
            (
                "docker run -e MODEL_ID=o/m-7b --gpus all ghcr.io/x/tgi:2.0 --model-id o/n-7b",
                &["o/m-7b", "ghcr.io/x/tgi:2.0", "o/n-7b"],
            ),
            ("npm i openai @langchain/core@0.2.1", &["openai", "@langchain/core"]),
            ("# ollama pull not-this", &[]),
            ("git commit -m 'gpt-4'", &[]),
            ("echo ollama pull not-this", &[]),
            ("./server -m models/llama.gguf", &["models/llama.gguf"]),
            ("python3 -c \"from transformers import pipeline; pipeline('x', model='o/m-7b')\"", &["o/m-7b"]),
            (
                "python - <<'EOF'\nfrom transformers import AutoModel\nAutoModel.from_pretrained('o/n-1b')\nEOF\n",
                &["o/n-1b"],
            ),
            ("cat <<EOF > notes\nollama pull not-this\nEOF\nollama pull mistral\n", &["mistral"]),
            ("M=org/m-7b\nif true; then vllm serve \"$M\" --port 80; fi", &["org/m-7b"]),
            ("for m in llama3 mistral; do ollama pull $m; done", &["llama3", "mistral"]),
            ("ollama pull ${MODEL:-phi3}", &["phi3"]),
            ("ollama pull $UNKNOWN", &[]),
            ("llama-server -hf ggml-org/gemma-3-1b-it-GGUF:Q4_K_M", &["ggml-org/gemma-3-1b-it-GGUF:Q4_K_M"]),
            ("docker model pull ai/smollm2", &["ai/smollm2"]),
            ("curl https://api.openai.com/v1/x -d '{\"model\": \"gpt-4o\", \"n\": 1}'", &["gpt-4o"]),
            ("X=$(huggingface-cli download org/model)", &["org/model"]),
        ];
        for (script, expected) in cases {
            assert_eq!(names(script), *expected, "{script}");
        }
    }

    #[test]
    fn commands_know_their_lines() {
        let mut found = Found::default();
        read("# first\npip install a \\\n  b && \\\n  ollama pull c\n\nollama pull d\n", 10, &mut found);
        let lines: Vec<(&str, u64)> =
            found.usages.iter().map(|usage| (usage.name.as_str(), usage.line.unwrap())).collect();
        assert_eq!(lines, [("a", 11), ("b", 11), ("c", 13), ("d", 15)]);
    }

    #[test]
    fn scripts_in_scripts_end_somewhere() {
        let mut script = "ollama pull m".to_owned();
        for _ in 0..12 {
            script = format!("bash -c {script:?}");
        }
        assert!(names(&script).is_empty());
        names(&"bash -c ".repeat(10_000));
        names(&"python -c '".repeat(10_000));
        names(&"<<A ".repeat(10_000));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_scripts_never_panic(script in "[a-z $(){}'\"<\\\\=#;|&\n-]{0,200}") {
            names(&script);
        }
    }

    #[test]
    fn variables_give_models_and_never_secrets() {
        let mut found = Found::default();
        for (key, value) in [
            ("OPENAI_MODEL", "gpt-4o"),
            ("MODEL_API_KEY", "gpt-4o"),
            ("OPENAI_API_KEY", "sk-1234567890abcdef"),
            ("MODEL_ID", "${MODEL_ID:-o/m-7b}"),
            ("LOG_MODEL", "verbose"),
        ] {
            environment(key, value, "env", 1, &mut found);
        }
        let names: Vec<&str> = found.usages.iter().map(|usage| usage.name.as_str()).collect();
        assert_eq!(names, ["gpt-4o", "o/m-7b"]);
    }
}
