"""Values on their way into sets and out of them: bound by place on SQLite, within one JSON text on PostgreSQL."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Dialect, FromClause, Text, bindparam, cast, column, func
from sqlalchemy.types import LargeBinary, String, TypeEngine

from wxadmin.database.types import UTCDateTime

Row = Mapping[str, Any]
Convert = Callable[[Any], Any]

ROWS = "set_rows"


class Bound:
    """Rows for SQLite's driver: in the order of the columns, each named with what converts its values, if anything."""

    def __init__(self, columns: Sequence[tuple[str, Convert | None]]) -> None:
        self._names = [name for name, _ in columns]
        # A getter of one name gives no tuple.
        self._tuple: Callable[[Row], tuple[Any, ...]] = (
            itemgetter(*self._names) if len(columns) > 1 else lambda row: (row[self._names[0]],)
        )
        self._converts = [(place, convert) for place, (_, convert) in enumerate(columns) if convert is not None]

    def __call__(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        if not self._converts:
            return list(map(self._tuple, rows))
        return [self._converted(row) for row in rows]

    def _converted(self, row: Row) -> tuple[Any, ...]:
        values = list(self._tuple(row))
        for place, convert in self._converts:
            values[place] = convert(values[place])
        return tuple(values)


def binder(column_type: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """What makes a value of the column fit for the driver; None where it is so already."""
    if isinstance(column_type, UTCDateTime):
        return UTCDateTime.as_text
    # The driver takes bytes and truth values as they are.
    if isinstance(column_type, (LargeBinary, Boolean)):
        return None
    return column_type.dialect_impl(dialect).bind_processor(dialect)


def as_json(rows: Sequence[Row], names: Sequence[str]) -> dict[str, str]:
    """The rows for PostgreSQL: the parameter of `proposed`."""
    kept = [{name: row[name] for name in names} for row in rows]
    return {ROWS: json.dumps(kept, default=_as_text)}


def _as_text(value: object) -> str:
    """What PostgreSQL reads as the value from within JSON."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in a set; datetimes must be aware")


def proposed(columns: Sequence[Column[Any]]) -> FromClause:
    """On PostgreSQL, the rows of the set as a relation with these columns."""
    rows = func.json_to_recordset(cast(bindparam(ROWS), JSON))
    named = rows.table_valued(*(column(c.name, _plain_type(c)) for c in columns), name="proposed")
    return named.render_derived(with_types=True)


def _plain_type(source: Column[Any]) -> TypeEngine[Any]:
    # Lengths and collations belong to the table.
    return Text() if isinstance(source.type, String) else source.type
