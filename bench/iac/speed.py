#!/usr/bin/env python3
"""Compares the cost of scanning Terraform with Checkov's, in CPU seconds of the same run.

Each FOLDER may carry the factor that is to be reached: `terragoat/terraform=50` asks for at most a fiftieth of Checkov's
time. Checkov comes from PyPI into an environment of its own below ~/.cache/bartizan. A peer that crashed is not a fast one:
its report has to parse, and its counts have to be the same every time; the same is asked of bartizan. Exit code 1: a factor
was missed, memory passed its bound, or a report was not what it should be.
"""
import argparse
import json
import statistics
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "models"))

from peers import cache  # noqa: E402
from process import Run, bartizan, run, table  # noqa: E402

CHECKOV = "checkov==3.3.30"
MOST_MEMORY = 40 << 20


def checkov() -> str:
    """Checkov in an environment of its own. `python-hcl2` must not be there: it overwrites a module of Checkov's."""
    home = cache() / "checkov-venv"
    stamp = home / "version"
    if not stamp.exists() or stamp.read_text() != CHECKOV:
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "--quiet", CHECKOV], check=True)
        stamp.write_text(CHECKOV)
    return str(home / "bin" / "checkov")


def of_checkov(done: Run) -> str:
    """What Checkov counted; empty when it crashed."""
    try:
        report = json.loads(done.output)
    except json.JSONDecodeError:
        return ""
    summary = (report[0] if isinstance(report, list) else report).get("summary", {})
    counted = [summary.get(key) for key in ("passed", "failed", "parsing_errors")]
    return " / ".join(map(str, counted)) if counted[0] is not None else ""


def of_bartizan(done: Run) -> str:
    """What bartizan counted; empty when its report does not parse."""
    if done.code not in (0, 1, 3):
        return ""
    try:
        summary = json.loads(done.output)["summary"]
    except (json.JSONDecodeError, KeyError):
        return ""
    return f'{sum(summary["findings"].values())} found, {summary.get("unknown", 0)} open'


def measure(command: list[str], counts, times: int) -> tuple[float, int, str]:
    """Median CPU seconds, peak memory, and what was counted; the counts are empty when they differ or are missing."""
    runs = [run(command, 900) for _ in range(times)]
    told = {counts(done) for done in runs}
    return statistics.median(done.cpu for done in runs), max(done.rss for done in runs), told.pop() if len(told) == 1 else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER[=FACTOR]")
    parser.add_argument("--times", type=int, default=3, help="how often each is run (default: 3)")
    options = parser.parse_args()
    program, peer = bartizan(), checkov()
    rows = [["folder", "bartizan s", "MB", "counted", "Checkov s", "MB", "counted", "factor", "wanted"]]
    failed = False
    for target in options.folders:
        folder, _, factor = target.partition("=")
        own = measure([program, "scan", folder, "--format", "json", "--no-config"], of_bartizan, options.times)
        other = measure([peer, "-d", folder, "--framework", "terraform", "-o", "json", "--quiet", "--compact"],
                        of_checkov, options.times)
        reached = other[0] / own[0] if own[0] else float("inf")
        if not own[2] or not other[2] or own[1] > MOST_MEMORY or (factor and reached < float(factor)):
            failed = True
        rows.append([folder, f"{own[0]:.3f}", f"{own[1] / 1e6:.0f}", own[2] or "NO REPORT", f"{other[0]:.2f}",
                     f"{other[1] / 1e6:.0f}", other[2] or "NO REPORT", f"{reached:.0f}", factor or "-"])
    print(table(rows))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
