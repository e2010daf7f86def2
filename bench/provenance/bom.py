#!/usr/bin/env python3
"""What `bartizan bom` finds in labelled repositories: those of repositories.py and independent.py, and the labelled corpus where it is.

A component counts as found when one of its names (name, group/name, purl's name, a bom-ref) is the expected one and, where
a file is expected, one of its occurrences or properties names that file. Exit code 1: something is missed, or a trap was taken.

With --peers other generators run over the same folders in the same run: airom, aisbom-cli and ai-bom, installed below
~/.cache/bartizan in the versions named here, without network. They are judged kindly: names in any case, by their last
part, in whatever file. CPU seconds are the median of the rounds; start-up is part of them, for all.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "models")]

from independent import INDEPENDENT  # noqa: E402
from peers import environment  # noqa: E402
from process import bartizan  # noqa: E402
from repositories import REPOSITORIES  # noqa: E402


OURS = ["{program}", "bom", "{folder}", "--format", "cyclonedx", "--output", "{output}"]
# What is installed, the program, and what makes it write CycloneDX into a file.
PEERS = {
    "airom": (["airom==0.5.0"],
              ["{program}", "scan", "dir:{folder}", "--offline", "--quiet", "--cdx-version", "1.7", "-o", "cyclonedx={output}"]),
    "aisbom": (["aisbom-cli==1.7.0"],
               ["{program}", "scan", "{folder}", "--output", "{output}", "--format", "json", "--no-fail-on-risk"]),
    "ai-bom": (["ai-bom==3.6.0"],
               ["{program}", "scan", "{folder}", "--format", "cyclonedx", "--output", "{output}", "--quiet", "--no-telemetry"]),
}


def document(command: list[str], program: str, folder: Path, rounds: int = 1) -> tuple[dict, float]:
    """The CycloneDX document of a folder, and the CPU seconds it took."""
    seconds = []
    with tempfile.TemporaryDirectory() as home:
        output = Path(home) / "bill.json"
        filled = [part.format(program=program, folder=folder, output=output) for part in command]
        # Nothing is asked of the network, by anybody.
        nowhere = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
        variables = {**os.environ, **nowhere, "HOME": home, "DO_NOT_TRACK": "1", "AI_BOM_TELEMETRY": "0"}
        for _ in range(rounds):
            output.unlink(missing_ok=True)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(filled, capture_output=True, cwd=home, env=variables, timeout=600)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if not output.exists() or done.returncode not in (0, 1, 3):
                sys.exit(f"{filled}: exit code {done.returncode}: {done.stderr.decode()}")
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return json.loads(output.read_bytes()), statistics.median(seconds)


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


def says(component: dict, wanted: dict) -> bool:
    """Whether a component has the version that is wanted, and names its provider or revision anywhere."""
    text = json.dumps(component).lower()
    return all(component.get("version") == value if key == "version" else value.lower() in text for key, value in wanted.items())


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


def kindly(bom: dict, expected: list, traps: list, lineage: list) -> tuple[int, int, int, int, int]:
    """The same for a peer: names in any case, by their last part, without tag and extension of a model, in whatever file."""
    extensions = (".safetensors", ".gguf", ".onnx", ".pkl", ".pt", ".pth", ".bin", ".keras", ".h5", ".joblib")

    def last(name: str) -> str:
        last = name.lower().rsplit("/", 1)[-1].split("@")[0]
        return next((last.removesuffix(extension) for extension in extensions if last.endswith(extension)), last)

    known = {last(name) for part in components(bom) for name in names(part) if name}
    linked = {(last(child), last(parent)) for child, parent in edges(bom)}
    found = sum(last(name) in known or last(name).split(":")[0] in known for _, name, *_ in expected)
    taken = sum(last(trap) in known for trap in traps)
    held = sum((last(child), last(parent)) in linked for child, _, parent in lineage)
    return found, len(expected), taken, held, len(lineage)


def judge(label: str, bom: dict, expected: list, traps: list, lineage: list, verbose: bool) -> tuple[int, int, int, int, int]:
    parts = components(bom)
    missed = []
    for kind, name, file, *more in expected:
        hits = [part for part in parts if name in names(part)]
        there = [part for part in hits if file is None or file in places(part)]
        if not there:
            missed.append((kind, name, file, "elsewhere" if hits else "nowhere"))
        elif more and not any(says(part, more[0]) for part in there):
            missed.append((kind, name, file, f"does not say {more[0]}"))
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
    parser.add_argument("--peers", action="store_true", help="run other generators too")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    program, good = bartizan(), True
    peers = {}
    if options.peers:
        for name, (packages, command) in PEERS.items():
            peers[name] = (str(environment(f"bom-{name}-venv", packages) / name), command)
    shared = Path(os.environ.get("BARTIZAN_SHARED") or HERE.parents[1].parent / "shared") / "corpus" / "provenance"
    cases = []
    with tempfile.TemporaryDirectory() as temporary:
        for label, (files, *rest) in {**REPOSITORIES, **INDEPENDENT}.items():
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
        print(f"{'repository':12} {'by':9} {'found':>9} {'traps':>6} {'edges':>7} {'CPU s':>6}  ours/theirs")
        for label, folder, expected, traps, lineage in cases:
            bom, seconds = document(OURS, program, folder, options.rounds)
            found, of, taken, linked, links = judge(label, bom, expected, traps, lineage, not options.quiet)
            good &= found == of and taken == 0 and linked == links
            print(f"{label:12} {'bartizan':9} {found:4}/{of:<4} {taken:6} {linked:3}/{links:<3} {seconds:6.3f}")
            for name, (peer, command) in peers.items():
                bom, theirs = document(command, peer, folder, options.rounds)
                found, of, taken, linked, links = kindly(bom, expected, traps, lineage)
                print(f"{label:12} {name:9} {found:4}/{of:<4} {taken:6} {linked:3}/{links:<3} {theirs:6.3f}  {seconds / theirs:.2f}",
                      flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
