"""A cache of one face as a plain one: what is tested is one behaviour."""


class Face:
    """A cache of one face, with every verb as a plain call: what is tested is one behaviour."""

    def __init__(self, cache, is_awaited, loop):
        self.cache = cache
        self.is_awaited = is_awaited
        self._loop = loop

    def __getattr__(self, name):
        attribute = getattr(self.cache, name)
        if not self.is_awaited or not callable(attribute):
            return attribute

        def call(*arguments, **options):
            async def run():
                answer = attribute(*arguments, **options)
                return await answer if hasattr(answer, "__await__") else answer

            return self._loop.run_until_complete(run())

        return call
