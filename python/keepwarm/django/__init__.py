"""The Django door: the backends that `CACHES` names.

```python
CACHES = {"default": {"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": "main"}}
```

Optional: `"keepwarm.django"` in `INSTALLED_APPS` for system checks, and `from keepwarm.django import cache` for a proxy that costs a
fraction of Django's; `KEEPWARM_FAST_PROXY = True` puts it in the place of `django.core.cache.cache`.
"""

from keepwarm.django._proxy import FastProxy
from keepwarm.django.backends import BaseCache, DummyCache, FileCache, MemoryCache, RedisCache

__all__ = ["BaseCache", "DummyCache", "FastProxy", "FileCache", "MemoryCache", "RedisCache", "cache"]

#: The cache of `default`, by the faster proxy.
cache = FastProxy()
