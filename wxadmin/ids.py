"""Ids made by the application: 63 bits, in order of time, so that no statement needs to ask the database for one."""

import secrets
import threading
import time
from datetime import datetime

# 2026-01-01 UTC. 41 bits of milliseconds from here last until 2095.
_EPOCH_MS = 1_767_225_600_000
_NODE_BITS = 12
_SEQUENCE_BITS = 10


class Ids:
    """Draws ids: 41 bits of milliseconds, 12 of the node's number, 10 of a sequence within the millisecond.

    Node numbers come from the database, one after the other (services/house.py), so two processes share one only
    after 4,096 starts in between. A clock that is set back keeps the last millisecond until it has caught up.
    """

    def __init__(self, node: int) -> None:
        self._node = (node % (1 << _NODE_BITS)) << _SEQUENCE_BITS
        self._last_ms = 0
        self._sequence = 0
        self._lock = threading.Lock()

    def draw(self) -> int:
        """A new id, greater than every earlier one of this process."""
        with self._lock:
            now_ms = max(time.time_ns() // 1_000_000 - _EPOCH_MS, self._last_ms)
            if now_ms == self._last_ms:
                self._sequence += 1
                if self._sequence >> _SEQUENCE_BITS:
                    now_ms, self._sequence = now_ms + 1, 0
            else:
                self._sequence = 0
            self._last_ms = now_ms
            return now_ms << (_NODE_BITS + _SEQUENCE_BITS) | self._node | self._sequence


_rare = Ids(secrets.randbelow(1 << _NODE_BITS))


def first_id_at(at: datetime) -> int:
    """The smallest id that can be drawn at this moment or later."""
    milliseconds = int(at.timestamp() * 1000) - _EPOCH_MS
    return max(0, milliseconds) << (_NODE_BITS + _SEQUENCE_BITS)


def draw_rare() -> int:
    """An id for what people make now and then (accounts, sites, staff), in a process that has no node number."""
    return _rare.draw()
