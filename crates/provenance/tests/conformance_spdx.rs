//! SPDX documents against the official shapes, by a judge that we did not write: pyshacl, through
//! `bench/provenance/spdx.py`, which installs it below `~/.cache/bartizan`.

#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use std::{collections::BTreeSet, env, fs, path::PathBuf, process::Command};

use bartizan_core::{
    Collection, Dataset, Dependency, Direction, Distribution, Evaluation, Fact, Licence, Metadata, Model,
    Port, RecordSet, Reference, Statement, Usage, UsageKind,
};
use bartizan_provenance::bom::{self, Asset, Graph, Inventory, Stamp};

/// A repository in which there is everything that facts can tell.
fn everything() -> Inventory {
    let usage = |kind, name: &str, provider: Option<&str>, version: Option<&str>, local| {
        Fact::Usage(Usage {
            kind,
            name: name.to_owned(),
            version: version.map(str::to_owned),
            pinned: version.is_some(),
            provider: provider.map(str::to_owned),
            api: Some("call".to_owned()),
            via: Some("constant"),
            local,
            line: Some(7),
        })
    };
    let code = vec![
        usage(
            UsageKind::Model,
            "org/model",
            Some("huggingface"),
            Some("86b5e0934494bd15c9632b12f734a8a67f723594"),
            false,
        ),
        usage(UsageKind::Model, "gpt-4o", Some("openai"), None, false),
        usage(UsageKind::Model, "text-embedding-3-small", Some("openai"), None, false),
        usage(UsageKind::Model, "pytorch/vision:resnet18", Some("torch-hub"), None, false),
        usage(UsageKind::Model, "models:/fraud/3", Some("mlflow"), None, false),
        usage(UsageKind::Model, "https://example.invalid/a b.pt", Some("url"), None, false),
        usage(UsageKind::Model, "gone/m.pt", Some("local"), None, true),
        usage(UsageKind::Dataset, "org/data", Some("huggingface"), None, false),
        usage(UsageKind::Dataset, "data/train.csv", Some("local"), None, true),
        usage(UsageKind::Library, "torch", Some("pypi"), Some("2.9.1"), false),
        usage(UsageKind::Library, "@scope/pkg", Some("npm"), Some("^1"), false),
        usage(UsageKind::Container, "nvcr.io/nvidia/pytorch:24.05-py3", Some("oci"), None, false),
        usage(UsageKind::Service, "openai", Some("openai"), None, false),
        usage(UsageKind::VectorStore, "chroma", Some("chroma"), None, false),
        usage(UsageKind::Agent, "Researcher", Some("crewai"), None, false),
        usage(UsageKind::McpServer, "https://mcp.example.invalid/sse", Some("mcp"), None, false),
        usage(UsageKind::Tool, "search", None, None, false),
        usage(UsageKind::Prompt, "SYSTEM \u{202e} \"x\"", None, None, false),
    ];
    let text = |about, text: &str| Fact::Statement(Statement { about, text: text.to_owned() });
    let base = |name: &str, relation| {
        Fact::Dependency(Dependency { role: "base-model", name: name.to_owned(), version: None, relation })
    };
    let card = vec![
        Fact::Model(Model { task: Some("text-classification".to_owned()), ..Model::of("model-card") }),
        Fact::Licence(Licence { declared: "my licence (v2)".to_owned(), source: "model-card" }),
        Fact::Licence(Licence { declared: "mit".to_owned(), source: "model-card" }),
        base("org/model", Some("merge")),
        base("org/other", Some("quantized")),
        Fact::Dataset(Dataset { name: "org/data".to_owned(), role: Some("train".to_owned()) }),
        Fact::Evaluation(Evaluation {
            task: None,
            dataset: Some("org/test".to_owned()),
            split: Some("test".to_owned()),
            metric: "accuracy".to_owned(),
            value: "0.9".to_owned(),
        }),
        Fact::Reference(Reference { role: "homepage", target: "https://example.invalid/".to_owned() }),
        text("use", "Reviews."),
        text("out-of-scope", "Law."),
        text("limitation", "English only."),
        text("bias", "Towards films."),
        text("ethics", "None."),
        text("training", "Three epochs."),
        text("environment", "2 kWh"),
        text("description", "Tells good reviews."),
        text("citation", "@misc{x}"),
    ];
    let weights = vec![
        Fact::Model(Model {
            parameters: Some(7),
            architecture: Some("BertForSequenceClassification".to_owned()),
            quantisation: Some("q4".to_owned()),
            ..Model::of("gguf")
        }),
        Fact::Metadata(Metadata::new("general.name", "x")),
        Fact::Port(Port { direction: Direction::Input, name: "ids".to_owned(), dtype: None, shape: vec![] }),
    ];
    let collection = Fact::Collection(Collection {
        name: "squad".to_owned(),
        version: Some("1".to_owned()),
        description: Some("Questions".to_owned()),
        url: Some("https://example.invalid/squad".to_owned()),
        creators: vec!["Somebody".to_owned()],
        distribution: vec![Distribution { name: "f".to_owned(), ..Distribution::default() }],
        record_sets: vec![RecordSet { name: "r".to_owned(), fields: vec!["q".to_owned()] }],
    });
    let asset = |path: &str, model, facts| Asset {
        path: path.to_owned(),
        kind: "file".to_owned(),
        size: 7,
        sha256: Some("ab".repeat(32)),
        model,
        facts,
    };
    Inventory {
        name: "everything".to_owned(),
        version: Some("1.0".to_owned()),
        description: Some("All of it.".to_owned()),
        owner: Some("Us".to_owned()),
        properties: BTreeSet::from([("risk".to_owned(), "high".to_owned())]),
        assets: vec![
            asset("src/app.py", false, code),
            asset("data/train.csv", false, Vec::new()),
            asset("m/model-00001-of-00002.gguf", true, weights.clone()),
            asset("m/model-00002-of-00002.gguf", true, weights.clone()),
            asset("m/README.md", false, card),
            asset("x.zip", false, Vec::new()),
            asset("x.zip!in/m.onnx", true, weights),
            asset("croissant.json", false, vec![collection]),
        ],
    }
}

#[test]
#[ignore = "needs BARTIZAN_SCHEMAS, and pyshacl from PyPI"]
fn conformance_of_spdx_of_everything_with_the_official_shapes() {
    let schemas = PathBuf::from(env::var_os("BARTIZAN_SCHEMAS").unwrap()).join("spdx");
    let stamp = Stamp { random: None, timestamp: None, tool_version: "0.0.0" };
    let document = bom::spdx(&Graph::of(&everything()), &stamp).unwrap();
    let file = env::temp_dir().join(format!("bartizan-{}.spdx.json", std::process::id()));
    fs::write(&file, document.to_string()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/provenance/spdx.py");
    let done = Command::new("python3").arg(script).arg(&schemas).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    println!("{said}");
    assert!(
        done.status.success() && said.contains(" 0 violations"),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
}
