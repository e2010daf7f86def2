//! Command lines: installs, downloads of models, and servers that are told which model to serve.
//!
//! They stand in notebooks (`!pip install x`), Dockerfiles, workflows, Compose and Kubernetes files and scripts.

use bartizan_core::document::json;

use super::{
    Found, heredoc, image, install, naming,
    options::{option, options, positional},
    provider,
    thing::{address, dataset, environment, model},
    variables::Variables,
};

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

/// Options of `uv run` and `uvx` that take a value.
const RUNNER_OPTIONS: &[&str] = &[
    "--from",
    "--with",
    "--python",
    "-p",
    "--directory",
    "--project",
    "--extra",
    "--group",
    "--index",
    "--env-file",
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

/// A document that a command is given: code for an interpreter, or a manifest for a cluster.
fn given(words: &[String], text: &str, line: u32, variables: &mut Variables, found: &mut Found) {
    if text.contains("apiVersion:") && found.depth < DEPTH {
        found.depth = found.depth.saturating_add(1);
        crate::configuration::manifests(&variables.expand_lines(text), line, found);
        found.depth = found.depth.saturating_sub(1);
        return;
    }
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
    found.below(crate::python::uses(source), line);
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
    let mut array = false;
    while let Some(c) = characters.next() {
        if words.is_empty() && word.is_empty() && !open {
            start = line;
        }
        line = line.saturating_add(u32::from(c == '\n'));
        let ends_word = quote.is_none() && (c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')'));
        if ends_word
            && c == '('
            && words.is_empty()
            && assignment(&word).is_some_and(|(_, value)| value.is_empty())
        {
            // `NAME=(a b)`: the list is one command, over several lines.
            word.push('(');
            array = true;
        }
        if ends_word && c == '(' && word.ends_with('$') {
            // What `$(…)` gives is not known, but the command in it runs.
            word.clear();
        }
        if ends_word {
            if open || !word.is_empty() {
                words.push(std::mem::take(&mut word));
                open = false;
            }
            let goes_on = array && (c == '\n' || c == '(');
            array &= c != ')';
            if (c == '\n' || !c.is_whitespace()) && !goes_on || words.len() >= MOST_WORDS {
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
                if !array {
                    all.push((start, std::mem::take(&mut words)));
                }
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
    let mut runs_packages = false;
    while let Some((first, after)) = rest.split_first() {
        // Options of what runs a command with packages of its own: `uvx --from "huggingface_hub[cli]" hf download …`.
        if runs_packages && first.starts_with('-') && !STARTERS.contains(&first.as_str()) {
            let takes_value = RUNNER_OPTIONS.contains(&first.as_str());
            if matches!(first.as_str(), "--from" | "--with") {
                install::install(after.get(..1).unwrap_or_default(), line, found);
            }
            rest = after.get(usize::from(takes_value)..).unwrap_or_default();
            continue;
        }
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
        runs_packages |= matches!(name, "uv" | "uvx");
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
        ("pip" | "pip3" | "pipx", "install" | "download" | "wheel") => install::install(rest, line, found),
        ("pip", "pip") => {}
        ("pip", _) if first == "add" => install::install(rest, line, found),
        ("add", _) => install::install(arguments, line, found),
        ("conda" | "mamba" | "micromamba", "install") => install::conda(rest, line, found),
        ("npm" | "pnpm" | "yarn" | "bun", "install" | "i" | "add") => install::node(rest, line, found),
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
        ("aws" | "gsutil" | "gcloud" | "azcopy" | "s5cmd" | "rclone", _) => {
            for word in arguments {
                address(word, program, line, found);
            }
        }
        ("wget" | "curl" | "aria2c", _) => {
            for word in arguments {
                address(word, program, line, found);
            }
            asked(program, arguments, line, found);
        }
        (_, _) if program.starts_with("llama-") || program == "llama.cpp" => {
            let named = ["-hf", "-hfr", "--hf-repo"].iter().find_map(|name| option(arguments, name));
            if let Some(name) = named {
                // A quantisation follows the repository: `org/name:Q4_K_M`.
                let id = name.split(':').next().unwrap_or(&name);
                model(id, None, "huggingface", &format!("{program} -hf"), line, found);
            }
        }
        ("docker" | "podman" | "nerdctl", "build" | "buildx" | "tag") => image::built(first, rest, found),
        ("docker" | "podman" | "nerdctl", "run" | "pull" | "create") => image::run(rest, line, found),
        ("docker" | "podman" | "nerdctl" | "kubectl" | "oc", "exec") => image::inside(rest, line, found),
        ("docker" | "podman", "compose") | ("docker-compose" | "podman-compose", "exec" | "run") => {
            image::inside(rest, line, found);
        }
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
    // Ollama is asked for a model by its name.
    let pulls = arguments.iter().any(|word| word.ends_with("/api/pull"));
    let name = document.root.text_of("name").filter(|_| pulls).or_else(|| document.root.text_of("model"));
    if let Some(name) = name.filter(|name| pulls || naming::is_model(name)) {
        model(name, None, provider::by_name(name).unwrap_or_default(), program, line, found);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(script: &str) -> Vec<String> {
        let mut found = Found::default();
        read(script, 1, &mut found);
        let mut names: Vec<String> = found.usages.iter().map(|usage| usage.name.clone()).collect();
        names.sort();
        names
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
            ("llama-server -hf ggml-org/gemma-3-1b-it-GGUF:Q4_K_M", &["ggml-org/gemma-3-1b-it-GGUF"]),
            (
                "uvx --from 'huggingface_hub[cli]==0.27.0' hf download org/a-7b",
                &["huggingface-hub", "org/a-7b"],
            ),
            ("uv run --python 3.12 --with vllm vllm serve org/a-7b", &["org/a-7b", "vllm"]),
            ("uv run -m vllm.entrypoints.openai.api_server --model org/a-7b", &["org/a-7b"]),
            ("lm_eval --model vllm --model_args pretrained=org/a-7b,dtype=auto", &["org/a-7b"]),
            (
                "vllm serve org/a-7b --lora-modules sql=org/lora x=./own --port 8000",
                &["org/a-7b", "org/lora", "./own"],
            ),
            (
                "vllm serve org/a-7b --revision v1 --speculative-model org/small-1b",
                &["org/a-7b", "org/small-1b"],
            ),
            ("docker model pull ai/smollm2", &["ai/smollm2"]),
            ("curl https://api.openai.com/v1/x -d '{\"model\": \"gpt-4o\", \"n\": 1}'", &["gpt-4o"]),
            ("X=$(huggingface-cli download org/model)", &["org/model"]),
            (
                "M=(\n \"o/a-1b\" # one\n o/b-1b\n)\nfor m in \"${M[@]}\"; do hf download $m; done",
                &["o/a-1b", "o/b-1b"],
            ),
            ("lm_eval --model hf --model_args pretrained=o/p-160m,revision=r1 --tasks x", &["o/p-160m"]),
            ("aws s3 cp s3://bucket/m.safetensors .", &["s3://bucket/m.safetensors"]),
            ("curl http://h:11434/api/pull -d '{\"name\": \"llama3.1:8b\"}'", &["llama3.1:8b"]),
            ("docker build -t mine . && docker run mine && docker run other:1", &["other:1"]),
            ("docker exec -it -e A=b llm ollama pull mistral", &["mistral"]),
            ("docker compose exec llm ollama pull mistral", &["mistral"]),
            ("kubectl exec -n x pod/a -c b -- ollama pull mistral", &["mistral"]),
            ("docker run --rm vllm/vllm-openai:v1 --model org/m", &["org/m", "vllm/vllm-openai:v1"]),
            ("docker run --rm ollama/ollama:1 pull mistral", &["mistral", "ollama/ollama:1"]),
            (
                "M=o/m-1b\ncat <<EOF | kubectl apply -f -\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: vllm/x:1\n    args: [--model, $M]\nEOF\n",
                &["o/m-1b", "vllm/x:1"],
            ),
        ];
        for (script, expected) in cases {
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(names(script), expected, "{script}");
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
