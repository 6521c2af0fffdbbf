"""Reading what Django's own RedisCache, or django-redis, left on a server."""

import asyncio
import datetime

import pytest
from django.core.cache.backends.redis import RedisSerializer

import keepwarm
from keepwarm.django import RedisCache


@pytest.fixture
def settings(redis_server, location):
    return {"KEY_PREFIX": location, "OPTIONS": {"deadline": 120, "socket_timeout": 120}}


@pytest.fixture
def server(redis_server):
    return f"redis://127.0.0.1:{redis_server}/0"


@pytest.fixture
def ours(server, settings):
    return RedisCache(server, settings)


@pytest.fixture
def reading(server, settings):
    return RedisCache(server, {**settings, "OPTIONS": {**settings["OPTIONS"], "READ_DJANGO_PICKLES": True}})


@pytest.fixture
def left(ours):
    """Leaves values on the server as Django's client does."""

    def leave(**values):
        for key, value in values.items():
            # Both of Django's clients write integers as such, and pickle the rest.
            ours._redis("SET", ours.make_key(key), RedisSerializer().dumps(value), "EX", 300)

    return leave


VALUES = {
    "text": "text",
    "nothing": None,
    "flag": True,
    "nested": {"a": [1, (2, "three")], "when": datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)},
}


# covers: R134
def test_without_the_option_an_unsigned_pickle_is_a_miss(ours, left):
    left(**VALUES, count=41)
    assert ours.get_many([*VALUES, "count"]) == {"count": 41}
    assert ours.incr("count") == 42
    assert ours.get_or_set("text", lambda: "computed") == "computed"


# covers: R134
def test_with_it_every_reading_verb_finds_them(reading, left):
    left(**VALUES)
    assert reading.get_many([*VALUES, "absent"]) == VALUES
    for key, value in VALUES.items():
        assert (reading.get(key, "default"), reading.has_key(key)) == (value, True)
        assert reading.get_or_set(key, lambda: pytest.fail("it is there")) == value
    assert (reading.get("absent", "default"), reading.has_key("absent")) == ("default", False)

    async def use():
        return (
            await reading.aget("text"),
            await reading.aget("absent", 1),
            await reading.aget_many(VALUES),
            await reading.ahas_key("nothing"),
            await reading.aget_or_set("nested", lambda: pytest.fail("it is there")),
        )

    assert asyncio.run(use()) == ("text", 1, VALUES, True, VALUES["nested"])


# covers: R134
def test_what_is_written_takes_the_place_of_theirs(reading, ours, left):
    left(**VALUES)
    reading.set("text", "ours")
    assert reading.get("text") == ours.get("text") == "ours"
    reading.delete("nested")
    assert reading.get("nested") is None and not reading.has_key("nested")
    assert reading.get_or_set("nested", lambda: "computed", 60, 1) == "computed"
    assert (reading.add("flag", 1), asyncio.run(reading.aadd("flag", 1)), reading.get("flag")) == (False, False, True)
    assert (reading.add("new", 1), asyncio.run(reading.aadd("newer", 1))) == (True, True)


# covers: R32 R134
def test_clear_removes_theirs_before_it_returns(reading, left, server, settings):
    other = RedisCache(server, {**settings, "KEY_PREFIX": settings["KEY_PREFIX"] + "s"})
    other.set("kept", 1)
    left(**VALUES)
    reading.clear()
    assert reading.get_many(VALUES) == {}
    left(**VALUES)
    asyncio.run(reading.aclear())
    assert reading.get_many(VALUES) == {}
    assert other.get("kept") == 1


def test_what_cannot_be_unpickled_is_a_miss(reading):
    for bytes_ in (b"\x80\x05cno.such.module\nThing\n.", b"\x80\x05", b"text", b""):
        reading._redis("SET", reading.make_key("key"), bytes_)
        assert reading.get("key", "default") == "default"
    with pytest.raises(keepwarm.exceptions.ConfigurationError, match="read_django_pickles"):
        keepwarm.django.FileCache("/nowhere", {"OPTIONS": {"read_django_pickles": True}})
