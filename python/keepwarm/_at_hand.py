"""`get` to be awaited, as a coroutine of Python's own.

A native awaitable can end with a value only by an exception that carries it, which costs more than reading a dict from memory and
copying it. A coroutine just returns.
"""

from keepwarm._native import Core, get_at_hand

_aget = Core.aget


async def aget(self, key, default=None, version=None):
    """The value of a key, or `default` where there is none, to be awaited. A stored `None` is a value."""
    found = get_at_hand(self, key, default, version)
    # A stored `NotImplemented` takes the way of what is not at hand, and comes back all the same.
    if found is NotImplemented:
        return await _aget(self, key, default, version)
    return found
