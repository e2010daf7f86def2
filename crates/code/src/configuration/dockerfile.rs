//! Dockerfiles and Containerfiles (<https://docs.docker.com/reference/dockerfile/>).

use std::collections::HashMap;

use bartizan_core::document::json::{self, Reading};

use crate::usage::{Found, heredoc, image, naming, shell, thing, variables::Variables};

/// One instruction, continuations joined by `\` and a line break, as a shell reads them.
#[derive(Debug)]
struct Instruction {
    line: u32,
    name: String,
    body: String,
    /// Documents given to it.
    documents: Vec<String>,
}

/// A program and its arguments, or a line of shell.
enum Command {
    Words(Vec<String>),
    Shell(String),
}

/// What is known while the file is read.
struct Build<'a> {
    found: &'a mut Found,
    /// `ARG`s before the first `FROM`.
    global: Variables,
    /// Of the stage that is being built.
    variables: Variables,
    stages: HashMap<String, Variables>,
    stage: Option<String>,
    image: String,
    /// Was there a `FROM`?
    begun: bool,
    entrypoint: Option<(Command, u32)>,
    command: Option<(Command, u32)>,
}

/// Reads a Dockerfile.
pub(super) fn read(text: &str, found: &mut Found) {
    let mut build = Build {
        found,
        global: Variables::default(),
        variables: Variables::default(),
        stages: HashMap::new(),
        stage: None,
        image: String::new(),
        begun: false,
        entrypoint: None,
        command: None,
    };
    for instruction in instructions(text) {
        build.instruction(&instruction.name, &instruction);
    }
    build.start();
}

fn instructions(text: &str) -> Vec<Instruction> {
    let mut all = Vec::new();
    let escape = text
        .lines()
        .take_while(|line| line.trim_start().starts_with('#'))
        .find_map(|line| line.trim_start_matches(['#', ' ']).strip_prefix("escape="))
        .map_or('\\', |value| if value.trim() == "`" { '`' } else { '\\' });
    let mut lines = (1u32..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut whole = String::new();
        let mut part = line;
        while let Some(begun) = part.strip_suffix(escape) {
            whole.push_str(begun);
            whole.push_str("\\\n");
            part = "";
            // Comments and empty lines do not end an instruction.
            for (_, next) in lines.by_ref() {
                let next = next.trim_end();
                if !(next.trim().is_empty() || next.trim_start().starts_with('#')) {
                    part = next;
                    break;
                }
                whole.push_str("\\\n");
            }
        }
        whole.push_str(part);
        let (name, body) = whole.split_once(|c: char| c.is_whitespace()).unwrap_or((&whole, ""));
        let name = name.to_ascii_uppercase();
        let mut documents = Vec::new();
        if matches!(name.as_str(), "RUN" | "COPY" | "ADD") {
            for end in heredoc::ends(body) {
                let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != end);
                documents.push(inside.map(|line| format!("{line}\n")).collect());
            }
        }
        all.push(Instruction {
            line: number,
            name,
            body: body.trim_start_matches(' ').to_owned(),
            documents,
        });
    }
    all
}

impl Build<'_> {
    fn instruction(&mut self, name: &str, instruction: &Instruction) {
        let (body, line) = (instruction.body.as_str(), instruction.line);
        match name {
            "FROM" => self.from(body, line),
            "ARG" => self.argument(body, line),
            "ENV" => self.environment(body, line),
            "RUN" => self.run(instruction),
            "COPY" | "ADD" => self.copy(name, body, line),
            "ENTRYPOINT" => self.entrypoint = Some((command(body), line)),
            "CMD" => self.command = Some((command(body), line)),
            "ONBUILD" => {
                if let Some((name, body)) = body.split_once(char::is_whitespace)
                    && !name.eq_ignore_ascii_case("ONBUILD")
                {
                    let inner = Instruction {
                        line,
                        name: String::new(),
                        body: body.to_owned(),
                        documents: Vec::new(),
                    };
                    self.instruction(&name.to_ascii_uppercase(), &inner);
                }
            }
            _ => {}
        }
    }

    fn from(&mut self, body: &str, line: u32) {
        self.start();
        self.keep();
        self.begun = true;
        let words = words(body);
        let mut words = words.iter().filter(|word| !word.starts_with("--"));
        let Some(written) = words.next() else { return };
        let name = self.global.expand(written);
        let as_stage = words.next().is_some_and(|word| word.eq_ignore_ascii_case("as"));
        self.stage = words.next().filter(|_| as_stage).map(|stage| stage.to_ascii_lowercase());
        match self.stages.get(&name.to_ascii_lowercase()) {
            Some(variables) => self.variables = variables.clone(),
            None => {
                self.variables = Variables::default();
                self.image(&name, "FROM", line);
                self.image.clone_from(&name);
            }
        }
    }

    /// Names an image, unless it is a stage or nothing at all. Of a name whose tag is not known, the rest counts.
    fn image(&mut self, name: &str, api: &str, line: u32) {
        let is_stage = self.stages.contains_key(&name.to_ascii_lowercase())
            || name.bytes().all(|byte| byte.is_ascii_digit());
        if !is_stage && name != "scratch" {
            image::image(known(name), api, line, self.found);
        }
    }

    /// Remembers what the stage has set, for stages made from it.
    fn keep(&mut self) {
        if let Some(stage) = self.stage.clone().filter(|_| self.stages.len() < 1000) {
            self.stages.insert(stage, self.variables.clone());
        }
    }

    fn argument(&mut self, body: &str, line: u32) {
        for word in words(body) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            if !self.begun {
                let value = self.global.expand(value.unwrap_or_default());
                thing::environment(name, &value, "ARG", line, self.found);
                self.global.set(name, value);
            } else if let Some(value) = value {
                let value = self.variables.expand(value);
                thing::environment(name, &value, "ARG", line, self.found);
                self.variables.set(name, value);
            } else if let Some(value) = self.global.get(name) {
                self.variables.set(name, value.to_owned());
            }
        }
    }

    fn environment(&mut self, body: &str, line: u32) {
        let words = words(body);
        let Some(first) = words.first() else { return };
        let pairs: Vec<(String, String)> = if first.contains('=') {
            let pairs = words.iter().filter_map(|word| word.split_once('='));
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        } else {
            vec![(first.clone(), words.get(1..).unwrap_or_default().join(" "))]
        };
        for (name, value) in pairs {
            let value = self.variables.expand(&value);
            thing::environment(&name, &value, "ENV", line, self.found);
            self.variables.set(&name, value);
        }
    }

    fn run(&mut self, instruction: &Instruction) {
        let mut line = instruction.line;
        let mut body = instruction.body.as_str();
        while body.starts_with("--") {
            let Some((option, rest)) = body.split_once(char::is_whitespace) else { return };
            if let Some((_, image)) = option.split_once("from=") {
                let image = image.split(',').next().unwrap_or(image).to_owned();
                self.image(&image, "RUN --mount", line);
            }
            let rest_of_line = rest.trim_start_matches(['\\', '\n', ' ', '\t']);
            let skipped = rest.get(..rest.len().saturating_sub(rest_of_line.len())).unwrap_or_default();
            line = line.saturating_add(u32::try_from(skipped.matches('\n').count()).unwrap_or(u32::MAX));
            body = rest_of_line;
        }
        match command(body) {
            Command::Words(words) => {
                shell::words(&self.expanded(&words), line, self.found);
            }
            Command::Shell(mut script) => {
                // The documents go back to where a shell expects them.
                let alone = script.trim_start().starts_with("<<");
                if alone {
                    script = instruction.documents.concat();
                } else {
                    let ends = heredoc::ends(&script);
                    for (end, document) in ends.iter().zip(&instruction.documents) {
                        script.push('\n');
                        script.push_str(document);
                        script.push_str(end);
                    }
                }
                let line = line.saturating_add(u32::from(alone));
                shell::script(&script, line, &mut self.variables.clone(), self.found);
            }
        }
    }

    fn copy(&mut self, name: &str, body: &str, line: u32) {
        let words = match command(body) {
            Command::Words(words) => words,
            Command::Shell(text) => words(&text),
        };
        let words = self.expanded(&words);
        let mut sources: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
        if let Some(image) = words.iter().find_map(|word| word.strip_prefix("--from=")) {
            self.image(image, "COPY --from", line);
            return;
        }
        // The last one is where the others go.
        sources.pop();
        for source in sources {
            if source.contains("://") || source.starts_with("git@") {
                thing::address(source, name, line, self.found);
            } else if thing::is_model_file(source) && naming::is_plausible(source) {
                thing::model(source, None, "local", name, line, self.found);
            }
        }
    }

    fn expanded(&self, words: &[String]) -> Vec<String> {
        words.iter().map(|word| self.variables.expand(word)).collect()
    }

    /// Reads what the stage starts: `ENTRYPOINT` and `CMD` make one command where both are lists.
    fn start(&mut self) {
        let image = std::mem::take(&mut self.image);
        match (self.entrypoint.take(), self.command.take()) {
            (Some((Command::Words(mut program), _)), Some((Command::Words(arguments), line))) => {
                program.extend(arguments);
                image::started(&image, &self.expanded(&program), line, self.found);
            }
            (entrypoint, command) => {
                for (command, line) in [entrypoint, command].into_iter().flatten() {
                    match command {
                        Command::Words(words) => {
                            image::started(&image, &self.expanded(&words), line, self.found);
                        }
                        Command::Shell(script) => {
                            shell::script(&script, line, &mut self.variables.clone(), self.found);
                        }
                    }
                }
            }
        }
    }
}

/// The name without a tag or digest that is not known.
pub(super) fn known(name: &str) -> &str {
    match name.find('$') {
        Some(at) => {
            let before = name.get(..at).unwrap_or_default();
            before.strip_suffix([':', '@']).unwrap_or(name)
        }
        None => name,
    }
}

/// The words of an instruction's body, quotes taken off.
fn words(body: &str) -> Vec<String> {
    shell::split(body)
}

/// The two ways to write a command: a list in JSON, or a line of shell.
fn command(body: &str) -> Command {
    let list = body.trim();
    if list.starts_with('[') {
        let joined = list.replace("\\\n", " ");
        let reading = Reading { depth: 2, values: 10_000, skip: &[] };
        if let Ok(document) = json::parse(joined.as_bytes(), reading)
            && document.trailing.is_none()
        {
            return Command::Words(document.root.texts().into_iter().map(str::to_owned).collect());
        }
    }
    Command::Shell(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{shown, with};

    fn read(text: &str) -> Vec<String> {
        shown(&with(|found| super::read(text, found)))
    }

    #[test]
    fn images_are_named_and_stages_are_not() {
        let text = "# syntax=docker/dockerfile:1\nARG TAG=3.12\nARG REGISTRY\nFROM --platform=linux/amd64 python:${TAG}-slim AS base\n\
                    FROM base AS Next\nFROM scratch\nARG TAG=9\nCOPY --from=next /a /a\nCOPY --from=0 /a /a\n\
                    COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /uv\nFROM ${REGISTRY}/x\nFROM vllm/vllm-openai:${V}\n\
                    from x/y@sha256:abababababababababababababababababababababababababababababababab\n";
        assert_eq!(
            read(text),
            [
                "4 container python:3.12-slim 3.12-slim",
                "10 container ghcr.io/astral-sh/uv:0.5 0.5",
                "12 container vllm/vllm-openai",
                "13 container x/y@sha256:abababababababababababababababababababababababababababababababab sha256:abababababababababababababababababababababababababababababababab pinned",
            ]
        );
    }

    #[test]
    fn what_runs_when_it_is_built_is_read() {
        let text = "FROM a:1\nRUN --mount=type=cache,target=/x \\\n    pip install --no-cache-dir torch==2.5.1 \"timm>=1.0\" \\\n\
                    # a comment inside\n\n    && huggingface-cli download org/m --revision v1\n\
                    RUN [\"pip\", \"install\", \"openai\"]\n\
                    RUN python -c \"from transformers import pipeline; pipeline('x', model='org/n-7b')\"\n\
                    RUN <<EOF\npip install einops\nEOF\nRUN python3 <<EOF\nfrom transformers import AutoModel\nAutoModel.from_pretrained('org/p-1b')\nEOF\n\
                    ADD https://huggingface.co/org/q/resolve/main/model.bin /m/\nCOPY weights/a.onnx b.gguf /m/\n# RUN ollama pull not-this\n";
        assert_eq!(
            read(text),
            [
                "1 container a:1 1",
                "3 library timm >=1.0",
                "3 library torch 2.5.1 pinned",
                "6 model org/m v1",
                "7 library openai",
                "8 model org/n-7b",
                "10 library einops",
                "14 model org/p-1b",
                "16 model org/q",
                "17 model b.gguf local",
                "17 model weights/a.onnx local",
            ]
        );
    }

    #[test]
    fn variables_and_commands_name_models() {
        let text = "ARG BASE=org/base-7b\nFROM vllm/vllm-openai:v0.6.3\nARG BASE\nENV MODEL_ID=${BASE} \\\n    HF_TOKEN=hf_abcdefgh\n\
                    ENV EMBED_MODEL BAAI/bge-small-en\nENTRYPOINT [\"vllm\", \"serve\"]\nCMD [\"org/served-7b\", \"--port\", \"80\"]\n\
                    FROM vllm/vllm-openai:v0.6.4\nCMD [\"--model\", \"local-name\"]\nFROM c:1\nENV M=org/m-3b\nCMD vllm serve $M\n";
        assert_eq!(
            read(text),
            [
                "2 container vllm/vllm-openai:v0.6.3 v0.6.3",
                "4 model org/base-7b",
                "6 model BAAI/bge-small-en",
                "8 model org/served-7b",
                "9 container vllm/vllm-openai:v0.6.4 v0.6.4",
                "10 model local-name",
                "11 container c:1 1",
                "13 model org/m-3b",
            ]
        );
    }

    #[test]
    fn a_hostile_file_ends() {
        read(&"ONBUILD ".repeat(100_000));
        read(&"RUN <<A <<B\n".repeat(10_000));
        read(&"RUN a \\\n".repeat(100_000));
        read(&format!("RUN {}", "[".repeat(100_000)));
        read(&format!("FROM {}", "${A:-".repeat(50_000)));
        read(&"ARG A=$A$A\n".repeat(2000));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(FROM|RUN|CMD|ENV|ARG|COPY|ONBUILD|[a-z $<{}\\[\\]\"'\\\\=\n-]){0,60}") {
            read(&text);
        }
    }
}
