"""Where the weather comes from: slowly, as from another continent."""

import asyncio


class Source:
    """Knows the temperature of some cities, and counts how often it is asked."""

    def __init__(self, takes=0.2):
        self.takes = takes
        self.asked = 0
        self.cities = {"Vienna": 21, "Graz": 23, "Linz": 19}

    async def ask(self, city):
        """The weather, after a while."""
        self.asked += 1
        await asyncio.sleep(self.takes)
        return {"city": city, "degrees": self.cities[city]}
