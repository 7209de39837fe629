"""How large a storm is: a hundredth unless SOAK_SCALE says otherwise."""

import os
from collections.abc import Callable
from typing import TypeVar

from tests.databases import on_sqlite

T = TypeVar("T", bound=Callable[..., object])

SCALE = float(os.environ.get("SOAK_SCALE", "0.01"))


def scaled(full: int, least: int) -> int:
    """The size at this scale, but never less than what still shows something."""
    return max(least, round(full * SCALE))


def with_a_guard_off(test: T) -> T:
    """Shows that a storm notices: on both databases at full size, else on the one that takes less time."""
    return test if SCALE >= 1 else on_sqlite(test)
