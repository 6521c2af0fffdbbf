"""The application that the documents take for granted: a shop with users, products and orders."""
