"""The application."""

from django.apps import AppConfig


class ShelfConfig(AppConfig):
    """Connects the signals."""

    name = "library.shelf"

    def ready(self):
        from library.shelf import signals  # noqa: F401
