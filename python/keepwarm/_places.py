"""Which store in memory an object is on: the same `LOCATION` is the same store, whatever bounds are asked of it.

Objects that give `MAX_ENTRIES` or `CULL_FREQUENCY` count as Django's do, each in its own writes, on the one store. How a store
evicts is decided when it is made, so that settings of which one alias asks for counting, and another of the same `LOCATION` says
nothing, are looked at as a whole. Stores without a name are shared by those who ask for the same bounds, as Rust's are.
"""

import warnings

from keepwarm._native import memory_counts_as_django
from keepwarm.exceptions import CacheConfigurationWarning

# Names of bounds.
BOUNDS = ("max_entries", "cull_frequency", "eviction", "max_bytes", "max_value_bytes")

#: The bounds of those that count as Django does and say nothing of them.
UNBOUNDED = {"max_entries": 100_000, "cull_frequency": 3, "eviction": "lru"}

# The stores without a name that were asked for, and their bounds.
UNNAMED: dict[str, dict] = {}


def place_of(settings, python_clock, pinned=None):
    """The name of the store that an object is on; puts the bounds into its settings that it keeps to there. `pinned`: it is there
    already, and its bounds were changed."""
    location = str(settings.get("location") or "")
    suffix = " by Python's clock" if python_clock else ""
    if not location and not pinned:
        bounds = {bound: settings.get(bound) for bound in BOUNDS}
        place = f" ({', '.join(f'{name}={value}' for name, value in bounds.items())}){suffix}"
        if not python_clock:
            UNNAMED.setdefault(place, bounds)
        return place
    place = pinned or location + suffix
    counts = counts_as_django(settings)
    there = memory_counts_as_django(place)
    if there is None and not counts and not others_bounds(settings) and any_alias_counts(location):
        there = True
    if there and not counts:
        if not others_bounds(settings):
            settings.update(UNBOUNDED)
            return place
        reason = "counts its entries as Django does, because MAX_ENTRIES was given for it elsewhere"
    elif there is False and counts:
        reason = "was made without MAX_ENTRIES, and keeps to how it evicts"
    else:
        return place
    asked = ", ".join(f"{bound.upper()}={settings[bound]!r}" for bound in BOUNDS if settings.get(bound) is not None)
    message = f"{asked} has no effect: the store in memory of LOCATION {location!r} {reason}"
    warnings.warn(message, CacheConfigurationWarning, stacklevel=6)
    for bound in BOUNDS:
        settings.pop(bound, None)
    if there:
        settings.update(UNBOUNDED)
    return place


def counts_as_django(options):
    """Whether these bounds ask for Django's counting, as Rust's settings read them."""
    if (eviction := options.get("eviction")) is not None:
        return eviction == "lru"
    return options.get("cull_frequency") is not None or (
        options.get("max_entries") is not None and options.get("max_bytes") is None
    )


def others_bounds(options):
    """Whether bounds are given that Django's counting does not know."""
    return any(options.get(bound) is not None for bound in ("eviction", "max_bytes", "max_value_bytes"))


def any_alias_counts(location):
    """Whether an alias of the program's settings asks for Django's counting on the store of this name."""
    from keepwarm._aliases import settings
    from keepwarm._opening import flattened

    for given in settings().values():
        if isinstance(given, dict):
            options = flattened(given)
            if str(options.get("location") or "") == location and counts_as_django(options):
                return True
    return False
