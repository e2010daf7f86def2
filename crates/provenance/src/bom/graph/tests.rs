use bartizan_core::{
    Collection, Dataset, Dependency, Distribution, Evaluation, Fact, Licence, Model, Statement, Usage,
    UsageKind,
};

use super::*;
use crate::bom::Asset;

fn asset(path: &str, facts: Vec<Fact>) -> Asset {
    Asset { path: path.to_owned(), facts, size: 7, sha256: Some("ab".repeat(32)), ..Asset::default() }
}

fn weights(path: &str, facts: Vec<Fact>) -> Asset {
    Asset { model: true, ..asset(path, facts) }
}

fn usage(kind: UsageKind, name: &str) -> Usage {
    Usage {
        kind,
        name: name.to_owned(),
        version: None,
        pinned: false,
        provider: Some("huggingface".to_owned()),
        api: Some("from_pretrained".to_owned()),
        via: Some("literal"),
        local: false,
        line: Some(3),
    }
}

fn base(name: &str, relation: Option<&'static str>) -> Fact {
    Fact::Dependency(Dependency { role: "base-model", name: name.to_owned(), version: None, relation })
}

fn data(name: &str) -> Fact {
    Fact::Dataset(Dataset { name: name.to_owned(), role: Some("train".to_owned()) })
}

fn card(facts: Vec<Fact>) -> Vec<Fact> {
    let model =
        Fact::Model(Model { task: Some("text-classification".to_owned()), ..Model::of("model-card") });
    std::iter::once(model).chain(facts).collect()
}

fn graph(assets: Vec<Asset>) -> Graph {
    Graph::of(&Inventory { name: "repo".to_owned(), version: None, assets, ..Inventory::default() })
}

fn found<'a>(graph: &'a Graph, reference: &str) -> &'a Component {
    let all: Vec<&str> = graph.components.iter().map(|component| component.reference.as_str()).collect();
    graph
        .components
        .iter()
        .find(|component| component.reference == reference)
        .unwrap_or_else(|| panic!("{reference} is not among {all:?}"))
}

#[test]
fn an_adapter_is_joined_with_its_configuration_and_with_the_card_that_names_the_same_base() {
    let graph = graph(vec![
        weights("models/base.safetensors", vec![]),
        weights("models/imdb-lora/adapter_model.safetensors", vec![]),
        asset("models/imdb-lora/adapter_config.json", vec![base("google-bert/bert-base-uncased", None)]),
        asset(
            "models/README.md",
            card(vec![base("google-bert/bert-base-uncased", Some("adapter")), data("stanfordnlp/imdb")]),
        ),
    ]);
    let adapter = "models/imdb-lora/adapter_model.safetensors";
    assert_eq!(
        graph.edges(),
        [(adapter, "adapter", "google-bert/bert-base-uncased"), (adapter, "trained-on", "stanfordnlp/imdb")]
    );
    let link = graph.lineage.iter().find(|link| link.relation == Relation::Adapter).unwrap();
    let declared: Vec<&str> = link.declared_in.iter().map(String::as_str).collect();
    assert_eq!(declared, ["models/README.md", "models/imdb-lora/adapter_config.json"]);
    assert!(found(&graph, "model:models/base.safetensors").model.is_empty());
    assert_eq!(found(&graph, &format!("model:{adapter}")).model["task"], "text-classification");
}

#[test]
fn a_card_that_names_a_model_describes_that_model_alone() {
    let title = Fact::Model(Model { name: Some("tiny".to_owned()), ..Model::of("model-card") });
    let graph = graph(vec![
        weights("models/tiny.gguf", vec![]),
        weights("models/other.onnx", vec![]),
        asset(
            "models/README.md",
            vec![title, Fact::Licence(Licence { declared: "mit".to_owned(), source: "model-card" })],
        ),
    ]);
    assert_eq!(found(&graph, "model:models/tiny.gguf").licences.len(), 1);
    assert!(found(&graph, "model:models/other.onnx").licences.is_empty());
}

#[test]
fn a_base_model_is_found_by_its_address_and_in_the_folder_of_the_file() {
    let graph = graph(vec![
        weights("a/tiny.gguf", vec![base("https://huggingface.co/meta-llama/Meta-Llama-3-8B", None)]),
        weights("a/base/model.safetensors", vec![]),
        weights("a/tuned.safetensors", vec![base("base", Some("finetune"))]),
    ]);
    assert_eq!(
        graph.edges(),
        [
            ("a/tiny.gguf", "base", "meta-llama/Meta-Llama-3-8B"),
            ("a/tuned.safetensors", "finetune", "a/base/model.safetensors"),
        ]
    );
    let parent = found(&graph, "model:meta-llama/Meta-Llama-3-8B");
    assert_eq!(parent.purl.as_ref().unwrap().to_string(), "pkg:huggingface/meta-llama/Meta-Llama-3-8B");
}

#[test]
fn a_path_in_code_is_the_file_and_one_that_is_not_there_is_missing() {
    let local =
        |name: &str| Fact::Usage(Usage { local: true, provider: None, ..usage(UsageKind::Model, name) });
    let graph = graph(vec![
        weights("models/clf.pkl", vec![]),
        asset(
            "src/app.py",
            vec![local("models/clf.pkl"), local("../models/clf.pkl"), local("models/net.pt")],
        ),
    ]);
    let models: Vec<&Component> =
        graph.components.iter().filter(|component| component.role == Role::Model).collect();
    assert_eq!(models.len(), 2);
    assert_eq!(found(&graph, "model:models/clf.pkl").occurrences.len(), 2);
    assert_eq!(found(&graph, "model:models/net.pt").origin, Origin::Missing);
    assert!(found(&graph, "model:models/net.pt").purl.is_none());
}

#[test]
fn uses_with_and_without_revision_are_one_component_and_two_revisions_are_two() {
    let revision = "86b5e0934494bd15c9632b12f734a8a67f723594";
    let pinned = |name: &str, version: &str| {
        Fact::Usage(Usage {
            version: Some(version.to_owned()),
            pinned: true,
            ..usage(UsageKind::Model, name)
        })
    };
    let graph = graph(vec![asset(
        "train.py",
        vec![
            Fact::Usage(usage(UsageKind::Model, "org/a")),
            pinned("org/a", revision),
            pinned("org/b", "v1"),
            pinned("org/b", "v2"),
        ],
    )]);
    let one = found(&graph, &format!("model:org/a@{revision}"));
    assert_eq!(one.pinned, Some(false));
    assert_eq!(one.purl.as_ref().unwrap().to_string(), format!("pkg:huggingface/org/a@{revision}"));
    found(&graph, "model:org/b@v1");
    found(&graph, "model:org/b@v2");
    assert_eq!(graph.components.len(), 3);
}

#[test]
fn a_range_is_a_constraint_and_no_version() {
    let library = |name: &str, version: Option<&str>, pinned| {
        Fact::Usage(Usage {
            version: version.map(str::to_owned),
            pinned,
            provider: Some("pypi".to_owned()),
            ..usage(UsageKind::Library, name)
        })
    };
    let graph = graph(vec![asset(
        "requirements.txt",
        vec![
            library("torch", Some(">=2.1"), false),
            library("Transformers", Some("==4.41.2"), true),
            library("x", None, false),
        ],
    )]);
    let torch = found(&graph, "library:torch");
    assert_eq!((torch.version.as_deref(), torch.constraint.as_deref()), (None, Some(">=2.1")));
    let exact = found(&graph, "library:Transformers@4.41.2");
    assert_eq!(exact.purl.as_ref().unwrap().to_string(), "pkg:pypi/transformers@4.41.2");
    assert_eq!(exact.pinned, Some(true));
}

#[test]
fn a_lock_fixes_what_a_manifest_leaves_open_and_a_tag_is_no_release() {
    let library = |name: &str, version: &str, api: &str| {
        Fact::Usage(Usage {
            version: Some(version.to_owned()),
            pinned: api == "lock",
            provider: Some("pypi".to_owned()),
            api: Some(api.to_owned()),
            ..usage(UsageKind::Library, name)
        })
    };
    let graph = graph(vec![
        asset("uv.lock", vec![library("a", "1.2", "lock")]),
        asset("pyproject.toml", vec![library("a", ">=1", "dependencies")]),
        asset("requirements.txt", vec![library("b", "v4.47.0", "requirements")]),
    ]);
    assert_eq!(found(&graph, "library:a@1.2").pinned, Some(true));
    let tagged = found(&graph, "library:b@v4.47.0");
    assert_eq!(tagged.purl.as_ref().unwrap().to_string(), "pkg:pypi/b");
    assert_eq!(tagged.pinned, Some(false));
}

#[test]
fn models_of_an_api_need_its_service() {
    let api = Fact::Usage(Usage { provider: Some("openai".to_owned()), ..usage(UsageKind::Model, "gpt-4o") });
    let graph = graph(vec![asset("app.py", vec![api])]);
    let service = found(&graph, "service:openai");
    assert_eq!(service.occurrences.len(), 1);
    let model = found(&graph, "model:gpt-4o");
    assert_eq!((model.pinned, model.purl.is_none()), (None, true));
    assert_eq!(graph.needs.len(), 1);
}

#[test]
fn shards_are_one_model() {
    let part = |path: &str| {
        weights(path, vec![Fact::Model(Model { parameters: Some(10), ..Model::of("safetensors") })])
    };
    let graph =
        graph(vec![part("m/model-00001-of-00002.safetensors"), part("m/model-00002-of-00002.safetensors")]);
    let model = found(&graph, "model:m/model.safetensors");
    assert_eq!((model.parts.len(), model.size, model.model["parameters"].as_str()), (2, Some(14), "20"));
}

#[test]
fn a_model_in_an_archive_is_nested_and_what_a_model_is_packed_of_is_no_model() {
    let graph = graph(vec![
        asset("bundle.zip", vec![]),
        weights("bundle.zip!in/m.onnx", vec![]),
        weights("net.pt", vec![]),
        weights("net.pt!archive/data.pkl", vec![]),
    ]);
    let nested = found(&graph, "model:bundle.zip!in/m.onnx");
    let holder = nested.within.and_then(|at| graph.components.get(at)).unwrap();
    assert_eq!(holder.reference, "file:bundle.zip");
    assert_eq!(graph.components.len(), 3);
}

#[test]
fn a_dataset_card_describes_the_data_beside_it_and_croissant_its_own() {
    let licence = Fact::Licence(Licence { declared: "cc-by-4.0".to_owned(), source: "dataset-card" });
    let used =
        Fact::Usage(Usage { local: true, provider: None, ..usage(UsageKind::Dataset, "data/train.csv") });
    let collection = Collection {
        name: "squad".to_owned(),
        description: Some("Questions".to_owned()),
        distribution: vec![Distribution { name: "train".to_owned(), ..Distribution::default() }],
        ..Collection::default()
    };
    let graph = graph(vec![
        asset("data/train.csv", vec![]),
        asset("data/README.md", vec![licence.clone()]),
        asset("src/a.py", vec![used]),
        asset("other/README.md", vec![licence]),
        asset("croissant.json", vec![Fact::Collection(collection)]),
    ]);
    let train = found(&graph, "dataset:data/train.csv");
    assert!(train.licences.contains("cc-by-4.0") && train.origin == Origin::Local);
    assert_eq!(found(&graph, "dataset:other").licences.len(), 1);
    assert_eq!(found(&graph, "dataset:squad").parts.len(), 1);
}

#[test]
fn a_card_without_weights_is_a_model_whose_weights_are_missing() {
    let evaluation = Fact::Evaluation(Evaluation {
        task: None,
        dataset: Some("org/data".to_owned()),
        split: Some("test".to_owned()),
        metric: "accuracy".to_owned(),
        value: "0.93".to_owned(),
    });
    let statement = Fact::Statement(Statement { about: "limitation", text: "English only".to_owned() });
    let graph = graph(vec![asset("m/README.md", card(vec![evaluation, statement]))]);
    let model = found(&graph, "model:m");
    assert_eq!((model.origin, model.metrics.len(), model.statements.len()), (Origin::Missing, 1, 1));
    assert_eq!(graph.edges(), [("m", "evaluated-on", "org/data")]);
}

#[test]
fn the_order_of_assets_does_not_matter() {
    let assets = || {
        vec![
            weights("b.gguf", vec![base("org/x", None)]),
            weights("a.onnx", vec![data("org/d")]),
            asset("app.py", vec![Fact::Usage(usage(UsageKind::Model, "org/x"))]),
        ]
    };
    let one = graph(assets());
    let other = graph(assets().into_iter().rev().collect());
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

#[test]
fn references_are_unique_even_for_names_that_look_like_versions() {
    let local = |name: &str| Fact::Usage(Usage { version: None, ..usage(UsageKind::Tool, name) });
    let version = Fact::Usage(Usage { version: Some("1".to_owned()), ..usage(UsageKind::Tool, "a") });
    let graph = graph(vec![asset("x.py", vec![local("a@1"), version, local("")])]);
    let mut references: Vec<&str> =
        graph.components.iter().map(|component| component.reference.as_str()).collect();
    references.dedup();
    assert_eq!(references, ["tool:a@1", "tool:a@1#2"]);
}

#[test]
fn every_kind_of_use_has_a_component_of_its_role_with_its_place() {
    let kinds = [
        (UsageKind::Model, Role::Model),
        (UsageKind::Dataset, Role::Dataset),
        (UsageKind::Library, Role::Library),
        (UsageKind::Container, Role::Container),
        (UsageKind::Service, Role::Service),
        (UsageKind::VectorStore, Role::VectorStore),
        (UsageKind::Agent, Role::Agent),
        (UsageKind::McpServer, Role::McpServer),
        (UsageKind::Tool, Role::Tool),
        (UsageKind::Prompt, Role::Prompt),
    ];
    let facts = kinds.iter().map(|(kind, role)| {
        Fact::Usage(Usage { provider: None, ..usage(*kind, &format!("a-{}", role.name())) })
    });
    let graph = graph(vec![asset("app.py", facts.collect())]);
    for (_, role) in kinds {
        let component = found(&graph, &format!("{0}:a-{0}", role.name()));
        assert_eq!(component.role, role);
        let places: Vec<(&str, Option<u64>)> =
            component.occurrences.iter().map(|found| (found.path.as_str(), found.line)).collect();
        assert_eq!(places, [("app.py", Some(3))]);
    }
}

#[test]
fn a_model_of_an_api_is_joined_with_the_client_of_the_same_file() {
    let of = |kind, name: &str, provider: &str| {
        Fact::Usage(Usage { provider: Some(provider.to_owned()), ..usage(kind, name) })
    };
    let graph = graph(vec![
        asset(
            "a.py",
            vec![
                of(UsageKind::Service, "google-genai", "google"),
                of(UsageKind::Model, "gemini-2", "google"),
            ],
        ),
        asset("b.py", vec![of(UsageKind::Model, "amazon.titan-embed-text-v1", "aws-bedrock")]),
    ]);
    let services: Vec<&str> = graph
        .components
        .iter()
        .filter(|component| component.role == Role::Service)
        .map(|component| component.name.as_str())
        .collect();
    assert_eq!(services, ["aws-bedrock", "google-genai"]);
    let need = |one: &str, other: &str| {
        let at = |name: &str| graph.components.iter().position(|component| component.name == name).unwrap();
        graph.needs.contains(&(at(one), at(other)))
    };
    assert!(need("gemini-2", "google-genai") && need("amazon.titan-embed-text-v1", "aws-bedrock"));
    let embedding = found(&graph, "model:amazon.titan-embed-text-v1");
    assert!(embedding.properties.contains(&("use".to_owned(), "embedding".to_owned())));
    assert_eq!(embedding.pinned, None);
}

#[test]
fn what_other_registries_have_gets_its_package_url_or_its_address() {
    let of = |kind, name: &str, provider: &str, version: Option<&str>| {
        Fact::Usage(Usage {
            provider: Some(provider.to_owned()),
            version: version.map(str::to_owned),
            pinned: version.is_some(),
            ..usage(kind, name)
        })
    };
    let graph = graph(vec![asset(
        "a.py",
        vec![
            of(UsageKind::Model, "models:/fraud/3", "mlflow", None),
            of(UsageKind::Model, "pytorch/vision:resnet18", "torch-hub", None),
            of(UsageKind::Model, "https://x.invalid/m.pt", "url", None),
            of(UsageKind::Dataset, "https://huggingface.co/datasets/org/d", "url", None),
            of(UsageKind::Library, "@a/b", "npm", Some("1.0.0")),
            of(UsageKind::Container, "python", "oci", Some("3.12")),
        ],
    )]);
    let purl =
        |reference: &str| found(&graph, reference).purl.as_ref().map(ToString::to_string).unwrap_or_default();
    assert_eq!(purl("model:models:/fraud/3"), "pkg:mlflow/fraud@3");
    assert_eq!(purl("library:@a/b@1.0.0"), "pkg:npm/%40a/b@1.0.0");
    assert_eq!(purl("container:python@3.12"), "pkg:docker/python@3.12");
    let address = |reference: &str| found(&graph, reference).addresses.iter().next().unwrap().1.clone();
    assert_eq!(address("model:pytorch/vision:resnet18"), "https://github.com/pytorch/vision");
    assert_eq!(address("model:https://x.invalid/m.pt"), "https://x.invalid/m.pt");
    assert_eq!(found(&graph, "dataset:org/d").provider.as_deref(), Some("huggingface"));
}

#[test]
fn a_card_without_weights_keeps_what_configures_them() {
    let settings = Asset {
        kind: "huggingface-settings".to_owned(),
        ..asset(
            "m/config.json",
            vec![Fact::Model(Model {
                architecture: Some("BertModel".to_owned()),
                ..Model::of("huggingface")
            })],
        )
    };
    let prompt = Asset {
        kind: "jinja".to_owned(),
        ..asset("prompts/system.j2", vec![Fact::Prompt(bartizan_core::Prompt::new("system", "{{ x }}"))])
    };
    let graph = graph(vec![settings, prompt, asset("m/README.md", card(vec![]))]);
    assert_eq!(found(&graph, "model:m").model["architecture"], "BertModel");
    assert_eq!(found(&graph, "prompt:prompts/system.j2").origin, Origin::Local);
}

#[test]
fn a_store_of_many_models_with_their_configurations_is_joined_without_looking_at_every_pair() {
    let mut assets = Vec::new();
    for at in 0..10_000 {
        assets.push(weights(&format!("m{at}/model.safetensors"), vec![]));
        assets.push(asset(&format!("m{at}/config.json"), vec![base("org/base", None)]));
        let uses = Usage { local: true, provider: None, ..usage(UsageKind::Model, &format!("m{at}")) };
        assets.push(asset(&format!("s{at}.py"), vec![Fact::Usage(uses)]));
    }
    let graph = graph(assets);
    assert_eq!((graph.components.len(), graph.lineage.len()), (10_001, 10_000));
    let stamp = crate::bom::Stamp::default();
    let bill = crate::bom::cyclonedx(&graph, crate::bom::SpecVersion::V1_7, &stamp).unwrap();
    assert_eq!(bill["components"].as_array().unwrap().len(), 10_001);
    assert!(crate::bom::spdx(&graph, &stamp).is_ok());
}

#[test]
fn a_card_of_a_network_is_not_about_the_forest_beside_it() {
    let of = |framework: &str, format| {
        vec![Fact::Model(Model { framework: Some(framework.to_owned()), ..Model::of(format) })]
    };
    let mut facts = of("transformers", "model-card");
    facts.push(base("org/base", None));
    let graph = graph(vec![
        asset("README.md", facts),
        weights("models/net.pt", of("pytorch", "pytorch")),
        weights("models/forest.pkl", of("scikit-learn", "pickle")),
        weights("models/odd.pkl", vec![Fact::Model(Model::of("pickle"))]),
    ]);
    assert_eq!(graph.edges(), [("models/net.pt", "base", "org/base")]);
}
