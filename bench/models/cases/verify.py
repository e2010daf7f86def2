"""Check a build without loading anything: verify.py OUTDIR. Pickles run in the inert unpickler only."""
import io
import json
import os
import sys
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from pickleasm import inert  # noqa: E402

SAFE = ("collections.", "numpy.core.", "numpy._core.", "numpy.dtype", "sklearn.", "torch._utils._rebuild", "copyreg._reconstructor", "builtins.set", "builtins.slice",
        "argparse.Namespace", "types.SimpleNamespace", "_codecs.encode", "transformers.", "datetime.", "torch.nn.")


def main(outdir):
    labels = json.load(open(os.path.join(outdir, "labels.json")))
    bad = 0
    for path, v in sorted(labels.items()):
        full = os.path.join(outdir, path)
        if not os.path.exists(full):
            print("missing", path)
            bad += 1
            continue
        if os.path.isdir(full):
            continue
        data = open(full, "rb").read()
        if path.startswith("pickle/") and v["format"] == "pickle":
            streams = 12 if "stream" in v["technique"] or "one after" in v["technique"] else 1
            if "vocabulary of 150" in v["technique"]:
                continue
            ev = inert(data, streams)
            names = [n for k, n in ev if k in ("call", "newobj", "build", "setitem", "append", "add", "ext") and not n.startswith(SAFE)]
            if v["label"] == "malicious" and not names and not any(k == "ref" and not n.startswith(SAFE) for k, n in ev):
                print("no harm seen:", path, v["technique"], ev[-3:])
                bad += 1
            if v["label"] == "benign":
                broken = [n for k, n in ev if k == "broken" and "Ran out" not in n and "EOFError" not in n]
                if broken:
                    print("benign but broken:", path, v["technique"], broken)
                    bad += 1
        if v["label"] == "benign":
            try:
                if path.startswith(("zip/", "torch/")) and data[:2] == b"PK":
                    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
                if path.startswith("tar/"):
                    tarfile.open(fileobj=io.BytesIO(data)).getmembers()
                if path.startswith("keras/") and data[:4] == b"\x89HDF":
                    import h5py
                    h5py.File(io.BytesIO(data), "r").visit(lambda n: None)
                if path.endswith(".npy"):
                    import numpy as np
                    if "object" not in v["technique"]:
                        np.load(io.BytesIO(data), allow_pickle=False)
                if path.endswith(".json"):
                    json.loads(data or b"{}")
                if v["format"] == "skops":
                    json.loads(zipfile.ZipFile(io.BytesIO(data)).read("schema.json"))
            except Exception as ex:
                print("benign but unreadable:", path, v["technique"], type(ex).__name__, ex)
                bad += 1
    print("%d cases, %d problems" % (len(labels), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(os.path.expanduser(sys.argv[1])))
