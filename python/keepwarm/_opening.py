"""How a Python cache object says what it is a handle on, also when it is changed later."""

import os

from keepwarm._native import Core
from keepwarm._places import UNNAMED, place_of
from keepwarm.exceptions import ConfigurationError

# How values are written where others can write as well; `auto` pickles what has no exact plain form. `live` is for a store in this
# process: trees of plain values stay Python objects there, which is quicker to read and takes several times the memory.
SERIALIZERS = ("auto", "msgpack", "json", "pickle", "live")

# What is done about instances of models in values; see `_models`.
MODEL_POLICIES = ("allow", "warn", "refuse")

# Where time is taken from: the system's own clock, or `time.time()`, which a test may freeze.
CLOCKS = ("system", "python")

# What decides over keys: an object whose class or instance overrides one of these makes its keys in Python.
KEY_METHODS = ("make_key", "validate_key", "make_and_validate_key")

# What a handle is opened anew for when it is set later.
WATCHED = frozenset({"key_prefix", "version", "default_timeout", "key_func", "_max_entries", "_cull_frequency", *KEY_METHODS})


class Opening:
    """Opens the native handle from the attributes of the object; mixed in before the native class.

    Attributes may be set after construction, as Django's own may: the handle is then opened anew.
    """

    #: The kind of backend.
    kind: str

    #: Whether a store in memory without a name is the object's own, and gone with it.
    _own_store = False

    def _begin(self, name, options):
        """Opens the handle for the first time; `options` are the backend's own."""
        location = options.get("location")
        if self.kind == "file" and location and not str(location).startswith("shm:"):
            # Aliases are known by the text of their settings: it has to mean one place wherever the program goes.
            options = {**options, "location": os.path.abspath(location)}
        self.__dict__["_alias"] = (name, options)
        self._reopen()

    def _reopen(self):
        name, options = self.__dict__["_alias"]
        settings = {"backend": self.kind, **{name: value for name, value in options.items() if value is not None}}
        settings["timeout"] = self.default_timeout
        settings["key_prefix"] = str(self.key_prefix)
        settings["version"] = self.version if isinstance(self.version, (int, str)) else str(self.version)
        own = self._own_store and not settings.get("location")
        more = self._more(settings)
        if self.kind == "memory" and not own:
            self.__dict__["_location"] = str(settings.get("location") or "")
            settings["location"] = place_of(settings, more["python_clock"], self.__dict__.get("_pinned"))
        self.__dict__["_settings"] = settings
        self._open(name, settings, self._makes_plain_keys(), self._pickling(settings), own, more)

    def _more(self, settings):
        """Takes what only Python's aliases know out of the settings."""
        policy = chosen(settings, "model_policy", MODEL_POLICIES, "warn")
        clock = chosen(settings, "clock", CLOCKS, "system")
        if clock == "python" and self.kind not in ("memory", "dummy"):
            raise ConfigurationError(f"clock 'python' is for a store in this process, not for {self.kind!r}")
        live = settings.get("serializer") == "live"
        if live and self.kind != "memory":
            raise ConfigurationError(f"serializer 'live' is for a store in this process, not for {self.kind!r}")
        return {"model_policy": policy, "python_clock": clock == "python", "live": live}

    def _pickling(self, settings):
        """Takes what says of pickles out of the settings: whether all values are pickled, and the keys that sign; or nothing."""
        serializer = chosen(settings, "serializer", SERIALIZERS, "auto")
        own = settings.pop("signing_key", None)
        if serializer == "json":
            settings["codec"] = "json"
        if serializer in ("json", "msgpack"):
            return None
        if own is None:
            keys = self._signing_keys()
        else:
            keys = [own] if isinstance(own, str) else list(own)
        return serializer == "pickle", keys

    def _signing_keys(self):
        """The keys of an alias that has none of its own."""
        return []

    def _makes_plain_keys(self):
        owner = type(self)
        own = self.__dict__
        lead = f"{self.key_prefix}:{self.version}:"
        return (
            self.key_func is self._plain_key_func
            and not any(method in own for method in KEY_METHODS)
            and all(getattr(owner, method) is getattr(self._keys_from, method) for method in KEY_METHODS)
            and len(lead) <= 60
            and lead.isascii()
            and lead.isprintable()
            and " " not in lead
        )

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name in WATCHED and "_alias" in self.__dict__:
            self._changed(name, value)
            self._reopen()

    def _changed(self, name, value):
        """What an attribute that was set says of the settings."""


def chosen(settings, name, words, default):
    """Takes an option out of the settings that is one of some words."""
    word = settings.pop(name, None) or default
    if word not in words:
        raise ConfigurationError(f"{name} is one of {', '.join(map(repr, words))}, not {word!r}")
    return word


def flattened(params):
    """Options of an alias in lower case, those inside `OPTIONS` beside the others; one that is there twice has to say the same."""
    options = {}
    spelt = {}

    def take(name, value, spelling):
        if name in options and options[name] != value:
            raise ConfigurationError(f"{spelt[name]} and {spelling} are one option, and say different things")
        options[name], spelt[name] = value, spelling

    for name, value in params.items():
        if name.lower() == "options":
            for inner, inner_value in (value or {}).items():
                take(inner.lower(), inner_value, f"OPTIONS.{inner}")
        else:
            take(name.lower(), value, name)
    return options


def beside(cache):
    """Handles on the stores without a name that have other bounds than a cache's, under that cache's prefix."""
    settings = cache.__dict__["_settings"]
    if cache.__dict__.get("_location"):
        return
    for place, bounds in list(UNNAMED.items()):
        if place != settings["location"]:
            other = Core()
            other._open(cache.__dict__["_alias"][0], {**settings, **bounds, "location": place}, True)
            yield other
