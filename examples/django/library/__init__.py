"""A library of books: the project."""
