//! Programs as people write them, each line marked with what it uses: `#> gpt-4o; dataset data/train.csv`. What is found
//! must be what is marked, no less and no more.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that meets something unexpected ends there")]

use std::{collections::BTreeSet, fs, path::Path};

use bartizan_code::{javascript::JavascriptInspector, notebook::NotebookInspector, python::PythonInspector};
use bartizan_core::{
    Asset, Budget, Content, Context, Fact, Inspection, Inspector, Limits, Options, UsageKind,
};

fn inspect(inspector: &dyn Inspector, name: &str, source: Vec<u8>) -> Inspection {
    let context = Context {
        limits: &Limits::default(),
        options: Options::default(),
        budget: &Budget::default(),
        outlet: &|_| {},
        interrupt: &|| false,
    };
    inspector.inspect(&Asset::new(name, Content::from_bytes(source)), &context)
}

fn kind_name(kind: UsageKind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}

/// `line: name` for models, `line: kind name` for everything else.
fn found(inspection: &Inspection) -> BTreeSet<(u64, String)> {
    let usages = inspection.facts.iter().filter_map(|fact| match fact {
        Fact::Usage(usage) => Some(usage),
        _ => None,
    });
    usages
        .map(|usage| {
            let name = match usage.kind {
                UsageKind::Model => usage.name.clone(),
                kind => format!("{} {}", kind_name(kind), usage.name),
            };
            (usage.line.unwrap(), name)
        })
        .collect()
}

fn marked(source: &str) -> BTreeSet<(u64, String)> {
    let mut marks = BTreeSet::new();
    for (line, text) in (1..).zip(source.lines()) {
        if let Some((_, names)) = text.rsplit_once("#> ").or_else(|| text.rsplit_once("//> ")) {
            marks.extend(names.split(';').map(|name| (line, name.trim().to_owned())));
        }
    }
    marks
}

fn check(file: &Path, inspector: &dyn Inspector, problems: &mut Vec<String>) {
    let source = fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let inspection = inspect(inspector, name, source.clone().into_bytes());
    let (found, marked) = (found(&inspection), marked(&source));
    problems.extend(marked.difference(&found).map(|(line, what)| format!("{name}:{line}: missed {what}")));
    problems.extend(found.difference(&marked).map(|(line, what)| format!("{name}:{line}: invented {what}")));
    if !inspection.coverage.is_complete() {
        problems.push(format!("{name}: {:?}", inspection.coverage));
    }
}

#[test]
fn what_programs_use_is_found_where_they_use_it_and_nothing_else_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/usages");
    let (mut problems, mut files) = (Vec::new(), 0);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let extension = path.extension().unwrap().to_str().unwrap();
        let inspector: &dyn Inspector =
            if extension == "py" { &PythonInspector } else { &JavascriptInspector };
        check(&path, inspector, &mut problems);
        files += 1;
    }
    assert!(files > 8, "only {files} programs");
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn notebooks_tell_what_cells_use_and_install_by_the_line_among_the_code_cells() {
    let cells = [
        ("markdown", "AutoModel.from_pretrained('prose/model-7b')"),
        (
            "code",
            "%pip install -q transformers==4.44.0\n!pip install 'datasets>=2' && apt-get install -y git\n",
        ),
        ("code", "%%bash\npip install accelerate==1.0.1\nhuggingface-cli download acme/by-shell-7b\n"),
        ("code", "%%time\nfrom transformers import AutoModel\nNAME = 'acme/named'\n%matplotlib inline"),
        ("code", "%%html\n<b>AutoModel.from_pretrained('html/model-7b')</b>"),
        ("code", "model = AutoModel.from_pretrained(NAME)\n"),
        ("code", "%%capture\n!ollama pull llama3.2:1b"),
        ("raw", "AutoModel.from_pretrained('raw/model-7b')"),
    ];
    let cells: Vec<serde_json::Value> = cells
        .iter()
        .map(|(kind, source)| {
            serde_json::json!({
                "cell_type": kind, "source": source.split_inclusive('\n').collect::<Vec<_>>(), "metadata": {},
                "outputs": [{"output_type": "stream", "text": ["AutoModel.from_pretrained('output/model-7b')"]}],
            })
        })
        .collect();
    let notebook = serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
    let inspection = inspect(&NotebookInspector, "n.ipynb", serde_json::to_vec(&notebook).unwrap());
    let mut names: Vec<String> =
        found(&inspection).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    names.sort();
    let expected = [
        "1 library transformers",
        "2 library datasets",
        "3 library accelerate",
        "4 acme/by-shell-7b",
        "7 acme/named",
        "9 llama3.2:1b",
    ];
    assert_eq!(names, expected);
    assert!(inspection.coverage.is_complete(), "{:?}", inspection.coverage);
}

/// What names of models a source uses, and whether it was read to its end.
fn models(inspector: &dyn Inspector, name: &str, source: impl Into<Vec<u8>>) -> (Vec<String>, bool) {
    let inspection = inspect(inspector, name, source.into());
    let names = found(&inspection).into_iter().map(|(_, name)| name).collect();
    (names, inspection.coverage.is_complete())
}

const PYTHON: &str = "from transformers import AutoModel\nAutoModel.from_pretrained('o/a')\n";
const SCRIPT: &str = "import { pipeline } from '@xenova/transformers';\npipeline('x', 'o/a');\n";

#[test]
fn deep_nesting_neither_overflows_nor_hides_what_stands_beside_it() {
    for open in ["(", "[", "{", "{a:", "a?(", "`${", "<a>", "!", "x=>", "-", "function f(){"] {
        let deep = format!("{SCRIPT}{}", open.repeat(100_000));
        let _ = models(&JavascriptInspector, "a.js", deep);
        let small = format!("{SCRIPT}const deep = {}1{};\n", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(models(&JavascriptInspector, "a.ts", small).0, ["o/a"]);
    }
    for open in ["(", "[", "{", "f(", "-", "not ", "x if y else ", "lambda: ", "f'{", "a.", "if x:\n "] {
        let _ = models(&PythonInspector, "a.py", format!("{PYTHON}{}", open.repeat(100_000)));
    }
    let deep = format!("{PYTHON}deep = {}1{}\n", "[".repeat(90), "]".repeat(90));
    assert_eq!(models(&PythonInspector, "a.py", deep), (vec!["o/a".to_owned()], true));
}

#[test]
fn bytes_that_are_no_utf_8_and_broken_syntax_leave_the_rest_readable() {
    let mut source = PYTHON.as_bytes().to_vec();
    source.extend(b"text = '\xff\xfe'\n");
    assert_eq!(models(&PythonInspector, "a.py", source).0, ["o/a"]);
    let mut source = SCRIPT.as_bytes().to_vec();
    source.extend(b"const text = '\xff\xfe';\n");
    assert_eq!(models(&JavascriptInspector, "a.js", source).0, ["o/a"]);
    assert_eq!(models(&JavascriptInspector, "a.tsx", format!("{SCRIPT}const = ;; }}) <div")).0, ["o/a"]);
    assert_eq!(models(&PythonInspector, "a.py", format!("{PYTHON}def (:\n")).0, ["o/a"]);
    for source in ["", "\u{feff}", "\0", "#!", "export", "import", "from", "`", "'"] {
        let _ = models(&PythonInspector, "a.py", source);
        let _ = models(&JavascriptInspector, "a.js", source);
    }
}

#[test]
fn bundles_and_declarations_are_left_to_their_sources() {
    let bundle = format!("{SCRIPT}{}", "var a=1;".repeat(700_000));
    assert_eq!(models(&JavascriptInspector, "app.js", bundle), (Vec::new(), true));
    let wide = format!("{}{}", SCRIPT.replace('\n', ""), "f(1);".repeat(20_000));
    assert_eq!(models(&JavascriptInspector, "app.js", wide), (Vec::new(), true));
    assert_eq!(models(&JavascriptInspector, "types.d.ts", SCRIPT), (Vec::new(), true));
    let long = format!("{SCRIPT}{}", "f(1);\n".repeat(20_000));
    assert_eq!(models(&JavascriptInspector, "app.js", long), (vec!["o/a".to_owned()], true));
}

/// Programs that lead whoever follows every way into more ways than there is time for.
#[test]
fn tangled_programs_come_to_an_end_and_say_so_or_are_followed_whole() {
    let use_of = |name: &str| format!("{PYTHON}AutoModel.from_pretrained({name})\n");
    let tangles = [
        // A name that is bound again and again on conditions, from itself.
        format!("x = 'o/b'\n{}", "if y:\n    x = x + x\n".repeat(3_000)),
        // Functions that call each other.
        (0..400)
            .map(|i| format!("def f{i}(a):\n    return f{}(a) or f{}(a)\n", i + 1, (i * 7) % 400))
            .collect(),
        // Each list holds the one before twice.
        (0..2_000).map(|i| format!("a{} = [a{i}, a{i}] + a{i}\n", i + 1)).collect(),
        // Every attribute of every class may be every other's.
        (0..300)
            .map(|i| {
                format!(
                    "class C{i}(C{}):\n    m = C{}.m or C{}().m\n",
                    (i + 1) % 300,
                    (i * 3) % 300,
                    (i * 5) % 300
                )
            })
            .collect(),
        // Many callers of one function whose argument goes through it.
        format!("def g(a):\n    return g(a)\n{}", "x = g(g(g(x)))\n".repeat(3_000)),
        "x = {'m': x, 'n': x}\nx.update(x)\nfor k in x:\n    x[k] = x[x[k]]\n".repeat(1_000),
    ];
    for tangle in tangles {
        for name in ["x", "f0(x)", "a2000", "C0.m", "g(x)", "x['m']"] {
            let (names, _) = models(&PythonInspector, "a.py", format!("{tangle}{}", use_of(name)));
            assert!(names.contains(&"o/a".to_owned()), "{}", tangle.get(..60).unwrap_or_default());
        }
    }
    let script: String =
        (0..2_000).map(|i| format!("const a{} = {{ ...a{i}, b: a{i} }};\n", i + 1)).collect();
    let script = format!("{SCRIPT}{script}pipeline('x', a2000.b.b.b);\n");
    assert_eq!(models(&JavascriptInspector, "a.js", script).0, ["o/a"]);
}
