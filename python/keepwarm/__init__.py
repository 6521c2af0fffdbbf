"""Django's cache API for Python, on the Rust library keepwarm: sync here, async in `keepwarm.aio`, Django's in `keepwarm.django`."""
from keepwarm._native import __version__
