"""The file backend beside diskcache and Django's FileBasedCache, each in a directory of its own."""

from rounds import Row, calls
from stores import Absent, installed, ours, peer
from values import SMALL

from memory_rows import Deletes

# Django lists its directory at each set: with so many entries as a program has.
ENTRIES = 1000


def rows(place):
    """Every row."""
    mine = filled(ours("FileCache", str(place / "keepwarm")))
    try:
        disk = filled(installed("diskcache").Cache(str(place / "diskcache")))
    except Absent as absent:
        disk, why = None, str(absent)
    django = filled(peer("FileBasedCache", str(place / "django"), {"OPTIONS": {"MAX_ENTRIES": 10_000}}))
    # A read waits for no disk here, so that processor time counts, which other programs leave alone; a write may.
    get, write = calls(mine.get, "entry:7"), calls(mine.set, "entry:7", SMALL)
    if disk is None:
        yield Row("file get, set, incr, delete", "diskcache", 1 / 4, missing=why)
    else:
        mine.set("count", 0, None)
        disk.set("count", 0)
        yield Row("file get dict of 5", "diskcache", 1 / 4, get, calls(disk.get, "entry:7"), clock="cpu")
        yield Row("file set dict of 5", "diskcache", 1 / 15, write, calls(disk.set, "entry:7", SMALL))
        yield Row("file incr", "diskcache", 1 / 10, calls(mine.incr, "count"), calls(disk.incr, "count"))
        yield Row("file delete", "diskcache", 1 / 10, Deletes(mine), Deletes(disk))
    yield Row("file get dict of 5", "FileBasedCache", 1 / 10, get, calls(django.get, "entry:7"), clock="cpu")
    yield Row("file set dict of 5", "FileBasedCache", 1 / 300, write, calls(django.set, "entry:7", SMALL))


def filled(cache):
    """With entries in it."""
    for number in range(ENTRIES):
        cache.set(f"entry:{number}", SMALL)
    if cache.get("entry:7") != SMALL:
        raise AssertionError("it does not come back")
    return cache
