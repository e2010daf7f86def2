"""npy and npz files."""
import io
import struct

import numpy as np

from common import ECHO
from pickleasm import Build, Call, G, Inst, dumps
from zipw import Member, zipfile
from f_pickle_benign import dt

FAM = "numpy"


def npy(header, data, version=1, pad=64):
    h = header.encode("latin-1" if version < 3 else "utf-8")
    n = 10 if version == 1 else 12
    h = h + b" " * (-(n + len(h) + 1) % pad) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(h)) + h + data


def hd(descr, shape, order=False):
    return "{'descr': %s, 'fortran_order': %r, 'shape': %r, }" % (descr, order, shape)


def objarr(values, p=2):
    return dumps(Build(Call(G("numpy.core.multiarray", "_reconstruct"), G("numpy", "ndarray"), (0,), b"b"), (1, (len(values),), dt("O8"), False, values)), p)


def build(s):
    rng = s.rng(FAM)
    evil = lambda: rng.choice([Call, Inst])(G(*rng.choice([("os", "system"), ("posix", "system"), ("builtins", "eval"), ("subprocess", "getoutput"), ("pty", "spawn"), ("webbrowser", "open")])), rng.choice(ECHO))
    bad = lambda name, data, tech, thr="code-exec", lab="malicious": s.add(FAM, lab, name, data, tech, thr)
    ok = lambda name, data, tech: s.add(FAM, "benign", name, data, tech)
    for v in (1, 2, 3):
        bad("array.npy", npy(hd("'|O'", (2,)), objarr([1, evil()], rng.choice([2, 3, 4])), v), "object array, version %d" % v)
        bad("array.npy", npy(hd("'O'", (1,)), dumps(evil(), 4), v), "object array that is only a call, version %d" % v)
        bad("array.npy", npy(hd("[('a', '<f8'), ('b', '|O')]", (1,)), dumps([evil()], 2), v), "structured type with an object field, version %d" % v)
        bad(rng.choice(["weights.bin", "data", "x.dat"]), npy(hd("'|O'", ()), dumps([evil()], 2), v), "object array under another name, version %d" % v)
        bad("arrays.npz", zipfile([Member("a.npy", npy(hd("'<f8'", (2,)), b"\0" * 16)), Member("b.npy", npy(hd("'|O'", (1,)), objarr([evil()]), v), rng.choice([0, 8]))]), "npz, one object array, version %d" % v)
    bad("array.npy", npy(hd("[('s', [('t', '|O')])]", (1,)), dumps([evil()], 2)), "object field two levels deep")
    bad("array.npy", npy(hd("'|O8'", (1,)), dumps([evil()], 2)), "object type with a size")
    bad("array.npy", npy(hd("'|O'", (0,)), dumps(evil(), 2)), "empty object array, stream runs all the same")
    bad("array.npy", npy(hd("'|O'", (1,)), objarr(["x"]) + dumps(evil(), 4)), "second stream after the object array", lab="suspicious", thr="trailing-data")
    bad("arrays.npz", zipfile([Member("a.npy", npy(hd("'|O'", (1,)), dumps(evil(), 2)[:-1]))]), "npz, object array without STOP")
    bad("arrays.npz", zipfile([Member("a", npy(hd("'|O'", (1,)), dumps(evil(), 2)))]), "npz member without extension")
    bad("arrays.npz", zipfile([Member("a.npy", dumps(evil(), 2))]), "npz member that is a bare pickle")
    bad("arrays.npz", zipfile([Member("a.npy", npy(hd("'|O'", (1,)), dumps(evil(), 2)), crc=1)]), "npz, object array with a wrong CRC")
    bad("arrays.npz", dumps(evil(), 2), "bare pickle named npz")
    bad("array.npy", dumps(evil(), 4), "bare pickle named npy")
    bad("array.npy", npy(hd("'<f8'", (2,)), dumps(evil(), 2)[:16].ljust(16, b"\0")), "pickle bytes as numbers", lab="benign") if False else None
    bad("array.npy", npy("__import__('os').system('echo case')", b""), "header is code, not a literal")
    bad("array.npy", npy("{'descr': __import__('os').popen('echo').read(), 'fortran_order': False, 'shape': (1,)}", b"\0" * 8), "call inside the header")
    bad("array.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} if exec('print(1)') else {}", b"\0" * 8), "expression in the header", lab="malicious")
    bad("array.npy", npy("{'descr': (lambda: '<f8')(), 'fortran_order': False, 'shape': (1,)}", b"\0" * 8), "lambda in the header", lab="suspicious", thr="header")
    bad("array.npy", npy(hd("'<f8'", (1 << 60,)), b"\0" * 64), "shape far larger than the file", lab="suspicious", thr="dos")
    bad("array.npy", npy(hd("'<f8'", (1 << 33, 1 << 33)), b"\0" * 64), "shape that overflows", lab="suspicious", thr="dos")
    s.add(FAM, "inconclusive", "array.npy", b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8'", "header cut")
    # harmless
    def save(a, **kw):
        f = io.BytesIO()
        np.save(f, a, **kw)
        return f.getvalue()
    for c in ["<f8", "<f4", "<f2", "<i8", "<i4", "|i1", "|u1", "|b1", "<c16", ">f4", "|S5", "<U6", "<M8[s]", "<m8[ms]"]:
        ok("array.npy", save(np.zeros(rng.choice([(3,), (2, 3), (), (0,)]), dtype=c)), "array of %s" % c)
    ok("array.npy", save(np.zeros(3, dtype=[("a", "<i4"), ("b", "<f8", (2,)), ("c", [("x", "u1")])])), "structured array")
    ok("array.npy", save(np.asfortranarray(np.arange(6.0).reshape(2, 3))), "Fortran order")
    ok("array.npy", save(np.array([{"a": 1}, None, "os.system", [1, 2]], dtype=object), allow_pickle=True), "object array of plain values")
    ok("array.npy", save(np.array([np.arange(3), np.arange(2)], dtype=object), allow_pickle=True), "ragged object array")
    ok("array.npy", npy(hd("'<f4'", (4,)), rng.randbytes(16), 2), "version 2")
    ok("array.npy", npy("{'descr': [('é', '<f4')], 'fortran_order': False, 'shape': (4,), }", rng.randbytes(16), 3), "version 3 with a unicode field")
    ok("old.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3L,), }", rng.randbytes(24)), "header written by Python 2")
    for comp in (np.savez, np.savez_compressed):
        f = io.BytesIO()
        comp(f, a=np.arange(9.0), b=np.ones((2, 2), "f4"), names=np.array(["eval", "x"]))
        ok("arrays.npz", f.getvalue(), "npz by %s" % comp.__name__)
    f = io.BytesIO()
    np.savez(f, x=np.array(["a", None], dtype=object), y=np.arange(3))
    ok("arrays.npz", f.getvalue(), "npz with a plain object array")
    ok("flax.npz", zipfile([Member("params/Dense_0/kernel.npy", npy(hd("'<f4'", (2, 2)), b"\0" * 16)), Member("step.npy", npy(hd("'<i8'", ()), b"\0" * 8))]), "npz of parameters")
