#!/usr/bin/env python3
"""Fills fuzz/corpus with what comes with models: seed_provenance.py BARTIZAN [FOLDER].

Keys and certificates by openssl; signatures, bills of materials and sketches by bartizan; attestations and policies as the
documentation writes them. Everything is made anew, of random keys that nobody keeps."""
import base64
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

CURVES = ("prime256v1", "secp384r1", "secp521r1")
POLICY = """[signers.team]
key = "team.pem"
[signers.release]
identity = "release@example.org"
issuer = "https://accounts.example.org"
[signers.authority]
root = "root.pem"
subject = "CN=release"
[model]
signed-by = ["team", "release"]
[[require]]
type = "scan"
signed-by = ["team"]
max-age-days = 30
verdict = "clean"
min-rules-version = "1.2"
[deny]
digests = ["%s"]
""" % ("0" * 64)


def run(*command, folder):
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.decode()}")
    return done.stdout


def model(folder: Path) -> None:
    """Weights of a pattern that sketches see something in."""
    header = {name: {"dtype": "F32", "shape": [64, 64], "data_offsets": [at * 16384, at * 16384 + 16384]}
              for at, name in enumerate(("layer.0.weight", "layer.1.weight"))}
    text = json.dumps(header).encode()
    values = struct.pack("<8192f", *(((at * 2654435761) % 65521) / 65521 - 0.5 for at in range(8192)))
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + values)
    (folder / "config.json").write_text('{"model_type": "bert", "_name_or_path": "google-bert/bert-base-uncased"}')
    (folder / "requirements.txt").write_text("torch==2.4.0\ntransformers>=4.40\n")


def keys(folder: Path):
    for curve in CURVES:
        run("openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", f"{curve}.pem", folder=folder)
        (folder / f"{curve}.pem").chmod(0o600)
        run("openssl", "req", "-x509", "-new", "-key", f"{curve}.pem", "-out", f"{curve}-cert.pem", "-days", "30", "-subj",
            "/CN=seed", "-addext", "keyUsage=critical,digitalSignature,keyCertSign", folder=folder)
        for name, words in {"pkcs8.pem": ["pkcs8", "-topk8", "-nocrypt"], "pkcs8.der": ["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"],
                            "sealed.pem": ["pkcs8", "-topk8", "-passout", "pass:seed"], "public.pem": ["ec", "-pubout"],
                            "public.der": ["ec", "-pubout", "-outform", "DER"]}.items():
            run("openssl", *words, "-in", f"{curve}.pem", "-out", f"{curve}-{name}", folder=folder)
            yield "key", (folder / f"{curve}-{name}").read_bytes()
        yield "key", (folder / f"{curve}.pem").read_bytes()
        yield "certificate", (folder / f"{curve}-cert.pem").read_bytes()
        yield "certificate", run("openssl", "x509", "-in", f"{curve}-cert.pem", "-outform", "DER", folder=folder)


def signatures(bartizan: Path, folder: Path):
    for curve in CURVES:
        for words in ([], ["--hash", "blake3"], ["--method", "shards", "--shard-size", "4096"], ["--ignore", "config.json"],
                      ["--cert", f"{curve}-cert.pem"]):
            run(bartizan, "sign", "model", "--key", f"{curve}.pem", "--output", "model.sig", *words, folder=folder)
            bundle = (folder / "model.sig").read_bytes()
            envelope = json.loads(bundle)["dsseEnvelope"]
            yield "oms-bundle", bundle
            yield "dsse-envelope", json.dumps(envelope).encode()
            yield "oms-manifest", base64.b64decode(envelope["payload"])


def statements():
    subject = [{"name": "model", "digest": {"sha256": "a" * 64}}]
    for kind, predicate in {
        "https://slsa.dev/provenance/v1": {"buildDefinition": {"buildType": "x", "externalParameters": {}}, "runDetails": {"builder": {"id": "b"}}},
        "https://cyclonedx.org/bom": {"bomFormat": "CycloneDX", "specVersion": "1.7", "components": []},
        "https://in-toto.io/attestation/test-result/v0.1": {"result": "PASSED", "configuration": []},
    }.items():
        yield json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": kind, "predicate": predicate}).encode()


def main():
    bartizan = Path(sys.argv[1]).resolve()
    corpus = Path(sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent / "corpus").resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model(folder / "model")
        seeds = [*keys(folder), *signatures(bartizan, folder), *(("attestation", one) for one in statements())]
        for form in ("cyclonedx", "spdx"):
            seeds.append(("bill-of-materials", run(bartizan, "bom", "model", "--format", form, folder=folder)))
        run(bartizan, "lineage", "sketch", "model", "--output", "model.sketch", folder=folder)
        seeds.append(("lineage-sketch", (folder / "model.sketch").read_bytes()))
        seeds.append(("attestation-policy", POLICY.encode()))
    for at, (kind, content) in enumerate(seeds):
        (corpus / kind).mkdir(parents=True, exist_ok=True)
        (corpus / kind / f"seed-{at}").write_bytes(content)
    print(f"{len(seeds)} seeds")


if __name__ == "__main__":
    main()
