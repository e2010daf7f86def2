#!/usr/bin/env python3
"""Writes down which attributes of a Terraform provider the rules speak of, as the provider's own schema has them.

    npm pack @cdktf/provider-aws@21.22.1 && tar xzf cdktf-provider-aws-21.22.1.tgz
    bench/iac/schema.py crates/iac/rules/aws package > crates/iac/rules/schema-facts/aws.json

The package holds one file of types per resource, generated from the schema that the provider answers with, and in each
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


def main() -> None:
    rules, package = map(pathlib.Path, sys.argv[1:3])
    # Words of the rules, by each type of resource that they stand beside.
    words = {}
    for path in sorted(rules.glob("*.yaml")):
        found = set(re.findall(r"[a-z0-9_]+", path.read_text()))
        for word in found:
            words.setdefault(word, set()).update(found)
    resources, version = {}, None
    for folder in sorted((package / "lib").iterdir()):
        # Data sources say nothing of resources.
        if not folder.is_dir() or folder.name.startswith("data-"):
            continue
        read = schema(folder)
        if read is None or read[0] not in words:
            continue
        name, attributes, blocks, version = read
        used = lambda paths: sorted(path for path in paths if set(path.split(".")) <= words[name])
        resources[name] = {"attributes": used(attributes), "blocks": used(blocks)}
    facts = {"provider": version.group(1), "version": version.group(2), "resources": dict(sorted(resources.items()))}
    lines = json.dumps(facts, indent=1)
    # One line for a list, so that a difference shows one resource.
    lines = re.sub(r"\[[^\[\]{}]*\]", lambda found: json.dumps(json.loads(found.group(0))), lines)
    print(lines)


if __name__ == "__main__":
    main()
