"""Many rows into a table at the speed of its database, without a type's work on each value.

Values must be what both databases read as they are: integers (also for booleans), text (also for moments), bytes, None.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

# SQLite keeps what it has not yet written out in its cache: enough for the indices, whose pages are met in any order.
_SQLITE_CACHE_KIB = 256 * 1024

Row = tuple[Any, ...]


def prepare(connection: Connection) -> None:
    """Gives the transaction's connection the memory that bulk work needs."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_SQLITE_CACHE_KIB}")


def insert(connection: Connection, table: Any, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Inserts the rows: prepared once on SQLite, by COPY on PostgreSQL."""
    if not rows:
        return
    name = connection.dialect.identifier_preparer.format_table(table.__table__)
    target = f"{name} ({', '.join(columns)})"
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" for _ in columns)
        connection.exec_driver_sql(f"INSERT INTO {target} VALUES ({places})", list(rows))  # noqa: S608, only names
    else:
        _copy(connection, target, rows)


def _copy(connection: Connection, target: str, rows: Iterable[Row]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
