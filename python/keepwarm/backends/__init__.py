"""The import path of Django's backends; see `keepwarm.backends.base`."""
