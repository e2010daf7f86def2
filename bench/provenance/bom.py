#!/usr/bin/env python3
"""What `bartizan bom` finds in labelled repositories: those of repositories.py, and the labelled corpus where it is.

A component counts as found when one of its names (name, group/name, purl's name, a bom-ref) is the expected one and, where
a file is expected, one of its occurrences or properties names that file. Exit code 1: something is missed, or a trap was taken.
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "models")]

from process import bartizan  # noqa: E402
from repositories import REPOSITORIES  # noqa: E402


def document(program: str, folder: Path) -> tuple[dict, float]:
    """The CycloneDX document of a folder, and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, "bom", folder, "--format", "cyclonedx"], capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3):
        sys.exit(f"bom {folder}: exit code {done.returncode}: {done.stderr.decode()}")
    return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def components(bom: dict) -> list[dict]:
    found = []

    def walk(parts):
        for part in parts or []:
            found.append(part)
            walk(part.get("components"))

    walk(bom.get("components"))
    return found + list(bom.get("services", []))


def names(component: dict) -> set[str]:
    name, group, version = (component.get(key) or "" for key in ("name", "group", "version"))
    purl = unquote(component.get("purl", "")).split("?")[0].split("#")[0]
    of_purl = purl.split("/", 1)[1] if "/" in purl else ""
    result = {name, f"{group}/{name}", f"{name}:{version}", f"{group}/{name}:{version}", f"{name}@{version}", of_purl,
              of_purl.split("@")[0] if not of_purl.startswith("@") else of_purl, component.get("bom-ref", "")}
    return result | {value.removeprefix("./") for value in result}


def places(component: dict) -> str:
    return json.dumps([component.get("evidence"), component.get("properties"), component.get("name")])


def edges(bom: dict) -> set[tuple[str, str]]:
    """(child, parent) by every name of both, from dependencies and pedigrees."""
    by_ref = {part.get("bom-ref"): part for part in components(bom)}
    result = set()
    for entry in bom.get("dependencies", []):
        for parent in entry.get("dependsOn", []):
            for child_name in names(by_ref.get(entry["ref"], {"name": entry["ref"]})):
                result |= {(child_name, name) for name in names(by_ref.get(parent, {"name": parent}))}
    for part in components(bom):
        for ancestor in part.get("pedigree", {}).get("ancestors", []):
            result |= {(child, parent) for child in names(part) for parent in names(ancestor)}
    return result


def judge(label: str, bom: dict, expected: list, traps: list, lineage: list, verbose: bool) -> tuple[int, int, int, int, int]:
    parts = components(bom)
    missed = []
    for kind, name, file in expected:
        hits = [part for part in parts if name in names(part)]
        if not any(file is None or file in places(part) for part in hits):
            missed.append((kind, name, file, "elsewhere" if hits else "nowhere"))
    taken = [trap for trap in traps if any(trap in names(part) for part in parts)]
    known = edges(bom)
    broken = [edge for edge in lineage
              if not any(parent == edge[2] and (child == edge[0] or child.startswith(edge[0] + "/")) for child, parent in known)]
    if verbose:
        for what, rows in (("missed", missed), ("trap", taken), ("edge missed", broken)):
            for row in rows:
                print(f"    {label}: {what}: {row}")
    return len(expected) - len(missed), len(expected), len(taken), len(lineage) - len(broken), len(lineage)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quiet", action="store_true", help="do not list what is missed")
    options = parser.parse_args()
    program, good = bartizan(), True
    shared = Path(os.environ.get("BARTIZAN_SHARED") or HERE.parents[1].parent / "shared") / "corpus" / "provenance"
    cases = []
    with tempfile.TemporaryDirectory() as temporary:
        for label, (files, *rest) in REPOSITORIES.items():
            folder = Path(temporary) / label
            for name, content in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            cases.append((label, folder, *rest))
        if (shared / "labels.json").exists():
            for label, case in json.loads((shared / "labels.json").read_text()).items():
                if case["kind"] == "inventory":
                    wanted = [(one["type"], one["name"], one.get("file")) for one in case["expect"]]
                    cases.append((label, shared / case["root"], wanted, case["must_not"], [tuple(e) for e in case["lineage"]]))
        print(f"{'repository':12} {'found':>9} {'traps':>6} {'edges':>7} {'CPU s':>6}")
        for label, folder, expected, traps, lineage in cases:
            bom, seconds = document(program, folder)
            found, of, taken, linked, links = judge(label, bom, expected, traps, lineage, not options.quiet)
            good &= found == of and taken == 0 and linked == links
            print(f"{label:12} {found:4}/{of:<4} {taken:6} {linked:3}/{links:<3} {seconds:6.3f}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
