"""Runs a program in its own process and says what it cost: CPU seconds, memory, wall time.

Not a command of its own; `accuracy.py` and `speed.py` measure with it.
"""
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Run:
    """One finished process.

    `cpu` is user + system time in seconds. `rss` is the peak in bytes; the kernel counts the parent's memory from
    before the exec in, so about 14 MB is the least that can be read.
    """
    code: int
    output: str
    errors: str
    cpu: float
    wall: float
    rss: int
    timed_out: bool


def run(command: list[str], timeout: float = 600, env: dict[str, str] | None = None, cwd: str | None = None) -> Run:
    """Runs a command to its end, or kills its process group after `timeout` CPU seconds.

    A process that does not run at all, or one of a crowded machine, is killed after five times as long on the clock.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=cwd,
                                 start_new_session=True)
        resource.prlimit(child.pid, resource.RLIMIT_CPU, (math.ceil(timeout), math.ceil(timeout) + 1))
        late = threading.Event()

        def kill() -> None:
            late.set()
            os.killpg(child.pid, signal.SIGKILL)

        timer = threading.Timer(5 * timeout, kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        for file in (out, err):
            file.seek(0)
        return Run(child.returncode, out.read().decode(errors="replace"), err.read().decode(errors="replace"),
                   usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, late.is_set() or child.returncode == -signal.SIGXCPU)


def bartizan() -> str:
    """The scanner under test: $BARTIZAN, else the release build in Cargo's target folder."""
    if path := os.environ.get("BARTIZAN"):
        return path
    root = Path(__file__).resolve().parents[2]
    if shutil.which("cargo"):
        told = subprocess.run(["cargo", "metadata", "--no-deps", "--offline", "--format-version=1"], cwd=root,
                              capture_output=True, text=True)
        if told.returncode == 0:
            built = Path(json.loads(told.stdout)["target_directory"]) / "release" / "bartizan"
            if built.exists():
                return str(built)
    sys.exit("no bartizan: set BARTIZAN, or run `cargo build --release`")


def table(rows: list[list[str]]) -> str:
    """Rows as aligned columns, the first row being the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
