"""The models whose names the documents use."""

from django.contrib.auth.models import User
from django.db import models


class UserProfile(models.Model):
    """A user's profile."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    city = models.CharField(max_length=100, default="")


class Category(models.Model):
    """What products are sorted by."""

    name = models.CharField(max_length=100)


class Product(models.Model):
    """Something to buy."""

    name = models.CharField(max_length=100)
    price = models.IntegerField(default=0)
    status = models.CharField(max_length=20, default="active")
    sales_count = models.IntegerField(default=0)
    image_url = models.CharField(max_length=100, default="")
    category = models.ForeignKey(Category, on_delete=models.CASCADE, null=True)


class Order(models.Model):
    """What a user bought."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    total = models.DecimalField(max_digits=10, decimal_places=2)


class Post(models.Model):
    """Something to read."""

    views = models.IntegerField(default=0)
