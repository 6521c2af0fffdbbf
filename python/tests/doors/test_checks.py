"""What `manage.py check` says of the caches."""

import pytest
from django.core import checks
from django.test.utils import override_settings

from keepwarm.exceptions import ConfigurationError


def said(deploy=False):
    """The numbers and words of what the checks of caches find."""
    found = checks.run_checks(tags=[checks.Tags.caches], include_deployment_checks=deploy)
    return {each.id: each.msg for each in found}


def test_good_settings_are_passed_over(caches, backend):
    caches(default=backend)
    assert said(deploy=True) == {}


# covers: R17
def test_an_option_that_nobody_knows_is_named_before_the_first_request(caches, location):
    caches(default={"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": location, "OPTIONS": {"MAX_ENTIRES": 3}})
    from keepwarm.django._checks import each_can_be_opened

    (error,) = each_can_be_opened(None)
    assert (error.id, error.level) == ("keepwarm.E001", checks.ERROR)
    assert "no option max_entires; did you mean `max_entries`?" in error.msg
    # One of Django's own checks opens every cache as well, and may come first.
    with pytest.raises(ConfigurationError, match="max_entires"):
        raise ConfigurationError(said()["keepwarm.E001"])


# covers: R133
def test_a_relative_location_is_caches_w003(caches):
    caches(default={"BACKEND": "keepwarm.django.FileCache", "LOCATION": "relative/cache"})
    assert said() == {"caches.W003": "Your 'default' cache LOCATION path is relative. Use an absolute path instead."}


# covers: R133
@pytest.mark.parametrize(
    "inside, relation", [("", "matches"), ("cache", "is inside"), ("..", "contains")], ids=["the same", "inside", "around"]
)
@pytest.mark.parametrize("setting", ["MEDIA_ROOT", "STATIC_ROOT", "STATICFILES_DIRS"])
def test_a_location_that_is_served_is_caches_w002(caches, tmp_path, inside, relation, setting):
    root = tmp_path / "outer" / "served"
    root.mkdir(parents=True)
    value = [str(root)] if setting == "STATICFILES_DIRS" else str(root)
    caches(default={"BACKEND": "keepwarm.django.FileCache", "LOCATION": str((root / inside).resolve())})
    with override_settings(**{setting: value}):
        message = said()["caches.W002"]
    assert message == (
        f"Your 'default' cache configuration might expose your cache or lead to corruption of your data because its LOCATION "
        f"{relation} {setting}."
    )


# covers: R210
def test_pickling_without_a_key_is_named(caches, tmp_path):
    settings = {"BACKEND": "keepwarm.django.FileCache", "LOCATION": str(tmp_path)}
    caches(default=settings)
    with override_settings(SECRET_KEY=""):
        assert "no key to sign with" in said()["keepwarm.E002"]
        caches(default={**settings, "OPTIONS": {"SERIALIZER": "msgpack"}})
        assert said() == {}
        caches(default={**settings, "OPTIONS": {"SIGNING_KEY": "of its own"}})
        assert said() == {}


def test_bounds_that_contradict_each_other_on_one_store_are_named(caches, location):
    alias = {"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": location}
    caches(default=alias, other={**alias, "OPTIONS": {"MAX_ENTRIES": 9}})
    assert said() == {}, "each keeps to its own, as Django's do"
    caches(default={**alias, "OPTIONS": {"MAX_BYTES": 1 << 20}}, other={**alias, "OPTIONS": {"MAX_ENTRIES": 9}})
    with pytest.warns(RuntimeWarning, match="has no effect"):
        assert "`default` and `other` name the same store" in said()["keepwarm.W003"]


def test_sessions_in_the_memory_of_one_of_several_processes_are_named_at_deployment(caches, location):
    caches(sessions={"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": location})
    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cache", SESSION_CACHE_ALIAS="sessions"):
        assert "several workers" in said(deploy=True)["keepwarm.W004"]
        assert said() == {}
    assert said(deploy=True) == {}
