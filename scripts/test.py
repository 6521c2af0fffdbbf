#!/usr/bin/env python3
"""Runs every check and every test of this repository, and adds up what the runners say.

    python3 scripts/test.py              everything, cheap checks first
    python3 scripts/test.py fmt clippy   only these steps
    python3 scripts/test.py --list       the steps

Needs Rust and Python 3.11, nothing else; `cargo nextest` is used where it is installed. Servers that tests start are installed
with `apt-get` where they are missing. A step that fails does not hold up the others. The last line is `N passed, N failed`, with `, N skipped` where there were skips: a check counts as one,
a runner as many as it ran. The exit code is 0 only when nothing failed.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A step that takes longer hangs, and fails.
LONGEST_STEP = 30 * 60

# How long a step that is ended may take to end what it started itself.
GRACE = 10

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Count:
    """What one runner, or all of them, did."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


class Check:
    """Reads a command that says nothing but by its exit code: it is one check."""

    def line(self, text):
        pass

    def count(self, succeeded):
        return Count(passed=1) if succeeded else Count(failed=1)


class Runner:
    """Adds up the closing lines of a test runner."""

    def __init__(self):
        self.found = Count()
        self.closed = False

    def line(self, text):
        count = self.read(text)
        if count:
            self.found += count
            self.closed = True

    def read(self, text):
        """What a line says when it is a closing one."""
        raise NotImplementedError

    def count(self, succeeded):
        """What was found; a runner that failed without saying so, said nothing, or ran nothing, is itself a failure."""
        ran = self.found.passed + self.found.failed
        silent = not self.closed or not ran or (not succeeded and not self.found.failed)
        return self.found + Count(failed=1) if silent else self.found


class Libtest(Runner):
    """`cargo test`, once for each of its binaries; libtest-mimic and doctests close in the same words."""

    CLOSING = re.compile(r"^test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored;")

    def read(self, text):
        match = self.CLOSING.match(text)
        return match and Count(*map(int, match.groups()))


class Nextest(Runner):
    """`cargo nextest run`. Flaky tests and slow ones have passed; what timed out or could not start has failed."""

    CLOSING = re.compile(r"^\s*Summary \[.*?\]\s+(\d+)(?:/(\d+))? tests? run: (.*)$")

    def read(self, text):
        match = self.CLOSING.match(text)
        if not match:
            return None
        counts = {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+)", re.sub(r"\([^)]*\)", "", match[3]))}
        counts = {name.strip(): number for name, number in counts.items()}
        passed, skipped = counts.pop("passed", 0), counts.pop("skipped", 0)
        # Whatever else is there by whatever name is no success, and neither is what was not run.
        failed = sum(counts.values()) + (int(match[2]) - int(match[1]) if match[2] else 0)
        return Count(passed, failed, skipped)


class Unittest(Runner):
    """Python's unittest: how many it ran, and then what of them did not pass."""

    RAN = re.compile(r"^Ran (\d+) tests? in ")
    OUTCOME = re.compile(r"^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$")

    def __init__(self):
        super().__init__()
        self.ran = None

    def read(self, text):
        if ran := self.RAN.match(text):
            self.ran = int(ran[1])
            return None
        outcome = self.OUTCOME.match(text)
        if self.ran is None or not outcome:
            return None
        parts = dict(re.findall(r"([a-z ]+)=(\d+)", outcome[1] or ""))
        parts = {name.strip(): int(number) for name, number in parts.items()}
        failed = sum(parts.get(name, 0) for name in ("failures", "errors", "unexpected successes"))
        skipped = parts.get("skipped", 0)
        ran, self.ran = self.ran, None
        return Count(ran - failed - skipped, failed, skipped)


class Pytest(Runner):
    """pytest's last line, once for each folder. What fails for want of what does not exist yet, and is known to, counts as skipped."""

    CLOSING = re.compile(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s\b.*$")

    def read(self, text):
        match = self.CLOSING.match(text)
        if not match:
            return None
        counts = {name: int(number) for number, name in re.findall(r"(\d+) ([a-z]+)", match[1])}
        failed = sum(counts.get(name, 0) for name in ("failed", "error", "errors", "xpassed"))
        return Count(counts.get("passed", 0), failed, counts.get("skipped", 0) + counts.get("xfailed", 0))


@dataclass
class Step:
    """One command, and who reads what it says."""

    name: str
    command: list[str]
    reader: type = Check
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What became of a step."""

    step: Step
    count: Count
    seconds: float


def run(step, write, longest=LONGEST_STEP):
    """Runs a step, passing on what it prints."""
    reader = step.reader()
    begun = time.monotonic()
    try:
        process = subprocess.Popen(
            step.command,
            cwd=ROOT,
            env=os.environ | step.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        write(f"{step.command[0]}: {error.strerror}\n")
        return Outcome(step, reader.count(False), time.monotonic() - begun)
    hung = threading.Timer(longest, end, [process])
    hung.start()
    try:
        with process.stdout as output:
            for line in output:
                text = line.decode(errors="replace")
                write(text)
                reader.line(COLOURS.sub("", text).rstrip("\r\n"))
        process.wait()
    except BaseException:
        end(process)
        raise
    finally:
        hung.cancel()
    seconds = time.monotonic() - begun
    if seconds >= longest:
        write(f"{step.name} was ended after {longest} s\n")
    return Outcome(step, reader.count(process.returncode == 0), seconds)


def end(process):
    """Ends a command with all that it started: politely first, for nextest keeps its tests in groups of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            pass


def default_members():
    """The packages that a plain `cargo` command means, and where cargo builds."""
    command = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    members = set(metadata["workspace_default_members"])
    return [package for package in metadata["packages"] if package["id"] in members], Path(metadata["target_directory"])


def own_harnesses(packages):
    """The tests that bring a `main` of their own, as (package, test)."""
    return [
        (package["name"], test["name"])
        for package in packages
        for test in tomllib.loads(Path(package["manifest_path"]).read_text(encoding="utf-8")).get("test", [])
        if not test.get("harness", True)
    ]


def cargo(*command):
    """A cargo command over all that is tested.

    It selects no package, and every command has the same features, all of them: cargo would otherwise choose features
    anew and compile much of the tree a second time, and pass over tests that ask for a feature without a word.
    """
    verb = command[:2] if command[0] == "nextest" else command[:1]
    return ["cargo", *verb, "--all-features", *command[len(verb) :]]


def test_steps(harnesses, nextest):
    """The steps that run Rust's tests, documentation apart."""
    if not nextest:
        return [Step("tests", cargo("test", "--no-fail-fast", "--all-targets", "--quiet"), Libtest)]
    # A suite with a `main` of its own decides while it runs what it skips, and nextest would take a skip for a pass.
    command = cargo("nextest", "run", "--no-fail-fast")
    if harnesses:
        binaries = " or ".join(f"binary_id(={package}::{test})" for package, test in harnesses)
        command += ["--filterset", f"not ({binaries})"]
    steps = [Step("tests", command, Nextest)]
    for name in sorted({test for _, test in harnesses}):
        steps.append(Step(name, cargo("test", "--no-fail-fast", "--test", name, "--", "--quiet"), Libtest))
    return steps


def all_steps(packages, target, nextest):
    """Every step, cheap ones first."""
    warnings = {"RUSTDOCFLAGS": f"{os.environ.get('RUSTDOCFLAGS', '')} -D warnings".strip()}
    python = [sys.executable, "-B"]
    return [
        Step("scripts", [*python, "-m", "unittest", "discover", "-s", "scripts/tests", "-t", "."], Unittest),
        Step("requirements", [*python, "scripts/requirements.py", "--check"]),
        Step("fmt", ["cargo", "fmt", "--all", "--check"]),
        Step("clippy", cargo("clippy", "--all-targets", "--", "-D", "warnings")),
        # As most users build it; what only a feature uses must not be there without it.
        Step("plain", ["cargo", "clippy", "--", "-D", "warnings"]),
        Step("doc", cargo("doc", "--no-deps", "--lib"), environment=warnings),
        Step("build", cargo("build", "--all-targets")),
        *test_steps(own_harnesses(packages), nextest),
        # The same tests as among those above, on the other server that speaks so.
        Step("valkey", [*python, "scripts/valkey.py"], Libtest),
        Step("doctests", cargo("test", "--doc", "--no-fail-fast"), Libtest),
        # The extension module is no default member: it is built as the package builds it, and tested through Python.
        Step(
            "python-clippy",
            ["cargo", "clippy", "-p", "keepwarm-python", "--all-targets", "--", "-D", "warnings"],
            environment={"PYO3_BUILD_EXTENSION_MODULE": "1"},
        ),
        Step(
            "python-doc",
            ["cargo", "doc", "-p", "keepwarm-python", "--no-deps", "--document-private-items"],
            environment=warnings | {"PYO3_BUILD_EXTENSION_MODULE": "1"},
        ),
        Step("python", [*python, "scripts/python_tests.py", "pytest"], Pytest),
        Step("django", [*python, "scripts/python_tests.py", "django"], Unittest),
        Step("demo", [str(target / "debug/shop"), "--once", "--requests", "400"]),
    ]


def table(outcomes):
    """One line for each step."""
    lines = [f"{'step':14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    for outcome in outcomes:
        count = outcome.count
        line = f"{outcome.step.name:14}{count.passed:8}{count.failed:8}{count.skipped:9}{outcome.seconds:9.1f}"
        lines.append(line + ("  FAILED" if count.failed else ""))
    return "\n".join(lines)


def run_all(steps, write):
    """Runs the steps one after the other and prints what came of them; the exit code."""
    outcomes = []
    for step in steps:
        write(f"\n== {step.name}: {' '.join(step.command)}\n")
        outcomes.append(run(step, write))
    total = sum((outcome.count for outcome in outcomes), Count())
    write(f"\n{table(outcomes)}\n\n{total}\n")
    return 1 if total.failed else 0


# The programs of servers that tests start themselves, and the packages they come in.
SERVERS = {"redis-server": "redis-server"}


def install_servers(write):
    """Installs what is missing; a test that finds no server says so itself."""
    missing = {package for program, package in SERVERS.items() if not shutil.which(program)}
    # Debian keeps what makes an environment with pip in a package of its own.
    if not importlib.util.find_spec("ensurepip"):
        missing.add("python3-venv")
    missing = sorted(missing)
    if not missing:
        return
    if not shutil.which("apt-get"):
        write(f"not installed, and no apt-get to install it: {', '.join(missing)}\n")
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            write(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}\n")
            return


def write(text):
    """Prints at once, so that a log can be followed."""
    sys.stdout.write(text)
    sys.stdout.flush()


def main(arguments=None):
    """Runs what was asked for; the exit code."""
    parser = argparse.ArgumentParser(description="runs every check and every test, and adds up what the runners say")
    parser.add_argument("--list", action="store_true", help="list the steps")
    parser.add_argument("steps", nargs="*", metavar="step", help="only these steps")
    options = parser.parse_args(arguments)
    # Whoever ends this script ends the step that runs: an exception on the way out, and not a death on the spot.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if not shutil.which("cargo"):
        write("cargo is not installed; see https://rustup.rs\n\n0 passed, 1 failed\n")
        return 1
    nextest = shutil.which("cargo-nextest") is not None
    try:
        steps = all_steps(*default_members(), nextest)
    except subprocess.CalledProcessError:
        write("cargo cannot read the workspace\n\n0 passed, 1 failed\n")
        return 1
    names = [step.name for step in steps]
    if options.list:
        write("\n".join(names) + "\n")
        return 0
    if unknown := [name for name in options.steps if name not in names]:
        parser.error(f"there is no step {', '.join(unknown)}; there are {', '.join(names)}")
    if options.steps:
        left_out = [name for name in names if name not in options.steps]
        steps = [step for step in steps if step.name in options.steps]
        write(f"not run: {', '.join(left_out)}\n")
    if any(step.reader is not Check for step in steps):
        install_servers(write)
    return run_all(steps, write)


if __name__ == "__main__":
    sys.exit(main())
