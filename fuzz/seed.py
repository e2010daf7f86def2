#!/usr/bin/env python3
"""Fills fuzz/corpus/KIND with small files of each kind, as bartizan tells them: seed.py BARTIZAN DIR..."""
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

MOST, LARGEST = 80, 1 << 16
# Kinds that one inspector tells apart by itself.
ALIASES = {"joblib": "pickle", "torch-legacy": "pickle", "npz": "zip", "pytorch": "zip", "torchscript": "zip", "keras": "zip",
           "nemo": "tar", "torch-tar": "tar", "elf": "executable", "pe": "executable", "mach-o": "executable",
           "llamafile": "executable", "script": "executable", "keras-h5": "hdf5", "torch-zip": "zip", "lzma": "compressed", "gzip": "compressed",
           "bzip2": "compressed", "xz": "compressed", "zlib": "compressed", "zstd": "compressed", "lz4": "compressed",
           "tensorflow-frozen-graph": "tensorflow-saved-model", "tensorflow-meta-graph": "tensorflow-saved-model",
           "skops": "zip", "mar": "zip"}


def main():
    binary, folders = sys.argv[1], [Path(argument) for argument in sys.argv[2:]]
    corpus = Path(__file__).parent / "corpus"
    count = Counter()
    for folder in folders:
        done = subprocess.run([binary, "scan", folder, "--no-config", "--no-ignore", "--format", "json"], capture_output=True)
        for asset in json.loads(done.stdout)["assets"]:
            path = folder / asset["path"]
            kind = ALIASES.get(asset["kind"], asset["kind"])
            if not path.is_file() or not 0 < path.stat().st_size <= LARGEST or count[kind] >= MOST:
                continue
            count[kind] += 1
            (corpus / kind).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, corpus / kind / f"seed-{count[kind]}")
    print(*(f"{kind}: {number}" for kind, number in sorted(count.items())), sep="\n")


if __name__ == "__main__":
    main()
