#!/usr/bin/env python3
"""Fuzzes kinds, several at a time, until each has had its share of CPU time: run.py TARGET KIND...

CPU time, because a busy machine gives a fuzzer less than the clock says. One line a kind is printed at its end; exit code 1 says
that an input made one fail, and fuzz/artifacts/KIND holds it."""
import argparse
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far (proc(5), fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def run(command: list, kind: str, seconds: float, log: Path) -> tuple[int, float]:
    """Runs the target until it has had its CPU time or failed; its exit code, and the CPU seconds it had."""
    with log.open("a") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | {"BARTIZAN_FUZZ": kind})
    spent = 0.0
    while process.poll() is None:
        try:
            spent = cpu_seconds(process.pid)
        except (FileNotFoundError, ProcessLookupError, IndexError):
            break
        if spent >= seconds:
            process.send_signal(signal.SIGUSR1)  # libFuzzer: finish the input and say how it went
            break
        time.sleep(1)
    return process.wait(), spent


def starved(target: str, kind: str, artifacts: Path, log: Path) -> bool:
    """Was the hang that libFuzzer tells, by the clock, one of the machine? Then the input is quick when it is run again."""
    timeouts = sorted(artifacts.glob("timeout-*"), key=lambda path: path.stat().st_mtime)
    if not timeouts:
        return False
    code, spent = run([target, timeouts[-1]], kind, 10, log)
    if code == 0 and spent < 10:
        timeouts[-1].unlink()
        return True
    return False


def fuzz(target: str, kind: str, seconds: float, folder: Path) -> bool:
    corpus, artifacts, log = (folder / name for name in (f"corpus/{kind}", f"artifacts/{kind}", f"artifacts/{kind}.log"))
    corpus.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    limits = ["-rss_limit_mb=2048", "-timeout=60", "-report_slow_units=30", "-max_len=65536", "-print_final_stats=1"]
    command = [target, corpus, f"-artifact_prefix={artifacts}/", *limits]
    spent = 0.0
    while True:
        code, more = run(command, kind, seconds - spent, log)
        spent += more
        if code != 70 or not starved(target, kind, artifacts, log):
            break
    text = log.read_text(errors="replace")
    runs = re.findall(r"number_of_executed_units:\s*(\d+)", text)
    peak = re.findall(r"peak_rss_mb:\s*(\d+)", text)
    cover = re.findall(r"cov: (\d+)", text)
    ended = "no failure" if code == 0 and spent >= seconds else f"FAILED (exit code {code}), see {log}"
    print(f"{kind}: {spent:.0f} CPU s, {sum(map(int, runs))} inputs, {cover[-1] if cover else '?'} edges, "
          f"peak {max(map(int, peak), default=0)} MB: {ended}", flush=True)
    return ended == "no failure"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", help="the built fuzz target")
    parser.add_argument("kinds", nargs="+")
    parser.add_argument("--seconds", type=float, default=600, help="CPU time of each kind [default: 600]")
    parser.add_argument("--jobs", type=int, default=1, help="kinds at a time [default: 1]")
    parser.add_argument("--folder", type=Path, default=HERE, help="where corpus/ and artifacts/ are [default: beside this script]")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(lambda kind: fuzz(options.target, kind, options.seconds, options.folder), options.kinds))
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
