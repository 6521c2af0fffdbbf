"""The async face under a short name; see `keepwarm.core.cache`."""

from keepwarm.core.cache import *  # noqa: F403 everything that it has, and nothing else
from keepwarm.core.cache import __all__ as __all__
