#!/usr/bin/env python3
"""Judges SPDX 3.0.1 documents by the official shapes.

    bench/provenance/spdx.py SCHEMAS DOCUMENT...             these documents
    bench/provenance/spdx.py SCHEMAS --repositories          what bartizan writes about its example and labelled repositories
    bench/provenance/spdx.py SCHEMAS --damaged N DOCUMENT... N damaged forms of each: does `bartizan bom validate` agree?

SCHEMAS holds spdx-model.ttl and spdx-context.jsonld of spdx/spdx-spec 3.0.1 (`rdf/`). pyshacl 0.40.1 is installed below
~/.cache/bartizan when it is not there; judging uses no network: the context is put into the document. Exits with 1 when a
document does not conform, or the judges disagree.
"""

import argparse
import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "models")]

from peers import environment  # noqa: E402

try:
    import pyshacl
    import rdflib
except ImportError:
    packages = (HERE / "requirements.txt").read_text().split()
    python = str(environment("spdx-venv", packages) / "python")
    if os.environ.get("BARTIZAN_SPDX_VENV"):
        sys.exit(f"{python} has no pyshacl: remove its folder and try again")
    os.environ["BARTIZAN_SPDX_VENV"] = python
    os.execv(python, [python, *sys.argv])


class Shapes:
    """The shapes, and how many of them a document violates."""

    def __init__(self, schemas):
        self.model = rdflib.Graph()
        self.model.parse(schemas / "spdx-model.ttl", format="turtle")
        self.context = json.loads((schemas / "spdx-context.jsonld").read_text(encoding="utf-8"))["@context"]

    def violations(self, document):
        """How many, how many statements there are, and what the judge says."""
        data = rdflib.Graph()
        data.parse(data=json.dumps({**document, "@context": self.context}), format="json-ld")
        _, results, text = pyshacl.validate(
            data, shacl_graph=self.model, ont_graph=self.model, inference="none", abort_on_first=False, allow_warnings=True
        )
        result = rdflib.URIRef("http://www.w3.org/ns/shacl#ValidationResult")
        return sum(1 for _ in results.subjects(rdflib.RDF.type, result)), len(data), text

    def judge(self, label, document):
        count, statements, text = self.violations(document)
        if statements < 10:
            sys.exit(f"{label}: only {statements} statements; the context does not fit")
        print(f"{label}: {statements} statements, {count} violations", flush=True)
        if count:
            print(text)
        return count == 0


def repositories(program):
    """Label and SPDX document of every repository that we have."""
    from repositories import REPOSITORIES

    def bill(folder):
        done = subprocess.run([program, "bom", folder, "--format", "spdx"], capture_output=True)
        if done.returncode not in (0, 3):
            sys.exit(f"bom {folder}: exit code {done.returncode}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    with tempfile.TemporaryDirectory() as temporary:
        for label, (files, *_) in REPOSITORIES.items():
            folder = pathlib.Path(temporary) / label
            for name, content in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            yield label, bill(folder)
    top = HERE.parents[1]
    yield "ai-repo", bill(top / "examples/ai-repo")
    shared = pathlib.Path(os.environ.get("BARTIZAN_SHARED") or top.parent / "shared") / "corpus/provenance/repo-a"
    if shared.is_dir():
        yield "repo-a", bill(shared)


def damaged(document, randomness):
    """The document with one thing changed, and what."""
    document = copy.deepcopy(document)
    element = randomness.choice(document["@graph"])
    field = randomness.choice([key for key in element if key != "@id"])
    ids = [other["spdxId"] for other in document["@graph"] if "spdxId" in other]
    kinds = [other["type"] for other in document["@graph"]]
    change = randomness.choice(["gone", "number", "word", "reference", "type", "many", "none"])
    if change == "gone" and field not in ("spdxId", "type"):
        del element[field]
    elif change == "number" and field not in ("spdxId", "type"):
        element[field] = 7
    elif change == "word" and field not in ("spdxId", "type", "creationInfo"):
        element[field] = "no-such-value"
    elif change == "reference" and field not in ("spdxId", "type"):
        element[field] = randomness.choice(ids)
    elif change == "type" and element["type"] != "CreationInfo":
        element["type"] = randomness.choice([kind for kind in kinds if kind != "CreationInfo"])
    elif change == "many" and field not in ("spdxId", "type"):
        value = element[field]
        other = randomness.choice(ids)
        element[field] = [*value, other] if isinstance(value, list) else [value, other]
    else:
        change = "none"
    return document, f"{element.get('spdxId', element.get('@id', ''))[-20:]} {element['type']} {field}: {change}"


def differ(shapes, program, label, document, count):
    """Do both judges say the same of damaged documents? Fields that a class does not have are nothing to the shapes."""
    randomness, wrong, invalid = random.Random(7), 0, 0
    for _ in range(count):
        changed, what = damaged(document, randomness)
        done = subprocess.run([program, "bom", "validate", "-", "--format", "json"], input=json.dumps(changed).encode(),
                              capture_output=True)
        answer = json.loads(done.stdout)
        problems = [one for one in answer["problems"] if "has no such field" not in one["reason"]]
        theirs, _, text = shapes.violations(changed)
        invalid += theirs > 0
        # JSON-LD makes a text of a number where the context says that it is one; JSON itself does not.
        if not theirs and what.endswith(": number"):
            continue
        if (theirs > 0) != bool(problems):
            wrong += 1
            print(f"{label}: {what}: shapes {theirs}, bartizan {problems}\n{text if theirs else ''}")
    print(f"{label}: {count} damaged documents, {invalid} invalid, {wrong} disagreements")
    return wrong == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("schemas", type=pathlib.Path)
    parser.add_argument("documents", nargs="*", type=pathlib.Path)
    parser.add_argument("--repositories", action="store_true")
    parser.add_argument("--damaged", type=int, default=0)
    options = parser.parse_intermixed_args()
    if not options.documents and not options.repositories:
        parser.error("name documents, or --repositories")
    shapes = Shapes(options.schemas)
    documents = [(path.name, json.loads(path.read_text(encoding="utf-8"))) for path in options.documents]
    program = None
    if options.repositories or options.damaged:
        from process import bartizan

        program = bartizan()
    if options.repositories:
        documents += repositories(program)
    good = True
    for label, document in documents:
        good &= shapes.judge(label, document)
        if options.damaged:
            good &= differ(shapes, program, label, document, options.damaged)
    sys.exit(0 if good else 1)


main()
