//! The tables prove themselves; the flow is shown by cases.

use bartizan_core::{Usage, UsageKind};
use ruff_python_ast::PySourceType;

use super::{
    Found,
    catalogue::{Catalogue, Language},
    collect, javascript, python,
};

fn python(source: &str) -> Vec<Usage> {
    let parsed = ruff_python_parser::parse_unchecked_source(source, PySourceType::Ipynb);
    let mut starts = vec![0u32];
    starts.extend(source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1));
    if !Catalogue::get().concerns(source) {
        return Vec::new();
    }
    let found: Found = collect::usages(&python::program(parsed.suite(), &starts), false, &|| false);
    found.usages
}

/// `name` for a model, `kind name` for everything else.
fn shown(usage: &Usage) -> String {
    let kind = match usage.kind {
        UsageKind::Model => return usage.name.clone(),
        UsageKind::Dataset => "dataset",
        UsageKind::Library => "library",
        UsageKind::Container => "container",
        UsageKind::Service => "service",
        UsageKind::VectorStore => "vector-store",
        UsageKind::Agent => "agent",
        UsageKind::McpServer => "mcp-server",
        UsageKind::Tool => "tool",
        UsageKind::Prompt => "prompt",
    };
    format!("{kind} {}", usage.name)
}

fn javascript_names(source: &str) -> Vec<String> {
    let program = javascript::program(source, javascript::Grammar::Elements, &|| false).unwrap();
    collect::usages(&program, true, &|| false).usages.iter().map(shown).collect()
}

fn names(source: &str) -> Vec<String> {
    python(source).iter().map(shown).collect()
}

#[test]
fn every_example_of_the_tables_is_found_and_no_counterexample_is() {
    let mut problems = Vec::new();
    for entry in Catalogue::get().entries() {
        for example in &entry.examples {
            let script = entry.language == Some(Language::Javascript);
            let found = if script { javascript_names(&example.code) } else { names(&example.code) };
            for expected in &example.finds {
                if !found.contains(expected) {
                    problems.push(format!("{:?}: {expected} is not among {found:?}", example.code));
                }
            }
        }
        for code in &entry.counterexamples {
            let found: Vec<String> = if entry.language == Some(Language::Javascript) {
                javascript_names(code)
            } else {
                let parsed = ruff_python_parser::parse_unchecked_source(code, PySourceType::Python);
                collect::usages(&python::program(parsed.suite(), &[0]), false, &|| false)
                    .usages
                    .iter()
                    .map(shown)
                    .filter(|name| !name.starts_with("service "))
                    .collect()
            };
            if !found.is_empty() {
                problems.push(format!("{code:?}: finds {found:?}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn names_are_followed_through_the_file() {
    let head = "import os\nimport argparse\nfrom transformers import AutoModel as AM, pipeline\n";
    let cases: &[(&str, &[&str])] = &[
        ("A = 'o/a'\nB = A\nAM.from_pretrained(B)", &["o/a"]),
        ("C = {'model': 'o/a', 'other': 'o/b'}\nAM.from_pretrained(C['model'])", &["o/a"]),
        ("C = dict(model='o/a')\nAM.from_pretrained(C.get('model', 'o/b'))", &["o/a", "o/b"]),
        ("C = {'x': {'y': 'o/a'}}\nAM.from_pretrained(C['x']['y'])", &["o/a"]),
        ("for m in ['o/a', 'o/b']:\n    AM.from_pretrained(m)", &["o/a", "o/b"]),
        ("M = {'s': 'o/a', 'l': 'o/b'}\ndef f(k):\n    return AM.from_pretrained(M[k])", &["o/a", "o/b"]),
        ("def f(m='o/a'):\n    return AM.from_pretrained(m)\nf('o/b')", &["o/a", "o/b"]),
        ("def f(m):\n    return AM.from_pretrained(m)\nf(m='o/b')", &["o/b"]),
        ("m = os.environ.get('M', 'o/a')\nAM.from_pretrained(m)", &["o/a"]),
        ("m = os.environ['M'] if 'M' in os.environ else 'o/a'\nAM.from_pretrained(m)", &["o/a"]),
        ("AM.from_pretrained(os.getenv('M') or 'o/a')", &["o/a"]),
        ("o = 'org'\nAM.from_pretrained(f'{o}/name')", &["org/name"]),
        ("o = 'org'\nAM.from_pretrained(o + '/' + 'name')", &["org/name"]),
        ("AM.from_pretrained('{}/{}'.format('org', 'name'))", &["org/name"]),
        ("AM.from_pretrained('%s/name' % 'org')", &["org/name"]),
        (
            "p = argparse.ArgumentParser()\np.add_argument('--model-name', default='o/a')\nargs = p.parse_args()\nAM.from_pretrained(args.model_name)",
            &["o/a"],
        ),
        ("class C:\n    model = 'o/a'\nAM.from_pretrained(C.model)\nAM.from_pretrained(C().model)", &["o/a"]),
        (
            "class C:\n    def __init__(self, model='o/a'):\n        self.m = model\n    def go(self):\n        AM.from_pretrained(self.m)",
            &["o/a"],
        ),
        (
            "from dataclasses import dataclass\n@dataclass\nclass C:\n    model: str = 'o/a'\ndef run(c: C):\n    pass\nc = C(model='o/b')\nAM.from_pretrained(c.model)",
            &["o/b"],
        ),
        ("def name():\n    return 'o/a'\nAM.from_pretrained(name())", &["o/a"]),
        ("k = {'model': 'o/a'}\npipeline('x', **k)", &["o/a"]),
        ("from enum import Enum\nclass M(Enum):\n    A = 'o/a'\nAM.from_pretrained(M.A.value)", &["o/a"]),
        ("x = 'o/a'\nAM.from_pretrained(x)\nx = 'o/b'\nAM.from_pretrained(x)", &["o/a", "o/b"]),
        ("if big:\n    m = 'o/a'\nelse:\n    m = 'o/b'\nAM.from_pretrained(m)", &["o/a", "o/b"]),
        ("AM.from_pretrained(unknown)\nAM.from_pretrained(f'{unknown}/x')", &[]),
        (
            "pairs = [('a', 'o/a'), ('b', 'o/b')]\nfor n, m in pairs:\n    AM.from_pretrained(m)",
            &["o/a", "o/b"],
        ),
        (
            "import streamlit as st\nm = st.selectbox('Model', ['o/a', 'o/b'])\nAM.from_pretrained(m)",
            &["o/a", "o/b"],
        ),
        (
            "import click\n@click.command()\n@click.option('--model', default='o/a')\ndef main(model):\n    AM.from_pretrained(model)",
            &["o/a"],
        ),
        ("m: str = 'o/a'\nx = [AM.from_pretrained(n) for n in (m, 'o/c')]", &["o/a", "o/c"]),
        (
            "def f():\n    \"\"\"AM.from_pretrained('o/doc')\"\"\"\n    # AM.from_pretrained('o/comment')\n    return 'o/unused'",
            &[],
        ),
    ];
    let mut problems = Vec::new();
    for (code, expected) in cases {
        let mut found = names(&format!("{head}{code}\n"));
        found.sort();
        found.dedup();
        if found != *expected {
            problems.push(format!("{code:?}: {expected:?} is {found:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_usage_tells_where_how_and_how_firmly() {
    let commit = "86b5e0934494bd15c9632b12f734a8a67f723594";
    let found = python(&format!(
        "from transformers import AutoModel\nBASE = 'o/a'\nAutoModel.from_pretrained(BASE, revision='{commit}')\n\
         AutoModel.from_pretrained('./m')\n!pip install -q torch==2.1\n"
    ));
    let pinned = &found.iter().find(|usage| usage.name == "o/a").unwrap();
    assert_eq!((pinned.line, pinned.via, pinned.pinned), (Some(3), Some("constant"), true));
    assert_eq!(pinned.version.as_deref(), Some(commit));
    assert_eq!(pinned.api.as_deref(), Some("transformers.AutoModel.from_pretrained"));
    assert_eq!(pinned.provider.as_deref(), Some("huggingface"));
    let local = found.iter().find(|usage| usage.name == "./m").unwrap();
    assert!(local.local && local.provider.as_deref() == Some("local"));
    let library = found.iter().find(|usage| usage.kind == UsageKind::Library).unwrap();
    assert_eq!(
        (library.name.as_str(), library.version.as_deref(), library.line),
        ("torch", Some("2.1"), Some(5))
    );
}

fn with_versions(source: &str) -> Vec<String> {
    let shown = |usage: &Usage| format!("{} {}", usage.name, usage.version.as_deref().unwrap_or("-"));
    python(source).iter().map(shown).collect()
}

#[test]
fn names_and_revisions_that_a_function_is_given_stay_together() {
    let load = "from transformers import AutoModel as M\n\
                def load(name, revision='main'):\n    return M.from_pretrained(name, revision=revision)\n";
    let calls = "load('a/one', revision='v1')\nload('b/two', 'v2')\nload('c/three')\n";
    assert_eq!(with_versions(&format!("{load}{calls}")), ["a/one v1", "b/two v2", "c/three main"]);
    let class = "from transformers import AutoModel as M\nclass F:\n    default = 'a/one'\n    @classmethod\n\
                 \x20   def make(cls, name=None, *, rev='v1'):\n        name = name or cls.default\n\
                 \x20       return M.from_pretrained(name, revision=rev)\nF.make('b/two', rev='v2')\n";
    let mut found = with_versions(class);
    found.sort();
    assert_eq!(found, ["a/one v1", "b/two v2"]);
}

#[test]
fn what_is_given_to_the_result_of_a_call_is_data() {
    let source = "from transformers import AutoTokenizer, AutoProcessor\nt = AutoTokenizer.from_pretrained('a/b')\n\
                  t('text')\nAutoProcessor.from_pretrained(unknown())('more')\n";
    assert_eq!(names(source), ["a/b"]);
}

#[test]
fn options_of_click_are_known_by_the_name_that_they_are_given() {
    let source = "import click\nfrom datasets import load_dataset\n@click.command()\n\
                  @click.option('--data', 'data_name', default='a/data')\n@click.option('--split', default='train')\n\
                  def main(data_name, split):\n    load_dataset(data_name, split=split)\n";
    assert_eq!(names(source), ["dataset a/data"]);
}

#[test]
fn files_of_a_dataset_on_the_hub_are_the_dataset() {
    let source = "from datasets import load_dataset\n\
                  load_dataset('parquet', data_files={'train': 'hf://datasets/a/data@v1/train.parquet'})\n";
    assert_eq!(with_versions(source), ["a/data v1"]);
}
