#!/usr/bin/env python3
"""Signs with bartizan and verifies with model-signing, and the reverse.

    bench/provenance/interop.py [BARTIZAN]

Three curves, keys and certificates, files, shards and a single file, three hash functions; through the peer's API, and
through its command line where that knows how. Every signature has to verify on the other side, every root digest has
to be the same, and a changed model has to fail on both. Prints a table; exits with 1 on any disagreement. Keys and
certificates are made anew each time.
"""

import base64
import datetime
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile

import peer

peer.enter()

from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: E402
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID  # noqa: E402
from model_signing import hashing, signing, verifying  # noqa: E402

# The peer warns of every certificate that has an extended key usage alone.
logging.disable(logging.WARNING)

CURVES = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}
SHARD = 300


def peers_hashing(method, algorithm):
    config = hashing.Config()
    name = {"blake2b": "blake2"}.get(algorithm, algorithm)
    if method == "shards":
        config.use_shard_serialization(hashing_algorithm=name, shard_size=SHARD)
    else:
        config.use_file_serialization(hashing_algorithm=name)
    return config.set_ignored_paths(paths=[], ignore_git_paths=True)


def our_hashing(method, algorithm):
    shards = ["--shard-size", str(SHARD)] if method == "shards" else []
    return ["--method", "shards" if method == "shards" else "files", "--hash", algorithm, *shards]


class Keys:
    """A key, a certificate of it, an intermediate and a root; the leaf of the first curve is below an RSA root."""

    def __init__(self, folder, curve):
        self.folder = folder / curve
        self.folder.mkdir()
        root_key = rsa.generate_private_key(65537, 2048) if curve == "p256" else ec.generate_private_key(CURVES[curve]())
        middle_key, leaf_key = (ec.generate_private_key(CURVES[curve]()) for _ in range(2))
        root = self.issue("root", root_key, None, root_key, None, True)
        middle = self.issue("intermediate", middle_key, root, root_key, 0, True)
        leaf = self.issue("leaf", leaf_key, middle, middle_key, None, False)
        for name, certificate in [("root", root), ("chain", middle), ("cert", leaf)]:
            self.write(name, certificate.public_bytes(serialization.Encoding.PEM))
        # Each curve writes its key in another form.
        form = serialization.PrivateFormat.TraditionalOpenSSL if curve == "p384" else serialization.PrivateFormat.PKCS8
        self.write("key", leaf_key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        self.write("public", leaf_key.public_key().public_bytes(serialization.Encoding.PEM, public))

    def issue(self, name, key, above, above_key, length, is_authority):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(above.subject if above else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=length), critical=True)
        )
        if not is_authority:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
            builder = builder.add_extension(usage, critical=False)
        return builder.sign(above_key, hashes.SHA256())

    def write(self, name, data):
        path = self[name]
        path.write_bytes(data)
        os.chmod(path, 0o600)

    def __getitem__(self, name):
        return self.folder / f"{name}.pem"


def make_model(folder):
    """Names whose order depends on how it is taken, and content of many lengths."""
    contents = {
        "config.json": b"{}", "model.safetensors": bytes(range(256)) * 9, "sub/b.txt": b"b", "sub a/k": b"k" * 300,
        "sub-a.txt": b"a" * 301, "sub.txt": b"t" * 299, "deep/a/b/c.bin": b"c" * 600, ".hidden/h": b"h" * 1000,
        "ünï 🦀.txt": b"u", "empty.bin": b"", ".gitignore": b"x", ".github/workflow.yml": b"y", "A.txt": b"A", "a.txt": b"a",
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def run(command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def root_of(signature):
    payload = json.loads(signature.read_text())["dsseEnvelope"]["payload"]
    return json.loads(base64.b64decode(payload))["subject"][0]["digest"]["sha256"]


class Pair:
    """Both sides, for one combination."""

    def __init__(self, ours, keys, is_certified, method, algorithm):
        self.ours, self.keys, self.is_certified = ours, keys, is_certified
        self.method, self.algorithm = method, algorithm

    def sign_here(self, model, signature):
        certificate = ["--cert", self.keys["cert"], "--chain", self.keys["chain"]] if self.is_certified else []
        code, text = run([self.ours, "sign", model, "--key", self.keys["key"], *certificate, "--output", signature,
                          *our_hashing(self.method, self.algorithm)])
        return "" if code == 0 else text

    def verify_here(self, model, signature):
        trust = ["--root", self.keys["root"]] if self.is_certified else ["--key", self.keys["public"]]
        code, text = run([self.ours, "verify", model, "--signature", signature, *trust, "--format", "json"])
        return "" if code == 0 and json.loads(text)["status"] == "verified" else text

    def sign_there(self, model, signature):
        config = signing.Config()
        if self.is_certified:
            config.use_certificate_signer(private_key=self.keys["key"], signing_certificate=self.keys["cert"],
                                          certificate_chain=[self.keys["chain"]])
        else:
            config.use_elliptic_key_signer(private_key=self.keys["key"])
        return self.attempt(lambda: config.set_hashing_config(self.there()).sign(model, signature))

    def verify_there(self, model, signature):
        config = verifying.Config()
        if self.is_certified:
            config.use_certificate_verifier(certificate_chain=[self.keys["root"]])
        else:
            config.use_elliptic_key_verifier(public_key=self.keys["public"])
        return self.attempt(lambda: config.set_hashing_config(self.there()).verify(model, signature))

    def sign_by_command(self, model, signature):
        how = ["certificate", model, "--private_key", self.keys["key"], "--signing_certificate", self.keys["cert"],
               "--certificate_chain", self.keys["chain"]] if self.is_certified else [
               "key", model, "--private_key", self.keys["key"]]
        code, text = run([peer.COMMAND, "sign", *how, "--signature", signature])
        return "" if code == 0 else text

    def verify_by_command(self, model, signature):
        how = ["certificate", model, "--certificate_chain", self.keys["root"]] if self.is_certified else [
               "key", model, "--public_key", self.keys["public"]]
        code, text = run([peer.COMMAND, "verify", *how, "--signature", signature])
        return "" if code == 0 else text

    def there(self):
        return peers_hashing(self.method, self.algorithm)

    @staticmethod
    def attempt(work):
        try:
            work()
        except Exception as error:  # whatever it raises is its answer
            return f"{type(error).__name__}: {error}"
        return ""


def check(pair, model, folder, by_command):
    """What the two sides disagree on."""
    ours, theirs, commanded = (folder / name for name in ("ours.sig", "theirs.sig", "command.sig"))
    wrong = []

    def expect(what, text):
        if text:
            wrong.append(f"{what}: {text}")

    expect("bartizan signs", pair.sign_here(model, ours))
    expect("model-signing signs", pair.sign_there(model, theirs))
    if wrong:
        return wrong
    expect("bartizan verifies its own", pair.verify_here(model, ours))
    expect("bartizan verifies theirs", pair.verify_here(model, theirs))
    expect("model-signing verifies ours", pair.verify_there(model, ours))
    if by_command:
        expect("the command signs", pair.sign_by_command(model, commanded))
        expect("bartizan verifies the command's", pair.verify_here(model, commanded))
        expect("the command verifies ours", pair.verify_by_command(model, ours))
    code, digest = run([pair.ours, "digest", model, *our_hashing(pair.method, pair.algorithm)])
    roots = {root_of(ours), root_of(theirs), digest}
    expect("root digests", "" if code == 0 and len(roots) == 1 else f"{sorted(roots)}")
    changed = model / "sub.txt" if model.is_dir() else model
    before = changed.read_bytes()
    changed.write_bytes(before[:-1] + b"!")
    for what, answer in [("bartizan", pair.verify_here(model, theirs)), ("model-signing", pair.verify_there(model, ours))]:
        expect(f"{what} on a changed model", "" if answer else "it was verified")
    changed.write_bytes(before)
    return wrong


def main():
    ours = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/bartizan").resolve()
    if not ours.exists():
        sys.exit(f"{ours} is not there; {__doc__}")
    combinations = [("files", "sha256"), ("files", "blake2b"), ("files", "blake3"), ("shards", "sha256"),
                    ("shards", "blake2b"), ("single", "sha256")]
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        model = make_model(folder / "model")
        single = folder / "model.onnx"
        single.write_bytes(b"single" * 1000)
        print(f"{'curve':6}{'signer':13}{'method':8}{'hash':9}result")
        for curve in CURVES:
            keys = Keys(folder, curve)
            for is_certified in (False, True):
                for method, algorithm in combinations:
                    pair = Pair(ours, keys, is_certified, method, algorithm)
                    target = single if method == "single" else model
                    wrong = check(pair, target, folder, algorithm == "sha256" and method != "shards")
                    failed += bool(wrong)
                    signer = "certificate" if is_certified else "key"
                    print(f"{curve:6}{signer:13}{method:8}{algorithm:9}{'; '.join(wrong) or 'agreed'}", flush=True)
    print(f"{failed} disagreements" if failed else "both sides agree on everything")
    sys.exit(1 if failed else 0)


main()
