"""Sums by bucket of counts by hour, of which those that are over are remembered: a span of months reads its last day
alone."""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from sqlalchemy import ColumnElement, case, literal
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.clock import utcnow
from wxadmin.database.access import memory_of

T = TypeVar("T")
Bounds = tuple[datetime, ...]

OVER_FOR = timedelta(hours=6)
"""By then nothing is written any more of an hour, and its counts were held against its events (tasks/verify.py)."""


def by_bucket(session: Session, bounds: Bounds, read: Callable[[Bounds], Sequence[T]], *, key: Hashable) -> Sequence[T]:
    """A value for each of the buckets between the bounds. `read` gives those between the bounds that it is given, which
    are asked for where they are not remembered; `key` says of what they are."""
    memory, over = memory_of(session), utcnow() - OVER_FOR
    if memory is None:
        return read(bounds)
    buckets = list(pairwise(bounds))
    found: list[T | None] = [memory.find((key, *bucket)) for bucket in buckets]
    missing = [place for place, value in enumerate(found) if value is None]
    if not missing:
        return [value for value in found if value is not None]
    first, end = missing[0], missing[-1] + 1
    values = read(bounds[first : end + 1])
    for bucket, value in zip(buckets[first:end], values, strict=True):
        if bucket[1] <= over:
            memory.keep((key, *bucket), value)
    return [
        *(one for one in found[:first] if one is not None),
        *values,
        *(one for one in found[end:] if one is not None),
    ]


def bucket_of(hour: InstrumentedAttribute[datetime], bounds: Sequence[datetime]) -> ColumnElement[int]:
    """The number of the bucket that an hour falls into."""
    if len(bounds) == 2:
        # A bare number would name a column to group by.
        return case((hour < bounds[1], 0))
    return _between(hour, bounds, 0, len(bounds) - 1)


def _between(
    hour: InstrumentedAttribute[datetime], bounds: Sequence[datetime], first: int, end: int
) -> ColumnElement[int]:
    """Of the buckets from `first` to before `end`. Halved again and again: in a month of days each row is held against
    five of them, not against fifteen."""
    if end - first == 1:
        return literal(first)
    middle = (first + end) // 2
    return case(
        (hour < bounds[middle], _between(hour, bounds, first, middle)), else_=_between(hour, bounds, middle, end)
    )
