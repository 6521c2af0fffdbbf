"""The data."""

from django.db import models


class Book(models.Model):
    """A book on a shelf."""

    title = models.CharField(max_length=200)
    author = models.CharField(max_length=100)
    year = models.IntegerField()
    shelf = models.CharField(max_length=50)

    class Meta:
        ordering = ["title"]
