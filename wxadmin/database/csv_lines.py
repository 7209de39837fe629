"""The lines of a file as the database writes them, in portions: of CSV, or each one text."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, LargeBinary, Select, Text, bindparam, case, cast, exc, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxadmin.database.csv_cells import NEEDS_QUOTES, Cell, constant
from wxadmin.database.types import Id

AGGREGATED_AT_ONCE = 2_000
# Less than a millisecond's work for the interpreter.
COPIED_AT_ONCE = 250
_STEP_ASIDE_S = 0.0001
_ABOVE_ALL = 2**63 - 1
CRLF = "\r\n"
# What the server's binary form begins with, and what stands around the one text of a row.
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER = len(_SIGNATURE) + 8
_BEFORE_TEXT = 2 + 4
_TRAILER = b"\xff\xff"

Selecting = Callable[[Sequence[ColumnElement[Any]]], Select[Any]]
"""A query for these columns, in no order."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Whole lines, in UTF-8."""

    lines: bytes
    rows: int


def portions(
    session: Session,
    selecting: Selecting,
    cells: Sequence[Cell],
    newest_first: InstrumentedAttribute[int],
    *,
    line_end: str = CRLF,
) -> Generator[Portion]:
    """All lines of CSV, from the greatest id to the least, as the database is at one moment. To be closed if left
    early."""
    if session.get_bind().dialect.name == "sqlite":
        line = func.printf(constant(",".join(["%s"] * len(cells)) + line_end), *map(_quoted, cells))
        return _aggregated(session, selecting, line, newest_first)
    query = selecting([cell.shown for cell in cells]).order_by(newest_first.desc())
    return _copied(session, query, line_end.encode())


def texts(
    session: Session, selecting: Selecting, line: ColumnElement[str], newest_first: InstrumentedAttribute[int]
) -> Generator[Portion]:
    """The same of one text a row, never NULL, which brings its own end; nothing of it is quoted."""
    if session.get_bind().dialect.name == "sqlite":
        return _aggregated(session, selecting, line, newest_first)
    return _copied_as_is(session, selecting([cast(line, Text)]).order_by(newest_first.desc()))


def _aggregated(
    session: Session, selecting: Selecting, line: ColumnElement[str], newest_first: InstrumentedAttribute[int]
) -> Generator[Portion]:
    """A row of the driver's for many lines: with each row it takes the interpreter from whoever else is at work."""
    newest = selecting([newest_first.label("id"), line.label("line")]).where(
        newest_first < bindparam("below", type_=Id)
    )
    some = newest.order_by(newest_first.desc()).limit(AGGREGATED_AT_ONCE).subquery()
    lines = cast(func.group_concat(some.c.line, constant("")), LargeBinary)
    query = select(lines, func.count(), func.min(some.c.id))
    below, rows = _ABOVE_ALL, AGGREGATED_AT_ONCE
    while rows == AGGREGATED_AT_ONCE:
        found, rows, below = session.execute(query, {"below": below}).one()
        if rows:
            yield Portion(found, rows)


def _quoted(cell: Cell) -> ColumnElement[Any]:
    if cell.judged is None:
        return cell.shown
    # GLOB looks for one sign much faster than for a set of them.
    needs_quotes = or_(*(cell.judged.op("GLOB")(constant(f"*{sign}*")) for sign in NEEDS_QUOTES))
    quote = constant('"')
    quoted = quote + func.replace(cell.shown, quote, constant('""')) + quote
    return case((cell.judged.is_(None), None), (needs_quotes, quoted), else_=cell.shown)


def _copied(session: Session, query: Select[Any], line_end: bytes) -> Generator[Portion]:
    """PostgreSQL quotes by the same rules, and ends a line by a line feed alone."""
    for some in _messages(session, query, "csv"):
        yield Portion(line_end.join([*(row[:-1] for row in some), b""]), len(some))


def _copied_as_is(session: Session, query: Select[Any]) -> Generator[Portion]:
    """The server sends a message a row, the header before the first one's and the trailer by itself."""
    for some in _messages(session, query, "binary"):
        if bytes(some[0][: len(_SIGNATURE)]) == _SIGNATURE:
            some[0] = some[0][_HEADER:]
        rows = [row[_BEFORE_TEXT:] for row in some if row and bytes(row) != _TRAILER]
        if rows:
            yield Portion(b"".join(rows), len(rows))


def _messages(session: Session, query: Select[Any], kind: str) -> Generator[list[Any]]:
    connection = session.connection()
    compiled = query.compile(connection, compile_kwargs={"render_postcompile": True})
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    statement = f"COPY ({compiled}) TO STDOUT (FORMAT {kind})"
    try:
        with driver.cursor() as cursor, cursor.copy(statement, compiled.params) as copy:
            messages = iter(copy)
            while some := list(islice(messages, COPIED_AT_ONCE)):
                yield some
                # The driver lets the interpreter go too briefly for anybody to take it; the server goes on meanwhile.
                time.sleep(_STEP_ASIDE_S)
    except psycopg.Error as error:
        raise exc.DBAPIError.instance("COPY", None, error, psycopg.Error, hide_parameters=True) from error
