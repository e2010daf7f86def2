#!/usr/bin/env python3
"""Measures the speed bars of model scanning: bartizan and the named peer on the same input in the same run.

All figures are CPU seconds (user + system of the child) unless a bar says wall time; peak memory is the kernel's. Small
inputs are measured five times, others three times, and the best counts. Bounds against peers that do not finish in time are
lower bounds, and say so. Inputs (5 GB) are kept in the cache folder.
"""
import argparse
import json
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import inputs
import peers
from process import Run, bartizan, run, table

PEER_TIMEOUT = 60     # CPU seconds


class Bench:
    """Bars measured so far."""

    def __init__(self, cache: Path, with_peers: bool):
        self.cache, self.with_peers, self.bars, self.notes = cache, with_peers, [], []

    def input(self, name: str, maker, *arguments) -> tuple[Path, int]:
        return inputs.made(self.cache, name, maker, *arguments)

    def bar(self, name: str, measured: float, shown: str, required: str, met: bool) -> None:
        self.bars.append({"bar": name, "measured": measured, "shown": shown, "required": required, "met": met})
        print(f"{name}: {shown} (required {required})", file=sys.stderr)

    def at_most(self, name: str, value: float, limit: float, unit: str, scale: float = 1) -> None:
        self.bar(name, value, f"{value * scale:.4g} {unit}", f"<= {limit * scale:g} {unit}", value <= limit)

    def at_least(self, name: str, value: float, limit: float, unit: str = "x", scale: float = 1, bound: bool = False) -> None:
        self.bar(name, value, f"{'>= ' if bound else ''}{value * scale:.4g} {unit}", f">= {limit * scale:g} {unit}", value >= limit)

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(text, file=sys.stderr)

    def peer(self, name: str, target: Path, timeout: float = PEER_TIMEOUT, times: int = 1) -> Run | None:
        """A peer's cheapest run on the input; nothing when it is not installed."""
        if not self.with_peers:
            return None
        if not peers.installed(name):
            self.note(f"{name} is not installed (peers.py installs it): its bars are left out")
            return None
        best = min((run(peers.command(name, str(target)), timeout, peers.environment(), "/tmp") for _ in range(times)),
                   key=lambda done: done.cpu)
        late = f"unfinished after {timeout:g} CPU s" if best.timed_out else f"exit {best.code}"
        self.note(f"{name} on {target.name}: {best.cpu:.2f} CPU s, {best.rss / 2**20:.0f} MiB, {late}")
        return best

    def against(self, name: str, peer: Run | None, ours: Run, times: float) -> None:
        """A bar of so many times fewer CPU seconds than the peer."""
        if peer:
            self.at_least(name, peer.cpu / ours.cpu, times, bound=peer.timed_out)


def scan(target: Path, *flags: str) -> Run:
    """One run of bartizan. A bench of a scanner that fails would be worth nothing, so that ends it."""
    done = run([bartizan(), "scan", str(target), "--no-config", "--format", "json", "--fail-on", "critical", *flags], 600)
    if done.code != 0:
        sys.exit(f"bartizan scan {target}: exit {done.code}\n{done.errors[-2000:]}")
    return done


def best(times: int, target: Path, *flags: str) -> Run:
    return min((scan(target, *flags) for _ in range(times)), key=lambda done: done.cpu)


def small(bench: Bench) -> None:
    path, _ = bench.input("small.pkl", inputs.small_pickle)
    ours = best(5, path, "--jobs", "1")
    bench.at_most("a  small pickle, whole process", ours.cpu, 0.010, "ms", 1000)
    bench.against("a  ... against picklescan", bench.peer("picklescan", path, times=5), ours, 10)
    bench.against("a  ... against modelaudit", bench.peer("modelaudit", path, times=5), ours, 100)


def dense(bench: Bench) -> None:
    path, opcodes = bench.input("dense.pkl", inputs.dense_pickle, 24_000_000)
    ours = best(3, path, "--jobs", "1", "--no-digest")
    bench.at_least(f"b  {opcodes / 1e6:.0f} M opcodes, one core", opcodes / ours.cpu, 80e6, "M opcodes/s", 1e-6)
    bench.against("b  ... against picklescan", bench.peer("picklescan", path), ours, 200)


def vocabulary(bench: Bench) -> None:
    path, opcodes = bench.input("vocabulary.pkl", inputs.vocabulary)
    ours = best(3, path, "--jobs", "1", "--no-digest")
    bench.at_most(f"c  vocabulary, {path.stat().st_size / 1e6:.0f} MB, {opcodes / 1e6:.1f} M opcodes", ours.cpu, 0.3, "ms", 1000)
    bench.at_most("c  ... memory", ours.rss, 128 << 20, "MiB", 2**-20)
    if peer := bench.peer("picklescan", path):
        bench.note(f"that is {peer.cpu / ours.cpu:.0f} times bartizan's CPU time")


def large(bench: Bench) -> None:
    for name, maker in (("checkpoint.pt", inputs.torch_zip), ("model.safetensors", inputs.safetensors)):
        path, _ = bench.input(name, maker)
        scan(path)   # warms the page cache
        ours = best(5, path, "--no-digest")
        bench.at_most(f"d  {name}, 2 GB, no digest", ours.cpu, 0.010, "ms", 1000)
        bench.at_most("d  ... memory", ours.rss, 32 << 20, "MiB", 2**-20)
        pairs = [(scan(path), run(["openssl", "dgst", "-sha256", str(path)])) for _ in range(3)]
        hashing = min(openssl.cpu for _, openssl in pairs)
        whole = min((ours for ours, _ in pairs), key=lambda done: done.cpu)
        bench.at_most("d  ... with SHA-256, CPU against openssl dgst -sha256", whole.cpu / hashing, 1.1, "x")
        bench.note(f"{name} with SHA-256: {whole.cpu:.2f} CPU s, {whole.rss / 2**20:.0f} MiB; openssl {hashing:.2f} CPU s")
        for peer in ("picklescan", "modelaudit"):
            bench.peer(peer, path)


def mixed(bench: Bench) -> None:
    path, number = bench.input("mixed", inputs.mixed_files)
    ours = best(5, path)
    bench.at_most(f"e  {number} mixed small files", ours.cpu, 0.3, "ms", 1000)
    bench.against("e  ... against modelaudit", bench.peer("modelaudit", path, 2 * PEER_TIMEOUT), ours, 100)
    bench.peer("picklescan", path)


def cores(bench: Bench) -> None:
    """Wall time with one thread and with two, beside what two processes at once get from the machine."""
    path, number = bench.input("work", inputs.work)
    one, two, both = [], [], []
    for _ in range(3):
        one.append(scan(path, "--jobs", "1"))
        two.append(scan(path, "--jobs", "2"))
        with ThreadPoolExecutor(2) as pool:
            both.append(max(pool.map(lambda _: scan(path, "--jobs", "1").wall, range(2))))
    alone, paired = (min(runs, key=lambda done: done.wall) for runs in (one, two))
    bench.note(f"one thread {alone.wall:.2f} s ({alone.cpu:.2f} CPU s), two threads {paired.wall:.2f} s ({paired.cpu:.2f} CPU s)")
    offered = 2 * alone.wall / min(both)
    if offered < 1.8:
        bench.note(f"two processes at once got {offered:.2f} cores: the machine is busy, and bar f says nothing")
    bench.at_least(f"f  {number} files of 5 MB, wall time of one thread against two", alone.wall / paired.wall, 1.7)


def growth(bench: Bench) -> None:
    """Work per unit at four sizes, each as a folder with the same total, so that start-up weighs nothing."""
    for what, maker, sizes, suffix in (("opcodes of a pickle", inputs.copies_of_dense, [10**n for n in range(4, 8)], "dense"),
                                       ("members of a zip", inputs.copies_of_zip, [9 * 10**n for n in range(1, 5)], "zip")):
        points = []
        for size in sizes:
            path, total = bench.input(f"{suffix}-{size}", maker, size, sizes[-1])
            cost = best(3, path, "--jobs", "1", "--no-digest").cpu / total
            points.append((size, cost))
            bench.note(f"{size} {what}: {cost * 1e9:.1f} ns each")
        bench.at_most(f"g  slope over {what}", slope([(size, size * cost) for size, cost in points]), 1.1, "log/log")


def slope(points: list[tuple[float, float]]) -> float:
    """Of the least-squares line through the logarithms."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs))
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


BENCHES = {"a": small, "b": dense, "c": vocabulary, "d": large, "e": mixed, "f": cores, "g": growth}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="".join(BENCHES), metavar="LETTERS", help="bars to measure [default: abcdefg]")
    parser.add_argument("--no-peers", action="store_true", help="leave the bars against peers out")
    parser.add_argument("--cache", type=Path, default=peers.cache() / "speed", metavar="DIR", help="where inputs are kept")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to a file")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a bar is not met")
    options = parser.parse_args()
    if unknown := set(options.only) - set(BENCHES):
        parser.error(f"no such bar: {', '.join(sorted(unknown))}")

    bench = Bench(options.cache, not options.no_peers)
    for letter in options.only:
        BENCHES[letter](bench)
    print(table([["bar", "measured", "required", "met"],
                 *([bar["bar"], bar["shown"], bar["required"], "yes" if bar["met"] else "NO"] for bar in bench.bars)]))
    print("\n" + "\n".join(bench.notes))
    if options.json:
        options.json.write_text(json.dumps({"bars": bench.bars, "notes": bench.notes}, indent=1) + "\n")
    return int(options.strict and not all(bar["met"] for bar in bench.bars))


if __name__ == "__main__":
    sys.exit(main())
