"""Which colour an errcode has in charts and lists: the same on every page, as far as colours go round."""

from collections.abc import Collection, Mapping
from zlib import crc32

COLOURED = 7
"""Charts have eight colours, the last of which is for all other codes together."""

REST = COLOURED + 1

# What is met most keeps its colour whatever stands beside it.
_USUAL = ("40163", "40029", "-1", "gw_timeout", "40243", "40125", "gw_state_cookie_lost")
_OWN = {code: colour for colour, code in enumerate(_USUAL, start=1)}


def of(codes: Collection[str]) -> Mapping[str, int]:
    """A colour for each of at most COLOURED codes, no two alike, however often each is met."""
    given = {code: _OWN[code] for code in codes if code in _OWN}
    free = [colour for colour in range(1, REST) if colour not in given.values()]
    for code in sorted(set(codes) - set(given)):
        given[code] = free.pop(crc32(code.encode()) % len(free))
    return given
