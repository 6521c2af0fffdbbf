"""S1, the reference of the low-level interface."""

import asyncio
import logging
import threading
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import connection, models
from django.db.models import Count, Q
from django.test import RequestFactory
from shop.models import Order, Post, Product

from listed import runs
from stage import BLOCKS, lives


# covers: R215 R44
@runs("S1.01")
def test_set(stage):
    stage.run("S1.01")
    assert stage.cache.get("my_key") == "my_value"
    assert stage.cache.ttl("my_key") is None
    assert stage.cache.get("user_data") == {"id": 123, "name": "John", "orders": [1, 2, 3]}


# covers: R215 R27
@runs("S1.02")
def test_get(stage):
    stage.cache.set("my_key", "first")
    stage.cache.set("my_key", "second", version=2)
    assert stage.run("S1.02").value == "second"
    assert stage.cache.get("my_key", default="default_value") == "first"
    assert stage.cache.get("nonexistent_key") is None


# covers: R215 R30 R31
@runs("S1.03")
def test_delete(stage):
    stage.cache.set("my_key", 1)
    stage.cache.set("my_key", 2, version=2)
    stage.cache.set("my_key", 3, version=3)
    stage.run("S1.03")
    assert [stage.cache.get("my_key", version=version) for version in (1, 2, 3)] == [None, None, 3]
    assert [stage.cache.delete("my_key", version=3), stage.cache.delete("my_key", version=3)] == [True, False]


# covers: R215 R32
@runs("S1.04")
def test_clear_leaves_what_has_another_prefix(stage):
    stage.install(default=stage.settings(KEY_PREFIX="mine"), theirs=stage.settings(KEY_PREFIX="theirs"))
    stage.alias("theirs").set("key", "stays")
    for version in (1, 2):
        stage.cache.set("key", "goes", version=version)
    stage.run("S1.04")
    assert stage.cache.get("key") is None
    assert stage.cache.get("key", version=2) is None
    assert stage.alias("theirs").get("key") == "stays"


# covers: R215 R78
@runs("S1.05")
def test_a_lock_made_of_add(stage, capsys):
    computed = []
    block = stage.run("S1.05", expensive_operation=lambda: computed.append(1) or "data")
    assert capsys.readouterr().out == "Key was added\n"
    stage.run("S1.05", expensive_operation=None)
    assert capsys.readouterr().out == "Key already exists\n"
    assert [block.get_or_create_cache(), block.get_or_create_cache()] == ["data", "data"]
    assert computed == [1]
    assert stage.cache.get("data_lock") is None


# covers: R78
@pytest.mark.block("S1.05")
def test_eight_callers_of_a_lock_made_of_add_compute_once(stage):
    """In the good case: nobody wakes before the one who computes has stored."""
    computed = []
    asleep = threading.Semaphore(0)
    wake = threading.Event()
    found = []

    def expensive_operation():
        computed.append(1)
        for _ in range(7):
            assert asleep.acquire(timeout=60)
        return "data"

    def sleep(_):
        asleep.release()
        assert wake.wait(60)

    block = stage.run("S1.05", expensive_operation=expensive_operation)
    block.time = SimpleNamespace(sleep=sleep)

    def ask():
        found.append(block.get_or_create_cache())
        # The first to come back is the one who computed: its lock is given back.
        wake.set()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (computed, found) == ([1], ["data"] * 8)
    # What takes its place needs no lock.
    stage.cache.delete("data")
    assert stage.cache.get_or_set("data", lambda: "data") == "data"


# covers: R215 R61 R62
@runs("S1.06")
def test_get_or_set(stage):
    User.objects.create(username="a", is_active=True)
    User.objects.create(username="b", is_active=False)
    given = {"User": User, "Count": Count, "Q": Q}
    block = stage.run("S1.06", expensive_operation=lambda: "computed", **given)
    assert block.value == {"total": 2, "active": 1}
    # The key was there from the line before.
    assert stage.cache.get("my_key") == "default_value"
    stage.cache.delete("my_key")
    assert stage.cache.get_or_set("my_key", block.compute_value) == "computed"
    User.objects.create(username="c")
    assert stage.run("S1.06", expensive_operation=None, **given).value == {"total": 2, "active": 1}


# covers: R215 R72 R73
@runs("S1.07")
def test_touch(stage, capsys):
    fetched = []
    block = stage.run("S1.07", fetch_user_data=lambda user_id: fetched.append(user_id) or {"id": user_id})
    assert (block.success, capsys.readouterr().out) == (False, "Key doesn't exist\n")
    block.refresh_user_cache(7)
    assert capsys.readouterr().out == ""
    block.refresh_user_cache(7)
    assert capsys.readouterr().out == "Extended cache for user 7\n"
    assert fetched == [7]
    assert lives(stage.cache.ttl("user:7"), 3600)


# covers: R215 R79 R80
@runs("S1.08")
def test_incr(stage):
    block = stage.run("S1.08")
    assert stage.cache.get("page_views") == 7
    assert [block.track_view(3) for _ in range(3)] == [1, 2, 3]
    assert lives(stage.cache.ttl("views:3"), 86400)


# covers: R215 R89
@runs("S1.09")
def test_decr_and_a_rate_limit(stage):
    block = stage.run("S1.09")
    assert stage.cache.get("items_remaining") == 89
    assert [block.check_rate_limit(7, limit=3) for _ in range(5)] == [True, True, True, False, False]


# covers: R215 R90
@runs("S1.10")
def test_get_many_and_the_missing(stage):
    for number in range(1, 4):
        User.objects.create(id=number, username=str(number))
    stage.cache.set("user:1", {"name": "at hand"})
    stage.cache.set("key2", "value2")
    block = stage.run("S1.10", User=User)
    assert block.result == {"key2": "value2"}
    assert block.cached_users == {"user:1": {"name": "at hand"}}
    assert sorted(block.missing_ids) == [2, 3, 4, 5]
    assert [stage.cache.get(f"user:{number}").username for number in (2, 3)] == ["2", "3"]


# covers: R215 R94
@runs("S1.11")
def test_set_many(stage):
    product = Product.objects.create(name="shoe", price=7)
    block = stage.run("S1.11", data={"more": [1, 2]}, Product=Product)
    assert block.failed == []
    assert stage.cache.get_many(["key1", "key2", "key3", "more"]) == {"key1": "value1", "key2": "value2", "key3": "value3", "more": [1, 2]}
    stored = stage.cache.get(f"product:{product.id}")
    assert (type(stored), stored.name, stored.price) == (Product, "shoe", 7)


# covers: R215 R96
@runs("S1.12")
def test_delete_many(stage):
    stage.cache.set_many({"key1": 1, "key3": 3, "key4": 4, "user:7": 1, "user:7:orders": 2, "user:8": 3})
    stage.run("S1.12").clear_user_caches(7)
    assert stage.cache.get_many(["key1", "key2", "key3", "key4", "user:7", "user:7:orders", "user:8"]) == {"key4": 4, "user:8": 3}


# covers: R215 R45 R48
@runs("S1.13")
def test_timeouts(stage):
    from datetime import timedelta

    stage.run("S1.13")
    assert lives(stage.cache.ttl("key"), 3600)
    stage.cache.set("key", "value", timeout=0)
    assert stage.cache.get("key") is None
    stage.cache.set("key", "value", timeout=timedelta(hours=1))
    assert lives(stage.cache.ttl("key"), 3600)


class Ranked:
    """Something with a priority."""

    def __init__(self, number, priority):
        self.id = number
        self.priority = priority


# covers: R215
@runs("S1.14")
@pytest.mark.parametrize("priority, seconds", [("high", 60), ("medium", 300), ("low", 3600)])
def test_timeouts_by_what_is_stored(stage, priority, seconds):
    stage.run("S1.14", obj=Ranked(7, priority))
    assert lives(stage.cache.ttl("object:7"), seconds)
    assert stage.cache.get("object:7").priority == priority


# covers: R215
@runs("S1.15")
def test_a_key_for_each_hour(stage):
    class datetime:
        """A clock that does not go past the hour in the middle of the test."""

        hour = "2026112115"

        @classmethod
        def now(cls):
            return SimpleNamespace(strftime=lambda form: cls.hour)

    computed = []
    block = stage.run("S1.15", compute_stats=lambda: computed.append(1) or {"n": len(computed)})
    assert block.stats == {"n": 1}
    block.datetime = datetime
    for hour, expected in (("2026112115", "stats:2026112115"), ("2026112116", "stats:2026112116")):
        datetime.hour = hour
        assert block.get_hourly_cache_key("stats") == expected


# covers: R215 R99
@runs("S1.16")
def test_versions(stage):
    block = stage.run("S1.16")
    assert (block.value1, block.value2) == ("value1", "value2")
    assert stage.cache.get("my_key", version=1) is None
    assert stage.cache.get("my_key", version=2) == "value2"


# covers: R215 R11 R101
@runs("S1.17")
def test_the_version_of_settings(stage):
    # The settings stand in another file than what uses them: it runs once for them, and once under them.
    block = stage.run("S1.17", BACKEND=stage.backend())
    stage.cache.clear()
    stage.cache.set("key", "of version 1")
    stage.install(default={**stage.settings(), **block.CACHES["default"]})
    assert stage.cache.get("key") is None
    block = stage.run("S1.17", BACKEND=stage.backend())
    assert [stage.cache.get("key", version=version) for version in (None, 1, 2)] == ["value", "of version 1", "value"]
    assert stage.cache.get("key", version=3) is None


# covers: R215 R71
@runs("S1.18")
def test_a_version_kept_in_the_model(stage):
    from django.apps import apps

    apps.all_models["printed"].pop("product", None)
    block = stage.run("S1.18", module="printed.models", models=models)
    computed = []
    block.Product.compute_expensive_data = lambda self: computed.append(1) or {"n": len(computed)}
    with connection.schema_editor() as editor:
        editor.create_model(block.Product)
    try:
        product = block.Product.objects.create()
        assert [product.get_cached_data(), product.get_cached_data()] == [{"n": 1}] * 2
        product.invalidate_cache()
        assert block.Product.objects.get(pk=product.pk).cache_version == 2
        assert [product.get_cached_data(), product.get_cached_data()] == [{"n": 2}] * 2
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(block.Product)
        apps.all_models["printed"].pop("product", None)
        apps.clear_cache()


# covers: R215 R117
@runs("S1.19")
def test_the_names_with_a(stage):
    block = stage.run("S1.19")
    asyncio.run(block.async_cache_operations())
    assert stage.cache.get_many(["key", "key1", "key2", "counter"]) == {"counter": 0}


# covers: R215 R117
@runs("S1.20")
def test_an_async_view(stage):
    block = stage.run("S1.20")
    view = block.AsyncCacheView.as_view()
    for _ in range(2):
        answer = asyncio.run(view(RequestFactory().get("/")))
        assert answer.content == b'{"users": 1000, "posts": 5000}'
        # From now on it comes from the cache.
        block.AsyncCacheView.compute_stats = None
    assert stage.cache.get("site_stats") == {"users": 1000, "posts": 5000}


# covers: R215 R107
@runs("S1.21")
def test_the_stored_key(stage, request):
    stage.install(default=stage.settings(KEY_PREFIX="myapp", VERSION=1))
    stage.run("S1.21", data={"name": "Ada"})
    assert stage.cache.make_key("user") == "myapp:1:user"
    if stage.kind == "redis":
        assert request.getfixturevalue("redis").ask("EXISTS", "myapp:1:user") == b":1"


# covers: R215 R13 R108
@runs("S1.22")
def test_a_key_function(stage, monkeypatch):
    import sys
    import types

    block = stage.run("S1.22", BACKEND=stage.backend())
    home = types.ModuleType("utils.cache")
    home.make_cache_key = block.make_cache_key
    monkeypatch.setitem(sys.modules, "utils", types.ModuleType("utils"))
    monkeypatch.setitem(sys.modules, "utils.cache", home)
    stage.install(default={**stage.settings(KEY_PREFIX="MyApp"), **block.CACHES["default"]})
    # The hour may change between two lines: what is looked at is asked for until it did not.
    for _ in range(3):
        before = home.make_cache_key("Key", "MyApp", 1)
        stage.cache.set("Key", "value")
        stage.cache.set_many({"Other": 1})
        found = stage.cache.get("kEY"), stage.cache.get_many(["OTHER"]), stage.cache.make_key("Key")
        if home.make_cache_key("Key", "MyApp", 1) == before:
            break
    assert found == ("value", {"OTHER": 1}, before)
    assert before.startswith("myapp:1:") and before.endswith(":key")


# covers: R215 R113
@runs("S1.23")
def test_a_check_of_keys(stage):
    block = stage.run("S1.23", user_id=7, data={"name": "Ada"})
    assert block.key == "user:7"
    assert stage.cache.get("user:7") == {"name": "Ada"}
    for wrong in ("with space", "x" * 251):
        with pytest.raises(ValueError):
            block.validate_cache_key(wrong)


# covers: R215
@runs("S1.24")
def test_hashed_keys(stage):
    block = stage.run("S1.24", user_id=7, year=2026, month=11, data=[1, 2])
    assert block.key == "user:7:orders:2026:11"
    assert stage.cache.get(block.key) == [1, 2]
    long = block.make_hashed_key(["user", "x" * 300])
    assert (long[:7], len(long)) == ("hashed:", 39)
    stage.cache.set(long, 1)
    assert stage.cache.get(long) == 1


# covers: R215 R206
@runs("S1.25")
def test_a_dead_server_and_a_fallback(stage, dead, caplog):
    asked = []
    with dead(stage), caplog.at_level(logging.ERROR):
        block = stage.run("S1.25", logger=logging.getLogger("block"))
        assert block.safe_cache_get("key", lambda: asked.append(1) or "fallback") == "fallback"
    assert asked == [1]
    if stage.kind == "redis":
        assert "Cache get failed" in caplog.text
    else:
        assert block.safe_cache_get("key", None) == "fallback"


# covers: R215 R205 R206
@runs("S1.26")
def test_a_dead_server_and_an_operation(stage, dead, caplog):
    asked = []
    with dead(stage), caplog.at_level(logging.ERROR):
        block = stage.run("S1.26", logger=logging.getLogger("block"))
        assert block.cached_operation("key", lambda: asked.append(1) or "value") == "value"
    assert asked == [1]
    assert issubclass(block.InvalidCacheBackendError, Exception)


# covers: R215
@runs("S1.27")
def test_what_to_store(stage):
    user = User.objects.create(username="ada", email="ada@example.org")
    user.name = "Ada"
    posts = [Post.objects.create(views=views) for views in (5, 1001, 2000)]
    stage.run("S1.27", user_object=user, user=user, Post=Post)
    assert stage.cache.get("user").username == "ada"
    assert stage.cache.get("user_data") == {"id": user.id, "name": "Ada", "email": "ada@example.org"}
    assert stage.cache.get("popular_post_ids") == [post.id for post in posts[1:]]


# covers: R215
@runs("S1.28")
def test_batches(stage):
    for number in range(1, 5):
        User.objects.create(id=number, username=str(number))
    block = stage.run("S1.28", user_ids=[1, 2], User=User)
    assert block.missing_ids == []
    stage.cache.clear()
    stage.cache.set("user:1", "at hand")
    # The good half alone: the bad one has stored all of them before.
    good = "# GOOD" + BLOCKS["S1.28"].text.split("# GOOD")[1]
    names = {"cache": stage.cache, "user_ids": [1, 2, 3], "User": User}
    exec(compile(good, "<S1.28>", "exec"), names)
    assert names["missing_ids"] == [2, 3]
    assert [stage.cache.get(f"user:{number}").username for number in (2, 3)] == ["2", "3"]


# covers: R215
@runs("S1.29")
def test_timeouts_by_kind_of_data(stage):
    stage.run("S1.29", count=7, posts=[1, 2], config={"a": 1}, countries=["AT", "DE"])
    times = {"active_users_count": 60, "popular_posts": 300, "site_config": 3600, "countries_list": 86400}
    for key, seconds in times.items():
        assert lives(stage.cache.ttl(key), seconds)
    assert stage.cache.get_many(times) == {
        "active_users_count": 7,
        "popular_posts": [1, 2],
        "site_config": {"a": 1},
        "countries_list": ["AT", "DE"],
    }


# covers: R215 R206
@runs("S1.30")
def test_the_complete_example(stage, dead):
    user = User.objects.create(username="ada")
    Order.objects.create(user=user, total="7.50")
    stats = stage.run("S1.30", module="shop.block").UserStatsCache
    assert stats.get(user.id) == {"total_orders": 1, "total_spent": 7.5}
    Order.objects.create(user=user, total="2.50")
    assert stats.get(user.id) == {"total_orders": 1, "total_spent": 7.5}
    assert stats.refresh(user.id) == {"total_orders": 2, "total_spent": 10.0}
    stats.invalidate(user.id)
    assert stage.cache.get(f"user_stats:{user.id}") is None
    with dead(stage):
        stats = stage.run("S1.30", module="shop.block").UserStatsCache
        assert stats.refresh(user.id) == {"total_orders": 2, "total_spent": 10.0}
