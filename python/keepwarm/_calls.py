"""The calls of a function that is cached: its arguments by parameter, and the function's name in keys."""

import inspect
import threading

from keepwarm._forms import own_key, path_of
from keepwarm._native import argument_key

# The functions of each path, so that two of one path are told apart; see `path_in_keys`.
_known: dict[str, list] = {}
_lock = threading.Lock()


def path_in_keys(function):
    """The name of a function in keys: module and qualified name, the same in every process.

    Functions made by one call after another of the function around them share a name and may differ in what they read of
    it; two definitions may share one as well. From the second on, they have a number. Where they are not made in the same
    order in every process, they need a `key` or a `key_func`.
    """
    path = path_of(function)
    code = function.__code__
    # A function's own name, and the cell of `super()`, are not a state.
    reads = bool(set(code.co_freevars) - {"__class__", function.__name__})
    with _lock:
        known = _known.setdefault(path, [])
        if not reads and code in known:
            number = known.index(code)
        else:
            number = len(known)
            # Who reads something around it is nobody else's equal.
            known.append(None if reads else code)
    return f"{path}#{number + 1}" if number else path


class Signature:
    """What a function takes."""

    def __init__(self, function):
        self._signature = inspect.signature(function)
        parameters = list(self._signature.parameters.values())
        self._names = [parameter.name for parameter in parameters]
        self._by_position = all(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)
        outer, _, _ = function.__qualname__.rpartition(".")
        in_a_class = bool(outer) and not outer.endswith("<locals>")
        #: Whether the first argument is the object, or class, whose method it is.
        self.is_method = in_a_class and self._names[:1] in (["self"], ["cls"])

    def bound(self, arguments, options):
        """The arguments by name, with the defaults: `f(1)`, `f(user_id=1)` are one call."""
        if not options and self._by_position and len(arguments) == len(self._names):
            return dict(zip(self._names, arguments))
        bound = self._signature.bind(*arguments, **options)
        bound.apply_defaults()
        return bound.arguments

    def key(self, path, arguments, options):
        """The key of a call."""
        parts = list(self.bound(arguments, options).items())
        if self.is_method:
            parts[0] = (parts[0][0], _receiver(parts[0][1]))
        return argument_key(path, parts)


def _receiver(receiver):
    """What of the object of a method is in the key: its class, and what its `__cache_key__` says."""
    kind = receiver if isinstance(receiver, type) else type(receiver)
    return (path_of(kind), *((own_key(receiver) or ()) if kind is not receiver else ()))
