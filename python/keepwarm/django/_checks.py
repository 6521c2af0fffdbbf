"""What `manage.py check` says of the caches."""

import os
import pathlib

from django.conf import settings
from django.core import checks
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from keepwarm._opening import flattened
from keepwarm._places import BOUNDS, counts_as_django
from keepwarm.django.backends import FileCache, KeepwarmCache, MemoryCache


def ours():
    """The aliases whose backend is one of ours, with its class and what is said of it."""
    for alias, given in settings.CACHES.items():
        try:
            backend = import_string(given.get("BACKEND", ""))
        except (ImportError, ImproperlyConfigured):
            continue
        if isinstance(backend, type) and issubclass(backend, KeepwarmCache):
            yield alias, backend, given


@checks.register(checks.Tags.caches)
def each_can_be_opened(app_configs, **options):
    """Unknown options and such as contradict each other, before the first request meets them."""
    found = []
    for alias, backend, _ in ours():
        try:
            caches.create_connection(alias)
        except Exception as error:
            # Whatever it is, the first request would meet it.
            found.append(checks.Error(f"The cache `{alias}` cannot be opened: {error}", obj=backend, id="keepwarm.E001"))
    return found


@checks.register(checks.Tags.caches)
def pickles_can_be_signed(app_configs, **options):
    """A store that others can write to, and no key to sign with."""
    found = []
    for alias, backend, given in ours():
        said = flattened(given)
        serializer = said.get("serializer") or "auto"
        if backend.kind in ("memory", "dummy") or serializer in ("json", "msgpack"):
            continue
        if said.get("signing_key") or secret_key():
            continue
        found.append(
            checks.Error(
                f"The cache `{alias}` pickles to a store that others can write to, and has no key to sign with.",
                hint="Set SECRET_KEY, or SIGNING_KEY in the OPTIONS of the alias, or SERIALIZER to 'msgpack' or 'json', which pickle "
                "nothing.",
                obj=backend,
                id="keepwarm.E002",
            )
        )
    return found


def secret_key():
    """Django's secret, where there is one."""
    try:
        return settings.SECRET_KEY
    except ImproperlyConfigured:
        return None


@checks.register(checks.Tags.caches)
def locations_of_files(app_configs, **options):
    """As Django's caches.W002 and W003 of its own file backend, under its own numbers."""
    found = []
    public = [
        (name, pathlib.Path(path).resolve())
        for name, path in (
            ("MEDIA_ROOT", settings.MEDIA_ROOT),
            ("STATIC_ROOT", settings.STATIC_ROOT),
            *(("STATICFILES_DIRS", entry[1] if isinstance(entry, (list, tuple)) else entry) for entry in settings.STATICFILES_DIRS),
        )
        if path
    ]
    for alias, backend, given in ours():
        location = str(flattened(given).get("location") or "")
        if not issubclass(backend, FileCache) or not location or location.startswith("shm:"):
            continue
        if not os.path.isabs(location):
            message = f"Your '{alias}' cache LOCATION path is relative. Use an absolute path instead."
            found.append(checks.Warning(message, id="caches.W003"))
        place = pathlib.Path(location).resolve()
        for name, path in public:
            relation = exposure(place, path)
            if relation:
                found.append(
                    checks.Warning(
                        f"Your '{alias}' cache configuration might expose your cache or lead to corruption of your data because "
                        f"its LOCATION {relation} {name}.",
                        id="caches.W002",
                    )
                )
    return found


def exposure(place, path):
    """How a directory and one that is served lie to each other, in Django's words."""
    if place == path:
        return "matches"
    if place in path.parents:
        return "contains"
    return "is inside" if path in place.parents else None


@checks.register(checks.Tags.caches)
def one_store_has_one_way_of_evicting(app_configs, **options):
    """Two aliases of one store in memory that ask for different ways to evict."""
    found = []
    seen = {}
    for alias, backend, given in ours():
        said = flattened(given)
        location = said.get("location")
        if not issubclass(backend, MemoryCache) or not location:
            continue
        bounds = {bound: said[bound] for bound in BOUNDS if said.get(bound) is not None}
        other, others = seen.setdefault(location, (alias, bounds))
        if others != bounds and not all(counts_as_django(each) or not each for each in (bounds, others)):
            message = (
                f"The caches `{other}` and `{alias}` name the same store, LOCATION {location!r}, and give it different bounds: the "
                "first that is used decides."
            )
            found.append(checks.Warning(message, obj=backend, id="keepwarm.W003"))
    return found


@checks.register(checks.Tags.caches, deploy=True)
def processes_share_what_they_have_to(app_configs, **options):
    """Sessions and the caches of pages in the memory of one process: with several workers each has its own."""
    found = []
    told = {alias: backend for alias, backend, _ in ours() if issubclass(backend, MemoryCache)}
    uses = [(settings.SESSION_CACHE_ALIAS, "sessions", settings.SESSION_ENGINE.endswith(".backends.cache"))]
    uses.append((settings.SESSION_CACHE_ALIAS, "sessions", settings.SESSION_ENGINE.endswith(".backends.cached_db")))
    for alias, what, used in uses:
        if used and alias in told:
            found.append(
                checks.Warning(
                    f"The {what} are kept in the cache `{alias}`, which is in the memory of one process: with several workers, who "
                    "logs in at one is unknown to the others.",
                    hint="Use keepwarm.django.FileCache for the workers of one machine, keepwarm.django.RedisCache for several.",
                    obj=told[alias],
                    id="keepwarm.W004",
                )
            )
    return found
