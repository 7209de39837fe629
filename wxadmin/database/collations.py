"""Texts of two columns compared though the columns sort differently, so that the index of one of them can be used.

PostgreSQL refuses to compare a column of COLLATE "C" with one of the database's own: one side has to be said to be like
the other. SQLite compares all of them byte by byte.
"""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class by_bytes(FunctionElement[str]):  # noqa: N801, it stands for an expression of SQL
    """A text as it is compared with case-sensitive columns: openids, unionids, uploaded values."""

    type = String()
    inherit_cache = True


class by_default(FunctionElement[str]):  # noqa: N801
    """A text as it is compared with all other columns."""

    type = String()
    inherit_cache = True


@compiles(by_bytes)
@compiles(by_default)
def _as_it_is(element: FunctionElement[str], compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(by_bytes, "postgresql")
def _collated_by_bytes(element: by_bytes, compiler: Any, **kw: Any) -> str:
    return f'({compiler.process(element.clauses, **kw)} COLLATE "C")'


@compiles(by_default, "postgresql")
def _collated_by_default(element: by_default, compiler: Any, **kw: Any) -> str:
    return f'({compiler.process(element.clauses, **kw)} COLLATE "default")'
