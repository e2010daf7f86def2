"""A pickle assembler (protocols 0-5) and an inert unpickler used only to check what was assembled."""
import io
import pickle
import struct


class G:
    """A reference to a global."""
    def __init__(self, module, name=None):
        if name is None:
            module, name = module.rsplit(".", 1)
        self.module, self.name = module, name


class Node:
    pass


class Call(Node):          # REDUCE
    def __init__(self, fn, *args):
        self.fn, self.args = fn, args


class CallT(Node):         # REDUCE with any node as the argument tuple
    def __init__(self, fn, argnode):
        self.fn, self.argnode = fn, argnode


class New(Node):           # NEWOBJ
    def __init__(self, cls, *args):
        self.cls, self.args = cls, args


class NewEx(Node):         # NEWOBJ_EX
    def __init__(self, cls, args=(), kwargs=None):
        self.cls, self.args, self.kwargs = cls, args, kwargs or {}


class Inst(Node):          # INST
    def __init__(self, g, *args):
        self.g, self.args = g, args


class Obj(Node):           # OBJ
    def __init__(self, cls, *args):
        self.cls, self.args = cls, args


class Build(Node):         # BUILD
    def __init__(self, obj, state):
        self.obj, self.state = obj, state


class Items(Node):         # SETITEMS on obj
    def __init__(self, obj, pairs):
        self.obj, self.pairs = obj, pairs


class Apps(Node):          # APPENDS on obj
    def __init__(self, obj, values):
        self.obj, self.values = obj, values


class Adds(Node):          # ADDITEMS on obj
    def __init__(self, obj, values):
        self.obj, self.values = obj, values


class Raw(Node):           # opcodes as they are (must leave one value)
    def __init__(self, data):
        self.data = data


class Seq(Node):           # first nodes pushed and popped, the last one stays
    def __init__(self, *nodes):
        self.nodes = nodes


class Pers(Node):          # BINPERSID (PERSID for protocol 0)
    def __init__(self, pid):
        self.pid = pid


class PyStr(Node):         # Python 2 str
    def __init__(self, data):
        self.data = data


class Named(Node):         # a value that can be used twice by name
    def __init__(self, key, node=None):
        self.key, self.node = key, node


class Asm:
    def __init__(self, proto=4, memo=True, frame=True, glob="auto", header=True, py2=False):
        self.proto, self.memo, self.frame, self.glob, self.header, self.py2 = proto, memo, frame, glob, header, py2
        self.ops = []
        self.n = 0
        self.seen = {}

    # -- low level
    def e(self, b):
        self.ops.append(b)

    def put(self, key=None):
        if not self.memo:
            return
        i = self.n
        self.n += 1
        if key is not None:
            self.seen[key] = i
        if self.proto >= 4:
            self.e(b"\x94")
        elif self.proto >= 1:
            self.e(b"q" + bytes([i]) if i < 256 else b"r" + struct.pack("<I", i))
        else:
            self.e(b"p%d\n" % i)

    def get(self, i):
        if self.proto >= 1:
            self.e(b"h" + bytes([i]) if i < 256 else b"j" + struct.pack("<I", i))
        else:
            self.e(b"g%d\n" % i)

    def known(self, key):
        if self.memo and key in self.seen:
            self.get(self.seen[key])
            return True
        return False

    def text(self, s):
        if self.known(("s", s)):
            return
        if self.py2 and s.isascii():
            self.pystr(s.encode())
            self.seen[("s", s)] = self.n - 1 if self.memo else 0
            return
        raw = s.encode("utf-8", "surrogatepass")
        if self.proto == 0:
            self.e(b"V" + s.replace("\\", "\\u005c").replace("\0", "\\u0000").replace("\n", "\\u000a").replace(
                "\r", "\\u000d").replace("\x1a", "\\u001a").encode("raw-unicode-escape") + b"\n")
        elif self.proto >= 4 and len(raw) < 256:
            self.e(b"\x8c" + bytes([len(raw)]) + raw)
        else:
            self.e(b"X" + struct.pack("<I", len(raw)) + raw)
        self.put(("s", s))

    def pystr(self, raw):
        if self.proto == 0:
            self.e(b"S" + repr(raw)[1:].encode() + b"\n")
        elif len(raw) < 256:
            self.e(b"U" + bytes([len(raw)]) + raw)
        else:
            self.e(b"T" + struct.pack("<I", len(raw)) + raw)
        self.put()

    def global_(self, g):
        key = ("g", g.module, g.name)
        if self.known(key):
            return
        stack = self.glob == "stack" or (self.glob == "auto" and self.proto >= 4)
        if stack:
            self.text(g.module)
            self.text(g.name)
            self.e(b"\x93")
        else:
            self.e(b"c" + g.module.encode() + b"\n" + g.name.encode() + b"\n")
        self.put(key)

    def int_(self, v):
        if self.proto == 0:
            self.e(b"I%d\n" % v if -2**31 <= v < 2**31 else b"L%dL\n" % v)
        elif 0 <= v < 256:
            self.e(b"K" + bytes([v]))
        elif 0 <= v < 65536:
            self.e(b"M" + struct.pack("<H", v))
        elif -2**31 <= v < 2**31:
            self.e(b"J" + struct.pack("<i", v))
        else:
            raw = v.to_bytes(v.bit_length() // 8 + 1, "little", signed=True)
            self.e(b"\x8a" + bytes([len(raw)]) + raw if len(raw) < 256 else b"\x8b" + struct.pack("<i", len(raw)) + raw)

    def tuple_(self, vals, memo=True):
        if not vals:
            self.e(b")" if self.proto >= 1 else b"(t")
            return
        if self.proto >= 2 and len(vals) <= 3:
            for v in vals:
                self.enc(v)
            self.e(bytes([0x84 + len(vals)]))
        else:
            self.e(b"(")
            for v in vals:
                self.enc(v)
            self.e(b"t")
        if memo:
            self.put()

    def batch(self, vals, one, many):
        vals = list(vals)
        if self.proto == 0:
            for v in vals:
                self.enc_many(v)
                self.e(one)
            return
        for i in range(0, len(vals), 1000):
            part = vals[i:i + 1000]
            if len(part) == 1:
                self.enc_many(part[0])
                self.e(one)
            else:
                self.e(b"(")
                for v in part:
                    self.enc_many(v)
                self.e(many)

    def enc_many(self, v):
        if isinstance(v, _Pair):
            self.enc(v[0])
            self.enc(v[1])
        else:
            self.enc(v)

    # -- values
    def enc(self, v):
        p = self.proto
        if v is None:
            self.e(b"N")
        elif v is True or v is False:
            self.e((b"\x88" if v else b"\x89") if p >= 2 else (b"I01\n" if v else b"I00\n"))
        elif isinstance(v, int):
            self.int_(v)
        elif isinstance(v, float):
            self.e(b"G" + struct.pack(">d", v) if p >= 1 else b"F" + repr(v).encode() + b"\n")
        elif isinstance(v, str):
            self.text(v)
        elif isinstance(v, bytes):
            if p < 3:
                self.enc(Call(G("_codecs", "encode"), v.decode("latin-1"), "latin1") if v else Call(G(
                    "__builtin__" if p < 3 else "builtins", "bytes")))
            elif len(v) < 256:
                self.e(b"C" + bytes([len(v)]) + v)
                self.put()
            else:
                self.e(b"B" + struct.pack("<I", len(v)) + v)
                self.put()
        elif isinstance(v, bytearray):
            if p >= 5:
                self.e(b"\x96" + struct.pack("<Q", len(v)) + bytes(v))
                self.put()
            else:
                self.enc(Call(G(self.builtins(), "bytearray"), bytes(v)))
        elif isinstance(v, tuple) and not isinstance(v, _Pair):
            self.tuple_(v)
        elif isinstance(v, list):
            self.e(b"]" if p >= 1 else b"(l")
            self.put()
            self.batch(v, b"a", b"e")
        elif isinstance(v, dict):
            self.e(b"}" if p >= 1 else b"(d")
            self.put()
            self.batch([_Pair(kv) for kv in v.items()], b"s", b"u")
        elif isinstance(v, (set, frozenset)):
            items = sorted(v, key=repr)
            if p >= 4 and isinstance(v, set):
                self.e(b"\x8f")
                self.put()
                if items:
                    self.e(b"(")
                    for x in items:
                        self.enc(x)
                    self.e(b"\x90")
            elif p >= 4:
                self.e(b"(")
                for x in items:
                    self.enc(x)
                self.e(b"\x91")
                self.put()
            else:
                self.enc(Call(G(self.builtins(), type(v).__name__), items))
        elif isinstance(v, G):
            self.global_(v)
        elif isinstance(v, Call):
            self.enc(v.fn)
            self.tuple_(v.args)
            self.e(b"R")
            self.put()
        elif isinstance(v, CallT):
            self.enc(v.fn)
            self.enc(v.argnode)
            self.e(b"R")
            self.put()
        elif isinstance(v, New):
            if p < 2:
                if v.args:
                    self.enc(Call(G("copy_reg" if p < 3 else "copyreg", "__newobj__"), v.cls, *v.args))
                else:
                    self.enc(Call(G("copy_reg", "_reconstructor"), v.cls, G(self.builtins(), "object"), None))
            else:
                self.enc(v.cls)
                self.tuple_(v.args)
                self.e(b"\x81")
                self.put()
        elif isinstance(v, NewEx):
            self.enc(v.cls)
            self.tuple_(tuple(v.args))
            self.enc(v.kwargs)
            self.e(b"\x92")
            self.put()
        elif isinstance(v, Inst):
            self.e(b"(")
            for a in v.args:
                self.enc(a)
            self.e(b"i" + v.g.module.encode() + b"\n" + v.g.name.encode() + b"\n")
            self.put()
        elif isinstance(v, Obj):
            self.e(b"(")
            self.enc(v.cls)
            for a in v.args:
                self.enc(a)
            self.e(b"o")
            self.put()
        elif isinstance(v, Build):
            self.enc(v.obj)
            self.enc(v.state)
            self.e(b"b")
        elif isinstance(v, Items):
            self.enc(v.obj)
            self.batch([_Pair(kv) for kv in v.pairs], b"s", b"u")
        elif isinstance(v, Apps):
            self.enc(v.obj)
            self.batch(v.values, b"a", b"e")
        elif isinstance(v, Adds):
            self.enc(v.obj)
            self.e(b"(")
            for x in v.values:
                self.enc(x)
            self.e(b"\x90")
        elif isinstance(v, Raw):
            self.e(v.data)
        elif isinstance(v, Seq):
            for x in v.nodes[:-1]:
                self.enc(x)
                self.e(b"0")
            self.enc(v.nodes[-1])
        elif isinstance(v, Pers):
            if p == 0:
                self.e(b"P" + str(v.pid).encode() + b"\n")
            else:
                self.enc(v.pid)
                self.e(b"Q")
        elif isinstance(v, PyStr):
            self.pystr(v.data)
        elif isinstance(v, Named):
            if v.node is None or ("n", v.key) in self.seen:
                self.get(self.seen[("n", v.key)])
            else:
                self.enc(v.node)
                old, self.memo = self.memo, True
                self.put(("n", v.key))
                self.memo = old
        else:
            raise TypeError(type(v))

    def builtins(self):
        return "__builtin__" if self.proto < 3 else "builtins"

    # -- output
    def body(self):
        return b"".join(self.ops)

    def finish(self, stop=True):
        if stop:
            self.e(b".")
        head = b"\x80" + bytes([self.proto]) if self.proto >= 2 and self.header else b""
        if self.proto < 4 or not self.frame or not self.header:
            return head + self.body()
        out, cur = [head], []
        size = 0

        def commit():
            nonlocal size
            if cur:
                if size >= 4:
                    out.append(b"\x95" + struct.pack("<Q", size))
                out.extend(cur)
                cur.clear()
                size = 0
        for op in self.ops:
            if len(op) >= 65536:
                commit()
                out.append(op)
                continue
            cur.append(op)
            size += len(op)
            if size >= 65536:
                commit()
        commit()
        return b"".join(out)


class _Pair(tuple):
    pass


def dumps(value, proto=4, **kw):
    a = Asm(proto, **kw)
    a.enc(value)
    return a.finish()


def body(value, proto=4, **kw):
    """Opcodes of a value without header and STOP."""
    kw.setdefault("memo", False)
    a = Asm(proto, **kw)
    a.enc(value)
    return a.body()


# ---------------------------------------------------------------- inert check
class Stub:
    """Stands for an imported object: records what would have happened and does nothing."""
    def __new__(cls, *args, **kw):
        if isinstance(cls, Stub):
            cls._log.append(("newobj", cls._name))
            return Stub(cls._log, cls._name + "()")
        return object.__new__(cls)

    def __init__(self, log, name):
        self.__dict__["_log"] = log
        self.__dict__["_name"] = name

    def __call__(self, *args, **kw):
        self._log.append(("call", self._name))
        return Stub(self._log, self._name + "()")

    def __setstate__(self, state):
        self._log.append(("build", self._name))

    def __setitem__(self, k, v):
        self._log.append(("setitem", self._name))

    def append(self, v):
        self._log.append(("append", self._name))

    def extend(self, v):
        self._log.append(("append", self._name))

    def add(self, v):
        self._log.append(("add", self._name))

    def __hash__(self):
        return id(self)

    def __iter__(self):
        return iter(())


class Inert(pickle._Unpickler):
    def __init__(self, f, log, **kw):
        super().__init__(f, **kw)
        self.log = log

    def find_class(self, module, name):
        if self.proto < 3:
            import _compat_pickle as c
            if (module, name) in c.NAME_MAPPING:
                module, name = c.NAME_MAPPING[(module, name)]
            elif module in c.IMPORT_MAPPING:
                module = c.IMPORT_MAPPING[module]
        if not isinstance(module, str):
            module = "<computed>"
        self.log.append(("ref", "%s.%s" % (module, name)))
        return Stub(self.log, "%s.%s" % (module, name))

    def persistent_load(self, pid):
        self.log.append(("persid", repr(pid)[:60]))
        return Stub(self.log, "persid")

    def get_extension(self, code):
        self.log.append(("ext", str(code)))
        self.append(Stub(self.log, "ext%d" % code))


def inert(data, streams=1):
    """Events of a pickle, until it ends or breaks. Nothing is imported and nothing is called."""
    log = []
    f = io.BytesIO(data)
    for _ in range(streams):
        try:
            Inert(f, log).load()
        except Exception as ex:
            log.append(("broken", "%s: %s" % (type(ex).__name__, ex)))
            break
    return log
