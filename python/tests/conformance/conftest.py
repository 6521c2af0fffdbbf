"""One cache over four faces and every store: plain Python's and Django's, sync and awaited. What they answer is one behaviour."""

import asyncio
import threading
import time

import pytest

import keepwarm
from keepwarm.core import cache as awaited
from support.faces import Face

CLASSES = {"memory": "MemoryCache", "file": "FileCache", "redis": "RedisCache"}
FACES = ("sync", "async", "django", "django-async")

# What Django's settings have beside OPTIONS.
DJANGO_S_OWN = ("timeout", "key_prefix", "version", "key_function")


def pytest_configure(config):
    """Django, whose door is one of those."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(SECRET_KEY="the secret of the tests of conformance")


class Lock:
    """A lock of either face, called plainly."""

    def __init__(self, lock, prefix, run):
        self.lock, self.prefix, self.run = lock, prefix, run

    def acquire(self):
        return self.run(getattr(self.lock, f"{self.prefix}acquire"))

    def release(self):
        return self.run(getattr(self.lock, f"{self.prefix}release"))

    @property
    def fence(self):
        return self.lock.fence

    @property
    def token(self):
        return self.lock.token


class AnyFace(Face):
    """A cache of any face, with every verb as a plain call."""

    def __init__(self, cache, is_awaited, loop, prefix=""):
        super().__init__(cache, is_awaited, loop)
        self.prefix = prefix

    def __getattr__(self, name):
        attribute = getattr(self.cache, self.prefix + name, None) if self.prefix else None
        if attribute is None:
            attribute = getattr(self.cache, name)
        if not self.is_awaited or not callable(attribute):
            return attribute
        return lambda *arguments, **options: self.run(attribute, *arguments, **options)

    def run(self, verb, *arguments, **options):
        """Calls a verb of its cache, and awaits it where that is its face."""

        async def call():
            answer = verb(*arguments, **options)
            return await answer if hasattr(answer, "__await__") else answer

        return self._loop.run_until_complete(call()) if self.is_awaited else verb(*arguments, **options)

    def namespace(self, name):
        """A part of it, of the same face."""
        return AnyFace(self.cache.namespace(name), self.is_awaited, self._loop, self.prefix)

    def new_lock(self, *arguments, **options):
        """A lock that is called plainly."""
        return Lock(self.cache.lock(*arguments, **options), "a" if self.is_awaited else "", self.run)

    def doing(self, result, *calls):
        """A loader that calls verbs of its cache, (name, arguments ...) each, and then gives the result."""
        if not self.is_awaited:

            def load(*_):
                for name, *arguments in calls:
                    getattr(self.cache, name)(*arguments)
                return result

            return load

        async def load_awaited(*_):
            for name, *arguments in calls:
                await getattr(self.cache, self.prefix + name)(*arguments)
            return result

        return load_awaited

    def at_once(self, *works):
        """What (verb, arguments ...) each give that are called at the same time: by threads, or as tasks."""
        if self.is_awaited:

            async def all_of_them():
                calls = (getattr(self.cache, self.prefix + name)(*arguments) for name, *arguments in works)
                return await asyncio.gather(*calls, return_exceptions=True)

            return self._loop.run_until_complete(all_of_them())
        together, answers = threading.Barrier(len(works)), [None] * len(works)

        def call(place, name, *arguments):
            together.wait(600)
            try:
                answers[place] = getattr(self.cache, name)(*arguments)
            except Exception as error:
                answers[place] = error

        threads = [threading.Thread(target=call, args=(place, *work)) for place, work in enumerate(works)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def set_expired(self, key, value=1, **options):
        """Sets a key, and waits until it has expired."""
        self.set(key, value, 0.01, **options)
        while self.has_key(key):
            time.sleep(0.001)


@pytest.fixture(params=FACES)
def make(request, store):
    """Makes a face on a cache of the store; of the same options, on the same one."""
    kind, options = store
    loop = asyncio.new_event_loop()
    face = request.param

    def make(**more):
        given = {**options, "signing_key": "of the tests", **more}
        if "key_prefix" in more and "key_prefix" in options:
            given["key_prefix"] = options["key_prefix"] + more["key_prefix"]
        if not face.startswith("django"):
            module = awaited if face == "async" else keepwarm
            return AnyFace(getattr(module, CLASSES[kind])(**given), face == "async", loop)
        from keepwarm import django as door

        own = {name.upper(): given.pop(name) for name in DJANGO_S_OWN if name in given}
        cache = getattr(door, CLASSES[kind])(given.pop("location", ""), {**own, "OPTIONS": given})
        return AnyFace(cache, face == "django-async", loop, "a" if face == "django-async" else "")

    yield make
    loop.close()
