use bartizan_core::{
    Dataset, Dependency, Direction, Evaluation, Fact, Licence, Metadata, Model, Port, Statement, Usage,
    UsageKind,
};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A small repository as a scan sees it.
fn repository() -> Inventory {
    let usage = |kind, name: &str, provider: &str, version: Option<&str>, line| {
        Fact::Usage(Usage {
            kind,
            name: name.to_owned(),
            version: version.map(str::to_owned),
            pinned: version.is_some(),
            provider: Some(provider.to_owned()),
            api: Some("use".to_owned()),
            via: Some("constant"),
            local: provider == "local",
            line: Some(line),
        })
    };
    let commit = "86b5e0934494bd15c9632b12f734a8a67f723594";
    let code = vec![
        usage(UsageKind::Model, "google-bert/bert-base-uncased", "huggingface", Some(commit), 9),
        usage(UsageKind::Model, "gpt-4o", "openai", None, 15),
        usage(UsageKind::Dataset, "stanfordnlp/imdb", "huggingface", None, 11),
        usage(UsageKind::Dataset, "data/train.csv", "local", None, 12),
        usage(UsageKind::Model, "models/net.pt", "local", None, 18),
        usage(UsageKind::VectorStore, "chroma", "local", None, 20),
        usage(UsageKind::McpServer, "https://mcp.example.invalid/sse", "local", None, 21),
        usage(UsageKind::Prompt, "SYSTEM", "local", None, 22),
    ];
    let packages = vec![
        usage(UsageKind::Library, "transformers", "pypi", Some("4.41.2"), 1),
        usage(UsageKind::Container, "nvcr.io/nvidia/pytorch:24.05-py3", "oci", None, 2),
    ];
    let adapter = vec![
        Fact::Model(Model {
            parameters: Some(1_000_000),
            architecture: Some("BertForSequenceClassification".to_owned()),
            ..Model::of("safetensors")
        }),
        Fact::Port(Port {
            direction: Direction::Input,
            name: "ids".to_owned(),
            dtype: Some("i64".to_owned()),
            shape: vec!["n".to_owned(), "128".to_owned()],
        }),
    ];
    let card = vec![
        Fact::Model(Model { task: Some("text-classification".to_owned()), ..Model::of("model-card") }),
        Fact::Licence(Licence { declared: "apache-2.0".to_owned(), source: "model-card" }),
        Fact::Dependency(Dependency {
            role: "base-model",
            name: "google-bert/bert-base-uncased".to_owned(),
            version: None,
            relation: Some("adapter"),
        }),
        Fact::Dataset(Dataset { name: "stanfordnlp/imdb".to_owned(), role: Some("train".to_owned()) }),
        Fact::Evaluation(Evaluation {
            task: None,
            dataset: Some("stanfordnlp/imdb".to_owned()),
            split: Some("test".to_owned()),
            metric: "accuracy".to_owned(),
            value: "0.93".to_owned(),
        }),
        Fact::Statement(Statement { about: "limitation", text: "English only.".to_owned() }),
        Fact::Statement(Statement { about: "use", text: "Reviews of films.".to_owned() }),
        Fact::Statement(Statement {
            about: "description",
            text: "Tells good reviews from bad ones.".to_owned(),
        }),
    ];
    let asset = |path: &str, model, facts| Asset {
        path: path.to_owned(),
        kind: "file".to_owned(),
        size: 2224,
        sha256: Some("ab".repeat(32)),
        model,
        facts,
    };
    Inventory {
        name: "repo".to_owned(),
        version: Some("1.0".to_owned()),
        assets: vec![
            asset("src/train.py", false, code),
            asset("requirements.txt", false, packages),
            asset("data/train.csv", false, Vec::new()),
            asset("models/imdb-lora/adapter_model.safetensors", true, adapter),
            asset("models/imdb-lora/README.md", false, card),
        ],
        ..Inventory::default()
    }
}

fn stamp() -> Stamp {
    Stamp { random: None, timestamp: None, tool_version: "0.0.0" }
}

#[test]
fn a_repository_reads_like_this_in_cyclonedx() {
    let document = cyclonedx(&Graph::of(&repository()), SpecVersion::V1_7, &stamp()).unwrap();
    insta::assert_json_snapshot!(document);
}

#[test]
fn a_repository_reads_like_this_in_spdx() {
    insta::assert_json_snapshot!(spdx(&Graph::of(&repository()), &stamp()).unwrap());
}

#[test]
fn the_same_files_give_the_same_bytes_and_others_another_serial_number() {
    let write = |inventory: &Inventory| {
        serde_json::to_string(&cyclonedx(&Graph::of(inventory), SpecVersion::V1_6, &stamp()).unwrap())
            .unwrap()
    };
    let mut other = repository();
    other.assets.reverse();
    assert_eq!(write(&repository()), write(&other));
    other.assets.pop();
    let serial = |text: &str| serde_json::from_str::<Value>(text).unwrap()["serialNumber"].clone();
    assert_ne!(serial(&write(&repository())), serial(&write(&other)));
}

#[test]
fn versions_that_know_no_such_models_are_refused() {
    assert!(cyclonedx(&Graph::of(&repository()), SpecVersion::V1_5, &stamp()).is_err());
}

#[test]
fn our_own_document_scores_what_it_tells() {
    let document = cyclonedx(&Graph::of(&repository()), SpecVersion::V1_7, &stamp()).unwrap();
    let owasp = score(&document, &Profile::named("owasp").unwrap());
    let status = |id: &str| owasp.fields.iter().find(|field| field.field == id).unwrap().status;
    for present in ["bomFormat", "serialNumber", "name", "type"] {
        assert_eq!(status(present), Status::Present, "{present}");
    }
    for partial in ["licenses", "technicalLimitations", "datasets", "metric", "primaryPurpose", "typeOfModel"]
    {
        assert_eq!(status(partial), Status::Partial, "{partial}");
    }
    assert_eq!(status("energyQuantity"), Status::Missing);
    assert!(owasp.score > 30.0 && owasp.score < 90.0, "{}", owasp.score);
}

/// Texts that break writers: empty, spaces, quotes, control characters, percent signs, what looks like an address.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any::<String>(),
        2 => "[a-zA-Z0-9._/-]{0,30}",
        1 => "https?://[a-z.%#:/ ]{0,20}",
        1 => Just("org/name".to_owned()),
        1 => Just("models/a.safetensors".to_owned()),
        1 => Just("é".repeat(3000)),
    ]
}

fn usage() -> impl Strategy<Value = Fact> {
    let kinds = prop::sample::select(vec![
        UsageKind::Model,
        UsageKind::Dataset,
        UsageKind::Library,
        UsageKind::Container,
        UsageKind::Service,
        UsageKind::VectorStore,
        UsageKind::Agent,
        UsageKind::McpServer,
        UsageKind::Tool,
        UsageKind::Prompt,
    ]);
    let provider =
        prop::sample::select(vec!["huggingface", "pypi", "npm", "oci", "openai", "local", "odd one"]);
    (kinds, text(), prop::option::of(text()), provider, any::<(bool, bool)>(), prop::option::of(any::<u64>()))
        .prop_map(|(kind, name, version, provider, (pinned, local), line)| {
            Fact::Usage(Usage {
                kind,
                name,
                version,
                pinned,
                provider: Some(provider.to_owned()),
                api: Some("a\nb".to_owned()),
                via: None,
                local,
                line,
            })
        })
}

fn fact() -> impl Strategy<Value = Fact> {
    let relation = prop::sample::select(vec![None, Some("adapter"), Some("merge"), Some("quantized")]);
    let role = prop::sample::select(vec!["base-model", "package", "custom-code"]);
    let subject = prop::sample::select(vec![
        "use",
        "limitation",
        "ethics",
        "bias",
        "description",
        "training",
        "environment",
    ]);
    prop_oneof![
        3 => usage(),
        1 => (text(), text()).prop_map(|(name, task)| Fact::Model(Model {
            name: Some(name),
            version: Some(task.clone()),
            architecture: Some(task.clone()),
            task: Some(task),
            ..Model::of("model-card")
        })),
        1 => (role, text(), prop::option::of(text()), relation).prop_map(|(role, name, version, relation)| {
            Fact::Dependency(Dependency { role, name, version, relation })
        }),
        1 => (text(), prop::option::of(text())).prop_map(|(name, role)| Fact::Dataset(Dataset { name, role })),
        1 => text().prop_map(|declared| Fact::Licence(Licence { declared, source: "model-card" })),
        1 => (subject, text()).prop_map(|(about, text)| Fact::Statement(Statement { about, text })),
        1 => (text(), text()).prop_map(|(key, value)| Fact::Metadata(Metadata::new(key, value))),
        1 => (text(), text()).prop_map(|(name, url)| Fact::Collection(bartizan_core::Collection {
            name,
            url: Some(url.clone()),
            creators: vec![url.clone()],
            distribution: vec![bartizan_core::Distribution { url: Some(url), ..Default::default() }],
            ..Default::default()
        })),
        1 => (text(), prop::option::of(text())).prop_map(|(metric, dataset)| Fact::Evaluation(Evaluation {
            task: None,
            dataset,
            split: None,
            value: metric.clone(),
            metric,
        })),
    ]
}

fn inventory() -> impl Strategy<Value = Inventory> {
    let path = prop::sample::select(vec![
        "a.py",
        "models/a.safetensors",
        "models/README.md",
        "README.md",
        "x.zip",
        "x.zip!m.onnx",
        "models/b-00001-of-00002.bin",
        "models/adapter_config.json",
        "models/adapter_model.safetensors",
        "data.json",
        "é/\u{202e}.gguf",
    ]);
    let asset = (path, any::<bool>(), prop::collection::vec(fact(), 0..6), any::<u64>()).prop_map(
        |(path, model, facts, size)| Asset {
            path: path.to_owned(),
            kind: "file".to_owned(),
            size,
            sha256: Some("0f".repeat(32)),
            model,
            facts,
        },
    );
    (text(), prop::collection::vec(asset, 0..8)).prop_map(|(name, assets)| Inventory {
        name,
        version: None,
        assets,
        ..Inventory::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_scanned_the_documents_are_valid(inventory in inventory()) {
        let graph = Graph::of(&inventory);
        for version in [SpecVersion::V1_6, SpecVersion::V1_7] {
            let document = cyclonedx(&graph, version, &stamp()).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert!(diff(&document, &document).is_empty());
            for profile in Profile::all().unwrap() {
                let score = score(&document, &profile).score;
                prop_assert!((0.0..=100.0).contains(&score));
            }
            let merged = merge(&[document.clone(), document], "m", &stamp());
            prop_assert!(merged.is_ok(), "{:?}", merged.err());
        }
        let document = spdx(&graph, &stamp());
        prop_assert!(document.is_ok(), "{:?}", document.err());
    }

    #[test]
    fn no_document_makes_the_readers_panic(one in json(), other in json()) {
        let _ = diff(&one, &other);
        let _ = merge(&[one.clone(), other.clone()], "m", &stamp());
        let _ = vex::apply(&one, &other);
        let _ = score(&one, &Profile::named("owasp").unwrap());
    }
}

/// Documents that have the fields of CycloneDX with anything in them.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["a", "1.6", "CycloneDX", "urn:cdx:x/1#a", "pkg:pypi/a", ""])
            .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "bomFormat",
        "specVersion",
        "components",
        "services",
        "metadata",
        "component",
        "bom-ref",
        "ref",
        "name",
        "type",
        "dependencies",
        "dependsOn",
        "vulnerabilities",
        "affects",
        "hashes",
        "alg",
        "content",
        "licenses",
        "license",
        "modelCard",
        "modelParameters",
        "datasets",
        "pedigree",
        "ancestors",
        "properties",
        "value",
        "id",
        "purl",
    ]);
    let value = leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    value.prop_map(|mut value| {
        if let Some(fields) = value.as_object_mut() {
            fields.insert("bomFormat".to_owned(), "CycloneDX".into());
            fields.insert("specVersion".to_owned(), "1.6".into());
        }
        value
    })
}
