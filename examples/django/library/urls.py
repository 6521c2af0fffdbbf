"""Pages."""

from django.urls import path

from library.shelf import views

urlpatterns = [
    path("", views.front),
    path("book/<int:number>/", views.book),
    path("book/<int:number>/edit/", views.edit),
    path("cache/", views.cache_page_of_statistics),
]
