"""Overridden verbs are honoured by those that Django derives from them."""

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from keepwarm._native import Core

# In Django these call the others through `self`; natively each is one visit of its own.
DERIVED = {
    "get_many": ("get",),
    "get_or_set": ("get", "add"),
    "set_many": ("set",),
    "delete_many": ("delete",),
    "decr": ("incr",),
    "incr_version": ("get", "set", "delete"),
    "decr_version": ("incr_version",),
    "aget": ("get",),
    "aset": ("set",),
    "aadd": ("add",),
    "atouch": ("touch",),
    "adelete": ("delete",),
    "aclear": ("clear",),
    "ahas_key": ("aget", "get"),
    "aincr": ("aget", "aset", "incr", "get", "set"),
    "adecr": ("aincr", "decr", "incr"),
    "aget_many": ("aget", "get"),
    "aget_or_set": ("aget", "aadd", "get", "add"),
    "aset_many": ("aset", "set"),
    "adelete_many": ("adelete", "delete"),
    "aincr_version": ("aget", "aset", "adelete", "get", "set", "delete"),
    "adecr_version": ("aincr_version", "incr_version"),
}


# What Django's memory backend writes itself; its a-twins in newer Djangos call these.
OWN_IN_DJANGO = ("get", "set", "add", "touch", "delete", "clear", "has_key", "incr", "decr")


def with_a_function(name):
    """A native verb as a function of Python's."""
    native = getattr(Core, name)

    def verb(self, *arguments, **options):
        return native(self, *arguments, **options)

    verb.__name__ = name
    verb.__doc__ = native.__doc__
    verb.__module__ = __name__
    return verb


# Where the timeout is among the arguments of the verbs that take one.
TIMED = {"set": 2, "add": 2, "replace": 2, "get_or_set": 2, "refresh": 2, "get_or_set_many": 2, "touch": 1, "set_many": 1}


def timed(name, place):
    """A verb that asks `get_backend_timeout`, which a subclass overrides, until when an entry lives."""
    native = getattr(Core, name)

    def verb(self, *arguments, **options):
        given = arguments[place] if len(arguments) > place else options.pop("timeout", DEFAULT_TIMEOUT)
        left = self._seconds_left(self.get_backend_timeout(given))
        if len(arguments) > place:
            return native(self, *arguments[:place], left, *arguments[place + 1 :], **options)
        return native(self, *arguments, timeout=left, **options)

    verb.__name__ = name
    verb.__doc__ = native.__doc__
    verb.__module__ = __name__
    return verb


def honour_overrides(cls):
    """Gives a class Django's own way of each verb whose parts it overrides and which it does not override itself."""

    def overridden(name):
        return not vars_of(cls, name).__module__.startswith("keepwarm.")

    if vars_of(cls, "get_backend_timeout") is not BaseCache and overridden("get_backend_timeout"):
        for verb, place in TIMED.items():
            for name in (verb, f"a{verb}"):
                if not overridden(name):
                    setattr(cls, name, timed(name, place))
    for verb, parts in DERIVED.items():
        if not overridden(verb) and any(overridden(part) for part in parts):
            setattr(cls, verb, getattr(BaseCache, verb))
            if verb.startswith("a") and not overridden(sync := verb[1:]):
                # Newer Djangos ask the sync method for the function behind it, which a native one has not.
                setattr(cls, sync, with_a_function(sync) if sync in OWN_IN_DJANGO else getattr(BaseCache, sync))


def vars_of(cls, name):
    """The class that gives `cls` its method of this name."""
    return next(base for base in cls.__mro__ if name in vars(base))
