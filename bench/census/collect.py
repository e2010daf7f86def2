"""Pickles objects of the installed frameworks and writes down, as JSON, what their pickles use.

    python collect.py OUT.json [LIBRARY …]

Run it in one environment per set of versions; `census.py` joins the results.
"""

import argparse
import ast
import importlib
import inspect
import io
import json
import os
import pickle
import re
import signal
import sys
import textwrap
import warnings
import zipfile

import objects
from walk import Walk

SECONDS = 40


class Slow(Exception):
    """An object took too long to make or to pickle."""


def stop(*_):
    raise Slow


def pickles(thing):
    """The thing's pickles: (bytes, number of pickles that follow each other, what a user's file would hold)."""
    # PyTorch's native objects end the process when they are pickled by protocols 0 and 1.
    for protocol in range(2 if of_torch(thing) else 0, pickle.HIGHEST_PROTOCOL + 1):
        try:
            data = pickle.dumps(thing, protocol)
        except Slow:
            raise
        except Exception:
            continue
        yield data, 1, data
    for extra in (with_joblib, with_cloudpickle, with_torch):
        try:
            yield from extra(thing)
        except Slow:
            raise
        except Exception:
            continue


def of_torch(thing):
    return "torch" in sys.modules and objects.is_of_torch(thing)


def with_joblib(thing):
    from joblib import numpy_pickle

    # Without the arrays that joblib writes between the opcodes, the stream is a plain pickle.
    wrapper = numpy_pickle.NumpyArrayWrapper
    write, wrapper.write_array = wrapper.write_array, lambda *_: None
    try:
        out = io.BytesIO()
        numpy_pickle.NumpyPickler(out).dump(thing)
    finally:
        wrapper.write_array = write
    real = io.BytesIO()
    numpy_pickle.NumpyPickler(real).dump(thing)
    yield out.getvalue(), 1, real.getvalue()


def with_cloudpickle(thing):
    import cloudpickle

    data = cloudpickle.dumps(thing)
    yield data, 1, data


def with_torch(thing):
    if not of_torch(thing):
        return
    torch = sys.modules["torch"]
    out = io.BytesIO()
    torch.save(thing, out)
    with zipfile.ZipFile(out) as archive:
        for name in archive.namelist():
            if name.endswith("/data.pkl"):
                yield archive.read(name), 1, out.getvalue()
    out = io.BytesIO()
    torch.save(thing, out, _use_new_zipfile_serialization=False)
    yield out.getvalue(), 5, out.getvalue()


def about(module, name):
    """What a name is, and whether a function calls what it is given."""
    try:
        thing = importlib.import_module(module)
        for part in name.split("."):
            thing = getattr(thing, part)
    except Exception:
        return {"is": "unknown"}
    if isinstance(thing, type):
        return {"is": "class"}
    if not callable(thing):
        return {"is": "value"}
    try:
        source = textwrap.dedent(inspect.getsource(thing))
        function = ast.parse(source).body[0]
        given = {one.arg for one in ast.walk(function) if isinstance(one, ast.arg)}
        calls = any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in given
            for node in ast.walk(function)
        )
        return {"is": "function", "calls_given": calls, "source": source[:3000]}
    except Exception:
        return {"is": "function"}


def keep(folder, name, data):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, re.sub(r"[^\w.-]+", "_", name)), "wb") as out:
        out.write(data)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("out")
    arguments.add_argument("libraries", nargs="*")
    arguments.add_argument("--keep", metavar="FOLDER", help="keep the pickles, to scan them")
    arguments = arguments.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, stop)
    walk, counts, failed = Walk(), {}, []
    for library, source in objects.SOURCES.items():
        if arguments.libraries and library not in arguments.libraries:
            continue
        try:
            makers = list(source())
        except ImportError as error:
            print(f"{library}: not installed ({error})")
            continue
        made = 0
        for label, make in makers:
            signal.alarm(SECONDS)
            try:
                before = made
                thing = make()
                for index, (data, number, file) in enumerate(pickles(thing)):
                    walk.bytes(data, number)
                    made = before + 1
                    if arguments.keep:
                        keep(arguments.keep, f"{library}-{label}-{index}.pkl", file)
                if made == before:
                    failed.append(f"{library} {label}: cannot be pickled")
            except Slow:
                failed.append(f"{library} {label}: too slow")
            except Exception as error:
                failed.append(f"{library} {label}: {type(error).__name__}: {str(error)[:90]!r}")
            finally:
                signal.alarm(0)
        counts[library] = made
        print(f"{library}: {made} of {len(makers)} objects", flush=True)
    for line in failed:
        print(f"  not counted: {line}")
    uses = [
        {"module": module, "name": name, "kinds": sorted(kinds), **about(module, name)}
        for (module, name), kinds in sorted(walk.uses.items())
    ]
    with open(arguments.out, "w") as out:
        json.dump({"counts": counts, "uses": uses}, out, indent=1)


if __name__ == "__main__":
    main()
