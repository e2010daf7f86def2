"""Build the labelled cases: build.py OUTDIR [--seed N] [--only FAMILY,...]"""
import argparse
import importlib
import os
import sys
import time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from common import LABELS, Suite  # noqa: E402

MODULES = ["f_pickle", "f_pickle_benign", "f_joblib", "f_torch", "f_zip", "f_numpy", "f_safetensors", "f_gguf", "f_jinja", "f_hf",
           "f_keras", "f_tf", "f_onnx", "f_misc", "f_plain"]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("outdir")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--only", default="")
    args = ap.parse_args()
    start = time.time()
    suite = Suite(args.seed)
    only = [x for x in args.only.split(",") if x]
    for name in MODULES:
        if only and name not in only:
            continue
        if not os.path.exists(os.path.join(HERE, name + ".py")):
            continue
        importlib.import_module(name).build(suite)
    labels = suite.write(args.outdir)
    table = {}
    for path, v in labels.items():
        table.setdefault(path.split("/")[0], Counter())[v["label"]] += 1
    total = Counter(v["label"] for v in labels.values())
    print("%-14s" % "family" + "".join("%14s" % x for x in LABELS))
    for fam in sorted(table):
        print("%-14s" % fam + "".join("%14d" % table[fam][x] for x in LABELS))
    print("%-14s" % "total" + "".join("%14d" % total[x] for x in LABELS))
    print("%d cases, seed %d, %.1f s" % (len(labels), args.seed, time.time() - start))


if __name__ == "__main__":
    main()
