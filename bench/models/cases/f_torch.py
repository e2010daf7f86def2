"""torch containers: zip, legacy stream, tar, TorchScript."""
import io
import pickle
import struct

from common import ECHO
from pickleasm import Build, Call, G, Inst, New, Obj, Pers, PyStr, dumps, body
from zipw import Member, simple, tarfile, zipfile
from f_pickle_benign import arr, rstate

FAM = "torch"
MAGIC = 0x1950A86A20F9469CFC6C
KINDS = [("FloatStorage", 4), ("HalfStorage", 2), ("BFloat16Storage", 2), ("LongStorage", 8), ("IntStorage", 4), ("ByteStorage", 1), ("DoubleStorage", 8), ("BoolStorage", 1), ("CharStorage", 1), ("ComplexFloatStorage", 8)]


class Store:
    def __init__(self, rng):
        self.rng, self.items = rng, []

    def pid(self, kind, n, dev="cpu", legacy=False):
        k = str(len(self.items)) if not legacy else str(94000000000000 + len(self.items) * 64)
        self.items.append((k, n, dict(KINDS)[kind]))
        return ("storage", G("torch", kind), k, dev, n) + ((None,) if legacy else ())

    def tensor(self, shape=(2, 3), kind=None, grad=False, dev="cpu", legacy=False):
        kind = kind or self.rng.choice(KINDS[:4])[0]
        n = 1
        for d in shape:
            n *= d
        st, stride = 1, []
        for d in reversed(shape):
            stride.insert(0, st)
            st *= d
        return Call(G("torch._utils", "_rebuild_tensor_v2"), Pers(self.pid(kind, n, dev, legacy)), 0, shape, tuple(stride), grad, Call(G("collections", "OrderedDict")))

    def param(self, shape=(2, 3), **kw):
        return Call(G("torch._utils", "_rebuild_parameter"), self.tensor(shape, "FloatStorage", **kw), True, Call(G("collections", "OrderedDict")))

    def blobs(self):
        return {k: self.rng.randbytes(n * sz) for k, n, sz in self.items}


def state(st, n=4, ordered=True, **kw):
    pairs = []
    for i in range(n):
        pairs += [["encoder.layer.%d.weight" % i, st.tensor((4, 3), "FloatStorage", **kw)], ["encoder.layer.%d.bias" % i, st.tensor((4,), "FloatStorage", **kw)]]
    if not ordered:
        return dict(map(tuple, pairs))
    from pickleasm import Items
    return Build(Items(Call(G("collections", "OrderedDict")), [tuple(x) for x in pairs]), {"_metadata": Items(Call(G("collections", "OrderedDict")), [("", {"version": 1}), ("encoder", {"version": 1})])})


def tzip(obj, blobs, folder="archive", proto=2, extra=None, new=False, version=b"3\n", **kw):
    files = {"%s/data.pkl" % folder: dumps(obj, proto) if not isinstance(obj, bytes) else obj}
    if new:
        files[folder + "/.format_version"] = b"1"
        files[folder + "/.storage_alignment"] = b"64"
    files[folder + "/byteorder"] = b"little"
    for k, v in blobs.items():
        files["%s/data/%s" % (folder, k)] = v
    files[folder + "/version"] = version
    files[folder + "/.data/serialization_id"] = b"1111111111111111111100000000000000000000"
    files.update(extra or {})
    return zipfile([Member(k, v if isinstance(v, bytes) else v.encode(), desc=False) for k, v in files.items()], align=64, **kw)


def legacy(obj, st, proto=2, evil=None, where=None):
    parts = {"magic": MAGIC, "proto": 1001, "sys": {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, "obj": obj, "keys": [k for k, _, _ in st.items]}
    if where in parts:
        parts[where] = {"protocol_version": 1001, "little_endian": True, "x": evil} if where == "sys" else [evil] if where == "keys" else evil if where == "magic" else evil
    out = b"".join(dumps(v, proto) for v in parts.values())
    for (k, n, sz) in st.items:
        out += struct.pack("<q", n) + st.rng.randbytes(n * sz)
    return out


def nn_module(path, **st):
    base = {"training": False, "_parameters": Call(G("collections", "OrderedDict")), "_buffers": Call(G("collections", "OrderedDict")), "_non_persistent_buffers_set": set(), "_backward_hooks": Call(G("collections", "OrderedDict")), "_is_full_backward_hook": None, "_forward_hooks": Call(G("collections", "OrderedDict")), "_forward_pre_hooks": Call(G("collections", "OrderedDict")), "_state_dict_hooks": Call(G("collections", "OrderedDict")), "_modules": Call(G("collections", "OrderedDict"))}
    base.update(st)
    return Build(New(G(path)), base)


def build(s):
    rng = s.rng(FAM)
    from pickleasm import Items
    cmd = lambda: rng.choice([lambda g: Call(g, rng.choice(ECHO)), lambda g: Inst(g, rng.choice(ECHO)), lambda g: Obj(g, rng.choice(ECHO))])(G(*rng.choice([("os", "system"), ("posix", "system"), ("subprocess", "getoutput"), ("builtins", "exec"), ("runpy", "run_path"), ("pydoc", "locate"), ("torch.hub", "load"), ("webbrowser", "open"), ("nt", "system"), ("code", "interact")])))
    N = ["model.pt", "model.pth", "pytorch_model.bin", "model.ckpt", "weights.bin", "best.pt", "unet.bin", "lora.pt", "embedding.pt", "model", "model.pkl", "adapter_model.bin", "a.pth.tar"]
    nm = lambda: rng.choice(N)
    bad = lambda name, data, tech: s.add(FAM, "malicious", name, data, tech, "code-exec")
    ok = lambda name, data, tech: s.add(FAM, "benign", name, data, tech)

    # ---- zip, harmful
    for i in range(10):
        st = Store(rng)
        sd = state(st, rng.randint(1, 6))
        bad(nm(), tzip({"state_dict": sd, "hook": cmd()} if i % 2 else [cmd(), sd], st.blobs(), rng.choice(["archive", "model", "checkpoint_10", "x"]), rng.choice([2, 2, 3, 4]), new=i % 3 == 0), "zip, payload in data.pkl")
    for extra, tech in (("constants.pkl", "payload in constants.pkl"), ("extra/meta.pkl", "payload in an extra member .pkl"), ("data/0.pkl", "payload in data/0.pkl"), ("extra/notes.txt", "payload in extra/notes.txt"), ("attributes.pkl", "payload in attributes.pkl"), ("code/state.bin", "pickle in code/"), ("xl_model_weights/0", "pickle without extension"), ("bytecode.pkl", "payload in bytecode.pkl"), ("mobile_debug_handles.pkl", "payload in mobile_debug_handles.pkl"), ("data/1", "payload in the place of a storage"), ("version.pkl", "version.pkl"), ("tensors.pkl", "payload in tensors.pkl")):
        st = Store(rng)
        sd = state(st, 2)
        bl = st.blobs()
        pk = dumps(cmd(), rng.choice([2, 4]))
        bad(nm(), tzip(sd, bl, extra={"archive/" + extra: pk}), "zip, " + tech)
    st = Store(rng); sd = state(st, 2)
    bad(nm(), tzip(sd, st.blobs(), extra={"other/data.pkl": dumps(cmd(), 2)}), "zip, second data.pkl in another folder")
    bad(nm(), tzip(sd, st.blobs(), extra={"data.pkl": dumps(cmd(), 2)}), "zip, data.pkl at the root")
    bad(nm(), simple({"data.pkl": dumps(cmd(), 2), "version": "3\n"}), "zip, data.pkl without a folder")
    bad(nm(), tzip(sd, st.blobs(), extra={"archive/nested/DATA.PKL": dumps(cmd(), 2)}), "zip, DATA.PKL in upper case")
    bad(nm(), tzip(sd, st.blobs(), extra={"archive/inner.pt": tzip(cmd(), {})}), "zip in zip")
    bad(nm(), tzip(dumps({"a": 1}, 2) + dumps(cmd(), 2), {}), "second stream in data.pkl")
    bad(nm(), tzip(dumps(cmd(), 2)[:-1] + b"\xff\xfe", {}), "broken data.pkl after the payload")
    bad(nm(), tzip({"x": Call(G("torch.storage", "_load_from_bytes"), dumps(cmd(), 2))}, {}), "payload in bytes for _load_from_bytes")
    bad(nm(), tzip({"x": Call(G("torch.storage", "_load_from_bytes"), tzip(cmd(), {}))}, {}, proto=4), "torch zip in bytes for _load_from_bytes")
    bad(nm(), tzip({"x": Call(G("torch.storage", "_load_from_bytes"), legacy(cmd(), Store(rng)))}, {}, proto=3), "legacy stream in bytes for _load_from_bytes")
    for hook, tech in (("_forward_hooks", "forward hook"), ("_backward_hooks", "backward hook"), ("_state_dict_hooks", "state dict hook"), ("forward", "forward replaced")):
        bad(nm(), tzip(nn_module("torch.nn.modules.linear.Linear", **{hook: Items(Call(G("collections", "OrderedDict")), [(1, G("os", "system"))]) if hook != "forward" else G("builtins", "exec")}), {}), "module with harmful %s" % tech)
    bad(nm(), tzip(Call(G("torch.fx.graph_module", "reduce_graph_module"), {"_code": "import os\ndef forward(self, x):\n    return os.system('echo case')\n"}, "import torch"), {}), "fx graph module from source")
    bad(nm(), tzip(Build(Call(G("torch._utils", "_rebuild_tensor_v2"), cmd(), 0, (1,), (1,), False, {}), {}), {}), "call inside the arguments of _rebuild_tensor_v2")
    bad(nm(), tzip(Call(G("torch._tensor", "_rebuild_from_type_v2"), G("os", "system"), G("torch", "Tensor"), ("echo case",), {}), {}), "_rebuild_from_type_v2 with a harmful function")
    bad(nm(), tzip(Call(G("torch._utils", "_rebuild_wrapper_subclass"), G("subprocess", "Popen"), "echo", True), {}), "_rebuild_wrapper_subclass over Popen")
    # ---- zip, harmless
    for i in range(10):
        st = Store(rng)
        sd = state(st, rng.randint(1, 12), ordered=bool(i % 2))
        ok(nm(), tzip(sd, st.blobs(), rng.choice(["archive", "pytorch_model", "best"]), new=i % 3 == 0), "zip, state dict")
    st = Store(rng)
    ok("model.pt", tzip({k: st.tensor((3,), k) for k, _ in KINDS}, st.blobs()), "zip, every storage type")
    st = Store(rng)
    ok("optimizer.pt", tzip({"state": {i: {"step": st.tensor((), "FloatStorage"), "exp_avg": st.tensor(), "exp_avg_sq": st.tensor()} for i in range(4)}, "param_groups": [{"lr": 5e-5, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False, "foreach": None, "params": [0, 1, 2, 3]}]}, st.blobs()), "zip, optimizer state")
    ok("scheduler.pt", tzip({"base_lrs": [5e-5], "last_epoch": 100, "_step_count": 101, "_last_lr": [1e-5], "lr_lambdas": [{}], "verbose": False}, {}), "zip, scheduler state")
    st = Store(rng)
    ok("rng_state.pth", tzip({"python": (3, tuple(range(30)), None), "numpy": ("MT19937", arr(rng, 624, "u4"), 624, 0, 0.0), "cpu": st.tensor((16,), "ByteStorage"), "cuda": [st.tensor((16,), "ByteStorage", dev="cuda:0")]}, st.blobs()), "zip, random generator state")
    st = Store(rng)
    ok("last.ckpt", tzip({"epoch": 3, "global_step": 900, "pytorch-lightning_version": "2.1.0", "state_dict": state(st, 3), "loops": {"fit_loop": {"state_dict": {}}}, "callbacks": {"ModelCheckpoint{'monitor': 'val_loss', 'mode': 'min'}": {"best_model_score": st.tensor((), "FloatStorage"), "best_model_path": "/home/u/ckpt/epoch=3.ckpt"}}, "hparams_name": "hparams", "hyper_parameters": Items(New(G("lightning.fabric.utilities.data", "AttributeDict")), [("lr", 0.1)])}, st.blobs()), "zip, Lightning checkpoint")
    st = Store(rng)
    ok("old.ckpt", tzip({"epoch": 1, "state_dict": state(st, 2), "hyper_parameters": Items(Build(New(G("pytorch_lightning.utilities.parsing", "AttributeDict")), {}), [("a", 1)]), "callbacks": {G("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"): {"best_model_score": None}}}, st.blobs()), "zip, old Lightning checkpoint with class keys")
    st = Store(rng)
    ok("model.pt", tzip(nn_module("torch.nn.modules.container.Sequential", _modules=Items(Call(G("collections", "OrderedDict")), [("0", nn_module("torch.nn.modules.linear.Linear", in_features=4, out_features=2, _parameters=Items(Call(G("collections", "OrderedDict")), [("weight", st.param()), ("bias", st.param((2,)))]))), ("1", nn_module("torch.nn.modules.activation.ReLU", inplace=False)), ("2", nn_module("torch.nn.modules.batchnorm.BatchNorm1d", eps=1e-5, momentum=0.1))])), st.blobs()), "zip, whole Sequential module")
    st = Store(rng)
    ok("resnet.pth", tzip(nn_module("torchvision.models.resnet.ResNet", _norm_layer=G("torch.nn.modules.batchnorm", "BatchNorm2d"), inplanes=512, _parameters=Items(Call(G("collections", "OrderedDict")), [("w", st.param())])), st.blobs()), "zip, whole torchvision module")
    st = Store(rng)
    ok("yolo.pt", tzip({"epoch": -1, "date": "2024-01-01", "ema": None, "train_args": {"task": "detect", "data": "coco.yaml", "exist_ok": True, "eval": False}, "fitness": None, "updates": None, "state": state(st, 2)}, st.blobs()), "zip, training dictionary with plain values")
    st = Store(rng)
    ok("sd.ckpt", tzip({"state_dict": dict(("model.diffusion_model.input_blocks.%d.0.weight" % i, st.tensor((4, 4), "HalfStorage")) for i in range(30)), "global_step": 470000, "dtype": G("torch", "float16"), "memory_format": G("torch", "channels_last") if False else None}, st.blobs()), "zip, half-precision diffusion checkpoint")
    st = Store(rng)
    ok("ti.pt", tzip({"string_to_token": {"*": 265}, "string_to_param": Build(New(G("torch.nn.modules.container", "ParameterDict")), {"training": True, "_parameters": Items(Call(G("collections", "OrderedDict")), [("*", st.param((1, 8)))])}), "name": "style", "step": 500, "sd_checkpoint": "abcd1234"}, st.blobs()), "zip, textual inversion")
    st = Store(rng)
    ok("quant.pt", tzip({"w": Call(G("torch._utils", "_rebuild_qtensor"), Pers(st.pid("CharStorage", 6)), 0, (2, 3), (3, 1), (G("torch", "per_tensor_affine"), 0.1, 0), False, Call(G("collections", "OrderedDict"))), "size": Call(G("torch", "Size"), [2, 3]), "device": Call(G("torch", "device"), "cpu"), "dt": G("torch", "qint8"), "fn": G("torch.nn.functional", "relu")}, st.blobs()), "zip, quantised tensor, Size, device, dtype")
    st = Store(rng)
    ok("sparse.pt", tzip({"adj": Call(G("torch._utils", "_rebuild_sparse_tensor"), G("torch", "sparse_coo"), (st.tensor((2, 3), "LongStorage"), st.tensor((3,), "FloatStorage"), Call(G("torch", "Size"), [4, 4]), True))}, st.blobs()), "zip, sparse tensor")
    st = Store(rng)
    ok("graph.pt", tzip((Build(New(G("torch_geometric.data.data", "Data")), {"_store": Build(New(G("torch_geometric.data.storage", "GlobalStorage")), {"_mapping": {"x": st.tensor(), "edge_index": st.tensor((2, 4), "LongStorage")}})}), None), st.blobs()), "zip, geometric data")
    st = Store(rng)
    ok("nemo.ckpt", tzip({"hyper_parameters": {"cfg": Build(New(G("omegaconf.dictconfig", "DictConfig")), {"_metadata": Build(New(G("omegaconf.base", "ContainerMetadata")), {"ref_type": G("typing", "Any"), "object_type": G("builtins", "dict"), "optional": True, "flags": {}}), "_content": {"lr": 0.1}, "_parent": None})}, "state_dict": state(st, 1)}, st.blobs()), "zip, DictConfig inside")
    for i in range(3):
        st = Store(rng)
        st_obj = Call(G("torch._utils", "_rebuild_tensor_v2"), Call(G("torch.storage", "_load_from_bytes"), legacy_storage(rng)), 0, (4,), (1,), False, Call(G("collections", "OrderedDict")))
        s.add("pickle", "benign", "tensor.pkl", dumps({"weights": st_obj, "name": "x"}, [2, 4, 5][i]), "tensor in a plain pickle: storage bytes for _load_from_bytes", fmt="pickle")
    st = Store(rng)
    ok("dcp.pt", tzip(state(st, 2), st.blobs(), extra={"archive/extra/config.json": b'{"eval": true, "exec": "none"}'}), "zip, extra file with JSON")
    # ---- legacy
    for where in ("magic", "proto", "sys", "obj", "keys"):
        for i in range(2):
            st = Store(rng)
            sd = state(st, 2, legacy=True)
            e = cmd()
            bad(nm(), legacy({"sd": sd, "x": e} if where == "obj" and i else sd, st, rng.choice([2, 3, 4]) if where != "obj" else 2, e, where if not (where == "obj" and i) else None), "legacy, payload in the %s stream" % where)
    st = Store(rng); sd = state(st, 2, legacy=True)
    bad(nm(), legacy(sd, st) + dumps(cmd(), 2), "legacy, pickle after the storages") if False else None
    bad(nm(), b"".join(dumps(v, 2) for v in (Call(G("builtins", "eval"), "0x1950a86a20f9469cfc6c"), 1001, {}, {}, [])), "legacy, magic number computed by eval")
    bad(nm(), b"".join(dumps(v, 2) for v in (MAGIC, Call(G("builtins", "int"), Call(G("os", "getenv"), "X", "1001")), {}, {}, [])), "legacy, protocol number by os.getenv")
    bad(nm(), dumps(MAGIC + 1, 2) + dumps(1001, 2) + dumps({}, 2) + dumps(cmd(), 2), "legacy with a wrong magic number")
    bad(nm(), dumps(MAGIC, 2) + dumps(1001, 2) + dumps({}, 2) + dumps(cmd(), 2)[:-1], "legacy, cut after the payload")
    for i in range(6):
        st = Store(rng)
        sd = state(st, rng.randint(1, 8), legacy=True)
        ok(nm(), legacy(sd if i % 2 else {"state_dict": sd, "epoch": 4, "arch": "resnet50"}, st), "legacy, state dict")
    st = Store(rng)
    ok("module.pth", legacy(nn_module("torch.nn.modules.linear.Linear", _parameters=Items(Call(G("collections", "OrderedDict")), [("weight", st.tensor((2, 2), "FloatStorage", legacy=True))])), st), "legacy, whole module")
    st = Store(rng)
    srcmod = legacy({"m": Call(G("collections", "OrderedDict"))}, st)
    ok("empty.pth", srcmod, "legacy, empty")
    # module container persistent id ('module', cls, source_file, source): benign for torch classes
    mod = dumps(Build(New(Pers(("module", G("torch.nn.modules.linear", "Linear"), "/usr/lib/python3/dist-packages/torch/nn/modules/linear.py", "class Linear(Module):\n    pass\n"))), {"in_features": 2, "training": True}), 2)
    ok("old_module.pth", dumps(MAGIC, 2) + dumps(1001, 2) + dumps({"protocol_version": 1001, "little_endian": True}, 2) + mod + dumps([], 2), "legacy, module source persistent id")
    # ---- tar of 2014
    def ttar(evil=None, where=None):
        sysi = dumps({"protocol_version": 1000, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 8}, **({"x": evil} if where == "sys" else {})}, 2)
        stor = dumps(1, 2) + dumps(("0", "cpu", G("torch", "FloatStorage")) if where != "storages" else evil, 2) + struct.pack("<q", 2) + b"\0" * 8 + dumps([], 2)
        tens = dumps(1, 2) + dumps(("1", "0", G("torch", "FloatTensor")) if where != "tensors" else evil, 2) + struct.pack("<i4xqqq", 1, 2, 1, 0)
        pk = dumps({"w": Pers("1")} if where != "pickle" else {"w": Pers("1"), "x": evil}, 2)
        return tarfile([("./storages", stor), ("./tensors", tens), ("./pickle", pk), ("./sys_info", sysi)])
    for w in ("sys", "storages", "tensors", "pickle"):
        bad(rng.choice(["model.pth", "model.tar", "net.t7"]), ttar(cmd(), w), "tar of 2014, payload in %s" % w)
    s.add(FAM, "benign", "model.pth", ttar(), "tar of 2014")
    bad("model.pt", tarfile([("model/data.pkl", dumps(cmd(), 2)), ("model/weights.bin", rng.randbytes(600))]), "tar with a data.pkl")
    # ---- TorchScript
    head = "class Net(Module):\n  __parameters__ = [\"weight\", ]\n  __buffers__ = []\n  weight : Tensor\n  training : bool\n"
    def ts(code, obj=None, **kw):
        st = Store(rng)
        o = obj if obj is not None else Build(New(G("__torch__", "Net")), {"training": False, "weight": st.tensor((2, 2), "FloatStorage")})
        return tzip(o, st.blobs(), "net", extra={"net/code/__torch__.py": head + code, "net/code/__torch__.py.debug_pkl": dumps((("", "", []),), 2), "net/constants.pkl": dumps((), 2)}, **kw)
    evil = ["  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    _0 = torch.from_file(\"/etc/hostname\", False, 10)\n    return _0\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    torch.save(x, \"/tmp/case\")\n    return x\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    _0 = ops.aten.from_file(\"/etc/hostname\", None, 4)\n    return _0\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    _0 = torch.ops.load_library(\"/tmp/case.so\")\n    return x\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    ops.prim.PythonOp(\"os.system\", \"echo\")\n    return x\n",
            "import os\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    os.system(\"echo case\")\n    return x\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    ops.aten.save(x, \"/tmp/case\")\n    return x\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    _0 = __import__(\"subprocess\").getoutput(\"echo\")\n    return x\n",
            "  def __setstate__(self: __torch__.Net,\n    st: Tensor) -> NoneType:\n    torch.save(st, \"/tmp/case\")\n    return None\n"]
    for i, c in enumerate(evil):
        s.add(FAM, "malicious", rng.choice(["script.pt", "model.ptl", "traced.pt", "model.jit"]), ts(c), "TorchScript code with a harmful operator no. %d" % i, "file-write" if "save" in c else "code-exec", fmt="torchscript")
    bad("script.pt", ts("  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    return x\n", obj=cmd()), "TorchScript, payload in data.pkl")
    good = ["  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    weight = self.weight\n    _0 = torch.add(torch.matmul(x, torch.t(weight)), CONSTANTS.c0)\n    return torch.relu(_0)\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    if torch.gt(torch.dim(x), 2):\n      _0 = torch.flatten(x, 1)\n    else:\n      ops.prim.RaiseException(\"bad shape\", \"builtins.ValueError\")\n      _0 = x\n    return torch.softmax(_0, 1)\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tuple[Tensor, Tensor]:\n    _0 = __torch__.torch.nn.functional.layer_norm(x, [4], None, None, 1e-05, )\n    print(\"eval\")\n    a, b, = torch.split(_0, 2, -1)\n    return (a, b)\n",
            "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    out = ops.quantized.linear(x, self.weight, 0.1, 0)\n    ss = ops.torchvision.nms(x, x, 0.5)\n    return torch.dequantize(out)\n"]
    for c in good:
        s.add(FAM, "benign", rng.choice(["script.pt", "traced.pt", "model.ptl"]), ts(c), "TorchScript, ordinary code", fmt="torchscript")
    s.add(FAM, "inconclusive", "model.pt", tzip(sd, Store(rng).blobs())[:700], "torch zip cut in the middle")
    s.add(FAM, "review", "model.pt", tzip(Build(New(G("my_project.models", "Net")), {"training": True}), {}), "own class by NEWOBJ", "unknown-class")


def legacy_storage(rng):
    """What torch.save of one storage gives."""
    st = Store(rng)
    pid = st.pid("FloatStorage", 4, legacy=True)
    return legacy(Pers(pid), st)
