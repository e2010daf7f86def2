"""joblib files: arrays lie raw between the opcodes."""
import bz2
import gzip
import lzma
import zlib

import numpy as np

from common import ECHO
from pickleasm import Asm, Build, Call, G, New, Raw, body, dumps
from f_pickle_benign import dt, est, NPCORE

FAM = "joblib"
CODES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "u4", "u8", "b1", "c16", "c8", "S3", "U4", "M8", "V7", "f8>"]


class Out(Asm):
    """An assembler that knows the array wrapper. Offsets matter for the alignment bytes."""

    def array(self, rng, code="f8", shape=(4,), order="C", align=16, mmap=True, subclass=("numpy", "ndarray"), wrapmod="joblib.numpy_pickle", data=None, core=False):
        if code in ("O", "O8"):
            d = dt("O8")
        elif code == "f8>":
            d = dt("f8", ">")
        elif code in ("M8",):
            d = Build(Call(G("numpy", "dtype"), "M8", False, True), (4, "<", None, None, None, -1, -1, 0, ({}, (b"ns", 1, 1, 1))))
        elif code[0] == "S":
            d = Build(Call(G("numpy", "dtype"), code, False, True), (3, "|", None, None, None, int(code[1:]), 1, 0))
        elif code[0] == "U":
            d = Build(Call(G("numpy", "dtype"), code, False, True), (3, "<", None, None, None, 4 * int(code[1:]), 4, 8))
        elif code[0] == "V":
            d = Build(Call(G("numpy", "dtype"), "V7", False, True), (3, "|", None, ("a", "b"), {"a": (dt("i4"), 0), "b": (dt("i1"), 4)} if False else {"a": (dt("u1"), 0), "b": (dt("u1"), 3)}, 7, 1, 16))
        else:
            d = dt(code)
        state = {"subclass": G(*subclass), "shape": shape, "order": order, "dtype": d, "allow_mmap": mmap}
        if align is not None:
            state["numpy_array_alignment_bytes"] = align
        self.enc(Build(New(G(wrapmod, "NumpyArrayWrapper")), state))
        self.commit()
        n = 1
        for x in shape:
            n *= x
        if code in ("O", "O8"):
            self.e(dumps(data if data is not None else Build(Call(G("numpy.core.multiarray", "_reconstruct"), G("numpy", "ndarray"), (0,), b"b"), (1, shape, dt("O8"), False, ["a"] * n)), self.proto, frame=False))
            self.start = len(self.ops)
            return
        size = int(code[1:].strip(">")) if code[0] not in "UM" else (4 * int(code[1:]) if code[0] == "U" else 8)
        if align is not None:
            here = (2 if self.proto >= 2 else 0) + sum(len(o) for o in self.ops)
            pad = align - (here + 1) % align
            self.e(bytes([pad]) + b"\xff" * pad)
        self.e(rng.randbytes(n * size) if data is None else data)
        self.start = len(self.ops)

    start = 0
    framed = True

    def commit(self):
        """A frame for what was written since the last array, as the Python pickler does."""
        part = b"".join(self.ops[self.start:])
        if self.proto >= 4 and self.framed and len(part) >= 4:
            self.ops[self.start:] = [b"\x95" + len(part).to_bytes(8, "little") + part]
        self.start = len(self.ops)

    def finish(self, stop=True):
        self.e(b".")
        self.commit()
        return (b"\x80" + bytes([self.proto]) if self.proto >= 2 else b"") + self.body()


def new(proto=4):
    return Out(proto, frame=False)


def raw_arrays(s, rng):
    cmd = lambda: Call(G(*rng.choice([("os", "system"), ("posix", "system"), ("builtins", "exec"), ("subprocess", "getoutput"), ("os", "popen"), ("runpy", "run_path"), ("code", "InteractiveConsole"), ("webbrowser", "open")])), rng.choice(ECHO))
    NAMES = ["model.joblib", "model.pkl", "clf.pkl.z", "model", "pipeline.bin", "rf.sav", "x.jl", "scaler.save"]
    wraps = [lambda b: b] * 6 + [zlib.compress, lambda b: gzip.compress(b, mtime=0), bz2.compress, lzma.compress, lambda b: lzma.compress(b, format=lzma.FORMAT_ALONE)]
    wn = ["plain"] * 6 + ["zlib", "gzip", "bz2", "xz", "lzma"]

    def one(label, code, order, align, proto, where, narr, shape, wrapi, mmap=True, sub=("numpy", "ndarray"), wmod="joblib.numpy_pickle"):
        a = new(proto)
        a.e(b"]"); a.put()
        a.e(b"(")
        if where == "before":
            a.enc(cmd())
        for i in range(narr):
            if where == "between" and i == narr // 2:
                a.enc(cmd())
            a.enc("name%d" % i)
            a.array(rng, code, shape, order, align, mmap, sub, wmod)
        if where == "after":
            a.enc(cmd())
        a.enc(None)
        a.e(b"e")
        data = wraps[wrapi](a.finish())
        tech = "%d %s arrays, order %s, alignment %s, protocol %d, %s%s" % (narr, code, order, align, proto, wn[wrapi], ", payload " + where if where else "")
        s.add(FAM, label, rng.choice(NAMES), data, tech, "code-exec" if where else None)

    for i, code in enumerate(CODES):
        for where in ("before", "between", "after"):
            if where == "before" and i % 3:
                continue
            one("malicious", code, rng.choice("CF"), rng.choice([16, 16, None, 64, 1]), rng.choice([2, 3, 4, 5]), where, rng.choice([1, 2, 3, 6]), rng.choice([(4,), (3, 5), (0,), (2, 2, 2), (1000,), ()]), rng.randrange(len(wraps)))
        one("benign", code, rng.choice("CF"), rng.choice([16, 16, None, 64, 1]), rng.choice([2, 3, 4, 5]), "", rng.choice([1, 2, 3, 6]), rng.choice([(4,), (3, 5), (0,), (2, 2, 2), (1000,), ()]), rng.randrange(len(wraps)))
    one("malicious", "f8", "C", 16, 4, "after", 1, (200_000,), 0)
    one("benign", "f4", "C", 16, 4, "", 3, (200_000,), 0)
    one("benign", "f8", "C", 16, 3, "", 2, (10,), 0, sub=("numpy.matrixlib.defmatrix", "matrix"))
    one("benign", "f8", "C", 16, 4, "", 2, (10,), 0, wmod="sklearn.externals.joblib.numpy_pickle")
    one("malicious", "f8", "C", 16, 4, "after", 2, (10,), 0, wmod="sklearn.externals.joblib.numpy_pickle")
    one("benign", "f8", "C", None, 3, "", 2, (10,), 0, mmap=False)
    # raw bytes that look like opcodes
    for pay, lab in ((b".", "benign"), (b"cos\nsystem\n(S'echo'\ntR.", "benign"), (b"\x80\x04cposix\nsystem\n.", "benign"), (b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00", "benign")):
        pay = pay.ljust(-(-len(pay) // 8) * 8, b"\0")
        a = new(4)
        a.array(rng, "f8", (len(pay) // 8,), data=pay)
        s.add(FAM, lab, "model.joblib", a.finish(), "array bytes that look like opcodes, never run")
    # object arrays: a nested stream lies in the file
    for p in (2, 3, 4, 5):
        a = new(p)
        a.e(b"}"); a.put(); a.enc("a"); a.array(rng, "O", (2,)); a.e(b"s")
        s.add(FAM, "benign", "encoder.joblib", a.finish(), "object array, protocol %d" % p)
        a = new(p)
        a.e(b"}"); a.put(); a.enc("a"); a.array(rng, "O", (2,), data=[cmd(), 1]); a.e(b"s")
        s.add(FAM, "malicious", "encoder.joblib", a.finish(), "payload in the nested stream of an object array, protocol %d" % p, "code-exec")
        a = new(p)
        a.e(b"}"); a.put(); a.enc("a"); a.array(rng, "O", (2,)); a.e(b"s"); a.enc("b"); a.enc(cmd()); a.e(b"s")
        s.add(FAM, "malicious", "encoder.joblib", a.finish(), "payload after an object array, protocol %d" % p, "code-exec")
        a = new(p)
        a.e(b"("); a.array(rng, "f4", (3, 3)); a.array(rng, "O", (2,)); a.array(rng, "i8", (5,)); a.enc(cmd()); a.e(b"t")
        s.add(FAM, "malicious", "mix.pkl", a.finish(), "payload after numeric, object and numeric arrays, protocol %d" % p, "code-exec")
    # wrapper that lies
    a = new(4)
    a.e(b"("); a.array(rng, "f8", (1 << 40,), data=b"\0" * 64); a.enc(cmd()); a.e(b"t")
    s.add(FAM, "suspicious", "model.joblib", a.finish(), "array wrapper with an impossible shape", "broken-stream")
    a = new(4)
    a.array(rng, "f8", (1 << 32, 1 << 32), data=b"\0" * 64)
    s.add(FAM, "suspicious", "model.joblib", a.finish(), "array wrapper whose size overflows", "broken-stream")
    a = new(4)
    a.array(rng, "f8", (1000,), data=b"\0" * 100)
    s.add(FAM, "inconclusive", "model.joblib", a.body()[:-1] and b"\x80\x04" + a.body(), "array cut short")


def models(s, rng):
    """Estimators as joblib writes them."""
    def write(a, v):
        if isinstance(v, tuple) and v and v[0] == "ARR":
            a.array(rng, *v[1:])
        elif isinstance(v, Build) and isinstance(v.state, dict):
            a.enc(v.obj)
            write(a, v.state)
            a.e(b"b")
        elif isinstance(v, dict):
            a.e(b"}"); a.put(); a.e(b"(")
            for k, x in v.items():
                a.enc(k); write(a, x)
            a.e(b"u")
        elif isinstance(v, list):
            a.e(b"]"); a.put(); a.e(b"(")
            for x in v:
                write(a, x)
            a.e(b"e")
        else:
            a.enc(v)
    evil = Call(G("os", "system"), "echo case")
    for i in range(8):
        for bad in (False, True):
            scaler = est("sklearn.preprocessing._data.StandardScaler", with_mean=True, with_std=True, copy=True, n_features_in_=4, mean_=("ARR", "f8", (4,)), var_=("ARR", "f8", (4,)), scale_=("ARR", "f8", (4,)))
            clf = est(rng.choice(["sklearn.linear_model._ridge.Ridge", "sklearn.linear_model._logistic.LogisticRegression", "sklearn.svm._classes.LinearSVC", "sklearn.naive_bayes.GaussianNB"]), coef_=("ARR", "f8", (1, 4), "F" if i % 2 else "C"), classes_=("ARR", "i8", (2,)), intercept_=("ARR", "f8", (1,)), n_iter_=("ARR", "i4", (1,)))
            m = est("sklearn.pipeline.Pipeline", steps=[["scale", scaler], ["clf", clf]], memory=evil if bad else None, verbose=False)
            a = new(rng.choice([3, 4, 5]))
            write(a, m)
            b = a.finish()
            if i % 4 == 3:
                b = zlib.compress(b, 3)
            s.add(FAM, "malicious" if bad else "benign", rng.choice(["pipeline.joblib", "model.pkl", "model.joblib"]), b, "pipeline with inline arrays%s" % (", payload in the memory attribute" if bad else ""), "code-exec" if bad else None)
    # the old format: magic, then NDArrayWrapper with file names
    old = dumps(Build(New(G("joblib.numpy_pickle", "NDArrayWrapper")), {"filename": "model.pkl_01.npy", "subclass": G("numpy", "ndarray"), "allow_mmap": True}), 2)
    s.add(FAM, "benign", "model.pkl", old, "old joblib wrapper with the array in a file beside", extra={"model.pkl_01.npy": npy(rng)})
    bad = dumps(Build(New(G("joblib.numpy_pickle", "NDArrayWrapper")), {"filename": "../../../tmp/x.npy", "subclass": G("numpy", "ndarray"), "allow_mmap": True}), 2)
    s.add(FAM, "review", "model.pkl", bad, "old joblib wrapper that names a file elsewhere", "path-traversal")
    zf = b"ZF0x%-19x" % 300 + zlib.compress(dumps({"a": Call(G("os", "system"), "echo")}, 2))
    s.add(FAM, "malicious", "model.pkl.z", zf, "old joblib ZF compression", "code-exec")
    s.add(FAM, "benign", "model.pkl.z", b"ZF0x%-19x" % 60 + zlib.compress(dumps({"a": [1, 2, 3]}, 2)), "old joblib ZF compression, harmless")


def npy(rng):
    h = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4,), }"
    h = h.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(h).to_bytes(2, "little") + h + rng.randbytes(32)


def build(s):
    rng = s.rng(FAM)
    raw_arrays(s, rng)
    models(s, rng)
