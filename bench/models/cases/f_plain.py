"""Ordinary files that lie beside models."""
import csv
import gzip
import io
import json
import struct
import zlib

from common import ident, words
from f_hf import GOOD_PY

FAM = "plain"

TRAIN = '''import argparse
import json
import os
import subprocess

import torch
from torch.utils.data import DataLoader


def git_revision():
    try:
        return subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--data", default="data")
    ap.add_argument("--epochs", type=int, default=3)
    args = ap.parse_args()
    os.makedirs("out", exist_ok=True)
    model = torch.nn.Linear(4, 2)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for epoch in range(args.epochs):
        model.train()
        for x, y in DataLoader(torch.load(os.path.join(args.data, "train.pt"), weights_only=True), batch_size=8):
            loss = torch.nn.functional.cross_entropy(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        model.eval()
    torch.save(model.state_dict(), "out/model.pt")
    with open("out/run.json", "w") as f:
        json.dump({"rev": git_revision(), **vars(args)}, f)


if __name__ == "__main__":
    main()
'''


def png(rng):
    def chunk(t, d):
        return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + rng.randbytes(24) for _ in range(8)))) + chunk(b"IEND", b"")


def build(s):
    rng = s.rng(FAM)

    def ok(name, data, tech):
        s.add(FAM, "benign", name, data.encode() if isinstance(data, str) else data, tech, fmt="plain")
    # raw weights
    for n in ("weights.bin", "model.bin", "params.dat", "tensor.raw", "layer0.bin", "weights", "model.weights", "data.pth", "x.ckpt"):
        kind = rng.randrange(4)
        if kind == 0:
            d = struct.pack("<500f", *[rng.gauss(0, .02) for _ in range(500)])
        elif kind == 1:
            d = rng.randbytes(4096)
        elif kind == 2:
            d = b"\0" * 4096
        else:
            d = struct.pack("<500e", *[rng.gauss(0, .5) for _ in range(500)])
        s.add(FAM, "benign" if not n.endswith((".pth", ".ckpt")) else "review", n, d, "raw numbers as %s" % n, fmt="plain")
    for i in range(6):
        ok(rng.choice(["weights.bin", "shard_%d.bin" % i, "emb.raw"]), rng.randbytes(rng.randint(100, 60000)), "random bytes")
    ok("darknet.weights", struct.pack("<iiiQ", 0, 2, 5, 32013312) + struct.pack("<300f", *[rng.gauss(0, 1) for _ in range(300)]), "Darknet weights")
    ok("vectors.bin", b"3 4\nthe " + struct.pack("<4f", 1, 2, 3, 4) + b"\neval " + struct.pack("<4f", 1, 2, 3, 4) + b"\nos.system " + struct.pack("<4f", 1, 2, 3, 4) + b"\n", "word2vec binary")
    ok("glove.txt", "".join("%s %s\n" % (w, " ".join("%.4f" % rng.gauss(0, 1) for _ in range(10))) for w in ["the", "eval", "exec", "import"] + [ident(rng) for _ in range(80)]), "word vectors as text")
    ok("model.bin", struct.pack("<ii", 793712314, 12) + rng.randbytes(300), "fastText binary")
    ok("index.faiss", b"IxF2" + struct.pack("<iq", 4, 10) + rng.randbytes(200), "faiss index")
    ok("spiece.model", b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02\n\x0c\n\x03<s>\x15\x00\x00\x00\x00\x18\x03\n\x13\n\x0aos.system\x15\x00\x00\x80\xbf", "sentencepiece model")
    ok("ggml-tiny.bin", b"lmgg" + struct.pack("<11i", 51864, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1) + rng.randbytes(300), "ggml weights")
    for n in ("empty.pkl", "empty.bin", "empty.pt", "empty.json", "empty", "__init__.py", ".gitkeep"):
        ok(n, b"", "empty file")
    ok("newline.txt", "\n", "a single line end")
    # tables and text
    b = io.StringIO()
    w = csv.writer(b)
    w.writerow(["id", "text", "cmd"])
    for i in range(200):
        w.writerow([i, words(rng, 6), rng.choice(["os.system('ls')", "eval(x)", "rm -rf /tmp/x", "=1+1", "{{ 7*7 }}", "import os"])])
    ok("train.csv", b.getvalue(), "CSV with code words")
    ok("data.tsv", "a\tb\n" + "".join("%d\t%s\n" % (i, words(rng, 3)) for i in range(100)), "TSV")
    ok("train.jsonl", "".join(json.dumps({"prompt": "How do I call os.system?", "completion": words(rng, 9), "code": "exec(open('x').read())"}) + "\n" for _ in range(60)), "JSON lines with code")
    ok("data.json", json.dumps([{"instruction": "Explain __import__", "output": "`__import__('os')` imports a module."}] * 20), "instruction data about Python")
    ok("vocab.json", json.dumps({w: i for i, w in enumerate(["eval", "exec", "os.system", "__class__", "subprocess", "../", "</s>"] + [ident(rng) for _ in range(300)])}), "vocabulary")
    ok("vocab.txt", "\n".join(["[PAD]", "[UNK]", "##ing", "eval", "system", "cos", "posix", "(S'", "tR."] + [ident(rng) for _ in range(200)]) + "\n", "vocabulary with pickle-like tokens")
    ok("merges.txt", "#version: 0.2\n" + "".join("%s %s\n" % (ident(rng, 2), ident(rng, 2)) for _ in range(200)), "merges")
    ok("config.json", json.dumps({"exec": "local", "eval": True, "system": "linux", "command": "python train.py", "import": ["a"], "hook": None, "url": "https://example.invalid/x", "path": "../data"}), "configuration with words such as exec")
    ok("generation_config.json", json.dumps({"temperature": 0.7, "top_p": 0.9}), "generation configuration")
    ok("trainer_state.json", json.dumps({"best_metric": 0.3, "epoch": 3.0, "global_step": 900, "log_history": [{"epoch": i / 10, "loss": rng.random(), "step": i} for i in range(50)]}), "trainer state")
    ok("config.yaml", "model:\n  name: resnet\n  layers: [3, 4, 6, 3]\ntrain:\n  exec: local\n  eval_every: 10\n  data: ../data/train\n  url: https://example.invalid\n", "YAML configuration")
    ok("data.yaml", "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['eval', 'exec']\n", "YOLO data file")
    ok("docker-compose.yml", "services:\n  app:\n    image: example\n    command: python serve.py\n", "compose file")
    ok("environment.yml", "name: x\nchannels: [conda-forge]\ndependencies: [python=3.11, pip]\n", "environment file")
    ok("requirements.txt", "torch==2.3.0\ntransformers>=4.40\nnumpy\n", "requirements")
    ok("pyproject.toml", "[project]\nname = \"x\"\nversion = \"0.1\"\ndependencies = [\"numpy\"]\n", "project file")
    ok("README.md", "# Model\n\n> Warning: `pickle.load` runs code. Do not use `os.system`.\n\n```python\nimport pickle\nmodel = pickle.load(open('model.pkl','rb'))\n```\n\n```sh\ncurl -L https://example.invalid/model.bin -o model.bin\n```\n", "README")
    ok("LICENSE", "Apache License\nVersion 2.0, January 2004\n" + words(rng, 300), "licence text")
    ok("notes.txt", "cos\nsystem\nis a town. R. S'abc'\n(tR.\n", "prose that looks like opcodes")
    ok("poem.txt", "c\no\ns\n.\nR\n" * 20, "single letters on lines")
    ok("log.txt", "".join("2024-05-01 10:00:%02d INFO step=%d loss=%.3f os.system called: no\n" % (i % 60, i, rng.random()) for i in range(200)), "log")
    ok("index.html", "<!DOCTYPE html>\n<html><head><title>Report</title></head><body><h1>Metrics</h1></body></html>", "web page")
    ok("labels.xml", "<?xml version=\"1.0\"?>\n<annotation><folder>a</folder><object><name>cat</name></object></annotation>", "annotation XML")
    ok("model.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><rect width=\"9\" height=\"9\"/></svg>", "drawing")
    ok("plot.png", png(rng), "picture")
    ok("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + rng.randbytes(900) + b"\xff\xd9", "photograph")
    ok("audio.wav", b"RIFF" + struct.pack("<I", 836) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 800) + rng.randbytes(800), "sound")
    ok("paper.pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n", "document")
    ok("data.parquet", b"PAR1" + rng.randbytes(600) + struct.pack("<I", 80) + b"PAR1", "parquet-like table")
    ok("data.arrow", b"ARROW1\x00\x00" + rng.randbytes(500) + b"ARROW1", "arrow-like table")
    ok("data.feather", b"FEA1" + rng.randbytes(300) + b"FEA1", "feather-like table")
    ok("data.avro", b"Obj\x01\x02\x16avro.schema" + b"\x08{\"a\"" + rng.randbytes(100), "avro-like table")
    ok("data.tfrecord", b"".join(struct.pack("<QI", 40, rng.getrandbits(32)) + rng.randbytes(40) + struct.pack("<I", rng.getrandbits(32)) for _ in range(10)), "record file")
    ok("cache.db", b"SQLite format 3\x00" + struct.pack(">H", 4096) + b"\x01\x01\x00\x40\x20\x20" + b"\0" * 4072, "database")
    ok("words.txt.gz", gzip.compress(("\n".join(ident(rng) for _ in range(500)) + "\nos.system\n").encode(), mtime=0), "compressed text")
    ok("data.json.gz", gzip.compress(json.dumps([{"a": i} for i in range(300)]).encode(), mtime=0), "compressed JSON")
    ok("blob.b64", "".join("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n" for _ in range(40)), "base64 text")
    # code
    ok("modeling_tiny.py", GOOD_PY, "ordinary model code")
    ok("utils.py", "import json\nfrom pathlib import Path\n\n\ndef load_config(path):\n    return json.loads(Path(path).read_text())\n\n\ndef evaluate(model, data):\n    model.eval()\n    return sum(model(x) for x in data) / max(1, len(data))\n", "ordinary helpers")
    ok("metrics.py", "import re\nimport math\n\nPATTERN = re.compile(r'\\beval\\b')\n\n\ndef accuracy(y, p):\n    return sum(a == b for a, b in zip(y, p)) / len(y)\n\n\ndef perplexity(loss):\n    return math.exp(loss)\n", "metrics code")
    ok("dataset.py", "import csv\nfrom torch.utils.data import Dataset\n\n\nclass Rows(Dataset):\n    def __init__(self, path):\n        with open(path, newline='') as f:\n            self.rows = list(csv.reader(f))\n\n    def __len__(self):\n        return len(self.rows)\n\n    def __getitem__(self, i):\n        return self.rows[i]\n", "data set code")
    s.add(FAM, "benign", "train.py", TRAIN.encode(), "ordinary training code", fmt="python")
    ok("analysis.ipynb", json.dumps({"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": ["import numpy as np\n", "np.mean([1, 2])"]}, {"cell_type": "markdown", "metadata": {}, "source": ["# Notes about `eval`"]}], "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}), "notebook")
    ok("run.sh", "#!/bin/sh\nset -e\npython train.py --epochs 3\n", "ordinary shell script")
    for i in range(12):
        ok(rng.choice(["config_%d.json", "params_%d.json", "meta_%d.json"]) % i, json.dumps({ident(rng): rng.choice([1, 2.5, words(rng, 2), None, True, [1, 2], {"eval": words(rng, 1)}]) for _ in range(rng.randint(1, 25))}, indent=rng.choice([None, 2])), "configuration")
    for i in range(6):
        ok("doc_%d.txt" % i, words(rng, rng.randint(5, 500)), "text")
    s.add(FAM, "inconclusive", "model.gpg", b"\x85\x01\x0c\x03" + rng.randbytes(600), "encrypted file", fmt="encrypted") if False else None
