"""Reading the rows that a set of keys names, within the transaction that goes on to change them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Select, and_, bindparam, or_, select

from wxadmin.database.sets.values import Convert, as_json, binder, proposed


class SetSelect:
    """Selects `columns`, by name, of the rows whose `key` is among those given. Each key is a tuple.

    With `lock` the rows stay locked in the order of these columns until the transaction ends, so that of two that want
    the same rows one waits for the other; SQLite has one writer at a time anyway.
    """

    def __init__(self, table: Any, columns: Sequence[str], *, key: Sequence[str], lock: Sequence[str] = ()) -> None:
        self._table = table.__table__
        self._columns: list[Column[Any]] = [self._table.c[name] for name in columns]
        self._key: list[Column[Any]] = [self._table.c[name] for name in key]
        self._lock = [self._table.c[name] for name in lock]
        self._forms: dict[str, _OverParameters | _OverRelation] = {}

    def execute(self, connection: Connection, keys: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows found. Keys may repeat; each row comes once."""
        wanted = list(set(keys))
        if not wanted:
            return []
        form = self._form(connection.dialect)
        found = connection.exec_driver_sql(*form.statement(wanted)).all()
        return form.converted(found)

    def _form(self, dialect: Dialect) -> "_OverParameters | _OverRelation":
        form = self._forms.get(dialect.name)
        if form is None:
            if dialect.name == "sqlite":
                form = _OverParameters(select(*self._columns), self._columns, self._key, dialect)
            else:
                form = _OverRelation(self._locking(), self._columns, self._key, dialect)
            self._forms[dialect.name] = form
        return form

    def _locking(self) -> Select[Any]:
        statement = select(*self._columns)
        return statement.order_by(*self._lock).with_for_update(of=self._table) if self._lock else statement


class _Form:
    """What both databases share: rows come back as the columns' types have them."""

    def __init__(self, columns: Sequence[Column[Any]], dialect: Dialect) -> None:
        converters = (c.type.dialect_impl(dialect).result_processor(dialect, None) for c in columns)
        self._converters: list[tuple[int, Convert]] = [(i, c) for i, c in enumerate(converters) if c is not None]

    def converted(self, rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
        return [self._row(row) for row in rows]

    def _row(self, row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert in self._converters:
            values[place] = convert(values[place])
        return tuple(values)


class _OverParameters(_Form):
    """SQLite: a parameter for each value. The number of keys is made a power of two by repeating the last, so that the
    few texts which there are stay prepared."""

    def __init__(
        self, statement: Select[Any], columns: Sequence[Column[Any]], key: Sequence[Column[Any]], dialect: Dialect
    ) -> None:
        super().__init__(columns, dialect)
        self._statement = statement
        self._key = key
        self._dialect = dialect
        self._binders = [(str(place), binder(c.type, dialect)) for place, c in enumerate(key)]
        self._texts: dict[int, str] = {}

    def statement(self, keys: list[tuple[Any, ...]]) -> tuple[str, tuple[Any, ...]]:
        size = 1 << (len(keys) - 1).bit_length()
        padded = keys + [keys[-1]] * (size - len(keys))
        if size not in self._texts:
            self._texts[size] = self._text(size)
        values = (
            value if convert is None else convert(value)
            for key in padded
            for value, (_, convert) in zip(key, self._binders, strict=True)
        )
        return self._texts[size], tuple(values)

    def _text(self, size: int) -> str:
        # SQLite reads the whole table for `(a, b) IN (VALUES …)`, and its index for each of these.
        each = (and_(*(c == bindparam(None, type_=c.type) for c in self._key)) for _ in range(size))
        return str(self._statement.where(or_(*each)).compile(dialect=self._dialect))


class _OverRelation(_Form):
    """PostgreSQL: one text for any number of keys, joined to the relation that holds them."""

    def __init__(
        self, statement: Select[Any], columns: Sequence[Column[Any]], key: Sequence[Column[Any]], dialect: Dialect
    ) -> None:
        super().__init__(columns, dialect)
        wanted = proposed(key)
        self._names = [c.name for c in key]
        matches = (c == wanted.c[c.name] for c in key)
        self._text = str(statement.where(*matches).compile(dialect=dialect))

    def statement(self, keys: list[tuple[Any, ...]]) -> tuple[str, dict[str, str]]:
        return self._text, as_json([dict(zip(self._names, key, strict=True)) for key in keys], self._names)
