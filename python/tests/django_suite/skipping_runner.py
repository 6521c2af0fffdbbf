"""Django's runner, which leaves out by name and with a reason what looks into Django's own insides."""

import unittest

from django.conf import settings
from django.test.runner import DiscoverRunner, iter_test_cases


class SkippingRunner(DiscoverRunner):
    """Skips the tests of `KEEPWARM_PRIVATE` in the classes of Django's own backends."""

    classes = ("DefaultNonExpiringCacheKeyTests", "LocMemCacheTests", "FileBasedCacheTests", "FileBasedCachePathLibTests", "RedisCacheTests")

    def build_suite(self, *arguments, **options):
        suite = super().build_suite(*arguments, **options)
        for test in iter_test_cases(suite):
            reason = settings.KEEPWARM_PRIVATE.get(test._testMethodName)
            if reason and type(test).__name__ in self.classes:
                setattr(test, test._testMethodName, unittest.skip(reason)(lambda: None))
        return suite
