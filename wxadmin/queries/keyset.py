"""Places in a list that is ordered by a moment and an id: what a link to the next page carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, UnaryExpression, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute

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
    """By these columns, which an index has in this order; by ids alone where they rise with the moment (`by_id`).

    A list may be gone through from its first row on, or `back` from a place towards its first row.
    """

    at: InstrumentedAttribute[datetime]
    id: InstrumentedAttribute[int]
    newest_first: bool = True
    by_id: bool = False

    def beyond(self, place: Place, *, back: bool = False) -> ColumnElement[bool]:
        """Those behind the place."""
        key, of_place = self._key, self._of(place)
        return key > of_place if self._rises(back) else key < of_place

    def within(self, place: Place, *, back: bool = False) -> ColumnElement[bool]:
        """Those up to the place, which is among them."""
        key, of_place = self._key, self._of(place)
        return key <= of_place if self._rises(back) else key >= of_place

    def sorted(self, columns: Sequence[Any], *, back: bool = False) -> list[UnaryExpression[Any]]:
        """What to order by: the columns, or what stands for them."""
        return [column.asc() if self._rises(back) else column.desc() for column in columns]

    @property
    def columns(self) -> Sequence[Any]:
        return [self.id] if self.by_id else [self.at, self.id]

    @property
    def _key(self) -> ColumnElement[Any]:
        return self.id.expression if self.by_id else tuple_(self.at, self.id)

    def _of(self, place: Place) -> ColumnElement[Any]:
        row_id = literal(place.id, Id)
        return row_id if self.by_id else tuple_(literal(place.at, UTCDateTime), row_id)

    def _rises(self, back: bool) -> bool:
        return self.newest_first == back
