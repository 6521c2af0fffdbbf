"""What is changed in a block before it runs: the root of its imports, what RESOLUTIONS names as wrong in it, and where this
machine's servers are. Nothing else; each change has its reason, and has to be found in the block."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """Text of a block that is replaced, and why."""

    old: str
    new: str
    why: str


# How the imports of the documents read behind each door.
ROOTS = {
    # Django's own proxy stays, with only BACKEND changed in settings.
    "django": {
        "from django_redis import": "from keepwarm import",
        "django.core.cache.backends.redis.RedisCache": "keepwarm.django.RedisCache",
    },
    "plain": {
        "from django.core.cache import": "from keepwarm import",
        "from django.core.cache.backends.base import": "from keepwarm.backends.base import",
        "from django_redis import": "from keepwarm import",
    },
    "async": {"from fastdjango.core.cache import": "from keepwarm.core.cache import"},
    "workers": {
        "django_cache": "keepwarm.contrib.django_cache",
        "from model_subscription": "from keepwarm.contrib.model_subscription",
    },
}

# What is wrong in a block as it is printed. The numbers are those of the resolutions.
FIXES = {
    "S1.05": [
        Change("# Returns True if key", "import time\n# Returns True if key", "C4: `time` is used and not imported"),
    ],
    "S1.17": [Change("'BACKEND': '...'", "'BACKEND': BACKEND", "three dots stand for a backend")],
    "S1.19": [
        Change(
            "    await cache.aincr('counter')",
            "    await cache.aset('counter', 0)\n    await cache.aincr('counter')",
            "C22: counting on what was just cleared is an error; the counter is set first",
        ),
    ],
    "S1.22": [Change("'BACKEND': '...'", "'BACKEND': BACKEND", "three dots stand for a backend")],
    "S1.23": [Change(r"^[\w\-\.]+$", r"^[\w\-\.:]+$", "C8: the pattern refuses the key that the block itself makes, `user:1`")],
    "S3.03": [
        Change("    # ключа точно нет", "    missing = True  # ключа точно нет", "the body of the `if` is a comment"),
    ],
    "S4.08": [Change("from django_cache.contrib import Cacher", "from typing import Dict\nfrom django_cache.contrib import Cacher", "C18: `Dict` is used and not imported")],
}


def changed(name, text, door, places=()):
    """The text of a block as it runs behind a door; `places` are (old, new) for what is elsewhere here than in the document."""
    for change in FIXES.get(name, ()):
        text = replaced(name, text, change.old, change.new)
    for old, new in ROOTS[door].items():
        text = text.replace(old, new)
    for old, new in places:
        text = replaced(name, text, old, new)
    return text


def replaced(name, text, old, new):
    """The text with what is there exactly once replaced."""
    if text.count(old) != 1:
        raise AssertionError(f"{name}: {old!r} is there {text.count(old)} times, and a change of it means one")
    return text.replace(old, new)
