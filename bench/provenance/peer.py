"""model-signing, the reference implementation of OpenSSF model signing, in an environment of its own."""

import os
import pathlib
import subprocess
import sys

# Without pyOpenSSL, which it imports and does not ask for, it does not start.
PACKAGES = ["model-signing==1.1.1", "pyOpenSSL==25.3.0"]
HOME = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "bartizan/model-signing"
PYTHON = HOME / "bin/python"
COMMAND = HOME / "bin/model_signing"


def enter():
    """Goes on in the environment of the peer, which is made when it is not there."""
    if pathlib.Path(sys.prefix) == HOME:
        return
    if not COMMAND.exists():
        print(f"installing {' '.join(PACKAGES)} into {HOME}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
