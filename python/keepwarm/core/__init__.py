"""The import path of FastDjango; see `keepwarm.core.cache`."""
