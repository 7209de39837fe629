"""Set-based statements: many rows in one go, the same for the caller on both databases.

On SQLite a set is an executemany over a prepared statement, which makes no round trip. On PostgreSQL it is one
statement over `unnest` of one array a column: psycopg's executemany would cost a bind and an execute a row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Table,
    Text,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.dml import Insert as InsertStatement
from sqlalchemy.sql.dml import Update as UpdateStatement
from sqlalchemy.types import String, TypeEngine

Row = Mapping[str, Any]
Columns = ReadOnlyColumnCollection[str, Column[Any]]
Changes = Callable[[Columns, Columns], dict[str, Any]]
"""Given the columns of the stored row and of the proposed one, what to store."""


class SetInsert:
    """Inserts rows that name exactly `columns`. On a conflict over `key`: an error, or with `ignore` nothing, or
    `changes` to the stored row, whose keys must then not repeat within one set."""

    def __init__(
        self,
        table: Any,
        columns: Iterable[str] | None = None,
        *,
        key: Sequence[str] = (),
        changes: Changes | None = None,
        ignore: bool = False,
    ) -> None:
        self._table: Table = table.__table__
        self._columns = [self._table.c[name] for name in columns] if columns else list(self._table.c)
        self._key = key
        self._changes = changes
        self._ignore = ignore

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            connection.execute(self._sqlite, rows)
        else:
            connection.execute(self._postgresql, _arrays(self._columns, rows))

    @cached_property
    def _sqlite(self) -> InsertStatement:
        statement = sqlite.insert(self._table).values({c.name: bindparam(c.name) for c in self._columns})
        return self._with_conflict(statement)

    @cached_property
    def _postgresql(self) -> InsertStatement:
        source = select(*_unnested(self._columns).c)
        names = [c.name for c in self._columns]
        return self._with_conflict(postgresql.insert(self._table).from_select(names, source, include_defaults=False))

    def _with_conflict(self, statement: Any) -> InsertStatement:
        if self._changes:
            changes = self._changes(self._table.c, statement.excluded)
            statement = statement.on_conflict_do_update(index_elements=list(self._key), set_=changes)
        elif self._ignore:
            statement = statement.on_conflict_do_nothing(index_elements=list(self._key) or None)
        return statement  # type: ignore[no-any-return]


class SetUpdate:
    """Updates the rows that `key` names; each row of the set gives the key and the `columns`."""

    def __init__(self, table: Any, columns: Iterable[str], *, key: Sequence[str]) -> None:
        self._table: Table = table.__table__
        self._key = [self._table.c[name] for name in key]
        self._columns = [self._table.c[name] for name in columns]

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            connection.execute(self._sqlite, [{f"set_{name}": value for name, value in row.items()} for row in rows])
        else:
            connection.execute(self._postgresql, _arrays([*self._key, *self._columns], rows))

    @cached_property
    def _sqlite(self) -> UpdateStatement:
        # The names must differ from the columns': SQLAlchemy keeps those for itself in an UPDATE.
        return self._update(lambda c: bindparam(f"set_{c.name}", type_=c.type))

    @cached_property
    def _postgresql(self) -> UpdateStatement:
        source = _unnested([*self._key, *self._columns])
        return self._update(lambda c: source.c[c.name])

    def _update(self, value_of: Callable[[Column[Any]], ColumnElement[Any]]) -> UpdateStatement:
        statement = update(self._table).where(*(c == value_of(c) for c in self._key))
        return statement.values({c.name: value_of(c) for c in self._columns})


def _unnested(columns: Sequence[Column[Any]]) -> FromClause:
    arrays = [bindparam(f"{c.name}_array", type_=ARRAY(_element_type(c))) for c in columns]
    result = func.unnest(*arrays).table_valued(*(column(c.name, c.type) for c in columns), name="proposed")
    return result.render_derived()


def _element_type(source: Column[Any]) -> TypeEngine[Any]:
    # A cast to an array must not name a length or a collation.
    return Text() if isinstance(source.type, String) else source.type


def _arrays(columns: Sequence[Column[Any]], rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {f"{c.name}_array": [row[c.name] for row in rows] for c in columns}
