#!/usr/bin/env python3
"""Measures signing and verifying against model-signing and openssl, in one run.

    bench/provenance/signing.py [BARTIZAN] [--bytes N] [--rounds N]

CPU seconds (user and system) of the whole process tree, the largest resident set of one process, medians of the rounds,
files in the page cache. Large: N bytes (2 GB) in 20 files of random bytes. Small: 10,000 files of 4 KB. Prints each
ratio beside its bar; exits with 1 when one is missed.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import peer

peer.enter()

from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

LARGE_FILES, SMALL_FILES, SMALL_BYTES = 20, 10_000, 4_096


def measure(command, environment=None):
    """CPU seconds and resident megabytes of a command, which has to succeed."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=environment)
    # The kernel counts the memory of the process that forked, this one, into ru_maxrss; the high-water mark of what the
    # program itself had is read until it ends.
    peak, ended = 0, False
    while not ended:
        peak = max(peak, high_water(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        ended = pid != 0
        time.sleep(0 if ended else 0.004)
    errors = process.stderr.read().decode(errors="replace")
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed: {errors}")
    return usage.ru_utime + usage.ru_stime, peak / 1024


def high_water(pid):
    """Kilobytes; 0 when the process has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def fill(folder, files, size):
    folder.mkdir()
    for index in range(files):
        with open(folder / f"part-{index:05}.bin", "wb") as file:
            left = size
            while left:
                left -= file.write(os.urandom(min(left, 1 << 20)))
    return folder


class Bench:
    def __init__(self, ours, folder, rounds):
        self.ours, self.folder, self.rounds = ours, folder, rounds
        self.results, self.missed = {}, 0
        key = ec.generate_private_key(ec.SECP256R1())
        self.key, self.public = folder / "key.pem", folder / "public.pem"
        self.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        self.key.chmod(0o600)
        self.public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM,
                                                              serialization.PublicFormat.SubjectPublicKeyInfo))

    def commands(self, model):
        ours, theirs = self.folder / f"{model.name}-ours.sig", self.folder / f"{model.name}-theirs.sig"
        sign = [self.ours, "sign", model, "--key", self.key, "--output", ours]
        blake3 = [*sign[:-1], self.folder / f"{model.name}-blake3.sig", "--hash", "blake3"]
        return {
            "bartizan sign": [*sign, "--paranoid"],
            "bartizan verify": [self.ours, "verify", model, "--signature", ours, "--key", self.public],
            "bartizan sign BLAKE3": [*blake3, "--paranoid"],
            "bartizan sign, cached": sign,
            "model-signing sign": [peer.COMMAND, "sign", "key", model, "--private_key", self.key, "--signature", theirs],
            "model-signing verify": [peer.COMMAND, "verify", "key", model, "--public_key", self.public, "--signature",
                                     theirs],
            "openssl dgst, 2 processes": ["sh", "-c", f"find {model} -type f -print0 | xargs -0 -P2 -n 10 openssl dgst "
                                                      "-sha256"],
        }

    def run(self, model, names):
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache")}
        commands = {name: self.commands(model)[name] for name in names}
        if "bartizan sign, cached" in commands:
            measure(commands["bartizan sign, cached"], environment)
        seen = {name: [] for name in commands}
        for _ in range(self.rounds):
            for name, command in commands.items():
                seen[name].append(measure(command, environment))
        for name, values in seen.items():
            seconds, megabytes = (statistics.median(column) for column in zip(*values))
            self.results[model.name, name] = seconds, megabytes
            print(f"  {name:28}{seconds:8.2f} s{megabytes:8.0f} MB", flush=True)

    def bar(self, model, ours, theirs, most, what=0):
        """A ratio of seconds (0) or megabytes (1), or megabytes alone when there is no peer."""
        value = self.results[model, ours][what]
        ratio = value / self.results[model, theirs][what] if theirs else value
        self.missed += ratio > most
        unit = ("MB" if theirs is None else "x MB of") if what else "x"
        print(f"  {'ok  ' if ratio <= most else 'MISS'} {model}: {ours}: {ratio:.3f} {unit} {theirs or ''}, bar {most}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bartizan", nargs="?", default="target/release/bartizan")
    parser.add_argument("--bytes", type=int, default=2_000_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ours = pathlib.Path(arguments.bartizan).resolve()
    if not ours.exists():
        sys.exit(f"{ours} is not there; build it with --release")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        bench = Bench(ours, folder, arguments.rounds)
        large = fill(folder / "large", LARGE_FILES, arguments.bytes // LARGE_FILES)
        small = fill(folder / "small", SMALL_FILES, SMALL_BYTES)
        # What was just written is not kept in the hash cache.
        time.sleep(3)
        print(f"large: {arguments.bytes / 1e9:.1f} GB in {LARGE_FILES} files")
        bench.run(large, list(bench.commands(large)))
        print(f"small: {SMALL_FILES} files of {SMALL_BYTES} bytes")
        bench.run(small, ["bartizan sign", "bartizan verify", "model-signing sign", "model-signing verify"])
        print("bars")
        bench.bar("large", "bartizan sign", "model-signing sign", 0.70)
        bench.bar("large", "bartizan verify", "model-signing verify", 0.70)
        bench.bar("large", "bartizan verify", "openssl dgst, 2 processes", 0.95)
        bench.bar("large", "bartizan sign BLAKE3", "bartizan sign", 0.45)
        bench.bar("large", "bartizan sign, cached", "bartizan sign", 0.03)
        bench.bar("small", "bartizan sign", "model-signing sign", 0.12)
        bench.bar("small", "bartizan verify", "model-signing verify", 0.12)
        for model in ("large", "small"):
            for command in ("bartizan sign", "bartizan verify"):
                bench.bar(model, command, None, 64, what=1)
        bench.bar("large", "bartizan verify", "model-signing verify", 0.15, what=1)
        bench.bar("small", "bartizan verify", "model-signing verify", 0.30, what=1)
    sys.exit(1 if bench.missed else 0)


main()
