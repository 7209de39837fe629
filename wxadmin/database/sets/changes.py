"""Inserting and updating the rows of a set."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    FromClause,
    Table,
    bindparam,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from wxadmin.database.sets.selects import SetSelect
from wxadmin.database.sets.values import Bound, Row, as_json, binder, proposed

Columns = ReadOnlyColumnCollection[str, Column[Any]]
Changes = Callable[[Columns, Columns], dict[str, Any]]
"""Given the columns of the stored row and of the proposed one, what to store."""
_Insert = sqlite.Insert | postgresql.Insert


class _SetStatement:
    """A statement over rows that name exactly `columns`, compiled once for each dialect."""

    def __init__(self, columns: Sequence[Column[Any]]) -> None:
        self._columns = columns
        self._compiled: dict[str, _ForSQLite | _ForPostgreSQL] = {}

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        if rows:
            compiled = self._for(connection.dialect)
            connection.exec_driver_sql(compiled.text, compiled.parameters(rows))

    def _for(self, dialect: Dialect) -> "_ForSQLite | _ForPostgreSQL":
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            if dialect.name == "sqlite":
                compiled = _ForSQLite(self._over_parameters(), self._columns, dialect)
            else:
                compiled = _ForPostgreSQL(self._over_relation(proposed(self._columns)), self._columns, dialect)
            self._compiled[dialect.name] = compiled
        return compiled

    def _over_parameters(self) -> Executable:
        """The statement with a parameter `set_<column>` for each column."""
        raise NotImplementedError

    def _over_relation(self, relation: FromClause) -> Executable:
        """The statement over a relation that has the columns."""
        raise NotImplementedError


class SetInsert(_SetStatement):
    """Inserts rows. On a conflict over `key`: an error, or with `ignore` nothing, or `changes` to the stored row,
    whose keys must then not repeat within one set."""

    def __init__(
        self,
        table: Any,
        columns: Iterable[str] | None = None,
        *,
        key: Sequence[str] = (),
        changes: Changes | None = None,
        ignore: bool = False,
        returning: Sequence[str] = (),
    ) -> None:
        self._model = table
        self._table: Table = table.__table__
        super().__init__([self._table.c[name] for name in columns] if columns else list(self._table.c))
        self._key = key
        self._changes = changes
        self._ignore = ignore
        self._returning = [self._table.c[name] for name in returning]

    def execute_returning(self, connection: Connection, rows: Sequence[Row]) -> list[Any]:
        """The columns of `returning` of the stored rows, in no order. With `ignore`, SQLite's answer also holds the
        rows that were there before."""
        if not rows:
            return []
        compiled = self._for(connection.dialect)
        result = connection.exec_driver_sql(compiled.text, compiled.parameters(rows))
        if isinstance(compiled, _ForSQLite):
            # An executemany returns nothing there; but where every row was new, they are what is stored.
            if self._ignore and result.rowcount == len(rows):
                return [tuple(row[c.name] for c in self._returning) for row in rows]
            return self._stored.execute(connection, [tuple(row[name] for name in self._key) for row in rows])
        return list(result)

    @cached_property
    def _stored(self) -> SetSelect:
        return SetSelect(self._model, [c.name for c in self._returning], key=self._key)

    def _over_parameters(self) -> Executable:
        return self._with_conflict(sqlite.insert(self._table).values({c.name: _parameter(c) for c in self._columns}))

    def _over_relation(self, relation: FromClause) -> Executable:
        names = [c.name for c in self._columns]
        statement = postgresql.insert(self._table).from_select(names, select(*relation.c), include_defaults=False)
        with_conflict = self._with_conflict(statement)
        return with_conflict.returning(*self._returning) if self._returning else with_conflict

    def _with_conflict(self, statement: _Insert) -> _Insert:
        if self._changes:
            changes = self._changes(self._table.c, statement.excluded)  # type: ignore[arg-type]
            statement = statement.on_conflict_do_update(index_elements=list(self._key), set_=changes)
        elif self._ignore:
            statement = statement.on_conflict_do_nothing(index_elements=list(self._key) or None)
        return statement


class SetUpdate(_SetStatement):
    """Updates the rows that `key` names; each row of the set gives the key and the `columns`."""

    def __init__(self, table: Any, columns: Iterable[str], *, key: Sequence[str]) -> None:
        self._table: Table = table.__table__
        self._key = [self._table.c[name] for name in key]
        self._changed = [self._table.c[name] for name in columns]
        super().__init__([*self._key, *self._changed])

    def _over_parameters(self) -> Executable:
        return self._update(_parameter)

    def _over_relation(self, relation: FromClause) -> Executable:
        return self._update(lambda c: relation.c[c.name])

    def _update(self, value_of: Callable[[Column[Any]], ColumnElement[Any]]) -> Executable:
        statement = update(self._table).where(*(c == value_of(c) for c in self._key))
        return statement.values({c.name: value_of(c) for c in self._changed})


class _ForSQLite:
    """The statement's text, and rows as tuples in the order of its parameters."""

    def __init__(self, statement: Executable, columns: Sequence[Column[Any]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.text: str = compiled.string
        types = {c.name: c.type for c in columns}
        # Parameters go by place, and an UPDATE names its key last.
        names = [parameter.removeprefix("set_") for parameter in compiled.positiontup]
        self._bound = Bound([(name, binder(types[name], dialect)) for name in names])

    def parameters(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        return self._bound(rows)


class _ForPostgreSQL:
    """The statement's text, and rows as one JSON text."""

    def __init__(self, statement: Executable, columns: Sequence[Column[Any]], dialect: Dialect) -> None:
        self.text: str = statement.compile(dialect=dialect).string  # type: ignore[attr-defined]
        self._names = [c.name for c in columns]

    def parameters(self, rows: Sequence[Row]) -> dict[str, str]:
        return as_json(rows, self._names)


def _parameter(c: Column[Any]) -> ColumnElement[Any]:
    # The name must differ from the column's: SQLAlchemy keeps that for itself in an UPDATE.
    return bindparam(f"set_{c.name}", type_=c.type)
