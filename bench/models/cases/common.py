"""Case registry, output layout and small helpers shared by every family."""
import json
import os
import random
import shutil

SOURCE = "bartizan cases"
LICENCE = "Apache-2.0"
LABELS = ("malicious", "suspicious", "benign", "inconclusive", "review")

PICKLE_NAMES = [
    "model.pkl", "model.pickle", "model.pk", "model.p", "clf.pkl", "pipeline.pkl", "weights.bin", "pytorch_model.bin",
    "model.pt", "model.pth", "checkpoint.ckpt", "last.ckpt", "model.dat", "model.data", "state.dill", "model.joblib",
    "vectorizer.pkl", "scaler.save", "model.sav", "model.model", "encoder.mdl", "features.cache", "checkpoint",
    "model", "weights", "latest", "training_args.bin", "optimizer.pt", "rng_state.pth", "vocab.dump", "data.obj",
    "model.PKL", "export.learner", "net.params", "artifact.bak", "model.pkl.tmp", "model.txt", "model.weights",
    "estimator.cpickle", "0.distcp", "checkpoint_0", "tokenizer.pickle", "metadata.db_", "blob.raw", "model.jpg",
]
PLAIN_PICKLE_NAMES = [
    "model.pkl", "model.pickle", "clf.pkl", "pipeline.pkl", "vectorizer.pkl", "scaler.sav", "model.p", "state.pk",
    "encoder.pkl", "features.pkl", "artifact.pickle", "config.pkl", "labels.pkl", "cache.pkl", "model.dat", "model",
]

ECHO = ["echo bartizan", "echo case", "echo hello from a test case", "echo 1; echo 2", "printf inert", "echo $((1+1))",
        "echo inert > /dev/null", "true && echo ok", "echo test | cat"]
URLS = ["http://example.invalid/a", "https://example.invalid/model.bin", "http://192.0.2.7/x", "http://192.0.2.44:8080/p",
        "https://cdn.example.invalid/s.py"]
PY = ["print('bartizan case')", "__import__('os').system('echo case')", "import os; os.system('echo case')",
      "open('/dev/null').close()", "x = [print(i) for i in range(2)]"]


class Suite:
    def __init__(self, seed):
        self.seed = seed
        self.items = []
        self._rng = {}

    def rng(self, name):
        """An independent generator per family, so families do not disturb each other."""
        return random.Random("%s/%s" % (self.seed, name))

    def add(self, family, label, name, data, technique, threat=None, fmt=None, extra=None):
        """One case that is a file. `extra`: files that lie beside it (then the directory is the case)."""
        assert label in LABELS, label
        assert isinstance(data, (bytes, bytearray)), (family, technique, type(data))
        if label == "malicious":
            assert threat, (family, technique)
        self.items.append(dict(family=family, label=label, files={name: bytes(data)}, main=name, technique=technique,
                               threat=threat, fmt=fmt or family))
        if extra:
            self.items[-1]["files"].update(extra)
            self.items[-1]["main"] = None

    def add_dir(self, family, label, files, technique, threat=None, fmt=None, links=None):
        """One case that is a whole directory; `files`: relative path -> bytes or str."""
        assert label in LABELS, label
        if label == "malicious":
            assert threat, (family, technique)
        conv = {k: (v.encode("utf-8") if isinstance(v, str) else bytes(v)) for k, v in files.items()}
        self.items.append(dict(family=family, label=label, files=conv, main=None, technique=technique, threat=threat,
                               fmt=fmt or family, links=links or {}))

    def write(self, outdir):
        """Write beside the target, then swap, so that a reader always sees one whole build."""
        outdir = os.path.abspath(os.path.expanduser(outdir))
        tmp, old = outdir + ".new", outdir + ".old"
        for p in (tmp, old):
            shutil.rmtree(p, ignore_errors=True)
        os.makedirs(tmp)
        order = list(self.items)
        random.Random("order/%s" % self.seed).shuffle(order)
        count, labels = {}, {}
        for it in order:
            fam = it["family"]
            count[fam] = count.get(fam, 0) + 1
            base = "%s/%04d" % (fam, count[fam])
            for rel, data in it["files"].items():
                path = os.path.join(tmp, base, rel)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as f:
                    f.write(data)
            for rel, target in (it.get("links") or {}).items():
                path = os.path.join(tmp, base, rel)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.symlink(target, path)
            key = base if it["main"] is None else "%s/%s" % (base, it["main"])
            labels[key] = dict(label=it["label"], format=it["fmt"], technique=it["technique"], threat=it["threat"],
                               source=SOURCE, licence=LICENCE)
        with open(os.path.join(tmp, "labels.json"), "w") as f:
            json.dump(labels, f, indent=1, sort_keys=True)
            f.write("\n")
        if os.path.lexists(outdir):
            os.rename(outdir, old)
        os.rename(tmp, outdir)
        shutil.rmtree(old, ignore_errors=True)
        return labels


def words(rng, n):
    pool = ("the of model weight token layer data train eval loss step batch user prompt answer river stone cloud green "
            "paper number vector image label class result small large quick brown test system import open run").split()
    return " ".join(rng.choice(pool) for _ in range(n))


def ident(rng, n=8):
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(n))
