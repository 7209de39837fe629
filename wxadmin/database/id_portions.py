"""Ids of rows that fit, in portions: the database puts some thousand into one value, so that they cost nobody a row."""

from array import array
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, LargeBinary, Select, bindparam, case, cast, func, null, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.database.csv_cells import constant
from wxadmin.database.types import Id

AT_ONCE = 2_000
# So many rows are looked at for one portion.
STRETCH = 10_000
_ABOVE_ALL = 2**63 - 1

Ids: TypeAlias = "array[int]"
Selecting = Callable[[Sequence[ColumnElement[Any]]], Select[Any]]
"""A query for these columns, in no order."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Ids next to each other, the least one first, and those of them that are marked."""

    ids: Ids
    marked: Ids


def portions(
    session: Session,
    selecting: Selecting,
    column: InstrumentedAttribute[int],
    *,
    mark: ColumnElement[bool] | None,
    are_few: bool = False,
) -> Generator[Portion]:
    """From the greatest id down, as the database is at one moment; none is empty. What is looked at for each lies
    between two ids: by a limit instead, the planner might walk through all rows for every portion. Where they `are_few`
    whom an index finds, all are one portion."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    joined, read = (_as_text, _read) if is_sqlite else (_as_bytes, _received)
    marked: ColumnElement[Any] = joined(case((mark, column))) if mark is not None else null()
    query: Select[Any] = selecting([joined(column.expression), marked])
    query = query.where(column < bindparam("below", type_=Id), column >= bindparam("down_to", type_=Id))
    below = _ABOVE_ALL
    while below > 0:
        down_to = 0 if are_few else _stretch(session, column, below)
        row = session.execute(query, {"below": below, "down_to": down_to}).one()
        if row[0]:
            yield Portion(read(row[0]), read(row[1]) if row[1] else array("q"))
        below = down_to


def _stretch(session: Session, column: InstrumentedAttribute[int], below: int) -> int:
    """Where the next so many rows end, whether they fit or not."""
    # This offset counts index entries up to a fixed number.
    ahead = select(column).where(column < below).order_by(column.desc()).offset(STRETCH - 1).limit(1)
    return session.scalar(ahead) or 0


def _as_text(ids: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.group_concat(ids, constant(","))


def _read(text: str) -> Ids:
    return array("q", sorted(map(int, text.split(","))))


def _as_bytes(ids: ColumnElement[Any]) -> ColumnElement[Any]:
    """An id that is NULL leaves nothing."""
    return func.string_agg(type_coerce(func.int8send(ids), LargeBinary), cast(b"", LargeBinary))


def _received(sent: bytes) -> Ids:
    """What int8send wrote: the most significant byte first."""
    ids = array("q", sent)
    ids.byteswap()
    return array("q", sorted(ids))
