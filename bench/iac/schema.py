#!/usr/bin/env python3
"""Writes down which attributes of a Terraform provider the rules speak of, as the provider's own schema has them.

    npm pack @cdktf/provider-aws@21.22.1 && tar xzf cdktf-provider-aws-21.22.1.tgz && mv package new
    npm pack @cdktf/provider-aws@19.65.1 && tar xzf cdktf-provider-aws-19.65.1.tgz && mv package old
    bench/iac/schema.py crates/iac/rules/aws new old > crates/iac/rules/schema-facts/aws.json

Several packages are several versions of the provider: people still write what an older one knew. A package holds one file of types per resource, generated from the schema that the provider answers with, and in each
the name of every attribute as Terraform spells it. Only names that occur in the rules are written down. A test of
bartizan-iac proves that every path of every rule is one of them.
"""

import json
import pathlib
import re
import sys

INTERFACE = re.compile(r"export interface (\w+)([^{]*)\{(.*?)\n\}", re.S)
ATTRIBUTE = re.compile(r"#([a-z0-9_]+) \w+#[a-z0-9_]+\}[^/]*?\*/\s*readonly \w+\??: ([^;]+);")
RESOURCE = re.compile(r'static readonly tfResourceType = "([a-z0-9_]+)"')
VERSION = re.compile(r"registry\.terraform\.io/providers/([\w-]+/[\w-]+)/([\d.]+)/")
# Deeper than any block of a provider, and an end for schemas that contain themselves.
DEEPEST = 12


def schema(folder: pathlib.Path):
    """Type of resource, attributes and blocks (paths), provider and version: of one folder of the package."""
    text = "\n".join(path.read_text() for path in sorted(folder.rglob("*.d.ts")))
    name = RESOURCE.search(text)
    if not name:
        return None
    interfaces = {}
    root = None
    for interface, extends, body in INTERFACE.findall(text):
        interfaces[interface] = ATTRIBUTE.findall(body)
        if "TerraformMetaArguments" in extends:
            root = interface
    if root is None:
        return None
    attributes, blocks = set(), set()

    def walk(interface: str, prefix: str, depth: int) -> None:
        for attribute, kind in interfaces[interface]:
            path = prefix + attribute
            inner = kind.split(" | ")[0].replace("[]", "").strip()
            if inner in interfaces and depth < DEEPEST:
                blocks.add(path)
                walk(inner, path + ".", depth + 1)
            else:
                attributes.add(path)

    walk(root, "", 0)
    return name.group(1), attributes, blocks, VERSION.search(text)


def words(rules: pathlib.Path) -> dict[str, set[str]]:
    """Words of the rules, by each word that they stand beside: types of resources are among them."""
    beside: dict[str, set[str]] = {}
    for path in sorted(rules.glob("*.yaml")):
        found = set(re.findall(r"[a-z0-9_]+", path.read_text()))
        for word in found:
            beside.setdefault(word, set()).update(found)
    return beside


def main() -> None:
    rules, *packages = map(pathlib.Path, sys.argv[1:])
    beside = words(rules)
    text = "".join(path.read_text() for path in sorted(rules.glob("*.yaml")))
    resources: dict[str, tuple[set[str], set[str]]] = {}
    provider, versions = "", set()
    for folder in sorted(folder for package in packages for folder in (package / "lib").iterdir()):
        read = schema(folder) if folder.is_dir() else None
        if read is None:
            continue
        name, attributes, blocks, version = read
        # A data source has the name of a resource, and its folder says which it is.
        kind = f"data.{name}" if folder.name.startswith("data-") else name
        if name not in beside or (kind != name and f"type: {kind}" not in text):
            continue
        if version:
            provider = version.group(1)
            versions.add(version.group(2))
        known = resources.setdefault(kind, (set(), set()))
        for mine, found in zip(known, (attributes, blocks)):
            mine.update(path for path in found if set(path.split(".")) <= beside[name])
    facts = {
        "provider": provider,
        "versions": sorted(versions),
        "resources": {
            kind: {"attributes": sorted(known[0]), "blocks": sorted(known[1])}
            for kind, known in sorted(resources.items())
        },
    }
    # One line for a list, so that a difference shows one resource.
    lines = json.dumps(facts, indent=1)
    print(re.sub(r"\[[^\[\]{}]*\]", lambda found: json.dumps(json.loads(found.group(0))), lines))


if __name__ == "__main__":
    main()
