"""Keys that are made of several parts, and looked at; the same as in Rust."""

from keepwarm._native import make_hashed_key, make_template_fragment_key, validate_cache_key

__all__ = ["make_hashed_key", "make_template_fragment_key", "validate_cache_key"]
