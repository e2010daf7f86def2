"""Reads pickles without running them, and records which names they use and how.

The walk keeps just enough of the pickle machine to know what each opcode acts on: names, objects made from them,
tuples and strings. It imports nothing that a pickle names.
"""

import _compat_pickle
import io
import pickletools
from collections import defaultdict

ATOM = ("atom",)


class Walk:
    """Walks pickles one after another; `uses` maps (module, name) to the kinds of use."""

    def __init__(self):
        self.uses = defaultdict(set)

    def note(self, module, name, kind):
        self.uses[module, name].add(kind)

    def stream(self, file, pickles=1):
        """Walks so many pickles that follow each other in a file."""
        for _ in range(pickles):
            self._pickle(file)

    def bytes(self, data, pickles=1):
        self.stream(io.BytesIO(data), pickles)

    def _name(self, module, name, protocol):
        if protocol < 3:
            module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
            module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        self.note(module, name, "ref")
        return ("name", module, name)

    def _call(self, callee, arguments, kind):
        items = arguments[1] if arguments[0] == "tuple" else ()
        if callee[0] == "result":
            self.note(callee[1], callee[2] + "()", kind)
            return ("result", callee[1], callee[2] + "()")
        if callee[0] != "name":
            self.note("?", callee[0], kind)
            return ATOM
        _, module, name = callee
        self.note(module, name, kind)
        if (module, name) == ("builtins", "getattr") and len(items) == 2 and items[0][0] == "name":
            return self._name(items[0][1], f"{items[0][2]}.{items[1][1]}", 4)
        if (module, name) == ("copyreg", "_reconstructor") and items and items[0][0] == "name":
            return self._new(items[0])
        return ("result", module, name)

    def _new(self, of):
        if of[0] == "name":
            self.note(of[1], of[2], "newobj")
            return ("object", of[1], of[2])
        return ATOM

    def _build(self, target):
        if target[0] == "name":
            self.note(target[1], target[2], "assign")
        elif target[0] in ("object", "result"):
            self.note(target[1], target[2], "build")

    def _insert(self, target):
        if target[0] == "name":
            self.note(target[1], target[2], "insert")

    def _pickle(self, file):
        stack, marks, memo, protocol = [], [], {}, 0

        def since_mark():
            at = marks.pop()
            items = stack[at:]
            del stack[at:]
            return items

        for opcode, argument, _ in pickletools.genops(file):
            what = opcode.name
            if what == "PROTO":
                protocol = argument
            elif what == "MARK":
                marks.append(len(stack))
            elif what in ("PUT", "BINPUT", "LONG_BINPUT"):
                memo[argument] = stack[-1]
            elif what == "MEMOIZE":
                memo[len(memo)] = stack[-1]
            elif what in ("GET", "BINGET", "LONG_BINGET"):
                stack.append(memo[argument])
            elif what == "GLOBAL":
                stack.append(self._name(*argument.split(" ", 1), protocol))
            elif what == "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(self._name(module[1], name[1], protocol))
            elif what == "INST":
                items = since_mark()
                callee = self._name(*argument.split(" ", 1), protocol)
                stack.append(self._call(callee, ("tuple", tuple(items)), "inst"))
            elif what == "OBJ":
                callee, *items = since_mark()
                stack.append(self._call(callee, ("tuple", tuple(items)), "obj"))
            elif what == "REDUCE":
                arguments, callee = stack.pop(), stack.pop()
                stack.append(self._call(callee, arguments, "reduce"))
            elif what == "NEWOBJ":
                stack.pop()
                stack.append(self._new(stack.pop()))
            elif what == "NEWOBJ_EX":
                del stack[-2:]
                stack.append(self._new(stack.pop()))
            elif what == "BUILD":
                stack.pop()
                self._build(stack[-1])
            elif what in ("APPENDS", "SETITEMS", "ADDITEMS"):
                since_mark()
                self._insert(stack[-1])
            elif what == "APPEND":
                stack.pop()
                self._insert(stack[-1])
            elif what == "SETITEM":
                del stack[-2:]
                self._insert(stack[-1])
            elif what == "TUPLE":
                stack.append(("tuple", tuple(since_mark())))
            elif what in ("TUPLE1", "TUPLE2", "TUPLE3"):
                count = int(what[-1])
                items = tuple(stack[-count:])
                del stack[-count:]
                stack.append(("tuple", items))
            elif what in ("LIST", "DICT", "FROZENSET"):
                since_mark()
                stack.append(ATOM)
            elif what == "POP":
                if marks and marks[-1] == len(stack):
                    marks.pop()
                else:
                    stack.pop()
            elif what == "POP_MARK":
                since_mark()
            elif what == "DUP":
                stack.append(stack[-1])
            elif what == "BINPERSID":
                stack[-1] = ATOM
            elif what in ("STOP", "FRAME", "READONLY_BUFFER"):
                pass
            elif isinstance(argument, str):
                stack.append(("text", argument))
            else:
                stack.append(ATOM)
