"""The caches of a program by alias, and the `cache` that is the default one."""

import importlib
import os
import sys
import threading

from keepwarm._native import known_backends, settings_of_environment
from keepwarm._opening import flattened
from keepwarm.exceptions import ConfigurationError, InvalidCacheBackendError

_configured = None
_environment = None
_lock = threading.Lock()


def configure(caches):
    """Sets the caches of the program, in the form of Django's `CACHES` with names in any case. Before the first use."""
    global _configured
    if "default" not in caches:
        raise ConfigurationError("the caches have no `default`")
    with _lock:
        _configured = dict(caches)
    for handler in Aliases.handlers:
        handler.forget()


def settings():
    """What `configure` set; else Django's `CACHES`; else what the environment says (`KEEPWARM_SETTINGS`, `KEEPWARM_URL`, ..., as
    docs/settings.md has them); else one in memory."""
    if _configured is not None:
        return _configured
    if (conf := sys.modules.get("django.conf")) is not None and conf.settings.configured:
        return conf.settings.CACHES
    return environment() or {"default": {"backend": "memory"}}


def environment():
    """What the environment says, read and checked by what Rust programs read it with; read again when it changed."""
    global _environment
    variables = {name: value for name, value in os.environ.items() if name.startswith("KEEPWARM_")}
    # Where one of them says something of the caches, each has to be known.
    if not any(name in ("KEEPWARM_SETTINGS", "KEEPWARM_URL") or name.endswith("_URL") or "__" in name for name in variables):
        return None
    if _environment is None or _environment[0] != variables:
        _environment = variables, settings_of_environment(variables)
    return _environment[1]


class Aliases:
    """The caches of one face by alias: the same object each time."""

    handlers = []

    def __init__(self, plain_class):
        self._class = plain_class
        self._made = {}
        self._lock = threading.RLock()
        self.handlers.append(self)

    def __getitem__(self, alias):
        made = self._made.get(alias)
        if made is None:
            with self._lock:
                made = self._made.get(alias)
                if made is None:
                    made = self._made[alias] = self._make(alias)
        return made

    def __iter__(self):
        return iter(settings())

    def all(self, initialized_only=False):
        """All caches, or those that were made already."""
        return list(self._made.values()) if initialized_only else [self[alias] for alias in self]

    def forget(self):
        """Makes them anew when they are next asked for."""
        with self._lock:
            self._made.clear()

    def _make(self, alias):
        try:
            given = settings()[alias]
        except KeyError:
            raise InvalidCacheBackendError(f"The connection '{alias}' doesn't exist.") from None
        options = flattened(given)
        backend = options.pop("backend", None)
        key_function = options.pop("key_function", None)
        if isinstance(key_function, str):
            key_function = imported(key_function)
        own = own_class(backend)
        if own is not None:
            return own(**options)
        owner = type(self._class.__name__, (self._class,), {"kind": backend, "_own_store": False, "__module__": self._class.__module__})
        return owner(name=alias, key_function=key_function, **options)


def own_class(backend):
    """The class of a program's own that a dotted path names; `None` for a backend that Rust knows."""
    if not isinstance(backend, str) or "." not in backend or backend in known_backends():
        return None
    try:
        return imported(backend)
    except (ImportError, AttributeError) as error:
        raise InvalidCacheBackendError(f"Could not find backend {backend!r}: {error}") from error


def imported(path):
    """What a dotted path names."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


class DefaultCache:
    """The default cache: its verbs are here, and called it gives the cache itself."""

    def __init__(self, aliases):
        self.__dict__["_aliases"] = aliases

    def __call__(self):
        return self._aliases["default"]

    def __getattr__(self, name):
        return getattr(self._aliases["default"], name)

    def __setattr__(self, name, value):
        setattr(self._aliases["default"], name, value)

    def __contains__(self, key):
        return key in self._aliases["default"]

    def __repr__(self):
        return f"<the default cache: {self._aliases['default']!r}>"


class AsyncDefaultCache(DefaultCache):
    """The same of the async face."""
