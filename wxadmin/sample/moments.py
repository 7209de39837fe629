"""Moments as whole microseconds since 1970, the text that both databases read, and ids for moments that are past."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BEIJING = 8 * HOUR

_START_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# 2026-01-01 UTC, from which wxadmin/ids.py counts.
ID_EPOCH = 1_767_225_600 * SECOND
_NODE_BITS = 12
_SEQUENCE_BITS = 10


def from_datetime(at: datetime) -> int:
    return (at - _START_OF_TIME) // timedelta(microseconds=1)


def to_datetime(at: int) -> datetime:
    return _START_OF_TIME + timedelta(microseconds=at)


def text(at: int) -> str:
    """What SQLite stores (database/types.py), and what PostgreSQL reads in a session whose zone is UTC."""
    second, rest = divmod(at, SECOND)
    return f"{_second_text(second)}.{rest:06d}"


def text_or_none(at: int | None) -> str | None:
    return None if at is None else text(at)


@lru_cache(maxsize=8192)
def _second_text(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}"


class PastIds:
    """Draws ids like those of wxadmin/ids.py, each for a moment given in about the order of time.

    `node` must be a number that no process and no other PastIds over the same time has.
    """

    def __init__(self, node: int) -> None:
        self._node = (node % (1 << _NODE_BITS)) << _SEQUENCE_BITS
        self._last_ms = 0
        self._sequence = 0

    def draw(self, at: int) -> int:
        """An id greater than every earlier one; where `at` is before the last one's, of the last one's millisecond."""
        ms = (at - ID_EPOCH) // 1000
        if ms > self._last_ms:
            self._last_ms, self._sequence = ms, 0
        else:
            self._sequence += 1
            if self._sequence >> _SEQUENCE_BITS:
                self._last_ms, self._sequence = self._last_ms + 1, 0
        return self._last_ms << (_NODE_BITS + _SEQUENCE_BITS) | self._node | self._sequence
