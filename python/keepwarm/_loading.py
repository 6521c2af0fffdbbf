"""What the event loop runs of an awaited computation."""

from inspect import isawaitable


async def run(default, argument, called_with_it):
    """The value of a loader: a value, a function, or an `async def`; with the keys to load where it loads many."""
    if called_with_it:
        value = default(argument)
    elif callable(default):
        value = default()
    else:
        return default
    return await value if isawaitable(value) else value
