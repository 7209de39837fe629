"""Places in a list that is ordered by a moment and an id, newest first: what a link to the next page carries."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import ColumnElement, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import Tuple

from wxadmin.database.types import Id, UTCDateTime
from wxadmin.errors import BadValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The year 2999, and what fits into the database's ids.
_LATEST_US = 32_472_144_000_000_000
_GREATEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """A row's place in the list, whether the row is still there or not."""

    at: datetime
    id: int

    @classmethod
    def read(cls, text: str) -> Self:
        """What `str` wrote. Raises BadValue."""
        microseconds, _, row_id = text.partition("-")
        if not (microseconds + row_id).isascii() or not (microseconds.isdigit() and row_id.isdigit()):
            raise BadValue("this is no place in a list")
        if len(text) > 40 or int(microseconds) > _LATEST_US or int(row_id) > _GREATEST_ID:
            raise BadValue("this is no place in a list")
        return cls(_EPOCH + int(microseconds) * _MICROSECOND, int(row_id))

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.id}"


@dataclass(frozen=True, slots=True)
class Order:
    """Newest first by these columns, which an index has in this order."""

    at: InstrumentedAttribute[datetime]
    id: InstrumentedAttribute[int]

    def older(self, place: Place) -> ColumnElement[bool]:
        return tuple_(self.at, self.id) < _row(place)

    def newer(self, place: Place) -> ColumnElement[bool]:
        return tuple_(self.at, self.id) > _row(place)

    def not_older(self, place: Place) -> ColumnElement[bool]:
        return tuple_(self.at, self.id) >= _row(place)

    def not_newer(self, place: Place) -> ColumnElement[bool]:
        return tuple_(self.at, self.id) <= _row(place)


def _row(place: Place) -> Tuple:
    return tuple_(literal(place.at, UTCDateTime), literal(place.id, Id))
