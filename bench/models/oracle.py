#!/usr/bin/env python3
"""Compares bartizan's pickle machine with CPython's own, on the pickles of DIRs, mutants of them and random ones.

CPython's pure-Python unpickler runs with an inert find_class: nothing is imported, every object it would import is a
recorder that accepts everything and does nothing, and every import and call is written down. Each input runs in a
forked process of its own with limits on time and memory, and up to five pickles that follow each other are read. Then
bartizan scans the same bytes, and
  missing  a name that the unpickler looked up or called is not among the imports that bartizan reports
  use      the name is there, but not the way in which it was called
  clean    the unpickler called something dangerous, perhaps by way of getattr, and the verdict is clean
Every disagreement is printed and its bytes are kept. Exits with 1 when there is one.
"""
import argparse
import io
import json
import os
import pickle
import random
import re
import resource
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import random_pickles
from process import bartizan, run

import _compat_pickle

CPU_SECONDS, MEMORY, EVENTS, LARGEST = 5, 512 << 20, 2000, 1 << 20
STREAMS = 5     # PyTorch's legacy format holds five pickles, one after another
ARRAY = "NumpyArrayWrapper"     # behind the state of joblib's wrapper lie raw bytes, not opcodes
CALLS = ("call", "new", "instance")
DANGEROUS = {
    "os.system", "posix.system", "nt.system", "os.popen", "os.execv", "os.execve", "os.spawnv", "os.posix_spawn", "os.remove",
    "builtins.eval", "builtins.exec", "builtins.compile", "builtins.open", "builtins.__import__",
    "subprocess.Popen", "subprocess.call", "subprocess.run", "subprocess.check_output", "subprocess.getoutput", "pty.spawn",
    "runpy.run_path", "runpy.run_module", "runpy._run_code", "importlib.import_module", "socket.create_connection",
    "urllib.request.urlopen", "urllib.request.urlretrieve", "webbrowser.open", "pickle.loads", "_pickle.loads", "marshal.loads",
    "types.FunctionType", "types.CodeType", "ctypes.CDLL", "code.interact", "pdb.run", "timeit.timeit", "cProfile.run",
    "shutil.rmtree", "os.fork", "os.unlink", "asyncio.create_subprocess_shell",
    "multiprocessing.util.spawnv_passfds", "torch.hub.load", "numpy.testing._private.utils.runstring",
}


class Finished(Exception):
    """What follows is not opcodes, or there are more events than are kept."""


class Recorder:
    """Stands for an imported object or for what a call returned. Takes everything, does nothing."""

    def __init__(self, log, module=None, name=None, found=None):
        """`found` is the dotted name that a getattr call would have returned."""
        self.__dict__.update(log=log, module=module, name=name, found=found)

    def used(self, how):
        self.log(how, self.module, self.name)
        if self.found:
            self.log("found-" + how, None, self.found)

    def __setstate__(self, state):
        self.used("build")
        if self.found == ARRAY:
            raise Finished

    def __setitem__(self, key, value):
        self.used("insert")

    def append(self, value):
        self.used("insert")

    extend = add = update = append

    def __iter__(self):
        return iter(())

    def __eq__(self, other):
        return self is other

    def __hash__(self):
        return id(self)


class Lines(io.BytesIO):
    """Ends at a line without its newline, as the C unpickler does; the Python one would drop a letter instead."""

    def readline(self, *size):
        line = super().readline(*size)
        if not line.endswith(b"\n"):
            raise EOFError("line without an end")
        return line


class Inert(pickle._Unpickler):
    """CPython's unpickler without a way to reach real code."""
    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, file, log):
        super().__init__(file)
        self.log = log

    def find_class(self, module, name):
        if self.proto < 3 and self.fix_imports:
            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[module, name]
            elif module in _compat_pickle.IMPORT_MAPPING:
                module = _compat_pickle.IMPORT_MAPPING[module]
        self.log("reference", module, name)
        return Recorder(self.log, module, name)

    def get_extension(self, code):
        if code <= 0:
            raise pickle.UnpicklingError("EXT specifies code <= 0")
        self.log("extension", None, str(code))
        self.append(Recorder(self.log))

    def persistent_load(self, pid):
        self.log("persistent-id", None, None)
        return Recorder(self.log)

    def called(self, how, callee, arguments):
        """The result of a call, if CPython could make it: recorders are the only callables there are."""
        arguments = (*arguments,)
        if not isinstance(callee, Recorder):
            raise TypeError("not callable")
        callee.used(how)
        if callee.name == ARRAY:
            return Recorder(self.log, found=ARRAY)
        if (callee.module, callee.name) == ("builtins", "getattr"):
            match arguments:
                case (Recorder(module=str(module), name=str(name)), str(attribute), *_):
                    return Recorder(self.log, found=f"{module}.{name}.{attribute}")
        return Recorder(self.log)

    def _instantiate(self, klass, args):
        self.append(self.called("instance", klass, args))

    def load_reduce(self):
        arguments = self.stack.pop()
        self.stack[-1] = self.called("call", self.stack[-1], arguments)

    def load_newobj(self):
        arguments = self.stack.pop()
        self.append(self.called("new", self.stack.pop(), arguments))

    def load_newobj_ex(self):
        keywords = self.stack.pop()
        arguments = self.stack.pop()
        dict(**keywords)
        self.append(self.called("new", self.stack.pop(), arguments))

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex


def child(data: bytes, sink: int) -> None:
    """Runs in a process of its own: unpickles inertly and writes each new event to the sink at once."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(6 * CPU_SECONDS)
    seen = set()

    def log(how, module, name):
        if (event := (how, module, name)) not in seen:
            seen.add(event)
            os.write(sink, (json.dumps(event) + "\n").encode())
            if len(seen) > EVENTS:
                raise Finished

    try:
        file = Lines(data)
        for _ in range(STREAMS):
            if file.tell() < len(data):
                Inert(file, log).load()
    except (Exception, MemoryError, RecursionError) as error:
        os.write(sink, (json.dumps(("end", type(error).__name__, str(error)[:200])) + "\n").encode())


def oracle(data: bytes, sink) -> tuple[list[list], str]:
    """What CPython's unpickler reaches in these bytes, and how it ended."""
    sink.seek(0)
    sink.truncate()
    pid = os.fork()
    if pid == 0:
        try:
            child(data, sink.fileno())
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    sink.seek(0)
    events = [json.loads(line) for line in sink.read().splitlines() if line.endswith(b"]")]
    ends = [event for event in events if event[0] == "end"]
    end = ": ".join(ends[0][1:]) if ends else f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "loaded"
    return [event for event in events if event[0] != "end"], end


def plain(text: str) -> str:
    """A name with all that reports may escape or cut reduced to a question mark."""
    return re.sub(r"(\\u\{[0-9a-f]+\}|\\[tnr]|\\|[^!-~]|\?)+", "?", text)[:100]


def scan(folder: Path) -> list[dict]:
    """The assets of bartizan's report on a folder."""
    done = run([bartizan(), "scan", str(folder), "--format", "json", "--no-config", "--no-ignore", "--no-digest"], 600)
    if done.timed_out or done.code not in (0, 1, 3):
        sys.exit(f"bartizan failed on {folder}: exit {done.code}\n{done.errors[-2000:]}")
    return json.loads(done.output)["assets"]


def pickles(folder: Path) -> list[bytes]:
    """Every pickle that bartizan finds in a folder, as a file or as a member of a zip."""
    found = set()
    for asset in scan(folder):
        if asset["kind"] != "pickle" or asset["size"] > LARGEST:
            continue
        file, *members = asset["path"].split("!")
        try:
            if not members:
                found.add((folder / file).read_bytes())
            elif len(members) == 1:
                found.add(zipfile.ZipFile(folder / file).read(members[0]))
        except (OSError, KeyError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError):
            continue    # not a zip, or one that Python cannot read
    return sorted(found - {b""})


def is_dangerous(module: str, name: str) -> bool:
    """Dotted names are resolved from attribute to attribute, so their end counts."""
    full = f"{module}.{name}"
    return full in DANGEROUS or any(full.endswith("." + bad) for bad in DANGEROUS)


def compare(events: list[list], assets: list[dict]) -> list[str]:
    """What bartizan should have said of an input and did not."""
    facts = [fact for asset in assets for fact in asset["facts"] if fact["fact"] == "import"]
    known = {}
    for fact in facts:
        known.setdefault((plain(fact["module"]), plain(fact["name"])), set()).update(fact["uses"])
    verdicts = {asset["verdict"] for asset in assets}
    kind = assets[0]["kind"] if assets else "no asset"
    wrong = []
    for how, module, name in events:
        if how.startswith("found-") and how[6:] in CALLS and is_dangerous("", name) and verdicts <= {"clean"}:
            wrong.append(f"clean: {how[6:]} of getattr's {name} (kind {kind})")
        if not isinstance(module, str) or not isinstance(name, str):
            continue
        uses = known.get((plain(module), plain(name)))
        if uses is None:
            wrong.append(f"missing: {how} {module}.{name} (kind {kind}, verdict {'/'.join(sorted(verdicts))})")
        elif how in CALLS and how not in uses:
            wrong.append(f"use: {how} of {module}.{name}, known as {'/'.join(sorted(uses))}")
        if how in CALLS and is_dangerous(module, name) and verdicts <= {"clean"}:
            wrong.append(f"clean: {how} of {module}.{name} (kind {kind})")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR", help="where pickles are taken from")
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="mutants and random pickles [default: 10000]")
    parser.add_argument("--seconds", type=float, default=float("inf"), metavar="S", help="stop making more after so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("oracle-disagreements"), metavar="DIR", help="keeps the bytes of disagreements")
    options = parser.parse_args()

    start, draw = time.monotonic(), random.Random(options.seed)
    corpus = [data for folder in options.folders for data in pickles(folder)]
    seeds = [data for data in corpus if len(data) <= 1 << 14] or [pickle.dumps({"a": [1, 2.5, "x"]}, n) for n in range(6)]
    totals, ends = Counter(), Counter()

    def batches():
        """The corpus, then mutants and random pickles by turns."""
        for first in range(0, len(corpus), 2000):
            yield [("corpus", data) for data in corpus[first:first + 2000]]
        for first in range(0, options.count, 2000):
            if time.monotonic() - start > options.seconds:
                return
            yield [("mutant", random_pickles.mutant(draw, seeds)) if i % 2 else ("random", random_pickles.generated(draw))
                   for i in range(min(2000, options.count - first))]

    for batch in batches():
        with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile(buffering=0) as sink:
            folder, answers = Path(name), []
            for index, (origin, data) in enumerate(batch):
                (folder / f"{index:05}.pkl").write_bytes(data)
                answers.append(oracle(data, sink))
            assets = {}
            for asset in scan(folder):
                assets.setdefault(asset["path"].split("!")[0], []).append(asset)
        for index, ((origin, data), (events, end)) in enumerate(zip(batch, answers)):
            totals[f"{origin} inputs"] += 1
            totals["names reached"] += sum(event[0] == "reference" for event in events)
            totals["calls reached"] += sum(event[0] in CALLS for event in events)
            ends["loaded" if end == "loaded" else end.split(":")[0]] += 1
            for text in (wrong := compare(events, assets.get(f"{index:05}.pkl", []))):
                totals[text.split(":")[0]] += 1
            if wrong:
                totals["inputs in disagreement"] += 1
                options.output.mkdir(parents=True, exist_ok=True)
                kept = options.output / f"{origin}-{totals['inputs in disagreement']:05}.pkl"
                kept.write_bytes(data)
                print(f"{kept} ({len(data)} bytes, {end})\n  " + "\n  ".join(wrong) + f"\n  {data[:120].hex()}")
    print("\n".join(f"{number:>8} {what}" for what, number in sorted(totals.items())))
    print("CPython ended with: " + ", ".join(f"{what} {number}" for what, number in ends.most_common(12)))
    return int(totals["inputs in disagreement"] > 0)


if __name__ == "__main__":
    sys.exit(main())
