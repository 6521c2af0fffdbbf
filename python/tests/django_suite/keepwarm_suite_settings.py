"""Settings under which Django's own tests run against our classes; which, say two variables of the environment."""

import os

from standing_in import PRIVATE, stand_in

KIND = os.environ["KEEPWARM_SUITE_KIND"]
stand_in(KIND, os.environ["KEEPWARM_SUITE_FACE"])

DATABASES = {alias: {"ENGINE": "django.db.backends.sqlite3"} for alias in ("default", "other")}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
TEST_RUNNER = "skipping_runner.SkippingRunner"
KEEPWARM_PRIVATE = PRIVATE[KIND]
