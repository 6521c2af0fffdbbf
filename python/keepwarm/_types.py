"""What callers pass, as types."""

from collections.abc import Iterable
from datetime import timedelta

#: Seconds or a length of time; `None` is for ever. `DEFAULT_TIMEOUT`, ours or Django's, is the alias' own.
Timeout = float | timedelta | object | None

#: `None` is the alias' own.
Version = int | str | None

Tags = Iterable[str] | None
