"""Counters and rate limits: the cases of the Rust suite's `counters`."""

import pytest

from keepwarm.exceptions import CounterOverflow, NotAnInteger


# covers: R79 R82 R119
def test_they_count(cache):
    cache.set("counter", 0)
    assert [cache.incr("counter"), cache.incr("counter", 5), cache.decr("counter", 2)] == [1, 6, 4]
    assert cache.incr("counter", delta=-10) == -6
    assert cache.incr("counter", 0) == -6
    assert cache.decr("counter", -7) == 1
    assert cache.decr("counter", 5) == -4
    assert (cache.get("counter"), type(cache.get("counter"))) == (-4, int)


# covers: R80
def test_a_missing_one_is_an_error_and_stays_missing(cache):
    for verb in (cache.incr, cache.decr):
        with pytest.raises(ValueError):
            verb("absent")
    cache.set_expired("expired")
    with pytest.raises(ValueError):
        cache.incr("expired")
    cache.set("fallen", 1, tags=["tag"])
    cache.invalidate_tag("tag")
    with pytest.raises(ValueError):
        cache.incr("fallen")
    assert cache.get_many(["absent", "expired", "fallen"]) == {}


# covers: R81
@pytest.mark.parametrize("value", ["text", "5", 1.5, True, None, [1], {"a": 1}, 2**70], ids=repr)
def test_what_is_no_integer_is_an_error_and_stays(cache, value):
    cache.set("key", value, 1000)
    for call in (lambda: cache.incr("key"), lambda: cache.decr("key", 2), lambda: cache.incr("key", default=1)):
        with pytest.raises(NotAnInteger):
            call()
    assert (cache.get("key"), type(cache.get("key"))) == (value, type(value))
    with pytest.raises(TypeError):
        cache.incr("key", 1.5)


# covers: R85
def test_deadline_and_tags_stay(cache):
    cache.set("timed", 1, 1000)
    cache.set("forever", 1, None, tags=["tag"])
    cache.incr("timed")
    cache.decr("forever")
    assert cache.ttl("timed") == pytest.approx(1000, abs=10)
    assert cache.ttl("forever") is None
    cache.invalidate_tag("tag")
    assert cache.has_key("forever") is False


# covers: R86
def test_leaving_64_bits_is_an_error_and_leaves_the_number(cache):
    for number, verb, delta in ((2**63 - 1, cache.incr, 1), (-(2**63), cache.decr, 1), (5, cache.incr, 2**63 - 1)):
        cache.set("key", number)
        with pytest.raises(CounterOverflow):
            verb("key", delta)
        assert cache.get("key") == number
    with pytest.raises(CounterOverflow):
        cache.incr("made", 2**63 - 1, default=1)
    assert cache.has_key("made") is False


# covers: R88
def test_create_or_increment(cache):
    assert cache.incr("key", 2, default=40, timeout=1000) == 42
    assert cache.incr("key", 1, default=7, timeout=5) == 43
    assert cache.ttl("key") == pytest.approx(1000, abs=10)
    assert cache.decr("down", 2, default=1) == -1
    assert cache.incr("never", default=0, timeout=None) == 1
    assert cache.ttl("never") is None
    assert cache.incr("gone", default=0, timeout=0) == 1
    assert cache.has_key("gone") is False


# covers: R89
def test_rate_limit(cache):
    answers = [cache.rate_limit("user", 3, 600) for _ in range(5)]
    assert [answer.allowed for answer in answers] == [True, True, True, False, False]
    assert [answer.remaining for answer in answers] == [2, 1, 0, 0, 0]
    assert [bool(answer) for answer in answers] == [answer.allowed for answer in answers]
    assert all(0 < answer.reset_after < 601 for answer in answers)
    assert cache.rate_limit("another user", 3, 600).allowed
    assert not cache.rate_limit("nobody", 0, 600)
    cache.set("text", "value")
    with pytest.raises(NotAnInteger):
        cache.rate_limit("text", 3, 600)


# covers: R84 R88 R89
def test_at_once(cache):
    cache.set("counter", 0)
    counted = cache.at_once(*[("incr", "counter")] * 20)
    assert sorted(counted) == list(range(1, 21))
    counted = cache.at_once(*[("incr", "counter", 3), ("decr", "counter", 3)] * 10)
    assert cache.get("counter") == 20
    limited = cache.at_once(*[("rate_limit", "limit", 7, 600)] * 20)
    assert sum(answer.allowed for answer in limited) == 7
