"""The lines of the README run as they stand there; what they take for granted, an application and its data, is given to them."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "README.md"


def block(about):
    """The block of Python that mentions this."""
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if about in text]
    assert sum(bool(line.strip()) for line in found.splitlines()) <= 10
    return found


# covers: R215
def test_the_lines_for_django():
    from django.conf import settings

    text = block("django.core.cache")
    line = next(line for line in text.splitlines() if line.startswith("CACHES"))
    given = {}
    exec(line, given)
    settings.configure(SECRET_KEY="of the README", CACHES=given["CACHES"])
    from django.http import JsonResponse

    asked = []

    class Order:
        class objects:
            @staticmethod
            def filter(open):
                asked.append(open)
                return Order.objects

            @staticmethod
            def values(*names):
                return [dict.fromkeys(names, 7)]

    names = {"Order": Order, "JsonResponse": JsonResponse}
    exec(text, names)
    answers = [names["orders"](None).content for _ in range(2)]
    assert answers == [b'{"orders": [{"id": 7, "total": 7}]}'] * 2
    assert asked == [True]
    names["cache"].invalidate_tag("orders")
    names["orders"](None)
    assert asked == [True, True]


# covers: R215
def test_the_lines_for_fastapi():
    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from pydantic import BaseModel

    import keepwarm

    # As in a program without Django; the test beside this one has set Django up.
    keepwarm.configure({"default": {"backend": "memory"}})

    class Order(BaseModel):
        total: int

    class Database:
        def __init__(self):
            self.orders, self.asked = [], 0

        async def open_orders(self):
            self.asked += 1
            return [order.model_dump() for order in self.orders]

        async def add(self, order):
            self.orders.append(order)

    app, database = FastAPI(), Database()
    exec(block("@app.get"), {"app": app, "database": database, "Order": Order, "__name__": "readme"})
    with TestClient(app) as client:
        assert [client.get("/orders").json() for _ in range(2)] == [[], []]
        assert database.asked == 1
        assert client.post("/orders", json={"total": 7}).status_code == 200
        assert [client.get("/orders").json() for _ in range(2)] == [[{"total": 7}]] * 2
        assert database.asked == 2
