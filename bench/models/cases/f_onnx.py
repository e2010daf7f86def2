"""ONNX files."""
import struct

from pickleasm import Call, G, dumps
from protow import f

FAM = "onnx"


def attr(name, v):
    if isinstance(v, int):
        return f(1, name) + f(20, 2) + f(3, v)
    if isinstance(v, (bytes, str)):
        return f(1, name) + f(20, 3) + f(4, v)
    if isinstance(v, tuple):
        return f(1, name) + f(20, 4) + f(5, v[0])
    raise TypeError


def node(op, ins, outs, domain=None, attrs=None, name=None):
    return b"".join(f(1, x) for x in ins) + b"".join(f(2, x) for x in outs) + f(3, name or op.lower()) + f(4, op) + b"".join(f(5, attr(k, v)) for k, v in (attrs or {}).items()) + (f(7, domain) if domain else b"")


def tensor(name, dims, raw=None, ext=None, dt=1, floats=None):
    out = b"".join(f(1, d) for d in dims) + f(2, dt)
    if floats is not None:
        out += f(4, struct.pack("<%df" % len(floats), *floats))
    out += f(8, name)
    if raw is not None:
        out += f(9, raw)
    if ext:
        out += b"".join(f(13, f(1, k) + f(2, v)) for k, v in ext.items()) + f(14, 1)
    return out


def vinfo(name, dims=(1, 4)):
    return f(1, name) + f(2, f(1, f(1, 1) + f(2, b"".join(f(1, f(1, d) if isinstance(d, int) else f(2, d)) for d in dims))))


def model(nodes, inits=(), domains=("",), ir=8, producer="pytorch", functions=(), meta=None, doc=None):
    g = b"".join(f(1, n) for n in nodes) + f(2, "main_graph") + b"".join(f(5, t) for t in inits) + f(11, vinfo("x", ("batch", 4))) + f(12, vinfo("y"))
    return f(1, ir) + f(2, producer) + f(3, "2.1.0") + (f(6, doc) if doc else b"") + f(7, g) + b"".join(f(8, (f(1, d) if d else b"") + f(2, 17)) for d in domains) + b"".join(f(14, f(1, k) + f(2, v)) for k, v in (meta or {}).items()) + b"".join(f(25, x) for x in functions)


def build(s):
    rng = s.rng(FAM)
    W = lambda n=16: rng.randbytes(n * 4)
    gemm = node("Gemm", ["x", "w", "b"], ["y"])
    bad = lambda data, tech, thr="path-traversal", lab="malicious", name="model.onnx", extra=None: s.add(FAM, lab, name, data, tech, thr, extra=extra)
    ok = lambda data, tech, name="model.onnx", extra=None: s.add(FAM, "benign", name, data, tech, extra=extra)
    for loc in ("../secret.bin", "../../../../etc/passwd", "/etc/passwd", "/etc/shadow", "C:\\Windows\\win.ini", "..\\..\\x.bin", "\\\\192.0.2.4\\share\\w", "data/../../x", "sub/../../../etc/hosts", "./../x", "file:///etc/passwd", "a\\..\\..\\b", "//192.0.2.4/x", "weights/..\\../x", "~/../../etc/x" ):
        bad(model([gemm], [tensor("w", (4, 4), ext={"location": loc, "offset": "0", "length": "64"}), tensor("b", (4,), W(4))]), "external data at %s" % loc)
    bad(model([node("Constant", [], ["c"], attrs={"value": (tensor("v", (4,), ext={"location": "../../etc/passwd"}),)}), gemm]), "external data in a Constant attribute")
    def gattr(name, g):
        return f(1, name) + f(20, 5) + f(6, g)

    def tattr(name, t):
        return f(1, name) + f(20, 4) + f(5, t)
    const = lambda t, out="k": f(2, out) + f(4, "Constant") + f(5, tattr("value", t))
    bad(model([const(tensor("v", (4,), ext={"location": "../../../etc/passwd"})), gemm]), "external data in a Constant node")
    inner = f(1, const(tensor("v", (4,), ext={"location": "/etc/passwd"}))) + f(2, "then")
    bad(model([f(1, "c") + f(2, "y") + f(4, "If") + f(5, gattr("then_branch", inner))]), "external data inside a branch of If")
    fn = f(1, "Fn") + f(5, "y") + f(7, const(tensor("v", (4,), ext={"location": "../x"}))) + f(10, "local")
    bad(model([node("Fn", ["x"], ["y"], "local")], functions=[fn], domains=("", "local")), "external data inside a model function")
    sp = f(1, tensor("vals", (4,), ext={"location": "../../x"})) + f(2, tensor("idx", (4,), b"\0" * 32, dt=7)) + f(3, 16)
    g = f(1, gemm) + f(2, "g") + f(15, sp)
    bad(f(1, 8) + f(7, g) + f(8, f(2, 17)), "external data in a sparse initializer")
    for op, dom in (("PyOp", "ai.onnx.contrib"), ("PyOp", "com.microsoft"), ("PythonOp", "com.microsoft"), ("PyCustomOp", "ai.onnx.contrib"), ("PyOp", "")):
        bad(model([node(op, ["x"], ["y"], dom, {"module": "os", "class_name": "system"})], domains=("", dom)), "%s of %s" % (op, dom or "no domain"), "code-exec", "malicious" if op in ("PyOp", "PythonOp") and dom else "suspicious")
    inner = f(1, node("PyOp", ["x"], ["z"], "ai.onnx.contrib", {"module": "os"})) + f(2, "body")
    bad(model([f(1, "c") + f(2, "y") + f(4, "Loop") + f(5, gattr("body", inner))], domains=("", "ai.onnx.contrib")), "PyOp inside a loop body", "code-exec")
    fn = f(1, "Fn") + f(5, "y") + f(7, node("PyOp", ["x"], ["y"], "ai.onnx.contrib", {"module": "os"})) + f(10, "local")
    bad(model([node("Fn", ["x"], ["y"], "local")], functions=[fn], domains=("", "local", "ai.onnx.contrib")), "PyOp inside a model function", "code-exec")
    for d in ("custom.ops", "evil.example.invalid", "my_domain", "org.example"):
        bad(model([node("Run", ["x"], ["y"], d)], domains=("", d)), "custom domain %s" % d, "custom-op", "suspicious")
    bad(dumps(Call(G("os", "system"), "echo"), 2), "pickle named onnx", "code-exec")
    ok(model([gemm], [tensor("w", (4, 4), W()), tensor("b", (4,), W(4))]), "Gemm")
    ok(model([node("Conv", ["x", "w"], ["a"], attrs={"group": 1, "auto_pad": "SAME_UPPER"}), node("Relu", ["a"], ["b"]), node("GlobalAveragePool", ["b"], ["y"])], [tensor("w", (4, 4, 1, 1), W())]), "convolution")
    ok(model([gemm], [tensor("w", (4, 4), ext={"location": "model.onnx.data", "offset": "0", "length": "64"})]), "external data beside", extra={"model.onnx.data": W()})
    ok(model([gemm], [tensor("w%d" % i, (4, 4), ext={"location": "weights/w%d.bin" % i}) for i in range(3)]), "external data in a folder below", extra={"weights/w%d.bin" % i: W() for i in range(3)})
    ok(model([gemm], [tensor("w", (4, 4), ext={"location": "./model.data"})]), "external data with a dot", extra={"model.data": W()})
    ok(model([gemm], [tensor("w", (4, 4), ext={"location": "x..y/..weights.data"})]), "dots inside names", extra={"x..y/..weights.data": W()})
    ok(model([node("TreeEnsembleClassifier", ["x"], ["y"], "ai.onnx.ml", {"post_transform": "NONE"})], domains=("", "ai.onnx.ml"), producer="skl2onnx"), "tree ensemble of ai.onnx.ml")
    ok(model([node("FusedMatMul", ["x", "w"], ["y"], "com.microsoft"), node("Attention", ["y"], ["z"], "com.microsoft")], domains=("", "com.microsoft", "com.microsoft.nchwc")), "com.microsoft operators")
    ok(model([node("Add", ["x", "x"], ["y"])], domains=("", "ai.onnx.training", "ai.onnx.preview.training")), "training domain")
    ok(model([gemm], [tensor("w", (4, 4), W())], meta={"author": "x", "note": "import os; os.system is only text", "url": "https://example.invalid"}, doc="A model. Run eval() with care."), "metadata and documentation")
    ok(model([f(1, "c") + f(2, "y") + f(4, "If") + f(5, gattr("then_branch", f(1, node("Identity", ["x"], ["o"])) + f(2, "t"))) + f(5, gattr("else_branch", f(1, node("Neg", ["x"], ["o"])) + f(2, "e")))]), "If with two branches")
    fn = f(1, "Swish") + f(4, "x") + f(5, "y") + f(7, node("Sigmoid", ["x"], ["s"])) + f(7, node("Mul", ["x", "s"], ["y"])) + f(10, "ai.onnx")
    ok(model([node("Swish", ["x"], ["y"], "ai.onnx")], functions=[fn]), "model function of the standard domain")
    ok(model([const(tensor("v", (4,), floats=[1.0, 2.0, 3.0, 4.0]), "k"), node("Add", ["x", "k"], ["y"])]), "Constant node")
    ok(model([node("LSTM", ["x"], ["y"], attrs={"hidden_size": 4})], producer="keras2onnx"), "LSTM")
    ok(model([gemm] + [node("Relu", ["a%d" % i], ["a%d" % (i + 1)]) for i in range(300)], [tensor("w%d" % i, (64,), W(64)) for i in range(40)]), "long chain")
    s.add(FAM, "inconclusive", "model.onnx", model([gemm], [tensor("w", (64, 64), W(4096))])[:3000], "cut")
