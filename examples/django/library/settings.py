"""Settings. What is of interest is CACHES."""

import os
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent

# Where database and cache lie; elsewhere for a test.
DATA = Path(os.environ.get("LIBRARY_DATA", BASE / ".cache"))
DATA.mkdir(parents=True, exist_ok=True)

CACHES = {
    "default": {
        # Was: "django.core.cache.backends.locmem.LocMemCache"
        "BACKEND": "keepwarm.django.MemoryCache",
        "LOCATION": "library",
        "KEY_PREFIX": "library",
        "TIMEOUT": 300,
    },
    # Survives a restart, and all processes of the machine share it.
    "sessions": {"BACKEND": "keepwarm.django.FileCache", "LOCATION": DATA / "sessions", "TIMEOUT": 86_400},
}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
SESSION_CACHE_ALIAS = "sessions"

SECRET_KEY = os.environ.get("LIBRARY_SECRET", "only for this example")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "library.urls"
WSGI_APPLICATION = "library.wsgi.application"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.sessions", "library.shelf"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "library.sqlite"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE / "library" / "templates"]}]
