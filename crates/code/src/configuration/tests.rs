//! The inspector as a whole; each reader has its own cases beside it.

use bartizan_core::{
    Asset, Budget, Claim, Content, Context, Fact, Inspection, Inspector, Limits, Options, Probe, Usage,
};

use super::ConfigurationInspector;
use crate::usage::Found;

/// What a reader finds.
pub(super) fn with(read: impl FnOnce(&mut Found)) -> Vec<Usage> {
    let mut found = Found::default();
    read(&mut found);
    found.usages.sort_by(|one, other| {
        (one.line, one.kind.to_string_for_tests(), &one.name).cmp(&(
            other.line,
            other.kind.to_string_for_tests(),
            &other.name,
        ))
    });
    found.usages
}

trait Spelled {
    fn to_string_for_tests(&self) -> String;
}

impl Spelled for bartizan_core::UsageKind {
    fn to_string_for_tests(&self) -> String {
        serde_json::to_value(self).unwrap().as_str().unwrap().to_owned()
    }
}

/// Line, kind, name, version, and whether it is pinned or local.
pub(super) fn shown(usages: &[Usage]) -> Vec<String> {
    let line = |usage: &Usage| {
        let mut text = format!("{} {} {}", usage.line.unwrap(), usage.kind.to_string_for_tests(), usage.name);
        if let Some(version) = &usage.version {
            text = format!("{text} {version}");
        }
        if usage.pinned {
            text.push_str(" pinned");
        }
        if usage.local {
            text.push_str(" local");
        }
        text
    };
    usages.iter().map(line).collect()
}

fn inspect(path: &str, bytes: impl Into<Vec<u8>>, limits: &Limits) -> (Claim, Inspection) {
    let asset = Asset::new(path, Content::from_bytes(bytes.into()));
    let claim = ConfigurationInspector.accepts(&Probe::new(&asset).unwrap());
    let inspection = ConfigurationInspector.inspect(
        &asset,
        &Context {
            limits,
            options: Options::default(),
            budget: &Budget::default(),
            outlet: &|_| {},
            interrupt: &|| false,
        },
    );
    (claim, inspection)
}

fn names(inspection: &Inspection) -> Vec<&str> {
    inspection
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Usage(usage) => Some(usage.name.as_str()),
            _ => None,
        })
        .collect()
}

const FILES: &[(&str, &str, &[&str])] = &[
    ("Dockerfile", "FROM python\nRUN pip install vllm==0.5.0\n", &["python", "vllm"]),
    ("compose.yaml", "services: {a: {image: 'x/y:1'}}\n", &["x/y:1"]),
    ("k8s.yml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, image: 'x/y:1'}]}\n", &["x/y:1"]),
    ("requirements.txt", "torch==2.1\n", &["torch"]),
    ("constraints.txt", "torch==2.1\n", &["torch"]),
    ("uv.lock", "[[package]]\nname = 'torch'\nversion = '2.1'\n", &["torch"]),
    ("Pipfile", "[packages]\ntorch = '*'\n", &["torch"]),
    ("Pipfile.lock", "{\"default\": {\"torch\": {\"version\": \"==2.1\"}}}", &["torch"]),
    ("pyproject.toml", "[project]\ndependencies = ['torch']\n", &["torch"]),
    ("setup.cfg", "[options]\ninstall_requires = torch\n", &["torch"]),
    ("setup.py", "setup(install_requires=['torch'])\n", &["torch"]),
    ("environment.yml", "dependencies:\n- numpy\n- pip: [torch]\n", &["numpy", "torch"]),
    ("package.json", "{\"dependencies\": {\"ai\": \"1\"}}", &["ai"]),
    ("package-lock.json", "{\"packages\": {\"node_modules/ai\": {\"version\": \"1.0.0\"}}}", &["ai"]),
    ("yarn.lock", "ai@^1:\n  version \"1.0.0\"\n", &["ai"]),
    ("pnpm-lock.yaml", "packages:\n  ai@1.0.0:\n    x: y\n", &["ai"]),
    ("bun.lock", "{\"packages\": {\"ai\": [\"ai@1.0.0\"]}}", &["ai"]),
    (".env", "OPENAI_MODEL=gpt-4o\n", &["gpt-4o"]),
    (".cursor/mcp.json", "{\"mcpServers\": {\"a\": {\"url\": \"https://x.y/sse\"}}}", &["a"]),
    (".vscode/mcp.json", "{// note\n\"servers\": {\"a\": {\"command\": \"npx b\"}}}", &["a", "b"]),
    (
        "config.toml",
        "model = 'o3'\n[mcp_servers.a]\ncommand = 'npx'\nargs = ['-y', 'b']\n",
        &["o3", "a", "b"],
    ),
    (".devcontainer/devcontainer.json", "{\"image\": \"x/y:1\"}", &["x/y:1"]),
    ("serve.sh", "vllm serve o/m-7b\n", &["o/m-7b"]),
    ("Makefile", "a:\n\tollama pull mistral\n", &["mistral"]),
    (".github/workflows/a.yml", "on: push\njobs: {a: {steps: [{run: pip install torch}]}}\n", &["torch"]),
    ("config/app.yaml", "llm: {model: gpt-4o}\n", &["gpt-4o"]),
    ("prompts/a.txt", "You are.\n", &["prompts/a.txt"]),
    ("x.prompt.yml", "model: openai/gpt-4o\n", &["openai/gpt-4o", "x.prompt.yml"]),
    ("Modelfile", "FROM llama3.2\nADAPTER ./a.gguf\n", &["llama3.2", "./a.gguf"]),
    ("AGENTS.md", "Do.\n", &["AGENTS.md"]),
];

#[test]
fn every_form_is_claimed_by_name_and_read() {
    for (path, text, expected) in FILES {
        let (claim, inspection) = inspect(path, *text, &Limits::default());
        assert_eq!(claim, Claim::Name, "{path}");
        let mut names = names(&inspection);
        names.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(names, expected, "{path}");
        assert!(inspection.coverage.is_complete(), "{path}: {:?}", inspection.coverage);
    }
}

#[test]
fn what_comes_as_it_is_is_told() {
    let rules = |path: &str, text: &str| -> Vec<&'static str> {
        let (_, inspection) = inspect(path, text, &Limits::default());
        inspection.findings.iter().map(|finding| finding.rule.id).collect()
    };
    assert_eq!(
        rules("Dockerfile", "FROM python\nFROM a:latest\nFROM b:1\nFROM c@sha256:ab\n"),
        ["provenance/unpinned-image"; 2]
    );
    let servers = "{\"mcpServers\": {\"a\": {\"command\": \"npx -y b\"}, \"c\": {\"command\": \"npx -y b@1.0.0\"}, \"d\": {\"command\": \"node x.js\"}}}";
    assert_eq!(rules("mcp.json", servers), ["provenance/unpinned-mcp-server"]);
    assert_eq!(
        rules("a.sh", "hf download o/m-7b\nhf download o/d --repo-type dataset\n"),
        ["provenance/unpinned-model", "provenance/unpinned-dataset"]
    );
}

#[test]
fn secrets_are_never_told() {
    let secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    for (path, text) in [
        (".env", format!("GITHUB_TOKEN={secret}\nMODEL_KEY={secret}\nMODEL={secret}\n")),
        (
            "mcp.json",
            format!(
                "{{\"mcpServers\": {{\"a\": {{\"command\": \"npx\", \"args\": [\"-y\", \"b\", \"--token\", \"{secret}\"], \"env\": {{\"X\": \"{secret}\"}}}}}}}}"
            ),
        ),
        ("mcp.json", format!("{{\"mcpServers\": {{\"a\": {{\"url\": \"https://x.y/{secret}/sse\"}}}}}}")),
        (
            "compose.yml",
            format!("services: {{a: {{image: 'x:1', environment: {{MODEL_TOKEN: {secret}}}}}}}\n"),
        ),
        (
            "a.sh",
            format!(
                "export MODEL_TOKEN={secret}\ncurl -H 'Authorization: {secret}' https://huggingface.co/o/m/resolve/main/a.bin\n"
            ),
        ),
    ] {
        let (_, inspection) = inspect(path, text, &Limits::default());
        assert!(!format!("{inspection:?}").contains(secret), "{path}: {inspection:?}");
    }
}

#[test]
fn broken_and_hostile_files_end_and_say_what_was_not_read() {
    let bomb = format!("services: {{a: {{image: 'x:1'}}}}\na: &a [x,x,x,x,x,x,x,x,x]\n{}", {
        let step = |n: u8| {
            format!(
                "{}: &{} [{}]\n",
                (b'b' + n) as char,
                (b'b' + n) as char,
                vec![format!("*{}", (b'a' + n) as char); 9].join(",")
            )
        };
        (0..12).map(step).collect::<String>()
    });
    for (path, text, complete) in [
        ("compose.yml", bomb, true),
        ("compose.yml", format!("services: {}", "[".repeat(100_000)), true),
        ("pyproject.toml", "[project\n".to_owned(), false),
        ("uv.lock", format!("a = {}", "[".repeat(100_000)), false),
        ("package.json", "[".repeat(100_000), true),
        ("setup.py", "(".repeat(100_000), false),
        ("Dockerfile", "\u{fffd}FROM x\n".to_owned(), true),
        ("yarn.lock", "@@@@@:\n version\n".repeat(100), true),
    ] {
        let (_, inspection) = inspect(path, text, &Limits::default());
        assert_eq!(inspection.coverage.is_complete(), complete, "{path}: {:?}", inspection.coverage);
    }
    let long = format!("packages:\n{}", (0..30_000).map(|n| format!("  p{n}@1.0.0:\n")).collect::<String>());
    let (_, inspection) = inspect("pnpm-lock.yaml", long, &Limits::default());
    assert!(!inspection.coverage.is_complete() && names(&inspection).len() == 20_000);
    let (_, inspection) = inspect("uv.lock", "#".repeat(1000), &Limits { held: 100, ..Limits::default() });
    assert!(!inspection.coverage.is_complete());
    let script =
        [b"#!/bin/sh\nollama pull mistral\nexit\n".as_slice(), &[b'#'; 5000], b"\0", &[0xff; 3 << 20]]
            .concat();
    let (_, inspection) = inspect("install.sh", script, &Limits::default());
    assert_eq!(names(&inspection), ["mistral"]);
    assert!(inspection.coverage.is_complete());
}

proptest::proptest! {
    #[test]
    fn damage_to_any_form_never_panics(file in 0..FILES.len(), at in proptest::prelude::any::<proptest::sample::Index>(), byte: u8, cut in proptest::prelude::any::<proptest::sample::Index>()) {
        let (path, text, _) = FILES[file];
        let mut bytes = text.as_bytes().to_vec();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        inspect(path, bytes.clone(), &Limits::default());
        bytes.truncate(cut.index(bytes.len()) + 1);
        inspect(path, bytes, &Limits::default());
    }
}
