"""Joins what `collect.py` wrote in several environments into the scanner's `census.toml`.

    python census.py COLLECTED.json … [--out ../../crates/models/src/pickle/census.toml]

A use of a name by the census overrules what the scanner otherwise thinks of it. So nothing gets in that could execute,
import, load, open, connect, reach for attributes or call what it is given: such names are refused and printed. Functions
that pickles call get in only when `reviewed.txt` lists them, which means that somebody has read their source.
"""

import argparse
import json
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent
PICKLE = HERE / "../../crates/models/src/pickle"
KINDS = ["ref", "reduce", "newobj", "newobj_ex", "inst", "obj", "build", "assign", "insert"]

# Names that no list of ours may ever admit, whoever uses them. `X.*` is X and all below.
NEVER = """
os.* posix.* nt.* sys.* subprocess.* importlib.* runpy.* socket.* ctypes.* types.* code.* codeop.* marshal.* shutil.*
pickle.* _pickle.* dill.* cloudpickle.* joblib.load joblib.numpy_pickle.load joblib.memory.* joblib.externals.*
builtins.eval builtins.exec builtins.compile builtins.open builtins.getattr builtins.setattr builtins.__import__
builtins.type builtins.map builtins.filter functools.* operator.attrgetter operator.methodcaller
_operator.attrgetter _operator.methodcaller numpy.load numpy.fromfile numpy.memmap numpy.frompyfunc
numpy._core._ufunc_reconstruct numpy.core._ufunc_reconstruct numpy.random._pickle.__randomstate_ctor
numpy.random._pickle.__generator_ctor torch.load torch.hub.* torch.serialization.* torch.jit._serialization.*
torch._tensor._rebuild_from_type torch._tensor._rebuild_from_type_v2 torch.fx.* torch.package.* torch.ops.* torch._ops.*
torch.utils.cpp_extension.* jax._src.array._reconstruct_array __main__.* copyreg.* weakref.* threading.* multiprocessing.*
""".split()

# What the scanner denies as a whole but of which these parts only hold data, or do nothing when they are merely made:
# discrete distributions keep a `numpy.vectorize`. Calling them takes a review like all else.
DENIED_BUT_DATA = """
pyarrow.lib.* pandas.io.formats.printing.PrettyDict numpy.vectorize
""".split()


def matches(name, patterns):
    """The pattern that a qualified name falls under: itself, what holds it, or `X.*` for X and all below."""
    for pattern in patterns:
        stem = pattern.removesuffix("*").rstrip(".")
        if name == stem or name.startswith(stem + "."):
            return pattern
    return None


def denied():
    knowledge = tomllib.loads((PICKLE / "knowledge.toml").read_text())
    names = [name for entry in knowledge["deny"] for name in entry["names"]]
    return names, set(knowledge["safe"]["calls"])


def reviewed():
    lines = (HERE / "reviewed.txt").read_text().splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("collected", nargs="+", type=Path)
    arguments.add_argument("--out", type=Path, default=PICKLE / "census.toml")
    arguments.add_argument("--sources", action="store_true", help="print the source of what is to review")
    arguments = arguments.parse_args()

    uses, what = defaultdict(set), {}
    for path in arguments.collected:
        for use in json.loads(path.read_text())["uses"]:
            key = use["module"], use["name"]
            uses[key].update(use["kinds"])
            if what.get(key, {}).get("is", "unknown") == "unknown":
                what[key] = use

    deny, safe = denied()
    read = reviewed()
    admitted, refused, to_review = [], [], []
    for (module, name), kinds in sorted(uses.items()):
        qualified = f"{module}.{name}"
        of = what[module, name]
        if qualified in safe:
            continue
        if pattern := matches(qualified, NEVER):
            refused.append((qualified, kinds, f"never: {pattern}"))
        elif name.endswith("._unpickle_model"):
            refused.append((qualified, kinds, "loads a Keras model without its safe mode"))
        elif of.get("calls_given"):
            refused.append((qualified, kinds, "calls what it is given"))
        elif kinds & {"assign", "insert"} or module == "?" or name.endswith("()"):
            refused.append((qualified, kinds, "writes to an import, or calls a result"))
        elif (pattern := matches(qualified, deny)) and not matches(qualified, DENIED_BUT_DATA):
            refused.append((qualified, kinds, f"denied: {pattern}"))
        elif kinds & {"reduce", "inst", "obj"} and not matches(qualified, read):
            to_review.append(of)
        else:
            admitted.append((module, name, [kind for kind in KINDS if kind in kinds]))

    for qualified, kinds, why in refused:
        print(f"refused {qualified} {sorted(kinds)}: {why}")
    for of in to_review:
        print(f"to review {of['module']}.{of['name']} ({of['is']}) {of['kinds']}")
        if arguments.sources:
            print(of.get("source", "  no source"))
    lines = [
        "# What real frameworks use in their pickles. Written by bench/census/census.py; do not edit.",
        "use = [",
        *(
            f'  {{ module = "{module}", name = "{name}", kinds = [{", ".join(map(json.dumps, kinds))}] }},'
            for module, name, kinds in admitted
        ),
        "]",
    ]
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    arguments.out.write_text(text)
    print(f"{len(admitted)} admitted, {len(refused)} refused, {len(to_review)} to review")
    return 1 if to_review else 0


if __name__ == "__main__":
    sys.exit(main())
