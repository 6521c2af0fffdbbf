"""A store of one's own in four methods, `get`, `set`, `delete` and `clear`: everything else comes with the base class.

```python
from keepwarm.core.cache import BaseCache

class MyCache(BaseCache):
    async def get(self, key, default=None, version=None): ...
    async def set(self, key, value, timeout=None, version=None): ...
    async def delete(self, key, version=None): ...
    async def clear(self): ...
```

The four methods are the store's, and keep bytes: a key is the whole stored key, prefix and version in it, and a value is what
`get` has to give back, or `None` where there is nothing. They may be `async def` or plain, whichever face the cache has. What a
program calls on an object (`cache.get(...)`) is the cache's verb, with its values, versions, tags and timeouts, which asks
the method; `super().get(...)` in a subclass is the method.

`timeout` is passed to `set` when the entry has one, in seconds, and only to a `set` that takes it: a store that forgets
nothing serves nothing expired. Without a `timeout` in its settings or in a call, how long an entry lives is the store's own
business. `clear` is called to empty the whole store (`clear(everything=True)`); a `clear` of the cache's own prefix makes its
entries misses without it.

Each verb is atomic among the threads and tasks of this process, counting and computing included; among processes four methods
cannot express it. An `async def` runs on the loop of who awaits, so that a client that belongs to a loop can be used;
where a thread waits instead, on a loop that the package keeps for it.
"""

import asyncio
import inspect
import threading
import weakref

from keepwarm._native import Core, CustomStore
from keepwarm.exceptions import ConfigurationError

#: What a store of one's own has to have.
METHODS = ("get", "set", "delete", "clear")


class FourMethods:
    """Mixed in before a cache whose store is its own subclass."""

    # Django's door shares one store among the objects of a thread each; elsewhere each object is a store.
    _shared_stores: dict[tuple[object, ...], CustomStore] | None = None
    _awaited = False

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        cls.kind = f"{cls.__module__}.{cls.__qualname__}"

    def _begin(self, name, options):
        owner = type(self)
        lacking = [method for method in METHODS if not own_method(owner, method)]
        if lacking:
            raise ConfigurationError(f"{owner.__qualname__} lacks {', '.join(f'`{method}`' for method in lacking)}")
        for method in METHODS:
            # Of the object, a verb; of the class, and by `super()`, what the subclass wrote.
            verb = getattr(Core, f"a{method}" if self._awaited else method)
            self.__dict__[method] = verb.__get__(self)
        self.__dict__["_store"] = self._store_of(name, options)
        super()._begin(name, options)

    def _store_of(self, name, options):
        """The native store of this object."""
        if self._shared_stores is None:
            return CustomStore(Methods(type(self), weakref.ref(self)))
        identity = (type(self), name, repr(sorted(options.items())))
        with _sharing:
            store = self._shared_stores.get(identity)
            if store is None:
                store = self._shared_stores[identity] = CustomStore(Methods(type(self), lambda: self))
            return store

    def _more(self, settings):
        return {**super()._more(settings), "store": self._store}


_sharing = threading.Lock()


def own_method(owner, name):
    """Whether a class, or one that it comes of, wrote this method as its store's."""
    writer = next(base for base in owner.__mro__ if name in vars(base))
    return not writer.__module__.startswith("keepwarm.") and writer is not Core


class Methods:
    """The methods as the native half calls them."""

    def __init__(self, owner, store):
        self._store = store
        self._owner = owner
        parameters = inspect.signature(owner.set).parameters
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        self._timed = takes_all or "timeout" in parameters

    def _object(self):
        store = self._store()
        if store is None:
            raise ConfigurationError(f"the {self._owner.__qualname__} that was the store is gone")
        return store

    def get(self, key):
        """Bytes, or `None`."""
        return self._owner.get(self._object(), key)

    def set(self, key, value, timeout):
        """Keeps bytes."""
        if timeout is not None and self._timed:
            return self._owner.set(self._object(), key, value, timeout=timeout)
        return self._owner.set(self._object(), key, value)

    def delete(self, key):
        """Whether there was something; nothing said is taken for yes."""
        return self._owner.delete(self._object(), key)

    def clear(self):
        """Empties the store."""
        return self._owner.clear(self._object())

    def start(self, event_loop, awaitable, done):
        """Has a loop await something, and `done` told when it is."""
        if event_loop is None or not event_loop.is_running():
            event_loop = own_loop()
        return Started(event_loop, awaitable, done)


class Started:
    """Something that a loop awaits, and that may be called off."""

    def __init__(self, event_loop, awaitable, done):
        self._loop = event_loop
        self._task = None
        self._cancelled = False
        event_loop.call_soon_threadsafe(self._begin, awaitable, done)

    def _begin(self, awaitable, done):
        if self._cancelled:
            if hasattr(awaitable, "close"):
                awaitable.close()
            return
        self._task = asyncio.ensure_future(awaitable, loop=self._loop)
        self._task.add_done_callback(done)

    def cancel(self):
        """Calls it off, from any thread."""
        self._cancelled = True
        try:
            self._loop.call_soon_threadsafe(self._cancel)
        except RuntimeError:
            # The loop was closed, and its tasks with it.
            pass

    def _cancel(self):
        if self._task is not None:
            self._task.cancel()


_loop = None
_loop_lock = threading.Lock()


def own_loop():
    """The loop of who has none: one of the process, on a thread of its own, and another one after `fork`."""
    global _loop
    with _loop_lock:
        thread, event_loop = _loop or (None, None)
        # A parent's threads are not alive in its child.
        if thread is None or not thread.is_alive():
            event_loop = asyncio.new_event_loop()
            thread = threading.Thread(target=event_loop.run_forever, name="keepwarm-stores", daemon=True)
            thread.start()
            _loop = thread, event_loop
        return event_loop
