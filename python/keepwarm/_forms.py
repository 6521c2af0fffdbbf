"""What the arguments of a cached call are made of, where Rust does not know the type: exactly enough to tell two apart.

Only exact classes of the standard library are known, and what says itself what it is: an instance of a subclass may have a
state that nobody here knows of, and two calls that differ must not meet in one entry.
"""

import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

_PATHS = (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath)


def path_of(named):
    """The dotted path of a class or a function."""
    return f"{named.__module__}.{named.__qualname__}"


def own_key(value):
    """What `__cache_key__` says an object is, in a tuple; `None` where it says nothing."""
    said = getattr(type(value), "__cache_key__", None)
    if said is None:
        return None
    said = value.__cache_key__
    return (said() if callable(said) else said,)


def made_of(value):
    """The kind of a value, and its parts; `TypeError` says why there are none."""
    kind = type(value)
    if (write := _WRITERS.get(kind)) is not None:
        return write(value)
    if (own := own_key(value)) is not None:
        return "own", (path_of(kind), *own)
    if isinstance(value, type):
        if "<locals>" in value.__qualname__:
            raise TypeError(f"the class {path_of(value)} is made anew in each call, and has no stable name")
        return "type", path_of(value)
    if isinstance(value, enum.Enum):
        return "enum", (path_of(kind), value.name if isinstance(value.name, str) else value.value)
    if "__dataclass_fields__" in vars(kind):
        return "dataclass", (path_of(kind), _attributes(value))
    if isinstance(value, tuple) and "_fields" in vars(kind) and not getattr(value, "__dict__", None):
        return "namedtuple", (path_of(kind), tuple(value))
    raise TypeError(
        f"a {path_of(kind)} has no stable form. Pass its id instead, give the class a `__cache_key__`, "
        "or give the function a `key` or a `key_func`"
    )


def _attributes(value):
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if more := getattr(value, "__dict__", {}).keys() - fields.keys():
        raise TypeError(f"a {path_of(type(value))} has attributes that are no fields: {', '.join(sorted(more))}")
    return fields


def _zone(zone):
    if zone is None:
        return None
    if type(zone) is datetime.timezone:
        return ("fixed", zone.utcoffset(None), str(zone))
    if type(zone) is zoneinfo.ZoneInfo and zone.key is not None:
        return ("zone", zone.key)
    raise TypeError(f"the time zone {zone!r} has no stable form")


_WRITERS: dict[type, Callable[[Any], tuple[str, Any]]] = {
    datetime.datetime: lambda value: ("datetime", (value.replace(tzinfo=None).isoformat(), value.fold, _zone(value.tzinfo))),
    datetime.time: lambda value: ("time", (value.replace(tzinfo=None).isoformat(), value.fold, _zone(value.tzinfo))),
    datetime.date: lambda value: ("date", value.isoformat()),
    datetime.timedelta: lambda value: ("timedelta", (value.days, value.seconds, value.microseconds)),
    decimal.Decimal: lambda value: ("decimal", str(value)),
    fractions.Fraction: lambda value: ("fraction", (value.numerator, value.denominator)),
    uuid.UUID: lambda value: ("uuid", value.hex),
    complex: lambda value: ("complex", (value.real, value.imag)),
    bytearray: lambda value: ("bytearray", bytes(value)),
    range: lambda value: ("range", (value.start, value.stop, value.step)),
    slice: lambda value: ("slice", (value.start, value.stop, value.step)),
    type(...): lambda value: ("ellipsis", ()),
    **{path: lambda value: ("path", (type(value).__name__, str(value))) for path in _PATHS},
}
