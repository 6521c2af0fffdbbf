#!/usr/bin/env python3
"""Runs the tests of a real server on Valkey.

    python3 scripts/valkey.py            all of `--test redis_server`
    python3 scripts/valkey.py failures   only those with this in their names

`valkey-server` is taken from the PATH. Where it is not there it is fetched with `apt-get download` and unpacked below cargo's target
directory, so that nothing of the machine changes: of Debian 12 from its backports, of later systems from what they come with.
Where it cannot be had this says so and counts as one skip.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["valkey-server", "valkey-tools"]

# What Debian signs with, on every Debian.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def target_directory():
    """Where cargo builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def backports(place):
    """What tells `apt-get` to look into Debian's backports, in lists of its own; `None` on another system."""
    form = "$(REPO_URI) $(CODENAME)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages", "Codename: bookworm"]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.split("\n")
    fields = next((line.split() for line in lines if len(line.split()) == 2), None)
    if fields is None or not KEYRING.exists():
        return None
    address, codename = fields
    sources = place / "backports.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {address} {codename}-backports main\n", encoding="utf-8")
    (place / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/nonexistent",
        "Dir::State::lists": place / "lists",
        "Dir::Cache": place / "cache",
        "APT::Sandbox::User": "root",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def fetched(place):
    """The program, fetched and unpacked; `None` where nobody has it."""
    program = place / "usr/bin/valkey-server"
    if program.exists():
        return program
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return None
    place.mkdir(parents=True, exist_ok=True)

    def apt(*words):
        return subprocess.run(["apt-get", *words], cwd=place, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0

    if not apt("-o", "APT::Sandbox::User=root", "download", *PACKAGES):
        options = backports(place)
        if options is None or not apt(*options, "update") or not apt(*options, "download", *PACKAGES):
            return None
    for package in place.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, place], check=True)
    return program if program.exists() else None


def main(arguments):
    """Runs the tests; the exit code."""
    program = shutil.which("valkey-server") or fetched(target_directory() / "valkey")
    if program is None:
        print("no valkey-server, and no apt-get that has it")
        print("test result: ok. 0 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out")
        return 0
    said = subprocess.run([program, "--version"], capture_output=True, text=True)
    print(said.stdout.strip() or said.stderr.strip(), flush=True)
    command = ["cargo", "test", "--all-features", "--no-fail-fast", "--test", "redis_server", "--", "--quiet", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"KEEPWARM_TEST_SERVER": str(program)}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
