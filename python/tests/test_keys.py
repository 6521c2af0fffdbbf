"""Keys that are made of parts."""

import hashlib

import pytest

import keepwarm
from keepwarm import keys


# covers: R112
def test_no_two_lists_of_parts_have_one_hashed_key_and_rust_has_the_same():
    # The key of the example in Rust's documents.
    key = "2fb2d3d89aadcc4a708efe22641e599dfb23191070f96a5e9c7e13cf2091835b"
    assert keepwarm.make_hashed_key(["user", "7", "orders"]) == key == keys.make_hashed_key(("user", 7, "orders"))
    parts = ["ключ", "", "a:b,1", "x" * 10_000]
    spelt = b"".join(b"%d:%s," % (len(part), part) for part in (part.encode() for part in parts))
    assert keys.make_hashed_key(parts) == hashlib.sha256(spelt).hexdigest()
    lists = [["a:b"], ["a", "b"], ["a", "b", ""], ["", "a", "b"], ["ab"], [], [""], ["1:a"], ["1:a,1:b"], ["b", "a"]]
    assert len({keys.make_hashed_key(each) for each in lists}) == len(lists)
    assert len(keys.make_hashed_key(parts)) == 64


# covers: R114
def test_the_key_of_a_fragment_is_djangos():
    from django.core.cache.utils import make_template_fragment_key

    for vary_on in (None, [], ["a"], ["a", 1, "ключ"], [("x",)]):
        assert keys.make_template_fragment_key("sidebar", vary_on) == make_template_fragment_key("sidebar", vary_on)


# covers: R113
def test_a_key_with_a_colon_is_one_that_every_backend_takes():
    assert keys.validate_cache_key("user:1") == "user:1"
    for key in ("with space", "x" * 251, "a\x7f"):
        with pytest.raises(ValueError):
            keys.validate_cache_key(key)
