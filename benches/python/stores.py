"""The stores: ours by their Django classes, and the peers; what cannot be had is None with its reason."""

import importlib
import os

# By what name a store is asked for, and where it comes from.
PEERS = {
    "LocMemCache": "django.core.cache.backends.locmem.LocMemCache",
    "FileBasedCache": "django.core.cache.backends.filebased.FileBasedCache",
    "RedisCache": "django.core.cache.backends.redis.RedisCache",
    "vcache": "django_vcache.backend.ValkeyCache",
}


# Room for every key of a bench, in the policy that settings without bounds choose: `MAX_ENTRIES` alone asks our store for Django's
# exact LRU, behind one lock, where a read has to write.
THEIR_ROOM = {"MAX_ENTRIES": 10_000_000}
ROOM = {**THEIR_ROOM, "EVICTION": "s3-fifo"}


class Absent(Exception):
    """What a row needs is not there; the message is what the table says."""


def load(dotted, why):
    """A class by its path, or `Absent`."""
    module, _, name = dotted.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise Absent(f"{why}: {error}") from None


def peer(name, location, params=None):
    """One of Django's backends, or of its relatives."""
    return load(PEERS[name], f"no {name}")(location, params or {})


def ours(name, location, params=None):
    """One of our own."""
    return load(f"keepwarm.django.{name}", "not there yet")(location, params or {})


def installed(module):
    """A module, or `Absent`."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Absent(f"{module} is not installed here: {error}") from None


def load_of_machine():
    """How many run or wait to run."""
    return ", ".join(f"{load:.2f}" for load in os.getloadavg())
