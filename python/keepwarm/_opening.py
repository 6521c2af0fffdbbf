"""How a Python cache object says what it is a handle on, also when it is changed later."""

# What decides over keys: an object whose class or instance overrides one of these makes its keys in Python.
KEY_METHODS = ("make_key", "validate_key", "make_and_validate_key")

# What a handle is opened anew for when it is set later.
WATCHED = frozenset({"key_prefix", "version", "default_timeout", "key_func", *KEY_METHODS})

# Names of bounds, which decide which of the stores without a name it is.
BOUNDS = ("max_entries", "cull_frequency", "eviction", "max_bytes", "max_value_bytes")


class Opening:
    """Opens the native handle from the attributes of the object; mixed in before the native class.

    Attributes may be set after construction, as Django's own may: the handle is then opened anew.
    """

    #: The kind of backend.
    kind: str

    def _begin(self, name, options):
        """Opens the handle for the first time; `options` are the backend's own."""
        self.__dict__["_alias"] = (name, options)
        self._reopen()

    def _reopen(self):
        name, options = self.__dict__["_alias"]
        settings = {"backend": self.kind, **options}
        settings["timeout"] = self.default_timeout
        settings["key_prefix"] = str(self.key_prefix)
        settings["version"] = self.version if isinstance(self.version, (int, str)) else str(self.version)
        if self.kind == "memory" and not settings.get("location"):
            # Stores without a name are one for all who ask for the same bounds.
            settings["location"] = "keepwarm: " + ", ".join(f"{bound}={settings.get(bound)}" for bound in BOUNDS)
        self._open(name, settings, self._makes_plain_keys())

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
