"""Runs Django's own tests, unedited, against our classes.

    python run.py SOURCES memory sync

SOURCES is Django's source tree, which carries its tests. Ends as unittest ends.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

#: What is run for each kind: the class of tests for that kind, and, in memory, everything that names LocMemCache.
TESTS = {
    "memory": [
        "cache.tests.LocMemCacheTests",
        "cache.tests.CustomCacheKeyValidationTests",
        "cache.tests.CacheClosingTests",
        "cache.tests.DefaultNonExpiringCacheKeyTests",
        "cache.tests.CacheUtils",
        "cache.tests.PrefixedCacheUtils",
        "cache.tests.CacheHEADTest",
        "cache.tests.CacheI18nTest",
        "cache.tests.PrefixedCacheI18nTest",
        "cache.tests.CacheMiddlewareTest",
        "cache.tests.TestWithTemplateResponse",
        "cache.tests.TestMakeTemplateFragmentKey",
        "cache.tests.CacheHandlerTest",
        "sessions_tests.tests",
        "template_tests.syntax_tests.test_cache",
        "check_framework.test_caches",
    ],
    "file": ["cache.tests.FileBasedCacheTests", "cache.tests.FileBasedCachePathLibTests"],
    "redis": ["cache.tests.RedisCacheTests"],
}


def main():
    sources, kind, face = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    environment = os.environ | {
        "KEEPWARM_SUITE_KIND": kind,
        "KEEPWARM_SUITE_FACE": face,
        "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "runtests.py", "--settings=keepwarm_suite_settings", "--parallel=1", *TESTS[kind], *sys.argv[4:]]
    if kind != "redis":
        return subprocess.run(command, cwd=sources / "tests", env=environment).returncode
    from support.redis_server import redis_server

    with redis_server() as server:
        environment["KEEPWARM_SUITE_REDIS"] = server.url()
        return subprocess.run(command, cwd=sources / "tests", env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
