"""Sets of ids as exports keep and compare them: sorted, in portions, so that a million take no more room than some."""

import sys
import tempfile
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, islice
from operator import sub
from typing import IO, TypeAlias

Ids: TypeAlias = "array[int]"
_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Packed:
    """So many ids between the first and the last, both of which are among them."""

    first: int
    last: int
    people: int
    ids: bytes


def packed(ids: Ids) -> Packed:
    """Of ids that rise: what is kept is by how much, the least significant bytes of all of them first."""
    steps = array("q", [ids[0]])
    steps.extend(map(sub, ids[1:], ids))
    if sys.byteorder == "big":
        steps.byteswap()
    raw = steps.tobytes()
    planes = b"".join(raw[plane::_LENGTH] for plane in range(_LENGTH))
    return Packed(ids[0], ids[-1], len(ids), zlib.compress(planes, 1))


def unpacked(data: bytes) -> Ids:
    planes = zlib.decompress(data)
    length = len(planes) // _LENGTH
    raw = bytearray(len(planes))
    for plane in range(_LENGTH):
        raw[plane::_LENGTH] = planes[plane * length : (plane + 1) * length]
    steps = array("q", bytes(raw))
    if sys.byteorder == "big":
        steps.byteswap()
    return array("q", accumulate(steps))


@dataclass(slots=True)
class Spool:
    """Ids that are put aside on the disk for a while: portions that rise, from the greatest ids down. The file goes
    with whoever holds it last."""

    count: int = 0
    _file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def add(self, ids: Ids) -> None:
        self.count += len(ids)
        self._file.write(ids[::-1].tobytes())

    def portions(self, at_once: int) -> Iterator[Ids]:
        """All of them, so many at a time, as they were added. Nothing is added any more."""
        self._file.seek(0)
        while data := self._file.read(at_once * _LENGTH):
            yield array("q", data)[::-1]

    def __del__(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class Found:
    """What two sets have of a stretch of ids, each part rising."""

    added: Ids
    changed: Ids
    gone: Ids


def compared(now: Iterable[tuple[Ids, Ids]], then: Iterable[Ids]) -> Iterator[Found]:
    """Goes down through two sets at once, which come in portions from the greatest ids on; of those of now it is said
    which are marked as changed."""
    new, old = _Going(now), _Going((ids, array("q")) for ids in then)
    while new.ids or old.ids:
        # As far as both are at hand.
        down_to = max(new.ids[0] if new.ids else old.ids[0], old.ids[0] if old.ids else new.ids[0])
        (here, marked), (there, _) = new.taken(down_to), old.taken(down_to)
        yield Found(_sorted(here - there), _sorted(marked & there), _sorted(there - here))


class _Going:
    """One of the sets: the rest of the portion that is at hand."""

    def __init__(self, portions: Iterable[tuple[Ids, Ids]]) -> None:
        self._portions = iter(portions)
        self.ids: Ids = array("q")
        self._marked: Ids = array("q")
        self._next()

    def taken(self, down_to: int) -> tuple[set[int], set[int]]:
        """What is not below that id, and the marked of it."""
        begin, marked = bisect_left(self.ids, down_to), bisect_left(self._marked, down_to)
        found = set(self.ids[begin:]), set(self._marked[marked:])
        self.ids, self._marked = self.ids[:begin], self._marked[:marked]
        if not self.ids:
            self._next()
        return found

    def _next(self) -> None:
        for ids, marked in islice(self._portions, 1):
            self.ids, self._marked = ids, marked


def _sorted(ids: set[int]) -> Ids:
    return array("q", sorted(ids))
