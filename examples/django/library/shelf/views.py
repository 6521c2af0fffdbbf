"""Pages, and where they come from."""

from django.core.cache import cache
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import cache_page
from django.views.decorators.http import require_POST

from library.shelf.models import Book


def load_books():
    """What the front page shows, as plain data: no models, no queries hidden in a template."""
    return list(Book.objects.values("id", "title", "author", "shelf"))


def front(request):
    """Every book. The list is computed once, however many readers miss it together."""
    books = cache.get_or_set("books", load_books, timeout=300, tags=["books"])
    request.session["seen"] = request.session.get("seen", 0) + 1
    return render(request, "front.html", {"books": books, "seen": request.session["seen"]})


def book(request, number):
    """One book, with a counter that loses no visit."""

    def load():
        found = get_object_or_404(Book, pk=number)
        return {"id": found.pk, "title": found.title, "author": found.author, "year": found.year, "shelf": found.shelf}

    data = cache.get_or_set(f"book:{number}", load, timeout=3600, tags=[f"book:{number}"])
    visits = cache.incr(f"visits:{number}", default=0, timeout=86_400)
    return render(request, "book.html", {"book": data, "visits": visits})


@require_POST
def edit(request, number):
    """Changes the title; at most ten changes in a minute from one address."""
    if not cache.rate_limit(f"edit:{request.META['REMOTE_ADDR']}", 10, 60).allowed:
        return render(request, "slowly.html", status=429)
    changed = get_object_or_404(Book, pk=number)
    changed.title = request.POST["title"]
    changed.save()
    return redirect(f"/book/{number}/")


@cache_page(1, key_prefix="statistics")
def cache_page_of_statistics(request):
    """How the cache does; Django's own page cache keeps this for a second."""
    return JsonResponse({"stats": cache.stats(), "books": cache.explain("books")["text"]}, json_dumps_params={"default": str})
