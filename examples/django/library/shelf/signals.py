"""What a changed book invalidates: everything that was made of it, and only that. What was read before the change cannot be put
back after it, however slow the page was that read it."""

from django.core.cache import cache
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from library.shelf.models import Book


@receiver([post_save, post_delete], sender=Book)
def drop(sender, instance, **_):
    """One tag for each book, one for lists of books."""
    cache.invalidate_tag(f"book:{instance.pk}")
    cache.invalidate_tag("books")
