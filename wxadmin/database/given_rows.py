"""Rows that a program has reckoned, as a relation that databases read: for what is written by them all the same."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    ColumnElement,
    Dialect,
    TableClause,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
    type_coerce,
)

from wxadmin.database.types import UTCDateTime

Row = Mapping[str, Any]


def given(table: TableClause, rows: Sequence[Row], dialect: Dialect) -> CTE:
    """The rows under the table's name and with its columns, to be added to a query over it (`add_cte`)."""
    texts = {str(one.name): one.type for one in table.c}
    as_stored = [{name: _stored(row[name], texts[name], dialect) for name in texts} for row in rows]
    text = bindparam(None, json.dumps(as_stored, ensure_ascii=False), type_=Text)
    if dialect.name == "sqlite":
        each = func.json_each(text).table_valued("value", name="given_row")
        values = [type_coerce(_member(each.c.value, one.name), one.type).label(one.name) for one in table.c]
        return select(*values).cte(table.name)
    plain = [column(one.name, one.type) for one in table.c]
    named = func.json_to_recordset(cast(text, JSON)).table_valued(*plain, name="given_row")
    return select(named.render_derived(with_types=True)).cte(table.name)


def _member(value: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    return func.json_extract(value, f"$.{name}")


def _stored(value: Any, kind: Any, dialect: Dialect) -> Any:
    if value is None or not isinstance(kind, UTCDateTime):
        return value
    return UTCDateTime.as_text(value) if dialect.name == "sqlite" else value.isoformat()
