#!/usr/bin/env python3
"""Makes one virtual environment per peer scanner, pinned, under ${XDG_CACHE_HOME:-~/.cache}/bartizan/peers/NAME.

Peers are installed, never imported: each runs in its own process from its own environment. Skips with a message when
the package index cannot be reached.
"""
import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

# fickling imports typing_extensions on Python 3.11 without declaring it.
PINS = {
    "picklescan": ["picklescan==1.0.5"],
    "modelscan": ["modelscan==0.8.8"],
    "fickling": ["fickling==0.1.12", "typing_extensions==4.15.0"],
    "modelaudit": ["modelaudit==0.2.54", "modelaudit-picklescan==0.1.12"],
}
# No peer may call home or answer from a cache of an earlier run.
ENVIRONMENT = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}


def cache() -> Path:
    """The folder in which the benchmarks keep environments, cases and large inputs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bartizan"


def program(name: str) -> Path:
    """The command of a peer."""
    return cache() / "peers" / name / "bin" / name


def installed(name: str) -> bool:
    """Whether the peer's environment was completed with today's pins."""
    stamp = cache() / "peers" / name / "pins"
    return program(name).exists() and stamp.exists() and stamp.read_text().split() == PINS[name]


def command(name: str, target: str) -> list[str]:
    """The command line with which a peer scans one file or folder."""
    peer = str(program(name))
    return {
        "picklescan": [peer, "-p", target],
        "modelscan": [peer, "scan", "-p", target, "-r", "json"],
        "fickling": [peer, "--check-safety", "--json-output", os.devnull, "--print-results", target],
        "modelaudit": [peer, "scan", target, "--no-cache", "--format", "json"],
    }[name]


def environment() -> dict[str, str]:
    """The environment in which peers run."""
    return os.environ | ENVIRONMENT


def install(name: str) -> bool:
    """Makes the environment of one peer; false when its packages cannot be had."""
    folder = cache() / "peers" / name
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PINS[name]]
    if (done := subprocess.run(pip, stderr=subprocess.PIPE, text=True)).returncode:
        print(f"{name}: skipped, pip could not install it:\n{done.stderr.strip()[-400:]}", file=sys.stderr)
        return False
    (folder / "pins").write_text("\n".join(PINS[name]) + "\n")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PINS)} [default: all]")
    names = parser.parse_args().names or list(PINS)
    if unknown := set(names) - set(PINS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
    for name in names:
        if installed(name) or install(name):
            print(f"{name}: {program(name)} ({', '.join(PINS[name])})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
