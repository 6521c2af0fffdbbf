"""S2, caching in Django with Redis."""

import os

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.test import RequestFactory
from shop.models import Category, Order, Product, UserProfile

from listed import runs
from stage import BLOCKS, PATIENT, lives


# covers: R215 R15 R16 R18 R33 R170
@runs("S2.01")
def test_two_aliases_on_one_server_and_sessions(stage, redis, monkeypatch):
    from django.test.utils import override_settings

    redis.ask("FLUSHALL")
    # Both aliases fall back on one variable.
    monkeypatch.setenv("REDIS_URL", redis.url())
    block = stage.run("S2.01", os=os)
    # As written, but with the patience of a machine under load.
    for alias in block.CACHES.values():
        alias["OPTIONS"] = {**alias.get("OPTIONS", {}), **PATIENT}
    stage.install(**block.CACHES)
    default, sessions = stage.alias("default"), stage.alias("sessions")
    default.set("key", "value")
    assert redis.ask("EXISTS", "myapp:1:key") == b":1"
    assert lives(default.ttl("key"), 300)
    if stage.door == "django":
        with override_settings(SESSION_ENGINE=block.SESSION_ENGINE, SESSION_CACHE_ALIAS=block.SESSION_CACHE_ALIAS):
            use_sessions(default)
    sessions.set("token", 42)
    default.clear()
    assert (default.get("key"), sessions.get("token")) == (None, 42)
    assert lives(sessions.ttl("token"), 86400)


def use_sessions(default):
    """Django's sessions: made, read back, renewed, left alone by `clear`, and ended."""
    from importlib import import_module

    store = import_module("django.contrib.sessions.backends.cache").SessionStore
    session = store()
    session["cart"] = [1, 2]
    session.save()
    default.clear()
    again = store(session.session_key)
    assert again["cart"] == [1, 2]
    old = again.session_key
    again.cycle_key()
    assert again.session_key != old
    assert not store().exists(old)
    assert store(again.session_key)["cart"] == [1, 2]
    again.delete()
    assert not store().exists(again.session_key)


# covers: R215
@runs("S2.02")
def test_a_profile(stage):
    profile = UserProfile.objects.create(user=User.objects.create(username="ada"), city="Wien")
    block = stage.run("S2.02", UserProfile=UserProfile)
    assert block.get_user_profile(profile.user_id).city == "Wien"
    UserProfile.objects.update(city="changed behind its back")
    assert block.get_user_profile(profile.user_id).city == "Wien"
    block.update_user_profile(profile.user_id, {"city": "Graz"})
    assert block.get_user_profile(profile.user_id).city == "Graz"


# covers: R215 R62
@runs("S2.03")
def test_popular_products(stage):
    Product.objects.create(name="shoe", price=7, sales_count=1)
    Product.objects.create(name="hat", price=3, sales_count=5)
    Product.objects.create(name="gone", status="inactive")
    block = stage.run("S2.03", Product=Product)
    first = block.get_popular_products()
    assert [product["name"] for product in first] == ["hat", "shoe"]
    Product.objects.all().delete()
    assert block.get_popular_products() == first


# covers: R215 R105
@runs("S2.04")
def test_a_version_kept_in_the_cache(stage):
    products = stage.run("S2.04").ProductCache
    assert products.get(7) is None
    products.set(7, {"name": "shoe"})
    assert products.get(7) == {"name": "shoe"}
    assert stage.cache.ttl(products.VERSION_KEY) is None
    products.invalidate_all()
    assert products.get(7) is None
    assert products.get_version() == 2


# covers: R215 R138 R176
@runs("S2.05")
def test_tags_by_hand(stage, redis):
    if stage.kind != "redis":
        # It is made of commands of a Redis server, and shall say so elsewhere.
        with pytest.raises(Exception, match="(?i)redis") as failed:
            stage.run("S2.05", **tagged())
        assert not isinstance(failed.value, ImportError)
        return
    block = stage.run("S2.05", **tagged())
    assert stage.cache.get("product:7") is None
    block.TaggedCache.set_with_tags("product:8", "hat", tags=["products"])
    assert redis.ask("EXISTS", "tag:products") == b":1"
    assert stage.cache.get("product:8") == "hat"
    block.TaggedCache.invalidate_tag("products")
    assert stage.cache.get("product:8") is None
    assert redis.ask("EXISTS", "tag:products") == b":0"


def tagged():
    """What the block's usage lines take for granted."""
    return {"product": Product(id=7, category_id=3), "product_data": {"name": "shoe"}, "category_id": 3}


# covers: R215
@runs("S2.06")
def test_cached_views(in_django):
    from django.shortcuts import render
    from rest_framework import renderers, serializers, viewsets

    Product.objects.create(name="shoe")
    block = in_django.run("S2.06", viewsets=viewsets, Product=Product, render=render)
    requests = RequestFactory()
    first = block.product_list(requests.get("/products/"))

    class Products(block.ProductViewSet):
        """The block's viewset, with what a reader would give it."""

        queryset = Product.objects.all()
        renderer_classes = [renderers.JSONRenderer]
        serializer_class = type(
            "ProductSerializer",
            (serializers.ModelSerializer,),
            {"Meta": type("Meta", (), {"model": Product, "fields": ["name"]})},
        )

    listed = Products.as_view({"get": "list"})
    shown = listed(requests.get("/api/products/"))
    shown.render()
    Product.objects.all().delete()
    assert block.product_list(requests.get("/products/")).content == first.content == b"shoe "
    again = listed(requests.get("/api/products/"))
    again.render()
    assert again.content == shown.content == b'[{"name":"shoe"}]'


# covers: R215
@runs("S2.07")
def test_pages_that_vary(in_django):
    from django.shortcuts import render
    from django.views.decorators.cache import cache_page

    block = in_django.run("S2.07", cache_page=cache_page, render=render)
    requests = RequestFactory()
    for cookie in ("a", "b"):
        requests.cookies["session"] = cookie
        answer = block.user_dashboard(requests.get("/dashboard/"))
        assert (answer.content, answer["Vary"]) == (b"dashboard", "Cookie")
    # The second view is printed without a body, and answers nothing; with one, each value of the header is a page.
    with_body = BLOCKS["S2.07"].text.replace('    """Cache varies by auth header."""\n    pass', "    return answer(request)")
    asked = []

    def answer(request):
        asked.append(request.headers["Authorization"])
        return HttpResponse(asked[-1])

    names = {"cache_page": cache_page, "render": render, "answer": answer}
    exec(compile(with_body, "<S2.07>", "exec"), names)
    pages = [names["api_data"](requests.get("/api/", headers={"Authorization": who})).content for who in ("ada", "bob", "ada")]
    assert (pages, asked) == ([b"ada", b"bob", b"ada"], ["ada", "bob"])


# covers: R215
@runs("S2.08")
def test_a_condition_beside_a_cached_page(in_django):
    block = in_django.run("S2.08")
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert block.should_cache(request, HttpResponse())
    assert not block.should_cache(request, HttpResponse(status=500))
    assert not block.should_cache(RequestFactory().post("/"), HttpResponse())
    request.user = User(username="ada")
    assert not block.should_cache(request, HttpResponse())
    # As printed the view has no body; with one it is cached under its prefix.
    text = BLOCKS["S2.08"].text.replace("    pass\n", "    return answer(request)\n")
    asked = []
    names = {"answer": lambda request: asked.append(1) or HttpResponse("page")}
    exec(compile(text, "<S2.08>", "exec"), names)
    assert [names["public_view"](RequestFactory().get("/")).content for _ in range(2)] == [b"page"] * 2
    assert asked == [1]


# covers: R215
@runs("S2.09")
def test_cached_querysets(stage):
    from django.apps import apps
    from django.db import connection, models

    apps.all_models["printed"].pop("item", None)
    mixin = stage.run("S2.09").CachedQuerySet

    class Item(mixin, models.Model):
        name = models.CharField(max_length=10)

        class Meta:
            app_label = "printed"

    import sys

    # Pickled by its name, as a model of a program would be.
    Item.__module__, Item.__qualname__ = "printed.block", "Item"
    sys.modules["printed.block"].Item = Item
    with connection.schema_editor() as editor:
        editor.create_model(Item)
    try:
        item = Item.objects.create(name="first")
        assert [found.name for found in Item.cached_all()] == ["first"]
        assert Item.cached_get(item.pk).name == "first"
        Item.objects.update(name="behind its back")
        assert Item.cached_get(item.pk).name == "first"
        item.name = "second"
        item.save()
        assert Item.cached_get(item.pk).name == "second"
        assert [found.name for found in Item.cached_all()] == ["second"]
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Item)
        apps.all_models["printed"].pop("item", None)
        apps.clear_cache()


# covers: R215 R116
@runs("S2.10")
def test_signals_that_invalidate(stage):
    from django.db.models.signals import post_delete, post_save

    block = stage.run("S2.10", Product=Product, Order=Order)
    try:
        category = Category.objects.create(name="shoes")
        product = Product.objects.create(name="shoe", category=category)
        keys = [f"product:{product.pk}", f"category_products:{category.pk}", "popular_products", "search:red", "search:x:y"]
        for change in (product.save, product.delete):
            stage.cache.set_many(dict.fromkeys([*keys, "stats:day", "product:0"], "cached"))
            change()
            assert stage.cache.get_many([*keys, "stats:day", "product:0"]) == {"stats:day": "cached", "product:0": "cached"}
        Order.objects.create(user=User.objects.create(username="ada"), total=1)
        assert stage.cache.get("stats:day") is None
    finally:
        for signal in (post_save, post_delete):
            signal.disconnect(block.invalidate_product_cache, sender=Product)
        post_save.disconnect(block.invalidate_stats_cache, sender=Order)


# covers: R215
@runs("S2.11")
def test_memoization(stage):
    service = stage.run("S2.11").ProductService
    assert service.calculate_discount(200, 25) == service.calculate_discount(200, 25) == 150
    assert service.calculate_discount.cache_info().hits == 1
    service.clear_discount_cache()
    assert service.calculate_discount.cache_info().currsize == 0


# covers: R154
def test_what_takes_the_place_of_lru_cache():
    from keepwarm import memoize

    text = BLOCKS["S2.11"].text.replace("from functools import lru_cache", "").replace("@lru_cache(", "@memoize(")
    names = {"memoize": memoize, "__name__": "printed.block"}
    exec(compile(text, "<S2.11>", "exec"), names)
    service = names["ProductService"]
    assert service.calculate_discount(200, 25) == service.calculate_discount(200, 25) == 150
    assert service.calculate_discount.cache_info().hits == 1
    service.clear_discount_cache()
    assert service.calculate_discount.cache_info().currsize == 0
