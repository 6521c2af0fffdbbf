"""What is stored."""

INTEGER = 123_456
SHORT = "x" * 20
LONG = "x" * 10_240
SMALL = {"id": 7, "name": "Ada Lovelace", "email": "ada@example.org", "age": 36, "active": True}

# About 2 KiB when pickled: a page of a shop.
NESTED = {
    "category": {"id": 3, "name": "shoes", "path": ["home", "clothes", "shoes"]},
    "products": [
        {
            "id": number,
            "name": f"product number {number}",
            "price": 19.9 + number,
            "tags": ["red", "new", "sale"],
            "stock": {"here": number, "there": 2 * number},
        }
        for number in range(20)
    ],
    "total": 20,
}

NUMBERS = list(range(1000))
