"""How large a storm is: a hundredth unless SOAK_SCALE says otherwise."""

import os

SCALE = float(os.environ.get("SOAK_SCALE", "0.01"))


def scaled(full: int, least: int) -> int:
    """The size at this scale, but never less than what still shows something."""
    return max(least, round(full * SCALE))
