"""Overridden verbs are honoured by those that Django derives from them."""

from django.core.cache.backends.base import BaseCache

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


def honour_overrides(cls):
    """Gives a class Django's own way of each verb whose parts it overrides and which it does not override itself."""

    def overridden(name):
        return not vars_of(cls, name).__module__.startswith("keepwarm.")

    for verb, parts in DERIVED.items():
        if not overridden(verb) and any(overridden(part) for part in parts):
            setattr(cls, verb, getattr(BaseCache, verb))


def vars_of(cls, name):
    """The class that gives `cls` its method of this name."""
    return next(base for base in cls.__mro__ if name in vars(base))
