"""Keras: v3 archives, HDF5 models, old JSON and YAML."""
import base64
import io
import json
import marshal

import h5py
import numpy as np

from pickleasm import Call, G, dumps
from zipw import Member, simple, zipfile

FAM = "keras"


def lam_code(rng):
    src = rng.choice(["lambda x: x", "lambda x: (__import__('os').system('echo case'), x)[1]", "lambda x, y=1: print('case') or x"])
    return base64.b64encode(marshal.dumps(compile(src, "<case>", "eval").co_consts[0])).decode()


def L(cls, module="keras.layers", reg=None, **cfg):
    cfg.setdefault("name", cls.lower())
    return {"module": module, "class_name": cls, "config": cfg, "registered_name": reg}


def dtype():
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}


def init(name="GlorotUniform"):
    return {"module": "keras.initializers", "class_name": name, "config": {"seed": None}, "registered_name": None}


def dense(i=0, **kw):
    return L("Dense", trainable=True, dtype=dtype(), units=4, activation="relu", use_bias=True, kernel_initializer=init(), bias_initializer=init("Zeros"), kernel_regularizer=None, name="dense_%d" % i, **kw)


def seq(layers, **kw):
    d = {"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "trainable": True, "dtype": dtype(), "layers": [L("InputLayer", batch_shape=[None, 4], dtype="float32", sparse=False)] + layers, "build_input_shape": [None, 4]}, "registered_name": None, "build_config": {"input_shape": [None, 4]},
         "compile_config": {"optimizer": {"module": "keras.optimizers", "class_name": "Adam", "config": {"name": "adam", "learning_rate": 0.001}, "registered_name": None}, "loss": "mse", "metrics": ["mae"], "loss_weights": None, "weighted_metrics": None, "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}}
    d.update(kw)
    return d


def functional(layers):
    nodes = []
    for i, l in enumerate(layers):
        l = dict(l)
        l["name"] = l["config"]["name"]
        l["inbound_nodes"] = [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [nodes[-1]["name"], 0, 0]}}], "kwargs": {}}] if nodes else []
        nodes.append(l)
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "functional", "trainable": True, "layers": nodes, "input_layers": [["in", 0, 0]], "output_layers": [[nodes[-1]["name"], 0, 0]]}, "registered_name": "Functional", "build_config": {"input_shape": None}}


def h5(attrs=None, fn=None):
    f = io.BytesIO()
    with h5py.File(f, "w") as h:
        for k, v in (attrs or {}).items():
            h.attrs[k] = v
        if fn:
            fn(h)
    return f.getvalue()


def weights(h):
    g = h.create_group("model_weights")
    g.attrs["layer_names"] = np.array([b"dense_0", b"dense_1"])
    g.attrs["backend"] = b"tensorflow"
    for n in ("dense_0", "dense_1"):
        d = g.create_group(n).create_group(n)
        d.create_dataset("kernel:0", data=np.arange(16, dtype="f4").reshape(4, 4))
        d.create_dataset("bias:0", data=np.zeros(4, "f4"))
        g[n].attrs["weight_names"] = np.array([b"kernel:0", b"bias:0"])


def v3w(h):
    for i in range(2):
        v = h.create_group("layers/dense_%d/vars" % i)
        v.create_dataset("0", data=np.ones((4, 4), "f4"))
        v.create_dataset("1", data=np.zeros(4, "f4"))


def k3(config, extra=None, w=None, meta=None):
    files = {"metadata.json": json.dumps(meta or {"keras_version": "3.3.3", "date_saved": "2024-05-01@10:00:00"}), "config.json": config if isinstance(config, str) else json.dumps(config), "model.weights.h5": w if w is not None else h5(fn=v3w)}
    files.update(extra or {})
    return simple(files)


def old_layer(cls, **cfg):
    return {"class_name": cls, "config": cfg}


def old_seq(layers):
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": [old_layer("InputLayer", batch_input_shape=[None, 4], dtype="float32", name="in")] + layers}}


def build(s):
    rng = s.rng(FAM)
    bad = lambda name, data, tech, thr="code-exec", lab="malicious": s.add(FAM, lab, name, data if isinstance(data, bytes) else data.encode(), tech, thr)
    ok = lambda name, data, tech: s.add(FAM, "benign", name, data if isinstance(data, bytes) else data.encode(), tech)
    lam = lambda **kw: L("Lambda", function={"class_name": "__lambda__", "config": {"code": lam_code(rng), "defaults": None, "closure": None}}, arguments={}, **kw)
    C = []
    C.append(("Lambda with code", seq([dense(), lam()])))
    C.append(("Lambda with code, old list form", seq([L("Lambda", function=[lam_code(rng), None, None], function_type="lambda")])))
    C.append(("Lambda in a functional model", functional([L("InputLayer", name="in"), dense(), lam()])))
    C.append(("Lambda in a nested model", seq([seq([seq([lam()])])])))
    C.append(("Lambda inside TimeDistributed", seq([L("TimeDistributed", layer=lam())])))
    C.append(("Lambda inside Bidirectional", seq([L("Bidirectional", layer=L("RNN", cell=lam()))])))
    C.append(("Lambda keras.src module", seq([L("Lambda", module="keras.src.layers.core.lambda_layer", function={"class_name": "__lambda__", "config": {"code": lam_code(rng)}})])))
    C.append(("code as activation", seq([dense()], ) | {"x": 1}))
    C[-1][1]["config"]["layers"][1]["config"]["activation"] = {"class_name": "__lambda__", "config": {"code": lam_code(rng)}}
    for mod, cls in (("os", "system"), ("subprocess", "run"), ("builtins", "eval"), ("builtins", "exec"), ("shutil", "rmtree"), ("importlib", "import_module"), ("socket", "socket"), ("ctypes", "CDLL"), ("pickle", "loads"), ("code", "interact")):
        C.append(("function of module %s" % mod, seq([{"module": mod, "class_name": "function", "config": cls, "registered_name": cls}])))
        C.append(("class of module %s" % mod, seq([{"module": mod, "class_name": cls, "config": {"command": "echo"}, "registered_name": None}])))
    for mod, cls in (("builtins", "eval"), ("os", "system"), ("keras.utils", "get_file"), ("keras.src.utils.file_utils", "get_file"), ("numpy", "load")):
        C.append(("activation is function %s.%s" % (mod, cls), seq([L("Activation", activation={"module": mod, "class_name": "function", "config": cls, "registered_name": cls})])))
        C.append(("Lambda over function %s.%s" % (mod, cls), seq([L("Lambda", function={"module": mod, "class_name": "function", "config": cls, "registered_name": cls}, arguments={"origin": "http://example.invalid/x"})])))
    C.append(("loss is a foreign function", seq([dense()], compile_config={"optimizer": "adam", "loss": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}})))
    C.append(("metric is a foreign class", seq([dense()], compile_config={"optimizer": "adam", "loss": "mse", "metrics": [{"module": "subprocess", "class_name": "Popen", "config": {"args": "echo"}, "registered_name": None}]})))
    C.append(("initializer is a foreign class", seq([L("Dense", units=2, kernel_initializer={"module": "runpy", "class_name": "run_path", "config": {"path_name": "/tmp/x"}, "registered_name": None})])))
    C.append(("optimizer is foreign", seq([dense()], compile_config={"optimizer": {"module": "webbrowser", "class_name": "open", "config": {}, "registered_name": None}, "loss": "mse"})))
    C.append(("unsafe deserialization switched on", seq([{"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization", "registered_name": "enable_unsafe_deserialization"}])))
    C.append(("unsafe deserialization by src path", seq([{"module": "keras.src.saving.serialization_lib", "class_name": "function", "config": "enable_unsafe_deserialization", "registered_name": None}])))
    C.append(("load_model by name", seq([{"module": "keras.models", "class_name": "function", "config": "load_model", "registered_name": "load_model"}])))
    C.append(("func_load", seq([{"module": "keras.src.utils.python_utils", "class_name": "function", "config": "func_load", "registered_name": None}])))
    for p in ("/etc/passwd", "../../../etc/shadow", "http://192.0.2.3/vocab.txt", "file:///etc/passwd", "\\\\192.0.2.3\\share\\v.txt", "gs://bucket-example-invalid/v.txt"):
        C.append(("vocabulary from %s" % p, seq([L("StringLookup", vocabulary=p, num_oov_indices=1)])))
    C.append(("TextVectorization vocabulary path", seq([L("TextVectorization", vocabulary="/etc/passwd", max_tokens=None)])))
    C.append(("IntegerLookup vocabulary path", seq([L("IntegerLookup", vocabulary="/proc/self/environ")])))
    C.append(("TorchModuleWrapper with a pickle", seq([L("TorchModuleWrapper", module={"class_name": "__bytes__", "config": {"value": base64.b64encode(dumps(Call(G("os", "system"), "echo"), 2)).decode()}})])))
    C.append(("deep nesting hides the class", seq([L("Wrap", module="keras.layers", a={"b": [{"c": {"module": "os", "class_name": "system", "config": {}}}]})])))
    C.append(("dotted class name", seq([{"module": "keras.layers", "class_name": "core.os.system", "config": {}, "registered_name": None}])))
    C.append(("private import of another module", seq([{"module": "keras.src.utils.file_utils.os", "class_name": "system", "config": {}, "registered_name": None}])))
    for tech, c in C:
        bad(rng.choice(["model.keras", "classifier.keras", "model.zip", "model"]), k3(c), "v3: " + tech)
    bad("model.keras", k3(seq([dense()]), {"assets/../../../tmp/case.py": "x"}), "v3: asset path leaves", "path-traversal")
    bad("model.keras", k3(seq([dense()]), {"assets/_layer_checkpoint/x.pkl": dumps(Call(G("os", "system"), "echo"), 2)}), "v3: pickle in the assets")
    bad("model.keras", k3(seq([dense()]), w=dumps(Call(G("os", "system"), "echo"), 2)), "v3: weights are a pickle")
    ext = lambda h: h.__setitem__("layers", h5py.ExternalLink("/etc/other.h5", "/x"))
    bad("model.keras", k3(seq([dense()]), w=h5(fn=ext)), "v3: weights with an external link", "file-read")
    bad("model.keras", k3(json.dumps(seq([dense()]))[:-1] + ', "config": ' + json.dumps({"layers": [{"module": "os", "class_name": "function", "config": "system"}]}) + "}"), "v3: duplicate key holds the harmful one")
    bad("model.keras", zipfile([Member("config.json", json.dumps(seq([dense()])).encode()), Member("config.json", json.dumps(seq([lam()])).encode())]), "v3: second config.json with a Lambda")
    # unknown custom objects
    for mod, reg in (("my_package.layers", "my_package>MyLayer"), ("builtins", "Custom>MyLayer"), (None, "Custom>Attention")):
        s.add(FAM, "review", "model.keras", k3(seq([{"module": mod, "class_name": "MyLayer", "config": {"units": 3}, "registered_name": reg}])), "v3: custom class", "unknown-class")
    # harmless v3
    kinds = [("Dense",), ("Conv2D",), ("LSTM",), ("Dropout",), ("BatchNormalization",), ("Embedding",), ("MultiHeadAttention",), ("Flatten",), ("GRU",), ("LayerNormalization",), ("GlobalAveragePooling2D",), ("Rescaling",), ("RandomFlip",), ("Add",), ("Concatenate",), ("Activation",)]
    for i in range(8):
        ls = [L(k[0], name="l%d" % j, dtype=dtype(), trainable=True) for j, k in enumerate(rng.sample(kinds, 6))]
        ok("model.keras", k3(seq([dense()] + ls) if i % 2 else functional([L("InputLayer", name="in")] + ls)), "v3: ordinary layers")
    ok("model.keras", k3(seq([L("StringLookup", vocabulary=["eval", "os.system", "../x"], num_oov_indices=1), L("TextVectorization", vocabulary=None, standardize="lower_and_strip_punctuation")])), "v3: vocabulary as a list")
    ok("model.keras", k3(seq([L("TextVectorization", name="tv", vocabulary=None)]), {"assets/layers/tv/vocabulary.txt": "the\nexec\neval\n"}), "v3: vocabulary in the assets")
    ok("model.keras", k3(seq([seq([dense()]), dense(1)])), "v3: nested model")
    ok("model.keras", k3(seq([L("Bidirectional", layer=L("LSTM", units=3), merge_mode="concat"), L("TimeDistributed", layer=dense())])), "v3: wrapped layers")
    ok("model.keras", k3(seq([L("Dense", module="keras.src.layers.core.dense", reg="Dense", units=2, activation={"module": "keras.activations", "class_name": "function", "config": "gelu", "registered_name": "gelu"})])), "v3: function of keras.activations")
    ok("model.keras", k3(seq([dense()], compile_config={"optimizer": {"module": "keras.optimizers", "class_name": "AdamW", "config": {"learning_rate": {"module": "keras.optimizers.schedules", "class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10}, "registered_name": None}}, "registered_name": None}, "loss": {"module": "keras.losses", "class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}, "registered_name": None}, "metrics": [["accuracy"]]})), "v3: schedule and loss objects")
    ok("weights.weights.h5", h5(fn=v3w), "v3: weights only")
    # HDF5
    lam_old = lambda: old_layer("Lambda", name="lambda", function=[lam_code(rng), None, None], function_type="lambda", output_shape=None, module="builtins")
    d = lambda i=0: old_layer("Dense", name="dense_%d" % i, trainable=True, units=4, activation="relu", use_bias=True, kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None}})
    H = lambda cfg, fn=weights, **kw: h5({"model_config": json.dumps(cfg), "keras_version": "2.12.0", "backend": "tensorflow", **kw}, fn)
    bad("model.h5", H(old_seq([d(), lam_old()])), "h5: Lambda")
    bad("model.hdf5", H(old_seq([old_seq([lam_old()])])), "h5: nested Lambda")
    bad("model.keras", H(old_seq([lam_old()])), "h5 named keras: Lambda")
    bad("model", H(old_seq([lam_old()])), "h5 without extension: Lambda")
    bad("model.h5", H(old_seq([old_layer("TimeDistributed", layer=lam_old())])), "h5: Lambda inside TimeDistributed")
    bad("model.h5", H({"class_name": "Functional", "config": {"name": "m", "layers": [dict(lam_old(), name="l", inbound_nodes=[])]}}), "h5: Lambda in a functional model")
    bad("model.h5", H({"class_name": "Model", "config": {"layers": [dict(lam_old())]}}), "h5: Lambda in an old Model")
    bad("model.h5", H(old_seq([old_layer("Lambda", name="l", function="system", function_type="function", module="os")])), "h5: Lambda over a named function of os")
    bad("model.h5", H(old_seq([old_layer("Lambda", name="l", function={"class_name": "__lambda__", "config": {"code": lam_code(rng)}})])), "h5: Lambda in the new form")
    bad("model.h5", H(old_seq([{"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}])), "h5: function of os")
    bad("model.h5", H(old_seq([d()]), training_config=json.dumps({"loss": {"module": "builtins", "class_name": "function", "config": "eval"}, "optimizer_config": {"class_name": "Adam", "config": {}}})), "h5: loss in training_config is eval")
    bad("model.h5", H(old_seq([old_layer("StringLookup", vocabulary="/etc/passwd")])), "h5: vocabulary path", "file-read")
    bad("model.h5", H(old_seq([lam_old()]).copy(), layer_names=np.array([b"x"])), "h5: Lambda, other attributes")
    bad("weights.h5", h5(fn=lambda h: (weights(h), h.__setitem__("model_weights/ext", h5py.ExternalLink("../../secret.h5", "/k")))), "h5: external link that leaves", "file-read")
    bad("weights.h5", h5(fn=lambda h: h.__setitem__("x", h5py.ExternalLink("/home/user/data.h5", "/k"))), "h5: external link, absolute", "file-read")
    bad("weights.h5", h5(fn=lambda h: h.create_dataset("w", (16,), dtype="u1", external=[("/etc/passwd", 0, 16)])), "h5: external storage, absolute", "file-read")
    bad("weights.h5", h5(fn=lambda h: h.create_group("g").create_dataset("w", (16,), dtype="u1", external=[("../../x.bin", 0, 16)])), "h5: external storage that leaves", "file-read")
    bad("weights.h5", h5(fn=lambda h: h.create_dataset("blob", data=np.void(dumps([Call(G("os", "system"), "echo case"), "x" * 40], 2)))), "h5: pickle as an opaque value", "code-exec", "review")
    bad("weights.h5", dumps(Call(G("os", "system"), "echo"), 2), "pickle named h5")
    ok("model.h5", H(old_seq([d(), d(1)])), "h5: Sequential")
    ok("model.hdf5", H({"class_name": "Functional", "config": {"name": "model", "layers": [dict(d(), name="dense_0", inbound_nodes=[])], "input_layers": [["in", 0, 0]], "output_layers": [["dense_0", 0, 0]]}}, training_config=json.dumps({"loss": "mse", "metrics": ["mae"], "optimizer_config": {"class_name": "Adam", "config": {"lr": 0.001}}})), "h5: Functional with training_config")
    ok("model.keras", H(old_seq([d()])), "h5 named keras")
    ok("weights.h5", h5(fn=weights), "h5: weights")
    ok("data.h5", h5({"title": "os.system eval"}, lambda h: (h.create_dataset("x", data=np.arange(200), chunks=(50,), compression="gzip", shuffle=True), h.create_dataset("names", data=np.array([b"exec", b"b"])), h.create_group("a/b/c").create_dataset("s", data="text"))), "h5: data set with compression")
    ok("links.h5", h5(fn=lambda h: (h.create_dataset("x", data=[1]), h.__setitem__("soft", h5py.SoftLink("/x")), h.__setitem__("hard", h["x"]))), "h5: soft and hard links")
    ok("big.h5", h5(fn=lambda h: [h.create_group("layer_%03d" % i).create_dataset("kernel:0", data=np.full((8, 8), i, "f4")) for i in range(120)]), "h5: many groups")
    ok("strings.h5", h5({"note": "not a model", "long": "x" * 3000}, lambda h: h.create_dataset("t", data=np.array(["eval", "os"], dtype=object), dtype=h5py.string_dtype())), "h5: variable-length text")
    s.add(FAM, "inconclusive", "model.h5", H(old_seq([d(), d(1)]))[:900], "h5 cut")
    # old JSON and YAML
    bad("model.json", json.dumps(old_seq([lam_old()])), "old JSON: Lambda")
    bad("model.json", json.dumps(seq([lam()])), "JSON of v3: Lambda")
    bad("architecture.json", json.dumps({"class_name": "Model", "keras_version": "2.2.4", "backend": "tensorflow", "config": {"layers": [lam_old()]}}), "old JSON: Model with Lambda")
    bad("model.yaml", "class_name: Sequential\nconfig:\n  - class_name: Dense\n    config: {units: 2}\nextra: !!python/object/apply:os.system ['echo case']\n", "old YAML: python tag")
    bad("model.yml", "backend: tensorflow\nclass_name: Sequential\nconfig:\n  layers:\n  - class_name: Lambda\n    config:\n      function: !!python/tuple ['%s', null, null]\n      function_type: lambda\n" % lam_code(rng), "old YAML: Lambda")
    bad("config.yaml", "a: !!python/object/new:subprocess.Popen\n  args: [['echo']]\n", "YAML object tag")
    bad("config.yaml", "a: !!python/name:os.system\nb: !!python/module:subprocess\n", "YAML name tag", "code-exec", "suspicious")
    ok("model.json", json.dumps(old_seq([d(), d(1)])), "old JSON")
    ok("model.json", json.dumps(seq([dense(), dense(1)])), "JSON of v3")
    ok("model.yaml", "backend: tensorflow\nclass_name: Sequential\nconfig:\n  name: sequential\n  layers:\n  - class_name: Dense\n    config: {name: d, units: 2, activation: relu}\nkeras_version: 2.4.0\n", "old YAML")
