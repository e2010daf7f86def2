#!/usr/bin/env python3
"""Judges `bartizan lineage` on pairs of models whose relation is known because this script made them.

    bench/provenance/lineage.py [BARTIZAN] [--families 20] [--seed 1] [--no-large]

Each family is one random architecture with weights of one distribution; of its first model every kind of relative is
made, and several models that are none (relatives.py). Then a model of the shape of a 7B one, 14 GB that take no place on
the disk, is sketched.

Prints a table of what was answered, the smallest score of a related pair and the largest of an unrelated one, CPU seconds
(user and system), and each figure beside its bar; exits with 1 when one is missed. Needs NumPy: when the running Python
has none, one environment is made from requirements.txt in ~/.cache/bartizan/lineage-venv, or where BARTIZAN_LINEAGE_VENV
says.
"""

import argparse
import collections
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
HOME = pathlib.Path(os.environ.get("BARTIZAN_LINEAGE_VENV", CACHE / "bartizan/lineage-venv"))


def enter():
    """Goes on in an environment that has NumPy, which is made when it is not there."""
    if pathlib.Path(sys.prefix) == HOME:
        sys.exit(f"{HOME} has no NumPy: remove it, and it will be made anew")
    python = HOME / "bin/python"
    if not python.exists():
        print(f"installing {HERE / 'requirements.txt'} into {HOME}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    os.execv(python, [str(python), *sys.argv])


try:
    import numpy as np
except ImportError:
    enter()

from relatives import architecture, bf16_bits, relatives  # noqa: E402

# A score that separates, with room on both sides: what is related has at least, what is not at most. The program's own
# border is 0.12.
RELATED, UNRELATED = 0.15, 0.05
# Of a 7B-shaped model: share of its bytes that is read, bytes of its sketch.
READ, SKETCH = 0.01, 2_000_000


def run(command):
    """Output of a command, its CPU seconds, and the bytes that it and its children read by system calls."""
    shell = 'exec 3>&1; "$@" >&3; code=$?; cat /proc/$$/io >&2; exit $code'
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["sh", "-c", shell, "sh", *map(str, command)], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = done.stderr.split("rchar: ")
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}: {told[0].strip()}")
    return done.stdout, cpu, int(told[1].split()[0])


def compare(bartizan, a, b):
    output, cpu, _ = run([bartizan, "lineage", "compare", a, b, "--format", "json"])
    return json.loads(output), cpu


def seven_billion():
    """Names and shapes."""
    shapes = {"model.embed_tokens.weight": (32000, 4096), "lm_head.weight": (32000, 4096), "model.norm.weight": (4096,)}
    for layer in range(32):
        at = f"model.layers.{layer}."
        shapes |= {at + n: (4096, 4096) for n in ("q", "k", "v", "o")}
        shapes |= {at + "gate": (11008, 4096), at + "up": (11008, 4096), at + "down": (4096, 11008)}
        shapes |= {at + "input_norm": (4096,), at + "post_norm": (4096,)}
    return shapes


def large(bartizan, folder, verdicts):
    """Sketches a model in bf16 that is sparse on the disk, and one whose tensors hold numbers where they are looked at."""
    rng = np.random.default_rng(1)
    header, at = {}, 0
    shapes = seven_billion()
    for name, shape in shapes.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path, sketch = folder / "model.safetensors", folder / "model.sketch"
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)
        # Some numbers at the beginning of every tensor: what is zero everywhere is not asked for a grid.
        numbers = bf16_bits(rng.standard_normal(4096)).tobytes()
        for entry in header.values():
            start, end = entry["data_offsets"]
            for place in range(start, end, max((end - start) // 64, len(numbers))):
                file.seek(8 + len(text) + place)
                file.write(numbers[:end - place])
    _, cpu, read = run([bartizan, "lineage", "sketch", path, "-o", sketch])
    size = sketch.stat().st_size
    print(f"\n7B-shaped: {at / 1e9:.2f} GB in {len(shapes)} tensors, of which {path.stat().st_blocks * 512 / 1e6:.0f} MB lie on "
          f"the disk; {read / 1e6:.1f} MB read, {cpu:.2f} CPU s")
    verdicts.append(("share of a 7B-shaped model that is read", read / at, "<=", READ))
    verdicts.append(("bytes of its sketch", size, "<=", SKETCH))


def judge(options, folder, verdicts):
    """Every pair of every family."""
    answers = collections.defaultdict(collections.Counter)
    lowest, highest = (9, "none"), (-9, "none")
    right = total = confused = 0
    spent = 0.0
    for family in range(options.families):
        rng = np.random.default_rng([options.seed, family])
        plan = architecture(rng)
        inside = folder / str(family)
        inside.mkdir()
        for case, a, b, accepted in relatives(rng, plan, inside):
            answer, cpu = compare(options.bartizan, a, b)
            label = f"{case} (family {family}: {plan['kind']}, {plan['width']} wide, {plan['layers']} layers)"
            got, score, expected = answer["relation"], answer["score"], accepted or {"unrelated"}
            answers[case][got] += 1
            total += 1
            spent += cpu
            right += got in expected
            if answer["related"] != bool(accepted):
                confused += 1
                print(f"RELATED WRONG  {label}: {got}, score {score:.3f}", flush=True)
            elif got not in expected:
                print(f"relation       {label}: {got}, not {' or '.join(sorted(expected))}, score {score:.3f}", flush=True)
            # Permuted models are told by their profiles, on a scale of their own.
            if accepted and "permuted" not in accepted and answer["related"]:
                lowest = min(lowest, (score, label))
            elif not accepted:
                highest = max(highest, (score, label))
    print("\ncase, and what was answered")
    for case, counts in answers.items():
        print(f"  {case:36} " + ", ".join(f"{got} {count}" for got, count in counts.most_common()))
    print(f"\n{total} pairs of {options.families} families: {total - confused} told related or not as they are, {right} with the "
          f"right relation; {spent / total:.3f} CPU s each")
    print(f"smallest score of a related pair:   {lowest[0]:.3f}, {lowest[1]}")
    print(f"largest score of an unrelated pair: {highest[0]:.3f}, {highest[1]}")
    verdicts.append(("pairs told wrong", confused, "<=", 0))
    verdicts.append(("pairs with the wrong relation, share", (total - right) / total, "<=", 0.02))
    verdicts.append(("smallest score of a related pair", lowest[0], ">=", RELATED))
    verdicts.append(("largest score of an unrelated pair", highest[0], "<=", UNRELATED))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bartizan", nargs="?", default="bartizan")
    parser.add_argument("--families", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-large", action="store_true")
    options = parser.parse_args()
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        judge(options, pathlib.Path(folder), verdicts)
        if not options.no_large:
            large(options.bartizan, pathlib.Path(folder), verdicts)
    print()
    missed = 0
    for name, value, sign, bar in verdicts:
        met = value <= bar if sign == "<=" else value >= bar
        missed += not met
        print(f"{'met   ' if met else 'MISSED'}  {name}: {value:.4g} (bar {sign} {bar:g})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
