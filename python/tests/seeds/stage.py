"""Where a block runs: a door, a backend with a real store behind it, and what the document takes for granted."""

import ast
import asyncio
import importlib
import inspect
import sys
import types

import keepwarm
from changes import changed

from extract import kept

BLOCKS = {block.name: block for block in kept()}

# The backends every block runs on.
KINDS = ("memory", "file", "redis")

# Whose values are pickled where other processes could write, who is to be trusted is said by this.
SIGNING_KEY = "the key of the tests of the documents"

CLASSES = {"memory": "MemoryCache", "file": "FileCache", "redis": "RedisCache", "dummy": "DummyCache"}


# A machine under load may take longer than a program wants to wait for its cache.
PATIENT = {"deadline": 120, "SOCKET_TIMEOUT": 120, "SOCKET_CONNECT_TIMEOUT": 120}


def patiently(use):
    """What `use` gives where a block says itself how its cache is made, and so how long that waits: tried again when the machine was slow."""
    for _ in range(100):
        try:
            return use()
        except keepwarm.exceptions.TimeoutError:
            pass
    return use()


def lives(left, seconds):
    """Whether that much is left of so many seconds, on a machine that may have taken a while, with a clock that may be coarse."""
    return left is not None and seconds * 0.8 < left < seconds + 0.1


class Stage:
    """One door with one kind of backend. `undo` is asked to take back what it changes."""

    def __init__(self, door, kind, locations, undo):
        self.door = door
        self.kind = kind
        self.locations = locations
        self.undo = undo
        self.has_run = []

    def backend(self, kind=None):
        """What settings call the backend at this door."""
        kind = kind or self.kind
        return f"keepwarm.django.{CLASSES[kind]}" if self.door == "django" else kind

    def settings(self, **options):
        """The settings of one alias, as Django writes them."""
        alias = {"BACKEND": self.backend(), "LOCATION": self.locations[self.kind], **options}
        if self.kind == "redis":
            alias["OPTIONS"] = {**PATIENT, **alias.get("OPTIONS", {})}
        if self.kind != "memory" and self.door != "django":
            alias["SIGNING_KEY"] = SIGNING_KEY
        return alias

    def install(self, **aliases):
        """Makes these the settings of the program."""
        aliases = aliases or {"default": self.settings()}
        if self.door == "django":
            from django.test.utils import override_settings

            self.undo.enter_context(override_settings(CACHES=aliases))
        # Behind Django's door these are the settings of the package as well, for what it gives beside the caches.
        keepwarm.configure(aliases)

    @property
    def cache(self):
        """`cache`, as a program at this door has it."""
        home = {"django": "django.core.cache", "plain": "keepwarm", "async": "keepwarm.core.cache"}[self.door]
        return importlib.import_module(home).cache

    def alias(self, name):
        """The cache of an alias."""
        if self.door == "django":
            return importlib.import_module("django.core.cache").caches[name]
        return importlib.import_module("keepwarm.core.cache" if self.door == "async" else "keepwarm").get_cache(name)

    def run(self, name, module="printed.block", places=(), **given):
        """Runs a block, in a module of its own, with the names that its document takes for granted; gives that module."""
        text = changed(name, BLOCKS[name].text, self.door, places)
        self.has_run.append(name)
        home = sys.modules[module] = types.ModuleType(module)
        home.__package__ = module.rpartition(".")[0]
        if self.door != "workers" and "cache" not in given:
            given["cache"] = self.cache
        home.__dict__.update(given)
        code = compile(text, f"<{name}>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if code.co_flags & inspect.CO_COROUTINE:
            # Blocks with `await` outside of a function run as in a notebook.
            asyncio.run(types.FunctionType(code, home.__dict__)())
        else:
            exec(code, home.__dict__)
        return home
