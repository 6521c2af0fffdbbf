"""Which test runs which block, and which blocks wait for what does not exist yet."""

import pytest

RUNS = {}
WAITS = {}


def runs(name):
    """The test runs this block and looks at what came of it."""

    def decorate(test):
        assert name not in RUNS and name not in WAITS, f"{name} has two tests"
        RUNS[name] = test.__qualname__
        return pytest.mark.block(name)(test)

    return decorate


def waits(name, what, raises):
    """The test runs this block as it shall run one day, and fails today for want of `what`, with `raises`. When it passes it
    fails the run, so that the list stays true."""

    def decorate(test):
        assert name not in RUNS and name not in WAITS, f"{name} has two tests"
        WAITS[name] = what
        waiting = pytest.mark.xfail(strict=True, raises=raises, reason=f"{name} waits for {what}")
        return pytest.mark.block(name)(waiting(test))

    return decorate
