"""Locks: the cases of the Rust suite's `locks`."""

import time

import pytest


# covers: R77 R119
def test_one_owner_at_a_time(make):
    cache, other = make(), make()
    first, second = cache.new_lock("lock", timeout=600), other.new_lock("lock", timeout=600, blocking=False)
    assert first.acquire() is True
    assert second.acquire() is False
    assert (second.token, second.fence, second.release()) == (None, None, False)
    fence = first.fence
    with pytest.raises(TypeError, match="held already"):
        first.acquire()
    assert first.release() is True
    assert first.release() is False
    assert second.acquire() is True
    assert second.fence > fence
    assert cache.new_lock("another", blocking=False).acquire() is True
    # It is no key, and no clearing frees it.
    assert cache.get("lock") is None
    cache.clear()
    cache.set("lock", 1)
    cache.delete("lock")
    assert first.token != second.token
    assert cache.new_lock("lock", blocking=False).acquire() is False
    assert second.release() is True


# covers: R77
def test_one_that_ran_out_is_the_next_ones(cache):
    lost = cache.new_lock("lock", timeout=0.01)
    assert lost.acquire() is True
    owner = cache.new_lock("lock", timeout=600)
    assert owner.acquire() is True
    assert owner.fence > lost.fence
    # The old owner frees nobody's.
    assert lost.release() is False
    assert cache.new_lock("lock", blocking=False).acquire() is False
    assert owner.release() is True


def test_waiting_ends_in_time(cache):
    held = cache.new_lock("lock", timeout=600)
    assert held.acquire() is True
    begun = time.monotonic()
    assert cache.new_lock("lock", blocking_timeout=0.05).acquire() is False
    # Some stores look at a clock that moves every few milliseconds.
    assert time.monotonic() - begun >= 0.03
    assert held.release() is True


def test_a_lock_that_is_forgotten_is_free(cache):
    import gc

    lock = cache.new_lock("lock", timeout=600)
    assert lock.acquire() is True
    del lock
    gc.collect()
    # On a server it is given back in the background.
    assert cache.new_lock("lock", blocking_timeout=300).acquire() is True


def test_locks_of_prefixes_and_namespaces_are_told_apart(make):
    one, other = make(key_prefix="one"), make(key_prefix="other")
    held = [one.new_lock("lock", blocking=False), other.new_lock("lock", blocking=False)]
    held.append(one.namespace("part").new_lock("lock", blocking=False))
    assert [lock.acquire() for lock in held] == [True] * 3
    assert [lock.release() for lock in held] == [True] * 3
