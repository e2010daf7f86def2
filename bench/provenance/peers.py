#!/usr/bin/env python3
"""The inventory against real systems: moto's S3, Debian's docker-registry, and (with --mlflow) an MLflow server.

    python3 bench/provenance/peers.py [--mlflow] [--bartizan PATH]

Installs them below ~/.cache/bartizan (nothing is installed into the system), starts them on loopback, puts one small
model into each, and checks that `bartizan inventory` calls it one asset with a location in every one of them. Stops
everything that it started. Needs python3, git, and `apt-get download` unless docker-registry is installed.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "bartizan"
MOTO = ["moto[server,s3]==5.2.5", "boto3"]
MLFLOW = ["mlflow==3.17.2"]


def environment(name, packages):
    """A virtual environment with these packages; made once."""
    folder = CACHE / name
    done = folder / "installed"
    wanted = "\n".join(packages)
    if not done.exists() or done.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", *packages], check=True)
        done.write_text(wanted)
    return folder / "bin"


def registry_program():
    """The program of Debian's package docker-registry, unpacked into the cache if it is not installed."""
    installed = shutil.which("docker-registry")
    if installed:
        return installed
    folder = CACHE / "docker-registry"
    program = folder / "usr/bin/docker-registry"
    if not program.exists():
        with tempfile.TemporaryDirectory() as download:
            subprocess.run(["apt-get", "download", "docker-registry"], cwd=download, check=True)
            package = next(pathlib.Path(download).glob("docker-registry_*.deb"))
            subprocess.run(["dpkg", "-x", package, folder], check=True)
    return program


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peers:
    """What was started, to be stopped by process id."""

    def __init__(self, folder):
        self.folder = folder
        self.running = []

    def start(self, name, command, address, seconds, **variables):
        log = open(self.folder / f"{name}.log", "wb")
        began = time.monotonic()
        # A group of its own: MLflow starts workers.
        process = subprocess.Popen(
            [str(part) for part in command], stdout=log, stderr=log, cwd=self.folder,
            env={**os.environ, **variables}, start_new_session=True,
        )
        self.running.append((name, process))
        while time.monotonic() - began < seconds:
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(address, timeout=5).close()
                print(f"{name}: up after {time.monotonic() - began:.1f} s")
                return
            except urllib.error.HTTPError:
                print(f"{name}: up after {time.monotonic() - began:.1f} s")
                return
            except OSError:
                time.sleep(0.2)
        tail = (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]
        raise SystemExit(f"{name} did not start:\n{tail}")

    def stop(self):
        for name, process in reversed(self.running):
            for sign in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, sign)
                except ProcessLookupError:
                    break
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
            print(f"{name}: stopped")


def request(method, address, body=None, **headers):
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    call = urllib.request.Request(address, data=body, method=method, headers=headers)
    with urllib.request.urlopen(call, timeout=60) as answer:
        return answer.read(), answer.headers


def model(elements):
    """A safetensors file of one tensor."""
    header = json.dumps({"weight": {"dtype": "F32", "shape": [elements], "data_offsets": [0, 4 * elements]}})
    return struct.pack("<Q", len(header)) + header.encode() + bytes(i % 251 for i in range(4 * elements))


def fill_s3(tools, address, weights):
    script = (
        "import boto3, sys\n"
        "s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1')\n"
        "s3.create_bucket(Bucket='zoo')\n"
        "body = sys.stdin.buffer.read()\n"
        "s3.put_object(Bucket='zoo', Key='prod/model.safetensors', Body=body)\n"
        "s3.put_object(Bucket='zoo', Key='notes.txt', Body=b'words')\n"
    )
    subprocess.run([tools / "python", "-c", script, address], input=weights, check=True,
                   env={**os.environ, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})


def push(address, repository, body):
    """Uploads a blob in one step; gives its descriptor."""
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    _, headers = request("POST", f"{address}/v2/{repository}/blobs/uploads/", b"")
    place = headers["location"]
    place = place if place.startswith("http") else address + place
    joint = "&" if "?" in place else "?"
    request("PUT", f"{place}{joint}digest={digest}", body, content_type="application/octet-stream")
    return {"digest": digest, "size": len(body)}


def fill_registry(address, weights):
    config = json.dumps({"descriptor": {"licenses": ["apache-2.0"]}, "config": {"architecture": "toy"}}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.cncf.model.config.v1+json", **push(address, "team/toy", config)},
        "layers": [{
            "mediaType": "application/vnd.cncf.model.weight.v1.raw",
            "annotations": {"org.cncf.model.filepath": "model.safetensors"},
            **push(address, "team/toy", weights),
        }],
    }
    for tag in ("v1", "latest"):
        request("PUT", f"{address}/v2/team/toy/manifests/{tag}", json.dumps(manifest).encode(),
                content_type=manifest["mediaType"])


def fill_mlflow(address, weights):
    api = f"{address}/api/2.0/mlflow"

    def call(verb, **body):
        answer, _ = request("POST", f"{api}/{verb}", json.dumps(body).encode(), content_type="application/json")
        return json.loads(answer)

    run = call("runs/create", experiment_id="0", start_time=int(time.time() * 1000))["run"]["info"]
    call("runs/log-inputs", run_id=run["run_id"], datasets=[{
        "tags": [{"key": "mlflow.data.context", "value": "training"}],
        "dataset": {"name": "wine", "digest": "ab12cd34", "source_type": "http", "source": "{}"},
    }])
    root = run["artifact_uri"].split(":", 1)[1].strip("/")
    request("PUT", f"{address}/api/2.0/mlflow-artifacts/artifacts/{root}/model/data/model.safetensors", weights)
    request("PUT", f"{address}/api/2.0/mlflow-artifacts/artifacts/{root}/model/MLmodel", b"flavors: {}\n")
    call("registered-models/create", name="toy")
    call("model-versions/create", name="toy", source=f"{run['artifact_uri']}/model", run_id=run["run_id"])


def check(condition, message):
    if not condition:
        raise SystemExit(f"FAILED: {message}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mlflow", action="store_true", help="start an MLflow server too (850 MB to install)")
    parser.add_argument("--bartizan", default="target/release/bartizan", help="the program [%(default)s]")
    arguments = parser.parse_args()
    bartizan = pathlib.Path(arguments.bartizan).resolve()
    check(bartizan.exists(), f"{bartizan} is not there: cargo build --release")
    tools = environment("peers-venv", MOTO)
    registry = registry_program()
    tracking_tools = environment("mlflow-venv", MLFLOW) if arguments.mlflow else None
    weights = model(1 << 16)
    with tempfile.TemporaryDirectory(prefix="bartizan-peers-") as folder:
        folder = pathlib.Path(folder)
        peers = Peers(folder)
        try:
            run(folder, peers, bartizan, tools, registry, tracking_tools, weights)
        finally:
            peers.stop()
    print("all systems hold one asset")


def run(folder, peers, bartizan, tools, registry, tracking_tools, weights):
    store = folder / "inventory.json"
    s3 = f"http://127.0.0.1:{free_port()}"
    variables = {
        **os.environ, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
        "HOME": str(folder),
    }

    def inventory(*words):
        done = subprocess.run([bartizan, "inventory", "--store", store, *words], env=variables,
                              capture_output=True, text=True, timeout=600)
        check(done.returncode == 0, f"inventory {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    peers.start("moto", [tools / "moto_server", "-H", "127.0.0.1", "-p", s3.rsplit(":", 1)[1]], s3, 60)
    fill_s3(tools, s3, weights)
    inventory("add", "s3", "s3://zoo", "--endpoint", s3)

    port = free_port()
    (folder / "registry.yml").write_text(
        f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {folder}/registry\n"
        f"http:\n  addr: 127.0.0.1:{port}\n"
    )
    address = f"http://127.0.0.1:{port}"
    peers.start("docker-registry", [registry, "serve", folder / "registry.yml"], f"{address}/v2/", 60)
    fill_registry(address, weights)
    inventory("add", "oci", f"127.0.0.1:{port}")
    expected = ["s3", "oci", "dir"]

    (folder / "zoo").mkdir()
    (folder / "zoo/model.safetensors").write_bytes(weights)
    inventory("add", "dir", str(folder / "zoo"))

    if tracking_tools:
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        command = [tracking_tools / "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
                   "--artifacts-destination", folder / "artifacts", "--host", "127.0.0.1", "--port", port,
                   "--workers", "1"]
        path = f"{tracking_tools}:{os.environ['PATH']}"
        peers.start("mlflow", command, f"{address}/health", 300, PATH=path, HOME=str(folder))
        fill_mlflow(address, weights)
        inventory("add", "mlflow", address)
        expected.append("mlflow")

    began = time.monotonic()
    print(inventory("sync"), end="")
    print(f"first sync: {time.monotonic() - began:.2f} s")
    digest = hashlib.sha256(weights).hexdigest()
    assets = [asset for asset in json.loads(inventory("list", "--format", "json")) if asset["sha256"] == digest]
    check(len(assets) == 1, f"{len(assets)} assets have the digest")
    found = sorted(location["type"] for location in assets[0]["locations"])
    check(found == sorted(expected), f"it is at {found}, expected {sorted(expected)}")
    check(assets[0]["facts"]["parameters"] == 1 << 16, "the parameters were counted")
    check(assets[0]["facts"]["licence"] == "apache-2.0", "the registry's configuration was read")
    if tracking_tools:
        check("wine@ab12cd34" in assets[0]["facts"]["datasets"], "the run's dataset is known")
    began = time.monotonic()
    again = json.loads(inventory("sync", "--format", "json"))
    print(f"second sync: {time.monotonic() - began:.2f} s")
    for source in again["sources"]:
        check(source["complete"] and not source["new"] and not source["changed"], f"nothing changed: {source}")
    inventory("verify")
    print(inventory("list", "--duplicates"), end="")


if __name__ == "__main__":
    main()
