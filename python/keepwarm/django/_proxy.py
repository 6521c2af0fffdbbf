"""A `cache` that costs what the cache costs.

Django's own proxy looks the alias' object up at each call, one for each thread and request. Ours are safe to use from any of them,
so that this proxy keeps one; it looks a verb up on it at each call, so that what is patched or overridden is called.
"""

from operator import attrgetter

from django.core.cache import caches
from django.core.signals import setting_changed

from keepwarm._handles import VERBS
from keepwarm._native import Core


class FastProxy:
    """The cache of an alias of `CACHES`, at a tenth of what Django's proxy takes:

    ```python
    from keepwarm.django import cache      # that of `default`
    sessions = FastProxy("sessions")
    ```

    With `KEEPWARM_FAST_PROXY = True` in settings and `keepwarm.django` among the installed applications, `django.core.cache.cache`
    itself is one. An alias whose backend is not ours is looked up as Django does.
    """

    def __init__(self, alias="default"):
        self.__dict__["_alias"] = alias
        _proxies.append(self)

    def __getattr__(self, name):
        if name == "_held":
            return self._hold()
        return getattr(self._held, name)

    def _hold(self):
        """The object of the alias, kept if it is one of ours."""
        alias = self.__dict__["_alias"]
        held = caches.create_connection(alias) if issubclass_of_ours(alias) else None
        if held is None:
            return caches[alias]
        self.__dict__["_held"] = held
        return held

    def __setattr__(self, name, value):
        setattr(self._held, name, value)

    def __delattr__(self, name):
        delattr(self._held, name)

    def __contains__(self, key):
        return key in self._held

    def __eq__(self, other):
        return self._held == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self):
        return f"<{self._held!r}, kept>"


def _verb(name):
    # Both steps in C; a class has to be asked for it before `__getattr__` is.
    return property(attrgetter(f"_held.{name}"), doc=getattr(Core, name).__doc__)


for _name in VERBS:
    setattr(FastProxy, _name, _verb(_name))
    setattr(FastProxy, f"a{_name}", _verb(f"a{_name}"))


_proxies: list[object] = []


def issubclass_of_ours(alias):
    """Whether the backend of an alias is one whose objects any thread may use."""
    from django.utils.module_loading import import_string

    given = caches.settings.get(alias)
    if given is None:
        return False
    backend = import_string(given["BACKEND"])
    return isinstance(backend, type) and issubclass(backend, Core)


def forget(*, setting, **_):
    """The settings were changed: proxies look again."""
    if setting == "CACHES":
        for proxy in _proxies:
            proxy.__dict__.pop("_held", None)


setting_changed.connect(forget)


def take_the_place_of_djangos():
    """Makes `django.core.cache.cache`, which others have imported already, a proxy of ours."""
    from django.core.cache import cache
    from django.utils.connection import ConnectionProxy

    if type(cache) is ConnectionProxy:
        # Its own way of setting an attribute would set it on the cache.
        object.__setattr__(cache, "__class__", FastProxy)
        _proxies.append(cache)
