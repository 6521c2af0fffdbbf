"""Settings under which Django's own tests run against our classes; which, say two variables of the environment."""

import os

from standing_in import NATIVE, PRIVATE, stand_in

KIND = os.environ["KEEPWARM_SUITE_KIND"]
stand_in(KIND, os.environ["KEEPWARM_SUITE_FACE"])

DATABASES = {alias: {"ENGINE": "django.db.backends.sqlite3"} for alias in ("default", "other")}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "skipping_runner.SkippingRunner"
KEEPWARM_PRIVATE = {**NATIVE, **PRIVATE[KIND]}
if KIND == "redis":
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "redis": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": os.environ["KEEPWARM_SUITE_REDIS"],
            # The usual deadline of 250 ms is for production; a machine under load misses it.
            "OPTIONS": {"deadline": 120, "socket_timeout": 120, "socket_connect_timeout": 120},
        },
    }
