#!/usr/bin/env python3
"""Reads bartizan's attestations with other libraries, and makes some for it.

    bench/provenance/attestation.py [BARTIZAN]

Keys and certificates on three curves: the DSSE signature is checked with `cryptography` from the words of the
specification, and the statement with `json`; then Python signs, and bartizan has to believe it, but not for another
model. Keyless: a signature and an attestation that were made against the double of Sigstore (`cargo test` starts it) are
verified by `model_signing` and by sigstore-python. Prints a table; exits with 1 on any disagreement.
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import peer

peer.enter()

from cryptography import x509  # noqa: E402
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402
from sigstore.models import Bundle, ClientTrustConfig  # noqa: E402
from sigstore.verify import Verifier, policy  # noqa: E402

CURVES = {"p256": (ec.SECP256R1, hashes.SHA256), "p384": (ec.SECP384R1, hashes.SHA384), "p521": (ec.SECP521R1, hashes.SHA512)}
TYPES = {
    "scan": "https://github.com/bartizan-security/bartizan/attestation/scan/v1",
    "approval": "https://github.com/bartizan-security/bartizan/attestation/approval/v1",
    "bom": "https://cyclonedx.org/bom",
}
IN_TOTO = "application/vnd.in-toto+json"


def encoding(kind, payload):
    """What DSSE signs: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md"""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


class Signer:
    """A key, and a certificate of it under a root."""

    def __init__(self, folder, curve):
        self.folder, (kind, self.hash) = folder / curve, CURVES[curve]
        self.folder.mkdir()
        self.key, root_key = ec.generate_private_key(kind()), ec.generate_private_key(kind())
        root = self.issue("root", root_key.public_key(), "root", root_key, True)
        leaf = self.issue("leaf", self.key.public_key(), "root", root_key, False)
        pem = serialization.Encoding.PEM
        self.write("root", root.public_bytes(pem))
        self.write("cert", leaf.public_bytes(pem))
        self.write("key", self.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.write("public", self.key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))

    def issue(self, name, key, issuer, issuer_key, is_authority):
        def named(text):
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        start = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
        usage = dict.fromkeys(["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
                               "encipher_only", "decipher_only"], False)
        usage |= {"key_cert_sign": is_authority, "digital_signature": not is_authority}
        return (
            x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer)).public_key(key)
            .serial_number(x509.random_serial_number()).not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(is_authority, None), True).add_extension(x509.KeyUsage(**usage), True)
            .sign(issuer_key, hashes.SHA256())
        )

    def write(self, name, content):
        path = self[name]
        path.write_bytes(content)
        path.chmod(0o600)

    def __getitem__(self, name):
        return self.folder / f"{name}.pem"


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    return done.returncode, (done.stdout + done.stderr).strip()


def read(line, signer, is_certified, kind, digest):
    """What is wrong with an attestation, as Python sees it."""
    bundle = json.loads(line)
    envelope, material = bundle["dsseEnvelope"], bundle["verificationMaterial"]
    payload = base64.b64decode(envelope["payload"])
    public = signer.key.public_key()
    if is_certified:
        leaf = x509.load_der_x509_certificate(base64.b64decode(material["x509CertificateChain"]["certificates"][0]["rawBytes"]))
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(signer["root"].read_bytes()))
        public = leaf.public_key()
    elif material["publicKey"]["hint"] != hashlib.sha256(signer["public"].read_bytes()).hexdigest():
        return "the hint is not the digest of the key"
    try:
        signature = base64.b64decode(envelope["signatures"][0]["sig"])
        public.verify(signature, encoding(envelope["payloadType"], payload), ec.ECDSA(signer.hash()))
    except InvalidSignature:
        return "the signature does not hold"
    statement = json.loads(payload)
    found = (envelope["payloadType"], statement["_type"], statement["predicateType"], statement["subject"][0]["digest"])
    expected = (IN_TOTO, "https://in-toto.io/Statement/v1", TYPES[kind], {"sha256": digest})
    return "" if found == expected else f"{found} instead of {expected}"


def envelope_by_python(signer, digest):
    predicate = {"decision": "approved", "approver": "Python", "approved_at": "2026-01-01T00:00:00Z"}
    payload = json.dumps({"_type": "https://in-toto.io/Statement/v1", "predicateType": TYPES["approval"],
                          "subject": [{"name": "model", "digest": {"sha256": digest}}], "predicate": predicate}).encode()
    signature = signer.key.sign(encoding(IN_TOTO, payload), ec.ECDSA(signer.hash()))
    return json.dumps({"payload": base64.b64encode(payload).decode(), "payloadType": IN_TOTO,
                       "signatures": [{"keyid": None, "sig": base64.b64encode(signature).decode()}]})


def check(ours, model, folder, signer, is_certified):
    """What the two sides disagree on."""
    wrong = []
    code, digest = run(ours, "digest", model)
    made = folder / "made.json"
    code, text = run(ours, "bom", model, "--output", folder / "bom.json")
    certificate = ["--cert", signer["cert"]] if is_certified else []
    trust = ["--root", signer["root"]] if is_certified else ["--key", signer["public"]]
    says = {"scan": [], "approval": ["--approver", "Board"], "bom": ["--predicate", folder / "bom.json"]}
    for kind, more in says.items():
        code, text = run(ours, "attest", model, "--type", kind, "--key", signer["key"], *certificate, *more, "--output", made)
        problem = text if code else read(made.read_text(), signer, is_certified, kind, digest)
        if problem:
            wrong.append(f"{kind}: {problem}")
        code, text = run(ours, "verify-attestation", model, "--attestation", made, *trust)
        if code:
            wrong.append(f"{kind}, bartizan itself: {text}")
    if not is_certified:
        for subject, expected in [(digest, 0), ("0" * 64, 1)]:
            made.write_text(envelope_by_python(signer, subject))
            code, text = run(ours, "verify-attestation", model, "--attestation", made, *trust)
            if code != expected:
                wrong.append(f"Python's envelope: exit code {code}: {text}")
    return wrong


def keyless(folder):
    """What model_signing and sigstore-python say of what was signed against the double."""
    root = pathlib.Path(__file__).resolve().parents[2]
    test = ["cargo", "test", "--quiet", "--package", "bartizan", "--test", "cli", "--", "--ignored",
            "signatures_for_other_verifiers_are_left_in_a_folder"]
    code, text = run(*test, cwd=root, env=os.environ | {"BARTIZAN_KEYLESS": str(folder)})
    if code:
        return [f"cargo test: {text}"]
    identity, issuer = (folder / "identity").read_text(), (folder / "issuer").read_text()
    wrong = []
    for who, expected in [(identity, 0), ("eve@example.com", 1)]:
        code, text = run(peer.COMMAND, "verify", "sigstore", folder / "model", "--signature", folder / "model.sig", "--identity",
                         who, "--identity_provider", issuer, "--trust_config", folder / "trust.json")
        if code != expected:
            wrong.append(f"model_signing: exit code {code} for {who}: {text}")
    config = ClientTrustConfig.from_json((folder / "trust.json").read_text())
    verifier = Verifier(trusted_root=config.trusted_root)
    bundle = Bundle.from_json((folder / "model.attestations.jsonl").read_text().strip())
    try:
        kind, payload = verifier.verify_dsse(bundle, policy.Identity(identity=identity, issuer=issuer))
        if (kind, json.loads(payload)["predicateType"]) != (IN_TOTO, TYPES["scan"]):
            wrong.append(f"sigstore-python: {kind} {payload}")
    except Exception as error:  # whatever it raises is its answer
        wrong.append(f"sigstore-python: {type(error).__name__}: {error}")
    return wrong


def main():
    ours = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/bartizan").resolve()
    if not ours.exists():
        sys.exit(f"{ours} is not there; {__doc__}")
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = folder / "model"
        (model / "sub").mkdir(parents=True)
        (model / "config.json").write_text("{}")
        (model / "sub/weights.bin").write_bytes(bytes(range(256)))
        print(f"{'curve':9}{'signer':13}result")
        for curve in CURVES:
            signer = Signer(folder, curve)
            for is_certified in (False, True):
                wrong = check(ours, model, folder, signer, is_certified)
                failed += bool(wrong)
                print(f"{curve:9}{'certificate' if is_certified else 'key':13}{'; '.join(wrong) or 'agreed'}", flush=True)
        wrong = keyless(folder / "keyless")
        failed += bool(wrong)
        print(f"{'p256':9}{'keyless':13}{'; '.join(wrong) or 'agreed'}")
    print(f"{failed} disagreements" if failed else "both sides agree on everything")
    sys.exit(1 if failed else 0)


main()
