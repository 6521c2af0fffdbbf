"""Processes beside the tests' own, each ended by its own id."""

import subprocess
from contextlib import contextmanager


@contextmanager
def started(*command):
    """A process with pipes, which is ended."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
