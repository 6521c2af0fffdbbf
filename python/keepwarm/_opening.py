"""How a Python cache object says what it is a handle on, also when it is changed later."""

from keepwarm._native import Core
from keepwarm.exceptions import ConfigurationError

# How values are written where others can write as well; `auto` pickles what has no exact plain form. `live` is for a store in this
# process: trees of plain values stay Python objects there, which is quicker to read and takes several times the memory.
SERIALIZERS = ("auto", "msgpack", "json", "pickle", "live")

# What decides over keys: an object whose class or instance overrides one of these makes its keys in Python.
KEY_METHODS = ("make_key", "validate_key", "make_and_validate_key")

# What a handle is opened anew for when it is set later.
WATCHED = frozenset({"key_prefix", "version", "default_timeout", "key_func", *KEY_METHODS})

# Names of bounds, which decide which of the stores without a name it is.
BOUNDS = ("max_entries", "cull_frequency", "eviction", "max_bytes", "max_value_bytes")


# The stores in memory that were asked for: by name, and by name and bounds.
PLACES: dict[str, dict[str, dict]] = {}


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
        self.__dict__["_alias"] = (name, options)
        self._reopen()

    def _reopen(self):
        name, options = self.__dict__["_alias"]
        settings = {"backend": self.kind, **{name: value for name, value in options.items() if value is not None}}
        settings["timeout"] = self.default_timeout
        settings["key_prefix"] = str(self.key_prefix)
        settings["version"] = self.version if isinstance(self.version, (int, str)) else str(self.version)
        own = self._own_store and not settings.get("location")
        if self.kind == "memory" and not own:
            settings["location"] = self._place(settings)
        self.__dict__["_settings"] = settings
        live = settings.get("serializer") == "live"
        if live and self.kind != "memory":
            raise ConfigurationError(f"serializer 'live' is for a store in this process, not for {self.kind!r}")
        self._open(name, settings, self._makes_plain_keys(), self._pickling(settings), own, live)

    def _pickling(self, settings):
        """Takes what says of pickles out of the settings: whether all values are pickled, and the keys that sign; or nothing."""
        serializer = settings.pop("serializer", None) or "auto"
        own = settings.pop("signing_key", None)
        if serializer not in SERIALIZERS:
            raise ConfigurationError(f"serializer is one of {', '.join(map(repr, SERIALIZERS))}, not {serializer!r}")
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

    def _place(self, settings):
        """A store in memory has one set of bounds: who names it with other ones gets another store beside it."""
        location = str(settings.get("location") or "")
        place = f"{location} ({', '.join(f'{bound}={settings.get(bound)}' for bound in BOUNDS)})"
        bounds = {bound: settings.get(bound) for bound in BOUNDS}
        PLACES.setdefault(location, {}).setdefault(place, bounds)
        self.__dict__["_location"] = location
        return place

    def _beside(self):
        """Handles on the stores of the same name with other bounds, under this object's prefix."""
        settings = self.__dict__["_settings"]
        for place, bounds in list(PLACES.get(self.__dict__.get("_location"), {}).items()):
            if place != settings["location"]:
                other = Core()
                other._open(self.__dict__["_alias"][0], {**settings, **bounds, "location": place}, True)
                yield other

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
            self._reopen()


def flattened(params):
    """Options of an alias in lower case, those inside `OPTIONS` beside the others."""
    options = {}
    for name, value in params.items():
        if name.lower() == "options":
            for inner, inner_value in (value or {}).items():
                options[inner.lower()] = inner_value
        else:
            options[name.lower()] = value
    return options
