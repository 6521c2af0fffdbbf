"""The weather of some cities, from a source that is slow."""

import os

from fastapi import FastAPI, HTTPException, Request

import keepwarm
from keepwarm.core.cache import cache, cached
from source import Source

# One line: "memory", "file" with a location, "redis" with a URL.
keepwarm.configure({"default": {"BACKEND": os.environ.get("WEATHER_CACHE", "memory"), "timeout": 300, "key_prefix": "weather"}})

app = FastAPI(title="Weather")
source = Source()


@cached(timeout=600, key_func=lambda city: f"city:{city}", tags=["weather"])
async def weather_of(city: str):
    """Asks the source: once for each city, however many ask together."""
    return await source.ask(city)


@app.get("/weather/{city}")
async def weather(city: str):
    """What it is like there, and how often that was asked."""
    if city not in source.cities:
        raise HTTPException(404, "no such city")
    asked = await cache.incr(f"asked:{city}", default=0, timeout=86_400)
    return {"city": city, "weather": await weather_of(city), "asked": asked}


@app.get("/warmest")
async def warmest():
    """Where it is warmest; computed from all cities, and dropped with them."""

    async def compute():
        found = {city: (await weather_of(city))["degrees"] for city in source.cities}
        return max(found, key=found.get)

    return {"city": await cache.get_or_set("warmest", compute, tags=["weather"])}


@app.put("/weather/{city}")
async def report(city: str, degrees: int, request: Request):
    """A new measurement: nobody reads the old one after this returned. Ten of them in a minute."""
    limit = await cache.rate_limit(f"report:{request.client.host}", 10, 60)
    if not limit.allowed:
        raise HTTPException(429, "ten reports in a minute are enough")
    source.cities[city] = degrees
    await cache.invalidate_tag("weather")
    return {"city": city, "degrees": degrees}


@app.get("/cache")
async def statistics():
    """How the cache does, and how often the source was asked."""
    return {"stats": await cache.stats(), "asked_the_source": source.asked}
