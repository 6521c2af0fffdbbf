"""A few books to begin with."""

from library.shelf.models import Book

BOOKS = [
    ("Middlemarch", "George Eliot", 1871, "novels"),
    ("Effi Briest", "Theodor Fontane", 1895, "novels"),
    ("Bleak House", "Charles Dickens", 1853, "novels"),
    ("On the Origin of Species", "Charles Darwin", 1859, "science"),
    ("Micrographia", "Robert Hooke", 1665, "science"),
]


def fill():
    """Puts them in where nothing is."""
    if not Book.objects.exists():
        Book.objects.bulk_create(Book(title=title, author=author, year=year, shelf=shelf) for title, author, year, shelf in BOOKS)
