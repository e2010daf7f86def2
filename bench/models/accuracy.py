#!/usr/bin/env python3
"""Scores bartizan, and with --peers the peer scanners, on labelled cases.

Each DIR holds cases and labels.json: path -> {label, technique, ...}. A case is a file or a whole folder. It is flagged
when a finding of at least medium severity lies at its path, at a member (`CASE!member`) or at a file in its folder.
Malicious and suspicious cases should be flagged, benign ones not, inconclusive ones must not be called clean. Review
cases are shown, not scored.
"""
import argparse
import json
import random
import re
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import peers
from process import Run, bartizan, run, table

LABELS = ("malicious", "suspicious", "benign", "inconclusive", "review")
FLAGS = {"medium", "high", "critical"}


@dataclass
class Case:
    """One labelled case and what a scanner said of it."""
    folder: Path
    path: str
    label: str
    about: str
    flagged: bool = False
    clean: bool = True
    findings: tuple[str, ...] = ()

    @property
    def target(self) -> Path:
        return self.folder / self.path


def cases_of(folder: Path) -> list[Case]:
    """The labelled cases of a folder, in the order of their paths."""
    labels = json.loads((folder / "labels.json").read_text())
    return [Case(folder, path, told["label"], f'{told["format"]}: {told["technique"]}')
            for path, told in sorted(labels.items())]


def scan(folder: Path, cases: list[Case], timeout: float) -> tuple[Run, bool]:
    """Scans the folder once and marks its cases. Also says whether the scanner crashed."""
    done = run([bartizan(), "scan", str(folder), "--format", "json", "--no-config", "--no-ignore"], timeout)
    if done.timed_out or done.code not in (0, 1, 3):
        return done, not done.timed_out
    report = json.loads(done.output)
    named = {case.path: case for case in cases}

    def owner(path: str) -> Case | None:
        """The case that a reported path belongs to."""
        path = path.split("!", 1)[0]
        while path and path not in named:
            path = path.rpartition("/")[0]
        return named.get(path)

    for asset in report["assets"]:
        if (case := owner(asset["path"])) and asset["verdict"] != "clean":
            case.clean = False
    for finding in report["findings"]:
        if case := owner(finding["path"]):
            if finding["severity"] in FLAGS:
                case.flagged, case.clean = True, False
            case.findings += (f'{finding["severity"]} {finding["rule"]}: {finding["message"]}',)
    return done, False


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} {100 * part / whole:.1f} %" if whole else "-"


def scores(cases: list[Case]) -> dict:
    """Counts per label, and the rates that the bars are set on."""
    number = Counter(case.label for case in cases)
    flagged = Counter(case.label for case in cases if case.flagged)
    unclean = Counter(case.label for case in cases if not case.clean)
    right, wrong = flagged["malicious"], flagged["benign"]
    recall = right / number["malicious"] if number["malicious"] else None
    precision = right / (right + wrong) if right + wrong else None
    return {
        "labels": {x: {"number": number[x], "flagged": flagged[x], "not_clean": unclean[x]} for x in LABELS if number[x]},
        "recall": recall,
        "precision": precision,
        "f1": 2 * precision * recall / (precision + recall) if precision and recall else None,
    }


def verdict(peer: str, done: Run) -> tuple[bool, bool, bool]:
    """What a peer said by its own rules: infected, at least suspicious, and whether it crashed."""
    if done.timed_out:
        return False, False, False
    crashed = done.code < 0 or "Traceback (most recent call last)" in done.output + done.errors
    if peer == "picklescan":
        doubts = re.search(r"Suspicious globals: (\d+)", done.output)
        infected = done.code == 1
        return infected, infected or bool(doubts and int(doubts[1])), crashed or done.code > 1
    if peer == "modelscan":
        issues = re.search(r'"total_issues":\s*(\d+)', done.output)
        flagged = bool(issues and int(issues[1]))
        return flagged, flagged, crashed or done.code > 3
    if peer == "fickling":
        flagged = done.code == 1 and not crashed
        return flagged, flagged, crashed
    try:
        report = json.loads(done.output[done.output.index("{"):])
    except ValueError:
        return False, False, True
    flagged = any(issue["severity"] in ("warning", "critical") for issue in report.get("issues", []))
    return flagged, flagged, crashed


def ask(peer: str, case: Case, timeout: float) -> tuple[Case, bool, bool, list[Run], int]:
    """Lets a peer scan one case. fickling reads files only, so it gets those of a folder one by one."""
    files = [case.target]
    if peer == "fickling" and case.target.is_dir():
        files = [file for file in sorted(case.target.rglob("*")) if file.is_file()]
    infected = doubted = False
    crashes, runs = 0, []
    with tempfile.TemporaryDirectory() as cwd:
        for file in files:
            done = run(peers.command(peer, str(file)), timeout, peers.environment(), cwd)
            runs.append(done)
            bad, doubt, crash = verdict(peer, done)
            infected, doubted, crashes = infected or bad, doubted or doubt, crashes + crash
    return case, infected, doubted, runs, crashes


def score_peers(cases: list[Case], names: list[str], timeout: float, jobs: int) -> list[dict]:
    """One row per peer, two for picklescan: with and without what it only calls suspicious."""
    rows = []
    for peer in names:
        with ThreadPoolExecutor(jobs) as pool:
            answers = list(pool.map(lambda case: ask(peer, case, timeout), cases))
        cost = {
            "crashes": sum(answer[4] for answer in answers),
            "timeouts": sum(done.timed_out for answer in answers for done in answer[3]),
            "cpu": sum(done.cpu for answer in answers for done in answer[3]),
        }
        views = {peer: 1, f"{peer}, suspicious too": 2} if peer == "picklescan" else {peer: 1}
        for tool, view in views.items():
            marked = [Case(c.folder, c.path, c.label, c.about, answer[view], not answer[view])
                      for answer in answers for c in [answer[0]]]
            rows.append({"tool": tool} | scores(marked) | cost)
    return rows


def sampled(cases: list[Case], number: int, seed: int) -> list[Case]:
    """That many cases, each label in its share."""
    if not number or number >= len(cases):
        return cases
    chosen, draw = [], random.Random(seed)
    for label in LABELS:
        of = [case for case in cases if case.label == label]
        chosen += draw.sample(of, min(len(of), round(number * len(of) / len(cases)) or bool(of)))
    return chosen


def line(row: dict) -> list[str]:
    def flagged(label: str) -> str:
        told = row["labels"].get(label)
        return share(told["flagged"], told["number"]) if told else "-"

    rates = [f"{row[key]:.3f}" if row[key] is not None else "-" for key in ("precision", "f1")]
    return [row["tool"], flagged("malicious"), flagged("benign"), flagged("suspicious"), *rates, str(row["crashes"]),
            str(row["timeouts"]), f'{row["cpu"]:.1f}']


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--peers", action="store_true", help="let the peers scan the same cases, one process each")
    parser.add_argument("--peer", action="append", choices=list(peers.PINS), help="of the peers, these only")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="let peers scan N cases of all DIRs only")
    parser.add_argument("--seed", type=int, default=1, help="of the sample [default: 1]")
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="for each case of a peer [default: 60]")
    parser.add_argument("--jobs", type=int, default=2, help="peer processes at a time [default: 2]")
    parser.add_argument("--verbose", action="store_true", help="list what was missed and what was flagged wrongly")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers to a file")
    options = parser.parse_args()

    results, everything, total = [], [], {"crashes": 0, "timeouts": 0, "cpu": 0.0}
    for folder in options.folders:
        cases = cases_of(folder)
        done, crashed = scan(folder, cases, 600)
        total["crashes"] += crashed
        total["timeouts"] += done.timed_out
        total["cpu"] += done.cpu
        everything += cases
        result = {"folder": str(folder), "crashed": crashed, "timed_out": done.timed_out, "cpu": done.cpu} | scores(cases)
        result["missed"] = [c.path for c in cases if c.label in ("malicious", "suspicious") and not c.flagged]
        result["false_positives"] = [c.path for c in cases if c.label == "benign" and c.flagged]
        result["called_clean"] = [c.path for c in cases if c.label == "inconclusive" and c.clean]
        results.append(result)
        rows = [["label", "cases", "flagged", "not clean"]]
        for label, told in result["labels"].items():
            rows.append([label, str(told["number"]), share(told["flagged"], told["number"]),
                         share(told["not_clean"], told["number"])])
        print(f"{folder}: {len(cases)} cases, {done.cpu:.2f} CPU s, {done.wall:.2f} s"
              + (", CRASHED" if crashed else "") + (", TIMED OUT" if done.timed_out else ""))
        if crashed:
            print(done.errors[-2000:])
        print(table(rows))
        print("  ".join(f"{key} {result[key]:.4f}" for key in ("recall", "precision", "f1") if result[key] is not None))
        if options.verbose:
            for title in ("missed", "false_positives", "called_clean"):
                for case in (c for c in cases if c.path in set(result[title])):
                    print(f"{title}: {case.label} {case.path} ({case.about})")
                    if title == "false_positives":
                        print("\n".join(f"    {text[:200]}" for text in case.findings))
        print()

    compared = []
    if options.peers or options.peer:
        names = [name for name in options.peer or peers.PINS if peers.installed(name)]
        for name in set(options.peer or peers.PINS) - set(names):
            print(f"{name}: skipped, not installed (peers.py installs it)", file=sys.stderr)
        chosen = sampled(everything, options.sample, options.seed)
        compared = [{"tool": "bartizan"} | scores(chosen) | total] + score_peers(chosen, names, options.timeout, options.jobs)
        print(f"{len(chosen)} of {len(everything)} cases"
              + (" (bartizan's CPU seconds are for all of them)" if len(chosen) < len(everything) else ""))
        print(table([["tool", "malicious found", "benign flagged", "suspicious flagged", "precision", "F1", "crashes",
                      "timeouts", "CPU s"], *map(line, compared)]))
    if options.json:
        options.json.write_text(json.dumps({"folders": results, "peers": compared}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
