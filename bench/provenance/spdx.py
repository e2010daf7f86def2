#!/usr/bin/env python3
"""Judges an SPDX 3.0.1 document by the official shapes.

    bench/provenance/spdx.py SCHEMAS DOCUMENT...

SCHEMAS holds spdx-model.ttl and spdx-context.jsonld of spdx/spdx-spec 3.0.1 (`rdf/`). Needs pyshacl 0.40.1
(`pip install -r bench/provenance/requirements.txt`). Uses no network: the context is put into the document.
Exits with 1 when a document does not conform.
"""

import json
import pathlib
import sys

import pyshacl
import rdflib


def judge(model, context, path):
    document = json.loads(path.read_text(encoding="utf-8"))
    document["@context"] = context
    data = rdflib.Graph()
    data.parse(data=json.dumps(document), format="json-ld")
    if len(data) < 10:
        sys.exit(f"{path}: only {len(data)} statements; the context does not fit")
    conforms, results, text = pyshacl.validate(
        data, shacl_graph=model, ont_graph=model, inference="none", abort_on_first=False, allow_warnings=True
    )
    result = rdflib.URIRef("http://www.w3.org/ns/shacl#ValidationResult")
    violations = sum(1 for _ in results.subjects(rdflib.RDF.type, result))
    print(f"{path}: {len(data)} statements, {violations} violations, conforms: {conforms}")
    if not conforms:
        print(text)
    return conforms and violations == 0


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    schemas = pathlib.Path(sys.argv[1])
    model = rdflib.Graph()
    model.parse(schemas / "spdx-model.ttl", format="turtle")
    context = json.loads((schemas / "spdx-context.jsonld").read_text(encoding="utf-8"))["@context"]
    verdicts = [judge(model, context, pathlib.Path(name)) for name in sys.argv[2:]]
    sys.exit(0 if all(verdicts) else 1)


main()
