"""The Django door: the backends that `CACHES` names.

```python
CACHES = {"default": {"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": "main"}}
```
"""

from keepwarm.django.backends import DummyCache, FileCache, MemoryCache, RedisCache

__all__ = ["DummyCache", "FileCache", "MemoryCache", "RedisCache"]
