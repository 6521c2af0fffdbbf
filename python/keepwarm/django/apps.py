"""`"keepwarm.django"` among the installed applications: system checks, and the faster proxy for who asks for it."""

from django.apps import AppConfig
from django.conf import settings


class KeepwarmConfig(AppConfig):
    """Nothing of it is needed to use the backends."""

    name = "keepwarm.django"
    label = "keepwarm"
    verbose_name = "Keepwarm"

    def ready(self):
        """Registers the checks."""
        from keepwarm.django import _checks  # noqa: F401
        from keepwarm.django._proxy import take_the_place_of_djangos

        if getattr(settings, "KEEPWARM_FAST_PROXY", False):
            take_the_place_of_djangos()
