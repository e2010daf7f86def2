"""Random pickles that keep the stack machine happy, and byte-level mutants of given ones. `oracle.py` feeds on both."""
import pickletools
import random
import struct

GLOBALS = [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "exec"), ("builtins", "getattr"),
           ("subprocess", "Popen"), ("collections", "OrderedDict"), ("numpy", "dtype"), ("numpy.core.multiarray", "_reconstruct"),
           ("torch._utils", "_rebuild_tensor_v2"), ("builtins", "set"), ("builtins", "bytearray"), ("copyreg", "_reconstructor"),
           ("datetime", "datetime"), ("decimal", "Decimal"), ("sklearn.linear_model", "LinearRegression"), ("acme.tool", "Thing"),
           ("logging", "os.system"), ("collections", "abc.sys.modules"), ("numpy", "random.mtrand.os.system"),
           ("importlib", "import_module"), ("runpy", "run_path"), ("functools", "partial"), ("operator", "attrgetter")]
PYTHON2 = [("__builtin__", "eval"), ("__builtin__", "apply"), ("urllib", "urlopen"), ("copy_reg", "_reconstructor"),
           ("commands", "getoutput"), ("UserDict", "UserDict"), ("cPickle", "loads"), ("itertools", "imap"),
           ("__builtin__", "set"), ("exceptions", "StandardError"), ("os", "getcwdu"), ("Queue", "Queue")]
SWAPS = b"()0.12FIJKLMNPQRSTUVXabcdeghijlopqrstu]}\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95BC\x96\x97\x98"


class Writer:
    """Writes opcodes and keeps the kinds of what they leave on the stack: callable, str, tuple, dict, list, set, mark, any."""

    def __init__(self, draw: random.Random):
        self.draw, self.out, self.stack, self.memo = draw, [], [], {}

    def op(self, data: bytes, *push: str, pop: int = 0) -> None:
        self.out.append(data)
        if pop:
            del self.stack[-pop:]
        self.stack.extend(push)

    def top(self, *kinds: str) -> bool:
        """Whether the stack ends with these kinds, `any` matching all but marks."""
        end = self.stack[-len(kinds):]
        return len(end) == len(kinds) and all(
            kind == found or (kind == "any" and found != "mark") for kind, found in zip(kinds, end))

    def mark(self) -> int | None:
        """How many values lie above the last mark."""
        back = self.stack[::-1]
        return back.index("mark") if "mark" in back else None

    def text(self, value: str) -> None:
        """A string by one of the opcodes that push one; as a name only Unicode counts, so the others are rare."""
        raw = value.encode()
        escaped = "".join(f"\\u{ord(c):04x}" if self.draw.random() < 0.3 else c for c in value).encode()
        quoted = "".join(self.draw.choice((f"\\x{ord(c):02x}", f"\\{ord(c):03o}", c, c)) for c in value).encode()
        ways = [b"\x8c" + bytes([len(raw)]) + raw, b"X" + struct.pack("<I", len(raw)) + raw,
                b"\x8d" + struct.pack("<Q", len(raw)) + raw, b"V" + escaped + b"\n", b"V" + raw + b"\n",
                b"S'" + quoted + b"'\n", b'S"' + raw + b'"\n', b"U" + bytes([len(raw)]) + raw, b"T" + struct.pack("<i", len(raw)) + raw]
        self.op(self.draw.choice(ways), "str")

    def names(self) -> tuple[str, str]:
        return self.draw.choice(GLOBALS if self.draw.random() < 0.75 else PYTHON2)

    def global_(self) -> None:
        module, name = self.names()
        if self.draw.random() < 0.4:
            self.op(b"c" + module.encode() + b"\n" + name.encode() + b"\n", "callable")
            return
        self.text(module)
        if self.draw.random() < 0.3:
            self.put()
        self.text(name)
        if self.draw.random() < 0.2:     # through the memo, past a decoy
            self.put()
            slot = max(self.memo)
            self.op(b"0", pop=1)
            self.text("decoy")
            self.op(b"0", pop=1)
            self.get(slot)
        self.op(b"\x93", "callable", pop=2)

    def put(self) -> None:
        if not self.stack or self.stack[-1] == "mark":
            return
        slot = self.draw.choice((len(self.memo), self.draw.randrange(300), self.draw.randrange(6)))
        ways = [b"p%d\n" % slot, b"r" + struct.pack("<I", slot)] + ([b"q" + bytes([slot])] if slot < 256 else [])
        if self.draw.random() < 0.3:
            slot, ways = len(self.memo), [b"\x94"]
        self.out.append(self.draw.choice(ways))
        self.memo[slot] = self.stack[-1]

    def get(self, slot: int | None = None) -> None:
        if not self.memo:
            return
        slot = self.draw.choice(list(self.memo)) if slot is None else slot
        ways = [b"g%d\n" % slot, b"j" + struct.pack("<I", slot)] + ([b"h" + bytes([slot])] if slot < 256 else [])
        self.op(self.draw.choice(ways), self.memo[slot])

    def value(self) -> None:
        draw = self.draw
        number = draw.randrange(-1000, 1000)
        draw.choice([
            lambda: self.op(draw.choice((b"N", b"\x88", b"\x89", b"I01\n", b"I%d\n" % number, b"L%dL\n" % number, b"L%d\n" % number,
                                         b"F%d.5\n" % number, b"G" + draw.randbytes(8), b"K" + draw.randbytes(1), b"M" + draw.randbytes(2),
                                         b"J" + draw.randbytes(4), b"\x8a\x02" + draw.randbytes(2), b"\x8b\1\0\0\0" + draw.randbytes(1))), "any"),
            lambda: self.text(draw.choice(("x", "key", "echo", "os", "system", "état", ""))),
            lambda: self.op(draw.choice((b"C\3abc", b"B\2\0\0\0ab", b"\x8e\1\0\0\0\0\0\0\0a", b"\x96\2\0\0\0\0\0\0\0ab")), "any"),
            lambda: self.op(b")", "tuple"), lambda: self.op(b"]", "list"), lambda: self.op(b"}", "dict"), lambda: self.op(b"\x8f", "set"),
        ])()

    def arguments(self) -> None:
        """A tuple of up to three strings."""
        count = self.draw.randrange(4)
        if self.draw.random() < 0.3:
            self.op(b"(", "mark")
            for _ in range(count):
                self.value()
            self.op(b"t", "tuple", pop=count + 1)
            return
        for _ in range(count):
            self.text("echo")
        self.op((b")", b"\x85", b"\x86", b"\x87")[count], "tuple", pop=count)

    def call(self) -> None:
        """One of the ways in which a pickle calls something."""
        way = self.draw.randrange(5)
        if way == 0:
            module, name = self.names()
            self.op(b"(", "mark")
            count = self.draw.randrange(3)
            for _ in range(count):
                self.value()
            self.op(b"i" + module.encode() + b"\n" + name.encode() + b"\n", "any", pop=count + 1)
        elif way == 1:
            self.op(b"(", "mark")
            self.global_()
            self.value()
            self.op(b"o", "any", pop=3)
        else:
            self.global_()
            self.arguments()
            if way == 4:
                self.op(b"}", "dict")
                self.op(b"\x92", "any", pop=3)
            else:
                self.op(b"R" if way == 2 else b"\x81", "any", pop=2)

    def loose(self) -> None:
        """Any opcode that the stack allows just now."""
        above = self.mark()
        can = [(self.value, True), (self.put, True), (self.get, True), (lambda: self.op(b"(", "mark"), True),
               (lambda: self.op(b"0", pop=1), bool(self.stack)), (lambda: self.op(b"2", self.stack[-1]), self.top("any")),
               (lambda: self.op(b"a", pop=1), self.top("list", "any") or self.top("callable", "any")),
               (lambda: self.op(b"s", pop=2), self.top("dict", "str", "any") or self.top("callable", "str", "any")),
               (lambda: self.op(b"b", pop=1), self.top("callable", "any") or self.top("any", "dict")),
               (lambda: self.op(b"R", "any", pop=2), self.top("callable", "tuple")),
               (lambda: self.op(b"Q", "any", pop=1), self.top("any")), (lambda: self.op(b"P7\n", "any"), True),
               (lambda: self.op(self.draw.choice((b"\x82\x07", b"\x83\x07\1", b"\x84\x07\0\1\0")), "callable"), self.draw.random() < 0.3),
               (lambda: self.op(b"\x80" + bytes([self.draw.randrange(6)])), self.draw.random() < 0.2)]
        if above is not None:
            can += [(lambda: self.op(b"t", "tuple", pop=above + 1), True), (lambda: self.op(b"l", "list", pop=above + 1), True),
                    (lambda: self.op(b"1", pop=above + 1), True), (lambda: self.op(b"\x91", "any", pop=above + 1), True),
                    (lambda: self.op(b"d", "dict", pop=above + 1), above % 2 == 0),
                    (lambda: self.op(b"e", pop=above + 1), self.stack[:-above - 1][-1:] == ["list"]),
                    (lambda: self.op(b"u", pop=above + 1), above % 2 == 0 and self.stack[:-above - 1][-1:] == ["dict"]),
                    (lambda: self.op(b"\x90", pop=above + 1), self.stack[:-above - 1][-1:] == ["set"]),
                    (lambda: self.op(b"o", "any", pop=above + 1), above > 0 and self.stack[-above] == "callable")]
        self.draw.choice([do for do, allowed in can if allowed])()


def generated(draw: random.Random) -> bytes:
    """A random pickle: values, memo traffic and calls, perhaps framed, perhaps broken off."""
    writer = Writer(draw)
    for _ in range(draw.randrange(1, 25)):
        draw.choices((writer.loose, writer.call, writer.global_), (6, 1, 1))[0]()
    if not writer.top("any"):
        writer.value()
    body = b"".join(writer.out) + b"."
    protocol = draw.randrange(6)
    head = b"\x80" + bytes([protocol]) if protocol >= 2 or draw.random() < 0.5 else b""
    if draw.random() < 0.3:
        length = len(body) if draw.random() < 0.7 else draw.randrange(2 * len(body))
        body = b"\x95" + struct.pack("<Q", length) + body
    data = head + body
    return data[:draw.randrange(1, len(data))] if draw.random() < 0.1 else data


def mutant(draw: random.Random, seeds: list[bytes]) -> bytes:
    """A pickle with bits flipped, bytes cut out or in, opcodes exchanged, or its end from another one."""
    data = bytearray(draw.choice(seeds))
    for _ in range(draw.randrange(1, 4)):
        at = draw.randrange(len(data)) if data else 0
        way = draw.randrange(7)
        if not data:
            break
        if way == 0:
            data[at] ^= 1 << draw.randrange(8)
        elif way == 1:
            data[at] = draw.choice(SWAPS)
        elif way == 2:
            del data[at:]
        elif way == 3:
            del data[at:at + draw.randrange(1, 9)]
        elif way == 4:
            other = draw.choice(seeds)
            data[at:] = other[draw.randrange(len(other) + 1):]
        elif way == 5:
            data[at:at] = bytes([draw.choice(SWAPS)])
        else:
            starts = []
            try:
                starts = [at for _, _, at in pickletools.genops(bytes(data))]
            except Exception:   # broken already: whatever could be read serves
                pass
            if starts:
                data[draw.choice(starts)] = draw.choice(SWAPS)
    return bytes(data)
