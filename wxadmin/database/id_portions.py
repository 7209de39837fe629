"""Ids of rows that fit, in portions: the database puts some thousand into one value, so that they cost nobody a row."""

from array import array
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, LargeBinary, Select, bindparam, case, cast, func, select, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.database.csv_cells import constant
from wxadmin.database.types import Id

AT_ONCE = 2_000
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
    mark: ColumnElement[bool],
    at_once: int = AT_ONCE,
) -> Generator[Portion]:
    """From the greatest id down, as the database is at one moment. To be closed if left early."""
    if session.get_bind().dialect.name == "sqlite":
        return _one_after_the_other(session, selecting, column, mark, at_once)
    return _streamed(session, selecting, column, mark, at_once)


def _one_after_the_other(
    session: Session,
    selecting: Selecting,
    column: InstrumentedAttribute[int],
    mark: ColumnElement[bool],
    at_once: int,
) -> Generator[Portion]:
    below = column < bindparam("below", type_=Id)
    newest = selecting([column.label("id"), mark.label("mark")]).where(below).order_by(column.desc())
    some = newest.limit(at_once).subquery()
    comma = constant(",")
    query = select(
        func.group_concat(some.c.id, comma),
        func.group_concat(case((some.c.mark, some.c.id)), comma),
        func.min(some.c.id),
    )
    least: int | None = _ABOVE_ALL
    while True:
        ids, marked, least = session.execute(query, {"below": least}).one()
        if least is None:
            return
        yield Portion(_read(ids), _read(marked))


def _read(text: str | None) -> Ids:
    return array("q", sorted(map(int, text.split(",")))) if text else array("q")


def _streamed(
    session: Session,
    selecting: Selecting,
    column: InstrumentedAttribute[int],
    mark: ColumnElement[bool],
    at_once: int,
) -> Generator[Portion]:
    """One statement, since each of many might be planned as a walk through all rows."""
    number = (func.row_number().over(order_by=column.desc()) - 1) / at_once
    some = selecting([column.label("id"), mark.label("mark"), number.label("portion")]).subquery()
    binary = type_coerce(func.int8send(some.c.id), LargeBinary)
    joined = func.string_agg(aggregate_order_by(binary, some.c.id), cast(b"", LargeBinary))
    query = select(joined, joined.filter(some.c.mark)).group_by(some.c.portion).order_by(some.c.portion)
    with session.execute(query.execution_options(yield_per=1)) as found:
        for ids, marked in found:
            yield Portion(_received(ids), _received(marked))


def _received(sent: bytes | None) -> Ids:
    """What int8send wrote: the most significant byte first."""
    ids = array("q", sent or b"")
    ids.byteswap()
    return ids
