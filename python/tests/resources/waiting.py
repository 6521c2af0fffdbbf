"""Two callers of one key, or of one lock: the second waits for the first, who cannot go on unless others run."""

import sys
import threading

from django.conf import settings

settings.configure(SECRET_KEY="the secret of the tests of resources")

from keepwarm import django as keepwarm_django  # noqa: E402


def flight(cache):
    """The second caller of `get_or_set` waits for the first one's computation."""
    begun, second, found = threading.Event(), threading.Event(), []

    def load():
        begun.set()
        second.wait()
        # The second is in its call, or on the way: it may come to wait while this thread works.
        return [sum(range(1000)) for _ in range(2000)]

    def ask():
        found.append(cache.get_or_set("key", load))

    def ask_second():
        begun.wait()
        second.set()
        ask()

    run(ask, ask_second)
    assert found[0] == found[1], "they differ"


def lock(cache):
    """The second caller waits for the lock that the first one holds."""
    held, second, order = threading.Event(), threading.Event(), []

    def first():
        with cache.lock("lock", timeout=600):
            held.set()
            second.wait()
            for _ in range(2000):
                sum(range(1000))
            order.append("first")

    def after():
        held.wait()
        second.set()
        with cache.lock("lock", timeout=600):
            order.append("second")

    run(first, after)
    assert order == ["first", "second"], order


def run(*works):
    """Both at once."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(kind, wait, place):
    """See the head."""
    name = {"memory": "MemoryCache", "file": "FileCache"}[kind]
    cache = getattr(keepwarm_django, name)(place, {})
    {"flight": flight, "lock": lock}[wait](cache)
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
