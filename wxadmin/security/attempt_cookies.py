"""What the cookie of an attempt says: `<made at>.<mark of the return URL>.<secret>`, and `.again` after a restart.

The secret alone proves that a browser began the attempt, whose row keeps the whole value's hash. The rest is for the
gateway's own eyes: how often this browser began of late is read from what it brings, so that it holds over processes
and restarts without a row.
"""

import time
from collections.abc import Iterable

from wxadmin.security.hashes import random_text, sha256

_SECRET_LENGTH = 32
_RESTART = ".again"


def make(return_url: str, *, is_restart: bool) -> str:
    """A new value; `is_restart` where the gateway itself begins anew an attempt that was lost."""
    return f"{int(time.time()):x}.{_mark(return_url)}.{random_text(_SECRET_LENGTH)}{_RESTART if is_restart else ''}"


def made_at(value: str) -> int:
    """Seconds since 1970; 0 where the value is not ours."""
    try:
        return int(value.partition(".")[0], 16)
    except ValueError:
        return 0


def is_of_restart(value: str | None) -> bool:
    return value is not None and value.endswith(_RESTART)


def starts_of_late(values: Iterable[str], return_url: str, *, within_s: int) -> int:
    """How many of the browser's attempts to get to the return URL began within the last seconds."""
    since, mark = time.time() - within_s, _mark(return_url)
    return sum(made_at(value) >= since and value.split(".")[1:2] == [mark] for value in values)


def _mark(return_url: str) -> str:
    return sha256(f"return/{return_url}").hex()[:8]
