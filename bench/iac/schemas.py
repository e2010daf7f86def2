#!/usr/bin/env python3
"""Writes down the attributes that rules of several providers, or of several versions of one, speak of.

    npm pack @cdktf/provider-azurerm@14.23.1 && mkdir new && tar xzf cdktf-provider-azurerm-14.23.1.tgz -C new
    npm pack @cdktf/provider-azurerm@12.27.0 && mkdir old && tar xzf cdktf-provider-azurerm-12.27.0.tgz -C old
    bench/iac/schemas.py crates/iac/rules/azure new/package old/package > crates/iac/rules/schema-facts/azure.json

Configurations outlive attributes: rules know `enable_ip_forwarding` beside `ip_forwarding_enabled`, and types that the
newest provider has no more. The facts are what any of the versions has. `schema.py` reads one resource.
"""

import json
import pathlib
import re
import sys
import tempfile

import schema

# Stands for the type that old packages do not write down beside its attributes.
UNNAMED = "unnamed"


def folders(package: pathlib.Path, scratch: pathlib.Path):
    """Folders of one resource each; old packages have one file for a resource, which gets a folder here."""
    for entry in sorted((package / "lib").iterdir()):
        if entry.is_dir():
            yield entry
        elif entry.name.endswith(".d.ts") and entry.name != "index.d.ts":
            folder = scratch / entry.name
            folder.mkdir(exist_ok=True)
            text = entry.read_text()
            # Old packages name the type as a text, not as a type.
            text = re.sub(r"static readonly tfResourceType: string", f'static readonly tfResourceType = "{UNNAMED}"', text)
            (folder / "index.d.ts").write_text(text)
            yield folder


def main() -> None:
    rules = pathlib.Path(sys.argv[1])
    # Words of the rules, by each type of resource that they stand beside.
    words, kinds = {}, set()
    for path in sorted(rules.glob("*.yaml")):
        text = path.read_text()
        found = set(re.findall(r"[A-Za-z0-9_]+", text))
        kinds |= set(re.findall(r"(?:data\.)?[a-z][a-z0-9]*_[a-z0-9_]+", text))
        for word in found:
            words.setdefault(word, set()).update(found)
    resources, versions = {}, []
    for package in map(pathlib.Path, sys.argv[2:]):
        about = json.loads((package / "package.json").read_text())
        versions.append(f"{about['name']} {about['version']}")
        provider = about["name"].removeprefix("@cdktf/provider-").removesuffix("-beta")
        with tempfile.TemporaryDirectory() as scratch:
            for folder in folders(package, pathlib.Path(scratch)):
                read = schema.schema(folder)
                if read is None:
                    continue
                name, attributes, blocks, _ = read
                if name == UNNAMED:
                    name = f"{provider}_{folder.name.removesuffix('.d.ts').replace('-', '_')}"
                shown = name
                # `data-factory` is a resource, `data-azurerm-subnet` is none.
                if folder.name.startswith(f"data-{provider}-"):
                    shown = f"data.{name}"
                if shown not in kinds:
                    continue
                known = resources.setdefault(shown, {"attributes": set(), "blocks": set()})
                used = lambda paths: {path for path in paths if set(path.split(".")) <= words[name]}
                known["attributes"] |= used(attributes)
                known["blocks"] |= used(blocks)
    lists = {name: {key: sorted(paths) for key, paths in known.items()} for name, known in sorted(resources.items())}
    facts = {"provider": versions[0].split(" ")[0], "versions": versions, "resources": lists}
    lines = json.dumps(facts, indent=1)
    # One line for a list, so that a difference shows one resource.
    print(re.sub(r"\[[^\[\]{}]*\]", lambda found: json.dumps(json.loads(found.group(0))), lines))


if __name__ == "__main__":
    main()
