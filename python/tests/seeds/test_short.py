"""S3, the short reference of the low-level interface."""

import threading

from django.contrib.auth.models import User

from listed import runs


# covers: R215
@runs("S3.01")
def test_set(stage):
    stage.run("S3.01")
    assert stage.cache.get("user_123") == {"name": "Alice"}


# covers: R215
@runs("S3.02")
def test_get_and_set_where_nothing_is(stage):
    asked = []

    def fetch_from_db():
        asked.append(1)
        return {"name": "Bob"}

    for _ in range(2):
        assert stage.run("S3.02", fetch_from_db=fetch_from_db).profile == {"name": "Bob"}
    assert asked == [1]


# covers: R215 R28
@runs("S3.03")
def test_a_default_of_ones_own_tells_a_stored_none_from_a_miss(stage):
    assert stage.run("S3.03").missing
    stage.cache.set("key", None)
    assert not hasattr(stage.run("S3.03"), "missing")


# covers: R215 R56
@runs("S3.04")
def test_add_runs_once(stage):
    runs_of = []
    for _ in range(3):
        stage.run("S3.04", run_migration=lambda: runs_of.append(1))
    assert runs_of == [1]
    assert stage.cache.ttl("migration_done") is None


# covers: R215 R62 R65
@runs("S3.05")
def test_eight_threads_compute_once(stage):
    computed = []
    together = threading.Barrier(8)
    found = []

    def heavy_computation():
        computed.append(1)
        return {"result": [1, 2]}

    def ask():
        together.wait(60)
        found.append(stage.cache.get_or_set("expensive_result", heavy_computation, timeout=600))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (computed, found) == ([1], [{"result": [1, 2]}] * 8)
    assert stage.run("S3.05", heavy_computation=heavy_computation).data == {"result": [1, 2]}
    assert computed == [1]


# covers: R215 R79
@runs("S3.06")
def test_counters(stage):
    stage.run("S3.06")
    assert stage.cache.get("views") == 6


# covers: R215
@runs("S3.07")
def test_a_dict_and_a_model_instance(stage):
    user = User.objects.create(id=123, username="alice")
    stage.run("S3.07", User=User)
    stored = stage.cache.get("user_123")
    assert (type(stored), stored.pk, stored.username) == (User, user.pk, "alice")


# covers: R215
@runs("S3.08")
def test_an_update_drops_what_was_cached(stage):
    user = User.objects.create(username="alice")
    stage.cache.set(f"user_{user.pk}", {"name": "alice"})
    stage.run("S3.08", User=User).update_profile(user.pk, {"username": "bob"})
    assert stage.cache.get(f"user_{user.pk}") is None
    assert User.objects.get(pk=user.pk).username == "bob"


# covers: R215 R117
@runs("S3.09")
def test_the_names_with_a(stage):
    assert stage.run("S3.09").data == "value"
