"""S4, cache workers and automatic invalidation: all of it waits."""

from listed import waits


@waits("S4.02", "cache workers", ImportError)
def test_the_application(workers):
    import importlib

    block = workers.run("S4.02")
    for name in block.INSTALLED_APPS:
        importlib.import_module(name)


@waits("S4.04", "cache workers", ImportError)
def test_a_worker(workers, my_application):
    assert workers.run("S4.04").all_foos_cache


@waits("S4.05", "cache workers", ImportError)
def test_workers_from_settings(workers, my_application):
    from django.test.utils import override_settings

    block = workers.run("S4.05")
    with override_settings(DJANGO_CACHE_WORKERS=block.DJANGO_CACHE_WORKERS):
        from keepwarm.contrib.django_cache.shortcuts import get_cache

        assert get_cache("all_foos") == ["foo"]


@waits("S4.06", "cache workers", ImportError)
def test_the_value_of_a_worker(workers, my_application):
    block = workers.run("S4.06")
    block.get_foos(None)


@waits("S4.07", "automatic invalidation", ImportError)
def test_a_model_that_is_watched(workers):
    assert workers.run("S4.07", module="printed.foo").Foo.objects


@waits("S4.08", "automatic invalidation", ImportError)
def test_rules_of_invalidation(workers, my_application):
    assert workers.run("S4.08").automatic.register
